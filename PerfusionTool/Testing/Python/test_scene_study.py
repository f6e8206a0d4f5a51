"""A study in the scene: results as nodes, changes of mind, and everything that may go wrong meanwhile."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache

import numpy as np
import pytest

pytest.importorskip("slicer")

from PerfusionToolLib.perfusion import PerfusionError, Settings, drain
from PerfusionToolLib.perfusion.analysis import STAGES
from PerfusionToolLib.perfusion.maps import UNITS
from PerfusionToolLib.perfusion.phantom import sample_head

SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}


def add_scan(name="Scan", modality="CT", **options):
    from PerfusionToolLib.scene.importing import sequence_from_series

    return sequence_from_series(small_series(modality, **options), name)


@cache
def small_series(modality, **options):
    return sample_head(modality, integer=True, **SMALL, **options).series


@pytest.fixture
def study(scene):
    """A study of a small scan that nobody has computed yet."""
    from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode
    from PerfusionToolLib.scene.study import SceneStudy

    parameters = PerfusionToolParameterNode(scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
    parameters.motion_correction = False
    study = SceneStudy(parameters)
    parameters.scan = add_scan()
    return study


@pytest.fixture
def finished(study):
    drain(study.steps())
    return study


def nodes_of(scene):
    return [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]


def results(study):
    from PerfusionToolLib.scene.parameters import RESULTS

    return {name: node for name in RESULTS if (node := getattr(study.parameters, name)) is not None}


def values(study, name="mapCBF"):
    import slicer

    return slicer.util.arrayFromVolume(getattr(study.parameters, name)).copy()


def table_values(study, name="curvesTable", column="AIF"):
    import slicer

    return np.array(slicer.util.arrayFromTableColumn(getattr(study.parameters, name), column))


def segment(study, name):
    from PerfusionToolLib.scene.segments import segment_mask

    return segment_mask(study.parameters.segmentation, name, study.analysis.grid)


def other_artery(study):
    return next(c for c in study.analysis.arterial_input.candidates[1:] if c.accepted)


def advance_to(steps, stage):
    for progress in steps:
        if progress.stage == stage:
            return progress
    raise AssertionError(f"{stage} was not reached")


# -- the parameter node


def test_every_setting_is_a_field_with_its_default(study):
    from PerfusionToolLib.scene.parameters import settings_of

    study.parameters.motion_correction = True
    assert settings_of(study.parameters) == Settings()


def test_settings_survive_the_parameter_node(study):
    from PerfusionToolLib.scene.parameters import set_settings, settings_of

    other = Settings(frames_to_drop=2, cbv_window=None, method="oSVD", hide_csf=True, smoothing_mm=2)
    set_settings(study.parameters, other)
    assert settings_of(study.parameters) == other


def test_every_map_has_a_field():
    from PerfusionToolLib.scene.parameters import RESULTS, map_field

    assert {map_field(name) for name in UNITS} == {field for field in RESULTS if field.startswith("map")}


def test_every_stage_belongs_to_a_step():
    from PerfusionToolLib.scene import states

    assert states.STAGES == STAGES
    assert set(states.LAST_STAGE) | {"scan"} == set(states.STEPS)
    assert set(states.STEP_OF.values()) <= set(states.STEPS)


# -- results


def test_the_results_are_those_of_the_analysis(finished):
    analysis = finished.analysis
    for name, array in analysis.maps.items():
        from PerfusionToolLib.scene.parameters import map_field

        np.testing.assert_allclose(values(finished, map_field(name)), np.nan_to_num(array), atol=2e-6)
    assert (segment(finished, "brain") == analysis.brain_mask).all()
    assert (segment(finished, "AIF") == analysis.arterial_input.voxels).all()
    np.testing.assert_allclose(table_values(finished), analysis.arterial_input.curve)


def test_all_results_are_referred_to_and_lie_in_one_folder(finished, scene):
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    made = results(finished)
    assert {"segmentation", "mapCBF", "mapTTPFromArrival", "curvesChart", "bolusTable", "candidatesTable"} <= set(made)
    folders = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in made.values()}
    assert len(folders) == 1
    assert hierarchy.GetItemName(folders.pop()) == "Scan perfusion"
    assert finished.parameters.resultsOf is finished.parameters.scan


def test_a_second_run_updates_the_same_nodes(finished, scene):
    before, made, cbf = nodes_of(scene), results(finished), values(finished)
    finished.parameters.smoothing = "none"
    drain(finished.steps())
    assert nodes_of(scene) == before
    assert results(finished) == made
    assert (values(finished) != cbf).any()


def test_a_run_without_changes_computes_and_writes_nothing(finished):
    maps, times = finished.analysis.maps, {n: node.GetMTime() for n, node in results(finished).items() if "map" in n}
    drain(finished.steps())
    assert finished.analysis.maps is maps
    assert {n: node.GetMTime() for n, node in results(finished).items() if "map" in n} == times


def test_a_change_of_the_method_computes_the_maps_only(finished):
    smoothed, curve = finished.analysis.concentration, finished.analysis.arterial_input
    finished.parameters.method = "oSVD"
    assert finished.state("maps").kind == "waiting"
    assert finished.state("arterial_input").kind != "waiting"
    drain(finished.steps())
    assert finished.analysis.concentration is smoothed
    assert finished.analysis.arterial_input is curve
    assert "oSVD" in finished.state("maps").sentence


def test_maps_say_where_they_come_from(finished):
    volume = finished.parameters.mapCBF
    said = {
        name.removeprefix("PerfusionTool."): volume.GetAttribute(name)
        for name in volume.GetAttributeNames()
        if name.startswith("PerfusionTool.")
    }
    assert json.loads(said["Use"]) == "Research use only"
    assert Settings.from_dict(json.loads(said["Settings"])) == finished.analysis.settings
    assert json.loads(said["ArterialInput"])["kind"] == "automatic"
    np.testing.assert_allclose(json.loads(said["ArterialInput"])["curve"], finished.analysis.arterial_input.curve)
    assert "Research use only" in volume.GetDescription()


def test_one_step_alone_stops_there(study):
    drain(study.steps("brain_mask"))
    assert study.analysis.stages_done[-1] == "brain"
    assert study.parameters.segmentation is not None
    assert study.parameters.mapCBF is None
    assert study.state("brain_mask").kind == "done"
    assert study.state("bolus").kind == "waiting"


def test_motion_is_shown_and_goes_when_it_is_switched_off(study):
    study.parameters.motion_correction = True
    drain(study.steps("preparation"))
    assert table_values(study, "motionTable", "Shift R [mm]").size == 45
    study.parameters.motion_correction = False
    drain(study.steps("preparation"))
    assert study.parameters.motionTable is None


def test_states_follow_the_work(study):
    assert study.state("scan").kind == "done"
    assert "CT, 45 frames" in study.state("scan").sentence
    assert study.state("maps").kind == "waiting"
    steps = study.steps()
    advance_to(steps, "brain")
    assert study.busy
    assert study.state("brain_mask").kind == "running"
    drain(steps)
    assert not study.busy
    assert [study.state(step).kind for step in ("preparation", "brain_mask", "bolus", "maps", "probe")] == ["done"] * 5


def test_observers_are_told(study):
    told = []
    study.observers.append(lambda: told.append(study.busy))
    drain(study.steps())
    assert told[0] is True
    assert told[-1] is False


# -- what may go wrong


def test_cancelling_leaves_the_scene_as_it_was_and_keeps_what_is_finished(study, scene):
    before = nodes_of(scene)
    steps = study.steps()
    advance_to(steps, "smoothing")
    steps.close()
    assert nodes_of(scene) == before
    assert results(study) == {}
    assert not study.busy
    search = study.analysis.vessel_search
    drain(study.steps())
    assert study.analysis.vessel_search is search


def test_cancelling_a_second_run_leaves_the_results_of_the_first(finished):
    cbf = values(finished)
    finished.parameters.bolus_curve = "threshold"
    steps = finished.steps()
    advance_to(steps, "deconvolution")
    steps.close()
    assert (values(finished) == cbf).all()
    assert finished.state("maps").kind == "waiting"


def test_nothing_is_made_of_a_scan_that_cannot_be_analysed(study, scene):
    study.parameters.frameTimes = "1 2 3"
    before = nodes_of(scene)
    with pytest.raises(PerfusionError, match="45"):
        drain(study.steps())
    assert nodes_of(scene) == before
    assert results(study) == {}
    assert study.state("scan").kind == "attention"
    study.parameters.frameTimes = ""
    assert study.state("scan").kind == "done"


def test_without_a_scan_a_sentence_says_so(study):
    study.parameters.scan = None
    with pytest.raises(PerfusionError, match="choose"):
        drain(study.steps())
    assert study.state("scan").kind == "waiting"


def test_what_cannot_be_read_says_nothing_of_the_results_in_the_scene(finished):
    finished.parameters.modality = "MR"
    with pytest.raises(PerfusionError, match="echo time"):
        drain(finished.steps())
    assert finished.state("maps").kind == "waiting"
    finished.parameters.modality = ""
    assert finished.state("maps").kind == "done"


def test_a_failure_shows_what_was_finished(study):
    import slicer

    sequence = study.parameters.scan
    for frame in range(sequence.GetNumberOfDataNodes()):
        voxels = slicer.util.arrayFromVolume(sequence.GetNthDataNode(frame))
        voxels[:] = slicer.util.arrayFromVolume(sequence.GetNthDataNode(0)) + frame % 2
    with pytest.raises(PerfusionError, match="No bolus"):
        drain(study.steps())
    assert set(results(study)) == {"segmentation", "record"}
    assert study.state("brain_mask").kind == "done"
    assert study.state("bolus").kind == "attention"
    assert "No bolus" in study.state("bolus").sentence
    assert not study.busy


def test_closing_ends_the_work_with_a_sentence(study, scene):
    before = nodes_of(scene)
    steps = study.steps()
    advance_to(steps, "brain")
    study.close()
    with pytest.raises(PerfusionError, match="closed"):
        drain(steps)
    assert nodes_of(scene) == before
    assert study.analysis is None


def test_a_scene_that_closes_ends_the_work(study, scene):
    steps = study.steps()
    advance_to(steps, "brain")
    scene.Clear(False)
    with pytest.raises(PerfusionError):
        drain(steps)
    assert study.analysis is None
    assert scene.GetFirstNodeByClass("vtkMRMLSegmentationNode") is None


def test_a_scan_that_is_removed_ends_the_work(study, scene):
    steps = study.steps()
    advance_to(steps, "brain")
    scene.RemoveNode(study.parameters.scan)
    with pytest.raises(PerfusionError, match="removed"):
        drain(steps)
    assert results(study) == {}
    assert study.state("scan").kind == "waiting"


def test_results_that_a_person_deleted_are_made_again(finished, scene):
    kept = finished.parameters.mapCBV
    for name in ("mapCBF", "curvesTable", "segmentation"):
        scene.RemoveNode(getattr(finished.parameters, name))
    assert finished.state("maps").kind == "waiting"
    maps = finished.analysis.maps
    drain(finished.steps())
    assert finished.analysis.maps is maps
    assert finished.parameters.mapCBV is kept
    assert (segment(finished, "brain") == finished.analysis.brain_mask).all()
    assert finished.parameters.mapCBF.GetScene() is scene


# -- scans


def test_another_scan_gets_results_of_its_own_and_the_former_keeps_its(finished, scene):
    first, scan = results(finished), finished.parameters.scan
    finished.parameters.arterialInputKind = "seed"
    finished.parameters.scan = add_scan("Other", seed=1)
    assert results(finished) == {}
    assert finished.analysis is None
    assert finished.parameters.arterialInputKind == "automatic"
    drain(finished.steps())
    second = results(finished)
    assert not set(first.values()) & set(second.values())
    assert all(node.GetScene() is scene for node in first.values())
    finished.parameters.scan = scan
    assert results(finished) == first
    assert finished.state("maps").kind == "done"
    assert finished.analysis is None


def test_what_is_said_of_a_scan_is_not_said_of_the_next(study):
    study.parameters.frameTimes = "1.5"
    study.parameters.scan = add_scan("Other")
    assert study.parameters.frameTimes == ""
    assert study.parameters.motion_correction is False


def test_scans_of_one_name_are_kept_apart(finished):
    first = results(finished)
    finished.parameters.scan = add_scan("Scan", seed=1)
    drain(finished.steps())
    assert not set(first.values()) & set(results(finished).values())
    assert not np.array_equal(values(finished), 0)


def test_only_a_change_of_its_voxels_makes_a_scan_new(finished):
    import slicer

    analysis, scan = finished.analysis, finished.parameters.scan
    scan.SetAttribute("Remark", "seen")
    drain(finished.steps())
    assert finished.analysis is analysis
    slicer.util.arrayFromVolume(scan.GetNthDataNode(20))[:] += 1
    drain(finished.steps())
    assert finished.analysis is not analysis


def test_a_scan_under_a_transform_has_its_results_in_the_world(study, scene):
    from PerfusionToolLib.scene.nodes import proxy_volume
    from PerfusionToolLib.scene.volumes import matrix, volume_grid

    shift = np.eye(4)
    shift[:3, 3] = 10, -5, 3
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix(shift))
    drain(study.steps())
    before = volume_grid(study.parameters.mapCBF).ijk_to_ras
    proxy_volume(study.parameters.scan).SetAndObserveTransformNodeID(transform.GetID())
    drain(study.steps())
    np.testing.assert_allclose(volume_grid(study.parameters.mapCBF).ijk_to_ras, shift @ before)


def test_a_time_axis_that_a_person_typed_is_used(study):
    study.parameters.frameTimes = "2"
    assert "every 2 s" in study.state("scan").sentence
    drain(study.steps("bolus"))
    np.testing.assert_allclose(np.diff(study.analysis.times), 2)


# -- the arterial input


def test_a_seed_changes_the_curve_first_and_then_the_maps(finished):
    curve, cbf, artery = table_values(finished), values(finished), other_artery(finished)
    steps = finished.arterial_input_steps("seed", artery.place)
    while (table_values(finished) == curve).all():
        next(steps)
    assert segment(finished, "AIF")[tuple(artery.voxels.T)].any()
    assert (values(finished) == cbf).all()
    drain(steps)
    assert (values(finished) != cbf).any()
    assert finished.parameters.arterialInputKind == "seed"
    np.testing.assert_allclose(finished.parameters.seed.GetNthControlPointPositionWorld(0), artery.place)


def test_only_the_stages_after_the_arterial_input_are_done_again(finished):
    before = finished.analysis.concentration
    drain(finished.arterial_input_steps("candidate", 1))
    assert finished.analysis.concentration is before


@pytest.mark.parametrize("kind", ["candidate", "seed", "mask", "curve"])
def test_every_arterial_input_can_be_undone_and_done_again(finished, kind):
    value = {
        "candidate": 1,
        "seed": other_artery(finished).place,
        "mask": (finished.parameters.segmentation, "vessels"),
        "curve": np.roll(finished.analysis.arterial_input.measured, 1),
    }[kind]
    first = table_values(finished), values(finished)
    assert not finished.can_undo
    drain(finished.arterial_input_steps(kind, value))
    second = table_values(finished), values(finished)
    assert finished.parameters.arterialInputKind == kind
    drain(finished.undo_arterial_input_steps())
    assert finished.parameters.arterialInputKind == "automatic"
    np.testing.assert_array_equal(table_values(finished), first[0])
    np.testing.assert_array_equal(values(finished), first[1])
    assert (finished.can_undo, finished.can_redo) == (False, True)
    drain(finished.redo_arterial_input_steps())
    assert finished.parameters.arterialInputKind == kind
    np.testing.assert_array_equal(table_values(finished), second[0])
    np.testing.assert_array_equal(values(finished), second[1])
    assert not finished.can_redo


def test_undoing_brings_back_the_settings_of_the_arterial_input(finished):
    first = table_values(finished)
    finished.parameters.partial_volume = "off"
    drain(finished.steps())
    assert finished.can_undo
    drain(finished.undo_arterial_input_steps())
    assert finished.parameters.partial_volume == "auto"
    np.testing.assert_array_equal(table_values(finished), first)


def test_places_that_a_seed_is_dragged_over_are_one_change(finished):
    place = other_artery(finished).place
    for shift in (0.0, 0.2, 0.4):
        drain(finished.arterial_input_steps("seed", place + np.array([shift, 0, 0]), dragging=shift > 0))
    drain(finished.undo_arterial_input_steps())
    assert finished.parameters.arterialInputKind == "automatic"
    assert not finished.can_undo


def test_the_same_arterial_input_twice_is_one_change(finished):
    place = other_artery(finished).place
    drain(finished.arterial_input_steps("seed", place))
    drain(finished.undo_arterial_input_steps())
    drain(finished.arterial_input_steps("automatic"))
    assert finished.can_redo


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("seed", (500.0, 0.0, 0.0)),
        ("candidate", 99),
        ("curve", [1.0, 2.0]),
        ("curve", np.zeros(45)),
        ("vein", None),
    ],
)
def test_an_arterial_input_that_cannot_serve_changes_nothing(finished, kind, value):
    drain(finished.arterial_input_steps("candidate", 1))
    before = table_values(finished), values(finished), segment(finished, "AIF"), finished.parameters.arterialInputKind
    with pytest.raises(PerfusionError):
        drain(finished.arterial_input_steps(kind, value))
    after = table_values(finished), values(finished), segment(finished, "AIF"), finished.parameters.arterialInputKind
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)
    assert finished.state("maps").kind == "done"
    drain(finished.undo_arterial_input_steps())
    assert finished.parameters.arterialInputKind == "automatic"


def test_where_the_maps_fail_the_former_arterial_input_comes_back(finished, monkeypatch):
    from PerfusionToolLib.perfusion import stages

    curve, cbf, work = table_values(finished), values(finished), stages.deconvolution_steps

    def failing(concentration, arterial_input, *arguments):
        if arterial_input.source == "seed":
            raise PerfusionError("This curve cannot be inverted; choose another.")
        return work(concentration, arterial_input, *arguments)

    monkeypatch.setattr(stages, "deconvolution_steps", failing)
    with pytest.raises(PerfusionError, match="inverted"):
        drain(finished.arterial_input_steps("seed", other_artery(finished).place))
    assert finished.parameters.arterialInputKind == "automatic"
    np.testing.assert_array_equal(table_values(finished), curve)
    np.testing.assert_array_equal(values(finished), cbf)
    assert not finished.can_undo


def test_an_arterial_input_can_be_chosen_where_none_was_found(study, monkeypatch):
    from PerfusionToolLib.perfusion import arterial_input

    def nothing_found(*_arguments):
        raise PerfusionError("No artery was found.")

    monkeypatch.setattr(arterial_input, "automatic_input", nothing_found)
    with pytest.raises(PerfusionError, match="No artery"):
        drain(study.steps())
    assert study.state("arterial_input").kind == "attention"
    assert study.parameters.candidatesTable is not None
    drain(study.arterial_input_steps("candidate", 0))
    assert study.parameters.mapCBF is not None


def test_a_saved_arterial_input_gives_the_same_maps(finished, tmp_path):
    drain(finished.arterial_input_steps("seed", other_artery(finished).place))
    cbf = values(finished)
    finished.save_arterial_input(tmp_path / "aif.csv")
    drain(finished.arterial_input_steps("automatic"))
    drain(finished.load_arterial_input_steps(tmp_path / "aif.csv"))
    assert finished.parameters.arterialInputKind == "curve"
    np.testing.assert_allclose(values(finished), cbf, rtol=1e-5)


def test_a_curve_is_saved_for_all_frames_of_the_scan(study, tmp_path):
    from PerfusionToolLib.files import read_curve

    study.parameters.frames_to_drop = 3
    drain(study.steps())
    study.save_arterial_input(tmp_path / "aif.csv")
    times, curve = read_curve(tmp_path / "aif.csv")
    np.testing.assert_array_equal(times, study.analysis.series.times)
    np.testing.assert_allclose(curve[3:], study.analysis.arterial_input.curve)


# -- the brain mask


def edited_brain(study):
    """The published brain without its upper half, painted as a person would."""
    from PerfusionToolLib.scene.segments import put_segment

    mask = study.analysis.brain_mask.copy()
    mask[mask.shape[0] // 2 :] = False
    scene = study.parameters.parameterNode.GetScene()
    put_segment(study.parameters.segmentation, "brain", mask, study.analysis.grid, "", scene)
    return mask


def test_an_edited_mask_is_taken_up_and_only_what_follows_is_done_again(finished):
    prepared = finished.analysis.corrected
    mask = edited_brain(finished)
    assert finished.was_edited("brain")
    assert finished.set_brain_mask_from(finished.parameters.segmentation, "brain")
    assert finished.state("brain_mask").kind == "waiting"
    drain(finished.steps())
    assert finished.analysis.corrected is prepared
    assert (finished.analysis.brain_mask == mask).all()
    assert (values(finished)[~mask] == 0).all()
    assert not finished.was_edited("brain")
    finished.reset_brain_mask()
    drain(finished.steps())
    assert finished.analysis.brain_mask.sum() > mask.sum()


def test_what_the_study_writes_itself_is_no_edit(finished):
    assert not finished.was_edited("brain")
    assert not finished.was_edited("AIF")
    assert not finished.set_brain_mask_from(finished.parameters.segmentation, "brain")
    assert finished.state("maps").kind == "done"


def test_the_study_says_when_it_writes(finished):
    seen = []
    finished.parameters.segmentation.AddObserver("AnyEvent", lambda *_event: seen.append(finished.publishing))
    drain(finished.arterial_input_steps("candidate", 1))
    assert seen
    assert all(seen)


def test_a_mask_that_cannot_serve_leaves_the_former(finished, scene):
    import slicer

    empty = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    empty.GetSegmentation().AddSegment(slicer.vtkSegment(), "nothing")
    with pytest.raises(PerfusionError, match="no voxels"):
        finished.set_brain_mask_from(empty, "nothing")
    assert finished.parameters.maskSource == "automatic"
    assert finished.state("maps").kind == "done"


def test_a_mask_of_any_geometry_can_be_given_before_the_first_run(study, scene):
    from PerfusionToolLib.perfusion import Grid
    from PerfusionToolLib.scene.volumes import put_volume

    fine = study.read_scan().ijk_to_ras @ np.diag([0.5, 0.5, 0.5, 1.0])
    centre = np.zeros((12, 128, 128), np.uint8)
    centre[2:10, 40:90, 40:90] = 1
    node = put_volume(None, centre, Grid(centre.shape, fine), "Mask", scene)
    study.set_brain_mask_from(node)
    drain(study.steps("brain_mask"))
    assert study.parameters.maskSource == "segment"
    assert study.analysis.given_brain_mask.sum() > 0
    assert "from a segment" in study.state("brain_mask").sentence


# -- on request


def test_series_on_request_scroll_in_time(finished):
    import slicer

    drain(finished.put_corrected_series_steps())
    drain(finished.put_concentration_series_steps())
    finished.put_projection()
    analysis = finished.analysis
    corrected, concentration = finished.parameters.correctedSeries, finished.parameters.concentrationSeries
    assert corrected.GetIndexUnit() == "s"
    assert float(corrected.GetNthIndexValue(7)) == analysis.times[7]
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(corrected.GetNthDataNode(7)), analysis.corrected[7])
    np.testing.assert_allclose(
        slicer.util.arrayFromVolume(concentration.GetNthDataNode(20))[analysis.brain_mask],
        analysis.concentration[:, 20],
    )
    assert finished.parameters.projection.GetNumberOfDataNodes() == analysis.times.size
    made = results(finished)
    drain(finished.put_corrected_series_steps())
    assert results(finished) == made


def test_readings_are_those_of_the_maps(finished):
    analysis = finished.analysis
    index = tuple(np.argwhere(analysis.brain_mask & ~analysis.vessels)[1000])
    reading = finished.voxel_reading(analysis.grid.to_ras(index))
    assert reading.index == index
    assert reading.values["CBF"][0] == analysis.maps["CBF"][index]
    region = finished.region_reading(finished.parameters.segmentation, "brain")
    assert region.voxels == analysis.brain_mask.sum()
    assert drain(finished.mirrored_region_reading_steps(finished.parameters.segmentation, "vessels")).voxels > 0


def test_readings_before_the_maps_say_so(study):
    with pytest.raises(PerfusionError, match="compute"):
        study.voxel_reading((0, 0, 0))


def test_warnings_are_words(study):
    study.parameters.arterial_input_curve = "gamma_variate"
    drain(study.steps())
    assert any("gamma-variate" in sentence for sentence in study.warnings)
    assert study.state("arterial_input").kind == "attention"
    assert {parameter.name for parameter in fields(Settings)} == set(
        json.loads(study.parameters.record.GetText())["settings"]
    )
