"""Tikhonov: the block-circulant convolution matrix, its small singular values damped instead of dropped."""

from __future__ import annotations

import numpy as np

from ..errors import PerfusionError
from .modes import circular_modes
from .problem import Problem, positive_number
from .residue import LinearEstimator

RULES = ("gcv", "l_curve")
CANDIDATES = np.geomspace(0.01, 1, 41)
"""Values of λ, as parts of the largest singular value, among which a rule chooses."""

WITHOUT_EXAMPLES = 0.1
"""λ as such a part where there is no curve to choose it from."""


def prepare(problem: Problem, *, regularization: float | str = "l_curve") -> LinearEstimator:
    """Tikhonov regularisation in standard form: insensitive to delay, of either sign.

    Parameters
    ----------
    problem : Problem
        Arterial input, times and examples of the curves.
    regularization : float or {"gcv", "l_curve"}
        λ as a part of the largest singular value, or the rule that chooses one λ for all curves; modes are multiplied
        by σ / (σ² + λ²).

    Returns
    -------
    LinearEstimator

    Notes
    -----
    Generalised cross-validation takes the λ with the smallest ‖C − Ĉ‖² / (trace of I − H)², H being the matrix that
    makes the fitted curves Ĉ of the curves C. The L-curve's corner is where log ‖k‖² over log ‖C − Ĉ‖² bends most. Of
    both squares the mean logarithm over the curves is taken, so that large vessels do not decide.

    References
    ----------
    Calamante F et al., Magn Reson Med 2003;50:1237-1247. doi:10.1002/mrm.10643
    """
    modes = circular_modes(problem)
    gains = modes.singular_values
    part = regularization
    if isinstance(regularization, str):
        part = _chosen(regularization, modes, problem.examples)
    positive_number(part, "regularization of Tikhonov")
    return LinearEstimator(modes, _factors(gains, part))


def _factors(gains, part):
    return gains / (gains**2 + (part * gains[0]) ** 2)


def _chosen(rule, modes, examples):
    if rule not in RULES:
        raise PerfusionError(f"Tikhonov has no rule {rule!r}; choose {', '.join(RULES)} or give a number.")
    if examples is None or len(examples) == 0:
        return WITHOUT_EXAMPLES
    squares = (examples @ modes.read.T) ** 2
    factors = np.array([_factors(modes.singular_values, part) for part in CANDIDATES])
    lost = 1 - modes.singular_values * factors
    left, sizes = (np.log(squares @ weights.T**2).mean(axis=0) for weights in (lost, factors))
    if rule == "gcv":
        return CANDIDATES[np.argmin(left - 2 * np.log(lost.sum(axis=1)))]
    return CANDIDATES[np.argmax(_curvature(left, sizes))]


def _curvature(x, y):
    """Curvature of a plane curve of evenly spaced parameter, positive where it turns to the left."""
    slope_x, slope_y = np.gradient(x), np.gradient(y)
    bend_x, bend_y = np.gradient(slope_x), np.gradient(slope_y)
    return (slope_x * bend_y - slope_y * bend_x) / (slope_x**2 + slope_y**2) ** 1.5
