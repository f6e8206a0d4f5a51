"""Which maps become volumes, and which of them each view shows."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..perfusion.maps import UNITS
from ..scene.map_choice import NONE, shown_maps, wanted_maps
from ..scene.views import MAP_VIEWS
from .reasons import allow

COLUMNS = 3
# What a person should know of a map that its name does not say.
MEANINGS = {
    "Quality": _("1 sound (green), 2 doubtful (yellow), 3 no result (red)"),
    "TTP from arrival": _("Time to peak from the arrival of the bolus in the brain"),
    "CBV uncorrected": _("CBV without the correction of leakage"),
    "K1": _("Leakage correction: how much of the brain's mean curve is in the voxel"),
    "K2": _("Leakage correction: positive where T1 leakage lowers the curve, negative where T2* leakage raises it"),
    "Leakage fit": _("How well the model of leakage describes the curve"),
}


class MapChoiceForm:
    """Check boxes for the maps, and a list of maps for every view, in the places of the views.

    Parameters
    ----------
    work : Work

    Attributes
    ----------
    checks : dict of str to QCheckBox
        By the name of the map.
    combos : dict of str to QComboBox
        By the layout name of the view.
    layout : QVBoxLayout
        For the panel to place.
    """

    def __init__(self, work):
        self._work = work
        self._refreshing = False
        self.layout = qt.QVBoxLayout()
        self.checks = {name: qt.QCheckBox(name) for name in UNITS}
        self.combos = {view: qt.QComboBox() for view in MAP_VIEWS.values()}
        self._add_checks()
        self._add_combos()

    def refresh(self) -> None:
        """Show what the parameter node says."""
        self._refreshing = True
        try:
            self._show_checks()
            self._show_combos()
        finally:
            self._refreshing = False

    # -- making the form

    def _add_checks(self):
        self.layout.addWidget(qt.QLabel(_("Maps to make:")))
        grid = qt.QGridLayout()
        for place, (name, check) in enumerate(self.checks.items()):
            check.connect("toggled(bool)", lambda on, name=name: self._take_wanted(name, on))
            grid.addWidget(check, place // COLUMNS, place % COLUMNS)
        self.layout.addLayout(grid)

    def _add_combos(self):
        self.layout.addWidget(qt.QLabel(_("Maps in the views:")))
        grid = qt.QGridLayout()
        grid.addWidget(qt.QLabel(_("Scan")), 0, 0)
        for place, (view, combo) in enumerate(self.combos.items(), 1):
            # As narrow as the others, however long the names in it are.
            combo.minimumWidth = 1
            combo.connect("currentIndexChanged(int)", lambda index, view=view: self._take_shown(view, index))
            grid.addWidget(combo, place // COLUMNS, place % COLUMNS)
        self.layout.addLayout(grid)

    # -- showing

    def _show_checks(self):
        wanted = wanted_maps(self._work.parameters)
        for name, check in self.checks.items():
            check.checked = name in wanted
            tip = _("Put {name} into the scene; default {default}").format(
                name=f"{name} [{UNITS[name]}]" if UNITS[name] else name,
                default=_("on") if name in MAP_VIEWS else _("off"),
            )
            allow(check, "\n".join([tip, *([MEANINGS[name]] if name in MEANINGS else [])]), self._reason_against(name))

    def _reason_against(self, name):
        given = self._work.study.given_maps
        if name in MAP_VIEWS or name in given:
            return ""
        return _("Neither method nor corrections in use give this map.") if given else _("Compute the maps first.")

    def _show_combos(self):
        tip = _("Map in the view at this place; default {name}")
        for (usual, view), name in zip(MAP_VIEWS.items(), shown_maps(self._work.parameters).values(), strict=True):
            combo, names = self.combos[view], self._names(name)
            texts = [text or _("scan alone") for text in names]
            if [combo.itemText(place) for place in range(combo.count)] != texts:
                combo.clear()
                combo.addItems(texts)
            combo.currentIndex = names.index(name)
            allow(combo, tip.format(name=usual))

    def _names(self, shown):
        """What a view may show: what the method gives, and what was chosen for it under another method."""
        given = {*self._work.study.given_maps, *MAP_VIEWS, shown}
        return [NONE, *(name for name in UNITS if name in given)]

    # -- taking what a person sets

    def _take_wanted(self, name, on):
        if not self._refreshing:
            self._follow(self._work.study.want_map(name, on))

    def _take_shown(self, view, index):
        if not self._refreshing and index >= 0:
            name = self._names(shown_maps(self._work.parameters)[view])[index]
            self._follow(self._work.study.show_map_in(view, name))

    def _follow(self, missing):
        if missing:
            self._work.follow()
