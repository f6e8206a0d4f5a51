"""Leakage of contrast: what was put into curves is found and taken out of them; where there is none, they stay."""

from dataclasses import replace

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Analysis, PerfusionError, Settings, sample_head
from PerfusionToolLib.perfusion.leakage import correct_leakage, find_reference
from scipy.integrate import trapezoid

TIMES = np.arange(45) * 1.41
IRREGULAR = np.concatenate([np.arange(30) * 1.0, 29 + 2.0 * np.arange(1, 20)])
CLOCK = np.arange(0, 130, 0.01)
PLAIN = 200
SMALL = {"shape": (8, 64, 64), "spacing": (8.0, 3.0, 3.0), "noise": 0.01}


def bolus(clock, spread=2.0):
    """First pass and recirculation of tissue."""
    late = np.maximum(clock - 12, 0) / spread
    first = late**3 * np.exp(3 - late) / 27
    return first + 0.08 * (1 - np.exp(-np.maximum(clock - 22, 0) / 6))


def tissue(k1, k2, washout=0.0, delay=0.0, times=TIMES, spread=2.0):
    """A curve of the model in 1/s, by sums over a clock a hundred times as fine."""
    curve = bolus(CLOCK - delay, spread)
    kept = np.exp(-washout * CLOCK)
    leaked = kept * np.cumsum(curve / kept) * 0.01
    return 8 * np.interp(times, CLOCK, k1 * curve - k2 * leaked)


def with_plain_tissue(rows, times=TIMES):
    """Some curves, and after them many without leakage to refer to."""
    plain = [tissue(k1, 0.0, times=times) for k1 in np.linspace(0.5, 1.5, PLAIN)]
    return np.array([*rows, *plain], np.float32)


def corrected(curves, model="BSW", times=TIMES, **masks):
    everywhere = {"tissue": np.full(len(curves), True), "csf": np.full(len(curves), False)}
    return correct_leakage(curves, times, model=model, **(everywhere | masks))


@pytest.mark.parametrize("times", [TIMES, IRREGULAR], ids=["regular", "irregular"])
@pytest.mark.parametrize("model", ["BSW", "bidirectional"])
def test_leakage_of_either_sign_is_found_and_taken_out(model, times):
    rates = (-0.03, -0.01, 0.01, 0.03)
    curves = with_plain_tissue([tissue(1.2, rate, times=times) for rate in rates], times)
    found = corrected(curves, model, times)
    np.testing.assert_allclose(found.k2[: len(rates)], rates, rtol=0.03)
    np.testing.assert_allclose(found.k1[: len(rates)], 1.2, rtol=0.02)
    assert found.is_corrected[: len(rates)].all()
    assert (found.fit[: len(rates)] > 0.995).all()
    areas = trapezoid(found.curves[: len(rates)], times, axis=1)
    np.testing.assert_allclose(areas, trapezoid(tissue(1.2, 0, times=times), times), rtol=0.02)


def test_contrast_that_returns_needs_the_bidirectional_model():
    rates, washouts = (-0.03, -0.02, 0.02, 0.03), (0.03, 0.015, 0.015, 0.05)
    curves = with_plain_tissue([tissue(1, rate, washout) for rate, washout in zip(rates, washouts, strict=True)])
    true = trapezoid(tissue(1, 0), TIMES)
    stays, returns = corrected(curves), corrected(curves, "bidirectional")
    errors = [np.abs(trapezoid(found.curves[:4], TIMES, axis=1) / true - 1) for found in (stays, returns)]
    assert (errors[1] < 0.03).all()
    assert (errors[1] < errors[0] / 2).all()
    assert (returns.washout[:4] > 0).all()
    assert (returns.washout[4:] == 0).all()
    assert (returns.fit[:4] >= stays.fit[:4]).all()


def test_contrast_that_returns_is_found_in_noise():
    random = np.random.default_rng(4)
    rows = np.concatenate([np.tile(tissue(1, rate, 0.03), (500, 1)) for rate in (0.02, 0.0, 0.0, 0.0)])
    found = corrected(with_plain_tissue(rows + random.normal(0, 0.25, rows.shape)), "bidirectional")
    ratio = trapezoid(found.curves[:500], TIMES, axis=1) / trapezoid(tissue(1, 0), TIMES)
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    assert np.median(np.abs(ratio - 1)) < 0.05
    assert found.is_corrected[:500].mean() > 0.95


def test_without_leakage_the_curves_stay():
    curves = with_plain_tissue([])
    for model in ("BSW", "bidirectional"):
        found = corrected(curves, model)
        np.testing.assert_allclose(found.curves, curves, atol=2e-3 * curves.max())
        assert (np.abs(found.k2) < 1e-4).all()


@pytest.mark.parametrize(("delay", "spread"), [(3.0, 2.0), (6.0, 2.0), (0.0, 2.3), (-1.0, 2.0)])
def test_late_and_slow_tissue_is_not_taken_for_leaky(delay, spread):
    slow = tissue(1.0, 0.0, delay=delay, spread=spread)
    found = corrected(with_plain_tissue([slow]))
    assert trapezoid(found.curves[0], TIMES) == pytest.approx(trapezoid(slow, TIMES), rel=0.08)


def test_late_tissue_that_leaks_is_corrected():
    late = corrected(with_plain_tissue([tissue(1.0, 0.02, delay=4.0)]))
    assert late.k2[0] == pytest.approx(0.02, rel=0.05)
    assert trapezoid(late.curves[0], TIMES) == pytest.approx(trapezoid(tissue(1, 0, delay=4.0), TIMES), rel=0.03)


def test_the_unit_of_the_curves_does_not_matter_to_k1_and_k2():
    curves = with_plain_tissue([tissue(1, 0.02), tissue(1, -0.01)])
    one, other = corrected(curves), corrected(1000 * curves)
    np.testing.assert_allclose(other.k2, one.k2, rtol=5e-3, atol=1e-5)
    np.testing.assert_allclose(other.k1, one.k1, rtol=5e-3)
    np.testing.assert_allclose(other.curves, 1000 * one.curves, atol=2e-3 * other.curves.max())


def test_the_first_time_does_not_matter():
    curves = with_plain_tissue([tissue(1, 0.02)])
    one, other = corrected(curves), corrected(curves, times=TIMES + 1000)
    np.testing.assert_allclose(other.k2, one.k2, rtol=1e-3, atol=1e-6)


def test_k2_is_a_rate():
    # The same curve on a clock that runs at half the speed leaks half as fast.
    curves = with_plain_tissue([tissue(1, 0.02)])
    assert corrected(curves, times=2 * TIMES).k2[0] == pytest.approx(0.01, rel=0.03)


@pytest.mark.parametrize("model", ["BSW", "bidirectional"])
def test_k2_lies_within_its_standard_deviation_as_often_as_it_should(model):
    random = np.random.default_rng(1)
    rows = np.concatenate([np.tile(tissue(1, rate), (1500, 1)) for rate in (0.02, 0.0, 0.0, 0.0)])
    found = corrected(with_plain_tissue(rows + random.normal(0, 0.5, rows.shape)), model)
    error, deviation = found.k2[:1500] - 0.02, found.k2_sd[:1500]
    assert 0.6 < np.mean(np.abs(error) < deviation) < 0.8
    assert np.mean(np.abs(error) < 2 * deviation) > 0.9
    assert abs(np.median(error)) < 0.3 * np.median(deviation)


def test_k2_below_its_standard_deviation_corrects_nothing_and_says_so():
    random = np.random.default_rng(2)
    curves = with_plain_tissue(random.normal(0, 1.5, (4000, TIMES.size)) + tissue(1, 0))
    found = corrected(curves)
    unsure = found.k2_sd >= np.abs(found.k2)
    assert np.array_equal(found.curves[unsure], curves[unsure])
    assert (found.curves[~unsure] != curves[~unsure]).any(axis=1).all()
    assert not found.is_corrected[unsure].any()
    assert f"{100 * found.corrected_part:.0f} %" in found.sentence
    trusted = replace(found, k2_sd=found.k2_sd / 10, is_corrected=found.k2_sd / 10 < np.abs(found.k2))
    assert trusted.warnings == ()
    assert "do not take it for leakage" in replace(found, is_corrected=~unsure & False).warnings[0]


def test_vessels_are_left_alone():
    curves = with_plain_tissue([tissue(5, 0.05), tissue(1, 0.02)])
    found = corrected(curves, tissue=np.arange(len(curves)) != 0)
    assert np.array_equal(found.curves[0], curves[0])
    assert np.isnan([found.k1[0], found.k2[0], found.fit[0]]).all()
    assert not found.is_corrected[0]
    assert found.is_corrected[1]


def test_a_curve_that_is_not_finite_is_left_alone():
    curves = with_plain_tissue([np.full(TIMES.size, np.nan), tissue(1, 0.02)])
    found = corrected(curves)
    assert np.isnan(found.k2[0])
    assert found.k2[1] == pytest.approx(0.02, rel=0.03)


def test_reference_has_no_leaky_voxel_and_no_csf():
    random = np.random.default_rng(3)
    leaky = [tissue(1, rate) for rate in np.repeat((-0.02, 0.02), 40)]
    curves = with_plain_tissue(leaky) + random.normal(0, 0.05, (80 + PLAIN, TIMES.size)).astype(np.float32)
    csf = np.arange(len(curves)) >= len(curves) - 20
    found = corrected(curves, csf=csf)
    assert not found.reference[:80].any()
    assert not found.reference[csf].any()
    assert found.reference.sum() > 80
    assert f"{found.reference.sum()} voxels" in found.sentence
    np.testing.assert_allclose(found.reference_curve, curves[found.reference].mean(0), rtol=1e-4, atol=1e-3)


def test_too_few_voxels_to_refer_to_are_refused():
    with pytest.raises(PerfusionError, match="Only 20 voxels"):
        find_reference(np.tile(tissue(1, 0), (20, 1)).astype(np.float32), np.full(20, True))


def test_unknown_model_is_refused():
    with pytest.raises(PerfusionError, match="choose BSW or bidirectional"):
        corrected(with_plain_tissue([]), "off")


# -- in the analysis


def mean_ratio(study, head, name, where):
    """Mean of a map over its truth, beside the same of tissue without leakage."""
    plain = head.labels["tissue"] & study.brain_mask & (head.truth["K2"] == 0)
    own, other = (np.nanmean(study.maps[name][region]) / head.truth["CBV"][region].mean() for region in (where, plain))
    return own / other


@pytest.mark.parametrize("rate", [0.02, -0.02])
def test_cbv_of_a_leaky_region_of_a_head_is_right(rate):
    head = sample_head("MR", leakage=rate, **SMALL)
    study = Analysis(head.series, Settings(motion_correction=False, leakage_correction="BSW")).run()
    tissue_found = head.labels["tissue"] & study.brain_mask
    leaky = tissue_found & (np.abs(head.truth["K2"]) > 0.9 * abs(rate))
    assert leaky.sum() > 100
    assert abs(mean_ratio(study, head, "CBV uncorrected", leaky) - 1) > 0.3
    assert mean_ratio(study, head, "CBV", leaky) == pytest.approx(1, abs=0.05)
    plain = tissue_found & (head.truth["K2"] == 0)
    assert study.maps["CBV"][plain].mean() == pytest.approx(study.maps["CBV uncorrected"][plain].mean(), rel=0.03)
    fitted = tissue_found & np.isfinite(study.maps["K2"])
    assert np.corrcoef(study.maps["K2"][fitted], head.truth["K2"][fitted])[0, 1] > 0.9
    for name in ("CBV uncorrected", "K1", "K2", "Leakage fit"):
        assert (study.maps[name][~study.brain_mask] == 0).all()


@pytest.fixture(scope="module")
def whole_head():
    return sample_head("MR", **SMALL)


def test_correction_is_off_by_default_and_then_costs_nothing(whole_head):
    study = Analysis(whole_head.series, Settings(motion_correction=False)).run()
    assert study.leakage is None
    assert study.tissue_curves is study.concentration
    assert not {"CBV uncorrected", "K1", "K2", "Leakage fit"} & set(study.maps)

    smoothed, off = study.concentration, study.maps["CBV"]
    study.change_settings(replace(study.settings, leakage_correction="bidirectional"))
    study.run()
    assert study.concentration is smoothed
    np.testing.assert_allclose(study.maps["CBV uncorrected"], off, rtol=1e-4, atol=1e-4)
    tissue_found = whole_head.labels["tissue"] & study.brain_mask
    assert np.nanmean(study.maps["CBV"][tissue_found]) == pytest.approx(off[tissue_found].mean(), rel=0.03)


def test_ct_is_not_corrected_and_says_why():
    head = sample_head("CT", **SMALL)
    study = Analysis(head.series, Settings(motion_correction=False, leakage_correction="BSW")).run()
    assert study.leakage is None
    assert study.tissue_curves is study.concentration
    assert any("this scan is CT" in warning for warning in study.warnings)
    assert study.warnings_of("leakage")[0] in study.warnings


def test_leakage_of_a_head_is_for_mr():
    with pytest.raises(PerfusionError, match="MR heads only"):
        sample_head("CT", leakage=0.02, **SMALL)
    with pytest.raises(PerfusionError, match="give a number"):
        sample_head("MR", leakage=np.nan, **SMALL)


def test_a_moving_head_leaks_where_it_does_at_rest():
    rest, moved = (sample_head("MR", leakage=-0.02, motion=motion, **SMALL) for motion in (0.0, 1.5))
    last = [head.series.signal[-1] / head.series.signal[0] for head in (rest, moved)]
    inside = rest.labels["tissue"] & (rest.truth["K2"] < -0.018)
    outside = rest.labels["tissue"] & (rest.truth["K2"] == 0)
    for ratio in last:
        assert np.median(ratio[inside]) < 0.95 * np.median(ratio[outside])
