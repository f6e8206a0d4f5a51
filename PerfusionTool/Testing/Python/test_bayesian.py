"""The Bayesian estimator: its posterior against an explicit one, its calibration, its laws and its limits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PerfusionToolLib.perfusion import PerfusionError, Settings
from PerfusionToolLib.perfusion.deconvolution import Flag, deconvolve
from PerfusionToolLib.perfusion.deconvolution.bayesian import PRIOR
from PerfusionToolLib.perfusion.deconvolution.bayesian.noise import independent_samples, shares_baseline
from PerfusionToolLib.perfusion.deconvolution.bayesian.prior import SCALE_UNCERTAINTY
from PerfusionToolLib.perfusion.deconvolution.convolution import causal_matrix
from scipy.signal import fftconvolve
from scipy.special import gammaincc

FINE = 0.02
SCALE = 1.05 / 0.73 / 6000
TIMES = np.arange(45) * 1.41
CLOCK = np.arange(0, 80, FINE)


def artery(times, start=8.0):
    since = np.clip(times - start, 0, None)
    return (since / 4.5) ** 3 * np.exp(3 - since / 1.5) * 300


def residue(lags, mtt, spread):
    if spread == 0:
        return (lags < mtt).astype(float)
    return gammaincc(1 / spread**2, np.clip(lags, 0, None) / (mtt * spread**2))


def tissue(times, cbf, mtt, delay=0.0, spread=1.0, dispersion=0.0, start=8.0):
    """(ρ/k_H)·CBF·(C_a ⊗ VTF ⊗ R)(t − δ), by cells of a fine clock."""
    middles = CLOCK + FINE / 2
    arriving = artery(middles, start)
    if dispersion:
        transport = -np.diff(np.exp(-np.append(CLOCK, CLOCK[-1] + FINE) / dispersion))
        arriving = fftconvolve(arriving, transport)[: CLOCK.size]
        middles = middles + FINE / 2
    curve = fftconvolve(arriving, residue(CLOCK + FINE / 2, mtt, spread))[: CLOCK.size] * FINE
    return cbf * SCALE * np.interp(times - delay, middles + FINE / 2, curve, left=0)


CASES = [(60, 4, 1.2), (25, 4.8, 0.4), (10, 8.4, 6.3), (20, 12, 3.1)]


@cache
def clean():
    return np.array([tissue(TIMES, *case) for case in CASES])


def noisy(count=60, noise=0.5, seed=3):
    curves = np.resize(clean(), (count, TIMES.size))
    return curves + np.random.default_rng(seed).normal(0, noise, curves.shape)


def estimate(curves, times=TIMES, **options):
    return deconvolve(curves, artery(times), times, "Bayesian", **options)


# against the truth


@pytest.mark.parametrize("spread", [1.0, 0.7, 0.0])
def test_curves_without_noise_come_back(spread):
    rng = np.random.default_rng(1)
    times = np.arange(0, 63, 1.0)
    mtt, delay = np.exp(rng.uniform(np.log(3.5), np.log(20), 24)), rng.uniform(0, 7, 24)
    curves = [tissue(times, 240 / m, m, d, spread) for m, d in zip(mtt, delay, strict=True)]
    est = estimate(curves, times)
    error = est.cbf * mtt / 240 - 1
    assert abs(np.median(error)) < 0.02 and np.sqrt(np.mean(error**2)) < 0.06
    assert np.sqrt(np.mean((est.delay - delay) ** 2)) < 0.25
    np.testing.assert_allclose(est.cbv, 4, rtol=0.03)
    assert (np.abs(error) < 2 * est.sd["cbf"] * mtt / 240).mean() > 0.95


def test_dispersed_curves_are_told_from_others():
    est = estimate([tissue(TIMES, 30, 8, 2.0, dispersion=value) for value in (0, 3)])
    np.testing.assert_allclose(est.cbf, 30, rtol=0.2)
    np.testing.assert_allclose(est.delay, 2, atol=0.5)
    undispersed = estimate([tissue(TIMES, 30, 8, 2.0, dispersion=3)], dispersion=0)
    assert undispersed.cbf[0] < 27 and undispersed.delay[0] > 3


def test_flow_does_not_depend_on_the_delay():
    rng = np.random.default_rng(0)
    delays = np.repeat([0, 1.5, 3, 6], 40)
    curves = np.array([tissue(TIMES, 40, 6, delay) for delay in delays])
    est = estimate(curves + rng.normal(0, 0.5, curves.shape))
    means = est.cbf.reshape(4, 40).mean(axis=1)
    assert np.ptp(means) < 0.06 * means.mean()
    np.testing.assert_allclose(np.diff(est.delay.reshape(4, 40).mean(axis=1)), [1.5, 1.5, 3], atol=0.15)


@pytest.mark.parametrize("quadrature", ["rectangle", "linear"])
def test_a_declared_sum_finds_the_curves_that_it_makes(quadrature):
    times = np.arange(0, 80, 1.25)
    matrix = causal_matrix(artery(times), 1.25, quadrature)
    curves = np.array([cbf * SCALE * matrix @ np.exp(-times / mtt) for cbf, mtt in ((60, 4), (30, 6), (12, 15))])
    est = estimate(curves, times, quadrature=quadrature)
    np.testing.assert_allclose(est.cbf, [60, 30, 12], rtol=0.05)
    np.testing.assert_allclose(est.delay, 0, atol=0.1)
    assert abs(estimate(curves, times).cbf[0] / 60 - 1) > 0.05 or quadrature == "linear"


# the posterior itself


def test_the_posterior_is_that_of_a_dense_grid():
    """With exponentials and no dispersion only two values are left, of which an explicit sum has all."""
    alone = replace(
        PRIOR, spread=np.ones(1), spread_weights=np.ones(1), dispersion=np.zeros(1), dispersion_weights=np.ones(1)
    )
    curve = noisy(noise=1.5)[3]
    est = estimate(noisy(noise=1.5), prior=alone)
    mtts, delays = np.exp(np.linspace(np.log(5), np.log(35), 60)), np.arange(0, 6, 0.1)
    fine = [tissue(CLOCK, 1, mtt) for mtt in mtts]
    models = np.array([[np.interp(TIMES - delay, CLOCK, model) for delay in delays] for model in fine])
    sizes = np.linalg.norm(models, axis=2)
    explained = (models @ curve / sizes).clip(0) ** 2
    likely = (curve @ curve - explained) ** (-est.estimator._freedom / 2)
    likely /= likely.sum()
    flows = models @ curve / sizes**2
    moments = {"cbf": flows, "mtt": mtts[:, None], "delay": delays}
    for name, values in moments.items():
        mean = (likely * values).sum()
        deviation = np.sqrt((likely * (values - mean) ** 2).sum())
        assert getattr(est, name)[3] == pytest.approx(mean, abs=0.1 * deviation)
        if name != "cbf":
            assert est.sd[name][3] == pytest.approx(deviation, rel=0.1)


def from_the_prior(count, seed=0):
    """Curves of unit size whose shapes are drawn from the prior, and their truth."""
    rng = np.random.default_rng(seed)
    mtt = np.exp(rng.uniform(np.log(3), np.log(40), count))
    delay, spread = rng.uniform(0, 10, count), rng.uniform(0, 1.2, count)
    dispersion = rng.exponential(1.5, count) * (rng.random(count) > PRIOR.dispersion_weights[0])
    curves = np.array([tissue(TIMES, 1, *shape) for shape in zip(mtt, delay, spread, dispersion, strict=True)])
    sizes = np.linalg.norm(curves, axis=1)
    return curves / sizes[:, None], {"cbf": 1 / sizes, "mtt": mtt, "delay": delay}


def unscaled(est, name):
    """Standard deviations without the part that every curve has in common with its scale."""
    common = SCALE_UNCERTAINTY * getattr(est, name) if name in ("cbf", "cbv") else 0
    return np.sqrt(est.sd[name] ** 2 - common**2)


@pytest.mark.parametrize("noise", [0.08, 0.03, 0.01])
def test_standard_deviations_hold_for_what_the_prior_expects(noise):
    curves, truth = from_the_prior(400)
    est = estimate(curves + np.random.default_rng(1).normal(0, noise, curves.shape))
    for name, true in truth.items():
        errors = (getattr(est, name) - true) / unscaled(est, name)
        assert 0.62 < (np.abs(errors) < 1).mean() < 0.85, name
        assert 0.6 < (errors**2).mean() < 1.3, name


def test_coloured_noise_counts_as_fewer_samples():
    curves, truth = from_the_prior(400)
    white = np.random.default_rng(2).normal(0, 0.03, (400, TIMES.size + 2))
    coloured = (white[:, 1:] + white[:, :-1])[:, : TIMES.size] / np.sqrt(2)
    usual, fewer = (estimate(curves + noise) for noise in (white[:, : TIMES.size], coloured))
    assert np.median(fewer.sd["mtt"] / usual.sd["mtt"]) > 1.2
    inside = np.abs(fewer.mtt - truth["mtt"]) < fewer.sd["mtt"]
    assert 0.55 < inside.mean() < 0.8


def test_independent_samples_follow_the_correlation_of_the_noise():
    white = np.random.default_rng(0).normal(0, 0.1, (300, 401))
    assert independent_samples(white) == pytest.approx(401, rel=0.03)
    averaged = (white[:, 1:] + white[:, :-1]) / 2
    assert independent_samples(averaged) == pytest.approx(400 / 3, rel=0.05)
    assert independent_samples(1e-4 * averaged) == pytest.approx(400, rel=0.05)
    assert independent_samples(np.empty((0, 45))) == 45


def test_a_subtracted_baseline_is_noticed_and_its_noise_allowed_for():
    curves, truth = from_the_prior(300)
    cbv = truth["cbf"] * truth["mtt"] / 60
    raw = curves + np.random.default_rng(1).normal(0, 0.05, curves.shape)
    subtracted = raw - raw[:, :4].mean(axis=1, keepdims=True)
    assert shares_baseline(subtracted, artery(TIMES)) and not shares_baseline(raw, artery(TIMES))
    est = estimate(subtracted)
    inside = np.abs(est.cbv - cbv) < unscaled(est, "cbv")
    assert 0.6 < inside.mean() < 0.8
    np.testing.assert_allclose(est.fitted().mean(axis=1), curves.mean(axis=1), atol=0.08)


def test_the_prior_decides_what_the_curve_does_not():
    exponential = replace(PRIOR, spread=np.ones(1), spread_weights=np.ones(1))
    box = replace(PRIOR, spread=np.zeros(1), spread_weights=np.ones(1))
    curves = np.array([tissue(TIMES, 30, 8, spread=spread) for spread in (1, 0)])
    declared, as_exponential, as_box = (estimate(curves, prior=prior).cbf for prior in (PRIOR, exponential, box))
    assert as_exponential[0] == pytest.approx(30, rel=0.03) and as_exponential[1] > 36
    assert as_box[1] == pytest.approx(30, rel=0.03) and as_box[0] < 25
    np.testing.assert_allclose(declared, 30, rtol=0.1)


# laws


def test_values_scale_as_the_physics_says():
    est = estimate(noisy())
    stronger = estimate(3 * noisy())
    np.testing.assert_allclose(stronger.cbf, 3 * est.cbf, rtol=1e-4)
    np.testing.assert_allclose(stronger.sd["cbf"], 3 * est.sd["cbf"], rtol=1e-3)
    np.testing.assert_allclose(stronger.mtt, est.mtt, rtol=1e-4)
    np.testing.assert_allclose(stronger.tmax, est.tmax, atol=1e-3)
    unit = deconvolve(1e-3 * noisy(), 1e-3 * artery(TIMES), TIMES, "Bayesian")
    np.testing.assert_allclose(unit.cbf, est.cbf, rtol=1e-4)
    weaker = deconvolve(noisy(), artery(TIMES) / 2, TIMES, "Bayesian")
    np.testing.assert_allclose(weaker.cbv, 2 * est.cbv, rtol=1e-4)


def test_when_the_clock_or_the_bolus_starts_does_not_matter():
    est = estimate(noisy())
    later_clock = deconvolve(noisy(), artery(TIMES), TIMES + 37.5, "Bayesian")
    np.testing.assert_allclose(later_clock.cbf, est.cbf, rtol=1e-4)
    np.testing.assert_allclose(later_clock.delay, est.delay, atol=1e-3)
    noise = np.random.default_rng(0).normal(0, 0.5, (40, TIMES.size))
    early, late = (
        deconvolve(tissue(TIMES, 40, 5, 2, start=start) + noise, artery(TIMES, start), TIMES, "Bayesian")
        for start in (8.0, 13.3)
    )
    assert late.cbf.mean() == pytest.approx(early.cbf.mean(), rel=0.05)
    assert late.delay.mean() == pytest.approx(early.delay.mean(), abs=0.15)


def test_density_and_haematocrit_scale_flow_and_volume():
    est = estimate(noisy(8), density=1, hematocrit_factor=1)
    usual = estimate(noisy(8))
    for name in ("cbf", "cbv"):
        np.testing.assert_allclose(getattr(usual, name), getattr(est, name) * 0.73 / 1.05)
        np.testing.assert_allclose(usual.sd[name], est.sd[name] * 0.73 / 1.05)
    np.testing.assert_allclose(usual.mtt, est.mtt)


def test_irregular_times_and_dropped_frames_are_taken_as_they_are():
    irregular = np.concatenate([np.arange(0, 33, 1.0), np.arange(33, 47, 2.0), np.arange(47, 71, 3.0)])
    rng = np.random.default_rng(0)
    expected, est, without = (
        estimate([tissue(times, *case) + rng.normal(0, 0.02, times.size) for case in CASES], times)
        for times in (np.arange(0, 71, 1.0), irregular, np.delete(irregular, 14))
    )
    for other in (est, without):
        np.testing.assert_allclose(other.cbf, expected.cbf, rtol=0.1)
        np.testing.assert_allclose(other.cbv, expected.cbv, rtol=0.02)
        np.testing.assert_allclose(other.delay, expected.delay, atol=0.3)
        assert other.notes == ()
    assert without.fitted().shape == (4, irregular.size - 1)


def test_voxels_do_not_know_each_other_and_few_are_read_as_many_are():
    curves = noisy(200)
    order = np.random.default_rng(0).permutation(200)
    est, shuffled = estimate(curves), estimate(curves[order])
    np.testing.assert_allclose(shuffled.cbf, est.cbf[order], rtol=1e-3)
    np.testing.assert_allclose(shuffled.residue(7), est.residue([order[7]]), atol=1e-3 * est.residue([order[7]]).max())
    few = est.estimator.estimate(curves[:4])
    np.testing.assert_allclose(few.mtt, est.mtt[:4], rtol=0.01)
    np.testing.assert_allclose(few.delay, est.delay[:4], atol=0.03)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_every_real_type_gives_the_same_values(dtype):
    curves = np.round(noisy(30) * 100)
    est, expected = estimate(curves.astype(dtype)), estimate(curves)
    np.testing.assert_allclose(est.cbf, expected.cbf, rtol=1e-3)
    assert est.cbf.dtype == est.sd["mtt"].dtype == (np.float64 if dtype is np.float64 else np.float32)


# what comes with the values


def test_tmax_is_the_middle_of_the_peak_behind_the_delay():
    exponential, box, dispersed = estimate(
        [tissue(TIMES, 30, 6, 2.0, spread, dispersion) for spread, dispersion in ((1, 0), (0, 0), (1, 2))]
    ).tmax
    assert exponential == pytest.approx(2, abs=0.4)
    assert box == pytest.approx(2 + 6 / 2, abs=0.6)
    assert dispersed == pytest.approx(2 + np.log(6 / 2) * 2 * 6 / (6 - 2), abs=0.6)


def test_the_local_input_is_the_arterial_one_delayed_and_dispersed():
    est = estimate([tissue(TIMES, 30, 8, 3.1), tissue(TIMES, 30, 8, 3.1, dispersion=2.5)])
    arriving = tissue(TIMES, 1 / SCALE, 2.5, 3.1) / 2.5
    for local, true in zip(est.local_aif(), (artery(TIMES - 3.1), arriving), strict=True):
        assert np.corrcoef(local, true)[0, 1] > 0.99
        assert local.max() == pytest.approx(true.max(), rel=0.1)


@pytest.mark.parametrize("quadrature", ["auto", "linear"])
def test_residue_functions_and_fits_belong_to_the_values(quadrature):
    est = estimate(clean(), quadrature=quadrature)
    np.testing.assert_allclose(est.fitted(), clean(), atol=0.04 * clean().max())
    residues = est.residue()
    assert residues.shape == (4, TIMES.size)
    area = 100 / SCALE / 6000 * residues.sum(axis=1) * 1.41
    np.testing.assert_allclose(area, est.cbv, rtol=0.2)
    before = est.lags < (est.delay - 1)[:, None]
    assert np.abs(residues[before]).max(initial=0) < 0.02 * residues.max()
    np.testing.assert_allclose(est.residue(slice(1, 3)), residues[1:3], rtol=1e-3, atol=1e-6)


# limits


def test_what_lies_outside_the_searched_range_is_marked():
    curves = [tissue(TIMES, 240, 1.0), tissue(TIMES, 4, 90), tissue(TIMES, 60, 4, 14), tissue(TIMES, 60, 4, -5)]
    rng = np.random.default_rng(0)
    est = estimate(np.array([*curves, tissue(TIMES, 40, 6, 3)]) + rng.normal(0, 0.05, (5, TIMES.size)), longest_tmax=10)
    is_at_edge = est.flags & Flag.AT_EDGE != 0
    assert is_at_edge.tolist() == [True, True, True, True, False]


def test_tissue_that_fills_before_the_artery_keeps_its_flow_and_is_marked():
    est = estimate([tissue(TIMES, 60, 4, -1.5)])
    assert est.cbf[0] == pytest.approx(60, rel=0.15)
    assert est.tmax[0] == 0 and est.delay[0] == pytest.approx(-1.5, abs=0.5)
    assert est.flags[0] & Flag.EARLY_PEAK


def test_a_curve_that_no_delay_explains_is_marked():
    twice = tissue(TIMES, 30, 4) + tissue(TIMES, 30, 4, 20)
    rng = np.random.default_rng(0)
    est = estimate(np.stack([twice, tissue(TIMES, 30, 4)]) + rng.normal(0, 0.2, (2, TIMES.size)))
    assert (est.flags & Flag.POOR_FIT != 0).tolist() == [True, False]


def test_curves_without_contrast_have_no_result_or_no_certainty():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (200, TIMES.size))
    est = estimate(np.concatenate([np.zeros((1, TIMES.size)), -clean()[:1], noise]))
    assert np.isnan(est.cbf[:2]).all() and (est.flags[:2] != 0).all()
    assert np.nanmedian(est.sd["delay"]) > 3


def test_longer_scans_and_later_delays_than_the_scan_shows_are_no_trouble():
    times = np.arange(0, 24, 1.5)
    est = estimate([tissue(times, 60, 4), tissue(times, 20, 8, 3)], times, longest_tmax=60)
    np.testing.assert_allclose(est.cbf, [60, 20], rtol=0.3)
    shortest = estimate(clean(), longest_tmax=0.5)
    assert np.isfinite(shortest.cbf).all()


def test_the_dispersion_can_be_set_and_is_checked():
    est = estimate(clean(), **Settings(method="Bayesian").method_options())
    np.testing.assert_array_equal(est.cbf, estimate(clean()).cbf)
    for wrong in (-1, np.nan, "much"):
        with pytest.raises(PerfusionError, match="dispersion is"):
            estimate(clean(), dispersion=wrong)


def test_the_prior_is_a_probability_and_its_cells_fill_the_declared_ranges():
    assert PRIOR.weights.sum() == pytest.approx(1)
    widths = PRIOR.widths
    assert np.exp(np.log(PRIOR.mtt[0]) - widths[0][0] / 2) == pytest.approx(3)
    assert np.exp(np.log(PRIOR.mtt[-1]) + widths[0][-1] / 2) == pytest.approx(40)
    assert PRIOR.spread[0] - widths[1][0] / 2 == pytest.approx(0) and PRIOR.dispersion[0] == widths[2][0] == 0
