"""The layout with six linked slice views, with Slicer's own layout and slice logics but no windows."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid

GRID = Grid((8, 20, 20), np.array([[-3.0, 0, 0, 28], [0, 3.0, 0, -28], [0, 0, 6.0, 5], [0, 0, 0, 1]]))


@pytest.fixture
def layout(scene):
    """The layout node; where no application has made one, of a layout logic whose nodes go again."""
    import slicer

    there = scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    if there is not None:
        former = there.GetViewArrangement()
        yield there
        there.SetViewArrangement(former)
        return
    logic = slicer.vtkMRMLLayoutLogic()
    logic.SetMRMLScene(scene)
    yield logic.GetLayoutNode()
    logic.SetMRMLScene(None)
    for kind in ("vtkMRMLLayoutNode", "vtkMRMLAbstractViewNode"):
        for node in slicer.util.getNodesByClass(kind, scene):
            scene.RemoveNode(node)


@pytest.fixture
def slices(scene, layout):
    """Logics of the layout's slice views by name, made where no application has windows."""
    import slicer
    from PerfusionToolLib.scene import views

    views.enter_layout()
    application = slicer.app.applicationLogic()
    made = [_slice_logic(name) for name in views.SLICE_VIEWS if application.GetSliceLogicByLayoutName(name) is None]
    views.enter_layout()
    logics = {name: application.GetSliceLogicByLayoutName(name) for name in views.SLICE_VIEWS}
    for logic in logics.values():
        logic.ResizeSliceNode(400, 300)
        logic.GetSliceCompositeNode().SetForegroundVolumeID(None)
    yield logics
    for logic in made:
        application.GetSliceLogics().RemoveItem(logic)
        scene.RemoveNode(logic.GetSliceCompositeNode())
        logic.SetMRMLScene(None)


def _slice_logic(name):
    import slicer

    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
    slicer.app.applicationLogic().GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(slicer.mrmlScene)
    logic.SetSliceNode(slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceNode"))
    return logic


@pytest.fixture
def scan(scene):
    from PerfusionToolLib.scene.volumes import put_volume

    return put_volume(None, np.random.default_rng(0).normal(40, 10, GRID.shape).astype(np.float32), GRID, "Head", scene)


def put_map(scene, name):
    from PerfusionToolLib.scene.maps import put_map

    return put_map(None, name, np.ones(GRID.shape, np.float32), GRID, "Head", {}, scene)


def test_the_layout_has_six_axial_views_and_a_plot():
    from PerfusionToolLib.scene import views

    tree = ElementTree.fromstring(views.layout_description())
    kinds = [view.get("class") for view in tree.iter("view")]
    assert kinds == ["vtkMRMLSliceNode"] * 6 + ["vtkMRMLPlotViewNode"]
    rows = [[view.get("singletontag") for view in row.iter("view")] for row in tree]
    assert rows == [list(views.SLICE_VIEWS[:3]), list(views.SLICE_VIEWS[3:]), [views.PLOT_VIEW]]


def test_entering_makes_the_views_and_leaving_brings_back_the_former_layout(scene, layout):
    import slicer
    from PerfusionToolLib.scene import views

    layout.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    views.enter_layout()
    views.enter_layout()
    assert layout.GetViewArrangement() == views.LAYOUT
    made = {node.GetLayoutName(): node for node in slicer.util.getNodesByClass("vtkMRMLSliceNode", scene)}
    for name in views.SLICE_VIEWS:
        assert made[name].GetOrientation() == "Axial"
        assert made[name].GetViewGroup() == views.VIEW_GROUP
    assert made[views.MAP_VIEWS["Tmax"]].GetLayoutLabel() == "Tmax"
    views.leave_layout()
    assert layout.GetViewArrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView


def test_a_layout_that_a_person_chose_meanwhile_stays(scene, layout):
    import slicer
    from PerfusionToolLib.scene import views

    views.enter_layout()
    layout.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    views.leave_layout()
    assert layout.GetViewArrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


def test_the_scan_lies_behind_every_map(scene, slices, scan):
    from PerfusionToolLib.scene import views

    views.show_scan(scan)
    maps = {name: put_map(scene, name) for name in views.MAP_VIEWS}
    for name, volume in maps.items():
        views.show_map(views.MAP_VIEWS[name], name, volume)
    for name, logic in slices.items():
        composite = logic.GetSliceCompositeNode()
        assert composite.GetBackgroundVolumeID() == scan.GetID()
        shown = [volume.GetID() for kind, volume in maps.items() if views.MAP_VIEWS[kind] == name]
        assert composite.GetForegroundVolumeID() == (shown[0] if shown else None)
        assert composite.GetLinkedControl() and composite.GetHotLinkedControl()
        if shown:
            assert composite.GetForegroundOpacity() == 1


def test_any_map_can_be_shown_in_any_view_whose_label_follows(scene, slices):
    from PerfusionToolLib.scene import views

    view = views.MAP_VIEWS["Tmax"]
    volume = put_map(scene, "TTP from arrival")
    views.show_map(view, "TTP from arrival", volume)
    shown = {name: logic.GetSliceCompositeNode().GetForegroundVolumeID() for name, logic in slices.items()}
    assert shown == {name: volume.GetID() if name == view else None for name in slices}
    assert slices[view].GetSliceNode().GetLayoutLabel() == "TTP from arrival"
    views.show_map(view, "", None)
    assert slices[view].GetSliceCompositeNode().GetForegroundVolumeID() is None
    assert slices[view].GetSliceNode().GetLayoutLabel() == "Scan"
    views.show_map(view, "Tmax", None)
    assert slices[view].GetSliceNode().GetLayoutLabel() == "Tmax"


def test_all_views_show_the_same_slice_equally_large(scene, slices, scan):
    from PerfusionToolLib.scene import views

    slices[views.SCAN_VIEW].SetSliceOffset(21.0)
    views.show_scan(scan)
    planes = [logic.GetSliceNode().GetSliceToRAS() for logic in slices.values()]
    offsets = {plane.GetElement(2, 3) for plane in planes}
    assert len(offsets) == 1
    assert (offsets.pop() - 5) % 6 == pytest.approx(0)
    assert len({logic.GetSliceNode().GetFieldOfView() for logic in slices.values()}) == 1
    # A third of a slice beside slice 6.
    views.centre_views(GRID.to_ras((6.3, 3, 3)))
    assert {logic.GetSliceOffset() for logic in slices.values()} == {5 + 6 * 6}


def test_an_oblique_scan_is_seen_in_its_own_slices(scene, slices):
    from PerfusionToolLib.scene import views
    from PerfusionToolLib.scene.volumes import put_volume

    tilt = np.radians(15)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    oblique = np.eye(4)
    oblique[:3, :3] = turn @ np.diag([-3.0, 3.0, 6.0])
    views.show_scan(put_volume(None, np.zeros(GRID.shape, np.float32), Grid(GRID.shape, oblique), "tilted", scene))
    for logic in slices.values():
        plane = logic.GetSliceNode().GetSliceToRAS()
        normal = [plane.GetElement(row, 2) for row in range(3)]
        assert abs(np.dot(normal, turn[:, 2])) == pytest.approx(1)


def test_zoom_and_place_stay_when_only_the_maps_change(scene, slices, scan):
    from PerfusionToolLib.scene import views

    views.show_scan(scan)
    for logic in slices.values():
        logic.SetSliceOffset(11.0)
        logic.GetSliceNode().SetFieldOfView(40, 30, 6)
    views.show_scan(scan)
    views.show_map(views.MAP_VIEWS["CBF"], "CBF", put_map(scene, "CBF"))
    for logic in slices.values():
        assert logic.GetSliceOffset() == 11.0
        assert logic.GetSliceNode().GetFieldOfView()[:2] == (40, 30)


def test_segments_are_seen_everywhere_but_over_the_maps(scene, slices):
    from PerfusionToolLib.scene import views
    from PerfusionToolLib.scene.segments import put_segment

    segmentation = put_segment(None, "AIF", np.ones(GRID.shape, bool), GRID, "Head", scene)
    views.show_overlays(segmentation)
    seen = {
        name: segmentation.GetDisplayNode().IsDisplayableInView(logic.GetSliceNode().GetID())
        for name, logic in slices.items()
    }
    assert seen == {name: name == views.SCAN_VIEW for name in views.SLICE_VIEWS}
    assert segmentation.GetDisplayNode().IsDisplayableInView("vtkMRMLSliceNodeRed")


def test_a_chart_goes_into_the_layouts_plot(scene, slices):
    import slicer
    from PerfusionToolLib.scene import views

    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    views.show_chart(chart)
    plot = scene.GetSingletonNode(views.PLOT_VIEW, "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNodeID() == chart.GetID()
    assert views.shows_chart()
    slicer.app.applicationLogic().PropagatePlotChartSelection()
    assert plot.GetPlotChartNodeID() == chart.GetID()


def test_without_views_nothing_happens():
    # In a process of its own, since other tests may have started the application with its views.
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
import slicerhost
slicerhost.start_scene()
import slicer
from PerfusionToolLib.scene import views
volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
nodes = slicer.mrmlScene.GetNumberOfNodes()
views.register_layout()
views.enter_layout()
views.show_scan(volume)
views.show_map("PerfusionCBF", "CBF", volume)
assert not views.shows_chart()
views.fit_views()
views.centre_views((0, 0, 0))
views.show_chart(volume)
views.leave_layout()
assert slicer.mrmlScene.GetNumberOfNodes() == nodes
assert slicerhost.errors == []
"""
    environment = {name: value for name, value in os.environ.items() if name != "SLICER_PYTHON_DIR"}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr


def test_the_scan_gets_its_brain_window_once(scene, scan):
    from PerfusionToolLib.scene import views

    views.set_scan_window(scan, "CT")
    display = scan.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == (80, 40)
    display.SetWindowLevelMinMax(10, 200)
    views.set_scan_window(scan, "CT")
    assert display.GetWindowLevelMax() == 200


def test_scan_windows():
    from PerfusionToolLib.scene.views import scan_window

    hounsfield = np.where(np.arange(1000) < 600, -1000, 40)
    assert scan_window(hounsfield, "CT") == (0, 80)
    assert scan_window(hounsfield + 1024, "CT") == (1024, 1104)
    low, high = scan_window(np.where(np.arange(1000) < 600, 0, np.arange(1000)), "MR")
    assert low == 0 and 990 < high < 1000
    assert scan_window(np.zeros(5), "MR") == (0, 1)
