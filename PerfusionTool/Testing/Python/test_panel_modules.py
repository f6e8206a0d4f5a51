"""The layout while a segment is edited in the Segment Editor, and when a person goes on from there."""

from __future__ import annotations

import pytest

pytest.importorskip("PySide6")

from panel_window import UI, add_scan, make_logic, settle

OWN = "PerfusionTool"
FOUR_VIEWS = 3


class Selector:
    """The application's list of modules: it tells of a change after the former module was left and the new entered."""

    def __init__(self):
        self.slots = []
        self.panel = None
        self.selectedModule = OWN

    def connect(self, signal, slot):
        assert signal == "moduleSelected(QString)"
        self.slots.append(slot)

    def disconnect(self, signal, slot):
        assert signal == "moduleSelected(QString)"
        self.slots.remove(slot)

    def selectModule(self, name):  # noqa: N802 - the application's own name
        if name == self.selectedModule:
            return
        if self.selectedModule == OWN:
            self.panel.exit()
        self.selectedModule = name
        if name == OWN:
            self.panel.enter()
        for slot in list(self.slots):
            slot(name)


@pytest.fixture
def selector(application, monkeypatch):
    import slicer

    selector = Selector()
    monkeypatch.setattr(slicer.util, "moduleSelector", lambda: selector)
    return selector


@pytest.fixture
def panel(selector):
    """The module's window with maps, opened over a layout of four views, beside a list of modules."""
    import slicer
    from PerfusionToolLib.panels.frame import PerfusionPanel

    slicer.app.layoutManager().setLayout(FOUR_VIEWS)
    window = slicer.util.loadUI(str(UI))
    window.setMRMLScene(slicer.mrmlScene)
    panel = selector.panel = PerfusionPanel(window, make_logic())
    panel.enter()
    panel.work.parameters.motion_correction = False
    add_scan()
    settle(panel)
    panel.compute(until="brain_mask")
    settle(panel)
    yield panel
    panel.cleanup()
    window.delete()


def layout():
    import slicer

    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode").GetViewArrangement()


def test_the_layout_stays_while_a_segment_is_edited_and_on_the_way_back(panel, selector):
    own = layout()
    assert own != FOUR_VIEWS
    panel.panels["brain_mask"].edit_button.click()
    assert selector.selectedModule == "SegmentEditor" and layout() == own
    selector.selectModule(OWN)
    assert layout() == own
    selector.selectModule("Volumes")
    assert layout() == FOUR_VIEWS


def test_the_former_layout_comes_back_when_the_editor_is_left_for_a_third_module(panel, selector):
    own = layout()
    panel.panels["brain_mask"].edit_button.click()
    selector.selectModule("Volumes")
    assert layout() == FOUR_VIEWS
    selector.selectModule("SegmentEditor")
    assert layout() == FOUR_VIEWS
    selector.selectModule(OWN)
    assert layout() == own


def test_a_layout_that_a_person_chose_in_the_editor_stays(panel, selector):
    import slicer

    panel.panels["brain_mask"].edit_button.click()
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    selector.selectModule("Volumes")
    assert layout() == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView


def test_a_window_that_is_gone_is_told_of_no_module(panel, selector):
    panel.panels["brain_mask"].edit_button.click()
    panel.cleanup()
    assert selector.slots == []
    panel.cleanup()


def test_a_list_of_modules_that_the_application_has_deleted_is_left_alone(panel, selector, monkeypatch):
    def deleted(_signal, _slot):
        raise ValueError("Trying to call 'disconnect' on a destroyed object")

    monkeypatch.setattr(Selector, "__bool__", lambda _self: False, raising=False)
    monkeypatch.setattr(selector, "disconnect", deleted)
    panel.cleanup()


def test_without_a_main_window_there_is_no_list_of_modules_to_follow(application):
    from PerfusionToolLib.panels.module_changes import ModuleChanges

    ModuleChanges(lambda name: None).forget()
