"""Any image file, or folder of DICOM -> voxels (t, z, y, x), geometry, and what its header says of times."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..perfusion.errors import PerfusionError
from .dicom.reading import read_dicom
from .gzips import MAGIC, GzipReader
from .image import Image
from .nifti import is_nifti, read_nifti
from .nrrd import is_nrrd, read_nrrd
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
    path = checked_path(path)
    if path.is_dir():
        return read_dicom(path)
    try:
        with path.open("rb") as file:
            return _reader(path, file)(path, file)
    except FileNotFoundError as error:
        raise PerfusionError(f"{error.filename} does not exist; check the name.") from error
    except (zlib.error, EOFError) as error:
        raise PerfusionError(f"{path} is damaged or cut short ({error}); copy it again.") from error
    except OSError as error:
        raise PerfusionError(f"{path} cannot be read ({error.strerror or error}); check its permissions.") from error


def _reader(path, file) -> Callable[[Path, BinaryIO], Image]:
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
        return lambda path, _: read_dicom(path)
    raise PerfusionError(f"{path} is neither NIfTI nor NRRD; convert it to .nii.gz or .nrrd.")
