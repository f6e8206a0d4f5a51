"""A regular time grid for estimators that need one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

JITTER = 0.02
"""Frames nearer than this part of the interval to regular times count as regular."""

FINEST = 3
"""The grid has at most this many times as many samples as there are frames."""


@dataclass(frozen=True)
class Sampling:
    """A regular grid over the frame times and the way to it and back; both ways are linear.

    Parameters
    ----------
    grid : ndarray of shape (g,)
        Regular times in s, from the first frame to the last.
    to_grid : ndarray of shape (g, t)
        From a curve at the frame times to the grid.
    to_frames : ndarray of shape (t, g)
        From the grid to the frame times.
    is_resampled : bool
        Whether the frame times were irregular, so that curves are interpolated.
    """

    grid: np.ndarray
    to_grid: np.ndarray
    to_frames: np.ndarray
    is_resampled: bool

    @property
    def step(self) -> float:
        """Interval of the grid in s."""
        return float(self.grid[1] - self.grid[0])

    @property
    def lags(self) -> np.ndarray:
        """Times since the first grid point in s, ndarray of shape (g,)."""
        return self.grid - self.grid[0]


def regular_sampling(times: np.ndarray) -> Sampling:
    """The regular grid that suits some frame times.

    Parameters
    ----------
    times : ndarray of shape (t,)
        Frame times in s, strictly increasing.

    Returns
    -------
    Sampling
        The frames themselves if they are regular; otherwise a grid about as fine as the densest tenth of the frames,
        reached by cubic splines.
    """
    grid = np.linspace(times[0], times[-1], times.size)
    if np.abs(times - grid).max() < JITTER * (grid[1] - grid[0]):
        return Sampling(grid, np.eye(times.size), np.eye(times.size), False)
    span = times[-1] - times[0]
    step = max(np.quantile(np.diff(times), 0.1), span / (FINEST * times.size))
    grid = np.linspace(times[0], times[-1], round(span / step) + 1)
    to_grid = resampling_matrix(times, grid)
    return Sampling(grid, to_grid, resampling_matrix(grid, times), True)


def resampling_matrix(at: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Cubic-spline interpolation as a matrix.

    Parameters
    ----------
    at : ndarray of shape (t,)
        Where values are known, strictly increasing.
    to : ndarray of shape (g,)
        Where they are wanted.

    Returns
    -------
    ndarray of shape (g, t)
    """
    return CubicSpline(at, np.eye(at.size))(to)
