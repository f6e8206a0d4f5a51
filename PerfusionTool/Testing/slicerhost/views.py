"""Slice and plot views, drawn off screen by VTK and painted as pictures.

A slice view is Slicer's own: its slice logic, displayable managers and interactor style. The plot view is a stand-in
drawing of the chart node with the chart of VTK that Slicer uses, too.
"""

# ruff: noqa: N801, N802 - Slicer's own names

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from .widgets import host, qMRMLWidget

MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLScalarBarDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
)
BUTTONS = {
    QtCore.Qt.MouseButton.LeftButton: "Left",
    QtCore.Qt.MouseButton.MiddleButton: "Middle",
    QtCore.Qt.MouseButton.RightButton: "Right",
}


class DrawnView(QtWidgets.QWidget):
    """A render window behind a widget: draws when asked and shown, hands mouse events on."""

    def __init__(self, window, parent=None):
        super().__init__(parent)
        self._window, self._picture = window, None
        window.SetOffScreenRendering(True)
        window.SetShowWindow(False)
        window.SetMultiSamples(0)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(window)
        self._timer = QtCore.QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.repaint)
        self.setMinimumSize(80, 60)
        self.setMouseTracking(True)
        slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.EndBatchProcessEvent, self._batch_done)

    def _batch_done(self, *_event):
        self._request()

    def _request(self):
        if self.isVisible():
            self._timer.start()

    def repaint(self):
        """Draw now."""
        if not self.isVisible() or slicer.mrmlScene.IsBatchProcessing():
            return
        self._window.Render()
        width, height = self._window.GetSize()
        pixels = vtk.vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, pixels)
        picture = QtGui.QImage(memoryview(pixels), width, height, 4 * width, QtGui.QImage.Format.Format_RGBX8888)
        self._picture = picture.flipped(QtCore.Qt.Orientation.Vertical)
        super().repaint()

    def paintEvent(self, _event):
        if self._picture is not None:
            QtGui.QPainter(self).drawImage(0, 0, self._picture)

    def resizeEvent(self, event):
        size = event.size().width(), event.size().height()
        self._window.SetSize(*size)
        self._interactor.UpdateSize(*size)
        self._request()

    def showEvent(self, _event):
        self._request()

    def mousePressEvent(self, event):
        self._send(event, f"{BUTTONS.get(event.button(), 'Left')}ButtonPressEvent")

    def mouseReleaseEvent(self, event):
        self._send(event, f"{BUTTONS.get(event.button(), 'Left')}ButtonReleaseEvent")

    def mouseMoveEvent(self, event):
        self._send(event, "MouseMoveEvent")

    def wheelEvent(self, event):
        self._send(event, f"MouseWheel{'Forward' if event.angleDelta().y() > 0 else 'Backward'}Event")

    def enterEvent(self, event):
        self._send(event, "EnterEvent")

    def leaveEvent(self, _event):
        self._interactor.InvokeEvent("LeaveEvent")

    def _send(self, event, name):
        keys, place = event.modifiers(), event.position()
        control, shift = (bool(keys & key) for key in (QtCore.Qt.ControlModifier, QtCore.Qt.ShiftModifier))
        x, y = int(place.x()), self.height() - 1 - int(place.y())
        self._interactor.SetEventInformation(x, y, control, shift, "\0", 0, None)
        self._interactor.InvokeEvent(name)


@host
class qMRMLSliceView(DrawnView):
    """A genuine slice view, drawn off screen."""

    def __init__(self, node, logic, parent=None):
        super().__init__(vtk.vtkRenderWindow(), parent)
        self._node, self._logic = node, logic
        self._renderer, self._image = self._make_renderer(), None
        self._slice, self._slice_mapper = vtk.vtkActor2D(), vtk.vtkImageMapper()
        self._slice_mapper.SetColorWindow(255)
        self._slice_mapper.SetColorLevel(127.5)
        self._slice.SetMapper(self._slice_mapper)
        self._slice.GetProperty().SetDisplayLocationToBackground()
        self._managers = self._make_managers()
        self._style = slicer.vtkMRMLSliceViewInteractorStyle()
        self._style.SetSliceLogic(logic)
        self._style.SetDisplayableManagers(self._managers)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self._style.SetInteractor(self._interactor)
        self._interactor.Initialize()
        logic.AddObserver("ModifiedEvent", self._show_slice)
        self._show_slice()

    def mrmlSliceNode(self):
        return self._node

    def resizeEvent(self, event):
        super().resizeEvent(event)
        self._logic.ResizeSliceNode(event.size().width(), event.size().height())

    def _batch_done(self, *_event):
        """A scene that was closed or opened leaves the slice node with another size."""
        self._logic.ResizeSliceNode(self.width(), self.height())
        super()._batch_done()

    def _make_renderer(self):
        renderer = vtk.vtkRenderer()
        renderer.GetActiveCamera().ParallelProjectionOn()
        self._window.AddRenderer(renderer)
        return renderer

    def _make_managers(self):
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        for name in MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        managers = slicer.vtkMRMLDisplayableManagerGroup()
        managers.SetRenderer(self._renderer)
        managers.Initialize(factory, self._renderer)
        managers.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *_event: self._request())
        managers.SetMRMLDisplayableNode(self._node)
        return managers

    def _show_slice(self, *_event):
        image = self._logic.GetImageDataConnection()
        if image and not self._renderer.HasViewProp(self._slice):
            self._renderer.AddViewProp(self._slice)
        if image is not self._image:
            self._image = image
            self._slice_mapper.SetInputConnection(image)
        self._slice.SetVisibility(bool(image))
        self._request()


@host
class qMRMLSliceWidget(qMRMLWidget):
    """A slice view under a line with its label and place."""

    def __init__(self, node, parent=None):
        super().__init__(parent)
        self._logic = make_slice_logic(node)
        self._title = QtWidgets.QLabel()
        self._view = qMRMLSliceView(node, self._logic)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._title)
        column.addWidget(self._view, 1)
        node.AddObserver("ModifiedEvent", self._fill_title)
        self.setMRMLScene(slicer.mrmlScene)
        self._fill_title()

    def sliceView(self):
        return self._view

    def sliceLogic(self):
        return self._logic

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def fitSliceToBackground(self):
        self._logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.ResetFieldOfViewFlag)
        self._logic.FitSliceToBackground()
        self.mrmlSliceNode().UpdateMatrices()
        self._logic.EndSliceNodeInteraction()

    def _fill_title(self, *_event):
        node = self.mrmlSliceNode()
        red, green, blue = (round(255 * part) for part in node.GetLayoutColor())
        self._title.setText(f" {node.GetLayoutLabel()}    {node.GetOrientation()} {node.GetSliceOffset():.1f} mm")
        self._title.setStyleSheet(f"background: rgb({red}, {green}, {blue}); color: black")


def make_slice_logic(node):
    """The slice logic of a node, known to the application."""
    logic = slicer.vtkMRMLSliceLogic()
    application_logic = slicer.app.applicationLogic()
    logic.SetMRMLApplicationLogic(application_logic)
    application_logic.GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(slicer.mrmlScene)
    logic.SetSliceNode(node)
    return logic


@host
class qMRMLPlotView(DrawnView):
    """A chart node as a stand-in drawing."""

    def __init__(self, node, parent=None):
        self._context = vtk.vtkContextView()
        super().__init__(self._context.GetRenderWindow(), parent)
        self._node, self._shown, self._observer, self._stale = node, None, None, True
        self._chart = vtk.vtkChartXY()
        self._context.GetScene().AddItem(self._chart)
        self._context.GetRenderer().SetBackground(1, 1, 1)
        node.AddObserver("ModifiedEvent", self._chart_chosen)
        node.AddObserver(node.PlotChartNodeChangedEvent, self._chart_chosen)
        self._chart_chosen()

    def repaint(self):
        if self._stale and self.isVisible():
            self._stale = False
            draw_chart(self._chart, self._shown)
        super().repaint()

    def _chart_chosen(self, *_event):
        chart = self._node.GetPlotChartNode()
        if chart is not self._shown:
            if self._shown is not None:
                self._shown.RemoveObserver(self._observer)
            self._shown = chart
            self._observer = chart and chart.AddObserver("ModifiedEvent", self._chart_changed)
        self._chart_changed()

    def _chart_changed(self, *_event):
        self._stale = True
        self._request()


@host
class qMRMLPlotWidget(qMRMLWidget):
    """A plot view; the line with its controls is not made."""

    def __init__(self, node, parent=None):
        super().__init__(parent)
        self._view = qMRMLPlotView(node)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._view)
        self.setMRMLScene(slicer.mrmlScene)

    def plotView(self):
        return self._view

    def mrmlPlotViewNode(self):
        return self._view._node


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
        draw_axis(chart.GetAxis(side), node, letter)
    chart.RecalculateBounds()


def draw_axis(axis, node, letter):
    """Title, range and fonts of the X or Y axis."""

    def of_node(member):
        return getattr(node, f"Get{letter}Axis{member}")()

    axis.SetTitle((of_node("Title") or "") if of_node("TitleVisibility") else "")
    axis.GetTitleProperties().SetFontSize(node.GetAxisTitleFontSize())
    axis.GetLabelProperties().SetFontSize(node.GetAxisLabelFontSize())
    axis.GetTitleProperties().SetBold(False)
    axis.SetGridVisible(node.GetGridVisibility())
    axis.SetBehavior(axis.AUTO if of_node("RangeAuto") else axis.FIXED)
    if not of_node("RangeAuto"):
        axis.SetRange(*of_node("Range"))


def add_plot(chart, series):
    """One plot series; a series without its columns is left out, as Slicer does."""
    table = series and series.GetTableNode() and series.GetTableNode().GetTable()
    if not table or not table.GetColumnByName(series.GetYColumnName()):
        return
    by_column = series.IsXColumnRequired()
    if by_column and not table.GetColumnByName(series.GetXColumnName()):
        return
    bar = series.GetPlotType() in (series.PlotTypeBar, series.PlotTypeScatterBar)
    plot = chart.AddPlot(vtk.vtkChart.BAR if bar else vtk.vtkChart.LINE)
    plot.SetUseIndexForXSeries(not by_column)
    plot.SetInputData(table, series.GetXColumnName() if by_column else series.GetYColumnName(), series.GetYColumnName())
    plot.SetLabel(series.GetName())
    plot.SetColorF(*series.GetColor())
    plot.SetOpacity(series.GetOpacity())
    plot.SetWidth(series.GetLineWidth())
    if not bar:
        plot.GetPen().SetLineType(series.GetLineStyle())
        plot.SetMarkerStyle(series.GetMarkerStyle())
        plot.SetMarkerSize(series.GetMarkerSize())
