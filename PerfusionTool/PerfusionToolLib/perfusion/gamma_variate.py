"""The gamma-variate function and its fit to the first pass of a bolus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, least_squares
from scipy.special import lambertw

from .errors import PerfusionError

ONSETS = 25
SHAPES = np.linspace(1.2, 8.0, 18)
END_OF_FIRST_PASS = 0.4
FITTED_SHAPES = (0.3, 40.0)
DRAWN_SHAPES = (0.2, 60.0)


@dataclass(frozen=True)
class GammaVariate:
    """C(t) = height · (s·e^(1−s))^shape with s = (t − onset)/rise, 0 before the onset.

    This is A·(t − t0)^α·e^(−(t − t0)/β) written by its peak: α = shape, β = rise/shape.

    Parameters
    ----------
    onset : float
        Time t0 at which the curve leaves zero, s.
    rise : float
        Time from onset to peak, s.
    shape : float
        Exponent α; larger is more symmetric.
    height : float
        Value at the peak, in the unit of the curve.
    error : float
        Root mean square of the residuals over the first pass, as a part of the height.
    """

    onset: float
    rise: float
    shape: float
    height: float
    error: float = float("nan")

    @classmethod
    def from_bolus(cls, arrival: float, peak_time: float, width: float, height: float) -> GammaVariate:
        """The curve of a bolus as one would describe it by eye, such as a fit corrected by hand.

        Parameters
        ----------
        arrival : float
            Time at which the curve leaves zero, s.
        peak_time : float
            Time of the peak, s.
        width : float
            Full width at half the peak, s; see Notes.
        height : float
            Value at the peak, in the unit of the curve.

        Returns
        -------
        GammaVariate
            Its `onset`, `peak_time`, `width` and `height` are those given.

        Raises
        ------
        PerfusionError
            If the peak is not after the arrival or not above 0, or there is no such width.

        Notes
        -----
        The width over the time from arrival to peak sets the exponent α. It lies between 0.30 (α = 60, nearly
        symmetric) and 6.3 (α = 0.2, a long tail).
        """
        _check_bolus(arrival, peak_time, width, height)
        rise = peak_time - arrival
        narrowest, widest = (rise * _relative_width(shape) for shape in reversed(DRAWN_SHAPES))
        if not narrowest <= width <= widest:
            raise PerfusionError(
                f"A bolus that takes {rise:.3g} s from arrival to peak cannot be {width:.3g} s wide at half its peak; "
                f"choose {narrowest:.3g} to {widest:.3g} s."
            )
        logarithm = brentq(lambda value: _relative_width(np.exp(value)) - width / rise, *np.log(DRAWN_SHAPES))
        return cls(float(arrival), float(rise), float(np.exp(logarithm)), float(height))

    @property
    def peak_time(self) -> float:
        """Time of the peak in s."""
        return self.onset + self.rise

    @property
    def width(self) -> float:
        """Full width at half the peak in s."""
        return self.rise * _relative_width(self.shape)

    def __call__(self, times: np.ndarray) -> np.ndarray:
        """Values at times in s, ndarray of the shape of `times`."""
        return self.height * _unit_curve(np.asarray(times, float), self.onset, self.rise, self.shape)


def _unit_curve(times, onset, rise, shape):
    position = np.maximum((times - onset) / rise, 0)
    with np.errstate(divide="ignore"):
        return np.exp(shape * (np.log(position) + 1 - position))


def _relative_width(shape):
    """Full width at half the peak over the time from onset to peak: where s·e^(1−s) = 2^(−1/shape)."""
    level = -np.exp(-np.log(2) / shape - 1)
    return float(lambertw(level, 0).real - lambertw(level, -1).real)


def _check_bolus(arrival, peak_time, width, height):
    for name, value in {"arrival": arrival, "time to peak": peak_time, "width": width, "peak": height}.items():
        if not np.isfinite(value):
            raise PerfusionError(f"The {name} of the bolus is {value}; give a number.")
    if not peak_time > arrival:
        raise PerfusionError(f"The bolus peaks at {peak_time:g} s but arrives at {arrival:g} s; let it peak later.")
    if not height > 0:
        raise PerfusionError(f"The peak of the bolus is {height:g}; it must be above 0.")


def first_pass(curve: np.ndarray) -> slice:
    """Frames of a curve's first pass: from the start until it has fallen to 40 % of its peak, before recirculation.

    Parameters
    ----------
    curve : ndarray of shape (t,)

    Returns
    -------
    slice
    """
    peak = int(np.argmax(curve))
    fallen = np.flatnonzero(curve[peak:] < END_OF_FIRST_PASS * curve[peak])
    end = peak + int(fallen[0]) + 1 if fallen.size else curve.size
    return slice(0, max(end, min(peak + 3, curve.size)))


def fit_gamma_variate(curve: np.ndarray, times: np.ndarray) -> GammaVariate:
    """Fit a gamma-variate function to the first pass of a bolus curve by least squares.

    The best of a grid of onsets and shapes starts a bounded Gauss–Newton search, so no guess is needed.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Concentration with its baseline at 0.
    times : ndarray of shape (t,)
        Frame times in s, regular or not.

    Returns
    -------
    GammaVariate

    Raises
    ------
    PerfusionError
        If the curve is nowhere positive.

    References
    ----------
    .. [1] M. T. Madsen, A simplified formulation of the gamma variate function, Phys. Med. Biol. 37 (1992) 1597.
           doi:10.1088/0031-9155/37/7/010
    """
    curve = np.asarray(curve, float)
    if not np.isfinite(curve).all() or curve.max() <= 0:
        raise PerfusionError(
            "A gamma-variate function needs a finite curve with a peak above 0; choose another region."
        )
    part = first_pass(curve)
    values, times = curve[part], np.asarray(times, float)[part]
    scale = values.max()
    interval = float(np.median(np.diff(times)))
    start = _best_of_grid(values / scale, times, interval)
    lower = [times[0] - 20 * interval, 0.2 * interval, FITTED_SHAPES[0], 0.0]
    upper = [times[int(np.argmax(values))] + interval, times[-1] - times[0] + 20 * interval, FITTED_SHAPES[1], 10.0]

    def residuals(parameters):
        onset, rise, shape, height = parameters
        return height * _unit_curve(times, onset, rise, shape) - values / scale

    def jacobian(parameters):
        onset, rise, shape, height = parameters
        unit = _unit_curve(times, onset, rise, shape)
        position = np.maximum((times - onset) / rise, 1e-9)
        by_position = height * unit * shape * (1 / position - 1)
        by_shape = height * unit * (np.log(position) + 1 - position)
        return np.stack([-by_position / rise, -by_position * position / rise, by_shape, unit], 1)

    found = least_squares(residuals, np.clip(start, lower, upper), jacobian, bounds=(lower, upper), max_nfev=60)
    onset, rise, shape, height = (float(value) for value in found.x)
    error = float(np.sqrt(np.mean(found.fun**2)) / max(height, 1e-12))
    return GammaVariate(onset, rise, shape, height * float(scale), error)


def _best_of_grid(values, times, interval):
    peak = int(np.argmax(values))
    earliest = times[0] - 0.2 * (times[peak] - times[0]) - interval
    onsets = np.linspace(earliest, times[peak], ONSETS, endpoint=False)
    onset, shape = (grid.ravel() for grid in np.meshgrid(onsets, SHAPES))
    rise = times[peak] - onset
    curves = _unit_curve(times[None], onset[:, None], rise[:, None], shape[:, None])
    heights = (curves @ values) / (curves**2).sum(1)
    misfit = ((heights[:, None] * curves - values) ** 2).sum(1)
    best = int(np.argmin(misfit))
    return [onset[best], rise[best], shape[best], heights[best]]
