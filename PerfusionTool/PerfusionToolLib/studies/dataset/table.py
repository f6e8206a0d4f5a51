"""A dataset as a table: one scan a row."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ...files.tables import read_text
from ...perfusion.errors import PerfusionError
from .given import INPUTS, SETTINGS

_NEEDED = ("subject", "scan")
_COLUMNS = ("subject", "session", "scan", *INPUTS)


@dataclass(frozen=True)
class Row:
    """One scan of a table.

    Parameters
    ----------
    subject, session : str
    scan : Path
    values : dict of str to str
        The cells that are not empty, by the names of inputs and settings.
    """

    subject: str
    session: str
    scan: Path
    values: dict[str, str]


def rows_of_table(path: Path) -> list[Row]:
    """Read a table of scans.

    Parameters
    ----------
    path : Path
        CSV or TSV with the columns subject and scan; besides, session, modality, times, brain_mask, arterial_input,
        venous_output, reference, echo_time, frame_interval, tissue_rule, and any setting by its name. Paths are
        relative to the table. An empty cell says nothing.

    Returns
    -------
    list of Row

    Raises
    ------
    PerfusionError
        If it cannot be read, a column is unknown or missing, or a row names no subject or no scan.
    """
    lines = [line for line in read_text(path).splitlines() if line.strip() and not line.startswith("#")]
    table = csv.reader(lines, delimiter=_separator(lines[0] if lines else ""))
    titles = [title.strip() for title in next(table, [])]
    _check_titles(path, titles)
    return [_row(path, number, titles, words) for number, words in enumerate(table, 1)]


def _separator(line):
    return max(",;\t", key=line.count)


def _check_titles(path, titles):
    missing = [name for name in _NEEDED if name not in titles]
    if missing:
        raise PerfusionError(
            f"{path} has no column {missing[0]!r}; its first line names the columns, at least subject and scan."
        )
    unknown = [title for title in titles if title not in _COLUMNS + SETTINGS]
    if unknown:
        raise PerfusionError(
            f"{path} has the unknown column {unknown[0]!r}; columns are {', '.join(_COLUMNS)} and the settings of "
            "`analyze --help`, with underscores."
        )
    double = [title for title in titles if titles.count(title) > 1]
    if double:
        raise PerfusionError(f"{path} has the column {double[0]!r} more than once; keep one.")


def _row(path, number, titles, words):
    if len(words) > len(titles):
        raise PerfusionError(f"{path}, row {number} has {len(words)} cells for {len(titles)} columns; correct it.")
    cells = {title: word.strip() for title, word in zip(titles, words, strict=False) if word.strip()}
    missing = [name for name in _NEEDED if name not in cells]
    if missing:
        raise PerfusionError(f"{path}, row {number} names no {missing[0]}; fill the cell in.")
    subject, session, scan = cells.pop("subject"), cells.pop("session", ""), cells.pop("scan")
    return Row(subject, session, path.parent / scan, cells)
