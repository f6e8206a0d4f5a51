"""What is questionable about an arterial input, in words."""

from __future__ import annotations

import numpy as np

from .candidates import half_rise_time
from .sources import ArterialInput

LATE_INTERVALS = 0.5
# Even an artery that partial volume halves peaks far above this multiple of the brain's mean curve.
SMALLEST_PEAK_RATIO = 3.0
LARGEST_REST = 0.6
# A plateau within 2 % of the peak, this many frames and seconds long, is a clipped peak and no bolus.
PLATEAU_FRAMES = 4
PLATEAU_SECONDS = 4.0
# An earlier artery of at least this part of the AIF's peak counts; small ones are too noisy to time.
CREDIBLE_PEAK = 0.5
LARGEST_LEAD_SECONDS = 1.5


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
    if rise > half_rise_time(brain_curve, times) + LATE_INTERVALS * interval:
        warnings.append(
            f"The AIF is late: it rises {rise - half_rise_time(brain_curve, times):.1f} s after the brain's mean curve."
        )
    if curve[peak] < SMALLEST_PEAK_RATIO * brain_curve.max():
        warnings.append(
            f"The AIF is flat: its peak is only {curve[peak] / brain_curve.max():.1f} times the brain's mean peak."
        )
    if peak >= curve.size - 3 or curve[-3:].mean() > LARGEST_REST * curve[peak]:
        warnings.append("The AIF is truncated: the scan ends before contrast has left the artery.")
    top = int((curve >= 0.98 * curve[peak]).sum())
    if top >= PLATEAU_FRAMES and top * interval > PLATEAU_SECONDS:
        warnings.append(f"The AIF is saturated: {top} frames lie within 2 % of its peak.")
    earlier = [c for c in arterial.candidates if c.accepted and c.peak >= CREDIBLE_PEAK * curve[peak]]
    lead = max((rise - times[0] - c.arrival for c in earlier), default=0.0)
    if lead > LARGEST_LEAD_SECONDS:
        warnings.append(
            f"Another artery fills {lead:.1f} s earlier: the AIF may lie beyond an occlusion, or in a vein."
        )
    return tuple(warnings)
