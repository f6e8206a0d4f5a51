"""The module's window in the stand-in, for tests that click in it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "Resources" / "UI" / "PerfusionTool.ui"
SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}
MAPS = ("mapCBF", "mapCBV", "mapMTT", "mapTmax", "mapTTP")


def make_logic():
    """The module's own logic."""
    from PerfusionTool import PerfusionToolLogic

    return PerfusionToolLogic()


@pytest.fixture
def make_panel(application):
    made = []

    def make(logic=None):
        made.append(_shown_panel(logic or make_logic()))
        return made[-1][0]

    yield make
    for panel, outside in made:
        panel.cleanup()
        # Else its selectors would go on to follow the scene of the tests after this one.
        outside.delete()


@contextmanager
def shared_panel():
    """A panel for all tests of a file, which put it back to where it was themselves."""
    import slicerhost
    from slicerhost import needs

    if reason := needs.missing(windows=True):
        pytest.skip(reason)
    slicerhost.start_application()
    slicerhost.clear()
    panel, outside = _shown_panel(make_logic())
    panel.enter()
    yield panel
    panel.cleanup()
    outside.delete()
    slicerhost.clear()


def _shown_panel(logic):
    import qt
    import slicer
    from PerfusionToolLib.panels.frame import PerfusionPanel

    window = slicer.util.loadUI(str(UI))
    window.setMRMLScene(slicer.mrmlScene)
    outside = qt.QWidget()
    qt.QVBoxLayout(outside).addWidget(window)
    outside.show()
    return PerfusionPanel(window, logic), outside


@pytest.fixture
def panel(make_panel):
    panel = make_panel()
    panel.enter()
    return panel


@pytest.fixture
def window(panel):
    """The window with finished maps."""
    add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    settle(panel)
    return panel


def add_scan(modality="CT"):
    from PerfusionToolLib.scene.scans.sample import add_sample

    return add_sample(modality, **SMALL)


def settle(panel, seconds=60):
    """Let timers do what they have to, until nothing runs."""
    import slicer

    end = time.monotonic() + seconds
    slicer.app.processEvents()
    while panel.runner.running:
        assert time.monotonic() < end, "the work does not end"
        slicer.app.processEvents()
    for _ in range(3):
        slicer.app.processEvents()


def run_to(panel, stage):
    """Let the work come as far as a stage."""
    import slicer

    end = time.monotonic() + 60
    while panel.runner.running and stage not in getattr(panel.work.study.analysis, "stages_done", ()):
        assert time.monotonic() < end
        slicer.app.processEvents()
    assert panel.runner.running


def maps_of(panel):
    return [getattr(panel.work.parameters, name) for name in MAPS]
