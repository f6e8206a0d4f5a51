"""Shapes in the slices of a head: distances, openings, closings and what the skull encloses.

Everything works in the plane of the slices, where voxels are small; slices 5 mm apart say little about a 3 mm gap.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
WIDEST_SULCUS = 14.0  # mm
DEEPEST_SINUS = 12.0  # mm
LARGEST_HOLE = 100.0  # mm²
SMALL_PART = 0.05  # of the largest


def grown(mask: np.ndarray, spacing: np.ndarray, radius: float) -> np.ndarray:
    """A mask with everything within a radius in the plane (dilation by a disk).

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).
    radius : float
        mm between the centres of voxels.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    height, width = spacing[1:]
    distance = _distance_in_row(mask)
    result = np.zeros_like(mask)
    rows = mask.shape[1]
    for offset in range(min(int(radius / height), rows - 1) + 1):
        reach = np.sqrt(max(radius**2 - (offset * height) ** 2, 0)) / width
        near = distance <= np.int16(min(reach, mask.shape[2]))
        result[:, offset:] |= near[:, : rows - offset]
        result[:, : rows - offset] |= near[:, offset:]
    return result


def _distance_in_row(mask):
    """Voxels along the row to the nearest voxel of the mask."""
    columns = np.arange(mask.shape[2], dtype=np.int16)
    far = np.int16(12000)
    before = np.maximum.accumulate(np.where(mask, columns, -far), axis=2)
    after = np.minimum.accumulate(np.where(mask, columns, far)[..., ::-1], axis=2)[..., ::-1]
    return np.minimum(columns - before, after - columns)


def shrunk(mask: np.ndarray, spacing: np.ndarray, radius: float) -> np.ndarray:
    """A mask without its rim of `radius` mm (erosion by a disk); beyond the image's border nothing is outside."""
    return ~grown(~mask, spacing, radius)


def opened(mask: np.ndarray, spacing: np.ndarray, radius: float) -> np.ndarray:
    """A mask without its parts narrower than twice `radius` mm."""
    return grown(shrunk(mask, spacing, radius), spacing, radius) & mask


def closed(mask: np.ndarray, spacing: np.ndarray, radius: float) -> np.ndarray:
    """A mask with its gaps narrower than twice `radius` mm filled."""
    return shrunk(grown(mask, spacing, radius), spacing, radius) | mask


def filled(mask: np.ndarray) -> np.ndarray:
    """A mask with its holes filled, slice by slice."""
    return np.stack([ndimage.binary_fill_holes(slice_) for slice_ in mask])


def small_holes_filled(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """A mask without holes the size of a clip or a calcification; a bone that it surrounds stays out."""
    holes = filled(mask) & ~mask
    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1] = True
    labels, _ = ndimage.label(holes, in_plane)
    small = np.bincount(labels.ravel()) * spacing[1] * spacing[2] <= LARGEST_HOLE
    small[0] = False
    return mask | small[labels]


def large_parts(mask: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """The connected parts of a mask that are not small beside the largest.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    weight : ndarray of shape (z, y, x), optional
        What a voxel counts; default 1.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel(), None if weight is None else weight.ravel())
    sizes[0] = 0
    return (sizes >= SMALL_PART * sizes.max())[labels] & mask


def without_thin_rims(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """A mask without lines one voxel thin, as partial volume makes them; coarse voxels stay."""
    return opened(mask, spacing, min(1.2 * max(spacing[1:]), 2.0))


def brain_around(tissue: np.ndarray, vessels: np.ndarray, intracranial: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """The brain: tissue with the ventricles and sulci between it, without the sinuses.

    Parameters
    ----------
    tissue, vessels, intracranial : ndarray of bool, shape (z, y, x)
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    brain = filled(closed(tissue, spacing, WIDEST_SULCUS / 2)) & intracranial
    brain &= ~sinuses(vessels, intracranial, spacing)
    return smoothed(brain, spacing, min(0.7 * max(spacing[1:]), 1.0)) & intracranial


def smoothed(mask: np.ndarray, spacing: np.ndarray, width: float) -> np.ndarray:
    """A mask with its outline smoothed by a Gaussian of `width` mm in the plane."""
    sigma = (0, width / spacing[1], width / spacing[2])
    return ndimage.gaussian_filter(mask.astype(np.float32), sigma, truncate=3.0) > 0.5


def sinuses(vessels: np.ndarray, intracranial: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Thick vessels that lie against the skull.

    Parameters
    ----------
    vessels, intracranial : ndarray of bool, shape (z, y, x)
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    voxel = max(spacing[1:])
    near_skull = intracranial & ~shrunk(intracranial, spacing, DEEPEST_SINUS)
    thick = opened(vessels & near_skull, spacing, min(1.5 * voxel, 2.5))
    labels, count = ndimage.label(thick)
    against_skull = np.zeros(count + 1, bool)
    against_skull[labels[thick & ~shrunk(intracranial, spacing, 2.5 * voxel)]] = True
    return against_skull[labels] & thick


def outer_part(mask: np.ndarray) -> np.ndarray:
    """The parts of a mask that reach the border of the slices."""
    labels, count = ndimage.label(mask)
    border = np.zeros(count + 1, bool)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        border[edge.ravel()] = True
    border[0] = False
    return border[labels]


def escapes(barrier: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """In how many of eight in-plane directions a voxel sees the outside before it meets a barrier.

    Parameters
    ----------
    barrier, outside : ndarray of bool, shape (z, y, x)
        Bone, and the air around the head.

    Returns
    -------
    ndarray of uint8, shape (z, y, x)
        0 for a voxel with bone all around, 8 for one without. A direction that leaves the image first does not count.
    """
    count = np.zeros(barrier.shape, np.uint8)
    for direction in DIRECTIONS:
        count += _sees(outside, barrier, direction)
    return count


def _sees(outside, barrier, direction):
    """Whether the ray from each voxel in one direction meets the outside before the barrier."""
    swap = direction[0] == 0
    if swap:
        outside, barrier, direction = outside.swapaxes(1, 2), barrier.swapaxes(1, 2), direction[::-1]
    step, aside = direction
    sees = outside & ~barrier
    passes = ~(outside | barrier)
    rows = range(sees.shape[1] - 2, -1, -1) if step > 0 else range(1, sees.shape[1])
    for row in rows:
        before = sees[:, row + step]
        if aside > 0:
            sees[:, row, :-1] |= passes[:, row, :-1] & before[:, 1:]
        elif aside < 0:
            sees[:, row, 1:] |= passes[:, row, 1:] & before[:, :-1]
        else:
            sees[:, row] |= passes[:, row] & before
    return sees.swapaxes(1, 2) if swap else sees


def slightly_smooth(volume: np.ndarray) -> np.ndarray:
    """A volume smoothed by a Gaussian of 0.6 voxels in the plane."""
    return ndimage.gaussian_filter(volume, (0, 0.6, 0.6), truncate=3.0)
