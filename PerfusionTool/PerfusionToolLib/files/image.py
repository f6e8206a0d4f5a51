"""What an image file holds, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..perfusion.errors import PerfusionError
from .gzips import LARGEST_EXPANSION, GzipReader

ENDINGS = (".nii.gz", ".nii", ".seq.nrrd", ".seq.nhdr", ".nrrd", ".nhdr")


@dataclass(frozen=True, eq=False)
class Image:
    """What an image file holds.

    Parameters
    ----------
    voxels : ndarray of shape (t, z, y, x)
        As stored, in the machine's byte order; rescaled where the header says so.
    ijk_to_ras : ndarray of shape (4, 4)
        From voxel indices to RAS mm.
    times : ndarray of shape (t,), optional
        Frame times in s, if the header states them.
    time_source : str
        Where the times come from, or why there are none.
    echo_time : float, optional
        Echo time in s, if the header states it.
    modality : {"CT", "MR"}, optional
        If the header states it.
    notes : tuple of str
        What a person should know of how it was read.
    slice_offsets : ndarray of shape (t, z), optional
        When each slice was taken after the time of its frame, in s, before it was interpolated to that.
    headers : tuple of pydicom.dataset.Dataset
        Of the first frame's images, where the scan is DICOM: patient, study and frame of reference.
    unit : str
        Of the values, where a field of the header is there for it.
    description : str
        What the header says of the content in free words.
    """

    voxels: np.ndarray
    ijk_to_ras: np.ndarray
    times: np.ndarray | None
    time_source: str
    echo_time: float | None
    modality: str | None = None
    notes: tuple[str, ...] = ()
    slice_offsets: np.ndarray | None = None
    headers: tuple = ()
    unit: str = ""
    description: str = ""


def without_ending(path: str | Path) -> Path:
    """The path of an image file without its ending, double endings such as .nii.gz included.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path
    """
    path = Path(path)
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), path.suffix)
    return path.with_name(path.name[: len(path.name) - len(ending)])


def read_voxels(source: BinaryIO | GzipReader, path: Path, count: int, dtype: np.dtype) -> np.ndarray:
    """Read voxels in the order of the file.

    Parameters
    ----------
    source : file or GzipReader
        Stands at the first voxel.
    path : Path
        The file that holds the data.
    count : int
        Number of voxels.
    dtype : dtype
        Type and byte order in the file.

    Returns
    -------
    ndarray of shape (count,)
        In the machine's byte order.

    Raises
    ------
    PerfusionError
        If there are fewer.
    """
    expected = count * dtype.itemsize
    most = path.stat().st_size * (LARGEST_EXPANSION if isinstance(source, GzipReader) else 1)
    if most < expected:
        raise _cut_short(path, expected, f"at most {most}")
    voxels = np.empty(count, dtype)
    found = source.readinto(voxels.view(np.uint8)) if count else 0
    if found < expected:
        raise _cut_short(path, expected, found)
    if isinstance(source, GzipReader):
        source.finish()
    if not voxels.dtype.isnative:
        voxels = voxels.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return voxels


def _cut_short(path, expected, found):
    return PerfusionError(
        f"{path} is cut short: {expected} bytes of voxels are announced, {found} are there; copy it again."
    )
