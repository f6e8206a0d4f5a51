"""Tissue at risk: known volumes, rules, and a person's decisions."""

from dataclasses import replace

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Analysis, Grid, PerfusionError, Settings, analyze, drain, sample_head
from PerfusionToolLib.perfusion.symmetry import SymmetryPlane, find_symmetry_steps
from PerfusionToolLib.perfusion.tissue import (
    DEFAULT_PRESET,
    NORMALS,
    PRESETS,
    RESEARCH_ONLY,
    Criteria,
    Rules,
    Threshold,
    check_estimator,
    component_rows,
    default_rule,
    left_right_rows_steps,
    slice_rows,
    study_tissue_steps,
    summary_text,
    tissue_at_risk,
    volume_rows,
)
from PerfusionToolLib.perfusion.tissue.components import neighbours
from PerfusionToolLib.studies.lesion_accuracy import Reading, lesion_errors, lesion_head
from scipy import ndimage

GRID = Grid((16, 80, 68), np.array([[-2.0, 0, 0, 67], [0, -2, 0, 79], [0, 0, 5, -37.5], [0, 0, 0, 1]]))
PLANE = SymmetryPlane(np.zeros(3), np.array([1.0, 0, 0]))
NORMAL = {"CBF": 40.0, "CBV": 3.0, "MTT": 4.5, "Tmax": 1.0, "Delay": 1.0}
PENUMBRA = {"CBF": 20.0, "CBV": 2.7, "MTT": 8.5, "Tmax": 11.0, "Delay": 5.0}
CORE = {"CBF": 6.0, "CBV": 1.0, "MTT": 10.0, "Tmax": 14.0, "Delay": 7.0}
NOTHING = np.zeros(GRID.shape, bool)
THIRTY_PERCENT = PRESETS["Tmax 6 s, CBF 30 %"]
LOW_FLOW = Threshold("CBF", "below", 12.0)


def ball(centre, mm):
    """How much of each voxel lies in a ball."""
    parts, squares = 5, []
    for axis, extent in enumerate(GRID.shape):
        fine = ((np.arange(extent * parts) + 0.5) / parts - 0.5)[:, None] * np.eye(3)[axis]
        squares.append((GRID.to_ras(fine)[:, 2 - axis] - centre[2 - axis]) ** 2)
    inside = squares[0][:, None, None] + squares[1][:, None] + squares[2] < mm**2
    nz, ny, nx = GRID.shape
    return inside.reshape(nz, parts, ny, parts, nx, parts).mean((1, 3, 5))


def ml_of_ball(mm):
    return 4 / 3 * np.pi * mm**3 / 1000


BRAIN = np.linalg.norm(GRID.to_ras(np.moveaxis(np.indices(GRID.shape), 0, -1)) / (60, 72, 36), axis=-1) < 1


def scene(*lesions):
    """Maps of normal tissue with lesions mixed in: pairs of what each voxel has of it and its values."""
    maps = {}
    for name, value in NORMAL.items():
        volume = np.full(GRID.shape, value)
        for part, values in lesions:
            volume += part * (values[name] - volume)
        maps[name] = np.where(BRAIN, volume, 0).astype(np.float32)
    return maps


def found(maps, criteria=THIRTY_PERCENT, vessels=NOTHING, csf=NOTHING, **rules):
    return tissue_at_risk(maps, BRAIN, vessels, csf, GRID, PLANE, criteria, Rules(**rules))


@pytest.fixture(scope="module")
def stroke():
    """A core of 14 mm in a penumbra of 24 mm on the right."""
    return scene((ball((28, 0, 0), 24), PENUMBRA), (ball((28, 0, 0), 14), CORE))


@pytest.fixture(scope="module")
def speckled():
    """The same with a small and a larger lesion on the left, a speck, and a second core."""
    return scene(
        (ball((28, 0, 0), 24), PENUMBRA),
        (ball((28, 0, 0), 14), CORE),
        (ball((28, 18, 0), 4), CORE),
        (ball((-30, 10, 0), 4), PENUMBRA),
        (ball((-30, -25, 0), 8), PENUMBRA),
        (ball((-20, 40, -2.5), 2.4), PENUMBRA),
    )


# -- known volumes


@pytest.mark.parametrize("normal", NORMALS)
def test_volumes_are_those_of_the_lesion_to_partial_volume(stroke, normal):
    half_way = Criteria(
        Threshold("Tmax", "above", (NORMAL["Tmax"] + PENUMBRA["Tmax"]) / 2),
        Threshold("CBF", "below", (PENUMBRA["CBF"] + CORE["CBF"]) / 2 / NORMAL["CBF"], of_normal=True),
    )
    volumes = found(stroke, half_way, normal=normal).volumes
    assert volumes.hypoperfusion == pytest.approx(ml_of_ball(24), rel=0.01)
    assert volumes.core == pytest.approx(ml_of_ball(14), rel=0.02)
    assert volumes.penumbra == pytest.approx(volumes.hypoperfusion - volumes.core)
    assert volumes.mismatch_ratio == pytest.approx(volumes.hypoperfusion / volumes.core)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_finds_the_lesion(stroke, name):
    volumes = found(stroke, PRESETS[name]).volumes
    # Published thresholds do not lie half-way, so that the rim shifts by a part of a voxel.
    assert volumes.hypoperfusion == pytest.approx(ml_of_ball(24), rel=0.12)
    assert volumes.core == pytest.approx(ml_of_ball(14), rel=0.25)


@pytest.mark.parametrize("seed", [0, 1])
def test_on_the_truth_of_a_head_only_mixed_voxels_are_wrong(seed):
    head = sample_head("CT", seed=seed, noise=0.0, times=np.arange(12) * 1.4, shape=(12, 96, 96), spacing=(5.0, 2, 2))
    grid, labels = head.series.grid, head.labels
    plane = drain(find_symmetry_steps(head.series.signal[0], grid, "CT"))
    maps = {"Tmax": head.truth["Tmax"], "CBF": head.truth["CBF"], "CBV": head.truth["CBV"]}
    vessels = head.artery_fraction + head.vein_fraction > 0.5
    # True Tmax is the delay alone: about 1 s in normal tissue, 5 s in penumbra, 6.5 s in the core.
    half_way = replace(PRESETS["Tmax 6 s, CBF 30 %"], hypoperfusion=Threshold("Tmax", "above", 3.5))
    lesion = tissue_at_risk(
        maps, labels["brain"], vessels, labels["csf"], grid, plane, half_way, Rules(normal="tissue")
    )
    whole = labels["core"] | labels["penumbra"]
    for mask, truth in ((lesion.hypoperfusion, whole), (lesion.core, labels["core"])):
        wrong = (mask ^ truth) & labels["tissue"]
        assert not (wrong & ~rim(truth)).any()
    assert lesion.volumes.hypoperfusion == pytest.approx(np.count_nonzero(whole) * grid.voxel_volume, rel=0.03)


def rim(mask):
    box = np.ones((3, 3, 3), bool)
    return ndimage.binary_dilation(mask, box) & ~ndimage.binary_erosion(mask, box)


@pytest.fixture(scope="module")
def without_noise():
    """A scan without noise, and its study, which is not smoothed."""
    head = sample_head("CT", seed=10, noise=0.0, shape=(8, 96, 96), spacing=(7.0, 2.0, 2.0))
    return head, Analysis(head.series, Settings(motion_correction=False, smoothing="none"))


@pytest.mark.parametrize(
    ("method", "criteria"),
    [
        # True Tmax is the delay alone, which the Bayesian estimator tells from the transit time.
        ("Bayesian", Criteria(Threshold("Delay", "above", 3.0), Threshold("CBF", "below", 0.3, of_normal=True))),
        ("bcSVD", PRESETS["Tmax 6 s, CBF 38 %"]),
    ],
)
def test_without_noise_a_scanned_lesion_is_found_to_partial_volume(without_noise, method, criteria):
    head, study = without_noise
    study.change_settings(replace(study.settings, method=method))
    study.run()
    lesion = drain(study_tissue_steps(study, criteria))
    whole = head.labels["core"] | head.labels["penumbra"]
    assert lesion.volumes.hypoperfusion == pytest.approx(np.count_nonzero(whole) * study.grid.voxel_volume, rel=0.1)
    for mask, truth in ((lesion.hypoperfusion, whole), (lesion.core, head.labels["core"])):
        pure = head.labels["tissue"] & ~rim(truth)
        assert np.count_nonzero(pure & truth) > 100
        assert not (mask & ~truth & pure).any()
        assert np.mean(mask[truth & pure]) > 0.94


@pytest.mark.parametrize(("case", "within", "seed"), [("2 HU", 10, 10), ("5 HU", 20, 11)])
def test_volumes_by_the_recommended_method_and_thresholds_are_near_the_known_ones(case, within, seed):
    head = lesion_head(case, seed, shape=(9, 134, 134), spacing=(5.0, 1.5, 1.5))
    recommended = Reading("oSVD", PRESETS[DEFAULT_PRESET])
    errors = lesion_errors(head, case, (recommended,))[recommended]
    assert abs(errors.hypoperfusion) < within
    assert abs(errors.core) < within


@pytest.mark.parametrize(("noise", "within"), [(2.0, 0.10), (5.0, 0.20)])
def test_hypoperfusion_of_a_scanned_head_is_near_its_known_volume(noise, within):
    head = sample_head("CT", occlusion=True, noise=noise, shape=(10, 80, 80), spacing=(6.0, 2.5, 2.5))
    study = analyze(head.series, Settings(motion_correction=False))
    lesion = drain(study_tissue_steps(study))
    known = np.count_nonzero(head.labels["core"] | head.labels["penumbra"]) * study.grid.voxel_volume
    assert lesion.volumes.hypoperfusion == pytest.approx(known, rel=within)
    assert lesion.side_volumes["right"].hypoperfusion == 0
    assert RESEARCH_ONLY in summary_text(lesion)


def test_intensity_ratio_and_cbv_index_are_those_of_the_hypoperfusion(stroke):
    volumes = found(stroke).volumes
    beyond = (stroke["Tmax"] > 6) & BRAIN
    assert volumes.intensity_ratio == pytest.approx(np.count_nonzero(stroke["Tmax"] > 10) / np.count_nonzero(beyond))
    assert volumes.cbv_index == pytest.approx(stroke["CBV"][beyond].mean() / NORMAL["CBV"], rel=0.01)
    by_delay = found(stroke, PRESETS["Delay 3 s, CBF 30 %"]).volumes
    assert np.isnan([by_delay.intensity_ratio, by_delay.cbv_index]).all()


def test_sides_and_slices_add_up(speckled):
    lesion = found(speckled, opposite_part=0.0)
    sides, slices = lesion.side_volumes, lesion.slice_volumes
    for kind in ("hypoperfusion", "core"):
        whole = getattr(lesion.volumes, kind)
        assert sum(getattr(volumes, kind) for volumes in sides.values()) == pytest.approx(whole)
        assert slices[kind].sum() == pytest.approx(whole)
        assert np.count_nonzero(getattr(lesion, kind)) * GRID.voxel_volume == pytest.approx(whole)
        assert slices[kind] == pytest.approx(getattr(lesion, kind).sum((1, 2)) * GRID.voxel_volume)
    assert sides["left"].hypoperfusion == pytest.approx(ml_of_ball(8), rel=0.1)
    assert not (lesion.core & ~lesion.hypoperfusion).any()
    assert np.array_equal(lesion.penumbra, lesion.hypoperfusion & ~lesion.core)


# -- normal tissue


def test_a_relative_bound_follows_its_own_hemisphere_only_when_mirrored():
    """Flow is lower at the back of both hemispheres, and lower still in a lesion there."""
    back = GRID.to_ras(np.moveaxis(np.indices(GRID.shape), 0, -1))[..., 1] < -10
    maps = scene((ball((30, -35, 0), 14), PENUMBRA))
    flow = np.where(back, 20.0, 50.0)
    maps["CBF"] = np.where(BRAIN, np.where(maps["Tmax"] > 4, 9.0, flow), 0).astype(np.float32)
    # 9 is 45 % of the place's own normal, and 18 % to 45 % of the median.
    assert found(maps, normal="mirror").volumes.core == 0
    assert found(maps, normal="tissue").volumes.core > 5
    published = {normal: replace(THIRTY_PERCENT, normal=normal) for normal in ("mirror", "tissue")}
    assert found(maps, published["mirror"]).volumes.core == 0
    assert found(maps, published["tissue"]).volumes == found(maps, normal="tissue").volumes


def test_one_hemisphere_cut_off_falls_back_to_normal_tissue_and_says_so(stroke):
    right = GRID.to_ras(np.moveaxis(np.indices(GRID.shape), 0, -1))[..., 0] > 0
    for brain, plane in ((BRAIN & right, PLANE), (BRAIN & right, SymmetryPlane(np.array([28.0, 0, 0]), PLANE.normal))):
        lesion = tissue_at_risk(stroke, brain, NOTHING, NOTHING, GRID, plane, THIRTY_PERCENT, Rules(normal="mirror"))
        assert "one hemisphere only" in lesion.notes[0]
        assert lesion.volumes.core == pytest.approx(found(stroke, normal="tissue").volumes.core, rel=0.02)


def test_tissue_without_a_counterpart_is_compared_with_normal_tissue_and_said(stroke):
    missing = np.moveaxis(np.indices(GRID.shape), 0, -1)
    gone = (GRID.to_ras(missing)[..., 0] < -15) & (np.abs(GRID.to_ras(missing)[..., 1]) < 45)
    lesion = tissue_at_risk(
        stroke, BRAIN & ~gone, NOTHING, NOTHING, GRID, PLANE, THIRTY_PERCENT, Rules(normal="mirror")
    )
    assert "no counterpart" in lesion.notes[0]
    assert lesion.volumes.core == pytest.approx(found(stroke, normal="tissue").volumes.core, rel=0.02)


def test_maps_in_which_nothing_is_normal_are_refused(stroke):
    late = {**stroke, "Tmax": stroke["Tmax"] + 5}
    with pytest.raises(PerfusionError, match="nothing is normal here; check the arterial input"):
        found(late, normal="tissue")


# -- components and rules


def test_components_are_listed_with_place_side_and_reason(speckled):
    parts = found(speckled).components
    around = [part for part in parts if part.kind == "hypoperfusion"]
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert [part.side for part in around] == ["right", "left", "left"]
    assert [part.kept for part in around] == [True, False, False]
    assert around[0].place == pytest.approx((28, 0, 0), abs=3)
    assert around[1].reason.startswith("opposite to the larger lesion")
    assert around[2].reason == "smaller than 1 ml"
    assert around[1].ml == pytest.approx(ml_of_ball(8), rel=0.15)
    assert (around[0].first_slice, around[0].last_slice) == (3, 12)
    cores = [part for part in parts if part.kind == "core"]
    assert [(part.within, part.kept) for part in cores] == [(1, True), (1, False)]


def test_specks_are_counted_and_not_listed(speckled):
    lesion = found(speckled)
    assert 0 < lesion.specks["hypoperfusion"] < 0.1
    everything = found(speckled, smallest_ml=0.0, opposite_part=0.0)
    assert everything.specks["hypoperfusion"] == 0
    assert len(everything.components) > len(lesion.components)
    assert all(part.kept for part in everything.components)


def test_what_lies_in_or_along_vessels_and_csf_is_removed(stroke):
    inner = ball((-30, 20, 0), 8) > 0.5
    with_rim = ndimage.binary_dilation(inner, np.ones((1, 3, 3), bool))
    maps = {**stroke, "Tmax": np.where(with_rim, 9, stroke["Tmax"]).astype(np.float32)}
    for kind in ("vessels", "csf"):
        lesion = found(maps, **{kind: inner}, opposite_part=0.0)
        left = [part for part in lesion.components if part.side == "left"]
        assert left
        assert {part.reason for part in left} <= {f"along {'CSF' if kind == 'csf' else 'vessels'}", "smaller than 1 ml"}
        assert lesion.excluded["CSF" if kind == "csf" else "vessels"] > 0
        assert lesion.volumes.hypoperfusion == pytest.approx(found(stroke).volumes.hypoperfusion)
    kept = found(maps, vessels=inner, opposite_part=0.0, edge_part=1.0)
    assert kept.side_volumes["left"].hypoperfusion > 0


def test_two_large_lesions_are_both_kept_and_said():
    maps = scene((ball((28, 0, 0), 18), PENUMBRA), (ball((-28, 0, 0), 16), PENUMBRA))
    lesion = found(maps)
    assert lesion.side_volumes["left"].hypoperfusion == pytest.approx(ml_of_ball(16), rel=0.1)
    assert "Both hemispheres" in lesion.notes[-1]


def test_a_lesion_across_the_middle_is_one_component_on_each_side():
    lesion = found(scene((ball((6, 0, 0), 20), PENUMBRA)))
    first, second = lesion.components
    assert (first.side, second.side) == ("right", "left")
    assert first.kept
    assert second.kept == (second.ml > first.ml / 3)


@pytest.mark.parametrize(
    ("spacing", "count"), [((5.0, 1.0, 1.0), 10), ((8.0, 4.0, 4.0), 6), ((1.0, 1.0, 1.0), 26), ((2.0, 2.0, 2.0), 18)]
)
def test_neighbours_are_counted_by_their_distance(spacing, count):
    assert neighbours(np.array(spacing)).sum() - 1 == count


# -- a person's decisions


def test_totals_follow_a_component_taken_out_and_back(speckled):
    lesion = found(speckled)
    without = lesion.without_component(1)
    assert without.volumes.hypoperfusion == without.volumes.core == 0
    assert np.isnan(without.volumes.mismatch_ratio)
    assert not without.core.any()
    assert without.components[0].reason == "removed by hand"
    core = next(part for part in without.components if part.kind == "core")
    assert core.reason == "lies in component 1, which is removed"
    assert lesion.volumes.hypoperfusion > 50
    assert without.with_component(1).volumes == lesion.volumes

    more = lesion.with_component(2)
    assert more.components[1].reason == "kept by hand"
    expected = lesion.volumes.hypoperfusion + lesion.components[1].ml
    assert more.volumes.hypoperfusion == pytest.approx(expected)
    assert np.count_nonzero(more.hypoperfusion) * GRID.voxel_volume == pytest.approx(expected)
    assert "Components kept by hand: 2." in summary_text(more)
    assert lesion.decisions == {}


def test_a_core_taken_back_brings_its_hypoperfusion(speckled):
    lesion = found(speckled).without_component(1)
    number = next(part.number for part in lesion.components if part.kind == "core")
    back = lesion.with_component(number)
    assert back.components[0].kept
    assert back.volumes.core > 0
    alone = found(speckled).without_component(number)
    assert alone.volumes.core == 0
    assert alone.volumes.hypoperfusion == found(speckled).volumes.hypoperfusion


@pytest.mark.parametrize("number", [0, -1, 99])
def test_a_component_that_is_not_there_is_refused(speckled, number):
    with pytest.raises(PerfusionError, match=f"no component {number}"):
        found(speckled).without_component(number)


# -- nothing to find, or nothing to look at


def test_without_a_lesion_volumes_are_zero_and_ratios_said_to_be_undefined():
    lesion = found(scene())
    volumes = lesion.volumes
    assert (volumes.hypoperfusion, volumes.core, volumes.penumbra) == (0, 0, 0)
    assert np.isnan([volumes.mismatch_ratio, volumes.intensity_ratio, volumes.cbv_index]).all()
    assert lesion.components == ()
    assert not lesion.hypoperfusion.any()
    assert "There is no hypoperfusion" in summary_text(lesion)
    assert "Mismatch ratio not defined (there is no core)" in summary_text(lesion)


def test_a_lesion_without_a_core_has_no_ratio():
    volumes = found(scene((ball((28, 0, 0), 20), PENUMBRA))).volumes
    assert volumes.penumbra == volumes.hypoperfusion > 0
    assert np.isnan(volumes.mismatch_ratio)


def test_low_flow_without_hypoperfusion_is_no_core(stroke):
    low = {**stroke, "CBF": np.where(ball((-28, 0, 0), 15) > 0.5, 6.0, stroke["CBF"]).astype(np.float32)}
    assert found(low, normal="tissue").volumes == found(stroke, normal="tissue").volumes


def test_voxels_without_a_result_are_no_lesion(stroke):
    gaps = {**stroke, "Tmax": stroke["Tmax"].copy()}
    gaps["Tmax"][8] = np.nan
    lesion = found(gaps)
    assert not lesion.hypoperfusion[8].any()
    assert np.isfinite(lesion.volumes.cbv_index)


def test_a_missing_map_or_empty_brain_is_refused(stroke):
    with pytest.raises(PerfusionError, match="needs a map of Delay"):
        found({name: stroke[name] for name in ("CBF", "Tmax")}, PRESETS["Delay 3 s, CBF 30 %"])
    with pytest.raises(PerfusionError, match="No tissue with results"):
        found(stroke, vessels=BRAIN)


# -- presets


def test_presets_name_their_source_and_go_with_their_estimator_only():
    for name, preset in PRESETS.items():
        assert preset.methods, name
        assert "(20" in preset.source
        for method in preset.methods:
            check_estimator(preset, method)
        with pytest.raises(PerfusionError, match="but the maps come from boxNLR"):
            check_estimator(preset, "boxNLR")
    with pytest.raises(PerfusionError, match="choose the preset 'Delay 3 s, CBF 30 %'"):
        check_estimator(PRESETS["Tmax 6 s, CBF 30 %"], "dSVD")


def test_presets_say_how_far_off_they_are_and_the_text_repeats_it(stroke):
    for preset in PRESETS.values():
        assert preset.bias.startswith("In simulated heads")
        assert preset.bias in summary_text(found(stroke, preset))
    assert "In simulated heads" not in summary_text(found(stroke, Criteria(Threshold("Tmax", "above", 6.0), LOW_FLOW)))


def test_the_recommended_thresholds_are_the_default_of_the_default_method():
    assert default_rule(Settings().method) == default_rule("oSVD") == DEFAULT_PRESET


def test_own_thresholds_go_with_any_estimator():
    own = Criteria(Threshold("Tmax", "above", 6.0), LOW_FLOW)
    check_estimator(own, "boxNLR")
    assert str(own) == "hypoperfusion Tmax > 6 s, core CBF < 12 ml/100g/min"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("TTP", "above", 6.0), "no thresholds of 'TTP'"),
        (("Tmax", "over", 6.0), "choose above or below"),
        (("Tmax", "above", -1.0), "positive number"),
        (("CBF", "below", float("nan")), "positive number"),
        (("Tmax", "above", 1.45, True), "no part of normal"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(arguments, sentence):
    with pytest.raises(PerfusionError, match=sentence):
        Threshold(*arguments)


def test_criteria_whose_normal_makes_no_sense_are_refused():
    with pytest.raises(PerfusionError, match="cannot be 'published'; choose mirror or tissue"):
        replace(THIRTY_PERCENT, normal="published")


@pytest.mark.parametrize(
    "rules",
    [{"normal": "left"}, {"smallest_ml": -1}, {"edge_part": 2}, {"opposite_part": -0.1}, {"smallest_ml": np.nan}],
)
def test_rules_out_of_range_are_refused(rules):
    with pytest.raises(PerfusionError):
        Rules(**rules)


def test_a_study_of_another_estimator_or_relative_maps_is_refused():
    head = sample_head("CT", noise=2.0, shape=(6, 48, 48), spacing=(8.0, 4.0, 4.0))
    study = analyze(head.series, Settings(motion_correction=False, method="sSVD"))
    with pytest.raises(PerfusionError, match="choose the preset 'MTT 145 %, CBV 2 ml'"):
        drain(study_tissue_steps(study))
    with pytest.raises(PerfusionError, match="There is no preset 'Tmax 7 s'"):
        drain(study_tissue_steps(study, "Tmax 7 s"))
    study.change_settings(Settings(motion_correction=False, relative_to="brain_mean"))
    with pytest.raises(PerfusionError, match="set the map values to absolute"):
        drain(study_tissue_steps(study))


# -- tables


def test_tables_hold_what_the_lesion_says(speckled):
    lesion = found(speckled)
    titles, *rows = volume_rows(lesion)
    assert titles == ["measure", "unit", "both", "left", "right"]
    assert rows[0][2:] == [lesion.volumes.hypoperfusion, 0, lesion.volumes.hypoperfusion]
    slices = slice_rows(lesion)
    assert len(slices) == GRID.shape[0] + 1
    assert sum(row[1] for row in slices[1:]) == pytest.approx(lesion.volumes.hypoperfusion)
    listed = component_rows(lesion)
    assert [row[0] for row in listed[1:]] == [part.number for part in lesion.components]
    assert listed[2][-2:] == ["no", lesion.components[1].reason]
    text = summary_text(lesion)
    assert text.startswith(RESEARCH_ONLY)
    assert "doi:10.1002/jmri.22338" in text
    assert f"Right: hypoperfusion {lesion.volumes.hypoperfusion:.1f} ml" in text


def test_the_maps_of_another_software_are_read_alike_on_our_grid(stroke):
    """What `similarity` places on the own grid has no values outside the brain, nor where the reference has none."""
    placed = {name: np.where(BRAIN, volume, np.nan) for name, volume in stroke.items()}
    placed["CBF"][8, 30:34, 20:24] = np.nan
    lesion = found(placed)
    expected = found(stroke)
    changed = (lesion.hypoperfusion ^ expected.hypoperfusion) | (lesion.core ^ expected.core)
    assert not changed[np.isfinite(placed["CBF"])].any()


def test_left_and_right_are_compared_in_a_region_and_its_mirror_image(stroke):
    region = ball((28, 0, 0), 10) > 0.5
    units = dict.fromkeys(stroke, "")
    titles, *rows = drain(left_right_rows_steps(stroke, units, {"lesion": region}, BRAIN, GRID, PLANE))
    flow = dict(zip(titles, rows[0], strict=True))
    assert flow["map"] == "CBF"
    assert flow["left mean"] == flow["left median"] == pytest.approx(NORMAL["CBF"])
    assert flow["right mean"] == pytest.approx(CORE["CBF"])
    assert flow["left − right"] == pytest.approx(NORMAL["CBF"] - CORE["CBF"])
    assert flow["left / right"] == pytest.approx(NORMAL["CBF"] / CORE["CBF"])
    assert flow["left ml"] == pytest.approx(flow["right ml"]) == pytest.approx(ml_of_ball(10), rel=0.1)
    with pytest.raises(PerfusionError, match="'nothing' is empty"):
        drain(left_right_rows_steps(stroke, units, {"nothing": NOTHING}, BRAIN, GRID, PLANE))
