"""Curves as tables and charts of the scene."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk

ARTERY, VEIN, BRAIN, MEASURED = (0.9, 0.15, 0.15), (0.2, 0.4, 0.95), (0.8, 0.6, 0.0), (0.95, 0.55, 0.5)
TISSUE, FITTED, FAINT = (0.1, 0.5, 0.2), (0.8, 0.3, 0.6), (0.5, 0.5, 0.5)
CONCENTRATION_UNITS = {"CT": "HU", "MR": "1/s"}
BOLUS_UNITS = {"CT": "HU", "MR": "−ln(S/S0)"}
TIME_COLUMN = _("Time [s]")
# The legend stands at the upper right over the curves. So many curves fill the height of the view, and get a part of
# the time axis after their ends for it.
MANY_CURVES = 6
LEGEND_ROOM = 0.35
_SERIES = "PerfusionTool.Series"
_FLAT = "PerfusionTool.Flat"


class Curve(NamedTuple):
    """One curve of a chart.

    Parameters
    ----------
    name : str
        In the legend.
    x, y : ndarray of shape (n,)
        x increases, or is constant for an upright line.
    colour : tuple of float
        Red, green, blue.
    style : {"line", "points", "dots", "dashes", "thick"}
        Dots are small, for many points.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: tuple[float, float, float]
    style: str = "line"


# -- what the charts of a study show


def arterial_curves(times, used, measured=None, venous=None, brain=None) -> list[Curve]:
    """The arterial input in use, as measured, the venous output and the brain's mean.

    Parameters
    ----------
    times : ndarray of shape (t,)
        s.
    used : ndarray of shape (t,)
        Concentration.
    measured, venous, brain : ndarray of shape (t,), optional

    Returns
    -------
    list of Curve
    """
    curves = [Curve("AIF", times, used, ARTERY)]
    if measured is not None and not np.array_equal(measured, used):
        curves.append(Curve(_("AIF as measured"), times, measured, MEASURED, "points"))
    if venous is not None:
        curves.append(Curve("VOF", times, venous, VEIN))
    if brain is not None:
        curves.append(Curve(_("Brain mean"), times, brain, BRAIN))
    return curves


def bolus_curves(times, curve, arrival: int, baseline) -> list[Curve]:
    """The mean curve of the brain with its arrival and its baseline.

    Parameters
    ----------
    times : ndarray of shape (t,)
        s.
    curve : ndarray of shape (t,)
        Contrast in the brain.
    arrival : int
        First frame with contrast.
    baseline : ndarray of int
        Frames of the baseline.

    Returns
    -------
    list of Curve
    """
    ends = np.array([min(curve.min(), 0.0), curve.max()])
    return [
        Curve(_("Brain"), times, curve, BRAIN),
        Curve(_("Baseline"), times[baseline], curve[baseline], TISSUE, "points"),
        Curve(_("Arrival"), np.full(2, times[arrival]), ends, ARTERY, "dashes"),
    ]


def motion_curves(times, parameters, flagged) -> list[Curve]:
    """Shifts and turns of the head, with the frames that are not used.

    Parameters
    ----------
    times : ndarray of shape (t,)
        s.
    parameters : ndarray of shape (t, 6)
        Shifts along R, A, S in mm, turns about them in degrees.
    flagged : ndarray of bool, shape (t,)

    Returns
    -------
    list of Curve
    """
    names = [_("Shift {axis} [mm]").format(axis=axis) for axis in "RAS"]
    names += [_("Turn about {axis} [°]").format(axis=axis) for axis in "RAS"]
    colours = (ARTERY, TISSUE, VEIN) * 2
    curves = [
        Curve(name, times, values, colour, "line" if place < 3 else "dashes")
        for place, (name, values, colour) in enumerate(zip(names, parameters.T, colours, strict=True))
    ]
    if flagged.any():
        above = np.full(flagged.sum(), max(parameters.max(), 0.1))
        curves.append(Curve(_("Frame not used"), times[flagged], above, FAINT, "points"))
    return curves


def probe_curves(times, tissue, fitted=None) -> list[Curve]:
    """The curve of a voxel and what the deconvolution makes of it.

    Parameters
    ----------
    times : ndarray of shape (t,)
        s.
    tissue : ndarray of shape (t,)
        Concentration.
    fitted : ndarray of shape (t,), optional

    Returns
    -------
    list of Curve
    """
    curves = [Curve(_("Tissue"), times, tissue, TISSUE, "points")]
    if fitted is not None:
        curves.append(Curve(_("Fitted"), times, fitted, FITTED, "thick"))
    return curves


def residue_curve(times, residue, height: float) -> Curve:
    """A residue function beside the tissue curve: it has no unit there, so it is scaled to a height.

    Parameters
    ----------
    times : ndarray of shape (r,)
        s, from the arrival of the arterial input.
    residue : ndarray of shape (r,)
    height : float
        What its highest value becomes.

    Returns
    -------
    Curve
    """
    highest = float(np.max(np.abs(residue), initial=0.0))
    scaled = residue * (height / highest) if highest > 0 else residue
    return Curve(_("Residue (scaled)"), times, scaled, FAINT, "dashes")


def concentration_title(modality: str) -> str:
    """Title of an upright axis of concentration, with its unit.

    Parameters
    ----------
    modality : {"CT", "MR"}

    Returns
    -------
    str
    """
    return _("Concentration [{unit}]").format(unit=CONCENTRATION_UNITS[modality])


# -- tables and charts


def put_chart(table, chart, curves: list[Curve], name: str, y_title: str, scene, x_title: str = TIME_COLUMN):
    """Put curves into a table and a chart of the scene.

    Parameters
    ----------
    table : vtkMRMLTableNode or None
    chart : vtkMRMLPlotChartNode or None
        Both are updated in place, with the series that they have; made where None. Axes stay as a person set them.
    curves : list of Curve
        With different names.
    name : str
        For new nodes.
    y_title : str
        Of the upright axis, with its unit.
    scene : vtkMRMLScene
    x_title : str
        Of the level axis, with its unit; also of its columns in the table.

    Returns
    -------
    table : vtkMRMLTableNode
    chart : vtkMRMLPlotChartNode
    """
    if table is None:
        table = scene.AddNewNodeByClass("vtkMRMLTableNode", scene.GenerateUniqueName(name))
    if chart is None:
        chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", scene.GenerateUniqueName(f"{name} chart"))
        chart.SetTitleVisibility(False)
        _make_room_for_legend(chart, curves)
    unfinished = chart.StartModify()
    _fill_table(table, curves, x_title)
    chart.SetXAxisTitle(x_title)
    chart.SetYAxisTitle(y_title)
    _set_range(chart, curves)
    former = {series.GetAttribute(_SERIES): series for series in chart_series(chart)}
    kept = [_put_series(former.pop(c.name, None), table, c, _x_column(c, curves, x_title), scene) for c in curves]
    for series in former.values():
        scene.RemoveNode(series)
    if kept != chart_series(chart):
        chart.RemoveAllPlotSeriesNodeIDs()
        for series in kept:
            chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.EndModify(unfinished)
    return table, chart


def chart_series(chart) -> list:
    """The plot series of a chart, those that are there."""
    series = [chart.GetNthPlotSeriesNode(place) for place in range(chart.GetNumberOfPlotSeriesNodes())]
    return [node for node in series if node is not None]


def remove_chart(table, chart, scene) -> None:
    """Take a chart with its series and its table out of the scene.

    Parameters
    ----------
    table : vtkMRMLTableNode or None
    chart : vtkMRMLPlotChartNode or None
    scene : vtkMRMLScene
    """
    series = [] if chart is None else chart_series(chart)
    for node in (chart, *series, table):
        if node is not None:
            scene.RemoveNode(node)


def _make_room_for_legend(chart, curves):
    if len(curves) < MANY_CURVES:
        return
    first, last = min(curve.x.min() for curve in curves), max(curve.x.max() for curve in curves)
    chart.SetXAxisRangeAuto(False)
    chart.SetXAxisRange(first, last + LEGEND_ROOM * (last - first))


def _set_range(chart, curves):
    """Where nothing changes, an automatic axis would show rounding errors."""
    low, high = min(curve.y.min() for curve in curves), max(curve.y.max() for curve in curves)
    flat = high - low < 1e-6
    if flat:
        chart.SetYAxisRange(low - 1, high + 1)
    if flat or chart.GetAttribute(_FLAT):
        chart.SetYAxisRangeAuto(not flat)
        chart.SetAttribute(_FLAT, "yes" if flat else None)


def _fill_table(table, curves, x_title):
    """Curves with the same places share a column of them; shorter ones repeat their last point, which shows nothing."""
    rows = max(len(curve.x) for curve in curves)
    content = vtk.vtkTable()
    for curve in curves:
        x_column = _x_column(curve, curves, x_title)
        if content.GetColumnByName(x_column) is None:
            content.AddColumn(_column(x_column, curve.x, rows))
        content.AddColumn(_column(curve.name, curve.y, rows))
    table.SetAndObserveTable(content)


def _x_column(curve, curves, x_title):
    shared = np.array_equal(curve.x, curves[0].x)
    return x_title if shared else f"{x_title}, {curve.name}"


def _column(name, values, rows):
    values = np.asarray(values, float)
    column = numpy_to_vtk(np.concatenate([values, np.full(rows - len(values), values[-1])]), deep=True)
    column.SetName(name)
    return column


def _put_series(series, table, curve, x_column, scene):
    new = series is None
    if new:
        series = slicer.vtkMRMLPlotSeriesNode()
        series.SetName(curve.name)
        series.SetAttribute(_SERIES, curve.name)
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        series.SetColor(*curve.colour)
        _set_style(series, curve.style)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(x_column)
    series.SetYColumnName(curve.name)
    return scene.AddNode(series) if new else series


def _set_style(series, style):
    lines = {"points": series.LineStyleNone, "dots": series.LineStyleNone, "dashes": series.LineStyleDash}
    line = lines.get(style, series.LineStyleSolid)
    series.SetLineStyle(line)
    series.SetLineWidth(4 if style == "thick" else 2)
    marked = style in ("line", "points", "dots")
    series.SetMarkerStyle(series.MarkerStyleCircle if marked else series.MarkerStyleNone)
    series.SetMarkerSize({"points": 9, "dots": 3}.get(style, 5))
