"""The arterial input made ready: its fit or its mean, scaled for partial volume by the venous output."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.integrate import trapezoid

from ..deconvolution.convolution import time_weights
from ..noise import curve_noise
from .candidates import half_rise_time
from .sources import ArterialInput, VenousOutput

# Partial volume only lowers an AIF, so never below 1; an artery that fills less than a sixth of its voxels is none.
USUAL_FACTORS = (1.0, 6.0)
# The standard deviation of fewer values says little.
FEWEST_BASELINE_FRAMES = 4


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
    arterial_area, venous_area = _areas(arterial, venous, times)
    if arterial_area <= 0 or venous_area <= 0:
        return float("nan")
    return float(venous_area / arterial_area)


def _areas(arterial, venous, times):
    delay = half_rise_time(venous, times) - half_rise_time(arterial, times)
    grid = np.linspace(times[0], times[-1] - max(delay, 0), 10 * times.size)
    return trapezoid(np.interp(grid, times, arterial), grid), trapezoid(venous, times)


def partial_volume_sd(
    arterial: np.ndarray, venous: np.ndarray, times: np.ndarray, baseline: np.ndarray, voxels: np.ndarray
) -> float:
    """Standard deviation of the factor by which the area of the VOF exceeds the area of the AIF.

    Parameters
    ----------
    arterial, venous : ndarray of shape (t,)
        Concentration.
    times : ndarray of shape (t,)
        s.
    baseline : ndarray of int
        Frames before the bolus, whose mean is the zero of the concentration.
    voxels : ndarray of shape (k, t)
        Concentration of the vein's voxels, whose mean `venous` is; none of a curve that was given.

    Returns
    -------
    float
        NaN if either area is not positive.

    Notes
    -----
    The root of the sum of squares of what is known to err, each as a part of its area:

    - the noise of AIF and VOF, frame by frame, and through the baseline that is subtracted from all frames;
    - tissue in the vein's voxels, seen in the spread of their areas beyond noise. Where they hold anything from no
      tissue to some, evenly, the mean lies below that of blood by √3 times the spread, however many there are;
    - the end of the scan: what an error of the delay between AIF and VOF moves into or out of the AIF's window. The
      error is the difference between the delay of the half rise and of the peak, by which the brain has dispersed
      the bolus.

    The artery's voxels may differ: the factor is that of their mean, the AIF. What both vessels share, such as a scan
    that is not proportional to the concentration, is not known and not in it.
    """
    areas = np.array(_areas(arterial, venous, times))
    if (areas <= 0).any():
        return float("nan")
    noise = np.array([_noise(curve, baseline) for curve in (arterial, venous)]) * _area_weight(times, baseline)
    errors = [*noise / areas, _tissue_in_vein(voxels, times, baseline), _tail(arterial, venous, times) / areas[0]]
    return float(areas[1] / areas[0] * np.linalg.norm(errors))


def _noise(curve, baseline):
    """Standard deviation of one frame; in the baseline where that is long enough, since a steep bolus looks noisy."""
    return float(curve[baseline].std(ddof=1)) if len(baseline) >= FEWEST_BASELINE_FRAMES else curve_noise(curve)


def _area_weight(times, baseline):
    """By how much the noise of one frame is multiplied in an area, the baseline having been subtracted."""
    weights = time_weights(times)
    if len(baseline):
        weights[baseline] -= weights.sum() / len(baseline)
    return float(np.linalg.norm(weights))


def _tissue_in_vein(voxels, times, baseline):
    """How far the mean area of a vein's voxels lies below that of pure blood, as a part of it, by their spread."""
    voxels = voxels[np.isfinite(voxels).all(1)].astype(float)
    if len(voxels) < 2:
        return 0.0
    areas = voxels @ time_weights(times)
    noise = np.mean([_noise(curve, baseline) ** 2 for curve in voxels]) * _area_weight(times, baseline) ** 2
    return float(np.sqrt(3 * max(areas.var(ddof=1) - noise, 0.0)) / areas.mean())


def _tail(arterial, venous, times):
    """Area that the AIF has within the error of its delay to the VOF, at the end of its window."""
    delay = half_rise_time(venous, times) - half_rise_time(arterial, times)
    peaks_apart = times[np.argmax(venous)] - times[np.argmax(arterial)]
    level = np.interp(times[-1] - max(delay, 0), times, arterial)
    return float(level * abs(peaks_apart - delay))


def finish_input(
    arterial: ArterialInput,
    times: np.ndarray,
    *,
    use_fit: bool = False,
    partial_volume: str = "auto",
    factor: float = 1.0,
    venous: VenousOutput | None = None,
    baseline: np.ndarray = (),
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
    baseline : ndarray of int
        Frames before the bolus, for the standard deviation of the factor.

    Returns
    -------
    ArterialInput
    """
    scaling = _scaling(arterial, times, partial_volume, factor, venous, np.array(baseline, int))
    curve = arterial.fit(times - times[0]) if use_fit else arterial.measured
    warnings = arterial.warnings + scaling.pop("warnings", ())
    return replace(arterial, curve=curve * scaling["scale"], warnings=warnings, **scaling)


def _scaling(arterial, times, partial_volume, factor, venous, baseline):
    """Factor, its standard deviation, the reason, and what to warn of, as far as there are any."""
    if partial_volume == "factor":
        return {"scale": factor, "scale_reason": f"factor {factor:g} as set"}
    if partial_volume == "off":
        return {"scale": 1.0, "scale_reason": "off"}
    if arterial.source == "curve":
        return {"scale": 1.0, "scale_reason": "auto: not applied to a curve that was given"}
    if venous is None:
        warning = "No vein was found, so the AIF is not scaled for partial volume."
        return {"scale": 1.0, "scale_reason": "auto: no vein was found", "warnings": (warning,)}
    ratio = partial_volume_factor(arterial.measured, venous.curve, times)
    if not np.isfinite(ratio):
        return {"scale": 1.0, "scale_reason": "auto: the areas of AIF and VOF are not positive"}
    sd = partial_volume_sd(arterial.measured, venous.curve, times, baseline, venous.curves)
    return _limited(ratio, sd)


def _limited(ratio, sd):
    """The factor within its limits; at a limit it is a convention, and the ratio's standard deviation not its own."""
    low, high = USUAL_FACTORS
    reason = f"auto: area of the VOF is {ratio:.2f} ± {sd:.2f} times the area of the AIF"
    if ratio > high:
        warning = f"The VOF's area is {ratio:.1f} times the AIF's, more than {high:g}: is the AIF in an artery?"
        return {"scale": high, "scale_reason": f"{reason}, limited to {high:g}", "warnings": (warning,)}
    if ratio < low:
        return {"scale": low, "scale_reason": f"{reason}, left at {low:g}"}
    return {"scale": ratio, "scale_sd": sd, "scale_reason": reason}
