"""Segments: round trips of masks, other geometries, looks, and what a person changed."""

from __future__ import annotations

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid, PerfusionError

SHAPE = (6, 12, 10)
TILT = np.radians(20)
OBLIQUE = np.array(
    [
        [-2.0, 0, 0, 30],
        [0, -2.0 * np.cos(TILT), -5.0 * np.sin(TILT), 40],
        [0, -2.0 * np.sin(TILT), 5.0 * np.cos(TILT), -9],
        [0, 0, 0, 1],
    ]
)
LEFT_HANDED = OBLIQUE @ np.diag([1.0, 1, -1, 1])


def blob(seed=0):
    return np.random.default_rng(seed).random(SHAPE) > 0.6


def put(scene, mask, grid, node=None, segment="AIF"):
    from PerfusionToolLib.scene.segments import put_segment

    return put_segment(node, segment, mask, grid, "Head", scene)


def mask_of(node, grid, segment="AIF"):
    from PerfusionToolLib.scene.segments import segment_mask

    return segment_mask(node, segment, grid)


@pytest.mark.parametrize("ijk_to_ras", [OBLIQUE, LEFT_HANDED], ids=["oblique", "left-handed"])
def test_masks_come_back_voxel_by_voxel(scene, ijk_to_ras):
    grid = Grid(SHAPE, ijk_to_ras)
    node = put(scene, blob(), grid)
    node = put(scene, blob(1), grid, node, "brain")
    assert np.array_equal(mask_of(node, grid), blob())
    assert np.array_equal(mask_of(node, grid, "brain"), blob(1))


def test_a_second_mask_replaces_the_first_and_leaves_the_others(scene):
    grid = Grid(SHAPE, OBLIQUE)
    node = put(scene, np.ones(SHAPE, bool), grid, segment="brain")
    node = put(scene, blob(), grid, node)
    nodes = scene.GetNumberOfNodes()
    assert put(scene, blob(2), grid, node) is node
    assert scene.GetNumberOfNodes() == nodes
    assert node.GetSegmentation().GetNumberOfSegments() == 2
    assert np.array_equal(mask_of(node, grid), blob(2))
    assert mask_of(node, grid, "brain").all()


def test_a_segment_of_another_geometry_is_resampled(scene):
    fine = Grid((24, 48, 40), np.diag([0.5, 0.5, 1.0, 1.0]))
    coarse = Grid((6, 12, 10), np.array([[2.0, 0, 0, 0.75], [0, 2.0, 0, 0.75], [0, 0, 4.0, 1.5], [0, 0, 0, 1]]))
    mask = np.zeros(fine.shape, bool)
    mask[4:12, 8:24, 4:20] = True
    expected = np.zeros(coarse.shape, bool)
    expected[1:3, 2:6, 1:5] = True
    assert np.array_equal(mask_of(put(scene, mask, fine), coarse), expected)


def test_a_labelmap_and_any_volume_serve_as_masks(scene):
    from PerfusionToolLib.scene.volumes import fill_volume

    grid = Grid(SHAPE, OBLIQUE)
    for kind in ("vtkMRMLLabelMapVolumeNode", "vtkMRMLScalarVolumeNode"):
        volume = scene.AddNewNodeByClass(kind, "drawn")
        fill_volume(volume, blob().astype(np.int16) * 3, grid)
        assert np.array_equal(mask_of(volume, grid, ""), blob())


def test_a_transform_of_the_segmentation_counts(scene):
    from PerfusionToolLib.scene.volumes import matrix

    grid = Grid(SHAPE, np.diag([2.0, 2, 5, 1]))
    mask = np.zeros(SHAPE, bool)
    mask[2:4, 3:6, 3:6] = True
    node = put(scene, mask, grid)
    shift = np.eye(4)
    shift[0, 3] = 2 * 2.0
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix(shift))
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert np.array_equal(mask_of(node, grid), np.roll(mask, 2, axis=2))


def test_a_surface_without_a_labelmap_serves_and_stays_as_it_is(scene):
    import slicer
    import vtk

    ball = vtk.vtkSphereSource()
    ball.SetRadius(8)
    ball.SetThetaResolution(30)
    ball.SetPhiResolution(30)
    ball.Update()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "ball")
    node.SetSourceRepresentationToClosedSurface()
    node.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "ball", (1, 0, 0), "ball")
    grid = Grid((20, 20, 20), np.array([[1.0, 0, 0, -10], [0, 1, 0, -10], [0, 0, 1, -10], [0, 0, 0, 1]]))
    mask = mask_of(node, grid, "ball")
    assert mask.sum() == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.1)
    labelmap = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
    assert not node.GetSegmentation().ContainsRepresentation(labelmap)


def test_masks_that_cannot_serve_are_refused_in_a_sentence(scene):
    grid = Grid(SHAPE, OBLIQUE)
    node = put(scene, blob(), grid)
    far = OBLIQUE.copy()
    far[:3, 3] += 900
    with pytest.raises(PerfusionError, match="lies outside the scan"):
        mask_of(node, Grid(SHAPE, far))
    with pytest.raises(PerfusionError, match="has no segment 'tumour'"):
        mask_of(node, grid, "tumour")
    put(scene, blob() & False, grid, node)
    with pytest.raises(PerfusionError, match="has no voxels"):
        mask_of(node, grid)
    with pytest.raises(PerfusionError, match="has no voxels"):
        mask_of(scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "empty"), grid, "")


def test_the_brain_is_an_outline_the_aif_red_and_the_vof_blue(scene):
    from PerfusionToolLib.scene.segments import SEGMENTS

    grid = Grid(SHAPE, OBLIQUE)
    node = None
    for segment in SEGMENTS:
        node = put(scene, blob(), grid, node, segment)
    display = node.GetDisplayNode()
    assert not display.GetSegmentVisibility2DFill("brain")
    assert display.GetSegmentVisibility2DOutline("brain")
    assert display.GetSegmentVisibility2DFill("AIF")
    colours = {segment: node.GetSegmentation().GetSegment(segment).GetColor() for segment in SEGMENTS}
    assert np.argmax(colours["AIF"]) == 0 and np.argmax(colours["VOF"]) == 2


def test_name_and_colour_that_a_person_gave_a_segment_survive(scene):
    grid = Grid(SHAPE, OBLIQUE)
    node = put(scene, blob(), grid)
    segment = node.GetSegmentation().GetSegment("AIF")
    segment.SetName("left MCA")
    segment.SetColor(0, 1, 0)
    node.GetDisplayNode().SetSegmentVisibility("AIF", False)
    put(scene, blob(1), grid, node)
    segment = node.GetSegmentation().GetSegment("AIF")
    assert (segment.GetName(), segment.GetColor()) == ("left MCA", (0, 1, 0))
    assert not node.GetDisplayNode().GetSegmentVisibility("AIF")


def test_a_saved_scene_keeps_the_segments(scene, tmp_path):
    import slicer
    from PerfusionToolLib.scene.segments import segment_names

    grid = Grid(SHAPE, OBLIQUE)
    node = put(scene, blob(), grid)
    put(scene, blob(1), grid, node, "brain")
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    node = slicer.util.getNode("Head perfusion regions")
    assert np.array_equal(mask_of(node, grid), blob())
    assert np.array_equal(mask_of(node, grid, "brain"), blob(1))
    assert set(segment_names(node)) == {"AIF", "brain"}
    put(scene, blob(2), grid, node)
    assert np.array_equal(mask_of(node, grid), blob(2))
    assert np.array_equal(mask_of(node, grid, "brain"), blob(1))


def test_a_segment_holds_no_more_than_the_box_around_its_voxels(scene):
    grid, mask = Grid(SHAPE, OBLIQUE), np.zeros(SHAPE, bool)
    mask[2:4, 5:9, 3] = True
    node = put(scene, mask, grid)
    assert node.GetBinaryLabelmapInternalRepresentation("AIF").GetExtent() == (3, 3, 5, 8, 2, 3)
    assert np.array_equal(mask_of(node, grid), mask)


def test_a_segment_that_becomes_empty_and_full_again_leaves_nothing_behind(scene):
    grid, mask = Grid(SHAPE, OBLIQUE), np.zeros(SHAPE, bool)
    mask[1, 2, 3] = True
    node = put(scene, blob(), grid)
    put(scene, mask & False, grid, node)
    with pytest.raises(PerfusionError, match="has no voxels"):
        mask_of(node, grid)
    put(scene, mask, grid, node)
    assert np.array_equal(mask_of(node, grid), mask)


def test_a_segment_is_written_again_only_when_its_voxels_or_their_place_differ(scene):
    import slicer

    grid = Grid(SHAPE, OBLIQUE)
    node = put(scene, blob(), grid)
    events = []
    event = slicer.vtkSegmentation.SourceRepresentationModified
    tag = node.AddObserver(event, lambda *_arguments: events.append(event))
    put(scene, blob(), grid, node)
    assert not events
    put(scene, blob(1), grid, node)
    assert events
    moved = Grid(SHAPE, LEFT_HANDED)
    put(scene, blob(1), moved, node)
    node.RemoveObserver(tag)
    assert np.array_equal(mask_of(node, moved), blob(1))
