"""Hounsfield units that were stored with a number added, as files of unsigned values need it."""

from __future__ import annotations

import numpy as np

OFFSETS = (0.0, 1000.0, 1024.0)
BRAIN = 35.0
SOFT_TISSUE = (0.0, 100.0)
AIR = 200.0  # HU above the air's own value
# Soft tissue is alike on CT; on MR it is not, whatever the scale.
NEAR, AROUND, LEAST_ALIKE = 60.0, 200.0, 0.7
LEAST_AIR, LEAST_TISSUE = 0.01, 0.02


def stored_offset(brain: np.ndarray) -> float:
    """What was added to the Hounsfield units of a CT scan.

    Parameters
    ----------
    brain : ndarray of shape (n,)
        Values in the brain, as stored.

    Returns
    -------
    float
        One of `OFFSETS`.
    """
    return min(OFFSETS, key=lambda offset: abs(np.median(brain) - offset - BRAIN))


def offset_by_values(frame: np.ndarray) -> float | None:
    """Whether a frame looks like CT of a head that was stored with air at 0, and with what offset.

    Parameters
    ----------
    frame : ndarray
        Values of one frame, all finite.

    Returns
    -------
    float or None
        One of `OFFSETS` but 0; None where values are negative, or there is no air or no tissue as alike as on CT.
    """
    body = frame[frame > AIR]
    if body.size == 0 or frame.min() < 0 or np.mean(frame <= AIR) < LEAST_AIR:
        return None
    centres = np.arange(OFFSETS[1] + SOFT_TISSUE[0], OFFSETS[2] + SOFT_TISSUE[1], 2.0)
    counts, _edges = np.histogram(body, np.append(centres - 1, centres[-1] + 1))
    # Beside the peak of soft tissue there is little in air's direction and bone's.
    peak = centres[np.argmax(np.convolve(counts, np.ones(9), "same"))]
    around = np.abs(body - peak)
    alike = np.count_nonzero(around < NEAR) / max(np.count_nonzero(around < AROUND), 1)
    if alike < LEAST_ALIKE or np.count_nonzero(around < NEAR) < LEAST_TISSUE * frame.size:
        return None
    return stored_offset(np.array([peak]))
