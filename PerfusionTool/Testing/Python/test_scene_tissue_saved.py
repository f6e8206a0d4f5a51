"""Tissue at risk that was saved with its scene, of another scan, and in a scene that closes under it."""

from __future__ import annotations

import math

import pytest
import study_in_scene

pytest.importorskip("slicer")

from PerfusionToolLib.perfusion import PerfusionError, drain
from PerfusionToolLib.perfusion.tissue import PRESETS

NODES = ("tissueSegmentation", "tissueVolumes", "tissueComponents", "tissueSummary")


@pytest.fixture
def logic(scene):
    from PerfusionTool import PerfusionToolLogic

    logic = PerfusionToolLogic()
    logic.process(study_in_scene.add_scan(occlusion=True), motion_correction=False)
    return logic


def opened_again(folder):
    """Save the scene, close it, open it again."""
    import slicer

    from PerfusionTool import PerfusionToolLogic

    assert slicer.util.saveScene(str(folder / "study.mrb"))
    slicer.mrmlScene.Clear(False)
    slicer.util.loadScene(str(folder / "study.mrb"))
    return PerfusionToolLogic()


def told(logic):
    """The tables in the scene, without the numbers that are not defined."""
    rows = [*logic.study.tissue.volumes, *logic.study.tissue.components]
    return [{key: value for key, value in row.items() if value == value} for row in rows]


def assert_told(logic, before):
    found = told(logic)
    assert [row.keys() for row in found] == [row.keys() for row in before]
    for these, those in zip(found, before, strict=True):
        for key, value in those.items():
            same = math.isclose(these[key], value, rel_tol=1e-5) if isinstance(value, float) else these[key] == value
            assert same, (key, these, those)


def nodes_in_scene():
    import slicer

    return {slicer.mrmlScene.GetNthNode(place).GetID() for place in range(slicer.mrmlScene.GetNumberOfNodes())}


def test_a_saved_scene_tells_what_was_found_and_decided_and_computes_nothing(logic, tmp_path):
    found = logic.findTissueAtRisk(smallest_ml=0.5)
    small = next(part.number for part in found.components if part.reason == "smaller than 0.5 ml")
    logic.restoreLesionComponent(small)
    before, summary, state = told(logic), logic.tissueSummary(), logic.study.state("tissue")
    opened = opened_again(tmp_path)
    assert_told(opened, before)
    assert opened.tissueSummary() == summary and "kept by hand" in summary
    assert opened.study.state("tissue") == state
    assert opened.study.analysis is None and opened.tissueAtRisk() is None
    assert opened.getParameterNode().smallestComponent == 0.5
    with pytest.raises(PerfusionError, match="not in memory"):
        opened.study.tissue.remove_component(1)

    # Going on brings it back to memory, with what was decided before.
    opened.removeLesionComponent(1)
    reasons = [row["reason"] for row in opened.study.tissue.components]
    assert reasons[0] == "removed by hand" and reasons[small - 1] == "kept by hand"
    opened.undoLesionComponent()
    assert_told(opened, before)


def test_maps_made_again_in_an_opened_scene_keep_what_was_decided(logic, tmp_path):
    logic.findTissueAtRisk()
    logic.removeLesionComponent(1)
    opened = opened_again(tmp_path)
    opened.process(opened.getParameterNode().scan, hematocrit_factor=0.8)
    assert opened.study.tissue.is_current
    assert opened.study.tissue.components[0]["reason"] == "removed by hand"
    assert opened.study.tissue.volumes[0]["both"] == 0


def test_what_was_out_of_date_is_so_in_an_opened_scene(logic, tmp_path):
    logic.findTissueAtRisk()
    scan = logic.getParameterNode().scan
    logic.process(scan, relative_to="brain_mean")
    opened = opened_again(tmp_path)
    assert opened.study.state("tissue") == logic.study.state("tissue")
    assert opened.tissueSummary().startswith("Out of date")
    opened.process(opened.getParameterNode().scan, relative_to="absolute")
    assert opened.study.tissue.is_current
    assert opened.getParameterNode().tissueSegmentation.GetDisplayVisibility()


def test_another_scan_has_its_own_tissue_at_risk_and_the_former_comes_back(logic):
    from PerfusionToolLib.scene.showing import show_study

    logic.findTissueAtRisk()
    logic.removeLesionComponent(1)
    parameters, before = logic.getParameterNode(), told(logic)
    first = {field: getattr(parameters, field) for field in NODES}
    scan = parameters.scan
    other = study_in_scene.add_scan("Other")
    logic.process(other)
    assert logic.tissueAtRisk() is None and logic.tissueSummary() == ""
    assert "Not looked for yet" in logic.study.state("tissue").sentence
    show_study(parameters)
    assert not first["tissueSegmentation"].GetDisplayVisibility()
    logic.findTissueAtRisk()
    assert parameters.tissueSummary is not first["tissueSummary"]
    assert not logic.study.tissue.can_undo and not logic.study.tissue.has_decisions
    parameters.scan = scan
    assert_told(logic, before)
    show_study(parameters)
    assert first["tissueSegmentation"].GetDisplayVisibility()


@pytest.mark.parametrize("gone", ["scene", "scan"])
def test_a_search_in_a_scene_or_scan_that_goes_ends_with_a_sentence_and_leaves_nothing(logic, gone):
    import slicer

    before = nodes_in_scene()
    steps = logic.study.tissue_steps()
    next(progress for progress in steps if progress.stage == "tissue" and progress.fraction == 1)
    if gone == "scene":
        slicer.mrmlScene.Clear(False)
        before = nodes_in_scene()
    else:
        slicer.mrmlScene.RemoveNode(logic.getParameterNode().scan)
    with pytest.raises(PerfusionError):
        drain(steps)
    assert nodes_in_scene() <= before
    assert logic.tissueAtRisk() is None


def test_the_console_says_what_is_missing(scene, tmp_path):
    from PerfusionTool import PerfusionToolLogic

    logic = PerfusionToolLogic()
    assert logic.tissueAtRisk() is None and logic.tissueSummary() == ""
    for action in (
        logic.findTissueAtRisk,
        lambda: logic.removeLesionComponent(1),
        logic.undoLesionComponent,
        lambda: logic.saveTissueAtRisk(tmp_path / "tissue.csv"),
    ):
        with pytest.raises(PerfusionError):
            action()
    assert list(tmp_path.iterdir()) == []


def test_the_console_finds_before_there_are_maps_and_writes_files(scene, tmp_path):
    from PerfusionTool import PerfusionToolLogic

    logic = PerfusionToolLogic()
    logic.getParameterNode().motion_correction = False
    logic.getParameterNode().scan = study_in_scene.add_scan(occlusion=True)
    *_, preset = (name for name, criteria in PRESETS.items() if "bcSVD" in criteria.methods)
    found = logic.findTissueAtRisk(preset)
    assert found is logic.tissueAtRisk() and str(PRESETS[preset]) in logic.tissueSummary()
    assert [path.exists() for path in logic.saveTissueAtRisk(tmp_path / "tissue.csv")] == [True] * 4
