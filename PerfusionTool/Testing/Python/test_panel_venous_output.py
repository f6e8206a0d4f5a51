"""Step 5 of the window: the VOF is chosen, seeded, painted, taken from a segment, undone."""

from __future__ import annotations

import time

import numpy as np
import panel_window
from panel_window import settle

make_panel, panel, window = panel_window.make_panel, panel_window.panel, panel_window.window


def step(window):
    return window.panels["arterial_input"]


def row(window):
    return step(window).venous


def wait(window, seconds=0.2):
    """Let coalesced events be answered, and the work that follows them."""
    import slicer

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.005)
    settle(window)


def choice(window):
    return window.work.study.analysis.venous_output_choice


def vein(window, rank):
    return window.work.study.analysis.venous_output.candidates[rank]


def test_before_any_result_buttons_say_what_to_do_first(panel):
    for widget in (row(panel).automatic_button, row(panel).seed_button, row(panel).veins):
        assert not widget.enabled
        assert "4D scan" in widget.toolTip
    assert not step(panel).use_vein_button.enabled


def test_veins_are_listed_with_place_and_reason_and_the_one_in_use_is_shown(window):
    veins = row(window).veins
    from PerfusionToolLib.panels.vessels.venous_output_row import MOST_VEINS

    found = len(window.work.study.analysis.venous_output.candidates)
    assert found > MOST_VEINS
    assert veins.count == 1 + MOST_VEINS
    assert veins.currentIndex == 1
    assert veins.currentText.startswith("1: ")
    assert "slice" in veins.currentText
    assert "after the AIF" in veins.currentText


def test_a_vein_beyond_the_list_is_none_of_it(window):
    from PerfusionToolLib.panels.vessels.venous_output_row import MOST_VEINS

    window.logic.setVenousOutputCandidate(MOST_VEINS + 3)
    settle(window)
    assert row(window).veins.currentIndex <= 0


def test_choosing_a_vein_uses_it_and_undo_leads_back(window):
    scale = window.work.study.analysis.arterial_input.scale
    row(window).veins.currentIndex = 2
    settle(window)
    assert choice(window)[0] == "candidate"
    np.testing.assert_allclose(choice(window)[1], vein(window, 1).place)
    assert row(window).veins.currentIndex == 2
    assert "chosen from the list" in step(window).venous_line.text
    assert window.work.study.analysis.arterial_input.scale != scale
    step(window).undo_button.click()
    settle(window)
    assert choice(window)[0] == "automatic"
    assert window.work.study.analysis.arterial_input.scale == scale
    assert row(window).veins.currentIndex == 1


def test_a_seed_is_placed_dragged_and_left_for_the_automatic_one(window):
    import slicer

    row(window).seed_button.click()
    assert row(window).seed_button.text == "Cancel placing"
    assert step(window).seed_button.text == "Place seed"
    node, place = window.work.parameters.venousSeed, vein(window, 0).place
    node.AddControlPointWorld(*place)
    interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    wait(window)
    assert choice(window)[0] == "seed"
    assert "grown from a seed" in step(window).venous_line.text
    assert row(window).veins.currentIndex == 0
    moved = vein(window, 1).place
    node.SetNthControlPointPositionWorld(0, *moved)
    wait(window)
    np.testing.assert_allclose(choice(window)[1], moved)
    assert window.work.study.analysis.arterial_input_choice[0] == "automatic"
    row(window).automatic_button.click()
    settle(window)
    assert choice(window)[0] == "automatic"
    assert not node.GetDisplayNode().GetVisibility()


def test_only_the_seed_that_the_next_click_places_can_be_cancelled(window):
    row(window).seed_button.click()
    step(window).seed_button.click()
    assert (step(window).seed_button.text, row(window).seed_button.text) == ("Cancel placing", "Place VOF seed")
    row(window).seed_button.click()
    assert (step(window).seed_button.text, row(window).seed_button.text) == ("Place seed", "Cancel placing")
    row(window).seed_button.click()
    assert (step(window).seed_button.text, row(window).seed_button.text) == ("Place seed", "Place VOF seed")


def test_a_seed_in_air_says_so_and_leaves_the_venous_output(window):
    row(window).seed_button.click()
    window.work.parameters.venousSeed.AddControlPointWorld(500.0, 0.0, 0.0)
    wait(window)
    assert window.ui.arterialInputState.text.startswith("!")
    assert "outside" in window.ui.arterialInputState.text
    assert choice(window)[0] == "automatic"


def test_painted_voxels_are_used(window):
    import slicer

    analysis, segmentation = window.work.study.analysis, window.work.parameters.segmentation
    painted = vein(window, 1).mask(analysis.grid.shape)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        painted.astype(np.uint8), segmentation, "VOF", window.work.parameters.mapCBF
    )
    wait(window, 1.0)
    assert choice(window)[0] == "mask"
    np.testing.assert_array_equal(window.work.study.analysis.venous_output.voxels, painted)


def test_a_segment_serves_as_aif_or_vof(window):
    analysis = window.work.study.analysis
    former = analysis.arterial_input.voxels
    segment = step(window).segment
    assert "Choose a segmentation" in step(window).use_vein_button.toolTip
    segment.node_combo.setCurrentNode(window.work.parameters.segmentation)
    names = list(segment._segments)
    segment.segment_combo.currentIndex = names.index("VOF")
    expected = analysis.venous_output.voxels
    step(window).use_vein_button.click()
    settle(window)
    assert choice(window)[0] == "mask"
    np.testing.assert_array_equal(window.work.study.analysis.venous_output.voxels, expected)
    segment.segment_combo.currentIndex = names.index("AIF")
    step(window).use_artery_button.click()
    settle(window)
    assert window.work.study.analysis.arterial_input_choice[0] == "mask"
    np.testing.assert_array_equal(window.work.study.analysis.arterial_input.voxels, former)


def test_the_factor_is_shown_with_its_standard_deviation(window):
    arterial = window.work.study.analysis.arterial_input
    assert f"Scaled by {arterial.scale:.2f} ± {arterial.scale_sd:.2f} (" in step(window).used_line.text
