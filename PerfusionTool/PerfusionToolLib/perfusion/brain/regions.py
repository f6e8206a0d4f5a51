"""Brain mask and the space inside the skull, for CT and MR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import PerfusionError
from ..progress import Progress, Steps, drain
from ..series import Grid
from . import ct, mr
from .shapes import brain_around, grown

SMALLEST_BRAIN = 5.0  # ml
EARLY_FRAMES = 3
RESTLESS = 0.8  # of the excess change from frame to frame
MOTION_VOXELS = 20000  # enough to tell how the head moves


@dataclass(frozen=True, eq=False)
class BrainRegions:
    """Where the brain is.

    Parameters
    ----------
    brain : ndarray of bool, shape (z, y, x)
        Inside the pial surface: ventricles and sulci included, outer CSF and venous sinuses left out.
    intracranial : ndarray of bool, shape (z, y, x)
        Everything inside the inner table of the skull.
    """

    brain: np.ndarray
    intracranial: np.ndarray


def _statistics_steps(signal):
    """Mean over time, noise, and the standard deviation that noise does not explain, each (z, y, x)."""
    first = np.asarray(signal[0], np.float32)
    total, square, jump, before = (np.zeros_like(first) for _ in range(4))
    for frame in range(1, len(signal)):
        change = np.asarray(signal[frame], np.float32) - first
        total += change
        square += change * change
        before -= change
        jump += before * before
        before = change
        yield Progress("brain", 0.6 * frame / len(signal), "Mean over time")
    count = len(signal)
    mean = total / count
    noise = jump / (2 * (count - 1))
    variance = (square / count - mean * mean) * (count / (count - 1))
    return first + mean, np.sqrt(noise), np.sqrt(np.maximum(variance - noise, 0))


def find_brain_steps(signal: np.ndarray, grid: Grid, modality: str) -> Steps[BrainRegions]:
    """Find the brain in a motion-corrected series, in steps.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        CT: HU with any offset. MR: T2*-weighted signal of any scale.
    grid : Grid
        Geometry of the volumes; slices lie along the first axis.
    modality : {"CT", "MR"}

    Yields
    ------
    Progress

    Returns
    -------
    BrainRegions

    Raises
    ------
    PerfusionError
        If there is nothing that looks like a brain.
    """
    mean, noise, enhancement = yield from _statistics_steps(signal)
    early = np.mean([np.asarray(frame, np.float32) for frame in signal[:EARLY_FRAMES]], axis=0)
    if not noise.any():
        raise _no_brain("the scan does not change over time")
    if modality == "CT":
        brain, intracranial = yield from _find_ct(mean, early, noise, enhancement, grid.spacing)
    else:
        brain, intracranial = yield from _find_mr(signal, mean, noise, enhancement, grid.spacing)
    volume = brain.sum() * grid.voxel_volume
    if volume < SMALLEST_BRAIN:
        raise _no_brain(f"there are {volume:.1f} ml of brain-like tissue in the {modality} scan")
    if brain.all():
        raise _no_brain(f"the whole {modality} scan looks alike")
    return BrainRegions(brain, intracranial)


def _no_brain(reason):
    return PerfusionError(f"No brain was found: {reason}; check the scan and its modality, or give a brain mask.")


def find_brain(signal: np.ndarray, grid: Grid, modality: str) -> BrainRegions:
    """Find the brain in a motion-corrected series.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        CT: HU with any offset. MR: T2*-weighted signal of any scale.
    grid : Grid
        Geometry of the volumes; slices lie along the first axis.
    modality : {"CT", "MR"}

    Returns
    -------
    BrainRegions

    Raises
    ------
    PerfusionError
        If there is nothing that looks like a brain.

    Notes
    -----
    CT: soft tissue that sees bone in most directions of its slice, opened so that gaps in the skull base are shut;
    inside it, what is denser than CSF. MR: what is bright inside the dark ring of the skull and changes with the
    bolus rather than with the motion that is left. Both: gaps up to the width of a sulcus closed and holes filled,
    slice by slice. Without a skull in view the largest soft tissue counts.
    """
    return drain(find_brain_steps(signal, grid, modality))


def _find_ct(mean, early, noise, enhancement, spacing):
    changing = noise > 0
    empty = ~changing & (mean <= mean.min())
    tissue_level = ct.tissue_level(mean, changing)
    level = mean - tissue_level
    # What is as dense as bone before the bolus changes by residual motion, not by contrast.
    vessel_like = early - tissue_level < ct.BONE
    enhancing = _strongly_enhancing(noise, enhancement, np.abs(level) < 60) & vessel_like
    yield Progress("brain", 0.7, "Inside the skull")
    intracranial = ct.intracranial_space(level, enhancing, empty, spacing)
    if not intracranial.any():
        return intracranial, intracranial
    yield Progress("brain", 0.8, "Tissue inside the skull")
    tissue = ct.tissue_inside(level, enhancing, intracranial, spacing)
    yield Progress("brain", 0.9, "Brain")
    return brain_around(tissue, enhancing, intracranial, spacing), intracranial


def _strongly_enhancing(noise, enhancement, soft):
    typical = np.median(enhancement[soft]) if soft.any() else 0.0
    return enhancement > np.maximum(6 * typical, 1.5 * noise)


def _find_mr(signal, mean, noise, enhancement, spacing):
    level = mr.signal_level(mean, enhancement)
    if level <= 0:
        return np.zeros(mean.shape, bool), np.zeros(mean.shape, bool)
    intracranial = mr.intracranial_space(mean / level, enhancement, spacing)
    if not intracranial.any():
        return intracranial, intracranial
    yield Progress("brain", 0.65, "Strength of the bolus")
    deep = mr.deep_inside(intracranial, spacing)
    typical_noise = float(np.median(noise[deep]))
    # A sinus follows another course than the brain; fitting around it would lose late blood.
    outside = (mean > mr.SKIN * level) & ~grown(intracranial, spacing, mr.THICKEST_SINUS)
    strength = yield from _bolus_strength_steps(signal, mean, typical_noise, deep, outside)
    # Edges that still move change from frame to frame more than tissue does; as much again may pass for a bolus.
    restless = np.maximum(noise**2 - typical_noise**2, 0)
    strength = np.sqrt(np.maximum(strength**2 - RESTLESS**2 * restless, 0))
    mean, strength = mean / level, strength / level
    yield Progress("brain", 0.85, "Tissue inside the skull")
    tissue, vessels = mr.tissue_inside(mean, strength, intracranial, spacing)
    yield Progress("brain", 0.95, "Brain")
    return brain_around(tissue, vessels, intracranial, spacing), intracranial


def _bolus_strength_steps(signal, mean, noise, inside, outside):
    """How much of the bolus course deep inside each voxel shows, beside the motion seen outside the skull."""
    share = inside.ravel().astype(np.float32) / inside.sum()
    course = np.array([share @ np.asarray(frame, np.float32).ravel() for frame in signal], float)
    course -= course.mean()
    later = np.gradient(course)
    later -= later.mean() + course * (later @ course) / max(course @ course, 1e-30)
    shapes = np.array([shape / np.linalg.norm(shape) for shape in (course, later) if np.linalg.norm(shape) > 0])
    if not len(shapes):
        return np.zeros_like(mean)
    yield Progress("brain", 0.7, "Strength of the bolus")
    filters = _blind_to_motion(shapes, signal, mean, outside, noise)
    strength = np.zeros((len(shapes), *mean.shape), np.float32)
    for frame, volume in enumerate(signal):
        change = np.asarray(volume, np.float32) - mean
        for part, weights in zip(strength, filters, strict=True):
            part += np.float32(weights[frame]) * change
        yield Progress("brain", 0.7 + 0.1 * frame / len(signal), "Strength of the bolus")
    return np.linalg.norm(strength, axis=0) / np.sqrt(len(signal))


def _blind_to_motion(shapes, signal, mean, outside, noise):
    """Weights of the frames for fitting the shapes, where errors are noise and changes like those outside the skull.

    What the bolus itself changes outside, in skin and muscle, does no harm: errors along the shapes leave the
    generalised least-squares fit as it is.
    """
    voxels = np.flatnonzero(outside)
    voxels = voxels[:: len(voxels) // MOTION_VOXELS + 1]
    changes = np.array([frame.take(voxels) for frame in signal], np.float32) - mean.take(voxels)
    covariance = (changes @ changes.T).astype(float) / max(voxels.size, 1)
    covariance += max(noise**2, 1e-30) * np.eye(len(signal))
    weighted = np.linalg.solve(covariance, shapes.T)
    return np.linalg.solve(shapes @ weighted, weighted.T)
