"""Thresholds and rules of tissue at risk: published ones with their sources, or a person's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import ctk
import qt
from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from ...perfusion.tissue import NORMALS, PRESETS, Criteria, Rules, default_rule
from ...scene.tissue.choice import (
    CORE,
    HYPOPERFUSION,
    OWN,
    PUBLISHED,
    own_threshold,
    say_criteria,
    say_rules,
    say_threshold,
    wanted_criteria,
    wanted_rules,
)
from .threshold import NARROWEST, ThresholdRow

LARGEST_ML = 1000.0
NORMAL_TEXTS = {
    "published": _("as with the published thresholds"),
    "mirror": _("the same place of the other side"),
    "tissue": _("the median of tissue with Tmax < 4 s"),
}


class TissueCriteria:
    """A form: which thresholds, what they are, and the rules.

    Parameters
    ----------
    work : Work
    changed : callable
        Called without arguments after a person has changed something.

    Attributes
    ----------
    layout : QFormLayout
        For the panel to place.
    rules : ctkCollapsibleButton
        Likewise, below it.
    """

    def __init__(self, work, changed: Callable[[], None]):
        self._work, self._changed = work, changed
        self._refreshing = False
        self._choices = [PUBLISHED, *PRESETS, OWN]
        self.layout = qt.QFormLayout()
        self.criteria_combo = self._add_criteria()
        self.thresholds = {
            HYPOPERFUSION: ThresholdRow(lambda threshold: self._take_threshold(HYPOPERFUSION, threshold)),
            CORE: ThresholdRow(lambda threshold: self._take_threshold(CORE, threshold)),
        }
        self.layout.addRow(_("Hypoperfusion:"), self.thresholds[HYPOPERFUSION].widget)
        self.layout.addRow(_("Core:"), self.thresholds[CORE].widget)
        self._add_rules()

    def refresh(self) -> None:
        """Show what the parameter node says."""
        self._refreshing = True
        try:
            self._show_criteria()
            self._show_rules()
        finally:
            self._refreshing = False

    # -- making the form

    def _add_criteria(self):
        combo = qt.QComboBox()
        combo.minimumWidth = NARROWEST
        combo.addItems([_("published for the method"), *map(_in_list, PRESETS), _("own thresholds")])
        for place, name in enumerate(self._choices):
            combo.setItemData(place, _source(name), qt.Qt.ToolTipRole)
        combo.connect("currentIndexChanged(int)", self._take_criteria)
        self.layout.addRow(_("Thresholds:"), combo)
        return combo

    def _add_rules(self):
        self.rules = ctk.ctkCollapsibleButton()
        self.rules.text = _("Rules")
        self.rules.collapsed = True
        form = qt.QFormLayout()
        self.normal_combo = qt.QComboBox()
        self.normal_combo.minimumWidth = NARROWEST
        self.normal_combo.addItems([NORMAL_TEXTS[name] for name in NORMALS])
        self.normal_combo.connect("currentIndexChanged(int)", lambda index: self._take_rule("normal", NORMALS[index]))
        self.smallest_box = self._number_box(LARGEST_ML, 2, _("ml"), lambda ml: self._take_rule("smallest_ml", ml))
        self.edge_box = self._number_box(100, 0, "%", lambda part: self._take_rule("edge_part", part / 100))
        self.opposite_box = self._number_box(100, 0, "%", lambda part: self._take_rule("opposite_part", part / 100))
        form.addRow(_("Normal is:"), self.normal_combo)
        form.addRow(_("Smallest component:"), self.smallest_box)
        form.addRow(_("Edges of vessels and CSF:"), self.edge_box)
        form.addRow(_("Other side:"), self.opposite_box)
        self.rules.setLayout(form)
        self._explain_rules()

    def _number_box(self, maximum, decimals, unit, taken):
        box = qt.QDoubleSpinBox()
        box.minimum, box.maximum, box.decimals = 0, maximum, decimals
        box.singleStep = 0.5 if decimals else 5
        box.suffix = f" {unit}"
        box.keyboardTracking = False
        box.connect("valueChanged(double)", taken)
        return box

    def _explain_rules(self):
        usual = Rules()
        self.normal_combo.toolTip = _("What relative thresholds are a part of; default {name}").format(
            name=NORMAL_TEXTS[usual.normal]
        )
        self.smallest_box.toolTip = _("Smaller components are removed, 0 ml or more; default {ml:g} ml").format(
            ml=usual.smallest_ml
        )
        self.edge_box.toolTip = _(
            "A component is removed where more of it than this lies along vessels or CSF, 0 to 100 %; 100 % keeps all; "
            "default {part:.0f} %"
        ).format(part=100 * usual.edge_part)
        self.opposite_box.toolTip = _(
            "What one side has is removed where it is no more than this part of the other side's hypoperfusion, 0 to "
            "100 %; 0 % keeps all; default {part:.0f} %"
        ).format(part=100 * usual.opposite_part)

    # -- showing

    def _show_criteria(self):
        parameters = self._work.parameters
        name = parameters.tissueCriteria
        if name in self._choices:
            self.criteria_combo.currentIndex = self._choices.index(name)
        usual = default_rule(parameters.method)
        self.criteria_combo.toolTip = "\n".join(
            [
                _("Thresholds of hypoperfusion and core; each belongs to the methods in brackets"),
                *([f"{usual}:"] if name == PUBLISHED else []),
                _source(usual if name == PUBLISHED else name),
            ]
        )
        self._show_thresholds(name == OWN)

    def _show_thresholds(self, own):
        try:
            criteria = wanted_criteria(self._work.parameters)
        except PerfusionError:
            return
        reason = "" if own else _("Choose own thresholds to change them.")
        for kind, row in self.thresholds.items():
            row.show(getattr(criteria, kind), reason)

    def _show_rules(self):
        try:
            rules = wanted_rules(self._work.parameters)
        except PerfusionError:
            return
        self.normal_combo.currentIndex = NORMALS.index(rules.normal)
        self.smallest_box.value = rules.smallest_ml
        self.edge_box.value = 100 * rules.edge_part
        self.opposite_box.value = 100 * rules.opposite_part

    # -- taking what a person sets

    def _take_criteria(self, index):
        if self._refreshing or index < 0:
            return
        parameters, name = self._work.parameters, self._choices[index]
        if name == OWN:
            self._start_own()
        else:
            say_criteria(parameters, name)
        self._changed()

    def _start_own(self):
        """A person goes on from the thresholds that were shown, and from what was normal with them."""
        parameters = self._work.parameters
        shown, rules = wanted_criteria(parameters), wanted_rules(parameters)
        say_criteria(parameters, Criteria(shown.hypoperfusion, shown.core))
        if rules.normal == "published":
            say_rules(parameters, replace(rules, normal=shown.normal))

    def _take_threshold(self, kind, threshold):
        if not self._refreshing and threshold != own_threshold(self._work.parameters, kind):
            say_threshold(self._work.parameters, kind, threshold)
            self._changed()

    def _take_rule(self, name, value):
        if self._refreshing:
            return
        say_rules(self._work.parameters, replace(wanted_rules(self._work.parameters), **{name: value}))
        self._changed()


def _in_list(name):
    return f"{name} ({', '.join(PRESETS[name].methods)})"


def _source(name):
    """Where thresholds come from, for the tool tip."""
    if name == PUBLISHED:
        return _("Those that were published for the method of the maps")
    if name == OWN:
        return _("Your own thresholds, for any method")
    return "\n".join(filter(None, (PRESETS[name].source, PRESETS[name].bias))) if name in PRESETS else ""
