"""The nodes of a scene that hold 4D scans, their frames, and the volumes that show them."""

from __future__ import annotations

import slicer


def scan_nodes(scene) -> list:
    """Nodes that may be scans: sequences of scalar volumes, and multi-volumes.

    Parameters
    ----------
    scene : vtkMRMLScene

    Returns
    -------
    list of vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode
        Of at least two frames, in the order of the scene.
    """
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    return [node for node in nodes if _may_be_scan(node)]


def is_sequence(node) -> bool:
    """Whether a node is a sequence.

    Parameters
    ----------
    node : vtkMRMLNode or None

    Returns
    -------
    bool
    """
    return node is not None and bool(node.IsA("vtkMRMLSequenceNode"))


def is_multi_volume(node) -> bool:
    """Whether a node is a multi-volume, whose class exists only where its extension is installed.

    Parameters
    ----------
    node : vtkMRMLNode or None

    Returns
    -------
    bool
    """
    return node is not None and bool(node.IsA("vtkMRMLMultiVolumeNode"))


def frame_count(node) -> int:
    """Number of frames of a scan.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    int
    """
    if is_sequence(node):
        return node.GetNumberOfDataNodes()
    return node.GetImageData().GetNumberOfScalarComponents() if node.GetImageData() else 0


def data_nodes(node) -> list:
    """The nodes that hold the voxels of a scan.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    list of vtkMRMLNode
        One per frame of a sequence; a multi-volume itself.
    """
    if is_sequence(node):
        return [node.GetNthDataNode(frame) for frame in range(node.GetNumberOfDataNodes())]
    return [node]


def attributes(node) -> dict[str, str]:
    """Free attributes of a node.

    Parameters
    ----------
    node : vtkMRMLNode

    Returns
    -------
    dict
    """
    return {name: node.GetAttribute(name) for name in node.GetAttributeNames()}


def existing_proxy(node):
    """The volume that shows a scan, if there is one; nothing is made.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    vtkMRMLVolumeNode or None
    """
    if is_multi_volume(node):
        return node
    if not is_sequence(node):
        return None
    browser = _browsers().GetFirstBrowserNodeForSequenceNode(node)
    return browser.GetProxyNode(node) if browser else None


def proxy_volume(node):
    """The volume that shows a scan; a sequence without a browser is given one.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    vtkMRMLVolumeNode
        For looking at only: a browser may write changes of it back into the sequence.
    """
    proxy = existing_proxy(node)
    if proxy is not None:
        return proxy
    browser = _browsers().GetFirstBrowserNodeForSequenceNode(node) or _new_browser(node)
    browser.SetPlayback(node, True)
    _browsers().UpdateProxyNodesFromSequences(browser)
    return browser.GetProxyNode(node)


def _may_be_scan(node):
    if is_sequence(node):
        return node.GetNumberOfDataNodes() > 1 and node.GetDataNodeClassName() == "vtkMRMLScalarVolumeNode"
    return is_multi_volume(node) and frame_count(node) > 1


def _browsers():
    return slicer.modules.sequences.logic()


def _new_browser(node):
    scene = node.GetScene()
    name = scene.GenerateUniqueName(f"{node.GetName()} browser")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", name)
    browser.SetAndObserveMasterSequenceNodeID(node.GetID())
    return browser
