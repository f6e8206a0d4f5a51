"""One picture of a whole study, for the eye to judge whether its parts can be trusted."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..perfusion.maps import unit_of

FLOW = LinearSegmentedColormap.from_list("flow", ["black", "#1020c0", "#00a040", "#ffe000", "#e00000"])
TIME = LinearSegmentedColormap.from_list("time", ["#1020c0", "#00a0e0", "#30c050", "#ffe000", "#e00000"])
WINDOWS = {"CBF": (0, 60), "CBV": (0, 6), "MTT": (0, 12), "Tmax": (0, 12)}
PAPER, INK, FAINT, NO_RESULT = "black", "white", "#a0a0a0", "#505050"
BRAIN, ARTERY, VEIN = "#ffd000", "#ff4040", "#60a0ff"
WIDTH, IMAGES_WIDTH, TITLE_HEIGHT, CURVES_HEIGHT = 14.0, 11.9, 0.5, 2.8
MOST_SLICES = 8
# Width over height of a row of images that fills the page; narrower ones stand side by side.
FULL_ROW = 5.5
MOST_COLUMNS = 4
# It looks like TTP.
LEFT_OUT = ("TTP from arrival",)
MARGIN = 4


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
    maps = {name: volume for name, volume in study.maps.items() if name not in LEFT_OUT}
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
        self._order, self._flips = _to_radiological(grid.ijk_to_ras)
        turned = self._turn(brain)
        slices, rows, columns = (np.flatnonzero(turned.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
        self._slices = np.unique(np.linspace(slices[0], slices[-1], MOST_SLICES + 2).round().astype(int)[1:-1])
        if artery.any():
            artery_slice = self._turn(artery).sum(axis=(1, 2)).argmax()
            self._slices[np.abs(self._slices - artery_slice).argmin()] = artery_slice
        self._rows = slice(max(rows[0] - MARGIN, 0), rows[-1] + MARGIN + 1)
        self._columns = slice(max(columns[0] - MARGIN, 0), columns[-1] + MARGIN + 1)
        spacing = grid.spacing[list(self._order)]
        self.aspect = spacing[1] / spacing[2]
        height, width = self(brain).shape
        self.width_over_height = width / (height * self.aspect)

    def _turn(self, volume):
        return volume.transpose(self._order)[self._flips]

    def __call__(self, volume):
        turned = self._turn(volume)
        return np.concatenate([turned[number, self._rows, self._columns] for number in self._slices], axis=1)


def _to_radiological(ijk_to_ras):
    """Order and direction of the array's axes so that they run to superior, posterior and the patient's left."""
    directions = ijk_to_ras[:3, 2::-1] / np.linalg.norm(ijk_to_ras[:3, 2::-1], axis=0)
    agreement = np.array([[0, 0, 1], [0, -1, 0], [-1, 0, 0]]) @ directions
    order = max(permutations(range(3)), key=lambda axes: abs(agreement[range(3), axes]).sum())
    flips = tuple(slice(None, None, 1 if agreement[row, axis] > 0 else -1) for row, axis in enumerate(order))
    return order, flips


def _draw_scan(axes, view, study):
    image, brain = view(study.corrected[study.bolus.baseline].mean(axis=0)), view(study.brain_mask)
    low, high = np.percentile(image[brain], [1, 99])
    margin = 0.6 * (high - low)
    axes.imshow(image, cmap="gray", vmin=low - margin, vmax=high + margin, aspect=view.aspect)
    axes.contour(brain, levels=[0.5], colors=BRAIN, linewidths=0.6)
    for voxels, colour in _vessel_places(study):
        rows, columns = np.nonzero(view(voxels))
        axes.plot(columns, rows, "s", color=colour, markersize=2.4, markeredgewidth=0)
    _label(axes, "Scan", "")
    for place, side in ((0.004, "R"), (0.996, "L")):
        axes.text(place, 0.97, side, color=INK, size=9, ha="center", va="top", transform=axes.transAxes)
    for height, text, colour in ((0.34, "brain mask", BRAIN), (0.2, "AIF", ARTERY), (0.06, "venous output", VEIN)):
        axes.text(-0.012, height, text, color=colour, size=9, ha="right", transform=axes.transAxes)


def _vessel_places(study):
    yield study.arterial_input.voxels, ARTERY
    if study.venous_output is not None:
        yield study.venous_output.voxels, VEIN


def _draw_map(axes, view, name, volume, study):
    brain, image = view(study.brain_mask), view(volume)
    relative = study.settings.relative_to != "absolute"
    window = _window(name, volume[study.brain_mask], relative)
    shades = ScalarMappable(Normalize(*window), FLOW if name in ("CBF", "CBV") else TIME)
    pixels = shades.to_rgba(image)
    pixels[brain & ~np.isfinite(image)] = to_rgba(NO_RESULT)
    pixels[~brain] = to_rgba(PAPER)
    axes.imshow(pixels, aspect=view.aspect, interpolation="nearest")
    unit = unit_of(name, study.settings.relative_to)
    short, *origin = name.split(" ", 1)
    _label(axes, short, " ".join([unit, *origin]))
    bar = axes.inset_axes([1.008, 0.05, 0.01, 0.9])
    axes.figure.colorbar(shades, cax=bar)
    bar.tick_params(colors=INK, labelsize=8, length=2)
    bar.yaxis.set_major_locator(MaxNLocator(4))


def _window(name, values, relative):
    """The window that readers expect, unless most of a map lies beyond it, as in MR without a calibrated AIF."""
    low, high = _percentiles(values)
    if relative or name not in WINDOWS:
        return low, high
    return WINDOWS[name] if high < 2 * WINDOWS[name][1] else (0, high)


def _percentiles(values):
    finite = values[np.isfinite(values)]
    return np.percentile(finite, [2, 98]) if finite.size else (0, 1)


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
