"""A scan on disk -> `PerfusionSeries`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.series import PerfusionSeries
from .image import Image
from .images import read_image
from .sidecar import echo_time_in, frame_times_in, read_sidecar, repetition_time_in, sidecar_path
from .times import check_interval, evenly_spaced, read_times, typical_interval


@dataclass(frozen=True, eq=False)
class Scan:
    """A series and how it came to be known.

    Parameters
    ----------
    series : PerfusionSeries
    time_source : str
        Where the frame times come from, for a person to read.
    echo_time_source : str or None
        Where the echo time comes from; None for CT.
    path : Path
        The file, or the folder of DICOM.
    notes : tuple of str
        What a person should know of how it was read.
    slice_offsets : ndarray of shape (t, z), optional
        When each slice was taken after the time of its frame, in s, before it was interpolated to that.
    headers : tuple of pydicom.dataset.Dataset
        Of the first frame's images; empty unless the scan is DICOM.
    """

    series: PerfusionSeries
    time_source: str
    echo_time_source: str | None
    path: Path
    notes: tuple[str, ...] = ()
    slice_offsets: np.ndarray | None = None
    headers: tuple = ()


def read_series(path, modality=None, *, frame_interval=None, times=None, echo_time=None) -> PerfusionSeries:
    """Read a 4D perfusion scan; parameters and errors as in `read_scan`.

    Parameters
    ----------
    path : str or Path
    modality : {"CT", "MR"}, optional
    frame_interval, times, echo_time : optional

    Returns
    -------
    PerfusionSeries
    """
    return read_scan(path, modality, frame_interval=frame_interval, times=times, echo_time=echo_time).series


def read_scan(path, modality=None, *, frame_interval=None, times=None, echo_time=None) -> Scan:
    """Read a 4D perfusion scan and say where its times come from.

    Parameters
    ----------
    path : str or Path
        4D NIfTI (.nii, .nii.gz) or NRRD (.nrrd, .seq.nrrd, .nhdr), or a folder of DICOM images.
    modality : {"CT", "MR"}, optional
        Only DICOM states it.
    frame_interval : float, optional
        Interval between frames in s.
    times : array_like of shape (t,) or path, optional
        Frame times in s, or a file that `read_times` reads. Times are taken from here, else from `frame_interval`,
        else from a JSON sidecar beside the file, else from its header.
    echo_time : float, optional
        In s, for MR; else from the sidecar, else from the header.

    Returns
    -------
    Scan

    Raises
    ------
    PerfusionError
        If the file cannot be read, is not a 4D scan, or modality, times or echo time are missing or impossible.
    """
    path = Path(path)
    image = read_image(path)
    if len(image.voxels) == 1:
        raise PerfusionError(
            f"{path} has 3 dimensions, as it holds a single volume; a perfusion scan has 4 (x, y, z, time)."
        )
    modality = _modality(path, image, modality)
    times, time_source = _frame_times(path, image, times, frame_interval)
    if modality != "MR":
        echo_time, echo_time_source = None, None
    elif echo_time is not None:
        echo_time_source = "given"
    else:
        echo_time, echo_time_source = stated_echo_time(path, image)
    check_interval(times, time_source)
    series = PerfusionSeries(image.voxels, times, image.ijk_to_ras, modality, echo_time)
    return Scan(series, time_source, echo_time_source, path, image.notes, image.slice_offsets, image.headers)


def stated_times(path: str | Path, image: Image) -> tuple[np.ndarray | None, str]:
    """Frame times as the sidecar states them, else the header.

    Parameters
    ----------
    path : str or Path
        The image file.
    image : Image
        What it holds.

    Returns
    -------
    times : ndarray of shape (t,) or None
        In s; None if they are not stated, or if sidecar and header contradict each other.
    source : str
        Where they come from, or why there are none.

    Raises
    ------
    PerfusionError
        If the sidecar is damaged.
    """
    attributes, name = read_sidecar(path), sidecar_path(path).name
    listed = frame_times_in(attributes)
    if listed is not None:
        return listed[0], f"{name}: {listed[1]}"
    repetition_time = repetition_time_in(attributes)
    if repetition_time is None:
        return image.times, image.time_source
    # In segmented and 3D sequences a frame takes many repetitions, so that neither value can be trusted blindly;
    # 1 is what many writers leave in a header.
    interval = None if image.times is None else typical_interval(image.times)
    if interval not in (None, 1.0) and abs(interval - repetition_time) > 0.01 * interval:
        return None, f"{name} states RepetitionTime {repetition_time:g} s, but the header an interval of {interval:g} s"
    return evenly_spaced(repetition_time, len(image.voxels)), f"{name}: RepetitionTime {repetition_time:g} s"


def stated_echo_time(path: str | Path, image: Image) -> tuple[float | None, str]:
    """Echo time as the sidecar states it, else the header.

    Parameters
    ----------
    path : str or Path
        The image file.
    image : Image
        What it holds.

    Returns
    -------
    echo_time : float or None
        In s.
    source : str

    Raises
    ------
    PerfusionError
        If the sidecar is damaged.
    """
    beside = echo_time_in(read_sidecar(path))
    return (image.echo_time, "header") if beside is None else (beside, sidecar_path(path).name)


def _modality(path, image, modality):
    if modality is None and image.modality is None:
        raise PerfusionError(f"What {path} shows is not known; choose CT or MR as modality.")
    if None not in (modality, image.modality) and modality != image.modality:
        raise PerfusionError(f"{path} holds {image.modality} images, not {modality}; choose {image.modality}.")
    return modality or image.modality


def _frame_times(path, image, times, frame_interval):
    if isinstance(times, (str, Path)):
        return read_times(times), f"file {Path(times).name}"
    if times is not None:
        return times, "given times"
    if frame_interval is not None:
        if not 0 < frame_interval < np.inf:
            raise PerfusionError(f"The frame interval is {frame_interval!r} s; give a positive number of seconds.")
        return evenly_spaced(frame_interval, len(image.voxels)), f"given interval {frame_interval:g} s"
    stated, source = stated_times(path, image)
    if stated is None:
        raise PerfusionError(
            f"{path} does not state its frame times clearly ({source}); "
            "give the interval between frames or a list of times."
        )
    return stated, source
