"""The module opened in the stand-in, beside its views."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import slicerhost

MODULE = Path(__file__).resolve().parents[2] / "PerfusionTool.py"


@dataclass
class Opened:
    """An open module: its window, its widget, its panel and its logic."""

    window: object
    widget: object

    @property
    def panel(self):
        return self.widget.panel

    @property
    def logic(self):
        return self.widget.logic

    def wait(self, seconds=120):
        """Let the panel finish what runs, and show it."""
        from slicerhost.mouse import wait

        wait(seconds=0.05)
        wait(lambda: not self.panel.runner.running, seconds)
        wait(seconds=0.2)


def open_module(size=(1600, 1000)) -> Opened:
    """Start the stand-in with windows, load the module, and open it as a click in the menu does."""
    slicerhost.start_application()
    logging.getLogger().setLevel(logging.WARNING)
    import slicer
    from slicerhost.mouse import window

    slicerhost.load_module(str(MODULE))
    widget = slicer.util.getModuleWidget("PerfusionTool")
    frame = window(widget.parent, size)
    widget.parent.enter()
    return Opened(frame, widget)
