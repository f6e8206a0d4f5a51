"""The search for vessels: candidates found once, judged as arteries and as veins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import trapezoid

from ..noise import voxel_noise
from ..progress import Progress, Steps, drain
from ..series import Grid
from .candidates import SEARCHING, VesselCandidate, find_vessel_candidates_steps, half_rise_time
from .judgement import judge_arteries, judge_shapes, judge_veins

# ml; where voxels are larger than this, an artery of the brain fills only two or three of them.
COARSE_VOXEL_ML = 0.015


@dataclass(frozen=True, eq=False)
class VesselSearch:
    """What the search for vessels found.

    Parameters
    ----------
    arteries : tuple of VesselCandidate
        All groups of voxels judged as arteries, the best first.
    times : ndarray of shape (t,)
        s.
    arrival : int
        First frame with contrast.
    noise : float
        Standard deviation of the noise of one voxel's concentration.
    smallest : int
        Fewest voxels of a vessel.
    """

    arteries: tuple[VesselCandidate, ...]
    times: np.ndarray
    arrival: int
    noise: float
    smallest: int

    def veins(self, arterial_curve: np.ndarray) -> tuple[VesselCandidate, ...]:
        """The same groups judged as veins, the best first.

        Parameters
        ----------
        arterial_curve : ndarray of shape (t,)
            The AIF in use, not scaled.

        Returns
        -------
        tuple of VesselCandidate
        """
        arrival = half_rise_time(arterial_curve, self.times) - self.times[0]
        width = trapezoid(arterial_curve, self.times) / arterial_curve.max()
        return tuple(judge_veins(self._vessels, arrival, width))

    @cached_property
    def _vessels(self):
        """The groups that have the shape of a vessel; the same whatever the AIF."""
        return judge_shapes(self.arteries, self.times, self.arrival, self.noise, self.smallest)


def search_vessels_steps(
    curves: np.ndarray, mask: np.ndarray, times: np.ndarray, arrival: int, grid: Grid
) -> Steps[VesselSearch]:
    """Search for vessels and judge them as arteries.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        Unsmoothed concentration of the voxels of `mask`.
    mask : ndarray of bool, shape (z, y, x)
    times : ndarray of shape (t,)
        s.
    arrival : int
        First frame with contrast.
    grid : Grid

    Yields
    ------
    Progress

    Returns
    -------
    VesselSearch
    """
    smallest = 2 if grid.voxel_volume >= COARSE_VOXEL_ML else 3
    noise = voxel_noise(curves)
    yield Progress("vessels", 0.1, SEARCHING)
    candidates = yield from find_vessel_candidates_steps(curves, mask, times, arrival, noise, grid)
    yield Progress("vessels", 1.0, SEARCHING)
    arteries = judge_arteries(candidates, times, arrival, noise, smallest)
    return VesselSearch(tuple(arteries), times, arrival, noise, smallest)


def search_vessels(curves: np.ndarray, mask: np.ndarray, times: np.ndarray, arrival: int, grid: Grid) -> VesselSearch:
    """Search for vessels at one go; see `search_vessels_steps`."""
    return drain(search_vessels_steps(curves, mask, times, arrival, grid))
