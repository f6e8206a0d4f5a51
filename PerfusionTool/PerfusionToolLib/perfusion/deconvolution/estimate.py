"""What deconvolution gives back: haemodynamic values in clinical units, and the residue functions behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from typing import Protocol

import numpy as np

from ..errors import PerfusionError


class Flag(IntFlag):
    """What there is to say about a voxel; several can hold."""

    NO_CURVE = 1
    """The tissue curve is constant or not finite: no result."""

    NO_PEAK = 2
    """The residue function is nowhere positive: no result."""

    NO_VOLUME = 4
    """CBV is not positive: no MTT."""

    EARLY_PEAK = 8
    """The tissue fills before the artery: Tmax is set to 0."""

    LATE_PEAK = 16
    """The residue function is highest at the last lag that was searched: Tmax may be later."""

    OSCILLATING = 32
    """No threshold meets the oscillation index: the highest was used."""

    AT_EDGE = 64
    """A value lies at the edge of the range that the model searches: it may lie outside."""

    POOR_FIT = 128
    """The model explains the curve badly."""


FLAG_TYPE = np.uint16


def mark(flags: np.ndarray, where: np.ndarray, flag: Flag):
    """Set a flag in place.

    Parameters
    ----------
    flags : ndarray of shape (n,)
        Of `FLAG_TYPE`.
    where : ndarray of shape (n,)
        Which voxels it holds for, bool or indices.
    flag : Flag
        What holds for them.
    """
    flags[where] |= FLAG_TYPE(flag)


@dataclass
class Reading:
    """What an estimator reads from n curves; NaN where it has no result.

    Parameters
    ----------
    peak : ndarray of shape (n,)
        Maximum of k in 1/s.
    tmax : ndarray of shape (n,)
        Its lag in s.
    area : ndarray of shape (n,)
        ∫k.
    flags : ndarray of shape (n,)
        Of `Flag`, `FLAG_TYPE`.
    delay : ndarray of shape (n,), optional
        Lag in s at which k begins, where the method separates it.
    mtt : ndarray of shape (n,), optional
        Mean transit time in s, where the method has a model of its own of the whole curve: then area and mtt are its
        own, and are not read from the areas under the curves.
    sd : dict of str to ndarray of shape (n,)
        Standard deviations of "peak", "area", "mtt", "tmax" and "delay", in their units, where the method has them.
    """

    peak: np.ndarray
    tmax: np.ndarray
    area: np.ndarray
    flags: np.ndarray
    delay: np.ndarray | None = None
    mtt: np.ndarray | None = None
    sd: dict[str, np.ndarray] = field(default_factory=dict)


class Estimator(Protocol):
    """What the file of a method prepares for one arterial input: everything that does not depend on the voxel.

    A method that estimates how the arterial input reaches the voxel also has ``local_input(curves)``: the arterial
    input, delayed and dispersed as it arrives there, (n, t), of curves (n, t).
    """

    lags: np.ndarray

    def estimate(self, curves: np.ndarray) -> Reading:
        """Values of curves (n, t)."""

    def residue(self, curves: np.ndarray) -> np.ndarray:
        """Residue functions k in 1/s at `lags`, (n, g), of curves (n, t)."""

    def fitted(self, curves: np.ndarray) -> np.ndarray:
        """What the model says the curves (n, t) are."""


@dataclass(eq=False)
class Estimate:
    """Haemodynamic values of n voxels; NaN where there is no result, and `flags` says why.

    Parameters
    ----------
    cbf : ndarray of shape (n,)
        Blood flow in ml/100 g/min.
    cbv : ndarray of shape (n,)
        Blood volume in ml/100 g; may be negative under noise.
    mtt : ndarray of shape (n,)
        Mean transit time in s.
    tmax : ndarray of shape (n,)
        Time to the peak of the residue function in s.
    delay : ndarray of shape (n,)
        Delay of the tissue in s; NaN for methods that do not separate it from Tmax.
    flags : ndarray of shape (n,)
        Of `Flag`, `FLAG_TYPE`.
    notes : tuple of str
        What a person should know about all of them, such as that curves were resampled.
    sd : dict of str to ndarray of shape (n,)
        Standard deviations of "cbf", "cbv", "mtt", "tmax" and "delay" in the same units, where the method has them.
    """

    cbf: np.ndarray
    cbv: np.ndarray
    mtt: np.ndarray
    tmax: np.ndarray
    delay: np.ndarray
    flags: np.ndarray
    notes: tuple[str, ...]
    estimator: Estimator = field(repr=False)
    tissue: np.ndarray = field(repr=False)
    sd: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def lags(self) -> np.ndarray:
        """Lags in s of the residue functions, ndarray of shape (g,); those of the frames if they are regular."""
        return self.estimator.lags

    def residue(self, rows=slice(None)) -> np.ndarray:
        """Residue functions k = CBF·R, computed when asked for.

        Parameters
        ----------
        rows : index array, slice or int
            Voxels; all if left out.

        Returns
        -------
        ndarray of shape (rows, g)
            In 1/s at `lags`; NaN where there is no curve.
        """
        return self._compute(self.estimator.residue, rows)

    def fitted(self, rows=slice(None)) -> np.ndarray:
        """The tissue curves as the residue functions explain them.

        Parameters
        ----------
        rows : index array, slice or int
            Voxels; all if left out.

        Returns
        -------
        ndarray of shape (rows, t)
            At the frame times; NaN where there is no curve.
        """
        return self._compute(self.estimator.fitted, rows)

    def local_aif(self, rows=slice(None)) -> np.ndarray:
        """The arterial input as it arrives in the tissue, delayed and dispersed.

        Parameters
        ----------
        rows : index array, slice or int
            Voxels; all if left out.

        Returns
        -------
        ndarray of shape (rows, t)
            At the frame times, in the unit of the arterial input; NaN where there is no curve.

        Raises
        ------
        PerfusionError
            If the method does not estimate it.
        """
        if not hasattr(self.estimator, "local_input"):
            raise PerfusionError("This method does not estimate a local arterial input; use Bayesian, boxNLR or dSVD.")
        return self._compute(self.estimator.local_input, rows)

    def _compute(self, function, rows):
        rows = np.arange(len(self.tissue))[rows] if isinstance(rows, slice) else np.atleast_1d(rows)
        has_curve = self.flags[rows] & FLAG_TYPE(Flag.NO_CURVE) == 0
        computed = function(np.where(has_curve[:, None], self.tissue[rows], 0))
        computed[~has_curve] = np.nan
        return computed
