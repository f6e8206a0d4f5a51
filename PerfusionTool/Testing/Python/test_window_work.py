"""The work in the window, with the mouse: compute, cancel, choose, seed, drag, undo, edit."""

from __future__ import annotations

import module_window
import numpy as np
import pytest
from module_window import MAPS, SMALL, add_scan, assert_same, curve, differ, maps, nodes_in_scene

open_window, window = module_window.open_window, module_window.window
reopened, computed = module_window.reopened, module_window.computed


def test_two_clicks_from_a_loaded_scan_to_maps(open_window):
    import slicer
    from slicerhost.mouse import click

    add_scan()
    window = open_window()  # the first click, in the menu of modules
    click(window.ui.computeButton)
    assert window.ui.computeButton.text == "Cancel"
    window.settle()
    assert window.ui.computeButton.text == "Compute maps" and not window.ui.progressBar.visible
    assert window.ui.messageLabel.text == ""
    proxy = (
        slicer.modules.sequences.logic()
        .GetFirstBrowserNodeForSequenceNode(window.parameters.scan)
        .GetProxyNode(window.parameters.scan)
    )
    for name in MAPS:
        composite = window.view(f"Perfusion{name.removeprefix('map')}").mrmlSliceCompositeNode()
        assert composite.GetForegroundVolumeID() == getattr(window.parameters, name).GetID()
        assert composite.GetBackgroundVolumeID() == proxy.GetID()
    assert window.view().mrmlSliceCompositeNode().GetForegroundVolumeID() is None


def test_cancel_leaves_the_scene_as_it_was_and_the_next_run_goes_on(window):
    from slicerhost.mouse import click

    add_scan()
    window.settle()
    before = nodes_in_scene()
    window.start()
    window.run_to("preparation")
    click(window.ui.computeButton)
    window.settle()
    assert "Cancelled" in window.ui.messageLabel.text
    assert nodes_in_scene() == before
    done, series = window.study.analysis, window.study.analysis.series
    stages = set(done.stages_done)
    assert "preparation" in stages and "maps" not in stages
    window.compute()
    assert window.study.analysis is done and done.series is series
    assert all(getattr(window.parameters, name) is not None for name in MAPS)
    cancelled = maps(window)
    window.study.close()
    window.compute()
    assert_same(maps(window), cancelled)


def test_cancel_of_a_second_run_leaves_the_maps_of_the_first(computed):
    from slicerhost.mouse import click

    before, nodes = maps(computed), nodes_in_scene()
    computed.parameters.smoothing = "none"
    computed.start()
    computed.run_to("brain")
    click(computed.ui.computeButton)
    computed.settle()
    assert nodes_in_scene() == nodes
    assert_same(maps(computed), before)
    assert computed.ui.mapsState.text.startswith("○")
    computed.compute()
    assert computed.ui.mapsState.text.startswith("✓")
    assert differ(maps(computed), before)


def test_a_click_on_a_candidate_uses_it_and_shows_its_slice(computed):
    before, former = maps(computed), curve(computed)
    row = computed.candidates()[1]
    computed.click_candidate(1)
    assert differ(maps(computed), before)
    assert (curve(computed) != former).any()
    assert computed.parameters.arterialInputKind == "candidate"
    assert computed.section("arterial_input").table.widget.currentRow() == 1
    slices = [computed.view(f"Perfusion{name}").mrmlSliceNode().GetSliceOffset() for name in ("Scan", "CBF", "TTP")]
    assert slices == pytest.approx([row["place"][2]] * 3, abs=4.01)


def test_the_row_of_the_automatic_candidate_gives_the_automatic_maps(computed):
    before = maps(computed)
    computed.click_candidate(1)
    computed.click_candidate(0)
    assert_same(maps(computed), before)


@pytest.mark.parametrize("view", ["PerfusionScan", "PerfusionTmax"])
def test_a_seed_is_placed_with_a_click_on_a_vessel_in_any_view(computed, view):
    before, place = maps(computed), computed.candidates()[1]["place"]
    computed.click_seed(place, view)
    seed = computed.parameters.seed
    assert seed.GetNumberOfControlPoints() == 1
    # A vessel may lie between the middles of two slices: the click is in the nearer one.
    half_a_slice = SMALL["spacing"][0] / 2
    assert (np.abs(np.subtract(seed.GetNthControlPointPositionWorld(0), place)) < (1.5, 1.5, half_a_slice)).all()
    assert computed.parameters.arterialInputKind == "seed"
    assert computed.ui.arterialInputState.text.startswith(("✓", "!"))
    assert computed.section("arterial_input").seed_button.text == "Place seed"
    assert differ(maps(computed), before)


def two_places(window):
    """Two vessels in the slice of an accepted artery, that one first."""
    bright = [row for row in window.candidates() if row["peak"] > 100]
    return next(
        (one["place"], other["place"])
        for one in bright
        for other in bright
        if one is not other and one["place"][2] == other["place"][2]
    )


def test_a_seed_is_dragged_with_the_mouse_and_the_maps_are_those_of_its_last_place(computed):
    from slicerhost.mouse import drag_view

    start, end = two_places(computed)
    computed.click_seed(start)
    placed, seed = maps(computed), computed.parameters.seed
    drag_view(computed.view(), seed.GetNthControlPointPositionWorld(0), end, steps=8)
    computed.settle()
    last = tuple(seed.GetNthControlPointPositionWorld(0))
    assert seed.GetNumberOfControlPoints() == 1
    assert last == pytest.approx(tuple(end), abs=1.5)
    dragged = maps(computed)
    assert differ(dragged, placed)
    computed.click_button("arterial_input", "automatic_button")
    computed.widget.logic.setArterialInputSeed(last)
    assert_same(maps(computed), dragged)


def test_a_seed_moved_while_the_maps_of_its_former_place_come_stays_where_it_was_moved(computed):
    from PerfusionToolLib.perfusion import drain

    start, end = two_places(computed)
    computed.click_seed(start)
    seed = computed.parameters.seed
    steps = computed.study.arterial_input_steps("seed", np.add(start, (0.5, 0, 0)))
    while next(steps).text != "The arterial input has changed":
        pass
    seed.SetNthControlPointPositionWorld(0, *end)
    drain(steps)
    computed.settle()
    assert tuple(seed.GetNthControlPointPositionWorld(0)) == pytest.approx(tuple(end), abs=0.01)
    used = [float(value) for value in computed.parameters.arterialInputPlace.split()]
    assert used == pytest.approx(list(end), abs=0.01)


def test_undo_after_a_drag_leads_to_where_the_drag_began(computed):
    from slicerhost.mouse import drag_view

    start, end = two_places(computed)
    computed.click_seed(start)
    placed, seed = maps(computed), computed.parameters.seed
    first = seed.GetNthControlPointPositionWorld(0)
    drag_view(computed.view(), first, end, steps=8)
    computed.settle()
    computed.click_button("arterial_input", "undo_button")
    assert seed.GetNthControlPointPositionWorld(0) == pytest.approx(first, abs=0.01)
    assert_same(maps(computed), placed)


def air_in_view(window):
    """A place in the scan, outside of the head."""
    from PerfusionToolLib.scene.volumes import volume_grid

    grid = volume_grid(window.parameters.mapCBF)
    return grid.to_ras((grid.shape[0] // 2, 2, 2))


def test_a_seed_in_air_says_so_and_keeps_the_former_maps(computed):
    computed.click_seed(computed.candidates()[1]["place"])
    before, former, segments = maps(computed), curve(computed), aif(computed)
    computed.click_seed(air_in_view(computed))
    assert computed.sees(computed.ui.messageLabel, "seed")
    assert computed.sees(computed.ui.arterialInputState, computed.ui.messageLabel.text)
    assert computed.ui.arterialInputState.text.startswith("!")
    assert_same(maps(computed), before)
    np.testing.assert_array_equal(curve(computed), former)
    np.testing.assert_array_equal(aif(computed), segments)
    computed.click_button("arterial_input", "undo_button")
    assert not computed.ui.arterialInputState.text.startswith("! The seed")
    assert computed.parameters.arterialInputKind == "automatic"


def aif(window, segment="AIF"):
    from PerfusionToolLib.scene.segments import segment_mask
    from PerfusionToolLib.scene.volumes import volume_grid

    return segment_mask(window.parameters.segmentation, segment, volume_grid(window.parameters.mapCBF))


def test_undo_redo_and_automatic_bring_back_the_very_maps(computed):
    automatic = maps(computed)
    computed.click_candidate(1)
    candidate = maps(computed)
    computed.click_seed(computed.candidates()[2]["place"])
    seed = maps(computed)
    computed.click_button("arterial_input", "undo_button")
    assert_same(maps(computed), candidate)
    computed.click_button("arterial_input", "undo_button")
    assert_same(maps(computed), automatic)
    assert not computed.section("arterial_input").undo_button.enabled
    computed.click_button("arterial_input", "redo_button")
    computed.click_button("arterial_input", "redo_button")
    assert_same(maps(computed), seed)
    assert not computed.section("arterial_input").redo_button.enabled
    computed.click_button("arterial_input", "automatic_button")
    assert_same(maps(computed), automatic)


def test_a_placing_that_is_called_off_changes_nothing(computed):
    from slicerhost.mouse import click_view

    before, kind = maps(computed), computed.parameters.arterialInputKind
    computed.click_button("arterial_input", "seed_button")
    assert computed.section("arterial_input").seed_button.text == "Cancel placing"
    computed.click_button("arterial_input", "seed_button")
    click_view(computed.view(), computed.candidates()[1]["place"])
    computed.settle()
    assert computed.parameters.arterialInputKind == kind
    assert computed.parameters.seed.GetNumberOfControlPoints() == 0
    assert_same(maps(computed), before)


@pytest.fixture
def segment_editor(computed, monkeypatch):
    """The Segment Editor takes the module's place, as far as the stand-in can show it."""
    import slicer

    node = slicer.vtkMRMLSegmentEditorNode()
    node.SetSingletonTag("SegmentEditor")
    node = slicer.mrmlScene.AddNode(node)

    def select(name):
        assert name == "SegmentEditor"
        computed.widget.parent.exit()

    monkeypatch.setattr(slicer.util, "selectModule", select)
    return node


def paint(editor, mask, volume):
    """A stroke in the Segment Editor: other voxels in the segment's labelmap, and its event."""
    import slicer

    slicer.util.updateSegmentBinaryLabelmapFromArray(
        mask.astype(np.uint8), editor.GetSegmentationNode(), editor.GetSelectedSegmentID(), volume
    )


def wait_for_stroke(window, field, value):
    """An edit is taken up once the strokes pause: the parameter node says of what kind the mask is."""
    from slicerhost.mouse import wait

    wait(lambda: getattr(window.parameters, field) == value, 5)
    window.settle()


def test_the_maps_end_where_the_edited_brain_mask_ends(computed, segment_editor):
    before = maps(computed)
    computed.click_button("brain_mask", "edit_button")
    mask = aif(computed, "brain")
    mask[:, :, :32] = False
    paint(segment_editor, mask, computed.parameters.mapCBF)
    wait_for_stroke(computed, "maskSource", "segment")
    computed.widget.parent.enter()
    computed.settle()
    assert "from a segment" in computed.ui.brainMaskState.text
    for values in maps(computed).values():
        assert not values[~mask].any() and values[mask].any()
    computed.click_button("brain_mask", "automatic_button")
    assert_same(maps(computed), before)


def test_a_painted_aif_is_used(computed, segment_editor):
    import slicer

    before = maps(computed)
    layout = slicer.app.layoutManager().layout
    computed.click_button("arterial_input", "paint_button")
    assert slicer.app.layoutManager().layout == layout
    painted = aif(computed)
    painted[:] = False
    index = computed.study.analysis.grid.to_indices(computed.candidates()[1]["place"])
    z, y, x = np.round(index).astype(int)
    painted[z, y - 1 : y + 1, x - 1 : x + 1] = True
    paint(segment_editor, painted, computed.parameters.mapCBF)
    wait_for_stroke(computed, "arterialInputKind", "mask")
    computed.widget.parent.enter()
    computed.settle()
    assert computed.parameters.arterialInputKind == "mask"
    assert "Drawn" in computed.ui.arterialInputState.text or computed.ui.arterialInputState.text.startswith("!")
    np.testing.assert_array_equal(aif(computed), painted)
    assert differ(maps(computed), before)
    computed.click_button("arterial_input", "undo_button")
    assert_same(maps(computed), before)
