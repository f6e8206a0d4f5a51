"""What a benchmark is asked and what it gives back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SIZES = ("full", "quick", "test")


@dataclass(frozen=True)
class Asked:
    """How a benchmark is to be run.

    Parameters
    ----------
    size : {"full", "quick", "test"}
        How much is computed.
    seed : int
        The same seed gives the same figures.
    workers : int
        Processes that share the work; with 1 it is done in this one.
    osipi : Path, optional
        OSIPI's file of DSC test curves, ``dsc_data.csv``, where it is at hand.
    """

    size: str = "full"
    seed: int = 0
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    osipi: Path | None = None


@dataclass(frozen=True)
class Column:
    """One kind of figure.

    Parameters
    ----------
    name : str
        Its heading, with the unit where it has one.
    tolerance : float
        By how much it may differ from the baseline of the same seed.
    decimals : int
        As it is printed.
    """

    name: str
    tolerance: float
    decimals: int = 2


@dataclass(frozen=True)
class Table:
    """Figures side by side.

    Parameters
    ----------
    name : str
        Short; with the benchmark's name it tells the table from all others.
    title : str
        Heading.
    columns : tuple of Column
    rows : dict of str to dict of str to float
        Name of the row, such as a method, to name of the column to figure; what does not apply is left out.
    errors : dict of str to dict of str to float
        Monte-Carlo standard errors of figures, where they are known, under the same names.
    published : dict of str to dict of str to float
        Rows of others, printed below; they are compared with nothing.
    first : str
        Heading of the rows' names.
    about : str
        A paragraph that goes above the table.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: dict[str, dict[str, float]]
    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    published: dict[str, dict[str, float]] = field(default_factory=dict)
    first: str = "Method"
    about: str = ""

    def cells(self) -> Iterator[tuple[str, Column, float, float | None]]:
        """Every figure: name of its row, its column, its value, its Monte-Carlo standard error or None."""
        for row, values in self.rows.items():
            for column in self.columns:
                if column.name in values:
                    yield row, column, values[column.name], self.errors.get(row, {}).get(column.name)


@dataclass(frozen=True)
class Picture:
    """A picture that can be drawn.

    Parameters
    ----------
    file : str
        Its file's name, without folder and extension.
    caption : str
        What it shows.
    draw : callable
        Called with the path of the PNG file to write.
    """

    file: str
    caption: str
    draw: Callable[[Path], None] = field(repr=False)


@dataclass(frozen=True)
class Figures:
    """What a benchmark found.

    Parameters
    ----------
    name : str
        One of `BENCHMARKS`.
    title : str
        Heading of its part of the report.
    about : str
        Paragraphs of Markdown: what was done, with what size, and what to think of it.
    tables : list of Table
    pictures : list of Picture
    """

    name: str
    title: str
    about: str
    tables: list[Table]
    pictures: list[Picture] = field(default_factory=list)
