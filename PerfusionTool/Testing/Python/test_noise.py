"""The noise of curves, found beside a bolus."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion.noise import curve_noise, voxel_noise

TIMES = np.arange(60.0)
BOLUS = 8 * np.exp(-0.5 * ((TIMES - 25) / 5) ** 2)


def noise(count, size, frames=TIMES.size):
    return np.random.default_rng(3).normal(0, size, (count, frames))


@pytest.mark.parametrize("size", [0.5, 20.0])
def test_white_noise_is_found_in_its_own_unit(size):
    assert curve_noise(noise(1, size, 20_000)[0]) == pytest.approx(size, rel=0.03)
    assert voxel_noise(noise(2000, size)) == pytest.approx(size, rel=0.03)


def test_level_slope_and_parabola_are_no_noise():
    parabola = 100 - 3 * TIMES + 0.2 * TIMES**2
    assert curve_noise(parabola) == pytest.approx(0, abs=1e-9)
    assert voxel_noise(parabola[None]) == pytest.approx(0, abs=1e-9)


def test_a_bolus_hardly_adds_to_the_noise():
    curves = BOLUS + noise(2000, 1.0)
    assert voxel_noise(curves) == pytest.approx(1, rel=0.03)
    assert np.median([curve_noise(curve) for curve in curves[:200]]) == pytest.approx(1, rel=0.1)


def test_a_jump_does_not_count_as_noise_of_a_curve():
    curve = noise(1, 1.0, 400)[0]
    assert curve_noise(curve + 100 * (np.arange(400) > 200)) == pytest.approx(curve_noise(curve), rel=0.1)


def test_missing_values_and_a_few_steep_curves_are_passed_over():
    curves = noise(2000, 1.0)
    curves[::10, 7] = np.nan
    curves[::25] += 1000 * (TIMES > 30)
    assert voxel_noise(curves) == pytest.approx(1, rel=0.05)
