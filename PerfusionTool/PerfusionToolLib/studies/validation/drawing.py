"""Pictures of the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..drawing import FLOW, TIME

WIDTH = 12.0
DOTS = 90
COLOURS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377", "#cc6600", "#222222")
MARKERS = "osv^D<>P"


def style_of(method: str, methods: list[str]) -> dict:
    """Colour and marker of a method, the same in every picture.

    Parameters
    ----------
    method : str
    methods : list of str
        All methods, in their order.

    Returns
    -------
    dict
        Arguments of matplotlib.
    """
    place = methods.index(method)
    return {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}


def new_figure(height: float) -> Figure:
    """A white figure of the report's width, and of a height in inches."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, without the date, so that the same figure gives the same file."""
    figure.savefig(path, dpi=DOTS, metadata={"Software": None})


def draw_sets(
    errors: dict[str, dict[str, np.ndarray]], levels: dict[str, list[str]], methods: list[str], path: Path
) -> None:
    """Errors of every method at every level of every set.

    Parameters
    ----------
    errors : dict of str to dict of str to ndarray of shape (levels, methods)
        What the error is, to the set's name, to its figures.
    levels : dict of str to list of str
        Set to names of its levels.
    methods : list of str
    path : Path
        PNG file to write.
    """
    figure = new_figure(6.0)
    panels = figure.subplots(len(errors), len(levels), sharey="row", sharex="col")
    for row, (error, sets) in zip(panels, errors.items(), strict=True):
        for axes, (name, values) in zip(row, sets.items(), strict=True):
            for method, of_method in zip(methods, values.T, strict=True):
                axes.plot(of_method, label=method, markersize=4, linewidth=1, **style_of(method, methods))
            axes.set_xticks(range(len(values)), levels[name], rotation=90, fontsize=7)
            axes.grid(axis="y", linewidth=0.4)
        row[0].set_ylabel(error)
        row[0].set_ylim(bottom=0)
    for axes, name in zip(panels[0], levels, strict=True):
        axes.set_title(name, fontsize=10)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(methods), fontsize=9)
    save(figure, path)


def draw_scatter(true: np.ndarray, found: dict[str, np.ndarray], what: str, path: Path) -> None:
    """Estimated against true values, a panel a method.

    Parameters
    ----------
    true : ndarray of shape (n,)
    found : dict of str to ndarray of shape (n,)
        Of every method.
    what : str
        Name and unit of the values.
    path : Path
        PNG file to write.
    """
    columns = min(4, len(found))
    rows = -(-len(found) // columns)
    figure = new_figure(0.4 + rows * WIDTH / columns)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    limit = 1.25 * true.max()
    for axes, (method, values) in zip(panels.flat, found.items(), strict=False):
        axes.plot(true, values, ".", color=style_of(method, list(found))["color"], markersize=3, alpha=0.5)
        axes.plot([0, limit], [0, limit], color="black", linewidth=0.8)
        axes.set(title=method, xlim=(0, 1.05 * true.max()), ylim=(0, limit))
    for axes in panels.flat[len(found) :]:
        axes.set_axis_off()
    figure.supxlabel(f"true {what}")
    figure.supylabel(f"estimated {what}")
    save(figure, path)


def draw_tiles(maps: dict[str, dict[str, np.ndarray]], ranges: dict[str, tuple[float, float]], path: Path) -> None:
    """Maps of a phantom, a row a quantity and a column a method.

    Parameters
    ----------
    maps : dict of str to dict of str to ndarray of shape (y, x)
        Name of the method (or "true") to name of the quantity to map.
    ranges : dict of str to tuple of float
        Quantity to the values at both ends of its colours.
    path : Path
        PNG file to write.
    """
    figure = new_figure(0.4 + len(ranges) * (WIDTH - 1) / len(maps))
    panels = figure.subplots(len(ranges), len(maps), squeeze=False)
    for row, (quantity, (low, high)) in zip(panels, ranges.items(), strict=True):
        colours = FLOW if quantity.startswith("CB") else TIME
        for axes, of_method in zip(row, maps.values(), strict=True):
            image = axes.imshow(of_method[quantity], cmap=colours, vmin=low, vmax=high, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(quantity)
        figure.colorbar(image, ax=list(row), shrink=0.9, pad=0.01)
    for axes, method in zip(panels[0], maps, strict=True):
        axes.set_title(method, fontsize=9)
    save(figure, path)


def draw_convergence(
    intervals: tuple[float, ...], errors: dict[str, dict[str, list[float]]], methods: list[str], path: Path
) -> None:
    """Errors as the interval between frames shrinks, a panel a residue function.

    Parameters
    ----------
    intervals : tuple of float
        In s.
    errors : dict of str to dict of str to list of float
        Residue function to method to its errors in per cent, one an interval.
    methods : list of str
    path : Path
        PNG file to write.
    """
    figure = new_figure(3.6)
    panels = figure.subplots(1, len(errors), sharey=True)
    for axes, (residue, of_methods) in zip(panels, errors.items(), strict=True):
        for method, values in of_methods.items():
            axes.plot(intervals, values, label=method, markersize=5, linewidth=1, **style_of(method, methods))
        axes.set(title=residue, xscale="log", yscale="log", xlabel="interval, s")
        axes.set_xticks(intervals, [f"{interval:g}" for interval in intervals])
        axes.minorticks_off()
        axes.grid(linewidth=0.4)
    panels[0].set_ylabel("error of CBF, %")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(methods), fontsize=9)
    save(figure, path)
