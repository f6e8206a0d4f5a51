"""Tables of numbers in text files: CSV, TSV or columns, with or without titles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.words import counted


def read_text(path: str | Path) -> str:
    """A text file's content.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str

    Raises
    ------
    PerfusionError
        If there is no such file or it is not UTF-8 text.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise PerfusionError(f"{path} does not exist; check the name.") from error
    except UnicodeDecodeError as error:
        raise PerfusionError(f"{path} is not a text file in UTF-8; save it as plain text.") from error
    except OSError as error:
        raise PerfusionError(f"{path} cannot be read ({error.strerror}); give a file that can.") from error


def read_table(path: str | Path) -> tuple[list[str] | None, np.ndarray]:
    """Numbers of a CSV, TSV or space-separated file.

    Parameters
    ----------
    path : str or Path
        Empty lines and lines that start with # are skipped. Where semicolons separate, a comma is a decimal comma.

    Returns
    -------
    titles : list of str or None
        The first line's cells, if they are not numbers.
    table : ndarray of shape (rows, columns)

    Raises
    ------
    PerfusionError
        If a cell is no number, lines differ in length, or there are none.
    """
    lines = [(number, line.strip()) for number, line in enumerate(read_text(path).splitlines(), 1)]
    rows = [(number, _cells(line)) for number, line in lines if line and not line.startswith("#")]
    titles = None
    if rows and not any(_is_number(cell) for cell in rows[0][1]):
        titles = rows.pop(0)[1]
    if not rows:
        raise PerfusionError(f"{path} holds no numbers; give one row per frame.")
    columns = len(rows[0][1])
    for number, cells in rows:
        if len(cells) != columns:
            raise PerfusionError(
                f"{path}, line {number} has {counted(len(cells), 'cell')} instead of {columns}; correct it."
            )
        for cell in cells:
            if not _is_number(cell):
                raise PerfusionError(f"{path}, line {number}: {cell!r} is not a number; correct it.")
    if titles is not None and len(titles) != columns:
        # Spaces may separate columns, or the words of a single column's title.
        titles = [" ".join(titles)] if columns == 1 else None
    return titles, np.array([[float(cell) for cell in cells] for _, cells in rows])


def _cells(line):
    if ";" in line:
        cells = line.replace(",", ".").split(";")
    elif "," in line:
        cells = line.split(",")
    else:
        cells = line.split("\t" if "\t" in line else None)
    cells = [cell.strip().strip('"') for cell in cells]
    return cells[:-1] if len(cells) > 1 and not cells[-1] else cells


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True
