"""Kudo's digital phantom, rebuilt from its description: tiles of known CBV, MTT and delay, for every method.

References
----------
Kudo et al. Accuracy and reliability assessment of CT and MR perfusion analysis software using a digital phantom.
Radiology 267 (2013) 201-211. doi:10.1148/radiol.12112618
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.ndimage import gaussian_filter

from ...perfusion.deconvolution import METHODS, deconvolve
from ...perfusion.progress import Steps
from .drawing import draw_tiles
from .figures import Asked, Column, Figures, Picture, Table
from .processes import in_processes
from .scores import agreement, correlation, rmse
from .simulation import (
    box_residue_integral,
    gamma_input,
    gamma_residue_integral,
    linear_residue_integral,
    tissue_curves,
)

TIMES = np.arange(0, 60, 2.0)
TRANSIT_TIMES = np.array([24, 12, 8, 6, 4.8, 4, 3.43])
DELAYS = np.arange(0, 3.5, 0.5)
VOLUMES = (1, 2, 3, 4, 5)
RESIDUES = {
    "exponential": partial(gamma_residue_integral, shape=1),
    "linear": linear_residue_integral,
    "box": box_residue_integral,
}
TILE = 32
SMOOTHING = 2.0
BORDER = 8
"""Pixels at every edge of a tile that are left out: four standard deviations of the smoothing."""

ARRIVAL, PEAK = 10.0, 275.0
NOISE, NOISE_OF_HEADS = 2.5, 5.0
"""Standard deviations of the noise in HU before smoothing. The original's is not known: at the first, bcSVD agrees with
the truth about as well as was published for SVD methods that do not depend on the delay."""

ARTERY_PIXELS = 64
STRIDE = {"full": 2, "quick": 4, "test": 4}
"""Every so manieth pixel along both axes of a tile is looked at."""

PAGES = {
    "full": [(residue, volume) for residue in RESIDUES for volume in VOLUMES],
    "quick": [(residue, volume) for residue in RESIDUES for volume in VOLUMES],
    "test": [("exponential", 2), ("box", 4)],
}

LIMITS = {"CBF": 150.0, "CBV": 10.0, "MTT": 30.0, "delay": 10.0}
"""Values are cut off there, as implementations of this phantom's evaluation do."""

RANGES = {"CBF": (0, 60), "CBV": (0, 6), "MTT": (0, 24), "delay": (0, 6)}
DRAWN = ("exponential", 3)

COLUMNS = (
    Column("CBF r", 0.004, 3),
    Column("CBV r", 0.004, 3),
    Column("MTT r", 0.004, 3),
    Column("delay r", 0.01, 3),
    Column("CBF ICC", 0.004, 3),
    Column("CBV ICC", 0.004, 3),
    Column("MTT ICC", 0.004, 3),
    Column("CBF RMSE", 0.1),
    Column("CBV RMSE", 0.02),
    Column("MTT RMSE, s", 0.05),
    Column("delay RMSE, s", 0.02),
    Column("CBF by delay, %/s", 0.2),
)
PUBLISHED = {"Bayesian, Sasaki et al. 2013": {"CBF ICC": 0.90, "CBV ICC": 0.99, "MTT ICC": 0.96}}
TILES_ABOUT = (
    "What a region of interest reads. The published row is of the original phantom (Neuroradiology 55, 2013, "
    "1197–1203)."
)
TILE_COLUMNS = tuple(column for column in COLUMNS if "RMSE" not in column.name and "/s" not in column.name)


@dataclass(frozen=True, eq=False)
class _Page:
    """Pixels of a residue function and CBV: curves (rows, columns, y, x, t), rows of tiles by delay, columns by MTT."""

    arterial_input: np.ndarray
    curves: np.ndarray
    truth: dict[str, np.ndarray]


def run_steps(asked: Asked) -> Steps[Figures]:
    """Run every method on the phantom.

    Parameters
    ----------
    asked : Asked

    Yields
    ------
    Progress

    Returns
    -------
    Figures
    """
    pages = PAGES[asked.size]
    noises = (NOISE, NOISE_OF_HEADS)
    items = [(*page, noise, STRIDE[asked.size], asked.seed) for noise in noises for page in pages]
    measured = yield from in_processes("Kudo's phantom", _measured, items, asked.workers)
    of_pixels, of_tiles = _tabulated(measured[: len(pages)])
    of_noisy_pixels, _ = _tabulated(measured[len(pages) :])
    noisy_title = f"Pixels, noise of {NOISE_OF_HEADS:g} HU as in the sample heads"
    return Figures(
        "kudo",
        "Kudo's digital phantom",
        _about(),
        [
            Table("pixels", "Pixels", COLUMNS, of_pixels),
            Table("tiles", "Means of tiles", TILE_COLUMNS, of_tiles, published=PUBLISHED, about=TILES_ABOUT),
            Table("noisy pixels", noisy_title, COLUMNS, of_noisy_pixels),
        ],
        [_picture(asked.seed)],
    )


def _tabulated(pages):
    """Figures of the pixels and of the means of tiles, method to column to value, from what `_measured` gives."""
    truth = {name: np.stack([page_truth[name] for page_truth, _ in pages]) for name in LIMITS}
    of_pixels, of_tiles = {}, {}
    for method in METHODS:
        found = {name: np.stack([page_found[method][name] for _, page_found in pages]) for name in LIMITS}
        of_pixels[method] = _figures(found, truth) | {"CBF by delay, %/s": _slope(found["CBF"])}
        means = [{name: values.mean(axis=(-2, -1)) for name, values in of.items()} for of in (found, truth)]
        figures = _figures(*means)
        of_tiles[method] = {column.name: figures[column.name] for column in TILE_COLUMNS}
    return of_pixels, of_tiles


def _measured(item):
    """True values of the pixels of a page, and what every method finds, (rows, columns, y, x) each."""
    residue, volume, noise, stride, seed = item
    page = _page(residue, volume, noise, seed)
    inside = slice(BORDER, TILE - BORDER, stride)
    curves = page.curves[:, :, inside, inside]
    truth = {name: np.broadcast_to(values, curves.shape[:-1]) for name, values in page.truth.items()}
    return truth, {method: _estimated(page, curves, method) for method in METHODS}


def _page(residue, volume, noise, seed):
    def artery(times):
        return PEAK / gamma_input(np.array(4.5)) * gamma_input(times - ARRIVAL)

    rng = np.random.default_rng([seed, list(RESIDUES).index(residue), volume])
    delay, mtt = (values.ravel() for values in np.meshgrid(DELAYS, TRANSIT_TIMES, indexing="ij"))
    cbf = 60 * volume / mtt
    tissue, _ = tissue_curves(artery, TIMES, partial(RESIDUES[residue], mtt=mtt), cbf, delay)
    shape = (DELAYS.size, TRANSIT_TIMES.size)
    clean = tissue.T.reshape(-1, *shape).repeat(TILE, axis=1).repeat(TILE, axis=2)
    images = gaussian_filter(clean + rng.normal(0, noise, clean.shape), (0, SMOOTHING, SMOOTHING))
    curves = images.reshape(-1, shape[0], TILE, shape[1], TILE).transpose(1, 3, 2, 4, 0)
    arterial_input = artery(TIMES) + rng.normal(0, noise / np.sqrt(ARTERY_PIXELS), TIMES.size)
    truth = {"CBF": cbf, "CBV": np.full_like(cbf, volume), "MTT": mtt, "delay": delay}
    return _Page(arterial_input, curves, {name: value.reshape(*shape, 1, 1) for name, value in truth.items()})


def _estimated(page, curves, method):
    tissue = curves.reshape(-1, TIMES.size).astype(np.float32)
    estimate = deconvolve(tissue, page.arterial_input, TIMES, method)
    delay = np.where(np.isfinite(estimate.delay), estimate.delay, estimate.tmax)
    found = {"CBF": estimate.cbf, "CBV": estimate.cbv, "MTT": estimate.mtt, "delay": delay}
    # A pixel without a result counts as one where nothing flows.
    return {
        name: np.nan_to_num(values).clip(0, LIMITS[name]).reshape(curves.shape[:-1]) for name, values in found.items()
    }


def _figures(found, truth):
    figures = {f"{name} r": correlation(found[name], truth[name]) for name in LIMITS}
    figures |= {f"{name} ICC": agreement(found[name], truth[name]) for name in ("CBF", "CBV", "MTT")}
    figures |= {f"{name} RMSE": rmse(found[name], truth[name]) for name in ("CBF", "CBV")}
    return figures | {f"{name} RMSE, s": rmse(found[name], truth[name]) for name in ("MTT", "delay")}


def _slope(cbf):
    """Change of CBF with the delay, in % of the mean over the delays per s: mean over pages and columns.

    ``cbf`` is of shape (pages, rows, columns, y, x), rows by delay.
    """
    of_tiles = cbf.mean(axis=(-2, -1))
    relative = of_tiles / of_tiles.mean(axis=1, keepdims=True)
    return 100 * float(np.polyfit(DELAYS, relative.mean(axis=(0, 2)), 1)[0])


def _picture(seed):
    residue, volume = DRAWN
    caption = (
        f"Kudo's phantom, {residue} residue function, CBV {volume} ml/100 g: delay from 0 s (above) to 3 s (below), "
        "MTT from 24 s (left) to 3.43 s (right)."
    )
    return Picture("validation-kudo", caption, partial(_draw, seed))


def _draw(seed, path):
    residue, volume = DRAWN
    page = _page(residue, volume, NOISE, seed)
    curves = page.curves[:, :, ::2, ::2]
    maps = {"true": page.truth} | {method: _estimated(page, curves, method) for method in METHODS}
    images = {
        method: {name: _image(np.broadcast_to(values, curves.shape[:-1])) for name, values in of_method.items()}
        for method, of_method in maps.items()
    }
    draw_tiles(images, RANGES, path)


def _image(tiles):
    rows, columns, height, width = tiles.shape
    return tiles.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def _about():
    return f"""\
The phantom of Kudo et al. (Radiology 267, 2013, 201–211), rebuilt from its description: frames every 2 s from 0 to
58 s; for an exponential, a linear and a box-shaped residue function and CBV of 1 to 5 ml/100 g, a page of 7 × 7 tiles
of {TILE}² pixels, delays of 0 to 3 s from above to below and MTT of 24 to 3.43 s from left to right; white noise, then
smoothing with a standard deviation of {SMOOTHING:g} pixels. {BORDER} pixels at every edge of a tile are left out.
Values are cut off at {LIMITS["CBF"]:g} ml/100 g/min, {LIMITS["CBV"]:g} ml/100 g, {LIMITS["MTT"]:g} s of MTT and
{LIMITS["delay"]:g} s of delay.

The description leaves arterial input and noise open. Chosen are (t − {ARRIVAL:g} s)³·exp(−(t − {ARRIVAL:g} s)/1.5 s)
with a peak of {PEAK:g} HU, as in the sample heads, and in the artery the noise of a mean of {ARTERY_PIXELS} pixels.
Noise of {NOISE:g} HU before smoothing is chosen because bcSVD then agrees with the truth about as well as was published
for SVD methods that do not depend on the delay (Sasaki et al. 2013: r of CBF 0.91–0.92, of MTT 0.91–0.96, ICC of MTT
0.81–0.82); with the {NOISE_OF_HEADS:g} HU of the sample heads, in the last table, every method is worse.

"Delay" is Tmax for methods that do not separate the two. ICC is the intraclass correlation with the truth, ICC(A,1):
two-way, absolute agreement, single readings. "CBF by delay" is the slope of CBF against the delay, in per cent of the
mean over the delays: 0 for a method that does not depend on the delay."""
