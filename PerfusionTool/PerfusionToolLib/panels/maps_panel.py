"""Step 6: how the maps are made, which of them are shown, and in which colours."""

from __future__ import annotations

from dataclasses import fields

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from ..perfusion.settings import Settings
from ..scene.parameters import map_field
from ..scene.views import MAP_VIEWS
from .map_colours import MapColours
from .parameter_form import ParameterForm
from .reasons import allow
from .step import StepPanel

STAGES = ("deconvolution", "maps")
# Constants and rules that are seldom changed.
ADVANCED = ("quadrature", "cbv_window", "longest_tmax", "tissue_density", "hematocrit_factor", "cbv_from")


class MapsPanel(StepPanel):
    """Method and its options; views, legends, opacity, colours and windows of the maps."""

    name = "maps"
    chart = "curves"

    def build(self):
        names = [parameter.name for parameter in fields(Settings) if parameter.metadata["stage"] in STAGES]
        self.options = self.add_form([name for name in names if name not in ADVANCED])
        self._add_advanced()
        self._add_shown()
        self.opacity_slider = self._add_opacity()
        self.legend_check = qt.QCheckBox(_("Legends"))
        self.legend_check.connect("toggled(bool)", self._take_legends)
        self.layout.addWidget(self.legend_check)
        self.colours = MapColours(self.work)
        self.layout.addLayout(self.colours.layout)
        self._refreshing = False

    def _add_advanced(self):
        self.advanced = ctk.ctkCollapsibleButton()
        self.advanced.text = _("More options")
        self.advanced.collapsed = True
        self.layout.addWidget(self.advanced)
        self.advanced_options = ParameterForm(ADVANCED, self.work)
        self._forms.append(self.advanced_options)
        self.advanced.setLayout(self.advanced_options.layout)

    def _add_shown(self):
        row = self.add_row()
        row.addWidget(qt.QLabel(_("Show:")))
        self.shown_checks = {name: qt.QCheckBox(name) for name in MAP_VIEWS}
        for name, check in self.shown_checks.items():
            check.connect("toggled(bool)", lambda on, name=name: self._take_shown(name, on))
            row.addWidget(check)

    def _add_opacity(self):
        row = self.add_row()
        row.addWidget(qt.QLabel(_("Opacity:")))
        slider = ctk.ctkSliderWidget()
        slider.minimum, slider.maximum, slider.singleStep, slider.decimals = 0.1, 1.0, 0.05, 2
        slider.value = 1.0
        slider.connect("valueChanged(double)", self._take_opacity)
        row.addWidget(slider, 1)
        return slider

    def refresh(self):
        super().refresh()
        self._refreshing = True
        try:
            self._show_views()
            self._show_legends()
        finally:
            self._refreshing = False
        self.colours.refresh()

    def forget(self):
        super().forget()
        self.colours.forget()

    # -- showing

    def _show_views(self):
        opacities = _opacities()
        for name, check in self.shown_checks.items():
            check.checked = opacities.get(name, 1.0) > 0
            allow(check, _("Show {name} over the scan; default on").format(name=name), self._reason_against(name))
        shown = [opacity for opacity in opacities.values() if opacity > 0]
        if shown:
            self.opacity_slider.value = max(shown)
        reason = "" if any(not self._reason_against(name) for name in MAP_VIEWS) else self._reason_against("CBF")
        allow(self.opacity_slider, _("How much of the scan the maps cover, 0.1 to 1; default 1"), reason)

    def _show_legends(self):
        legends = self._legends()
        self.legend_check.checked = any(legend.GetVisibility() for legend in legends)
        reason = "" if legends else _("Compute the maps first.")
        allow(self.legend_check, _("Show the colour scale of every map, with its unit; default on"), reason)

    def _reason_against(self, name):
        if getattr(self.work.parameters, map_field(name)) is None:
            return _("Compute the maps first.")
        return "" if _composite(name) is not None else _("The layout of the perfusion views is not open.")

    def _legends(self):
        volumes = [getattr(self.work.parameters, map_field(name)) for name in MAP_VIEWS]
        logic = slicer.modules.colors.logic()
        legends = [logic.GetColorLegendDisplayNode(volume) for volume in volumes if volume is not None]
        return [legend for legend in legends if legend is not None]

    # -- taking what a person sets

    def _take_shown(self, name, on):
        if not self._refreshing:
            _composite(name).SetForegroundOpacity(self.opacity_slider.value if on else 0.0)

    def _take_opacity(self, value):
        if self._refreshing:
            return
        for name, opacity in _opacities().items():
            if opacity > 0:
                _composite(name).SetForegroundOpacity(value)

    def _take_legends(self, on):
        if self._refreshing:
            return
        for legend in self._legends():
            legend.SetVisibility(on)


def _composite(name):
    """What the view of a map shows, or None where there is no such view."""
    logic = slicer.app.applicationLogic().GetSliceLogicByLayoutName(MAP_VIEWS[name])
    return logic.GetSliceCompositeNode() if logic is not None else None


def _opacities():
    """Opacity of the maps in the views that are there."""
    composites = {name: _composite(name) for name in MAP_VIEWS}
    return {name: composite.GetForegroundOpacity() for name, composite in composites.items() if composite is not None}
