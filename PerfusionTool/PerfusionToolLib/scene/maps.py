"""Maps of an analysis as volumes of the scene."""

from __future__ import annotations

import json

import numpy as np
import slicer

from ..perfusion.maps import UNITS
from ..perfusion.series import Grid
from . import colours
from .map_choice import wanted_maps
from .parameters import map_field
from .volumes import put_volume

_PREFIX = "PerfusionTool."
_KIND = _PREFIX + "Map"


def put_map(
    node,
    name: str,
    array: np.ndarray,
    grid: Grid,
    scan_name: str,
    provenance: dict,
    scene,
    *,
    brain: np.ndarray | None = None,
    relative_to: str = "absolute",
):
    """Put a map into the scene.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode or None
        Of an earlier run: its voxels change, the window and colours that a person gave it stay. Made where None.
    name : str
        A key of `perfusion.maps.UNITS`.
    array : ndarray of shape (z, y, x)
        0 outside the brain, NaN where there is no result.
    grid : Grid
    scan_name : str
        The volume is called after it.
    provenance : dict
        Kept in the volume's attributes, each value as JSON.
    scene : vtkMRMLScene
    brain : ndarray of bool, shape (z, y, x), optional
        Where a result of exactly 0 is to be seen.
    relative_to : {"absolute", "brain_mean", "mirror"}

    Returns
    -------
    vtkMRMLScalarVolumeNode

    Notes
    -----
    Where there is no result the voxel is written as background. The background is 0, in maps that may have values below
    0 (times after a reference) `colours.OUTSIDE`. A result of 0 in the other maps is written as
    `colours.ALMOST_ZERO`, since 0 is transparent.
    """
    kind = f"{name} {relative_to}"
    volume = put_volume(node, _scene_values(name, array, brain, relative_to), grid, f"{scan_name} {name}", scene)
    if volume.GetAttribute(_KIND) != kind or volume.GetDisplayNode() is None:
        colours.show_map_colours(volume, name, relative_to=relative_to)
        volume.SetAttribute(_KIND, kind)
    else:
        colours.refresh_window(volume, name, relative_to)
    for key, value in provenance.items():
        volume.SetAttribute(_PREFIX + key, json.dumps(value))
    return volume


def remove_map(volume, scene) -> None:
    """Take a map out of the scene, with its legend and its display.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
    scene : vtkMRMLScene
    """
    displays = [volume.GetNthDisplayNode(place) for place in range(volume.GetNumberOfDisplayNodes())]
    # The legend stands first: it cannot be without the display of the colours that it explains.
    for node in (*reversed(displays), volume.GetStorageNode(), volume):
        if node is not None:
            scene.RemoveNode(node)


def remove_unwanted_maps(parameters) -> None:
    """Take those maps out of the scene that a person does not want to see.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    """
    for name in UNITS.keys() - {*wanted_maps(parameters)}:
        volume = getattr(parameters, map_field(name))
        if volume is not None:
            setattr(parameters, map_field(name), None)
            remove_map(volume, parameters.parameterNode.GetScene())


def restore_maps(scene) -> None:
    """Make the maps of a scene that was just opened look as they were saved; see `colours.restore_background`.

    Parameters
    ----------
    scene : vtkMRMLScene
    """
    for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", scene):
        if volume.GetAttribute(_KIND):
            colours.restore_background(volume)


def map_kind(volume) -> tuple[str, str]:
    """What a volume of `put_map` shows.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode

    Returns
    -------
    name, relative_to : str
    """
    name, relative_to = volume.GetAttribute(_KIND).rsplit(" ", 1)
    return name, relative_to


def _scene_values(name, array, brain, relative_to):
    negative = colours.may_be_negative(name, relative_to)
    background = colours.OUTSIDE if negative else 0.0
    values = np.where(np.isfinite(array), array, background).astype(np.float32, copy=False)
    if negative:
        values[~brain if brain is not None else array == 0] = background
    elif brain is not None:
        values[brain & (array == 0)] = colours.ALMOST_ZERO
    return values
