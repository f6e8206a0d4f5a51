"""The figures that were found before, and which of today's differ from them.

They stand in docs/validation.json of the repository: for every size, how they were made, and for every figure its
value, its tolerance and, where it is known, its Monte-Carlo standard error.
"""

from __future__ import annotations

import json
import math
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy

from ... import __version__
from ...perfusion.errors import PerfusionError
from .figures import Asked, Figures

BASELINE = Path(__file__).resolve().parents[4] / "docs" / "validation.json"

STANDARD_ERRORS = 4
"""Figures of another seed may differ by so many standard errors of the difference: hundreds are compared."""


@dataclass(frozen=True)
class Moved:
    """A figure that differs from the baseline.

    Parameters
    ----------
    figure : str
        Benchmark, table, row and column.
    value : float or None
        Today's; None: there is none any more.
    before : float
    allowed : float
        By how much it may differ.
    """

    figure: str
    value: float | None
    before: float
    allowed: float

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.figure}: gone, was {self.before:.4g}"
        return f"{self.figure}: {self.value:.4g}, was {self.before:.4g}, may differ by {self.allowed:.2g}"


def figures_by_name(found: list[Figures]) -> dict[str, dict[str, float]]:
    """All figures that a baseline can hold.

    Parameters
    ----------
    found : list of Figures

    Returns
    -------
    dict of str to dict of str to float
        Benchmark, table, row and column to "value", "tolerance" and, where known, "error". Figures with an infinite
        tolerance, such as seconds, are left out.
    """
    entries = {}
    for figures in found:
        for table in figures.tables:
            for row, column, value, error in table.cells():
                if math.isfinite(column.tolerance):
                    entry = {"value": _rounded(value), "tolerance": column.tolerance}
                    name = f"{figures.name} | {table.name} | {row} | {column.name}"
                    entries[name] = entry if error is None else entry | {"error": _rounded(error)}
    return entries


def read_baseline(path: Path, size: str) -> dict | None:
    """What was found before.

    Parameters
    ----------
    path : Path
        Usually `BASELINE`.
    size : str
        One of `figures.SIZES`.

    Returns
    -------
    dict or None
        "made" and "figures", as `keep` wrote them; None where nothing is known of that size.

    Raises
    ------
    PerfusionError
        If the file cannot be understood.
    """
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8")).get(size)
    except (ValueError, AttributeError) as error:
        raise PerfusionError(f"{path} is no baseline ({error}); delete it and keep a new one.") from error


def moved_figures(found: list[Figures], asked: Asked, baseline: dict) -> list[Moved]:
    """Figures that differ from the baseline by more than they may.

    Parameters
    ----------
    found : list of Figures
        Of the benchmarks that were run; only these are compared.
    asked : Asked
        With the baseline's seed, figures may differ by their tolerance; with another, by `STANDARD_ERRORS` times the
        Monte-Carlo standard error of the difference, and figures whose error is not known are not compared.
    baseline : dict
        As `read_baseline` gives it.

    Returns
    -------
    list of Moved
    """
    is_same_seed = asked.seed == baseline["made"]["seed"]
    today = figures_by_name(found)
    benchmarks = {figures.name for figures in found}
    moved = []
    for name, before in baseline["figures"].items():
        if name.split(" | ")[0] not in benchmarks:
            continue
        now = today.get(name)
        if now is None:
            moved.append(Moved(name, None, before["value"], 0.0))
        elif is_same_seed or "error" in before:
            errors = math.hypot(before.get("error", 0), now.get("error", 0))
            allowed = before["tolerance"] if is_same_seed else STANDARD_ERRORS * errors
            # Written so that a figure that has become NaN has moved.
            if not abs(now["value"] - before["value"]) <= allowed:
                moved.append(Moved(name, now["value"], before["value"], allowed))
    return moved


def keep(path: Path, found: list[Figures], asked: Asked) -> None:
    """Make these figures the baseline of their size; figures of other benchmarks and sizes stay.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    found : list of Figures
    asked : Asked
    """
    sizes = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    benchmarks = {figures.name for figures in found}
    before = sizes.get(asked.size, {}).get("figures", {})
    others = {name: entry for name, entry in before.items() if name.split(" | ")[0] not in benchmarks}
    sizes[asked.size] = {"made": provenance(asked), "figures": others | figures_by_name(found)}
    path.write_text(_as_json(sizes), encoding="utf-8")


def provenance(asked: Asked) -> dict[str, str | int]:
    """Versions and seed that figures depend on."""
    return {
        "PerfusionTool": __version__,
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "size": asked.size,
        "seed": asked.seed,
    }


def _rounded(value):
    return float(f"{value:.6g}")


def _as_json(sizes):
    """JSON with one figure a line, so that a change shows which figures moved."""
    parts = []
    for size, entry in sorted(sizes.items()):
        lines = [f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(f)}" for name, f in entry["figures"].items()]
        figures = ",\n".join(f"   {line}" for line in lines)
        parts.append(f' "{size}": {{\n  "made": {json.dumps(entry["made"])},\n  "figures": {{\n{figures}\n  }}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
