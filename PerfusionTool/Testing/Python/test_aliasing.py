"""Aliasing of thick slices: what follows the motion is taken out of the curves, the bolus is left in."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid, drain
from PerfusionToolLib.perfusion.motion import Motion, apply_motion, remove_aliasing_steps

GRID = Grid((12, 12, 12), np.diag([1.0, 1.0, 5.0, 1.0]))
TIMES = np.arange(45) * 1.41
BASELINE = np.arange(6)


def bolus(times):
    since = np.maximum(times - 10, 0)
    return 8 * (since / 7.5) ** 3 * np.exp(3 - since / 2.5)


def shifts(seed):
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, 0.3, TIMES.size)) + np.where(rng.random(TIMES.size) < 0.2, 0.6, 0)
    return np.clip(steps - steps[0], -3, 3)


def scan(amounts, noise=2.0, seed=0, delay=0.0):
    """Slices 5 mm thick of anatomy that varies every 12 mm, moved along the slices, with a bolus everywhere."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, GRID.shape[1:])
    inside = np.linspace(-2.5, 2.5, 21)
    heights = 5.0 * np.arange(GRID.shape[0])[:, None] + inside
    frames = []
    for time, amount in zip(TIMES, amounts, strict=True):
        profile = np.sin(2 * np.pi * (heights[..., None, None] - amount) / 12 + phase).mean(1)
        late = np.where(np.arange(GRID.shape[2]) < 3, delay, 0.0)
        frames.append(40 + 25 * profile + bolus(time - late) + rng.normal(0, noise, GRID.shape))
    return np.array(frames, np.float32)


def motion(amounts):
    transforms = np.tile(np.eye(4), (amounts.size, 1, 1))
    transforms[:, 2, 3] = amounts
    return Motion(transforms, np.abs(amounts), np.zeros(amounts.size, bool), 0, np.zeros(3))


def inner():
    mask = np.zeros(GRID.shape, bool)
    mask[2:-2] = True
    return mask


def at_rest(amounts, **options):
    return apply_motion(scan(amounts, **options), GRID, motion(amounts), between_slices="linear")


def error(frames):
    curves = frames[:, inner()]
    contrast = curves - curves[BASELINE].mean(0)
    return np.sqrt(np.mean((contrast - bolus(TIMES)[:, None]) ** 2, 0)).mean()


@pytest.mark.parametrize("seed", range(4))
def test_curves_come_nearer_to_the_bolus(seed):
    amounts = shifts(seed)
    frames = at_rest(amounts, noise=0.5)
    before = error(frames)
    drain(remove_aliasing_steps(frames, inner(), GRID, motion(amounts), TIMES, BASELINE, 100.0))
    assert error(frames) < 0.8 * before


def test_only_the_voxels_asked_for_change():
    amounts = shifts(0)
    frames = at_rest(amounts)
    before = frames.copy()
    drain(remove_aliasing_steps(frames, inner(), GRID, motion(amounts), TIMES, BASELINE, 100.0))
    assert np.array_equal(frames[:, ~inner()], before[:, ~inner()])
    assert not np.array_equal(frames[:, inner()], before[:, inner()])


def test_a_head_at_rest_keeps_its_curves():
    amounts = np.zeros(TIMES.size)
    frames = scan(amounts)
    before = frames.copy()
    drain(remove_aliasing_steps(frames, inner(), GRID, motion(amounts), TIMES, BASELINE, 100.0))
    assert np.array_equal(frames, before)


def test_the_area_of_the_bolus_is_not_taken_for_motion():
    amounts = np.clip(TIMES - 10, 0, None) / 20
    frames = at_rest(amounts, noise=0.5)
    drain(remove_aliasing_steps(frames, inner(), GRID, motion(amounts), TIMES, BASELINE, 100.0))
    curves = frames[:, inner()]
    area = (curves - curves[BASELINE].mean(0)).sum(0).mean()
    assert abs(area / bolus(TIMES).sum() - 1) < 0.15


def test_a_late_bolus_is_not_taken_for_motion():
    amounts = np.clip(TIMES - 10, 0, None) / 20
    frames = at_rest(amounts, noise=0.5, delay=6.0)
    drain(remove_aliasing_steps(frames, inner(), GRID, motion(amounts), TIMES, BASELINE, 100.0))
    late = frames[:, 2:-2, :, :3]
    contrast = late - late[BASELINE].mean(0)
    assert abs(contrast.sum(0).mean() / bolus(TIMES - 6).sum() - 1) < 0.15
    assert abs(contrast.mean((1, 2, 3)).argmax() - bolus(TIMES - 6).argmax()) <= 1
