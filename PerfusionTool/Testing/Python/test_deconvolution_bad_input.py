"""Bad input of deconvolution, by every method: a sentence, a note or a marked voxel, never a silent number."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from known_curves import IRREGULAR, TIMES, artery, noisy_mix, tissue
from PerfusionToolLib.perfusion import PerfusionError, settings
from PerfusionToolLib.perfusion.deconvolution import METHODS, Flag, deconvolve, deconvolve_steps
from PerfusionToolLib.perfusion.progress import drain

every_method = pytest.mark.parametrize("method", METHODS)
GOOD = artery(TIMES)
REFUSED = {
    "all zero": (np.zeros(45), "is 0 in every frame"),
    "constant": (np.full(45, 3.0), "is 3 in every frame"),
    "negative": (-GOOD, "must be above 0"),
    "NaN in one frame": (np.where(np.arange(45) == 20, np.nan, GOOD), "not finite in 1 frame"),
    "infinite": (np.where(GOOD > 90, np.inf, GOOD), "not finite"),
    "shorter than the series": (GOOD[:-3], "45 frame times for 42 frames"),
    "longer than the series": (np.append(GOOD, 0), "45 frame times for 46 frames"),
    "empty": ([], "0 frames"),
}


@every_method
@pytest.mark.parametrize("case", REFUSED)
def test_an_impossible_arterial_input_is_refused_with_a_sentence(method, case):
    curve, words = REFUSED[case]
    with pytest.raises(PerfusionError, match=words):
        deconvolve(noisy_mix(4), curve, TIMES, method)


@every_method
def test_two_frames_are_refused_with_a_sentence(method):
    with pytest.raises(PerfusionError, match="2 frames; deconvolution needs at least 10"):
        deconvolve([[0.0, 1.0]], [0.0, 1.0], [0.0, 1.4], method)


@every_method
def test_ten_frames_are_enough(method):
    times = np.arange(10) * 4.0
    est = deconvolve([tissue(times, 60, 4), tissue(times, 20, 8, 3.0)], artery(times), times, method)
    assert np.isfinite(est.cbf).all()


@every_method
def test_tissue_that_is_zero_everywhere_has_no_values_and_is_marked(method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        est = deconvolve(np.zeros((5, 45)), GOOD, TIMES, method)
    for values in (est.cbf, est.cbv, est.mtt, est.tmax, est.delay, *est.sd.values()):
        assert np.isnan(values).all()
    assert (est.flags == Flag.NO_CURVE).all()
    assert np.isnan(est.residue()).all() and np.isnan(est.fitted()).all()


@every_method
def test_an_arterial_input_later_than_the_tissue_is_noted(method):
    curves = noisy_mix(40)
    est = deconvolve(curves, artery(TIMES, start=13.0), TIMES, method)
    assert any(note.startswith("The AIF is late: it rises") for note in est.notes)
    assert not any("late" in note for note in deconvolve(curves, GOOD, TIMES, method).notes)


@every_method
def test_a_saturated_arterial_input_is_noted(method):
    curves = noisy_mix(40)
    est = deconvolve(curves, GOOD.clip(max=40), TIMES, method)
    assert "The AIF is saturated: 6 frames lie within 2 % of its peak." in est.notes
    assert deconvolve(curves, GOOD, TIMES, method).notes == ()


def test_a_truncated_and_a_flat_arterial_input_are_noted():
    early = TIMES < 16
    cut = deconvolve(noisy_mix(40)[:, early], GOOD[early], TIMES[early])
    assert any("truncated" in note for note in cut.notes)
    flat = deconvolve(noisy_mix(40), noisy_mix(40).mean(axis=0).clip(0) * 2, TIMES)
    assert any("only 2.0 times the tissue's mean peak" in note for note in flat.notes)


def test_noise_alone_does_not_make_the_arterial_input_late():
    noise = np.random.default_rng(8).normal(0, 1, (500, TIMES.size))
    assert deconvolve(noise, GOOD, TIMES).notes == ()
    assert deconvolve(noise[:1], GOOD, TIMES).notes == ()


def test_the_pipeline_which_judges_the_arterial_input_itself_is_not_told_twice():
    est = drain(deconvolve_steps(noisy_mix(40), GOOD.clip(max=40), TIMES))
    assert est.notes == ()


@every_method
def test_irregular_times_are_noted_where_curves_are_resampled(method):
    curves = [tissue(IRREGULAR, 60, 4), tissue(IRREGULAR, 20, 8, 3.0)]
    notes = deconvolve(curves, artery(IRREGULAR), IRREGULAR, method).notes
    is_noted = any("irregular" in note and "every 1 s" in note for note in notes)
    assert is_noted == (method in settings.SUM_METHODS)
    declared = deconvolve(curves, artery(IRREGULAR), IRREGULAR, method, quadrature="rectangle").notes
    assert any("irregular" in note for note in declared)


@every_method
def test_one_bad_frame_of_a_voxel_marks_this_voxel_alone(method):
    curves = noisy_mix(6)
    expected = deconvolve(np.delete(curves, 2, axis=0), GOOD, TIMES, method)
    curves[2, 7] = np.nan
    est = deconvolve(curves, GOOD, TIMES, method)
    assert est.flags[2] == Flag.NO_CURVE and np.isnan(est.cbf[2])
    np.testing.assert_allclose(np.delete(est.cbf, 2), expected.cbf, rtol=1e-6)
