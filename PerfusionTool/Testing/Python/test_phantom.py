"""The sample heads are what their truth says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PerfusionToolLib.perfusion import PerfusionError
from PerfusionToolLib.perfusion.phantom import sample_head
from scipy.integrate import trapezoid
from scipy.ndimage import affine_transform, gaussian_filter, label
from scipy.special import gammainc

SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}
TINY = {"shape": (3, 24, 24), "spacing": (10.0, 8.0, 8.0)}
FINE_TIMES = np.arange(0, 75, 0.25)
SEEDS = range(5)


@cache
def small(modality="CT", **options):
    return sample_head(modality, **(SMALL | options))


@cache
def fine_in_time():
    return sample_head(**SMALL, times=FINE_TIMES, noise=0, seed=1)


def contrast(head):
    return head.series.signal - head.series.signal[:4].mean(axis=0)


def residue(times, mtt):
    values = 1 - gammainc(2.0, 2.0 * times / mtt)
    values[0] /= 2
    return values


def test_same_seed_gives_the_same_scan_and_another_seed_another_head():
    first, again, other = small(seed=3), sample_head(**SMALL, seed=3), small(seed=4)
    assert np.array_equal(first.series.signal, again.series.signal)
    brains = [head.labels["brain"] for head in (first, other)]
    overlap = 2 * (brains[0] & brains[1]).sum() / (brains[0].sum() + brains[1].sum())
    assert 0.6 < overlap < 0.98
    assert not np.allclose(first.arterial_input, other.arterial_input, rtol=0.01)


def test_tissue_curve_is_the_convolution_of_the_arterial_input_with_the_true_residue():
    head = fine_in_time()
    step = 0.25
    curves = contrast(head)
    clean = head.labels["tissue"] & (head.artery_fraction + head.vein_fraction == 0)
    voxels = np.argwhere(clean)[:: clean.sum() // 40]
    for z, y, x in voxels:
        cbf, mtt, delay = (head.truth[name][z, y, x] for name in ("CBF", "MTT", "delay"))
        late = np.interp(FINE_TIMES - delay, FINE_TIMES, head.arterial_input, left=0)
        expected = 1.05 / 0.73 * cbf / 6000 * step * np.convolve(late, residue(FINE_TIMES, mtt))[: FINE_TIMES.size]
        assert np.abs(curves[:, z, y, x] - expected).max() < 0.02 * expected.max()


def test_truth_is_consistent_with_the_curves():
    head = fine_in_time()
    truth, tissue = head.truth, head.labels["tissue"]
    assert np.allclose(truth["CBV"][tissue], truth["CBF"][tissue] * truth["MTT"][tissue] / 60, rtol=1e-4)
    peak = FINE_TIMES[np.argmax(contrast(head)[:, tissue], axis=0)]
    # A voxel with a little vessel may peak with that.
    assert np.mean(np.abs(peak - truth["TTP"][tissue]) <= 0.3) > 0.97
    assert np.array_equal(truth["Tmax"], truth["delay"])
    for values in truth.values():
        assert values.dtype == np.float32
        assert not values[~head.labels["brain"] & ~head.labels["vein"]].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_core_is_below_penumbra_below_normal_tissue(seed):
    head = small(seed=seed)
    labels, truth = head.labels, head.truth
    core, penumbra = labels["core"] & labels["tissue"], labels["penumbra"] & labels["tissue"]
    normal = labels["tissue"] & ~labels["core"] & ~labels["penumbra"]
    assert core.sum() >= 20 and penumbra.sum() >= 100
    flow = [np.median(truth["CBF"][region]) for region in (core, penumbra, normal)]
    assert flow[0] < 12 < flow[1] < 22 < flow[2]
    assert np.median(truth["Tmax"][penumbra]) > 4 > 2 > np.median(truth["Tmax"][normal])
    assert np.median(truth["CBV"][core]) < 2 < np.median(truth["CBV"][penumbra])


def test_lesion_lies_left_with_even_seeds_and_right_with_odd_ones():
    for seed, side in ((0, -1), (1, 1)):
        head = small(seed=seed)
        ras = head.series.grid.to_ras(np.argwhere(head.labels["penumbra"] | head.labels["core"]))
        assert np.all(side * ras[:, 0] > 5)
    assert not small(lesion=False).labels["penumbra"].any()


def test_grey_and_white_matter_have_their_flow_and_volume():
    head = sample_head(shape=(4, 160, 160), spacing=(2, 1.2, 1.2), lesion=False, seed=2, times=np.arange(10.0))
    for matter, flow, volume in (("grey", 60, 4), ("white", 25, 2)):
        pure = head.labels["tissue"] & head.labels[matter]
        assert np.median(head.truth["CBF"][pure]) == pytest.approx(flow, rel=0.12)
        assert np.median(head.truth["CBV"][pure]) == pytest.approx(volume, rel=0.12)
        assert 0.05 < np.std(np.log(head.truth["CBF"][pure])) < 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_small_head_has_every_tissue_and_half_arteries(seed):
    labels = small(seed=seed).labels
    fewest = {"brain": 5000, "grey": 2000, "white": 1000, "csf": 500, "skull": 500, "artery": 3, "vein": 20}
    for name, count in fewest.items():
        assert labels[name].sum() >= count, name
    assert not (labels["brain"] & ~labels["intracranial"]).any()
    assert not (labels["tissue"] & ~labels["brain"]).any()
    assert label(labels["brain"])[1] <= 12


def test_full_head_has_the_volumes_of_a_head():
    head = sample_head(shape=(23, 100, 100), spacing=(5, 2, 2), times=np.arange(0, 30, 3.0), seed=0)
    ml = {name: mask.sum() * head.series.grid.voxel_volume for name, mask in head.labels.items()}
    assert 1050 < ml["brain"] < 1450
    assert 100 < ml["intracranial"] - ml["brain"] < 350
    assert 300 < ml["skull"] < 800
    assert 1.5 < head.artery_fraction.sum() * head.series.grid.voxel_volume < 12


def test_unenhanced_ct_has_the_hounsfield_units_of_its_tissues():
    head = sample_head(shape=(6, 120, 120), spacing=(3, 1.5, 1.5), bolus=False, noise=0, times=np.arange(10.0), seed=1)
    image = head.series.signal[0]
    assert np.ptp(head.series.signal, axis=0).max() == 0
    assert image.min() == -1000
    assert np.median(image[head.labels["skull"]]) > 650
    assert 33 < np.median(image[head.labels["grey"]]) < 39
    assert 27 < np.median(image[head.labels["white"]]) < 33
    assert 0 < np.percentile(image[head.labels["csf"]], 5) < 10
    assert not head.arterial_input.any()


def test_arterial_voxels_follow_the_arterial_input_and_veins_come_later():
    head = small(noise=0, seed=1)
    curves = contrast(head)
    times = head.series.times
    best = np.unravel_index(np.argmax(head.artery_fraction), head.artery_fraction.shape)
    assert np.corrcoef(curves[(slice(None), *best)], head.arterial_input)[0, 1] > 0.99
    assert 249 <= fine_in_time().arterial_input.max() <= 300
    assert times[np.argmax(head.venous_output)] > times[np.argmax(head.arterial_input)] + 2
    areas = [trapezoid(curve, times) for curve in (head.arterial_input, head.venous_output)]
    assert areas[1] / areas[0] == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("arrival", [5.0, 12.0, 25.0])
def test_bolus_arrives_when_told(arrival):
    head = sample_head(**TINY, bolus_arrival=arrival, noise=0)
    times = head.series.times
    assert not head.arterial_input[times <= arrival].any()
    assert head.arterial_input[times > arrival + 1.5][0] > 0
    assert np.ptp(head.series.signal[times <= arrival], axis=0).max() == 0


def test_first_frame_time_and_uneven_times_do_not_change_the_physics():
    uneven = np.sort(np.r_[np.arange(0, 40, 1.0), np.arange(41.5, 70, 3.0)])
    head = sample_head(**TINY, times=uneven, noise=0, seed=1)
    later = sample_head(**TINY, times=uneven + 1000, noise=0, seed=1)
    assert np.allclose(head.series.signal, later.series.signal, atol=0.02)
    assert np.allclose(head.arterial_input, np.interp(uneven, FINE_TIMES, fine_in_time().arterial_input), atol=2)


def test_beyond_an_occlusion_blood_comes_late_dispersed_and_lower():
    options = {"shape": (3, 128, 128), "spacing": (8.0, 1.5, 1.5), "noise": 0, "times": np.arange(0, 40, 1.0)}
    head = sample_head(**options | {"occlusion": True})
    free = sample_head(**options)
    beyond = (free.artery_fraction > 0.4) & (np.abs(head.artery_fraction - free.artery_fraction) < 0.01)
    ras = head.series.grid.to_ras(np.argwhere(beyond))
    curves = contrast(head)[:, beyond] / head.artery_fraction[beyond]
    here, across = ras[:, 0] < -28, ras[:, 0] > 28
    assert here.sum() >= 3 and across.sum() >= 3
    peak_here, peak_across = (np.argmax(curves[:, side].mean(axis=1)) for side in (here, across))
    assert 4 <= peak_here - peak_across <= 9
    assert curves[:, here].mean(axis=1).max() < 0.85 * curves[:, across].mean(axis=1).max()


def test_half_wide_vessels_have_a_quarter_of_the_volume():
    wide, narrow = small(seed=1), small(seed=1, vessel_width=0.5)
    for fraction in ("artery_fraction", "vein_fraction"):
        ratio = getattr(narrow, fraction).sum() / getattr(wide, fraction).sum()
        assert ratio == pytest.approx(0.25, abs=0.03)


def test_noise_has_the_size_asked_for():
    quiet, noisy = small(noise=0, seed=1), small(noise=7.0, seed=1, integer=False)
    assert np.std(noisy.series.signal - quiet.series.signal) == pytest.approx(7, rel=0.01)
    quiet, noisy = small("MR", noise=0, seed=1), small("MR", noise=0.03, seed=1)
    difference = noisy.series.signal - quiet.series.signal
    assert np.std(difference[:, quiet.labels["tissue"]]) == pytest.approx(30, rel=0.05)


def test_mr_signal_falls_exponentially_with_concentration():
    head = small("MR", noise=0, seed=1)
    series = head.series
    best = np.unravel_index(np.argmax(head.artery_fraction), head.artery_fraction.shape)
    curve = series.signal[(slice(None), *best)]
    change = -np.log(curve / curve[0]) / series.echo_time
    assert np.corrcoef(change, head.arterial_input)[0, 1] > 0.99
    assert change.max() == pytest.approx(head.artery_fraction[best] * head.arterial_input.max(), rel=0.1)
    assert np.exp(-series.echo_time * head.arterial_input.max()) < 0.03
    other = small("MR", noise=0, seed=1, echo_time=0.05)
    assert np.allclose(other.series.signal, series.signal, rtol=1e-4, atol=0.1)


def test_mr_csf_is_brightest_and_bone_is_dark():
    head = sample_head("MR", shape=(6, 100, 100), spacing=(5, 2, 2), times=np.arange(10.0), seed=0)
    image, labels = head.series.signal[0], head.labels
    level = {name: np.median(image[labels[name]]) for name in ("csf", "grey", "white", "skull")}
    assert level["csf"] > level["grey"] > level["white"] > 3 * level["skull"]
    assert image.min() >= 0


def test_integers_are_the_rounded_signal():
    signal, rounded = (small(noise=7.0, seed=1, integer=integer).series.signal for integer in (False, True))
    assert rounded.dtype == np.int16
    assert signal.min() < rounded.min() == -1024
    assert np.abs(rounded - np.maximum(signal, -1024)).max() <= 0.501


def test_motion_is_bounded_and_starts_from_rest():
    head = sample_head(shape=(10, 32, 32), spacing=(10.0, 6.0, 6.0), motion=3.0)
    assert np.array_equal(head.motion[0], np.eye(4))
    brain = head.series.grid.to_ras(np.argwhere(head.labels["brain"]))
    largest = 0
    for pose in head.motion:
        turn = pose[:3, :3]
        assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-9)
        assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) <= 2.01
        largest = max(largest, np.linalg.norm(brain @ turn.T + pose[:3, 3] - brain, axis=1).max())
    assert 1.8 < largest <= 3.0
    assert np.array_equal(small(seed=1).motion, np.tile(np.eye(4), (45, 1, 1)))


def test_undoing_the_motion_gives_the_still_head_back():
    options = {"shape": (15, 50, 50), "spacing": (4.0, 4.0, 4.0), "noise": 0, "bolus": False, "times": np.arange(10.0)}
    head, still = sample_head(**options, motion=3.0), sample_head(**options)
    grid = head.series.grid
    to_ras = np.array(grid.ijk_to_ras)[:, [2, 1, 0, 3]]
    brain = head.labels["brain"].copy()
    brain[[0, 1, -2, -1]] = False
    reference = gaussian_filter(still.series.signal[0], 1.5)
    for frame in (3, 6, 9):
        there = np.linalg.inv(to_ras) @ head.motion[frame] @ to_ras
        moved = gaussian_filter(head.series.signal[frame], 1.5)
        back = affine_transform(moved, there[:3, :3], there[:3, 3], order=3, mode="nearest")
        assert np.abs(back - reference)[brain].mean() < 0.4 * np.abs(moved - reference)[brain].mean()


def test_first_frame_of_a_moving_head_is_the_still_head():
    moving, still = small(motion=2.0, noise=0, seed=1), small(noise=0, seed=1)
    assert np.allclose(moving.series.signal[0], still.series.signal[0], atol=0.5)
    assert np.array_equal(moving.truth["CBF"], still.truth["CBF"])


def test_an_oblique_left_handed_grid_shows_the_same_head():
    angle = np.radians(25)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    oblique = np.eye(4)
    oblique[:3, :3] = turn @ np.diag([5.0, -5.0, 5.0])
    oblique[:3, 3] = (40.0, -30.0, 100.0)
    options = {"shape": (30, 40, 40), "noise": 0, "bolus": False, "times": np.arange(10.0)}
    straight, tilted = sample_head(**options, spacing=(5, 5, 5)), sample_head(**options, ijk_to_ras=oblique)
    volumes = [head.labels["brain"].sum() * head.series.grid.voxel_volume for head in (straight, tilted)]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.02)
    middles = []
    for head in (straight, tilted):
        grid = head.series.grid
        lesion = head.labels["core"] | head.labels["penumbra"]
        centre = grid.to_ras((np.array(grid.shape) - 1) / 2)
        middles.append(grid.to_ras(np.argwhere(lesion)).mean(axis=0) - centre)
    assert np.allclose(*middles, atol=0.7)


@pytest.mark.parametrize("shape", [(1, 64, 64), (4, 48, 40)])
def test_few_slices_work(shape):
    head = sample_head(shape=shape, spacing=(10, 3.5, 3.5), motion=1.0)
    assert head.series.signal.shape == (45, *shape)
    assert head.labels["tissue"].sum() > 200


@pytest.mark.parametrize(
    "options",
    [
        {"modality": "PET"},
        {"modality": "MR", "echo_time": 0},
        {"shape": (6, 64)},
        {"vessel_width": 0},
        {"motion": -1},
        {"noise": -2},
        {"times": [0, 1, 2]},
    ],
)
def test_what_cannot_be_simulated_is_refused(options):
    with pytest.raises(PerfusionError):
        sample_head(**(SMALL | options))
