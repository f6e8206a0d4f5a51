"""Images of slices -> frames: which image is which slice of which frame, and when each was taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.words import counted
from .clocks import clock_of, clock_times, evened
from .geometry import place_of
from .headers import SliceImage

_LONGEST_LIST = 3


@dataclass(frozen=True, eq=False)
class Frames:
    """A series in order.

    Parameters
    ----------
    images : list of list of SliceImage
        For each frame, its slices.
    seconds : ndarray of shape (t, z) or None
        When each image was taken, from the start of the first frame; None if nobody knows.
    source : str
        Where the times come from, or why there are none.
    notes : list of str
    """

    images: list[list[SliceImage]]
    seconds: np.ndarray | None
    source: str
    notes: list[str]


def frames_in_order(path: Path, slices: list[list[SliceImage]]) -> Frames:
    """Sort the images of each slice in time.

    Parameters
    ----------
    path : Path
        For messages.
    slices : list of list of SliceImage
        The images of each slice, in any order.

    Returns
    -------
    Frames

    Raises
    ------
    PerfusionError
        If images are missing, or nothing in their headers tells them apart.
    """
    clock = clock_of(slices)
    if clock is not None:
        return _by_clock(path, slices, clock)
    for name, source in (("temporal_position", "TemporalPositionIdentifier"), ("number", "InstanceNumber")):
        if all(_tells_apart(name, images) for images in slices):
            return _by_number(path, slices, name, source)
    where = next(images for images in slices if not _tells_apart("number", images))
    raise PerfusionError(
        f"The {len(where)} images of {path} at {place_of(where):.1f} mm cannot be told apart in time: their times, "
        "temporal positions and instance numbers repeat; export the series again."
    )


def _by_clock(path, slices, clock):
    ends = np.cumsum([len(images) for images in slices])
    times = np.split(clock_times(clock, [image for images in slices for image in images]), ends[:-1])
    order = [np.argsort(shown) for shown in times]
    slices = [[images[index] for index in ranks] for images, ranks in zip(slices, order, strict=True)]
    times = [shown[ranks] for shown, ranks in zip(times, order, strict=True)]
    slices, times, notes = _whole_frames(path, slices, times)
    seconds = np.array(times).T
    notes += _positions_left_out(slices)
    source = f"DICOM: {clock}"
    if (even := evened(seconds, clock)) is not None:
        seconds, source = even, f"{source}, whole seconds taken as even times"
    elif clock == "ContentTime":
        notes.append("No acquisition time tells the frames apart; their times are those at which images were made.")
    return Frames(_by_frame(slices), seconds - seconds[0].mean(), source, notes)


def _by_number(path, slices, name, source):
    slices = [sorted(images, key=lambda image: getattr(image, name)) for images in slices]
    numbers = [np.array([getattr(image, name) for image in images], float) for images in slices]
    if name == "number":
        _check_numbers(path, numbers)
        # They count through all slices: only their order tells the frame.
        numbers = [np.arange(len(images), dtype=float) for images in slices]
    slices, numbers, notes = _whole_frames(path, slices, numbers)
    notes += _positions_left_out(slices)
    interval, of = _interval(slices[0][0])
    if interval is None:
        return Frames(_by_frame(slices), None, "DICOM: every clock of the headers stands still", notes)
    notes.append(f"No clock tells the frames apart; their times are counted by {source} and {of}.")
    frames = np.array(numbers).T
    return Frames(_by_frame(slices), (frames - frames[0]) * interval, f"DICOM: {source} × {of} {interval:g} s", notes)


def _interval(image):
    if image.frame_interval:
        return image.frame_interval, "TemporalResolution"
    return image.repetition_time, "RepetitionTime"


def _check_numbers(path, numbers):
    if len({len(own) for own in numbers}) == 1:
        return
    present = {int(number) for own in numbers for number in own}
    absent = sorted(set(range(min(present), max(present) + 1)) - present)
    listed = f"instance number {', '.join(map(str, absent[:_LONGEST_LIST]))}" if absent else "the first or the last"
    raise PerfusionError(f"{path} lacks images ({listed}): its slices have unlike numbers; copy the series again.")


def _tells_apart(name, images):
    values = {getattr(image, name) for image in images}
    return None not in values and len(values) == len(images)


def _by_frame(slices):
    return [list(images) for images in zip(*slices, strict=True)]


def _whole_frames(path, slices, times):
    """The same number of images for each slice: all there are, or all but those of a last frame that was cut off."""
    counts = np.array([len(images) for images in slices])
    most, fewest = counts.max(), counts.min()
    if most == fewest:
        return slices, times, []
    if most == fewest + 1 and fewest > 1 and _lack_the_last(times, counts):
        note = f"The scan ended within frame {most - 1}; that frame is left out."
        return [images[:fewest] for images in slices], [shown[:fewest] for shown in times], [note]
    missing = [text for images, shown in zip(slices, times, strict=True) for text in _missing(images, shown, times)]
    listed = ", ".join(missing[:_LONGEST_LIST]) + (" and more" if len(missing) > _LONGEST_LIST else "")
    raise PerfusionError(
        f"{path} lacks {counted(int((most - counts).sum()), 'image')} ({listed}; frames count from 0); "
        "copy the series again."
    )


def _lack_the_last(times, counts):
    most = counts.max()
    whole = np.mean([shown for shown in times if len(shown) == most], axis=0)
    half = np.median(np.diff(whole)) / 2
    return all(shown[-1] < whole[-1] - half for shown in times if len(shown) < most)


def _missing(images, shown, times):
    """Frames that a slice lacks, by the times of a slice that has them all."""
    whole = max(times, key=len)
    lacking = len(whole) - len(shown)
    # The slice may be taken a little later than the other; of shifts that fit alike, the smallest is meant.
    shifts = sorted((shown[0] - whole[first] for first in range(lacking + 1)), key=abs)
    distances = [np.abs(shown[:, None] - shift - whole) for shift in shifts]
    best = min(distances, key=lambda distance: round(distance.min(axis=1).sum(), 3))
    absent = sorted(set(range(len(whole))) - set(best.argmin(axis=1).tolist()))
    return [f"frame {frame} at {place_of(images):.1f} mm" for frame in absent]


def _positions_left_out(slices):
    """A frame that is missing altogether shows in the numbers of the others."""
    numbers = {image.temporal_position for images in slices for image in images}
    if None in numbers or len(numbers) != len(slices[0]):
        return []
    absent = sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers))
    if not absent:
        return []
    listed = ", ".join(str(number) for number in absent[:_LONGEST_LIST])
    return [f"Missing of the scan: {counted(len(absent), 'frame')} (temporal position {listed}); times stay true."]
