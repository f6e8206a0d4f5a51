"""4D NIfTI and NRRD files -> sequences in the scene, with their frame times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer

from ..files.image import without_ending
from ..files.images import read_image
from ..files.paths import checked_path
from ..files.scan import stated_echo_time, stated_times
from ..files.sidecar import read_sidecar
from ..perfusion.errors import PerfusionError
from ..perfusion.series import MODALITIES, Grid, PerfusionSeries, checked_times
from .frame_times import INDEX_IS_TIME
from .modality import ECHO_TIME, MODALITY
from .series_nodes import put_series


def import_scan(path: str | Path, modality: str | None = None):
    """Load a 4D file, also where the application itself would take its first frame only or drop its times.

    Parameters
    ----------
    path : str or Path
        4D NIfTI (.nii, .nii.gz) or NRRD (.nrrd, .seq.nrrd, .nhdr), or a folder of DICOM images; a JSON sidecar
        beside it is read too.
    modality : {"CT", "MR"}, optional
        If it is known.

    Returns
    -------
    vtkMRMLSequenceNode
        With the times in s as its index, or numbers where none are stated; shown by a browser.

    Raises
    ------
    PerfusionError
        If the file cannot be read or holds a single volume, or if its times, echo time or modality make no sense.
    """
    if modality is not None and modality not in MODALITIES:
        raise PerfusionError(f"Unknown modality {modality!r}; choose CT or MR.")
    path = checked_path(path)
    image = read_image(path)
    frames = len(image.voxels)
    if frames == 1:
        raise PerfusionError(f"{path} holds a single volume; a perfusion scan has 4 dimensions (x, y, z, time).")
    times, _ = stated_times(path, image)
    if times is not None:
        times = checked_times(times, frames)
    echo_time, _ = stated_echo_time(path, image)
    beside = read_sidecar(path).get("Modality")
    stated_modality = beside if beside in MODALITIES else None
    grid, name = Grid(image.voxels.shape[1:], image.ijk_to_ras), without_ending(path).name
    return _put(image.voxels, times, grid, name, modality or stated_modality or image.modality, echo_time)


def sequence_from_series(series: PerfusionSeries, name: str):
    """Put a series into the scene.

    Parameters
    ----------
    series : PerfusionSeries
    name : str

    Returns
    -------
    vtkMRMLSequenceNode
        With the times in s as its index, shown by a browser.
    """
    return _put(series.signal, series.times, series.grid, name, series.modality, series.echo_time)


def _put(voxels, times, grid, name, modality, echo_time):
    if voxels.dtype.kind in "iu" and voxels.dtype.itemsize > 4:
        # Volumes hold no 64-bit integers.
        voxels = voxels.astype(float)
    index = np.arange(len(voxels)) if times is None else times
    node = put_series(None, voxels, index, grid, name, slicer.mrmlScene)
    if times is None:
        node.SetIndexName("frame")
        node.SetIndexUnit("")
    else:
        node.SetAttribute(INDEX_IS_TIME, "true")
    if modality is not None:
        node.SetAttribute(MODALITY, modality)
    if echo_time is not None:
        node.SetAttribute(ECHO_TIME, repr(echo_time * 1000))
    return node
