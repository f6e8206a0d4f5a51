"""Any image file, or folder of DICOM -> voxels (t, z, y, x), geometry, and what its header says of times."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..perfusion.errors import PerfusionError
from .dicom.reading import dicom_extent, read_dicom
from .gzips import MAGIC, GzipReader
from .image import Image
from .nifti import is_nifti, nifti_extent, read_nifti
from .nrrd import is_nrrd, nrrd_extent, read_nrrd
from .paths import checked_path


def read_image(path: str | Path) -> Image:
    """Read a NIfTI or NRRD file of one or more frames, or DICOM; which of them it is shows in its first bytes.

    Parameters
    ----------
    path : str or Path
        Of DICOM, the folder.

    Returns
    -------
    Image

    Raises
    ------
    PerfusionError
        If the file is missing, unreadable, damaged, cut short, or no such image.
    """
    return _by_format(path, {"nifti": read_nifti, "nrrd": read_nrrd, "dicom": lambda path, _: read_dicom(path)})


def image_extent(path: str | Path) -> tuple[tuple[int, int, int, int], np.dtype]:
    """How large the array of an image is, without reading its voxels.

    Parameters
    ----------
    path : str or Path
        As in `read_image`.

    Returns
    -------
    shape : tuple of int
        (t, z, y, x); of a folder of DICOM, at most: all of its images, as if each were a frame of one slice.
    dtype : dtype
        As stored.

    Raises
    ------
    PerfusionError
        As in `read_image`.
    """
    return _by_format(path, {"nifti": nifti_extent, "nrrd": nrrd_extent, "dicom": lambda path, _: dicom_extent(path)})


def _by_format(path, functions: dict[str, Callable[[Path, BinaryIO], Any]]):
    """What the function for a file's format makes of it."""
    path = checked_path(path)
    if path.is_dir():
        return functions["dicom"](path, None)
    try:
        with path.open("rb") as file:
            return functions[_format(path, file)](path, file)
    except FileNotFoundError as error:
        raise PerfusionError(f"{error.filename} does not exist; check the name.") from error
    except (zlib.error, EOFError) as error:
        raise PerfusionError(f"{path} is damaged or cut short ({error}); copy it again.") from error
    except OSError as error:
        raise PerfusionError(f"{path} cannot be read ({error.strerror or error}); check its permissions.") from error


def _format(path, file):
    start = file.read(132)
    file.seek(0)
    if not start:
        raise PerfusionError(f"{path} is empty; copy it again.")
    if is_nrrd(start):
        return "nrrd"
    beginning = GzipReader(file).read(352) if start.startswith(MAGIC) else file.read(352)
    file.seek(0)
    if is_nifti(beginning):
        return "nifti"
    if start[128:] == b"DICM":
        return "dicom"
    raise PerfusionError(f"{path} is neither NIfTI nor NRRD; convert it to .nii.gz or .nrrd.")
