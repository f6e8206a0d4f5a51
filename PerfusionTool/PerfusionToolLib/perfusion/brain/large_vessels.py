"""Large vessels, which tissue averages leave out, and their rims."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .shapes import slightly_smooth

VESSEL_SPREADS = 5.0
RIM_SPREADS = 1.3
VESSEL_PART = 0.1
CORE_PART = 0.35


def find_vessels(area: np.ndarray, intracranial: np.ndarray) -> np.ndarray:
    """Large vessels, which tissue averages leave out.

    Parameters
    ----------
    area : ndarray of shape (z, y, x)
        Area under each voxel's concentration curve.
    intracranial : ndarray of bool, shape (z, y, x)

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        Voxels far above the spread of the tissue, and those around them in the slice that share the vessel.
    """
    if not intracranial.any():
        return np.zeros(area.shape, bool)
    typical, top = np.percentile(area[intracranial], (50, 99.8))
    above = area - typical
    steady = slightly_smooth(np.where(intracranial, above, 0))
    clear = VESSEL_PART * (top - typical)
    vessels = _far_above(above, intracranial, clear) | _far_above(steady, intracranial, clear)
    around = ndimage.binary_dilation(vessels, np.ones((1, 3, 3), bool)) & intracranial
    return vessels | around & (above > max(RIM_SPREADS * _spread(above[intracranial]), 0.5 * clear))


def vessel_rims(area: np.ndarray, vessels: np.ndarray, intracranial: np.ndarray) -> np.ndarray:
    """The voxels of a vessel mask that are mostly tissue.

    Parameters
    ----------
    area : ndarray of shape (z, y, x)
        Area under each voxel's concentration curve.
    vessels, intracranial : ndarray of bool, shape (z, y, x)

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        Vessel voxels whose area is a third or less of a large vessel's.
    """
    if not intracranial.any():
        return vessels
    typical, top = np.percentile(area[intracranial], (50, 99.8))
    return vessels & (area - typical < CORE_PART * (top - typical))


def _far_above(values, intracranial, clear):
    return intracranial & (values > max(VESSEL_SPREADS * _spread(values[intracranial]), clear))


def _spread(values):
    """Standard deviation of most of the values, whatever the others are."""
    return 1.4826 * np.median(np.abs(values - np.median(values)))
