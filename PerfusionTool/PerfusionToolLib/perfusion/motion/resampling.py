"""Motion undone: every moved frame resampled onto the reference frame."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..errors import PerfusionError
from ..progress import Steps, drain
from ..series import Grid
from ..threads import in_threads
from .estimation import Motion
from .lattice import array_to_ras, refinement


def apply_motion_steps(
    signal: np.ndarray,
    grid: Grid,
    motion: Motion,
    *,
    window: tuple[float, float] | None = None,
    region: np.ndarray | None = None,
    between_slices: str = "blended",
) -> Steps[np.ndarray]:
    """Resample every moved frame onto the reference frame, step by step.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        The scan, of any real type.
    grid : Grid
        Lattice of the frames.
    motion : Motion
        As estimated from the same scan.
    window : tuple of float, optional
        Lowest and highest value, in the signal's unit: every value, of still frames too, is clipped to them before
        interpolation. By default nothing is clipped.
    region : ndarray of bool, shape (z, y, x), optional
        What is needed of the frames. Only its bounding box is computed; every frame is 0 outside that box. By default
        whole frames are computed.
    between_slices : {"blended", "linear"}
        Interpolation between the slices, see Notes.

    Yields
    ------
    Progress

    Returns
    -------
    ndarray of shape (t, z, y, x), float32
        The scan with the head at rest. Frames that did not move, and corrupted ones, are not resampled; if none moved
        and neither a window nor a region is given, the signal itself is returned, in its own type.

    Raises
    ------
    PerfusionError
        If the region is empty or of another shape than the frames.

    Notes
    -----
    Values are interpolated linearly within the slices and "blended" smoothly (3f² − 2f³ at the part f of the way)
    between them: a spline through thick slices rings from the skull far into the brain, and linear interpolation mixes
    neighbouring slices more for a small motion. What "linear" interpolation leaves is of a known course, which
    `remove_aliasing_steps` takes out. No value lies outside the range of its neighbours. Outside the scan the nearest
    value is used. Frames between voxels come out slightly smoother, and less noisy, than frames on them.

    Beside bone, interpolation mixes tissue with values that lie about a hundred times as far from it as the whole bolus
    takes it, by a part that differs from frame to frame with the motion, and so forges a passage of contrast. A window
    that ends just beyond what tissue and vessels can reach leaves their values alone and keeps bone, metal and air from
    adding more than its width.
    """
    box = _box(region, grid.shape)
    moved = motion.displacement > 0
    if not moved.any() and window is None and region is None:
        return signal
    # New zeros cost no time and, until they are written, no memory.
    resampled = np.zeros(signal.shape, np.float32)
    factor = refinement(grid) if between_slices == "blended" else 1
    to_ras = array_to_ras(grid)
    to_finer = np.diag([factor, 1, 1, 1]) @ np.linalg.inv(to_ras)
    from_box = np.eye(4)
    from_box[:3, 3] = [extent.start for extent in box]

    def resample(frame):
        values = np.asarray(signal[frame], np.float32)
        if window is not None:
            values = np.clip(values, *window, dtype=np.float32)
        part = resampled[(frame, *box)]
        if not moved[frame]:
            part[:] = values[box]
            return
        ndimage.affine_transform(
            values if factor == 1 else _finer_slices(values, factor),
            to_finer @ motion.transforms[frame] @ to_ras @ from_box,
            output_shape=part.shape,
            output=part,
            order=1,
            mode="nearest",
        )

    yield from in_threads("motion", resample, range(len(signal)), "Resampling frame {done}/{total}")
    return resampled


def apply_motion(signal, grid, motion, **options) -> np.ndarray:
    """Resample every moved frame onto the reference frame: `apply_motion_steps` run to its end."""
    return drain(apply_motion_steps(signal, grid, motion, **options))


def _box(region, shape):
    """Slices of the region's bounding box, or of the whole frame."""
    if region is None:
        return tuple(slice(0, count) for count in shape)
    region = np.asarray(region, bool)
    if region.shape != tuple(shape):
        raise PerfusionError(f"The region has the shape {region.shape}, a frame {tuple(shape)}; give one on its grid.")
    if not region.any():
        raise PerfusionError("The region to resample is empty; check the brain mask.")
    return ndimage.find_objects(region.astype(np.int8))[0]


def _finer_slices(values, factor):
    """Slices (factor·(n−1)+1, y, x), those between the given ones blended smoothly."""
    finer = np.empty((factor * (len(values) - 1) + 1, *values.shape[1:]), np.float32)
    finer[::factor] = values
    for step in range(1, factor):
        part = step / factor
        weight = np.float32(part**2 * (3 - 2 * part))
        between = finer[step::factor]
        np.subtract(values[1:], values[:-1], out=between)
        between *= weight
        between += values[:-1]
    return finer
