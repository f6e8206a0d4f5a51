"""Arrival of the bolus and the frames before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import PerfusionError
from .noise import curve_noise
from .words import counted

FEWEST_BASELINE_FRAMES = 1
SMALLEST_RISE = {"CT": 0.5, "MR": 0.01}
SMALLEST_SIGNIFICANCE = 6.0
LARGEST_REST = 0.35


@dataclass(frozen=True, eq=False)
class Bolus:
    """When contrast passes through the brain.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Contrast in the brain, 0 at the baseline. CT: HU above baseline, MR: −ln(S/S0).
    arrival : int
        First frame with contrast.
    baseline : ndarray of int
        Frames before the arrival, from which S0 is averaged.
    peak : int
        Frame in which the curve is highest.
    cut_off : str
        At which ends the scan cuts off the bolus, so that the maps are unreliable: "", "start", "end" or both.
    warnings : tuple of str
        What a person should know: a bolus cut off at either end of the scan.
    """

    curve: np.ndarray
    arrival: int
    baseline: np.ndarray
    peak: int
    cut_off: str = ""
    warnings: tuple[str, ...] = ()


def mean_curve(signal: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean signal inside a mask, frame by frame.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
    mask : ndarray of bool, shape (z, y, x)

    Returns
    -------
    ndarray of shape (t,), float64
    """
    inside = np.flatnonzero(mask)
    return np.array([frame.ravel()[inside].mean(dtype=float) for frame in signal])


def threshold_curve(signal: np.ndarray, mask: np.ndarray, threshold: float, offset: float = 0.0) -> np.ndarray:
    """Summed signal of the voxels above a threshold, frame by frame, per voxel of the mask.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        CT in HU, with an offset or without.
    mask : ndarray of bool, shape (z, y, x)
    threshold : float
        Voxels above it count as contrast, HU.
    offset : float
        What was added to the Hounsfield units.

    Returns
    -------
    ndarray of shape (t,), float64

    References
    ----------
    .. [1] M. Borghouts, R. Su, Open-Source Python Toolbox for Automated Quantitative Brain CT Perfusion Analysis and
           Visualization (the sum over a fixed threshold as the measure of contrast).
    """
    inside = np.flatnonzero(mask)
    sums = []
    for frame in signal:
        values = frame.ravel()[inside] - np.float32(offset)
        sums.append(values[values > threshold].sum(dtype=float))
    return np.array(sums) / max(inside.size, 1)


def find_bolus(
    signal_curve: np.ndarray,
    modality: str,
    *,
    threshold: float = 0.05,
    arrival: int | None = None,
    baseline_start: int | None = None,
) -> Bolus:
    """Find the arrival of the bolus in a brain curve.

    The curve's peak is found first; from there a window of three frames slides back in time until its mean has fallen
    to the threshold above the level before the bolus. Looking back from the peak cannot be misled by what happens in
    the first frames, and an early bolus leaves what frames there are.

    Parameters
    ----------
    signal_curve : ndarray of shape (t,)
        Brain signal per frame, as `mean_curve` or `threshold_curve` gives.
    modality : {"CT", "MR"}
        CT signal rises with contrast, MR signal falls.
    threshold : float
        The bolus has arrived where the curve has risen by this part of its peak.
    arrival : int, optional
        First frame with contrast, where a person knows better.
    baseline_start : int, optional
        First frame of the baseline.

    Returns
    -------
    Bolus

    Raises
    ------
    PerfusionError
        If there is no bolus, no frame before it, or the given frames cannot be.
    """
    frames = signal_curve.size
    start = 0 if baseline_start is None else baseline_start
    if arrival is not None and not start < arrival < frames:
        raise PerfusionError(
            f"The bolus cannot arrive in frame {arrival}: choose a frame from {start + 1} to {frames - 1}."
        )
    if start >= frames - 1:
        raise PerfusionError(f"The baseline cannot start in frame {start} of {frames}; choose an earlier frame.")
    contrast = _contrast(signal_curve, modality, slice(start, arrival) if arrival else slice(start, start + 1))
    noise = curve_noise(contrast)
    if arrival is None:
        arrival = _arrival(contrast, start, threshold, noise)
    baseline = _baseline_frames(start, arrival)
    contrast = _contrast(signal_curve, modality, baseline)
    peak = arrival + int(np.argmax(contrast[arrival:]))
    _check_rise(contrast, peak, noise, modality)
    cut_off, warnings = _cut_off(contrast, arrival - start, peak)
    return Bolus(contrast, arrival, baseline, peak, cut_off, warnings)


def _contrast(signal_curve, modality, baseline):
    level = signal_curve[baseline].mean()
    if modality == "CT":
        return signal_curve - level
    if level <= 0 or (signal_curve <= 0).any():
        raise PerfusionError(
            f"The mean brain signal falls to {signal_curve.min():g}; MR signal must be positive: check the brain mask."
        )
    return -np.log(signal_curve / level)


def _window_means(curve):
    padded = np.concatenate([curve[:1], curve, curve[-1:]])
    return np.convolve(padded, np.full(3, 1 / 3), "valid")


def _arrival(contrast, start, threshold, noise):
    smooth = _window_means(contrast)
    peak = start + 1 + int(np.argmax(smooth[start + 1 :]))
    level = _level_before(smooth[start : peak + 1])
    bar = level + max(threshold * (smooth[peak] - level), 3 * noise / np.sqrt(3))
    below = start + np.flatnonzero(smooth[start:peak] <= bar)
    # The window of three has already taken in its last frame when it crosses the bar.
    return int(below[-1]) + 1 if below.size else start + 1


def _level_before(rising):
    """Level of the plateau before the rise: the mean of what lies in the lowest tenth."""
    lowest, highest = rising.min(), rising.max()
    return rising[rising <= lowest + 0.1 * (highest - lowest)].mean()


def _baseline_frames(start, arrival):
    """Frames before the arrival; with enough of them the last is left out, for arteries fill before the brain does."""
    last = arrival - 1 if arrival - start >= 5 else arrival
    return np.arange(start, max(last, start + FEWEST_BASELINE_FRAMES))


def _check_rise(contrast, peak, noise, modality):
    rise, span = contrast[peak], np.ptp(contrast)
    if span > SMALLEST_RISE[modality] and contrast[-3:].mean() < -0.5 * span:
        raise PerfusionError(
            "No bolus was found: the brain's curve falls from the start of the scan, which seems to begin after the "
            "bolus has arrived; scan earlier, or set the baseline and the arrival."
        )
    significance = rise / max(noise, 1e-12)
    if rise < SMALLEST_RISE[modality] or significance < SMALLEST_SIGNIFICANCE:
        unit = "HU" if modality == "CT" else "in −ln(S/S0)"
        raise PerfusionError(
            f"No bolus was found: the brain's mean curve rises by {rise:.2g} {unit}, {significance:.1f} times its "
            "noise; check the scan, the modality and the brain mask."
        )


def _cut_off(contrast, frames_before, peak):
    """At which ends the scan cuts off the bolus, and what to say of it."""
    ends, warnings = [], []
    if frames_before <= 1:
        ends.append("start")
    if frames_before <= 2:
        warnings.append(
            f"The bolus arrives after {counted(frames_before, 'frame')}: with so few before it the "
            "baseline is uncertain, and the bolus may be cut off at the start."
        )
    tail = contrast[-3:].mean()
    if peak >= contrast.size - 3:
        ends.append("end")
        warnings.append(
            "The bolus is cut off: the brain's curve is highest at the end of the scan, so the maps are unreliable."
        )
    elif tail > LARGEST_REST * contrast[peak]:
        ends.append("end")
        warnings.append(
            f"The bolus is cut off: at the end of the scan {100 * tail / contrast[peak]:.0f} % of the contrast is "
            "still in the brain, so CBV and MTT are too low and CBF is unreliable."
        )
    return " and ".join(ends), tuple(warnings)
