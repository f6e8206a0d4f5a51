"""A reference map from any software, on the grid of the own maps: geometry and background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..errors import PerfusionError
from ..maps import DELAYS
from ..series import Grid

# A value that fills at least this part of the rim of the slices is background.
BACKGROUND_PART = 0.5
FEWEST_VALUES = 6
LOOKED_AT = 200_000


@dataclass(frozen=True, eq=False)
class ReferenceMap:
    """A map of another software, as its file holds it.

    Parameters
    ----------
    values : ndarray of shape (z, y, x)
        Any real type, on any grid and in any orientation.
    ijk_to_ras : ndarray of shape (4, 4)
        From its voxel indices (i, j, k) = (x, y, z) to RAS mm.
    unit : str, optional
        Such as "ml/100ml/min" or "ms"; "relative" where the values have no scale. Guessed where left out.
    background : float, optional
        Value of voxels that hold no result; found where left out.
    """

    values: np.ndarray
    ijk_to_ras: np.ndarray
    unit: str | None = None
    background: float | None = None


def place_reference(reference: ReferenceMap, name: str, brain: np.ndarray, grid: Grid) -> np.ndarray:
    """Values of a reference map in the voxels of the own brain, by linear interpolation between those with a result.

    A voxel lies outside where its centre is in no voxel of the reference, and has no value where half or more of what
    would be interpolated is background or not finite. Background inside the brain counts as no result in every map but
    the times of arrival, where its value (often 0) may be a result: there only background that reaches the rim does.

    Parameters
    ----------
    reference : ReferenceMap
    name : str
        Of the map, for the sentences.
    brain : ndarray of bool, shape (z, y, x)
        n voxels on the own grid.
    grid : Grid
        The own one.

    Returns
    -------
    ndarray of shape (n,), float32
        NaN where the reference has no value.

    Raises
    ------
    PerfusionError
        If the reference is no map, lies elsewhere, or has no values in the brain.
    """
    values = _checked_values(reference.values, name)
    own = Grid(values.shape, _checked_geometry(reference.ijk_to_ras, name))
    valid = np.isfinite(values) & ~_background(values, reference.background, name)
    _check_content(values, valid, name)
    places = own.to_indices(grid.to_ras(np.argwhere(brain)))
    inside = ((places >= -0.5) & (places <= np.array(values.shape) - 0.5)).all(1)
    if not inside.any():
        raise PerfusionError(_elsewhere(name, own, grid, brain))
    placed = np.full(len(places), np.nan, np.float32)
    placed[inside] = _interpolated(values, valid, places[inside])
    if not np.isfinite(placed).any():
        raise PerfusionError(
            f"The reference {name} has no values inside the brain mask; is it a map of the same scan, and is "
            "its background value right?"
        )
    return placed


def place_mask(mask: np.ndarray, ijk_to_ras: np.ndarray, grid: Grid) -> np.ndarray:
    """A mask of another grid on the own one.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    ijk_to_ras : ndarray of shape (4, 4)
        Of the mask.
    grid : Grid
        The own one.

    Returns
    -------
    ndarray of bool, shape of the own grid
        Where the mask, linearly interpolated, is more than a half.
    """
    source = Grid(mask.shape, ijk_to_ras)
    places = source.to_indices(grid.to_ras(np.indices(grid.shape).reshape(3, -1).T))
    inside = ((places >= -0.5) & (places <= np.array(mask.shape) - 0.5)).all(1)
    placed = np.zeros(len(places), bool)
    part = ndimage.map_coordinates(mask.astype(np.float32), places[inside].T, order=1, mode="nearest")
    placed[inside] = part > 0.5
    return placed.reshape(grid.shape)


def _checked_values(values, name):
    values = np.asarray(values)
    if values.ndim == 4 and 1 in (values.shape[0], values.shape[-1]):
        values = values.squeeze(0 if values.shape[0] == 1 else -1)
    if values.ndim != 3 or values.size == 0:
        raise PerfusionError(f"The reference {name} has the shape {values.shape}; give one volume (z, y, x).")
    if values.dtype.kind not in "iuf":
        raise PerfusionError(
            f"The reference {name} holds values of type {values.dtype}; give a map of numbers, not a mask or a picture."
        )
    return values


def _checked_geometry(ijk_to_ras, name):
    matrix = np.asarray(ijk_to_ras, float)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
        raise PerfusionError(f"The geometry of the reference {name} is no invertible 4×4 matrix; export it again.")
    return matrix


def _background(values, declared, name):
    background = _rim_value(values) if declared is None else declared
    if background is None or not np.isfinite(background):
        return np.zeros(values.shape, bool)
    empty = values == background
    return _touching_rim(empty) if name in DELAYS else empty


def _rim_value(values):
    """The value that fills most of the rim of the slices; None where none fills half of it."""
    rim = values[_rim(values.shape)]
    rim = rim[np.isfinite(rim)]
    found, counts = np.unique(rim, return_counts=True)
    if not rim.size or counts.max() < BACKGROUND_PART * rim.size:
        return None
    return found[np.argmax(counts)]


def _rim(shape):
    rim = np.ones(shape, bool)
    rim[:, 1:-1, 1:-1] = False
    return rim


def _touching_rim(empty):
    in_slice = np.zeros((3, 3, 3), bool)
    in_slice[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(empty, in_slice)
    touching = np.zeros(count + 1, bool)
    touching[labels[_rim(empty.shape)]] = True
    touching[0] = False
    return touching[labels]


def _check_content(values, valid, name):
    content = values[valid]
    if not content.size:
        raise PerfusionError(f"The reference {name} holds nothing but background or NaN; choose another file.")
    if content.min() == content.max():
        raise PerfusionError(f"The reference {name} is {content.flat[0]:g} everywhere; choose another file.")
    count = np.unique(content[:: max(1, content.size // LOOKED_AT)]).size
    if count < FEWEST_VALUES:
        raise PerfusionError(
            f"The reference {name} holds only {count} different values: labels, it seems; give the map, or compare "
            "labels as a lesion."
        )


def _elsewhere(name, own, grid, brain):
    middles = own.to_ras((np.array(own.shape) - 1) / 2), grid.to_ras(np.argwhere(brain).mean(0))
    there, here = (", ".join(f"{value:.0f}" for value in middle) for middle in middles)
    return (
        f"The reference {name} lies around ({there}) mm and the brain around ({here}) mm, with no overlap; is it a map "
        "of the same scan, with its geometry kept?"
    )


def _interpolated(values, valid, places):
    weight, total = (
        ndimage.map_coordinates(part.astype(np.float32), places.T, order=1, mode="nearest")
        for part in (valid, np.where(valid, values, 0))
    )
    placed = np.full(len(places), np.nan, np.float32)
    np.divide(total, weight, out=placed, where=weight > 0.5)
    return placed
