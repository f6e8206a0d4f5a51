"""boxNLR against boxes that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from known_curves import IRREGULAR, TIMES, artery, noisy_mix, tissue
from PerfusionToolLib.perfusion.deconvolution import Flag, deconvolve
from PerfusionToolLib.perfusion.deconvolution.arterial_integral import ArterialIntegral
from PerfusionToolLib.perfusion.deconvolution.boxnlr import LONGEST_MTT
from PerfusionToolLib.perfusion.deconvolution.convolution import causal_matrix
from PerfusionToolLib.perfusion.deconvolution.problem import checked_problem

CASES = [(cbf, mtt, delay) for mtt in (3, 4, 6, 8, 12, 16) for cbf, delay in ((60, 0), (20, 2.3), (40, 5.7), (40, -1))]


def boxes(times, cases):
    return np.array([tissue(times, *case, kind="box") for case in cases])


@pytest.mark.parametrize(("interval", "error"), [(1.41, 0.015), (0.5, 0.001)])
def test_boxes_are_recovered_from_their_samples(interval, error):
    times = np.arange(0, 75, interval)
    est = deconvolve(boxes(times, CASES), artery(times), times, "boxNLR")
    cbf, mtt, delay = np.transpose(CASES)
    np.testing.assert_allclose(est.cbf, cbf, rtol=error)
    np.testing.assert_allclose(est.mtt, mtt, rtol=error)
    np.testing.assert_allclose(est.cbv, cbf * mtt / 60, rtol=error)
    np.testing.assert_allclose(est.delay, delay, atol=interval / 50)
    np.testing.assert_allclose(est.tmax, (delay + mtt / 2).clip(0), atol=interval / 50)
    assert est.notes == ()


def test_irregular_times_are_fitted_as_they_are():
    est = deconvolve(boxes(IRREGULAR, CASES), artery(IRREGULAR), IRREGULAR, "boxNLR")
    cbf, mtt, delay = np.transpose(CASES)
    is_dense = delay + mtt < 12
    np.testing.assert_allclose(est.cbf[is_dense], cbf[is_dense], rtol=0.01)
    np.testing.assert_allclose(est.cbv, cbf * mtt / 60, rtol=0.02)
    np.testing.assert_allclose(est.delay, delay, atol=0.1)
    assert est.notes == ()


@pytest.mark.parametrize("quadrature", ["rectangle", "simpson"])
def test_a_declared_rule_explains_curves_that_were_summed_by_it(quadrature):
    matrix = causal_matrix(artery(TIMES), 1.41, quadrature)
    box = 0.01 * ((TIMES >= 2.5 * 1.41) & (TIMES < 7.5 * 1.41))
    est = deconvolve((matrix @ box)[None], artery(TIMES), TIMES, "boxNLR", quadrature=quadrature)
    expected = 0.01 * 6000 * 0.73 / 1.05
    np.testing.assert_allclose([est.cbf[0], est.mtt[0], est.delay[0]], [expected, 5 * 1.41, 3 * 1.41], rtol=1e-3)


@pytest.mark.parametrize("case", [(60, 4, 1.2), (25, 8, 3.0), (12, 10, 6.0)])
def test_deviations_say_how_often_truth_is_near(case):
    rng = np.random.default_rng(1)
    curves = boxes(TIMES, [case]) + rng.normal(0, 0.2, (3000, TIMES.size))
    est = deconvolve(curves, artery(TIMES), TIMES, "boxNLR")
    cbf, mtt, delay = case
    truth = {"cbf": cbf, "cbv": cbf * mtt / 60, "mtt": mtt, "delay": delay, "tmax": delay + mtt / 2}
    assert set(est.sd) == set(truth)
    for name, value in truth.items():
        distance = np.abs(getattr(est, name) - value) / est.sd[name]
        assert 0.64 < np.mean(distance < 1) < 0.73
        assert 0.93 < np.mean(distance < 2) < 0.97


def test_the_fit_is_the_best_of_all_boxes():
    curves = noisy_mix(200, noise=1.5)
    est = deconvolve(curves, artery(TIMES), TIMES, "boxNLR")
    left = np.sum((curves - est.fitted()) ** 2, axis=1)
    delays, mtts = np.meshgrid(np.arange(-3, 25, 0.5), np.geomspace(2, 30, 30))
    integral = ArterialIntegral(checked_problem(artery(TIMES), TIMES, "auto", 25.0)).integral
    shifted = TIMES - delays.reshape(-1, 1)
    shapes = integral(shifted) - integral(shifted - mtts.reshape(-1, 1))
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True)
    least = np.sum(curves**2, axis=1) - (curves @ shapes.T).clip(0).max(axis=1) ** 2
    # Under noise two boxes far apart may be as good as each other.
    assert np.mean(left <= least * 1.00001) > 0.95
    assert (left <= least * 1.005).all()


def test_single_precision_finds_the_same_values():
    curves = noisy_mix(60)
    double = deconvolve(curves, artery(TIMES), TIMES, "boxNLR")
    single = deconvolve(curves.astype(np.float32), artery(TIMES), TIMES, "boxNLR")
    np.testing.assert_allclose(single.cbf, double.cbf, rtol=2e-3)
    np.testing.assert_allclose(single.sd["cbf"], double.sd["cbf"], rtol=2e-2)


def test_what_lies_outside_the_range_is_marked():
    curves = boxes(TIMES, [(60, 4, 12.0), (60, 0.4, 2.0), (60, 4, -6.0), (60, 4, 2.0)])
    est = deconvolve(curves, artery(TIMES), TIMES, "boxNLR", longest_tmax=10.0)
    assert ((est.flags & Flag.AT_EDGE) != 0).tolist() == [True, True, True, False]
    assert est.flags[3] == 0
    assert est.delay[0] == 10 and est.delay[2] == -3
    assert est.flags[2] & Flag.EARLY_PEAK and est.tmax[2] == 0
    drift = np.linspace(0, 5, TIMES.size)
    slow = deconvolve(drift[None], artery(TIMES), TIMES, "boxNLR")
    assert slow.flags[0] & Flag.AT_EDGE and slow.mtt[0] == LONGEST_MTT


def test_a_curve_that_no_box_explains_is_marked_and_noise_alone_is_not():
    rng = np.random.default_rng(2)
    twice = tissue(TIMES, 60, 4) + tissue(TIMES, 60, 4, 25.0)
    curves = np.array([tissue(TIMES, 60, 4, kind="gamma"), twice]) + rng.normal(0, 0.3, (300, 2, TIMES.size))
    est = deconvolve(curves.reshape(-1, TIMES.size), artery(TIMES), TIMES, "boxNLR")
    is_poor = (est.flags & Flag.POOR_FIT != 0).reshape(300, 2)
    assert is_poor[:, 1].all() and not is_poor[:, 0].any()


def test_the_local_arterial_input_arrives_with_the_delay():
    cases = [(60, 4, 3.3), (30, 8, -1.0)]
    est = deconvolve(boxes(TIMES, cases), artery(TIMES), TIMES, "boxNLR")
    arriving = est.local_aif()
    expected = [artery(TIMES - 3.3), artery(TIMES + 1.0)]
    np.testing.assert_allclose(arriving, expected, atol=2.0)
    np.testing.assert_allclose(est.local_aif(1), arriving[1:])


def test_residues_are_boxes_of_the_estimated_area():
    est = deconvolve(boxes(TIMES, [(60, 4, 3.3), (20, 12, 1.0)]), artery(TIMES), TIMES, "boxNLR")
    residues = est.residue()
    scale = 0.73 / 1.05
    np.testing.assert_allclose(residues.max(axis=1) * 6000 * scale, est.cbf)
    np.testing.assert_allclose(residues.sum(axis=1) * 1.41 * 100 * scale, est.cbv)
    assert (residues[0, est.lags < 2.5] == 0).all() and (residues[0, est.lags > 8.1] == 0).all()
