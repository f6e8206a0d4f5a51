"""The maps of a region and of its mirror image as a table."""

from __future__ import annotations

import math

import qt
from slicer.i18n import tr as _

ROW_HEIGHT = 22
TABLE_HEIGHT = 200
NOTHING = "–"


class RegionTable:
    """One row a map: mean, standard deviation, median and percentiles of a region and of the other side, their ratio.

    Attributes
    ----------
    widget : QTableWidget
    """

    def __init__(self):
        titles = (
            _("Map"), _("Unit"), _("Mean"), _("SD"), _("Median"), _("5–95 %"), _("Other side"), _("SD"), _("Median"),
            _("Ratio"),
        )  # fmt: skip
        self.widget = qt.QTableWidget(0, len(titles))
        self.widget.setHorizontalHeaderLabels(titles)
        self.widget.verticalHeader().visible = False
        self.widget.verticalHeader().defaultSectionSize = ROW_HEIGHT
        self.widget.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        self.widget.tabKeyNavigation = False
        self.widget.minimumHeight = TABLE_HEIGHT
        self.widget.visible = False
        self.widget.toolTip = _(
            "The maps in the region, in their units; the other side is the mirror image of the region, the ratio is "
            "mean over mean of the other side"
        )

    def show(self, region, mirror) -> None:
        """Fill the table.

        Parameters
        ----------
        region : RegionReading or None
        mirror : RegionReading or None
            None where there is no mirror image.
        """
        rows = [] if region is None else list(region.values.items())
        self.widget.clearContents()
        self.widget.setRowCount(len(rows))
        self.widget.visible = bool(rows)
        for number, (name, here) in enumerate(rows):
            there = mirror.values[name] if mirror is not None else None
            for column, text in enumerate(_texts(name, here, there)):
                self.widget.setItem(number, column, qt.QTableWidgetItem(text))
        self.widget.resizeColumnsToContents()


def _texts(name, here, there):
    percentiles = f"{number_text(here.p5)} – {number_text(here.p95)}"
    found = [name, here.unit, *_main_numbers(here), percentiles]
    if there is None:
        return [*found, *[NOTHING] * 4]
    ratio = here.mean / there.mean if there.mean else math.nan
    return [*found, *_main_numbers(there), number_text(ratio)]


def _main_numbers(statistics):
    return [number_text(value) for value in (statistics.mean, statistics.sd, statistics.median)]


def number_text(value: float) -> str:
    """A number in three digits, or a dash where there is none."""
    return f"{value:.3g}" if math.isfinite(value) else NOTHING
