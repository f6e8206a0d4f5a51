"""What the console may ask for and cannot have: one sentence, and scene and former results as they were."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

pytest.importorskip("slicer")

import module_window
from module_window import add_scan, nodes_in_scene
from PerfusionToolLib.perfusion import PerfusionError

MAPS = ("CBF", "CBV", "MTT", "Tmax", "TTP")
ELSEWHERE = (60.0, 0.0, 0.0)


@pytest.fixture
def logic(scene):
    """The logic after a scan was processed."""
    logic = importlib.import_module("PerfusionTool").PerfusionToolLogic()
    logic.process(add_scan(), motion_correction=False)
    return logic


def said(logic):
    from PerfusionToolLib.scene.record import given_by_hand

    parameters = logic.getParameterNode()
    return given_by_hand(parameters), parameters.scan, parameters.maskNode, parameters.arterialInputCurve


def maps(logic):
    import slicer

    return {name: slicer.util.arrayFromVolume(logic.mapVolume(name)).copy() for name in MAPS}


def assert_refused(logic, words, ask):
    """A sentence with these words; nodes, maps, choices are as before, and computing again changes nothing."""
    before, nodes = (said(logic), maps(logic)), len(nodes_in_scene())
    with pytest.raises(PerfusionError, match=words):
        ask()
    for _time in range(2):
        assert (said(logic), len(nodes_in_scene())) == (before[0], nodes)
        module_window.assert_same(maps(logic), before[1])
        logic._drain(logic.study.steps())


def volume(logic):
    return logic.mapVolume("CBF")


BAD_SCANS = {
    "nothing": (lambda logic: (None, {}), "no scan"),
    "a volume": (lambda logic: (volume(logic), {}), "not a sequence"),
    "a name": (lambda logic: ("Scan", {}), "no node"),
    "too few times": (lambda logic: (scan(logic), {"frameTimes": [0, 1, 2]}), "3 frame times for 45"),
    "falling times": (lambda logic: (scan(logic), {"frameTimes": np.arange(45)[::-1]}), "must increase"),
    "words for times": (lambda logic: (scan(logic), {"frameTimes": ["a"] * 45}), "not numbers"),
    "times that are none": (lambda logic: (scan(logic), {"frameTimes": [None] * 45}), "finite"),
    "no times": (lambda logic: (scan(logic), {"frameTimes": []}), "finite"),
    "true for times": (lambda logic: (scan(logic), {"frameTimes": True}), "finite numbers"),
    "times in ms": (lambda logic: (scan(logic), {"frameTimes": 1500.0}), "1500 s apart"),
    "another modality": (lambda logic: (scan(logic), {"modality": "PET"}), "PET"),
    "a number as modality": (lambda logic: (scan(logic), {"modality": 5}), "modality 5"),
    "no echo time": (lambda logic: (scan(logic), {"modality": "MR"}), "echo time"),
    "an echo time in ms": (lambda logic: (scan(logic), {"modality": "MR", "echoTime": 30}), "milliseconds"),
    "a word as echo time": (lambda logic: (scan(logic), {"modality": "MR", "echoTime": "TE"}), "no number"),
}


def scan(logic):
    return logic.getParameterNode().scan


@pytest.mark.parametrize(("asked", "words"), BAD_SCANS.values(), ids=BAD_SCANS.keys())
def test_a_scan_that_cannot_be_leaves_the_one_in_use(logic, asked, words):
    node, options = asked(logic)
    assert_refused(logic, words, lambda: logic.process(node, **options))


def test_numbers_of_numpy_are_numbers(logic):
    logic.process(scan(logic), frameTimes=np.float32(1.5), smoothing_mm=np.float32(2.0))
    assert logic.getParameterNode().frameTimes == "1.5" and logic.getParameterNode().smoothing_mm == 2.0


BAD_MASKS = {
    "nothing": (lambda logic: (None,), "None is neither"),
    "a word": (lambda logic: ("brain",), "'brain' is neither"),
    "a sequence": (lambda logic: (scan(logic),), "'Scan' is neither"),
    "no segment": (lambda logic: (logic.segmentation(), None), "no segment None"),
    "another segment": (lambda logic: (logic.segmentation(), "lesion"), "no segment 'lesion'"),
}


@pytest.mark.parametrize(("asked", "words"), BAD_MASKS.values(), ids=BAD_MASKS.keys())
@pytest.mark.parametrize("use", ["setBrainMask", "setArterialInputMask", "regionReading"])
def test_what_is_no_mask_is_refused(logic, use, asked, words):
    assert_refused(logic, words, lambda: getattr(logic, use)(*asked(logic)))


def displaced_brain(logic):
    """The brain as it would be in another scan."""
    import slicer
    from PerfusionToolLib.perfusion.series import Grid
    from PerfusionToolLib.scene.segments import put_segment

    analysis = logic.study.analysis
    ijk_to_ras = analysis.grid.ijk_to_ras.copy()
    ijk_to_ras[:3, 3] += ELSEWHERE
    grid = Grid(analysis.grid.shape, ijk_to_ras)
    return put_segment(None, "brain", analysis.brain_mask, grid, "Other", slicer.mrmlScene)


def test_a_brain_mask_of_another_scan_gives_way_to_the_former(logic):
    other = displaced_brain(logic)
    assert_refused(logic, "air or bone", lambda: logic.setBrainMask(other, "brain"))
    logic.setBrainMask(logic.segmentation(), "vessels")
    assert_refused(logic, "air or bone", lambda: logic.setBrainMask(other, "brain"))


def test_a_brain_of_nothing_but_vessels_gives_way_to_the_former(logic):
    assert_refused(logic, "but vessels", lambda: logic.setBrainMask(logic.segmentation(), "AIF"))


BAD_INPUTS = {
    "no such candidate": lambda logic: logic.setArterialInputCandidate(99),
    "a seed in air": lambda logic: logic.setArterialInputSeed((0.0, 0.0, 500.0)),
    "words for a seed": lambda logic: logic.setArterialInputSeed(["a", "b", "c"]),
    "no bolus": lambda logic: logic.setArterialInputCurve(np.full(45, 5.0)),
    "too short": lambda logic: logic.setArterialInputCurve(np.ones(5)),
}


@pytest.mark.parametrize("ask", BAD_INPUTS.values(), ids=BAD_INPUTS.keys())
@pytest.mark.parametrize("in_memory", [True, False], ids=["in memory", "as opened"])
def test_the_former_arterial_input_stays_where_another_cannot_serve(logic, ask, in_memory):
    good = [candidate for candidate in logic.study.analysis.arterial_input.candidates if candidate.accepted]
    logic.setArterialInputSeed(good[1].place)
    if not in_memory:
        logic.study.close()
    assert_refused(logic, ".", lambda: ask(logic))
    assert logic.getParameterNode().arterialInputKind == "seed"


def test_a_seed_is_dragged_on_after_a_scene_was_opened(logic):
    good = [candidate for candidate in logic.study.analysis.arterial_input.candidates if candidate.accepted]
    logic.setArterialInputSeed(good[1].place)
    logic.study.close()
    logic._drain(logic.study.arterial_input_steps("seed", good[0].place, dragging=True))
    assert not logic.study.can_undo
    logic.study.close()
    logic.getParameterNode().record = None
    logic._drain(logic.study.arterial_input_steps("seed", good[1].place, dragging=True))


def test_after_a_scene_was_opened_undo_leads_to_its_arterial_input(logic):
    good = [candidate for candidate in logic.study.analysis.arterial_input.candidates if candidate.accepted]
    logic.setArterialInputSeed(good[1].place)
    seeded = maps(logic)
    logic.study.close()
    logic.setArterialInputCandidate(0)
    logic.undoArterialInput()
    module_window.assert_same(maps(logic), seeded)


def test_a_sample_head_with_an_option_that_there_is_not_is_refused(logic):
    for name in ("unknown", "integer"):
        assert_refused(logic, f"Unknown option '{name}'.*noise.*shape", lambda n=name: logic.loadSampleData(**{n: 1}))


def test_readings_and_names_that_cannot_be(logic):
    assert_refused(logic, "not made of numbers", lambda: logic.voxelReading("abc"))
    assert_refused(logic, "no map 'cbf'; the maps are CBF", lambda: logic.mapVolume("cbf"))
    assert_refused(logic, "PET", lambda: logic.importScan("scan.nii.gz", "PET"))


NOTHINGS = (None, "", 0, -1, 2.5, "x", float("nan"), b"x", [], {}, object(), [float("nan")] * 3, 10**400)


def in_one_sentence(ask, *arguments, **options):
    """Whether it was refused, in one sentence; anything but a `PerfusionError` fails the test."""
    try:
        ask(*arguments, **options)
    except PerfusionError as error:
        assert "\n" not in str(error) and str(error).endswith((".", "?"))
        return True
    return False


@pytest.mark.parametrize("ask", ["importScan", "loadArterialInput", "saveArterialInput"])
def test_what_is_no_file_is_refused(logic, ask, tmp_path):
    nothings = [nothing for nothing in NOTHINGS if nothing != "x"]
    for path in (*nothings, tmp_path, str(tmp_path), ".", "a\0b", tmp_path / "none" / "such.nii" / ""):
        assert (ask == "saveArterialInput" and "none" in str(path)) or in_one_sentence(getattr(logic, ask), path), path


@pytest.mark.parametrize(
    "ask", ["mapVolume", "process", "setArterialInputSeed", "setArterialInputCurve", "setBrainMask", "voxelReading"]
)
def test_what_is_nothing_of_the_kind_is_refused(logic, ask):
    before = maps(logic)
    for nothing in NOTHINGS:
        assert in_one_sentence(getattr(logic, ask), nothing), nothing
    module_window.assert_same(maps(logic), before)


@pytest.mark.parametrize("nothing", (*NOTHINGS[3:], True), ids=lambda nothing: type(nothing).__name__)
def test_what_is_no_candidate_is_refused(logic, nothing):
    assert in_one_sentence(logic.setArterialInputCandidate, nothing)


def test_settings_and_facts_of_a_scan_are_refused_one_by_one(logic):
    for nothing in NOTHINGS[1:]:
        for name in ("method", "smoothing_mm", "motion_correction", "arrival_frame", "nonsense"):
            allowed = nothing == 2.5 and name == "smoothing_mm"
            assert allowed or in_one_sentence(logic.process, scan(logic), **{name: nothing}), (name, nothing)
        assert nothing == "" or in_one_sentence(logic.process, scan(logic), modality=nothing), nothing
        assert nothing == 2.5 or in_one_sentence(logic.process, scan(logic), echoTime=nothing), nothing
        assert in_one_sentence(logic.process, scan(logic), progress=nothing), nothing


@pytest.mark.parametrize("option", ["shape", "spacing", "noise", "motion", "vessel_width", "seed"])
def test_a_head_that_cannot_be_simulated_is_refused(scene, option):
    logic = importlib.import_module("PerfusionTool").PerfusionToolLogic()
    before = nodes_in_scene()
    for nothing in ("", -1, "x", float("nan"), [], {}, object()):
        assert in_one_sentence(logic.loadSampleData, "CT", **{option: nothing}), nothing
    assert nodes_in_scene() == before
    assert all(in_one_sentence(logic.loadSampleData, nothing) for nothing in (None, "", "PET", 5, []))
