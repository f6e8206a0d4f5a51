"""The module opened in the stand-in beside genuine slice views, for tests that use the mouse as a person does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}
MAPS = ("mapCBF", "mapCBV", "mapMTT", "mapTmax", "mapTTP")
SIZE = (1000, 720)
FORMER_LAYOUT = 3  # four views
_saved = []


@dataclass
class Window:
    """The module's window; what it holds is looked up anew each time, as a reload makes all of it again."""

    opened: object

    @property
    def widget(self):
        import slicer

        return slicer.util.getModuleWidget("PerfusionTool")

    @property
    def panel(self):
        return self.widget.panel

    @property
    def ui(self):
        return self.panel.ui

    @property
    def study(self):
        return self.panel.work.study

    @property
    def parameters(self):
        return self.panel.work.parameters

    @property
    def running(self):
        return self.panel.runner.running

    def section(self, name):
        """The panel of a step."""
        return self.panel.panels[name]

    def view(self, name="PerfusionScan"):
        """A slice view of the layout."""
        import slicer

        return slicer.app.layoutManager().sliceWidget(name)

    def settle(self, seconds=60):
        """Let coalesced events be answered, and the work that follows them end."""
        from slicerhost.mouse import wait

        wait(seconds=0.06)
        wait(lambda: not self.running, seconds)
        wait(seconds=0.02)
        assert "should not" not in self.ui.messageLabel.text

    def compute(self):
        """Press the button and wait for the end."""
        self.start()
        self.settle()

    def start(self):
        """Press the button; the work is under way afterwards."""
        from slicerhost.mouse import click

        click(self.ui.computeButton)
        assert self.running

    def run_to(self, stage):
        """Let the work come as far as a stage of the analysis."""
        from slicerhost.mouse import wait

        wait(lambda: stage in getattr(self.study.analysis, "stages_done", ()))
        assert self.running

    def open_only(self, name):
        """Open one section, close the others."""
        for step, panel in self.panel.panels.items():
            panel.section.collapsed = step != name
        self.settle()

    def candidates(self):
        """The rows of the table of candidates, in its order."""
        return list(self.section("arterial_input").table._rows)

    def click_candidate(self, row):
        """Click a row of the table of candidates."""
        from slicerhost.mouse import click
        from slicerhost.pythonqt import unwrap, wrap

        self.open_only("arterial_input")
        table = unwrap(self.section("arterial_input").table.widget)
        table.scrollToItem(table.item(row, 1))
        place = table.visualItemRect(table.item(row, 1)).center()
        click(wrap(table.viewport()), (place.x(), place.y()))
        self.settle()

    def click_seed(self, ras, view="PerfusionScan"):
        """Click "Place seed", then a place in a view."""
        from slicerhost.mouse import click, click_view

        self.open_only("arterial_input")
        click(self.section("arterial_input").seed_button)
        click_view(self.view(view), ras)
        self.settle()

    def click_button(self, step, button):
        """Open a section and click one of its buttons."""
        from slicerhost.mouse import click

        self.open_only(step)
        click(getattr(self.section(step), button))
        self.settle()

    def sees(self, label, text):
        """Whether a person has a text of a label before the eyes: shown, and not scrolled out of sight."""
        from slicerhost.pythonqt import unwrap

        return text in label.text and not unwrap(label).visibleRegion().isEmpty()


@pytest.fixture
def open_window(application):
    """Opens the module as a click in the menu does."""
    from tour.opening import open_module

    application.layoutManager().setLayout(FORMER_LAYOUT)
    made = []

    def open_window():
        made.append(Window(open_module(SIZE)))
        made[-1].settle()
        return made[-1]

    yield open_window
    for window in made:
        window.widget.parent.exit()
        window.opened.window.hide()


@pytest.fixture
def window(open_window):
    """The open module in an empty scene; it does not search for motion, which takes most of the time."""
    window = open_window()
    window.parameters.motion_correction = False
    return window


@pytest.fixture
def reopened(window, tmp_path_factory):
    """The open module after a scene with finished maps was opened: nothing of it is in memory."""
    import slicer

    if not _saved:
        path = tmp_path_factory.mktemp("study") / "study.mrb"
        add_scan()
        window.settle()
        window.compute()
        assert slicer.util.saveScene(str(path))
        slicer.mrmlScene.Clear(False)
        _saved.append(path)
    slicer.util.loadScene(str(_saved[0]))
    window.settle()
    return window


@pytest.fixture
def computed(reopened):
    """The open module with maps that it has computed itself."""
    reopened.compute()
    return reopened


@cache
def head(modality):
    from PerfusionToolLib.perfusion.phantom import sample_head

    return sample_head(modality, integer=True, **SMALL).series


def add_scan(modality="CT", name="Scan"):
    """A sample head in the scene."""
    from PerfusionToolLib.scene.scans.importing import sequence_from_series

    return sequence_from_series(head(modality), name)


def nodes_in_scene():
    """What the scene holds, to be compared before and after."""
    import slicer

    nodes = (slicer.mrmlScene.GetNthNode(index) for index in range(slicer.mrmlScene.GetNumberOfNodes()))
    return [(node.GetID(), node.GetName()) for node in nodes]


def maps(window):
    """Voxels of all maps in the scene."""
    import slicer

    return {name: slicer.util.arrayFromVolume(getattr(window.parameters, name)).copy() for name in MAPS}


def curve(window):
    """The AIF in the scene."""
    import slicer

    return np.array(slicer.util.arrayFromTableColumn(window.parameters.curvesTable, "AIF"))


def assert_same(these, those, **tolerance):
    """All maps are the same; to the bit unless tolerances are given."""
    for name in these:
        if tolerance:
            np.testing.assert_allclose(these[name], those[name], err_msg=name, **tolerance)
        else:
            np.testing.assert_array_equal(these[name], those[name], err_msg=name)


def differ(these, those):
    """Whether any map is another."""
    return any((these[name] != those[name]).any() for name in these)
