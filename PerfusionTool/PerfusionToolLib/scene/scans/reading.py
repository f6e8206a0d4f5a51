"""A scan in the scene -> voxels, geometry in the world, frame times, modality; and the series made of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import slicer
import vtk

from ...perfusion.errors import PerfusionError
from ...perfusion.series import PerfusionSeries
from ..nodes import data_nodes, existing_proxy, frame_count, is_multi_volume, is_sequence, proxy_volume, scan_nodes
from .frame_times import FrameTimes, find_frame_times
from .modality import guess_echo_time, guess_modality

__all__ = ["ScanNode", "perfusion_series", "proxy_volume", "read_scan_node", "scan_nodes"]

_LARGEST_SHIFT = 0.1  # in voxels; rounding in DICOM files stays far below, a moved frame far above
_LARGEST_STRETCH = 1e-3
_MOST_LABELS, _HIGHEST_LABEL = 20, 255
_FEWEST_VOXELS = 1000


@dataclass(frozen=True, eq=False)
class ScanNode:
    """What a scan in the scene holds.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode
    name : str
    signal : ndarray of shape (t, z, y, x)
        As stored, in the order of time.
    ijk_to_ras : ndarray of shape (4, 4)
        To the world, with the transform of the volume that shows the scan.
    times : FrameTimes or None
        None if they are stated nowhere.
    modality : {"CT", "MR"}
        As stated or guessed.
    modality_source : str
        What the modality was guessed from.
    echo_time : float or None
        In s.
    echo_time_source : str
        Where the echo time comes from.
    """

    node: object
    name: str
    signal: np.ndarray
    ijk_to_ras: np.ndarray
    times: FrameTimes | None
    modality: str
    modality_source: str
    echo_time: float | None
    echo_time_source: str


def read_scan_node(node) -> ScanNode:
    """Read a scan; the scene stays as it is.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    ScanNode

    Raises
    ------
    PerfusionError
        If it is no scan: no or one frame, colours or vectors, frames that differ in size or place, a frame without
        voxels or values; or if it lies under a transform that does not only turn and shift.
    """
    _check_kind(node)
    frames = _multi_volume_frames(node) if is_multi_volume(node) else _sequence_frames(node)
    ijk_to_ras = _world_geometry(node)
    times = find_frame_times(node)
    signal = _stacked(frames if times is None or times.order is None else [frames[index] for index in times.order])
    _check_values(node, signal)
    return ScanNode(
        node, node.GetName(), signal, ijk_to_ras, times, *guess_modality(node, signal), *guess_echo_time(node)
    )


def perfusion_series(scan: ScanNode, *, times=None, modality=None, echo_time=None) -> PerfusionSeries:
    """The series that is analysed.

    Parameters
    ----------
    scan : ScanNode
    times : FrameTimes or array_like of shape (t,), optional
        In s; else those found.
    modality : {"CT", "MR"}, optional
        Else the one guessed.
    echo_time : float, optional
        In s, for MR; else the one found.

    Returns
    -------
    PerfusionSeries

    Raises
    ------
    PerfusionError
        If times or echo time are missing or impossible, or there are too few frames.
    """
    times = scan.times if times is None else times
    seconds = times.seconds if isinstance(times, FrameTimes) else times
    echo_time = scan.echo_time if echo_time is None else echo_time
    return PerfusionSeries(scan.signal, seconds, scan.ijk_to_ras, modality or scan.modality, echo_time)


def _check_kind(node):
    if node is None:
        raise PerfusionError("There is no scan; load one and choose it.")
    if not (is_sequence(node) or is_multi_volume(node)):
        raise PerfusionError(f"{node.GetName()} is not a sequence of volumes; choose the sequence of the 4D scan.")
    frames = frame_count(node)
    if frames < 2:
        found = "one frame" if frames else "no frames"
        raise PerfusionError(f"{node.GetName()} has {found}; choose a 4D scan, or load its series again.")


def _sequence_frames(node):
    volumes = data_nodes(node)
    for frame, volume in enumerate(volumes):
        _check_volume(node, frame, volume)
    arrays = [slicer.util.arrayFromVolume(volume) for volume in volumes]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        sizes = " and ".join(sorted("×".join(str(size) for size in reversed(shape)) for shape in shapes))
        raise PerfusionError(f"The frames of {node.GetName()} differ in size ({sizes} voxels); load one series alone.")
    _check_still(node, volumes, arrays[0].shape)
    return arrays


def _check_volume(node, frame, volume):
    if volume.IsA("vtkMRMLLabelMapVolumeNode"):
        raise _labels(node)
    if volume.GetClassName() != "vtkMRMLScalarVolumeNode":
        kind = volume.GetNodeTagName()
        raise PerfusionError(f"{node.GetName()} is a sequence of {kind} nodes; choose one of scalar volumes.")
    image = volume.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None:
        raise PerfusionError(f"Frame {frame} of {node.GetName()} holds no voxels; load the series again.")
    components = image.GetNumberOfScalarComponents()
    if components > 1:
        raise PerfusionError(f"{node.GetName()} has {components} values in a voxel; choose a scan of single values.")


def _check_still(node, volumes, shape):
    first = _geometry(volumes[0])
    corners = np.array([(*corner, 1) for corner in product(*[(0, size - 1) for size in reversed(shape)])])
    inverse = np.linalg.inv(first)
    for frame, volume in enumerate(volumes):
        shift = np.abs(corners @ (inverse @ _geometry(volume) - np.eye(4)).T).max()
        if not shift <= _LARGEST_SHIFT:
            raise PerfusionError(
                f"Frame {frame} of {node.GetName()} lies {shift:.3g} voxels beside the first; "
                "give all frames the same geometry, or register them."
            )


def _multi_volume_frames(node):
    return list(np.moveaxis(slicer.util.arrayFromVolume(node), -1, 0))


def _stacked(frames):
    signal = np.empty((len(frames), *frames[0].shape), np.result_type(*{frame.dtype for frame in frames}))
    for frame, array in enumerate(frames):
        signal[frame] = array
    return signal


def _labels(node):
    return PerfusionError(f"{node.GetName()} holds labels, not the scan itself; choose the sequence of the 4D scan.")


def _check_values(node, signal):
    if _are_labels(signal[len(signal) // 2]):
        raise _labels(node)
    if signal.dtype.kind != "f":
        return
    for frame, values in enumerate(signal):
        # One NaN or infinity makes the sum so; single ones are filled in later.
        if not np.isfinite(values.sum()) and not np.isfinite(values).any():
            raise PerfusionError(f"Frame {frame} of {node.GetName()} has no finite value; remove or repair the frame.")


def _are_labels(frame):
    """Whether a frame of many voxels holds but a few whole numbers."""
    lowest, highest = frame.min(), frame.max()
    if frame.size < _FEWEST_VOXELS or not 0 <= lowest < highest <= _HIGHEST_LABEL:
        return False
    values = np.unique(frame)
    return len(values) <= _MOST_LABELS and np.array_equal(values, np.round(values))


def _world_geometry(node):
    proxy = existing_proxy(node)
    parent = proxy.GetParentTransformNode() if proxy is not None else None
    geometry = _geometry(data_nodes(node)[0])
    return geometry if parent is None else _rigid_matrix(parent) @ geometry


def _rigid_matrix(transform):
    matrix = vtk.vtkMatrix4x4()
    if not transform.IsTransformToWorldLinear():
        raise PerfusionError(f"The transform {transform.GetName()} bends the scan; harden or remove it.")
    transform.GetMatrixTransformToWorld(matrix)
    world = slicer.util.arrayFromVTKMatrix(matrix)
    turn = world[:3, :3]
    if np.abs(turn.T @ turn - np.eye(3)).max() > _LARGEST_STRETCH or np.linalg.det(turn) < 0:
        raise PerfusionError(
            f"The transform {transform.GetName()} scales, shears or mirrors the scan; harden or remove it."
        )
    return world


def _geometry(volume):
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)
