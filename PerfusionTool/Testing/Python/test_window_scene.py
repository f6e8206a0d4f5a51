"""The window and the scene: what comes, goes, is saved, opened and reloaded, and where a place in a view lies."""

from __future__ import annotations

import sys

import module_window
import numpy as np
import pytest
from module_window import FORMER_LAYOUT, MAPS, add_scan, assert_same, differ, head, maps, nodes_in_scene

open_window, window = module_window.open_window, module_window.window
reopened, computed = module_window.reopened, module_window.computed

STEPS = ("scan", "preparation", "brain_mask", "bolus", "arterial_input", "maps", "probe")


def test_closing_the_scene_during_a_run_ends_it_without_leftovers(window):
    import slicer

    add_scan()
    slicer.mrmlScene.Clear(False)
    window.settle()
    empty = len(nodes_in_scene())
    add_scan()
    window.settle()
    window.start()
    window.run_to("preparation")
    slicer.mrmlScene.Clear(False)
    window.settle()
    assert not window.running and window.ui.computeButton.text == "Compute maps"
    assert not window.ui.computeButton.enabled and not window.ui.progressBar.visible
    assert window.study.analysis is None
    assert len(nodes_in_scene()) == empty
    add_scan()
    window.settle()
    window.compute()
    assert all(getattr(window.parameters, name) is not None for name in MAPS)


def test_removing_the_input_during_a_run_says_so_and_makes_no_nodes(window):
    import slicer

    scan = add_scan()
    window.settle()
    before = nodes_in_scene()
    window.start()
    window.run_to("brain")
    slicer.mrmlScene.RemoveNode(scan)
    window.settle()
    assert not window.running
    assert window.sees(window.ui.messageLabel, "removed")
    assert window.sees(window.ui.scanState, "Choose a 4D scan")
    assert set(nodes_in_scene()) <= set(before)
    other = add_scan(name="Other")
    window.settle()
    window.ui.scanSelector.setCurrentNode(other)
    window.settle()
    window.compute()
    assert window.parameters.mapCBF.GetName() == "Other CBF"


def test_a_removed_map_comes_back_with_the_next_run(reopened):
    import slicer

    before, volumes = maps(reopened), volumes_in_scene()
    slicer.mrmlScene.RemoveNode(reopened.parameters.mapTmax)
    reopened.settle()
    assert reopened.ui.mapsState.text == "○ Maps that are wanted are not in the scene; computing brings them."
    reopened.compute()
    assert_same(maps(reopened), before)
    assert volumes_in_scene() == volumes
    shown = reopened.view("PerfusionTmax").mrmlSliceCompositeNode().GetForegroundVolumeID()
    assert shown == reopened.parameters.mapTmax.GetID()


def volumes_in_scene():
    """Names of all volumes; displays of one that was removed stay in the scene."""
    import slicer

    return sorted(node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))


def test_each_scan_keeps_its_own_results_when_scans_are_switched(reopened):
    from slicerhost.mouse import choose

    first, before = reopened.parameters.scan, maps(reopened)
    reopened.click_candidate(1)
    chosen = maps(reopened)
    other = add_scan("MR", "Other")
    reopened.settle()
    assert reopened.parameters.scan is first
    choose(reopened.ui.scanSelector, "Other")
    reopened.settle()
    assert reopened.parameters.scan is other
    assert reopened.parameters.mapCBF is None and reopened.parameters.arterialInputKind == "automatic"
    assert not reopened.view("PerfusionCBF").mrmlSliceCompositeNode().GetForegroundVolumeID()
    assert all(reopened.study.state(step).kind == "waiting" for step in STEPS[1:])
    assert reopened.candidates() == []
    reopened.compute()
    assert reopened.parameters.mapCBF.GetName() == "Other CBF"
    choose(reopened.ui.scanSelector, first.GetName())
    reopened.settle()
    assert_same(maps(reopened), chosen)
    assert reopened.parameters.arterialInputKind == "candidate"
    assert reopened.ui.mapsState.text.startswith("✓")
    composite = reopened.view("PerfusionCBF").mrmlSliceCompositeNode()
    assert composite.GetForegroundVolumeID() == reopened.parameters.mapCBF.GetID()
    reopened.click_candidate(0)
    assert_same(maps(reopened), before)


def test_switching_scans_during_a_run_ends_the_run(window):
    from slicerhost.mouse import choose

    add_scan(name="First")
    window.settle()
    other = add_scan(name="Second")
    window.settle()
    before = nodes_in_scene()
    window.start()
    window.run_to("preparation")
    choose(window.ui.scanSelector, "Second")
    window.settle()
    assert not window.running and window.parameters.scan is other
    assert nodes_in_scene() == before
    window.compute()
    assert window.parameters.mapCBF.GetName() == "Second CBF"


def test_a_saved_scene_opens_in_a_fresh_window_and_the_work_goes_on(computed, open_window, tmp_path):
    import slicer
    import slicerhost

    automatic = maps(computed)
    computed.click_candidate(1)
    candidate = maps(computed)
    computed.click_candidate(0)
    told = {step: computed.study.state(step) for step in STEPS[:-1]}
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    assert slicerhost.clear() == []
    fresh = open_window()
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    fresh.settle()
    assert fresh.study.analysis is None and not fresh.running
    assert {step: fresh.study.state(step) for step in STEPS[:-1]} == told
    assert "not saved with the scene" in fresh.ui.probeState.text
    assert fresh.ui.mapsState.text.startswith("✓")
    assert_same(maps(fresh), automatic)
    for name in MAPS:
        composite = fresh.view(f"Perfusion{name.removeprefix('map')}").mrmlSliceCompositeNode()
        assert composite.GetForegroundVolumeID() == getattr(fresh.parameters, name).GetID()
    nodes = len(nodes_in_scene())
    fresh.click_candidate(1)
    assert_same(maps(fresh), candidate)
    assert len(nodes_in_scene()) == nodes
    assert fresh.ui.probeState.text.startswith("✓")


@pytest.fixture
def library_as_it_was():
    """Other tests go on with the library that they have loaded."""
    names = [name for name in sys.modules if name.split(".")[0] in ("PerfusionTool", "PerfusionToolLib")]
    kept = {name: sys.modules[name] for name in names}
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("PerfusionTool", "PerfusionToolLib")]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_after_a_reload_the_window_works_with_the_library_as_it_is_now(reopened, library_as_it_was):
    former, library = reopened.widget, {name: sys.modules[name] for name in sys.modules if "PerfusionToolLib" in name}
    before, former_panel, nodes = maps(reopened), reopened.panel, len(nodes_in_scene())
    former.onReload()
    reopened.widget.parent.enter()
    reopened.settle()
    assert reopened.widget is not former
    assert former_panel.work.study is None
    again = {name for name in library if name in sys.modules and sys.modules[name] is library[name]}
    assert not again
    assert_same(maps(reopened), before)
    assert reopened.ui.mapsState.text.startswith("✓")
    reopened.click_candidate(1)
    assert differ(maps(reopened), before)
    assert len(nodes_in_scene()) == nodes


def test_a_reload_during_a_run_ends_the_run(window, library_as_it_was):
    scan = add_scan()
    window.settle()
    before, former = nodes_in_scene(), window.panel
    window.start()
    window.run_to("preparation")
    window.widget.onReload()
    window.widget.parent.enter()
    window.settle()
    assert not former.runner.running and not window.running
    assert nodes_in_scene() == before
    assert window.parameters.scan is scan
    window.compute()
    assert window.ui.mapsState.text.startswith("✓")


@pytest.fixture(params=[None, True, False], ids=["as Slicer", "always", "never"])
def selectors(request, monkeypatch, application):
    """Whether node selectors choose by themselves differs between versions of the application."""
    from slicerhost import widgets

    monkeypatch.setattr(widgets, "auto_select", request.param)


def test_the_scan_in_use_is_a_persons_choice_whatever_selectors_do(selectors, open_window):
    import slicer
    from slicerhost.mouse import choose

    first = add_scan(name="First")
    window = open_window()
    assert window.parameters.scan is window.ui.scanSelector.currentNode() is first
    second = add_scan(name="Second")
    window.settle()
    assert window.parameters.scan is window.ui.scanSelector.currentNode() is first
    choose(window.ui.scanSelector, "Second")
    window.settle()
    assert window.parameters.scan is window.ui.scanSelector.currentNode() is second
    slicer.mrmlScene.RemoveNode(second)
    window.settle()
    assert window.parameters.scan is window.ui.scanSelector.currentNode() is None
    assert not window.ui.computeButton.enabled
    choose(window.ui.scanSelector, "First")
    window.settle()
    assert window.parameters.scan is first and window.ui.computeButton.enabled


def test_a_saved_scene_is_taken_up_whatever_selectors_do(selectors, reopened):
    scan = reopened.parameters.scan
    assert scan is not None and reopened.ui.scanSelector.currentNode() is scan
    assert reopened.ui.mapsState.text.startswith("✓")
    assert reopened.parameters.maskNode is None and reopened.parameters.maskSource == "automatic"


def test_shift_over_a_view_shows_the_values_there_and_a_mere_movement_does_not(computed):
    import slicer
    from slicerhost.mouse import hover_view

    computed.open_only("probe")
    analysis, line = computed.study.analysis, computed.section("probe").voxel_line
    index = brain_voxel(analysis)
    ras = analysis.grid.to_ras(index)
    hover_view(computed.view("PerfusionCBV"), ras)
    computed.settle()
    assert line.text == ""
    hover_view(computed.view("PerfusionCBV"), ras, shift=True)
    computed.settle()
    for name, volume in analysis.maps.items():
        assert computed.sees(line, f"{name} {volume[index]:.3g}")
    plot = slicer.mrmlScene.GetSingletonNode("PerfusionCurves", "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNodeID() == computed.parameters.probeChart.GetID()


def brain_voxel(analysis):
    """A voxel well inside the brain."""
    inside = np.argwhere(analysis.brain_mask[3])
    return (3, *inside[len(inside) // 2 + 5])


def turned(ijk_to_ras, left_handed):
    """An oblique geometry about the same centre, mirrored where that is wanted."""
    from scipy.spatial.transform import Rotation

    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", (20, -15, 10), degrees=True).as_matrix()
    matrix = turn @ ijk_to_ras
    if left_handed:
        matrix[:3, 3] += 5 * matrix[:3, 2]
        matrix[:3, 2] *= -1
    return matrix


@pytest.mark.parametrize("left_handed", [False, True], ids=["oblique", "oblique and left-handed"])
def test_a_voxel_picked_in_a_view_is_the_voxel_in_the_array(window, left_handed):
    import slicer
    from PerfusionToolLib.perfusion import PerfusionSeries
    from PerfusionToolLib.scene.scans.importing import sequence_from_series
    from slicerhost.mouse import hover_view

    straight = head("CT")
    matrix = turned(straight.ijk_to_ras, left_handed)
    signal = straight.signal[:, ::-1] if left_handed else straight.signal
    series = PerfusionSeries(signal, straight.times, matrix, "CT", None)
    sequence_from_series(series, "Turned")
    window.settle()
    window.compute()
    analysis = window.study.analysis
    for index in [brain_voxel(analysis), (1, 20, 40), (4, 40, 22)]:
        ras = analysis.grid.to_ras(index)
        hover_view(window.view("PerfusionCBF"), ras, shift=True)
        window.settle()
        crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode").GetCrosshairRAS()
        assert tuple(np.round(analysis.grid.to_indices(crosshair)).astype(int)) == tuple(index)
        assert tuple(window.study.voxel_reading(crosshair).index) == tuple(index)
        assert shown_values(window, crosshair) == pytest.approx(
            [np.nan_to_num(analysis.maps[name.removeprefix("map")][tuple(index)]) for name in MAPS], rel=1e-5, abs=1e-5
        )


def shown_values(window, ras):
    """What the volumes of the scene hold at a place, by their own geometry."""
    import slicer
    import vtk

    values = []
    for name in MAPS:
        volume, to_ijk = getattr(window.parameters, name), vtk.vtkMatrix4x4()
        volume.GetRASToIJKMatrix(to_ijk)
        i, j, k = np.round(to_ijk.MultiplyPoint((*ras, 1.0))[:3]).astype(int)
        values.append(slicer.util.arrayFromVolume(volume)[k, j, i])
    return values


def test_all_views_scroll_zoom_and_lie_alike(reopened):
    from slicerhost.mouse import scroll_view

    names = ("PerfusionScan", *(f"Perfusion{name.removeprefix('map')}" for name in MAPS))
    nodes = [reopened.view(name).mrmlSliceNode() for name in names]
    scroll_view(reopened.view("PerfusionMTT"), 2)
    before = nodes[0].GetSliceOffset()
    scroll_view(reopened.view("PerfusionMTT"), -1)
    reopened.settle()
    assert len({node.GetSliceOffset() for node in nodes}) == 1
    assert nodes[0].GetSliceOffset() == pytest.approx(before - 8.0)
    # The views are as wide as each other but for a pixel.
    millimetres = [node.GetFieldOfView()[0] / node.GetDimensions()[0] for node in nodes]
    assert millimetres == pytest.approx([millimetres[0]] * len(nodes), rel=0.02)


def test_the_former_layout_comes_back_on_leaving(reopened):
    import slicer

    manager = slicer.app.layoutManager()
    within = manager.layout
    reopened.widget.parent.exit()
    assert manager.layout == FORMER_LAYOUT != within
    assert not reopened.view().visible
    reopened.widget.parent.enter()
    reopened.settle()
    assert manager.layout == within and reopened.view().visible


def test_the_former_layout_comes_back_after_the_scene_was_closed_too(window):
    import slicer

    slicer.mrmlScene.Clear(False)
    window.settle()
    assert window.view().visible
    window.widget.parent.exit()
    assert slicer.app.layoutManager().layout == FORMER_LAYOUT
