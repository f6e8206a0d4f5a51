"""HTML of the report: a page that holds all it shows, reads on light and dark screens, and prints."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from ...perfusion.tissue import RESEARCH_ONLY
from .verdicts import LEVELS

MARKS = dict(zip(LEVELS, ("✓", "!", "✗"), strict=True))

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #ffffff; --soft: #f2f2f4; --line: #d0d0d6; --faint: #66666c;
  --good: #1d7a3e; --check: #8f5f00; --poor: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ea; --paper: #17171a; --soft: #232327; --line: #45454c;
  --faint: #a0a0a8; --good: #57c47e; --check: #e3ad45; --poor: #f2766d; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 15px/1.45 system-ui, sans-serif; }
.sheet { width: 100%; border-collapse: collapse; table-layout: fixed; }
.sheet > * > tr > td { padding: 0; border: 0; text-align: left; }
.use { padding: 0.35rem 1rem; color: #fff; background: #8c1d18; font-weight: 600; text-align: center; }
main { max-width: 1060px; margin: 0 auto; padding: 0.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; margin: 0.8rem 0 0.2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; padding-bottom: 0.2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.1rem 0 0.3rem; }
p { margin: 0.4rem 0; }
nav a { margin-right: 0.8rem; white-space: nowrap; }
a { color: inherit; }
figure { margin: 0.6rem 0 1rem; }
figure img { display: block; width: 100%; height: auto; background: #000; }
figure svg { color: var(--ink); display: block; width: 100%; height: auto; }
figure svg text { font-family: system-ui, sans-serif !important; }
figcaption, .faint { color: var(--faint); font-size: 0.88em; }
.scroll { overflow-x: auto; }
.data { border-collapse: collapse; font-size: 0.88em; margin: 0.4rem 0 0.9rem; font-variant-numeric: tabular-nums; }
.data th, .data td { padding: 0.18rem 0.7rem 0.18rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
.data td.number, .data th.number { text-align: right; }
.level { font-weight: 700; white-space: nowrap; }
.good { color: var(--good); } .check { color: var(--check); } .poor { color: var(--poor); }
.notice { margin: 0.6rem 0; padding: 0.45rem 0.8rem; border-left: 4px solid var(--check); background: var(--soft); }
.keyed { margin-right: 1.2em; }
.key { display: inline-block; width: 0.8em; height: 0.8em; margin: 0 0.3em 0 0; border: 1px solid var(--line); }
pre { white-space: pre-wrap; font: inherit; margin: 0.4rem 0; }
@page { size: A4; margin: 12mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #f2f2f4; --line: #c0c0c6; --faint: #444;
    --good: #1d7a3e; --check: #8f5f00; --poor: #b3261e; }
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  thead.every-page { display: table-header-group; }
  .use { color: #8c1d18; background: none; border-bottom: 1px solid #8c1d18; padding: 0 0 1mm; margin-bottom: 2mm; }
  h2, h3, .measured { break-after: avoid; }
  figure, .notice, .data tr { break-inside: avoid; }
  .key { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  figure img { -webkit-print-color-adjust: exact; print-color-adjust: exact; max-height: 200mm; object-fit: contain; }
  .scroll { overflow: visible; }
}
"""


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Parameters
    ----------
    name : str
        Its anchor.
    title : str
    pieces : tuple of str
        HTML.
    """

    name: str
    title: str
    pieces: tuple[str, ...]


def page(title: str, sections: Iterable[Section]) -> str:
    """The whole page.

    Parameters
    ----------
    title : str
    sections : iterable of Section

    Returns
    -------
    str
        HTML that needs nothing else.

    Notes
    -----
    Everything stands in the only cell of a table, for the head of a table is what browsers repeat on printed pages.
    """
    sections = list(sections)
    links = "".join(f'<a href="#{section.name}">{escape(section.title)}</a>' for section in sections)
    parts = "".join(
        f'<section id="{section.name}"><h2>{escape(section.title)}</h2>{"".join(section.pieces)}</section>'
        for section in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · research use only</title><style>{STYLE}</style></head><body>"
        '<table class="sheet" role="presentation"><thead class="every-page"><tr><td>'
        f'<div class="use">{escape(RESEARCH_ONLY)}</div></td></tr></thead><tbody><tr><td><main>'
        f"<h1>{escape(title)}</h1><nav>{links}</nav>{parts}</main></td></tr></tbody></table></body></html>\n"
    )


def paragraph(text: str) -> str:
    """Plain text as a paragraph."""
    return f"<p>{escape(text)}</p>"


def heading(text: str) -> str:
    """A title within a section."""
    return f"<h3>{escape(text)}</h3>"


def notice(text: str) -> str:
    """A sentence that must not be overlooked."""
    return f'<p class="notice">{escape(text)}</p>'


def lines(text: str) -> str:
    """Plain text with its line breaks."""
    return f"<pre>{escape(text)}</pre>"


def level(name: str) -> str:
    """A verdict, in a word, a sign and a colour."""
    return f'<span class="level {name}">{MARKS[name]} {name}</span>'


def key(**colours: str) -> str:
    """What colours mean: names with underscores for spaces, to colours."""
    names = {name: escape(name.replace("_", " ")) for name in colours}
    spans = (
        f'<span class="keyed"><span class="key" style="background:{colour}"></span>{names[name]}</span>'
        for name, colour in colours.items()
    )
    return f'<p class="faint">{"".join(spans)}</p>'


def picture(png: bytes, text: str) -> str:
    """A picture in the page, with a caption that also says to those who cannot see it what it shows."""
    data = base64.b64encode(png).decode()
    alternative = escape(text, quote=True)
    return f'<figure><img alt="{alternative}" src="data:image/png;base64,{data}">{_caption(text)}</figure>'


def chart(svg: str, text: str) -> str:
    """A chart in the page, with a caption."""
    drawing = svg.replace("<svg", f'<svg role="img" aria-label="{escape(text, quote=True)}"', 1)
    return f"<figure>{drawing}{_caption(text)}</figure>"


def table(rows: list[list]) -> str:
    """A table; numbers stand to the right, NaN is a dash, and what `level` made stays as it is.

    Parameters
    ----------
    rows : list of list
        Titles first.

    Returns
    -------
    str
    """
    titles, *others = rows
    numeric = [bool(others) and all(_is_number(row[column]) for row in others) for column in range(len(titles))]
    head = "".join(f"<th{_kind(right)}>{escape(str(cell))}</th>" for cell, right in zip(titles, numeric, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{_kind(right)}>{_cell(cell)}</td>" for cell, right in zip(row, numeric, strict=True))
        + "</tr>"
        for row in others
    )
    return f'<div class="scroll"><table class="data"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _caption(text):
    return f"<figcaption>{escape(text)}</figcaption>"


def _kind(right):
    return ' class="number"' if right else ""


def _is_number(cell):
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _cell(cell):
    if isinstance(cell, float):
        return "–" if math.isnan(cell) else f"{cell:.4g}"
    text = str(cell)
    return text if text.startswith('<span class="level') else escape(text)
