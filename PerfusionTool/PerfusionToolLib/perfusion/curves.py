"""The curves of a mask's voxels as rows."""

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
