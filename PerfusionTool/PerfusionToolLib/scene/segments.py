"""Brain, vessels, AIF and VOF as segments of one segmentation; masks from any segmentation or labelmap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from ..perfusion.errors import PerfusionError
from ..perfusion.series import Grid
from .volumes import matrix, oriented_image


class Look(NamedTuple):
    """How a segment is called and drawn in slice views."""

    name: str
    colour: tuple[float, float, float]
    outline: float
    fill: float


# IDs of the segments; their names may be changed by a person.
SEGMENTS = {
    "brain": Look("Brain", (1.0, 0.82, 0.0), 1.0, 0.0),
    "vessels": Look("Vessels", (0.95, 0.75, 0.75), 0.6, 0.15),
    "VOF": Look("Venous output (VOF)", (0.25, 0.5, 1.0), 1.0, 0.6),
    "AIF": Look("Arterial input (AIF)", (1.0, 0.2, 0.2), 1.0, 0.6),
    # Outlines only, in colours that no map has: they lie over maps.
    "hypoperfusion": Look("Hypoperfusion", (1.0, 1.0, 1.0), 1.0, 0.0),
    "core": Look("Core", (1.0, 0.2, 0.9), 1.0, 0.0),
}


def put_segment(segmentation, segment_id: str, mask: np.ndarray, grid: Grid, scan_name: str, scene):
    """Put a mask into the study's segmentation.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode or None
        Updated in place; made where None.
    segment_id : str
        A key of `SEGMENTS`.
    mask : ndarray of bool, shape (z, y, x)
        May be empty.
    grid : Grid
    scan_name : str
        A new segmentation is called after it.
    scene : vtkMRMLScene

    Returns
    -------
    vtkMRMLSegmentationNode

    Notes
    -----
    Name and colours of a segment that is there stay as a person left them.
    """
    if segmentation is None:
        segmentation = _new_segmentation(scan_name, scene)
    _set_reference_geometry(segmentation, grid)
    add_segment(segmentation, segment_id)
    image = _box_image(mask, grid)
    if not _holds(segmentation, segment_id, image):
        _set_labelmap(segmentation, segment_id, image)
    return segmentation


def _box_image(mask, grid):
    """The box around a mask's voxels as an image; one voxel of it where it is empty."""
    occupied = [np.flatnonzero(mask.any(others)) for others in ((1, 2), (0, 2), (0, 1))]
    bounds = [(int(where[0]), int(where[-1])) if where.size else (0, 0) for where in occupied]
    image = oriented_image(mask[tuple(slice(first, last + 1) for first, last in bounds)], grid)
    image.SetExtent(*(bound for axis in reversed(bounds) for bound in axis))
    return image


def _holds(segmentation, segment_id, image):
    """Whether a segment has these very voxels; writing them again would draw all views of it again."""
    own = segmentation.GetBinaryLabelmapInternalRepresentation(segment_id)
    if own is None or own.IsEmpty() or own.GetExtent() != image.GetExtent():
        return False
    value = segmentation.GetSegmentation().GetSegment(segment_id).GetLabelValue()
    same_place = slicer.vtkOrientedImageDataResample.DoGeometriesMatch(own, image)
    return same_place and np.array_equal(_voxels(own) == value, _voxels(image) != 0)


def _set_labelmap(segmentation, segment_id, image):
    slicer.vtkSlicerSegmentationsModuleLogic.SetBinaryLabelmapToSegment(
        image, segmentation, segment_id, slicer.vtkSlicerSegmentationsModuleLogic.MODE_REPLACE
    )


def _new_segmentation(scan_name, scene):
    name = scene.GenerateUniqueName(f"{scan_name} perfusion regions")
    return scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)


def _set_reference_geometry(segmentation, grid):
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*grid.shape[::-1])
    image.SetImageToWorldMatrix(matrix(grid.ijk_to_ras))
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(image)
    segmentation.GetSegmentation().SetConversionParameter(
        slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName(), geometry
    )


def add_segment(segmentation, segment_id: str) -> None:
    """Add an empty segment to the study's segmentation, unless it is there.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
    segment_id : str
        A key of `SEGMENTS`.
    """
    if segmentation.GetSegmentation().GetSegment(segment_id) is not None:
        return
    look = SEGMENTS[segment_id]
    segment = slicer.vtkSegment()
    segment.SetName(look.name)
    segment.SetColor(*look.colour)
    segmentation.GetSegmentation().AddSegment(segment, segment_id)
    segmentation.CreateDefaultDisplayNodes()
    display = segmentation.GetDisplayNode()
    display.SetSegmentOpacity2DOutline(segment_id, look.outline)
    display.SetSegmentOpacity2DFill(segment_id, look.fill)
    display.SetSegmentVisibility2DFill(segment_id, look.fill > 0)


def segment_mask(node, segment_id: str, grid: Grid) -> np.ndarray:
    """A segment, or what is not 0 in a labelmap, on the voxels of a grid.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode or vtkMRMLScalarVolumeNode
        Of any geometry, under any linear transform.
    segment_id : str
        Of a segmentation; not used for a volume.
    grid : Grid

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        The nearest voxel of the segment counts.

    Raises
    ------
    PerfusionError
        If there is no such segment, or nothing of it lies on the grid.
    """
    _check_kind(node)
    if node.IsA("vtkMRMLSegmentationNode"):
        image, name = _segment_image(node, segment_id), _segment_name(node, segment_id)
    else:
        image, name = _volume_image(node), node.GetName()
    if image.IsEmpty() or not _voxels(image).any():
        raise PerfusionError(f"{name!r} has no voxels; paint it first or choose another.")
    mask = _resampled(image, grid)
    if not mask.any():
        raise PerfusionError(f"{name!r} lies outside the scan; choose one that was drawn on this scan.")
    return mask


def _check_kind(node):
    if not isinstance(node, (slicer.vtkMRMLSegmentationNode, slicer.vtkMRMLScalarVolumeNode)):
        found = node.GetName() if isinstance(node, slicer.vtkMRMLNode) else node
        raise PerfusionError(f"{found!r} is neither a segmentation nor a labelmap; choose one.")


def segment_names(segmentation) -> dict[str, str]:
    """Names of the segments of a segmentation by their IDs."""
    ids = segmentation.GetSegmentation().GetSegmentIDs()
    return {segment_id: _segment_name(segmentation, segment_id) for segment_id in ids}


def _segment_name(segmentation, segment_id):
    segment = segmentation.GetSegmentation().GetSegment(str(segment_id or ""))
    if segment is None:
        raise PerfusionError(f"{segmentation.GetName()!r} has no segment {segment_id!r}; choose another.")
    return segment.GetName()


def _segment_image(segmentation, segment_id):
    _segment_name(segmentation, segment_id)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    labelmap = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
    if not segmentation.GetSegmentation().ContainsRepresentation(labelmap):
        # Of this segment alone, so that a person's own segmentation gets no representation it did not have.
        image = logic.CreateRepresentationForOneSegment(segmentation.GetSegmentation(), segment_id, labelmap)
        logic.ApplyParentTransformToOrientedImageData(segmentation, image)
        return _owned(image)
    # Segments may share a labelmap, in which each has a value of its own.
    image = slicer.vtkOrientedImageData()
    segmentation.GetBinaryLabelmapRepresentation(segment_id, image)
    logic.ApplyParentTransformToOrientedImageData(segmentation, image)
    return image


def _volume_image(volume):
    if volume.GetImageData() is None:
        return slicer.vtkOrientedImageData()
    return _owned(slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(volume))


def _owned(made):
    """What VTK has made anew would stay forever if its maker's reference were not given up."""
    made.UnRegister(None)
    return made


def _resampled(image, grid):
    reference = oriented_image(np.zeros(grid.shape, np.uint8), grid)
    resampled = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
        image, reference, resampled, False, False
    )
    return _voxels(resampled).reshape(grid.shape) != 0


def _voxels(image):
    return vtk_to_numpy(image.GetPointData().GetScalars())


def show_only_in(display, view_nodes) -> None:
    """Show something in some views only.

    Parameters
    ----------
    display : vtkMRMLDisplayNode
    view_nodes : list of vtkMRMLAbstractViewNode
        All views where empty.
    """
    unfinished = display.StartModify()
    display.RemoveAllViewNodeIDs()
    for view in view_nodes:
        display.AddViewNodeID(view.GetID())
    display.EndModify(unfinished)
