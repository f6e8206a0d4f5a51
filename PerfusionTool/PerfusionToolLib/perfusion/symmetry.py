"""The mid-sagittal plane, and maps as seen across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .motion import estimate_motion_steps
from .progress import Progress, Steps
from .series import Grid

MIRROR_AVERAGE_MM = 5.0


@dataclass(frozen=True, eq=False)
class SymmetryPlane:
    """The plane between the hemispheres.

    Parameters
    ----------
    point : ndarray of shape (3,)
        A point of the plane, RAS mm.
    normal : ndarray of shape (3,)
        Unit vector across the plane, towards the patient's right.
    """

    point: np.ndarray
    normal: np.ndarray

    def reflect(self, ras: np.ndarray) -> np.ndarray:
        """Mirror images of points (…, 3) in RAS mm."""
        return np.asarray(ras, float) - 2 * self.distance(ras)[..., None] * self.normal

    def distance(self, ras: np.ndarray) -> np.ndarray:
        """Distance (…) in mm of points (…, 3) in RAS mm from the plane; positive on the patient's right."""
        return (np.asarray(ras, float) - self.point) @ self.normal


def find_symmetry_steps(volume: np.ndarray, grid: Grid, modality: str) -> Steps[SymmetryPlane]:
    """Find the mid-sagittal plane by rigid registration of a volume with its mirror image.

    The volume is mirrored at a first guess of the plane (through its centre, square to the left-right axis); the plane
    lies half-way between the guess's mirror image and the head.

    Parameters
    ----------
    volume : ndarray of shape (z, y, x)
        Baseline of the head or of the space inside the skull.
    grid : Grid
    modality : {"CT", "MR"}

    Yields
    ------
    Progress

    Returns
    -------
    SymmetryPlane
    """
    guess = SymmetryPlane(_centre(volume, grid), np.array([1.0, 0.0, 0.0]))
    pair = np.stack([volume, _mirrored(volume, grid, guess, order=1)]).astype(np.float32)
    motion = yield from estimate_motion_steps(pair, grid, modality, 0, largest_motion=60.0)
    # The mirrored head at T x looks like the head at x, so that x ↦ reflect(T x) maps the head onto itself.
    transform = motion.transforms[1]
    centre = guess.point
    image = guess.reflect(transform[:3, :3] @ centre + transform[:3, 3])
    reflection = (np.eye(3) - 2 * np.outer(guess.normal, guess.normal)) @ transform[:3, :3]
    _, vectors = np.linalg.eigh((reflection + reflection.T) / 2)
    normal = vectors[:, 0] * np.sign(vectors[0, 0])
    return SymmetryPlane((centre + image) / 2, normal)


def mirror_maps_steps(maps: dict, brain: np.ndarray, grid: Grid, plane: SymmetryPlane) -> Steps[dict[str, np.ndarray]]:
    """Each map averaged over a neighbourhood on the other side of the plane, step by step.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
    brain : ndarray of bool, shape (z, y, x)
    grid : Grid
    plane : SymmetryPlane

    Yields
    ------
    Progress

    Returns
    -------
    dict of str to ndarray of shape (z, y, x), float32
        NaN where the other side has no brain; 0 outside the brain.
    """
    places = _mirrored_indices(grid, plane, np.argwhere(brain))
    sigma = MIRROR_AVERAGE_MM / grid.spacing
    mirrored = {}
    for number, (name, volume) in enumerate(maps.items()):
        yield Progress("maps", number / len(maps), "Mirroring the maps")
        usable = brain & np.isfinite(volume)
        weight = ndimage.gaussian_filter(usable.astype(np.float32), sigma, mode="constant")
        total = ndimage.gaussian_filter(np.where(usable, volume, 0).astype(np.float32), sigma, mode="constant")
        weight, total = (ndimage.map_coordinates(part, places.T, order=1) for part in (weight, total))
        values = np.full(len(places), np.nan, np.float32)
        np.divide(total, weight, out=values, where=weight > 0.1)
        mirrored[name] = np.zeros(brain.shape, np.float32)
        mirrored[name][brain] = values
    return mirrored


def mirror_image(mask: np.ndarray, grid: Grid, plane: SymmetryPlane) -> np.ndarray:
    """The voxels whose mirror images lie in a region.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        Not empty.
    grid : Grid
    plane : SymmetryPlane

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        Empty where the mirror image lies outside the grid.
    """
    image = np.zeros_like(mask)
    box = _box_of_image(grid, plane, mask)
    places = np.stack(np.meshgrid(*(np.arange(extent.start, extent.stop) for extent in box), indexing="ij"), -1)
    sources = np.round(_mirrored_indices(grid, plane, places)).astype(int)
    inside = ((sources >= 0) & (sources < mask.shape)).all(-1)
    image[box][inside] = mask[tuple(sources[inside].T)]
    return image


def _box_of_image(grid, plane, mask):
    """Slices of the box around the mirror image of a mask, as far as it lies on the grid."""
    image = _mirrored_indices(grid, plane, np.argwhere(mask))
    low = np.clip(np.floor(image.min(0)), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(image.max(0)) + 1, 0, grid.shape).astype(int)
    return tuple(slice(first, last) for first, last in zip(low, high, strict=True))


def _centre(volume, grid):
    weights = volume - volume.min()
    return grid.to_ras(np.array(ndimage.center_of_mass(weights > 0.2 * weights.max())))


def _mirrored_indices(grid, plane, indices):
    return grid.to_indices(plane.reflect(grid.to_ras(indices)))


def _mirrored(volume, grid, plane, order):
    indices = np.indices(volume.shape).reshape(3, -1).T
    values = ndimage.map_coordinates(volume, _mirrored_indices(grid, plane, indices).T, order=order, mode="nearest")
    return values.reshape(volume.shape)
