"""The sections of the first four steps: scan, preparation, brain mask, bolus."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import panel_window
import pytest
from panel_window import add_scan, maps_of, settle

make_panel, panel = panel_window.make_panel, panel_window.panel


@pytest.fixture
def answers():
    from slicerhost import dialogs

    dialogs.answers.clear()
    yield dialogs.answers
    assert not dialogs.answers


def type_in(edit, text):
    edit.text = text
    edit.editingFinished()


def compute(panel):
    panel.ui.computeButton.click()
    settle(panel)


def test_the_sample_buttons_add_a_scan_and_choose_it(panel, monkeypatch):
    from PerfusionToolLib.panels import scan_panel

    monkeypatch.setattr(scan_panel, "add_sample", add_scan)
    panel.panels["scan"].sample_buttons["MR"].click()
    assert panel.ui.messageLabel.text == "" or "Simulating" in panel.ui.messageLabel.text
    settle(panel)
    assert panel.work.parameters.scan.GetName() == "DSC-MRI head"
    assert panel.panels["scan"].modality_line.text.startswith("MR: ")
    assert panel.ui.computeButton.enabled


def test_a_file_is_opened_as_a_scan(panel, answers, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(np.random.default_rng(0).normal(30, 5, (8, 8, 4, 12)).astype("i2"), np.eye(4))
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = 1.5
    path = str(tmp_path / "scan.nii.gz")
    nibabel.save(image, path)
    answers.append(path)
    panel.panels["scan"].open_button.click()
    settle(panel)
    assert panel.work.parameters.scan.GetNumberOfDataNodes() == 12
    assert "every 1.5 s" in panel.panels["scan"].times_line.text


def test_a_file_that_is_no_scan_is_refused_with_a_sentence(panel, answers, tmp_path):
    path = tmp_path / "scan.nii"
    path.write_bytes(b"nothing")
    answers.append(str(path))
    panel.panels["scan"].open_button.click()
    settle(panel)
    assert panel.work.parameters.scan is None
    assert "scan.nii" in panel.ui.messageLabel.text
    assert panel.ui.scanState.text == f"! {panel.ui.messageLabel.text}"


def test_no_file_chosen_does_nothing(panel, answers):
    answers.append("")
    panel.panels["scan"].open_button.click()
    settle(panel)
    assert panel.ui.messageLabel.text == ""


def test_modality_says_why_and_can_be_changed(panel):
    add_scan("CT")
    settle(panel)
    scan = panel.panels["scan"]
    assert scan.modality_line.text.startswith("CT: ")
    assert not scan.echo_automatic.enabled and "Only MR" in scan.echo_automatic.toolTip
    scan.modality_combo.currentIndex = 2
    settle(panel)
    assert panel.work.parameters.modality == "MR"
    assert not panel.ui.computeButton.enabled and "echo time" in panel.ui.computeButton.toolTip
    assert panel.ui.scanState.text.startswith("!")


def test_the_echo_time_is_shown_in_ms_and_kept_in_s(panel):
    add_scan("MR")
    settle(panel)
    scan, found = panel.panels["scan"], panel.work.study.scan.echo_time
    assert scan.echo_spin.value == pytest.approx(1000 * found)
    assert not scan.echo_spin.enabled and panel.work.parameters.echoTime is None
    scan.echo_automatic.click()
    settle(panel)
    scan.echo_spin.value = 42.5
    settle(panel)
    assert panel.work.parameters.echoTime == pytest.approx(0.0425)
    scan.echo_automatic.click()
    settle(panel)
    assert panel.work.parameters.echoTime is None
    assert scan.echo_spin.value == pytest.approx(1000 * found)


def test_mr_without_echo_time_cannot_be_computed_until_it_is_typed(panel):
    from PerfusionToolLib.scene.scans.modality import ECHO_TIME

    node = add_scan("MR")
    node.RemoveAttribute(ECHO_TIME)
    settle(panel)
    assert not panel.ui.computeButton.enabled
    assert "echo time" in panel.ui.computeButton.toolTip
    scan = panel.panels["scan"]
    scan.echo_automatic.click()
    scan.echo_spin.value = 30
    settle(panel)
    assert panel.work.parameters.echoTime == pytest.approx(0.03)
    assert panel.ui.computeButton.enabled


def without_times(node):
    """As DICOM import leaves a scan whose times it does not know."""
    times = [node.GetNthIndexValue(frame) for frame in range(node.GetNumberOfDataNodes())]
    for frame, time in enumerate(times):
        node.UpdateIndexValue(time, str(1000 + frame))
    for frame in range(len(times)):
        node.UpdateIndexValue(str(1000 + frame), str(frame))
    node.SetIndexName("")
    node.SetIndexUnit("")
    return len(times)


def test_a_scan_without_times_asks_for_them(panel, answers, tmp_path):
    frames = without_times(add_scan())
    settle(panel)
    scan = panel.panels["scan"]
    assert not panel.ui.computeButton.enabled
    assert "frame times" in panel.ui.computeButton.toolTip
    assert "None were found" in scan.times_line.text
    type_in(scan.times_edit, "1.5")
    settle(panel)
    assert panel.ui.computeButton.enabled
    assert "every 1.5 s" in scan.times_line.text and "typed" in scan.times_line.text
    path = tmp_path / "times.json"
    path.write_text(json.dumps([1.25 * frame for frame in range(frames)]))
    answers.append(str(path))
    scan.load_times_button.click()
    settle(panel)
    assert "every 1.25 s" in scan.times_line.text
    scan.reset_times_button.click()
    settle(panel)
    assert panel.work.parameters.frameTimes == "" and scan.times_edit.text == ""


def test_times_of_a_wrong_count_are_refused_where_they_are_typed(panel):
    add_scan()
    settle(panel)
    scan = panel.panels["scan"]
    type_in(scan.times_edit, "0, 1, 2")
    settle(panel)
    assert "3 frame times" in panel.ui.scanState.text and panel.ui.scanState.text.startswith("!")
    assert panel.ui.messageLabel.text in panel.ui.scanState.text
    assert scan.times_edit.text == "0, 1, 2" and panel.work.parameters.frameTimes == ""
    type_in(scan.times_edit, "2")
    settle(panel)
    assert panel.ui.scanState.text.startswith("✓") and panel.ui.messageLabel.text == ""


@pytest.mark.parametrize("way", ["reset", "emptied", "another scan", "scene closed"])
def test_refused_times_and_their_sentence_go(panel, way):
    import slicer

    add_scan()
    settle(panel)
    scan = panel.panels["scan"]
    type_in(scan.times_edit, "1 2 3")
    settle(panel)
    assert panel.ui.scanState.text.startswith("!")
    if way == "reset":
        scan.reset_times_button.click()
    elif way == "emptied":
        type_in(scan.times_edit, "")
    elif way == "another scan":
        panel.work.parameters.scan = add_scan()
    else:
        slicer.mrmlScene.Clear(False)
    settle(panel)
    assert scan.times_edit.text == "" and panel.ui.messageLabel.text == ""
    assert not panel.ui.scanState.text.startswith("!")


def test_a_scan_of_vectors_is_refused_with_a_sentence(panel):
    import slicer

    node = add_scan()
    settle(panel)
    vectors = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "vectors")
    for frame in range(12):
        volume = slicer.vtkMRMLVectorVolumeNode()
        slicer.util.updateVolumeFromArray(volume, np.zeros((2, 2, 2, 3), "f4"))
        vectors.SetDataNodeAtValue(volume, str(frame))
    settle(panel)
    assert panel.work.parameters.scan is node
    panel.ui.scanSelector.setCurrentNode(vectors)
    settle(panel)
    assert not panel.ui.computeButton.enabled
    assert panel.ui.scanState.text == f"! {panel.ui.computeButton.toolTip}"


def test_series_and_projection_are_made_on_request(panel):
    add_scan()
    settle(panel)
    compute(panel)
    preparation = panel.panels["preparation"]
    assert preparation.motion_line.text.startswith("Largest shift 0.0 mm")
    preparation.corrected_button.click()
    settle(panel)
    preparation.concentration_button.click()
    settle(panel)
    preparation.projection_button.click()
    settle(panel)
    parameters = panel.work.parameters
    assert parameters.correctedSeries.GetNumberOfDataNodes() == parameters.concentrationSeries.GetNumberOfDataNodes()
    assert parameters.projection is not None
    assert panel.ui.messageLabel.text == ""


def test_opening_a_section_shows_its_chart(panel):
    import slicer
    from PerfusionToolLib.scene.views import PLOT_VIEW

    add_scan()
    settle(panel)
    compute(panel)
    plot = slicer.mrmlScene.GetSingletonNode(PLOT_VIEW, "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNodeID() == panel.work.parameters.curvesChart.GetID()
    panel.ui.bolusSection.collapsed = True
    panel.ui.bolusSection.collapsed = False
    assert plot.GetPlotChartNodeID() == panel.work.parameters.bolusChart.GetID()
    panel.panels["preparation"].chart_button.click()
    assert plot.GetPlotChartNodeID() == panel.work.parameters.motionChart.GetID()


def test_the_motion_is_told_in_a_sentence(application):
    from PerfusionToolLib.panels.preparation_panel import motion_sentence

    parameters = np.zeros((6, 6))
    parameters[2] = 0, -2.5, 1, 0, 0, 3.25
    motion = SimpleNamespace(parameters=parameters, corrupted=np.arange(6) == 4)
    assert motion_sentence(motion, 2) == "Largest shift 2.5 mm, largest turn 3.2°; frame 6 is not used."


def put_mask(name, mask, grid):
    import slicer
    from PerfusionToolLib.scene.segments import _set_labelmap
    from PerfusionToolLib.scene.volumes import oriented_image

    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    segmentation.GetSegmentation().AddEmptySegment("half", "Half")
    _set_labelmap(segmentation, "half", oriented_image(mask, grid))
    return segmentation


def test_a_segment_is_taken_as_brain_mask_and_maps_follow(panel):
    import slicer

    add_scan()
    settle(panel)
    compute(panel)
    analysis = panel.work.study.analysis
    half = analysis.brain_mask.copy()
    half[:, :, : half.shape[2] // 2] = False
    brain = panel.panels["brain_mask"]
    brain.choice.node_combo.setCurrentNode(put_mask("mine", half, analysis.grid))
    assert brain.choice.segment_combo.currentText == "Half"
    assert not brain.automatic_button.enabled
    brain.use_button.click()
    settle(panel)
    assert np.array_equal(panel.work.study.analysis.brain_mask, half)
    cbf = slicer.util.arrayFromVolume(panel.work.parameters.mapCBF)
    assert not cbf[~half].any() and cbf[half].any()
    brain.automatic_button.click()
    settle(panel)
    assert panel.work.study.analysis.brain_mask.sum() > half.sum()


def test_an_unusable_mask_is_refused_with_a_sentence(panel):
    add_scan()
    settle(panel)
    compute(panel)
    grid, former = panel.work.study.analysis.grid, panel.work.study.analysis.brain_mask
    brain = panel.panels["brain_mask"]
    brain.choice.node_combo.setCurrentNode(put_mask("empty", np.zeros(grid.shape, bool), grid))
    brain.use_button.click()
    settle(panel)
    assert "no voxels" in panel.ui.messageLabel.text and "no voxels" in panel.ui.brainMaskState.text
    assert panel.work.study.analysis.brain_mask is former


def edit_brain(panel, change):
    """What painting does: the segment's voxels are replaced, and an event tells."""
    from PerfusionToolLib.scene.segments import _set_labelmap, segment_mask
    from PerfusionToolLib.scene.volumes import oriented_image

    segmentation, grid = panel.work.parameters.segmentation, panel.work.study.analysis.grid
    mask = change(segment_mask(segmentation, "brain", grid))
    _set_labelmap(segmentation, "brain", oriented_image(mask, grid))
    return mask


def wait_for_edit(panel):
    import time

    import slicer

    end = time.monotonic() + 1.0
    while time.monotonic() < end and not panel.runner.running:
        slicer.app.processEvents()
        time.sleep(0.01)
    settle(panel)


def test_edits_of_the_brain_mask_are_taken_up_and_maps_follow(panel):
    import slicer

    add_scan()
    settle(panel)
    compute(panel)

    def without_left(mask):
        mask[:, :, : mask.shape[2] // 2] = False
        return mask

    mask = edit_brain(panel, without_left)
    wait_for_edit(panel)
    assert np.array_equal(panel.work.study.analysis.brain_mask, mask)
    assert not slicer.util.arrayFromVolume(panel.work.parameters.mapCBF)[~mask].any()
    assert panel.panels["brain_mask"].automatic_button.enabled


def test_what_the_study_writes_and_what_changes_nothing_is_no_edit(panel):
    add_scan()
    settle(panel)
    compute(panel)
    edit_brain(panel, lambda mask: mask)
    wait_for_edit(panel)
    assert panel.work.parameters.maskSource == "automatic"


def test_edit_opens_the_segment_editor_on_the_brain_in_the_same_layout(panel, monkeypatch):
    import slicer

    add_scan()
    settle(panel)
    compute(panel)
    editor = slicer.vtkMRMLSegmentEditorNode()
    editor.SetSingletonTag("SegmentEditor")
    editor = slicer.mrmlScene.AddNode(editor)
    opened = []

    def select(name):
        opened.append(name)
        panel.exit()

    monkeypatch.setattr(slicer.util, "selectModule", select)
    layout = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    within = layout.GetViewArrangement()
    panel.panels["brain_mask"].edit_button.click()
    assert opened == ["SegmentEditor"]
    assert editor.GetSegmentationNode() is panel.work.parameters.segmentation
    assert editor.GetSelectedSegmentID() == "brain"
    assert editor.GetSourceVolumeNode() is not None
    assert layout.GetViewArrangement() == within


def test_sliders_show_the_frames_found_and_move_them(panel):
    add_scan()
    settle(panel)
    compute(panel)
    arrival = panel.panels["bolus"].sliders["arrival_frame"]
    found = int(panel.work.study.analysis.frames[panel.work.study.analysis.bolus.arrival])
    assert arrival.automatic.checked and arrival.slider.value == found
    assert arrival.slider.maximum == len(panel.work.study.scan.signal) - 1
    arrival.automatic.click()
    settle(panel)
    arrival.slider.value = found - 2
    settle(panel)
    assert panel.work.parameters.arrival_frame == found - 2
    analysis = panel.work.study.analysis
    assert analysis.frames[analysis.bolus.arrival] == found - 2
    assert all(maps_of(panel)) and panel.ui.mapsState.text[0] in "✓!"
    arrival.automatic.click()
    settle(panel)
    assert panel.work.parameters.arrival_frame is None and arrival.slider.value == found


def test_the_bolus_alone_is_done_where_there_are_no_maps(panel):
    add_scan()
    settle(panel)
    panel.panels["bolus"].sliders["baseline_start"].automatic.click()
    settle(panel)
    assert "bolus" in panel.work.study.analysis.stages_done
    assert panel.work.parameters.bolusChart is not None
    assert not any(maps_of(panel))


def test_tool_tips_stand_everywhere(panel):
    import qt

    kinds = (qt.QPushButton, qt.QComboBox, qt.QCheckBox, qt.QSpinBox, qt.QDoubleSpinBox, qt.QLineEdit)
    names = ("scan", "preparation", "brain_mask", "bolus")
    silent = [
        (name, kind.__name__)
        for name in names
        for kind in kinds
        for child in panel.panels[name].section.findChildren(kind)
        if not tip_of(child)
    ]
    assert silent == []


def tip_of(widget):
    """A part of a widget shows the tip of the widget it is in."""
    while widget is not None and not widget.toolTip:
        widget = widget.parent()
    return widget is not None
