"""Charts of the report, as SVG whose ink takes the colour of the page."""

from __future__ import annotations

import io
import re

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ...perfusion.analysis import Analysis

# Stands for the page's own colour of text, which matplotlib cannot name.
INK = "#010203"
FAINT = "#8a8a8a"
# Seen on white and on black.
RED, BLUE, GREEN, AMBER, VIOLET = "#e0433a", "#3a80e0", "#2a9a50", "#d08a00", "#a050d0"
SEQUENCE = (RED, BLUE, GREEN, AMBER, VIOLET)
CURVE_UNITS = {"CT": "HU", "MR": "1/s"}
BOLUS_UNITS = {"CT": "HU above baseline", "MR": "−ln(S/S0)"}
WIDTH, HEIGHT = 9.0, 2.4
MOST_CANDIDATES = 5


def time_axis(study: Analysis) -> str:
    """Intervals between the frames, and which frames are in use."""
    figure, (axes,) = _charts(1, 1.9)
    times, used = study.series.times, np.isin(np.arange(study.series.times.size), study.frames)
    intervals = np.diff(times)
    axes.step(times, np.append(intervals, intervals[-1]), where="post", color=BLUE, linewidth=1.2)
    axes.plot(times[used], np.zeros(used.sum()), "|", color=GREEN, markersize=9, label="frames in use")
    axes.plot(times[~used], np.zeros((~used).sum()), "x", color=RED, markersize=6, label="frames left out")
    axes.axvline(study.times[study.bolus.arrival], color=FAINT, linestyle="--", linewidth=1, label="bolus arrives")
    axes.set_ylim(-0.15 * intervals.max(), 1.8 * intervals.max())
    _finish(axes, "s", "interval, s")
    return _svg(figure)


def motion(study: Analysis) -> str:
    """Translations, rotations and the mean displacement of the head in every prepared frame."""
    figure, panels = _charts(3)
    found, times = study.motion, study.series.times[study.first :]
    for axes, columns, names, unit in (
        (panels[0], slice(0, 3), ("right", "anterior", "superior"), "translation, mm"),
        (panels[1], slice(3, 6), ("about R", "about A", "about S"), "rotation, °"),
    ):
        for name, values, colour in zip(names, found.parameters[:, columns].T, SEQUENCE, strict=False):
            axes.plot(times, values, ".-", color=colour, linewidth=1, markersize=3, label=name)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, -0.5), max(high, 0.5))
        _finish(axes, "s", unit)
    panels[2].plot(times, found.displacement, ".-", color=VIOLET, linewidth=1, markersize=3, label="displacement")
    panels[2].plot(
        times[found.corrupted], found.displacement[found.corrupted], "x", color=RED, markersize=6, label="left out"
    )
    panels[2].set_ylim(0, max(1.0, 1.1 * found.displacement.max()))
    _finish(panels[2], "s", "mean displacement, mm")
    return _svg(figure)


def bolus(study: Analysis) -> str:
    """Contrast in the brain with baseline, arrival and peak."""
    figure, (axes,) = _charts(1)
    found, times = study.bolus, study.times
    axes.axvspan(
        times[found.baseline[0]], times[found.baseline[-1]], color=FAINT, alpha=0.25, linewidth=0, label="baseline"
    )
    axes.plot(times, found.curve, ".-", color=BLUE, linewidth=1.3, markersize=4, label="mean of the brain")
    axes.axvline(times[found.arrival], color=RED, linestyle="--", linewidth=1, label="arrival")
    axes.axvline(times[found.peak], color=GREEN, linestyle=":", linewidth=1.2, label="peak")
    _finish(axes, "s", BOLUS_UNITS[study.series.modality])
    return _svg(figure)


def vessels(study: Analysis) -> str:
    """The arterial input measured, fitted and used, the venous output, and the tissue."""
    figure, panels = _charts(3)
    unit, times = CURVE_UNITS[study.series.modality], study.times
    arterial, venous = study.arterial_input, study.venous_output
    panels[0].plot(times, arterial.measured, ".-", color=RED, linewidth=1.2, markersize=4, label="AIF measured")
    fine = np.linspace(times[0], times[-1], 300)
    panels[0].plot(fine, arterial.fit(fine - times[0]), color=AMBER, linewidth=1, label="fit of the first pass")
    panels[1].plot(times, arterial.curve, color=RED, linewidth=1.3, label=f"AIF used (× {arterial.scale:.2f})")
    if venous is not None:
        panels[1].plot(times, venous.curve, color=BLUE, linewidth=1.3, label="VOF")
    panels[2].plot(times, study.brain_curve, ".-", color=GREEN, linewidth=1.2, markersize=4, label="mean of the brain")
    for axes in panels:
        _finish(axes, "s", unit)
    return _svg(figure)


def candidates(study: Analysis) -> str:
    """Curves of the best candidates for artery and vein."""
    figure, panels = _charts(2)
    found = study.arterial_input.candidates, () if study.venous_output is None else study.venous_output.candidates
    for axes, groups, name in zip(panels, found, ("artery", "vein"), strict=True):
        for rank, group in enumerate(groups[:MOST_CANDIDATES]):
            style = "-" if group.accepted else ":"
            axes.plot(study.times, group.curve, style, color=SEQUENCE[rank], linewidth=1.1, label=f"{name} {rank + 1}")
        _finish(axes, "s", CURVE_UNITS[study.series.modality])
    return _svg(figure)


def _charts(count, height=HEIGHT):
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasSVG(figure)
    # A layout that measures every word would take longer than the drawing.
    margins = {"left": 0.065, "right": 0.99, "bottom": 0.42 / height, "top": 1 - 0.08 / height, "wspace": 0.24}
    return figure, list(figure.subplots(1, count, squeeze=False, gridspec_kw=margins)[0])


def _finish(axes: Axes, across: str, up: str):
    axes.patch.set_alpha(0)
    axes.set_xlabel(across, color=INK, size=8)
    axes.set_ylabel(up, color=INK, size=8)
    axes.tick_params(colors=INK, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right", fontsize=7, frameon=False, labelcolor=INK)


def _svg(figure):
    text = io.StringIO()
    empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(text, format="svg", transparent=True, metadata=empty)
    drawing = text.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(INK, "currentColor")
    # Inside a page a drawing needs no name spaces, and names of groups would stand there many times.
    drawing = re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawing)
    return re.sub(r'<g id="[^"]*"', "<g", drawing).strip()
