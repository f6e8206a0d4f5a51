"""Rigid motion: what is put in is found, contrast is not motion, what cannot be registered is flagged."""

from dataclasses import replace

import numpy as np
import pytest
from PerfusionToolLib.perfusion.errors import PerfusionError
from PerfusionToolLib.perfusion.motion import (
    Motion,
    apply_motion,
    estimate_motion,
    estimate_motion_steps,
    moved_points,
)
from PerfusionToolLib.perfusion.motion.estimation import above_neighbours
from PerfusionToolLib.perfusion.motion.passage import head_drop, ride_out_passage
from PerfusionToolLib.perfusion.series import Grid
from scipy import ndimage
from scipy.spatial.transform import Rotation

SHAPE = (14, 64, 64)
SPACING = np.array([3.0, 3.0, 6.0])  # x, y, z
FRAMES = 10
VALUES = {
    "CT": {"air": -1000, "skull": 900, "brain": 35, "ventricle": 5},
    "MR": {"air": 0, "skull": 30, "brain": 700, "ventricle": 1500},
}


def geometry(directions=None):
    matrix = np.eye(4)
    matrix[:3, :3] = (np.eye(3) if directions is None else directions) @ np.diag(SPACING)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(SHAPE[::-1]) - 1) / 2)
    return Grid(SHAPE, matrix)


def ellipsoid(points, centre, radii):
    distance = np.sqrt((((points - centre) / radii) ** 2).sum(-1))
    return np.clip(0.5 - (distance - 1) * min(radii) / 3, 0, 1)


def head(points, modality, contrast):
    """An asymmetric head with vessels; contrast 0 to 1."""
    values = VALUES[modality]
    skull = ellipsoid(points, (0, 0, -8), (72, 84, 62))
    inside = ellipsoid(points, (0, 1, -8), (65, 77, 54))
    ventricle = ellipsoid(points, (14, 8, 2), (9, 25, 12)) + ellipsoid(points, (-16, -4, -4), (8, 22, 14))
    skull_base = ellipsoid(points, (8, 30, -45), (30, 22, 14))
    vessels = ellipsoid(points, (20, 25, -15), (28, 4, 5)) + ellipsoid(points, (-22, 22, -12), (26, 4, 5))
    image = values["air"] + skull * (values["skull"] - values["air"]) + inside * (values["brain"] - values["skull"])
    image = image + inside * ventricle * (values["ventricle"] - values["brain"])
    image = image + skull_base * (values["skull"] - image)
    if modality == "CT":
        return image + contrast * (300 * vessels + 6 * inside * (1 - ventricle))
    return image * np.exp(-contrast * (2 * vessels + 0.4 * inside * (1 - ventricle)))


def moves(size, frames=FRAMES, seed=0):
    """Rigid transforms up to size mm and 2/3 of that in degrees; frame 0 at rest."""
    random = np.random.default_rng(seed)
    transforms = np.tile(np.eye(4), (frames, 1, 1))
    translations, rotations = random.normal(size=(2, frames, 3))
    translations *= size / np.linalg.norm(translations, axis=1).max()
    rotations *= size / 1.5 / np.linalg.norm(rotations, axis=1).max()
    transforms[1:, :3, :3] = Rotation.from_rotvec(rotations[1:], degrees=True).as_matrix()
    transforms[1:, :3, 3] = translations[1:]
    return transforms


def scan(modality, grid, transforms, noise, bolus=True, seed=0):
    """Thick slices, each the mean of three thin ones."""
    random = np.random.default_rng(seed)
    frames = len(transforms)
    contrast = np.exp(-0.5 * ((np.arange(frames) - frames / 2) / 1.2) ** 2) * bolus
    indices = np.indices(grid.shape).reshape(3, -1).T
    signal = np.zeros((frames, *grid.shape), np.float32)
    for frame, transform in enumerate(transforms):
        back = np.linalg.inv(transform)
        for part in (-1 / 3, 0, 1 / 3):
            points = grid.to_ras(indices + np.array([part, 0, 0])) @ back[:3, :3].T + back[:3, 3]
            signal[frame] += head(points, modality, contrast[frame]).reshape(grid.shape).astype(np.float32) / 3
    return signal + noise * random.standard_normal(signal.shape, np.float32)


def position_error(found, true, grid):
    """Mean error of head positions in mm, per frame."""
    points = grid.to_ras(np.indices(grid.shape)[:, ::2, ::4, ::4].reshape(3, -1).T)
    points = points[head(points, "CT", 0) > 0]
    difference = found - true
    errors = points @ difference[:, :3, :3].transpose(0, 2, 1) + difference[:, None, :3, 3]
    return np.linalg.norm(errors, axis=2).mean(1)


@pytest.fixture(scope="module")
def moving():
    grid, true = geometry(), moves(3.0)
    return scan("CT", grid, true, 3.0), grid, true


@pytest.mark.parametrize(("modality", "noise", "allowed"), [("CT", 3.0, 0.15), ("MR", 8.0, 0.3)])
def test_motion_is_found_during_the_bolus(modality, noise, allowed):
    grid, true = geometry(), moves(3.0, seed=1)
    motion = estimate_motion(scan(modality, grid, true, noise), grid, modality, reference=0)
    assert position_error(motion.transforms, true, grid)[1:].mean() < allowed
    assert not motion.corrupted.any()


def test_motion_of_an_oblique_left_handed_scan_is_found_in_ras():
    directions = Rotation.from_euler("xyz", [20, -15, 30], degrees=True).as_matrix() @ np.diag([-1, 1, 1])
    grid, true = geometry(directions), moves(3.0, frames=4, seed=2)
    motion = estimate_motion(scan("CT", grid, true, 3.0, bolus=False), grid, "CT", reference=0)
    assert position_error(motion.transforms, true, grid)[1:].max() < 0.3


def test_a_still_head_with_a_bolus_is_returned_as_it_is():
    grid = geometry()
    signal = scan("CT", grid, moves(0.0), 3.0)
    motion = estimate_motion(signal, grid, "CT")
    assert motion.displacement.max() <= 0.02
    assert apply_motion(signal, grid, motion) is signal


def test_a_still_mr_head_is_hardly_moved_by_the_bolus():
    grid = geometry()
    motion = estimate_motion(scan("MR", grid, moves(0.0), 8.0), grid, "MR")
    assert motion.displacement.mean() < 0.1


def test_another_reference_frame_gives_the_same_motion_seen_from_there(moving):
    signal, grid, true = moving
    motion = estimate_motion(signal, grid, "CT", reference=3)
    assert motion.reference == 3
    assert np.array_equal(motion.transforms[3], np.eye(4))
    assert position_error(motion.transforms, true @ np.linalg.inv(true[3]), grid).mean() < 0.2


def test_parameters_are_translations_of_the_head_and_rotations(moving):
    signal, grid, true = moving
    motion = estimate_motion(signal, grid, "CT", reference=0)
    rotations = Rotation.from_matrix(true[:, :3, :3]).as_rotvec(degrees=True)
    shifts = true[:, :3, :3] @ motion.centre + true[:, :3, 3] - motion.centre
    assert np.abs(motion.parameters[:, :3] - shifts).max() < 0.3
    assert np.abs(motion.parameters[:, 3:] - rotations).max() < 0.3


def test_hounsfield_offset_and_integers_do_not_matter(moving):
    signal, grid, _ = moving
    plain = estimate_motion(np.round(signal), grid, "CT", reference=0)
    offset = estimate_motion(np.round(signal + 1024).clip(0).astype(np.uint16), grid, "CT", reference=0)
    integer = estimate_motion(np.round(signal).astype(np.int16), grid, "CT", reference=0)
    assert np.abs(offset.transforms - plain.transforms).max() < 0.02
    assert np.allclose(integer.transforms, plain.transforms, atol=1e-4)


def test_the_scale_of_an_mr_signal_does_not_matter():
    grid, true = geometry(), moves(2.0, frames=4)
    signal = scan("MR", grid, true, 8.0)
    plain = estimate_motion(signal, grid, "MR", reference=0)
    scaled = estimate_motion(signal * np.float32(1e-5), grid, "MR", reference=0)
    assert np.allclose(scaled.transforms, plain.transforms, atol=1e-2)


def away_from_bone(at_rest):
    """Voxels (z, y, x) of a still CT scan with neither bone nor air within a voxel, nor the scan's end within two."""
    soft = ~ndimage.binary_dilation(np.abs(at_rest[0] - VALUES["CT"]["brain"]) > 60, np.ones((3, 3, 3)))
    soft[[0, 1, -2, -1]] = False
    return soft


def error(images, at_rest, where):
    return np.abs(images - at_rest)[1:, where].mean()


def test_resampling_brings_the_brain_back_to_within_the_noise(moving):
    signal, grid, _ = moving
    at_rest = scan("CT", grid, moves(0.0), 0.0)
    brain = away_from_bone(at_rest)
    corrected = apply_motion(signal, grid, estimate_motion(signal, grid, "CT", reference=0))
    mean_noise = 3.0 * np.sqrt(2 / np.pi)
    assert error(corrected, at_rest, brain) < mean_noise < error(signal, at_rest, brain)


def test_resampling_by_the_motion_found_is_as_good_as_by_the_true_motion(moving):
    signal, grid, true = moving
    motion = estimate_motion(signal, grid, "CT", reference=0)
    without_noise, at_rest = scan("CT", grid, true, 0.0), scan("CT", grid, moves(0.0), 0.0)
    brain = away_from_bone(at_rest)
    found = error(apply_motion(without_noise, grid, motion), at_rest, brain)
    best = error(apply_motion(without_noise, grid, replace(motion, transforms=true)), at_rest, brain)
    assert best < error(without_noise, at_rest, brain)
    assert found < 1.05 * best


def test_resampling_leaves_air_air_and_the_reference_as_it_is(moving):
    signal, grid, _ = moving
    corrected = apply_motion(signal, grid, estimate_motion(signal, grid, "CT", reference=0))
    assert corrected.dtype == np.float32
    assert np.array_equal(corrected[0], signal[0])
    assert corrected[..., 0].max() < -900
    assert corrected.min() >= signal.min()


def motion_of(transforms):
    """Motion as if it had been estimated, frame 0 at rest."""
    displacement = np.linalg.norm(transforms[:, :3, 3], axis=1)
    return Motion(transforms, displacement, np.zeros(len(transforms), bool), 0, np.zeros(3))


def test_a_window_keeps_bone_from_mixing_into_tissue_beyond_it():
    grid, transforms = geometry(), np.tile(np.eye(4), (2, 1, 1))
    transforms[1, 0, 3] = SPACING[0] / 2
    signal = np.full((2, *SHAPE), 35, np.int16)
    signal[..., 40:42] = 1500
    motion = motion_of(transforms)
    window = np.array([-50.0, 150.0])
    plain, windowed = apply_motion(signal, grid, motion), apply_motion(signal, grid, motion, window=window)
    assert windowed.dtype == np.float32
    assert np.allclose(plain[1, ..., 39], (35 + 1500) / 2)
    assert np.allclose(windowed[1, ..., 39], (35 + 150) / 2)
    assert np.allclose(windowed[..., :39], 35)
    assert windowed.max() == 150
    assert np.array_equal(windowed[0], signal[0].clip(-50, 150))


def test_a_window_wider_than_the_values_changes_nothing(moving):
    signal, grid, true = moving
    motion = motion_of(true)
    assert np.array_equal(apply_motion(signal, grid, motion, window=(-5000, 5000)), apply_motion(signal, grid, motion))


def test_a_region_gets_what_the_whole_frame_gets_there_and_nothing_outside_its_box(moving):
    signal, grid, true = moving
    motion = motion_of(true)
    region = np.zeros(SHAPE, bool)
    region[3, 20, 30] = region[9, 41, 15] = True
    box = np.s_[:, 3:10, 20:42, 15:31]
    part = apply_motion(signal, grid, motion, region=region)
    assert part.shape == signal.shape
    assert np.allclose(part[box], apply_motion(signal, grid, motion)[box], atol=1e-2)
    outside = np.ones(signal.shape, bool)
    outside[box] = False
    assert not part[outside].any()


def test_still_frames_pass_through_a_window_and_a_region_without_resampling(moving):
    signal, grid, _ = moving
    still = motion_of(moves(0.0))
    region = np.zeros(SHAPE, bool)
    region[2:5, 10:50, 12:40] = True
    windowed = apply_motion(signal, grid, still, window=(-50, 150))
    assert np.array_equal(windowed, signal.clip(-50, 150))
    part = apply_motion(signal, grid, still, region=region)
    assert np.array_equal(part, np.where(region, signal, 0))


@pytest.mark.parametrize(
    ("region", "message"),
    [(np.zeros(SHAPE, bool), "empty"), (np.ones((2, 3, 4), bool), "shape")],
    ids=["empty", "shape"],
)
def test_a_region_that_is_empty_or_of_another_shape_is_refused(moving, region, message):
    signal, grid, true = moving
    with pytest.raises(PerfusionError, match=message):
        apply_motion(signal, grid, motion_of(true), region=region)


def test_resampling_integers_does_not_overflow(moving):
    signal, grid, _ = moving
    motion = estimate_motion(signal, grid, "CT", reference=0)
    corrected = apply_motion(np.round(signal).astype(np.int16), grid, motion)
    assert np.abs(corrected - apply_motion(np.round(signal), grid, motion)).max() < 1e-2


def test_blank_foreign_and_far_frames_are_flagged_and_left_alone(moving):
    signal, grid, _ = moving
    signal = signal.copy()
    signal[2] = 0
    signal[4] = -1000
    signal[6] = np.roll(signal[6], 10, axis=2)
    signal[7] = np.random.default_rng(0).normal(0, 300, SHAPE)
    signal[8] = np.nan
    motion = estimate_motion(signal, grid, "CT", reference=0)
    assert np.flatnonzero(motion.corrupted).tolist() == [2, 4, 6, 7, 8]
    assert np.array_equal(motion.transforms[motion.corrupted], np.tile(np.eye(4), (5, 1, 1)))
    assert np.array_equal(apply_motion(signal, grid, motion)[6], signal[6])


def test_largest_motion_is_settable(moving):
    signal, grid, _ = moving
    shifted = signal[:4].copy()
    shifted[2] = np.roll(shifted[2], 3, axis=2)
    assert not estimate_motion(shifted, grid, "CT", 0).corrupted.any()
    assert estimate_motion(shifted, grid, "CT", 0, largest_motion=6.0).corrupted.tolist() == [False, False, True, False]


def test_a_chosen_reference_is_not_a_corrupted_frame(moving):
    signal, grid, _ = moving
    signal = signal.copy()
    signal[0] = 0
    motion = estimate_motion(signal, grid, "CT")
    assert motion.reference in (1, 2)
    assert np.flatnonzero(motion.corrupted).tolist() == [0]


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_white_noise_is_not_moved(modality):
    noise = np.random.default_rng(0).normal(300, 5, (FRAMES, *SHAPE)).astype(np.float32)
    motion = estimate_motion(noise, geometry(), modality)
    assert motion.displacement.max() == 0
    assert motion.corrupted.sum() == FRAMES - 1


@pytest.mark.parametrize("slices", [1, 2, 4])
def test_few_slices_move_only_within_their_plane(slices):
    grid, true = geometry(), np.tile(np.eye(4), (4, 1, 1))
    true[1:, :2, 3] = [[2, -1], [-1.5, 0.5], [0.5, 2.5]]
    true[1, :3, :3] = Rotation.from_euler("z", 1.5, degrees=True).as_matrix()
    signal = scan("CT", grid, true, 3.0, bolus=False)[:, 6 : 6 + slices]
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, 3] += 6 * matrix[:3, 2]
    part = Grid(signal.shape[1:], matrix)
    motion = estimate_motion(signal, part, "CT", reference=0)
    assert np.allclose(motion.transforms[:, 2], np.eye(4)[2], atol=1e-9)
    assert position_error(motion.transforms, true, part)[1:].max() < 0.25
    assert np.isfinite(apply_motion(signal, part, motion)).all()


def test_metal_does_not_disturb(moving):
    signal, grid, true = moving
    signal = signal.copy()
    signal[:, 4:6, 28:31, 40:43] = 3071
    signal[:, 4:6] += 150 * np.sin(np.arange(64) / 2).astype(np.float32)
    motion = estimate_motion(signal, grid, "CT", reference=0)
    assert position_error(motion.transforms, true, grid)[1:].mean() < 0.5


def test_progress_rises_to_one(moving):
    signal, grid, _ = moving
    fractions = [progress.fraction for progress in estimate_motion_steps(signal[:4], grid, "CT")]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_a_wrong_or_blank_reference_is_refused(moving):
    signal, grid, _ = moving
    with pytest.raises(PerfusionError, match="frames 0 to 9"):
        estimate_motion(signal, grid, "CT", reference=10)
    with pytest.raises(PerfusionError, match="blank"):
        estimate_motion(signal * 0, grid, "CT")


def test_a_deep_bolus_over_several_frames_is_no_corruption_but_a_sudden_frame_is():
    bolus = np.array([0, 0, 0, 0.05, 0.12, 0.17, 0.14, 0.08, 0.04, 0.02, 0, 0])
    assert above_neighbours(bolus).max() < 0.1
    sudden = bolus.copy()
    sudden[[1, 10]] = 0.4
    assert np.flatnonzero(above_neighbours(sudden) > 0.3).tolist() == [1, 10]
    pair = bolus.copy()
    pair[9:11] = 0.4
    assert np.flatnonzero(above_neighbours(pair) > 0.3).tolist() == [9, 10]


def shifts(amounts):
    transforms = np.tile(np.eye(4), (len(amounts), 1, 1))
    transforms[:, 0, 3] = amounts
    return transforms


DROP = 0.3 * np.array([0, 0, 0.1, 0.6, 1.0, 0.7, 0.3, 0.1, 0.1, 0.1])
POINTS = np.random.default_rng(0).normal(0, 60, (50, 3))


def test_small_motion_that_follows_the_bolus_is_taken_for_none():
    found = ride_out_passage(shifts([0, 0, 0, 0.5, 0.9, 0.6, 0.3, 0.1, 0.1, 0.1]), DROP, POINTS)
    assert np.allclose(found[:, 0, 3], [0, 0, 0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    "amounts",
    [
        [0, 0, 0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0],
        [0, 0, 0, 0.8, -0.8, 0.8, -0.8, 0, 0, 0],
        [0, 0, 0, 2.0, 4.0, 3.0, 1.5, 0, 0, 0],
    ],
)
def test_large_motion_and_motion_of_another_course_stays(amounts):
    assert np.abs(ride_out_passage(shifts(amounts), DROP, POINTS)[:, 0, 3] - amounts).max() < 1.0
    assert np.count_nonzero(ride_out_passage(shifts(amounts), DROP, POINTS)[:, 0, 3] != amounts) <= 1


def test_in_a_head_that_moves_anyway_nothing_is_replaced():
    moved = shifts([0, 0, 0, 0.5, 0.9, 0.6, 0.3, 0.1, 1.2, 0.8])
    assert np.array_equal(ride_out_passage(moved, DROP, POINTS), moved)


def test_in_a_shallow_bolus_nothing_is_replaced():
    moved = shifts([0, 0, 0, 0.5, 0.9, 0.6, 0.3, 0.1, 0.1, 0.1])
    assert np.array_equal(ride_out_passage(moved, 0.1 * DROP, POINTS), moved)


def test_the_drop_is_relative_to_the_reference_frame():
    assert np.allclose(head_drop(np.array([50.0, 100, 80]), 1), [0.5, 0, 0.2])


def test_points_go_where_each_transform_takes_them():
    transforms = moves(5.0)
    moved = moved_points(transforms, POINTS)
    assert moved.shape == (FRAMES, len(POINTS), 3)
    for frame, point in ((0, 0), (4, 7), (9, 49)):
        assert np.allclose(moved[frame, point], (transforms[frame] @ [*POINTS[point], 1])[:3])
