"""Step 6: how the maps are made, which of them, where they are shown, and in which colours."""

from __future__ import annotations

from dataclasses import fields

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from ..perfusion.settings import Settings
from ..scene.parameters import MAPS
from ..scene.views import MAP_VIEWS
from .map_choice_form import MapChoiceForm
from .map_colours import MapColours
from .parameter_form import ParameterForm
from .reasons import allow
from .step import StepPanel

STAGES = ("leakage", "deconvolution", "maps")
# Constants and rules that are seldom changed.
ADVANCED = ("quadrature", "cbv_window", "longest_tmax", "tissue_density", "hematocrit_factor", "cbv_from")


class MapsPanel(StepPanel):
    """Method and its options; which maps, in which views; legends, opacity, colours and windows."""

    name = "maps"
    chart = "curves"

    def build(self):
        names = [parameter.name for parameter in fields(Settings) if parameter.metadata["stage"] in STAGES]
        self.options = self.add_form([name for name in names if name not in ADVANCED])
        self._add_advanced()
        self.choice = MapChoiceForm(self.work)
        self.layout.addLayout(self.choice.layout)
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
        self.choice.refresh()
        self._refreshing = True
        try:
            self._show_opacity()
            self._show_legends()
        finally:
            self._refreshing = False
        self.colours.refresh()

    def forget(self):
        super().forget()
        self.colours.forget()

    # -- showing

    def _show_opacity(self):
        composites = _composites()
        if composites:
            self.opacity_slider.value = max(composite.GetForegroundOpacity() for composite in composites)
        reason = "" if composites else _("The layout of the perfusion views is not open.")
        if not self._volumes():
            reason = _("Compute the maps first.")
        allow(self.opacity_slider, _("How much of the scan the maps cover, 0.1 to 1; default 1"), reason)

    def _show_legends(self):
        legends = self._legends()
        self.legend_check.checked = any(legend.GetVisibility() for legend in legends)
        reason = "" if legends else _("Compute the maps first.")
        allow(self.legend_check, _("Show the colour scale of every map, with its unit; default on"), reason)

    def _volumes(self):
        volumes = [getattr(self.work.parameters, field) for field in MAPS]
        return [volume for volume in volumes if volume is not None]

    def _legends(self):
        logic = slicer.modules.colors.logic()
        legends = [logic.GetColorLegendDisplayNode(volume) for volume in self._volumes()]
        return [legend for legend in legends if legend is not None]

    # -- taking what a person sets

    def _take_opacity(self, value):
        if self._refreshing:
            return
        for composite in _composites():
            composite.SetForegroundOpacity(value)

    def _take_legends(self, on):
        if self._refreshing:
            return
        for legend in self._legends():
            legend.SetVisibility(on)


def _composites():
    """What the views for maps show, those that are there."""
    application = slicer.app.applicationLogic()
    logics = [application.GetSliceLogicByLayoutName(view) for view in MAP_VIEWS.values()]
    return [logic.GetSliceCompositeNode() for logic in logics if logic is not None]
