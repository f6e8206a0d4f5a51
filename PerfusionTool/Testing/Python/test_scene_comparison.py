"""Maps of a study beside volumes of the scene: chosen, compared, kept in step with the maps and with the scene."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

pytest.importorskip("slicer")

import study_in_scene
from PerfusionToolLib.perfusion import Grid, PerfusionError, drain

study, finished = study_in_scene.study, study_in_scene.finished
other_artery = study_in_scene.other_artery


def add_volume(name, array, grid):
    import slicer
    from PerfusionToolLib.scene.volumes import put_volume

    return put_volume(None, np.asarray(array, np.float32), grid, name, slicer.mrmlScene)


def own(study, name="CBF"):
    """Array and grid of a map in the scene."""
    from PerfusionToolLib.scene.volumes import volume_array, volume_grid

    volume = getattr(study.parameters, f"map{name}")
    return volume_array(volume).copy(), volume_grid(volume)


def add_copy(study, name="CBF", factor=1.0, called="Vendor {}"):
    """A map as another software might give it, in a unit that is smaller by a factor."""
    array, grid = own(study, name)
    return add_volume(called.format(name), array * factor, grid)


def compare(study, references, units=None, backgrounds=None):
    return drain(study.comparison_steps(references, units, backgrounds))


def measure(study, name, wanted):
    rows = study.comparison.rows
    return {(row[0], row[1]): row[3] for row in rows[1:]}[name, wanted]


def scene_array(node):
    """Voxels of a volume that was put into the scene, NaN where it shows nothing."""
    from PerfusionToolLib.scene.colours import OUTSIDE
    from PerfusionToolLib.scene.volumes import volume_array

    array = volume_array(node)
    return np.where((array == OUTSIDE) | (array == 0), np.nan, array)


def add_transform(node, matrix):
    import slicer
    from PerfusionToolLib.scene.volumes import matrix as as_vtk

    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    transform.SetMatrixTransformToParent(as_vtk(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def snapshot(scene):
    """What must stay as it is where something fails."""
    nodes = study_in_scene.nodes_of(scene)
    return [(node.GetID(), node.GetName(), tuple(node.GetAttributeNames())) for node in nodes]


def turn(degrees, shift):
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = shift
    return matrix


# -- what is compared


def test_the_same_maps_are_alike_in_every_way(finished):
    names = ("CBF", "CBV", "MTT", "Tmax", "TTP")
    comparison = compare(finished, {name: add_copy(finished, name) for name in names})
    assert tuple(comparison.maps) == names and not comparison.refused
    for name in names:
        for wanted in ("NCC", "SSIM", "SSIM whole slices", "Pearson", "Spearman", "concordance"):
            assert measure(finished, name, wanted) == pytest.approx(1, abs=1e-6)
        for wanted in ("bias", "MAE", "RMSE", "lower limit", "upper limit"):
            assert measure(finished, name, wanted) == pytest.approx(0, abs=1e-6)
    units = {(row[0], row[1]): row[2] for row in finished.comparison.rows[1:]}
    assert units["CBF", "bias"] == "ml/100g/min" and units["Tmax", "MAE"] == "s" and units["CBV", "NCC"] == ""
    state = finished.state("comparison")
    assert state.kind == "done" and "CBF 1.000" in state.sentence


def test_a_reference_in_other_units_is_settled_as_given_as_the_volume_tells_or_as_guessed(finished):
    import slicer

    density = finished.parameters.tissue_density
    references = {
        "CBF": add_copy(finished, "CBF", density),  # ml/100ml/min
        "CBV": add_copy(finished, "CBV", density / 100),  # ml/ml
        "MTT": add_copy(finished, "MTT", 1000),  # ms, which the volume says itself
        "Tmax": add_copy(finished, "Tmax", 1000),
        "TTP": add_copy(finished, "TTP", 1000),
    }
    told = slicer.vtkCodedEntry()
    told.SetValueSchemeMeaning("ms", "UCUM", "millisecond")
    references["MTT"].SetVoxelValueUnits(told)
    comparison = compare(finished, references, {"CBF": "ml/100ml/min", "CBV": "ml/ml", "Tmax": "ms"})
    for name in references:
        assert measure(finished, name, "bias") == pytest.approx(0, abs=1e-4), name
        assert measure(finished, name, "concordance") == pytest.approx(1, abs=1e-6), name
    assert [bool(comparison.maps[name].notes) for name in references] == [False, False, False, False, True]
    assert "taken for ms" in comparison.maps["TTP"].notes[0]
    # What was said of the volumes holds for them from then on.
    compare(finished, None)
    assert set(finished.comparison.references) == set(references)
    assert [note for note in finished.comparison.notes if "CBF" in note] == []


def test_a_reference_that_cannot_have_its_unit_is_refused_and_the_others_go_on(finished):
    references = {"CBF": add_copy(finished, "CBF"), "Tmax": add_copy(finished, "Tmax")}
    comparison = compare(finished, references, {"CBF": "ms"})
    assert list(comparison.maps) == ["Tmax"]
    assert "cannot be in 'ms'" in comparison.refused["CBF"]
    state = finished.state("comparison")
    assert state.kind == "attention" and state.sentence == comparison.refused["CBF"]
    finished.comparison.say_of_reference("CBF", unit="ml/100g/min")
    assert "references have changed" in finished.state("comparison").sentence
    assert list(compare(finished, None).maps) == ["CBF", "Tmax"]


def test_another_grid_a_background_and_a_transform_change_nothing(finished):
    array, grid = own(finished)
    fine = Grid((12, 64, 64), grid.ijk_to_ras @ np.diag([1, 1, 0.5, 1.0]))
    outside = -50.0
    moved = turn(20, (30.0, -12, 5))
    values = np.where(array == 0, outside, array)[np.arange(12) // 2]
    # It lies elsewhere, and the transform brings it back.
    reference = add_volume("Vendor", values, Grid(fine.shape, np.linalg.inv(moved) @ fine.ijk_to_ras))
    add_transform(reference, moved)
    compare(finished, {"CBF": reference}, {"CBF": "ml/100g/min"}, {"CBF": outside})
    assert measure(finished, "CBF", "Pearson") == pytest.approx(1, abs=1e-4)
    assert measure(finished, "CBF", "bias") == pytest.approx(0, abs=0.02)
    # The own grid: its even slices lie on those of the reference.
    placed = scene_array(finished.parameters.placedCBF)
    np.testing.assert_allclose(placed[array > 1], array[array > 1], rtol=1e-3)


def test_references_that_are_none_are_refused_by_a_sentence_and_change_nothing(finished, scene):
    import slicer

    array, grid = own(finished)
    bent = add_volume("Bent", array, grid)
    transform = scene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Bending")
    bent.SetAndObserveTransformNodeID(transform.GetID())
    far = add_volume("Far", array, Grid(grid.shape, turn(0, (500.0, 0, 0)) @ grid.ijk_to_ras))
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    flat = add_volume("Flat", np.ones(grid.shape), grid)
    cases = {
        "Bending bends the reference CBF": {"CBF": bent},
        "with no overlap": {"CBF": far},
        "must be a scalar volume, not Labels": {"CBF": labels},
        "holds no voxels": {"CBF": empty},
        "nothing but background": {"CBF": flat},
        "must be a scalar volume, not 'file.nii'": {"CBF": "file.nii"},
        "is the own map itself": {"CBF": finished.parameters.mapCBF},
        "is a result of the same scan": {"CBF": finished.parameters.mapCBV},
        "There is no map 'Flow'": {"Flow": flat},
        "There is no reference map": {},
    }
    before = snapshot(scene)
    for sentence, references in cases.items():
        with pytest.raises(PerfusionError, match=sentence):
            compare(finished, references)
    with pytest.raises(PerfusionError, match="There is no reference map"):
        compare(finished, None)
    with pytest.raises(PerfusionError, match="unit or background"):
        compare(finished, {"CBF": bent}, {"CBV": "ml/g"})
    with pytest.raises(PerfusionError, match="'low' is no number"):
        compare(finished, {"CBF": bent}, backgrounds={"CBF": "low"})
    assert snapshot(scene) == before
    assert finished.comparison.references == {}
    assert slicer.mrmlScene.GetNumberOfNodes() == len(before)


def test_a_reference_of_another_place_does_not_stop_the_others(finished):
    array, grid = own(finished)
    far = add_volume("Far", array, Grid(grid.shape, turn(0, (500.0, 0, 0)) @ grid.ijk_to_ras))
    comparison = compare(finished, {"CBF": far, "CBV": add_copy(finished, "CBV")})
    assert list(comparison.maps) == ["CBV"] and "no overlap" in comparison.refused["CBF"]
    assert finished.comparison.compared == ["CBV"] and finished.parameters.placedCBF is None
    assert any("no overlap" in note for note in finished.comparison.notes)


def test_maps_without_a_common_unit_are_compared_and_shown_at_equal_means(finished):
    array, _grid = own(finished)
    comparison = compare(finished, {"CBF": add_copy(finished, "CBF", 0.02)}, {"CBF": "relative"})
    assert measure(finished, "CBF", "NCC") == pytest.approx(1, abs=1e-6)
    assert np.isnan(measure(finished, "CBF", "bias"))
    assert any("multiplied by 50" in note for note in finished.comparison.notes)
    inside = comparison.maps["CBF"].compared
    np.testing.assert_allclose(scene_array(finished.parameters.placedCBF)[inside], array[inside], rtol=1e-4)


def test_maps_that_are_relative_themselves_are_compared_by_their_pattern(study):
    study.parameters.relative_to = "brain_mean"
    drain(study.steps())
    comparison = compare(study, {"CBF": add_copy(study, "CBF", 55.0), "Tmax": add_copy(study, "Tmax")})
    assert measure(study, "CBF", "NCC") == pytest.approx(1, abs=1e-6)
    assert ["CBF", "own mean", "part of brain mean"] in [row[:3] for row in study.comparison.rows]
    assert "has no zero" in comparison.refused["Tmax"]


# -- what is seen


def test_differences_are_own_minus_reference_in_diverging_colours_around_0(finished):
    from PerfusionToolLib.scene import colours

    array, _grid = own(finished)
    compare(finished, {"CBF": add_copy(finished, "CBF", 0.8)}, {"CBF": "ml/100g/min"})
    parameters = finished.parameters
    difference = scene_array(parameters.differenceCBF)
    inside = array > 1e-3
    np.testing.assert_allclose(difference[inside], 0.2 * array[inside], rtol=1e-4)
    assert np.isnan(difference[array == 0]).all()
    low, high = colours.window_of(parameters.differenceCBF)
    assert low == -high and 0.2 * np.percentile(array[inside], 90) < high < 0.2 * array.max() * 2
    assert colours.colours_of(parameters.differenceCBF) == "Perfusion difference"
    # What is below 0 is seen as well.
    assert parameters.differenceCBF.GetDisplayNode().GetLowerThreshold() < low
    assert "ml/100g/min" in legend(parameters.differenceCBF)
    assert parameters.differenceCBF.GetName() == "Scan CBF difference"


def legend(volume):
    import slicer

    return slicer.modules.colors.logic().GetColorLegendDisplayNode(volume).GetTitleText()


def test_the_reference_is_seen_as_its_map_and_a_window_of_the_difference_stays(finished):
    from PerfusionToolLib.scene import colours

    parameters = finished.parameters
    colours.show_map_colours(parameters.mapCBF, "CBF", (5.0, 90.0), "Perfusion grey")
    compare(finished, {"CBF": add_copy(finished, "CBF", 0.9)}, {"CBF": "ml/100g/min"})
    assert colours.window_of(parameters.placedCBF) == (5.0, 90.0)
    assert colours.colours_of(parameters.placedCBF) == "Perfusion grey"
    parameters.mapCBF.GetDisplayNode().SetWindowLevelMinMax(0.0, 40.0)
    parameters.differenceCBF.GetDisplayNode().SetWindowLevelMinMax(-3.0, 3.0)
    finished.comparison.look_alike()
    assert colours.window_of(parameters.placedCBF) == (0.0, 40.0)
    nodes = parameters.placedCBF, parameters.differenceCBF, parameters.comparisonTable
    compare(finished, None)
    assert nodes == (parameters.placedCBF, parameters.differenceCBF, parameters.comparisonTable)
    assert colours.window_of(parameters.differenceCBF) == (-3.0, 3.0)


def test_the_plot_shows_a_stated_part_of_the_voxels_with_bias_and_limits(finished):
    import slicer
    from PerfusionToolLib.scene.comparison.chart import MOST_POINTS
    from PerfusionToolLib.scene.curves import chart_series

    noise = np.random.default_rng(0)
    references = {}
    for name in ("CBF", "MTT"):
        array, grid = own(finished, name)
        references[name] = add_volume(f"Vendor {name}", array * (1 + 0.1 * noise.standard_normal(grid.shape)), grid)
    compare(finished, references, {"CBF": "ml/100g/min", "MTT": "s"})
    parameters = finished.parameters
    finished.comparison.show_in_chart("MTT")
    chart, table = parameters.comparisonChart, parameters.comparisonPoints
    assert parameters.comparedMap == "MTT" and "MTT [s]" in chart.GetXAxisTitle()
    columns = {series.GetName(): series.GetYColumnName() for series in chart_series(chart)}
    assert set(columns) == {"Voxels", "Bias", "Upper limit", "Lower limit"}
    read = {name: slicer.util.arrayFromTableColumn(table, column) for name, column in columns.items()}
    assert read["Bias"] == pytest.approx(measure(finished, "MTT", "bias"), abs=1e-4)
    assert read["Upper limit"] == pytest.approx(measure(finished, "MTT", "upper limit"), abs=1e-4)
    assert len(read["Voxels"]) <= MOST_POINTS
    shown = f"{len(read['Voxels'])} of {np.isfinite(scene_array(parameters.placedMTT)).sum()} voxels"
    assert shown in chart.GetTitle() and "Research use only" in chart.GetTitle()
    with pytest.raises(PerfusionError, match="There is no comparison of TTP"):
        finished.comparison.show_in_chart("TTP")


def test_one_voxel_far_out_does_not_stretch_the_chart():
    from PerfusionToolLib.scene.comparison.chart import chart_curves

    rng = np.random.default_rng(0)
    placed = 50 + 10 * rng.standard_normal((4, 20, 20))
    difference = rng.standard_normal(placed.shape)
    difference[2, 5, 5] = 1000
    (voxels, bias, upper, lower), sentence = chart_curves(difference, placed)
    assert voxels.y.max() < 5 and voxels.x.max() < 100
    assert upper.x[-1] < 100 and lower.y[0] < bias.y[0] < upper.y[0]
    assert sentence == f"{voxels.y.size} of 1600 voxels, without extremes"


def test_every_node_says_what_it_is_for_and_lies_in_the_folder_of_the_study(finished, scene, tmp_path):
    import slicer

    compare(finished, {"CBV": add_copy(finished, "CBV")})
    fields = ("comparisonTable", "comparisonPoints", "comparisonChart", "placedCBV", "differenceCBV")
    nodes = [getattr(finished.parameters, field) for field in fields]
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(finished.parameters.mapCBF))
    for node in nodes:
        assert "Research use only" in node.GetDescription()
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == folder
    table = finished.parameters.comparisonTable
    assert table.GetName() == "Scan comparison"
    assert table.GetTable().GetValueByName(0, "use").ToString() == "research use only"
    finished.comparison.save(tmp_path / "found.csv")
    rows = list(csv.DictReader((tmp_path / "found.csv").read_text("utf-8").splitlines()))
    assert {row["use"] for row in rows} == {"research use only"}
    assert float(next(row for row in rows if row["measure"] == "NCC")["value"]) == pytest.approx(1)
    with pytest.raises(PerfusionError, match="could not be written"):
        finished.comparison.save("/proc/found.csv")


# -- what changes afterwards


def test_the_comparison_follows_the_maps(finished):
    compare(finished, {"CBF": add_copy(finished)}, {"CBF": "ml/100g/min"})
    first = scene_array(finished.parameters.placedCBF)
    drain(finished.arterial_input_steps("seed", other_artery(finished).place))
    assert finished.state("comparison").kind == "done"
    assert measure(finished, "CBF", "bias") != 0
    changed, _grid = own(finished)
    inside = np.isfinite(scene_array(finished.parameters.differenceCBF))
    np.testing.assert_allclose(
        scene_array(finished.parameters.differenceCBF)[inside], (changed - first)[inside], atol=1e-3
    )


def test_a_comparison_that_is_not_followed_says_so_and_comes_back_with_its_maps(finished):
    compare(finished, {"CBF": add_copy(finished)})
    steps = finished.arterial_input_steps("seed", other_artery(finished).place)
    for progress in steps:
        if progress.stage == "comparison":
            break
    steps.close()
    assert "maps have changed" in finished.state("comparison").sentence
    assert finished.state("comparison").kind == "waiting"
    for field in ("comparisonTable", "placedCBF", "differenceCBF"):
        assert getattr(finished.parameters, field).GetDescription().startswith("Out of date")
    with pytest.raises(PerfusionError, match="out of date"):
        finished.comparison.save("nowhere.csv")
    drain(finished.undo_arterial_input_steps())
    assert finished.state("comparison").kind == "done"
    assert not finished.parameters.placedCBF.GetDescription().startswith("Out of date")
    finished.parameters.method = "Tikhonov"
    assert "compute the maps again" in finished.state("comparison").sentence


def test_a_comparison_is_out_of_date_where_its_references_change(finished, scene):
    from PerfusionToolLib.scene.volumes import volume_array

    reference, other = add_copy(finished), add_copy(finished, "CBV")
    compare(finished, {"CBF": reference, "CBV": other})

    def sentence():
        return finished.state("comparison").sentence

    volume_array(reference)[3, 30:34, 30:34] += 5
    reference.GetImageData().Modified()
    assert "references have changed" in sentence()
    compare(finished, None)
    assert "Compared" in sentence()
    transform = add_transform(reference, turn(0, (3.0, 0, 0)))
    assert "references have changed" in sentence()
    reference.SetAndObserveTransformNodeID(None)
    assert "Compared" in sentence()
    scene.RemoveNode(transform)
    scene.RemoveNode(reference)
    assert "references have changed" in sentence()
    assert list(compare(finished, None).maps) == ["CBV"]
    # What was there of the other one is gone.
    assert finished.parameters.placedCBF is None and finished.parameters.differenceCBF is None
    scene.RemoveNode(finished.parameters.differenceCBV)
    assert "removed from the scene" in sentence()


@pytest.mark.parametrize("what", ["reference", "map"])
def test_what_is_removed_while_it_is_compared_is_told_and_the_rest_is_there(finished, scene, what):
    references = {"CBF": add_copy(finished), "CBV": add_copy(finished, "CBV")}
    steps = finished.comparison_steps(references)
    while next(steps).text != "Reading CBV and its reference":
        pass
    scene.RemoveNode(references["CBF"] if what == "reference" else finished.parameters.mapCBF)
    comparison = drain(steps)
    assert list(comparison.maps) == ["CBV"]
    assert "CBF was removed from the scene while" in comparison.refused["CBF"]
    assert finished.parameters.placedCBF is None and finished.parameters.placedCBV is not None


def test_a_scene_that_is_closed_while_maps_are_compared_stays_empty(finished, scene):
    steps = finished.comparison_steps({"CBF": add_copy(finished)})
    next(steps), next(steps)
    scene.Clear(False)
    finished.close()
    with pytest.raises(PerfusionError, match="has ended"):
        drain(steps)
    names = [node.GetName() or "" for node in study_in_scene.nodes_of(scene)]
    assert [name for name in names if "comparison" in name or "difference" in name] == []


def test_another_scan_has_other_references_and_the_same_volume_may_serve_both(finished):
    parameters, first = finished.parameters, finished.parameters.scan
    reference = add_copy(finished)
    compare(finished, {"CBF": reference}, {"CBF": "ml/100g/min"})
    rows = finished.comparison.rows
    parameters.scan = study_in_scene.add_scan("Other")
    assert finished.comparison.references == {} and finished.comparison.rows == []
    assert finished.state("comparison").sentence == "Compute the maps first."
    finished.comparison.choose_reference("CBF", reference)
    parameters.scan = first
    assert finished.comparison.references == {"CBF": reference}
    assert finished.comparison.rows == rows and finished.state("comparison").kind == "done"


def test_references_are_guessed_by_the_names_of_volumes_that_are_no_results(finished, scene):
    array, grid = own(finished)
    named = ("sub-01_rCBF", "Tmax map", "MTT (s)", "TTP", "TTP 2", "CBV mask", "CBF-CBV ratio", "orbit")
    volumes = {name: add_volume(name, array, grid) for name in named}
    compare(finished, {"CBV": add_volume("any", array, grid)})
    found = finished.comparison.guess_references()
    assert found == {"CBF": volumes["sub-01_rCBF"], "Tmax": volumes["Tmax map"], "MTT": volumes["MTT (s)"]}
    assert finished.comparison.choose_guessed() == ["CBF", "MTT", "Tmax"]
    assert set(finished.comparison.references) == {"CBF", "CBV", "MTT", "Tmax"}
    assert finished.comparison.choose_guessed() == []


def test_a_saved_scene_is_taken_up_with_its_comparison(scene, tmp_path):
    import slicer
    from test_scene_saved import new_study, save_and_open

    study = new_study()
    study.parameters.motion_correction = False
    study.parameters.scan = study_in_scene.add_scan()
    drain(study.steps())
    compare(study, {"CBF": add_copy(study, "CBF", 0.01), "Tmax": add_copy(study, "Tmax")}, {"CBF": "ml/g/min"})
    study.comparison.choose_reference("TTP", add_copy(study, "TTP"))
    study.comparison.choose_reference("TTP", None)
    rows, notes = study.comparison.rows, study.comparison.notes
    opened = save_and_open(tmp_path)
    assert opened.analysis is None and opened.state("comparison").kind == "done"
    assert [row[:3] for row in opened.comparison.rows] == [row[:3] for row in rows]
    np.testing.assert_allclose([row[3] for row in opened.comparison.rows[1:]], [row[3] for row in rows[1:]], rtol=1e-4)
    assert opened.comparison.notes == notes
    assert {name: node.GetName() for name, node in opened.comparison.references.items()} == {
        "CBF": "Vendor CBF",
        "Tmax": "Vendor Tmax",
    }
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    comparison = compare(opened, None)
    assert opened.analysis is None and slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert comparison.maps["CBF"].measures["bias"] == pytest.approx(0, abs=1e-4)


def test_the_logic_computes_what_is_to_be_compared_and_gives_and_saves_the_measures(scene, tmp_path):
    from PerfusionTool import PerfusionToolLogic

    logic = PerfusionToolLogic()
    logic.process(study_in_scene.add_scan(), motion_correction=False)
    reference = add_copy(logic.study, "CBF", 0.5)
    logic.getParameterNode().method = "oSVD"
    comparison = logic.compareWith({"CBF": reference}, {"CBF": "ml/100g/min"}, {"CBF": 0.0})
    assert logic.study.analysis.settings.method == "oSVD"
    assert comparison.maps["CBF"].measures["bias"] > 1
    found = {(row[0], row[1]): row[3] for row in logic.comparisonRows()[1:]}
    assert found["CBF", "bias"] == pytest.approx(comparison.maps["CBF"].measures["bias"])
    logic.saveComparison(tmp_path / "found.csv")
    assert (tmp_path / "found.csv").exists()


# -- the layout


def test_the_layout_has_three_axial_views_side_by_side_and_a_plot():
    from PerfusionToolLib.scene import views
    from PerfusionToolLib.scene.comparison import views as comparison_views

    tree = ElementTree.fromstring(comparison_views.layout_description())
    rows = [[view.get("singletontag") for view in row.iter("view")] for row in tree]
    assert rows == [list(views.COMPARISON_VIEWS), [comparison_views.PLOT_VIEW]]
    groups = {item.text for item in tree.iter("property") if item.get("name") == "viewgroup"}
    assert groups == {str(comparison_views.VIEW_GROUP)} and comparison_views.VIEW_GROUP != views.VIEW_GROUP
    assert comparison_views.PLOT_VIEW != views.PLOT_VIEW


def test_without_views_a_comparison_is_shown_nowhere_but_can_be_asked_for(finished):
    compare(finished, {"CBF": add_copy(finished)})
    finished.comparison.show_side_by_side("CBF")
    finished.comparison.settle_side_by_side()
    finished.comparison.leave_side_by_side()
