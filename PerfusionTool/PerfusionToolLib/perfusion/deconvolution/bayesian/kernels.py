"""Residue functions of gamma-distributed transit times on a fine grid of lags, and how they change with their shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft
from scipy.special import gammainc, gammaincc

from .prior import Prior

STEP = 0.125
"""Of the fine grid, in s."""

CELL = 0.35
"""Standard deviation of the place within a cell, over the width of the cell. 0.29 would be that of a uniform one; a
little more makes the sum of all cells flat."""

HIGH = 0.99
"""Where a kernel is above this part of its maximum, it counts as highest."""


@dataclass(frozen=True, eq=False)
class Kernels:
    """Kernels of unit height at 0 for every mean transit time and spread, and their changes over half a cell.

    Parameters
    ----------
    cells : ndarray of shape (3, m, a, g)
        Integrals over the cells of the fine grid: of the residue functions, and by how much they change with one
        standard deviation of ln MTT and of the spread within a cell.
    spectra : ndarray of shape (3, m, a, f)
        Their Fourier transforms, padded with zeros.
    tmax : ndarray of shape (4, m·a·d)
        Middle in s of the lags at which the dispersed kernels are highest, and its changes with ln MTT, spread and
        dispersion.
    """

    cells: np.ndarray
    spectra: np.ndarray
    tmax: np.ndarray


@lru_cache(maxsize=8)
def transit_kernels(prior: Prior, count: int) -> Kernels:
    """Kernels of all shapes of a prior.

    Parameters
    ----------
    prior : Prior
    count : int
        Cells of the fine grid.

    Returns
    -------
    Kernels
    """
    steps = [CELL * width for width in prior.widths]

    def integrated(of_mtt, of_spread):
        return np.diff(
            _residue_integrals(prior.mtt * np.exp(of_mtt * steps[0]), prior.spread + of_spread * steps[1], count)
        )

    middle = integrated(0, 0)
    sides = [[integrated(side, 0) for side in (-1, 1)], [integrated(0, side) for side in (-1, 1)]]
    cells = np.stack([middle] + [(above - below) / 2 for below, above in sides])
    sides = [[_middle_of_peak(cells, prior.dispersion) for cells in pair] for pair in sides]
    sides.append([_middle_of_peak(middle, prior.dispersion + side * steps[2]) for side in (-1, 1)])
    tmax = [_middle_of_peak(middle, prior.dispersion)] + [(above - below) / 2 for below, above in sides]
    return Kernels(cells, fft.rfft(cells, padded_length(count)).astype(np.complex64), np.stack(tmax))


def padded_length(count: int) -> int:
    """Length at which two curves of `count` samples do not wrap onto each other when they are convolved."""
    return fft.next_fast_len(2 * count, real=True)


def dispersed(curves: np.ndarray, constant: float) -> np.ndarray:
    """Curves convolved with exp(−t/T_A)/T_A.

    Parameters
    ----------
    curves : ndarray of shape (…, g)
        Means over the cells of the fine grid.
    constant : float
        T_A in s; 0: they stay as they are.

    Returns
    -------
    ndarray of shape (…, g)
        Means over the cells, exactly if the curves are constant within each.
    """
    if constant == 0:
        return curves
    count = curves.shape[-1]
    decay = STEP / constant
    response = np.exp(-decay * np.arange(count)) * np.expm1(decay) * -np.expm1(-decay) / decay
    response[0] = 1 + np.expm1(-decay) / decay
    length = padded_length(count)
    return fft.irfft(fft.rfft(curves, length) * fft.rfft(response, length), length)[..., :count]


def residues(prior: Prior, lags: np.ndarray) -> np.ndarray:
    """Residue functions at some lags.

    Parameters
    ----------
    prior : Prior
    lags : ndarray of shape (g,)
        In s, from 0.

    Returns
    -------
    ndarray of shape (m, a, g)
    """
    return np.array([[_residue(lags, mean, spread) for spread in prior.spread] for mean in prior.mtt])


def _residue(lags, mtt, spread):
    if spread == 0:
        return (lags < mtt).astype(float)
    return gammaincc(1 / spread**2, lags / (mtt * spread**2))


def _residue_integrals(mtt, spread, count):
    """∫ R from 0 to the edges of the fine grid, (m, a, count + 1), in s."""
    lags = STEP * np.arange(count + 1)
    return np.array([[_residue_integral(lags, mean, width) for width in spread] for mean in mtt])


def _residue_integral(lags, mtt, spread):
    if spread == 0:
        return np.minimum(lags, mtt)
    shape = 1 / spread**2
    scaled = lags * shape / mtt
    return lags * gammaincc(shape, scaled) + mtt * gammainc(shape + 1, scaled)


def _middle_of_peak(cells, dispersion):
    """Middle in s of the lags at which dispersed kernels are highest, (m·a·d,)."""
    curves = np.stack([dispersed(cells, constant) for constant in dispersion], axis=2)
    is_high = curves >= HIGH * curves.max(axis=-1, keepdims=True)
    first = is_high.argmax(axis=-1)
    end = is_high.shape[-1] - is_high[..., ::-1].argmax(axis=-1)
    return (STEP * (first + end) / 2).ravel()
