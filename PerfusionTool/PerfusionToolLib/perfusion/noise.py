"""Noise of curves that contain a bolus."""

from __future__ import annotations

import numpy as np

# Sum of the squares of 1, −3, 3, −1: the variance of a third difference of white noise of variance 1.
_THIRD_DIFFERENCE_VARIANCE = 20
_MOST_CURVES = 20_000


def curve_noise(curve: np.ndarray) -> float:
    """Standard deviation of the noise of one curve with a bolus in it.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        At least four frames, in any unit.

    Returns
    -------
    float
        In the unit of the curve.

    Notes
    -----
    A third difference is blind to whatever is a parabola over four frames, so that a smooth bolus leaves little in it
    and the noise need not be looked for in a baseline, which may be short. For white noise of variance σ² its variance
    is (1² + 3² + 3² + 1²)·σ² = 20·σ². The median of the absolute differences, times 1.4826 for a normal distribution,
    passes over the few frames in which a steep bolus does leave something.
    """
    return float(curve_noises(curve[None])[0])


def curve_noises(curves: np.ndarray) -> np.ndarray:
    """Standard deviation of the noise of every curve with a bolus in it; see `curve_noise`.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        At least four frames, in any unit.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the curves.
    """
    differences = np.diff(curves, 3, axis=1)
    return 1.4826 * np.median(np.abs(differences), axis=1) / np.sqrt(_THIRD_DIFFERENCE_VARIANCE)


def voxel_noise(curves: np.ndarray) -> float:
    """Standard deviation of the noise of single curves, the median over them.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        At least four frames, in any unit; values that are NaN are passed over.

    Returns
    -------
    float
        In the unit of the curves.

    Notes
    -----
    From the third differences, as `curve_noise`, but from the mean square over each curve, which has less scatter than
    a median; the median over the voxels passes over those in which the bolus is steep. Of many curves every so many
    are taken.
    """
    differences = np.diff(curves[:: max(1, len(curves) // _MOST_CURVES)], 3, axis=1)
    return float(np.sqrt(np.nanmedian(np.nanmean(differences**2, 1)) / _THIRD_DIFFERENCE_VARIANCE))
