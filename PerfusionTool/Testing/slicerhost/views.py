"""Slice views, Slicer's own: its slice logic, displayable managers and interactor style, drawn off screen by VTK."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from .application import getter
from .widgets import host

# Of Slicer's displayable managers, those of what the module shows.
MANAGERS = (
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
)
Type = QtCore.QEvent.Type
# Event of Qt: event of VTK; a button, or the direction of the wheel, goes between its two parts.
EVENTS = {
    Type.MouseButtonPress: ("", "ButtonPressEvent"),
    Type.MouseButtonRelease: ("", "ButtonReleaseEvent"),
    Type.MouseMove: ("MouseMove", "Event"),
    Type.Wheel: ("MouseWheel", "Event"),
    Type.Enter: ("Enter", "Event"),
    Type.Leave: ("Leave", "Event"),
}


class DrawnView(QtWidgets.QWidget):
    """A render window behind a widget: draws when asked and shown, hands mouse events on."""

    def __init__(self, window):
        super().__init__()
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

    def _request(self, *_event):
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

    def event(self, event):
        if event.type() not in EVENTS:
            return super().event(event)
        if isinstance(event, QtGui.QSinglePointEvent):
            keys, place = event.modifiers(), event.position()
            control, shift = (bool(keys & key) for key in (QtCore.Qt.ControlModifier, QtCore.Qt.ShiftModifier))
            x, y = int(place.x()), self.height() - 1 - int(place.y())
            self._interactor.SetEventInformation(x, y, control, shift, "\0", 0, None)
        first, last = EVENTS[event.type()]
        self._interactor.InvokeEvent(f"{first}{self._detail(event)}{last}")
        return True

    def _detail(self, event):
        if event.type() == Type.Wheel:
            return "Forward" if event.angleDelta().y() > 0 else "Backward"
        return event.button().name.removesuffix("Button") if "Button" in event.type().name else ""


@host
class qMRMLSliceView(DrawnView):
    """A genuine slice view, drawn off screen."""

    mrmlSliceNode = getter("_node")

    def __init__(self, node, logic):
        super().__init__(vtk.vtkRenderWindow())
        self._node, self._logic = node, logic
        self._renderer, self._image = vtk.vtkRenderer(), None
        self._renderer.GetActiveCamera().ParallelProjectionOn()
        self._window.AddRenderer(self._renderer)
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

    def resizeEvent(self, event):
        super().resizeEvent(event)
        self._logic.ResizeSliceNode(event.size().width(), event.size().height())

    def _batch_done(self, *_event):
        """A scene that was closed or opened leaves the slice node with another size."""
        self._logic.ResizeSliceNode(self.width(), self.height())
        self._request()

    def _make_managers(self):
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        for name in MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        managers = slicer.vtkMRMLDisplayableManagerGroup()
        managers.SetRenderer(self._renderer)
        managers.Initialize(factory, self._renderer)
        managers.AddObserver(vtk.vtkCommand.UpdateEvent, self._request)
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
class qMRMLSliceWidget(QtWidgets.QWidget):
    """A slice view under a line with its label and place."""

    sliceView, sliceLogic = getter("_view"), getter("_logic")

    def __init__(self, node):
        super().__init__()
        self._logic = make_slice_logic(node)
        self._title = QtWidgets.QLabel()
        self._view = qMRMLSliceView(node, self._logic)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._title)
        column.addWidget(self._view, 1)
        node.AddObserver("ModifiedEvent", self._fill_title)
        self._fill_title()

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def _fill_title(self, *_event):
        node = self.mrmlSliceNode()
        colour = QtGui.QColor.fromRgbF(*node.GetLayoutColor()).name()
        self._title.setText(f" {node.GetLayoutLabel()}    {node.GetOrientation()} {node.GetSliceOffset():.1f} mm")
        self._title.setStyleSheet(f"background: {colour}; color: black")


def make_slice_logic(node):
    """The slice logic of a node, known to the application."""
    logic = slicer.vtkMRMLSliceLogic()
    application_logic = slicer.app.applicationLogic()
    logic.SetMRMLApplicationLogic(application_logic)
    application_logic.GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(slicer.mrmlScene)
    logic.SetSliceNode(node)
    return logic
