"""A comparison as nodes of the scene: table, references on the own grid, differences, plot, and facts about them."""

from __future__ import annotations

import json

import numpy as np
import slicer
from slicer.i18n import tr as _

from .. import colours
from ..folder import gather
from ..maps import put_map, remove_map
from ..ownership import belong_to
from ..parameters import COMPARED, set_fields
from ..tables import put_marked_table
from ..volumes import put_volume, volume_array
from .chart import put_comparison_chart
from .maps import ComparedMap

NODES = ("comparisonTable", "comparisonPoints", "comparisonChart")
# Makes `maps.restore_maps` care for the background of a volume that was read from a file.
_MAP = "PerfusionTool.Map"
_FACTS = "PerfusionTool.Comparison"
_WINDOW = "PerfusionTool.DifferenceWindow"
# Of absolute differences, the part that the window covers; and what it covers at least of the window of the map.
_SHOWN_PERCENT = 98
_LEAST_PART = 0.01


def put_comparison(parameters, rows: list[list], compared: dict[str, ComparedMap], facts: dict) -> None:
    """Put a comparison into the scene, in place of the former one.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
        Refers to the nodes afterwards; they belong to its scan.
    rows : list of list
        The measures, titles first.
    compared : dict of str to ComparedMap
    facts : dict
        What is to be known of it in a scene that was saved; plain enough for JSON.
    """
    scan, scene = parameters.scan, parameters.parameterNode.GetScene()
    nodes = {
        "comparisonTable": put_marked_table(parameters.comparisonTable, rows, f"{scan.GetName()} comparison", scene)
    }
    for name, found in compared.items():
        nodes[f"placed{name}"] = _put_reference(getattr(parameters, f"placed{name}"), found, scan, scene)
        nodes[f"difference{name}"] = _put_difference(getattr(parameters, f"difference{name}"), found, scan, scene)
    for field, node in nodes.items():
        belong_to(node, scan, field)
    nodes["comparisonTable"].SetAttribute(_FACTS, json.dumps(facts))
    former = {f"{kind}{name}" for kind in ("placed", "difference") for name in COMPARED} - nodes.keys()
    unused = [node for field in former if (node := getattr(parameters, field)) is not None]
    gather(nodes.values(), f"{scan.GetName()} perfusion", scene)
    set_fields(parameters, nodes | dict.fromkeys(former))
    for node in unused:
        remove_map(node, scene)
    describe(parameters, "")


def show_in_chart(parameters, name: str) -> None:
    """Let the plot of a comparison be that of one of its maps.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
        With ``placed…`` and ``difference…`` of the map.
    name : str
    """
    scan, scene = parameters.scan, parameters.parameterNode.GetScene()
    placed, difference = getattr(parameters, f"placed{name}"), getattr(parameters, f"difference{name}")
    apart = volume_array(difference)
    apart = np.where(apart == colours.OUTSIDE, np.nan, apart)
    unit = read_facts(parameters)["maps"][name]["unit"]
    table, chart = put_comparison_chart(
        parameters.comparisonPoints, parameters.comparisonChart, name, unit, apart, volume_array(placed), scan, scene
    )
    nodes = {"comparisonPoints": table, "comparisonChart": chart}
    for field, node in nodes.items():
        belong_to(node, scan, field)
        node.SetDescription(f"Comparison of the {name} of {scan.GetName()}. Research use only.")
    gather(nodes.values(), f"{scan.GetName()} perfusion", scene)
    set_fields(parameters, nodes)


def read_facts(parameters) -> dict:
    """What is known of the comparison in the scene, as `put_comparison` was given it; empty where there is none."""
    table = parameters.comparisonTable
    text = table.GetAttribute(_FACTS) if table is not None else None
    return json.loads(text) if text else {}


def read_rows(parameters) -> list[list]:
    """The table of the comparison in the scene.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    list of list
        Titles, then map, measure, unit, value; empty where there is none.
    """
    table = parameters.comparisonTable
    if table is None:
        return []
    content, titles = table.GetTable(), ["map", "measure", "unit", "value"]
    rows = range(content.GetNumberOfRows())
    texts = [[content.GetValueByName(row, title).ToString() for title in titles[:3]] for row in rows]
    values = [content.GetValueByName(row, "value").ToDouble() for row in rows]
    return [titles, *([*text, value] for text, value in zip(texts, values, strict=True))]


def describe(parameters, reason: str) -> None:
    """Let the nodes of a comparison say what they are.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    reason : str
        Why they are out of date; "" where they are not.
    """
    said = f"Out of date: {reason} " if reason else ""
    fields = [*NODES, *(f"{kind}{name}" for kind in ("placed", "difference") for name in COMPARED)]
    for node in (getattr(parameters, field) for field in fields):
        text = f"{said}Comparison of the maps of {parameters.scan.GetName()}. Research use only."
        if node is not None and node.GetDescription() != text:
            node.SetDescription(text)


def look_alike(placed, own) -> None:
    """Show a reference in the colours and the window of the own map.

    Parameters
    ----------
    placed, own : vtkMRMLScalarVolumeNode
    """
    there, here = placed.GetDisplayNode(), own.GetDisplayNode()
    if there is None or here is None:
        return
    unfinished = there.StartModify()
    if there.GetColorNodeID() != here.GetColorNodeID():
        there.SetAndObserveColorNodeID(here.GetColorNodeID())
    low, high = colours.window_of(own)
    if colours.window_of(placed) != (low, high):
        there.SetAutoWindowLevel(False)
        there.SetWindowLevelMinMax(low, high)
    there.EndModify(unfinished)


def _put_reference(node, found, scan, scene):
    own = found.own
    said, brain = f"{scan.GetName()} reference", np.isfinite(found.placed)
    facts = {"Use": "Research use only", "Reference": found.reference.node.GetName()}
    node = put_map(node, own.name, found.placed, own.grid, said, facts, scene, brain=brain, relative_to=own.relative_to)
    look_alike(node, own.volume)
    return node


def _put_difference(node, found, scan, scene):
    own = found.own
    array = np.where(np.isfinite(found.difference), found.difference, colours.OUTSIDE).astype(np.float32)
    node = put_volume(node, array, own.grid, f"{scan.GetName()} {own.name} difference", scene)
    _show_difference(node, found)
    node.SetAttribute(_MAP, f"{own.name} {own.relative_to}")
    return node


def _show_difference(node, found):
    """In colours on both sides of 0; the window that a person gave it stays."""
    display = node.GetDisplayNode()
    if display is None or display.GetAttribute(_WINDOW) == _window_text(node):
        most = _largest_shown(found)
        own = found.own
        colours.show_map_colours(node, own.name, (-most, most), "Perfusion difference", own.relative_to)
        display = node.GetDisplayNode()
        # All differences are seen, those below 0 too.
        display.SetThreshold(colours.OUTSIDE / 2, np.finfo(np.float32).max)
        display.SetAttribute(_WINDOW, _window_text(node))
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(node)
    if legend is not None:
        title = _("Difference")
        legend.SetTitleText(f"{title} [{found.unit}]" if found.unit else title)


def _largest_shown(found):
    own, apart = found.own, found.difference[np.isfinite(found.difference)]
    low, high = colours.window_of(own.volume)
    return colours.rounded_up(max(float(np.percentile(np.abs(apart), _SHOWN_PERCENT)), _LEAST_PART * (high - low)))


def _window_text(node):
    low, high = colours.window_of(node)
    return f"{low:g} {high:g}"
