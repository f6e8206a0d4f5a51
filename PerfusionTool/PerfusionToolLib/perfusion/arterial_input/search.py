"""The search for vessels: candidates found once, judged as arteries and as veins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..progress import Steps, drain
from ..series import Grid
from .candidates import VesselCandidate, find_vessel_candidates_steps, voxel_noise
from .judgement import judge_arteries, judge_veins

# ml; where voxels are larger than this, an artery of the brain fills only two or three of them.
COARSE_VOXEL_ML = 0.015


@dataclass(frozen=True, eq=False)
class VesselSearch:
    """What the search for vessels found.

    Parameters
    ----------
    arteries, veins : tuple of VesselCandidate
        The same groups judged as arteries and as veins, the best first.
    """

    arteries: tuple[VesselCandidate, ...]
    veins: tuple[VesselCandidate, ...]


def search_vessels_steps(
    curves: np.ndarray, mask: np.ndarray, times: np.ndarray, arrival: int, grid: Grid
) -> Steps[VesselSearch]:
    """Search for arteries and veins.

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
    candidates = yield from find_vessel_candidates_steps(curves, mask, times, arrival, noise, grid)
    arteries = judge_arteries(candidates, times, arrival, noise, smallest)
    if not any(candidate.accepted for candidate in arteries):
        return VesselSearch(tuple(arteries), ())
    veins = judge_veins(candidates, arteries[0].arrival, times, arrival, noise, smallest)
    return VesselSearch(tuple(arteries), tuple(veins))


def search_vessels(curves: np.ndarray, mask: np.ndarray, times: np.ndarray, arrival: int, grid: Grid) -> VesselSearch:
    """Search for arteries and veins at one go; see `search_vessels_steps`."""
    return drain(search_vessels_steps(curves, mask, times, arrival, grid))
