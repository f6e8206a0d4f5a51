"""Deconvolution against residue functions that are known exactly."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from known_curves import IRREGULAR, RESIDUES, SCALE, TIMES, artery, noisy_mix, tissue
from PerfusionToolLib.perfusion import PerfusionError, Progress, settings
from PerfusionToolLib.perfusion.deconvolution import METHODS, Flag, deconvolve, deconvolve_steps
from PerfusionToolLib.perfusion.deconvolution.convolution import causal_matrix, circular_kernel
from scipy.linalg import circulant

CIRCULAR = ("bcSVD", "oSVD", "Tikhonov", "Wiener")
WITHOUT_DELAY = ("sSVD", *CIRCULAR)
FIXED = {"Tikhonov": {"regularization": 0.1}, "Wiener": {"noise": 0.01}}
"""Options of methods that otherwise learn theirs from the curves."""

ROUNDING = {"Bayesian": 2e-4}
"""Of methods that compute in single precision, relative to curves and flows of this size."""


# against the truth


@pytest.mark.parametrize("kind", ["exponential", "box", "gamma"])
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("sSVD", {"threshold": 0.01}),
        ("bcSVD", {"threshold": 0.01}),
        ("Tikhonov", {"regularization": 0.005}),
        ("Wiener", {"noise": 0.000025}),
    ],
)
def test_residue_functions_are_approached_as_frames_come_closer(kind, method, options):
    errors = []
    for interval in (2.0, 1.0, 0.5):
        times = np.arange(0, 90, interval)
        est = deconvolve(tissue(times, 60, 8, kind=kind)[None], artery(times), times, method, **options)
        error = est.residue()[0] / (60 * SCALE) - RESIDUES[kind](est.lags, 8)
        errors.append(np.sqrt(np.mean(error**2)))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.12


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("sSVD", {"threshold": 0.02}),
        ("bcSVD", {"threshold": 0.02}),
        ("oSVD", {"oscillation_index": 0.1}),
        ("Tikhonov", {"regularization": 0.01}),
        ("Wiener", {"noise": 0.0001}),
    ],
)
@pytest.mark.parametrize("quadrature", settings.QUADRATURES)
def test_a_dispersed_residue_without_jumps_is_recovered_within_two_percent(method, options, quadrature):
    times = np.arange(0, 90, 0.5)
    curve = tissue(times, 60, 12, kind="dispersed")
    est = deconvolve(curve[None], artery(times), times, method, quadrature=quadrature, **options)
    assert est.cbf[0] == pytest.approx(60, rel=0.02)
    assert est.tmax[0] == pytest.approx(6, abs=0.15)


@pytest.mark.parametrize("kind", ["exponential", "box", "gamma"])
@pytest.mark.parametrize("method", WITHOUT_DELAY)
def test_defaults_read_known_residues_within_the_known_bias(method, kind):
    cases = [(60, 4), (30, 8), (20, 12)]
    curves = [tissue(TIMES, *case, kind=kind) for case in cases]
    est = deconvolve(curves, artery(TIMES), TIMES, method, **FIXED.get(method, {}))
    ratio = est.cbf / [cbf for cbf, _ in cases]
    lowest, highest = {"exponential": (0.55, 0.95), "box": (0.6, 1.25), "gamma": (0.65, 1.15)}[kind]
    assert (ratio > lowest).all() and (ratio < highest).all()
    assert ratio[0] < ratio[1]
    np.testing.assert_allclose(est.cbv, 4, rtol=0.03)
    np.testing.assert_allclose(est.mtt, 60 * est.cbv / est.cbf)
    assert np.isnan(est.delay).all() and est.sd == {} and est.notes == ()


@pytest.mark.parametrize("cbv_from", ["area", "residue"])
@pytest.mark.parametrize("method", settings.SUM_METHODS)
def test_cbv_does_not_depend_on_the_frame_interval(method, cbv_from):
    for interval in (0.5, 1.0, 1.41, 2.0):
        times = np.arange(0, 70, interval)
        curve, options = tissue(times, 52.2, 4)[None], FIXED.get(method, {})
        est = deconvolve(curve, artery(times), times, method, cbv_from=cbv_from, **options)
        assert est.cbv[0] == pytest.approx(3.48, rel=0.01 if cbv_from == "area" else 0.06)


@pytest.mark.parametrize("method", CIRCULAR)
def test_tmax_is_finer_than_the_frame_interval(method):
    delays = np.arange(0, 9, 0.3)
    curves = [tissue(TIMES, 60, 4, delay) for delay in delays]
    est = deconvolve(curves, artery(TIMES), TIMES, method, **FIXED.get(method, {}))
    np.testing.assert_allclose(est.tmax - est.tmax[0], delays, atol=0.25 if method == "oSVD" else 0.05)
    assert np.unique(est.tmax).size == delays.size


@pytest.mark.parametrize("method", CIRCULAR)
def test_a_narrow_residue_at_six_seconds_has_a_tmax_of_six_seconds(method):
    curve = tissue(TIMES, 60, 2, delay=5.0, kind="box")
    est = deconvolve(curve[None], artery(TIMES), TIMES, method)
    assert est.tmax[0] == pytest.approx(6.0, abs=0.35)


def test_noise_does_not_bias_cbv_and_flowless_tissue_has_none():
    rng = np.random.default_rng(0)
    est = deconvolve(rng.normal(0, 1, (4000, TIMES.size)), artery(TIMES), TIMES)
    standard_error = np.nanstd(est.cbv) / np.sqrt(4000)
    assert abs(np.nanmean(est.cbv)) < 4 * standard_error
    assert (est.cbv < 0).sum() > 1500
    assert np.isnan(est.mtt[est.cbv <= 0]).all()
    assert (est.flags[est.cbv <= 0] & Flag.NO_VOLUME != 0).all()


# against explicit algebra


def explicit_circulant(quadrature):
    return circulant(circular_kernel(artery(TIMES), 1.41, quadrature, 2 * TIMES.size))


@pytest.mark.parametrize("quadrature", settings.QUADRATURES[1:])
def test_bcsvd_is_the_truncated_svd_of_the_block_circulant_matrix(quadrature):
    curves = noisy_mix(8)
    left, gains, right = np.linalg.svd(explicit_circulant(quadrature))
    inverse = np.where(gains >= 0.1 * gains[0], 1 / gains, 0)
    padded = np.pad(curves, ((0, 0), (0, TIMES.size)))
    expected = padded @ left * inverse @ right
    est = deconvolve(curves, artery(TIMES), TIMES, quadrature=quadrature)
    np.testing.assert_allclose(est.residue(), expected[:, : TIMES.size], atol=1e-9)
    np.testing.assert_allclose(est.fitted(), (padded @ left * (inverse > 0) @ left.T)[:, : TIMES.size], atol=1e-7)


def test_ssvd_is_the_truncated_inverse_of_the_lower_triangular_matrix():
    curves = noisy_mix(8)
    matrix = causal_matrix(artery(TIMES), 1.41, "simpson")
    est = deconvolve(curves, artery(TIMES), TIMES, "sSVD")
    np.testing.assert_allclose(est.residue(), curves @ np.linalg.pinv(matrix, rcond=0.2).T, atol=1e-9)
    np.testing.assert_allclose(est.fitted(), est.residue() @ matrix.T, atol=1e-7)


def test_tikhonov_solves_the_damped_normal_equations():
    curves = noisy_mix(8)
    matrix = explicit_circulant("simpson")
    damping = (0.1 * np.linalg.norm(matrix, 2)) ** 2 * np.eye(len(matrix))
    padded = np.pad(curves, ((0, 0), (0, TIMES.size)))
    expected = np.linalg.solve(matrix.T @ matrix + damping, matrix.T @ padded.T).T
    est = deconvolve(curves, artery(TIMES), TIMES, "Tikhonov", regularization=0.1)
    np.testing.assert_allclose(est.residue(), expected[:, : TIMES.size], atol=1e-9)


def test_osvd_takes_the_smallest_threshold_that_meets_the_oscillation_index():
    curves = noisy_mix(24)
    left, gains, right = np.linalg.svd(explicit_circulant("simpson"))
    est = deconvolve(curves, artery(TIMES), TIMES, "oSVD")
    chosen = []
    for curve, found in zip(np.pad(curves, ((0, 0), (0, TIMES.size))), est.residue(), strict=True):
        for threshold in np.arange(5, 96, 5) / 100:
            residue = (curve @ left * np.where(gains >= threshold * gains[0], 1 / gains, 0)) @ right
            if np.abs(np.diff(residue, n=2)).sum() / residue.size / residue.max() < 0.035:
                break
        chosen.append(threshold)
        np.testing.assert_allclose(found, residue[: TIMES.size], atol=1e-9)
    assert len(set(chosen)) > 2


def test_osvd_marks_curves_that_stay_restless():
    curves = np.random.default_rng(1).normal(0, 1, (50, TIMES.size))
    est = deconvolve(curves, artery(TIMES), TIMES, "oSVD", oscillation_index=0.001, longest_tmax=60)
    has_result = np.isfinite(est.cbf)
    assert has_result.sum() > 25
    assert (est.flags[has_result] & Flag.OSCILLATING != 0).all()


@pytest.mark.parametrize(
    ("quadrature", "error"), [("rectangle", 0.1), ("trapezoid", 0.004), ("simpson", 0.1), ("linear", 0.006)]
)
def test_causal_matrices_convolve_within_their_order(quadrature, error):
    times = np.arange(0, 60, 0.5)
    matrix = causal_matrix(artery(times), 0.5, quadrature)
    truth = tissue(times, 60, 4)
    convolved = matrix @ (60 * SCALE * np.exp(-times / 4))
    assert np.abs(convolved - truth).max() < error * truth.max()


# laws


@pytest.mark.parametrize("method", METHODS)
def test_values_scale_as_the_physics_says(method):
    curves = noisy_mix()
    est = deconvolve(curves, artery(TIMES), TIMES, method)
    stronger = deconvolve(curves * 3, artery(TIMES), TIMES, method)
    np.testing.assert_allclose(stronger.cbf, 3 * est.cbf, rtol=ROUNDING.get(method, 1e-9))
    np.testing.assert_allclose(stronger.cbv, 3 * est.cbv, rtol=ROUNDING.get(method, 1e-9))
    np.testing.assert_allclose(stronger.mtt, est.mtt, rtol=ROUNDING.get(method, 1e-9))
    np.testing.assert_allclose(stronger.tmax, est.tmax, atol=ROUNDING.get(method, 1e-9))
    other_unit = deconvolve(curves * 1e-3, artery(TIMES) * 1e-3, TIMES, method)
    np.testing.assert_allclose(other_unit.cbf, est.cbf, rtol=ROUNDING.get(method, 1e-9))


@pytest.mark.parametrize("method", WITHOUT_DELAY)
def test_a_slower_clock_means_less_flow_and_later_peaks(method):
    curves, options = noisy_mix(), FIXED.get(method, {})
    est = deconvolve(curves, artery(TIMES), TIMES, method, **options)
    slower = deconvolve(curves, artery(TIMES), TIMES * 2, method, longest_tmax=50.0, **options)
    if method in CIRCULAR:
        is_usual = (est.flags | slower.flags) == 0
        assert is_usual.mean() > 0.8
    else:
        is_usual = np.ones(len(curves), bool)
    np.testing.assert_allclose(slower.cbf[is_usual], est.cbf[is_usual] / 2, rtol=1e-9)
    np.testing.assert_allclose(slower.cbv[is_usual], est.cbv[is_usual], rtol=1e-9)
    np.testing.assert_allclose(slower.mtt[is_usual], est.mtt[is_usual] * 2, rtol=1e-9)
    np.testing.assert_allclose(slower.tmax[is_usual], est.tmax[is_usual] * 2, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_density_and_haematocrit_scale_flow_and_volume(method):
    curves = noisy_mix(8)
    est = deconvolve(curves, artery(TIMES), TIMES, method, density=1, hematocrit_factor=1)
    usual = deconvolve(curves, artery(TIMES), TIMES, method)
    np.testing.assert_allclose(usual.cbf, est.cbf * 0.73 / 1.05)
    np.testing.assert_allclose(usual.cbv, est.cbv * 0.73 / 1.05)


@pytest.mark.parametrize("method", METHODS)
def test_when_the_clock_or_the_bolus_starts_does_not_matter(method):
    curves = noisy_mix(8)
    est = deconvolve(curves, artery(TIMES), TIMES, method)
    later_clock = deconvolve(curves, artery(TIMES), TIMES + 37.5, method)
    np.testing.assert_allclose(later_clock.cbf, est.cbf, rtol=1e-6)
    cases = [(60, 4), (20, 8)]
    shift, options = 5.3, FIXED.get(method, {})
    early = deconvolve([tissue(TIMES, *case) for case in cases], artery(TIMES), TIMES, method, **options)
    curves = [tissue(TIMES, *case, delay=shift) for case in cases]
    late = deconvolve(curves, artery(TIMES - shift), TIMES, method, **options)
    np.testing.assert_allclose(late.cbf, early.cbf, rtol=0.02)
    np.testing.assert_allclose(late.tmax, early.tmax, atol=0.2)


@pytest.mark.parametrize("method", ["bcSVD", "Tikhonov", "Wiener"])
def test_circular_methods_read_the_same_flow_at_every_delay(method):
    curves = [tissue(TIMES, 60, 4, delay) for delay in (0, 0.7, 2.1, 4.4, 8.0)]
    est = deconvolve(curves, artery(TIMES), TIMES, method, **FIXED.get(method, {}))
    np.testing.assert_allclose(est.cbf, est.cbf[0], rtol=0.01)


def test_ssvd_loses_flow_under_delay_and_differs_from_bcsvd():
    curves = [tissue(TIMES, 60, 4, delay) for delay in (-1.41, 0, 4.4)]
    causal = deconvolve(curves, artery(TIMES), TIMES, "sSVD", threshold=0.1)
    circular = deconvolve(curves, artery(TIMES), TIMES, "bcSVD", threshold=0.1)
    assert causal.cbf[0] > 1.1 * causal.cbf[1]
    assert (np.abs(causal.residue() - circular.residue()).max(axis=1) > 0.02 * circular.residue().max(axis=1)).all()
    assert np.ptp(causal.cbf) > 20 * np.ptp(circular.cbf)


@pytest.mark.parametrize("method", CIRCULAR)
def test_tissue_that_fills_before_the_artery_keeps_its_flow(method):
    curves = [tissue(TIMES, 60, 4, delay) for delay in (0, -3.5)]
    est = deconvolve(curves, artery(TIMES), TIMES, method, **FIXED.get(method, {}))
    assert est.cbf[1] == pytest.approx(est.cbf[0], rel=0.1 if method == "oSVD" else 0.02)
    assert est.tmax[1] == 0
    assert est.flags.tolist() == [0, Flag.EARLY_PEAK]


def test_tissue_beyond_the_longest_tmax_is_marked():
    curve = tissue(TIMES, 60, 8, 9.0)
    est = deconvolve(curve[None], artery(TIMES), TIMES, longest_tmax=10)
    assert est.flags[0] == Flag.LATE_PEAK
    assert 9 < est.tmax[0] <= 10


@pytest.mark.parametrize("method", WITHOUT_DELAY)
def test_at_least_three_lags_are_searched_however_short_the_longest_tmax(method):
    times = np.arange(0, 60, 4.0)
    curves = [tissue(times, 60, 4), tissue(times, 20, 8, 3.0)]
    three_lags = deconvolve(curves, artery(times), times, method, longest_tmax=4.0 if method == "sSVD" else 2.0)
    assert (three_lags.tmax <= 4).all() and (three_lags.cbf > 0).all()
    for longest in (0.5, 1.0, 2.0):
        est = deconvolve(curves, artery(times), times, method, longest_tmax=longest)
        np.testing.assert_array_equal(est.cbf, three_lags.cbf)
        np.testing.assert_array_equal(est.tmax, three_lags.tmax)


@pytest.mark.parametrize("method", WITHOUT_DELAY)
def test_residues_keep_their_sign(method):
    est = deconvolve(noisy_mix(8), artery(TIMES), TIMES, method)
    assert (est.residue() < 0).any()
    if method != "oSVD":
        mirrored = deconvolve(-noisy_mix(8), artery(TIMES), TIMES, method)
        np.testing.assert_allclose(mirrored.residue(), -est.residue(), atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_voxels_do_not_know_each_other(method):
    curves = noisy_mix(60)
    order = np.random.default_rng(0).permutation(60)
    est = deconvolve(curves, artery(TIMES), TIMES, method)
    shuffled = deconvolve(curves[order], artery(TIMES), TIMES, method)
    np.testing.assert_allclose(shuffled.cbf, est.cbf[order], rtol=1e-9)
    np.testing.assert_allclose(shuffled.residue(7), est.residue([order[7]]), atol=1e-12)


# irregular times


@pytest.mark.parametrize("method", settings.SUM_METHODS)
def test_irregular_times_agree_with_regular_ones(method):
    cases = [(60, 4, 0.0), (25, 4.8, 2.0), (20, 8, 4.5)]
    regular = np.arange(0, 71, 1.0)
    curves, options = [tissue(regular, *case) for case in cases], FIXED.get(method, {})
    expected = deconvolve(curves, artery(regular), regular, method, **options)
    curves = [tissue(IRREGULAR, *case) for case in cases]
    est = deconvolve(curves, artery(IRREGULAR), IRREGULAR, method, **options)
    np.testing.assert_allclose(est.cbf, expected.cbf, rtol=0.04)
    np.testing.assert_allclose(est.cbv, expected.cbv, rtol=0.02)
    np.testing.assert_allclose(est.tmax, expected.tmax, atol=0.5 if method == "dSVD" else 0.25)
    assert expected.notes == ()
    assert "irregular" in est.notes[0] and "every 1 s" in est.notes[0]
    assert est.fitted().shape == (3, IRREGULAR.size)
    assert est.residue().shape == (3, est.lags.size)


def test_a_dropped_frame_costs_little():
    kept = np.delete(np.arange(TIMES.size), 14)
    curves = np.array([tissue(TIMES, 60, 4), tissue(TIMES, 20, 8, 3.0)])
    est = deconvolve(curves, artery(TIMES), TIMES)
    without = deconvolve(curves[:, kept], artery(TIMES)[kept], TIMES[kept])
    np.testing.assert_allclose(without.cbf, est.cbf, rtol=0.03)
    np.testing.assert_allclose(without.tmax, est.tmax, atol=0.2)


def test_rounded_times_count_as_regular():
    est = deconvolve(noisy_mix(4), artery(TIMES), np.round(TIMES, 2) + 0.01 * (np.arange(45) % 2))
    assert est.notes == () and est.lags.size == TIMES.size


# shapes, types and steps


def test_registry_and_settings_name_the_same_methods():
    assert tuple(METHODS) == settings.METHODS


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, ">f4"])
@pytest.mark.parametrize("method", METHODS)
def test_every_real_type_gives_the_same_values_and_is_left_alone(method, dtype):
    curves = np.round(noisy_mix(30) * 100)
    given = curves.astype(dtype)
    kept = given.copy()
    est = deconvolve(given, artery(TIMES), TIMES, method)
    expected = deconvolve(curves, artery(TIMES), TIMES, method)
    np.testing.assert_array_equal(given, kept)
    np.testing.assert_allclose(est.cbf, expected.cbf, rtol=1e-3)
    np.testing.assert_allclose(est.tmax, expected.tmax, atol=0.02)
    assert est.cbf.dtype == (np.float64 if dtype is np.float64 else np.float32)


@pytest.mark.parametrize("method", METHODS)
def test_fitted_curves_follow_the_tissue(method):
    curves = noisy_mix(8, noise=0)
    est = deconvolve(curves, artery(TIMES), TIMES, method)
    closeness = [np.corrcoef(pair)[0, 1] for pair in zip(est.fitted(), curves, strict=True)]
    # A box describes these mixed residue functions less well.
    assert min(closeness) > (0.95 if method == "boxNLR" else 0.97)
    np.testing.assert_allclose(est.fitted(slice(2, 4)), est.fitted()[2:4], atol=ROUNDING.get(method, 1e-12))


def test_steps_report_their_progress_and_agree_with_one_call():
    curves = np.tile(noisy_mix(100), (100, 1)).astype(np.float32)
    steps = deconvolve_steps(curves, artery(TIMES), TIMES, "oSVD")
    progress = []
    while True:
        try:
            progress.append(next(steps))
        except StopIteration as end:
            est = end.value
            break
    assert len(progress) >= 2 and all(isinstance(step, Progress) for step in progress)
    assert np.all(np.diff([step.fraction for step in progress]) > 0) and progress[-1].fraction == 1
    first = deconvolve(curves[:100], artery(TIMES), TIMES, "oSVD")
    np.testing.assert_allclose(est.cbf.reshape(100, 100), np.tile(first.cbf, (100, 1)), rtol=1e-4)


def test_no_voxels_give_an_empty_estimate():
    est = deconvolve(np.empty((0, TIMES.size)), artery(TIMES), TIMES)
    assert est.cbf.shape == (0,) and est.residue().shape == (0, TIMES.size)


@pytest.mark.parametrize("method", METHODS)
def test_one_curve_with_its_own_artery_takes_at_most_a_fifth_of_a_second(method):
    times = np.arange(120) * 1.0
    curve = tissue(times, 60, 4)[None]

    def seconds():
        start = time.perf_counter()
        deconvolve(curve, artery(times), times, method)
        return time.perf_counter() - start

    assert any(seconds() < 0.2 for _ in range(30))


# bad input


@pytest.mark.parametrize("method", METHODS)
def test_unusable_curves_give_nan_and_a_flag_without_a_warning(method):
    good = tissue(TIMES, 60, 4)
    curves = np.array([good, 0 * good, 0 * good + 7, good, good, -artery(TIMES)])
    curves[3, 5], curves[4, 5] = np.nan, np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        est = deconvolve(curves, artery(TIMES), TIMES, method)
        residues = est.residue()
    for value in (est.cbf, est.cbv, est.mtt, est.tmax):
        assert np.isfinite(value[0]) and np.isnan(value[1:5]).all()
    assert est.flags[:5].tolist() == [0, *[Flag.NO_CURVE] * 4]
    assert np.isfinite(residues[0]).all() and np.isnan(residues[1:5]).all()


def test_a_residue_that_is_nowhere_positive_gives_nan_and_a_flag():
    est = deconvolve(-artery(TIMES)[None], artery(TIMES), TIMES, threshold=0.99)
    assert np.isnan([est.cbf[0], est.cbv[0], est.mtt[0], est.tmax[0]]).all()
    assert est.flags[0] == Flag.NO_PEAK


GOOD = {"tissue": np.ones((2, 45)), "arterial_input": artery(TIMES), "times": TIMES}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arterial_input": np.zeros(45)}, "in every frame"),
        ({"arterial_input": -artery(TIMES)}, "must be above 0"),
        ({"arterial_input": np.where(TIMES > 30, np.nan, 1)}, "not finite"),
        ({"arterial_input": artery(TIMES)[:-1]}, "45 frame times for 44 frames"),
        ({"arterial_input": artery(TIMES)[None]}, "one value per frame"),
        ({"arterial_input": ["a"] * 45}, "not numbers"),
        ({"times": TIMES[::-1]}, "must increase"),
        ({"times": np.where(TIMES == 0, np.nan, TIMES)}, "time of frame 0 is nan"),
        ({"times": np.append(TIMES[:-1], np.inf)}, "time of frame 44 is inf"),
        ({"times": np.where(np.arange(45) == 3, TIMES[2], TIMES)}, "frame 3"),
        ({"times": TIMES[:5], "arterial_input": artery(TIMES[:5])}, "at least 10"),
        ({"times": None}, "no frame times"),
        ({"tissue": np.ones(45)}, r"\(45,\)"),
        ({"tissue": np.ones((45, 2))}, "45 frames"),
        ({"tissue": np.ones((2, 45), complex)}, "real numbers"),
        ({"method": "cSVD"}, "bcSVD"),
        ({"method": None}, "Unknown method"),
        ({"oscillation_index": 0.03}, "threshold"),
        ({"threshold": 0}, "between 0 and 1"),
        ({"threshold": 1.5}, "between 0 and 1"),
        ({"method": "Tikhonov", "regularization": -1}, "above 0"),
        ({"quadrature": "euler"}, "simpson"),
        ({"cbv_from": "fit"}, "area or residue"),
        ({"density": 0}, "density"),
        ({"hematocrit_factor": np.nan}, "haematocrit"),
        ({"longest_tmax": -5}, "longest Tmax"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(change, words):
    with pytest.raises(PerfusionError, match=words) as raised:
        deconvolve(**{**GOOD, **change})
    assert str(raised.value).endswith((".", ";")) and "\n" not in str(raised.value)


def test_areas_may_end_early_without_changing_a_curve_that_has_washed_out():
    curve = tissue(TIMES, 60, 4)[None]
    whole = deconvolve(curve, artery(TIMES), TIMES)
    early = deconvolve(curve, artery(TIMES), TIMES, area_until=8 + 35)
    assert np.isclose(early.cbv[0], whole.cbv[0], rtol=0.01)
    assert np.allclose(early.cbf, whole.cbf)


def test_areas_that_end_early_leave_a_late_drift_out():
    drift = np.where(TIMES > 45, 3.0, 0.0)
    plain, drifted = (
        deconvolve((tissue(TIMES, 25, 4.8) + extra)[None], artery(TIMES), TIMES, area_until=43.0).cbv[0]
        for extra in (0, drift)
    )
    assert np.isclose(plain, drifted)
    with pytest.raises(PerfusionError, match=r"cannot end at 0\.5 s"):
        deconvolve(drift[None], artery(TIMES), TIMES, area_until=0.5)


def test_areas_that_end_before_the_artery_fills_are_refused():
    arrival = TIMES[artery(TIMES) > 0][0]
    with pytest.raises(PerfusionError, match=r"until 7 s is 0; it must be above 0"):
        deconvolve(tissue(TIMES, 60, 4)[None], artery(TIMES), TIMES, area_until=7.0)
    early = deconvolve(tissue(TIMES, 60, 4)[None], artery(TIMES), TIMES, area_until=arrival)
    assert np.isfinite(early.cbv).all()
