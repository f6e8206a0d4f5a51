"""Curves with known truth: arterial inputs, gamma-distributed transit times, dispersion, delay and noise.

The six sets are those of Zeng et al. 2025, as far as the paper says how they were made; `VARIANTS` and `SIX_SETS` say
what was assumed beyond it.

References
----------
Zeng et al. A deep learning approach for quantifying CT perfusion parameters in stroke. Biomed Phys Eng Express 11
(2025) 035015. doi:10.1088/2057-1976/adc8fd
Parker et al. Experimentally-derived functional form for a population-averaged high-temporal-resolution arterial input
function for dynamic contrast-enhanced MRI. Magn Reson Med 56 (2006) 993-1000. doi:10.1002/mrm.21066
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import fftconvolve
from scipy.special import gammainc

DENSITY, HEMATOCRIT_FACTOR = 1.05, 0.73
FINE = 0.1
"""Interval in s at which curves are convolved before they are sampled; the error falls with its square."""

CBV = 4.0
TRANSIT_TIMES = (3.43, 24.0)
DELAYS = (0.0, 25.0)
DURATION = 80.0
SCALES = (0.7, 1.3)


@dataclass(frozen=True)
class Variant:
    """A reading of what the paper leaves open.

    Parameters
    ----------
    compression : float
        What the time axes of the arterial inputs are multiplied by, besides their random scales.
    of_peak : bool
        Whether the signal of the signal-to-noise ratio is the peak of the curve instead of its root mean square.
    """

    compression: float = 1.0
    of_peak: bool = False


VARIANTS = {
    "as written": Variant(),
    "compressed": Variant(compression=0.6),
    "as written, SNR of the peak": Variant(of_peak=True),
}


def gamma_input(times: np.ndarray) -> np.ndarray:
    """The gamma-variate arterial input t³·exp(−t/1.5 s).

    Parameters
    ----------
    times : ndarray
        In s; it is 0 before 0.

    Returns
    -------
    ndarray
        In an arbitrary unit.
    """
    since = np.clip(times, 0, None)
    return since**3 * np.exp(-since / 1.5)


def parker_input(times: np.ndarray) -> np.ndarray:
    """The arterial input of Parker et al., with its second pass and its tail.

    Parameters
    ----------
    times : ndarray
        In s; it is 0 before 0.

    Returns
    -------
    ndarray
        In mmol/l.
    """
    minutes = np.clip(times, 0, None) / 60
    passes = (
        area / (width * np.sqrt(2 * np.pi)) * np.exp(-((minutes - centre) ** 2) / (2 * width**2))
        for area, centre, width in ((0.809, 0.17046, 0.0563), (0.330, 0.365, 0.132))
    )
    tail = 1.050 * np.exp(-0.1685 * minutes) / (1 + np.exp(-38.078 * (minutes - 0.483)))
    return np.where(times < 0, 0, sum(passes) + tail)


ARTERIAL_INPUTS = {"gamma": gamma_input, "Parker": parker_input}


def gamma_residue_integral(lags: np.ndarray, mtt: np.ndarray, shape: float) -> np.ndarray:
    """∫ R from 0 to a lag, R being the residue function of gamma-distributed transit times.

    Parameters
    ----------
    lags : ndarray of shape (g,)
        In s, from 0.
    mtt : ndarray of shape (n,)
        Mean transit times in s.
    shape : float
        Of the gamma distribution: 1 is an exponential, and a large one nearly a box.

    Returns
    -------
    ndarray of shape (n, g)
        In s.
    """
    scaled = lags / mtt[:, None]
    if shape == 1:
        return -mtt[:, None] * np.expm1(-scaled)
    left = 1 - gammainc(shape, shape * scaled)
    return lags * left + mtt[:, None] * gammainc(shape + 1, shape * scaled)


def box_residue_integral(lags: np.ndarray, mtt: np.ndarray) -> np.ndarray:
    """∫ R from 0 to a lag, all transit times being the same; parameters as in `gamma_residue_integral`."""
    return np.minimum(lags, mtt[:, None])


def linear_residue_integral(lags: np.ndarray, mtt: np.ndarray) -> np.ndarray:
    """∫ R from 0 to a lag, R falling straight to 0 at 2·MTT; parameters as in `gamma_residue_integral`."""
    inside = np.minimum(lags, 2 * mtt[:, None])
    return inside - inside**2 / (4 * mtt[:, None])


def tissue_curves(
    arterial_input: Callable[[np.ndarray], np.ndarray],
    times: np.ndarray,
    residue_integral: Callable[[np.ndarray], np.ndarray],
    cbf: np.ndarray,
    delay: np.ndarray,
    dispersion: float = 0.0,
    *,
    step: float = FINE,
) -> tuple[np.ndarray, np.ndarray]:
    """Noise-free tissue curves (ρ/k_H)·CBF·(C_a(t − δ) ⊗ VTF ⊗ R), and the arterial input as it arrives there.

    The kernel is integrated over cells of a fine grid and multiplied with the arterial input in their middles.

    Parameters
    ----------
    arterial_input : callable
        Concentration of times in s; 0 before 0.
    times : ndarray of shape (t,)
        Frame times in s.
    residue_integral : callable
        From lags (g,) in s to ∫ R of every curve, (n, g) or (1, g) in s.
    cbf : ndarray of shape (n,)
        In ml/100 g/min.
    delay : ndarray of shape (n,)
        In s.
    dispersion : float
        Mean T_A in s of the exponential transport function exp(−t/T_A)/T_A between artery and tissue; 0: none.
    step : float
        Interval of the fine grid in s.

    Returns
    -------
    tissue, local_input : ndarray of shape (n, t)
        In the unit of the arterial input.
    """
    grid = np.arange(round(times[-1] / step) + 2) * step
    middles = grid[:-1] + step / 2
    arriving, arriving_between = arterial_input(grid), arterial_input(middles)
    if dispersion > 0:
        transported = np.diff(-np.exp(-grid / dispersion))
        arriving, arriving_between = (
            np.append(0, fftconvolve(arriving_between, transported)[: middles.size]),
            fftconvolve(arriving, transported)[: middles.size],
        )
    cells = np.diff(residue_integral(grid), axis=1)
    convolved = fftconvolve(arriving_between[None], cells, axes=1)[:, : middles.size]
    convolved = np.pad(convolved, ((0, 0), (1, 0))) * (DENSITY / HEMATOCRIT_FACTOR / 6000)
    shifted = times - delay[:, None]
    tissue = cbf[:, None] * _read(grid, convolved, shifted)
    return tissue, _read(grid, arriving[None], shifted)


def _read(grid, curves, times):
    """Cubic interpolation of curve i, or of the only one, at the times of row i; 0 before the grid begins."""
    if len(curves) == 1:
        return np.where(times < 0, 0, CubicSpline(grid, curves[0])(times))
    spline = CubicSpline(grid, curves, axis=1)
    cell = np.clip((times / grid[1]).astype(int), 0, grid.size - 2)
    offset = times - grid[cell]
    rows = np.arange(len(curves))[:, None]
    values = sum(spline.c[power, cell, rows] * offset ** (3 - power) for power in range(4))
    return np.where(times < 0, 0, values)


def with_noise(curves: np.ndarray, decibels: float, rng: np.random.Generator, of_peak: bool = False) -> np.ndarray:
    """White noise of a signal-to-noise ratio of 20·log10(signal / SD of the noise).

    Parameters
    ----------
    curves : ndarray of shape (n, t)
    decibels : float
    rng : numpy.random.Generator
    of_peak : bool
        The signal is the peak of the curve instead of its root mean square.

    Returns
    -------
    ndarray of shape (n, t)
    """
    signal = curves.max(axis=1) if of_peak else np.sqrt(np.mean(curves**2, axis=1))
    return curves + signal[:, None] * 10 ** (-decibels / 20) * rng.standard_normal(curves.shape)


@dataclass(frozen=True)
class Level:
    """How the curves of one level of a set are made.

    Parameters
    ----------
    name : str
        The level's value, with its unit.
    decibels : float
        Signal-to-noise ratio of the tissue.
    delays : tuple of float
        Lowest and highest delay in s.
    dispersion : float
        Mean T_A of the transport function in s.
    interval : float
        Between frames, in s.
    inputs : tuple of str
        Of `ARTERIAL_INPUTS`, in turn.
    shape : float
        Of the distribution of transit times.
    """

    name: str
    decibels: float = 20.0
    delays: tuple[float, float] = DELAYS
    dispersion: float = 0.0
    interval: float = 1.0
    inputs: tuple[str, ...] = ("gamma", "Parker")
    shape: float = 1.0


SIX_SETS = {
    "noise": [Level(f"{value} dB", decibels=value) for value in (5, 7, 10, 15, 20, 25, 30)],
    "delay": [Level(f"{value} s", delays=(value, value)) for value in range(11)],
    "dispersion": [Level(f"{value} s", dispersion=value) for value in range(6)],
    "interval": [Level(f"{value} s", interval=value) for value in (1, 1.1, 1.3, 1.6, 2)],
    "arterial input": [Level(name, inputs=(name,)) for name in ("Parker", "gamma")],
    "transit": [Level(name, shape=value) for name, value in (("exponential", 1), ("box", 100))],
}
"""Table 1 of the paper, sets #1 to #6. CBV is 4 ml/100 g, MTT and delay are uniform, frames start at 0 and end before
80 s; both arterial inputs start at 0, and value and time axes are multiplied by uniform numbers from 0.7 to 1.3."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Curves of one arterial input, and their truth.

    Parameters
    ----------
    times : ndarray of shape (t,)
        In s.
    arterial_input : ndarray of shape (t,)
        Noise-free.
    tissue : ndarray of shape (n, t)
        With noise.
    cbf, mtt, delay : ndarray of shape (n,)
        In ml/100 g/min, s, s.
    local_input : ndarray of shape (n, t)
        Arterial input as it arrives in the tissue.
    """

    times: np.ndarray
    arterial_input: np.ndarray
    tissue: np.ndarray = field(repr=False)
    cbf: np.ndarray = field(repr=False)
    mtt: np.ndarray = field(repr=False)
    delay: np.ndarray = field(repr=False)
    local_input: np.ndarray = field(repr=False)


def simulate(level: Level, number: int, count: int, variant: Variant = VARIANTS["as written"], *, seed=0) -> Sample:
    """Curves of one arterial input of a level.

    Parameters
    ----------
    level : Level
    number : int
        Which arterial input of the level; the kinds of arterial input take turns.
    count : int
        Curves.
    variant : Variant
    seed : int or sequence of int
        The same seed and number give the same curves.

    Returns
    -------
    Sample
    """
    rng = np.random.default_rng([*np.atleast_1d(seed), number])
    shape = ARTERIAL_INPUTS[level.inputs[number % len(level.inputs)]]
    height, width = rng.uniform(*SCALES, size=2)
    mtt = rng.uniform(*TRANSIT_TIMES, size=count)
    delay = rng.uniform(*level.delays, size=count)
    times = np.arange(0, DURATION - 1e-9, level.interval)

    def arterial_input(at):
        return height * shape(at / (width * variant.compression))

    def residue_integral(lags):
        return gamma_residue_integral(lags, mtt, level.shape)

    cbf = 60 * CBV / mtt
    tissue, local_input = tissue_curves(arterial_input, times, residue_integral, cbf, delay, level.dispersion)
    tissue = with_noise(tissue, level.decibels, rng, variant.of_peak)
    return Sample(times, arterial_input(times), tissue, cbf, mtt, delay, local_input)


def set_sample(variant: str, name: str, level: Level, number: int, count: int, seed: int = 0) -> Sample:
    """Curves of one arterial input of a level of one of the six sets.

    Parameters
    ----------
    variant : str
        A key of `VARIANTS`.
    name : str
        A key of `SIX_SETS`.
    level : Level
        One of that set.
    number, count, seed : int
        As in `simulate`; every level of every set has curves of its own.

    Returns
    -------
    Sample
    """
    key = (seed, list(SIX_SETS).index(name), SIX_SETS[name].index(level))
    return simulate(level, number, count, VARIANTS[variant], seed=key)
