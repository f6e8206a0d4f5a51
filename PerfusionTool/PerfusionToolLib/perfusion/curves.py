"""The curves of a mask's voxels as rows."""

from __future__ import annotations

import numpy as np

from .progress import Progress, Steps

_FRAMES = 8


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
    inside = np.flatnonzero(mask)
    rows = np.empty((inside.size, len(signal)), np.float32)
    for first in range(0, len(signal), _FRAMES):
        block = [frame.ravel()[inside] for frame in signal[first : first + _FRAMES]]
        rows[:, first : first + _FRAMES] = np.stack(block, 1)
        yield Progress(stage, first / len(signal), text)
    return rows
