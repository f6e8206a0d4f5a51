"""The estimator of one arterial input: from curves to readings, residue functions, fits and local arterial inputs."""

from __future__ import annotations

import numpy as np

from ..estimate import FLAG_TYPE, Flag, Reading, mark
from ..goodness import is_poor_fit
from ..modes import EARLIEST_PEAK
from ..problem import Problem
from .atoms import ArterialCurves, IntegratedAtoms, SummedAtoms, point_kernels, read_kernels
from .cells import DELAY, DISPERSION, QUANTITIES
from .kernels import CELL, transit_kernels
from .noise import independent_samples, shares_baseline
from .posterior import DELAY_STEP, Posterior
from .prior import SCALE_UNCERTAINTY, Prior

UNKNOWNS = 5
FEWEST_DELAYS = 5
MOST_FITTED = 64
"""Examples that are fitted to learn how correlated the noise is."""

MEAN_KEPT = 0.05
"""Where a baseline was subtracted, its noise is the same in all frames, and the mean of a curve tells nothing: so
little of it is kept that it has no weight, and enough to find it again in what is fitted."""


class BayesianEstimator:
    """Posterior means over a grid of shapes and delays; see `prepare`.

    Parameters
    ----------
    problem : Problem
    prior : Prior
    """

    def __init__(self, problem: Problem, prior: Prior):
        self.lags = problem.sampling.lags
        self._prior = prior
        examples = np.empty((0, problem.times.size)) if problem.examples is None else problem.examples
        self._mean_kept = MEAN_KEPT if shares_baseline(examples, problem.arterial_input) else 1.0
        self._arterial = ArterialCurves(problem, prior, EARLIEST_PEAK)
        atoms = (IntegratedAtoms if problem.quadrature == "auto" else SummedAtoms)(problem, prior, self._arterial)
        tmax = transit_kernels(prior, self._arterial.count).tmax
        self._posterior = Posterior(atoms, prior, tmax, _delays(problem), self._whitened)
        self._freedom = problem.times.size - 1.0
        some = examples[:: max(1, -(-len(examples) // MOST_FITTED))]
        self._freedom = independent_samples(self._left(some)) - 1

    def estimate(self, curves: np.ndarray) -> Reading:
        """Posterior means of curves (n, t), and their standard deviations."""
        unit, size = self._unit(curves)
        means, variances, left = self._posterior.moments(unit, self._freedom)
        deviations = np.sqrt(variances.clip(0))
        for of_all in (means, deviations):
            of_all[:2] *= size
        deviations[:2] = np.hypot(deviations[:2], SCALE_UNCERTAINTY * means[:2])
        values = dict(zip(QUANTITIES, means.astype(curves.dtype), strict=True))
        flags = np.zeros(len(curves), FLAG_TYPE)
        mark(flags, self._is_at_edge(values["mtt"], values["delay"]), Flag.AT_EDGE)
        mark(flags, values["tmax"] < 0, Flag.EARLY_PEAK)
        mark(flags, is_poor_fit(left * size**2, curves, UNKNOWNS), Flag.POOR_FIT)
        values["tmax"] = values["tmax"].clip(0)
        return Reading(**values, flags=flags, sd=dict(zip(QUANTITIES, deviations.astype(curves.dtype), strict=True)))

    def residue(self, curves: np.ndarray) -> np.ndarray:
        """Posterior means of k in 1/s at `lags`, from the delay on, (n, g), of curves (n, t)."""
        kernels = point_kernels(self._prior, self._arterial.count)

        def mean_residue(reader, likely, projections):
            cells = reader.cells
            of_cells = _delayed(kernels[:, cells.grid.rows], self.lags, cells.grid.delays)
            places = reader.places(projections)
            height = projections[:, 0] - np.einsum("kvc,ck->vc", places, cells.growth)
            amounts = np.concatenate([height[None], places]) * (likely * cells.values[:, 0])
            return (amounts @ of_cells).sum(axis=0)

        mean, size = self._mean(curves, mean_residue, self.lags.size)
        return (mean * size[:, None]).astype(curves.dtype)

    def fitted(self, curves: np.ndarray) -> np.ndarray:
        """Posterior means of the model's curves at the frame times, (n, t)."""
        mean, size = self._mean(curves, _mean_fit, curves.shape[1])
        lost = 1 / self._mean_kept - 1
        return ((mean + lost * mean.mean(axis=1, keepdims=True)) * size[:, None]).astype(curves.dtype)

    def local_input(self, curves: np.ndarray) -> np.ndarray:
        """Posterior means of the arterial input, delayed and dispersed, at the frame times, (n, t)."""

        def mean_input(reader, likely, projections):
            grid = reader.cells.grid
            of_dispersion = np.unravel_index(grid.rows, self._prior.shape)[2]
            of_cells = self._arterial.local_inputs(grid.delays)[:, of_dispersion]
            places = reader.places(projections)
            amounts = np.stack([np.ones_like(likely), places[DELAY], places[DISPERSION]]) * likely
            return (amounts @ of_cells.reshape(3, likely.shape[1], -1)).sum(axis=0)

        return self._mean(curves, mean_input, curves.shape[1])[0].astype(curves.dtype)

    def _mean(self, curves, mean_of, width):
        """Posterior means (n, width) of what a function finds in cells, and the sizes of the curves (n,)."""
        unit, size = self._unit(curves)
        mean = np.empty((len(curves), width))
        for rows, components, reader in self._posterior.batches(unit, self._freedom):
            likely, projections, _ = reader.probabilities(components, self._freedom)
            likely /= likely.sum(axis=1)[:, None]
            mean[rows] = mean_of(reader, likely, projections)
        return mean, size

    def _unit(self, curves):
        white = self._whitened(curves)
        size = np.linalg.norm(white, axis=1)
        return (white / np.where(size > 0, size, 1)[:, None]).astype(np.float32), size

    def _whitened(self, curves):
        """Curves (…, t) in the metric in which their noise is white: a baseline's noise is part of their mean."""
        if self._mean_kept == 1:
            return curves
        return curves - (1 - self._mean_kept) * curves.mean(axis=-1, keepdims=True)

    def _left(self, curves):
        """What the model leaves of curves, whitened and of unit size."""
        return self._unit(curves)[0] - self._mean(curves, _mean_fit, curves.shape[1])[0]

    def _is_at_edge(self, mtt, delay):
        """Whether a mean is in the outer quarter of the first or last cell of MTT or delay."""
        delays = self._posterior.delays
        delay_margin, mtt_margin = DELAY_STEP / 4, np.exp(self._prior.widths[0] / 4)
        is_at_edge = (delay < delays[0] - delay_margin) | (delay > delays[-1] + delay_margin)
        if self._prior.mtt.size > 1:
            is_at_edge |= mtt < self._prior.mtt[0] / mtt_margin[0]
            is_at_edge |= mtt > self._prior.mtt[-1] * mtt_margin[-1]
        return is_at_edge


def _mean_fit(reader, likely, projections):
    return reader.fitted(likely, projections) @ reader.cells.basis.T


def _delayed(kernels, lags, delays):
    """Delayed kernels and their changes with delay, ln MTT, spread and dispersion, (5, s·d, l), from (4, s, g)."""
    half = CELL * (delays[1] - delays[0])
    below, above = (read_kernels(kernels[:1], lags, delays + side * half) for side in (-1, 1))
    delayed = read_kernels(kernels, lags, delays)
    return np.concatenate([delayed[:1], (above - below) / 2, delayed[1:]]).reshape(5, -1, lags.size)


def _delays(problem):
    """As long as the arterial peak would still be seen; declared sums over the past know of no delays below 0."""
    earliest = EARLIEST_PEAK if problem.quadrature == "auto" else 0.0
    seen = problem.times[-1] - problem.times[problem.arterial_input.argmax()]
    count = int((min(problem.longest_tmax, seen) - earliest) / DELAY_STEP) + 1
    return earliest + DELAY_STEP * np.arange(max(FEWEST_DELAYS, count))
