from __future__ import annotations

import numpy as np
import pytest
from PerfusionToolLib.perfusion.errors import PerfusionError
from PerfusionToolLib.perfusion.preprocessing import (
    fill_missing,
    find_empty_frames,
    find_unsteady_frames,
    limit_mask,
    limit_matrix,
    limit_matrix_steps,
)
from PerfusionToolLib.perfusion.series import Grid


def ramp_series():
    """Signal that rises linearly in time, differently in every voxel."""
    slopes = np.arange(4 * 10 * 10, dtype=np.float32).reshape(4, 10, 10)
    return 5 + slopes * np.arange(12, dtype=np.float32)[:, None, None, None]


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32, ">f4"])
def test_complete_series_is_returned_as_it_is(dtype):
    signal = ramp_series().astype(dtype)
    filled, count = fill_missing(signal)
    assert filled is signal
    assert count == 0


def test_sum_that_overflows_is_not_a_missing_value():
    signal = np.full((10, 2, 4, 4), 3e38, np.float32)
    assert fill_missing(signal)[1] == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gaps_are_filled_by_straight_lines_in_time(bad):
    truth = ramp_series()
    signal = truth.copy()
    signal[3:6, 1, 2, 3] = bad
    signal[7, 2, 5, 5] = bad
    before = signal.copy()
    filled, count = fill_missing(signal)
    assert count == 4
    np.testing.assert_allclose(filled, truth, rtol=1e-6)
    np.testing.assert_array_equal(signal, before)


def test_neighbours_count_by_their_times():
    times = np.array([0, 1, 2, 3, 4, 5, 8, 10, 13, 20, 30, 31.0])
    truth = np.ones((12, 4, 10, 10)) * times[:, None, None, None]
    signal = truth.copy()
    signal[7:10, 0, 0, 0] = np.nan
    np.testing.assert_allclose(fill_missing(signal, times)[0], truth, rtol=1e-12)


def test_ends_are_held():
    signal = ramp_series()
    signal[:2, 0, 0, 1] = np.nan
    signal[-3:, 0, 0, 2] = np.inf
    filled, _ = fill_missing(signal)
    np.testing.assert_array_equal(filled[:2, 0, 0, 1], signal[2, 0, 0, 1])
    np.testing.assert_array_equal(filled[-3:, 0, 0, 2], signal[-4, 0, 0, 2])


def test_voxel_never_seen_gets_the_lowest_value():
    signal = ramp_series() - 1000
    signal[:, 3, 9, 9] = np.nan
    filled, count = fill_missing(signal)
    assert count == 12
    np.testing.assert_array_equal(filled[:, 3, 9, 9], -995)


def test_one_percent_is_filled_and_more_is_refused():
    signal = ramp_series()
    signal.reshape(12, -1)[5, :48] = np.nan
    assert fill_missing(signal)[1] == 48
    signal[6, 0, 0, 0] = np.nan
    with pytest.raises(PerfusionError, match=r"49 values .* \(1\.0%\)"):
        fill_missing(signal)


def head_series(curve, noise=0.0, background=0.0, seed=0):
    """A bright head before a background, its signal following a curve."""
    y, x = np.mgrid[:32, :32] - 15.5
    head = np.broadcast_to(x**2 + y**2 < 12**2, (4, 32, 32))
    signal = np.where(head, np.asarray(curve, float)[:, None, None, None], background)
    return signal + noise * np.random.default_rng(seed).normal(size=signal.shape)


def dsc_curve(frames=45, arrival=15, first_excess=(), drift=0.0, depth=0.25, interval=1.5):
    """Mean signal of a head in a DSC scan: bolus, recirculation, drift, and first frames off the steady state."""
    since = np.maximum(np.arange(frames) - arrival, 0) * interval
    bolus = (since / 6) ** 3 * np.exp(3 * (1 - since / 6))
    recirculation = 0.15 * (1 - np.exp(-since / 12))
    curve = 1000 * np.exp(np.log(1 - depth) * (bolus + recirculation)) * (1 + drift * np.arange(frames))
    curve[: len(first_excess)] *= 1 + np.asarray(first_excess, float)
    return curve


@pytest.mark.parametrize("arrival", [3, 4, 5, 8, 15])
@pytest.mark.parametrize("noise", [0, 20, 200])
def test_steady_scan_has_no_unsteady_frames_however_early_the_bolus(arrival, noise):
    assert find_unsteady_frames(head_series(dsc_curve(arrival=arrival), noise)) == 0


@pytest.mark.parametrize("drift", [-0.01, -0.003, 0.003, 0.01])
def test_drift_is_not_mistaken(drift):
    assert find_unsteady_frames(head_series(dsc_curve(drift=drift), 20)) == 0


@pytest.mark.parametrize("arrival", [8, 15])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
@pytest.mark.parametrize(
    "excess", [(0.3,), (0.04,), (0.35, 0.08), (0.4, 0.16, 0.06), (0.5, 0.25, 0.12, 0.05), (-0.2,), (-0.3, -0.1)]
)
def test_first_frames_off_the_steady_state_are_counted(excess, arrival, dtype):
    signal = head_series(dsc_curve(arrival=arrival, first_excess=excess), 20).astype(dtype)
    assert find_unsteady_frames(signal) == len(excess)


@pytest.mark.parametrize("excess", [(0.3,), (0.35, 0.08)])
def test_unsteady_frames_are_found_before_a_bolus_at_frame_five(excess):
    assert find_unsteady_frames(head_series(dsc_curve(arrival=5, first_excess=excess), 20)) == len(excess)


def test_alternating_approach_to_the_steady_state_is_found():
    assert find_unsteady_frames(head_series(dsc_curve(first_excess=(0.4, -0.1, 0.03)), 20)) == 3


# Later cuts leave no bolus, only the end of a rise, which looks like an approach to the steady state.
@pytest.mark.parametrize("cut", range(13, 23))
def test_scan_that_begins_within_the_bolus_is_not_mistaken(cut):
    assert find_unsteady_frames(head_series(dsc_curve(frames=60)[cut:], 20)) == 0


@pytest.mark.parametrize("noise", [5, 50])
def test_ct_scan_has_no_unsteady_frames(noise):
    since = np.maximum(np.arange(45) - 6, 0) * 1.41
    curve = 40 + 8 * (since / 8) ** 2 * np.exp(2 * (1 - since / 8))
    assert find_unsteady_frames(head_series(curve, noise, background=-1000)) == 0


def test_white_noise_has_no_unsteady_frames():
    rng = np.random.default_rng(5)
    assert [find_unsteady_frames(rng.normal(100, 20, (20, 1, 4, 4))) for _ in range(200)] == [0] * 200


def test_repeated_frames_are_empty_except_before_the_bolus_of_a_scan_without_noise():
    scan = head_series(100 + np.maximum(np.arange(12) - 5, 0))
    assert not find_empty_frames(scan).any()
    scan[9] = scan[8]
    scan[11] = 40
    assert np.flatnonzero(find_empty_frames(scan)).tolist() == [9, 11]
    assert np.count_nonzero(find_empty_frames(np.repeat(scan[:1], 12, axis=0))) == 11


def test_empty_scan_has_no_unsteady_frames():
    assert find_unsteady_frames(np.zeros((12, 2, 8, 8), np.int16)) == 0


def oblique_grid(shape, spacing=(4.0, 0.5, 0.5)):
    """A turned, left-handed lattice off the origin."""
    turn = np.linalg.qr(np.random.default_rng(6).normal(size=(3, 3)))[0]
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag(np.array(spacing)[::-1] * (-1, 1, 1))
    matrix[:3, 3] = (11, -23, 7)
    return Grid(shape, matrix)


def test_matrix_within_the_limit_is_left_alone():
    signal, mask = np.zeros((10, 2, 30, 40), np.int16), np.ones((2, 30, 40), bool)
    grid = oblique_grid(signal.shape[1:])
    reduced, reduced_grid = limit_matrix(signal, grid, 40)
    assert reduced is signal
    assert reduced_grid is grid
    assert limit_mask(mask, 40) is mask


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32, np.float64])
def test_blocks_are_averaged_and_the_total_is_kept(dtype):
    signal = np.random.default_rng(7).integers(0, 4000, (3, 2, 12, 18)).astype(dtype)
    reduced, grid = limit_matrix(signal, oblique_grid((2, 12, 18)), 6)
    assert reduced.dtype == np.float32
    assert reduced.shape == (3, *grid.shape) == (3, 2, 4, 6)
    np.testing.assert_allclose(reduced, signal.reshape(3, 2, 4, 3, 6, 3).mean(axis=(3, 5)), rtol=1e-6)
    assert reduced.sum() * 9 == pytest.approx(signal.sum(dtype=float), rel=1e-6)


def test_no_more_is_averaged_than_needed():
    assert limit_matrix(np.zeros((1, 1, 512, 300)), oblique_grid((1, 512, 300)), 256)[0].shape == (1, 1, 256, 150)
    assert limit_matrix(np.zeros((1, 1, 514, 300)), oblique_grid((1, 514, 300)), 256)[0].shape == (1, 1, 171, 100)


@pytest.mark.parametrize(("rows", "columns"), [(24, 24), (25, 23), (26, 21), (22, 27)])
def test_every_place_keeps_its_position_in_the_patient(rows, columns):
    grid = oblique_grid((3, rows, columns))
    places = grid.to_ras(np.moveaxis(np.indices(grid.shape), 0, -1))
    # A signal that is linear in space has, averaged over a block, its value at the block's centre.
    linear = (places @ (1.0, -2.0, 0.5))[None]
    reduced, reduced_grid = limit_matrix(linear, grid, 9)
    centres = reduced_grid.to_ras(np.moveaxis(np.indices(reduced_grid.shape), 0, -1))
    np.testing.assert_allclose(reduced[0], centres @ (1.0, -2.0, 0.5), atol=1e-4)
    np.testing.assert_allclose(reduced_grid.spacing, (4.0, 1.5, 1.5))
    assert np.linalg.det(reduced_grid.ijk_to_ras) * np.linalg.det(grid.ijk_to_ras) > 0


def test_what_is_left_out_lies_equally_on_both_sides():
    signal = np.zeros((1, 1, 26, 26))
    signal[..., 1:25, 1:25] = 9
    reduced, _ = limit_matrix(signal, oblique_grid((1, 26, 26)), 9)
    assert reduced.shape == (1, 1, 8, 8)
    np.testing.assert_array_equal(reduced, 9)


def test_mask_is_reduced_with_its_scan():
    mask = np.zeros((2, 25, 24), bool)
    mask[:, 6:14, 3:13] = True
    as_scan, _ = limit_matrix(mask[None].astype(np.int16), oblique_grid(mask.shape), 12)
    np.testing.assert_array_equal(limit_mask(mask, 12), as_scan[0] >= 0.5)
    halves = np.zeros((1, 4, 4), bool)
    halves[0, 0] = True
    halves[0, 2, 0] = True
    np.testing.assert_array_equal(limit_mask(halves, 2), [[[True, True], [False, False]]])


@pytest.mark.parametrize(("least", "kept"), [(0, [1, 2, 3, 4]), (0.5, [2, 3, 4]), (0.75, [3, 4]), (1, [4])])
def test_blocks_of_a_mask_are_kept_by_the_part_that_is_set(least, kept):
    # Block number k of the row has k of its four voxels set.
    mask = np.zeros((1, 10, 10), bool)
    for count in range(5):
        mask[0, :2, 2 * count : 2 * count + 2].flat[:count] = True
    reduced = limit_mask(mask, 5, least=least)
    assert reduced.dtype == bool
    np.testing.assert_array_equal(np.argwhere(reduced), [(0, 0, count) for count in kept])


def test_steps_tell_progress_frame_by_frame():
    steps = limit_matrix_steps(np.zeros((10, 1, 8, 8)), oblique_grid((1, 8, 8)), 4)
    assert [step.fraction for step in steps] == pytest.approx(np.arange(1, 11) / 10)
