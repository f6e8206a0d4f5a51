"""The candidates for the AIF as a table in which a row is chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import qt
from slicer.i18n import tr as _

# Closer to the middle of the head than this is neither side.
MIDDLE_MM = 8.0
SAME_PLACE_MM = 0.5
ROW_HEIGHT = 22
TABLE_HEIGHT = 170


class CandidatesTable:
    """A table with one row for each candidate, the accepted ones first.

    Parameters
    ----------
    choose : callable
        Called with the row, a dict as `scene.candidates.read_candidates` gives it, that a person has chosen.

    Attributes
    ----------
    widget : QTableWidget
    """

    def __init__(self, choose: Callable[[dict], None]):
        self._choose = choose
        self._rows = []
        self._shown = None
        self._refreshing = False
        self.widget = _empty_table()
        self.widget.connect("itemSelectionChanged()", self._take_selection)

    def show(self, rows: list[dict], used, centre: np.ndarray, slice_of: Callable[[np.ndarray], int]) -> None:
        """Fill the table.

        Parameters
        ----------
        rows : list of dict
        used : ndarray of shape (3,) or None
            Place of the candidate in use, RAS mm; its row is selected.
        centre : ndarray of shape (3,)
            Middle of the head, RAS mm.
        slice_of : callable
            From a place, RAS mm, to the number of its slice.
        """
        self._rows = sorted(rows, key=lambda row: (not row["accepted"], row["rank"]))
        texts = [_texts(row, place_in_words(row["place"], centre, slice_of(row["place"]))) for row in self._rows]
        self._refreshing = True
        try:
            if texts != self._shown:
                self._fill(texts)
            self._select(used)
        finally:
            self._refreshing = False

    def _fill(self, texts):
        self._shown = texts
        self.widget.clearContents()
        self.widget.setRowCount(len(texts))
        for number, (row, cells) in enumerate(zip(self._rows, texts, strict=True)):
            for column, text in enumerate(cells):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(row["why"])
                self.widget.setItem(number, column, item)
        self.widget.resizeColumnsToContents()

    def _select(self, used):
        self.widget.clearSelection()
        if used is None or not self._rows:
            return
        distances = [np.abs(row["place"] - used).max() for row in self._rows]
        nearest = int(np.argmin(distances))
        if distances[nearest] < SAME_PLACE_MM:
            self.widget.selectRow(nearest)

    def _take_selection(self):
        if not self._refreshing and 0 <= self.widget.currentRow() < len(self._rows):
            self._choose(self._rows[self.widget.currentRow()])


def place_in_words(place: np.ndarray, centre: np.ndarray, slice_number: int) -> str:
    """Where in the head something lies.

    Parameters
    ----------
    place : ndarray of shape (3,)
        RAS mm.
    centre : ndarray of shape (3,)
        Middle of the head, RAS mm.
    slice_number : int

    Returns
    -------
    str
        Such as "left, front, slice 7 (−31, 24, 12 mm)".
    """
    right, front = (place - centre)[:2]
    side = _("middle") if abs(right) < MIDDLE_MM else _("right") if right > 0 else _("left")
    end = _("centre") if abs(front) < MIDDLE_MM else _("front") if front > 0 else _("back")
    numbers = ", ".join(str(round(value)) for value in place).replace("-", "−")
    return _("{side}, {end}, slice {slice} ({numbers} mm)").format(
        side=side, end=end, slice=slice_number, numbers=numbers
    )


def _texts(row, place):
    return (
        str(row["rank"] + 1),
        place,
        f"{row['peak']:.3g}",
        f"{row['arrival']:.1f}",
        f"{row['time_to_peak']:.1f}",
        str(row["voxels"]),
        f"{row['score']:.2f}",
        _("accepted") if row["accepted"] else _("rejected"),
        row["why"],
    )


def _empty_table():
    columns = (
        _("Rank"), _("Place"), _("Peak"), _("Arrival [s]"), _("Peak at [s]"), _("Voxels"), _("Score"), _("Verdict"),
        _("Why"),
    )  # fmt: skip
    table = qt.QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(columns)
    table.verticalHeader().visible = False
    table.verticalHeader().defaultSectionSize = ROW_HEIGHT
    table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
    table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.tabKeyNavigation = False
    table.minimumHeight = TABLE_HEIGHT
    table.toolTip = _(
        "Candidates for the AIF, the accepted ones first; choose a row to show it in the views and to use it"
    )
    return table
