"""Tissue at risk in the scene: known volumes, nodes, a person's decisions, and maps that change under it."""

from __future__ import annotations

import csv
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest

pytest.importorskip("slicer")

import slicerhost
from PerfusionToolLib.perfusion import PerfusionError, Settings, drain
from PerfusionToolLib.perfusion.phantom import sample_head
from PerfusionToolLib.perfusion.tissue import PRESETS, Criteria, Rules, Threshold, default_rule
from study_in_scene import SMALL, other_artery

NODES = ("tissueSegmentation", "tissueVolumes", "tissueComponents", "tissueSummary")
# In so coarse and noisy a head the flow of the core is not below 30 %.
WITH_CORE = Criteria(Threshold("Tmax", "above", 6.0), Threshold("CBF", "below", 0.6, of_normal=True))


@cache
def head():
    return sample_head("CT", occlusion=True, integer=True, **SMALL)


@pytest.fixture(scope="module")
def shared():
    """One computed study for all tests here; `found` puts it back to where it was."""
    scene = slicerhost.start_scene().mrmlScene()
    slicerhost.clear()
    from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode
    from PerfusionToolLib.scene.scans.importing import sequence_from_series
    from PerfusionToolLib.scene.study import SceneStudy

    study = SceneStudy(PerfusionToolParameterNode(scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")))
    study.parameters.scan = sequence_from_series(head().series, "Scan")
    yield study
    slicerhost.clear()


@pytest.fixture
def computed(shared):
    """Maps by the default settings; nothing of tissue at risk, which was never looked for."""
    from PerfusionToolLib.scene.parameters import set_settings

    scene, parameters = shared.parameters.parameterNode.GetScene(), shared.parameters
    for field in NODES:
        if (node := getattr(parameters, field)) is not None:
            scene.RemoveNode(node)
    shared.tissue.close()
    set_settings(parameters, Settings(motion_correction=False))
    say(shared, "", **asdict(Rules()))
    shared.reset_brain_mask()
    drain(shared.steps())
    if parameters.arterialInputKind != "automatic":
        drain(shared.arterial_input_steps("automatic"))
    slicerhost.errors.clear()
    yield shared
    assert slicerhost.errors == []


@pytest.fixture
def found(computed):
    """Tissue at risk with a core."""
    find(computed, WITH_CORE)
    return computed


def say(study, criteria=None, **rules):
    from PerfusionToolLib.scene.tissue.choice import say_wanted

    say_wanted(study.parameters, criteria, rules)


def find(study, criteria=None, **rules):
    say(study, criteria, **rules)
    return drain(study.tissue_steps())


def volumes(study):
    """The table of volumes in the scene: ml or ratio by measure, of both sides."""
    return {row["measure"]: row["both"] for row in study.tissue.volumes}


def ml_of_segment(study, kind):
    from PerfusionToolLib.scene.segments import segment_mask

    grid = study.analysis.grid
    try:
        mask = segment_mask(study.parameters.tissueSegmentation, kind, grid)
    except PerfusionError:
        return 0.0
    return np.count_nonzero(mask) * grid.voxel_volume


def component(study, **wanted):
    """The first component of the table in the scene that is as wanted."""
    return next(row for row in study.tissue.components if all(row[key] == value for key, value in wanted.items()))


def is_shown(study):
    return bool(study.parameters.tissueSegmentation.GetDisplayVisibility())


# -- what is found, and as what


def test_the_volume_is_that_of_the_head_on_the_side_of_its_lesion(computed):
    lesion = find(computed, "")
    labels = head().labels
    known = np.count_nonzero(labels["core"] | labels["penumbra"]) * computed.analysis.grid.voxel_volume
    assert lesion.volumes.hypoperfusion == pytest.approx(known, rel=0.2)
    assert volumes(computed)["hypoperfusion"] == lesion.volumes.hypoperfusion
    row = computed.tissue.volumes[0]
    assert (row["left"], row["right"]) == (row["both"], 0)
    assert lesion.criteria is PRESETS[default_rule("bcSVD")]
    assert "Hypoperfusion" in computed.state("tissue").sentence


def test_table_segments_summary_and_state_say_the_same(found):
    told = volumes(found)
    assert told["core"] > 1
    for kind in ("hypoperfusion", "core"):
        assert ml_of_segment(found, kind) == pytest.approx(told[kind])
        assert f"{told[kind]:.1f} ml" in found.tissue.summary
        assert f"{told[kind]:.1f} ml" in found.state("tissue").sentence
    assert told["penumbra (mismatch volume)"] == pytest.approx(told["hypoperfusion"] - told["core"])
    assert told["mismatch ratio"] == pytest.approx(told["hypoperfusion"] / told["core"])
    kept = [row["ml"] for row in found.tissue.components if row["kept"] == "yes" and row["kind"] == "core"]
    assert sum(kept) == pytest.approx(told["core"])


def test_every_node_is_marked_belongs_to_the_scan_and_lies_in_its_folder(found):
    import slicer
    from PerfusionToolLib.scene.ownership import results_of

    scene = found.parameters.parameterNode.GetScene()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    own = results_of(found.parameters.scan, scene)
    for field in NODES:
        node = getattr(found.parameters, field)
        assert own[field] is node
        assert node.GetName().startswith("Scan tissue at risk")
        assert "Research use only" in node.GetDescription()
        parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))
        assert hierarchy.GetItemName(parent) == "Scan perfusion"
    rows = [*found.tissue.volumes, *found.tissue.components]
    assert {row["use"] for row in rows} == {"research use only"}
    assert found.tissue.summary.startswith("Research use only")


def test_outlines_lie_over_scan_and_maps_and_hide_neither(found):
    display = found.parameters.tissueSegmentation.GetDisplayNode()
    assert display.GetNumberOfViewNodeIDs() == 0
    for kind in ("hypoperfusion", "core"):
        assert display.GetSegmentVisibility2DOutline(kind)
        assert not display.GetSegmentVisibility2DFill(kind)


def test_what_a_person_changed_of_the_nodes_stays(found):
    nodes = [getattr(found.parameters, field) for field in NODES]
    segment = nodes[0].GetSegmentation().GetSegment("core")
    segment.SetColor(0, 0, 1)
    nodes[1].SetName("Mine")
    find(found, smallest_ml=2.0)
    assert [getattr(found.parameters, field) for field in NODES] == nodes
    assert nodes[0].GetSegmentation().GetSegment("core").GetColor() == (0, 0, 1)
    assert nodes[1].GetName() == "Mine"


def test_what_a_person_removed_comes_back_with_the_next_search(found):
    scene = found.parameters.parameterNode.GetScene()
    scene.RemoveNode(found.parameters.tissueVolumes)
    found.parameters.tissueSegmentation.GetSegmentation().RemoveSegment("core")
    state = found.state("tissue")
    assert state.kind == "waiting" and "removed from the scene" in state.sentence
    drain(found.tissue_steps())
    assert found.state("tissue").kind != "waiting"
    assert ml_of_segment(found, "core") == pytest.approx(volumes(found)["core"])


def test_segments_that_were_edited_by_hand_are_said_until_the_next_search(found):
    from PerfusionToolLib.scene.segments import put_segment

    core, grid = found.tissue.lesion.core.copy(), found.analysis.grid
    core[: core.nonzero()[0][0] + 1] = False
    put_segment(found.parameters.tissueSegmentation, "core", core, grid, "", found.parameters.scan.GetScene())
    assert found.state("tissue").kind == "attention" and "edited by hand" in found.state("tissue").sentence
    drain(found.tissue_steps())
    assert "edited by hand" not in found.state("tissue").sentence
    assert ml_of_segment(found, "core") == pytest.approx(volumes(found)["core"])


# -- thresholds and rules


def test_the_parameter_node_starts_with_the_usual_rules_and_thresholds(scene_parameters):
    from PerfusionToolLib.scene.tissue.choice import own_threshold, wanted_criteria, wanted_rules

    usual = PRESETS[default_rule("bcSVD")]
    assert wanted_rules(scene_parameters) == Rules()
    assert wanted_criteria(scene_parameters) is usual
    assert own_threshold(scene_parameters, "hypoperfusion") == usual.hypoperfusion
    assert own_threshold(scene_parameters, "core") == usual.core


@pytest.fixture
def scene_parameters(computed):
    from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode

    scene = computed.parameters.parameterNode.GetScene()
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    yield PerfusionToolParameterNode(node)
    scene.RemoveNode(node)


def test_other_thresholds_make_what_was_found_wait_until_it_is_found_again(found):
    before = volumes(found)
    say(found, replace(WITH_CORE, hypoperfusion=Threshold("Tmax", "above", 8.0)))
    assert found.state("tissue").kind == "waiting"
    assert found.tissue.volumes == found.tissue.components == []
    drain(found.tissue_steps())
    assert volumes(found)["hypoperfusion"] < before["hypoperfusion"]


def test_rules_reach_the_search(found):
    everything = find(found, smallest_ml=0.0, opposite_part=0.0, edge_part=1.0, normal="tissue")
    assert everything.rules == Rules(normal="tissue", smallest_ml=0.0, opposite_part=0.0, edge_part=1.0)
    assert volumes(found)["hypoperfusion"] == pytest.approx(everything.volumes.hypoperfusion)
    assert all(row["kept"] == "yes" for row in found.tissue.components)


@pytest.mark.parametrize(
    ("criteria", "rules", "sentence"),
    [
        ("Tmax 5 s", {}, "no preset 'Tmax 5 s'"),
        (default_rule("sSVD"), {}, "published for sSVD, but the maps come from bcSVD"),
        (None, {"smallest": 1.0}, "no rule 'smallest'"),
        (None, {"smallest_ml": -1.0}, "smallest component is -1 ml"),
        (None, {"edge_part": "half"}, "no number"),
        (None, {"normal": "young"}, "Normal cannot be 'young'"),
    ],
)
def test_what_cannot_serve_is_refused_and_changes_nothing(computed, criteria, rules, sentence):
    from PerfusionToolLib.scene.tissue.choice import wanted_criteria, wanted_rules

    before = wanted_criteria(computed.parameters), wanted_rules(computed.parameters)
    with pytest.raises(PerfusionError, match=sentence):
        find(computed, criteria, **rules)
    assert (wanted_criteria(computed.parameters), wanted_rules(computed.parameters)) == before
    assert computed.parameters.tissueSummary is None


# -- a person's decisions


def test_totals_segments_and_summary_follow_a_removed_component_and_undo_brings_them_back(found):
    before, tissue = volumes(found), found.tissue
    core = component(found, kind="core", kept="yes")
    tissue.remove_component(core["component"])
    after = volumes(found)
    assert after["core"] == pytest.approx(before["core"] - core["ml"])
    assert after["hypoperfusion"] == before["hypoperfusion"]
    assert ml_of_segment(found, "core") == pytest.approx(after["core"])
    assert component(found, component=core["component"])["reason"] == "removed by hand"
    assert "removed by hand" in tissue.summary
    tissue.undo()
    assert volumes(found) == before and not tissue.can_undo and not tissue.has_decisions
    tissue.redo()
    assert volumes(found) == after and not tissue.can_redo
    tissue.undo()
    tissue.remove_component(core["component"])
    assert volumes(found) == after and not tissue.can_redo
    tissue.restore_component(core["component"])
    assert volumes(found) == before and "kept by hand" in tissue.summary
    tissue.forget_decisions()
    assert volumes(found) == before and "by hand" not in tissue.summary
    tissue.undo()
    assert "kept by hand" in tissue.summary


def test_hypoperfusion_takes_its_core_with_it_and_the_core_brings_it_back(found):
    before, tissue = volumes(found), found.tissue
    core = component(found, kind="core", kept="yes")
    tissue.remove_component(core["within"])
    assert volumes(found)["hypoperfusion"] == volumes(found)["core"] == 0
    assert ml_of_segment(found, "hypoperfusion") == ml_of_segment(found, "core") == 0
    tissue.restore_component(core["component"])
    assert volumes(found) == before


def test_a_removed_component_may_be_taken_back_against_the_rules(found):
    small = component(found, kind="hypoperfusion", reason="smaller than 1 ml")
    before = volumes(found)["hypoperfusion"]
    found.tissue.restore_component(small["component"])
    assert volumes(found)["hypoperfusion"] == pytest.approx(before + small["ml"])


@pytest.mark.parametrize("number", [0, 9999, "1", None])
def test_a_component_that_is_not_there_is_refused(found, number):
    before = volumes(found)
    with pytest.raises(PerfusionError, match="There is no component"):
        found.tissue.remove_component(number)
    assert volumes(found) == before and not found.tissue.can_undo


def test_nothing_to_undo_is_said(found):
    with pytest.raises(PerfusionError, match="no decision to undo"):
        found.tissue.undo()


def test_decisions_hold_in_a_new_search_as_long_as_there_is_a_component_like_that(found):
    core = component(found, kind="core", kept="yes")
    found.tissue.remove_component(core["component"])
    find(found, replace(WITH_CORE, hypoperfusion=Threshold("Tmax", "above", 5.9)))
    assert component(found, reason="removed by hand")["ml"] == pytest.approx(core["ml"], rel=0.2)
    find(found, replace(WITH_CORE, core=Threshold("CBF", "below", 0.2, of_normal=True)))
    assert found.state("tissue").kind == "attention"
    assert "1 decision by hand left aside" in found.state("tissue").sentence
    assert "1 decision by hand left aside" in found.tissue.summary
    find(found, WITH_CORE)
    assert component(found, reason="removed by hand")["ml"] == pytest.approx(core["ml"])
    assert "left aside" not in found.tissue.summary


def test_an_artefact_that_has_grown_into_the_lesion_does_not_take_it_away(found):
    from PerfusionToolLib.scene.tissue.decisions import Decision, apply

    lesion = found.tissue.lesion
    main = lesion.components[0]
    speck = Decision("hypoperfusion", main.place, main.ml / 10, kept=False)
    decided = apply((speck,), lesion)
    assert decided.volumes == lesion.volumes
    assert "left aside" in decided.notes[-1]
    assert apply((replace(speck, ml=main.ml),), lesion).volumes.hypoperfusion == 0


# -- maps that change


def test_another_arterial_input_is_followed_at_once_with_its_decisions(found):
    core, before = component(found, kind="core", kept="yes"), volumes(found)
    found.tissue.remove_component(core["component"])
    drain(found.arterial_input_steps("seed", other_artery(found).place))
    assert found.tissue.is_current
    assert volumes(found)["hypoperfusion"] != before["hypoperfusion"]
    assert ml_of_segment(found, "hypoperfusion") == pytest.approx(volumes(found)["hypoperfusion"])
    drain(found.undo_arterial_input_steps())
    assert volumes(found)["hypoperfusion"] == pytest.approx(before["hypoperfusion"])
    assert volumes(found)["core"] == pytest.approx(before["core"] - core["ml"])


def test_without_a_search_nothing_follows(computed):
    computed.parameters.hematocrit_factor *= 1.1
    drain(computed.steps())
    assert not computed.tissue.was_found
    assert computed.parameters.tissueSegmentation is None


def test_relative_maps_are_refused_and_what_was_found_says_that_it_is_out_of_date(found):
    before = volumes(found)
    found.parameters.relative_to = "brain_mean"
    with pytest.raises(PerfusionError, match="relative"):
        drain(found.tissue_steps())
    drain(found.steps())
    state = found.state("tissue")
    assert state.kind == "attention" and "relative" in state.sentence
    assert found.tissue.volumes == [] and not is_shown(found)
    assert found.tissue.summary.startswith("Out of date: The maps are relative")
    assert found.parameters.tissueVolumes.GetDescription().startswith("Out of date")
    found.parameters.relative_to = "mirror"
    drain(found.steps())
    assert found.tissue.summary.count("Out of date") == 1 and "(mirror)" in found.tissue.summary
    found.parameters.relative_to = "absolute"
    drain(found.steps())
    assert volumes(found) == before and is_shown(found)
    assert "Out of date" not in found.tissue.summary + found.parameters.tissueVolumes.GetDescription()


def test_outlines_that_a_person_has_hidden_stay_hidden(found):
    found.parameters.tissueSegmentation.SetDisplayVisibility(False)
    drain(found.tissue_steps())
    found.parameters.relative_to = "brain_mean"
    drain(found.steps())
    found.parameters.relative_to = "absolute"
    drain(found.steps())
    assert not is_shown(found)


def test_a_method_without_published_thresholds_takes_own_ones_only(computed):
    computed.parameters.method = "Tikhonov"
    drain(computed.steps())
    assert computed.state("tissue").kind == "waiting"
    assert "the maps come from Tikhonov" in computed.state("tissue").sentence
    with pytest.raises(PerfusionError, match="give them as own thresholds"):
        drain(computed.tissue_steps())
    assert find(computed, WITH_CORE).volumes.hypoperfusion > 10
    assert "own thresholds" in computed.tissue.summary


def test_a_method_with_other_thresholds_gets_those_published_for_it(found):
    find(found, "")
    found.parameters.method = "sSVD"
    drain(found.steps())
    assert found.tissue.lesion.criteria is PRESETS[default_rule("sSVD")]
    assert found.tissue.is_current


def test_following_that_was_cancelled_is_said_and_hides_the_outlines(found):
    steps = found.arterial_input_steps("seed", other_artery(found).place)
    for progress in steps:
        if progress.stage == "tissue":
            assert found.state("tissue").kind == "running"
            assert found.state("scan").kind == "done"
            break
    steps.close()
    assert "The maps have changed since" in found.state("tissue").sentence
    assert found.tissue.lesion is None
    assert found.tissue.volumes == [] and not is_shown(found)
    drain(found.tissue_steps())
    assert found.tissue.is_current and is_shown(found)


def test_outlines_stay_on_their_maps_until_there_are_others(found):
    steps = found.arterial_input_steps("seed", other_artery(found).place)
    next(progress for progress in steps if progress.text == "The arterial input has changed")
    steps.close()
    assert "compute the maps again" in found.state("tissue").sentence
    assert is_shown(found) and "Out of date" not in found.tissue.summary
    drain(found.steps())
    assert found.tissue.is_current


def test_maps_to_be_made_come_before_the_search(found):
    found.parameters.hematocrit_factor *= 1.1
    assert "compute the maps again" in found.state("tissue").sentence
    drain(found.tissue_steps())
    assert found.state("maps").kind != "waiting" and found.tissue.is_current


def test_one_hemisphere_alone_is_said(found):
    import slicer
    from PerfusionToolLib.scene.segments import put_segment

    analysis = found.analysis
    right = analysis.grid.to_ras(np.moveaxis(np.indices(analysis.grid.shape), 0, -1))[..., 0] > 0
    node = put_segment(None, "brain", analysis.brain_mask & ~right, analysis.grid, "half", slicer.mrmlScene)
    found.set_brain_mask_from(node, "brain")
    drain(found.steps())
    state = found.state("tissue")
    assert state.kind == "attention" and "one hemisphere only" in state.sentence
    assert volumes(found)["hypoperfusion"] > 10
    slicer.mrmlScene.RemoveNode(node)


# -- files


def test_tables_are_written_for_a_spreadsheet_with_the_sides_of_every_map(found, tmp_path):
    regions = dict.fromkeys(("mine", "core"), (found.parameters.segmentation, "vessels"))
    paths = drain(found.save_tissue_steps(tmp_path / "lesion.csv", regions))
    names = ["lesion.csv", "lesion_components.csv", "lesion_slices.csv", "lesion_sides.csv"]
    assert [path.name for path in paths] == names
    tables = {path.name: list(csv.DictReader(path.read_text("utf-8").splitlines())) for path in paths}
    assert all(row["use"] == "research use only" for rows in tables.values() for row in rows)
    told = volumes(found)
    assert float(tables["lesion.csv"][0]["both"]) == pytest.approx(told["hypoperfusion"], rel=1e-5)
    slices = [float(row["hypoperfusion ml"]) for row in tables["lesion_slices.csv"]]
    assert len(slices) == 6 and sum(slices) == pytest.approx(told["hypoperfusion"], rel=1e-4)
    sides = tables["lesion_sides.csv"]
    assert {row["region"] for row in sides} == {"brain", "hypoperfusion", "core", "penumbra", "mine", "core (chosen)"}
    assert {row["map"] for row in sides} == set(found.analysis.maps)
    late = next(row for row in sides if (row["region"], row["map"]) == ("hypoperfusion", "Tmax"))
    assert float(late["left mean"]) > float(late["right mean"]) + 3


def test_a_folder_that_cannot_be_written_to_is_said(found, tmp_path):
    (tmp_path / "file").write_text("no folder", "utf-8")
    with pytest.raises(PerfusionError, match="lesion"):
        drain(found.save_tissue_steps(tmp_path / "file" / "lesion.csv"))
