"""DICOM files -> one `SliceImage` for every image of one slice at one time, whatever the files' structure."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps, drain
from ...perfusion.words import counted
from .clocks import seconds_of_clock

CLASSIC = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
}
ENHANCED = {
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4.1": "MR",
    "1.2.840.10008.5.1.4.1.1.4.4": "MR",
}
_PREAMBLE, _MAGIC = 128, b"DICM"
_PHILIPS = (0x2005, "Philips MR Imaging DD 001", 0xA0)


@dataclass(frozen=True, eq=False)
class SliceImage:
    """One slice at one time, as its header describes it.

    Parameters
    ----------
    path : Path
    frame : int or None
        Which frame of a multi-frame file; None in a file of one image.
    instance, series, study : str
        UIDs.
    series_name : str
        Number and description of the series, for a person to read.
    modality : {"CT", "MR"}
    kind : tuple of str
        Image type: original or derived, axial or localizer, magnitude or phase …
    size : tuple of int
        Rows and columns.
    position : ndarray of shape (3,)
        Centre of the first voxel in mm, LPS.
    directions : ndarray of shape (2, 3)
        Unit vectors along a row and down a column, LPS.
    spacing : tuple of float
        Between rows and between columns in mm.
    thickness : float or None
        Distance of slices that the header states, in mm.
    slope, intercept : float
        From stored to real values.
    number : int or None
        Instance number; in a multi-frame file, the frame's.
    temporal_position : int or None
    seconds : dict of str to float
        What the clocks show; the keys are those of `clocks.CLOCKS`.
    frame_interval : float or None
        Temporal resolution in s, if stated.
    repetition_time, echo_time : float or None
        In s, for MR.
    """

    path: Path
    frame: int | None
    instance: str
    series: str
    study: str
    series_name: str
    modality: str
    kind: tuple[str, ...]
    size: tuple[int, int]
    position: np.ndarray
    directions: np.ndarray
    spacing: tuple[float, float]
    thickness: float | None
    slope: float
    intercept: float
    number: int | None
    temporal_position: int | None
    seconds: dict[str, float] = field(default_factory=dict)
    frame_interval: float | None = None
    repetition_time: float | None = None
    echo_time: float | None = None


def dicom_files(path: Path) -> list[Path]:
    """The DICOM files at a path.

    Parameters
    ----------
    path : Path
        A file, or a folder, whose subfolders are searched too unless they are hidden.

    Returns
    -------
    list of Path
        Those whose first bytes are a DICOM file's, the index file DICOMDIR left out.

    Raises
    ------
    PerfusionError
        If there are none, or one cannot be read.
    """
    if path.is_file():
        return [path]
    files = _files_below(path)
    found = [file for file in files if file.name.upper() != "DICOMDIR" and _is_dicom(file)]
    if not found:
        raise PerfusionError(
            f"{path} is a folder with no DICOM file among its {counted(len(files), 'file')}; "
            "give the folder of the DICOM images, or a NIfTI or NRRD file."
        )
    return found


def image_files(path: Path) -> list[Path]:
    """Those of the DICOM files at a path that are CT or MR images, as they say at their very beginning.

    Parameters
    ----------
    path : Path
        As in `dicom_files`, whose errors are raised too.

    Returns
    -------
    list of Path
    """
    return drain(image_files_steps(path))


def image_files_steps(path: Path) -> Steps[list[Path]]:
    """The same, file by file."""
    pydicom = imported_pydicom()
    found, files = [], dicom_files(path)
    for number, file in enumerate(files, 1):
        yield Progress("reading", number / len(files), f"Looking at file {number} of {len(files)}")
        with _sentences(file):
            kind = str(pydicom.filereader.read_file_meta_info(file).get("MediaStorageSOPClassUID"))
        if kind in CLASSIC or kind in ENHANCED:
            found.append(file)
    return found


def read_slices_steps(paths: list[Path]) -> Steps[list[SliceImage]]:
    """Read the CT and MR images that DICOM files hold, file by file.

    Parameters
    ----------
    paths : list of Path

    Yields
    ------
    Progress

    Returns
    -------
    list of SliceImage
        Empty if the files are of other kinds, such as reports, dose sheets or presentation states.

    Raises
    ------
    PerfusionError
        If pydicom is missing, a file is damaged, or an image lacks what every image must state.
    """
    images = []
    for number, path in enumerate(paths, 1):
        yield Progress("reading", number / len(paths), f"Reading header {number} of {len(paths)}")
        images += _slices_of(path, read_header(path))
    return images


def read_header(path: Path, pixels: bool = False):
    """Read a DICOM file.

    Parameters
    ----------
    path : Path
    pixels : bool
        Whether its pixels are wanted too.

    Returns
    -------
    pydicom.dataset.FileDataset

    Raises
    ------
    PerfusionError
        If pydicom is missing, or the file is damaged.
    """
    pydicom = imported_pydicom()
    with _sentences(path):
        return pydicom.dcmread(path, stop_before_pixels=not pixels)


def imported_pydicom():
    """The package that reads DICOM files.

    Raises
    ------
    PerfusionError
        If it is not installed.
    """
    try:
        import pydicom
        import pydicom.errors
        import pydicom.filereader
    except ImportError as error:
        raise PerfusionError(
            "Reading DICOM needs the package pydicom, which is not installed; run: pip install pydicom"
        ) from error
    return pydicom


def _files_below(path):
    found = []
    for folder, folders, names in os.walk(path):
        # Hidden ones hold what programs keep for themselves.
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder) / name for name in names]
    return sorted(found)


def _is_dicom(path):
    with _sentences(path), path.open("rb") as file:
        return file.read(_PREAMBLE + len(_MAGIC))[_PREAMBLE:] == _MAGIC


@contextmanager
def _sentences(path):
    """What goes wrong with a file, in words."""
    errors = imported_pydicom().errors
    try:
        yield
    except PerfusionError:
        raise
    except OSError as error:
        raise PerfusionError(f"{path} cannot be read ({error.strerror or error}); check its permissions.") from error
    except (AttributeError, TypeError, IndexError) as error:
        raise PerfusionError(
            f"{path} does not state what every DICOM image must ({error}); export the scan again."
        ) from error
    except (
        ValueError,
        KeyError,
        EOFError,
        NotImplementedError,
        struct.error,
        errors.InvalidDicomError,
        errors.BytesLengthException,
    ) as error:
        raise PerfusionError(f"{path} is a damaged DICOM file ({error}); copy it again.") from error


def _slices_of(path, header):
    with _sentences(path):
        kind = str(header.get("SOPClassUID", ""))
        if kind in CLASSIC:
            return [_slice(path, header, None, CLASSIC[kind], lambda name: header)]
        return _frames_of(path, header, ENHANCED[kind]) if kind in ENHANCED else []


def _frames_of(path, header, modality):
    shared = header.SharedFunctionalGroupsSequence[0]
    slices = []
    for number, own in enumerate(header.PerFrameFunctionalGroupsSequence):

        def group(name, own=own):
            """What a functional group says of this frame; an empty data set if it is not there."""
            items = own.get(name) or shared.get(name)
            return items[0] if items else type(own)()

        slices.append(_slice(path, header, number, modality, group))
    return slices


def _slice(path, header, frame, modality, group: Callable[[str], Any]) -> SliceImage:
    is_classic = frame is None
    content, scale = group("FrameContentSequence"), group("PixelValueTransformationSequence")
    measures, kind = group("PixelMeasuresSequence"), _kind(header, group, modality, is_classic)
    if "MOSAIC" in kind:
        raise PerfusionError(
            f"{path} is a Siemens mosaic, all slices in one picture; convert the series with dcm2niix, or export it as "
            "single slices or enhanced DICOM."
        )
    timing = group("MRTimingAndRelatedParametersSequence")
    echo = _number(group("MREchoSequence").get("EchoTime" if is_classic else "EffectiveEchoTime"))
    temporal_position = content.get("TemporalPositionIdentifier" if is_classic else "TemporalPositionIndex")
    rows_apart, columns_apart = (float(value) for value in measures.PixelSpacing)
    return SliceImage(
        path=path,
        frame=frame,
        instance=str(header.SOPInstanceUID),
        series=str(header.SeriesInstanceUID),
        study=str(header.StudyInstanceUID),
        series_name=f"{header.get('SeriesNumber') or '?'} {str(header.get('SeriesDescription') or '').strip()!r}",
        modality=modality,
        kind=kind,
        size=(int(header.Rows), int(header.Columns)),
        position=np.array(group("PlanePositionSequence").ImagePositionPatient, float).reshape(3),
        directions=np.array(group("PlaneOrientationSequence").ImageOrientationPatient, float).reshape(2, 3),
        spacing=(rows_apart, columns_apart),
        thickness=_number(measures.get("SpacingBetweenSlices")) or _number(measures.get("SliceThickness")),
        slope=_number(scale.get("RescaleSlope")) or 1.0,
        intercept=_number(scale.get("RescaleIntercept")) or 0.0,
        number=_whole(header.get("InstanceNumber")) if is_classic else frame,
        temporal_position=_whole(temporal_position),
        seconds=_seconds(header, group, is_classic),
        frame_interval=_milliseconds(header.get("TemporalResolution")),
        repetition_time=_milliseconds(timing.get("RepetitionTime")),
        echo_time=_milliseconds(echo),
    )


def _kind(header, group, modality, is_classic):
    frame_type = None if is_classic else group(f"{modality}ImageFrameTypeSequence").get("FrameType")
    words = frame_type or header.get("ImageType") or ()
    return (words,) if isinstance(words, str) else tuple(words)


def _seconds(header, group, is_classic):
    """What every clock that runs for this image shows; the standard's clocks first, then the manufacturers'."""
    content = group("FrameContentSequence")
    shown = {
        "AcquisitionDateTime": _clock(content, "AcquisitionDateTime" if is_classic else "FrameAcquisitionDateTime"),
        "FrameReferenceDateTime": None if is_classic else _clock(content, "FrameReferenceDateTime"),
        "TemporalPositionTimeOffset": _number(group("TemporalPositionSequence").get("TemporalPositionTimeOffset")),
        "AcquisitionTime": _clock(header, "AcquisitionTime", "AcquisitionDate"),
        "Philips dynamic scan begin time": _philips_begin(header),
        "TriggerTime": _milliseconds(header.get("TriggerTime")),
        "ContentTime": _clock(header, "ContentTime", "ContentDate"),
    }
    return {name: seconds for name, seconds in shown.items() if seconds is not None}


def _clock(dataset, name, date=None):
    text, day = str(dataset.get(name) or ""), str(dataset.get(date) or "") if date else ""
    return seconds_of_clock(text, day) if text else None


def _philips_begin(header):
    group, creator, element = _PHILIPS
    try:
        value = header.private_block(group, creator)[element].value
    except KeyError:
        return None
    # Written without value representations and read by who does not know the tag, the number is four plain bytes.
    return struct.unpack("<f", value)[0] if isinstance(value, bytes) and len(value) == 4 else _number(value)


def _number(value):
    return None if value in (None, "") else float(value)


def _whole(value):
    return None if value in (None, "") else int(value)


def _milliseconds(value):
    number = _number(value)
    return None if number is None else number / 1000
