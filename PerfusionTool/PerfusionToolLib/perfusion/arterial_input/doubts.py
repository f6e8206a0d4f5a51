"""What is questionable about an arterial input and a venous output, in words."""

from __future__ import annotations

import numpy as np

from ..input_doubts import curve_doubts
from .candidates import half_rise_time
from .judgement import FRAMES_AT_THE_END
from .sources import ArterialInput, VenousOutput

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
    warnings = curve_doubts(curve, brain_curve, times)
    earlier = [c for c in arterial.candidates if c.accepted and c.peak >= CREDIBLE_PEAK * curve.max()]
    rise = half_rise_time(curve, times) - times[0]
    lead = max((rise - c.arrival for c in earlier), default=0.0)
    if lead > LARGEST_LEAD_SECONDS:
        warnings += (f"Another artery fills {lead:.1f} s earlier: the AIF may lie beyond an occlusion, or in a vein.",)
    return warnings


def output_warnings(venous: VenousOutput, arterial_curve: np.ndarray, times: np.ndarray) -> tuple[str, ...]:
    """What is questionable about a venous output that a person chose, in words.

    Parameters
    ----------
    venous : VenousOutput
    arterial_curve : ndarray of shape (t,)
        The AIF in use, not scaled.
    times : ndarray of shape (t,)
        s.

    Returns
    -------
    tuple of str
        Nothing of one that was found: it has passed for a vein.
    """
    if venous.source == "automatic":
        return ()
    curve, warnings = venous.curve, []
    lead = half_rise_time(arterial_curve, times) - half_rise_time(curve, times)
    if lead > 0:
        warnings.append(f"The VOF rises {lead:.1f} s before the AIF: it does not lie in a vein that drains the brain.")
    if np.argmax(curve) >= curve.size - FRAMES_AT_THE_END:
        warnings.append("The VOF is highest at the end of the scan: the factor from its area is too low.")
    return tuple(warnings)
