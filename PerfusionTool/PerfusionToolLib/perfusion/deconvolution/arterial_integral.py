"""The area under the arterial input so far: the tissue curve of a residue function that stays 1."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from .convolution import causal_matrix
from .problem import Problem


class ArterialIntegral:
    """The arterial input and its integral at any time: nothing before the first frame, constant after the last.

    Both are cubic splines through samples. With the quadrature "auto" the integral is that of the spline, exactly and
    at the true frame times; with a declared quadrature it is what that rule makes of it at regular times.

    Parameters
    ----------
    problem : Problem
        Arterial input, times and quadrature.
    """

    def __init__(self, problem: Problem):
        self._input = CubicSpline(problem.times, problem.arterial_input)
        self._integral = self._input.antiderivative()
        if problem.quadrature != "auto":
            sampling = problem.sampling
            matrix = causal_matrix(problem.regular_input, sampling.step, problem.sum_rule)
            self._integral = CubicSpline(sampling.grid, matrix.sum(axis=1))
        self._slope = self._integral.derivative()
        self._first, self._last = problem.times[[0, -1]]

    def input(self, times: np.ndarray) -> np.ndarray:
        """The arterial input at some times in s, an array of their shape."""
        return np.where(times < self._first, 0, self._input(self._inside(times)))

    def integral(self, times: np.ndarray) -> np.ndarray:
        """The area under the arterial input until some times in s, an array of their shape."""
        return self._integral(self._inside(times)) + self._slope(self._last) * (times - self._last).clip(0)

    def slope(self, times: np.ndarray) -> np.ndarray:
        """The slope of that area: the arterial input, where no sum stands for the integral."""
        return np.where(times < self._first, 0, self._slope(self._inside(times)))

    def _inside(self, times):
        return times.clip(self._first, self._last)


def unit_rows(curves: np.ndarray) -> np.ndarray:
    """Curves scaled to a norm of 1; those that are 0 stay 0.

    Parameters
    ----------
    curves : ndarray of shape (n, t)

    Returns
    -------
    ndarray of shape (n, t)
    """
    norm = np.linalg.norm(curves, axis=1, keepdims=True)
    return np.divide(curves, norm, out=np.zeros_like(curves), where=norm > 0)
