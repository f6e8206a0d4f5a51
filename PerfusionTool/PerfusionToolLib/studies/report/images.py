"""Pictures of the report: slices side by side on black, as PNG."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import ndimage

from ...perfusion.analysis import Analysis
from ...perfusion.maps import DOUBTFUL, NO_RESULT, SOUND, scatter
from ...perfusion.projection import middle_third, project_middle_third
from ...perfusion.tissue import TissueAtRisk
from ..drawing import (
    BRAIN,
    FLOW,
    INK,
    PAPER,
    Slices,
    grey_window,
    map_pixels,
    shades,
    vessel_places,
)

DPI, STRIP_DPI = 100, 150
# Of 9: half the time of the usual 6, for files a tenth larger.
COMPRESSION = 3
WIDTH = 10.5
BAR_WIDTH = 0.75
# Width over height that a mosaic comes near to.
SHAPE = 2.2
MOST_FRAMES, STRIP_SLICES = 12, 3
# Behind words, so that they can be read on bone.
SHADE = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.55, "pad": 1.0}
HYPOPERFUSION, CORE = "#ffd000", "#ff3030"
QUALITIES = {SOUND: "#2a9a50", DOUBTFUL: "#ffd000", NO_RESULT: "#e0433a"}


def mask_contours(study: Analysis, slices: Slices) -> bytes:
    """The outline of the brain mask on all slices of the scan before the bolus."""
    shown = _around_brain(slices)
    brain = slices(study.brain_mask)[shown]
    mosaic = _Mosaic(_grey(study, slices)[shown], slices, _numbers(slices, shown))
    mosaic.outline(brain, BRAIN)
    return mosaic.png()


def vessel_voxels(study: Analysis, slices: Slices) -> bytes:
    """The voxels of the arterial input and of the venous output, in the slices that hold them."""
    found = list(vessel_places(study))
    voxels = [slices(mask) for mask, _ in found]
    shown = np.flatnonzero(np.any([mask.any(axis=(1, 2)) for mask in voxels], axis=0))
    if not shown.size:
        return b""
    mosaic = _Mosaic(_grey(study, slices)[shown], slices, _numbers(slices, shown), fewest_columns=5)
    for mask, (_, colour) in zip(voxels, found, strict=True):
        mosaic.squares(mask[shown], colour)
    return mosaic.png()


def map_mosaic(study: Analysis, slices: Slices, name: str, unit: str) -> bytes:
    """All slices of a map, with its colour bar."""
    volume, brain = study.maps[name], slices(study.brain_mask)[slices.in_brain]
    image = slices(volume)[slices.in_brain]
    labels = _numbers(slices, slices.in_brain)
    if name == "Quality":
        pixels = np.full((*image.shape, 4), to_rgba(PAPER))
        for value, colour in QUALITIES.items():
            pixels[brain & (image == value)] = to_rgba(colour)
        return _Mosaic(pixels, slices, labels).png()
    colours = shades(name, volume[study.brain_mask], study.settings.relative_to != "absolute")
    mosaic = _Mosaic(map_pixels(image, brain, colours), slices, labels, bar=True)
    mosaic.colour_bar(colours, unit)
    return mosaic.png()


def lesion_mosaic(study: Analysis, slices: Slices, tissue: TissueAtRisk) -> bytes:
    """Kept hypoperfusion and core over the scan before the bolus."""
    shown = slices.in_brain
    pixels = _grey(study, slices)[shown]
    for mask, colour in ((tissue.hypoperfusion, HYPOPERFUSION), (tissue.core, CORE)):
        inside = slices(mask)[shown]
        pixels[inside] = 0.45 * pixels[inside] + 0.55 * np.array(to_rgba(colour))
    mosaic = _Mosaic(pixels, slices, _numbers(slices, shown))
    mosaic.outline(slices(tissue.hypoperfusion)[shown], HYPOPERFUSION)
    mosaic.outline(slices(tissue.core)[shown], CORE)
    return mosaic.png()


def signal_strip(study: Analysis, slices: Slices) -> bytes:
    """Some slices of the scan through time, a row each."""
    frames = _frames(study)
    images = np.stack([slices(study.corrected[frame])[_rows(slices)] for frame in frames], axis=1)
    brain = slices(study.brain_mask)[_rows(slices)]
    low, high = _percentiles(images[np.broadcast_to(brain[:, None], images.shape)], 0.5, 99.5)
    return _strip(study, slices, frames, ScalarMappable(Normalize(low, high), "gray"), images)


def projection_strip(study: Analysis, slices: Slices) -> bytes:
    """The projection of the middle third of the slices through time."""
    frames = _frames(study)
    images = np.stack(
        [
            project_middle_third(slices(study.corrected[frame])[None], study.series.modality == "CT")[0]
            for frame in frames
        ]
    )
    # Bone that a slice has where another has brain must not set the window.
    middle = slices(study.brain_mask)[middle_third(slices.count)].all(axis=0)
    inner = ndimage.binary_erosion(middle, iterations=3)
    low, high = _percentiles(images[:, inner] if inner.any() else images, 1, 99.8)
    return _strip(study, slices, frames, ScalarMappable(Normalize(low, high), "gray"), images[None], columns=6)


def concentration_strip(study: Analysis, slices: Slices, unit: str) -> bytes:
    """Some slices of the smoothed concentration through time, a row each."""
    frames = _frames(study)
    images = np.stack(
        [slices(scatter(study.concentration[:, frame], study.brain_mask))[_rows(slices)] for frame in frames], axis=1
    )
    _, high = _percentiles(study.concentration[:, study.bolus.peak], 0, 97)
    return _strip(study, slices, frames, ScalarMappable(Normalize(0, max(high, 1e-6)), FLOW), images, unit=unit)


def strip_numbers(slices: Slices) -> str:
    """Which slices the strips show, the first row first."""
    return ", ".join(str(slices.index(slice_)) for slice_ in _rows(slices))


def _strip(study, slices, frames, colours, images, unit=None, columns=None):
    """Images (rows, frames, height, width) with the times above the first row."""
    labels = [f"{study.times[frame]:.1f} s" for frame in frames]
    tiles = colours.cmap(colours.norm(images.reshape(-1, *images.shape[2:])))
    mosaic = _Mosaic(tiles, slices, labels, columns=columns or images.shape[1], bar=unit is not None, dpi=STRIP_DPI)
    if unit is not None:
        mosaic.colour_bar(colours, unit)
    return mosaic.png()


def _frames(study):
    """Frames from just before the arrival on, close while the bolus passes."""
    first, last = max(study.bolus.arrival - 2, 0), study.times.size - 1
    passed = np.searchsorted(study.times, study.times[study.bolus.arrival] + 25.0)
    close = np.linspace(first, min(passed, last), min(MOST_FRAMES - 2, last - first + 1))
    late = np.linspace(min(passed, last), last, 3)
    return np.unique(np.concatenate([close, late]).round().astype(int))[:MOST_FRAMES]


def _rows(slices):
    first, last = slices.in_brain[[0, -1]]
    return np.unique(np.linspace(last, first, STRIP_SLICES + 2).round().astype(int)[1:-1])[::-1]


def _around_brain(slices):
    first, last = slices.in_brain[[0, -1]]
    return np.arange(max(first - 1, 0), min(last + 1, slices.count - 1) + 1)


def _numbers(slices, shown):
    return [f"slice {slices.index(slice_)}" for slice_ in shown]


def _grey(study, slices):
    image, brain = slices(study.baseline_volume), slices(study.brain_mask)
    colours = ScalarMappable(Normalize(*grey_window(image, brain)), "gray")
    return colours.cmap(colours.norm(image))


def _percentiles(values, low, high):
    finite = values[np.isfinite(values)]
    return np.percentile(finite, [low, high]) if finite.size else (0, 1)


class _Mosaic:
    """Tiles of pixels (n, height, width, 4) in rows on black, the first with labels, and what lies on them."""

    def __init__(self, tiles, slices, labels, columns=None, fewest_columns=1, bar=False, dpi=DPI):
        count, height, width = tiles.shape[:3]
        aspect = slices.aspect
        if columns is None:
            columns = max(fewest_columns, round(np.sqrt(SHAPE * count * height * aspect / width)))
            columns = columns if count < columns else -(-count // -(-count // columns))
        columns = min(max(columns, fewest_columns), max(count, fewest_columns))
        rows = -(-count // columns)
        self._shape, self._columns = (height, width), columns
        # Bytes are drawn and packed several times faster than numbers.
        image = np.zeros((rows * height, columns * width, 4), np.uint8)
        image[..., 3] = 255
        for tile, corner in zip(tiles, self._corners(count), strict=True):
            image[corner[0] : corner[0] + height, corner[1] : corner[1] + width] = (
                tile if tile.dtype == np.uint8 else 255 * tile
            )
        across = WIDTH - BAR_WIDTH * bar
        self._figure = Figure(
            figsize=(WIDTH, across * image.shape[0] * aspect / image.shape[1]), dpi=dpi, facecolor=PAPER
        )
        FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, across / WIDTH, 1))
        self._axes.set_axis_off()
        self._axes.imshow(image, aspect="auto")
        self._limits = self._axes.axis()
        size = float(np.clip(6.5 * across / columns, 6.0, 9.0))
        for label, (top, left) in zip(labels, self._corners(len(labels)), strict=True):
            self._axes.text(left + 1, top + 1, label, color=INK, size=size, va="top", ha="left", bbox=SHADE)
        self._axes.text(0.002, 0.004, "R", color=INK, size=8, va="bottom", transform=self._axes.transAxes, bbox=SHADE)

    def _corners(self, count):
        height, width = self._shape
        return [(number // self._columns * height, number % self._columns * width) for number in range(count)]

    def outline(self, masks, colour):
        """Draw the outline of masks, one for each tile."""
        for mask, (top, left) in zip(masks, self._corners(len(masks)), strict=True):
            if mask.any():
                rows, columns = (np.arange(extent) for extent in mask.shape)
                self._axes.contour(columns + left, rows + top, mask, levels=[0.5], colors=colour, linewidths=0.8)
        self._axes.axis(self._limits)

    def squares(self, masks, colour):
        """Draw a frame around the voxels of masks, one for each tile."""
        for mask, (top, left) in zip(masks, self._corners(len(masks)), strict=True):
            rows, columns = np.nonzero(mask)
            self._axes.plot(columns + left, rows + top, "s", color="none", markeredgecolor=colour, markersize=4)
        self._axes.axis(self._limits)

    def colour_bar(self, colours, unit):
        """Draw a colour bar with its unit beside the tiles."""
        bar = self._figure.add_axes((1 - 0.94 * BAR_WIDTH / WIDTH, 0.08, 0.014, 0.8))
        self._figure.colorbar(colours, cax=bar)
        bar.tick_params(colors=INK, labelsize=8, length=2)
        bar.yaxis.set_major_locator(MaxNLocator(5))
        self._figure.text(1 - 0.5 * BAR_WIDTH / WIDTH, 0.985, unit, color=INK, size=7, ha="center", va="top")

    def png(self):
        """The picture as the bytes of a PNG file."""
        file = io.BytesIO()
        packing = {"compress_level": COMPRESSION}
        self._figure.savefig(file, format="png", facecolor=PAPER, metadata={"Software": None}, pil_kwargs=packing)
        return file.getvalue()
