"""Brain on CT: soft tissue that bone encloses, without the CSF and the sinuses around it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .shapes import escapes, grown, large_parts, outer_part, shrunk, small_holes_filled, without_thin_rims

# HU above or below brain tissue, so that a scanner's offset does not matter.
BONE = 130.0
DENSE = 40.0
CSF = -11.0
FAT = -70.0
AIR = -250.0
AIR_TO_TISSUE = (960.0, 1250.0)

MOST_ESCAPES = 2  # of eight directions in which the inside of a skull with gaps may see the outside
LEAST_ENCLOSED = 0.05  # part of the soft tissue that a skull in view encloses
LARGEST_SKULL_GAP = 9.0  # mm
RIM = 6.0  # mm


def tissue_level(mean: np.ndarray, changing: np.ndarray) -> float:
    """Value of brain tissue: the peak of the histogram that lies above the air's, or the only one.

    Parameters
    ----------
    mean : ndarray of shape (z, y, x)
        Mean over time in HU, with any offset.
    changing : ndarray of bool, shape (z, y, x)
        False where the value never changes: padding around the reconstructed circle, or a mask of the scanner.

    Returns
    -------
    float
        About 30 HU plus the offset of the scan.
    """
    values = mean[changing]
    lowest, highest = np.percentile(values, (0.1, 99.5))
    counts, edges = np.histogram(values, np.arange(lowest - 21, highest + 23, 2.0))
    density = ndimage.gaussian_filter1d(counts.astype(float), 2.0)
    centres = (edges[1:] + edges[:-1]) / 2
    peak = centres[np.argmax(density)]
    near, far = AIR_TO_TISSUE
    tissue = (centres >= peak + near) & (centres <= peak + far)
    air = (centres >= peak - far) & (centres <= peak - near)
    distance = _distance_from_middle(mean.shape)
    is_candidate = changing & (mean >= peak + near) & (mean <= peak + far)
    is_peak = changing & (np.abs(mean - peak) < 100)
    enough = 0.01 * values.size
    if counts[air].sum() < enough < is_candidate.sum() and distance[is_peak].mean() > distance[is_candidate].mean():
        peak = centres[tissue][np.argmax(density[tissue])]
    return float(peak)


def _distance_from_middle(shape):
    rows, columns = np.linspace(-1, 1, shape[1])[:, None], np.linspace(-1, 1, shape[2])
    return np.broadcast_to(np.hypot(rows, columns).astype(np.float32), shape)


def intracranial_space(level: np.ndarray, enhancing: np.ndarray, empty: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Everything inside the inner table of the skull.

    Parameters
    ----------
    level : ndarray of shape (z, y, x)
        HU above brain tissue.
    enhancing : ndarray of bool, shape (z, y, x)
        Vessels, which may be as bright as bone.
    empty : ndarray of bool, shape (z, y, x)
        Padding, which may have the value of anything.
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        Empty if there is no soft tissue.
    """
    bone = (level > BONE) & ~enhancing
    soft = ((level > FAT) & (level <= BONE) | enhancing) & ~empty
    outside = outer_part((level < AIR) | empty)
    enclosed = soft & (escapes(bone, outside) <= MOST_ESCAPES)
    without_skull = enclosed.sum() < LEAST_ENCLOSED * soft.sum()
    space = soft if without_skull else enclosed
    radius = LARGEST_SKULL_GAP / 2
    core = large_parts(shrunk(space, spacing, radius))
    space &= grown(core, spacing, radius + 1.5 * max(spacing[1:]))
    return small_holes_filled(space, spacing)


def tissue_inside(
    level: np.ndarray, enhancing: np.ndarray, intracranial: np.ndarray, spacing: np.ndarray
) -> np.ndarray:
    """Grey and white matter: what is denser than CSF inside the skull.

    Parameters
    ----------
    level, enhancing, spacing
        As for `intracranial_space`.
    intracranial : ndarray of bool, shape (z, y, x)

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        Without vessels, and without the thin rim where CSF and bone share voxels.
    """
    deep = shrunk(intracranial, spacing, RIM) & ~enhancing
    reference = np.median(level[deep]) if deep.any() else 0.0
    tissue = intracranial & ~enhancing & (level > reference + CSF) & (level < reference + DENSE)
    return large_parts(without_thin_rims(tissue, spacing))
