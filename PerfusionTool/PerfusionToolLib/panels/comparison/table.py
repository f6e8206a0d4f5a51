"""The main measures of a comparison, a column a map."""

from __future__ import annotations

import math

import qt
from slicer.i18n import tr as _

from ..region_table import NOTHING, number_text

ROW_HEIGHT = 22
TABLE_HEIGHT = 340
LIMITS = ("lower limit", "upper limit")
# Title and meaning, by the measure's name in the rows of the comparison.
MEASURES = {
    "NCC": (
        _("NCC"),
        _("Normalised cross-correlation of the maps in the brain, 1 for the same pattern; blind to scale and offset"),
    ),
    "SSIM": (
        _("SSIM in the brain"),
        _("Structural similarity of the maps divided by their means, counted inside the brain only; 1 for the same"),
    ),
    "SSIM whole slices": (
        _("SSIM of whole slices"),
        _("Structural similarity as papers count it, raised by the flat background; to be compared with theirs"),
    ),
    "MAE": (_("MAE"), _("Mean absolute error: mean of |own − reference| in the unit of the map; 0 for the same")),
    "RMSE": (
        _("RMSE"),
        _("Root of the mean squared error in the unit of the map; large errors weigh more than in the MAE"),
    ),
    "Pearson": (_("Pearson's r"), _("Linear correlation of the values of all voxels, 1 for a rising line")),
    "Spearman": (_("Spearman's ρ"), _("Correlation of the ranks, 1 where one map rises wherever the other does")),
    "concordance": (
        _("Concordance"),
        _("Lin's concordance: how near the values lie to the line of identity; scale and offset lower it"),
    ),
    "bias": (_("Bias"), _("Bland and Altman: mean of own − reference in the unit of the map; 0 for the same")),
    LIMITS: (
        _("95 % limits"),
        _("Bland and Altman: 95 % of normally distributed differences lie between them, bias ± 1.96 SD"),
    ),
    "own mean": (_("Own mean"), _("Mean of the own map in the voxels compared, in its unit")),
    "reference mean": (_("Reference mean"), _("Mean of the reference there, in the unit of the own map")),
}


class ComparisonTable:
    """One row a measure, one column a map.

    Attributes
    ----------
    widget : QTableWidget
    """

    def __init__(self):
        self.widget = qt.QTableWidget(0, 0)
        self.widget.verticalHeader().visible = False
        self.widget.verticalHeader().defaultSectionSize = ROW_HEIGHT
        self.widget.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        self.widget.tabKeyNavigation = False
        self.widget.minimumHeight = TABLE_HEIGHT
        self.widget.visible = False
        self.widget.toolTip = _("Own maps beside their references, in the brain; research use only")
        self._shown = None

    def show(self, rows: list[list]) -> None:
        """Fill the table.

        Parameters
        ----------
        rows : list of list
            Titles, then map, measure, unit, value; empty where there is no comparison.
        """
        if rows == self._shown:
            return
        self._shown = rows
        found: dict[str, dict] = {}
        units: dict[str, str] = {}
        for name, measure, unit, value in rows[1:]:
            found.setdefault(name, {})[measure] = value
            if measure == "own mean":
                units[name] = unit
        self.widget.clear()
        self.widget.setRowCount(1 + len(MEASURES) if found else 0)
        self.widget.setColumnCount(1 + len(found))
        self.widget.setHorizontalHeaderLabels([_("Measure"), *found])
        self.widget.visible = bool(found)
        if found:
            self._fill_row(0, _("Unit of the map"), [units[name] for name in found], _("Of the errors, bias and means"))
        for number, (measure, (title, meaning)) in enumerate(MEASURES.items(), 1):
            self._fill_row(number, title, [_text(values, measure) for values in found.values()], meaning)
        self.widget.resizeColumnsToContents()

    def _fill_row(self, number, title, texts, meaning):
        for column, text in enumerate((title, *texts)):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(meaning)
            self.widget.setItem(number, column, item)


def _text(values, measure):
    if measure == LIMITS:
        low, high = (values[limit] for limit in LIMITS)
        return f"{number_text(low)} … {number_text(high)}" if math.isfinite(low) else NOTHING
    return number_text(values[measure])
