"""A study in the scene: a brain mask that a person edits or gives."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("slicer")

import study_in_scene
from PerfusionToolLib.perfusion import PerfusionError, drain
from study_in_scene import edited_brain, values

finished = study_in_scene.finished
study = study_in_scene.study


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
