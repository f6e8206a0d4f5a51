"""Tissue at risk as nodes of the scene: segments over scan and maps, tables, a summary, and what is known of them."""

from __future__ import annotations

import json
from contextlib import suppress

from ...perfusion.errors import PerfusionError
from ..folder import gather
from ..ownership import belong_to
from ..parameters import set_fields
from ..record import mask_checksum
from ..segments import put_segment, segment_mask
from ..tables import put_marked_table
from .choice import CORE, HYPOPERFUSION

FIELDS = ("tissueSegmentation", "tissueVolumes", "tissueComponents", "tissueSummary")
_FACTS = "PerfusionTool.Tissue"
_HIDDEN = "PerfusionTool.OutOfDate"
_OUTDATED = "Out of date:"
_OUTLINE_WIDTH = 2


def put_tissue(parameters, lesion, facts: dict) -> None:
    """Put tissue at risk into the scene, in place of what was found before.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
        Refers to the nodes afterwards; they belong to its scan.
    lesion : TissueAtRisk
    facts : dict
        What is to be known of it in a scene that was saved; plain enough for JSON.
    """
    from ...perfusion.tissue import component_rows, summary_text, volume_rows

    scan, scene = parameters.scan, parameters.parameterNode.GetScene()
    name = f"{scan.GetName()} tissue at risk"
    nodes = {
        "tissueSegmentation": _put_segments(parameters.tissueSegmentation, lesion, name, scene),
        "tissueVolumes": put_marked_table(parameters.tissueVolumes, volume_rows(lesion), f"{name} volumes", scene),
        "tissueComponents": put_marked_table(
            parameters.tissueComponents, component_rows(lesion), f"{name} components", scene
        ),
        "tissueSummary": _put_summary(parameters.tissueSummary, summary_text(lesion), facts, f"{name} summary", scene),
    }
    for field, node in nodes.items():
        belong_to(node, scan, field)
        node.SetDescription(f"Tissue at risk of {scan.GetName()}: {lesion.criteria}. Research use only.")
    gather(nodes.values(), f"{scan.GetName()} perfusion", scene)
    set_fields(parameters, nodes)


def read_facts(parameters) -> dict:
    """What is known of the tissue at risk in the scene.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    dict
        As `put_tissue` was given it; empty where there is none.
    """
    summary = parameters.tissueSummary
    text = summary.GetAttribute(_FACTS) if summary is not None else None
    return json.loads(text) if text else {}


def mark_outdated(parameters, facts: dict, sentence: str) -> None:
    """Let the nodes say that they are not of the maps that are in the scene now; the outlines are hidden.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    facts : dict
        As they are from now on.
    sentence : str
        Why.
    """
    said = f"{_OUTDATED} {sentence}"
    for field in FIELDS:
        if (node := getattr(parameters, field)) is not None:
            node.SetDescription(f"{said} Research use only.")
    summary, segmentation = parameters.tissueSummary, parameters.tissueSegmentation
    found = [line for line in summary.GetText().splitlines() if not line.startswith(_OUTDATED)]
    summary.SetText("\n".join([said, *found]))
    summary.SetAttribute(_FACTS, json.dumps(facts))
    if segmentation is not None and segmentation.GetDisplayVisibility():
        segmentation.SetDisplayVisibility(False)
        segmentation.SetAttribute(_HIDDEN, "yes")


def missing_nodes(parameters) -> bool:
    """Whether a node, or a segment, of what was found is not in the scene any more."""
    if any(getattr(parameters, field) is None for field in FIELDS):
        return True
    segments = parameters.tissueSegmentation.GetSegmentation()
    return any(segments.GetSegment(kind) is None for kind in (HYPOPERFUSION, CORE))


def outline_times(parameters) -> tuple[int, ...]:
    """When the segments were last drawn, in VTK's time; other numbers after every stroke of a person."""
    segmentation = parameters.tissueSegmentation
    images = [segmentation.GetBinaryLabelmapInternalRepresentation(kind) for kind in (HYPOPERFUSION, CORE)]
    return tuple(0 if image is None else image.GetMTime() for image in images)


def outline_checksums(parameters, grid) -> dict:
    """Checksums of the masks that the segments hold now, as `lesion_checksums` gives them.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    grid : Grid
        Of the results.

    Returns
    -------
    dict of str to int or None
    """
    found = {}
    for kind in (HYPOPERFUSION, CORE):
        found[kind] = None
        with suppress(PerfusionError):
            found[kind] = mask_checksum(segment_mask(parameters.tissueSegmentation, kind, grid))
    return found


def lesion_checksums(lesion) -> dict:
    """Checksums of the masks of a lesion; None for one that is empty."""
    return {kind: mask_checksum(getattr(lesion, kind)) for kind in (HYPOPERFUSION, CORE)}


def read_table(table) -> list[dict]:
    """The rows of a table of tissue at risk.

    Parameters
    ----------
    table : vtkMRMLTableNode or None

    Returns
    -------
    list of dict
        By the titles of the columns; empty where there is no table.
    """
    if table is None:
        return []
    content = table.GetTable()
    titles = [content.GetColumnName(column) for column in range(content.GetNumberOfColumns())]
    return [
        {title: _plain(content.GetValue(row, column)) for column, title in enumerate(titles)}
        for row in range(content.GetNumberOfRows())
    ]


def _put_segments(segmentation, lesion, name, scene):
    new = segmentation is None
    if new:
        segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", scene.GenerateUniqueName(name))
    for kind in (HYPOPERFUSION, CORE):
        put_segment(segmentation, kind, getattr(lesion, kind), lesion.grid, name, scene)
    if new:
        segmentation.GetDisplayNode().SetSliceIntersectionThickness(_OUTLINE_WIDTH)
    if segmentation.GetAttribute(_HIDDEN):
        segmentation.SetAttribute(_HIDDEN, None)
        segmentation.SetDisplayVisibility(True)
    return segmentation


def _put_summary(node, text, facts, name, scene):
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLTextNode", scene.GenerateUniqueName(name))
    node.SetText(text)
    node.SetAttribute(_FACTS, json.dumps(facts))
    return node


def _plain(value):
    """The value of a vtkVariant."""
    return value.ToString() if value.IsString() else value.ToInt() if value.IsInt() else value.ToDouble()
