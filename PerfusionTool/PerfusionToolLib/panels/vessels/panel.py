"""Step 5: the AIF and the VOF, found, chosen, seeded, painted or loaded."""

from __future__ import annotations

import numpy as np
from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from ...scene import views
from ...scene.curves import CONCENTRATION_UNITS
from ...scene.nodes import proxy_volume
from ...scene.vessels.candidates import read_candidates
from ...scene.vessels.source import ARTERY, kept_place
from ...scene.volumes import volume_grid
from ...scene.wording import voxels_in_words
from ..reasons import allow
from ..segment_choice import SegmentChoice
from ..segment_edits import SegmentEdits, edit_segment
from ..step import StepPanel
from .candidates_table import CandidatesTable, place_in_words
from .fit_editor import FitEditor
from .seed_button import SeedButton
from .venous_output_row import VenousOutputRow

SEGMENT = "AIF"
SETTINGS = ("arterial_input_curve", "partial_volume", "partial_volume_factor")
CURVE_FILES = "CSV (*.csv *.tsv *.txt)"
_VEIN_SOURCES = {
    "automatic": _("found automatically"),
    "candidate": _("chosen from the list"),
    "seed": _("grown from a seed"),
    "mask": _("drawn"),
    "curve": _("a given curve"),
}


class ArterialInputPanel(StepPanel):
    """Ways to choose the AIF; every choice shows its curve at once and its maps after it."""

    name = "arterial_input"
    chart = "curves"

    def build(self):
        self._edits = SegmentEdits(SEGMENT, self.work, self._take_painted)
        self.table = CandidatesTable(self._take_candidate)
        self.layout.addWidget(self.table.widget)
        self._add_choices()
        self._add_segments()
        self._add_history()
        self.used_line = self.add_line(
            _("The factor that multiplies the AIF for partial volume, and where it comes from")
        )
        self.venous_line = self.add_line(_("The venous output function: a large vein that the AIF is scaled by"))
        self.venous = VenousOutputRow(self, self._choose)
        self.options = self.add_form(SETTINGS)
        self.fit = FitEditor(self._take_fit)
        self.layout.addLayout(self.fit.layout)

    def _add_choices(self):
        row = self.add_row()
        self.automatic_button = self.add_button(_("Automatic AIF"), "", self._take_automatic, row)
        tool_tip = _("Then click on an artery in a view; drag the seed later and the maps follow")
        self._seed = SeedButton(self, row, ARTERY, _("Place seed"), tool_tip, self._take_seed)
        self.seed_button = self._seed.widget
        self.paint_button = self.add_button(_("Paint"), "", lambda: edit_segment(self.work, SEGMENT), row)

    def _add_segments(self):
        self._without_results = ""
        self.segment = SegmentChoice(_("Voxels of an artery or a vein"), self._allow_segment)
        self.layout.addLayout(self.segment.layout)
        row = self.add_row()
        self.use_artery_button = self.add_button(_("Use as AIF"), "", self._take_artery_segment, row)
        self.use_vein_button = self.add_button(_("Use as VOF"), "", self._take_vein_segment, row)

    def _add_history(self):
        row = self.add_row()
        self.undo_button = self.add_button(_("Undo"), "", self._undo, row)
        self.redo_button = self.add_button(_("Redo"), "", self._redo, row)
        row = self.add_row()
        self.load_button = self.add_button(_("Load curve…"), "", self._load, row)
        self.save_button = self.add_button(_("Save curve…"), "", self._save, row)

    def refresh(self):
        super().refresh()
        self._edits.watch(self.work.parameters.segmentation)
        self._show_candidates()
        self._show_used()
        self._show_buttons()
        self._without_results = self._reason_without_results()
        self._seed.refresh(self._without_results)
        self.segment.refresh()
        self._allow_segment()
        self.venous.refresh(
            self._reason_without_scan(), self._without_results, self._arterial_input(), self._place_in_words
        )

    def leave(self):
        self._seed.leave()
        self.venous.leave()

    def forget(self):
        super().forget()
        self._seed.forget()
        self._edits.forget()
        self.venous.forget()

    # -- showing

    def _show_candidates(self):
        table = self.work.parameters.candidatesTable
        rows = read_candidates(table) if table is not None else []
        if not rows:
            self.table.show([], None, np.zeros(3), int)
            return
        grid = volume_grid(proxy_volume(self.work.parameters.scan))
        self.table.show(rows, self._candidate_in_use(rows), self._centre(), lambda place: _slice_of(grid, place))

    def _candidate_in_use(self, rows):
        kind = self.work.parameters.arterialInputKind
        if kind == "automatic":
            return rows[0]["place"]
        return kept_place(ARTERY, self.work.parameters) if kind == "candidate" else None

    def _centre(self):
        """Middle of the head: of the box around the segments, the brain among them, or of the scan without them."""
        box = np.zeros(6)
        around = self.work.parameters.segmentation or proxy_volume(self.work.parameters.scan)
        around.GetRASBounds(box)
        return (box[::2] + box[1::2]) / 2

    def _show_used(self):
        arterial = self._arterial_input()
        venous = self.work.study.analysis.venous_output if arterial is not None else None
        kept = "" if self.work.parameters.segmentation is None else _("Compute the maps again to see VOF and fit.")
        self.used_line.text = self._used_in_words(arterial) if arterial is not None else kept
        self.venous_line.text = self._venous_in_words(venous) if arterial is not None else ""
        by_fit = self.work.parameters.arterial_input_curve == "gamma_variate"
        reason = self._reason_without_analysis() or ("" if by_fit else _("Only with AIF curve gamma variate"))
        self.fit.show(arterial.fit if arterial is not None else None, self._unit(), reason)

    def _arterial_input(self):
        """The AIF in memory, or None before it was computed, and in a scene that was just opened."""
        analysis = self.work.study.analysis
        return analysis.arterial_input if analysis is not None and self.name in analysis.stages_done else None

    def _unit(self):
        analysis = self.work.study.analysis
        return CONCENTRATION_UNITS[analysis.series.modality] if analysis is not None else ""

    def _used_in_words(self, arterial):
        scaled = _("Scaled by {scale} ({reason}).").format(scale=arterial.scale_in_words, reason=arterial.scale_reason)
        return "\n".join([scaled, *arterial.warnings])

    def _venous_in_words(self, venous):
        if venous is None:
            return _("VOF: no vein was found.")
        source = _VEIN_SOURCES[venous.source]
        if venous.voxels.any():
            middle = self.work.study.analysis.grid.to_ras(np.argwhere(venous.voxels).mean(0))
            source = _("{source}, {place}").format(source=source, place=self._place_in_words(middle))
        return _("VOF: {source}, {voxels}, peak {peak:.3g} {unit}.").format(
            source=source, voxels=voxels_in_words(venous.voxels.sum()), peak=venous.curve.max(), unit=self._unit()
        )

    def _place_in_words(self, place):
        return place_in_words(place, self._centre(), _slice_of(self.work.study.analysis.grid, place))

    def _reason_without_scan(self):
        return "" if self.work.parameters.scan is not None else _("Choose a 4D scan first.")

    def _reason_without_results(self):
        found = self.work.parameters.candidatesTable is not None
        return "" if found else self._reason_without_scan() or _("Compute the maps first, or take the automatic AIF.")

    def _reason_without_analysis(self):
        found = self._arterial_input() is not None
        return "" if found else self._reason_without_results() or _("Compute the maps again first.")

    def _show_buttons(self):
        study, without = self.work.study, self._reason_without_results()
        allow(self.automatic_button, _("Take the best candidate; the default"), self._reason_without_scan())
        allow(
            self.paint_button,
            _("Paint the AIF with the Segment Editor; what you change is used when you pause"),
            without,
        )
        undo, redo = _("There is no former AIF."), _("Nothing was undone.")
        allow(self.undo_button, _("Back to the former AIF and VOF"), "" if study.can_undo else undo)
        allow(self.redo_button, _("Forward to the AIF and VOF that were undone"), "" if study.can_redo else redo)
        allow(self.load_button, _("Take a curve from a table of two columns, time in s and concentration"), without)
        allow(self.save_button, _("Save the AIF as CSV, for the command line and other scans"), without)

    def _allow_segment(self):
        # A list of nodes changes while the window closes, too, when there are no parameters any more.
        reason = self._without_results or self.segment.reason
        allow(self.use_artery_button, _("Take the mean curve of the chosen segment or labelmap as AIF"), reason)
        allow(self.use_vein_button, _("Take the mean curve of the chosen segment or labelmap as VOF"), reason)

    # -- choosing

    def _choose(self, steps):
        """The curve is there when this returns; the maps follow."""
        self.work.run(steps, urgent=True, failed=self.fail)

    def _take_automatic(self):
        self._choose(self.work.study.arterial_input_steps("automatic"))

    def _take_candidate(self, row):
        views.centre_views(row["place"])
        self._choose(self.work.study.arterial_input_steps("candidate", row["rank"]))

    def _take_seed(self, place, dragging):
        self._choose(self.work.study.arterial_input_steps("seed", place, dragging))

    def _take_painted(self):
        self._choose(self.work.study.arterial_input_steps("mask", (self.work.parameters.segmentation, SEGMENT)))

    def _take_artery_segment(self):
        self._choose(self.work.study.arterial_input_steps("mask", (self.segment.node, self.segment.segment)))

    def _take_vein_segment(self):
        self._choose(self.work.study.venous_output_steps("mask", (self.segment.node, self.segment.segment)))

    def _take_fit(self, arrival, peak_time, width, height):
        from ...perfusion.gamma_variate import GammaVariate

        analysis, arterial = self.work.study.analysis, self._arterial_input()
        try:
            fit = GammaVariate.from_bolus(arrival, peak_time, width, height)
        except PerfusionError as error:
            self.fail(str(error))
            return
        # A given curve is scaled by a factor that was set, but not by the one found from the VOF.
        scale = 1.0 if analysis.settings.partial_volume == "factor" else arterial.scale
        self._choose(self.work.study.arterial_input_steps("curve", scale * fit(analysis.times - analysis.times[0])))

    def _undo(self):
        self._choose(self.work.study.undo_arterial_input_steps())

    def _redo(self):
        self._choose(self.work.study.redo_arterial_input_steps())

    def _load(self):
        path = self.ask_file_to_open(_("Load an AIF"), CURVE_FILES)
        if path:
            self._choose(self.work.study.load_arterial_input_steps(path))

    def _save(self):
        path = self.ask_file_to_save(_("Save the AIF"), "aif.csv", CURVE_FILES)
        if path:
            self.attempt(self.work.study.save_arterial_input, path)


def _slice_of(grid, place):
    return round(float(grid.to_indices(place)[0]))
