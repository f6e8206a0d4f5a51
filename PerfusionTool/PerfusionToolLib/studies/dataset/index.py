"""The page that leads to the reports of a dataset."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from ...files.atomic import write_text
from ...perfusion.words import counted
from ..report.page import Section, level, page, paragraph, table
from ..report.verdicts import LEVELS
from .subject import STATUSES, Outcome

# Titles of `measures_of` to those of the page.
_FIGURES = {
    "CBF median ml/100g/min": "CBF ml/100g/min",
    "hypoperfusion ml": "hypoperfusion ml",
    "core ml": "core ml",
    "mismatch ratio": "mismatch ratio",
}
_VERDICT = "verdict "


def write_index(
    path: Path,
    source: Path,
    outcomes: list[Outcome],
    measured: dict[str, dict[str, Any]],
    reports: dict[str, str],
    summary: list[list],
    tables: list[str],
) -> None:
    """Write one HTML page that needs nothing else.

    Parameters
    ----------
    path : Path
    source : Path
        The dataset that was analysed.
    outcomes : list of Outcome
    measured : dict
        By label, from `measures_of`.
    reports : dict of str to str
        By label, where the report lies from the page.
    summary : list of list
        Of the comparisons; empty if there are none.
    tables : list of str
        Files beside the page.

    Raises
    ------
    PerfusionError
        If it cannot be written.
    """
    title = f"Perfusion of {source.resolve().name}"
    write_text(path, page(title, _sections(outcomes, measured, reports, summary, tables)))


def _sections(outcomes, measured, reports, summary, tables):
    found = [outcome.status for outcome in outcomes]
    counts = ", ".join(f"{found.count(status)} {status}" for status in STATUSES if status in found)
    links = paragraph("Tables with all figures:") + "".join(f"<p>{_link(name, name)}</p>" for name in tables)
    yield Section(
        "scans",
        "Scans",
        (paragraph(f"{counted(len(outcomes), 'scan')}: {counts}."), _scans(outcomes, measured, reports)),
    )
    if summary:
        yield Section("comparison", "Comparison with reference maps, over all scans", (table(summary),))
    yield Section("tables", "Tables", (links,))


def _scans(outcomes, measured, reports):
    """Escaped cell by cell, as the table of the report makes no links."""
    heads = ["scan", "status", "verdicts", *_FIGURES.values(), "what to know"]
    rows = ["".join(f"<th>{escape(head)}</th>" for head in heads)]
    for outcome in outcomes:
        label = outcome.subject.label
        measures = measured.get(label, {})
        name = _link(reports[label], label) if label in reports else escape(label)
        figures = [_number(measures.get(title)) for title in _FIGURES]
        known = [outcome.reason, *outcome.subject.notes, measures.get("warnings", "")]
        cells = [name, escape(outcome.status), _verdicts(measures)]
        row = "".join(f"<td>{cell}</td>" for cell in cells) + "".join(
            f'<td class="number">{cell}</td>' for cell in figures
        )
        rows.append(row + f"<td>{escape('; '.join(filter(None, known)))}</td>")
    body = "".join(f"<tr>{row}</tr>" for row in rows[1:])
    return (
        f'<div class="scroll"><table class="data"><thead><tr>{rows[0]}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _verdicts(measures):
    """The worst, and the steps that have it."""
    steps = {title.removeprefix(_VERDICT): value for title, value in measures.items() if title.startswith(_VERDICT)}
    if not steps:
        return ""
    worst = max(steps.values(), key=LEVELS.index)
    named = [step for step, value in steps.items() if value == worst and worst != LEVELS[0]]
    return f"{level(worst)} {escape(', '.join(named))}"


def _number(value):
    return f"{value:.4g}" if isinstance(value, (int, float)) else "–"


def _link(target, text):
    return f'<a href="{escape(target, quote=True)}">{escape(text)}</a>'
