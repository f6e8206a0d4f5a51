"""The verdict on candidates, in words: which are arteries, which are veins, and which of them is best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..words import counted
from .candidates import VesselCandidate

# Of the peak, in standard deviations of the mean curve: the highest of many groups of noise must stay below it.
SMALLEST_SIGNIFICANCE = 8.0
# Root mean square residual of the gamma-variate fit over the first pass, as a part of the peak.
LARGEST_FIT_ERROR = 0.12
LARGEST_ROUGHNESS = 3.0
# Mean of the last three frames, as a part of the peak.
LARGEST_REST = 0.65
# A curve that is highest in one of these last frames may still be rising: its height and area are unknown.
FRAMES_AT_THE_END = 2
# Part of the peak, and standard deviations of the mean curve; residual motion at bone edges exceeds both.
LARGEST_BASELINE_CHANGE = 0.15
LARGEST_BASELINE_SIGNIFICANCE = 5.0
# s after the earliest artery; later ones lie beyond an occlusion or are veins.
LATEST_ARTERY = 2.5
LATENESS_SCALE = 1.5
# Part of the highest peak; lower curves are too noisy to tell which artery is the earliest.
CREDIBLE_PEAK = 0.25
# s after the AIF: the shortest and the longest way through the capillaries; what rises later is not the first pass.
EARLIEST_VEIN = 1.0
LATEST_VEIN = 12.0
# Times the AIF's area over its peak; the brain disperses a bolus, but no more than this.
WIDEST_VEIN = 2.2
# From this size on, more voxels make a candidate no better.
ENOUGH_VOXELS = 5


def judge_arteries(
    candidates: list[VesselCandidate], times: np.ndarray, arrival: int, noise: float, smallest: int = 3
) -> list[VesselCandidate]:
    """Accept or reject candidates as arteries, and score them.

    A good AIF is high, early, smooth and large enough, and follows a gamma variate. The score is the product
    peak × earliness × goodness of fit × size, each relative to what is best or enough.

    Parameters
    ----------
    candidates : list of VesselCandidate
    times : ndarray of shape (t,)
        s.
    arrival : int
        First frame with contrast.
    noise : float
        Standard deviation of the noise of one voxel's concentration.
    smallest : int
        Fewest voxels of an artery.

    Returns
    -------
    list of VesselCandidate
        All of them, the best first, each with its score and the reason.
    """
    judged = judge_shapes(candidates, times, arrival, noise, smallest)
    credible = [c for c in judged if c.accepted]
    if not credible:
        return judged
    highest = max(c.peak for c in credible)
    earliest = min(c.arrival for c in credible if c.peak >= CREDIBLE_PEAK * highest)
    judged = [_judged_lateness(c, earliest) if c.accepted else c for c in judged]
    return _ranked([_scored_artery(c, highest, earliest) if c.accepted else c for c in judged])


def judge_shapes(
    candidates: list[VesselCandidate], times: np.ndarray, arrival: int, noise: float, smallest: int = 3
) -> list[VesselCandidate]:
    """Reject candidates that are neither arteries nor veins, whatever the AIF; accept the others.

    Parameters
    ----------
    candidates : list of VesselCandidate
    times : ndarray of shape (t,)
        s.
    arrival : int
        First frame with contrast.
    noise : float
        Standard deviation of the noise of one voxel's concentration.
    smallest : int
        Fewest voxels of a vessel.

    Returns
    -------
    list of VesselCandidate
        All of them, in their order.
    """
    return [_judged_shape(candidate, times, arrival, noise, smallest) for candidate in candidates]


def _judged_shape(candidate, times, arrival, noise, smallest):
    count = len(candidate.voxels)
    white_noise = noise / np.sqrt(count)
    mean_noise = max(white_noise, candidate.noise, 1e-12)
    peak = max(candidate.peak, 1e-12)
    rest = candidate.curve[-3:].mean() / peak
    # The candidate's own noise would count the very change that is looked for.
    change = _baseline_change(candidate.curve, arrival)
    if count < smallest:
        reason = f"only {counted(count, 'voxel')}, at least {smallest} are needed"
    elif candidate.peak < SMALLEST_SIGNIFICANCE * mean_noise:
        reason = f"peak is only {candidate.peak / mean_noise:.1f} times the noise"
    elif change > max(LARGEST_BASELINE_CHANGE * peak, LARGEST_BASELINE_SIGNIFICANCE * white_noise):
        reason = f"changes before the bolus arrives (by {100 * change / peak:.0f} % of the peak)"
    elif candidate.arrival < times[max(arrival - 1, 0)] - times[0]:
        reason = f"rises before the bolus arrives ({times[arrival] - times[0] - candidate.arrival:.1f} s)"
    elif candidate.roughness > LARGEST_ROUGHNESS:
        reason = f"curve is not smooth (roughness {candidate.roughness:.1f})"
    elif candidate.fit.error > LARGEST_FIT_ERROR:
        reason = f"curve is not a bolus (gamma-variate fit misses by {100 * candidate.fit.error:.0f} % of the peak)"
    elif np.argmax(candidate.curve) >= candidate.curve.size - FRAMES_AT_THE_END:
        reason = "peak is cut off by the end of the scan"
    elif rest > LARGEST_REST:
        reason = f"contrast does not wash out ({100 * rest:.0f} % of the peak is left at the end)"
    else:
        return replace(candidate, accepted=True)
    return _rejected(candidate, reason)


def _baseline_change(curve, arrival):
    """Largest distance from 0 of the running mean of three frames, all of them before the frame before the arrival."""
    before = curve[: max(arrival - 1, 0)]
    if before.size < 3:
        return 0.0
    return float(np.abs(np.convolve(before, np.ones(3) / 3, "valid")).max())


def _judged_lateness(candidate, earliest):
    lateness = candidate.arrival - earliest
    if lateness > LATEST_ARTERY:
        reason = f"rises {lateness:.1f} s after the earliest artery (a vein, or beyond an occlusion)"
        return _rejected(candidate, reason)
    return candidate


def _scored_artery(candidate, highest, earliest):
    lateness = max(candidate.arrival - earliest, 0.0)
    height = candidate.peak / highest
    earliness = np.exp(-0.5 * (lateness / LATENESS_SCALE) ** 2)
    reason = (
        f"peak {100 * height:.0f} % of the highest, {lateness:.1f} s after the earliest, "
        f"{counted(len(candidate.voxels), 'voxel')}, fit error {100 * candidate.fit.error:.1f} %"
    )
    return replace(candidate, score=float(height * earliness * _quality(candidate)), reason=reason)


def judge_veins(judged: list[VesselCandidate], artery_arrival: float, artery_width: float) -> list[VesselCandidate]:
    """Accept or reject candidates as veins, and score them by area and shape.

    Parameters
    ----------
    judged : list of VesselCandidate
        By `judge_shapes`.
    artery_arrival : float
        Time in s at which the AIF rises to half its peak; a vein rises at least a second later.
    artery_width : float
        Area of the AIF over its peak, s.

    Returns
    -------
    list of VesselCandidate
        All of them, the best first.
    """
    judged = [_judged_vein(c, artery_arrival, artery_width) if c.accepted else c for c in judged]
    largest = max((c.area for c in judged if c.accepted), default=0.0)
    return _ranked([_scored_vein(c, artery_arrival, largest) if c.accepted else c for c in judged])


def _judged_vein(candidate, artery_arrival, artery_width):
    lateness = candidate.arrival - artery_arrival
    if lateness < EARLIEST_VEIN:
        order = "before" if lateness < 0 else "after"
        return _rejected(candidate, f"rises {abs(lateness):.1f} s {order} the AIF, too early for a vein")
    if lateness > LATEST_VEIN:
        return _rejected(candidate, f"rises {lateness:.1f} s after the AIF, too late for a vein")
    width = candidate.area / candidate.peak
    if width > WIDEST_VEIN * artery_width:
        return _rejected(candidate, f"is {width / artery_width:.1f} times as wide as the AIF, too wide for a vein")
    return candidate


def _scored_vein(candidate, artery_arrival, largest):
    lateness = candidate.arrival - artery_arrival
    reason = f"area {100 * candidate.area / largest:.0f} % of the largest, {lateness:.1f} s after the AIF"
    return replace(candidate, score=float(candidate.area / largest * _quality(candidate)), reason=reason)


def _quality(candidate):
    """Part of the score that arteries and veins share: goodness of fit × size."""
    size = min(1.0, len(candidate.voxels) / ENOUGH_VOXELS) ** 0.5
    return (1 - candidate.fit.error / LARGEST_FIT_ERROR / 2) * size


def _rejected(candidate, reason):
    return replace(candidate, accepted=False, score=0.0, reason="rejected: " + reason)


def _ranked(candidates):
    return sorted(candidates, key=lambda candidate: candidate.score, reverse=True)
