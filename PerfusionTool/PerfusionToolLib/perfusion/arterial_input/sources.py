"""Where the arterial input and the venous output come from: the search, a mask or a curve."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import PerfusionError
from ..gamma_variate import GammaVariate, fit_gamma_variate
from ..words import counted
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
    scale_sd : float
        Its standard deviation, common to CBF and CBV of all voxels; NaN where it was not measured.
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
    scale_sd: float = float("nan")
    scale_reason: str = "off"
    candidates: tuple[VesselCandidate, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def scale_in_words(self) -> str:
        """The factor with its standard deviation, such as "1.83 ± 0.12"; without where there is none."""
        return f"{self.scale:.2f} ± {self.scale_sd:.2f}" if np.isfinite(self.scale_sd) else f"{self.scale:.2f}"


@dataclass(frozen=True, eq=False)
class VenousOutput:
    """The venous output function.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Mean concentration of the voxels, or the curve given.
    voxels : ndarray of bool, shape (z, y, x)
        Where it was measured; empty for a curve from a file.
    candidates : tuple of VesselCandidate
        All groups of voxels that were looked at, the best first.
    source : str
        "automatic", "candidate", "seed", "mask" or "curve".
    curves : ndarray of shape (k, t)
        Concentration of each of the voxels.
    """

    curve: np.ndarray
    voxels: np.ndarray
    candidates: tuple[VesselCandidate, ...]
    source: str = "automatic"
    curves: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


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
        looked_at = f"of {counted(len(search.arteries), 'group')} of voxels none looks like one"
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
    return curve_input(_mean_curve(curves, "arterial input", "an artery"), times, voxels, source)


def _mean_curve(curves, name, vessel):
    if len(curves) == 0:
        raise PerfusionError(f"The mask of the {name} has no voxels; draw it on {vessel}.")
    usable = np.isfinite(curves).all(1)
    if not usable.any():
        raise PerfusionError(f"No voxel of the {name} has a signal before the bolus; draw it on {vessel}.")
    return curves[usable].mean(0)


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
    curve = _checked_curve(curve, times, "arterial input", "an artery")
    return ArterialInput(curve, curve, voxels, fit_gamma_variate(curve, times - times[0]), source)


def _checked_curve(curve, times, name, vessel):
    curve = np.asarray(curve, float)
    if curve.shape != times.shape:
        values = counted(curve.size, "value")
        raise PerfusionError(f"The {name} has {values} for {times.size} frames; give one per frame.")
    if not np.isfinite(curve).all():
        raise PerfusionError(f"The {name} has values that are not finite; correct the curve.")
    if curve.max() <= 0:
        raise PerfusionError(f"The {name} is nowhere above 0 (highest {curve.max():g}); choose {vessel}.")
    return curve


def with_candidates(arterial: ArterialInput, search: VesselSearch) -> ArterialInput:
    """An arterial input chosen by hand, together with what the search found, so that a person can go back."""
    return replace(arterial, candidates=search.arteries)


def venous_output(veins: tuple[VesselCandidate, ...], shape: tuple[int, int, int]) -> VenousOutput | None:
    """The best vein, or None where none was found.

    Parameters
    ----------
    veins : tuple of VesselCandidate
        As `VesselSearch.veins` gives them.
    shape : tuple of int
        (z, y, x).

    Returns
    -------
    VenousOutput or None
    """
    if not veins or not veins[0].accepted:
        return None
    return VenousOutput(veins[0].curve, veins[0].mask(shape), veins)


def mask_output(
    curves: np.ndarray, voxels: np.ndarray, times: np.ndarray, veins: tuple[VesselCandidate, ...], source: str = "mask"
) -> VenousOutput:
    """The mean curve of given voxels as venous output.

    Parameters
    ----------
    curves : ndarray of shape (k, t)
        Unsmoothed concentration of the voxels.
    voxels : ndarray of bool, shape (z, y, x)
    times : ndarray of shape (t,)
        s.
    veins : tuple of VesselCandidate
        As `VesselSearch.veins` gives them.
    source : str

    Returns
    -------
    VenousOutput

    Raises
    ------
    PerfusionError
        If the mask is empty or its mean curve has no peak.
    """
    mean = _mean_curve(curves, "venous output", "a vein")
    return replace(curve_output(mean, times, voxels, veins, source), curves=curves)


def curve_output(
    curve: np.ndarray, times: np.ndarray, voxels: np.ndarray, veins: tuple[VesselCandidate, ...], source: str = "curve"
) -> VenousOutput:
    """A venous output from a curve; parameters and errors as of `curve_input`, and the veins that were found."""
    return VenousOutput(_checked_curve(curve, times, "venous output", "a vein"), voxels, veins, source)
