"""The layout "Perfusion comparison": own map, reference and difference side by side above a plot.

Where there are no views, all of this does nothing.
"""

from __future__ import annotations

from .. import views
from ..layout_text import describe_layout, rows_above_plot, slice_view
from ..views import COMPARISON_LAYOUT, COMPARISON_VIEWS

OWN_VIEW, REFERENCE_VIEW, DIFFERENCE_VIEW = COMPARISON_VIEWS
PLOT_VIEW = "PerfusionComparisonPlot"
VIEW_GROUP = 708
_FITTED = "PerfusionTool.FittedBeside"
COLOURS = {OWN_VIEW: "#E06C50", REFERENCE_VIEW: "#4FA3C7", DIFFERENCE_VIEW: "#8C8C8C"}


def layout_description() -> str:
    """The layout in the XML of Slicer's layout manager."""
    row = [slice_view(name, name.removeprefix("Perfusion"), COLOURS[name], VIEW_GROUP) for name in COLOURS]
    return rows_above_plot([row], PLOT_VIEW, "Comparison")


def register_layout() -> None:
    """Make the layout known, so that a scene saved in it opens in it."""
    layout = views.layout_node()
    if layout is not None:
        describe_layout(layout, COMPARISON_LAYOUT, layout_description())


def is_shown() -> bool:
    """Whether a comparison is looked at."""
    layout = views.layout_node()
    return layout is not None and layout.GetViewArrangement() == COMPARISON_LAYOUT


def enter_layout() -> None:
    """Show the layout, at the slice that the layout "Perfusion" shows; `views.leave_layout` leaves it, too."""
    layout = views.layout_node()
    if layout is None or is_shown():
        return
    register_layout()
    if layout.GetViewArrangement() != views.LAYOUT:
        # What is shown instead is what the person comes back to.
        views.enter_layout()
    layout.SetViewArrangement(COMPARISON_LAYOUT)
    views.link(_logics().values(), VIEW_GROUP)
    plot = views.plot_view(PLOT_VIEW)
    if plot is not None:
        plot.SetDoPropagatePlotChartSelection(False)


def leave_layout() -> None:
    """Show the layout "Perfusion" again, at the same slice."""
    if not is_shown():
        return
    shown = _offset(_logics())
    views.enter_layout()
    _scroll(views.slice_logics(), shown)


def show(proxy, shown: dict[str, tuple], chart) -> None:
    """Show a map beside its reference.

    Parameters
    ----------
    proxy : vtkMRMLScalarVolumeNode
        The volume that shows the scan, behind the maps.
    shown : dict of str to (str, vtkMRMLScalarVolumeNode or None)
        Label and volume of every view.
    chart : vtkMRMLPlotChartNode or None
    """
    logics = _logics()
    new = any(logic.GetSliceCompositeNode().GetBackgroundVolumeID() != proxy.GetID() for logic in logics.values())
    for name, logic in logics.items():
        logic.GetSliceCompositeNode().SetBackgroundVolumeID(proxy.GetID())
        views.show_foreground(logic, *shown[name])
    if new:
        proxy.SetAttribute(_FITTED, None)
    plot = views.plot_view(PLOT_VIEW)
    if plot is not None and chart is not None:
        plot.SetPlotChartNodeID(chart.GetID())


def settle(proxy) -> bool:
    """Fit views to the scan that are new, or have another size, and show legends; to be called when they are drawn.

    Parameters
    ----------
    proxy : vtkMRMLScalarVolumeNode
        As for `show`.

    Returns
    -------
    bool
        Whether they had to be fitted, so that their sizes may not be final: then this is to be called again.

    Notes
    -----
    A view knows legends that are older than itself only after a person has chosen a volume in it
    (vtkMRMLColorLegendDisplayableManager::ProcessMRMLNodesEvents looks at the interaction flags): it is told so.
    """
    logics = _logics()
    if not is_shown():
        return False
    sizes = " ".join(str(logic.GetSliceNode().GetDimensions()) for logic in logics.values())
    to_fit = proxy.GetAttribute(_FITTED) != sizes
    if to_fit:
        offset = _offset(logics)
        views.fit(list(logics.values()))
        _scroll(logics, offset)
        proxy.SetAttribute(_FITTED, sizes)
    for logic in logics.values():
        composite = logic.GetSliceCompositeNode()
        composite.SetInteractionFlags(composite.ForegroundVolumeFlag)
        composite.Modified()
        composite.SetInteractionFlags(0)
    return to_fit


def scroll_as_before() -> None:
    """Scroll to the slice that the layout "Perfusion" shows."""
    _scroll(_logics(), _offset(views.slice_logics()))


def _logics():
    return views.slice_logics(COMPARISON_VIEWS)


def _offset(logics):
    return next((logic.GetSliceOffset() for logic in logics.values()), None)


def _scroll(logics, offset):
    for logic in logics.values():
        if offset is not None:
            logic.SetSliceOffset(offset)
