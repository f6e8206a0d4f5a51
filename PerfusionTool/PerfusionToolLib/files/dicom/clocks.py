"""When DICOM images were taken: the clocks of their headers, and which of them tells the frames apart."""

from __future__ import annotations

import re
from datetime import date

import numpy as np

# In the order of trust. A trigger time counts from the start of the scan in GE's and Philips' dynamic series; the
# content time is when an image was made, which follows the acquisition at a distance that may vary.
CLOCKS = (
    "AcquisitionDateTime",
    "FrameReferenceDateTime",
    "TemporalPositionTimeOffset",
    "AcquisitionTime",
    "Philips dynamic scan begin time",
    "TriggerTime",
    "ContentTime",
)
_OF_DAY = ("AcquisitionDateTime", "FrameReferenceDateTime", "AcquisitionTime", "ContentTime")
_DAY = 86400.0
_SAME_TIME = 1e-3  # s


def seconds_of_clock(text: str, day: str = "") -> float:
    """A DICOM date and time in seconds.

    Parameters
    ----------
    text : str
        Time (HHMMSS.FFFFFF, its end left out at will, colons allowed), or date and time (YYYYMMDDHHMMSS.FFFFFF&ZZXX).
    day : str
        Date of a text that is a time only (YYYYMMDD); empty if it is not known.

    Returns
    -------
    float
        Since a day long ago; of the day if that is not known.

    Raises
    ------
    ValueError
        If the text is something else.
    """
    digits = re.sub(r"[+-]\d{4}$", "", text.strip()).replace(":", "")
    if re.match(r"\d{8}(\d\d|$)", digits):
        day, digits = digits[:8], digits[8:]
    found = re.fullmatch(r"(\d\d)?(\d\d)?(\d\d(?:\.\d*)?)?", digits)
    if not found:
        raise ValueError(f"{text!r} is no DICOM time")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    days = _days(day) if day else 0
    return days * _DAY + hours * 3600 + minutes * 60 + seconds


def clock_of(places: list[list]) -> str | None:
    """The most trusted clock that shows another time on each image of a slice.

    Parameters
    ----------
    places : list of list of SliceImage
        The images of each slice.

    Returns
    -------
    str or None
        One of `CLOCKS`, or None if none of them does.
    """
    return next((name for name in CLOCKS if all(_tells_apart(name, images) for images in places)), None)


def clock_times(name: str, images: list) -> np.ndarray:
    """What a clock shows on images.

    Parameters
    ----------
    name : str
        One of `CLOCKS`.
    images : list of SliceImage

    Returns
    -------
    ndarray of shape (n,)
        In s, running on past midnight.
    """
    times = np.array([image.seconds[name] for image in images])
    if name in _OF_DAY and np.ptp(times) > _DAY / 2:
        times = times + _DAY * (times < times.max() - _DAY / 2)
    return times


def evened(times: np.ndarray, name: str) -> np.ndarray | None:
    """Even times that a clock of whole seconds would show as it did.

    Parameters
    ----------
    times : ndarray of shape (t, z)
        What it showed on each frame and slice.
    name : str
        One of `CLOCKS`.

    Returns
    -------
    ndarray of shape (t, z) or None
        None if the clock shows parts of a second, is even as it is, or no even times would look like that.
    """
    if name not in _OF_DAY or np.any(times % 1) or np.ptp(np.diff(times, axis=0)) == 0:
        return None
    # An interval d fits if t[m] <= start + m d < t[m] + 1 for all m: any two frames bound it from both sides.
    frames = np.arange(len(times))
    early, late = np.triu_indices(len(times), 1)
    apart, shown = (frames[late] - frames[early])[:, None], times[late] - times[early]
    shortest, longest = ((shown - 1) / apart).max(), ((shown + 1) / apart).min()
    if shortest >= longest:
        return None
    counted = (shortest + longest) / 2 * frames[:, None]
    rest = times - counted
    return counted + (rest.max(axis=0) + rest.min(axis=0) + 1) / 2


def _tells_apart(name, images):
    if not all(name in image.seconds for image in images):
        return False
    return bool(np.all(np.diff(np.sort(clock_times(name, images))) > _SAME_TIME))


def _days(text):
    digits = text.replace(".", "")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).toordinal()
