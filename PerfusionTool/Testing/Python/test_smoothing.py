from __future__ import annotations

import numpy as np
import pytest
from PerfusionToolLib.perfusion.errors import PerfusionError
from PerfusionToolLib.perfusion.progress import Progress, drain
from PerfusionToolLib.perfusion.smoothing import (
    fill_from_neighbours_steps,
    smooth_series,
    smooth_series_steps,
    smooth_volume,
)

FILTERS = ("gaussian", "guided", "bilateral", "curvature_flow", "median")
# Voxels 2 mm wide in plane and 5 mm thick: the kernels must know the difference.
SPACING = np.array([5.0, 2.0, 2.0])


def ball(shape, radius):
    """A round tissue in the middle of a volume; radius in voxels along z, y, x."""
    axes = np.meshgrid(*[np.arange(size) - (size - 1) / 2 for size in shape], indexing="ij")
    return sum((axis / length) ** 2 for axis, length in zip(axes, radius, strict=True)) <= 1


@pytest.fixture
def tissue():
    mask = ball((5, 24, 22), (3.5, 11, 10))
    mask[:, 10:12, 8:10] = False  # a vessel
    return mask


@pytest.fixture
def noise(tissue):
    rng = np.random.default_rng(1)
    return rng.normal(40, 5, (6, *tissue.shape)).astype(np.float32)


@pytest.mark.parametrize("method", FILTERS)
def test_constant_tissue_stays_beside_vessels_skull_and_air(method, tissue):
    signal = np.full((4, *tissue.shape), 37.0)
    signal[:, ~tissue] = 3000
    signal[:, 0] = np.where(tissue[0], 37, -1000)
    smoothed = smooth_series(signal, tissue, SPACING, method)
    np.testing.assert_allclose(smoothed[:, tissue], 37, rtol=1e-5)


@pytest.mark.parametrize("method", FILTERS)
def test_values_outside_the_tissue_have_no_influence_and_stay(method, tissue, noise):
    other = noise.copy()
    other[:, ~tissue] = 500
    smoothed, smoothed_other = (smooth_series(signal, tissue, SPACING, method) for signal in (noise, other))
    np.testing.assert_allclose(smoothed[:, tissue], smoothed_other[:, tissue], rtol=1e-5)
    np.testing.assert_array_equal(smoothed[:, ~tissue], noise[:, ~tissue])
    np.testing.assert_array_equal(smoothed_other[:, ~tissue], 500)


@pytest.mark.parametrize("method", FILTERS)
def test_noise_falls_and_the_mean_stays(method, tissue, noise):
    smoothed = smooth_series(noise, tissue, SPACING, method)
    assert smoothed[:, tissue].std() < 0.85 * noise[:, tissue].std()
    assert smoothed[:, tissue].mean() == pytest.approx(noise[:, tissue].mean(), abs=0.15)


@pytest.mark.parametrize("method", FILTERS)
def test_input_is_not_changed_and_integers_are_smoothed_like_floats(method, tissue, noise):
    integers = noise.round().astype(np.int16)
    before = integers.copy()
    smoothed = smooth_series(integers, tissue, SPACING, method)
    np.testing.assert_array_equal(integers, before)
    assert smoothed.dtype == np.float32
    np.testing.assert_allclose(smoothed, smooth_series(integers.astype(float), tissue, SPACING, method), rtol=1e-6)


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("turn", [lambda a: a[..., ::-1], lambda a: a[..., ::-1, :], lambda a: a.swapaxes(-3, -1)])
def test_turning_the_scan_turns_the_result(method, turn, tissue, noise):
    turned_spacing = SPACING[::-1] if turn(tissue).shape != tissue.shape else SPACING
    expected = turn(smooth_series(noise, tissue, SPACING, method))
    np.testing.assert_allclose(smooth_series(turn(noise), turn(tissue), turned_spacing, method), expected, rtol=2e-5)


@pytest.mark.parametrize("method", FILTERS)
def test_one_slice_is_smoothed_in_plane(method, tissue, noise):
    smoothed = smooth_series(noise[:, 2:3], tissue[2:3], SPACING, method)
    assert smoothed.shape == (6, 1, 24, 22)
    assert smoothed[:, tissue[2:3]].std() < 0.9 * noise[:, 2:3][:, tissue[2:3]].std()


@pytest.mark.parametrize("method", FILTERS)
def test_a_single_tissue_voxel_stays_as_it_is(method, noise):
    alone = np.zeros(noise.shape[1:], bool)
    alone[2, 5, 5] = True
    np.testing.assert_allclose(smooth_series(noise, alone, SPACING, method), noise, rtol=1e-5)


@pytest.mark.parametrize("method", FILTERS)
def test_offset_and_scale_of_the_signal_carry_over(method, tissue, noise):
    expected = 3 * smooth_series(noise, tissue, SPACING, method) + 1000
    smoothed = smooth_series(3 * noise + 1000, tissue, SPACING, method)
    # The speed of the curvature flow does not depend on contrast either.
    np.testing.assert_allclose(smoothed[:, tissue], expected[:, tissue], atol=0.02)


def test_none_returns_the_signal_itself(tissue, noise):
    assert smooth_series(noise, tissue, SPACING, "none") is noise


@pytest.mark.parametrize("mm", [2.0, 2.5, 4.0])
@pytest.mark.parametrize("spacing", [(5.0, 1.0, 1.0), (2.0, 1.5, 3.0)])
def test_impulse_spreads_by_mm_along_every_axis(mm, spacing):
    shape = tuple(2 * int(np.ceil(6 * mm / step)) + 5 for step in spacing)
    impulse = np.zeros((1, *shape))
    impulse[(0, *(size // 2 for size in shape))] = 1000
    spread = smooth_series(impulse, np.ones(shape, bool), spacing, "gaussian", mm=mm)[0].astype(float)
    places = [(np.arange(size) - size // 2) * step for size, step in zip(shape, spacing, strict=True)]
    for axis, place in enumerate(places):
        profile = spread.sum(axis=tuple({0, 1, 2} - {axis}))
        assert (profile * place**2).sum() / profile.sum() == pytest.approx(mm**2, rel=0.01)


def test_gaussian_reduces_noise_as_theory_says():
    mm, spacing = 3.0, (1.0, 1.0, 1.0)
    rng = np.random.default_rng(2)
    signal = rng.normal(0, 10, (2, 40, 40, 40))
    inner = (slice(None), *(slice(12, -12),) * 3)
    smoothed = smooth_series(signal, np.ones((40, 40, 40), bool), spacing, "gaussian", mm=mm)
    assert smoothed[inner].std() == pytest.approx(10 / (2 * np.sqrt(np.pi) * mm) ** 1.5, rel=0.15)


def test_gaussian_at_the_edge_is_the_weighted_mean_of_the_tissue_alone():
    mm, step = 2.0, 1.0
    signal = np.zeros((1, 1, 1, 41))
    signal[..., :] = np.arange(41) ** 1.5
    tissue = np.zeros((1, 1, 41), bool)
    tissue[..., 10:30] = True
    smoothed = smooth_series(signal, tissue, (5.0, 5.0, step), "gaussian", mm=mm)[0, 0, 0]
    # The discrete Gaussian as the diffusion that it solves, without Bessel functions.
    steps, variance = 4000, (mm / step) ** 2
    kernel = np.zeros(81)
    kernel[40] = 1
    for _ in range(steps):
        kernel += variance / (2 * steps) * (np.roll(kernel, 1) - 2 * kernel + np.roll(kernel, -1))
    for voxel in (10, 12, 20, 29):
        weights = kernel[40 + np.arange(10, 30) - voxel]
        assert smoothed[voxel] == pytest.approx((weights * signal[0, 0, 0, 10:30]).sum() / weights.sum(), rel=1e-3)


@pytest.mark.parametrize("method", ["guided", "bilateral"])
def test_edges_of_the_mean_are_kept(method):
    rng = np.random.default_rng(3)
    truth = np.where(np.arange(40) < 20, 30.0, 60.0) * np.ones((3, 40, 1))
    signal = truth + rng.normal(0, 3, (30, 3, 40, 40))
    tissue = np.ones((3, 40, 40), bool)
    beside = np.s_[:, :, :, 18:22]
    kept, blurred = (smooth_series(signal, tissue, (5, 1, 1), name) - truth for name in (method, "gaussian"))
    assert np.sqrt(np.mean(kept[beside].mean(axis=0) ** 2)) < 1
    assert np.sqrt(np.mean(blurred[beside].mean(axis=0) ** 2)) > 8
    assert kept.std() < 1.5


def test_wide_range_turns_bilateral_into_a_gaussian(tissue, noise):
    bilateral = smooth_series(noise, tissue, SPACING, "bilateral", mm=5, range_=10)
    gaussian = smooth_series(noise, tissue, SPACING, "gaussian", mm=5)
    # The bilateral kernel ends at 2.5 standard deviations.
    assert np.abs(bilateral - gaussian)[:, tissue].max() < 0.5
    assert np.corrcoef(bilateral[:, tissue].ravel(), gaussian[:, tissue].ravel())[0, 1] > 0.98


@pytest.mark.parametrize("spacing", [(5.0, 1.0, 1.0), (1.0, 1.0, 1.0)])
def test_median_is_that_of_the_tissue_voxels_around(spacing, tissue, noise):
    smoothed = smooth_series(noise, tissue, spacing, "median", size=3)
    deep = 0 if spacing[0] > 2 else 1
    odd = even = 0
    for z, y, x in np.argwhere(tissue)[::7]:
        around = tuple(slice(max(i - r, 0), i + r + 1) for i, r in zip((z, y, x), (deep, 1, 1), strict=True))
        values = noise[(slice(None), *around)][:, tissue[around]]
        if values.shape[1] % 2:
            odd += 1
            expected = np.median(values, axis=1)
        else:
            even += 1
            # An even number is made odd by the voxel itself counting twice.
            expected = np.median(np.column_stack([values, noise[:, z, y, x]]), axis=1)
        np.testing.assert_array_equal(smoothed[:, z, y, x], expected)
    assert odd > 5
    assert even > 5


def test_curvature_flow_smooths_more_with_more_steps(tissue, noise):
    spreads = [
        smooth_series(noise, tissue, SPACING, "curvature_flow", iterations=steps)[:, tissue].std()
        for steps in (1, 5, 20)
    ]
    assert noise[:, tissue].std() > spreads[0] > spreads[1] > spreads[2]


@pytest.mark.parametrize("method", FILTERS)
def test_steps_tell_progress_up_to_the_end(method, tissue, noise):
    progress = list(smooth_series_steps(noise, tissue, SPACING, method))
    assert all(isinstance(step, Progress) for step in progress)
    fractions = [step.fraction for step in progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_not_going_on_leaves_the_signal_unharmed(tissue, noise):
    before = noise.copy()
    steps = smooth_series_steps(noise, tissue, SPACING, "bilateral")
    next(steps)
    next(steps)
    steps.close()
    np.testing.assert_array_equal(noise, before)


@pytest.mark.parametrize(
    ("mask", "method", "words"),
    [
        (np.zeros((5, 24, 22), bool), "gaussian", "empty"),
        (np.ones((4, 24, 22), bool), "gaussian", "shape"),
        (np.ones((5, 24, 22), bool), "anisotropic", "gaussian, guided"),
    ],
)
def test_unusable_input_is_refused_with_a_sentence(mask, method, words, noise):
    with pytest.raises(PerfusionError, match=words):
        smooth_series(noise, mask, SPACING, method)


def test_too_wide_a_bilateral_kernel_is_refused_and_the_width_it_offers_works(tissue, noise):
    with pytest.raises(PerfusionError, match="at most 7"):
        smooth_series(noise, tissue, (5.0, 1.0, 1.0), "bilateral", mm=20)
    assert np.isfinite(smooth_series(noise[:1], tissue, (5.0, 1.0, 1.0), "bilateral", mm=7)).all()


def test_map_is_smoothed_inside_its_mask_without_its_missing_values(tissue):
    rng = np.random.default_rng(4)
    volume = rng.normal(50, 5, tissue.shape)
    volume[~tissue] = 0
    volume[2, 12, 14] = np.nan
    smoothed = smooth_volume(volume, tissue, SPACING, 3.0)
    assert np.isnan(smoothed[2, 12, 14])
    valid = tissue & np.isfinite(volume)
    assert np.isfinite(smoothed[valid]).all()
    assert smoothed[valid].std() < 0.7 * volume[valid].std()
    np.testing.assert_array_equal(smoothed[~tissue], 0)
    # The same as the series' filter with the missing voxel left out of the tissue.
    filled = np.nan_to_num(volume)[None]
    np.testing.assert_allclose(smoothed[valid], smooth_series(filled, valid, SPACING, mm=3.0)[0][valid], rtol=1e-6)


def test_map_stays_without_smoothing_or_without_values(tissue):
    volume = np.arange(tissue.size, dtype=np.float32).reshape(tissue.shape)
    np.testing.assert_array_equal(smooth_volume(volume, tissue, SPACING, 0), volume)
    missing = np.full(tissue.shape, np.nan)
    assert np.isnan(smooth_volume(missing, tissue, SPACING, 2.5)).all()


def test_filling_takes_only_sources_and_changes_only_targets():
    rng = np.random.default_rng(3)
    frames = rng.normal(40, 1, (12, 4, 20, 20)).astype(np.float32)
    sources = np.zeros(frames.shape[1:], bool)
    sources[:, 4:16, 4:16] = True
    targets = np.zeros_like(sources)
    targets[1, 8:10, 8:10] = True
    frames[:, targets] = 500
    frames[:, ~sources] = -1000
    before = frames.copy()
    drain(fill_from_neighbours_steps(frames, targets, sources, np.zeros(targets.shape), (5.0, 1.0, 1.0), 2.0, 0.1))
    assert np.abs(frames[:, targets] - 40).max() < 1
    assert np.array_equal(frames[:, ~targets], before[:, ~targets])


def test_filling_leaves_a_target_without_sources_in_reach_as_it_is():
    frames = np.full((12, 1, 30, 30), 7, np.float32)
    sources, targets = np.zeros((2, 1, 30, 30), bool)
    sources[0, 0, 0] = targets[0, 29, 29] = True
    frames[:, targets] = 3
    drain(fill_from_neighbours_steps(frames, targets, sources, np.zeros(targets.shape), (5.0, 1.0, 1.0), 2.0, 0.1))
    assert (frames[:, targets] == 3).all()


def test_filling_prefers_neighbours_that_look_alike():
    frames = np.zeros((12, 1, 20, 20), np.float32)
    guide = np.zeros((1, 20, 20), np.float32)
    guide[..., 10:] = 10
    frames[..., 10:] = 10
    targets = np.zeros(guide.shape, bool)
    targets[0, 10, 8:12] = True
    frames[:, targets] = 500
    drain(fill_from_neighbours_steps(frames, targets, ~targets, guide, (5.0, 1.0, 1.0), 3.0, 0.1))
    assert np.allclose(frames[:, 0, 10, 8:10], 0, atol=0.01)
    assert np.allclose(frames[:, 0, 10, 10:12], 10, atol=0.01)
