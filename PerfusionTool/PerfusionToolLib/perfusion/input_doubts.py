"""What is questionable about the curve of an arterial input, in words."""

from __future__ import annotations

import numpy as np

from .curves import half_rise_time

LATE_INTERVALS = 0.5
# Even an artery that partial volume halves peaks far above this multiple of the tissue's mean curve.
SMALLEST_PEAK_RATIO = 3.0
LARGEST_REST = 0.6
# A plateau within 2 % of the peak, this many frames and seconds long, is a clipped peak and no bolus.
PLATEAU_FRAMES = 4
PLATEAU_SECONDS = 4.0


def curve_doubts(curve: np.ndarray, tissue_curve: np.ndarray | None, times: np.ndarray) -> tuple[str, ...]:
    """What is questionable about an arterial curve, in words.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Concentration in the artery.
    tissue_curve : ndarray of shape (t,) or None
        Mean concentration of the tissue, in the same unit; None where there is none to compare with.
    times : ndarray of shape (t,)
        s.

    Returns
    -------
    tuple of str
    """
    peak = int(np.argmax(curve))
    interval = float(np.median(np.diff(times)))
    doubts = [] if tissue_curve is None else _beside_tissue(curve, tissue_curve, times, interval)
    if peak >= curve.size - 3 or curve[-3:].mean() > LARGEST_REST * curve[peak]:
        doubts.append("The AIF is truncated: the scan ends before contrast has left the artery.")
    top = int((curve >= 0.98 * curve[peak]).sum())
    if top >= PLATEAU_FRAMES and top * interval > PLATEAU_SECONDS:
        doubts.append(f"The AIF is saturated: {top} frames lie within 2 % of its peak.")
    return tuple(doubts)


def _beside_tissue(curve, tissue_curve, times, interval):
    doubts = []
    late = half_rise_time(curve, times) - half_rise_time(tissue_curve, times)
    if late > LATE_INTERVALS * interval:
        doubts.append(f"The AIF is late: it rises {late:.1f} s after the tissue's mean curve.")
    ratio = curve.max() / tissue_curve.max()
    if ratio < SMALLEST_PEAK_RATIO:
        doubts.append(f"The AIF is flat: its peak is only {ratio:.1f} times the tissue's mean peak.")
    return doubts
