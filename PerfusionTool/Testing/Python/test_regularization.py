"""What Tikhonov and Wiener learn from the curves."""

from __future__ import annotations

import numpy as np
import pytest
from known_curves import TIMES, artery, noisy_mix, tissue
from PerfusionToolLib.perfusion import PerfusionError
from PerfusionToolLib.perfusion.deconvolution import deconvolve
from PerfusionToolLib.perfusion.deconvolution.modes import circular_modes
from PerfusionToolLib.perfusion.deconvolution.problem import checked_problem

LEARNED = [
    ("Tikhonov", {"regularization": "gcv"}),
    ("Tikhonov", {"regularization": "l_curve"}),
    ("Wiener", {}),
]
OPTION = {"Tikhonov": "regularization", "Wiener": "noise"}


def mixed_brain(noise, count=400, seed=5):
    """Exponential residue functions of many flows, transit times and delays, with noise; and the flows."""
    rng = np.random.default_rng(seed)
    mtt, cbv, delay = rng.uniform(3.5, 12, count), rng.uniform(2, 5, count), rng.uniform(0, 4, count)
    mtt = np.round(mtt)
    cbf = 60 * cbv / mtt
    curves = np.array([tissue(TIMES, *case) for case in zip(cbf, mtt, delay, strict=True)])
    return curves + rng.normal(0, noise, curves.shape), cbf


def smoothness(curves, method, **options):
    residues = deconvolve(curves, artery(TIMES), TIMES, method, **options).residue()
    return np.abs(np.diff(residues, axis=1)).sum() / np.abs(residues).sum()


@pytest.mark.parametrize(("method", "options"), LEARNED)
def test_more_noise_is_smoothed_more(method, options):
    curves, _ = mixed_brain(0.0)
    noise = np.random.default_rng(6).normal(0, 1, curves.shape)
    quiet, loud = (deconvolve(curves + level * noise, artery(TIMES), TIMES, method, **options) for level in (0.1, 2.0))
    clean = [est.estimator.residue(curves).max(axis=1).mean() for est in (quiet, loud)]
    assert clean[1] < 0.9 * clean[0]


@pytest.mark.parametrize("noise", [0.1, 0.4, 1.0])
@pytest.mark.parametrize(("method", "options"), LEARNED)
def test_what_is_learned_is_nearly_as_good_as_the_best_fixed_value(method, options, noise):
    curves, cbf = mixed_brain(noise)

    def error(**options):
        found = deconvolve(curves, artery(TIMES), TIMES, method, **options).cbf
        return np.sqrt(np.mean((found - cbf) ** 2))

    exponent = 2 if method == "Wiener" else 1
    fixed = [error(**{OPTION[method]: value**exponent}) for value in (0.01, 0.03, 0.06, 0.1, 0.2, 0.4)]
    # The least error of k is not the least of its maximum, which noise raises.
    assert error(**options) < 1.8 * min(fixed)
    assert error(**options) < 0.7 * max(fixed)


@pytest.mark.parametrize(("method", "options"), LEARNED)
def test_a_few_large_vessels_do_not_decide(method, options):
    curves, _ = mixed_brain(0.5)
    vessels = 20 * curves[:20]
    alone = deconvolve(curves, artery(TIMES), TIMES, method, **options)
    beside = deconvolve(np.concatenate([vessels, curves]), artery(TIMES), TIMES, method, **options)
    np.testing.assert_allclose(beside.cbf[20:], alone.cbf, rtol=0.1)


@pytest.mark.parametrize(("method", "options"), LEARNED)
def test_a_scan_without_a_usable_curve_gives_no_values(method, options):
    est = deconvolve(np.zeros((3, TIMES.size)), artery(TIMES), TIMES, method, **options)
    assert np.isnan(est.cbf).all()


def test_gcv_takes_the_regularization_with_the_least_cross_validated_error():
    curves, _ = mixed_brain(0.5, count=1)
    modes = circular_modes(checked_problem(artery(TIMES), TIMES, "auto", 25.0))
    gains, coefficients = modes.singular_values, curves[0] @ modes.read.T
    parts = np.geomspace(0.01, 1, 400)
    damped = (parts[:, None] * gains[0]) ** 2
    lost = damped / (gains**2 + damped)
    best = parts[np.argmin(((lost * coefficients) ** 2).sum(axis=1) / lost.sum(axis=1) ** 2)]
    found, expected = (
        deconvolve(curves, artery(TIMES), TIMES, "Tikhonov", regularization=value) for value in ("gcv", best)
    )
    np.testing.assert_allclose(found.cbf, expected.cbf, rtol=0.03)


def test_a_fixed_wiener_filter_divides_by_power_and_noise():
    curves = noisy_mix(6)
    padded = np.pad(curves, ((0, 0), (0, TIMES.size)))
    samples = np.pad(artery(TIMES), (0, TIMES.size))
    kernel = 1.41 * (np.roll(samples, 1) + 4 * samples + np.roll(samples, -1)) / 6
    spectrum = np.fft.rfft(kernel)
    power = np.abs(spectrum) ** 2
    expected = np.fft.irfft(spectrum.conj() * np.fft.rfft(padded) / (power + 0.02 * power.max()), n=90)
    est = deconvolve(curves, artery(TIMES), TIMES, "Wiener", noise=0.02)
    np.testing.assert_allclose(est.residue(), expected[:, : TIMES.size], atol=1e-9)


def test_the_wiener_filter_learns_the_noise_of_exponential_curves():
    curves = np.tile(tissue(TIMES, 60, 6), (2000, 1))
    curves += np.random.default_rng(7).normal(0, 0.5, curves.shape)
    learned = deconvolve(curves, artery(TIMES), TIMES, "Wiener")
    modes = circular_modes(checked_problem(artery(TIMES), TIMES, "auto", 25.0))
    signal = (60 * 1.05 / 0.73 / 6000 * 6) ** 2 / (1 + (6 * modes.frequencies) ** 2) / (1.41 * 90)
    # Half of the circle is padding without noise.
    ratio = 0.5**2 / 2 / signal / 1.41
    factors = modes.singular_values / (modes.singular_values**2 + ratio)
    best = curves @ (modes.residue[: TIMES.size] @ (factors[:, None] * modes.read)).T
    error, least = (
        np.sqrt(np.mean((found - 60 * 1.05 / 0.73 / 6000 * np.exp(-TIMES / 6)) ** 2))
        for found in (learned.residue(), best)
    )
    assert error < 1.1 * least


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("Tikhonov", {"regularization": "aic"}, "gcv, l_curve"),
        ("Tikhonov", {"regularization": None}, "above 0"),
        ("Wiener", {"noise": -1.0}, "above 0"),
        ("Wiener", {"noise": "much"}, "above 0"),
        ("dSVD", {"threshold": 2}, "between 0 and 1"),
        ("boxNLR", {"threshold": 0.1}, "it has none"),
    ],
)
def test_options_that_cannot_be_are_refused(method, options, words):
    with pytest.raises(PerfusionError, match=words):
        deconvolve(noisy_mix(2), artery(TIMES), TIMES, method, **options)
