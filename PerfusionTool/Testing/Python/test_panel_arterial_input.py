"""Step 5 of the window: the AIF is chosen, seeded, dragged, painted, loaded, fitted, undone."""

from __future__ import annotations

import time

import numpy as np
import panel_window
import pytest
from panel_window import add_scan, settle

make_panel, panel, window = panel_window.make_panel, panel_window.panel, panel_window.window
CANDIDATES_COLUMNS = {"place": 1, "verdict": 7, "why": 8}


def step(window):
    return window.panels["arterial_input"]


def wait(window, seconds=0.2):
    """Let coalesced events be answered, and the work that follows them."""
    import slicer

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.005)
    settle(window)


def curve(window):
    return window.work.study.analysis.arterial_input.curve.copy()


def cbf(window):
    import slicer

    return slicer.util.arrayFromVolume(window.work.parameters.mapCBF).copy()


def texts(table, column):
    return [table.item(row, column).text() for row in range(table.rowCount)]


def place_of(window, rank):
    return window.work.study.analysis.vessel_search.arteries[rank].place


def move_seed(window, place):
    """What Slicer's markups do while a person drags."""
    window.work.parameters.seed.SetNthControlPointPositionWorld(0, *place)


def place_seed(window, place):
    """A click on the button and one in a view."""
    import slicer

    step(window).seed_button.click()
    window.work.parameters.seed.AddControlPointWorld(*place)
    interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    wait(window)


def test_before_any_result_buttons_say_what_to_do_first(panel):
    assert not step(panel).automatic_button.enabled
    assert "4D scan" in step(panel).automatic_button.toolTip
    add_scan()
    settle(panel)
    assert step(panel).automatic_button.enabled
    assert not step(panel).seed_button.enabled
    assert "Compute the maps first" in step(panel).seed_button.toolTip
    assert "no former AIF" in step(panel).undo_button.toolTip


def test_accepted_candidates_come_first_with_place_verdict_and_reason(window):
    table = step(window).table.widget
    verdicts = texts(table, CANDIDATES_COLUMNS["verdict"])
    accepted = verdicts.count("accepted")
    assert 0 < accepted < len(verdicts)
    assert verdicts == ["accepted"] * accepted + ["rejected"] * (len(verdicts) - accepted)
    assert all("slice" in text and "mm" in text for text in texts(table, CANDIDATES_COLUMNS["place"]))
    assert all(texts(table, CANDIDATES_COLUMNS["why"]))


def test_place_in_words_names_side_end_slice_and_mm(application):
    from PerfusionToolLib.panels.vessels.candidates_table import place_in_words

    centre = np.array([1.0, -10.0, 20.0])
    assert place_in_words(np.add(centre, [30, 25, 0]), centre, 7) == "right, front, slice 7 (31, 15, 20 mm)"
    assert place_in_words(np.add(centre, [-30, -25, 0]), centre, 0) == "left, back, slice 0 (−29, −35, 20 mm)"
    assert place_in_words(centre, centre, 3).startswith("middle, centre")


def test_candidate_in_use_is_the_selected_row(window):
    table = step(window).table.widget
    assert table.currentRow() == 0
    assert len(table.selectedItems()) == table.columnCount


def test_choosing_a_row_uses_it_and_changes_the_maps(window):
    before = cbf(window)
    step(window).table.widget.selectRow(1)
    assert window.work.study.analysis.arterial_input_choice[0] == "candidate"
    settle(window)
    np.testing.assert_allclose(window.work.study.analysis.arterial_input_choice[1], place_of(window, 1))
    assert step(window).table.widget.currentRow() == 1
    assert not np.array_equal(cbf(window), before)


def test_choosing_a_row_scrolls_the_views_to_it(window, monkeypatch):
    from PerfusionToolLib.scene import views

    centred = []
    monkeypatch.setattr(views, "centre_views", centred.append)
    step(window).table.widget.selectRow(1)
    np.testing.assert_allclose(centred[0], place_of(window, 1))


def test_undo_redo_and_automatic_go_through_the_choices(window):
    first, before = curve(window), cbf(window)
    step(window).table.widget.selectRow(1)
    settle(window)
    second = curve(window)
    step(window).undo_button.click()
    settle(window)
    np.testing.assert_array_equal(curve(window), first)
    np.testing.assert_array_equal(cbf(window), before)
    step(window).redo_button.click()
    settle(window)
    np.testing.assert_array_equal(curve(window), second)
    step(window).automatic_button.click()
    settle(window)
    np.testing.assert_array_equal(curve(window), first)
    assert step(window).undo_button.enabled
    assert not step(window).redo_button.enabled


def test_place_seed_waits_for_a_click_and_can_be_cancelled(window):
    import slicer

    button = step(window).seed_button
    button.click()
    interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    selection = slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    assert selection.GetActivePlaceNodeID() == window.work.parameters.seed.GetID()
    assert button.text == "Cancel placing"
    button.click()
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform
    assert button.text == "Place seed"
    assert window.work.study.analysis.arterial_input_choice[0] == "automatic"


def test_a_placed_seed_grows_a_region_and_the_maps_follow(window):
    from PerfusionToolLib.scene.segments import segment_mask

    before = cbf(window)
    place_seed(window, place_of(window, 1))
    kind, place = window.work.study.analysis.arterial_input_choice
    assert kind == "seed"
    np.testing.assert_allclose(place, place_of(window, 1))
    analysis = window.work.study.analysis
    grown = segment_mask(window.work.parameters.segmentation, "AIF", analysis.grid)
    np.testing.assert_array_equal(grown, analysis.arterial_input.voxels)
    assert not np.array_equal(cbf(window), before)


def test_a_preview_under_the_mouse_is_no_seed(window):
    step(window).seed_button.click()
    node = window.work.parameters.seed
    node.AddControlPointWorld(*place_of(window, 1))
    node.SetNthControlPointPositionWorld(0, *place_of(window, 2), node.PositionPreview)
    wait(window)
    assert window.work.study.analysis.arterial_input_choice[0] == "automatic"


def test_a_second_seed_takes_the_place_of_the_first(window):
    place_seed(window, place_of(window, 1))
    place_seed(window, place_of(window, 2))
    assert window.work.parameters.seed.GetNumberOfControlPoints() == 1
    np.testing.assert_allclose(window.work.study.analysis.arterial_input_choice[1], place_of(window, 2))


def test_a_drag_is_followed_in_few_updates_and_to_its_very_end(window, monkeypatch):
    place_seed(window, place_of(window, 1))
    node, study = window.work.parameters.seed, window.work.study
    followed = []
    asked = study.arterial_input_steps
    monkeypatch.setattr(
        study, "arterial_input_steps", lambda *arguments: followed.append(arguments) or asked(*arguments)
    )
    start, end = place_of(window, 1), place_of(window, 0)
    node.InvokeEvent(node.PointStartInteractionEvent)
    for part in np.linspace(0, 1, 60):
        move_seed(window, (1 - part) * start + part * end)
    node.InvokeEvent(node.PointEndInteractionEvent)
    wait(window)
    assert 1 <= len(followed) <= 5
    np.testing.assert_allclose(followed[-1][1], end)
    np.testing.assert_allclose(study.analysis.arterial_input_choice[1], end)
    assert "maps" in study.analysis.stages_done


def test_undo_after_a_drag_leads_to_where_it_began(window):
    place_seed(window, place_of(window, 1))
    node, start, end = window.work.parameters.seed, place_of(window, 1), place_of(window, 0)
    node.InvokeEvent(node.PointStartInteractionEvent)
    for part in (0.3, 0.6, 1.0):
        move_seed(window, (1 - part) * start + part * end)
        wait(window)
    node.InvokeEvent(node.PointEndInteractionEvent)
    step(window).undo_button.click()
    settle(window)
    np.testing.assert_allclose(window.work.study.analysis.arterial_input_choice[1], start)


def test_while_a_seed_is_dragged_the_curve_comes_before_the_maps(window):
    import slicer

    place_seed(window, place_of(window, 1))
    former_curve, former_map = curve(window), cbf(window)
    move_seed(window, place_of(window, 0))
    end = time.monotonic() + 5
    while np.array_equal(curve(window), former_curve) and time.monotonic() < end:
        slicer.app.processEvents()
    shown = slicer.util.arrayFromTableColumn(window.work.parameters.curvesTable, "AIF")
    np.testing.assert_allclose(shown, curve(window))
    settle(window)
    assert not np.array_equal(cbf(window), former_map)


def test_while_a_seed_is_dragged_the_rest_of_the_window_waits_for_the_end(window, monkeypatch):
    import slicer
    from PerfusionToolLib.panels import runner

    monkeypatch.setattr(runner, "URGENT_SLICE_SECONDS", 0.0)
    place_seed(window, place_of(window, 1))
    scan_panel, refreshed = window.panels["scan"], []
    monkeypatch.setattr(scan_panel, "refresh", lambda: refreshed.append(window.runner.running))
    move_seed(window, place_of(window, 0))
    end = time.monotonic() + 5
    while not window.runner.running and time.monotonic() < end:
        slicer.app.processEvents()
    assert window.runner.urgent
    settle(window)
    assert refreshed and not any(refreshed)


def test_undo_moves_the_seed_back_without_following_it(window):
    place_seed(window, place_of(window, 1))
    place_seed(window, place_of(window, 2))
    step(window).undo_button.click()
    wait(window)
    node = window.work.parameters.seed
    np.testing.assert_allclose(node.GetNthControlPointPositionWorld(0), place_of(window, 1), atol=0.01)
    assert step(window).redo_button.enabled


def test_a_seed_in_air_says_so_and_changes_nothing_else(window):
    before, former = cbf(window), curve(window)
    air = np.array([200.0, 200.0, 200.0])
    place_seed(window, air)
    assert "outside" in window.ui.arterialInputState.text
    assert window.ui.arterialInputState.text.startswith("!")
    np.testing.assert_array_equal(curve(window), former)
    np.testing.assert_array_equal(cbf(window), before)
    np.testing.assert_allclose(window.work.parameters.seed.GetNthControlPointPositionWorld(0), air)
    assert not window.runner.running
    place_seed(window, place_of(window, 1))
    assert not window.ui.arterialInputState.text.startswith("!")


def test_paint_opens_the_segment_editor_on_the_aif(window, monkeypatch):
    import slicer

    editor = slicer.vtkMRMLSegmentEditorNode()
    editor.SetSingletonTag("SegmentEditor")
    editor = slicer.mrmlScene.AddNode(editor)
    opened = []
    monkeypatch.setattr(slicer.util, "selectModule", opened.append)
    step(window).paint_button.click()
    assert opened == ["SegmentEditor"]
    assert editor.GetSegmentationNode() is window.work.parameters.segmentation
    assert editor.GetSelectedSegmentID() == "AIF"


def test_painted_voxels_are_used_and_our_own_are_no_edit(window):
    import slicer

    wait(window, 1.0)
    assert window.work.study.analysis.arterial_input_choice[0] == "automatic"
    analysis, segmentation = window.work.study.analysis, window.work.parameters.segmentation
    painted = analysis.vessel_search.arteries[1].mask(analysis.grid.shape)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        painted.astype(np.uint8), segmentation, "AIF", window.work.parameters.mapCBF
    )
    wait(window, 1.0)
    assert window.work.study.analysis.arterial_input_choice[0] == "mask"
    np.testing.assert_array_equal(window.work.study.analysis.arterial_input.voxels, painted)


def test_a_saved_curve_loads_as_the_same_aif(window, tmp_path):
    from slicerhost import dialogs

    former, before, path = curve(window), cbf(window), str(tmp_path / "aif.csv")
    dialogs.answers.append(path)
    step(window).save_button.click()
    dialogs.answers.append(path)
    step(window).load_button.click()
    settle(window)
    assert window.work.study.analysis.arterial_input_choice[0] == "curve"
    np.testing.assert_allclose(curve(window), former)
    np.testing.assert_allclose(cbf(window), before, rtol=1e-5)


def test_a_curve_that_is_none_says_so(window, tmp_path):
    from slicerhost import dialogs

    path, former = tmp_path / "aif.csv", curve(window)
    path.write_text("this,is,no\ncurve,at,all\n")
    dialogs.answers.append(str(path))
    step(window).load_button.click()
    settle(window)
    assert window.ui.arterialInputState.text.startswith("!")
    np.testing.assert_array_equal(curve(window), former)


def test_a_dialog_that_is_closed_changes_nothing(window):
    from slicerhost import dialogs

    former = curve(window)
    dialogs.answers.extend(["", ""])
    step(window).load_button.click()
    step(window).save_button.click()
    settle(window)
    np.testing.assert_array_equal(curve(window), former)


def test_the_fit_can_be_used_and_changed_by_hand(window):
    options, fit = step(window).options, step(window).fit
    assert not fit.height.enabled
    assert "gamma variate" in fit.height.toolTip
    options.rows["arterial_input_curve"].field.currentIndex = 1
    settle(window)
    arterial = window.work.study.analysis.arterial_input
    assert fit.height.enabled
    assert fit.height.value == pytest.approx(arterial.fit.height, abs=0.01)
    used = curve(window)
    fit.height.value = 2 * fit.height.value
    settle(window)
    np.testing.assert_allclose(curve(window), 2 * used, rtol=1e-3, atol=1e-3 * used.max())
    step(window).undo_button.click()
    settle(window)
    np.testing.assert_allclose(curve(window), used, rtol=1e-5, atol=1e-5 * used.max())


def test_a_fit_that_cannot_be_says_so(window):
    step(window).options.rows["arterial_input_curve"].field.currentIndex = 1
    settle(window)
    former = curve(window)
    step(window).fit.peak_time.value = 0.0
    settle(window)
    assert "later" in window.ui.arterialInputState.text
    np.testing.assert_array_equal(curve(window), former)


def test_the_partial_volume_factor_is_shown_with_its_reason_and_can_be_set(window):
    arterial = window.work.study.analysis.arterial_input
    assert f"{arterial.scale:.2f}" in step(window).used_line.text
    assert "area of the VOF" in step(window).used_line.text
    rows = step(window).options.rows
    assert not rows["partial_volume_factor"].widget.enabled
    rows["partial_volume"].field.currentIndex = 2
    settle(window)
    rows["partial_volume_factor"].field.value = 2.5
    settle(window)
    assert window.work.study.analysis.arterial_input.scale == 2.5
    assert "Scaled by 2.50" in step(window).used_line.text


def test_the_venous_output_is_told_with_its_place(window):
    assert "VOF: " in step(window).venous_line.text
    assert "slice" in step(window).venous_line.text


def test_closing_the_scene_while_placing_leaves_nothing_behind(window):
    import slicer

    step(window).seed_button.click()
    slicer.mrmlScene.Clear(False)
    settle(window)
    assert step(window).table.widget.rowCount == 0
    assert step(window).seed_button.text == "Place seed"
    assert not step(window).seed_button.enabled
