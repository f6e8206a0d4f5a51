"""What is read from residue functions: peak, Tmax and area."""

from __future__ import annotations

import numpy as np

from .estimate import FLAG_TYPE, Flag, Reading, mark
from .modes import Modes


def find_peaks(residues: np.ndarray, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Highest point of every residue function, refined by a parabola through it and its neighbours.

    Parameters
    ----------
    residues : ndarray of shape (n, p)
        Residue functions k in 1/s, with their sign.
    lags : ndarray of shape (p,)
        Regular lags in s, p ≥ 3.

    Returns
    -------
    height : ndarray of shape (n,)
        In 1/s.
    lag : ndarray of shape (n,)
        In s.
    """
    highest = residues.argmax(axis=1)
    middle = highest.clip(1, lags.size - 2)
    rows = np.arange(len(residues))
    before, top, after = (residues[rows, middle + shift] for shift in (-1, 0, 1))
    slope, bend = after - before, 2 * top - before - after
    is_inside = (middle == highest) & (bend > 0)
    shift = np.divide(slope, 2 * bend, out=np.zeros_like(slope), where=is_inside)
    height = np.where(is_inside, top + slope * shift / 4, residues[rows, highest])
    return height, lags[highest] + shift * (lags[1] - lags[0])


def read_peaks(residues: np.ndarray, lags: np.ndarray, areas: np.ndarray) -> Reading:
    """Peak height, Tmax and area of residue functions.

    A peak before lag 0 is tissue that fills before the artery: its height counts, its Tmax is 0.

    Parameters
    ----------
    residues : ndarray of shape (n, p)
        Residue functions k in 1/s, with their sign.
    lags : ndarray of shape (p,)
        Regular lags in s, p ≥ 3.
    areas : ndarray of shape (n,)
        Their integrals.

    Returns
    -------
    Reading
    """
    height, lag = find_peaks(residues, lags)
    flags = np.zeros(len(residues), FLAG_TYPE)
    mark(flags, lag < 0, Flag.EARLY_PEAK)
    mark(flags, lag >= lags[-1], Flag.LATE_PEAK)
    return Reading(peak=height, tmax=lag.clip(0), area=areas, flags=flags)


class LinearEstimator:
    """An estimator that weighs the modes of the convolution alike for every voxel.

    Parameters
    ----------
    modes : Modes
        Modes of the convolution.
    factors : ndarray of shape (m,)
        What each mode's coefficient is multiplied by to give its part in k; 1 / singular value where it is trusted.
    """

    def __init__(self, modes: Modes, factors: np.ndarray):
        self.lags = modes.lags
        self._search_lags = modes.search_lags
        is_used = factors != 0
        read = factors[is_used, None] * modes.read[is_used]
        self._to_search = modes.search[:, is_used] @ read
        self._to_residue = modes.residue[: modes.lags.size, is_used] @ read
        self._to_area = modes.area[is_used] @ read
        self._to_fit = (modes.write * modes.singular_values)[:, is_used] @ read

    def estimate(self, curves: np.ndarray) -> Reading:
        """Peak, Tmax and area of the residue functions of curves (n, t)."""
        kind = curves.dtype
        residues = curves @ self._to_search.T.astype(kind)
        return read_peaks(residues, self._search_lags, curves @ self._to_area.astype(kind))

    def residue(self, curves: np.ndarray) -> np.ndarray:
        """Residue functions k in 1/s at `lags`, (n, g), of curves (n, t)."""
        return curves @ self._to_residue.T.astype(curves.dtype)

    def fitted(self, curves: np.ndarray) -> np.ndarray:
        """Convolution of those residue functions with the arterial input at the frame times, (n, t)."""
        return curves @ self._to_fit.T.astype(curves.dtype)
