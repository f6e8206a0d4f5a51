"""Rows for settings: widgets, ranges, units and tool tips come from `Settings`; the parameter node holds the values."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..perfusion.settings import value_type
from ..scene.parameters import settings_of
from .reasons import allow
from .setting_texts import FIELDS, choice, empty_meaning, label, reason_against, tool_tip, unit

# Maps are quickly made again from here on, so they follow a change at once.
QUICK_STAGES = ("leakage", "arterial_input", "deconvolution", "maps")
LARGEST_NUMBER = 9999


class ParameterForm:
    """One row for each of some settings, bound to the parameter node both ways.

    Parameters
    ----------
    names : sequence of str
        Fields of `Settings`.
    work : Work

    Attributes
    ----------
    layout : QFormLayout
        For the panel to place.
    rows : dict of str to ParameterRow
    """

    def __init__(self, names, work):
        self._work = work
        self.layout = qt.QFormLayout()
        self.rows = {name: _ROWS[_kind(name)](name, work) for name in names}
        for row in self.rows.values():
            self.layout.addRow(row.label, row.widget)

    def refresh(self) -> None:
        """Show the parameter node's values, and which of them have an effect."""
        try:
            settings = settings_of(self._work.parameters)
        except PerfusionError:
            settings = None
        for name, row in self.rows.items():
            row.refresh(reason_against(settings, name) if settings else "")


class ParameterRow:
    """Label and widget of one setting.

    Attributes
    ----------
    label : QLabel
    widget : QWidget
        What stands beside the label.
    field : QWidget
        What takes the value: a spin box, check box or combo box.
    """

    def __init__(self, name, work):
        self.name = name
        self.parameter = FIELDS[name]
        self._work = work
        self._refreshing = False
        self.label = qt.QLabel(_("{label}:").format(label=label(name)))
        self.field = self._make_field()
        self.widget = self._make_widget()
        self.label.setBuddy(self.field)

    @property
    def value(self):
        """The parameter node's value."""
        return getattr(self._work.parameters, self.name)

    def refresh(self, reason: str = "") -> None:
        """Show the value, and the reason why it has no effect where it has none."""
        self._refreshing = True
        try:
            self._show(self.value)
            self._show_effect(reason)
        finally:
            self._refreshing = False

    def _take(self, value):
        """A person's value goes to the parameter node, and the maps follow if that is quick."""
        if self._refreshing or value == self.value:
            return
        setattr(self._work.parameters, self.name, value)
        if self.parameter.metadata["stage"] in QUICK_STAGES:
            self._work.follow()

    def _show_effect(self, reason):
        tip = tool_tip(self.name)
        for part in (self.label, self.widget):
            allow(part, tip, reason)

    def _make_widget(self):
        return self.field


class CheckRow(ParameterRow):
    def _make_field(self):
        field = qt.QCheckBox()
        field.connect("toggled(bool)", lambda on: self._take(bool(on)))
        return field

    def _show(self, value):
        self.field.checked = value


class ChoiceRow(ParameterRow):
    def _make_field(self):
        field = qt.QComboBox()
        field.addItems([choice(word) for word in self._choices])
        field.connect("currentIndexChanged(int)", lambda index: self._take(self._choices[index]))
        return field

    @property
    def _choices(self):
        return self.parameter.metadata["choices"]

    def _show(self, value):
        if value in self._choices:
            self.field.currentIndex = self._choices.index(value)


class NumberRow(ParameterRow):
    """A number; where it may be empty, a check box beside it says what happens then."""

    def _make_field(self):
        whole, self._optional = value_type(self.name)[0] is int, value_type(self.name)[1]
        limits = self.parameter.metadata
        field = qt.QSpinBox() if whole else qt.QDoubleSpinBox()
        if not whole:
            field.decimals = _decimals(self.parameter)
        field.minimum = limits["minimum"]
        field.maximum = LARGEST_NUMBER if limits["maximum"] is None else limits["maximum"]
        field.singleStep = 1 if whole else _step(self.parameter)
        field.suffix = f" {unit(self.name)}" if unit(self.name) else ""
        field.keyboardTracking = False
        field.connect("valueChanged(int)" if whole else "valueChanged(double)", self._take)
        return field

    def _make_widget(self):
        if not self._optional:
            return self.field
        widget, self.automatic = qt.QWidget(), qt.QCheckBox(empty_meaning(self.name))
        row = qt.QHBoxLayout(widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.automatic)
        row.addWidget(self.field, 1)
        self.automatic.connect("toggled(bool)", self._take_automatic)
        return widget

    def _take_automatic(self, on):
        self._take(None if on else self.field.value)

    def _show(self, value):
        if self._optional:
            self.automatic.checked = value is None
            self.field.enabled = value is not None
        if value is not None:
            self.field.value = value


_ROWS = {bool: CheckRow, str: ChoiceRow, int: NumberRow, float: NumberRow}


def _kind(name):
    return value_type(name)[0]


def _decimals(parameter):
    values = parameter.metadata["minimum"], parameter.default
    return max([1] + [len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values if value is not None])


def _step(parameter):
    start = parameter.metadata["minimum"] if parameter.default is None else parameter.default
    return 1 if start >= 10 else 10.0 ** -_decimals(parameter)
