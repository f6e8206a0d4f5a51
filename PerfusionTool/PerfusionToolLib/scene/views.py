"""The layout "Perfusion": six linked slice views above a plot. Where there are no views, all of this does nothing."""

from __future__ import annotations

import numpy as np
import slicer

from .layout_text import describe_layout, rows_above_plot, slice_view
from .segments import show_only_in

LAYOUT = 70713
# The layout of `comparison_views`, which stands in for this one while a comparison is looked at.
COMPARISON_LAYOUT = 70714
SCAN_VIEW = "PerfusionScan"
PLOT_VIEW = "PerfusionCurves"
# Name of a map: the view that shows it until a person chooses another for it.
MAP_VIEWS = {name: f"Perfusion{name}" for name in ("CBF", "CBV", "MTT", "Tmax", "TTP")}
SLICE_VIEWS = (SCAN_VIEW, *MAP_VIEWS.values())
# Of `comparison_views`: the own map, its reference, their difference.
COMPARISON_VIEWS = ("PerfusionOwn", "PerfusionReference", "PerfusionDifference")
# Away from the small groups that other layouts use, so that only these six move together.
VIEW_GROUP = 707
COLOURS = {
    SCAN_VIEW: "#8C8C8C",
    "PerfusionCBF": "#E06C50",
    "PerfusionCBV": "#D9A441",
    "PerfusionMTT": "#6EB04B",
    "PerfusionTmax": "#4FA3C7",
    "PerfusionTTP": "#8C7AC7",
}
CT_WINDOW = (0.0, 80.0)
# CT stored without negative values has air at 0 and water here.
CT_OFFSET = 1024.0
_FORMER = "PerfusionTool.FormerLayout"
_FITTED = "PerfusionTool.Fitted"
_WINDOW = "PerfusionTool.ScanWindow"


def layout_description() -> str:
    """The layout in the XML of Slicer's layout manager."""
    rows = [SLICE_VIEWS[:3], SLICE_VIEWS[3:]]
    described = [[slice_view(name, _usual_label(name), COLOURS[name], VIEW_GROUP) for name in row] for row in rows]
    return rows_above_plot(described, PLOT_VIEW, "Curves")


def _usual_label(view):
    return view.removeprefix("Perfusion")


def register_layout() -> None:
    """Make the layout known, so that a scene saved in it opens in it."""
    layout = layout_node()
    if layout is not None:
        describe_layout(layout, LAYOUT, layout_description())


def enter_layout(former: str | None = None) -> None:
    """Show the layout; `leave_layout` brings back the former one.

    Parameters
    ----------
    former : str, optional
        What `former_layout` gave before the scene was closed, which forgets it.
    """
    layout = layout_node()
    if layout is None:
        return
    register_layout()
    if layout.GetViewArrangement() != LAYOUT:
        former = former or _other_layout(layout)
        layout.SetViewArrangement(LAYOUT)
    if former:
        layout.SetAttribute(_FORMER, former)
    link(slice_logics().values(), VIEW_GROUP)
    plot = plot_view()
    if plot is not None:
        plot.SetDoPropagatePlotChartSelection(False)


def _other_layout(layout):
    """The layout that is shown, unless it stands in for this one."""
    shown = layout.GetViewArrangement()
    return None if shown == COMPARISON_LAYOUT else str(shown)


def link(logics, group: int) -> None:
    """Let slice views be scrolled, zoomed and moved alike.

    Parameters
    ----------
    logics : iterable of vtkMRMLSliceLogic
    group : int
    """
    for logic in logics:
        logic.GetSliceNode().SetViewGroup(group)
        logic.GetSliceCompositeNode().SetLinkedControl(True)
        logic.GetSliceCompositeNode().SetHotLinkedControl(True)


def former_layout() -> str | None:
    """The layout that `leave_layout` would bring back."""
    layout = layout_node()
    return None if layout is None else layout.GetAttribute(_FORMER)


def leave_layout() -> None:
    """Show the layout that was there before, unless a person has chosen another meanwhile."""
    layout = layout_node()
    if layout is None:
        return
    former = layout.GetAttribute(_FORMER)
    if layout.GetViewArrangement() in (LAYOUT, COMPARISON_LAYOUT) and former:
        layout.SetViewArrangement(int(former))


def show_scan(proxy) -> None:
    """Show a scan behind all maps, and alone in its own view.

    Parameters
    ----------
    proxy : vtkMRMLScalarVolumeNode
        The volume that shows the frame of the scan that is scrolled to.
    """
    # In another scene, another scan may bear the same ID.
    new = not proxy.GetAttribute(_FITTED)
    for logic in slice_logics().values():
        composite = logic.GetSliceCompositeNode()
        new = new or composite.GetBackgroundVolumeID() != proxy.GetID()
        composite.SetBackgroundVolumeID(proxy.GetID())
    if new and slice_logics():
        fit_views()
        proxy.SetAttribute(_FITTED, "yes")


def show_map(view: str, name: str, volume) -> None:
    """Show a map in a view.

    Parameters
    ----------
    view : str
        Layout name of the view, one of `MAP_VIEWS`.
    name : str
        For the label of the view; "" where it is to show the scan alone.
    volume : vtkMRMLScalarVolumeNode or None
        Where None, the view shows the scan alone.
    """
    logic = slice_logics().get(view)
    if logic is not None:
        show_foreground(logic, name or _usual_label(SCAN_VIEW), volume)


def show_foreground(logic, label: str, volume) -> None:
    """Show a volume over what a slice view shows.

    Parameters
    ----------
    logic : vtkMRMLSliceLogic
    label : str
        Of the view.
    volume : vtkMRMLScalarVolumeNode or None
    """
    logic.GetSliceNode().SetLayoutLabel(label)
    composite, shown = logic.GetSliceCompositeNode(), volume.GetID() if volume is not None else None
    # The same map keeps the opacity that a person gave it.
    if composite.GetForegroundVolumeID() != shown:
        composite.SetForegroundVolumeID(shown)
        composite.SetForegroundOpacity(1.0)
    # Slicer looks for legends when a person chooses a volume, not when a program does.
    for legend in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode"):
        legend.Modified()


def show_overlays(segmentation) -> None:
    """Show segments in all views but those of maps.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
    """
    views = slicer.util.getNodesByClass("vtkMRMLAbstractViewNode")
    of_maps = {*MAP_VIEWS.values(), *COMPARISON_VIEWS}
    show_only_in(segmentation.GetDisplayNode(), [view for view in views if view.GetLayoutName() not in of_maps])


def show_chart(chart) -> None:
    """Show a chart in the layout's plot view.

    Parameters
    ----------
    chart : vtkMRMLPlotChartNode
    """
    plot = plot_view()
    if plot is not None:
        plot.SetPlotChartNodeID(chart.GetID())


def shows_chart() -> bool:
    """Whether the layout's plot view shows a chart."""
    plot = plot_view()
    return plot is not None and plot.GetPlotChartNode() is not None


def fit_views() -> None:
    """Turn the views into the plane of the scan's slices, fit them to it, all at the same slice."""
    fit(list(slice_logics().values()))


def fit(logics: list) -> None:
    """Turn some slice views into the plane of the slices of what they show behind; as `fit_views`.

    Parameters
    ----------
    logics : list of vtkMRMLSliceLogic
    """
    for logic in logics:
        volume = slicer.mrmlScene.GetNodeByID(logic.GetSliceCompositeNode().GetBackgroundVolumeID() or "")
        if volume is not None:
            logic.GetSliceNode().RotateToVolumePlane(volume)
        logic.FitSliceToBackground()
        logic.SnapSliceOffsetToIJK()
    _align(logics)


def centre_views(ras) -> None:
    """Scroll all views to the scan's slice that is nearest to a point.

    Parameters
    ----------
    ras : array_like of shape (3,)
        RAS mm.
    """
    logics = list(slice_logics().values())
    for logic in logics:
        logic.GetSliceNode().JumpSliceByOffsetting(*(float(value) for value in ras))
        # Between two slices the scan is interpolated, but maps and segments are not.
        logic.SnapSliceOffsetToIJK()
    _align(logics)


def set_scan_window(proxy, modality: str) -> None:
    """Give a scan the window for brain, once; what a person changes later stays.

    Parameters
    ----------
    proxy : vtkMRMLScalarVolumeNode
    modality : {"CT", "MR"}
    """
    if proxy.GetDisplayNode() is None:
        proxy.CreateDefaultDisplayNodes()
    display = proxy.GetDisplayNode()
    if display.GetAttribute(_WINDOW) == modality:
        return
    voxels = slicer.util.arrayFromVolume(proxy)
    low, high = scan_window(voxels[..., 0] if voxels.ndim > 3 else voxels, modality)
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(low, high)
    display.SetAttribute(_WINDOW, modality)


def scan_window(signal: np.ndarray, modality: str) -> tuple[float, float]:
    """The window in which a frame shows the brain.

    Parameters
    ----------
    signal : ndarray of shape (z, y, x)
    modality : {"CT", "MR"}

    Returns
    -------
    tuple of float
        Low and high. CT: 0 to 80 HU. MR: up to the 99.5th percentile of what is not background.
    """
    positive = signal[signal > 0]
    if modality == "CT":
        stored_with_offset = signal.min() >= 0 and positive.size and np.percentile(positive, 75) > CT_OFFSET / 2
        offset = CT_OFFSET if stored_with_offset else 0.0
        return CT_WINDOW[0] + offset, CT_WINDOW[1] + offset
    return (0.0, float(np.percentile(positive, 99.5))) if positive.size else (0.0, 1.0)


def _align(logics):
    for logic in logics[1:]:
        logic.SetSliceOffset(logics[0].GetSliceOffset())


def layout_node():
    """The node that says which layout is shown; None where there are no views."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")


def plot_view(name: str = PLOT_VIEW):
    """A plot view of a layout, or None."""
    return slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLPlotViewNode")


def slice_logics(names=SLICE_VIEWS) -> dict:
    """Logics of slice views that are there, by name.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    dict of str to vtkMRMLSliceLogic
    """
    application = slicer.app.applicationLogic()
    logics = {name: application.GetSliceLogicByLayoutName(name) for name in names}
    return {name: logic for name, logic in logics.items() if logic is not None}
