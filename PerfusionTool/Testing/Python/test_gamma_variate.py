"""The gamma-variate fit recovers its own parameters and leaves recirculation out."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion import PerfusionError
from PerfusionToolLib.perfusion.gamma_variate import GammaVariate, first_pass, fit_gamma_variate

TIMES = np.arange(45) * 1.41


@pytest.mark.parametrize("alpha", [1.5, 3.0, 6.0])
@pytest.mark.parametrize("onset", [3.0, 12.0, 30.0])
def test_parameters_are_recovered_without_noise(alpha, onset):
    true = GammaVariate(onset, rise=alpha * 1.5, shape=alpha, height=250.0)
    fit = fit_gamma_variate(true(TIMES), TIMES)
    assert np.allclose([fit.onset, fit.rise, fit.shape, fit.height], [onset, alpha * 1.5, alpha, 250], rtol=0.01)
    assert fit.error < 1e-3


def test_the_two_ways_of_writing_it_agree():
    position = np.maximum(TIMES - 10, 0)
    plain = position**3 * np.exp(-position / 1.5)
    fit = fit_gamma_variate(plain, TIMES)
    assert np.isclose(fit.shape, 3, rtol=1e-3)
    assert np.isclose(fit.rise / fit.shape, 1.5, rtol=1e-3)
    assert np.isclose(fit.peak_time, 14.5, rtol=1e-3)


def test_recirculation_is_left_out_of_the_fit():
    true = GammaVariate(12.3, 4.5, 3.0, 280.0)
    later = np.maximum(TIMES - 26, 0)
    curve = true(TIMES) + 40 * (1 - np.exp(-later / 4))
    assert abs(fit_gamma_variate(curve, TIMES).shape - 3.0) < 0.3


def test_noise_moves_the_fit_little():
    true = GammaVariate(12.0, 4.5, 3.0, 250.0)
    fits = [fit_gamma_variate(true(TIMES) + np.random.default_rng(seed).normal(0, 5, 45), TIMES) for seed in range(10)]
    assert abs(np.mean([fit.peak_time for fit in fits]) - 16.5) < 0.1
    assert abs(np.mean([fit.height for fit in fits]) - 250) < 8


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_the_fit_scales_with_the_curve_and_shifts_with_time(scale):
    true = GammaVariate(10.0, 5.0, 2.5, 100.0)
    plain = fit_gamma_variate(true(TIMES), TIMES)
    other = fit_gamma_variate(scale * true(TIMES), TIMES + 7)
    assert np.isclose(other.height, scale * plain.height, rtol=1e-3)
    assert np.isclose(other.onset, plain.onset + 7, rtol=1e-3)


def test_irregular_times_are_used_as_they_are():
    times = np.concatenate([np.arange(20) * 1.0, 19 + np.arange(1, 10) * 3.0])
    true = GammaVariate(8.0, 5.0, 3.0, 90.0)
    assert np.isclose(fit_gamma_variate(true(times), times).rise, 5.0, rtol=0.02)


def test_a_square_pulse_does_not_pass_for_a_bolus():
    curve = np.where((TIMES > 10) & (TIMES < 30), 100.0, 0.0)
    assert fit_gamma_variate(curve, TIMES).error > 0.12


def test_a_curve_that_only_falls_is_fitted_all_the_same():
    assert np.isfinite(fit_gamma_variate(np.exp(-TIMES / 10), TIMES).error)


@pytest.mark.parametrize("curve", [np.zeros(45), -np.ones(45), np.full(45, np.nan)])
def test_a_curve_without_a_peak_is_refused(curve):
    with pytest.raises(PerfusionError, match="peak above 0"):
        fit_gamma_variate(curve, TIMES)


@pytest.mark.parametrize("shape", [0.25, 1.0, 3.0, 40.0, 59.0])
def test_arrival_peak_and_width_describe_the_curve(shape):
    true = GammaVariate(12.0, 5.0, shape, 250.0)
    drawn = GammaVariate.from_bolus(true.onset, true.peak_time, true.width, true.height)
    assert np.allclose(drawn(TIMES), true(TIMES), rtol=1e-6, atol=1e-6)
    assert np.allclose([drawn.onset, drawn.peak_time, drawn.width, drawn.height], [12, 17, true.width, 250])


def test_the_width_is_that_at_half_the_peak():
    drawn = GammaVariate.from_bolus(arrival=10.0, peak_time=15.0, width=7.0, height=200.0)
    fine = np.arange(0, 80, 0.001)
    above = fine[drawn(fine) >= 100]
    assert np.isclose(above[-1] - above[0], 7.0, atol=0.003)
    assert np.isclose(fine[np.argmax(drawn(fine))], 15.0, atol=0.002)


def test_a_wider_bolus_keeps_its_peak_and_gains_area():
    narrow, wide = (GammaVariate.from_bolus(10.0, 15.0, width, 200.0)(TIMES) for width in (5.0, 9.0))
    assert np.argmax(narrow) == np.argmax(wide)
    assert wide.sum() > 1.5 * narrow.sum()


def test_a_fit_can_be_changed_in_one_respect():
    fit = fit_gamma_variate(GammaVariate(12.0, 5.0, 3.0, 250.0)(TIMES), TIMES)
    higher = GammaVariate.from_bolus(fit.onset, fit.peak_time, fit.width, 2 * fit.height)
    assert np.allclose(higher(TIMES), 2 * fit(TIMES), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"peak_time": 10.0}, "peaks at 10 s but arrives at 10 s"),
        ({"height": 0.0}, "peak of the bolus is 0"),
        ({"width": 1.0}, r"cannot be 1 s wide at half its peak; choose 1.52 to 31.5 s"),
        ({"width": 40.0}, "cannot be 40 s wide"),
        ({"arrival": np.nan}, "arrival of the bolus is nan"),
    ],
)
def test_a_bolus_that_cannot_be_is_refused(changed, sentence):
    with pytest.raises(PerfusionError, match=sentence):
        GammaVariate.from_bolus(**{"arrival": 10.0, "peak_time": 15.0, "width": 7.0, "height": 200.0, **changed})


def test_the_first_pass_ends_before_recirculation_and_never_too_soon():
    curve = GammaVariate(10.0, 5.0, 3.0, 100.0)(TIMES)
    assert TIMES[first_pass(curve).stop - 1] < 27
    assert first_pass(np.arange(20.0)) == slice(0, 20)
