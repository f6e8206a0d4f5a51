"""The convolution of arterial input and residue function as sums over frames.

C(t) = ∫ C_a(t − τ) k(τ) dτ becomes C_i = Σ_j h_(i−j) k_j with k_j = k(jΔt). With samples a_m of C_a, a = 0 outside
the scan, the rules are:

rectangle
    h_m = Δt·a_m.
trapezoid
    As rectangle, with half the weight at both ends of the integral: the first column (k_0) and the diagonal (a_0).
simpson
    h_m = Δt·(a_(m−1) + 4·a_m + a_(m+1)) / 6.
linear
    C_a and k are straight between samples and integrated exactly. Away from the ends of the integral this is the
    same as simpson; the first column is Δt·(a_(i−1) + 2·a_i) / 6 and the diagonal Δt·(2·a_0 + a_1) / 6.

Wrapped on a circle the integral has no ends: there trapezoid is the same as rectangle, and linear the same as simpson.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import toeplitz

_WEIGHTS = {
    "rectangle": (0, 1, 0),
    "trapezoid": (0, 1, 0),
    "simpson": (1 / 6, 4 / 6, 1 / 6),
    "linear": (1 / 6, 4 / 6, 1 / 6),
}


def circular_kernel(samples: np.ndarray, step: float, quadrature: str, length: int) -> np.ndarray:
    """First column of the block-circulant convolution matrix.

    Parameters
    ----------
    samples : ndarray of shape (g,)
        Arterial input on a regular grid.
    step : float
        Interval of the grid in s.
    quadrature : {"simpson", "rectangle", "trapezoid", "linear"}
        Rule of the integral.
    length : int
        Length of the circle, at least 2g: then no measured part wraps onto another.

    Returns
    -------
    ndarray of shape (length,)
    """
    padded = np.zeros(length)
    padded[: samples.size] = samples
    before, at, after = _WEIGHTS[quadrature]
    return step * (before * np.roll(padded, 1) + at * padded + after * np.roll(padded, -1))


def causal_matrix(samples: np.ndarray, step: float, quadrature: str) -> np.ndarray:
    """Lower-triangular convolution matrix: tissue answers to the past of the artery only.

    Parameters
    ----------
    samples : ndarray of shape (g,)
        Arterial input on a regular grid.
    step : float
        Interval of the grid in s.
    quadrature : {"simpson", "rectangle", "trapezoid", "linear"}
        Rule of the integral.

    Returns
    -------
    ndarray of shape (g, g)
        From the residue function k (1/s) to the tissue curve.
    """
    count = samples.size
    matrix = np.tril(toeplitz(circular_kernel(samples, step, quadrature, 2 * count)[:count]))
    diagonal = np.diag_indices(count)
    if quadrature == "trapezoid":
        matrix[:, 0] /= 2
        matrix[diagonal] /= 2
    if quadrature == "linear":
        matrix[1:, 0] = step * (samples[:-1] + 2 * samples[1:]) / 6
        matrix[diagonal] = step * (2 * samples[0] + samples[1]) / 6
    if quadrature in ("trapezoid", "linear"):
        matrix[0, 0] = 0
    return matrix


def lag_weights(count: int, step: float, quadrature: str) -> np.ndarray:
    """Weights that integrate a causal residue function by the same rule.

    Parameters
    ----------
    count : int
        Number of lags, from 0.
    step : float
        Interval of the lags in s.
    quadrature : {"simpson", "rectangle", "trapezoid", "linear"}
        Rule of the integral.

    Returns
    -------
    ndarray of shape (count,)
        In s.
    """
    weights = np.full(count, step)
    if quadrature in ("trapezoid", "linear"):
        weights[0] = step / 2
    return weights


def time_weights(times: np.ndarray) -> np.ndarray:
    """Trapezoid weights that integrate a curve over its true times.

    Parameters
    ----------
    times : ndarray of shape (t,)
        Frame times in s; regular or not.

    Returns
    -------
    ndarray of shape (t,)
        In s.
    """
    steps = np.diff(times)
    return (np.append(steps, 0) + np.append(0, steps)) / 2
