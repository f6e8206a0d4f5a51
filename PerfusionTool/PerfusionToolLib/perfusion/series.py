"""A 4D scan as the science sees it: signal, frame times, geometry, modality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import PerfusionError
from .words import counted

MODALITIES = ("CT", "MR")
FEWEST_FRAMES = 10
LONGEST_ECHO_TIME = 0.5
SHORTEST_INTERVAL = 0.05
LONGEST_INTERVAL = 60.0


@dataclass(frozen=True, eq=False)
class Grid:
    """The voxel lattice of a volume.

    Parameters
    ----------
    shape : tuple of int
        (slices, rows, columns), the order (z, y, x) of the arrays.
    ijk_to_ras : ndarray of shape (4, 4)
        From voxel indices (i, j, k) = (x, y, z) to RAS millimetres.
    """

    shape: tuple[int, int, int]
    ijk_to_ras: np.ndarray

    @property
    def spacing(self) -> np.ndarray:
        """Voxel size in mm along (z, y, x), ndarray of shape (3,)."""
        return np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)[::-1]

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel in ml."""
        return float(abs(np.linalg.det(self.ijk_to_ras[:3, :3]))) / 1000

    def to_ras(self, zyx: np.ndarray) -> np.ndarray:
        """RAS mm (…, 3) of array indices (…, 3) in the order (z, y, x)."""
        ijk = np.asarray(zyx, float)[..., ::-1]
        return ijk @ self.ijk_to_ras[:3, :3].T + self.ijk_to_ras[:3, 3]

    def to_indices(self, ras: np.ndarray) -> np.ndarray:
        """Fractional array indices (…, 3) in the order (z, y, x) of RAS mm (…, 3)."""
        inverse = np.linalg.inv(self.ijk_to_ras)
        ijk = np.asarray(ras, float) @ inverse[:3, :3].T + inverse[:3, 3]
        return ijk[..., ::-1]


class PerfusionSeries:
    """A 4D perfusion scan that has been checked.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        CT: Hounsfield units, with or without an offset. MR: signal of a T2*-weighted (DSC) series, any scale.
        Any real type; it is neither copied nor changed.
    times : array_like of shape (t,)
        Frame times in s, strictly increasing; regular or not.
    ijk_to_ras : array_like of shape (4, 4)
        From voxel indices (i, j, k) = (x, y, z) to RAS mm; oblique and left-handed geometry is fine.
    modality : {"CT", "MR"}
        What the signal is.
    echo_time : float, optional
        Echo time in s; needed for MR.

    Raises
    ------
    PerfusionError
        If any of these cannot be what it says it is.
    """

    def __init__(self, signal, times, ijk_to_ras, modality, echo_time=None):
        self.signal = _checked_signal(signal)
        self.times = checked_times(times, self.signal.shape[0])
        _check_interval(self.times)
        self.grid = Grid(self.signal.shape[1:], _checked_geometry(ijk_to_ras))
        self.modality = _checked_modality(modality)
        self.echo_time = _checked_echo_time(echo_time, self.modality)

    @property
    def ijk_to_ras(self) -> np.ndarray:
        """From voxel indices (i, j, k) to RAS mm, ndarray of shape (4, 4)."""
        return self.grid.ijk_to_ras

    def __repr__(self):
        frames, slices, rows, columns = self.signal.shape
        return (
            f"<PerfusionSeries {self.modality}, {columns}×{rows}×{slices} voxels, {frames} frames, "
            f"{self.times[0]:g} to {self.times[-1]:g} s>"
        )


def _checked_signal(signal):
    signal = np.asarray(signal)
    if signal.ndim == 5 and signal.shape[-1] == 1:
        signal = signal[..., 0]
    if signal.ndim == 5 and signal.shape[0] == 1:
        signal = signal[0]
    if signal.ndim != 4:
        raise PerfusionError(
            f"The scan has {signal.ndim} dimensions; a perfusion scan needs 4 (time, slices, rows, columns)."
        )
    if signal.dtype.kind not in "iuf":
        raise PerfusionError(f"The scan's values are of type {signal.dtype}; give real numbers.")
    if min(signal.shape[1:]) == 0:
        raise PerfusionError(f"The scan has no voxels (shape {signal.shape}); load it again.")
    if signal.shape[0] < FEWEST_FRAMES:
        raise PerfusionError(
            f"The scan has {counted(signal.shape[0], 'frame')}; at least {FEWEST_FRAMES} are needed to follow a bolus."
        )
    return signal


def checked_times(times, frames) -> np.ndarray:
    """Frame times as increasing numbers.

    Parameters
    ----------
    times : array_like of shape (t,)
        Frame times in s.
    frames : int
        Number of frames t.

    Returns
    -------
    ndarray of shape (t,)
        float64.

    Raises
    ------
    PerfusionError
        If they are missing, not finite numbers, not one per frame or not strictly increasing.
    """
    if times is None:
        raise PerfusionError("The scan has no frame times; give the interval between frames or a list of times.")
    try:
        times = np.asarray(times, float)
    except (TypeError, ValueError) as error:
        raise PerfusionError(f"The frame times are not numbers ({error}); give seconds.") from error
    if times.shape != (frames,):
        given = counted(times.size, "frame time")
        raise PerfusionError(f"The scan has {given} for {counted(frames, 'frame')}; give one time per frame.")
    if not np.isfinite(times).all():
        frame = int(np.flatnonzero(~np.isfinite(times))[0])
        raise PerfusionError(f"The time of frame {frame} is {times[frame]}; give a number of seconds.")
    if (np.diff(times) <= 0).any():
        frame = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1
        raise PerfusionError(
            f"Frame times must increase, but frame {frame} is at {times[frame]:g} s "
            f"after {times[frame - 1]:g} s; sort the frames or correct the times."
        )
    return times


def _check_interval(times):
    interval = float(np.median(np.diff(times)))
    if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
        raise PerfusionError(
            f"The frames are {interval:g} s apart; {SHORTEST_INTERVAL:g} to {LONGEST_INTERVAL:g} s can be analysed: "
            "are the times in seconds?"
        )


def _checked_geometry(ijk_to_ras):
    try:
        matrix = np.asarray(ijk_to_ras, float)
    except (TypeError, ValueError) as error:
        raise PerfusionError(f"The geometry is not made of numbers ({error}); give a 4×4 matrix.") from error
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise PerfusionError(f"The geometry must be a finite 4×4 matrix from voxels to RAS mm, not {matrix.shape}.")
    if not np.array_equal(matrix[3], (0, 0, 0, 1)):
        raise PerfusionError(f"The last row of the geometry is {matrix[3].tolist()}; it must be 0, 0, 0, 1.")
    if abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
        raise PerfusionError("The geometry is singular (a voxel has no volume); correct spacing and directions.")
    return matrix


def _checked_modality(modality):
    if modality not in MODALITIES:
        raise PerfusionError(f"Unknown modality {modality!r}; choose CT or MR.")
    return modality


def _checked_echo_time(echo_time, modality):
    if modality == "CT":
        return None
    if echo_time is None:
        raise PerfusionError("An MR scan needs its echo time in seconds, such as 0.03.")
    if not isinstance(echo_time, (int, float, np.number)):
        raise PerfusionError(f"The echo time {echo_time!r} is not a number; give seconds, such as 0.03.")
    if not echo_time > 0:
        raise PerfusionError(f"The echo time is {echo_time:g} s; give a positive number of seconds, such as 0.03.")
    if echo_time > LONGEST_ECHO_TIME:
        raise PerfusionError(
            f"The echo time {echo_time:g} s is above {LONGEST_ECHO_TIME:g} s; was it given in milliseconds?"
        )
    return float(echo_time)
