"""A study in the views of the layout: its scan, its maps, and its overlays instead of those of other scans."""

from __future__ import annotations

from . import views
from .map_choice import NONE, shown_maps
from .nodes import proxy_volume
from .ownership import results_of_others
from .parameters import map_field

OVERLAYS = ("segmentation", "tissueSegmentation", "seed", "venousSeed")
_HIDDEN = "PerfusionTool.Hidden"


def show_study(parameters) -> None:
    """Show a scan, and what there is of its results.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
        Which names the scan.

    Raises
    ------
    PerfusionError
        If the scan cannot be shown.
    """
    views.show_scan(proxy_volume(parameters.scan))
    show_maps(parameters)
    if parameters.segmentation is not None:
        views.show_overlays(parameters.segmentation)
    for node in results_of_others(parameters.scan, parameters.parameterNode.GetScene(), OVERLAYS):
        _hide(node)
    for field in OVERLAYS:
        _show_again(getattr(parameters, field))


def show_maps(parameters) -> None:
    """Show in every view for maps the one that was chosen for it, as far as it is there.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    """
    for view, name in shown_maps(parameters).items():
        views.show_map(view, name, None if name == NONE else getattr(parameters, map_field(name)))


def _hide(node):
    display = node.GetDisplayNode()
    if display is not None and display.GetVisibility():
        display.SetVisibility(False)
        node.SetAttribute(_HIDDEN, "yes")


def _show_again(node):
    """What a person has hidden stays hidden."""
    if node is not None and node.GetAttribute(_HIDDEN):
        node.SetAttribute(_HIDDEN, None)
        node.GetDisplayNode().SetVisibility(True)
