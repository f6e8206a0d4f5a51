"""A scan of the scene as the command line would have read it: its file, its sources, its DICOM headers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from ..scans.origin import Origin, read_origin, voxels_checksum
from ..scans.reading import ScanNode

_SAME_TIME = 1e-4  # s


def scan_as_read(analysis, node: ScanNode, parameters):
    """What the report and the record say of the scan.

    Parameters
    ----------
    analysis : Analysis
    node : ScanNode
        The scan that it is of.
    parameters : PerfusionToolParameterNode

    Returns
    -------
    scan : files.scan.Scan
        Without DICOM headers.
    source : dict
        What identifies its file in a record; without a checksum where the scene does not hold what the file does, so
        that nobody takes the one for the other.
    """
    from ...files.scan import Scan

    series, origin = analysis.series, read_origin(node.node)
    time_source = _time_source(series.times, node, parameters, origin)
    echo_time_source = _echo_time_source(node, parameters, origin) if series.modality == "MR" else None
    scan = Scan(series, time_source, echo_time_source, Path(node.name))
    if origin is None:
        return scan, {"file": node.name, "sha256": None, "bytes": None, "path": None}
    if not (origin.is_at(series.ijk_to_ras) and voxels_checksum(node.signal) == origin.voxels):
        note = f"The scan is not as it was read from {origin.path}: it was moved or changed in the scene."
        return replace(scan, notes=(note,)), {**origin.file, "sha256": None, "path": origin.path}
    offsets = None if origin.slice_offsets is None else np.array(origin.slice_offsets)
    as_read = replace(scan, path=Path(origin.path), notes=tuple(origin.notes), slice_offsets=offsets)
    return as_read, {**origin.file, "path": origin.path}


def reason_against_dicom(node, ijk_to_ras: np.ndarray | None) -> str:
    """Why results cannot be written as DICOM, as far as that shows without reading files; "" where they can.

    Parameters
    ----------
    node : vtkMRMLNode
        The scan's.
    ijk_to_ras : ndarray of shape (4, 4) or None
        Where it lies; None if it was not read yet.

    Returns
    -------
    str
    """
    origin = read_origin(node)
    if origin is None or not origin.headers:
        return _(
            "Load the scan from its folder of DICOM images in step 1: patient, study and frame of reference are taken "
            "from their headers."
        )
    if ijk_to_ras is not None and not origin.is_at(ijk_to_ras):
        return _("The scan was moved since it was read from DICOM; remove its transform, or load the folder again.")
    if not next(iter(origin.header_paths())).is_file():
        return _("The DICOM images in {folder} are gone; put them back, or load the scan again.").format(
            folder=origin.path
        )
    return ""


def read_headers(origin: Origin) -> tuple:
    """The DICOM headers of the first frame of a scan.

    Parameters
    ----------
    origin : Origin

    Returns
    -------
    tuple of pydicom.dataset.Dataset

    Raises
    ------
    PerfusionError
        If one cannot be read, or is of another scan now.
    """
    from ...files.dicom.headers import read_header

    headers = []
    for path, instance in origin.header_paths().items():
        header = read_header(path)
        if header.get("SOPInstanceUID") != instance:
            raise PerfusionError(f"{path} is another image than the one that was read; load the folder again.")
        headers.append(header)
    return tuple(headers)


def _time_source(times, node, parameters, origin):
    if parameters.frameTimes:
        return "given times"
    stated = None if origin is None else origin.times
    if stated is not None and len(stated) == len(times) and np.allclose(times, stated, atol=_SAME_TIME):
        return origin.time_source
    return node.times.source


def _echo_time_source(node, parameters, origin):
    if parameters.echoTime is not None:
        return "given"
    return node.echo_time_source if origin is None else origin.echo_time_source
