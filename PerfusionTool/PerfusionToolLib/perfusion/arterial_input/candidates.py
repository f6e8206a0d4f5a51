"""Groups of neighbouring voxels with strong bolus curves: candidates for arteries and veins, measured, not judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.integrate import trapezoid

from ..curves import half_rise_time
from ..gamma_variate import GammaVariate, fit_gamma_variate
from ..noise import voxel_noise
from ..progress import Progress, Steps
from ..series import Grid

SEARCHING = "Looking for arteries and veins"
# From strict to relaxed, in per cent of the voxels: only the relaxed levels reach small vessels and late veins.
STRENGTH_PERCENTILES = (99.8, 99.5, 99.0, 98.0, 96.0, 92.0)
TIME_PERCENTILES = (5.0, 10.0, 20.0, 35.0, 60.0, 100.0)
COMPONENTS_PER_LEVEL = 30
# A core is what reaches this part of its component's strength; below it partial volume flattens the mean curve.
CORE_STRENGTH = 0.75
LARGEST_CORE_VOXELS = 25
SMALLEST_GROUP_VOXELS = 2
# A group is the same vessel again when more than this part of it was found at a stricter level.
LARGEST_OVERLAP = 0.3
# As many curves at once as stay in the processor's cache.
_CURVES = 10_000


@dataclass(frozen=True, eq=False)
class VesselCandidate:
    """A group of neighbouring voxels that may be a vessel, and the verdict on it.

    Parameters
    ----------
    voxels : ndarray of shape (k, 3)
        Array indices (z, y, x).
    place : ndarray of shape (3,)
        Centre in RAS mm.
    curve : ndarray of shape (t,)
        Mean concentration.
    fit : GammaVariate
        Fit of the first pass.
    peak : float
        Highest concentration.
    time_to_peak : float
        Time of the peak in s from the first frame.
    arrival : float
        Time in s at which the curve has risen to half its peak.
    area : float
        Area under the whole curve, concentration × s.
    noise : float
        Standard deviation of the curve's noise.
    roughness : float
        Sum of the absolute second differences over the peak; about 1 to 2 for a smooth bolus.
    score : float
        The larger, the better; 0 where rejected.
    accepted : bool
    reason : str
        Why it was chosen, kept or rejected.
    """

    voxels: np.ndarray
    place: np.ndarray
    curve: np.ndarray
    fit: GammaVariate
    peak: float
    time_to_peak: float
    arrival: float
    area: float
    noise: float
    roughness: float
    score: float = 0.0
    accepted: bool = False
    reason: str = ""

    def mask(self, shape: tuple[int, int, int]) -> np.ndarray:
        """The voxels as a mask, ndarray of bool of the given shape (z, y, x)."""
        volume = np.zeros(shape, bool)
        volume[tuple(self.voxels.T)] = True
        return volume


def find_vessel_candidates_steps(
    curves: np.ndarray, mask: np.ndarray, times: np.ndarray, arrival: int, noise: float, grid: Grid
) -> Steps[list[VesselCandidate]]:
    """Groups of voxels whose curves are strong, from the strictest thresholds of strength and time to the most relaxed.

    Voxels above a percentile of peak concentration and below a percentile of time to peak form connected components.
    Of each component only the core is kept, the voxels near its strongest, so that partial-volume edges do not dilute
    the curve. Groups found under strict thresholds are not found again under relaxed ones.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        Unsmoothed concentration of the voxels of `mask`.
    mask : ndarray of bool, shape (z, y, x)
        Where vessels may lie: inside the skull.
    times : ndarray of shape (t,)
        s.
    arrival : int
        First frame with contrast.
    noise : float
        Standard deviation of the noise of one voxel's concentration.
    grid : Grid

    Yields
    ------
    Progress

    Returns
    -------
    list of VesselCandidate
        Not judged yet.

    References
    ----------
    .. [1] M. Borghouts, R. Su, PyPeT: A Python Perfusion Tool for Automated Quantitative Brain CT and MR Perfusion
           Analysis (adaptive percentile thresholds). doi:10.48550/arXiv.2511.13310
    """
    strength, frame = _strength_and_peak_frame(curves, arrival)
    strong = np.flatnonzero(
        strength > max(5 * noise / np.sqrt(8 / 3), np.percentile(strength, STRENGTH_PERCENTILES[-1]))
    )
    if strong.size == 0:
        return []
    where = np.argwhere(mask)[strong]
    strength, peak_time, strong_curves = strength[strong], times[frame[strong]], curves[strong]
    depth = _surrounded(strength, where, mask.shape)
    overall = 100 * (1 - (1 - np.array(STRENGTH_PERCENTILES) / 100) * len(curves) / strong.size)
    taken = np.zeros(mask.shape, bool)
    candidates = []
    levels = zip(np.clip(overall, 0, 100), TIME_PERCENTILES, strict=True)
    for step, (strength_percentile, time_percentile) in enumerate(levels):
        yield Progress("vessels", 0.4 + 0.6 * step / len(TIME_PERCENTILES), SEARCHING)
        level = (strength >= np.percentile(strength, strength_percentile)) & (
            peak_time <= np.percentile(peak_time, time_percentile)
        )
        for rows in _cores(np.flatnonzero(level), where, strength, depth, peak_time, times):
            place = tuple(where[rows].T)
            if taken[place].mean() > LARGEST_OVERLAP:
                continue
            taken[place] = True
            candidates.append(describe_vessel(strong_curves[rows].mean(0), where[rows], times, grid))
            yield Progress("vessels", 0.4 + 0.6 * (step + 1) / len(TIME_PERCENTILES), SEARCHING)
    return candidates


def _surrounded(strength, where, shape):
    """Mean strength of each voxel and its neighbours in the slice: the middle of a vessel, not its luckiest noise."""
    volume = np.zeros(shape, np.float32)
    volume[tuple(where.T)] = strength
    return ndimage.uniform_filter(volume, (1, 3, 3), mode="constant")[tuple(where.T)]


def _strength_and_peak_frame(curves, arrival):
    parts = [_of_few_curves(curves[start : start + _CURVES], arrival) for start in range(0, len(curves), _CURVES)]
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _of_few_curves(curves, arrival):
    smooth = 0.5 * curves[:, 1:-1]
    smooth += 0.25 * curves[:, :-2]
    smooth += 0.25 * curves[:, 2:]
    first = max(arrival - 2, 0)
    np.nan_to_num(smooth, copy=False, nan=-np.inf)
    frame = first + np.argmax(smooth[:, first:], 1)
    strength = smooth[np.arange(len(curves)), frame]
    return np.where(np.isfinite(strength), strength, 0), frame + 1


def _cores(rows, where, strength, depth, peak_time, times):
    """Rows of the connected cores of the components that `rows` form, the strongest components first."""
    labels, count = _components(where[rows])
    strongest = ndimage.maximum(strength[rows], labels, np.arange(1, count + 1)) if count else []
    interval = float(np.median(np.diff(times)))
    for component in np.argsort(strongest)[::-1][:COMPONENTS_PER_LEVEL] + 1:
        members = rows[labels == component]
        top = np.percentile(strength[members], 95)
        members = members[strength[members] >= CORE_STRENGTH * top]
        pieces, pieces_count = _components(where[members])
        for piece in range(1, pieces_count + 1):
            core = members[pieces == piece]
            core = core[np.abs(peak_time[core] - np.median(peak_time[core])) <= 1.5 * interval]
            if core.size >= SMALLEST_GROUP_VOXELS:
                yield core[np.argsort(depth[core])[::-1][:LARGEST_CORE_VOXELS]]


def _components(places):
    """Component number of each place, counted from 1; neighbours share a face or an edge."""
    if len(places) == 0:
        return np.zeros(0, int), 0
    low = places.min(0)
    box = np.zeros(places.max(0) - low + 1, bool)
    box[tuple((places - low).T)] = True
    labels, count = ndimage.label(box, ndimage.generate_binary_structure(3, 2))
    return labels[tuple((places - low).T)], count


def describe_vessel(curve: np.ndarray, voxels: np.ndarray, times: np.ndarray, grid: Grid) -> VesselCandidate:
    """Measure the mean curve of a group of voxels.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Mean concentration.
    voxels : ndarray of shape (k, 3)
        Array indices (z, y, x).
    times : ndarray of shape (t,)
        s.
    grid : Grid

    Returns
    -------
    VesselCandidate
        Not judged yet.
    """
    curve = np.asarray(curve, float)
    peak = int(np.argmax(curve))
    height = max(float(curve[peak]), 1e-12)
    return VesselCandidate(
        voxels=voxels,
        place=grid.to_ras(voxels.mean(0)),
        curve=curve,
        fit=fit_gamma_variate(np.maximum(curve, 0) + 1e-12, times - times[0]),
        peak=float(curve[peak]),
        time_to_peak=float(times[peak] - times[0]),
        arrival=half_rise_time(curve, times) - float(times[0]),
        area=float(trapezoid(curve, times)),
        noise=voxel_noise(curve[None, : peak - 2]) if peak > 6 else 0.0,
        roughness=float(np.abs(np.diff(curve, 2)).sum() / height),
    )
