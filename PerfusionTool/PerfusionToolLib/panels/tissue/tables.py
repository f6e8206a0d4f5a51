"""Volumes and components of tissue at risk as tables."""

from __future__ import annotations

import math
from collections.abc import Callable

import qt
from slicer.i18n import tr as _

ROW_HEIGHT = 22
VOLUMES_HEIGHT = 168
COMPONENTS_HEIGHT = 190
NOTHING = "–"
MEASURES = {
    "hypoperfusion": _("Hypoperfusion [ml]"),
    "core": _("Core [ml]"),
    "penumbra (mismatch volume)": _("Penumbra = mismatch volume [ml]"),
    "mismatch ratio": _("Mismatch ratio"),
    "hypoperfusion intensity ratio": _("Hypoperfusion intensity ratio"),
    "CBV index": _("CBV index"),
}
WORDS = {
    "hypoperfusion": _("hypoperfusion"),
    "core": _("core"),
    "left": _("left"),
    "right": _("right"),
    "yes": _("yes"),
    "no": _("no"),
}


class VolumesTable:
    """One row a measure: of both sides, left and right.

    Attributes
    ----------
    widget : QTableWidget
    """

    def __init__(self):
        self.widget = _empty_table((_("Measure"), _("Both"), _("Left"), _("Right")), VOLUMES_HEIGHT)
        self.widget.toolTip = _(
            "Volumes of what is kept. Mismatch ratio: hypoperfusion over core; hypoperfusion intensity ratio: volume "
            "with Tmax > 10 s over that with Tmax > 6 s; CBV index: mean CBV where Tmax > 6 s over that of tissue with "
            "Tmax < 4 s. Research use only"
        )

    def show(self, rows: list[dict]) -> None:
        """Fill the table.

        Parameters
        ----------
        rows : list of dict
            As `SceneTissue.volumes` gives them.
        """
        _fill(self.widget, [_volume_texts(row) for row in rows])


class ComponentsTable:
    """One row a component, the largest first; a person chooses one.

    Parameters
    ----------
    chosen : callable
        Called with the row, a dict as `SceneTissue.components` gives it, that a person has chosen.

    Attributes
    ----------
    widget : QTableWidget
    row : dict or None
        The chosen one.
    """

    def __init__(self, chosen: Callable[[dict], None]):
        self._chosen = chosen
        self._rows = []
        self._texts = None
        self._refreshing = False
        self.row = None
        titles = (_("No."), _("Part"), _("Side"), _("ml"), _("Kept"), _("Why"), _("Slices"), _("Place (R A S) [mm]"))
        self.widget = _empty_table(titles, COMPONENTS_HEIGHT)
        self.widget.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        self.widget.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        self.widget.toolTip = _(
            "Connected parts of the lesion, the largest first; choose a row to see it in the views, and to remove or "
            "restore it. Research use only"
        )
        self.widget.connect("itemSelectionChanged()", self._take_selection)

    def show(self, rows: list[dict]) -> None:
        """Fill the table; the chosen component stays chosen.

        Parameters
        ----------
        rows : list of dict
        """
        self._rows = sorted(rows, key=lambda row: -row["ml"])
        texts = [_component_texts(row) for row in self._rows]
        self._refreshing = True
        try:
            if texts != self._texts:
                self._texts = texts
                _fill(self.widget, texts)
            self._choose_again()
        finally:
            self._refreshing = False

    def _choose_again(self):
        numbers = [row["component"] for row in self._rows]
        number = None if self.row is None else self.row["component"]
        if number not in numbers:
            self.row = None
            self.widget.clearSelection()
            return
        self.row = self._rows[numbers.index(number)]
        self.widget.selectRow(numbers.index(number))

    def _take_selection(self):
        if not self._refreshing and 0 <= self.widget.currentRow() < len(self._rows):
            self.row = self._rows[self.widget.currentRow()]
            self._chosen(self.row)


def _volume_texts(row):
    decimals = 1 if row["unit"] == "ml" else 2
    return MEASURES[row["measure"]], *(_number(row[side], decimals) for side in ("both", "left", "right"))


def _component_texts(row):
    place = " ".join(f"{row[axis]:.0f}" for axis in "RAS").replace("-", "−")
    return (
        str(row["component"]),
        WORDS[row["kind"]],
        WORDS[row["side"]],
        f"{row['ml']:.1f}",
        WORDS[row["kept"]],
        row["reason"],
        _slices(row["first slice"], row["last slice"]),
        place,
    )


def _slices(first, last):
    return str(first) if first == last else f"{first}–{last}"


def _number(value, decimals):
    return f"{value:.{decimals}f}" if math.isfinite(value) else NOTHING


def _fill(table, texts):
    table.clearContents()
    table.setRowCount(len(texts))
    table.visible = bool(texts)
    for number, cells in enumerate(texts):
        for column, text in enumerate(cells):
            table.setItem(number, column, qt.QTableWidgetItem(text))
    table.resizeColumnsToContents()


def _empty_table(titles, height):
    table = qt.QTableWidget(0, len(titles))
    table.setHorizontalHeaderLabels(titles)
    table.verticalHeader().visible = False
    table.verticalHeader().defaultSectionSize = ROW_HEIGHT
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.tabKeyNavigation = False
    table.minimumHeight = table.maximumHeight = height
    table.visible = False
    return table
