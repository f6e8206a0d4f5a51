"""A study in the scene: cancelled, closed, without its scan, and with another one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("slicer")

import study_in_scene
from PerfusionToolLib.perfusion import PerfusionError, drain
from study_in_scene import add_scan, advance_to, nodes_of, results, segment, values

finished = study_in_scene.finished
study = study_in_scene.study


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
