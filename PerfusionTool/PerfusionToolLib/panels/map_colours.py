"""Colours and window of the maps, one map at a time."""

from __future__ import annotations

import math

import ctk
import qt
from slicer.i18n import tr as _

from ..perfusion.maps import unit_of
from ..scene import colours
from ..scene.map_choice import wanted_maps
from ..scene.maps import map_kind
from ..scene.parameters import map_field
from ..scene.views import MAP_VIEWS
from .reasons import allow

# The range widget reaches beyond the window by this factor, so that there is room to widen it.
ROOM = 2.0


class MapColours:
    """A form: which map, its colours, its window with presets, and back to what is usual.

    Parameters
    ----------
    work : Work

    Attributes
    ----------
    layout : QFormLayout
        For the panel to place.
    """

    def __init__(self, work):
        self._work = work
        self._display = self._tag = None
        self._refreshing = False
        self.layout = qt.QFormLayout()
        self.map_combo = self._add_combo(_("Map:"), list(MAP_VIEWS), self._take_map)
        self.colours_combo = self._add_combo(_("Colours:"), list(colours.COLOURS), self._take_colours)
        self.window_range = self._add_range()
        row = qt.QHBoxLayout()
        self.preset_combo = qt.QComboBox()
        self.preset_combo.connect("currentIndexChanged(int)", self._take_preset)
        self.reset_button = qt.QPushButton(_("Reset"))
        self.reset_button.connect("clicked()", self._reset)
        row.addWidget(self.preset_combo, 1)
        row.addWidget(self.reset_button)
        self.layout.addRow(_("Presets:"), row)

    @property
    def map_name(self) -> str:
        """The map whose colours are shown."""
        return self.map_combo.currentText

    @property
    def volume(self):
        """That map in the scene, or None."""
        return getattr(self._work.parameters, map_field(self.map_name)) if self.map_name else None

    def refresh(self, *_arguments) -> None:
        """Show the colours and the window of the chosen map."""
        self._show_maps()
        volume = self.volume
        self._observe(volume.GetDisplayNode() if volume is not None else None)
        self._allow(_("Compute the maps first.") if self._display is None else "")
        if self._display is None:
            return
        self._refreshing = True
        try:
            self._show_colours(volume)
            self._show_window(volume)
        finally:
            self._refreshing = False

    def forget(self) -> None:
        """Let go of the map that is shown."""
        self._observe(None)

    # -- making the form

    def _add_combo(self, title, items, changed):
        combo = qt.QComboBox()
        combo.addItems(items)
        combo.connect("currentIndexChanged(int)", changed)
        self.layout.addRow(title, combo)
        return combo

    def _add_range(self):
        window = ctk.ctkRangeWidget()
        window.connect("valuesChanged(double,double)", self._take_window)
        self.layout.addRow(_("Window:"), window)
        return window

    def _allow(self, reason):
        allow(self.map_combo, _("Map whose colours and window are set below; default CBF"))
        allow(
            self.colours_combo, _("Colours from low to high; flow and volume: black to red, times: blue to red"), reason
        )
        allow(self.window_range, _("Values drawn in the first and in the last colour, in the unit of the map"), reason)
        allow(self.preset_combo, _("Usual windows; the first is the default"), reason)
        allow(self.reset_button, _("Give this map its usual colours and window again"), reason)

    # -- showing

    def _show_maps(self):
        """The maps to choose from; the chosen one stays chosen for as long as it is wanted."""
        names, chosen = list(wanted_maps(self._work.parameters)), self.map_name
        if [self.map_combo.itemText(place) for place in range(self.map_combo.count)] == names:
            return
        self._refreshing = True
        try:
            self.map_combo.clear()
            self.map_combo.addItems(names)
            self.map_combo.currentIndex = names.index(chosen) if chosen in names else 0
        finally:
            self._refreshing = False

    def _observe(self, display):
        """A window set elsewhere, as with the mouse in a view, is shown here too."""
        if display is self._display:
            return
        if self._display is not None:
            self._display.RemoveObserver(self._tag)
        self._display = display
        self._tag = display.AddObserver("ModifiedEvent", self.refresh) if display is not None else None

    def _show_colours(self, volume):
        shown = colours.colours_of(volume)
        names = list(colours.COLOURS)
        self.colours_combo.currentIndex = names.index(shown) if shown in names else -1

    def _show_window(self, volume):
        name, relative_to = map_kind(volume)
        low, high = colours.window_of(volume)
        lowest, highest = self._limits(name, relative_to, low, high)
        # The widget rounds what it is given: enough digits for windows of any unit.
        self.window_range.decimals = decimals = digits_for(high - low)
        self.window_range.singleStep = 0.5 * 10 ** (1 - decimals)
        self.window_range.suffix = f" {unit_of(name, relative_to)}"
        self.window_range.minimum, self.window_range.maximum = lowest, highest
        self.window_range.setValues(low, high)
        presets = self._presets(name, relative_to)
        self.preset_combo.clear()
        self.preset_combo.addItems([_("Choose a window"), *presets])
        windows = list(presets.values())
        self.preset_combo.currentIndex = windows.index((low, high)) + 1 if (low, high) in windows else 0

    def _limits(self, name, relative_to, low, high):
        """Ends of the range widget; they stay while the window lies inside, so that handles do not run away."""
        lowest, highest = self.window_range.minimum, self.window_range.maximum
        unit = f" {unit_of(name, relative_to)}"
        if self.window_range.suffix == unit and self._limited == self.map_name and lowest <= low and high <= highest:
            return lowest, highest
        self._limited = self.map_name
        return min(0.0, ROOM * low), ROOM * high if high > 0 else -0.5 * low

    _limited = ""

    @staticmethod
    def _presets(name, relative_to):
        return colours.WINDOWS.get(name, {}) if relative_to == "absolute" else {}

    # -- taking what a person sets

    def _take_map(self, index):
        if not self._refreshing:
            self.refresh()

    def _take_colours(self, index):
        if not self._refreshing and index >= 0:
            window = None if colours.has_automatic_window(self.volume) else colours.window_of(self.volume)
            self._give(window, list(colours.COLOURS)[index])

    def _take_window(self, low, high):
        if not self._refreshing and high > low:
            self._give((low, high), self._present_colours())

    def _take_preset(self, index):
        if not self._refreshing and index > 0:
            window = list(self._presets(*map_kind(self.volume)).values())[index - 1]
            self._give(window, self._present_colours())

    def _present_colours(self):
        shown = colours.colours_of(self.volume)
        return shown if shown in colours.COLOURS else None

    def _reset(self):
        self._give(None, None)

    def _give(self, window, names):
        name, relative_to = map_kind(self.volume)
        colours.show_map_colours(self.volume, name, window, names, relative_to)


def digits_for(width: float) -> int:
    """Decimals that show a window of this width in steps of about a hundredth."""
    return min(max(1, 2 - math.floor(math.log10(width))), 6) if width > 0 else 1
