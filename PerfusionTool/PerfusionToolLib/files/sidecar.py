"""What a JSON file beside a scan, or the free attributes of a NRRD file, say of frame times and echo time.

BIDS names (FrameTimesStart, VolumeTiming, RepetitionTime, EchoTime; all in s) and those of Slicer's DICOM import
(MultiVolume.…; in ms unless it says otherwise).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ..perfusion.errors import PerfusionError
from .image import without_ending
from .tables import read_text

_DAY = 86400.0
_LISTS_IN_SECONDS = ("FrameTimesStart", "VolumeTiming", "FrameTimes")
_LABELS = "MultiVolume.FrameLabels"
_LABEL_SECONDS = {"ms": 1e-3, "msec": 1e-3, "s": 1.0, "sec": 1.0, "us": 1e-6}
# What tells frames apart, in s where no unit is stated; others, such as EchoTime, are not when a frame was taken.
_TIME_TAG_SECONDS = {
    "acquisitiontime": 1e-3,
    "contenttime": 1e-3,
    "seriestime": 1e-3,
    "triggertime": 1e-3,
    "time": 1e-3,
    "deltastarttime": 1.0,
}
_ECHO_TIME_SECONDS = {
    "echotime": 1.0,
    "echotimes": 1.0,
    "echotimems": 1e-3,
    "echotimemsec": 1e-3,
    "multivolumedicomechotime": 1e-3,
}


def sidecar_path(path: str | Path) -> Path:
    """Where the sidecar of an image file lies: scan.json beside scan.nii.gz.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path
    """
    stem = without_ending(path)
    return stem.with_name(stem.name + ".json")


def read_sidecar(path: str | Path) -> dict[str, Any]:
    """Content of the sidecar of an image file.

    Parameters
    ----------
    path : str or Path
        The image file.

    Returns
    -------
    dict
        Empty if there is no sidecar.

    Raises
    ------
    PerfusionError
        If it is not JSON.
    """
    beside = sidecar_path(path)
    if not beside.exists():
        return {}
    try:
        content = json.loads(read_text(beside))
    except json.JSONDecodeError as error:
        raise PerfusionError(f"{beside} is not valid JSON ({error}); correct or remove it.") from error
    return content if isinstance(content, dict) else {}


def frame_times_in(attributes: dict[str, Any]) -> tuple[np.ndarray, str] | None:
    """A list of frame times among attributes.

    Parameters
    ----------
    attributes : dict

    Returns
    -------
    times : ndarray of shape (t,)
        In s.
    name : str
        The attribute they come from.
    None instead of both if there is no such list, or only frame labels whose unit is not known or that are values of
    another DICOM tag than a time at which frames were taken.

    Raises
    ------
    PerfusionError
        If the list holds something else than times.
    """
    for name in _LISTS_IN_SECONDS:
        if isinstance(attributes.get(name), list):
            return _numbers(attributes[name], name), name
    clock = attributes.get("AcquisitionTime")
    if isinstance(clock, list) and all(isinstance(time, str) for time in clock):
        return _since_first([_seconds_of_day(time) for time in clock]), "AcquisitionTime"
    factor = _label_seconds(attributes)
    if _LABELS in attributes and factor is not None:
        labels = _numbers(str(attributes[_LABELS]).split(","), _LABELS) * factor
        return _without_midnight(labels), _LABELS
    return None


def repetition_time_in(attributes: dict[str, Any]) -> float | None:
    """Repetition time in s, which for echo-planar series is the interval between frames.

    Parameters
    ----------
    attributes : dict

    Returns
    -------
    float or None
    """
    value = attributes.get("RepetitionTime")
    return float(value) if isinstance(value, (int, float)) and value > 0 else None


def echo_time_in(attributes: dict[str, Any]) -> float | None:
    """Echo time in s.

    Parameters
    ----------
    attributes : dict
        ``EchoTime`` is in s, as BIDS has it; ``EchoTime_ms``, ``EchoTimeMs`` and Slicer's
        ``MultiVolume.DICOM.EchoTime`` in ms.

    Returns
    -------
    float or None

    Raises
    ------
    PerfusionError
        If it is not a number.
    """
    for name, value in attributes.items():
        factor = _ECHO_TIME_SECONDS.get(re.sub(r"[^a-z0-9]", "", name.lower()))
        if factor is not None and isinstance(value, (int, float, str)) and value != "":
            return float(_numbers([value], name)[0]) * factor
    return None


def _numbers(values, name):
    try:
        return np.array(values, float)
    except (ValueError, TypeError) as error:
        raise PerfusionError(f"{name} does not hold numbers ({error}); correct it or give the value.") from error


def _label_seconds(attributes):
    """Unit of the frame labels in s; None if it is not known or they are not times at which frames were taken."""
    tag = attributes.get("MultiVolume.FrameIdentifyingDICOMTagName")
    if tag and str(tag).lower() not in _TIME_TAG_SECONDS:
        return None
    unit = attributes.get("MultiVolume.FrameIdentifyingDICOMTagUnits")
    return _LABEL_SECONDS.get(str(unit).lower()) if unit else _TIME_TAG_SECONDS.get(str(tag).lower())


def _seconds_of_day(text):
    """Of HH:MM:SS.fff, or DICOM's HHMMSS.fff."""
    found = re.fullmatch(r"(?:.*T)?(\d{2}):?(\d{2}):?(\d{2}(?:\.\d*)?)", text.strip())
    if not found:
        raise PerfusionError(f"AcquisitionTime {text!r} is not a time of day; write HH:MM:SS.")
    hours, minutes, seconds = (float(part) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _since_first(seconds):
    times = _without_midnight(np.array(seconds))
    return times - times[:1]


def _without_midnight(times):
    # A time of day falls back by a day when a scan runs past midnight.
    return times + _DAY * np.cumsum(np.diff(times, prepend=times[:1]) < -_DAY / 2)
