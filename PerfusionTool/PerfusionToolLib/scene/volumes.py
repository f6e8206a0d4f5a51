"""Volumes of the scene and arrays (z, y, x) with their grids."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from ..perfusion.series import Grid


def matrix(ijk_to_ras: np.ndarray) -> vtk.vtkMatrix4x4:
    """A 4×4 array as VTK's matrix.

    Parameters
    ----------
    ijk_to_ras : ndarray of shape (4, 4)

    Returns
    -------
    vtkMatrix4x4
    """
    copy = vtk.vtkMatrix4x4()
    copy.DeepCopy(np.asarray(ijk_to_ras, float).ravel().tolist())
    return copy


def volume_array(node) -> np.ndarray:
    """The voxels of a volume.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode

    Returns
    -------
    ndarray of shape (z, y, x)
        A view: writing to it changes the volume.
    """
    return slicer.util.arrayFromVolume(node)


def volume_grid(node) -> Grid:
    """The lattice of a volume, in the world: with its parent transform, if that is linear.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode

    Returns
    -------
    Grid
    """
    to_world = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(to_world)
    if node.GetParentTransformNode() is not None:
        parent = vtk.vtkMatrix4x4()
        node.GetParentTransformNode().GetMatrixTransformToWorld(parent)
        vtk.vtkMatrix4x4.Multiply4x4(parent, to_world, to_world)
    return Grid(volume_array(node).shape[:3], slicer.util.arrayFromVTKMatrix(to_world))


def put_volume(node, array: np.ndarray, grid: Grid, name: str, scene):
    """Put an array into a volume of the scene.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode or None
        Updated in place; made where None. Its name and display stay as the user left them.
    array : ndarray of shape (z, y, x)
        Copied.
    grid : Grid
        World geometry.
    name : str
        For a new node.
    scene : vtkMRMLScene

    Returns
    -------
    vtkMRMLScalarVolumeNode
    """
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", scene.GenerateUniqueName(name))
    unfinished = node.StartModify()
    fill_volume(node, array, grid)
    node.EndModify(unfinished)
    return node


def fill_volume(node, array: np.ndarray, grid: Grid) -> None:
    """Give a volume other voxels and geometry; it need not be in a scene.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
    array : ndarray of shape (z, y, x)
        Copied.
    grid : Grid
    """
    node.SetIJKToRASMatrix(matrix(grid.ijk_to_ras))
    slicer.util.updateVolumeFromArray(node, array)


def oriented_image(array: np.ndarray, grid: Grid):
    """An array as an image that knows its place, as segmentations use it.

    Parameters
    ----------
    array : ndarray of shape (z, y, x)
        Copied; bool becomes unsigned char.
    grid : Grid

    Returns
    -------
    vtkOrientedImageData
    """
    array = np.ascontiguousarray(array, np.uint8 if array.dtype == bool else array.dtype)
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*array.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(array.ravel(), deep=True))
    image.SetImageToWorldMatrix(matrix(grid.ijk_to_ras))
    return image
