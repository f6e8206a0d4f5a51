"""Brain masks against the truth of sample heads, and on scans that are cut, offset, stripped or empty."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion.brain import find_brain, find_brain_steps, find_csf, find_vessels
from PerfusionToolLib.perfusion.brain.shapes import closed, escapes, grown, opened, shrunk
from PerfusionToolLib.perfusion.errors import PerfusionError
from PerfusionToolLib.perfusion.phantom import sample_head
from PerfusionToolLib.perfusion.progress import drain
from PerfusionToolLib.perfusion.series import Grid
from scipy import ndimage

SHAPE, SPACING = (14, 112, 112), (8.0, 1.8, 1.8)
TIMES = np.arange(24) * 2.0


def head(modality, **options):
    return sample_head(modality, shape=SHAPE, spacing=SPACING, times=TIMES, seed=2, **options)


@pytest.fixture(scope="module")
def ct():
    return head("CT")


@pytest.fixture(scope="module")
def mr():
    return head("MR")


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def find(signal, modality, spacing=SPACING):
    return find_brain(signal, Grid(signal.shape[1:], np.diag([*spacing[::-1], 1.0])), modality)


def outside_ml(regions, sample):
    return (regions.brain & ~sample.labels["intracranial"]).sum() * np.prod(SPACING) / 1000


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_brain_is_found_and_nothing_outside_the_skull(modality, request):
    sample = request.getfixturevalue(modality.lower())
    regions = find(sample.series.signal, modality)
    assert dice(regions.brain, sample.labels["brain"]) > 0.965
    assert outside_ml(regions, sample) < 3
    assert not (regions.brain & ~regions.intracranial).any()


@pytest.mark.parametrize("noise", [2.0, 10.0])
@pytest.mark.parametrize("bolus", [True, False])
def test_ct_brain_is_found_at_any_noise_with_or_without_contrast(noise, bolus):
    sample = head("CT", noise=noise, bolus=bolus)
    regions = find(sample.series.signal, "CT")
    assert dice(regions.brain, sample.labels["brain"]) > 0.96
    assert outside_ml(regions, sample) < 3


def test_motion_left_at_bright_edges_is_not_taken_for_perfusion(mr):
    shifts = np.random.default_rng(0).normal(0, 0.4, (len(TIMES), 2))
    shifts[len(TIMES) // 2 :] += 0.5
    signal = np.stack([ndimage.shift(f, (0, *s), order=1) for f, s in zip(mr.series.signal, shifts, strict=True)])
    regions = find(signal, "MR")
    assert dice(regions.brain, mr.labels["brain"]) > 0.93
    assert outside_ml(regions, mr) < 5


def test_venous_sinuses_are_left_out_and_ventricles_kept(ct):
    regions = find(ct.series.signal, "CT")
    inner = ndimage.binary_erosion(ct.labels["brain"], np.ones((1, 5, 5)), iterations=4)
    ventricles = ct.labels["csf"] & inner
    assert ventricles.sum() > 100
    assert regions.brain[ventricles].mean() > 0.98
    sinus = (ct.vein_fraction > 0.9) & ~ndimage.binary_dilation(ct.labels["brain"])
    assert sinus.sum() > 10
    assert regions.brain[sinus].mean() < 0.1


@pytest.mark.parametrize("offset", [1000, 1024, -200])
def test_offset_of_hu_changes_nothing(ct, offset):
    here, there = find(ct.series.signal, "CT"), find(ct.series.signal + np.float32(offset), "CT")
    assert dice(here.brain, there.brain) > 0.999


@pytest.mark.parametrize("kind", ["padding", "clipped", "stripped", "integer"])
def test_ct_values_beyond_the_tissue_do_not_matter(ct, kind):
    signal = ct.series.signal.copy()
    if kind == "padding":
        row, column = np.indices(SHAPE[1:])
        signal[:, :, np.hypot(row - 55.5, column - 55.5) > 55] = -3024
    elif kind == "clipped":
        signal = np.clip(signal, 0, 200)
    elif kind == "stripped":
        signal *= ct.labels["brain"]
    else:
        signal = np.clip(np.rint(signal + 1024), 0, 4095).astype(np.uint16)
    assert dice(find(signal, "CT").brain, ct.labels["brain"]) > 0.96


@pytest.mark.parametrize("scale", [1e-3, 30.0])
def test_scale_of_mr_changes_nothing(mr, scale):
    here, there = find(mr.series.signal, "MR"), find(mr.series.signal * np.float32(scale), "MR")
    assert dice(here.brain, there.brain) > 0.999


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("slices", [slice(5, 6), slice(6, 10), slice(4, 12)])
def test_few_slices_and_a_skull_open_above_and_below(modality, slices, request):
    sample = request.getfixturevalue(modality.lower())
    regions = find(sample.series.signal[:, slices], modality)
    assert dice(regions.brain, sample.labels["brain"][slices]) > 0.95


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_field_of_view_that_cuts_the_head(modality, request):
    sample = request.getfixturevalue(modality.lower())
    window = (slice(None), slice(25, None), slice(30, 90))
    regions = find(sample.series.signal[(slice(None), *window)], modality)
    assert dice(regions.brain, sample.labels["brain"][window]) > 0.95


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_coarse_voxels(modality):
    sample = sample_head(modality, shape=(14, 64, 64), spacing=(8.0, 3.1, 3.1), times=TIMES, seed=1)
    regions = find(sample.series.signal, modality, (8.0, 3.1, 3.1))
    assert dice(regions.brain, sample.labels["brain"]) > 0.95


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_orientation_of_the_array_does_not_matter(modality, request):
    sample = request.getfixturevalue(modality.lower())
    here = find(sample.series.signal, modality).brain
    there = find(sample.series.signal[:, ::-1, ::-1, ::-1], modality).brain[::-1, ::-1, ::-1]
    assert dice(here, there) > 0.998


def test_metal_clip_and_gap_in_the_skull():
    """A ball of brain in a shell of bone with a hole of 8 mm, muscle around it, a clip inside."""
    z, y, x = np.meshgrid(np.arange(6) * 5.0 - 12.5, *[np.arange(100) * 1.5 - 74.25] * 2, indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    values = np.full(radius.shape, -1000.0)
    values[radius < 74] = 50
    values[(radius < 60) & ~((np.abs(y) < 4) & (x > 0))] = 900
    brain = radius < 50
    values[brain] = 33
    values[np.hypot(x - 20, y) < 4] = 3000
    signal = values.astype(np.float32) + np.random.default_rng(0).normal(0, 5, (12, *values.shape)).astype(np.float32)
    found = find(signal, "CT", (5.0, 1.5, 1.5)).brain
    assert dice(found, brain) > 0.98
    assert (found & (radius > 62)).sum() * 5 * 1.5 * 1.5 / 1000 < 1


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("kind", ["constant", "noise", "air"])
def test_no_brain_is_said(modality, kind):
    noise = np.random.default_rng(0).normal(0, 5, (12, 4, 32, 32)).astype(np.float32)
    signal = {"constant": np.full_like(noise, 40), "noise": noise + 40, "air": noise - 1000}[kind]
    with pytest.raises(PerfusionError, match="No brain was found"):
        find(signal, modality)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_steps_report_and_return_what_the_plain_function_does(modality, request):
    sample = request.getfixturevalue(modality.lower())
    fractions = []
    steps = find_brain_steps(sample.series.signal, sample.series.grid, modality)
    regions = drain(steps, lambda progress: fractions.append(progress.fraction))
    assert fractions == sorted(fractions)
    assert len(fractions) >= len(TIMES)
    assert np.array_equal(regions.brain, find_brain(sample.series.signal, sample.series.grid, modality).brain)


def test_series_is_not_changed(mr):
    before = mr.series.signal.copy()
    find(mr.series.signal, "MR")
    assert np.array_equal(before, mr.series.signal)


def areas(noise, seed=0):
    """Areas of white matter, grey matter, a hyperaemic patch and a vessel with an edge of partial volume."""
    area = np.full((3, 60, 60), 60.0)
    area[:, :, 30:] = 115
    hyperaemic = np.zeros(area.shape, bool)
    hyperaemic[:, 5:15, 40:50] = True
    area[hyperaemic] = 210
    fraction = np.zeros(area.shape)
    fraction[:, 38:43, 38:43] = 0.3
    fraction[:, 39:42, 39:42] = 1
    area = area * (1 - fraction) + 2000 * fraction
    return area + np.random.default_rng(seed).normal(0, noise, area.shape), fraction, hyperaemic


@pytest.mark.parametrize("noise", [5.0, 50.0, 100.0])
def test_vessels_and_their_edges_are_found_but_not_hyperaemic_tissue(noise):
    area, fraction, hyperaemic = areas(noise)
    vessels = find_vessels(area, np.ones(area.shape, bool))
    assert vessels[fraction == 1].all()
    assert vessels[fraction == 0.3].mean() > 0.9
    assert vessels[hyperaemic].mean() < 0.03
    assert vessels[(fraction == 0) & ~hyperaemic].mean() < 0.01


def test_vessels_of_nothing_are_nothing():
    assert not find_vessels(np.zeros((2, 8, 8)), np.zeros((2, 8, 8), bool)).any()
    assert not find_vessels(np.zeros((2, 8, 8)), np.ones((2, 8, 8), bool)).any()


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_csf_is_found_inside_the_brain_only(modality, request):
    sample = request.getfixturevalue(modality.lower())
    baseline = sample.series.signal[:5].mean(0)
    brain = sample.labels["brain"]
    csf = find_csf(baseline, brain, modality, SPACING)
    inner = ndimage.binary_erosion(sample.labels["csf"] & brain, np.ones((1, 3, 3)))
    assert inner.sum() > 50
    assert csf[inner].mean() > 0.97
    assert csf[sample.labels["tissue"]].mean() < 0.01
    assert not (csf & ~brain).any()


def test_disks_are_measured_in_mm():
    point = np.zeros((1, 41, 41), bool)
    point[0, 20, 20] = True
    spacing = np.array([5.0, 2.0, 1.0])
    y, x = np.indices((41, 41)) - 20
    disk = np.hypot(2 * y, x) <= 7
    assert np.array_equal(grown(point, spacing, 7)[0], disk)
    assert np.array_equal(~shrunk(~point, spacing, 7)[0], disk)
    assert np.array_equal(opened(disk[None], spacing, 5)[0], disk)


def test_opening_and_closing_remove_and_fill_what_is_narrow():
    bridge = np.zeros((1, 30, 60), bool)
    bridge[:, 5:25, 5:25] = bridge[:, 5:25, 35:55] = bridge[:, 14:16, 25:35] = True
    spacing = np.ones(3)
    assert not opened(bridge, spacing, 3)[0, 14:16, 29:31].any()
    assert closed(~bridge, spacing, 3)[0, 14:16, 29:31].all()


def test_a_ring_hides_the_outside_and_an_open_ring_shows_it():
    barrier, outside = np.zeros((1, 21, 21), bool), np.zeros((1, 21, 21), bool)
    barrier[0, 5:16, 5:16] = True
    barrier[0, 6:15, 6:15] = False
    outside[0, [0, -1]] = outside[0, :, [0, -1]] = True
    assert escapes(barrier, outside)[0, 10, 10] == 0
    barrier[0, 10, 15] = False
    assert escapes(barrier, outside)[0, 10, 10] == 1
    assert escapes(barrier, outside)[0, 10, 18] >= 3
