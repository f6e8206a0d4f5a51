"""What a series accepts, and the sentence it refuses with."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid, PerfusionError, PerfusionSeries

TIMES = np.arange(12) * 1.5


def series(signal=None, times=TIMES, matrix=None, modality="CT", echo_time=None):
    signal = np.zeros((12, 2, 3, 4), np.float32) if signal is None else signal
    return PerfusionSeries(signal, times, np.eye(4) if matrix is None else matrix, modality, echo_time)


def test_a_good_series_keeps_its_parts():
    made = series(modality="MR", echo_time=0.03)
    assert made.grid.shape == (2, 3, 4)
    assert made.echo_time == 0.03
    assert "MR" in repr(made)


def test_the_signal_is_not_copied():
    signal = np.zeros((12, 2, 3, 4), np.int16)
    assert series(signal).signal is signal


@pytest.mark.parametrize("shape", [(12, 2, 3, 4, 1), (1, 12, 2, 3, 4)])
def test_a_singleton_fifth_axis_is_dropped(shape):
    assert series(np.zeros(shape)).signal.shape == (12, 2, 3, 4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"signal": np.zeros((12, 3, 4))}, "has 3 dimensions"),
        ({"signal": np.zeros((9, 2, 3, 4)), "times": TIMES[:9]}, "9 frames; at least 10"),
        ({"signal": np.zeros((12, 0, 3, 4))}, "no voxels"),
        ({"signal": np.zeros((12, 2, 3, 4), complex)}, "complex"),
        ({"times": None}, "no frame times"),
        ({"times": TIMES[:-1]}, "11 frame times for 12 frames"),
        ({"times": ["a"] * 12}, "not numbers"),
        ({"times": np.where(TIMES == 3, np.nan, TIMES)}, "time of frame 2 is nan"),
        ({"times": np.where(TIMES == 3, 1.0, TIMES)}, "frame 2 is at 1 s after 1.5 s"),
        ({"modality": "PET"}, "Unknown modality 'PET'"),
        ({"modality": "MR"}, "needs its echo time"),
        ({"modality": "MR", "echo_time": 30}, "30 s .* milliseconds"),
        ({"modality": "MR", "echo_time": 0}, "is 0 s; give a positive"),
        ({"modality": "MR", "echo_time": "30 ms"}, "'30 ms' is not a number"),
        ({"times": 1000 * TIMES}, "1500 s apart; .* in seconds"),
        ({"times": TIMES / 1000}, "0.0015 s apart"),
        ({"matrix": "axial"}, "not made of numbers"),
        ({"matrix": np.zeros((4, 4))}, "last row of the geometry"),
        ({"matrix": np.diag([1.0, 1.0, 0.0, 1.0])}, "singular"),
        ({"matrix": np.eye(3)}, "4×4"),
        ({"matrix": np.full((4, 4), np.nan)}, "finite 4×4"),
    ],
)
def test_what_cannot_be_is_refused_with_the_value_found(change, sentence):
    with pytest.raises(PerfusionError, match=sentence):
        series(**change)


def test_indices_and_ras_are_inverse_on_an_oblique_left_handed_grid():
    matrix = np.array([[-0.9, 0.1, 0.4, 7], [0.2, 1.1, -0.3, -5], [0.1, 0.2, 4.9, 11], [0, 0, 0, 1]])
    grid = Grid((5, 6, 7), matrix)
    indices = np.random.default_rng(0).uniform(0, 5, (20, 3))
    assert np.allclose(grid.to_indices(grid.to_ras(indices)), indices)
    assert np.allclose(grid.to_ras(np.array([2, 1, 0])), (matrix @ [0, 1, 2, 1])[:3])
    assert np.allclose(grid.spacing, np.linalg.norm(matrix[:3, :3], axis=0)[::-1])
    assert np.isclose(grid.voxel_volume, abs(np.linalg.det(matrix)) / 1000)
