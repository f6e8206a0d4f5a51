"""Masks in; maps, masks and series out, exactly on the scan's grid."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.series import Grid
from .atomic import atomic_file
from .images import read_image
from .provenance import write_json
from .sidecar import sidecar_path
from .times import typical_interval

_STORED_TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32")
_LARGEST_OFFSET = 0.1  # in voxels; header rounding stays far below, a wrong grid far above
_MAP_ENDINGS = (".nii", ".nii.gz", ".nrrd")


def read_mask(path: str | Path, grid: Grid) -> np.ndarray:
    """Read a mask that was drawn on a scan.

    Parameters
    ----------
    path : str or Path
        NIfTI or NRRD; values above 0.5 are inside.
    grid : Grid
        The grid it has to lie on.

    Returns
    -------
    ndarray of shape (z, y, x), bool

    Raises
    ------
    PerfusionError
        If it cannot be read, is empty, or has another shape or geometry.
    """
    image = read_image(path)
    if len(image.voxels) != 1:
        raise PerfusionError(f"{path} holds {len(image.voxels)} frames; a mask is a single volume.")
    _check_same_grid(path, Grid(image.voxels.shape[1:], image.ijk_to_ras), grid)
    mask = image.voxels[0] > 0.5
    if not mask.any():
        raise PerfusionError(f"The mask {path} is empty (no value above 0.5); draw it again.")
    return mask


def write_map(path: str | Path, volume: np.ndarray, grid: Grid, description: str = "") -> None:
    """Write a map or a mask with the geometry of its scan.

    Parameters
    ----------
    path : str or Path
        .nii.gz, .nii or .nrrd.
    volume : ndarray of shape (z, y, x)
        Written as float32, integers of up to 4 bytes as they are, a mask as 0 and 1 in uint8.
    grid : Grid
    description : str
        What the map shows, for the header; a NIfTI header holds 79 characters.

    Raises
    ------
    PerfusionError
        If the shape is not the grid's, the ending is unknown, or the file cannot be written.
    """
    volume = np.asarray(volume)
    if volume.shape != tuple(grid.shape):
        raise PerfusionError(f"The map has the shape {volume.shape}, its grid {tuple(grid.shape)}; give its own grid.")
    _write(Path(path), _stored(volume), grid, None, None, description)


def write_series(
    path: str | Path, array_4d: np.ndarray, grid: Grid, times: np.ndarray, *, echo_time: float | None = None
) -> None:
    """Write a 4D series that `read_series` reads back exactly.

    Parameters
    ----------
    path : str or Path
        .nii.gz, .nii, .nrrd or .seq.nrrd. NRRD files are sequences that Slicer loads with their times.
    array_4d : ndarray of shape (t, z, y, x)
        Written as float32, or integers of up to 4 bytes as they are.
    grid : Grid
    times : array_like of shape (t,)
        In s. NIfTI headers hold one interval only, and in single precision: the exact times go into a JSON sidecar.
    echo_time : float, optional
        In s, for MR.

    Raises
    ------
    PerfusionError
        If shapes do not agree, the ending is unknown, or the files cannot be written.
    """
    array_4d, times = np.asarray(array_4d), np.asarray(times, float)
    if array_4d.shape != (len(times), *grid.shape):
        raise PerfusionError(
            f"The series has the shape {array_4d.shape}, its grid and times {(len(times), *grid.shape)}; "
            "give its own grid and times."
        )
    path = Path(path)
    _write(path, _stored(array_4d), grid, times, echo_time)
    if _ending(path) != ".nrrd":
        echo = {} if echo_time is None else {"EchoTime": echo_time}
        write_json(sidecar_path(path), {"FrameTimesStart": times, **echo})


def _stored(array):
    if array.dtype == bool:
        return np.ascontiguousarray(array).view(np.uint8)
    little_endian = np.dtype(array.dtype.name if array.dtype.name in _STORED_TYPES else "float32").newbyteorder("<")
    return np.ascontiguousarray(array, little_endian)


def _ending(path):
    ending = next((ending for ending in _MAP_ENDINGS if path.name.lower().endswith(ending)), None)
    if ending is None:
        raise PerfusionError(f"{path} has an unknown ending; write one of {', '.join(_MAP_ENDINGS)}.")
    return ending


def _write(path, voxels, grid, times, echo_time, description=""):
    ending = _ending(path)
    with atomic_file(path) as file:
        if ending == ".nrrd":
            from .nrrd import write_nrrd

            write_nrrd(file, voxels, grid, times=times, echo_time=echo_time, description=description)
        else:
            from .nifti import write_nifti

            interval, start = (0.0, 0.0) if times is None else (typical_interval(times), times[0])
            compress = ending == ".nii.gz"
            write_nifti(file, voxels, grid, interval=interval, start=start, compress=compress, description=description)


def _check_same_grid(path, found, wanted):
    if tuple(found.shape) != tuple(wanted.shape):
        raise PerfusionError(
            f"The mask {path} has {_size(found)} voxels, the scan {_size(wanted)}; draw the mask on this scan."
        )
    corners = np.array(list(product(*[(0, size - 1) for size in wanted.shape])))
    offset = np.linalg.norm(found.to_ras(corners) - wanted.to_ras(corners), axis=1).max()
    if offset > _LARGEST_OFFSET * wanted.spacing.min():
        raise PerfusionError(
            f"The mask {path} lies up to {offset:.3g} mm beside the scan; draw or resample the mask on this scan."
        )


def _size(grid):
    return "×".join(str(size) for size in reversed(grid.shape))
