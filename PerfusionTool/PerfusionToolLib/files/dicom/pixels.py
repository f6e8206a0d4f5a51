"""Pixels of DICOM images, in real values."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps
from .headers import SliceImage, read_header

_SHORT = np.iinfo(np.int16)


def read_pixels_steps(frames: list[list[SliceImage]]) -> Steps[np.ndarray]:
    """Read the voxels of a series, file by file.

    Parameters
    ----------
    frames : list of list of SliceImage
        For each frame, its slices.

    Yields
    ------
    Progress

    Returns
    -------
    ndarray of shape (t, z, y, x)
        int16 where that holds all values exactly, else float32.

    Raises
    ------
    PerfusionError
        If a file is damaged, or compressed in a way that cannot be read here.
    """
    by_file = defaultdict(list)
    for frame, slices in enumerate(frames):
        for place, image in enumerate(slices):
            by_file[image.path].append((frame, place, image))
    images = [image for slices in frames for image in slices]
    is_whole = all(image.slope == 1 and image.intercept.is_integer() for image in images)
    shape = (len(frames), len(frames[0]), *images[0].size)
    voxels = np.empty(shape, np.int16 if is_whole else np.float32)
    for number, (path, wanted) in enumerate(by_file.items(), 1):
        yield Progress("reading", number / len(by_file), f"Reading image {number} of {len(by_file)}")
        stored = _stored(path, max(image.frame or 0 for _, _, image in wanted) + 1, shape[2:])
        for frame, place, image in wanted:
            values = _real(stored[image.frame or 0], image)
            if voxels.dtype == np.int16 and (values.min() < _SHORT.min or values.max() > _SHORT.max):
                voxels = voxels.astype(np.float32)
            voxels[frame, place] = values
    return voxels


def _real(stored, image):
    if image.slope == 1 and image.intercept.is_integer():
        return stored.astype(np.int32) + int(image.intercept)
    return stored * image.slope + image.intercept


def _stored(path, count, size):
    """Pixels (frame, y, x) of a file, at least so many frames."""
    dataset = read_header(path, pixels=True)
    try:
        stored = dataset.pixel_array.reshape(-1, *size)
    except (RuntimeError, NotImplementedError) as error:
        raise PerfusionError(
            f"{path} is compressed ({dataset.file_meta.TransferSyntaxUID.name}) and cannot be read here; "
            "run: pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg, or export them uncompressed."
        ) from error
    except (AttributeError, ValueError) as error:
        raise PerfusionError(f"{path} is damaged ({error}); copy it again.") from error
    if len(stored) < count:
        raise PerfusionError(f"{path} is damaged ({len(stored)} of {count} frames are there); copy it again.")
    return stored
