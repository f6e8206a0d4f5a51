"""Motion that was found once serves a study of the same scan, and no other."""

import json

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Analysis, PerfusionSeries, Settings, analyze, sample_head
from PerfusionToolLib.perfusion import stages as stages_module
from PerfusionToolLib.perfusion.analysis import STAGES
from PerfusionToolLib.perfusion.remembered import recalled_motion

SMALL = {"shape": (8, 64, 64), "spacing": (6.0, 3.0, 3.0)}


@pytest.fixture(scope="module")
def head():
    return sample_head("CT", noise=2.0, motion=3.0, integer=True, **SMALL)


@pytest.fixture(scope="module")
def study(head):
    signal = head.series.signal.copy()
    signal[30] = signal.min()
    return analyze(series_of(head, signal=signal))


@pytest.fixture
def estimations(monkeypatch):
    """Grows whenever motion is estimated."""
    calls = []
    estimate = stages_module.estimate_motion_steps
    monkeypatch.setattr(stages_module, "estimate_motion_steps", lambda *given: calls.append(1) or estimate(*given))
    return calls


def series_of(head, signal=None, times=None, ijk_to_ras=None):
    series = head.series
    return PerfusionSeries(
        series.signal if signal is None else signal,
        series.times if times is None else times,
        series.ijk_to_ras if ijk_to_ras is None else ijk_to_ras,
        "CT",
    )


def kept(study):
    return json.loads(json.dumps(study.remembered))


def until_motion(series, settings=None, remembered=None):
    study = Analysis(series, settings, remembered=remembered)
    for _ in study.steps():
        if "motion" in study.stages_done:
            break
    return study


def test_the_maps_are_the_same_to_the_last_bit(study, estimations):
    again = Analysis(study.series, remembered=kept(study)).run()
    assert estimations == []
    for name, volume in study.maps.items():
        assert np.array_equal(volume, again.maps[name], equal_nan=True), name
    assert again.warnings == study.warnings
    assert np.array_equal(again.motion.parameters, study.motion.parameters)
    assert np.array_equal(again.motion.corrupted, study.motion.corrupted)
    assert kept(again) == kept(study)


def test_times_and_geometry_rounded_by_a_file_still_fit(study):
    series = study.series
    rounded = PerfusionSeries(series.signal, series.times.round(5), series.ijk_to_ras.round(5), "CT")
    assert recalled_motion(kept(study), rounded, Settings()) is not None


@pytest.mark.parametrize(
    "changed",
    [{"reference_frame": 3}, {"largest_motion": 5.0}, {"maximum_matrix": 32}, {"frames_to_drop": 1}],
    ids=lambda changed: next(iter(changed)),
)
def test_with_other_settings_of_these_stages_it_does_not_fit(study, changed):
    assert recalled_motion(kept(study), study.series, Settings()) is not None
    assert recalled_motion(kept(study), study.series, Settings(**changed)) is None


def test_settings_of_later_stages_do_not_matter(study, estimations):
    until_motion(study.series, Settings(smoothing_mm=2.0, method="oSVD"), kept(study))
    assert estimations == []


def test_it_does_not_fit_another_scan(study, head):
    times, matrix = head.series.times, head.series.ijk_to_ras
    signal = study.series.signal
    others = {
        "patient": series_of(head, signal=np.roll(signal, 1, axis=3)),
        "times": series_of(head, signal=signal, times=times * 1.1),
        "geometry": series_of(head, signal=signal, ijk_to_ras=matrix * [[1.1], [1], [1], [1]]),
        "frames": series_of(head, signal=signal[1:], times=times[1:]),
    }
    for other, series in others.items():
        assert recalled_motion(kept(study), series, Settings()) is None, other


def test_what_does_not_fit_is_estimated_anew(study, estimations):
    again = until_motion(study.series, Settings(reference_frame=3), kept(study))
    assert len(estimations) == 1
    assert again.remembered["settings"]["reference_frame"] == 3


@pytest.mark.parametrize("remembered", [None, {}, {"settings": {}}, {"scan": None}])
def test_what_says_nothing_is_passed_over(study, remembered):
    assert recalled_motion(remembered, study.series, Settings()) is None


def test_it_comes_back_with_the_settings_it_was_found_under(study, estimations):
    again = until_motion(study.series, remembered=kept(study))
    again.change_settings(Settings(motion_correction=False))
    assert "motion" not in again.stages_done
    again.change_settings(Settings())
    again.run()
    assert estimations == []
    assert again.stages_done == STAGES


def test_it_is_there_before_the_work_and_absent_without_correction(study, head):
    assert Analysis(head.series).remembered == {}
    assert Analysis(study.series, remembered=kept(study)).remembered == kept(study)
    assert until_motion(head.series, Settings(motion_correction=False)).remembered == {}
