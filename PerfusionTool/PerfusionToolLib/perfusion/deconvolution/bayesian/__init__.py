"""Bayesian: posterior means over all shapes, delays and dispersions that the prior allows."""

from __future__ import annotations

import numpy as np

from ...errors import PerfusionError
from ..problem import Problem
from .estimator import BayesianEstimator
from .prior import PRIOR, Prior, with_dispersion


def prepare(problem: Problem, *, dispersion: float | None = None, prior: Prior = PRIOR) -> BayesianEstimator:
    """Posterior means and standard deviations under a model of transport and transit.

    C(t) = (ρ/k_H)·CBF·(C_a ⊗ VTF ⊗ R)(t − δ): the arterial input is dispersed by VTF = exp(−t/T_A)/T_A, R is the
    residue function of gamma-distributed transit times, from a box to beyond an exponential. CBF, CBV, MTT, delay δ and
    Tmax are means over all MTT, shapes, T_A and δ, each as likely as the prior and the curve make it; the size of the
    curve and the variance of its noise are integrated out.

    Parameters
    ----------
    problem : Problem
        Arterial input and times.
    dispersion : float, optional
        Mean of T_A in s where the arterial input is dispersed, 0: it never is; left out: the prior's.
    prior : Prior
        What is likely before a curve is seen.

    Returns
    -------
    BayesianEstimator

    Raises
    ------
    PerfusionError
        If the dispersion is not a number of seconds.

    Notes
    -----
    Tmax is the middle of the lags at which VTF ⊗ R is within a hundredth of its maximum, plus the delay: the lag of
    the peak where there is one, δ + MTT/2 for a box, little more than δ for an exponential without dispersion.

    A mean over all shapes is much nearer to the truth than the best of them, as noise lets very different shapes fit
    equally well. Where it leaves the MTT or the dispersion undecided, the prior decides, and the standard deviations
    say so.

    The standard deviations are those of the posterior, so that their squares are the mean squared errors to be
    expected; posteriors have long tails, and 70 to 80 % of what the prior expects lies within one. Not knowing the
    shape of the residue function is a large part of them. Where all tissue has one shape, that part is no scatter but
    a bias common to all: little in the middle of the prior, more than one standard deviation at its edges.
    """
    if dispersion is None:
        return BayesianEstimator(problem, prior)
    if not isinstance(dispersion, (int, float, np.number)) or not 0 <= dispersion < np.inf:
        raise PerfusionError(f"The mean dispersion is {dispersion!r}; it must be a number of seconds from 0 on.")
    return BayesianEstimator(problem, with_dispersion(prior, dispersion))
