"""The pipeline as a whole, on small sample heads: results, invariances, what is recomputed, what is refused."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Analysis, PerfusionError, PerfusionSeries, Settings, analyze, sample_head
from PerfusionToolLib.perfusion.analysis import STAGES
from PerfusionToolLib.perfusion.gamma_variate import GammaVariate

SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}
QUICK = Settings(motion_correction=False)
MAPS = {"CBF", "CBV", "MTT", "Tmax", "TTP", "TTP from arrival", "Quality"}


@pytest.fixture(scope="module")
def head():
    return sample_head("CT", noise=2.0, **SMALL)


@pytest.fixture(scope="module")
def study(head):
    return analyze(head.series, QUICK)


def changed(series, **parts):
    """A series with some parts replaced."""
    whole = {
        "signal": series.signal,
        "times": series.times,
        "ijk_to_ras": series.ijk_to_ras,
        "modality": series.modality,
        "echo_time": series.echo_time,
    }
    return PerfusionSeries(**(whole | parts))


def same_maps(one, other, **tolerance):
    for name in MAPS:
        np.testing.assert_allclose(one.maps[name], other.maps[name], err_msg=name, **tolerance)


def test_all_maps_are_there_zero_outside_the_brain(study, head):
    assert set(study.maps) == MAPS
    for volume in study.maps.values():
        assert volume.shape == head.series.grid.shape
        assert volume.dtype == np.float32
        assert (volume[~study.brain_mask] == 0).all()
    assert study.stages_done == STAGES
    assert set(study.seconds) == set(STAGES)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_maps_follow_the_truth(modality):
    head = sample_head(modality, noise={"CT": 1.0, "MR": 0.01}[modality], **SMALL)
    study = analyze(head.series, QUICK)
    tissue = head.labels["tissue"] & study.brain_mask
    for name, least in {"CBF": 0.8, "CBV": 0.7, "Tmax": 0.85}.items():
        values, truth = study.maps[name][tissue], head.truth[name][tissue]
        good = np.isfinite(values)
        assert np.corrcoef(values[good], truth[good])[0, 1] > least, name
    flow = {
        region: np.nanmedian(study.maps["CBF"][tissue & head.labels[region]]) for region in ("core", "penumbra", "grey")
    }
    assert flow["core"] < flow["penumbra"] < flow["grey"]


def test_a_time_shift_changes_nothing(study, head):
    shifted = analyze(changed(head.series, times=head.series.times + 1000), QUICK)
    same_maps(study, shifted, rtol=1e-3, atol=1e-3)


def test_an_offset_in_hounsfield_units_changes_nothing(study, head):
    shifted = analyze(changed(head.series, signal=head.series.signal + np.float32(1024)), QUICK)
    assert np.array_equal(study.brain_mask, shifted.brain_mask)
    same_maps(study, shifted, rtol=0.02, atol=0.02)


def test_int16_gives_the_maps_of_float(study, head):
    rounded = analyze(changed(head.series, signal=np.rint(head.series.signal).astype(np.int16)), QUICK)
    tissue = study.brain_mask & rounded.brain_mask
    assert np.corrcoef(study.maps["CBF"][tissue], rounded.maps["CBF"][tissue])[0, 1] > 0.98


def test_the_scale_of_mr_signal_changes_nothing():
    head = sample_head("MR", noise=0.01, **SMALL)
    plain = analyze(head.series, QUICK)
    scaled = analyze(changed(head.series, signal=head.series.signal * np.float32(1 / 512)), QUICK)
    same_maps(plain, scaled, rtol=1e-3, atol=1e-3)


def test_mirrored_storage_gives_mirrored_maps(study, head):
    matrix = head.series.ijk_to_ras.copy()
    columns = head.series.grid.shape[2]
    matrix[:3, 3] += matrix[:3, 0] * (columns - 1)
    matrix[:3, 0] *= -1
    flipped = analyze(
        changed(head.series, signal=np.ascontiguousarray(head.series.signal[..., ::-1]), ijk_to_ras=matrix), QUICK
    )
    both = study.brain_mask & flipped.brain_mask[..., ::-1]
    assert both.sum() > 0.99 * study.brain_mask.sum()
    assert np.corrcoef(study.maps["CBF"][both], flipped.maps["CBF"][..., ::-1][both])[0, 1] > 0.99


def test_the_same_settings_give_the_same_maps_bit_for_bit(study, head):
    again = analyze(head.series, QUICK)
    for name in MAPS:
        assert np.array_equal(study.maps[name], again.maps[name], equal_nan=True)


def test_a_new_arterial_input_recomputes_only_what_depends_on_it(head):
    study = analyze(head.series, QUICK)
    before = {stage: study._results[stage] for stage in STAGES}
    flow = study.maps["CBF"]
    study.set_arterial_input(curve=2 * study.arterial_input.measured)
    kept = [stage for stage in STAGES if study._results[stage] is before[stage]]
    assert kept == list(STAGES[: STAGES.index("arterial_input")])
    inside = study.brain_mask & (flow > 1)
    ratio = flow[inside] / study.maps["CBF"][inside] / (2 / before["arterial_input"]["arterial_input"].scale)
    assert np.nanmax(np.abs(ratio - 1)) < 1e-3


def test_the_automatic_arterial_input_comes_back(head, study):
    other = analyze(head.series, QUICK)
    other.set_arterial_input(candidate=1)
    other.set_arterial_input()
    same_maps(study, other, rtol=0)


def test_a_refused_arterial_input_leaves_everything_as_it_was(study):
    flow, curve = study.maps["CBF"], study.arterial_input.curve
    for wrong in ({"seed_ras": (500.0, 0.0, 0.0)}, {"curve": np.zeros(45)}, {"mask": np.zeros(study.grid.shape, bool)}):
        with pytest.raises(PerfusionError):
            study.set_arterial_input(**wrong)
    with pytest.raises(PerfusionError, match="one arterial input, not curve and candidate"):
        study.set_arterial_input(curve=curve, candidate=0)
    assert study.maps["CBF"] is flow
    assert study.arterial_input.curve is curve


def test_seed_mask_and_curve_can_be_given_from_the_start(head, study):
    voxels = study.arterial_input.voxels
    seed = study.grid.to_ras(np.argwhere(voxels)[0])
    assert analyze(head.series, QUICK, arterial_input=seed).arterial_input.source == "seed"
    by_mask = analyze(head.series, QUICK, arterial_input=voxels)
    assert np.allclose(by_mask.arterial_input.measured, study.arterial_input.measured, rtol=1e-5)
    by_curve = analyze(head.series, QUICK, arterial_input=study.arterial_input.curve)
    assert by_curve.arterial_input.source == "curve"
    same_maps(study, by_curve, rtol=1e-4, atol=1e-4)


def vein_of(study):
    """A vein by every way of choosing it: the second of the list, which the automatic VOF is not."""
    vein = study.venous_output.candidates[1]
    return {"candidate": 1, "seed_ras": vein.place, "mask": vein.mask(study.grid.shape), "curve": vein.curve}


@pytest.mark.parametrize("kind", ["candidate", "seed_ras", "mask", "curve"])
def test_a_new_venous_output_recomputes_only_what_depends_on_it(head, kind):
    study = analyze(head.series, QUICK)
    before, automatic = dict(study._results), study.venous_output
    study.set_venous_output(**{kind: vein_of(study)[kind]})
    kept = [stage for stage in STAGES if study._results[stage] is before[stage]]
    assert kept == list(STAGES[: STAGES.index("arterial_input")])
    assert study.venous_output.source == kind.removesuffix("_ras")
    assert not np.array_equal(study.venous_output.curve, automatic.curve)
    assert np.array_equal(study.arterial_input.measured, before["arterial_input"]["arterial_input"].measured)
    chosen = analyze(head.series, QUICK, venous_output=study.venous_output_choice)
    same_maps(study, chosen, rtol=0)
    study.set_venous_output()
    assert study.venous_output_choice == ("automatic", None)
    assert np.array_equal(study.venous_output.curve, automatic.curve)


def test_the_maps_follow_the_area_of_the_venous_output(head):
    study = analyze(head.series, QUICK)
    volume, scale = study.maps["CBV"], study.arterial_input.scale
    study.set_venous_output(curve=1.5 * study.venous_output.curve)
    assert study.arterial_input.scale == pytest.approx(1.5 * scale, rel=1e-6)
    inside = study.brain_mask & (volume > 0.5)
    assert np.nanmedian(study.maps["CBV"][inside] / volume[inside]) == pytest.approx(1 / 1.5, rel=1e-4)


def test_a_refused_venous_output_leaves_everything_as_it_was(study):
    flow, venous = study.maps["CBF"], study.venous_output
    empty = np.zeros(study.grid.shape, bool)
    for wrong in ({"seed_ras": (500.0, 0, 0)}, {"curve": np.zeros(45)}, {"mask": empty}, {"candidate": 999}):
        with pytest.raises(PerfusionError):
            study.set_venous_output(**wrong)
    with pytest.raises(PerfusionError, match="venous output's mask lie outside the skull; draw it on a vein"):
        study.set_venous_output(mask=~study.intracranial)
    with pytest.raises(PerfusionError, match="one venous output, not curve and candidate"):
        study.set_venous_output(curve=venous.curve, candidate=0)
    assert study.maps["CBF"] is flow
    assert study.venous_output is venous
    assert study.venous_output_choice == ("automatic", None)


def test_arterial_input_and_venous_output_are_taken_together_or_not_at_all(head):
    study = analyze(head.series, QUICK)
    flow = study.maps["CBF"]
    artery = "candidate", study.arterial_input.candidates[1].place
    with pytest.raises(PerfusionError, match="chosen vein"):
        study.take_choices(artery, ("candidate", np.array([0.0, 0.0, 500.0])))
    assert study.arterial_input_choice == ("automatic", None)
    assert study.maps["CBF"] is flow
    study.take_choices(artery, ("seed", vein_of(study)["seed_ras"]))
    assert (study.arterial_input.source, study.venous_output.source) == ("candidate", "seed")


@pytest.mark.parametrize("name", ["arterial input", "venous output"])
def test_a_kind_that_there_is_not_is_refused(head, name):
    with pytest.raises(PerfusionError, match=f"no {name} of the kind 'foo'; choose automatic"):
        Analysis(head.series, QUICK, **{name.replace(" ", "_"): ("foo", None)})


def test_changed_settings_forget_only_what_follows(head):
    study = analyze(head.series, QUICK)
    study.change_settings(Settings(motion_correction=False, method="oSVD"))
    assert study.stages_done == STAGES[: STAGES.index("deconvolution")]
    study.change_settings(Settings(motion_correction=False, method="oSVD", smoothing_mm=4.0))
    assert study.stages_done == STAGES[: STAGES.index("smoothing")]
    study.run()
    assert study.stages_done == STAGES


def test_work_can_be_left_and_taken_up_again(head, study):
    other = Analysis(head.series, QUICK)
    for progress in other.steps():
        assert 0 <= progress.fraction <= 1
        assert progress.text
        if progress.stage == "vessels":
            break
    assert other.stages_done == STAGES[: STAGES.index("vessels")]
    same_maps(study, other.run(), rtol=0)


@pytest.mark.parametrize(
    "settings",
    [
        QUICK,
        Settings(),
        Settings(motion_correction=False, smoothing="median", relative_to="mirror", map_smoothing_mm=2.0),
        Settings(motion_correction=False, maximum_matrix=32, smoothing="none"),
    ],
    ids=["at rest", "moving", "mirror", "limited matrix"],
)
def test_progress_runs_from_nothing_to_the_whole_once(settings):
    series = sample_head("CT", noise=2.0, motion=3.0 * settings.motion_correction, **SMALL).series
    told = list(Analysis(series, settings).steps())
    overall = np.array([progress.overall for progress in told])
    assert overall[0] == 0
    assert overall[-1] == 1
    assert (np.diff(overall) >= 0).all()
    for stage in STAGES:
        fractions = np.array([progress.fraction for progress in told if progress.stage == stage])
        assert (np.diff(fractions) >= 0).all(), stage
        assert (fractions[0], fractions[-1] <= 1) == (0, True), stage


def test_progress_counts_only_what_is_left_to_do(head):
    study = analyze(head.series, QUICK)
    assert [progress.overall for progress in study.steps()] == [1.0]
    study.change_settings(Settings(motion_correction=False, cbv_from="residue"))
    overall = [progress.overall for progress in study.steps()]
    assert (overall[0], overall[-1]) == (0, 1)
    assert len(overall) > 4


def test_a_bolus_drawn_by_hand_serves_as_the_arterial_input(head):
    study = analyze(head.series, QUICK)
    arterial = study.arterial_input
    fit, flow = arterial.fit, study.maps["CBF"]
    drawn = GammaVariate.from_bolus(fit.onset, fit.peak_time, fit.width, 2 * fit.height * arterial.scale)
    study.set_arterial_input(curve=drawn(study.times - study.times[0]))
    tissue = head.labels["grey"] & study.brain_mask & ~study.vessels
    assert np.nanmedian(study.maps["CBF"][tissue]) == pytest.approx(np.nanmedian(flow[tissue]) / 2, rel=0.15)


def test_asking_too_early_says_so(head):
    with pytest.raises(PerfusionError, match="no maps yet"):
        _ = Analysis(head.series).maps


@pytest.mark.parametrize("method", ["sSVD", "oSVD", "Tikhonov"])
def test_every_method_orders_the_tissues(head, study, method):
    study = analyze(head.series, Settings(motion_correction=False, method=method))
    tissue = head.labels["tissue"] & study.brain_mask
    core, grey = (np.nanmedian(study.maps["CBF"][tissue & head.labels[name]]) for name in ("core", "grey"))
    assert core < 0.6 * grey


@pytest.mark.parametrize("smoothing", ["guided", "bilateral", "curvature_flow", "median", "none"])
def test_every_smoothing_runs(head, smoothing):
    study = analyze(head.series, Settings(motion_correction=False, smoothing=smoothing))
    assert np.isfinite(study.maps["CBV"][head.labels["tissue"] & study.brain_mask]).all()


def test_a_given_brain_mask_is_used(head):
    given = head.labels["brain"]
    assert np.array_equal(analyze(head.series, QUICK, brain_mask=given).brain_mask, given)


def test_masks_that_cannot_be_are_refused(head):
    shape = head.series.grid.shape
    with pytest.raises(PerfusionError, match="empty"):
        analyze(head.series, QUICK, brain_mask=np.zeros(shape, bool))
    with pytest.raises(PerfusionError, match="shape"):
        analyze(head.series, QUICK, brain_mask=np.ones((2, 3, 4), bool))
    corner = np.zeros(shape, bool)
    corner[:, :4, :4] = True
    with pytest.raises(PerfusionError, match="air"):
        analyze(head.series, QUICK, brain_mask=corner)


def test_relative_and_hidden_maps(head, study):
    tissue = study.brain_mask & ~study.vessels
    relative = analyze(head.series, Settings(motion_correction=False, relative_to="brain_mean"))
    assert np.isclose(np.nanmean(relative.maps["CBF"][tissue]), 1, rtol=1e-3)
    assert abs(np.nanmean(relative.maps["TTP"][tissue])) < 1e-2
    assert (relative.maps["TTP"][~study.brain_mask] == 0).all()
    hidden = analyze(head.series, Settings(motion_correction=False, hide_vessels=True, hide_csf=True))
    out = study.brain_mask & (study.vessels | study.csf)
    assert np.isnan(hidden.maps["CBF"][out]).all()
    assert (hidden.maps["CBF"][~study.brain_mask] == 0).all()


def test_the_mirrored_hemisphere_shows_the_lesion(head):
    study = analyze(head.series, Settings(motion_correction=False, relative_to="mirror"))
    tissue = head.labels["tissue"] & study.brain_mask
    lesion = tissue & (head.labels["core"] | head.labels["penumbra"])
    assert np.nanmedian(study.maps["CBF"][lesion]) < 0.7
    assert 0.8 < np.nanmedian(study.maps["CBF"][tissue & ~lesion]) < 1.2
    assert np.nanmedian(study.maps["Tmax"][lesion]) > 2


def test_the_matrix_limit_averages_and_keeps_the_geometry(head, study):
    small = analyze(head.series, Settings(motion_correction=False, maximum_matrix=32))
    assert small.grid.shape == (6, 32, 32)
    centre = small.grid.to_ras((np.array(small.grid.shape) - 1) / 2)
    assert np.allclose(centre, head.series.grid.to_ras((np.array(head.series.grid.shape) - 1) / 2))
    assert np.isclose(small.brain_mask.sum() * 4, study.brain_mask.sum(), rtol=0.05)


def test_missing_values_are_filled_and_said(head, study):
    signal = head.series.signal.copy()
    signal[20, :, ::9, ::9] = np.nan
    filled = analyze(changed(head.series, signal=signal), QUICK)
    assert filled.filled_values == np.isnan(signal).sum()
    assert any("not finite" in warning for warning in filled.warnings)
    tissue = study.brain_mask & filled.brain_mask
    assert np.corrcoef(study.maps["CBF"][tissue], filled.maps["CBF"][tissue])[0, 1] > 0.99
    signal[5:10] = np.nan
    with pytest.raises(PerfusionError, match="NaN or infinite"):
        analyze(changed(head.series, signal=signal), QUICK)


def test_scans_without_a_bolus_are_refused():
    head = sample_head("CT", bolus=False, **SMALL)
    with pytest.raises(PerfusionError, match=r"No (bolus|artery) was found"):
        analyze(head.series, QUICK)
    noise = np.random.default_rng(0).normal(40, 5, (45, 6, 64, 64)).astype(np.float32)
    with pytest.raises(PerfusionError):
        analyze(changed(head.series, signal=noise), QUICK)
    with pytest.raises(PerfusionError):
        analyze(changed(head.series, signal=np.full((45, 6, 64, 64), 40, np.int16)), QUICK)


def test_a_bolus_cut_off_by_the_end_of_the_scan_is_said(head):
    late = sample_head("CT", noise=1.0, bolus_arrival=46.0, **SMALL)
    study = analyze(late.series, QUICK)
    assert any("cut off" in warning for warning in study.warnings)


def test_an_unsteady_first_frame_is_dropped_and_said():
    head = sample_head("MR", noise=0.01, **SMALL)
    signal = head.series.signal.copy()
    signal[0] *= 1.3
    study = analyze(changed(head.series, signal=signal), QUICK)
    assert study.frames[0] == 1
    assert any("not steady" in warning for warning in study.warnings)
    kept = analyze(changed(head.series, signal=signal), Settings(motion_correction=False, frames_to_drop=0))
    assert kept.frames[0] == 0


def test_corrupted_frames_are_left_out_and_said(head):
    signal = head.series.signal.copy()
    signal[30] = signal.min()
    study = analyze(changed(head.series, signal=signal), Settings())
    assert 30 not in study.frames
    assert any("Frame 30 looks corrupted" in warning for warning in study.warnings)


@pytest.mark.parametrize("slices", [1, 2, 4])
def test_scans_of_few_slices_work(head, slices):
    series = changed(head.series, signal=head.series.signal[:, 2 : 2 + slices])
    study = analyze(series, QUICK)
    assert study.maps["CBF"].shape[0] == slices
    assert study.brain_mask.any()


def test_blank_and_repeated_frames_are_left_out_without_motion_correction_too(head):
    signal = head.series.signal.copy()
    signal[20] = 40
    signal[31] = signal[30]
    study = analyze(changed(head.series, signal=signal), QUICK)
    assert not {20, 31} & set(study.frames)
    assert any("Frames 20, 31 look corrupted" in warning for warning in study.warnings)
    signal[5:43] = signal[4]
    with pytest.raises(PerfusionError, match="blank or repeat"):
        analyze(changed(head.series, signal=signal), QUICK)


def test_a_scan_that_begins_after_the_bolus_is_refused_in_so_many_words(head):
    late = changed(head.series, signal=head.series.signal[14:], times=head.series.times[14:])
    with pytest.raises(PerfusionError, match="begin after the bolus"):
        analyze(late, QUICK)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_moved_brain_mask_and_a_whole_volume_are_refused(modality):
    head = sample_head(modality, **SMALL)
    brain = head.labels["brain"]
    for wrong in (np.roll(brain, 22, axis=2), np.ones_like(brain)):
        with pytest.raises(PerfusionError, match="air or bone"):
            analyze(head.series, QUICK, brain_mask=wrong)


def test_an_arterial_mask_outside_the_skull_is_refused(head, study):
    outside = np.zeros(study.grid.shape, bool)
    outside[:, :3, :3] = True
    with pytest.raises(PerfusionError, match="100 % of the arterial input's mask"):
        study.set_arterial_input(mask=outside)


def test_an_image_is_no_mask(head):
    with pytest.raises(PerfusionError, match="holds many values"):
        analyze(head.series, QUICK, brain_mask=head.series.signal[0])
    labels = 255 * head.labels["brain"].astype(np.uint8)
    assert np.array_equal(analyze(head.series, QUICK, brain_mask=labels).brain_mask, head.labels["brain"])


@pytest.mark.parametrize("seed", [(1.0, 2.0, np.nan), (np.inf, 0.0, 0.0)])
def test_a_seed_that_is_no_place_is_refused(study, seed):
    with pytest.raises(PerfusionError, match="is no place"):
        study.set_arterial_input(seed_ras=seed)


OTHER_SETTINGS = {
    "frames_to_drop": 1,
    "maximum_matrix": 32,
    "reference_frame": 2,
    "bolus_threshold": 100.0,
    "arrival_threshold": 0.1,
    "arrival_frame": 9,
    "baseline_start": 1,
    "smoothing_mm": 4.0,
    "smoothing_range": 0.3,
    "partial_volume_factor": 1.5,
    "bcsvd_threshold": 0.2,
    "cbv_window": None,
    "longest_tmax": 10.0,
    "tissue_density": 1.0,
    "hematocrit_factor": 0.8,
    "map_smoothing_mm": 2.0,
    "hide_vessels": True,
    "hide_csf": True,
    "bolus_curve": "threshold",
    "smoothing": "gaussian",
    "arterial_input_curve": "gamma_variate",
    "partial_volume": "off",
    "method": "oSVD",
    "quadrature": "rectangle",
    "cbv_from": "residue",
    "relative_to": "brain_mean",
}


@pytest.mark.parametrize("name", OTHER_SETTINGS)
def test_a_changed_setting_gives_the_maps_of_a_fresh_analysis(head, name):
    other = Settings.from_dict({"motion_correction": False, name: OTHER_SETTINGS[name]})
    study = analyze(head.series, QUICK)
    study.change_settings(other)
    fresh = analyze(head.series, other)
    same_maps(study.run(), fresh, rtol=0)


def test_masks_survive_another_matrix_limit(head):
    study = analyze(head.series, Settings(motion_correction=False, maximum_matrix=32))
    brain, artery = study.brain_mask, study.arterial_input.voxels
    study.set_brain_mask(brain)
    study.set_arterial_input(mask=artery)
    assert np.array_equal(study.run().brain_mask, brain)
    assert np.array_equal(study.arterial_input.voxels, artery)
    study.change_settings(QUICK)
    assert np.array_equal(study.run().brain_mask, brain.repeat(2, 1).repeat(2, 2))
    assert study.arterial_input.voxels.sum() == 4 * artery.sum()
    study.set_brain_mask()
    assert np.array_equal(study.run().brain_mask, analyze(head.series, QUICK).brain_mask)


def test_one_arterial_voxel_is_enough_on_a_limited_matrix(head, study):
    voxel = np.zeros(head.series.grid.shape, bool)
    voxel[tuple(np.argwhere(study.arterial_input.voxels)[0])] = True
    small = analyze(head.series, Settings(motion_correction=False, maximum_matrix=32), arterial_input=voxel)
    assert small.arterial_input.voxels.sum() == 1


def test_a_chosen_candidate_is_found_again_or_missed_in_words(head):
    study = analyze(head.series, QUICK)
    study.set_arterial_input(candidate=1)
    place = study.arterial_input_choice[1]
    study.change_settings(Settings(motion_correction=False, arrival_threshold=0.06))
    study.run()
    assert np.linalg.norm(study.grid.to_ras(np.argwhere(study.arterial_input.voxels).mean(0)) - place) < 3
    with pytest.raises(PerfusionError, match="not among the candidates any more"):
        analyze(head.series, QUICK, arterial_input=("candidate", np.array([0.0, 0.0, 500.0])))


def test_the_choice_of_one_study_serves_another(head, study):
    first = analyze(head.series, QUICK)
    first.set_arterial_input(candidate=1)
    second = analyze(head.series, QUICK, arterial_input=first.arterial_input_choice)
    same_maps(first, second, rtol=0)


def test_wrong_kinds_of_arterial_input_leave_the_study_as_it_was(study):
    flow = study.maps["CBF"]
    for wrong in ({"candidate": "a"}, {"candidate": 999}, {"curve": np.ones((1, 45))}, {"curve": ["x"] * 45}):
        with pytest.raises(PerfusionError):
            study.set_arterial_input(**wrong)
    assert study.maps["CBF"] is flow
    assert set(study.seconds) == set(STAGES)


def test_seconds_are_kept_for_every_stage_after_a_new_arterial_input(head):
    study = analyze(head.series, QUICK)
    study.set_arterial_input(candidate=1)
    assert set(study.seconds) == set(STAGES)


def test_the_gamma_variate_arterial_input_warns_of_its_cbv(head):
    study = analyze(head.series, Settings(motion_correction=False, arterial_input_curve="gamma_variate"))
    assert any("recirculation" in warning for warning in study.warnings)


def test_a_blank_first_frame_is_not_the_reference(head):
    signal = head.series.signal.copy()
    signal[0] = 0
    study = analyze(changed(head.series, signal=signal), Settings(frames_to_drop=0))
    assert study.motion.reference == 1
    assert 0 not in study.frames


def test_what_another_aif_does_not_change_is_kept(head):
    study = analyze(head.series, QUICK)
    peak_times, ttp = study.time_to_peak, study.maps["TTP"]
    study.set_arterial_input(candidate=1)
    assert study.time_to_peak is peak_times
    np.testing.assert_array_equal(study.maps["TTP"], ttp)


def test_the_map_of_ttp_is_the_time_of_the_highest_concentration(study):
    ttp = study.maps["TTP"][study.brain_mask & ~study.vessels & ~study.csf]
    frames = study.concentration.argmax(1)[(~study.vessels & ~study.csf)[study.brain_mask]]
    nearest = study.times[frames] - study.series.times[0]
    good = np.isfinite(ttp)
    assert np.abs(ttp - nearest)[good].max() <= np.diff(study.times).max()


def test_only_samples_without_signal_that_are_many_are_worth_a_sentence():
    from PerfusionToolLib.perfusion.stages import _clip_warning

    class Contrast:
        curves = np.zeros((1000, 40), np.float32)

    for clipped, sentences in ((0, 0), (4, 0), (40, 1)):
        Contrast.clipped = clipped
        assert len(_clip_warning(Contrast)) == sentences
