"""Model curves of one arterial input at the frame times: dispersed, convolved with residue functions, and delayed."""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.interpolate import CubicSpline

from ..convolution import causal_matrix
from ..problem import Problem
from .kernels import CELL, STEP, dispersed, padded_length, residues, transit_kernels
from .prior import Prior

COMPONENTS = 20
"""So many curves, combined, are all curves without delay, to about a thousandth."""


class ArterialCurves:
    """The arterial input on the fine grid, dispersed; nothing comes before the first frame.

    Parameters
    ----------
    problem : Problem
    prior : Prior
    earliest : float
        Shortest delay in s, at most 0.
    """

    def __init__(self, problem: Problem, prior: Prior, earliest: float):
        self._since_first = problem.times - problem.times[0]
        self.count = int(np.ceil((self._since_first[-1] - earliest) / STEP)) + 4
        means = _cell_means(problem, self.count)
        self.values, below, above = (
            np.stack([dispersed(means, constant) for constant in prior.dispersion + side * CELL * prior.widths[2]])
            for side in (0, -1, 1)
        )
        self.changes = (above - below) / 2

    def read(self, curves: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """Curves at the frame times, delayed.

        Parameters
        ----------
        curves : ndarray of shape (c, count + 1)
            At the edges of the cells of the fine grid.
        delays : ndarray of shape (d,)
            In s.

        Returns
        -------
        ndarray of shape (c, d, t)
            By cubic interpolation; 0 before the grid begins.
        """
        place = ((self._since_first - delays[:, None]) / STEP).clip(-1, curves.shape[1] - 1)
        cell = np.floor(place).astype(int)
        part = place - cell
        weights = (
            -part * (part - 1) * (part - 2) / 6,
            (part**2 - 1) * (part - 2) / 2,
            -part * (part + 1) * (part - 2) / 2,
            part * (part**2 - 1) / 6,
        )
        padded = np.pad(curves, ((0, 0), (2, 3)), mode="edge")
        return sum(weight * padded[:, cell + 1 + number] for number, weight in enumerate(weights))

    def local_inputs(self, delays: np.ndarray) -> np.ndarray:
        """The arterial input, dispersed and delayed, at the frame times, and its changes over a cell.

        Parameters
        ----------
        delays : ndarray of shape (d,)
            In s, regular.

        Returns
        -------
        ndarray of shape (3, c, d, t)
            For every dispersion c: the input, its changes with the delay, and with the dispersion.
        """
        values, changes = (_to_edges(curves) for curves in (self.values, self.changes))
        half = CELL * _step(delays)
        by_delay = (self.read(values, delays + half) - self.read(values, delays - half)) / 2
        return np.stack([self.read(values, delays), by_delay, self.read(changes, delays)])


class IntegratedAtoms:
    """Model curves whose kernel is integrated finely over a cubic spline through the arterial input.

    Curves without delay are computed by Fourier transforms. They look so much alike that a few components stand for
    all: every curve is a combination of them, and every delayed curve is the same combination of them delayed. The
    components are found from random mixtures of the curves (Halko et al., SIAM Rev 2011;53:217).

    Parameters
    ----------
    problem : Problem
    prior : Prior
    arterial : ArterialCurves
    """

    def __init__(self, problem: Problem, prior: Prior, arterial: ArterialCurves):
        self._arterial = arterial
        length = padded_length(arterial.count)
        of_input, of_change = (
            fft.rfft(curves, length).astype(np.complex64) for curves in (arterial.values, arterial.changes)
        )
        of_kernels = transit_kernels(prior, arterial.count).spectra[..., None, :]
        products = np.concatenate([of_kernels * of_input, of_kernels[:1] * of_change])
        curves = fft.irfft(products, length, overwrite_x=True)[..., : arterial.count]
        curves = curves.reshape(len(products), -1, arterial.count)
        components = _components(curves.reshape(-1, arterial.count))
        self._coordinates = curves @ components.T
        self._components = np.pad(components, ((0, 0), (1, 0)))

    def curves(self, rows: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """Curves of unit flow, and how they change over a cell.

        Parameters
        ----------
        rows : ndarray of int, shape (s,)
            Shapes, numbered over (mtt, spread, dispersion).
        delays : ndarray of shape (d,)
            In s, regular.

        Returns
        -------
        ndarray of shape (5, s, d, t)
            The curves, and their changes with one standard deviation of delay, ln MTT, spread and dispersion within
            a cell.
        """
        half = CELL * _step(delays)
        places = np.concatenate([delays, delays - half, delays + half])
        values, below, above = np.split(self._arterial.read(self._components, places), 3, axis=1)
        by_delay = (above - below) / 2
        values, by_delay = (curves.reshape(len(curves), -1).astype(np.float32) for curves in (values, by_delay))
        coordinates = self._coordinates[:, rows]
        curves = np.empty((5, coordinates.shape[1], values.shape[1]), np.float32)
        np.matmul(coordinates[0], values, out=curves[0])
        np.matmul(coordinates[0], by_delay, out=curves[1])
        np.matmul(coordinates[1:], values, out=curves[2:])
        return curves.reshape(*curves.shape[:2], delays.size, -1)


class SummedAtoms:
    """Model curves as a declared quadrature sums them over frames.

    The sum sees the kernel at the lags of the frames only and jumps when a delay moves the kernel's start over one of
    them, so that nothing is known between the delays.

    Parameters
    ----------
    problem : Problem
        With regular times and a declared quadrature.
    prior : Prior
    arterial : ArterialCurves
    """

    def __init__(self, problem: Problem, prior: Prior, arterial: ArterialCurves):
        sampling = problem.sampling
        self._lags = sampling.lags
        matrix = causal_matrix(problem.regular_input, sampling.step, problem.sum_rule)
        self._to_frames = (sampling.to_frames @ matrix).astype(np.float32)
        self._kernels = point_kernels(prior, arterial.count)

    def curves(self, rows: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """As `IntegratedAtoms.curves`; the changes with the delay are 0."""
        kernels = read_kernels(self._kernels[:, rows], self._lags, delays)
        values = kernels @ self._to_frames.T
        return np.concatenate([values[:1], np.zeros_like(values[:1]), values[1:]])


def point_kernels(prior: Prior, count: int) -> np.ndarray:
    """Dispersed kernels at the edges of the fine grid, and their changes with ln MTT, spread and dispersion.

    Parameters
    ----------
    prior : Prior
    count : int
        Cells of the grid.

    Returns
    -------
    ndarray of shape (4, s, count + 1)
    """
    cells = transit_kernels(prior, count).cells / STEP
    steps = CELL * prior.widths[2]
    values = np.stack([dispersed(cells, constant) for constant in prior.dispersion], axis=3)
    below, above = (
        np.stack([dispersed(cells[0], constant) for constant in prior.dispersion + side * steps], axis=2)
        for side in (-1, 1)
    )
    kernels = np.concatenate([values, (above - below)[None] / 2])
    # A dispersed kernel begins at 0, and the beginning of one that is not dispersed never changes.
    at_edges = np.pad((kernels[..., 1:] + kernels[..., :-1]) / 2, [(0, 0)] * 4 + [(1, 1)])
    at_edges[0][:, :, prior.dispersion == 0] = residues(prior, STEP * np.arange(count + 1))[:, :, None]
    return at_edges.reshape(4, -1, count + 1).astype(np.float32)


def read_kernels(kernels: np.ndarray, lags: np.ndarray, delays: np.ndarray) -> np.ndarray:
    """Delayed kernels at some lags.

    Parameters
    ----------
    kernels : ndarray of shape (…, g)
        At the edges of the fine grid.
    lags : ndarray of shape (l,)
    delays : ndarray of shape (d,)

    Returns
    -------
    ndarray of shape (…, d, l)
        Straight between the edges; 0 before the delay and behind the grid.
    """
    # Lags that equal a delay but for rounding are the start of the kernel.
    place = (lags - delays[:, None]) / STEP + 1e-6
    cell = np.floor(place).astype(int)
    part = (place - cell).astype(np.float32)
    cell = cell.clip(-1, kernels.shape[-1] - 1)
    padded = np.concatenate([kernels, np.zeros_like(kernels[..., :2])], axis=-1)
    values = padded[..., cell] * (1 - part) + padded[..., cell + 1] * part
    return np.where(cell >= 0, values, 0)


def _step(delays):
    return delays[1] - delays[0]


def _to_edges(curves):
    """From means over cells (c, g) to values at their edges (c, g + 1); before the first cell is nothing."""
    padded = np.concatenate([np.zeros_like(curves[:, :1]), curves, curves[:, -1:]], axis=1)
    return (padded[:, 1:] + padded[:, :-1]) / 2


def _cell_means(problem, count):
    """Means of the arterial input over the cells of the fine grid; constant after the last frame."""
    integral = CubicSpline(problem.times, problem.arterial_input).antiderivative()
    edges = problem.times[0] + STEP * np.arange(count + 1)
    inside = np.minimum(edges, problem.times[-1])
    return np.diff(integral(inside) + (edges - inside) * problem.arterial_input[-1]) / STEP


def _components(curves):
    """Orthonormal curves (q, g) that span nearly all."""
    mixtures = np.random.default_rng(0).standard_normal((2 * COMPONENTS, len(curves)), np.float32) @ curves
    span = np.linalg.qr(mixtures.T)[0]
    return np.linalg.svd(curves @ span, full_matrices=False)[2][:COMPONENTS] @ span.T
