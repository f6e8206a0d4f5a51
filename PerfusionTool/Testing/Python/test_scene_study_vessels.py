"""A study in the scene: AIF and VOF chosen, undone, refused, saved."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("slicer")

import study_in_scene
from PerfusionToolLib.perfusion import PerfusionError, drain
from study_in_scene import advance_to, nodes_of, other_artery, segment, table_values, values

finished = study_in_scene.finished
study = study_in_scene.study


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


def other_vein(study):
    return study.analysis.venous_output.candidates[1]


def table_of_vein(study):
    import slicer

    return np.array(slicer.util.arrayFromTableColumn(study.parameters.curvesTable, "VOF"))


@pytest.mark.parametrize("kind", ["candidate", "seed", "mask", "curve"])
def test_every_venous_output_can_be_undone_and_done_again(finished, kind):
    value = {
        "candidate": 1,
        "seed": other_vein(finished).place,
        "mask": (finished.parameters.segmentation, "vessels"),
        "curve": 1.5 * finished.analysis.venous_output.curve,
    }[kind]
    first = table_of_vein(finished), values(finished), segment(finished, "AIF")
    drain(finished.venous_output_steps(kind, value))
    second = table_of_vein(finished), values(finished)
    assert finished.parameters.venousOutputKind == kind
    assert finished.parameters.arterialInputKind == "automatic"
    assert not np.array_equal(second[0], first[0])
    np.testing.assert_array_equal(segment(finished, "AIF"), first[2])
    drain(finished.undo_arterial_input_steps())
    assert finished.parameters.venousOutputKind == "automatic"
    np.testing.assert_array_equal(table_of_vein(finished), first[0])
    np.testing.assert_array_equal(values(finished), first[1])
    drain(finished.redo_arterial_input_steps())
    assert finished.parameters.venousOutputKind == kind
    np.testing.assert_array_equal(table_of_vein(finished), second[0])
    np.testing.assert_array_equal(values(finished), second[1])


def test_arterial_input_and_venous_output_are_undone_one_after_the_other(finished):
    drain(finished.arterial_input_steps("candidate", 1))
    drain(finished.venous_output_steps("seed", other_vein(finished).place))
    assert finished.parameters.arterialInputKind == "candidate"
    np.testing.assert_allclose(
        finished.parameters.venousSeed.GetNthControlPointPositionWorld(0), other_vein(finished).place
    )
    drain(finished.undo_arterial_input_steps())
    kinds = finished.parameters.arterialInputKind, finished.parameters.venousOutputKind
    assert kinds == ("candidate", "automatic")
    drain(finished.undo_arterial_input_steps())
    assert finished.parameters.arterialInputKind == "automatic"
    assert not finished.can_undo


@pytest.mark.parametrize(
    ("kind", "value"), [("seed", (500.0, 0, 0)), ("candidate", 999), ("curve", np.zeros(45)), ("foo", None)]
)
def test_a_venous_output_that_cannot_serve_changes_nothing(finished, kind, value):
    drain(finished.venous_output_steps("candidate", 1))
    before = table_of_vein(finished), values(finished), segment(finished, "VOF")
    with pytest.raises(PerfusionError):
        drain(finished.venous_output_steps(kind, value))
    for one, other in zip(before, (table_of_vein(finished), values(finished), segment(finished, "VOF")), strict=True):
        np.testing.assert_array_equal(one, other)
    assert finished.parameters.venousOutputKind == "candidate"
    assert finished.parameters.venousSeed is None


@pytest.mark.parametrize("field", ["arterialInputKind", "venousOutputKind"])
@pytest.mark.parametrize("computed", [False, True])
def test_a_kind_that_there_is_not_is_said_and_another_choice_repairs_it(study, field, computed):
    if computed:
        drain(study.steps())
    setattr(study.parameters, field, "foo")
    with pytest.raises(PerfusionError, match="of the kind 'foo'; choose automatic"):
        drain(study.steps())
    change = study.arterial_input_steps if field.startswith("arterial") else study.venous_output_steps
    drain(change("automatic"))
    assert getattr(study.parameters, field) == "automatic"
    assert study.parameters.mapCBF is not None


def test_what_is_written_into_the_parameter_node_is_used_by_the_next_run_and_can_be_undone(finished):
    first, parameters = values(finished), finished.parameters
    parameters.venousOutputPlace = " ".join(map(str, other_vein(finished).place))
    parameters.venousOutputKind = "candidate"
    parameters.arterialInputSegment = "vessels"
    parameters.arterialInputNode = parameters.segmentation
    parameters.arterialInputKind = "mask"
    assert finished.state("maps").kind == "waiting"
    drain(finished.steps())
    assert (parameters.arterialInputKind, parameters.venousOutputKind) == ("mask", "candidate")
    np.testing.assert_array_equal(segment(finished, "AIF"), segment(finished, "vessels"))
    np.testing.assert_allclose(finished.analysis.venous_output_choice[1], other_vein(finished).place)
    assert finished.state("maps").kind == "done"
    drain(finished.undo_arterial_input_steps())
    np.testing.assert_array_equal(values(finished), first)


def test_what_is_written_into_the_parameter_node_and_cannot_serve_is_said(finished):
    finished.parameters.arterialInputKind = "seed"
    for _time in range(2):
        with pytest.raises(PerfusionError, match="not three numbers"):
            drain(finished.steps())
    drain(finished.arterial_input_steps("automatic"))
    assert finished.parameters.arterialInputKind == "automatic"


def test_a_choice_whose_work_was_cancelled_is_not_lost(study):
    drain(study.steps("arterial_input"))
    study.close()
    steps = study.arterial_input_steps("candidate", 1)
    advance_to(steps, "deconvolution")
    steps.close()
    drain(study.steps())
    assert study.parameters.arterialInputKind == "candidate"


def test_a_segment_of_another_geometry_is_taken_where_it_lies(finished, scene):
    from PerfusionToolLib.perfusion import Grid
    from PerfusionToolLib.scene.segments import put_segment

    grid, vein = finished.analysis.grid, other_vein(finished)
    wanted = vein.mask(grid.shape)
    # The same region on the voxels of another scan: finer, stored upside down, and shifted.
    fine = np.repeat(np.repeat(np.repeat(wanted, 2, 0), 3, 1), 3, 2)[::-1, 3:]
    matrix = grid.ijk_to_ras.copy()
    first = np.array([-1 / 3, -1 / 3 + 1, (2 * grid.shape[0] - 1) / 2 - 0.25])
    matrix[:3, 3] += grid.ijk_to_ras[:3, :3] @ first
    matrix[:3, :3] = grid.ijk_to_ras[:3, :3] @ np.diag([1 / 3, 1 / 3, -1 / 2])
    other = put_segment(None, "VOF", np.ascontiguousarray(fine), Grid(fine.shape, matrix), "Other", scene)
    drain(finished.venous_output_steps("mask", (other, "VOF")))
    np.testing.assert_array_equal(finished.analysis.venous_output.voxels, wanted)
    np.testing.assert_array_equal(segment(finished, "VOF"), wanted)


def test_a_segment_that_lies_elsewhere_is_refused(finished, scene):
    from PerfusionToolLib.perfusion import Grid
    from PerfusionToolLib.scene.segments import put_segment

    grid = finished.analysis.grid
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, 3] += 1000
    voxels = finished.analysis.arterial_input.voxels
    other = put_segment(None, "AIF", voxels, Grid(grid.shape, matrix), "Other", scene)
    for change in (finished.arterial_input_steps, finished.venous_output_steps):
        with pytest.raises(PerfusionError, match="lies outside the scan"):
            drain(change("mask", (other, "AIF")))
    with pytest.raises(PerfusionError, match="lies outside the scan"):
        finished.set_brain_mask_from(other, "AIF")
    kinds = finished.parameters.arterialInputKind, finished.parameters.venousOutputKind, finished.parameters.maskSource
    assert kinds == ("automatic",) * 3


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


@pytest.fixture
def no_artery(monkeypatch):
    """No candidate serves by itself."""
    from PerfusionToolLib.perfusion import arterial_input

    def nothing_found(*_arguments):
        raise PerfusionError("No artery was found.")

    monkeypatch.setattr(arterial_input, "automatic_input", nothing_found)


def test_an_arterial_input_can_be_chosen_where_none_was_found(study, no_artery):
    with pytest.raises(PerfusionError, match="No artery"):
        drain(study.steps())
    assert study.state("arterial_input").kind == "attention"
    assert study.parameters.candidatesTable is not None
    drain(study.arterial_input_steps("candidate", 0))
    assert study.parameters.mapCBF is not None


def test_an_arterial_input_can_be_chosen_where_there_was_only_a_series(study, no_artery):
    drain(study.put_projection_steps())
    with pytest.raises(PerfusionError, match="No artery"):
        drain(study.steps())
    assert study.parameters.candidatesTable is not None


@pytest.mark.parametrize("ask", ["arterial_input_steps", "venous_output_steps"])
def test_an_arterial_input_can_be_chosen_where_the_automatic_one_was_asked_for_first(study, no_artery, ask):
    with pytest.raises(PerfusionError, match="No artery"):
        drain(getattr(study, ask)("automatic"))
    assert study.parameters.candidatesTable is not None
    assert study.parameters.mapCBF is None
    drain(study.arterial_input_steps("candidate", 0))
    assert study.parameters.mapCBF is not None


def test_a_first_seed_in_air_leaves_the_scene_as_it_was(study, scene):
    before = nodes_of(scene)
    with pytest.raises(PerfusionError):
        drain(study.arterial_input_steps("seed", (500.0, 0.0, 0.0)))
    assert nodes_of(scene) == before


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
