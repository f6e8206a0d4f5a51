"""Where a scan of the scene comes from: what its files said of it, and whether it is still what they hold."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from ..record import plain

ORIGIN = "PerfusionTool.Origin"
_SAME_PLACE = 1e-3  # mm and voxel sizes; what is stored in a scene is rounded far below


@dataclass(frozen=True)
class Origin:
    """What the file or folder said that a scan was imported from.

    Parameters
    ----------
    path : str
        Of the file, or of the folder of DICOM.
    file : dict
        What identifies it, as `files.input_record` does.
    times : list of float or None
        Frame times in s.
    time_source, echo_time_source : str
        Where frame times and echo time come from, for a person to read.
    notes : list of str
        What a person should know of how it was read.
    slice_offsets : list of list of float or None
        When each slice was taken after the time of its frame, in s, before it was interpolated to that.
    headers : dict of str to str
        DICOM files of the first frame, from the folder on, with the UIDs of their instances; empty unless the scan is
        DICOM.
    voxels : int
        `voxels_checksum` of the scan.
    ijk_to_ras : list of list of float
    """

    path: str
    file: dict
    times: list | None
    time_source: str
    echo_time_source: str
    notes: list
    slice_offsets: list | None
    headers: dict
    voxels: int
    ijk_to_ras: list

    def is_at(self, ijk_to_ras: np.ndarray) -> bool:
        """Whether a scan lies where it was imported."""
        return np.allclose(ijk_to_ras, self.ijk_to_ras, atol=_SAME_PLACE)

    def header_paths(self) -> dict[Path, str]:
        """DICOM files of the first frame, with the UIDs of their instances."""
        return {Path(self.path) / name: instance for name, instance in self.headers.items()}


def origin_of_image(path: Path, file: dict, image, times, time_source: str, echo_time_source: str) -> Origin:
    """What is to be kept of an image that is put into the scene.

    Parameters
    ----------
    path : Path
    file : dict
        `files.input_record` of it.
    image : files.image.Image
        With the voxels that the scene is given.
    times : ndarray of shape (t,) or None
    time_source, echo_time_source : str

    Returns
    -------
    Origin
    """
    headers = {Path(header.filename).relative_to(path).as_posix(): header.SOPInstanceUID for header in image.headers}
    return Origin(
        path=str(path.absolute()),
        file=file,
        times=plain(times),
        time_source=time_source,
        echo_time_source=echo_time_source,
        notes=list(image.notes),
        slice_offsets=None if image.slice_offsets is None else plain(np.round(image.slice_offsets, 4)),
        headers=headers,
        voxels=voxels_checksum(image.voxels),
        ijk_to_ras=plain(image.ijk_to_ras),
    )


def voxels_checksum(signal: np.ndarray) -> int:
    """A number that tells the voxels of scans apart.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)

    Returns
    -------
    int
    """
    checksum = crc32(signal.dtype.str.encode())
    for frame in signal:
        checksum = crc32(np.ascontiguousarray(frame), checksum)
    return checksum


def write_origin(node, origin: Origin) -> None:
    """Let a scan say where it comes from.

    Parameters
    ----------
    node : vtkMRMLSequenceNode
    origin : Origin
    """
    node.SetAttribute(ORIGIN, json.dumps(asdict(origin)))


def read_origin(node) -> Origin | None:
    """Where a scan comes from.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    Origin or None
        None if it was not imported here, or by another version.
    """
    try:
        return Origin(**json.loads(node.GetAttribute(ORIGIN) or "null"))
    except (ValueError, TypeError):
        return None
