"""What the noise of many curves has in common: how correlated it is in time, and whether it shares a baseline."""

from __future__ import annotations

import numpy as np

from ...noise import curve_noises

FEWEST_BASELINE_FRAMES = 3
QUIET = 0.01
"""A baseline was subtracted where the variance of the mean over some frames is less than this part of what independent
noise would have."""

SMALL_MISFIT = 0.01
"""What is left of a curve is not held against its frames' independence below this part of the curve."""

MOST_CORRELATION = 0.8


def shares_baseline(curves: np.ndarray, arterial_input: np.ndarray) -> bool:
    """Whether a baseline was subtracted from the curves, whose noise all their frames share.

    It shows in curves whose mean over some frames before the arterial peak is far nearer to 0 than noise would let it
    be.

    Parameters
    ----------
    curves : ndarray of shape (m, t)
        Examples.
    arterial_input : ndarray of shape (t,)

    Returns
    -------
    bool
    """
    if not len(curves):
        return False
    before_peak = curves[:, : np.argmax(arterial_input)].astype(float)
    sums = np.pad(np.cumsum(before_peak, axis=1), ((0, 0), (1, 0)))
    products = sums.T @ sums / len(curves)
    squares = products.diagonal()[:, None] + products.diagonal() - 2 * products
    count = np.subtract.outer(np.arange(len(squares)), np.arange(len(squares)))
    variance = np.mean(curve_noises(curves) ** 2)
    return bool((squares < QUIET * variance * count)[count >= FEWEST_BASELINE_FRAMES].any())


def independent_samples(left: np.ndarray) -> float:
    """To how many independent samples the frames of a curve amount.

    Parameters
    ----------
    left : ndarray of shape (m, t)
        What the model leaves of curves of unit size.

    Returns
    -------
    float
        t·(1 − r)/(1 + r) with the correlation r of neighbouring frames, pooled over the curves.
    """
    if not len(left):
        return float(left.shape[1])
    together = (left[:, 1:] * left[:, :-1]).sum()
    correlation = together / ((left**2).sum() + len(left) * SMALL_MISFIT**2)
    correlation = np.clip(correlation, 0, MOST_CORRELATION)
    return float(left.shape[1] * (1 - correlation) / (1 + correlation))
