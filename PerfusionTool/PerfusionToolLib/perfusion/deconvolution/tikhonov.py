"""Tikhonov: the block-circulant convolution matrix, its small singular values damped instead of dropped."""

from __future__ import annotations

from .modes import circular_modes
from .problem import Problem, positive_number
from .residue import LinearEstimator


def prepare(problem: Problem, *, regularization: float = 0.1) -> LinearEstimator:
    """Tikhonov regularisation in standard form: insensitive to delay, of either sign.

    Parameters
    ----------
    problem : Problem
        Arterial input and times.
    regularization : float
        λ as a part of the largest singular value; modes are multiplied by σ / (σ² + λ²).

    Returns
    -------
    LinearEstimator

    References
    ----------
    Calamante F et al., Magn Reson Med 2003;50:1237-1247. doi:10.1002/mrm.10643
    """
    positive_number(regularization, "regularization of Tikhonov")
    modes = circular_modes(problem)
    gains = modes.singular_values
    return LinearEstimator(modes, gains / (gains**2 + (regularization * gains[0]) ** 2))
