"""Slices that were taken one after another -> frames of one time each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps

_SAME_TIME = 0.05  # s; what the interpolation would change is below the noise


def frame_times(path: Path, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """One time for each frame, and how far its slices are from it.

    Parameters
    ----------
    path : Path
        For messages.
    seconds : ndarray of shape (t, z)
        When each slice of each frame was taken.

    Returns
    -------
    times : ndarray of shape (t,)
        Mean of the slices.
    offsets : ndarray of shape (t, z) or None
        Of the slices from that, in s; None if all were taken together.

    Raises
    ------
    PerfusionError
        If some slices were taken in another part of the scan than others.
    """
    times = seconds.mean(axis=1)
    offsets = seconds - times[:, None]
    interval = float(np.median(np.diff(seconds, axis=0))) if len(seconds) > 1 else np.inf
    if np.ptp(offsets, axis=1).max() > 2 * interval:
        raise PerfusionError(
            f"The slices of {path} were taken up to {np.ptp(offsets, axis=1).max():.1f} s apart, with frames every "
            f"{interval:.1f} s: that is more than one scan; put the images of one into a folder of its own."
        )
    return times, offsets if np.abs(offsets).max() > _SAME_TIME else None


def at_frame_times_steps(voxels: np.ndarray, times: np.ndarray, offsets: np.ndarray) -> Steps[np.ndarray]:
    """Interpolate every slice to the times of the frames, slice by slice.

    Parameters
    ----------
    voxels : ndarray of shape (t, z, y, x)
    times : ndarray of shape (t,)
        In s.
    offsets : ndarray of shape (t, z)
        When each slice was taken after the time of its frame, in s.

    Yields
    ------
    Progress

    Returns
    -------
    ndarray of shape (t, z, y, x), float32
        By cubic splines; before the first and after the last image of a slice, that image.
    """
    frames = np.empty(voxels.shape, np.float32)
    weights = {}
    for index in range(voxels.shape[1]):
        yield Progress("reading", index / voxels.shape[1], "Taking all slices of a frame to its time")
        taken = times + offsets[:, index]
        key = offsets[:, index].tobytes()
        if key not in weights:
            weights[key] = _weights(taken, times)
        frames[:, index] = np.tensordot(weights[key], voxels[:, index].astype(np.float32), 1)
    return frames


def _weights(taken, wanted):
    """Spline interpolation is linear in the values: a matrix (wanted, taken) holds it for all voxels."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(taken, np.eye(len(taken)))(np.clip(wanted, taken[0], taken[-1])).astype(np.float32)
