"""Cerebrospinal fluid inside the brain."""

from __future__ import annotations

import numpy as np

from . import ct, mr
from .shapes import slightly_smooth

CSF_BRIGHTNESS = 1.25
TISSUE_RANGE = 0.3


def find_csf(average: np.ndarray, brain: np.ndarray, modality: str, spacing=(1.0, 1.0, 1.0)) -> np.ndarray:
    """Ventricles and sulci inside the brain.

    Parameters
    ----------
    average : ndarray of shape (z, y, x)
        Mean of the frames before the bolus.
    brain : ndarray of bool, shape (z, y, x)
    modality : {"CT", "MR"}
    spacing : array_like of shape (3,), default (1, 1, 1)
        Voxel size in mm along (z, y, x).

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    if not brain.any():
        return np.zeros(brain.shape, bool)
    weight = slightly_smooth(brain.astype(np.float32))
    smooth = slightly_smooth(np.where(brain, average, 0).astype(np.float32)) / np.maximum(weight, 1e-3)
    if modality == "CT":
        return brain & (smooth < np.median(average[brain]) + ct.CSF)
    tissue = brain & (np.abs(smooth / np.median(smooth[brain]) - 1) < TISSUE_RANGE)
    relative = smooth / mr.local_level(smooth, tissue, spacing)
    brightest = np.percentile(relative[brain], 99.5)
    return brain & (relative > max(0.5 * (1 + brightest), CSF_BRIGHTNESS))
