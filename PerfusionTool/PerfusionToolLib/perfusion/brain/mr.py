"""Brain on T2*-weighted MR: tissue that the bolus darkens, inside the dark ring of the skull."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .shapes import closed, grown, large_parts, opened, shrunk, small_holes_filled, without_thin_rims

# Signal as a part of that of brain tissue.
SKULL = 0.55
DIFFERENT = 0.15
SKIN = 0.1

# Change with the bolus as a part of that of the middle of the brain, where white matter prevails; cortex shows twice
# as much, so a voxel half cortex and half CSF shows about 1.
PERFUSED = 0.4
WELL_PERFUSED = 0.85
SINUS = 5.0

# mm
NARROWEST_BRAIN = 9.0
THICKEST_SINUS = 8.0
RIM = 4.0
SMALLEST_INFARCT = 10.0
LARGEST_INFARCT = 40.0
COARSE = 4.0
COIL = 25.0

FEWEST_FLUID = 30  # voxels


def signal_level(mean: np.ndarray, enhancement: np.ndarray) -> float:
    """Signal of brain tissue: typical of the voxels whose signal the bolus changes most.

    Parameters
    ----------
    mean, enhancement : ndarray of shape (z, y, x)
        Mean over time, and the standard deviation over time that noise does not explain.

    Returns
    -------
    float
    """
    head = mean > _between(mean)
    values, weights = mean[head], enhancement[head] + 1e-6 * mean[head]
    order = np.argsort(values)
    middle = np.searchsorted(np.cumsum(weights[order]), 0.5 * weights.sum())
    return float(values[order[min(middle, order.size - 1)]])


def _between(mean):
    """Otsu's threshold between the dark and the bright voxels."""
    counts, edges = np.histogram(mean, 256)
    centres = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    first = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = below * above * (first / below - (first[-1] - first) / above) ** 2
    return centres[np.argmax(np.nan_to_num(spread))]


def intracranial_space(mean: np.ndarray, enhancement: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Everything inside the dark ring of the skull.

    Parameters
    ----------
    mean : ndarray of shape (z, y, x)
        Mean over time in units of the signal of brain tissue.
    enhancement : ndarray of shape (z, y, x)
        Standard deviation over time that noise does not explain.
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    bright = mean > SKULL
    radius = NARROWEST_BRAIN / 2
    core = large_parts(shrunk(bright, spacing, radius), enhancement)
    space = bright & grown(core, spacing, radius + 1.5 * max(spacing[1:]))
    return small_holes_filled(space, spacing)


def deep_inside(intracranial: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """The part of the space inside the skull that lies away from it; all of the space if none does.

    Parameters
    ----------
    intracranial : ndarray of bool, shape (z, y, x)
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    deep = shrunk(intracranial, spacing, 2 * RIM)
    return deep if deep.any() else intracranial


def tissue_inside(
    mean: np.ndarray, strength: np.ndarray, intracranial: np.ndarray, spacing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Grey and white matter, and the vessels.

    Parameters
    ----------
    mean, spacing
        As for `intracranial_space`.
    strength : ndarray of shape (z, y, x)
        Change of the signal with the bolus.
    intracranial : ndarray of bool, shape (z, y, x)

    Returns
    -------
    tissue, vessels : ndarray of bool, shape (z, y, x)

    Notes
    -----
    CSF differs from tissue in brightness and does not change with the bolus. Both are asked for, since a voxel of CSF
    and bone may be as bright as tissue; only where perfused tissue lies around it, brightness is enough, so that an
    infarct is kept.
    """
    deep = deep_inside(intracranial, spacing)
    typical = float(np.median(strength[deep]))
    perfused = deep & (strength > PERFUSED * typical)
    level = local_level(mean, perfused, spacing)
    mean, strength = mean / level, strength / (level * max(typical, 1e-6))
    like_tissue = intracranial & (mean > SKULL)
    fluid = deep & (strength < PERFUSED) & (np.abs(mean - 1) > DIFFERENT)
    if fluid.sum() >= FEWEST_FLUID:
        like_tissue &= _nearer_to_one(mean, np.median(mean[fluid]))
    perfused = like_tissue & (strength > PERFUSED) | intracranial & (strength > WELL_PERFUSED)
    infarct = closed(perfused, spacing, LARGEST_INFARCT / 2) & like_tissue & shrunk(intracranial, spacing, RIM)
    vessels = strength > SINUS * np.maximum(mean, 0.1)
    tissue = (perfused | opened(infarct, spacing, SMALLEST_INFARCT / 2)) & ~vessels
    return large_parts(without_thin_rims(tissue, spacing)), vessels


def _nearer_to_one(mean, other):
    return mean < 0.5 * (1 + other) if other > 1 else mean > 0.5 * (1 + other)


def local_level(mean, tissue, spacing):
    """Signal of the tissue around each voxel, which varies with the sensitivity of the coil.

    Parameters
    ----------
    mean : ndarray of shape (z, y, x)
    tissue : ndarray of bool, shape (z, y, x)
        Voxels to average.
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).

    Returns
    -------
    ndarray of float32, shape (z, y, x)
    """
    step = tuple(max(1, round(COARSE / size)) for size in spacing[1:])
    rough = (slice(None), slice(None, None, step[0]), slice(None, None, step[1]))
    sigma = (0, COIL / (spacing[1] * step[0]), COIL / (spacing[2] * step[1]))
    weight = ndimage.gaussian_filter(tissue[rough].astype(np.float32), sigma) + 1e-3
    total = ndimage.gaussian_filter(np.where(tissue, mean, 0)[rough], sigma)
    overall = np.float32(np.median(mean[tissue])) if tissue.any() else np.float32(1)
    level = (total + 1e-3 * overall) / weight
    return level.repeat(step[0], 1).repeat(step[1], 2)[:, : mean.shape[1], : mean.shape[2]]
