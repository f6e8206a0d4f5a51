"""Series that scroll in time, their projections, and the study's folder."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid

TIMES = np.array([0.0, 1.41, 2.82, 4.5, 10.123456789])
GRID = Grid((3, 5, 4), np.array([[-2.0, 0, 0, 9], [0, -2.0, 0.1, 8], [0, 0.1, 7.0, 1], [0, 0, 0, 1]]))
FRAMES = np.random.default_rng(5).normal(100, 30, (5, 3, 5, 4)).astype(np.float32)


def put(scene, node=None, frames=FRAMES, times=TIMES):
    from PerfusionToolLib.scene.series_nodes import put_series

    return put_series(node, iter(frames), times, GRID, "Head corrected", scene)


def select(browser, item):
    import slicer

    browser.SetSelectedItemNumber(item)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)


def test_a_series_scrolls_in_time(scene):
    from PerfusionToolLib.scene.series_nodes import browser_of, series_proxy
    from PerfusionToolLib.scene.volumes import volume_array, volume_grid

    node = put(scene)
    for item in (0, 3, 4):
        select(browser_of(node), item)
        assert np.array_equal(volume_array(series_proxy(node)), FRAMES[item])
    assert np.allclose(volume_grid(series_proxy(node)).ijk_to_ras, GRID.ijk_to_ras)


def test_index_values_are_the_exact_times_in_seconds(scene):
    node = put(scene)
    values = [node.GetNthIndexValue(item) for item in range(node.GetNumberOfDataNodes())]
    assert values == [repr(float(value)) for value in TIMES]
    assert (node.GetIndexName(), node.GetIndexUnit()) == ("time", "s")


def test_a_second_run_updates_the_same_sequence_browser_and_volume(scene):
    from PerfusionToolLib.scene.series_nodes import browser_of, series_proxy
    from PerfusionToolLib.scene.volumes import volume_array

    node = put(scene)
    browser, proxy = browser_of(node), series_proxy(node)
    select(browser, 4)
    proxy.GetDisplayNode().SetAutoWindowLevel(False)
    proxy.GetDisplayNode().SetWindowLevelMinMax(20, 90)
    nodes = scene.GetNumberOfNodes()
    assert put(scene, node, FRAMES[:3] + 1, TIMES[:3]) is node
    assert (browser_of(node), series_proxy(node)) == (browser, proxy)
    assert scene.GetNumberOfNodes() == nodes
    assert node.GetNumberOfDataNodes() == 3
    assert browser.GetSelectedItemNumber() == 2
    assert np.array_equal(volume_array(proxy), FRAMES[2] + 1)
    assert proxy.GetDisplayNode().GetWindowLevelMin() == 20


def test_stopping_before_the_end_leaves_the_scene_as_it_was(scene):
    from PerfusionToolLib.scene.series_nodes import put_series_steps

    node = put(scene)
    nodes = scene.GetNumberOfNodes()
    for former in (None, node):
        steps = put_series_steps(former, iter(FRAMES + 9), TIMES, GRID, "Head corrected", scene)
        next(steps)
        next(steps)
        steps.close()
    assert scene.GetNumberOfNodes() == nodes
    first = node.GetNthDataNode(0)
    from PerfusionToolLib.scene.volumes import volume_array

    assert np.array_equal(volume_array(first), FRAMES[0])


def test_no_step_is_long_at_clinical_size(scene):
    from PerfusionToolLib.scene.series_nodes import put_series_steps

    frame = np.zeros((23, 200, 200), np.float32)
    steps = put_series_steps(None, (frame for _ in range(45)), np.arange(45.0), GRID, "large", scene)
    longest, started = 0.0, time.process_time()
    for _ in steps:
        longest, started = max(longest, time.process_time() - started), time.process_time()
    assert max(longest, time.process_time() - started) < 0.2


def test_a_saved_scene_keeps_the_series(scene, tmp_path):
    import slicer
    from PerfusionToolLib.scene.series_nodes import browser_of, series_proxy
    from PerfusionToolLib.scene.volumes import volume_array

    put(scene)
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    node = slicer.util.getFirstNodeByClassByName("vtkMRMLSequenceNode", "Head corrected")
    assert float(node.GetNthIndexValue(4)) == TIMES[4]
    select(browser_of(node), 3)
    assert np.allclose(volume_array(series_proxy(node)), FRAMES[3])


@pytest.mark.parametrize("brightens", [True, False], ids=["CT", "MR"])
def test_the_projection_takes_the_middle_third_of_the_slices(brightens):
    from PerfusionToolLib.scene.series_nodes import projection

    frames = np.random.default_rng(0).normal(size=(4, 9, 6, 5))
    grid = Grid((9, 6, 5), np.diag([2.0, 2, 5, 1]))
    projected, place = projection(frames, grid, brightens)
    middle = frames[:, 3:6]
    expected = middle.max(1) if brightens else middle.min(1)
    assert np.array_equal(projected[:, 0], expected)
    assert place.shape == (1, 6, 5)
    assert np.allclose(place.spacing, (15, 2, 2))
    assert np.allclose(place.to_ras((0, 0, 0)), grid.to_ras((4, 0, 0)))


@pytest.mark.parametrize("slices", [1, 2])
def test_few_slices_have_a_projection_too(slices):
    from PerfusionToolLib.scene.series_nodes import projection

    frames = np.random.default_rng(0).normal(size=(4, slices, 6, 5))
    projected, _place = projection(frames, Grid((slices, 6, 5), np.eye(4)), True)
    assert np.array_equal(projected, frames[:, :1])


def hierarchy_of(scene):
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def parent_name(scene, node):
    hierarchy = hierarchy_of(scene)
    return hierarchy.GetItemName(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)))


def test_one_folder_holds_everything(scene):
    from PerfusionToolLib.scene.curves import arterial_curves, chart_series, put_chart
    from PerfusionToolLib.scene.folder import gather
    from PerfusionToolLib.scene.series_nodes import browser_of, series_proxy

    series = put(scene)
    table, chart = put_chart(None, None, arterial_curves(TIMES, TIMES), "c", "HU", scene)
    folder = gather([series, table, chart, None], "Head perfusion", scene)
    for node in (series, browser_of(series), series_proxy(series), table, chart, *chart_series(chart)):
        assert parent_name(scene, node) == "Head perfusion"
    assert gather([series, table], "Head perfusion", scene) == folder


def test_the_folder_is_found_again_after_renaming_and_moved_nodes_stay(scene):
    from PerfusionToolLib.scene.folder import gather

    tables = [scene.AddNewNodeByClass("vtkMRMLTableNode") for _ in range(3)]
    folder = gather(tables[:2], "Head perfusion", scene)
    hierarchy = hierarchy_of(scene)
    hierarchy.SetItemName(folder, "Patient 7")
    elsewhere = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "elsewhere")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(tables[0]), elsewhere)
    assert gather(tables, "Head perfusion", scene) == folder
    assert [parent_name(scene, table) for table in tables] == ["elsewhere", "Patient 7", "Patient 7"]
