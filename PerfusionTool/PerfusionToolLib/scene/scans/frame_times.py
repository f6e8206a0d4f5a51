"""Frame times of a scan in the scene: found, typed or loaded from a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from slicer.i18n import tr as _

from ...files.sidecar import frame_times_in
from ...files.times import check_interval, evenly_spaced, is_count, read_times, seconds_per, typical_interval
from ...perfusion.errors import PerfusionError
from ...perfusion.series import LONGEST_INTERVAL, SHORTEST_INTERVAL, checked_times
from ..nodes import attributes, frame_count, is_sequence, scan_nodes
from .dicom import first_instances, instance_values

INDEX_IS_TIME = "PerfusionTool.IndexIsTime"  # attribute of sequences whose index is known to be the frame times
_DAY = 86400.0
_IRREGULAR = 0.01  # part of the interval; scanners' clocks stay below
_TAG_NAME = "MultiVolume.FrameIdentifyingDICOMTagName"
_CLOCKS = {"AcquisitionTime": "0008,0032", "ContentTime": "0008,0033"}
_TRIGGER_TIME = "0018,1060"


@dataclass(frozen=True, eq=False)
class FrameTimes:
    """When the frames of a scan were taken, and how that came to be known.

    Parameters
    ----------
    seconds : ndarray of shape (t,)
        Increasing, in s.
    source : str
        Where they come from, for a person to read.
    unit : str
        In which they are stored there.
    order : ndarray of shape (t,), optional
        Which stored frame was taken at each time, where frames are not stored in the order of time.
    """

    seconds: np.ndarray
    source: str
    unit: str
    order: np.ndarray | None = None

    @property
    def interval(self) -> float:
        """Median interval between frames in s."""
        return typical_interval(self.seconds)

    @property
    def regular(self) -> bool:
        """Whether all intervals are the same."""
        return np.allclose(np.diff(self.seconds), self.interval, rtol=_IRREGULAR, atol=0)

    def describe(self) -> str:
        """Frames, interval and source in one line."""
        return _("{frames} frames, {spread}, from {source} ({unit})").format(
            frames=len(self.seconds), spread=self._spread(), source=self.source, unit=self.unit
        )

    def _spread(self):
        if self.regular:
            return _("every {interval:.4g} s").format(interval=self.interval)
        intervals = np.diff(self.seconds)
        return _("{shortest:.4g} to {longest:.4g} s apart").format(shortest=intervals.min(), longest=intervals.max())


def find_frame_times(node) -> FrameTimes | None:
    """Look for the frame times of a scan.

    The first of these counts that has an increasing time for every frame: the sequence's index, if it has a unit of
    time and does not only number the frames; the attributes that DICOM import leaves; the DICOM database; the scan
    after which this one is named, as it is when registered or cropped; an index without a unit, or one in a unit of
    time that could as well number the frames; the only other scan of as many frames.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode
        Of at least two frames.

    Returns
    -------
    FrameTimes or None
    """
    return (
        _own_times(node)
        or _times_of_original(node, named=True)
        or _doubtful_index_times(node)
        or _times_of_original(node, named=False)
    )


def typed_frame_times(text: str, frames: int) -> FrameTimes:
    """Frame times as a person types them.

    Parameters
    ----------
    text : str
        One number: the interval between frames. As many numbers as frames, with commas or spaces between: their times.
        Where that does not come out even, a comma between digits is the decimal one. Seconds, or what the word at the
        end says: "1410 ms".
    frames : int

    Returns
    -------
    FrameTimes

    Raises
    ------
    PerfusionError
        If it is neither.
    """
    numbers, unit = re.fullmatch(r"(.*?)\s*([^\W\d]*)\s*", text, re.DOTALL).groups()
    seconds = seconds_per(unit or "s")
    try:
        values = np.array([float(word) for word in _words(numbers, frames)]) * (seconds or np.nan)
    except ValueError as error:
        raise PerfusionError(f"The frame times are not numbers ({error}); type seconds, such as 1.5.") from error
    if seconds is None:
        raise PerfusionError(f"The frame times are in {unit!r}; type seconds, such as 1.5, or name s or ms.")
    if len(values) != 1:
        return _given(values, frames, _("typed times"), unit or "s")
    if not 0 < values[0] < np.inf:
        raise PerfusionError(f"The interval between frames is {values[0]:g} s; type a positive number of seconds.")
    return _given(evenly_spaced(values[0], frames), frames, _("typed interval"), unit or "s")


def loaded_frame_times(path: str | Path, frames: int) -> FrameTimes:
    """Frame times from a CSV, JSON or text file.

    Parameters
    ----------
    path : str or Path
    frames : int

    Returns
    -------
    FrameTimes

    Raises
    ------
    PerfusionError
        If the file cannot be read, or does not hold an increasing time for every frame.
    """
    return _given(read_times(path), frames, _("file {name}").format(name=Path(path).name), "s")


def original_of(node, is_wanted: Callable[[object], bool], *, named: bool):
    """The scan from which another was registered or cropped.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode
    is_wanted : callable
        What else a scan has to fulfil.
    named : bool
        Whether the name of one has to be a part of the other's. If not, it has to be the only scan of as many frames.

    Returns
    -------
    vtkMRMLNode or None
    """
    if node.GetScene() is None:
        return None
    frames = frame_count(node)
    others = [
        other
        for other in scan_nodes(node.GetScene())
        if other.GetID() != node.GetID() and frame_count(other) == frames and is_wanted(other)
    ]
    if not named:
        return others[0] if len(others) == 1 else None
    kindred = [other for other in others if _are_kindred(other.GetName(), node.GetName())]
    return max(kindred, key=lambda other: len(other.GetName()), default=None)


def _words(text, frames):
    """The numbers of a typed text, one or one per frame if that can be."""
    words = [word for word in re.split(r"[\s,;]+", text) if word]
    with_comma = [word for word in re.split(r"[\s;]+|,\s+", text) if word]
    has_decimals = len(with_comma) in (1, frames) and all(word.count(",") <= 1 for word in with_comma)
    if len(words) in (1, frames) or not has_decimals:
        return words
    return [word.replace(",", ".") for word in with_comma]


def _are_kindred(name, other_name):
    return bool(name and other_name) and (name in other_name or other_name in name)


def _given(values, frames, source, unit):
    seconds = checked_times(values, frames)
    check_interval(seconds, source)
    return FrameTimes(seconds, source, unit)


def _own_times(node):
    return _index_times(node) or _label_times(node) or _database_times(node)


def _times_of_original(node, named):
    original = original_of(node, lambda other: _own_times(other) is not None, named=named)
    if original is None:
        return None
    times = _own_times(original)
    return replace(times, source=_("{source} of {scan}").format(source=times.source, scan=original.GetName()))


def _index_times(node):
    values, unit = _index(node)
    seconds = seconds_per(unit)
    if values is None or seconds is None or (is_count(values) and node.GetAttribute(INDEX_IS_TIME) is None):
        return None
    return _increasing(values * seconds, len(values), _("the sequence index"), unit)


def _doubtful_index_times(node):
    values, unit = _index(node)
    seconds = seconds_per(unit or "s")
    if values is None or seconds is None or (is_count(values) and not unit):
        return None
    # Seconds are what a new sequence states, whatever its index; scans of one frame a second are common as well.
    doubtful = _("the sequence index, which may only number the frames")
    source = doubtful if is_count(values) else _("the sequence index")
    times = _increasing(values * seconds, len(values), source, unit or _("no unit, taken as s"))
    return times if times and SHORTEST_INTERVAL <= times.interval <= LONGEST_INTERVAL else None


def _index(node):
    """Index values and unit of a sequence; None instead of values that are not numbers."""
    if not is_sequence(node):
        return None, ""
    try:
        values = [float(node.GetNthIndexValue(frame)) for frame in range(node.GetNumberOfDataNodes())]
    except ValueError:
        return None, ""
    return np.array(values), node.GetIndexUnit()


def _label_times(node):
    stated = attributes(node)
    return _listed_times(node, stated, stated.get("MultiVolume.FrameIdentifyingDICOMTagUnits") or "ms")


def _database_times(node):
    instances = first_instances(node)
    if len(instances) != frame_count(node):
        return None
    for name in ("AcquisitionTime", "TriggerTime", "ContentTime"):
        times = _tag_times(node, instances, name)
        if times is not None:
            return replace(times, source=_("{tag} in the DICOM database").format(tag=name))
    return None


def _tag_times(node, instances, name):
    if name in _CLOCKS:
        return _listed_times(node, {"AcquisitionTime": instance_values(instances, _CLOCKS[name])}, _("time of day"))
    labels = ",".join(instance_values(instances, _TRIGGER_TIME))
    return _listed_times(node, {"MultiVolume.FrameLabels": labels, _TAG_NAME: name}, "ms")


def _listed_times(node, stated, unit):
    try:
        found = frame_times_in(stated)
    except PerfusionError:
        return None
    return found and _increasing(found[0], frame_count(node), found[1], unit)


def _increasing(seconds, frames, source, unit):
    """`FrameTimes` if there is an increasing time for every frame, else None."""
    seconds, order = _in_order(seconds)
    if len(seconds) != frames or not np.isfinite(seconds).all() or (np.diff(seconds) <= 0).any():
        return None
    return FrameTimes(seconds, source, unit, order)


def _in_order(seconds):
    # Import sorts frames by time of day: of a scan past midnight those of the new day come first.
    jumps = np.flatnonzero(np.diff(seconds) > _DAY / 2) + 1
    if len(jumps) != 1:
        return seconds, None
    order = np.roll(np.arange(len(seconds)), -jumps[0])
    rolled = seconds[order]
    return (rolled - rolled[0]) % _DAY, order
