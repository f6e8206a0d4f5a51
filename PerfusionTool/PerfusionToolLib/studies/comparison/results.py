"""A comparison as tables: of one subject, and of all."""

from __future__ import annotations

import csv
from pathlib import Path

from ...files.atomic import write_text
from ...files.tables import read_text
from ...perfusion.errors import PerfusionError
from ...perfusion.maps import unit_of
from ...perfusion.readings import csv_text
from ...perfusion.similarity import Comparison, LesionOverlap, comparison_rows, overlap_rows, summary_rows
from ...perfusion.tissue import marked_rows

TABLE, PICTURE = "comparison.csv", "comparison.png"
_TITLES = ["map", "measure", "unit", "value"]


def rows_of(comparison: Comparison, overlaps: dict[str, LesionOverlap], relative_to: str) -> list[list]:
    """All measures of one subject.

    Parameters
    ----------
    comparison : Comparison
    overlaps : dict of str to LesionOverlap
    relative_to : {"absolute", "brain_mean", "mirror"}
        Of the own maps.

    Returns
    -------
    list of list
        Titles, then map, measure, unit, value.
    """
    rows = comparison_rows(comparison) + overlap_rows(overlaps)[1:]
    for row in rows[1:]:
        if row[1] == "own mean":
            row[2] = unit_of(row[0], relative_to)
    return rows


def write_rows(path: Path, subject: str, rows: list[list]) -> None:
    """Write the measures of one subject.

    Parameters
    ----------
    path : Path
        CSV file, each row of which names the subject and is marked as for research only.
    subject : str
    rows : list of list
        As `rows_of` gives them.

    Raises
    ------
    PerfusionError
        If the file cannot be written.
    """
    titles, *others = rows
    write_text(path, csv_text(marked_rows([["subject", *titles], *([subject, *row] for row in others)])))


def read_rows(folder: Path) -> list[list]:
    """The measures of one subject as an earlier comparison wrote them.

    Parameters
    ----------
    folder : Path
        Of the results.

    Returns
    -------
    list of list
        Titles, then map, measure, unit, value; numbers with six digits, NaN where there is none.

    Raises
    ------
    PerfusionError
        If there is no such table.
    """
    path = Path(folder) / TABLE
    table = csv.DictReader(read_text(path).splitlines())
    if not set(_TITLES) <= set(table.fieldnames or ()):
        raise PerfusionError(f"{path} is no table of a comparison; compare again.")
    try:
        return [_TITLES] + [[*(row[title] for title in _TITLES[:3]), float(row["value"] or "nan")] for row in table]
    except (TypeError, ValueError) as error:
        raise PerfusionError(f"{path} is damaged ({error}); compare again.") from error


def summary_of(tables: dict[str, list[list]]) -> list[list]:
    """Measures over all subjects.

    Parameters
    ----------
    tables : dict of str to list of list
        By subject, as `compare_folder_steps` and `read_rows` give them.

    Returns
    -------
    list of list
        Titles, then one row for each map and measure: map, measure, unit, subjects with a value, mean, median, SD, and
        mean − and + 1.96 SD.
    """
    return summary_rows(list(tables.values()))


def write_summary(path: Path, tables: dict[str, list[list]]) -> None:
    """Write the measures over all subjects.

    Parameters
    ----------
    path : Path
        CSV file, each row of which is marked as for research only.
    tables : dict of str to list of list

    Raises
    ------
    PerfusionError
        If the file cannot be written.
    """
    write_text(path, csv_text(marked_rows(summary_of(tables))))
