"""One picture of a whole study, for the eye to judge whether its parts can be trusted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..perfusion.maps import unit_of
from .drawing import ARTERY, BRAIN, FAINT, INK, PAPER, VEIN, Slices, grey_window, map_pixels, shades, vessel_places

WIDTH, IMAGES_WIDTH, TITLE_HEIGHT, CURVES_HEIGHT = 14.0, 11.9, 0.5, 2.8
MOST_SLICES = 8
# Width over height of a row of images that fills the page; narrower ones stand side by side.
FULL_ROW = 5.5
MOST_COLUMNS = 4
# In this order; the others look like one of them, or are for a closer look.
SHOWN = ("CBF", "CBF SD", "CBV", "MTT", "Tmax", "Delay", "TTP", "K2")


def draw_overview(study, path: Path, title: str) -> None:
    """Draw slices of the scan and of every map, the bolus, the AIF, the venous output and the motion.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    path : Path
        PNG file to write.
    title : str
        Line above the picture.

    Notes
    -----
    Slices are axial and radiological: the patient's right is on the left, anterior is up.
    """
    view = _View(study.grid, study.brain_mask, study.arterial_input.voxels)
    maps = {name: study.maps[name] for name in SHOWN if name in study.maps}
    images = len(maps) + 1
    columns = max(1, min(MOST_COLUMNS, images, round(FULL_ROW / view.width_over_height)))
    rows = -(-images // columns)
    columns = -(-images // rows)
    images_height = rows * IMAGES_WIDTH / columns / view.width_over_height * (1.15 if columns > 1 else 1.0)
    height = TITLE_HEIGHT + images_height + CURVES_HEIGHT
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
    FigureCanvasAgg(figure)
    middle, top = CURVES_HEIGHT / height, 1 - TITLE_HEIGHT / height
    spaces = {"hspace": 0.03} if columns == 1 else {"hspace": 0.15, "wspace": 0.4}
    panels = figure.subplots(
        rows,
        columns,
        squeeze=False,
        gridspec_kw={"left": 0.09, "right": 0.94, "bottom": middle, "top": top - 0.03 * (columns > 1), **spaces},
    ).ravel()
    for spare in panels[images:]:
        spare.set_axis_off()
    _draw_scan(panels[0], view, study)
    for axes, (name, volume) in zip(panels[1:images], maps.items(), strict=True):
        _draw_map(axes, view, name, volume, study)
    _draw_curves(figure, middle, study)
    line = 1 - 0.5 * TITLE_HEIGHT / height
    figure.text(0.02, line, title, color=INK, size=13, weight="bold", va="center")
    figure.text(0.98, line, "Research use only", color=FAINT, size=11, ha="right", va="center")
    if study.bolus.cut_off:
        text = f"The bolus is cut off at the {study.bolus.cut_off}: the maps are unreliable"
        figure.text(0.5, line, text, color=ARTERY, size=11, ha="center", va="center")
    figure.savefig(path, dpi=90, facecolor=PAPER)


class _View:
    """Axial slices through the brain, the one with most of the AIF among them, side by side in one image."""

    def __init__(self, grid, brain, artery):
        self._cut = Slices(grid, brain)
        first, last = self._cut.in_brain[[0, -1]]
        self._slices = np.unique(np.linspace(first, last, MOST_SLICES + 2).round().astype(int)[1:-1])
        if artery.any():
            artery_slice = self._cut.turned(artery).sum(axis=(1, 2)).argmax()
            self._slices[np.abs(self._slices - artery_slice).argmin()] = artery_slice
        self.aspect = self._cut.aspect
        height, width = self(brain).shape
        self.width_over_height = width / (height * self.aspect)

    def __call__(self, volume):
        return np.concatenate(list(self._cut(volume)[self._slices]), axis=1)


def _draw_scan(axes, view, study):
    image, brain = view(study.corrected[study.bolus.baseline].mean(axis=0)), view(study.brain_mask)
    low, high = grey_window(image, brain)
    axes.imshow(image, cmap="gray", vmin=low, vmax=high, aspect=view.aspect)
    axes.contour(brain, levels=[0.5], colors=BRAIN, linewidths=0.6)
    for voxels, colour in vessel_places(study):
        rows, columns = np.nonzero(view(voxels))
        axes.plot(columns, rows, "s", color=colour, markersize=2.4, markeredgewidth=0)
    _label(axes, "Scan", "")
    for place, side in ((0.004, "R"), (0.996, "L")):
        axes.text(place, 0.97, side, color=INK, size=9, ha="center", va="top", transform=axes.transAxes)
    for height, text, colour in ((0.34, "brain mask", BRAIN), (0.2, "AIF", ARTERY), (0.06, "venous output", VEIN)):
        axes.text(-0.012, height, text, color=colour, size=9, ha="right", transform=axes.transAxes)


def _draw_map(axes, view, name, volume, study):
    brain, image = view(study.brain_mask), view(volume)
    relative = study.settings.relative_to != "absolute"
    colours = shades(name, volume[study.brain_mask], relative)
    pixels = map_pixels(image, brain, colours)
    axes.imshow(pixels, aspect=view.aspect, interpolation="nearest")
    unit = unit_of(name, study.settings.relative_to)
    short, *origin = name.split(" ", 1)
    _label(axes, short, " ".join([unit, *origin]))
    bar = axes.inset_axes([1.008, 0.05, 0.01, 0.9])
    axes.figure.colorbar(colours, cax=bar)
    bar.tick_params(colors=INK, labelsize=8, length=2)
    bar.yaxis.set_major_locator(MaxNLocator(4))


def _label(axes, name, unit):
    axes.set_axis_off()
    axes.text(-0.012, 0.58, name, color=INK, size=13, weight="bold", ha="right", transform=axes.transAxes)
    axes.text(-0.012, 0.44, unit, color=FAINT, size=9, ha="right", transform=axes.transAxes)


def _draw_curves(figure, top, study):
    unit = "HU" if study.series.modality == "CT" else "1/s"
    grid = figure.add_gridspec(
        1, 3 if study.motion is None else 4, left=0.06, right=0.98, bottom=0.2 * top, top=0.83 * top, wspace=0.25
    )
    bolus, *vessels = (figure.add_subplot(grid[column]) for column in range(3))
    bolus_unit = "HU" if study.series.modality == "CT" else "−ln(S/S0)"
    _draw_curve(bolus, study.times, study.bolus.curve, INK, f"Bolus in the brain, {bolus_unit}")
    bolus.axvline(study.times[study.bolus.arrival], color=FAINT, linewidth=0.8, linestyle="--")
    _draw_curve(vessels[0], study.times, study.arterial_input.curve, ARTERY, f"Arterial input, {unit}")
    if study.venous_output is None:
        vessels[1].set_axis_off()
        vessels[1].text(0.5, 0.5, "No vein was found", color=FAINT, size=10, ha="center")
    else:
        _draw_curve(vessels[1], study.times, study.venous_output.curve, VEIN, f"Venous output, {unit}")
    if study.motion is not None:
        motion = figure.add_subplot(grid[3])
        _draw_curve(
            motion,
            study.series.times[-study.motion.displacement.size :],
            study.motion.displacement,
            BRAIN,
            "Motion of the head, mm",
        )
        motion.set_ylim(0, max(1.0, 1.1 * motion.get_ylim()[1]))


def _draw_curve(axes, times, values, colour, title):
    axes.set_facecolor(PAPER)
    axes.plot(times, values, ".-", color=colour, linewidth=1.2, markersize=4)
    axes.set_title(title, color=INK, size=10)
    axes.set_xlabel("s", color=INK, size=9)
    axes.tick_params(colors=INK, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
