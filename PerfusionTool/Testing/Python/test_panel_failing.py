"""A first run that fails in the window: the scene as it was, and what is finished shown when a person wants to mend."""

from __future__ import annotations

import panel_window
from panel_window import add_scan, settle

make_panel, panel = panel_window.make_panel, panel_window.panel


def nodes():
    import slicer

    return [slicer.mrmlScene.GetNthNode(place).GetID() for place in range(slicer.mrmlScene.GetNumberOfNodes())]


def test_the_mask_of_a_run_that_failed_later_is_shown_for_editing(panel, monkeypatch):
    import slicer

    add_scan()
    panel.work.parameters.motion_correction = False
    panel.work.parameters.arrival_frame = 4000
    settle(panel)
    before = nodes()
    panel.ui.computeButton.click()
    settle(panel)
    assert nodes() == before
    assert "4000" in panel.ui.messageLabel.text and "4000" in panel.ui.bolusState.text
    assert panel.ui.brainMaskState.text.startswith("✓")
    edit = panel.panels["brain_mask"].edit_button
    assert edit.enabled
    monkeypatch.setattr(slicer.util, "selectModule", lambda _name: None)
    edit.click()
    settle(panel)
    shown = panel.work.parameters.segmentation.GetSegmentation()
    assert shown.GetSegment("brain") and not shown.GetSegment("AIF")
    assert "4000" in panel.ui.bolusState.text


def test_where_no_artery_was_found_one_can_be_seeded_or_painted(panel, monkeypatch):
    import slicer
    from PerfusionToolLib.perfusion import PerfusionError, arterial_input
    from PerfusionToolLib.scene.segments import put_segment
    from slicerhost.mouse import wait

    def nothing_found(*_arguments):
        raise PerfusionError("No artery was found.")

    monkeypatch.setattr(arterial_input, "automatic_input", nothing_found)
    monkeypatch.setattr(slicer.util, "selectModule", lambda _name: None)
    add_scan()
    panel.work.parameters.motion_correction = False
    settle(panel)
    step = panel.panels["arterial_input"]
    assert not step.seed_button.enabled
    step.automatic_button.click()
    settle(panel)
    assert "No artery was found." in panel.ui.arterialInputState.text
    assert step.seed_button.enabled
    step.paint_button.click()
    analysis, segmentation = panel.work.study.analysis, panel.work.parameters.segmentation
    assert segmentation.GetSegmentation().GetSegment("AIF")
    assert not panel.work.study.was_edited("AIF")
    painted = analysis.vessel_search.arteries[0].mask(analysis.grid.shape)
    put_segment(segmentation, "AIF", painted, analysis.grid, "", slicer.mrmlScene)
    wait(lambda: panel.work.parameters.mapCBF is not None)
    assert panel.work.parameters.arterialInputKind == "mask"
