"""What an estimator is given: the arterial input, its times and how to convolve; checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import PerfusionError
from ..series import FEWEST_FRAMES, checked_times
from ..settings import QUADRATURES
from ..words import counted
from .convolution import time_weights
from .sampling import Sampling, regular_sampling


@dataclass(frozen=True)
class Problem:
    """One arterial input, and what holds for every curve that is deconvolved with it.

    Parameters
    ----------
    arterial_input : ndarray of shape (t,)
        Concentration in the artery.
    times : ndarray of shape (t,)
        Frame times in s, strictly increasing; regular or not.
    quadrature : {"auto", "simpson", "rectangle", "trapezoid", "linear"}
        Rule of the convolution integral; see `convolution`. With "auto" an estimator takes the rule that suits it.
    longest_tmax : float
        The peak of the residue function is searched up to this lag in s, and among three lags at least.
    examples : ndarray of shape (m, t), optional
        Some of the curves that will be deconvolved, for what an estimator learns from many at once, such as the noise.
    """

    arterial_input: np.ndarray
    times: np.ndarray
    quadrature: str
    longest_tmax: float
    examples: np.ndarray | None = None

    @property
    def sum_rule(self) -> str:
        """The quadrature of estimators that convolve by sums over frames."""
        return "simpson" if self.quadrature == "auto" else self.quadrature

    @cached_property
    def sampling(self) -> Sampling:
        """The regular grid for estimators that need one."""
        return regular_sampling(self.times)

    @cached_property
    def regular_input(self) -> np.ndarray:
        """The arterial input on that grid, ndarray of shape (g,)."""
        return self.sampling.to_grid @ self.arterial_input


def checked_problem(arterial_input, times, quadrature, longest_tmax) -> Problem:
    """A `Problem` from raw input.

    Parameters
    ----------
    arterial_input, times : array_like of shape (t,)
        Arterial concentration and frame times in s.
    quadrature : str
        One of `settings.QUADRATURES`.
    longest_tmax : float
        In s.

    Returns
    -------
    Problem

    Raises
    ------
    PerfusionError
        If one of them cannot be used.
    """
    arterial_input = _checked_arterial_input(arterial_input)
    times = checked_times(times, arterial_input.size)
    area = time_weights(times) @ arterial_input
    if area <= 0:
        raise PerfusionError(f"The area under the arterial input is {area:.3g}; it must be above 0: choose another.")
    if quadrature not in QUADRATURES:
        raise PerfusionError(f"Unknown quadrature {quadrature!r}; choose {', '.join(QUADRATURES)}.")
    positive_number(longest_tmax, "longest Tmax")
    return Problem(arterial_input, times, quadrature, float(longest_tmax))


def checked_tissue(tissue, frames) -> np.ndarray:
    """Tissue curves as floating-point rows.

    Parameters
    ----------
    tissue : array_like of shape (n, t)
        Concentration curves of voxels, one a row.
    frames : int
        Number of frame times t.

    Returns
    -------
    ndarray of shape (n, t)
        float64 if the curves are, else float32; not copied where they already fit.

    Raises
    ------
    PerfusionError
        If they are not real numbers of that shape.
    """
    tissue = np.asarray(tissue)
    if tissue.ndim != 2 or tissue.shape[1] != frames:
        raise PerfusionError(
            f"The tissue curves have the shape {tissue.shape}; give one row of {frames} frames per voxel."
        )
    if tissue.dtype.kind not in "iuf":
        raise PerfusionError(f"The tissue curves are of type {tissue.dtype}; give real numbers.")
    return tissue.astype(np.float64 if tissue.dtype == np.float64 else np.float32, copy=False)


def positive_number(value, name):
    """Refuse a value that is not a positive, finite number.

    Parameters
    ----------
    value : object
        What a person gave.
    name : str
        What it is, for the message.

    Raises
    ------
    PerfusionError
        If it is not such a number.
    """
    if not isinstance(value, (int, float, np.number)) or not 0 < value < np.inf:
        raise PerfusionError(f"The {name} is {value!r}; it must be a number above 0.")


def part_of_one(value, name):
    """Refuse a value that is not a number between 0 and 1.

    Parameters
    ----------
    value : object
        What a person gave.
    name : str
        What it is, for the message.

    Raises
    ------
    PerfusionError
        If it is not such a number.
    """
    if not isinstance(value, (int, float, np.number)) or not 0 < value < 1:
        raise PerfusionError(f"The {name} is {value!r}; it must be a number between 0 and 1.")


def _checked_arterial_input(arterial_input):
    try:
        curve = np.asarray(arterial_input, float)
    except (TypeError, ValueError) as error:
        raise PerfusionError(
            f"The values of the arterial input are not numbers ({error}); give one per frame."
        ) from error
    if curve.ndim != 1:
        raise PerfusionError(f"The arterial input has the shape {curve.shape}; give one value per frame.")
    if curve.size < FEWEST_FRAMES:
        raise PerfusionError(
            f"The arterial input has {counted(curve.size, 'frame')}; deconvolution needs at least {FEWEST_FRAMES}."
        )
    if not np.isfinite(curve).all():
        count = np.count_nonzero(~np.isfinite(curve))
        raise PerfusionError(f"The arterial input is not finite in {counted(count, 'frame')}; choose another.")
    if curve.max() == curve.min():
        raise PerfusionError(f"The arterial input is {curve[0]:g} in every frame; choose one that holds a bolus.")
    return curve
