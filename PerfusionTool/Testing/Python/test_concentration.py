"""Signal to concentration, and the time of the peak between frames."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion.concentration import concentration, time_to_peak

BASELINE = np.arange(4)


def test_ct_concentration_is_the_rise_above_baseline():
    signal = np.array([[40, 42, 38, 40, 60, 50]], np.int16)
    result = concentration(signal, BASELINE, "CT")
    assert np.allclose(result.curves, [[0, 2, -2, 0, 20, 10]])
    assert result.curves.dtype == np.float32


def test_int16_near_its_limit_does_not_wrap():
    result = concentration(np.array([[-32000, -32000, -32000, -32000, 32000]], np.int16), BASELINE, "CT")
    assert result.curves[0, -1] == 64000


@pytest.mark.parametrize("scale", [1.0, 1e-3, 4e4])
def test_mr_concentration_is_the_relaxation_rate_in_any_scale(scale):
    rate = np.array([[0, 0, 0, 0, 12.0, 30.0, 4.0]])
    result = concentration(scale * np.exp(-0.03 * rate), BASELINE, "MR", 0.03)
    assert np.allclose(result.curves, rate, atol=1e-3)
    assert result.clipped == 0


def test_lost_mr_signal_is_held_and_counted():
    result = concentration(np.array([[100.0, 100, 100, 100, 0, -5, 50]]), BASELINE, "MR", 0.03)
    assert result.clipped == 2
    assert np.isfinite(result.curves).all()
    assert np.allclose(result.curves[0, 4:6], -np.log(0.01) / 0.03)


def test_a_voxel_without_baseline_signal_is_marked():
    result = concentration(np.array([[0.0, 0, 0, 0, 1, 2]]), BASELINE, "MR", 0.03)
    assert np.isnan(result.curves).all()


@pytest.mark.parametrize("times", [np.arange(20) * 1.41, np.cumsum(np.tile([1.0, 2.0], 10))])
def test_the_peak_of_a_parabola_is_found_between_frames(times):
    peaks = np.linspace(times[3], times[-4], 40)
    curves = 500 - (times - peaks[:, None]) ** 2
    assert np.allclose(time_to_peak(curves, times), peaks - times[0], atol=1e-3)


def test_the_peak_time_counts_from_the_first_frame_and_shifts_with_the_curve():
    times = np.arange(30) * 1.2
    curve = np.exp(-(((times - 15.3) / 4) ** 2))[None]
    assert np.allclose(time_to_peak(curve, times + 100), time_to_peak(curve, times), atol=1e-4)


def test_a_peak_at_the_end_and_a_flat_curve_are_no_parabola():
    times = np.arange(10) * 2.0
    found = time_to_peak(np.stack([times, times[::-1] + 1, np.zeros(10), -np.ones(10)]), times)
    assert found[0] == 18
    assert found[1] == 0
    assert np.isnan(found[2:]).all()
