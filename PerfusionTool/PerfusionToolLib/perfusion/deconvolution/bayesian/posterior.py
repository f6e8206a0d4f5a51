"""Posterior means over the grid, coarse to fine.

A few cells over all delays say which delays are possible at all and how much noise there is. Then every cell of a
window of delays is weighed; curves that share a window and a level of noise are read together, by matrix products.
A curve costs some 10 ns a cell. It has 600 cells in the first grid, and then 1300 to 1900 with the noise of usual
scans, 2900 with little noise, and 4600 where any delay is possible; all of them are proportional to the number of
shapes, 160. The time grows in proportion to cells and curves, the memory with the cells of all windows that occur.
Making the cells of a window takes as long as reading 500 curves: fewer curves share windows of the whole range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .atoms import IntegratedAtoms, SummedAtoms
from .cells import QUANTITIES, Cells, Grid, Reader
from .prior import Prior

DELAY_STEP = 0.5
"""Interval of the delays in s; half as fine where any delay is possible."""

COARSER = 2
"""The first grid has every so many of the mean transit times, spreads and delays."""

WINDOWS = ((1, 10, 3), (1, 18, 6), (COARSER, 8, 2), (COARSER, 12, 3))
"""Every so many of the delays, how many of them, and how many between the starts of one window and the next."""

LITTLE_NOISE = 3e-4
"""Up to this variance of the noise in curves of unit size, every delay counts."""

COST_OF_CELL = 500
"""Making a cell takes as long as reading it in so many curves."""

FIRST_NOISE = 1e-4
NOISE_RATIO = 4.0
"""The noise's variance in curves of unit size: what the first grid takes it for, and between one level and the next."""

POSSIBLE = 1e-3
"""Delays that are less likely than this part of the most likely are out of the window."""

BATCH = 32


class Posterior:
    """All curves of one arterial input, weighed by their probabilities.

    Parameters
    ----------
    atoms : IntegratedAtoms or SummedAtoms
    prior : Prior
    tmax : ndarray of shape (4, s)
        Of the kernels; see `Kernels`.
    delays : ndarray of shape (d,)
        Every `DELAY_STEP`, three at least.
    whiten : callable
        From curves (…, t) to the metric in which their noise is white.
    """

    def __init__(
        self, atoms: IntegratedAtoms | SummedAtoms, prior: Prior, tmax: np.ndarray, delays: np.ndarray, whiten: Callable
    ):
        self._atoms, self._prior, self._tmax, self._whiten = atoms, prior, tmax, whiten
        self.delays = delays
        self._all = np.arange(np.prod(prior.shape))
        self._cells, self._readers = {}, {}
        of_mtt, of_spread, of_dispersion = np.unravel_index(self._all, prior.shape)
        is_taken = of_dispersion <= 1
        for number, count in ((of_mtt, prior.shape[0]), (of_spread, prior.shape[1])):
            is_taken &= number % COARSER == min(1, count - 1)
        coarse = Grid(self._all[is_taken], delays[::COARSER], COARSER)
        self._first = Reader(self._new_cells(coarse), FIRST_NOISE)

    def moments(self, unit: np.ndarray, freedom: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Posterior means and variances of curves.

        Parameters
        ----------
        unit : ndarray of shape (n, t), float32
            Whitened, of unit size.
        freedom : float
            Independent samples less one.

        Returns
        -------
        means, variances : ndarray of shape (5, n)
            Of `QUANTITIES`.
        left : ndarray of shape (n,)
            Part of the squares that the best cell leaves.
        """
        means, variances = np.empty((2, len(QUANTITIES), len(unit)))
        left = np.empty(len(unit))
        for rows, components, reader in self.batches(unit, freedom):
            means[:, rows], variances[:, rows], left[rows] = reader.moments(components, freedom)
        return means, variances, left

    def batches(self, unit: np.ndarray, freedom: float) -> Iterator[tuple[np.ndarray, np.ndarray, Reader]]:
        """Curves that can be read together.

        Parameters
        ----------
        unit : ndarray of shape (n, t), float32
        freedom : float

        Yields
        ------
        rows : ndarray of int, shape (v,)
            Which of the curves.
        components : ndarray of shape (v, r)
            Theirs, in the basis of the cells.
        reader : Reader
            For them.
        """
        if not len(unit):
            return
        first, last, noise = self._search(unit, freedom)
        has_little_noise = noise < LITTLE_NOISE
        ways = [self._windows(first, last, has_little_noise), self._whole_range(has_little_noise)]
        window = min(ways, key=self._cost)
        level = np.rint(np.log(noise) / np.log(NOISE_RATIO)).astype(int)
        keys, which = np.unique(np.stack([*window, level]), axis=1, return_inverse=True)
        order = np.argsort(which.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(which.ravel()))
        for key, group in zip(keys.T.tolist(), np.split(order, ends[:-1]), strict=True):
            reader = self._reader(*key)
            components = unit[group] @ reader.cells.basis
            for start in range(0, group.size, BATCH):
                yield group[start : start + BATCH], components[start : start + BATCH], reader

    def _search(self, unit, freedom):
        """First and last delay that are possible, and the variance of the noise, (n,) each."""
        count = self._first.cells.grid.delays.size
        first, last = np.empty((2, len(unit)), int)
        noise = np.empty(len(unit))
        for start in range(0, len(unit), 4 * BATCH):
            part = slice(start, start + 4 * BATCH)
            likely, _, left = self._first.probabilities(unit[part] @ self._first.cells.basis, freedom)
            mass = likely.reshape(len(likely), -1, count).sum(axis=1)
            is_possible = mass > POSSIBLE * mass.max(axis=1)[:, None]
            first[part] = is_possible.argmax(axis=1)
            last[part] = count - 1 - is_possible[:, ::-1].argmax(axis=1)
            noise[part] = left / freedom / np.maximum(1 - left, 0.1)
        # One delay more at either end, for those between.
        return (COARSER * first - 1).clip(0), COARSER * last + 1, noise

    def _windows(self, first, last, has_little_noise):
        """The shortest window, kind and number (2, n), that holds the delays from first to last."""
        window = np.stack([np.full(first.size, len(WINDOWS)), np.zeros(first.size, int)])
        for kind in reversed(range(len(WINDOWS))):
            every, count, stride = WINDOWS[kind]
            # The last window has two delays at least.
            number = np.minimum(first, self.delays.size - 1 - every) // (every * stride)
            holds = every * (number * stride + count - 1) >= last
            if kind > 0 and every == 1:
                holds &= has_little_noise
            window[:, holds] = np.stack([np.full(first.size, kind), number])[:, holds]
        return window

    def _whole_range(self, has_little_noise):
        return np.stack([len(WINDOWS) + has_little_noise, np.zeros(has_little_noise.size, int)])

    def _cost(self, window):
        kinds, counts = np.unique(window, axis=1, return_counts=True)
        cells = np.array([self._window_delays(kind, number).size for kind, number in kinds.T])
        return (cells * (COST_OF_CELL + counts)).sum()

    def _reader(self, kind, number, level):
        key = kind, number, level
        if key not in self._readers:
            if key[:2] not in self._cells:
                self._cells[key[:2]] = self._new_cells(Grid(self._all, self._window_delays(kind, number)))
            self._readers[key] = Reader(self._cells[key[:2]], NOISE_RATIO**level)
        return self._readers[key]

    def _window_delays(self, kind, number):
        if kind >= len(WINDOWS):
            return self.delays[:: COARSER if kind == len(WINDOWS) else 1]
        every, count, stride = WINDOWS[kind]
        return self.delays[every * number * stride :: every][:count]

    def _new_cells(self, grid):
        return Cells(grid, self._prior, self._whiten(self._atoms.curves(grid.rows, grid.delays)), self._tmax)
