"""Ways to choose the VOF: automatic, a vein of the list, a seed, or painted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import qt
from slicer.i18n import tr as _

from ...scene import views
from ...scene.vessels.source import VEIN
from ..reasons import allow
from ..segment_edits import SegmentEdits, edit_segment
from .seed_button import SeedButton

# Else the window would be as wide as the longest reason.
NARROWEST = 60
NO_VEIN = _("Choose a vein as VOF…")
# Of more than a hundred, most are voxels at the edge of a sinus; a person who wants another places a seed.
MOST_VEINS = 20
SAME_VEIN_MM = 0.5


class VenousOutputRow:
    """A list of veins and a row of buttons.

    Parameters
    ----------
    panel : StepPanel
        Whose section takes them.
    choose : callable
        ``choose(steps)`` starts the steps of a choice.
    """

    def __init__(self, panel, choose: Callable):
        self._work = panel.work
        self._choose = choose
        self._veins = ()
        self._shown = [NO_VEIN]
        self._refreshing = False
        self._edits = SegmentEdits(VEIN.short, self._work, self._take_painted)
        self.veins = self._add_veins(panel)
        row = panel.add_row()
        self.automatic_button = panel.add_button(_("Automatic VOF"), "", self._take_automatic, row)
        tool_tip = _("Then click on a large vein in a view; drag the seed later and the maps follow")
        self._seed = SeedButton(panel, row, VEIN, _("Place VOF seed"), tool_tip, self._take_seed)
        self.seed_button = self._seed.widget
        self.paint_button = panel.add_button(_("Paint VOF"), "", lambda: edit_segment(self._work, VEIN.short), row)

    def _add_veins(self, panel):
        combo = qt.QComboBox()
        combo.minimumWidth = NARROWEST
        combo.addItems(self._shown)
        combo.connect("currentIndexChanged(int)", self._take_vein)
        panel.layout.addWidget(combo)
        return combo

    def refresh(self, without_scan: str, without_results: str, arterial, in_words) -> None:
        """Show the veins and what can be chosen.

        Parameters
        ----------
        without_scan, without_results : str
            Why there is no scan, and why there are no results to choose from; "" where there are.
        arterial : ArterialInput or None
            The AIF in memory.
        in_words : callable
            From a place, RAS mm, to where it lies in the head.
        """
        self._edits.watch(self._work.parameters.segmentation)
        self._show_veins(arterial, in_words)
        again = "" if self._veins else without_results or _("Compute the maps again first.")
        allow(self.veins, _("Veins that were found, the best first; choose one to use it as VOF"), again)
        allow(self.automatic_button, _("Take the best vein; the default"), without_scan)
        tool_tip = _("Paint the VOF with the Segment Editor; what you change is used when you pause")
        allow(self.paint_button, tool_tip, without_results)
        self._seed.refresh(without_results)

    def leave(self) -> None:
        """Clicks in views do what they usually do again."""
        self._seed.leave()

    def forget(self) -> None:
        """Let go of nodes."""
        self._seed.forget()
        self._edits.forget()

    # -- showing

    def _show_veins(self, arterial, in_words):
        study = self._work.study
        self._veins = () if arterial is None else study.analysis.vessel_search.veins(arterial.measured)[:MOST_VEINS]
        texts = [f"{rank + 1}: {in_words(vein.place)}; {vein.reason}" for rank, vein in enumerate(self._veins)]
        self._refreshing = True
        try:
            if self._shown != [NO_VEIN, *texts]:
                self._shown = [NO_VEIN, *texts]
                self.veins.clear()
                self.veins.addItems(self._shown)
            self.veins.currentIndex = 1 + self._rank_in_use() if self._veins else 0
        finally:
            self._refreshing = False

    def _rank_in_use(self):
        """Rank of the vein in use; -1 where it is none of them."""
        analysis = self._work.study.analysis
        kind, place = analysis.venous_output_choice
        if kind == "automatic" and analysis.venous_output is not None:
            return 0
        if kind != "candidate":
            return -1
        distances = [np.linalg.norm(vein.place - place) for vein in self._veins]
        return int(np.argmin(distances)) if min(distances) < SAME_VEIN_MM else -1

    # -- choosing

    def _take_automatic(self):
        self._choose(self._work.study.venous_output_steps("automatic"))

    def _take_vein(self, index):
        if self._refreshing or index < 1:
            return
        views.centre_views(self._veins[index - 1].place)
        self._choose(self._work.study.venous_output_steps("candidate", index - 1))

    def _take_seed(self, place, dragging):
        self._choose(self._work.study.venous_output_steps("seed", place, dragging))

    def _take_painted(self):
        mask = (self._work.parameters.segmentation, VEIN.short)
        self._choose(self._work.study.venous_output_steps("mask", mask))
