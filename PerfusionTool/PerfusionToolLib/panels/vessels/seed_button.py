"""The button that lets a person place the seed of a vessel, and takes back the wish."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from ...scene.vessels.source import add_seed
from ..reasons import allow
from .seed_placing import SeedPlacing


class SeedButton:
    """A button that waits for a click in a view, and then follows the seed.

    Parameters
    ----------
    panel : StepPanel
    row : QHBoxLayout
        Takes the button.
    vessel : Vessel
    text, tool_tip : str
    follow : callable
        ``follow(place, dragging)``; see `SeedPlacing`.

    Attributes
    ----------
    widget : QPushButton
    """

    def __init__(self, panel, row, vessel, text: str, tool_tip: str, follow: Callable):
        self._work = panel.work
        self._vessel = vessel
        self._text = text
        self._tool_tip = tool_tip
        self._reason = ""
        self._seed = SeedPlacing(follow, lambda: self._work.study.publishing, self._show)
        self.widget = panel.add_button(text, "", self._start_or_stop, row)

    def refresh(self, reason: str) -> None:
        """Follow the seed of the study.

        Parameters
        ----------
        reason : str
            Why none can be placed, "" where one can.
        """
        self._reason = reason
        self._seed.watch(getattr(self._work.parameters, self._vessel.seed))
        self._show()

    def leave(self) -> None:
        """Clicks in views do what they usually do again."""
        self._seed.stop()

    def forget(self) -> None:
        """Let go of the seed."""
        self._seed.forget()

    def _show(self):
        self.widget.text = _("Cancel placing") if self._seed.placing else self._text
        allow(self.widget, self._tool_tip, self._reason)

    def _start_or_stop(self):
        if self._seed.placing:
            self._seed.stop()
            return
        parameters, vessel = self._work.parameters, self._vessel
        seed = getattr(parameters, vessel.seed) or add_seed(vessel, parameters, parameters.scan.GetName())
        self._seed.watch(seed)
        self._seed.start(keep=getattr(parameters, f"{vessel.field}Kind") == "seed")
