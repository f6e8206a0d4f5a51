"""Plot views: a chart node drawn by the chart of VTK that Slicer uses, too."""

from __future__ import annotations

import vtk
from PySide6 import QtWidgets

from .views import DrawnView
from .widgets import add_row, host


@host
class qMRMLPlotView(DrawnView):
    """A chart node as a stand-in drawing."""

    def __init__(self, node):
        self._context = vtk.vtkContextView()
        super().__init__(self._context.GetRenderWindow())
        self._node, self._stale, self._chart = node, True, vtk.vtkChartXY()
        self._context.GetScene().AddItem(self._chart)
        self._context.GetRenderer().SetBackground(1, 1, 1)
        # The node tells also when its chart, or what is drawn in it, has changed.
        node.AddObserver(node.PlotChartNodeChangedEvent, self._chart_changed)

    def repaint(self):
        if self._stale and self.isVisible():
            self._stale = False
            draw_chart(self._chart, self._node.GetPlotChartNode())
        super().repaint()

    def _chart_changed(self, *_event):
        self._stale = True
        self._request()


@host
class qMRMLPlotWidget(QtWidgets.QWidget):
    """A plot view; the line with its controls is not made."""

    def __init__(self, node):
        super().__init__()
        add_row(self, qMRMLPlotView(node))


def draw_chart(chart, node):
    """Fill VTK's chart from a chart node; None empties it."""
    chart.ClearPlots()
    chart.SetTitle("")
    if node is None:
        return
    for index in range(node.GetNumberOfPlotSeriesNodes()):
        add_plot(chart, node.GetNthPlotSeriesNode(index))
    chart.SetTitle((node.GetTitle() or "") if node.GetTitleVisibility() else "")
    chart.GetTitleProperties().SetFontSize(node.GetTitleFontSize())
    chart.SetShowLegend(node.GetLegendVisibility())
    chart.GetLegend().GetLabelProperties().SetFontSize(node.GetLegendFontSize())
    for side, letter in ((vtk.vtkAxis.BOTTOM, "X"), (vtk.vtkAxis.LEFT, "Y")):
        title, automatic, limits = (getattr(node, f"Get{letter}Axis{of}")() for of in ("Title", "RangeAuto", "Range"))
        draw_axis(chart.GetAxis(side), node, title, automatic, limits)
    chart.RecalculateBounds()


def draw_axis(axis, node, title, automatic, limits):
    """Title, range and fonts of an axis."""
    axis.SetTitle(title or "")
    axis.GetTitleProperties().SetFontSize(node.GetAxisTitleFontSize())
    axis.GetLabelProperties().SetFontSize(node.GetAxisLabelFontSize())
    axis.GetTitleProperties().SetBold(False)
    axis.SetGridVisible(node.GetGridVisibility())
    axis.SetBehavior(axis.AUTO if automatic else axis.FIXED)
    if not automatic:
        axis.SetRange(*limits)


def add_plot(chart, series):
    """One plot series; a series without its columns is left out, as Slicer does."""
    table = series and series.GetTableNode() and series.GetTableNode().GetTable()
    if not table or not table.GetColumnByName(series.GetYColumnName()):
        return
    if not series.IsXColumnRequired():
        raise NotImplementedError("The stand-in draws scatter plots only.")
    if not table.GetColumnByName(series.GetXColumnName()):
        return
    plot = chart.AddPlot(vtk.vtkChart.LINE)
    plot.SetInputData(table, series.GetXColumnName(), series.GetYColumnName())
    plot.SetLabel(series.GetName())
    plot.SetColorF(*series.GetColor())
    plot.SetOpacity(series.GetOpacity())
    plot.SetWidth(series.GetLineWidth())
    plot.GetPen().SetLineType(series.GetLineStyle())
    plot.SetMarkerStyle(series.GetMarkerStyle())
    plot.SetMarkerSize(series.GetMarkerSize())
