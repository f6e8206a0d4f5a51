"""sSVD: the lower-triangular convolution matrix, inverted without its small singular values."""

from __future__ import annotations

import numpy as np

from .modes import causal_modes
from .problem import Problem, part_of_one
from .residue import LinearEstimator


def prepare(problem: Problem, *, threshold: float = 0.2) -> LinearEstimator:
    """Standard (truncated) SVD. It reads a delay of the bolus as less flow.

    Parameters
    ----------
    problem : Problem
        Arterial input and times.
    threshold : float
        Singular values below this part of the largest are dropped.

    Returns
    -------
    LinearEstimator

    References
    ----------
    Østergaard L et al., Magn Reson Med 1996;36:715-725. doi:10.1002/mrm.1910360510
    """
    part_of_one(threshold, "threshold of sSVD")
    modes = causal_modes(problem, problem.regular_input)
    return LinearEstimator(modes, truncated_inverse(modes.singular_values, threshold))


def truncated_inverse(singular_values: np.ndarray, threshold: float) -> np.ndarray:
    """Inverse of singular values, 0 for those below a part of the largest.

    Parameters
    ----------
    singular_values : ndarray of shape (m,)
        Decreasing.
    threshold : float
        Part of the largest.

    Returns
    -------
    ndarray of shape (m,)
    """
    is_kept = singular_values >= threshold * singular_values[0]
    return np.divide(1, singular_values, out=np.zeros_like(singular_values), where=is_kept)
