"""What the views show: the scan as soon as it is chosen, and the results of that scan alone."""

from __future__ import annotations

import panel_window
import pytest
from panel_window import MAPS, add_scan, settle

make_panel, panel = panel_window.make_panel, panel_window.panel
# A module panel of 400 pixels has this much room inside the frames of its sections.
ROOM = 370


def composites():
    import slicer
    from PerfusionToolLib.scene import views

    application = slicer.app.applicationLogic()
    return {name: application.GetSliceLogicByLayoutName(name).GetSliceCompositeNode() for name in views.SLICE_VIEWS}


def foregrounds():
    return {name.removeprefix("Perfusion"): node.GetForegroundVolumeID() for name, node in composites().items()}


def proxy_of(scan):
    from PerfusionToolLib.scene.nodes import proxy_volume

    return proxy_volume(scan)


def window_of(scan):
    display = proxy_of(scan).GetDisplayNode()
    return display.GetWindowLevelMin(), display.GetWindowLevelMax()


def compute(panel):
    panel.ui.computeButton.click()
    settle(panel)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_chosen_scan_is_seen_in_all_views_in_its_window_before_anything_is_computed(panel, modality):
    scan = add_scan(modality)
    settle(panel)
    assert {node.GetBackgroundVolumeID() for node in composites().values()} == {proxy_of(scan).GetID()}
    low, high = window_of(scan)
    assert low == 0
    assert high == 80 if modality == "CT" else high > 200


def test_a_window_that_a_person_gave_the_scan_stays(panel):
    scan = add_scan()
    settle(panel)
    proxy_of(scan).GetDisplayNode().SetWindowLevelMinMax(10, 60)
    panel.work.parameters.method = "oSVD"
    compute(panel)
    assert window_of(scan) == (10, 60)


def test_another_modality_gives_the_scan_another_window(panel):
    scan = add_scan()
    settle(panel)
    panel.work.parameters.modality = "MR"
    settle(panel)
    assert window_of(scan) != (0, 80)


def test_a_study_made_before_the_module_is_opened_is_seen_when_it_is(make_panel):
    panel = make_panel()
    scan = add_scan()
    panel.logic.process(scan)
    parameters = panel.logic.getParameterNode()
    panel.enter()
    settle(panel)
    assert {node.GetBackgroundVolumeID() for node in composites().values()} == {proxy_of(scan).GetID()}
    assert {f"map{name}": node for name, node in foregrounds().items() if node} == {
        name: getattr(parameters, name).GetID() for name in MAPS
    }
    display = parameters.segmentation.GetDisplayNode()
    assert [name for name in composites() if display.IsDisplayableInView(_view_id(name))] == ["PerfusionScan"]


def _view_id(name):
    import slicer

    return slicer.app.applicationLogic().GetSliceLogicByLayoutName(name).GetSliceNode().GetID()


def test_another_scan_is_seen_with_its_own_results_only(panel):
    first = add_scan()
    settle(panel)
    compute(panel)
    parameters = panel.work.parameters
    study = panel.work.study
    for steps, found in ((study.arterial_input_steps, "arterial_input"), (study.venous_output_steps, "venous_output")):
        panel.run(steps("seed", getattr(study.analysis, found).candidates[1].place))
        settle(panel)
    overlays = [node.GetDisplayNode() for node in (parameters.segmentation, parameters.seed, parameters.venousSeed)]
    shown = foregrounds()
    parameters.scan = add_scan("MR")
    settle(panel)
    assert not any(foregrounds().values())
    assert [display.GetVisibility() for display in overlays] == [0, 0, 0]
    parameters.scan = first
    settle(panel)
    assert foregrounds() == shown
    assert [display.GetVisibility() for display in overlays] == [1, 1, 1]


def test_segments_that_a_person_has_hidden_stay_hidden(panel):
    first = add_scan()
    settle(panel)
    compute(panel)
    display = panel.work.parameters.segmentation.GetDisplayNode()
    display.SetVisibility(False)
    panel.work.parameters.scan = add_scan("MR")
    settle(panel)
    panel.work.parameters.scan = first
    settle(panel)
    panel.exit()
    panel.enter()
    assert not display.GetVisibility()


def test_the_opacity_that_a_person_chose_stays(panel):
    add_scan()
    settle(panel)
    compute(panel)
    composites()["PerfusionCBF"].SetForegroundOpacity(0.4)
    panel.exit()
    panel.enter()
    assert composites()["PerfusionCBF"].GetForegroundOpacity() == pytest.approx(0.4)


def test_a_seed_is_a_thin_cross_called_seed(panel):
    add_scan()
    settle(panel)
    compute(panel)
    place = panel.work.study.analysis.arterial_input.candidates[1].place
    panel.run(panel.work.study.arterial_input_steps("seed", place))
    settle(panel)
    seed = panel.work.parameters.seed
    assert seed.GetNthControlPointLabel(0) == "seed"
    assert seed.GetDisplayNode().GetGlyphTypeAsString() == "CrossDot2D"
    assert all(seed.GetDisplayNode().IsDisplayableInView(_view_id(name)) for name in composites())


def test_every_section_fits_into_a_narrow_panel(panel):
    from slicerhost.pythonqt import unwrap

    add_scan()
    settle(panel)
    compute(panel)
    probe = panel.panels["probe"]
    probe.region.node_combo.setCurrentNode(panel.work.parameters.segmentation)
    probe.measure_button.click()
    settle(panel)
    assert probe.table.widget.rowCount > 0
    widths = {name: unwrap(step.section).layout().minimumSize().width() for name, step in panel.panels.items()}
    assert {name: width for name, width in widths.items() if width > ROOM} == {}


def test_an_opened_scene_tells_the_motion_and_what_is_to_be_computed_again(panel, tmp_path):
    import slicer

    add_scan()
    settle(panel)
    compute(panel)
    motion = panel.panels["preparation"].motion_line.text
    assert "Largest shift" in motion
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    slicer.mrmlScene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    settle(panel)
    assert panel.work.study.analysis is None
    assert panel.panels["preparation"].motion_line.text == motion
    assert "Compute the maps again" in panel.panels["arterial_input"].used_line.text
    assert "Compute maps" in panel.ui.probeState.text
    panel.panels["probe"].region.node_combo.setCurrentNode(panel.work.parameters.segmentation)
    assert "not saved" in panel.panels["probe"].measure_button.toolTip
    compute(panel)
    assert panel.ui.probeState.text.startswith("✓")
    assert panel.panels["probe"].measure_button.enabled


def test_without_motion_correction_nothing_of_its_chart_stays(panel):
    import slicer

    add_scan()
    settle(panel)
    before = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode")
    compute(panel)
    made = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode") - before
    panel.work.parameters.motion_correction = False
    compute(panel)
    assert panel.work.parameters.motionChart is None
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode") - before <= made - 6
