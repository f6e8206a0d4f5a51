"""Where the slices of DICOM images lie, and from voxel indices to RAS."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...perfusion.errors import PerfusionError
from .headers import SliceImage

_SAME_PLACE = 0.1  # mm; a table that moves to and fro comes back to less
_UNEVEN = 0.05  # of the distance of slices
_LEAST_TILT = 0.1  # degrees
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def slices_in_order(images: list[SliceImage]) -> list[list[SliceImage]]:
    """Images sorted into slices.

    Parameters
    ----------
    images : list of SliceImage
        Of one orientation.

    Returns
    -------
    list of list of SliceImage
        Those of each slice, the slices along the normal of their plane.
    """
    along = np.array([image.position for image in images]) @ _normal(images[0])
    order = np.argsort(along, kind="stable")
    starts = np.flatnonzero(np.diff(along[order]) > _SAME_PLACE) + 1
    return [[images[index] for index in part] for part in np.split(order, starts)]


def geometry_of(path: Path, slices: list[list[SliceImage]]) -> tuple[np.ndarray, list[str]]:
    """Geometry of a stack of slices.

    Parameters
    ----------
    path : Path
        For messages.
    slices : list of list of SliceImage
        In order.

    Returns
    -------
    ijk_to_ras : ndarray of shape (4, 4)
        Sheared if the gantry was tilted: voxels stay where and what they are.
    notes : list of str

    Raises
    ------
    PerfusionError
        If slices are missing, or lie unevenly.
    """
    first = slices[0][0]
    places = np.array([np.mean([image.position for image in images], axis=0) for images in slices])
    step = _step(path, first, places)
    matrix = np.eye(4)
    matrix[:3, 0] = first.directions[0] * first.spacing[1]
    matrix[:3, 1] = first.directions[1] * first.spacing[0]
    matrix[:3, 2] = step
    matrix[:3, 3] = places[0]
    tilt = np.degrees(np.arccos(min(1.0, step @ _normal(first) / np.linalg.norm(step))))
    notes = [f"The gantry was tilted by {tilt:.1f}°; the slices are kept as they lie."] if tilt > _LEAST_TILT else []
    return _LPS_TO_RAS @ matrix, notes


def place_of(images: list[SliceImage]) -> float:
    """Where a slice lies along the normal of its plane, in mm, as scanners name slices.

    Parameters
    ----------
    images : list of SliceImage
        Of one slice.

    Returns
    -------
    float
    """
    return float(images[0].position @ _normal(images[0]))


def _step(path, first, places):
    if len(places) == 1:
        return _normal(first) * (first.thickness or 1.0)
    step = (places[-1] - places[0]) / (len(places) - 1)
    along = places @ _normal(first)
    distances = np.diff(along)
    usual = float(distances.min())
    steps = np.round(distances / usual)
    if steps.max() > 1 and np.all(np.abs(distances / usual - steps) < _UNEVEN):
        gap, missing = int(steps.argmax()), int((steps - 1).sum())
        raise PerfusionError(
            f"{path} lacks {missing} of {len(places) + missing} slices, such as between {along[gap]:.1f} and "
            f"{along[gap + 1]:.1f} mm; copy the series again."
        )
    if np.any(np.abs(places - places[0] - np.outer(np.arange(len(places)), step)) > _UNEVEN * usual):
        raise PerfusionError(
            f"The slices of {path} lie unevenly, {distances.min():.2f} to {distances.max():.2f} mm apart; "
            "a scan needs slices at equal distances."
        )
    return step


def _normal(image):
    return np.cross(*image.directions)
