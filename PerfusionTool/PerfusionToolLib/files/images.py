"""Any image file -> voxels (t, z, y, x), geometry, and what its header says of times."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..perfusion.errors import PerfusionError
from .gzips import LARGEST_EXPANSION, MAGIC, GzipReader

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
    """

    voxels: np.ndarray
    ijk_to_ras: np.ndarray
    times: np.ndarray | None
    time_source: str
    echo_time: float | None


def read_image(path: str | Path) -> Image:
    """Read a NIfTI or NRRD file of one or more frames; which of them it is shows in its first bytes.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Image

    Raises
    ------
    PerfusionError
        If the file is missing, unreadable, damaged, cut short, or no such image.
    """
    path = Path(path)
    if path.is_dir():
        raise PerfusionError(f"{path} is a folder; give a NIfTI or NRRD file.")
    try:
        with path.open("rb") as file:
            return _reader(path, file)(path, file)
    except FileNotFoundError as error:
        raise PerfusionError(f"{error.filename} does not exist; check the name.") from error
    except (zlib.error, EOFError) as error:
        raise PerfusionError(f"{path} is damaged or cut short ({error}); copy it again.") from error
    except OSError as error:
        raise PerfusionError(f"{path} cannot be read ({error.strerror or error}); check its permissions.") from error


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
    found = path.stat().st_size * (LARGEST_EXPANSION if isinstance(source, GzipReader) else 1)
    if expected <= found:
        voxels = np.empty(count, dtype)
        found = source.readinto(voxels.view(np.uint8)) if count else 0
    if found < expected:
        raise PerfusionError(
            f"{path} is cut short: {expected} bytes of voxels are announced, {found} are there; copy it again."
        )
    if isinstance(source, GzipReader):
        source.finish()
    if not voxels.dtype.isnative:
        voxels = voxels.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return voxels


def _reader(path, file) -> Callable[[Path, BinaryIO], Image]:
    from .nifti import is_nifti, read_nifti
    from .nrrd import is_nrrd, read_nrrd

    start = file.read(132)
    file.seek(0)
    if not start:
        raise PerfusionError(f"{path} is empty; copy it again.")
    if is_nrrd(start):
        return read_nrrd
    beginning = GzipReader(file).read(352) if start.startswith(MAGIC) else file.read(352)
    file.seek(0)
    if is_nifti(beginning):
        return read_nifti
    if start[128:] == b"DICM":
        raise PerfusionError(f"{path} is a DICOM file; convert the series to one 4D NIfTI file first.")
    raise PerfusionError(f"{path} is neither NIfTI nor NRRD; convert it to .nii.gz or .nrrd.")
