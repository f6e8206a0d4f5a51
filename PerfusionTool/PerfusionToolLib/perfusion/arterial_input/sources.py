"""Where the arterial input and the venous output come from: the search, a mask or a curve."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import PerfusionError
from ..gamma_variate import GammaVariate, fit_gamma_variate
from .candidates import VesselCandidate
from .search import VesselSearch


@dataclass(frozen=True, eq=False)
class ArterialInput:
    """The arterial input function in use, and where it comes from.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Concentration as the deconvolution uses it: mean or fit, times `scale`.
    measured : ndarray of shape (t,)
        Mean concentration of the voxels, or the curve given.
    voxels : ndarray of bool, shape (z, y, x)
        Where it was measured; empty for a curve from a file.
    fit : GammaVariate
        Fit of the first pass; times from the first frame.
    source : str
        "automatic", "candidate", "seed", "mask" or "curve".
    scale : float
        Partial-volume factor that `curve` carries.
    scale_reason : str
        Where that factor comes from.
    candidates : tuple of VesselCandidate
        All groups of voxels that were looked at, the best first, each with the reason.
    warnings : tuple of str
    """

    curve: np.ndarray
    measured: np.ndarray
    voxels: np.ndarray
    fit: GammaVariate
    source: str
    scale: float = 1.0
    scale_reason: str = "off"
    candidates: tuple[VesselCandidate, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class VenousOutput:
    """The venous output function.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Mean concentration.
    voxels : ndarray of bool, shape (z, y, x)
    candidates : tuple of VesselCandidate
        All groups of voxels that were looked at, the best first.
    """

    curve: np.ndarray
    voxels: np.ndarray
    candidates: tuple[VesselCandidate, ...]


def automatic_input(search: VesselSearch, shape: tuple[int, int, int]) -> ArterialInput:
    """The best artery of a search.

    Parameters
    ----------
    search : VesselSearch
    shape : tuple of int
        (z, y, x).

    Returns
    -------
    ArterialInput

    Raises
    ------
    PerfusionError
        If no group of voxels passed for an artery.
    """
    if not search.arteries or not search.arteries[0].accepted:
        looked_at = f"{len(search.arteries)} groups of voxels were looked at"
        best = f"; the strongest was {search.arteries[0].reason}" if search.arteries else ""
        raise PerfusionError(
            f"No artery was found: {looked_at}{best}. Place a seed in an artery, or give a mask or a curve."
        )
    return candidate_input(search, 0, shape, source="automatic")


def candidate_input(search: VesselSearch, rank: int, shape: tuple[int, int, int], source="candidate") -> ArterialInput:
    """The artery of a search that a person chose, rejected ones included.

    Parameters
    ----------
    search : VesselSearch
    rank : int
        Its place in ``search.arteries``, from 0.
    shape : tuple of int
        (z, y, x).
    source : str

    Returns
    -------
    ArterialInput

    Raises
    ------
    PerfusionError
        If there is no such candidate.
    """
    if not 0 <= rank < len(search.arteries):
        raise PerfusionError(f"There is no candidate {rank}; choose 0 to {len(search.arteries) - 1}.")
    chosen = search.arteries[rank]
    return ArterialInput(chosen.curve, chosen.curve, chosen.mask(shape), chosen.fit, source, candidates=search.arteries)


def mask_input(curves: np.ndarray, voxels: np.ndarray, times: np.ndarray, source: str = "mask") -> ArterialInput:
    """The mean curve of given voxels.

    Parameters
    ----------
    curves : ndarray of shape (k, t)
        Unsmoothed concentration of the voxels.
    voxels : ndarray of bool, shape (z, y, x)
    times : ndarray of shape (t,)
        s.
    source : str

    Returns
    -------
    ArterialInput

    Raises
    ------
    PerfusionError
        If the mask is empty or its mean curve has no peak.
    """
    if len(curves) == 0:
        raise PerfusionError("The mask of the arterial input has no voxels; draw it on an artery.")
    usable = np.isfinite(curves).all(1)
    if not usable.any():
        raise PerfusionError("No voxel of the arterial input has a signal before the bolus; draw it on an artery.")
    return curve_input(curves[usable].mean(0), times, voxels, source)


def curve_input(curve: np.ndarray, times: np.ndarray, voxels: np.ndarray, source: str = "curve") -> ArterialInput:
    """An arterial input from a curve.

    Parameters
    ----------
    curve : array_like of shape (t,)
        Concentration in the unit of the tissue's (CT: HU, MR: 1/s).
    times : ndarray of shape (t,)
        s.
    voxels : ndarray of bool, shape (z, y, x)
        Where it was measured.
    source : str

    Returns
    -------
    ArterialInput

    Raises
    ------
    PerfusionError
        If the curve has the wrong length or no finite positive peak.
    """
    curve = np.asarray(curve, float)
    if curve.shape != times.shape:
        raise PerfusionError(f"The arterial input has {curve.size} values for {times.size} frames; give one per frame.")
    if not np.isfinite(curve).all():
        raise PerfusionError("The arterial input has values that are not finite; correct the curve.")
    if curve.max() <= 0:
        raise PerfusionError(f"The arterial input is nowhere above 0 (highest {curve.max():g}); choose an artery.")
    return ArterialInput(curve, curve, voxels, fit_gamma_variate(curve, times - times[0]), source)


def with_candidates(arterial: ArterialInput, search: VesselSearch) -> ArterialInput:
    """An arterial input chosen by hand, together with what the search found, so that a person can go back."""
    return replace(arterial, candidates=search.arteries)


def venous_output(search: VesselSearch, arterial_curve: np.ndarray, shape: tuple[int, int, int]) -> VenousOutput | None:
    """The best vein of a search, or None where none was found.

    Parameters
    ----------
    search : VesselSearch
    arterial_curve : ndarray of shape (t,)
        The AIF in use, not scaled.
    shape : tuple of int
        (z, y, x).

    Returns
    -------
    VenousOutput or None
    """
    veins = search.veins(arterial_curve)
    if not veins or not veins[0].accepted:
        return None
    return VenousOutput(veins[0].curve, veins[0].mask(shape), veins)
