"""Which scan a result belongs to: every result says so itself, by a node reference."""

from __future__ import annotations

from .parameters import RESULTS

SCAN_ROLE = "PerfusionTool.Scan"
FIELD = "PerfusionTool.Field"


def belong_to(node, scan, field: str) -> None:
    """Let a node say of which scan it is, and in which field of the parameter node it stands.

    Parameters
    ----------
    node, scan : vtkMRMLNode
    field : str
    """
    if node.GetNodeReferenceID(SCAN_ROLE) != scan.GetID():
        node.SetNodeReferenceID(SCAN_ROLE, scan.GetID())
    if node.GetAttribute(FIELD) != field:
        node.SetAttribute(FIELD, field)


def results_of(scan, scene) -> dict[str, object]:
    """Nodes of the scene that belong to a scan, by field of the parameter node.

    Parameters
    ----------
    scan : vtkMRMLNode
    scene : vtkMRMLScene

    Returns
    -------
    dict of str to vtkMRMLNode
    """
    own = [node for node in _all_results(scene) if node.GetNodeReferenceID(SCAN_ROLE) == scan.GetID()]
    return {node.GetAttribute(FIELD): node for node in own}


def results_of_others(scan, scene, fields) -> list:
    """Nodes of the scene that belong to other scans.

    Parameters
    ----------
    scan : vtkMRMLNode
    scene : vtkMRMLScene
    fields : collection of str
        Those that stand in these fields of the parameter node.

    Returns
    -------
    list of vtkMRMLNode
    """
    others = [node for node in _all_results(scene) if node.GetNodeReferenceID(SCAN_ROLE) != scan.GetID()]
    return [node for node in others if node.GetAttribute(FIELD) in fields]


def _all_results(scene):
    nodes = (scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes()))
    return [node for node in nodes if node.GetAttribute(FIELD) in RESULTS]
