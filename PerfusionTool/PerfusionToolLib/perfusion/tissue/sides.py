"""Left and right of the mid-sagittal plane."""

from __future__ import annotations

import numpy as np

from ..errors import PerfusionError
from ..progress import Progress, Steps
from ..series import Grid
from ..symmetry import SymmetryPlane, mirror_image

LEFT, RIGHT = "left", "right"
# A brain whose lesser side is smaller than this part of the other, or which is narrower than this part of its length,
# has lost a hemisphere.
LEAST_SIDE = 0.25
LEAST_WIDTH = 0.55
LOOKED_AT = 20_000


def right_side(grid: Grid, plane: SymmetryPlane) -> np.ndarray:
    """The voxels on the patient's right.

    Parameters
    ----------
    grid : Grid
    plane : SymmetryPlane

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    # The distance is linear in the indices, so that three short lists of it make the volume.
    origin = plane.distance(grid.to_ras(np.zeros(3)))
    z, y, x = (plane.distance(grid.to_ras(row)) - origin for row in np.eye(3))
    k, j, i = (np.arange(extent) for extent in grid.shape)
    return origin + (z * k)[:, None, None] + (y * j)[:, None] + x * i > 0


def has_both_hemispheres(brain: np.ndarray, right: np.ndarray, grid: Grid, plane: SymmetryPlane) -> bool:
    """Whether a brain extends far enough to both sides of its plane for its hemispheres to be compared.

    Parameters
    ----------
    brain, right : ndarray of bool, shape (z, y, x)
    grid : Grid
    plane : SymmetryPlane

    Returns
    -------
    bool
        False also for a brain that is too narrow for its length, of which the plane may halve what is left.
    """
    volumes = np.count_nonzero(brain & right), np.count_nonzero(brain & ~right)
    if min(volumes) < LEAST_SIDE * max(volumes):
        return False
    places = np.argwhere(brain)
    ras = grid.to_ras(places[:: 1 + len(places) // LOOKED_AT])
    forward = np.cross([0.0, 0.0, 1.0], plane.normal)
    width, length = (np.ptp(np.percentile(along, (1, 99))) for along in (plane.distance(ras), ras @ forward))
    return bool(width >= LEAST_WIDTH * length)


def left_right_rows_steps(
    maps: dict[str, np.ndarray],
    units: dict[str, str],
    regions: dict[str, np.ndarray],
    brain: np.ndarray,
    grid: Grid,
    plane: SymmetryPlane,
) -> Steps[list[list]]:
    """Every map left and right of the mid-sagittal plane in regions and their mirror images, step by step.

    A region drawn on one side is compared with the same place of the other; one drawn on both, with both together.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
    units : dict of str to str
    regions : dict of str to ndarray of bool, shape (z, y, x)
    brain : ndarray of bool, shape (z, y, x)
        Voxels outside it are left out.
    grid : Grid
    plane : SymmetryPlane

    Yields
    ------
    Progress

    Returns
    -------
    list of list
        Titles, then one row for each region and map: region, map, unit, mean, median and ml with a result on the left
        and on the right, difference of the means left − right, and their ratio. NaN where a side has no result.

    Raises
    ------
    PerfusionError
        If a region is empty or of another shape.
    """
    rows = [["region", "map", "unit"]]
    rows[0] += [f"{side} {what}" for side in (LEFT, RIGHT) for what in ("mean", "median", "ml")]
    rows[0] += ["left − right", "left / right"]
    right = right_side(grid, plane)
    for number, (region, mask) in enumerate(regions.items()):
        if mask.shape != grid.shape or not mask.any():
            raise PerfusionError(f"The region {region!r} is empty or of another shape; draw it on this scan.")
        yield Progress("tissue", number / len(regions), f"Comparing the sides of {region}")
        both = (mask | mirror_image(mask, grid, plane)) & brain
        for name, volume in maps.items():
            sides = [_numbers(volume[both & side], grid.voxel_volume) for side in (~right, right)]
            rows.append([region, name, units[name], *sides[0], *sides[1], *_compared(sides[0][0], sides[1][0])])
    return rows


def _numbers(values, voxel_volume):
    values = values[np.isfinite(values)].astype(float)
    if not values.size:
        return [float("nan"), float("nan"), 0.0]
    return [float(values.mean()), float(np.median(values)), values.size * voxel_volume]


def _compared(left, right):
    return [left - right, left / right if right else float("nan")]
