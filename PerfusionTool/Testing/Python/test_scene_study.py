"""A study in the scene: results as nodes, states, series and readings on request."""

from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest

pytest.importorskip("slicer")

import study_in_scene
from PerfusionToolLib.perfusion import PerfusionError, Settings, drain
from PerfusionToolLib.perfusion.analysis import STAGES
from PerfusionToolLib.perfusion.maps import UNITS
from study_in_scene import advance_to, nodes_of, results, segment, table_values, values

finished = study_in_scene.finished
study = study_in_scene.study


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
    from PerfusionToolLib.scene.parameters import map_field

    analysis = finished.analysis
    for name, array in analysis.maps.items():
        finished.want_map(name)
        np.testing.assert_allclose(values(finished, map_field(name)), np.nan_to_num(array), atol=2e-6)
    assert (segment(finished, "brain") == analysis.brain_mask).all()
    assert (segment(finished, "AIF") == analysis.arterial_input.voxels).all()
    np.testing.assert_allclose(table_values(finished), analysis.arterial_input.curve)


def test_all_results_are_referred_to_and_lie_in_one_folder(finished, scene):
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    made = results(finished)
    assert {"segmentation", "mapCBF", "mapTTP", "curvesChart", "bolusTable", "candidatesTable"} <= set(made)
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


# -- on request


def test_series_on_request_scroll_in_time(finished):
    import slicer

    drain(finished.put_corrected_series_steps())
    drain(finished.put_concentration_series_steps())
    drain(finished.put_projection_steps())
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
