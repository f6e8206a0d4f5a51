"""A comparison in its layout: the map that is shown, its reference and their difference."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..nodes import proxy_volume
from ..parameters import map_field
from . import nodes as comparison_nodes
from . import views as comparison_views


def show(parameters, outdated: bool) -> None:
    """Show the map that is chosen beside its reference, where the layout for that is shown.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
        With the nodes of a comparison of its ``comparedMap``.
    outdated : bool
        Whether the labels are to say that it is of other maps or references.
    """
    if not comparison_views.is_shown():
        return
    look_alike(parameters)
    name = parameters.comparedMap
    volumes = [getattr(parameters, field) for field in (map_field(name), f"placed{name}", f"difference{name}")]
    scaled = comparison_nodes.read_facts(parameters)["maps"][name]["scaled"]
    labels = [name, _("Reference (scaled)") if scaled else _("Reference"), _("Difference")]
    if outdated:
        labels[1:] = [_("Reference (out of date)"), _("Difference (out of date)")]
    shown = dict(zip(comparison_views.COMPARISON_VIEWS, zip(labels, volumes, strict=True), strict=True))
    comparison_views.show(proxy_volume(parameters.scan), shown, parameters.comparisonChart)


def look_alike(parameters) -> None:
    """Show the reference in the colours and the window that its map has now; as `show`."""
    name = parameters.comparedMap
    own, placed = getattr(parameters, map_field(name)), getattr(parameters, f"placed{name}")
    if own is not None and placed is not None:
        comparison_nodes.look_alike(placed, own)
