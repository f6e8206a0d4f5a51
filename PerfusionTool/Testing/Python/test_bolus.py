"""Arrival of the bolus: early, late, noisy, cut off, absent."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion import PerfusionError
from PerfusionToolLib.perfusion.bolus import find_bolus, mean_curve, threshold_curve

TIMES = np.arange(45) * 1.41


def brain_curve(arrival, height=6.0, times=TIMES, noise=0.02, offset=35.0, seed=0):
    """CT brain curve whose bolus starts at a time in s."""
    position = np.maximum(times - arrival, 0)
    passage = position**3 * np.exp(-position / 2.5)
    passage = passage / (7.5**3 * np.exp(-3)) + 0.15 * (1 - np.exp(-position / 8))
    return offset + height * passage + np.random.default_rng(seed).normal(0, noise, times.size)


@pytest.mark.parametrize("arrival", [3.0, 5.0, 10.0, 20.0, 30.0])
@pytest.mark.parametrize("seed", range(5))
def test_arrival_is_found_within_two_frames(arrival, seed):
    bolus = find_bolus(brain_curve(arrival, seed=seed), "CT")
    first = int(np.argmax(arrival < TIMES))
    assert 0 <= bolus.arrival - first <= 2
    assert bolus.baseline[0] == 0
    assert bolus.baseline[-1] < bolus.arrival


def test_an_offset_of_1024_changes_nothing():
    plain, shifted = (find_bolus(brain_curve(10, offset=offset), "CT") for offset in (35.0, 1059.0))
    assert plain.arrival == shifted.arrival
    assert np.allclose(plain.curve, shifted.curve)


def test_mr_is_the_falling_signal():
    drop = 0.08 * (brain_curve(10, offset=0, noise=0.002))
    bolus = find_bolus(900 * np.exp(-drop), "MR")
    assert abs(bolus.arrival - 8) <= 1
    assert np.allclose(bolus.curve, drop - drop[bolus.baseline].mean(), atol=0.003)


def test_irregular_times_do_not_matter():
    times = np.concatenate([np.arange(20) * 1.0, 19 + np.arange(1, 16) * 3.0])
    bolus = find_bolus(brain_curve(10, times=times), "CT")
    assert 0 <= bolus.arrival - np.argmax(times > 10) <= 2


def test_a_slow_drift_is_not_the_bolus():
    bolus = find_bolus(brain_curve(20) + 0.01 * TIMES, "CT")
    assert abs(bolus.arrival - np.argmax(TIMES > 20)) <= 2


@pytest.mark.parametrize("seed", range(10))
def test_noise_without_a_bolus_is_refused(seed):
    noise = np.random.default_rng(seed).normal(35, 0.05, 45)
    with pytest.raises(PerfusionError, match="No bolus was found"):
        find_bolus(noise, "CT")


def test_a_constant_signal_is_refused():
    with pytest.raises(PerfusionError, match="No bolus was found"):
        find_bolus(np.full(45, 35.0), "CT")


def test_non_positive_mr_signal_is_refused():
    with pytest.raises(PerfusionError, match="must be positive"):
        find_bolus(np.linspace(5, -5, 45), "MR")


def test_a_person_may_set_arrival_and_baseline():
    bolus = find_bolus(brain_curve(10), "CT", arrival=7, baseline_start=2)
    assert bolus.arrival == 7
    assert bolus.baseline.tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("choice", [{"arrival": 45}, {"arrival": 0}, {"arrival": 3, "baseline_start": 5}])
def test_impossible_choices_are_refused(choice):
    with pytest.raises(PerfusionError, match="cannot"):
        find_bolus(brain_curve(10), "CT", **choice)


def test_a_bolus_cut_off_is_said():
    assert any("cut off" in warning for warning in find_bolus(brain_curve(52), "CT").warnings)
    assert find_bolus(brain_curve(52), "CT").cut_off == "end"
    early = find_bolus(brain_curve(-2), "CT")
    assert early.cut_off == "start"
    assert "cut off at the start" in early.warnings[0]
    assert find_bolus(brain_curve(10), "CT").cut_off == ""
    assert not find_bolus(brain_curve(10), "CT").warnings


def test_curves_are_those_of_the_mask():
    signal = np.zeros((10, 2, 3, 4), np.int16)
    signal[:, 0, 0, 0] = np.arange(10) * 100
    mask = np.zeros((2, 3, 4), bool)
    mask[0, 0, :2] = True
    assert np.allclose(mean_curve(signal, mask), np.arange(10) * 50)
    assert np.allclose(threshold_curve(signal, mask, 450), np.where(np.arange(10) >= 5, np.arange(10) * 50, 0))
