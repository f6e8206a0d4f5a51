"""One folder of the subject hierarchy for all nodes of a study."""

from __future__ import annotations

import slicer
import vtk

from .curves import chart_series
from .series_nodes import browser_of, series_proxy

_KEY = "PerfusionTool.Folder"


def gather(nodes, name: str, scene) -> int:
    """Put nodes into the study's folder of the subject hierarchy.

    Parameters
    ----------
    nodes : iterable of vtkMRMLNode or None
        With charts come their plot series, with sequences their browser and the volume that shows them. What a person
        has moved elsewhere stays there.
    name : str
        Of the folder; found again by it even after a person has renamed it.
    scene : vtkMRMLScene

    Returns
    -------
    int
        The folder's item.
    """
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    top = hierarchy.GetSceneItemID()
    folder = _folder(hierarchy, name)
    for node in _with_companions(nodes):
        item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(top, node)
        if hierarchy.GetItemParent(item) == top:
            hierarchy.SetItemParent(item, folder)
    return folder


def _with_companions(nodes):
    for node in nodes:
        if node is None:
            continue
        yield node
        if node.IsA("vtkMRMLPlotChartNode"):
            yield from chart_series(node)
        if node.IsA("vtkMRMLSequenceNode"):
            yield from (other for other in (browser_of(node), series_proxy(node)) if other is not None)


def _folder(hierarchy, name):
    top = hierarchy.GetSceneItemID()
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(top, items)
    for place in range(items.GetNumberOfIds()):
        if hierarchy.GetItemAttribute(items.GetId(place), _KEY) == name:
            return items.GetId(place)
    folder = hierarchy.CreateFolderItem(top, name)
    hierarchy.SetItemAttribute(folder, _KEY, name)
    return folder
