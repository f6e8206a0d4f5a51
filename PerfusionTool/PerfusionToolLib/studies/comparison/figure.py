"""Own map, reference and difference side by side, map by map."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...perfusion.maps import UNITS
from ...perfusion.similarity import Comparison, LesionOverlap
from ..drawing import FAINT, INK, PAPER, Slices, map_pixels, shades
from .own import OwnResults

SLICES = 3
DIFFERENCE = LinearSegmentedColormap.from_list("difference", ["#80e8ff", "#2040e0", "#282828", "#e02020", "#ffe060"])
# In inches.
_WIDTH, _LEFT, _HEAD, _CAPTION, _LINE, _FOOT = 15.0, 0.2, 0.85, 0.5, 0.2, 0.2
_BAR, _GAP = 0.55, 0.12
_CHARACTERS = 185
# Of absolute differences, the part that the colours cover, unless all are a small part of what the maps' colours do.
_SHOWN_PERCENT, _SMALLEST_PART = 98, 0.01


def draw_comparison(
    own: OwnResults,
    comparison: Comparison,
    overlaps: dict[str, LesionOverlap],
    path: Path,
    title: str,
    entry: dict,
) -> None:
    """Draw a row for each map: own, reference, their difference in some slices, and what was measured.

    Parameters
    ----------
    own : OwnResults
    comparison : Comparison
    overlaps : dict of str to LesionOverlap
    path : Path
        PNG file to write.
    title : str
        Line above the picture.
    entry : dict
        What the record says of the comparison: the references' files, and what a person should know.

    Notes
    -----
    Slices are axial and radiological: the patient's right is on the left, anterior is up. Maps without a common unit
    are shown as parts of their means. Where one side has no value the difference is grey.
    """
    strips = _Strips(own)
    width = (_WIDTH - _LEFT - 2 * (_BAR + _GAP) - _GAP) / 3
    row = _CAPTION + width * strips.height_over_width
    words = [*_lesion_lines(overlaps), *_remarks(entry)]
    height = _HEAD + row * len(comparison.maps) + _LINE * len(words) + _FOOT
    figure = Figure(figsize=(_WIDTH, height), facecolor=PAPER)
    FigureCanvasAgg(figure)
    page = _Page(figure, width, height)
    page.text(_LEFT, 0.3, f"{title}: own maps beside reference maps", size=13, weight="bold")
    page.text(_WIDTH - _LEFT, 0.3, "Research use only", size=11, color=FAINT, ha="right")
    if comparison.maps:
        for column, heading in enumerate(("Own", "Reference", "Own − reference")):
            page.text(page.left(column), 0.66, heading, size=11, color=FAINT)
    for number, (name, found) in enumerate(comparison.maps.items()):
        top = _HEAD + row * number
        page.text(_LEFT, top + 0.14, name, size=13, weight="bold")
        page.text(page.left(1), top + 0.14, entry["references"][name]["file"], size=9, color=FAINT)
        page.text(_LEFT, top + 0.37, _measures(name, found.measures), size=9)
        _draw_row(page, top + _CAPTION, strips, own, name, found)
    top = _HEAD + row * len(comparison.maps)
    for number, line in enumerate(words):
        page.text(_LEFT, top + _LINE * (number + 0.7), line, size=9)
    figure.savefig(path, dpi=100, facecolor=PAPER)


class _Strips:
    """Some slices from the middle of the brain, side by side in one image."""

    def __init__(self, own):
        self._cut = Slices(own.grid, own.brain)
        first, last = self._cut.in_brain[[0, -1]]
        self._slices = np.unique(np.linspace(first, last, SLICES + 2).round().astype(int)[1:-1])
        self.aspect = self._cut.aspect
        height, width = self(own.brain).shape
        self.height_over_width = height * self.aspect / width

    def __call__(self, volume):
        return np.concatenate(list(self._cut(volume)[self._slices]), axis=1)


class _Page:
    """A figure on which places are inches from its left and from its top."""

    def __init__(self, figure, width, height):
        self._figure, self._width, self._height = figure, width, height

    def left(self, column):
        """Where a column of images begins; the second and the third have a colour bar beside them."""
        return _LEFT + column * (self._width + _GAP) + (_BAR if column == 2 else 0.0)

    def text(self, x, y, words, color=INK, **style):
        self._figure.text(x / _WIDTH, 1 - y / self._height, words, color=color, va="center", **style)

    def image(self, column, top, pixels, aspect):
        height = self._width * pixels.shape[0] * aspect / pixels.shape[1]
        axes = self._axes(self.left(column), top, self._width, height)
        axes.imshow(pixels, aspect="auto", interpolation="nearest")
        axes.set_axis_off()
        axes.text(0.003, 0.99, "R", color=INK, size=8, va="top", transform=axes.transAxes)
        return height

    def colour_bar(self, column, top, height, colours, unit):
        axes = self._axes(self.left(column) + self._width + 0.05, top + 0.2, 0.1, height - 0.3)
        self._figure.colorbar(colours, cax=axes)
        axes.tick_params(colors=INK, labelsize=8, length=2)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        self.text(self.left(column) + self._width + 0.3, top + 0.06, unit, color=FAINT, size=7, ha="center")

    def _axes(self, x, y, width, height):
        return self._figure.add_axes(
            (x / _WIDTH, 1 - (y + height) / self._height, width / _WIDTH, height / self._height)
        )


def _draw_row(page, top, strips, own, name, found):
    mine, theirs, unit = _pair(own, name, found)
    brain = strips(own.brain)
    colours = shades(name, mine[found.compared], unit != UNITS[name])
    difference = np.where(found.compared, mine - theirs, np.nan)
    largest = max(
        float(np.percentile(np.abs(difference[found.compared]), _SHOWN_PERCENT)),
        _SMALLEST_PART * (colours.norm.vmax - colours.norm.vmin),
    )
    apart = ScalarMappable(Normalize(-largest, largest), DIFFERENCE)
    for column, (volume, palette) in enumerate(((mine, colours), (theirs, colours), (difference, apart))):
        height = page.image(column, top, map_pixels(strips(volume), brain, palette), strips.aspect)
    page.colour_bar(1, top, height, colours, unit)
    page.colour_bar(2, top, height, apart, unit)


def _pair(own, name, found):
    """Both maps in the own unit, or as parts of their means where they have none in common."""
    mine, theirs = own.maps[name], found.reference
    if np.isfinite(found.measures["bias"]):
        return mine, theirs, UNITS[name]
    means = [float(volume[found.compared].mean(dtype=float)) for volume in (mine, theirs)]
    parts = [volume / (mean if mean > 0 else 1.0) for volume, mean in zip((mine, theirs), means, strict=True)]
    return *parts, "part of mean"


def _measures(name, measures):
    unit = UNITS[name]
    words = [f"r {measures['Pearson']:.3f}", f"ρ {measures['Spearman']:.3f}"]
    if np.isfinite(measures["bias"]):
        bias, low, high, mae, rmse = (
            _rounded(measures[key]) for key in ("bias", "lower limit", "upper limit", "MAE", "RMSE")
        )
        words += [
            f"concordance {measures['concordance']:.3f}",
            f"bias {bias} ({low} to {high}) {unit}",
            f"MAE {mae} {unit}",
            f"RMSE {rmse} {unit}",
        ]
    if np.isfinite(measures["NCC"]):
        words += [f"SSIM {measures['SSIM']:.3f} in the brain, {measures['SSIM whole slices']:.3f} in whole slices"]
    return "      ".join(words)


def _rounded(value):
    # Adding zero turns −0 into 0.
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _lesion_lines(overlaps):
    lines = []
    for name, found in overlaps.items():
        dice = f"{found.dice:.3f}" if np.isfinite(found.dice) else "–"
        lines.append(f"{name}: Dice {dice}, own {found.own_ml:.1f} ml, reference {found.reference_ml:.1f} ml")
    return lines


def _remarks(entry):
    vessels = ["Large vessels are left out."] if entry["without_vessels"] else []
    sentences = [*vessels, *entry["notes"], *entry["refused"].values()]
    return [line for sentence in sentences for line in textwrap.wrap(sentence, _CHARACTERS)]
