"""The arterial input made ready: its fit or its mean, scaled for partial volume by the venous output."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.integrate import trapezoid

from .candidates import half_rise_time
from .sources import ArterialInput, VenousOutput

# Partial volume only lowers an AIF, so never below 1; an artery that fills less than a sixth of its voxels is none.
USUAL_FACTORS = (1.0, 6.0)


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
