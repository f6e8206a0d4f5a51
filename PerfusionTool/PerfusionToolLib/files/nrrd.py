"""NRRD with attached or detached header: one volume, plain 4D, Slicer's .seq.nrrd and MultiVolume.

SimpleITK reads 4D NRRD files of some axis orders only and drops frame times, hence this reader. Format:
https://teem.sourceforge.net/nrrd/format.html; Slicer's sequences:
https://slicer.readthedocs.io/en/latest/developer_guide/modules/sequences.html
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.series import Grid
from ..perfusion.words import counted
from .gzips import GzipReader, write_gzip
from .image import Image, read_voxels
from .sidecar import echo_time_in, frame_times_in
from .times import evenly_spaced, is_count, seconds_of_interval, seconds_per

_TYPES = {"char": "i1", "short": "i2", "int": "i4", "longlong": "i8", "float": "f4", "double": "f8"}
_TYPE_NAMES = {"i1": "int8", "i2": "int16", "i4": "int32", "u1": "uint8", "u2": "uint16", "u4": "uint32", "f4": "float"}
_TO_RAS = {
    "right-anterior-superior": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "ras": (1, 1, 1),
    "las": (-1, 1, 1),
    "lps": (-1, -1, 1),
}
_LENGTH_UNITS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001, "µm": 0.001}
_SPATIAL_KINDS = ("domain", "space")
_LONGEST_LINE = 1 << 24


@dataclass(frozen=True)
class _Header:
    fields: dict[str, str]
    attributes: dict[str, str]

    def words(self, name):
        return self.fields.get(name, "").split()

    def quoted(self, name):
        return re.findall(r'"([^"]*)"', self.fields.get(name, ""))


def is_nrrd(beginning: bytes) -> bool:
    """Whether a file's first bytes are those of a NRRD header.

    Parameters
    ----------
    beginning : bytes

    Returns
    -------
    bool
    """
    return beginning.startswith(b"NRRD000")


def read_nrrd(path: Path, file: BinaryIO) -> Image:
    """Read an open NRRD file (or detached header).

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
        If the header makes no sense, uses a rare feature, or the voxels are not all there.
    """
    header = _read_header(path, file)
    sizes = _numbers(path, header.words("sizes"), int)
    spacings = _numbers(path, header.words("spacings"), float)
    directions, origin = _directions(path, header), _vectors(path, header, "space origin")
    space_axes, frame_axes = _axes(path, header, sizes, directions)
    ijk_to_ras = _geometry(path, header, [directions[axis] for axis in space_axes] if directions else None, origin)
    if not directions:
        ijk_to_ras[:3, :3] *= [_spacing(spacings, axis) for axis in space_axes]
    times, time_source = _times(header, sizes, frame_axes, directions, origin, spacings)
    voxels = _frames_first(_read_data(path, file, header, sizes), sizes, space_axes, frame_axes)
    return Image(
        voxels=voxels,
        ijk_to_ras=ijk_to_ras,
        times=times,
        time_source=time_source,
        echo_time=echo_time_in(header.attributes),
        unit=(header.fields.get("sample units") or header.fields.get("sampleunits") or "").strip('" '),
        description=header.fields.get("content", "").strip('" '),
    )


def nrrd_extent(path: Path, file: BinaryIO) -> tuple[tuple[int, int, int, int], np.dtype]:
    """How large the array of an open NRRD file is, from its header alone.

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
    header = _read_header(path, file)
    sizes = _numbers(path, header.words("sizes"), int)
    space_axes, frame_axes = _axes(path, header, sizes, _directions(path, header))
    frames = math.prod(sizes[axis] for axis in frame_axes)
    return (frames, *(sizes[axis] for axis in reversed(space_axes))), _dtype(path, header)


def write_nrrd(
    file: BinaryIO,
    voxels: np.ndarray,
    grid: Grid,
    *,
    times: np.ndarray | None,
    echo_time: float | None,
    description: str = "",
):
    """Write a volume, or a series as Slicer's sequence.

    Parameters
    ----------
    file : binary file
    voxels : ndarray of shape (z, y, x) or (t, z, y, x)
        C-contiguous.
    grid : Grid
    times : ndarray of shape (t,), optional
        In s; None for a volume.
    echo_time : float, optional
        In s.
    description : str
    """
    directions = [_vector(column) for column in _lps(grid.ijk_to_ras[:3, :3]).T]
    series = times is not None
    lines = [
        "NRRD0005",
        *([f"content: {description}"] if description else []),
        f"type: {_TYPE_NAMES[voxels.dtype.str[1:]]}",
        f"dimension: {voxels.ndim}",
        "space: left-posterior-superior",
        "sizes: " + " ".join(str(size) for size in voxels.shape[::-1]),
        "space directions: " + " ".join(directions + ["none"] * series),
        "kinds: " + " ".join(["domain"] * 3 + ["list"] * series),
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(_lps(grid.ijk_to_ras[:3, 3]))}",
    ]
    if series:
        lines += ['labels: "" "" "" "time"', 'units: "" "" "" "s"', "axis 3 index type:=numeric"]
        lines += ["axis 3 index values:=" + " ".join(repr(float(time)) for time in times)]
        lines += ["DataNodeClassName:=vtkMRMLScalarVolumeNode"]
    if echo_time is not None:
        lines += [f"MultiVolume.DICOM.EchoTime:={echo_time * 1000!r}"]
    file.write(("\n".join(lines) + "\n\n").encode())
    write_gzip(file, [voxels.reshape(-1).view(np.uint8)], real_numbers=voxels.dtype.kind == "f")


def _lps(ras):
    # Adding zero turns -0.0 into 0.0, which reads better in a header.
    return (ras.T * [-1, -1, 1]).T + 0.0


def _vector(values):
    return "(" + ",".join(repr(float(value)) for value in values) + ")"


def _read_header(path, file):
    fields, attributes = {}, {}
    file.readline()
    while line := file.readline(_LONGEST_LINE).decode("utf-8", "replace").strip("\r\n"):
        key, separator, value = re.match(r"([^:]*)(:=|: ?|$)(.*)", line).groups()
        if line.startswith("#"):
            continue
        if separator == ":=":
            attributes[key] = value
        elif separator:
            fields[key.strip().lower()] = value.strip()
        else:
            raise PerfusionError(f"{path} has a damaged NRRD header (line {line[:40]!r}); save it again.")
    return _Header(fields, attributes)


def _numbers(path, words, kind):
    try:
        return [kind(word) for word in words]
    except ValueError as error:
        raise PerfusionError(f"{path} has a damaged NRRD header ({error}); save it again.") from error


def _vectors(path, header, name):
    vectors = re.findall(r"none|\([^)]*\)", header.fields.get(name, ""))
    return [None if text == "none" else np.array(_numbers(path, text[1:-1].split(","), float)) for text in vectors]


def _directions(path, header):
    # Some writers put NaN or zeros where the format wants "none".
    directions = _vectors(path, header, "space directions")
    return [
        direction if direction is not None and np.isfinite(direction).all() and direction.any() else None
        for direction in directions
    ]


def _axes(path, header, sizes, directions):
    """Axes of the file, fastest first, that lie in space, and those that do not."""
    kinds = [kind.lower() for kind in header.words("kinds")]
    if not sizes or min(sizes) < 1 or header.fields.get("dimension") != str(len(sizes)):
        raise PerfusionError(f"{path} has the sizes {sizes}; its header is damaged, save it again.")
    axes = range(len(sizes))
    if directions and len(directions) != len(sizes):
        given = counted(len(directions), "space direction")
        raise PerfusionError(f"{path} has {given} for {len(sizes)} axes; save it again.")
    if directions:
        space_axes = [axis for axis in axes if directions[axis] is not None and directions[axis][:3].any()]
    elif sum(kind in _SPATIAL_KINDS for kind in kinds) == 3:
        space_axes = [axis for axis in axes if kinds[axis] in _SPATIAL_KINDS]
    else:
        space_axes = list(axes[:3])
    frame_axes = [axis for axis in axes if axis not in space_axes]
    if len(space_axes) != 3 or sum(sizes[axis] > 1 for axis in frame_axes) > 1:
        raise PerfusionError(
            f"{path} has {counted(len(sizes), 'dimension')} {sizes}, {len(space_axes)} of them in space; "
            "a perfusion scan has 4 (three in space, and time)."
        )
    return space_axes, frame_axes


def _geometry(path, header, directions, origin):
    # Without a named space the convention of ITK holds: left-posterior-superior.
    space = header.fields.get("space", "left-posterior-superior")
    signs = _TO_RAS.get(re.sub(r"(-time|(?<=^...)t)$", "", space.lower()))
    unit = next(iter(header.quoted("space units")), "mm") or "mm"
    if signs is None or unit not in _LENGTH_UNITS_MM:
        raise PerfusionError(f"{path} lies in the space {space!r} in {unit}; save it in LPS or RAS in mm.")
    if any(vector is not None and len(vector) < 3 for vector in [*(directions or []), *origin]):
        raise PerfusionError(f"{path} has an origin or directions of fewer than 3 numbers; save it in LPS or RAS.")
    matrix = np.eye(4)
    if directions:
        matrix[:3, :3] = np.array([direction[:3] for direction in directions]).T
    if origin and origin[0] is not None:
        matrix[:3, 3] = origin[0][:3]
    scale = _LENGTH_UNITS_MM[unit]
    return np.diag([sign * scale for sign in signs] + [1.0]) @ matrix


def _spacing(spacings, axis):
    return spacings[axis] if axis < len(spacings) and np.isfinite(spacings[axis]) else 1.0


def _times(header, sizes, frame_axes, directions, origin, spacings):
    long_axes = [axis for axis in frame_axes if sizes[axis] > 1]
    if not long_axes:
        return None, "the file holds one frame"
    axis = long_axes[0]
    units = header.quoted("units")
    unit = units[axis] if axis < len(units) else ""
    index, is_stated = _index_times(header, axis, sizes[axis], unit)
    if is_stated:
        return index, f"header: sequence index in {unit}"
    labels = frame_times_in(header.attributes)
    if labels is not None:
        return labels[0], f"header: {labels[1]}"
    if index is not None:
        return index, "header: sequence index " + (f"in {unit}" if unit else "without a unit, taken as s")
    return _even_times(unit, axis, sizes[axis], directions, origin, spacings)


def _index_times(header, axis, frames, unit):
    """Times from the index of a Slicer sequence (None if there are none), and whether nothing may overrule them."""
    # A list axis that comes first is called axis 0 by some writers wherever it stands.
    names = (f"axis {axis} index values", "axis 0 index values", "axis 3 index values")
    text = next((header.attributes[name] for name in names if name in header.attributes), "")
    try:
        values = np.array([float(unquote(word)) for word in text.split()])
    except ValueError:
        return None, False
    factor = seconds_per(unit)
    if len(values) != frames or (unit and factor is None):
        return None, False
    if factor is None:
        # Slicer numbers the frames of a series of unknown times.
        return (None if is_count(values) else values), False
    return values * factor, not is_count(values)


def _even_times(unit, axis, frames, directions, origin, spacings):
    interval = spacings[axis] if axis < len(spacings) else np.nan
    start = 0.0
    if directions and directions[axis] is not None:
        interval = directions[axis][-1]
        start = origin[0][-1] if origin and len(origin[0]) == len(directions[axis]) else 0.0
    seconds = seconds_of_interval(interval, unit)
    if seconds is None:
        return None, "the header states no interval between frames"
    stated = f"{interval:g} {unit}" if unit else f"{interval:g} without a unit, taken as s"
    return evenly_spaced(seconds, frames, start * seconds / interval), f"header: interval {stated}"


def _read_data(path, file, header, sizes):
    dtype = _dtype(path, header)
    data_file = header.fields.get("data file") or header.fields.get("datafile")
    if data_file is None:
        return _read_encoded(path, file, header, sizes, dtype)
    if data_file.startswith("LIST") or "%" in data_file:
        raise PerfusionError(f"{path} spreads its voxels over several files; save it as a single .nrrd.")
    data_path = path.parent / data_file
    with data_path.open("rb") as data:
        return _read_encoded(data_path, data, header, sizes, dtype)


def _dtype(path, header):
    name = header.fields.get("type", "").lower()
    plain = re.sub(r"^(signed|unsigned) |_t$", "", name)
    plain = {"uchar": "char", "ushort": "short", "uint": "int", "ulonglong": "longlong"}.get(plain, plain)
    plain = plain.replace("long long", "longlong").removesuffix(" int")
    code = _TYPES.get(plain)
    if name.startswith("u") and code:
        code = "u" + code[1:]
    fixed = re.fullmatch(r"(u?)int(8|16|32|64)", plain)
    if fixed:
        code = f"{fixed[1] or 'i'}{int(fixed[2]) // 8}"
    if code is None:
        raise PerfusionError(f"{path} holds voxels of type {name!r}; convert it to int16 or float32.")
    return np.dtype(code).newbyteorder(">" if header.fields.get("endian", "").lower() == "big" else "<")


def _read_encoded(path, file, header, sizes, dtype):
    count = math.prod(sizes)
    encoding = header.fields.get("encoding", "raw").lower()
    (lines,) = _numbers(path, [header.fields.get("line skip") or header.fields.get("lineskip") or "0"], int)
    (skip,) = _numbers(path, [header.fields.get("byte skip") or header.fields.get("byteskip") or "0"], int)
    for _ in range(lines):
        file.readline()
    if encoding in ("gz", "gzip"):
        source = GzipReader(file)
    elif encoding == "raw":
        source = file
    else:
        raise PerfusionError(f"{path} is encoded as {encoding!r}; save it raw or gzip-compressed.")
    if skip < 0:
        # By definition: the voxels are the last bytes of the file.
        file.seek(max(path.stat().st_size - count * dtype.itemsize, 0))
    elif skip:
        source.read(skip)
    return read_voxels(source, path, count, dtype)


def _frames_first(voxels, sizes, space_axes, frame_axes):
    last = len(sizes) - 1
    order = [last - axis for axis in reversed(frame_axes)] + [last - axis for axis in reversed(space_axes)]
    frames = math.prod(sizes[axis] for axis in frame_axes)
    moved = voxels.reshape(sizes[::-1]).transpose(order)
    moved = moved.reshape(frames, *moved.shape[len(frame_axes) :])
    if moved.flags.c_contiguous:
        return moved
    # Slice by slice stays in the cache: three times faster than one copy of the whole.
    frames_first = np.empty(moved.shape, moved.dtype)
    for index in range(moved.shape[1]):
        frames_first[:, index] = moved[:, index]
    return frames_first
