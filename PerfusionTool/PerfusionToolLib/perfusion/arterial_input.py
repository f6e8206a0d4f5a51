"""The arterial input function and the venous output: found, seeded, drawn or given; scaled for partial volume."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.integrate import trapezoid

from .errors import PerfusionError
from .gamma_variate import GammaVariate, fit_gamma_variate
from .progress import Steps, drain
from .series import Grid
from .vessels import (
    CREDIBLE_PEAK,
    LARGEST_CORE,
    VesselCandidate,
    find_vessel_candidates_steps,
    half_rise_time,
    judge_arteries,
    judge_veins,
    voxel_noise,
)

SEED_SNAP_MM = 2.5
SEED_REACH_MM = 10.0
SEED_CORRELATION = 0.9
SEED_STRENGTH = 0.6
USUAL_FACTORS = (1.0, 6.0)
COARSE_VOXEL_ML = 0.015


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
    arteries = judge_arteries(candidates, noise, smallest)
    if not any(candidate.accepted for candidate in arteries):
        return VesselSearch(tuple(arteries), ())
    return VesselSearch(tuple(arteries), tuple(judge_veins(candidates, arteries[0].arrival, noise, smallest)))


def search_vessels(curves: np.ndarray, mask: np.ndarray, times: np.ndarray, arrival: int, grid: Grid) -> VesselSearch:
    """Search for arteries and veins at one go; see `search_vessels_steps`."""
    return drain(search_vessels_steps(curves, mask, times, arrival, grid))


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


def grow_from_seed(
    curves: np.ndarray, mask: np.ndarray, seed_ras: np.ndarray, times: np.ndarray, grid: Grid
) -> np.ndarray:
    """Voxels around a seed whose curves are like the artery's there.

    The seed moves to the strongest voxel close by; from it the region grows over connected voxels with a similar
    height, time and shape of curve.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        Unsmoothed concentration of the voxels of `mask`.
    mask : ndarray of bool, shape (z, y, x)
    seed_ras : array_like of shape (3,)
        RAS mm.
    times : ndarray of shape (t,)
        s.
    grid : Grid

    Returns
    -------
    ndarray of bool, shape (z, y, x)

    Raises
    ------
    PerfusionError
        If the seed lies outside the mask.
    """
    seed = np.round(grid.to_indices(seed_ras)).astype(int)
    if (seed < 0).any() or (seed >= mask.shape).any() or not mask[tuple(seed)]:
        place = ", ".join(f"{value:.1f}" for value in np.asarray(seed_ras, float))
        raise PerfusionError(
            f"The seed at ({place}) mm lies outside the brain; place it on an artery inside the skull."
        )
    reach = np.ceil(SEED_REACH_MM / grid.spacing).astype(int)
    low, high = np.maximum(seed - reach, 0), np.minimum(seed + reach + 1, mask.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    inside = mask[box]
    rows = (np.cumsum(mask.ravel()) - 1).reshape(mask.shape)[box][inside]
    near = np.nan_to_num(curves[rows])
    distance = np.linalg.norm((np.argwhere(inside) + low - seed) * grid.spacing, axis=1)
    centre = int(np.argmax(np.where(distance <= SEED_SNAP_MM, near.max(1), -np.inf)))
    like = _like_curve(near, near[centre], times) & (distance <= SEED_REACH_MM)
    chosen = np.zeros(inside.shape, bool)
    chosen[inside] = like
    labels, _ = ndimage.label(chosen, ndimage.generate_binary_structure(3, 2))
    members = np.flatnonzero((labels == labels[inside][centre])[inside] & like)
    strongest = members[np.argsort(near[members].max(1))[::-1][:LARGEST_CORE]]
    region = np.zeros(mask.shape, bool)
    region[tuple((np.argwhere(inside)[strongest] + low).T)] = True
    return region


def _like_curve(curves, reference, times):
    """Which curves have the height, time and shape of a reference; the reference itself always has."""
    centred = curves - curves.mean(1, keepdims=True)
    target = reference - reference.mean()
    norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(target)
    correlation = centred @ target / np.maximum(norms, 1e-12)
    interval = float(np.median(np.diff(times)))
    in_time = np.abs(times[curves.argmax(1)] - times[reference.argmax()]) <= 1.5 * interval
    like = (correlation >= SEED_CORRELATION) & (curves.max(1) >= SEED_STRENGTH * reference.max()) & in_time
    return like | (curves == reference).all(1)


def venous_output(search: VesselSearch, shape: tuple[int, int, int]) -> VenousOutput | None:
    """The best vein of a search, or None where none was found.

    Parameters
    ----------
    search : VesselSearch
    shape : tuple of int
        (z, y, x).

    Returns
    -------
    VenousOutput or None
    """
    if not search.veins or not search.veins[0].accepted:
        return None
    vein = search.veins[0]
    return VenousOutput(vein.curve, vein.mask(shape), search.veins)


def partial_volume_factor(arterial: np.ndarray, venous: np.ndarray, times: np.ndarray) -> float:
    """Factor by which the area of the VOF exceeds the area of the AIF.

    Both carry the same amount of contrast, and a large vein suffers less from partial volume than an artery. The vein
    is later, so its tail may be cut off: the AIF's area is taken over a window that ends earlier by that delay.

    Parameters
    ----------
    arterial, venous : ndarray of shape (t,)
        Concentration.
    times : ndarray of shape (t,)
        s.

    Returns
    -------
    float
        NaN if either area is not positive.
    """
    delay = half_rise_time(venous, times) - half_rise_time(arterial, times)
    grid = np.linspace(times[0], times[-1] - max(delay, 0), 10 * times.size)
    arterial_area = trapezoid(np.interp(grid, times, arterial), grid)
    venous_area = trapezoid(venous, times)
    if arterial_area <= 0 or venous_area <= 0:
        return float("nan")
    return float(venous_area / arterial_area)


def with_candidates(arterial: ArterialInput, search: VesselSearch) -> ArterialInput:
    """An arterial input chosen by hand, together with what the search found, so that a person can go back."""
    return replace(arterial, candidates=search.arteries)


def finish_input(
    arterial: ArterialInput,
    times: np.ndarray,
    *,
    use_fit: bool = False,
    partial_volume: str = "auto",
    factor: float = 1.0,
    venous: VenousOutput | None = None,
) -> ArterialInput:
    """Apply the choice of curve and the partial-volume scaling to a measured arterial input.

    Parameters
    ----------
    arterial : ArterialInput
    times : ndarray of shape (t,)
        s.
    use_fit : bool
        Use the gamma-variate fit instead of the mean curve.
    partial_volume : {"auto", "off", "factor"}
        "auto" scales by the VOF where there is one; never below 1, nor above 6.
    factor : float
        Used with "factor".
    venous : VenousOutput, optional

    Returns
    -------
    ArterialInput
    """
    scale, reason, warnings = _scale(arterial, times, partial_volume, factor, venous)
    curve = arterial.fit(times - times[0]) if use_fit else arterial.measured
    return replace(
        arterial, curve=curve * scale, scale=scale, scale_reason=reason, warnings=arterial.warnings + warnings
    )


def _scale(arterial, times, partial_volume, factor, venous):
    if partial_volume == "factor":
        return factor, f"factor {factor:g} as set", ()
    if partial_volume == "off":
        return 1.0, "off", ()
    if arterial.source == "curve":
        return 1.0, "auto: not applied to a curve that was given", ()
    if venous is None:
        return 1.0, "auto: no vein was found", ("No vein was found, so the AIF is not scaled for partial volume.",)
    ratio = partial_volume_factor(arterial.measured, venous.curve, times)
    if not np.isfinite(ratio):
        return 1.0, "auto: the areas of AIF and VOF are not positive", ()
    reason = f"auto: area of the VOF is {ratio:.2f} times the area of the AIF"
    low, high = USUAL_FACTORS
    if ratio > high:
        warning = f"The VOF's area is {ratio:.1f} times the AIF's, more than {high:g}: is the AIF in an artery?"
        return high, reason + f", limited to {high:g}", (warning,)
    return max(ratio, low), reason if ratio >= low else reason + ", left at 1", ()


def input_warnings(arterial: ArterialInput, brain_curve: np.ndarray, times: np.ndarray) -> tuple[str, ...]:
    """What is questionable about an arterial input, in words.

    Parameters
    ----------
    arterial : ArterialInput
    brain_curve : ndarray of shape (t,)
        Mean concentration of the brain, in the unit of the AIF.
    times : ndarray of shape (t,)
        s.

    Returns
    -------
    tuple of str
    """
    curve = arterial.measured
    peak = int(np.argmax(curve))
    interval = float(np.median(np.diff(times)))
    rise = half_rise_time(curve, times)
    warnings = []
    if rise > half_rise_time(brain_curve, times) + 0.5 * interval:
        warnings.append(
            f"The AIF is late: it rises {rise - half_rise_time(brain_curve, times):.1f} s after the brain's mean curve."
        )
    if curve[peak] < 3 * brain_curve.max():
        warnings.append(
            f"The AIF is flat: its peak is only {curve[peak] / brain_curve.max():.1f} times the brain's mean peak."
        )
    if peak >= curve.size - 3 or curve[-3:].mean() > 0.6 * curve[peak]:
        warnings.append("The AIF is truncated: the scan ends before contrast has left the artery.")
    top = int((curve >= 0.98 * curve[peak]).sum())
    if top >= 4 and top * interval > 4:
        warnings.append(f"The AIF is saturated: {top} frames lie within 2 % of its peak.")
    earlier = [c for c in arterial.candidates if c.accepted and c.peak >= max(CREDIBLE_PEAK, 0.5) * curve[peak]]
    lead = max((rise - times[0] - c.arrival for c in earlier), default=0.0)
    if lead > 1.5:
        warnings.append(
            f"Another artery fills {lead:.1f} s earlier: the AIF may lie beyond an occlusion, or in a vein."
        )
    return tuple(warnings)
