"""Curves of voxels: gathered as rows, and when one rises."""

from __future__ import annotations

import numpy as np

from .progress import Progress, Steps

# As many curves at once as stay in the processor's cache.
_VOXELS = 20_000


def gather_curves_steps(signal: np.ndarray, mask: np.ndarray, stage: str, text: str) -> Steps[np.ndarray]:
    """Curves of the voxels of a mask, step by step.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
    mask : ndarray of bool, shape (z, y, x)
        With n voxels.
    stage, text : str
        For the progress.

    Yields
    ------
    Progress

    Returns
    -------
    ndarray of shape (n, t), float32
    """
    places = np.nonzero(mask)
    rows = np.empty((places[0].size, len(signal)), np.float32)
    for first in range(0, len(rows), _VOXELS):
        part = slice(first, first + _VOXELS)
        rows[part] = signal[(slice(None), *(axis[part] for axis in places))].T
        yield Progress(stage, min(first + _VOXELS, len(rows)) / len(rows), text)
    return rows


def half_rise_time(curve: np.ndarray, times: np.ndarray) -> float:
    """Time at which a curve rises through half its peak, the last time before the peak.

    Parameters
    ----------
    curve : ndarray of shape (t,)
    times : ndarray of shape (t,)
        s.

    Returns
    -------
    float
        s.
    """
    peak = int(np.argmax(curve))
    half = curve[peak] / 2
    below = np.flatnonzero(curve[:peak] < half)
    if below.size == 0:
        return float(times[0])
    left = int(below[-1])
    part = (half - curve[left]) / (curve[left + 1] - curve[left])
    return float(times[left] + part * (times[left + 1] - times[left]))
