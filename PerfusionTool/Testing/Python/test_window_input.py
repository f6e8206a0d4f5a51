"""Keyboard and mouse over the whole window: where Tab goes, and that the six views move as one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("PySide6")

import module_window
from PySide6 import QtCore, QtTest, QtWidgets

open_window, window = module_window.open_window, module_window.window
reopened = module_window.reopened
Button = QtCore.Qt.MouseButton
VIEWS = ("PerfusionScan", "PerfusionCBF", "PerfusionCBV", "PerfusionMTT", "PerfusionTmax", "PerfusionTTP")
MOST_WIDGETS = 300


def open_sections(window, opened=True):
    for panel in window.panel.panels.values():
        panel.section.collapsed = not opened
    window.settle()


def tab_stops(window):
    """The widgets of the panel that Tab comes through from the list of scans on, until it leaves the panel."""
    from slicerhost.mouse import wait
    from slicerhost.pythonqt import unwrap

    root, stops = unwrap(window.widget.parent), []
    root.window().activateWindow()
    first = unwrap(window.ui.scanSelector).findChild(QtWidgets.QComboBox)
    first.setFocus()
    wait(lambda: QtWidgets.QApplication.focusWidget() is first)
    for _ in range(MOST_WIDGETS):
        widget = QtWidgets.QApplication.focusWidget()
        if widget in stops or not root.isAncestorOf(widget):
            return stops
        stops.append(widget)
        QtTest.QTest.keyClick(widget, QtCore.Qt.Key.Key_Tab)
    raise AssertionError("Tab does not leave the panel.")


def rows_from_top(window, widgets):
    """Where the middles of widgets are, from the top of the panel."""
    from slicerhost.pythonqt import unwrap

    root = unwrap(window.widget.parent)
    return [widget.mapTo(root, QtCore.QPoint(0, 12)) for widget in widgets]


def could_take_focus(window):
    """All widgets of the panel that a person sees, can use and would expect Tab to come to."""
    from slicerhost.pythonqt import unwrap

    by_tab = QtCore.Qt.FocusPolicy.TabFocus
    return {
        widget
        for widget in unwrap(window.widget.parent).findChildren(QtWidgets.QWidget)
        if widget.focusPolicy() & by_tab and widget.isVisible() and widget.isEnabled() and not widget.focusProxy()
    }


def state_of(window):
    """Slice in mm, width shown in mm, and by how much it is panned, of all views."""
    nodes = [window.view(name).mrmlSliceNode() for name in VIEWS]
    return [(node.GetSliceOffset(), node.GetFieldOfView()[0], *node.GetXYZOrigin()[:2]) for node in nodes]


def assert_alike(window):
    """All views show the same slice at the same scale, panned alike."""
    states = state_of(window)
    np.testing.assert_allclose(states, states[:1] * len(states), atol=0.01)


@pytest.mark.parametrize("finished", [False, True], ids=["nothing computed", "maps there"])
def test_tab_goes_through_the_panel_from_top_to_bottom(finished, request):
    window = request.getfixturevalue("reopened" if finished else "window")
    open_sections(window)
    places = rows_from_top(window, tab_stops(window))
    for before, after in pairwise(places):
        same_row = abs(after.y() - before.y()) < 12
        assert after.x() > before.x() if same_row else after.y() > before.y()


def test_tab_leaves_out_nothing_that_can_be_used_and_stops_at_nothing_that_cannot(reopened):
    open_sections(reopened)
    stops = set(tab_stops(reopened))
    assert stops == could_take_focus(reopened)
    assert len(stops) > 40


def test_tab_passes_by_what_is_in_closed_sections(window):
    from slicerhost.pythonqt import unwrap

    open_sections(window)
    everything = len(tab_stops(window))
    open_sections(window, opened=False)
    stops = tab_stops(window)
    assert len(stops) < everything / 2
    assert {unwrap(panel.section) for panel in window.panel.panels.values()} <= set(stops)


def test_the_wheel_scrolls_all_six_views_by_a_slice(reopened):
    from slicerhost.mouse import scroll_view

    before = state_of(reopened)
    scroll_view(reopened.view("PerfusionCBV"), 1)
    after = state_of(reopened)
    assert [new[0] - old[0] for old, new in zip(before, after, strict=True)] == pytest.approx([8.0] * 6)
    assert_alike(reopened)


def test_a_drag_with_the_right_button_zooms_all_six_views(reopened):
    from slicerhost.mouse import drag_view

    start, before = centre_of(reopened), state_of(reopened)
    drag_view(reopened.view("PerfusionMTT"), start, np.add(start, [0, 40, 0]), button=Button.RightButton)
    scales = [new[1] / old[1] for old, new in zip(before, state_of(reopened), strict=True)]
    assert abs(np.log(scales[0])) > 0.1
    assert scales == pytest.approx([scales[0]] * 6, rel=0.01)
    assert_alike(reopened)


def test_a_drag_with_the_middle_button_pans_all_six_views(reopened):
    from slicerhost.mouse import drag_view

    start, before = centre_of(reopened), state_of(reopened)
    drag_view(reopened.view("PerfusionTTP"), start, np.add(start, [30, 20, 0]), button=Button.MiddleButton)
    moved = np.subtract(state_of(reopened), before)[:, 2:]
    assert np.abs(moved[0]).min() > 10
    assert_alike(reopened)


def centre_of(window):
    """The middle of what the views show, RAS mm."""
    to_ras = window.view().mrmlSliceNode().GetSliceToRAS()
    return np.array([to_ras.GetElement(row, 3) for row in range(3)])
