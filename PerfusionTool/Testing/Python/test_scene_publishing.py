"""Results come into the scene in short steps, but whole or not at all; which maps are there is a person's choice."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

pytest.importorskip("slicer")

import study_in_scene
from PerfusionToolLib.perfusion import PerfusionError, drain
from study_in_scene import add_scan, edited_brain, nodes_of, other_artery, results, segment, table_values, values

study, finished = study_in_scene.study, study_in_scene.finished
TEXT = "Putting the results into the scene"
USUAL = {"mapCBF", "mapCBV", "mapMTT", "mapTmax", "mapTTP"}


def to_publishing(steps, number):
    """Advance so many steps into the publishing; False where it has fewer."""
    seen = 0
    for progress in steps:
        seen += progress.text == TEXT
        if seen == number:
            return True
    return False


def maps_of(study):
    return {name for name in results(study) if name.startswith("map")}


def assert_whole(study):
    """What the scene holds is what the analysis holds, and the record says so."""
    analysis = study.analysis
    assert maps_of(study) == USUAL
    np.testing.assert_allclose(values(study), np.nan_to_num(analysis.maps["CBF"]), atol=2e-6)
    np.testing.assert_allclose(values(study, "mapTTP"), np.nan_to_num(analysis.maps["TTP"]), atol=2e-6)
    np.testing.assert_array_equal(table_values(study), analysis.arterial_input.curve)
    assert (segment(study, "AIF") == analysis.arterial_input.voxels).all()
    assert study.state("maps").kind == "done"
    assert not study.was_edited("brain") and not study.was_edited("AIF")


def test_the_parameter_node_refers_to_nothing_before_all_is_made(study):
    steps = study.steps()
    seen = []
    for progress in steps:
        if progress.text == TEXT:
            seen.append(len(results(study)))
    first = next(place for place, number in enumerate(seen) if number)
    assert first >= 10
    assert len(set(seen[first:])) == 1


def test_a_first_run_that_is_cancelled_anywhere_leaves_all_or_nothing(study, scene):
    """Before the publishing nothing is made; once it has begun, it is finished."""
    given = study.parameters.scan
    for number in count(1):
        study.parameters.scan = given if number == 1 else add_scan(f"Scan {number}")
        steps = study.steps()
        if not to_publishing(steps, number):
            break
        steps.close()
        assert not study.busy
        assert_whole(study)
    assert number > 10


def test_a_later_run_that_is_cancelled_anywhere_leaves_results_of_one_kind(finished):
    for number, smoothing in zip(count(1), 20 * ("none", "gaussian"), strict=False):
        finished.parameters.smoothing = smoothing
        steps = finished.steps()
        if not to_publishing(steps, number):
            break
        steps.close()
        assert_whole(finished)
    assert number > 5


def test_a_scene_that_closes_while_results_come_takes_them_along(study, scene):
    steps = study.steps()
    assert to_publishing(steps, 6)
    scene.Clear(False)
    with pytest.raises(PerfusionError):
        drain(steps)
    for kind in ("vtkMRMLSegmentationNode", "vtkMRMLTableNode", "vtkMRMLTextNode"):
        assert scene.GetFirstNodeByClass(kind) is None


def test_a_scan_that_is_removed_while_its_results_come_takes_them_along(study, scene):
    steps = study.steps()
    before = nodes_of(scene)
    assert to_publishing(steps, 8)
    assert len(nodes_of(scene)) > len(before)
    scene.RemoveNode(study.parameters.scan)
    with pytest.raises(PerfusionError, match="removed"):
        drain(steps)
    left = {node.GetClassName() for node in set(nodes_of(scene)) - set(before)}
    assert not left & {
        "vtkMRMLScalarVolumeNode",
        "vtkMRMLSegmentationNode",
        "vtkMRMLTableNode",
        "vtkMRMLPlotChartNode",
        "vtkMRMLPlotSeriesNode",
        "vtkMRMLTextNode",
    }
    assert results(study) == {}


def test_another_scan_chosen_while_results_come_gets_none_of_them(study):
    first = study.parameters.scan
    steps = study.steps()
    assert to_publishing(steps, 5)
    study.parameters.scan = add_scan("Other", seed=1)
    with pytest.raises(PerfusionError, match="another was chosen"):
        drain(steps)
    assert results(study) == {}
    study.parameters.scan = first
    assert set(results(study)) >= USUAL
    assert study.state("maps").kind == "done"


def test_a_brain_mask_changed_while_results_come_waits_for_the_next_run(finished, scene):
    from PerfusionToolLib.scene.volumes import put_volume

    half = finished.analysis.brain_mask.copy()
    half[:3] = False
    node = put_volume(None, half.astype(np.uint8), finished.analysis.grid, "Half", scene)
    finished.parameters.smoothing = "none"
    steps = finished.steps()
    assert to_publishing(steps, 1)
    expected = {name: array.copy() for name, array in finished.analysis.maps.items()}
    finished.set_brain_mask_from(node)
    steps.close()
    np.testing.assert_allclose(values(finished), np.nan_to_num(expected["CBF"]), atol=2e-6)
    drain(finished.steps())
    assert (values(finished)[~half] == 0).all()


def test_in_a_drag_the_outline_may_wait_but_the_record_says_what_is_there(finished, monkeypatch):
    from PerfusionToolLib.scene import publishing

    monkeypatch.setattr(publishing, "OUTLINE_SECONDS", 1000.0)
    drain(finished.arterial_input_steps("seed", other_artery(finished).place))
    before, place = segment(finished, "AIF"), finished.analysis.arterial_input.candidates[0].place
    steps = finished.arterial_input_steps("seed", place, dragging=True)
    next(steps)
    np.testing.assert_array_equal(table_values(finished), finished.analysis.arterial_input.curve)
    assert (segment(finished, "AIF") == before).all()
    assert not finished.was_edited("AIF")
    drain(steps)
    assert_whole(finished)


# -- runs that fail


def without_bolus(study):
    import slicer

    sequence = study.parameters.scan
    for frame in range(sequence.GetNumberOfDataNodes()):
        voxels = slicer.util.arrayFromVolume(sequence.GetNthDataNode(frame))
        voxels[:] = slicer.util.arrayFromVolume(sequence.GetNthDataNode(0)) + frame % 2


def test_a_first_run_that_fails_leaves_the_scene_as_it_was_and_keeps_what_is_finished(study, scene):
    study.parameters.arrival_frame = 4000
    before = nodes_of(scene)
    with pytest.raises(PerfusionError, match="4000"):
        drain(study.steps())
    assert nodes_of(scene) == before
    assert results(study) == {}
    assert study.state("brain_mask").kind == "done"
    assert study.state("bolus").kind == "attention"
    assert "4000" in study.state("bolus").sentence
    brain = study.analysis.brain_mask
    study.parameters.arrival_frame = None
    drain(study.steps())
    assert study.analysis.brain_mask is brain
    assert_whole(study)


def test_what_is_finished_is_out_of_date_when_its_settings_change(study):
    study.parameters.arrival_frame = 4000
    with pytest.raises(PerfusionError):
        drain(study.steps())
    study.parameters.frames_to_drop = 3
    assert study.state("brain_mask").kind == "waiting"


def test_a_later_run_that_fails_leaves_the_former_results(finished, scene):
    before, cbf, curve = nodes_of(scene), values(finished), table_values(finished)
    times = {name: node.GetMTime() for name, node in results(finished).items()}
    finished.parameters.arrival_frame = 4000
    with pytest.raises(PerfusionError, match="4000"):
        drain(finished.steps())
    assert nodes_of(scene) == before
    assert {name: node.GetMTime() for name, node in results(finished).items()} == times
    finished.parameters.arrival_frame = None
    assert finished.state("maps").kind == "waiting"
    drain(finished.steps())
    assert finished.state("maps").kind == "done"
    np.testing.assert_array_equal(values(finished), cbf)
    np.testing.assert_array_equal(table_values(finished), curve)


def test_a_first_arterial_input_that_is_cancelled_leaves_the_scene_as_it_was(study, scene):
    before = nodes_of(scene)
    steps = study.arterial_input_steps("automatic")
    while next(steps).stage != "deconvolution":
        pass
    steps.close()
    assert nodes_of(scene) == before


def test_what_is_finished_can_be_asked_for(study):
    without_bolus(study)
    with pytest.raises(PerfusionError, match="No bolus"):
        drain(study.steps())
    study.show_finished()
    assert set(results(study)) == {"segmentation", "record"}
    assert (segment(study, "brain") == study.analysis.brain_mask).all()
    assert study.state("bolus").kind == "attention"


# -- which maps


def test_only_wanted_maps_are_put_into_the_scene(finished, scene):
    assert maps_of(finished) == USUAL
    assert finished.map_volume("TTP from arrival").GetName() == "Scan TTP from arrival"
    assert maps_of(finished) == USUAL | {"mapTTPFromArrival"}
    finished.want_map("TTP from arrival", False)
    finished.want_map("CBV", False)
    assert maps_of(finished) == USUAL - {"mapCBV"}
    assert finished.state("maps").kind == "done"
    finished.parameters.smoothing = "none"
    drain(finished.steps())
    assert maps_of(finished) == USUAL - {"mapCBV"}


def test_a_map_asked_for_follows_a_later_run(finished):
    quality = finished.map_volume("Quality")
    assert quality is finished.parameters.mapQuality
    before = values(finished, "mapQuality")
    finished.parameters.hide_csf = True
    edited = edited_brain(finished)
    finished.set_brain_mask_from(finished.parameters.segmentation, "brain")
    drain(finished.steps())
    assert finished.parameters.mapQuality is quality
    after = values(finished, "mapQuality")
    assert (after[~edited] == 0).all() and before[~edited].any()


def test_asking_for_a_map_that_there_cannot_be(study):
    with pytest.raises(PerfusionError, match="no map 'Flow'"):
        study.map_volume("Flow")
    assert study.map_volume("CBF") is None
    assert study.parameters.wantedMaps == "CBF, CBV, MTT, Tmax, TTP"


def test_a_map_that_the_new_method_does_not_give_goes(finished, monkeypatch):
    from PerfusionToolLib.perfusion import stages

    real, given = stages.maps_steps, ["Delay", "CBF SD"]

    def with_more(*arguments):
        found, warnings = yield from real(*arguments)
        more = dict.fromkeys(given, found["maps"]["Tmax"])
        return {"maps": {**found["maps"], **more}}, warnings

    monkeypatch.setattr(stages, "maps_steps", with_more)
    finished.parameters.method = "oSVD"
    drain(finished.steps())
    delay, deviation = finished.map_volume("Delay"), finished.map_volume("CBF SD")
    assert delay is not None and deviation is not None
    given.remove("Delay")
    finished.parameters.method = "sSVD"
    drain(finished.steps())
    assert delay.GetScene() is None
    assert finished.parameters.mapDelay is None
    assert finished.parameters.mapCBFSD is deviation
    assert finished.state("maps").kind == "done"
    given.append("Delay")
    finished.parameters.method = "oSVD"
    drain(finished.steps())
    assert finished.parameters.mapDelay is not None


def test_views_and_wanted_maps_go_together(finished):
    from PerfusionToolLib.scene.map_choice import shown_maps, wanted_maps

    finished.show_map_in("PerfusionTTP", "TTP from arrival")
    assert "TTP from arrival" in wanted_maps(finished.parameters)
    assert finished.parameters.mapTTPFromArrival is not None
    assert shown_maps(finished.parameters)["PerfusionTTP"] == "TTP from arrival"
    finished.want_map("CBV", False)
    assert shown_maps(finished.parameters)["PerfusionCBV"] == ""
    finished.want_map("Quality")
    assert shown_maps(finished.parameters)["PerfusionCBV"] == "Quality"
    finished.want_map("CBV")
    assert "CBV" not in shown_maps(finished.parameters).values()


def test_the_choice_of_maps_is_saved_with_the_scene(finished, scene, tmp_path):
    import slicer
    from PerfusionToolLib.scene.map_choice import shown_maps
    from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode
    from PerfusionToolLib.scene.study import SceneStudy

    finished.show_map_in("PerfusionTTP", "Quality")
    finished.want_map("MTT", False)
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    again = SceneStudy(PerfusionToolParameterNode(scene.GetFirstNodeByClass("vtkMRMLScriptedModuleNode")))
    assert maps_of(again) == USUAL - {"mapMTT"} | {"mapQuality"}
    assert shown_maps(again.parameters)["PerfusionTTP"] == "Quality"
    assert again.state("maps").kind == "done"
    again.want_map("Quality", False)
    assert maps_of(again) == USUAL - {"mapMTT"}
    assert again.want_map("MTT") is True
    assert again.state("maps").kind == "waiting"
