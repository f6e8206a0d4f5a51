"""4D NIfTI and NRRD files, folders of DICOM -> sequences in the scene, with their frame times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import slicer
from slicer.i18n import tr as _

from ...files.image import without_ending
from ...files.images import read_image
from ...files.paths import checked_path
from ...files.scan import stated_echo_time, stated_times
from ...files.sidecar import read_sidecar
from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps, drain
from ...perfusion.series import MODALITIES, Grid, PerfusionSeries, checked_times
from ..series_nodes import put_series_steps
from .frame_times import INDEX_IS_TIME
from .modality import ECHO_TIME, MODALITY
from .origin import origin_of_image, write_origin


def import_scan(path: str | Path, modality: str | None = None):
    """Load a 4D file or a folder of DICOM, also where the application itself would drop frames or times.

    Parameters
    ----------
    path : str or Path
        4D NIfTI (.nii, .nii.gz) or NRRD (.nrrd, .seq.nrrd, .nhdr), with a JSON sidecar beside it if there is one; or
        a folder of DICOM images, classic or enhanced.
    modality : {"CT", "MR"}, optional
        If it is known.

    Returns
    -------
    vtkMRMLSequenceNode
        With the times in s as its index, or numbers where none are stated; shown by a browser. Slices that were not
        taken together, as when the table moves to and fro, are interpolated to the times of their frames. Where it
        comes from it remembers, see `origin`.

    Raises
    ------
    PerfusionError
        If the file cannot be read or holds a single volume, or if its times, echo time or modality make no sense.
    """
    return drain(import_scan_steps(path, modality))


def import_scan_steps(path: str | Path, modality: str | None = None) -> Steps[object]:
    """The same, step by step; the scene changes in the last step only."""
    from ...files.provenance import input_record_steps

    if modality is not None and modality not in MODALITIES:
        raise PerfusionError(f"Unknown modality {modality!r}; choose CT or MR.")
    path = checked_path(path)
    yield Progress("reading", 0.0, _("Reading {path}").format(path=path))
    image = yield from _read_steps(path)
    frames = len(image.voxels)
    if frames == 1:
        raise PerfusionError(f"{path} holds a single volume; a perfusion scan has 4 dimensions (x, y, z, time).")
    times, time_source = stated_times(path, image)
    if times is not None:
        times = checked_times(times, frames)
    echo_time, echo_time_source = stated_echo_time(path, image)
    beside = read_sidecar(path).get("Modality")
    stated_modality = beside if beside in MODALITIES else None
    image = replace(image, voxels=_storable(image.voxels))
    origin = origin_of_image(path, (yield from input_record_steps(path)), image, times, time_source, echo_time_source)
    grid = Grid(image.voxels.shape[1:], image.ijk_to_ras)
    name = path.absolute().name if path.is_dir() else without_ending(path).name
    modality = modality or stated_modality or image.modality
    node = yield from _put_steps(image.voxels, times, grid, name, modality, echo_time)
    write_origin(node, origin)
    return node


def _read_steps(path):
    if not path.is_dir():
        return read_image(path)
    from ...files.dicom.reading import read_dicom_steps

    return (yield from read_dicom_steps(path))


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
    voxels = _storable(series.signal)
    return drain(_put_steps(voxels, series.times, series.grid, name, series.modality, series.echo_time))


def _storable(voxels):
    # Volumes hold no 64-bit integers.
    return voxels.astype(float) if voxels.dtype.kind in "iu" and voxels.dtype.itemsize > 4 else voxels


def _put_steps(voxels, times, grid, name, modality, echo_time):
    index = np.arange(len(voxels)) if times is None else times
    node = yield from put_series_steps(None, voxels, index, grid, name, slicer.mrmlScene)
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
