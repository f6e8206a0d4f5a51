"""Which volume each map is compared with, its unit and its background."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from slicer.i18n import tr as _

from ...scene.comparison.references import found_unit, given_background, given_unit, possible_units
from ...scene.parameters import COMPARED
from ..reasons import allow

# Else the window would be as wide as the longest name.
NARROWEST = 60
BACKGROUND_WIDTH = 64


class ReferenceRow:
    """The reference of one map.

    Parameters
    ----------
    name : str
        Of the map.
    choose : callable
        ``choose(name, node)``, for a volume or None that a person has chosen.
    say : callable
        ``say(name, unit=…)`` or ``say(name, background=…)``, for what a person says of the volume.

    Attributes
    ----------
    node_combo : qMRMLNodeComboBox
    unit_combo : QComboBox
    background_edit : QLineEdit
    """

    def __init__(self, name: str, choose: Callable, say: Callable):
        self.name = name
        self._choose, self._say = choose, say
        self._units = [""]
        self._refreshing = False
        self.node_combo = self._make_node_combo()
        self.unit_combo = qt.QComboBox()
        self.unit_combo.minimumWidth = NARROWEST
        self.unit_combo.addItems([_("as found")])
        self.unit_combo.connect("currentIndexChanged(int)", self._take_unit)
        self.background_edit = qt.QLineEdit()
        self.background_edit.maximumWidth = BACKGROUND_WIDTH
        self.background_edit.placeholderText = _("as found")
        self.background_edit.connect("editingFinished()", self._take_background)

    def refresh(self, node, reason: str) -> None:
        """Show the reference that is chosen.

        Parameters
        ----------
        node : vtkMRMLScalarVolumeNode or None
        reason : str
            Why none can be chosen, "" where one can.
        """
        self._refreshing = True
        try:
            if self.node_combo.currentNode() is not node:
                self.node_combo.setCurrentNode(node)
            if node is not None and len(self._units) == 1:
                self._add_units()
            unit = "" if node is None else given_unit(node)
            if unit not in self._units:
                # Given by a program, in other words.
                self._units.append(unit)
                self.unit_combo.addItem(unit)
            self.unit_combo.currentIndex = self._units.index(unit)
            background = "" if node is None else given_background(node)
            if self.background_edit.text != background:
                self.background_edit.text = background
        finally:
            self._refreshing = False
        self._allow(node, reason)

    def _add_units(self):
        """Only when there is a reference: what knows of them takes its time to load."""
        *units, relative = possible_units(self.name)
        self._units += [*units, relative]
        self.unit_combo.addItems([*units, _("relative")])

    def _make_node_combo(self):
        combo = slicer.qMRMLNodeComboBox()
        combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        combo.showChildNodeTypes = False
        combo.noneEnabled = True
        combo.noneDisplay = _("none")
        combo.addEnabled = False
        combo.removeEnabled = False
        combo.minimumWidth = NARROWEST
        combo.setMRMLScene(slicer.mrmlScene)
        # It also changes by itself, as when its volume is removed: then it shows what is chosen again.
        combo.connect("nodeActivated(vtkMRMLNode*)", self._take_node)
        return combo

    def _allow(self, node, reason):
        tip = _("{map} of other software to compare with, on any grid and under any linear transform; default none")
        allow(self.node_combo, tip.format(map=self.name), reason)
        missing = reason or ("" if node is not None else _("Choose a reference first."))
        found = None if node is None else found_unit(self.name, node)
        tip = _("Unit of the reference; default as found: what the volume says ({unit}), else guessed from its values")
        allow(self.unit_combo, tip.format(unit=found or _("nothing")), missing)
        tip = _("Value of voxels of the reference without a result; default as found: what fills the rim of its slices")
        allow(self.background_edit, tip, missing)

    def _take_node(self, node):
        if not self._refreshing:
            self._choose(self.name, node)

    def _take_unit(self, index):
        if not self._refreshing and index >= 0:
            self._say(self.name, unit=self._units[index])

    def _take_background(self):
        if not self._refreshing:
            self._say(self.name, background=self.background_edit.text)


class ReferenceForm:
    """A row for each map.

    Parameters
    ----------
    choose, say : callable
        As for `ReferenceRow`.

    Attributes
    ----------
    rows : dict of str to ReferenceRow
        By map.
    layout : QGridLayout
        For the panel to place.
    """

    def __init__(self, choose: Callable, say: Callable):
        self.rows = {name: ReferenceRow(name, choose, say) for name in COMPARED}
        self.layout = qt.QGridLayout()
        for column, title in enumerate((_("Map"), _("Reference"), _("Unit"), _("Background"))):
            self.layout.addWidget(qt.QLabel(title), 0, column)
        for place, row in enumerate(self.rows.values(), 1):
            self.layout.addWidget(qt.QLabel(row.name), place, 0)
            for column, widget in enumerate((row.node_combo, row.unit_combo, row.background_edit), 1):
                self.layout.addWidget(widget, place, column)
        self.layout.setColumnStretch(1, 1)

    def refresh(self, references: dict, reason: str) -> None:
        """Show the references that are chosen.

        Parameters
        ----------
        references : dict of str to vtkMRMLScalarVolumeNode
        reason : str
            Why none can be chosen, "" where they can.
        """
        for name, row in self.rows.items():
            row.refresh(references.get(name), reason)
