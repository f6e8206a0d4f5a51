"""The window as a whole: from a loaded scan to maps, and what may happen on the way."""

from __future__ import annotations

import time
from types import SimpleNamespace

import panel_window
import pytest
from panel_window import add_scan, make_logic, maps_of, run_to, settle

make_panel, panel = panel_window.make_panel, panel_window.panel


def test_two_clicks_from_a_loaded_scan_to_maps(make_panel):
    add_scan()
    panel = make_panel()
    panel.enter()
    settle(panel)
    panel.ui.computeButton.click()
    settle(panel)
    assert all(volume is not None for volume in maps_of(panel))
    assert panel.ui.computeButton.text == "Compute maps"
    assert panel.ui.mapsState.text.startswith("✓")
    assert not panel.ui.progressBar.visible


def test_without_a_scan_the_button_says_why_it_is_disabled(panel):
    assert not panel.ui.computeButton.enabled
    assert "4D scan" in panel.ui.computeButton.toolTip


def test_only_scan_and_aif_are_open_at_first(panel):
    sections = ("scan", "preparation", "brainMask", "bolus", "arterialInput", "maps", "probe")
    opened = [name for name in sections if not getattr(panel.ui, f"{name}Section").collapsed]
    assert opened == ["scan", "arterialInput"]


@pytest.mark.parametrize("by_itself", [None, True, False])
def test_the_only_scan_is_chosen_by_itself(make_panel, monkeypatch, by_itself):
    from slicerhost import widgets

    monkeypatch.setattr(widgets, "auto_select", by_itself)
    panel = make_panel()
    panel.enter()
    scan = add_scan()
    settle(panel)
    assert panel.work.parameters.scan is scan
    assert panel.ui.scanSelector.currentNode() is scan
    assert panel.ui.computeButton.enabled


def test_of_two_scans_none_is_chosen(make_panel):
    add_scan(), add_scan()
    panel = make_panel()
    panel.enter()
    settle(panel)
    assert panel.work.parameters.scan is None
    assert panel.ui.scanSelector.currentNode() is None


def test_cancel_keeps_what_is_finished_and_publishes_no_map(panel):
    add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    run_to(panel, "preparation")
    assert panel.ui.computeButton.text == "Cancel"
    assert panel.ui.progressBar.visible
    panel.ui.computeButton.click()
    settle(panel)
    assert panel.ui.computeButton.text == "Compute maps"
    assert "Cancelled" in panel.ui.messageLabel.text
    assert "preparation" in panel.work.study.analysis.stages_done
    assert not any(maps_of(panel))


def test_a_second_run_updates_the_same_nodes(panel):
    import slicer

    add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    settle(panel)
    maps, nodes = maps_of(panel), slicer.mrmlScene.GetNumberOfNodes()
    panel.work.parameters.smoothing = "none"
    panel.ui.computeButton.click()
    settle(panel)
    assert maps_of(panel) == maps
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_maps_follow_a_quick_setting_at_once(panel):
    import slicer

    add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    settle(panel)
    former = slicer.util.arrayFromVolume(panel.work.parameters.mapCBF).copy()
    panel.work.parameters.relative_to = "brain_mean"
    panel.follow()
    settle(panel)
    assert abs(slicer.util.arrayFromVolume(panel.work.parameters.mapCBF) - former).max() > 1


def test_a_failure_is_said_where_it_belongs_and_in_the_message_line(panel):
    add_scan()
    settle(panel)
    panel.work.parameters.arrival_frame = 4000
    panel.ui.computeButton.click()
    settle(panel)
    assert "arrival frame 4000" in panel.ui.messageLabel.text
    assert "arrival frame 4000" in panel.ui.bolusState.text
    assert panel.ui.bolusState.text.startswith("!")
    assert not panel.ui.bolusSection.collapsed
    assert panel.ui.computeButton.enabled
    assert not any(maps_of(panel))


def test_closing_the_scene_ends_the_work(panel):
    import slicer

    add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    run_to(panel, "preparation")
    slicer.mrmlScene.Clear(False)
    settle(panel)
    assert not panel.runner.running
    assert panel.work.parameters.scan is None
    assert not panel.ui.computeButton.enabled
    add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    settle(panel)
    assert all(maps_of(panel))


def test_removing_the_scan_ends_the_work_and_no_other_is_chosen(panel):
    import slicer

    scan = add_scan()
    settle(panel)
    other = add_scan()
    panel.ui.computeButton.click()
    run_to(panel, "preparation")
    slicer.mrmlScene.RemoveNode(scan)
    settle(panel)
    assert not panel.runner.running
    assert "removed" in panel.ui.messageLabel.text
    assert panel.work.parameters.scan is None
    assert panel.ui.scanSelector.currentNode() is None
    panel.ui.scanSelector.setCurrentNode(other)
    settle(panel)
    assert panel.work.parameters.scan is other


def test_another_scan_ends_the_work_on_the_former(panel):
    add_scan()
    settle(panel)
    other = add_scan()
    panel.ui.computeButton.click()
    run_to(panel, "preparation")
    panel.ui.scanSelector.setCurrentNode(other)
    settle(panel)
    assert not panel.runner.running
    assert panel.ui.mapsState.text.startswith("○")
    panel.ui.computeButton.click()
    settle(panel)
    assert panel.work.parameters.mapCBF.GetName().startswith(other.GetName())


def test_a_saved_scene_shows_its_study_when_it_is_opened(panel, tmp_path):
    import slicer

    add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    settle(panel)
    told = panel.ui.bolusState.text
    path = str(tmp_path / "study.mrb")
    assert slicer.util.saveScene(path)
    slicer.mrmlScene.Clear(False)
    settle(panel)
    slicer.util.loadScene(path)
    settle(panel)
    assert panel.ui.scanSelector.currentNode() is panel.work.parameters.scan is not None
    assert panel.ui.bolusState.text == told
    assert all(maps_of(panel))


def test_the_former_layout_comes_back(make_panel):
    import slicer

    layout = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    panel = make_panel()
    panel.enter()
    within = layout.GetViewArrangement()
    assert within != layout.SlicerLayoutFourUpView
    panel.exit()
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpView
    panel.enter()
    assert layout.GetViewArrangement() == within


def test_a_window_that_was_cleaned_up_is_called_no_more(make_panel):
    logic = make_logic()
    former, panel = make_panel(logic), make_panel(logic)
    former.cleanup()
    panel.enter()
    add_scan()
    settle(panel)
    assert former.work.study is None
    assert former.ui.scanState.text == "○ Choose a 4D scan, or take sample data."
    assert panel.ui.scanState.text.startswith("✓")
    former.cleanup()


def counting(until):
    from PerfusionToolLib.perfusion.progress import Progress

    for number in range(until):
        yield Progress("maps", number / until, f"step {number}")
    return until


def make_runner():
    from PerfusionToolLib.panels.runner import Runner

    heard = SimpleNamespace(progress=[], ends=[])
    return Runner(heard.progress.append, lambda *end: heard.ends.append(end)), heard


def wait(runner):
    import slicer

    while runner.running:
        slicer.app.processEvents()


def test_the_runner_gives_the_result_and_tells_the_end(application):
    runner, heard = make_runner()
    results = []
    runner.start(counting(5), results.append)
    assert runner.running and not heard.progress
    wait(runner)
    assert results == [5] and heard.ends == [(None, False)]
    assert heard.progress[0].text == "step 0"


def test_the_runner_tells_failures_in_a_sentence(application, caplog):
    from PerfusionToolLib.perfusion import PerfusionError

    def failing(error):
        yield from counting(1)
        raise error

    runner, heard = make_runner()
    sentences = []
    runner.start(failing(PerfusionError("No bolus.")), failed=sentences.append)
    wait(runner)
    runner.start(failing(KeyError("x")))
    wait(runner)
    assert heard.ends[0] == ("No bolus.", False) and sentences == ["No bolus."]
    assert "log" in heard.ends[1][0] and "KeyError" in caplog.text


def test_new_work_takes_the_place_of_old(application):
    runner, heard = make_runner()
    closed = []

    def old():
        try:
            yield from counting(10**9)
        finally:
            closed.append(True)

    runner.start(old(), urgent=True)
    runner.start(counting(1))
    wait(runner)
    assert closed and heard.ends == [(None, False)]


def test_urgent_work_answers_at_once(application):
    runner, heard = make_runner()
    runner.start(counting(3), urgent=True)
    assert not runner.running and heard.ends == [(None, False)]


def endless(heard, name):
    try:
        for progress in counting(10**9):
            heard.append(name)
            yield progress
    finally:
        heard.append(f"{name} closed")


def test_urgent_work_that_comes_again_and_again_goes_on_when_nothing_newer_comes(application, monkeypatch):
    import slicer
    from PerfusionToolLib.panels import runner as runners

    monkeypatch.setattr(runners, "URGENT_SLICE_SECONDS", 0.0)
    monkeypatch.setattr(runners, "REST_SECONDS", 3600.0)
    runner, _heard = make_runner()
    steps = []
    runner.start(endless(steps, "first"), urgent=True)
    runner.start(endless(steps, "second"), urgent=True)
    for _ in range(20):
        time.sleep(0.002)
        slicer.app.processEvents()
    assert steps == ["first", "first closed", "second"]
    runner.start(counting(3))
    wait(runner)
    assert steps[-1] == "second closed" and not runner.urgent


def test_urgent_work_that_comes_alone_goes_on_at_once(application, monkeypatch):
    import slicer
    from PerfusionToolLib.panels import runner as runners

    monkeypatch.setattr(runners, "URGENT_SLICE_SECONDS", 0.0)
    monkeypatch.setattr(runners, "REST_SECONDS", 3600.0)
    runner, _heard = make_runner()
    steps = []
    runner.start(endless(steps, "only"), urgent=True)
    assert runner.urgent and steps == ["only"]
    end = time.monotonic() + 5
    while len(steps) == 1 and time.monotonic() < end:
        slicer.app.processEvents()
    assert len(steps) > 1
    runner.cancel()
    assert not runner.urgent


def test_work_may_cancel_itself_from_within(application):
    runner, heard = make_runner()

    def suicidal():
        yield from counting(1)
        runner.cancel()
        yield from counting(1)

    runner.start(suicidal())
    wait(runner)
    assert heard.ends == [(None, True)]


def test_a_slice_of_work_leaves_the_window_usable(application):
    import slicer

    runner, _heard = make_runner()

    def slow():
        from PerfusionToolLib.perfusion.progress import Progress

        for _ in range(20):
            time.sleep(0.03)
            yield Progress("maps", 0.5, "slow")

    runner.start(slow())
    longest = 0.0
    while runner.running:
        started = time.perf_counter()
        slicer.app.processEvents()
        longest = max(longest, time.perf_counter() - started)
    assert longest < 0.2
