"""What a person does: click, drag, hover, wait; and pictures of what a person would see."""

from __future__ import annotations

import time

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtTest, QtWidgets

from .pythonqt import unwrap, wrap
from .views import DrawnView
from .widgets import add_row

Button, Key, Type = QtCore.Qt.MouseButton, QtCore.Qt.KeyboardModifier, QtCore.QEvent.Type
PANEL_WIDTH = 460
MARGIN = 40
_shown = []  # the window, as nothing else keeps it


def click(widget, place=None):
    """Click a widget with the left button, at a place in it or near its left edge at the top, where its title is."""
    target = unwrap(widget)
    if not (target.isVisible() and target.isEnabled()):
        raise RuntimeError(f"{type(target).__name__} '{target.objectName()}' is hidden or disabled.")
    place = QtCore.QPoint(*(place or (12, min(12, target.height() // 2))))
    QtTest.QTest.mouseClick(target, Button.LeftButton, Key.NoModifier, place)


def choose(combo_box, text):
    """Choose an entry of a combo box or node selector by its text, as a person does."""
    target = unwrap(combo_box)
    entries = target if isinstance(target, QtWidgets.QComboBox) else target.findChild(QtWidgets.QComboBox)
    index = entries.findText(text)
    if index < 0 or not target.isEnabled():
        raise RuntimeError(f"'{text}' cannot be chosen.")
    entries.setCurrentIndex(index)
    entries.activated.emit(index)


def wait(until=None, seconds=10.0):
    """Let events happen until a condition holds (else TimeoutError); without one, for that many seconds."""
    end = time.monotonic() + seconds
    while not (until and until()):
        QtTest.QTest.qWait(5)
        if time.monotonic() > end:
            if until is None:
                return
            raise TimeoutError(f"Nothing came of {until} in {seconds:g} s.")


def click_view(slice_widget, ras):
    """Click on a place in a slice view."""
    drag_view(slice_widget, ras, ras, steps=0)


def drag_view(slice_widget, start, end, steps=5, button=Button.LeftButton):
    """Drag from one place in a slice view to another."""
    hover_view(slice_widget, start)
    # What is dragged may move the view: places are where they were at the start.
    view = unwrap(slice_widget).sliceView()
    first, last = place_in_view(view, start), place_in_view(view, end)
    send(view, first, Type.MouseButtonPress, button, button)
    for step in range(1, steps + 1):
        send(view, first + (last - first) * step / steps, Type.MouseMove, held=button)
    send(view, last, Type.MouseButtonRelease, button)


def hover_view(slice_widget, ras, shift=False):
    """Move the mouse to a place in a slice view, after scrolling to the slice nearest to it."""
    view, logic = unwrap(slice_widget).sliceView(), unwrap(slice_widget).sliceLogic()
    if not view.isVisible():
        raise RuntimeError("The slice view is hidden.")
    logic.StartSliceOffsetInteraction()
    view.mrmlSliceNode().JumpSliceByOffsetting(*ras)
    logic.SnapSliceOffsetToIJK()
    logic.EndSliceOffsetInteraction()
    send(view, place_in_view(view, ras), Type.MouseMove, keys=Key.ShiftModifier if shift else Key.NoModifier)


def scroll_view(slice_widget, notches):
    """Turn the wheel over the middle of a slice view."""
    view = unwrap(slice_widget).sliceView()
    place, still = QtCore.QPointF(view.rect().center()), QtCore.QPoint()
    turn, phase = QtCore.QPoint(0, 120 if notches > 0 else -120), QtCore.Qt.ScrollPhase.NoScrollPhase
    for _ in range(abs(notches)):
        event = QtGui.QWheelEvent(
            place, view.mapToGlobal(place), still, turn, Button.NoButton, Key.NoModifier, phase, False
        )
        QtWidgets.QApplication.sendEvent(view, event)
    wait(seconds=0)


def send(view, place, kind, changed=Button.NoButton, held=Button.NoButton, keys=Key.NoModifier):
    """Send one mouse event to a slice view and let its effects happen."""
    QtWidgets.QApplication.sendEvent(view, QtGui.QMouseEvent(kind, place, view.mapToGlobal(place), changed, held, keys))
    wait(seconds=0)


def place_in_view(view, ras):
    """Where a place in the scene is in a slice view, in its pixels from the top left."""
    ras_to_xy = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(view.mrmlSliceNode().GetXYToRAS(), ras_to_xy)
    x, y = ras_to_xy.MultiplyPoint((*ras, 1.0))[:2]
    return QtCore.QPointF(x + 0.5, view.height() - 1 - y + 0.5)


def window(panel=None, size=(1500, 900)):
    """A window with the module's panel at the left and the views at the right."""
    frame = QtWidgets.QWidget()
    frame.setWindowTitle("PerfusionTool in a stand-in, not Slicer")
    add_row(frame)
    if panel is not None:
        scroll = QtWidgets.QScrollArea(widgetResizable=True)
        scroll.setWidget(unwrap(panel))
        scroll.setFixedWidth(max(PANEL_WIDTH, scroll.widget().minimumSizeHint().width() + 24))
        frame.layout().addWidget(scroll)
    frame.layout().addWidget(unwrap(slicer.app.layoutManager().viewport()), 1)
    frame.resize(*size)
    frame.show()
    _shown[:] = [frame]
    wait(seconds=0.1)
    return wrap(frame)


def scroll_panel(widget):
    """Scroll the panel of `window` down, until a widget in it is at the top or the panel ends."""
    target = unwrap(widget)
    (scroll,) = _shown[0].findChildren(QtWidgets.QScrollArea, options=QtCore.Qt.FindChildOption.FindDirectChildrenOnly)
    place = target.mapTo(scroll.widget(), QtCore.QPoint(0, 0))
    scroll.verticalScrollBar().setValue(place.y() - MARGIN)


def grab(widget, path):
    """Save a picture of a widget with its views drawn anew."""
    target = unwrap(widget)
    wait(seconds=0.05)
    for view in [target, *target.findChildren(QtWidgets.QWidget)]:
        if isinstance(view, DrawnView):
            view.repaint()
    if not target.grab().save(str(path)):
        raise OSError(f"Cannot write {path}.")
