"""A folder of DICOM images -> voxels (t, z, y, x), geometry and times."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Steps, drain
from ...perfusion.words import counted
from ..image import Image
from .choice import perfusion_images
from .frames import frames_in_order
from .geometry import geometry_of, slices_in_order
from .headers import dicom_files, image_files, read_header, read_slices_steps
from .pixels import read_pixels_steps
from .slice_timing import at_frame_times_steps, frame_times


def read_dicom(path: Path) -> Image:
    """Read the perfusion scan among DICOM images, sorted by position and time of acquisition.

    Parameters
    ----------
    path : Path
        Folder of CT or MR images, in files of one image or of many (enhanced), named and sorted anyhow; or one
        enhanced file.

    Returns
    -------
    Image
        With modality, notes and headers. Slices that were not taken together, as when the table moves to and fro, are
        interpolated to the mean times of the frames, and ``slice_offsets`` says how far.

    Raises
    ------
    PerfusionError
        If pydicom is missing, there is no such scan or more than one, images are missing or damaged, or the slices do
        not make a volume.
    """
    return drain(read_dicom_steps(path))


def read_dicom_steps(path: Path) -> Steps[Image]:
    """The same, file by file."""
    files = dicom_files(path)
    images = yield from read_slices_steps(files)
    if not images:
        raise PerfusionError(
            f"{path} holds no CT or MR images among {counted(len(files), 'DICOM file')}; give the folder of the scan."
        )
    chosen, notes = perfusion_images(path, images)
    slices = slices_in_order(chosen)
    ijk_to_ras, tilt = geometry_of(path, slices)
    frames = frames_in_order(path, slices)
    times, offsets = (None, None) if frames.seconds is None else frame_times(path, frames.seconds)
    voxels = yield from read_pixels_steps(frames.images)
    notes += tilt + frames.notes
    if offsets is not None:
        voxels = yield from at_frame_times_steps(voxels, times, offsets)
        notes.append(_note(offsets))
    first = frames.images[0]
    return Image(
        voxels=voxels,
        ijk_to_ras=ijk_to_ras,
        times=None if times is None else times - times[0],
        time_source=frames.source,
        echo_time=first[0].echo_time,
        modality=first[0].modality,
        notes=tuple(notes),
        slice_offsets=offsets,
        headers=tuple(read_header(file) for file in dict.fromkeys(image.path for image in first)),
    )


def dicom_extent(path: Path) -> tuple[tuple[int, int, int, int], np.dtype]:
    """How large the array of the DICOM images at a path is at most, from the header of the first.

    Parameters
    ----------
    path : Path

    Returns
    -------
    shape : tuple of int
        (number of images, 1, rows, columns), as if all were like the first.
    dtype : dtype

    Raises
    ------
    PerfusionError
        If there are none, or the first is damaged.
    """
    files = image_files(path)
    if not files:
        raise PerfusionError(f"{path} holds no CT or MR image; give the folder of the scan.")
    header = read_header(files[0])
    images = len(files) * int(header.get("NumberOfFrames") or 1)
    return (images, 1, int(header.get("Rows", 0)), int(header.get("Columns", 0))), np.dtype(np.int16)


def _note(offsets):
    return (
        f"Slices were taken up to {np.abs(offsets).max():.2f} s before or after the mean time of their frame, as when "
        "the table moves; they are interpolated to that time."
    )
