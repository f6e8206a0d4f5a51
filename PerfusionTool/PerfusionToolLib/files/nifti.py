"""NIfTI-1 and NIfTI-2, single files (.nii, .nii.gz)."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.series import Grid
from .gzips import MAGIC, GzipReader, write_gzip
from .image import Image, read_voxels
from .nifti_geometry import state_geometry, stated_geometry
from .nifti_header import NIFTI_1, NIFTI_2, VOXEL_TYPES, header_of
from .times import evenly_spaced, seconds_of_interval

_SINGLE_FILE, _TWO_FILES = (b"n+1\0", b"n+2\0"), (b"ni1\0", b"ni2\0")
_TIME_UNITS = {8: "s", 16: "ms", 24: "µs", 32: "Hz", 40: "ppm", 48: "rad/s"}
_LENGTH_UNITS_MM = {1: 1000.0, 3: 0.001}
_TIME_UNIT_BITS = 0x38
_LENGTH_UNIT_BITS = 0x07
_MILLIMETRES_AND_SECONDS = 2 + 8
_DATA_START = 352
_LARGEST_SIZE = 32767
_DATA_TYPES = {voxel_type: code for code, voxel_type in VOXEL_TYPES.items()}


def is_nifti(beginning: bytes) -> bool:
    """Whether a file's first bytes are the header of a NIfTI file.

    Parameters
    ----------
    beginning : bytes
        The first 348, decompressed.

    Returns
    -------
    bool
    """
    return _magic(beginning) in _SINGLE_FILE + _TWO_FILES


def read_nifti(path: Path, file: BinaryIO) -> Image:
    """Read an open NIfTI file.

    Parameters
    ----------
    path : Path
    file : binary file
        Stands at its start.

    Returns
    -------
    Image

    Raises
    ------
    PerfusionError
        If the header makes no sense or the voxels are not all there.
    """
    source = _source(file)
    header = _read_header(path, source)
    frames, frame_axis, shape = _shape(path, header)
    dtype = _dtype(path, header)
    _skip(path, source, _data_start(header) - header.dtype.itemsize)
    voxels = read_voxels(source, path, frames * math.prod(shape), dtype)
    times, time_source = _times(header, frames, frame_axis)
    return Image(
        voxels=_rescaled(path, header, voxels).reshape(frames, *shape),
        ijk_to_ras=_geometry(path, header),
        times=times,
        time_source=time_source,
        echo_time=_echo_time(header),
        description=_description(header),
    )


def nifti_extent(path: Path, file: BinaryIO) -> tuple[tuple[int, int, int, int], np.dtype]:
    """How large the array of an open NIfTI file is, from its header alone.

    Parameters
    ----------
    path : Path
    file : binary file
        Stands at its start.

    Returns
    -------
    shape : tuple of int
        (t, z, y, x).
    dtype : dtype
        As stored.

    Raises
    ------
    PerfusionError
        If the header makes no sense.
    """
    header = _read_header(path, _source(file))
    frames, _, shape = _shape(path, header)
    return (frames, *shape), _dtype(path, header)


def write_nifti(
    file: BinaryIO,
    voxels: np.ndarray,
    grid: Grid,
    *,
    interval: float,
    start: float,
    compress: bool,
    description: str = "",
):
    """Write a volume or a series.

    Parameters
    ----------
    file : binary file
    voxels : ndarray of shape (z, y, x) or (t, z, y, x)
        C-contiguous, of a type that NIfTI knows.
    grid : Grid
    interval, start : float
        Between frames, and of the first frame, in s; 0 for a volume.
    compress : bool
    description : str
        Its first 79 characters are kept.
    """
    header = _header(voxels, grid, interval, start, description)
    buffers = [header.ljust(_DATA_START, b"\0"), voxels.reshape(-1).view(np.uint8)]
    if compress:
        write_gzip(file, buffers, real_numbers=voxels.dtype.kind == "f")
    else:
        for buffer in buffers:
            file.write(buffer)


def _source(file):
    compressed = file.read(2) == MAGIC
    file.seek(0)
    return GzipReader(file) if compressed else file


def _magic(beginning):
    return beginning[4:8] if beginning[4:8] in (b"n+2\0", b"ni2\0") else beginning[344:348]


def _read_header(path, source):
    beginning = source.read(NIFTI_1.itemsize)
    magic = _magic(beginning)
    if magic in _TWO_FILES:
        raise PerfusionError(f"{path} keeps its voxels in a second file (.img); convert it to a single .nii.gz.")
    layout = NIFTI_2 if magic == b"n+2\0" else NIFTI_1
    beginning += source.read(layout.itemsize - NIFTI_1.itemsize)
    if len(beginning) < layout.itemsize:
        raise PerfusionError(f"{path} is cut short: it ends within its header; copy it again.")
    return header_of(beginning, layout)


def _shape(path, header):
    dimensions = int(header["dim"][0])
    sizes = [int(size) for size in header["dim"][1 : dimensions + 1]]
    if not 1 <= dimensions <= 7 or min(sizes) < 1:
        raise PerfusionError(f"{path} has the dimensions {sizes}; its header is damaged, copy it again.")
    sizes += [1] * (3 - dimensions)
    long_axes = [axis for axis in range(3, len(sizes)) if sizes[axis] > 1]
    if len(long_axes) > 1:
        raise PerfusionError(f"{path} has {dimensions} dimensions {sizes}; a perfusion scan has 4 (x, y, z, time).")
    frame_axis = long_axes[0] if long_axes else 3
    frames = sizes[frame_axis] if long_axes else 1
    return frames, frame_axis, tuple(sizes[2::-1])


def _dtype(path, header):
    code = int(header["datatype"])
    if code not in VOXEL_TYPES:
        raise PerfusionError(
            f"{path} holds voxels of the NIfTI data type {code}; convert it to real numbers, such as int16 or float32."
        )
    return np.dtype(VOXEL_TYPES[code]).newbyteorder(header.dtype["datatype"].byteorder)


def _data_start(header):
    # Some writers leave 0; the four bytes after the header announce extensions.
    stated, size = float(header["vox_offset"]), header.dtype.itemsize
    return int(stated) if np.isfinite(stated) and stated >= size else size + 4


def _skip(path, source, size):
    while size > 0:
        skipped = len(source.read(min(size, 1 << 20)))
        if not skipped:
            raise PerfusionError(f"{path} is cut short: it ends before its first voxel; copy it again.")
        size -= skipped


def _rescaled(path, header, voxels):
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not np.isfinite(slope):
        return voxels
    if not np.isfinite(intercept):
        raise PerfusionError(f"{path} has the rescale intercept {intercept}; convert it again.")
    if slope == 1 and intercept == 0:
        return voxels
    if slope == 1 and _shift_fits_int16(voxels, intercept):
        # Wrap-around is wanted: an unsigned value may stand above 32767 before the shift brings it back.
        shifted = voxels.astype(np.int16, copy=False)
        shifted += np.int16(intercept)
        return shifted
    rescaled = voxels.astype(np.float32)
    rescaled *= np.float32(slope)
    rescaled += np.float32(intercept)
    return rescaled


def _shift_fits_int16(voxels, intercept):
    if voxels.dtype.kind == "f" or voxels.dtype.itemsize > 2 or not float(intercept).is_integer():
        return False
    limits = np.iinfo(np.int16)
    lowest, highest = int(voxels.min()) + int(intercept), int(voxels.max()) + int(intercept)
    return abs(intercept) <= limits.max and limits.min <= lowest and highest <= limits.max


def _geometry(path, header):
    to_millimetres = _LENGTH_UNITS_MM.get(int(header["xyzt_units"]) & _LENGTH_UNIT_BITS, 1.0)
    return np.diag([to_millimetres] * 3 + [1.0]) @ stated_geometry(path, header)


def _times(header, frames, frame_axis):
    unit = _TIME_UNITS.get(int(header["xyzt_units"]) & _TIME_UNIT_BITS) if frame_axis == 3 else None
    stored = _decimal(header["pixdim"][frame_axis + 1])
    interval = seconds_of_interval(stored, unit)
    if interval is None:
        return None, f"the header's interval is {stored:g} {unit or 'without a unit'}"
    start = _decimal(header["toffset"]) * (interval / stored)
    if not np.isfinite(start):
        start = 0.0
    stated = f"{stored:g} {unit}" if unit else f"{stored:g} without a unit, taken as s"
    return evenly_spaced(interval, frames, start), f"header: interval {stated}"


def _decimal(number):
    # Headers hold single precision; the shortest decimal is what was meant: 1.41, not 1.40999997.
    return float(str(number))


def _description(header):
    return header["descrip"].decode("latin-1").strip("\0 ")


def _echo_time(header):
    # Converters such as dcm2niix leave "TE=30;Time=…" in the description, in milliseconds.
    found = re.search(r"\bTE=(\d+(?:\.\d+)?)", _description(header))
    return float(found.group(1)) / 1000 if found and float(found.group(1)) > 0 else None


def _header(voxels, grid, interval, start, description):
    if max(voxels.shape) > _LARGEST_SIZE:
        raise PerfusionError(f"A NIfTI file cannot hold the shape {voxels.shape}; write .nrrd instead.")
    header = np.zeros((), NIFTI_1)
    header["sizeof_hdr"] = NIFTI_1.itemsize
    header["dim"] = 1
    header["dim"][: voxels.ndim + 1] = voxels.ndim, *voxels.shape[::-1]
    header["datatype"] = _DATA_TYPES[voxels.dtype.str[1:]]
    header["bitpix"] = 8 * voxels.dtype.itemsize
    header["pixdim"] = 1
    header["scl_slope"] = 1
    state_geometry(header, grid)
    if voxels.ndim == 4:
        header["pixdim"][4] = interval
        header["toffset"] = start
    header["xyzt_units"] = _MILLIMETRES_AND_SECONDS
    header["vox_offset"] = _DATA_START
    header["magic"] = _SINGLE_FILE[0]
    header["descrip"] = description.encode("latin-1", "replace")[:79]
    return header.tobytes()
