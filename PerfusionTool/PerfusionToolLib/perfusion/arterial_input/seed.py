"""A region grown from a seed over the artery it lies in."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..errors import PerfusionError
from ..series import Grid
from .candidates import LARGEST_CORE_VOXELS

# A hand places a seed no better than this; the strongest voxel within it is meant.
SNAP_MM = 2.5
REACH_MM = 10.0
SMALLEST_CORRELATION = 0.9
# Of the seed's peak; lower voxels are the vessel's partial-volume edge.
SMALLEST_STRENGTH = 0.6


def grow_from_seed(
    curves: np.ndarray, mask: np.ndarray, seed_ras: np.ndarray, times: np.ndarray, grid: Grid
) -> np.ndarray:
    """Voxels around a seed whose curves are like the artery's there.

    The seed moves to the strongest voxel close by; from it the region grows over connected voxels with a similar
    height, time and shape of curve.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        Unsmoothed concentration of the voxels of `mask`.
    mask : ndarray of bool, shape (z, y, x)
    seed_ras : array_like of shape (3,)
        RAS mm.
    times : ndarray of shape (t,)
        s.
    grid : Grid

    Returns
    -------
    ndarray of bool, shape (z, y, x)

    Raises
    ------
    PerfusionError
        If the seed lies outside the mask.
    """
    seed_ras = np.asarray(seed_ras, float)
    if seed_ras.shape != (3,) or not np.isfinite(seed_ras).all():
        raise PerfusionError(f"The seed {seed_ras.tolist()} is no place; give three numbers, RAS mm.")
    seed = np.round(grid.to_indices(seed_ras)).astype(int)
    if (seed < 0).any() or (seed >= mask.shape).any() or not mask[tuple(seed)]:
        place = ", ".join(f"{value:.1f}" for value in np.asarray(seed_ras, float))
        raise PerfusionError(f"The seed at ({place}) mm lies outside the brain; place it on a vessel inside the skull.")
    reach = np.ceil(REACH_MM / grid.spacing).astype(int)
    low, high = np.maximum(seed - reach, 0), np.minimum(seed + reach + 1, mask.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    inside = mask[box]
    rows = (np.cumsum(mask.ravel()) - 1).reshape(mask.shape)[box][inside]
    near = np.nan_to_num(curves[rows])
    distance = np.linalg.norm((np.argwhere(inside) + low - seed) * grid.spacing, axis=1)
    centre = int(np.argmax(np.where(distance <= SNAP_MM, near.max(1), -np.inf)))
    like = _like_curve(near, near[centre], times) & (distance <= REACH_MM)
    chosen = np.zeros(inside.shape, bool)
    chosen[inside] = like
    labels, _ = ndimage.label(chosen, ndimage.generate_binary_structure(3, 2))
    members = np.flatnonzero((labels == labels[inside][centre])[inside] & like)
    strongest = members[np.argsort(near[members].max(1))[::-1][:LARGEST_CORE_VOXELS]]
    region = np.zeros(mask.shape, bool)
    region[tuple((np.argwhere(inside)[strongest] + low).T)] = True
    return region


def _like_curve(curves, reference, times):
    """Which curves have the height, time and shape of a reference; the reference itself always has."""
    centred = curves - curves.mean(1, keepdims=True)
    target = reference - reference.mean()
    norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(target)
    correlation = centred @ target / np.maximum(norms, 1e-12)
    interval = float(np.median(np.diff(times)))
    in_time = np.abs(times[curves.argmax(1)] - times[reference.argmax()]) <= 1.5 * interval
    like = (correlation >= SMALLEST_CORRELATION) & (curves.max(1) >= SMALLEST_STRENGTH * reference.max()) & in_time
    return like | (curves == reference).all(1)
