"""Cells of the grid: what each makes of a curve, exactly in its middle and to first order around it.

A cell stands for the curves a·(u + Σ J_k·x_k): u is the curve of its middle, scaled to a norm of 1, J_k are its changes
with delay, ln MTT, spread and dispersion, and the places x_k in the cell are normally distributed with a standard
deviation of 1. Under white noise of variance κ·a² the likelihood of the cell and the mean and variance of x follow from
one small matrix, κ + JᵀJ = L·Lᵀ. So what lies between the values of the grid is found too, and the grid needs few
cells however little noise there is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .kernels import CELL
from .prior import Prior

QUANTITIES = ("peak", "area", "mtt", "delay", "tmax")
"""What is read from cells; the first two are proportional to the size of the curve."""

DELAY, DISPERSION = 0, 3
"""Two of the four places in a cell."""

SMALLEST = 0.05
"""Curves whose norm is less than this part of the largest have hardly begun when the scan ends: they have no part."""

MOST_COMPONENTS = 24
NEGLIGIBLE = 2e-4
"""Curves are kept as so many components at most, and without those below this part of the largest."""

MOST_EXAMPLES = 100
"""Curves that the components are found from."""

ROUNDING = 1e-6
"""Part of the squares of a curve that single precision cannot be trusted with."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Shapes and delays of some cells.

    Parameters
    ----------
    rows : ndarray of int, shape (s,)
        Shapes, numbered over (mtt, spread, dispersion) of the prior.
    delays : ndarray of shape (d,)
        In s, regular, two at least.
    widening : int
        By how much wider than the prior's the cells of ln MTT and spread are.
    """

    rows: np.ndarray
    delays: np.ndarray
    widening: int = 1


class Cells:
    """The c = s·d cells of a grid, numbered over (shape, delay).

    Parameters
    ----------
    grid : Grid
    prior : Prior
    curves : ndarray of shape (5, s, d, t), float32
        Curves of unit flow and their changes with the places in a cell, in the metric of the noise.
    tmax : ndarray of shape (4, s)
        Lag in s at which a kernel is highest, and its changes with ln MTT, spread and dispersion.

    Attributes
    ----------
    basis : ndarray of shape (t, r), float32
        From curves to the components in which they are kept.
    unit : ndarray of shape (c, r)
        Curves of unit size.
    changes : ndarray of shape (c, 4, r)
        Their changes.
    weights : ndarray of shape (c,)
        Prior probabilities.
    growth : ndarray of shape (c, 4)
        Changes of the logarithm of their norm.
    values : ndarray of shape (c, 5)
        `QUANTITIES` in the middles of the cells, of curves of unit size.
    gradients : ndarray of shape (c, 4, 5)
        Their changes.
    """

    def __init__(self, grid: Grid, prior: Prior, curves: np.ndarray, tmax: np.ndarray):
        self.grid = grid
        flat = curves.reshape(5, -1, curves.shape[-1])
        self.basis = _basis(flat[0])
        unit, *changes = flat @ self.basis
        norm = np.sqrt(np.einsum("cr,cr->c", unit, unit))
        is_seen = norm > SMALLEST * norm.max()
        flow = np.where(is_seen, 1 / np.maximum(norm, np.finfo(np.float32).tiny), 0)
        self.unit = unit * flow[:, None]
        changes = np.stack(changes, axis=1) * flow[:, None, None]
        changes[:, 1:3] *= grid.widening
        self.growth = (changes @ self.unit[..., None])[..., 0]
        self.changes = changes - self.growth[..., None] * self.unit[:, None]
        self.weights = np.repeat(prior.weights.ravel()[grid.rows], grid.delays.size) * is_seen
        self._read_quantities(prior, flow, tmax[:, grid.rows])

    def _read_quantities(self, prior, flow, tmax):
        grid, count = self.grid, self.grid.delays.size
        of_mtt = np.unravel_index(grid.rows, prior.shape)[0]
        mtt = np.repeat(prior.mtt[of_mtt], count)
        tmax = np.repeat(tmax, count, axis=1)
        delays = np.tile(grid.delays, grid.rows.size)
        self.values = np.stack([flow, flow * mtt, mtt, delays, tmax[0] + delays], axis=1)
        self.gradients = np.zeros((flow.size, 4, 5), np.float32)
        self.gradients[..., 0] = -flow[:, None] * self.growth
        self.gradients[:, 1, 2] = mtt * np.repeat(CELL * grid.widening * prior.widths[0][of_mtt], count)
        self.gradients[..., 1] = mtt[:, None] * self.gradients[..., 0] + flow[:, None] * self.gradients[..., 2]
        self.gradients[:, DELAY, 3:] = CELL * (grid.delays[1] - grid.delays[0])
        self.gradients[:, 1:, 4] = tmax[1:].T


class Reader:
    """Cells at one level of noise: from the components of curves of unit size to probabilities and quantities.

    Parameters
    ----------
    cells : Cells
    noise : float
        Variance κ of the noise of a frame.

    Attributes
    ----------
    cells : Cells
    weights : ndarray of shape (c,), float32
        Prior probabilities, times the part of a cell that fits a curve which the cell explains.
    """

    def __init__(self, cells: Cells, noise: float):
        self.cells = cells
        gram = cells.changes @ cells.changes.swapaxes(1, 2)
        self._inverse, size = _inverse_factors(gram.transpose(1, 2, 0).astype(float), noise)
        whitened = self._inverse @ cells.changes
        self._to_projections = _side_by_side(np.concatenate([cells.unit[:, None], whitened], axis=1))
        self.weights = cells.weights * noise**2 / size
        self.weights = (self.weights / self.weights.max()).astype(np.float32)
        along = self._inverse @ cells.gradients
        functionals = along.swapaxes(1, 2) @ whitened
        functionals[:, :2] += (cells.values[:, :2, None] * cells.unit[:, None]).astype(np.float32)
        self._to_quantities = _side_by_side(functionals)
        # Taken from the middle of the delays, small differences keep their digits.
        self._middle = np.array([0, 0, 0, 1, 1]) * cells.grid.delays.mean()
        self._offsets = (cells.values - self._middle).T.astype(np.float32)
        self._offsets[:2] = 0
        self._variances = np.float32(noise) * np.einsum("ckq,ckq->cq", along, along)
        self._variances[:, :2] += noise * cells.values[:, :2] ** 2

    def probabilities(self, components: np.ndarray, freedom: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How likely every cell is.

        Parameters
        ----------
        components : ndarray of shape (v, r), float32
            Of curves of unit size.
        freedom : float
            Independent samples less one.

        Returns
        -------
        likely : ndarray of shape (v, c)
            Not normalised.
        projections : ndarray of shape (v, 5, c)
            On the curve of the cell, and on its changes, whitened.
        left : ndarray of shape (v,)
            Part of the squares that the best cell leaves.
        """
        projections = (components @ self._to_projections).reshape(len(components), 5, -1)
        # The sign keeps curves that are upside down from being explained.
        left = np.abs(projections[:, 0])
        left *= projections[:, 0]
        for projection in projections[:, 1:].swapaxes(0, 1):
            left += projection**2
        np.subtract(1 + ROUNDING, left, out=left)
        least = np.maximum(left.min(axis=1), ROUNDING)
        left /= least[:, None]
        # The bounds keep the powers away from 0, and from the slow numbers next to it.
        np.clip(left, 1, np.float32(np.exp(100 / freedom)), out=left)
        np.log(left, out=left)
        left *= -freedom / 2
        likely = np.exp(left, out=left)
        likely *= self.weights
        return likely, projections, least

    def moments(self, components: np.ndarray, freedom: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Posterior means and variances.

        Parameters
        ----------
        components : ndarray of shape (v, r), float32
            Of curves of unit size.
        freedom : float
            Independent samples less one.

        Returns
        -------
        means, variances : ndarray of shape (5, v)
            Of `QUANTITIES`.
        left : ndarray of shape (v,)
            Part of the squares that the best cell leaves.
        """
        likely, _, left = self.probabilities(components, freedom)
        total = likely.sum(axis=1)[:, None]
        values = (components @ self._to_quantities).reshape(len(components), 5, -1)
        values += self._offsets
        means = (values @ likely[..., None])[..., 0] / total
        values *= values
        squares = ((values @ likely[..., None])[..., 0] + likely @ self._variances) / total
        return means.T + self._middle[:, None], (squares - means**2).T, left

    def fitted(self, likely: np.ndarray, projections: np.ndarray) -> np.ndarray:
        """Components of the posterior mean of the curves, (v, r), from what `probabilities` gave."""
        return (projections * likely[:, None]).reshape(len(likely), -1) @ self._to_projections.T

    def places(self, projections: np.ndarray) -> np.ndarray:
        """Where in the cells the curves lie, (4, v, c), from what `probabilities` gave."""
        return np.einsum("cij,vic->jvc", self._inverse, projections[:, 1:])


def _side_by_side(functionals):
    """Functionals (c, k, r) as columns (r, k·c)."""
    return np.ascontiguousarray(functionals.transpose(2, 1, 0)).reshape(functionals.shape[2], -1)


def _basis(curves):
    """Orthonormal columns (t, r) that span the curves (c, t), all but negligible parts."""
    some = curves[:: max(1, len(curves) // MOST_EXAMPLES)]
    sizes = np.linalg.norm(some, axis=1).clip(np.finfo(np.float32).tiny)
    _, strengths, rows = np.linalg.svd(some / sizes[:, None], full_matrices=False)
    return rows[:MOST_COMPONENTS][strengths[:MOST_COMPONENTS] > NEGLIGIBLE * strengths[0]].T


def _inverse_factors(gram, noise):
    """Inverse Cholesky factors (c, k, k) of matrices gram + noise (k, k, c), and the products of their diagonals."""
    count = len(gram)
    factor, inverse = np.zeros((2, *gram.shape))
    size = np.ones(gram.shape[2])
    for row in range(count):
        for column in range(row):
            rest = gram[row, column] - (factor[row, :column] * factor[column, :column]).sum(axis=0)
            factor[row, column] = rest / factor[column, column]
        rest = gram[row, row] - (factor[row, :row] ** 2).sum(axis=0)
        factor[row, row] = np.sqrt(np.maximum(rest, 0) + noise)
        size *= factor[row, row]
        inverse[row, row] = 1 / factor[row, row]
        for column in range(row):
            inverse[row, column] = -(factor[row, :row] * inverse[:row, column]).sum(axis=0) / factor[row, row]
    return inverse.transpose(2, 0, 1).astype(np.float32), size
