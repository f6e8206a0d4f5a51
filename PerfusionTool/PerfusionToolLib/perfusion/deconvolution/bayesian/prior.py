"""What is held to be likely before a curve is seen: the one place where it is declared, and why.

Mean transit time
    As likely in every part of its logarithm from 3 to 40 s, with soft ends. Blood takes 3 to 6 s through healthy tissue
    and more than 20 s where an artery is closed; no part of that range is preferred.
Spread of the transit times
    Their standard deviation over their mean, uniform from 0 to 1.2; the transit times are gamma-distributed. At 0 all
    blood takes equally long (plug flow, the residue function is a box), at 1 the tissue is one well-mixed compartment
    (an exponential); networks of capillaries lie between, or a little beyond [1]_, [2]_.
Dispersion of the arterial input
    Between the artery that is measured and the tissue the bolus may be dispersed by exp(−t/T_A)/T_A. Most tissue is fed
    by arteries that are open all the way: that there is no dispersion is held to be twice as likely as that there is
    some. Where there is, T_A is exponentially distributed with a mean of 1.5 s; seconds are found behind narrowed
    arteries [3]_.
Delay
    Uniform over the range that is searched.
Size
    As likely in every part of its logarithm, so that it does not matter whether the size of a curve is called flow or
    volume, or in which unit it is measured.
Scale
    Flow and volume are known but for a factor of 1 ± 0.07, of which a curve alone does not tell: smoothing mixes
    neighbours whose blood volumes differ, and haematocrit differs between vessels and persons. It is added to their
    standard deviations.

References
----------
.. [1] Mouridsen K et al., NeuroImage 2006;33:570-579. doi:10.1016/j.neuroimage.2006.06.015
.. [2] Jespersen SN, Østergaard L, J Cereb Blood Flow Metab 2012;32:264-277. doi:10.1038/jcbfm.2011.153
.. [3] Calamante F et al., Magn Reson Med 2000;44:466-473.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

DISPERSION = 1.5
SCALE_UNCERTAINTY = 0.07

_TRANSIT_TIMES, _TRANSIT_CELLS = (3.0, 40.0), 10
_WIDEST_SPREAD, _SPREAD_CELLS = 1.2, 4
_DISPERSION_EDGES = (0, 1 / 1.5, 2.5 / 1.5, 4)
"""Edges of the cells of the dispersion, over its mean."""
_NOT_DISPERSED = 2 / 3


@dataclass(frozen=True, eq=False)
class Prior:
    """Values of what shapes a curve, and how likely they are.

    Each value stands for the cell around it, half-way to its neighbours; a single one, and no dispersion at all, stand
    for themselves.

    Parameters
    ----------
    mtt, mtt_weights : ndarray of shape (m,)
        Mean transit times in s, rising.
    spread, spread_weights : ndarray of shape (a,)
        Standard deviation of the transit times over their mean, rising.
    dispersion, dispersion_weights : ndarray of shape (d,)
        Time constants T_A in s of the dispersion of the arterial input, rising; 0 means that there is none.
    """

    mtt: np.ndarray
    mtt_weights: np.ndarray
    spread: np.ndarray
    spread_weights: np.ndarray
    dispersion: np.ndarray
    dispersion_weights: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of values, (m, a, d)."""
        return self.mtt.size, self.spread.size, self.dispersion.size

    @cached_property
    def weights(self) -> np.ndarray:
        """Probabilities of all combinations, ndarray of shape (m, a, d)."""
        return np.einsum("m,a,d->mad", self.mtt_weights, self.spread_weights, self.dispersion_weights)

    @cached_property
    def widths(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Widths of the cells of ln MTT (m,), spread (a,) and dispersion (d,)."""
        return _widths(np.log(self.mtt)), _widths(self.spread), _widths(self.dispersion)


def _widths(values):
    widths = np.zeros(values.size)
    positive = np.flatnonzero(values != 0)
    if positive.size > 1:
        widths[positive] = np.gradient(values[positive])
    return widths


def _middles(edges):
    return (edges[1:] + edges[:-1]) / 2


def _declared():
    mtt = np.exp(_middles(np.linspace(*np.log(_TRANSIT_TIMES), _TRANSIT_CELLS + 1)))
    spread = _middles(np.linspace(0, _WIDEST_SPREAD, _SPREAD_CELLS + 1))
    prior = Prior(mtt, _alike(mtt), spread, _alike(spread), np.zeros(1), np.ones(1))
    return with_dispersion(prior, DISPERSION)


def _alike(values):
    return np.full(values.size, 1 / values.size)


@lru_cache(maxsize=8)
def with_dispersion(prior: Prior, mean: float) -> Prior:
    """A prior with another mean of the dispersion.

    Parameters
    ----------
    prior : Prior
    mean : float
        Of T_A in s where the arterial input is dispersed; 0: it never is.

    Returns
    -------
    Prior
    """
    if mean == 0:
        return replace(prior, dispersion=np.zeros(1), dispersion_weights=np.ones(1))
    edges = mean * np.array(_DISPERSION_EDGES)
    left = np.exp(-edges / mean)
    likely = (left[:-1] - left[1:]) / (1 - left[-1])
    return replace(
        prior,
        dispersion=np.append(0, _middles(edges)),
        dispersion_weights=np.append(_NOT_DISPERSED, (1 - _NOT_DISPERSED) * likely),
    )


PRIOR = _declared()
