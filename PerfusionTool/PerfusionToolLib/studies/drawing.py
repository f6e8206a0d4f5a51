"""What pictures of a study share: slices as radiologists see them, colours and windows of maps."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba

from ..perfusion.series import Grid

FLOW = LinearSegmentedColormap.from_list("flow", ["black", "#1020c0", "#00a040", "#ffe000", "#e00000"])
TIME = LinearSegmentedColormap.from_list("time", ["#1020c0", "#00a0e0", "#30c050", "#ffe000", "#e00000"])
WINDOWS = {"CBF": (0, 60), "CBF SD": (0, 20), "CBV": (0, 6), "MTT": (0, 12), "Tmax": (0, 12), "Delay": (0, 12)}
FLOWS = ("CBF", "CBF SD", "CBV", "CBV SD", "CBV uncorrected")
PAPER, INK, FAINT, NO_RESULT = "black", "white", "#a0a0a0", "#505050"
BRAIN, ARTERY, VEIN = "#ffd000", "#ff4040", "#60a0ff"
MARGIN = 4


class Slices:
    """The axial slices through a brain, from below to above: the patient's right on the left, anterior up.

    Parameters
    ----------
    grid : Grid
    brain : ndarray of bool, shape (z, y, x)
        Pictures are cut to its surroundings.

    Attributes
    ----------
    count : int
        Number of all slices.
    in_brain : ndarray of int
        Those that show brain.
    aspect : float
        Height of a pixel over its width.
    """

    def __init__(self, grid: Grid, brain: np.ndarray):
        self._order, self._flips = _to_radiological(grid.ijk_to_ras)
        turned = self.turned(brain)
        slices, rows, columns = (np.flatnonzero(turned.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
        self.in_brain = np.arange(slices[0], slices[-1] + 1)
        self._rows = slice(max(rows[0] - MARGIN, 0), rows[-1] + MARGIN + 1)
        self._columns = slice(max(columns[0] - MARGIN, 0), columns[-1] + MARGIN + 1)
        spacing = grid.spacing[list(self._order)]
        self.aspect = spacing[1] / spacing[2]
        self.count = turned.shape[0]

    def turned(self, volume: np.ndarray) -> np.ndarray:
        """A volume with its axes to superior, posterior and the patient's left, not cut."""
        return volume.transpose(self._order)[self._flips]

    def __call__(self, volume: np.ndarray) -> np.ndarray:
        """All slices of a volume (z, y, x), cut to the brain, ndarray of shape (slices, rows, columns)."""
        return self.turned(volume)[:, self._rows, self._columns]

    def index(self, slice_: int) -> int:
        """Where a slice lies in the array, from 0."""
        return int(slice_ if self._flips[0].step == 1 else self.count - 1 - slice_)


def shades(name: str, values: np.ndarray, relative: bool) -> ScalarMappable:
    """Colours of a map.

    Parameters
    ----------
    name : str
        Of the map.
    values : ndarray
        Its values inside the brain.
    relative : bool
        They are no absolute ones.

    Returns
    -------
    ScalarMappable
        From values to colours, in the window that readers expect, unless most of the map lies beyond it, as in MR
        without a calibrated AIF.
    """
    return ScalarMappable(Normalize(*_window(name, values, relative)), FLOW if name in FLOWS else TIME)


def map_pixels(image: np.ndarray, brain: np.ndarray, colours: ScalarMappable) -> np.ndarray:
    """Slices of a map as pixels: black outside the brain, grey where there is no result.

    Parameters
    ----------
    image, brain : ndarray of any one shape
        Values, and bool.
    colours : ScalarMappable

    Returns
    -------
    ndarray of that shape and (4,)
    """
    pixels = colours.cmap(colours.norm(image))
    pixels[brain & ~np.isfinite(image)] = to_rgba(NO_RESULT)
    pixels[~brain] = to_rgba(PAPER)
    return pixels


def grey_window(image: np.ndarray, brain: np.ndarray) -> tuple[float, float]:
    """Values of a scan that are shown black and white, so that the brain is seen well.

    Parameters
    ----------
    image : ndarray
    brain : ndarray of bool, of the same shape

    Returns
    -------
    low, high : float
    """
    low, high = np.percentile(image[brain], [1, 99])
    margin = 0.6 * (high - low)
    return low - margin, high + margin


def vessel_places(study):
    """Masks of the AIF and of the venous output, each with its colour."""
    yield study.arterial_input.voxels, ARTERY
    if study.venous_output is not None:
        yield study.venous_output.voxels, VEIN


def _to_radiological(ijk_to_ras):
    """Order and direction of the array's axes so that they run to superior, posterior and the patient's left."""
    directions = ijk_to_ras[:3, 2::-1] / np.linalg.norm(ijk_to_ras[:3, 2::-1], axis=0)
    agreement = np.array([[0, 0, 1], [0, -1, 0], [-1, 0, 0]]) @ directions
    order = max(permutations(range(3)), key=lambda axes: abs(agreement[range(3), axes]).sum())
    flips = tuple(slice(None, None, 1 if agreement[row, axis] > 0 else -1) for row, axis in enumerate(order))
    return order, flips


def _window(name, values, relative):
    low, high = _percentiles(values)
    if relative or name not in WINDOWS:
        return low, high
    return WINDOWS[name] if high < 2 * WINDOWS[name][1] else (0, high)


def _percentiles(values):
    finite = values[np.isfinite(values)]
    return np.percentile(finite, [2, 98]) if finite.size else (0, 1)
