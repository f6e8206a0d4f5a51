"""Agreement of two lists of values."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

LIMIT_SPREADS = 1.96


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation, which is also the normalised cross-correlation.

    Parameters
    ----------
    first, second : ndarray of shape (n,)

    Returns
    -------
    float
        NaN where one of them is constant.
    """
    first, second = _centred(first), _centred(second)
    scale = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / scale) if scale > 0 else float("nan")


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation; equal values share their mean rank.

    Parameters
    ----------
    first, second : ndarray of shape (n,)

    Returns
    -------
    float
    """
    return pearson(rankdata(first), rankdata(second))


def concordance(first: np.ndarray, second: np.ndarray) -> float:
    """Lin's concordance: how near the pairs lie to the line of identity.

    Parameters
    ----------
    first, second : ndarray of shape (n,)

    Returns
    -------
    float
        NaN where both are the same constant.

    References
    ----------
    Lin, Biometrics 45:255 (1989), doi:10.2307/2532051.
    """
    apart = float(np.mean(first, dtype=float) - np.mean(second, dtype=float))
    first, second = _centred(first), _centred(second)
    spread = (first @ first + second @ second) / first.size + apart**2
    return float(2 * (first @ second) / first.size / spread) if spread > 0 else float("nan")


def bland_altman(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Mean difference, and the limits between which 95 % of normally distributed differences lie.

    Parameters
    ----------
    first, second : ndarray of shape (n,)

    Returns
    -------
    bias, lower, upper : float
        Of first − second; the limits are NaN with fewer than two pairs.
    """
    difference = np.asarray(first, float) - second
    bias = float(difference.mean())
    spread = LIMIT_SPREADS * float(difference.std(ddof=1)) if difference.size > 1 else float("nan")
    return bias, bias - spread, bias + spread


def errors(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Mean absolute error, mean squared error and its root.

    Parameters
    ----------
    first, second : ndarray of shape (n,)

    Returns
    -------
    mae, mse, rmse : float
    """
    difference = np.asarray(first, float) - second
    squared = float(np.mean(difference**2))
    return float(np.abs(difference).mean()), squared, float(np.sqrt(squared))


def _centred(values):
    values = np.asarray(values, float)
    return values - values.mean()
