"""bcSVD: the block-circulant convolution matrix, inverted without its small singular values."""

from __future__ import annotations

from .modes import circular_modes
from .problem import Problem, part_of_one
from .residue import LinearEstimator
from .ssvd import truncated_inverse


def prepare(problem: Problem, *, threshold: float = 0.1) -> LinearEstimator:
    """Block-circulant SVD: insensitive to delay, of either sign.

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
    Wu O et al., Magn Reson Med 2003;50:164-174. doi:10.1002/mrm.10522
    """
    part_of_one(threshold, "threshold of bcSVD")
    modes = circular_modes(problem)
    return LinearEstimator(modes, truncated_inverse(modes.singular_values, threshold))
