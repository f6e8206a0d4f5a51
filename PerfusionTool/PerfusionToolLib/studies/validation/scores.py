"""Measures of how well estimates agree with the truth."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline


def correlation(found: np.ndarray, true: np.ndarray) -> float:
    """Pearson's r of two arrays of one shape."""
    return float(np.corrcoef(np.ravel(found), np.ravel(true))[0, 1])


def rmse(found: np.ndarray, true: np.ndarray) -> float:
    """Root of the mean squared difference."""
    return float(np.sqrt(np.mean(np.square(found - true))))


def agreement(found: np.ndarray, true: np.ndarray) -> float:
    """Intraclass correlation of two readings of the same things: ICC(A,1), two-way, absolute agreement, one reading.

    Parameters
    ----------
    found, true : ndarray of the same shape

    Returns
    -------
    float

    References
    ----------
    McGraw and Wong. Forming inferences about some intraclass correlation coefficients. Psychol Methods 1 (1996) 30-46.
    doi:10.1037/1082-989X.1.1.30
    """
    readings = np.stack([np.ravel(found), np.ravel(true)], axis=1)
    count = len(readings)
    things, readers = readings.mean(axis=1, keepdims=True), readings.mean(axis=0)
    between_things = 2 * np.sum((things - readings.mean()) ** 2) / (count - 1)
    between_readers = count * np.sum((readers - readings.mean()) ** 2)
    rest = np.sum((readings - things - readers + readings.mean()) ** 2) / (count - 1)
    return float((between_things - rest) / (between_things + rest + 2 * (between_readers - rest) / count))


def rows_correlation(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Pearson's r of every row, (n,), of two arrays (n, t)."""
    found, true = (rows - rows.mean(axis=1, keepdims=True) for rows in (found, true))
    return (found * true).sum(axis=1) / np.sqrt((found**2).sum(axis=1) * (true**2).sum(axis=1))


def bolus_shapes(times: np.ndarray, curves: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Height, time and full width at half maximum of the highest peak, between frames by a cubic spline.

    Parameters
    ----------
    times : ndarray of shape (t,)
        In s.
    curves : ndarray of shape (n, t)

    Returns
    -------
    height, time, width : ndarray of shape (n,)
        In the unit of the curves, s, s.
    """
    fine = np.linspace(times[0], times[-1], 10 * (times.size - 1) + 1)
    curves = CubicSpline(times, curves, axis=1)(fine)
    top = curves.argmax(axis=1)
    height = curves.max(axis=1)
    below = curves < height[:, None] / 2
    position = np.arange(fine.size)
    before = np.where(below & (position < top[:, None]), position, 0).max(axis=1)
    after = np.where(below & (position > top[:, None]), position, fine.size - 1).min(axis=1)
    return height, fine[top], fine[after] - fine[before]
