"""What all DICOM objects that we make have in common: where they come from, where they lie, how they are written."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import numpy as np

from ... import __version__
from ...perfusion.errors import PerfusionError
from ...perfusion.series import Grid
from ..atomic import atomic_file
from .headers import imported_pydicom

PROGRAM = "PerfusionTool"
RESEARCH_USE = "research use only"
_OLDEST_HIGHDICOM = (0, 28)
_INSTALL = "pip install 'highdicom>=0.28'"
_LONGEST_TEXT, _LONGEST_LABEL = 64, 16
# Present in every image by the standard, though perhaps empty; anonymised images lack them nevertheless.
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")


def check_can_write(headers: tuple) -> None:
    """Refuse early what could not be written in the end.

    Parameters
    ----------
    headers : tuple of pydicom.dataset.Dataset
        Those of the scan.

    Raises
    ------
    PerfusionError
        If the scan is not DICOM, lacks what its results need, or highdicom is not installed.
    """
    if not headers:
        raise PerfusionError(
            "Results can be written as DICOM only for a scan that was read from DICOM: patient, study and frame of "
            "reference are taken from its headers; give the folder of DICOM images."
        )
    missing = [name for name in _NEEDED if not headers[0].get(name)]
    if missing:
        raise PerfusionError(
            f"The scan's DICOM headers lack {', '.join(missing)}, which results must refer to; export the scan again."
        )
    imported_highdicom()


def imported_highdicom():
    """The package that writes DICOM objects.

    Raises
    ------
    PerfusionError
        If it is not installed, or too old.
    """
    try:
        import highdicom
    except ImportError as error:
        raise PerfusionError(
            f"Writing DICOM needs the package highdicom, which is not installed; run: {_INSTALL}"
        ) from error
    if tuple(int(part) for part in highdicom.__version__.split(".")[:2]) < _OLDEST_HIGHDICOM:
        raise PerfusionError(f"highdicom {highdicom.__version__} is too old to write maps; run: {_INSTALL}")
    return highdicom


def new_uid() -> str:
    """A UID that nothing else has."""
    imported_pydicom()
    from pydicom.uid import generate_uid

    return str(generate_uid())


def common_attributes(headers: tuple, series: str, number: int) -> dict:
    """Arguments that highdicom takes for every object.

    Parameters
    ----------
    headers : tuple of pydicom.dataset.Dataset
        Of the scan's images that the object comes from.
    series : str
        UID of the series it is in.
    number : int
        Of the object in its series.

    Returns
    -------
    dict
    """
    return {
        "source_images": [_completed(header) for header in headers],
        "series_instance_uid": series,
        "sop_instance_uid": new_uid(),
        "instance_number": number,
        "manufacturer": PROGRAM,
        "manufacturer_model_name": PROGRAM,
        "software_versions": __version__,
        "device_serial_number": "research",
    }


def places(grid: Grid) -> dict:
    """Arguments that tell highdicom where the slices of a grid lie.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    dict
    """
    highdicom = imported_highdicom()
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.ijk_to_ras
    along_row, down_column, step = (to_lps[:3, axis] for axis in range(3))
    width, height = np.linalg.norm(along_row), np.linalg.norm(down_column)
    row, column = along_row / width, down_column / height
    depth = float(abs(np.cross(row, column) @ step))
    return {
        "pixel_measures": highdicom.PixelMeasuresSequence(
            pixel_spacing=(float(height), float(width)), slice_thickness=depth, spacing_between_slices=depth
        ),
        "plane_orientation": highdicom.PlaneOrientationSequence("PATIENT", [*row, *column]),
        "plane_positions": [
            highdicom.PlanePositionSequence("PATIENT", list(to_lps[:3, 3] + index * step))
            for index in range(grid.shape[0])
        ],
    }


def coded(code: tuple[str, str, str]):
    """A code as highdicom takes it.

    Parameters
    ----------
    code : tuple of str
        Value, scheme, meaning.

    Returns
    -------
    highdicom.sr.CodedConcept
    """
    value, scheme, meaning = code
    return imported_highdicom().sr.CodedConcept(value, scheme, meaning)


def label(text: str) -> str:
    """A text as a DICOM label: capitals, digits and underscores, not too long."""
    return re.sub(r"[^A-Z0-9]+", "_", text.upper())[:_LONGEST_LABEL]


def short(text: str) -> str:
    """A text of the length that DICOM descriptions hold."""
    return text[:_LONGEST_TEXT]


def save(path: Path, dataset) -> None:
    """Write a DICOM object, whole or not at all.

    Parameters
    ----------
    path : Path
    dataset : pydicom.dataset.Dataset

    Raises
    ------
    PerfusionError
        If the folder cannot be written to or is full.
    """
    with atomic_file(path) as file:
        dataset.save_as(file)


def _completed(header):
    header = copy.deepcopy(header)
    for name in _MAY_BE_EMPTY:
        if name not in header:
            setattr(header, name, "")
    return header
