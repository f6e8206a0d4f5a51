"""A convolution taken apart into modes: its singular value decomposition, between frames and lags."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .convolution import causal_matrix, circular_kernel, lag_weights
from .problem import Problem
from .sampling import resampling_matrix

EARLIEST_PEAK = -3.0
"""Delay-insensitive methods look for the peak from this lag on, in s: tissue may fill before the chosen artery does."""

FINER = 2
"""The residue function is searched at this many lags per grid step."""

FEWEST_LAGS = 3
"""At least this many lags are searched, for the parabola through a peak and its neighbours."""


@dataclass(frozen=True)
class Modes:
    """Modes of the convolution with one arterial input, strongest first.

    A curve c has the coefficients ``read @ c``; coefficient over singular value is the mode's part in k.

    Parameters
    ----------
    singular_values : ndarray of shape (m,)
        Gains of the convolution in s, decreasing.
    read : ndarray of shape (m, t)
        From a curve at the frame times to the coefficients.
    write : ndarray of shape (t, m)
        From coefficients back to the curve at the frame times.
    lags : ndarray of shape (g,)
        Regular lags in s, from 0.
    residue : ndarray of shape (l, m)
        The modes of k at all lags of the decomposition, the first g of which are `lags`.
    search_lags : ndarray of shape (p,)
        Lags in s among which the peak is searched, p ≥ 3.
    search : ndarray of shape (p, m)
        The modes of k at those lags.
    area : ndarray of shape (m,)
        Integrals of the modes of k, in s.
    frequencies : ndarray of shape (m,), optional
        Angular frequencies of the modes in 1/s, where they are waves.
    """

    singular_values: np.ndarray
    read: np.ndarray
    write: np.ndarray
    lags: np.ndarray
    residue: np.ndarray
    search_lags: np.ndarray
    search: np.ndarray
    area: np.ndarray
    frequencies: np.ndarray | None = None


def causal_modes(problem: Problem, samples: np.ndarray) -> Modes:
    """Modes of the lower-triangular convolution matrix.

    Parameters
    ----------
    problem : Problem
        Times and quadrature.
    samples : ndarray of shape (g,)
        Arterial input on the problem's regular grid, as it is or delayed.

    Returns
    -------
    Modes
        Between lags, k is interpolated by a cubic spline when its peak is searched.
    """
    sampling = problem.sampling
    matrix = causal_matrix(samples, sampling.step, problem.sum_rule)
    left, singular_values, right = np.linalg.svd(matrix)
    search_lags = _search_lags(0.0, problem)
    return Modes(
        singular_values=singular_values,
        read=left.T @ sampling.to_grid,
        write=sampling.to_frames @ left,
        lags=sampling.lags,
        residue=right.T,
        search_lags=search_lags,
        search=_between_lags(sampling.grid.size, search_lags.size) @ right.T,
        area=right @ lag_weights(sampling.grid.size, sampling.step, problem.sum_rule),
    )


def circular_modes(problem: Problem) -> Modes:
    """Modes of the block-circulant convolution matrix, from one Fourier transform.

    The curves are padded with zeros to twice their length, so that a peak before the artery's wraps to the end of the
    circle, which no measured part reaches. A circulant matrix turns a wave into the same wave, longer or shorter and
    shifted in phase: gain and phase of the kernel's spectrum are its singular values and vectors.

    Parameters
    ----------
    problem : Problem
        Arterial input, times and quadrature.

    Returns
    -------
    Modes
        Waves, exact at every lag, on the grid or between.
    """
    sampling = problem.sampling
    count = sampling.grid.size
    length = 2 * count
    spectrum = np.fft.rfft(circular_kernel(problem.regular_input, sampling.step, problem.sum_rule, length))
    wave = np.append(np.arange(count + 1), np.arange(1, count))
    quarter = np.append(np.zeros(count + 1), np.full(count - 1, np.pi / 2))
    order = np.argsort(-np.abs(spectrum[wave]), kind="stable")
    wave, quarter = wave[order], quarter[order]
    scale = np.where((wave == 0) | (wave == count), 1.0, np.sqrt(2)) / np.sqrt(length)

    def waves(positions, phase):
        return scale * np.cos(2 * np.pi / length * np.multiply.outer(positions, wave) + phase - quarter)

    curves = waves(np.arange(count), np.angle(spectrum[wave]))
    search_lags = _search_lags(EARLIEST_PEAK, problem)
    integrated = np.arange(np.ceil(EARLIEST_PEAK / sampling.step), count)
    return Modes(
        singular_values=np.abs(spectrum[wave]),
        read=curves.T @ sampling.to_grid,
        write=sampling.to_frames @ curves,
        lags=sampling.lags,
        residue=waves(np.arange(length), 0),
        search_lags=search_lags,
        search=waves(search_lags / sampling.step, 0),
        area=sampling.step * waves(integrated, 0).sum(axis=0),
        frequencies=2 * np.pi * wave / (length * sampling.step),
    )


@lru_cache(maxsize=16)
def _between_lags(count, searched):
    """From so many regular lags to so many of the finer ones, (searched, count): needed for every delay of dSVD."""
    return resampling_matrix(np.arange(count), np.arange(searched) / FINER)


def _search_lags(earliest, problem):
    step = problem.sampling.step / FINER
    first = np.ceil(earliest / step)
    latest = min(problem.longest_tmax, problem.sampling.lags[-1])
    count = max(np.floor(latest / step + 1e-6) - first + 1, FEWEST_LAGS)
    return step * (first + np.arange(count))
