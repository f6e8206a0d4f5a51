"""The gamma-variate function of the AIF, changed by hand."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from ..reasons import allow

LARGEST_SECONDS = 999.0
LARGEST_HEIGHT = 1e6
DECIMALS = 2
ROUNDING = 10.0**-DECIMALS


class FitEditor:
    """Four numbers that describe a bolus as one sees it in the chart.

    Parameters
    ----------
    take : callable
        Called with arrival, time to peak, width (s) and height when a person has changed one.

    Attributes
    ----------
    layout : QFormLayout
        For the panel to place.
    """

    def __init__(self, take: Callable[[float, float, float, float], None]):
        self._take_numbers = take
        self._refreshing = False
        self._shown = ()
        self.layout = qt.QFormLayout()
        self.arrival = self._add(_("Fit arrives at:"), -LARGEST_SECONDS, LARGEST_SECONDS, 0.5)
        self.peak_time = self._add(_("Fit peaks at:"), 0.0, LARGEST_SECONDS, 0.5)
        self.width = self._add(_("Width of the fit:"), 0.1, LARGEST_SECONDS, 0.5)
        self.height = self._add(_("Height of the fit:"), 0.01, LARGEST_HEIGHT, 1.0)
        for spin in (self.arrival, self.peak_time, self.width):
            spin.suffix = " s"

    def show(self, fit, unit: str, reason: str) -> None:
        """Show a fit.

        Parameters
        ----------
        fit : GammaVariate or None
        unit : str
            Of its height.
        reason : str
            Why it cannot be changed, "" where it can.
        """
        self._allow(reason)
        self.height.suffix = f" {unit}"
        if fit is None:
            return
        self._shown = (fit.onset, fit.peak_time, fit.width, fit.height)
        self._refreshing = True
        try:
            for spin, value in zip(self._spins(), self._shown, strict=True):
                spin.value = value
        finally:
            self._refreshing = False

    def _spins(self):
        return self.arrival, self.peak_time, self.width, self.height

    def _add(self, title, lowest, highest, step):
        spin = qt.QDoubleSpinBox()
        spin.decimals = DECIMALS
        spin.minimum, spin.maximum, spin.singleStep = lowest, highest, step
        spin.keyboardTracking = False
        spin.connect("valueChanged(double)", self._take)
        self.layout.addRow(title, spin)
        return spin

    def _allow(self, reason):
        default = _("default: as fitted")
        allow(self.arrival, _("Time at which the curve leaves zero, in s from the first frame; ") + default, reason)
        allow(self.peak_time, _("Time of the peak, in s from the first frame; ") + default, reason)
        allow(self.width, _("Full width at half the peak, in s; ") + default, reason)
        allow(self.height, _("Value at the peak, before scaling for partial volume; ") + default, reason)

    def _take(self, *_value):
        if self._refreshing or not self._shown:
            return
        # What was not changed is taken as it is, not as the spin box rounds it.
        pairs = zip(self._spins(), self._shown, strict=True)
        self._take_numbers(*(value if abs(spin.value - value) < ROUNDING else spin.value for spin, value in pairs))
