"""dSVD: flow that does not depend on the delay, and the delay."""

from __future__ import annotations

import numpy as np
import pytest
from known_curves import IRREGULAR, TIMES, artery, noisy_mix, tissue
from PerfusionToolLib.perfusion import PerfusionError
from PerfusionToolLib.perfusion.deconvolution import Flag, deconvolve

DELAYS = np.arange(-2, 12, 0.35)


def delayed(kind, cbf, mtt, delays=DELAYS):
    return np.array([tissue(TIMES, cbf, mtt, delay, kind) for delay in delays])


@pytest.mark.parametrize("kind", ["exponential", "gamma", "box"])
@pytest.mark.parametrize(("cbf", "mtt"), [(60, 4), (25, 8), (12, 10)])
def test_flow_does_not_depend_on_the_delay_and_the_delay_is_found(kind, cbf, mtt):
    est = deconvolve(delayed(kind, cbf, mtt), artery(TIMES), TIMES, "dSVD")
    slope = np.polyfit(DELAYS, est.cbf / est.cbf.mean(), 1)[0]
    assert abs(slope) < 0.01
    error = est.delay - DELAYS
    assert error.std() < 0.25
    # Models of exponential and gamma-distributed transit times place the onset of a box late.
    assert abs(error.mean()) < {"exponential": 0.3, "gamma": 0.5, "box": 1.5}[kind]


def test_standard_svd_loses_flow_where_dsvd_does_not():
    curves = delayed("exponential", 60, 4)
    standard, corrected = (
        deconvolve(curves, artery(TIMES), TIMES, method, threshold=0.1).cbf for method in ("sSVD", "dSVD")
    )
    assert np.ptp(standard) > 4 * np.ptp(corrected)


def test_noise_makes_no_flow_out_of_delay():
    rng = np.random.default_rng(4)
    delays = np.tile([0.0, 3.0, 6.0, 9.0], 500)
    curves = delayed("exponential", 40, 6, delays) + rng.normal(0, 0.5, (2000, TIMES.size))
    est = deconvolve(curves, artery(TIMES), TIMES, "dSVD")
    slope = np.polyfit(delays, est.cbf / est.cbf.mean(), 1)[0]
    assert abs(slope) < 0.01
    assert np.sqrt(np.mean((est.delay - delays) ** 2)) < 1.0


def test_tmax_is_the_delay_and_the_lag_of_the_peak():
    est = deconvolve(delayed("exponential", 60, 4), artery(TIMES), TIMES, "dSVD")
    is_later = est.delay > 0
    lag = (est.tmax - est.delay)[is_later]
    assert (lag > -0.1).all() and (lag < 2.5).all()


def test_the_local_arterial_input_arrives_with_the_delay():
    est = deconvolve(delayed("exponential", 60, 4, (0.0, 4.4)), artery(TIMES), TIMES, "dSVD")
    arriving = est.local_aif()
    closeness = [
        np.corrcoef(found, artery(TIMES - delay))[0, 1] for found, delay in zip(arriving, (0, 4.4), strict=True)
    ]
    assert min(closeness) > 0.99
    late = (arriving @ TIMES) / arriving.sum(axis=1)
    assert late[1] - late[0] == pytest.approx(4.4, abs=0.3)


def test_residues_and_fitted_curves_are_those_of_the_values():
    curves = delayed("gamma", 60, 6, (0.0, 3.7))
    est = deconvolve(curves, artery(TIMES), TIMES, "dSVD")
    highest = est.residue().max(axis=1) * 6000 * 0.73 / 1.05
    np.testing.assert_allclose(highest, est.cbf, rtol=0.05)
    np.testing.assert_allclose(est.lags[est.residue().argmax(axis=1)], est.tmax, atol=1.41)
    np.testing.assert_allclose(est.fitted(), curves, atol=0.06 * curves.max())


def test_a_delay_at_the_edge_of_the_range_is_marked():
    curves = delayed("exponential", 60, 4, (-6.0, 2.0, 15.0))
    est = deconvolve(curves, artery(TIMES), TIMES, "dSVD", longest_tmax=10.0)
    assert ((est.flags & Flag.AT_EDGE) != 0).tolist() == [True, False, True]
    assert est.flags[0] & Flag.EARLY_PEAK and est.tmax[0] == 0


def test_irregular_times_are_resampled_and_a_note_says_so():
    curves = [tissue(IRREGULAR, 60, 4, delay) for delay in (0, 2.0, 5.0)]
    est = deconvolve(curves, artery(IRREGULAR), IRREGULAR, "dSVD")
    np.testing.assert_allclose(est.delay, [0, 2, 5], atol=0.3)
    assert "resampled" in est.notes[0]


def test_other_methods_say_that_they_have_no_local_arterial_input():
    est = deconvolve(noisy_mix(2), artery(TIMES), TIMES, "bcSVD")
    with pytest.raises(PerfusionError, match="use Bayesian, boxNLR or dSVD"):
        est.local_aif()
