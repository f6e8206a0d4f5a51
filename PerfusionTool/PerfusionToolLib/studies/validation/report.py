"""The report: what the benchmarks found, as Markdown with pictures."""

from __future__ import annotations

import math
import re
from pathlib import Path

from ...perfusion.words import counted
from ..output_folder import all_or_none
from .baseline import provenance
from .bounds import Bound, is_missed, judged
from .figures import Asked, Column, Figures, Table

PICTURES = "pictures"
REPORT = "validation.md"


def write_report(found: list[Figures], asked: Asked, folder: Path) -> None:
    """Write the report and its pictures.

    Parameters
    ----------
    found : list of Figures
        In the order in which they are shown.
    asked : Asked
        How they were found.
    folder : Path
        Gets ``validation.md`` and ``pictures/validation-….png``; made if it does not exist.

    Raises
    ------
    PerfusionError
        If the folder cannot be written.
    """
    with all_or_none(folder) as unfinished:
        (unfinished / PICTURES).mkdir()
        for figures in found:
            for picture in figures.pictures:
                picture.draw(unfinished / PICTURES / f"{picture.file}.png")
        (unfinished / REPORT).write_text(report(found, asked), encoding="utf-8")


def report(found: list[Figures], asked: Asked) -> str:
    """The report's text.

    Parameters
    ----------
    found : list of Figures
    asked : Asked

    Returns
    -------
    str
        Markdown.
    """
    parts = ["# Validation", _flowing(_introduction(asked)), _bounds(judged(found))]
    for figures in found:
        parts += [f"## {figures.title}", _flowing(figures.about)]
        for table in figures.tables:
            parts += [f"### {table.title}", _flowing(table.about), markdown(table)]
        for picture in figures.pictures:
            parts += [f"![{picture.caption}]({PICTURES}/{picture.file}.png)", f"*{picture.caption}*"]
    return "\n\n".join(part for part in parts if part) + "\n"


def cells(table: Table) -> tuple[list[str], list[list[str]]]:
    """A table as text.

    Parameters
    ----------
    table : Table

    Returns
    -------
    titles : list of str
    rows : list of list of str
        With the Monte-Carlo standard errors in brackets; published rows last.
    """
    titles = [table.first, *(column.name for column in table.columns)]
    rows = [[row, *_row(table.columns, values, table.errors.get(row, {}))] for row, values in table.rows.items()]
    rows += [[row, *_row(table.columns, values, {})] for row, values in table.published.items()]
    return titles, rows


def markdown(table: Table) -> str:
    """A table as Markdown.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str
    """
    titles, rows = cells(table)
    return _markdown_rows(titles, rows)


def _flowing(text):
    """The text with one line a paragraph or list item."""
    return re.sub(r"(?<!\n)\n(?!\n|- )\s*", " ", text.strip())


def _markdown_rows(titles, rows):
    line = ["---", *("---:" for _ in titles[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [titles, line, *rows])


def _row(columns: tuple[Column, ...], values, errors):
    texts = []
    for column in columns:
        value, error = values.get(column.name, math.nan), errors.get(column.name)
        # Adding zero takes the sign from a negative one.
        text = "–" if math.isnan(value) else f"{round(value, column.decimals) + 0.0:.{column.decimals}f}"
        texts.append(text if error is None else f"{text} ({error:.{column.decimals}f})")
    return texts


def _introduction(asked):
    made = provenance(asked)
    versions = ", ".join(f"{name} {made[name]}" for name in ("PerfusionTool", "Python", "numpy", "scipy"))
    size = "" if asked.size == "full" else f" This is the *{asked.size}* size: the figures are rough."
    return f"""\
How near the estimators come to the truth, beside published figures. Written by `python3 dev.py validate`; seed
{asked.seed}, {versions}.{size} Everything here is simulated: it shows how estimators behave where the truth is known
and their assumptions hold, and says nothing sure about patients. Research use only.

All methods run with the library's default options, unless it is said otherwise. Some of these options, the prior of the
Bayesian estimator above all, were chosen with such figures in view; its part says how. Numbers in brackets are
Monte-Carlo standard errors: figures of another seed differ by about so much. Rows with a name and a year are published
figures."""


def _bounds(bounds: list[tuple[Bound, float | None]]):
    missed = sum(is_missed(*each) for each in bounds)
    rows = [
        [
            str(bound),
            bound.range,
            "–" if value is None else f"{value:.3g}",
            "missed" if is_missed(bound, value) else "reached",
        ]
        for bound, value in bounds
    ]
    summary = f"{counted(len(bounds), 'bound')}, of which {missed or 'none'} {'is' if missed == 1 else 'are'} missed."
    return "\n\n".join(["## What must be reached", summary, _markdown_rows(["Figure", "bound", "found", ""], rows)])
