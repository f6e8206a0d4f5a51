"""Maps in the scene: values, geometry, colours, windows, legends, units, and what a person changed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid, PerfusionError
from PerfusionToolLib.perfusion.maps import UNITS

SHAPE = (4, 6, 5)


def turned(degrees, spacing=(2.0, 2.5, 8.0), left_handed=False):
    """IJK to RAS of an oblique grid."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    tilt = np.array([[1.0, 0, 0], [0, np.cos(0.3), -np.sin(0.3)], [0, np.sin(0.3), np.cos(0.3)]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ tilt @ np.diag(np.array(spacing) * (1, 1, -1 if left_handed else 1))
    matrix[:3, 3] = (-40, 15, 7)
    return matrix


@pytest.fixture
def grid():
    return Grid(SHAPE, turned(25))


@pytest.fixture
def values():
    flow = np.random.default_rng(1).uniform(5, 70, SHAPE).astype(np.float32)
    flow[0] = 0
    return flow


def put(scene, values, grid, node=None, name="CBF", **options):
    from PerfusionToolLib.scene.maps import put_map

    return put_map(node, name, values, grid, "Head", {"settings": {"method": "bcSVD"}}, scene, **options)


def legend_of(volume):
    import slicer

    return slicer.modules.colors.logic().GetColorLegendDisplayNode(volume)


def visible(volume):
    """What the display pipeline of the volume lets through, (z, y, x) bool: its alpha is not 0."""
    return colours_shown(volume)[..., 3] > 0


def colours_shown(volume):
    """Red, green, blue and alpha from the display pipeline of the volume, (z, y, x, 4)."""
    from vtk.util.numpy_support import vtk_to_numpy

    display = volume.GetDisplayNode()
    display.GetImageDataConnection().GetProducer().Update()
    shown = display.GetImageDataConnection().GetProducer().GetOutputDataObject(0)
    return vtk_to_numpy(shown.GetPointData().GetScalars()).reshape(*SHAPE, 4).astype(int)


@pytest.mark.parametrize("left_handed", [False, True])
def test_a_map_lies_voxel_by_voxel_where_the_array_is(scene, values, left_handed):
    from PerfusionToolLib.scene.volumes import volume_array, volume_grid

    grid = Grid(SHAPE, turned(25, left_handed=left_handed))
    volume = put(scene, values, grid)
    assert np.array_equal(volume_array(volume), values)
    assert np.allclose(volume_grid(volume).ijk_to_ras, grid.ijk_to_ras, atol=1e-9)
    place = (2, 4, 1)
    ras_to_ijk = np.linalg.inv(volume_grid(volume).ijk_to_ras)
    ijk = np.rint(ras_to_ijk @ [*grid.to_ras(np.array(place)), 1])[:3].astype(int)
    assert volume.GetImageData().GetScalarComponentAsFloat(*ijk, 0) == values[place]


def test_the_grid_of_a_volume_has_its_parent_transform(scene, values, grid):
    from PerfusionToolLib.scene.volumes import matrix, put_volume, volume_grid

    volume = put_volume(None, values, grid, "x", scene)
    shift = np.eye(4)
    shift[:3, 3] = (1, 2, 3)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix(shift))
    volume.SetAndObserveTransformNodeID(transform.GetID())
    assert np.allclose(volume_grid(volume).ijk_to_ras, shift @ grid.ijk_to_ras)


def test_voxels_without_a_result_become_background(scene, values, grid):
    from PerfusionToolLib.scene.volumes import volume_array

    values[1, 0, 0] = np.nan
    values[2, 0, 0] = np.inf
    shown = volume_array(put(scene, values, grid))
    assert shown[1, 0, 0] == shown[2, 0, 0] == 0
    assert np.isfinite(shown).all()


def test_the_background_is_transparent_and_results_are_not(scene, values, grid):
    assert np.array_equal(visible(put(scene, values, grid)), values != 0)


def test_a_result_of_zero_inside_the_brain_is_seen(scene, values, grid):
    brain = values != 0
    values[2, 3, 3] = 0
    volume = put(scene, values, grid, name="Tmax", brain=brain)
    assert np.array_equal(visible(volume), brain)
    from PerfusionToolLib.scene.volumes import volume_array

    assert np.allclose(volume_array(volume), values, atol=1e-5)


def test_times_before_the_reference_are_seen(scene, values, grid):
    brain = values != 0
    difference = np.where(brain, values - 40, 0).astype(np.float32)
    difference[1, 1, 1] = 0
    volume = put(scene, difference, grid, name="Tmax", brain=brain, relative_to="mirror")
    assert np.array_equal(visible(volume), brain)
    from PerfusionToolLib.scene.colours import colours_of, window_of

    low, high = window_of(volume)
    assert low == -high
    assert colours_of(volume) == "Perfusion difference"


def test_a_second_run_updates_the_same_node(scene, values, grid):
    from PerfusionToolLib.scene.volumes import volume_array

    volume = put(scene, values, grid)
    nodes = scene.GetNumberOfNodes()
    smaller = Grid((3, 4, 5), turned(0))
    assert put(scene, values[1:, :4], smaller, volume) is volume
    assert scene.GetNumberOfNodes() == nodes
    assert np.array_equal(volume_array(volume), values[1:, :4])


def test_what_a_person_has_set_survives_a_second_run(scene, values, grid):
    from PerfusionToolLib.scene.colours import colour_node, colours_of, window_of

    volume = put(scene, values, grid)
    display = volume.GetDisplayNode()
    display.SetWindowLevelMinMax(10, 33)
    display.SetAndObserveColorNodeID(colour_node("Perfusion grey", scene).GetID())
    volume.SetName("mine")
    legend_of(volume).SetVisibility(False)
    put(scene, values * 4, grid, volume)
    assert window_of(volume) == (10, 33)
    assert colours_of(volume) == "Perfusion grey"
    assert volume.GetName() == "mine"
    assert not legend_of(volume).GetVisibility()


def test_a_window_nobody_has_touched_follows_the_values(scene, values, grid):
    from PerfusionToolLib.scene.colours import has_automatic_window, window_of

    volume = put(scene, values, grid)
    assert window_of(volume) == (0, 60)
    put(scene, values * 10, grid, volume)
    assert window_of(volume)[1] > 600
    assert has_automatic_window(volume)


def test_another_unit_brings_its_own_window(scene, values, grid):
    from PerfusionToolLib.scene.colours import window_of

    volume = put(scene, values, grid)
    volume.GetDisplayNode().SetWindowLevelMinMax(10, 33)
    put(scene, values / 40, grid, volume, relative_to="brain_mean")
    assert window_of(volume) == (0, 2)
    assert legend_of(volume).GetTitleText() == "CBF [part of brain mean]"
    assert volume.GetVoxelValueQuantity().GetCodeMeaning() == "Relative Regional Blood Flow"


@pytest.mark.parametrize("name", UNITS)
def test_every_map_says_what_it_shows_and_in_which_unit(scene, values, grid, name):
    volume = put(scene, values, grid, name=name)
    assert volume.GetName() == f"Head {name}"
    assert legend_of(volume).GetTitleText() == (f"{name} [{UNITS[name]}]" if UNITS[name] else name)
    assert volume.GetVoxelValueQuantity().GetCodingSchemeDesignator() in ("DCM", "99PERF")
    unit = volume.GetVoxelValueUnits()
    assert unit.GetCodingSchemeDesignator() == "UCUM"
    in_words = {"s": "second", "1/s": "per second", "": "no units"}
    assert unit.GetCodeMeaning() == in_words.get(UNITS[name], UNITS[name])


def test_quality_has_one_colour_for_each_value(scene, grid):
    quality = np.zeros(SHAPE, np.float32)
    quality[1:] = np.array([1, 2, 3])[:, None, None]
    volume = put(scene, quality, grid, name="Quality", brain=quality > 0)
    shown = colours_shown(volume)
    assert np.array_equal(shown[..., 3] > 0, quality > 0)
    green, yellow, red = shown[1, 0, 0], shown[2, 0, 0], shown[3, 0, 0]
    assert green[1] > 2 * green[0] and min(yellow[:2]) > 200 and red[0] > 4 * red[1]
    labels = np.linspace(*window_and_labels(volume))
    assert np.array_equal(labels, [1, 2, 3])


def window_and_labels(volume):
    from PerfusionToolLib.scene.colours import window_of

    return *window_of(volume), legend_of(volume).GetNumberOfLabels()


@pytest.mark.parametrize("name", ["Delay", "K1", "K2"])
def test_values_below_zero_are_seen_where_there_may_be_some(scene, values, grid, name):
    brain = values != 0
    around = np.where(brain, values - 40, 0).astype(np.float32)
    assert np.array_equal(visible(put(scene, around, grid, name=name, brain=brain)), brain)


def test_leakage_on_both_sides_of_zero_has_a_middle_colour(scene, grid):
    from PerfusionToolLib.scene.colours import colours_of, window_of

    k2 = np.linspace(-0.004, 0.009, np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    volume = put(scene, k2, grid, name="K2", brain=np.ones(SHAPE, bool))
    low, high = window_of(volume)
    assert low == -high and 0.008 < high <= 0.01
    assert colours_of(volume) == "Perfusion difference"


@pytest.mark.parametrize("name", ["CBF SD", "CBV SD", "MTT SD", "Tmax SD", "Delay SD", "Leakage fit"])
def test_doubts_have_a_window_of_their_size(scene, values, grid, name):
    from PerfusionToolLib.scene.colours import colours_of, window_of

    volume = put(scene, values / 1000, grid, name=name)
    low, high = window_of(volume)
    assert low == 0 and 0.06 < high <= 0.1
    assert colours_of(volume) == "Perfusion perceptual"


def test_what_is_never_relative_keeps_its_window_and_unit(scene, grid):
    quality = np.ones(SHAPE, np.float32)
    volume = put(scene, quality, grid, name="Quality", relative_to="mirror")
    assert window_and_labels(volume)[:2] == (1, 3)
    assert volume.GetVoxelValueUnits().GetCodeMeaning() == "no units"


def test_a_map_is_removed_with_its_legend_and_display(scene, values, grid):
    from PerfusionToolLib.scene.maps import remove_map

    def made():
        nodes = (scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes()))
        kept = ("vtkMRMLColorNode", "vtkMRMLSubjectHierarchyNode")
        return [node for node in nodes if not any(map(node.IsA, kept))]

    before = made()
    remove_map(put(scene, values, grid), scene)
    assert made() == before


def test_provenance_is_kept_with_the_volume(scene, values, grid):
    volume = put(scene, values, grid)
    assert json.loads(volume.GetAttribute("PerfusionTool.settings")) == {"method": "bcSVD"}


def test_colours_run_from_black_to_red_for_flow_and_from_blue_to_red_for_times(scene):
    from PerfusionToolLib.scene.colours import colour_node

    flow = colour_node("Perfusion flow", scene).GetLookupTable()
    assert flow.GetTableValue(0)[:3] == (0, 0, 0)
    time = colour_node("Perfusion time", scene).GetLookupTable()
    assert time.GetTableValue(0)[2] > 0.7
    for table in (flow, time):
        red, green, blue, opacity = table.GetTableValue(255)
        assert red > 0.8 and green == blue == 0 and opacity == 1


def test_colours_are_made_once(scene):
    from PerfusionToolLib.scene.colours import COLOURS, colour_node

    nodes = [colour_node(name, scene) for name in COLOURS]
    assert [colour_node(name, scene) for name in COLOURS] == nodes
    with pytest.raises(PerfusionError, match="no colours called 'Rainbow'"):
        colour_node("Rainbow", scene)


def test_colours_that_are_chosen_later_come_before_the_displays_all_the_same(scene, values, grid):
    from PerfusionToolLib.scene.colours import show_map_colours

    volume = put(scene, values, grid)
    show_map_colours(volume, "CBF", colours="Perfusion perceptual")
    order = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    display = volume.GetDisplayNode()
    assert order.index(display.GetColorNode()) < order.index(display)


def test_the_legend_shows_the_window_in_whole_steps(scene, values, grid):
    from PerfusionToolLib.scene.colours import window_of

    volume = put(scene, values, grid, name="TTP")
    low, high = window_of(volume)
    labels = np.linspace(low, high, legend_of(volume).GetNumberOfLabels())
    assert np.array_equal(labels, np.rint(labels))


def test_the_window_of_a_map_beyond_its_usual_one_follows_the_values():
    from PerfusionToolLib.scene.colours import default_window

    assert default_window("CBF", np.linspace(1, 80, 100)) == (0, 60)
    low, high = default_window("CBF", np.linspace(1, 900, 100))
    assert low == 0 and 850 < high < 1000


def test_a_saved_scene_keeps_maps_as_they_were(scene, values, grid, tmp_path):
    import slicer
    from PerfusionToolLib.scene.colours import colours_of, window_of
    from PerfusionToolLib.scene.maps import map_kind, restore_maps
    from PerfusionToolLib.scene.volumes import volume_array

    volume = put(scene, values, grid)
    volume.GetDisplayNode().SetWindowLevelMinMax(5, 45)
    table = np.array([volume.GetDisplayNode().GetColorNode().GetLookupTable().GetTableValue(i) for i in range(256)])
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    restore_maps(scene)
    volume = slicer.util.getNode("Head CBF")
    display = volume.GetDisplayNode()
    assert np.array_equal(volume_array(volume), values)
    assert window_of(volume) == (5, 45)
    assert colours_of(volume) == "Perfusion flow"
    again = [display.GetColorNode().GetLookupTable().GetTableValue(i) for i in range(256)]
    assert np.allclose(again, table, atol=1 / 255)
    assert np.array_equal(visible(volume), values != 0)
    assert legend_of(volume).GetTitleText() == "CBF [ml/100g/min]"
    assert volume.GetVoxelValueUnits().GetCodeValue() == "ml/(100.g)/min"
    assert map_kind(volume) == ("CBF", "absolute")
    put(scene, values * 2, grid, volume)
    assert window_of(volume) == (5, 45)
