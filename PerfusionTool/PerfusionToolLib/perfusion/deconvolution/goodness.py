"""Whether a model explains a curve."""

from __future__ import annotations

import numpy as np

from ..noise import curve_noises

NOISE_FACTOR = 2.0
SIGNAL_PART = 0.2
"""What a model may leave of a curve: this many times its noise, and this part of its root mean square."""


def is_poor_fit(squares_left: np.ndarray, curves: np.ndarray, unknowns: int) -> np.ndarray:
    """Where a model leaves more of a curve than noise and small misfits.

    Parameters
    ----------
    squares_left : ndarray of shape (n,)
        Sums of the squares of curve minus model.
    curves : ndarray of shape (n, t)
        The curves.
    unknowns : int
        How many values the model fitted to every curve.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    signal = np.mean(curves**2, axis=1)
    left = squares_left / (curves.shape[1] - unknowns)
    return left > (NOISE_FACTOR * curve_noises(curves)) ** 2 + SIGNAL_PART**2 * signal
