"""oSVD: bcSVD with a threshold of its own for every voxel, raised until the residue function is calm."""

from __future__ import annotations

import numpy as np

from .estimate import Flag, Reading, mark
from .modes import Modes, circular_modes
from .problem import Problem, part_of_one
from .residue import read_peaks

THRESHOLDS = np.arange(5, 96, 5) / 100
"""Parts of the largest singular value that are tried in turn."""


def prepare(problem: Problem, *, oscillation_index: float = 0.035) -> OscillationLimited:
    """Block-circulant SVD with the smallest threshold, in steps of 5 %, that meets an oscillation index.

    Parameters
    ----------
    problem : Problem
        Arterial input and times.
    oscillation_index : float
        Largest OI = Σ|k_j − 2k_(j−1) + k_(j−2)| / (L·max k), over all L lags of the circle, k with its sign.

    Returns
    -------
    OscillationLimited

    References
    ----------
    Wu O et al., Magn Reson Med 2003;50:164-174. doi:10.1002/mrm.10522
    """
    part_of_one(oscillation_index, "oscillation index of oSVD")
    return OscillationLimited(circular_modes(problem), oscillation_index)


class OscillationLimited:
    """An estimator that keeps, for every voxel, as many modes as its oscillation index allows.

    Parameters
    ----------
    modes : Modes
        Modes of the convolution, strongest first, so that a threshold keeps the first ones.
    limit : float
        Largest oscillation index.
    """

    def __init__(self, modes: Modes, limit: float):
        gains = modes.singular_values
        self._kept = np.unique([np.count_nonzero(gains >= part * gains[0]) for part in THRESHOLDS])[::-1]
        used = slice(0, self._kept[0])
        self.lags = modes.lags
        self._limit = limit
        self._search_lags = modes.search_lags
        self._read = modes.read[used] / gains[used, None]
        self._residue = modes.residue[:, used]
        self._bends = np.diff(self._residue, n=2, axis=0) / len(self._residue)
        self._search = modes.search[:, used]
        self._area = modes.area[used]
        self._write = (modes.write * gains)[:, used]

    def estimate(self, curves: np.ndarray) -> Reading:
        """Peak, Tmax and area of the residue functions of curves (n, t)."""
        parts, is_calm = self._calm_parts(curves)
        reading = read_peaks(parts @ self._search.T.astype(parts.dtype), self._search_lags, parts @ self._area)
        mark(reading.flags, ~is_calm, Flag.OSCILLATING)
        return reading

    def residue(self, curves: np.ndarray) -> np.ndarray:
        """Residue functions k in 1/s at `lags`, (n, g), of curves (n, t)."""
        return self._calm_parts(curves)[0] @ self._residue[: self.lags.size].T.astype(curves.dtype)

    def fitted(self, curves: np.ndarray) -> np.ndarray:
        """Convolution of those residue functions with the arterial input at the frame times, (n, t)."""
        return self._calm_parts(curves)[0] @ self._write.T.astype(curves.dtype)

    def _calm_parts(self, curves):
        parts = curves @ self._read.T.astype(curves.dtype)
        residue, bends = self._residue.T.astype(parts.dtype), self._bends.T.astype(parts.dtype)
        unresolved = np.arange(len(curves))
        for kept in self._kept:
            parts[unresolved, kept:] = 0
            tried = parts[unresolved, :kept]
            oscillation = np.abs(tried @ bends[:kept]).sum(axis=1)
            unresolved = unresolved[~(oscillation < self._limit * (tried @ residue[:kept]).max(axis=1))]
        is_calm = np.ones(len(curves), bool)
        is_calm[unresolved] = False
        return parts, is_calm
