"""One threshold of tissue at risk in a row: map, side, bound, and whether that is a part of normal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import qt
from slicer.i18n import tr as _

from ...perfusion.maps import UNITS
from ...perfusion.tissue import PRESETS, RELATIVE_MAPS, THRESHOLD_MAPS, Threshold
from ..reasons import allow

SIDES = {"above": ">", "below": "<"}
LARGEST_BOUND = 9999.0
# As narrow as the window lets a widget be.
NARROWEST = 1


class ThresholdRow:
    """Map, side and bound of one threshold.

    Parameters
    ----------
    taken : callable
        Called with the `Threshold` that a person sets.

    Attributes
    ----------
    widget : QWidget
    """

    def __init__(self, taken: Callable[[Threshold], None]):
        self._taken = taken
        self._shown = None
        self._refreshing = False
        self.widget = qt.QWidget()
        row = qt.QHBoxLayout(self.widget)
        row.setContentsMargins(0, 0, 0, 0)
        self.map_combo = self._combo(list(THRESHOLD_MAPS), self._take_map)
        self.side_combo = self._combo(list(SIDES.values()), self._take_side)
        self.bound_box = qt.QDoubleSpinBox()
        self.bound_box.minimumWidth = NARROWEST
        self.bound_box.keyboardTracking = False
        self.bound_box.connect("valueChanged(double)", self._take_bound)
        self.normal_check = qt.QCheckBox(_("of normal"))
        self.normal_check.connect("toggled(bool)", self._take_of_normal)
        row.addWidget(self.map_combo, 2)
        row.addWidget(self.side_combo)
        row.addWidget(self.bound_box, 2)
        row.addWidget(self.normal_check)

    def _combo(self, texts, taken):
        combo = qt.QComboBox()
        combo.minimumWidth = NARROWEST
        combo.addItems(texts)
        combo.connect("currentIndexChanged(int)", taken)
        return combo

    def show(self, threshold: Threshold, reason: str) -> None:
        """Show a threshold.

        Parameters
        ----------
        threshold : Threshold
        reason : str
            Why it cannot be changed, "" where it can.
        """
        self._refreshing = True
        try:
            self._shown = threshold
            self.map_combo.currentIndex = THRESHOLD_MAPS.index(threshold.map)
            self.side_combo.currentIndex = list(SIDES).index(threshold.side)
            self._show_bound(threshold)
            self.normal_check.checked = threshold.of_normal
        finally:
            self._refreshing = False
        self._explain(threshold, reason)

    def _show_bound(self, threshold):
        box = self.bound_box
        box.decimals = 0 if threshold.of_normal else 2
        box.minimum, box.maximum = (1, 999) if threshold.of_normal else (0.01, LARGEST_BOUND)
        box.singleStep = 1 if threshold.of_normal else 0.5
        box.suffix = " %" if threshold.of_normal else f" {UNITS[threshold.map]}"
        box.value = 100 * threshold.bound if threshold.of_normal else threshold.bound

    def _explain(self, threshold, reason):
        allow(self.map_combo, _("Map that the threshold is of"), reason)
        allow(self.side_combo, _("Voxels above or below the bound belong to it"), reason)
        allow(self.bound_box, _("The bound, in the unit of the map or in percent of normal"), reason)
        without = "" if threshold.map in RELATIVE_MAPS else _("Only with CBF, CBV and MTT")
        allow(self.normal_check, _("The bound is a part of what is normal; see the rules"), reason or without)

    # -- taking what a person sets

    def _take_map(self, index):
        if not self._refreshing and THRESHOLD_MAPS[index] != self._shown.map:
            self._taken(
                _published(THRESHOLD_MAPS[index])
                or Threshold(THRESHOLD_MAPS[index], self._shown.side, self._shown.bound)
            )

    def _take_side(self, index):
        if not self._refreshing:
            self._taken(replace(self._shown, side=list(SIDES)[index]))

    def _take_bound(self, value):
        if not self._refreshing:
            self._taken(replace(self._shown, bound=value / 100 if self._shown.of_normal else value))

    def _take_of_normal(self, on):
        if not self._refreshing and bool(on) != self._shown.of_normal:
            bound = 1.0 if on else self._shown.bound
            self._taken(_published(self._shown.map, bool(on)) or replace(self._shown, bound=bound, of_normal=bool(on)))


def _published(map_name, of_normal=None):
    """A published threshold of a map to go on from, a part of normal or not; None where there is none."""
    for preset in PRESETS.values():
        for threshold in (preset.hypoperfusion, preset.core):
            if threshold.map == map_name and of_normal in (None, threshold.of_normal):
                return threshold
    return None
