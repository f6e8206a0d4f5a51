"""dSVD: the delay of every voxel fitted first, then sSVD with the arterial input delayed by it."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import gammainc

from .arterial_integral import ArterialIntegral, unit_rows
from .estimate import FLAG_TYPE, Flag, Reading, mark
from .modes import EARLIEST_PEAK, causal_modes
from .problem import Problem, part_of_one
from .residue import LinearEstimator, find_peaks
from .sampling import resampling_matrix
from .ssvd import truncated_inverse

TRANSIT_TIMES = np.geomspace(1.0, 30.0, 14)
SHAPES = (1.0, 3.0)
"""Mean transit times in s and shapes of the gamma distributions of transit times with which the delay is fitted."""

FINER = 4
"""Integrals of the arterial input are tabulated at this many shifts per frame interval, every second one a delay."""

ROUNDING = 8
"""The arterial input is delayed by whole parts of this many per frame interval."""


def prepare(problem: Problem, *, threshold: float = 0.15) -> DelayedSVD:
    """Standard SVD with the arterial input delayed for every voxel, so that a delay costs no flow.

    Parameters
    ----------
    problem : Problem
        Arterial input and times.
    threshold : float
        Singular values below this part of the largest are dropped.

    Returns
    -------
    DelayedSVD

    References
    ----------
    Ibaraki M et al., J Cereb Blood Flow Metab 2005;25:378-390. doi:10.1038/sj.jcbfm.9600037
    """
    part_of_one(threshold, "threshold of dSVD")
    return DelayedSVD(problem, threshold)


class DelayedSVD:
    """An estimator with one truncated inverse for every delay of the arterial input, made when the delay occurs.

    Parameters
    ----------
    problem : Problem
        Arterial input, times and quadrature.
    threshold : float
        Singular values below this part of the largest are dropped.
    """

    def __init__(self, problem: Problem, threshold: float):
        interval = np.diff(problem.times).min()
        self.lags = problem.sampling.lags
        self._problem = problem
        self._threshold = threshold
        self._arterial = ArterialIntegral(problem)
        self._rounded_to = interval / ROUNDING
        self._delays, self._unit_models = _delay_models(problem, self._arterial, interval / FINER)
        self._inverse = cache(self._inverse_at)

    def estimate(self, curves: np.ndarray) -> Reading:
        """Peak, Tmax, area and delay of the residue functions of curves (n, t)."""
        delays = self._fit_delays(curves)
        peak, tmax, area = (np.empty(len(curves), curves.dtype) for _ in range(3))
        flags = np.zeros(len(curves), FLAG_TYPE)
        for rows, delay, inverse in self._groups(delays):
            reading = inverse.estimate(curves[rows])
            peak[rows], tmax[rows], area[rows], flags[rows] = (
                reading.peak,
                delay + reading.tmax,
                reading.area,
                reading.flags,
            )
        mark(flags, tmax < 0, Flag.EARLY_PEAK)
        mark(flags, (delays <= self._delays[0]) | (delays >= self._delays[-1]), Flag.AT_EDGE)
        return Reading(peak=peak, tmax=tmax.clip(0), area=area, flags=flags, delay=delays)

    def residue(self, curves: np.ndarray) -> np.ndarray:
        """Residue functions k in 1/s at `lags`, (n, g), of curves (n, t)."""
        residues = np.empty((len(curves), self.lags.size), curves.dtype)
        for rows, delay, inverse in self._groups(self._fit_delays(curves)):
            since = self.lags - delay
            is_known = (since >= 0) & (since <= self.lags[-1])
            delaying = resampling_matrix(self.lags, since.clip(0, self.lags[-1])) * is_known[:, None]
            residues[rows] = inverse.residue(curves[rows]) @ delaying.T
        return residues

    def fitted(self, curves: np.ndarray) -> np.ndarray:
        """Convolution of those residue functions with the arterial input at the frame times, (n, t)."""
        fitted = np.empty_like(curves)
        for rows, _, inverse in self._groups(self._fit_delays(curves)):
            fitted[rows] = inverse.fitted(curves[rows])
        return fitted

    def local_input(self, curves: np.ndarray) -> np.ndarray:
        """The arterial input, delayed as it arrives in the tissue of curves (n, t), at the frame times, (n, t)."""
        return self._arterial.input(self._problem.times - self._fit_delays(curves)[:, None])

    def _fit_delays(self, curves):
        """Delays in s at which a smooth residue function explains most of every curve."""
        products = curves @ self._unit_models.T.astype(curves.dtype)
        best = products.reshape(len(curves), self._delays.size, -1).max(axis=2).clip(0)
        return find_peaks(best**2, self._delays.astype(curves.dtype))[1]

    def _groups(self, delays):
        """Voxels of about the same delay: their rows, that delay in s and the inverse for it."""
        parts, group = np.unique(np.round(delays / self._rounded_to).astype(int), return_inverse=True)
        order = np.argsort(group, kind="stable")
        for part, rows in zip(parts, np.split(order, np.cumsum(np.bincount(group))[:-1]), strict=True):
            yield rows, part * self._rounded_to, self._inverse(int(part))

    def _inverse_at(self, part):
        samples = self._arterial.input(self._problem.sampling.grid - part * self._rounded_to)
        modes = causal_modes(self._problem, samples)
        return LinearEstimator(modes, truncated_inverse(modes.singular_values, self._threshold))


def _delay_models(problem, arterial, step):
    """Delays that are tried, and curves of norm 1 of every model at each of them, (delays × models, t)."""
    span = problem.times[-1] - problem.times[0]
    edges = np.arange(0, span - EARLIEST_PEAK + step, step)
    transit = _transit_parts(edges)
    delays = EARLIEST_PEAK + 2 * step * np.arange(np.ceil((problem.longest_tmax - EARLIEST_PEAK) / (2 * step)) + 1)
    arrived = arterial.integral(problem.times - delays[:, None])
    shifts = EARLIEST_PEAK + step * (np.arange(2 * delays.size + edges.size) + 0.5)
    table = arterial.integral(problem.times - shifts[:, None])
    left = np.array([transit @ table[first : first + edges.size - 1] for first in range(0, 2 * delays.size, 2)])
    curves = (arrived[:, None] - left).reshape(-1, problem.times.size)
    return delays, unit_rows(curves)


def _transit_parts(edges):
    """Parts of the blood whose transit time lies between edges in s, (models, edges − 1)."""
    cumulative = [gammainc(shape, shape * edges / mtt) for shape in SHAPES for mtt in TRANSIT_TIMES]
    return np.diff(cumulative, axis=1)
