"""What thick slices alias into the curves of a moving head, estimated voxel by voxel and taken out."""

from __future__ import annotations

import numpy as np

from ..curves import gather_curves_steps
from ..noise import voxel_noise
from ..progress import Progress, Steps, part_of_stage
from ..series import Grid
from ..threads import in_threads
from .estimation import Motion
from .lattice import array_to_ras

# What is expected of a curve beside the aliasing: the mean bolus at any of these delays (s), each about this part of
# its height, and a smooth deviation from it of that part, over so many seconds. Without the delays the late bolus of
# ischaemic tissue would be taken for motion.
DELAYS = (-2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
BOLUS_STRENGTH = 1.0
DEVIATION = 0.1
DEVIATION_SECONDS = 8.0
_ROWS = 8192


def remove_aliasing_steps(
    frames: np.ndarray,
    voxels: np.ndarray,
    grid: Grid,
    motion: Motion,
    times: np.ndarray,
    baseline: np.ndarray,
    contrast: float,
) -> Steps[None]:
    """Take the aliasing of thick slices out of the curves of a resampled scan, in place, step by step.

    Between slices d apart, linear interpolation at the part f of the way misses the true value by
    f·(1 − f)·½d²·S″ in first order, where S″ is the unknown curvature of the anatomy through the slices. As f changes
    with the motion, every curve contains f(t)·(1 − f(t)) times an unknown constant. The constant is estimated by
    generalised least squares: the covariance of the curve is that of noise, of the mean bolus in unknown strength and
    delay, and of smooth deviations from it, so that only what follows the motion's own course is taken out.

    Parameters
    ----------
    frames : ndarray of float32, shape (t, z, y, x)
        Frames at rest, interpolated linearly between the slices; changed where `voxels` holds.
    voxels : ndarray of bool, shape (z, y, x)
    grid : Grid
    motion : Motion
        Of these frames.
    times : ndarray of shape (t,)
        s.
    baseline : ndarray of int
        Frames before the bolus.
    contrast : float
        How much neighbouring slices may differ, in the unit of the signal: the scale of the constant.

    Yields
    ------
    Progress

    References
    ----------
    .. [1] A. C. Aitken, On least squares and linear combinations of observations, Proc. R. Soc. Edinb. 55 (1936) 42.
           doi:10.1017/S0370164600014346
    """
    text = "Taking out aliasing"
    curves = yield from part_of_stage(gather_curves_steps(frames, voxels, "smoothing", text), 0.0, 0.4)
    places = np.nonzero(voxels)
    indices = np.stack(places, 1)
    yield Progress("smoothing", 0.4, text)
    weighting = _inverse_covariance(curves, times, baseline)
    through = _slice_rows(grid, motion)

    def correct(rows):
        shift = indices[rows] @ through[:, :3].T + through[:, 3] - indices[rows, :1]
        part = np.abs(shift) % 1
        course = (part * (1 - part)).astype(np.float32)
        weighted = course @ weighting
        size = np.einsum("ij,ij->i", weighted, curves[rows]) / (
            np.einsum("ij,ij->i", weighted, course) + np.float32(1 / contrast**2)
        )
        where = (slice(None), *(axis[rows] for axis in places))
        frames[where] = (curves[rows] - size[:, None] * course).T

    chunks = [slice(start, start + _ROWS) for start in range(0, len(indices), _ROWS)]
    yield from in_threads("smoothing", correct, chunks, text, 0.4, 1.0)


def _slice_rows(grid, motion):
    """For every frame, the slice (t, 4) at which an array index (z, y, x, 1) of the reference is found in it."""
    to_ras = array_to_ras(grid)
    return (np.linalg.inv(to_ras) @ motion.transforms @ to_ras)[:, 0]


def _inverse_covariance(curves, times, baseline):
    mean = curves.mean(0, dtype=float)
    bolus = mean - mean[baseline].mean()
    height = np.abs(bolus).max()
    sample = curves[:: max(1, len(curves) // 20_000)]
    delayed = np.stack([np.interp(times - delay, times, bolus, left=0) for delay in DELAYS])
    lag = (times[:, None] - times) / DEVIATION_SECONDS
    covariance = (
        np.eye(times.size) * max(voxel_noise(curves), 1e-3 * height) ** 2
        + BOLUS_STRENGTH**2 * delayed.T @ delayed
        + (DEVIATION * height) ** 2 * np.exp(-0.5 * lag**2)
        + np.median(np.abs(sample)) ** 2
        + (100 * height) ** 2
    )
    return np.linalg.inv(covariance).astype(np.float32)
