"""A study that was saved with its scene and opened again: nothing is computed until something is changed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

pytest.importorskip("slicer")

from PerfusionToolLib.perfusion import PerfusionError, drain
from PerfusionToolLib.perfusion.phantom import sample_head


@cache
def moving_head():
    return sample_head("CT", shape=(6, 64, 64), spacing=(8.0, 3.0, 3.0), motion=1.5, integer=True).series


def new_study():
    """What the module makes when it is opened: a study of the scene's one parameter node."""
    import slicer
    from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode
    from PerfusionToolLib.scene.study import SceneStudy

    node = slicer.mrmlScene.GetSingletonNode("PerfusionTool", "vtkMRMLScriptedModuleNode")
    if node is None:
        node = slicer.vtkMRMLScriptedModuleNode()
        node.SetSingletonTag("PerfusionTool")
        node.SetAttribute("ModuleName", "PerfusionTool")
        slicer.mrmlScene.AddNode(node)
    return SceneStudy(PerfusionToolParameterNode(node))


@pytest.fixture
def study(scene):
    from PerfusionToolLib.scene.scans.importing import sequence_from_series

    study = new_study()
    study.parameters.scan = sequence_from_series(moving_head(), "Scan")
    return study


def save_and_open(path):
    """Save the scene, close it, open it again."""
    import slicer

    assert slicer.util.saveScene(str(path / "study.mrb"))
    slicer.mrmlScene.Clear(False)
    slicer.util.loadScene(str(path / "study.mrb"))
    return new_study()


def values(study, name="mapCBF"):
    import slicer

    return slicer.util.arrayFromVolume(getattr(study.parameters, name)).copy()


def curve(study):
    import slicer

    return np.array(slicer.util.arrayFromTableColumn(study.parameters.curvesTable, "AIF"))


def test_an_opened_scene_says_what_was_done_and_computes_nothing(study, tmp_path):
    from PerfusionToolLib.scene.parameters import RESULTS
    from PerfusionToolLib.scene.states import STEPS

    study.parameters.method = "Tikhonov"
    drain(study.steps())
    cbf, warnings = values(study), study.warnings
    states = {step: study.state(step) for step in STEPS}
    made = {field: node.GetName() for field in RESULTS if (node := getattr(study.parameters, field)) is not None}
    opened = save_and_open(tmp_path)
    assert opened.analysis is None
    assert "press Compute maps" in opened.state("probe").sentence
    assert {step: opened.state(step) for step in STEPS} == {**states, "probe": opened.state("probe")}
    assert opened.warnings == warnings
    assert opened.parameters.method == "Tikhonov"
    assert opened.parameters.resultsOf is opened.parameters.scan
    found = {field: node.GetName() for field in RESULTS if (node := getattr(opened.parameters, field)) is not None}
    assert found == made
    np.testing.assert_array_equal(values(opened), cbf)


def test_an_opened_scene_tells_the_motion_of_its_study(study, tmp_path):
    drain(study.steps())
    motion, first = study.motion
    opened = save_and_open(tmp_path)
    kept, kept_first = opened.motion
    assert opened.analysis is None
    assert kept_first == first
    np.testing.assert_allclose(kept.parameters, motion.parameters, atol=1e-6)
    assert (kept.corrupted == motion.corrupted).all()
    opened.parameters.motion_correction = False
    assert opened.motion == (None, 0)


def test_the_motion_is_not_searched_again_in_an_opened_scene(study, tmp_path, monkeypatch):
    import slicer
    from PerfusionToolLib.perfusion import stages

    drain(study.steps())
    cbf = values(study)
    other = next(c for c in study.analysis.arterial_input.candidates[1:] if c.accepted).place
    opened = save_and_open(tmp_path)
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    monkeypatch.setattr(stages, "estimate_motion_steps", None)
    drain(opened.arterial_input_steps("seed", other))
    assert (values(opened) != cbf).any()
    drain(opened.arterial_input_steps("automatic"))
    np.testing.assert_allclose(values(opened), cbf, atol=1e-3)
    # The seed's point, its display and what its kind needs are new; every result is the node that was saved.
    assert slicer.mrmlScene.GetNumberOfNodes() - nodes <= 3


@pytest.mark.parametrize("kind", ["candidate", "seed", "mask", "curve"])
def test_a_chosen_arterial_input_is_still_in_use(study, tmp_path, kind):
    study.parameters.motion_correction = False
    drain(study.steps())
    value = {
        "candidate": 1,
        "seed": study.analysis.arterial_input.candidates[1].place,
        "mask": (study.parameters.segmentation, "vessels"),
        "curve": np.roll(study.analysis.arterial_input.measured, 1),
    }[kind]
    drain(study.arterial_input_steps(kind, value))
    used, cbf = curve(study), values(study)
    opened = save_and_open(tmp_path)
    opened.parameters.hematocrit_factor = 2 * opened.parameters.hematocrit_factor
    assert opened.state("maps").kind == "waiting"
    assert opened.state("arterial_input").kind != "waiting"
    drain(opened.steps())
    assert opened.parameters.arterialInputKind == kind
    # Tables are saved with six digits.
    np.testing.assert_allclose(curve(opened), used, rtol=1e-5)
    inside = cbf > 1
    np.testing.assert_allclose(values(opened)[inside], 2 * cbf[inside], rtol=1e-3)


@pytest.mark.parametrize("kind", ["candidate", "seed", "mask", "curve"])
def test_a_chosen_venous_output_is_still_in_use(study, tmp_path, kind):
    study.parameters.motion_correction = False
    drain(study.steps())
    venous = study.analysis.venous_output
    value = {
        "candidate": 1,
        "seed": venous.candidates[1].place,
        "mask": (study.parameters.segmentation, "vessels"),
        "curve": 1.5 * venous.curve,
    }[kind]
    drain(study.venous_output_steps(kind, value))
    scale, used = study.analysis.arterial_input.scale, curve(study)
    opened = save_and_open(tmp_path)
    assert not opened.was_edited("VOF")
    assert opened.state("maps").kind == "done"
    opened.parameters.hematocrit_factor = 2 * opened.parameters.hematocrit_factor
    drain(opened.steps())
    assert opened.parameters.venousOutputKind == kind
    assert opened.analysis.venous_output.source == kind
    assert opened.analysis.arterial_input.scale == pytest.approx(scale, rel=1e-4)
    np.testing.assert_allclose(curve(opened), used, rtol=1e-4)


def test_choices_that_are_all_gone_can_be_replaced_one_after_the_other(study, tmp_path):
    study.parameters.motion_correction = False
    drain(study.steps())
    drain(study.arterial_input_steps("curve", study.analysis.arterial_input.measured))
    drain(study.venous_output_steps("curve", study.analysis.venous_output.curve))
    opened = save_and_open(tmp_path)
    scene, parameters = opened.parameters.parameterNode.GetScene(), opened.parameters
    for node in (parameters.arterialInputCurve, parameters.venousOutputCurve):
        scene.RemoveNode(node)
    parameters.method = "oSVD"
    with pytest.raises(PerfusionError, match="arterial input was removed"):
        drain(opened.steps())
    drain(opened.arterial_input_steps("automatic"))
    assert (parameters.arterialInputKind, parameters.venousOutputKind) == ("automatic", "automatic")


def test_a_table_whose_column_is_gone_is_said(study, tmp_path):
    drain(study.steps())
    drain(study.arterial_input_steps("curve", study.analysis.arterial_input.measured))
    opened = save_and_open(tmp_path)
    opened.parameters.arterialInputCurve.RenameColumn(1, "mine")
    opened.parameters.method = "oSVD"
    with pytest.raises(PerfusionError, match="no column 'value' any more; choose another arterial input"):
        drain(opened.steps())


def test_a_given_curve_has_no_voxels_and_their_absence_is_no_edit(study, tmp_path):
    study.parameters.motion_correction = False
    drain(study.steps())
    drain(study.arterial_input_steps("curve", study.analysis.arterial_input.measured))
    assert not study.was_edited("AIF")
    assert not save_and_open(tmp_path).was_edited("AIF")


def test_a_mask_drawn_by_hand_is_still_in_use(study, tmp_path):
    from PerfusionToolLib.scene.segments import put_segment, segment_mask

    study.parameters.motion_correction = False
    drain(study.steps("brain_mask"))
    mask, grid = study.analysis.brain_mask.copy(), study.analysis.grid
    mask[:3] = False
    put_segment(study.parameters.segmentation, "brain", mask, grid, "", study.parameters.parameterNode.GetScene())
    study.set_brain_mask_from(study.parameters.segmentation, "brain")
    drain(study.steps())
    opened = save_and_open(tmp_path)
    assert not opened.was_edited("brain")
    opened.parameters.method = "oSVD"
    drain(opened.steps())
    assert (opened.analysis.brain_mask == mask).all()
    assert (segment_mask(opened.parameters.segmentation, "brain", grid) == mask).all()


def test_an_edit_in_an_opened_scene_is_noticed(study, tmp_path):
    from PerfusionToolLib.scene.segments import put_segment, segment_mask

    study.parameters.motion_correction = False
    drain(study.steps())
    grid = study.analysis.grid
    opened = save_and_open(tmp_path)
    own, scene = opened.parameters.segmentation, opened.parameters.parameterNode.GetScene()
    mask = segment_mask(own, "brain", grid)
    mask[:3] = False
    put_segment(own, "brain", mask, grid, "", scene)
    assert opened.was_edited("brain")
    assert opened.set_brain_mask_from(own, "brain")
    drain(opened.steps())
    assert (opened.analysis.brain_mask == mask).all()


def test_the_same_study_follows_a_scene_that_is_opened(study, tmp_path):
    study.parameters.motion_correction = False
    drain(study.steps())
    cbf = values(study)
    save_and_open(tmp_path)
    assert study.state("maps").kind == "done"
    assert study.analysis is None
    np.testing.assert_array_equal(values(study), cbf)


def test_maps_of_settings_that_nobody_knows_any_more_are_not_current(study, tmp_path):
    from PerfusionToolLib.scene.record import read_record, write_record

    study.parameters.motion_correction = False
    drain(study.steps())
    record = read_record(study.parameters.record)
    record["settings"]["forgotten"] = 1
    write_record(study.parameters.record, record)
    opened = save_and_open(tmp_path)
    assert opened.state("maps").kind == "waiting"
    drain(opened.steps())
    assert opened.state("maps").kind == "done"


@pytest.mark.parametrize("text", ["", "no record", "[1]", '{"settings": 1}'])
def test_a_spoilt_record_is_no_record(study, tmp_path, text):
    study.parameters.motion_correction = False
    drain(study.steps())
    study.parameters.record.SetText(text)
    opened = save_and_open(tmp_path)
    assert opened.state("maps").kind == "waiting"
    drain(opened.steps())
    assert opened.state("maps").kind == "done"


def test_what_was_chosen_but_is_gone_is_said(study, tmp_path):
    study.parameters.motion_correction = False
    drain(study.steps())
    drain(study.arterial_input_steps("curve", study.analysis.arterial_input.measured))
    opened = save_and_open(tmp_path)
    scene = opened.parameters.parameterNode.GetScene()
    scene.RemoveNode(opened.parameters.arterialInputCurve)
    opened.parameters.method = "oSVD"
    with pytest.raises(PerfusionError, match="removed"):
        drain(opened.steps())
    drain(opened.arterial_input_steps("automatic"))
    assert opened.state("maps").kind == "done"
