"""Step 9: the maps beside those of other software."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ...scene.parameters import map_field
from ..probe_panel import CSV_FILES
from ..reasons import allow
from ..step import StepPanel
from ..timers import single_shot
from .form import ReferenceForm
from .table import ComparisonTable

# Views that are new have been drawn after this; they may get their sizes later.
SETTLE_MILLISECONDS = 200


class ComparisonPanel(StepPanel):
    """References for the maps, what they have in common, and a map beside its reference in the views."""

    name = "comparison"
    chart = "comparison"

    def build(self):
        self._display = self._tag = None
        self._late = ""
        self._refreshing = False
        self._settling = single_shot(SETTLE_MILLISECONDS, self._settle)
        self.form = ReferenceForm(self._choose, self._say)
        self.layout.addLayout(self.form.layout)
        row = self.add_row()
        self.find_button = self.add_button(_("Find by names"), "", self._find, row)
        self.compare_button = self.add_button(_("Compare"), "", self._compare, row)
        self.export_button = self.add_button(_("Export CSV…"), "", self._export, row)
        self.table = ComparisonTable()
        self.layout.addWidget(self.table.widget)
        self.notes_line = self.add_line(_("What was assumed of the references, and why maps could not be compared"))
        row = self.add_row()
        self.map_combo = qt.QComboBox()
        self.map_combo.connect("currentIndexChanged(int)", self._take_map)
        row.addWidget(self.map_combo)
        self.side_button = self.add_button("", "", self._switch, row)
        row.setStretch(1, 1)

    def refresh(self):
        super().refresh()
        comparison = self.work.study.comparison
        self._refreshing = True
        try:
            self.form.refresh(comparison.references, self._reason_without_scan())
            self._show_maps()
        finally:
            self._refreshing = False
        self.table.show(comparison.rows)
        self.notes_line.text = "\n".join([*comparison.notes, _("Research use only.")]) if comparison.rows else ""
        self.notes_line.visible = bool(comparison.rows)
        self._follow_colours()
        self._mark()
        self._allow()

    def forget(self):
        super().forget()
        self._settling.stop()
        self._observe(None)
        if self.work.study is not None:
            self.work.study.comparison.leave_side_by_side()

    def _mark(self):
        """What is seen side by side says whether it is out of date."""
        late = self._reason_out_of_date()
        if late != self._late:
            self._late = late
            self.work.study.comparison.mark_if_outdated()

    # -- the references

    def _choose(self, name, node):
        self._attempt(self.work.study.comparison.choose_reference, name, node)

    def _say(self, name, **said):
        self._attempt(lambda: self.work.study.comparison.say_of_reference(name, **said))

    def _attempt(self, change, *arguments):
        """What could not be done is not shown as if it were."""
        self.attempt(change, *arguments)
        self._show_references()

    def _show_references(self):
        self.form.refresh(self.work.study.comparison.references, self._reason_without_scan())
        self._allow()

    def _find(self):
        if not self.work.study.comparison.choose_guessed():
            self.fail(_("No other volume of the scene is called like a map, such as CBF or rCBF; choose in the lists."))
        else:
            self.forgive()
            self._show_references()

    # -- the comparison

    def _compare(self):
        self.work.run(self.work.study.comparison_steps(), failed=self.fail)

    def _export(self):
        path = self.ask_file_to_save(_("Export the comparison"), "comparison.csv", CSV_FILES)
        if path:
            self.attempt(self.work.study.comparison.save, path)

    # -- side by side

    def _show_maps(self):
        names = self.work.study.comparison.compared
        if [self.map_combo.itemText(place) for place in range(self.map_combo.count)] != names:
            self.map_combo.clear()
            self.map_combo.addItems(names)
        shown = self.work.parameters.comparedMap
        self.map_combo.currentIndex = names.index(shown) if shown in names else -1

    def _take_map(self, index):
        if self._refreshing or index < 0:
            return
        comparison = self.work.study.comparison
        self.attempt(comparison.show_in_chart, comparison.compared[index])
        self._settling.start()
        self._follow_colours()

    def _switch(self):
        comparison = self.work.study.comparison
        if comparison.is_side_by_side:
            comparison.leave_side_by_side()
            self.work.show_chart("curves")
        else:
            self.attempt(comparison.show_side_by_side, self.map_combo.currentText)
            self._settling.start()
        self._follow_colours()
        self._allow()

    def _settle(self):
        if self.work.study is not None and self.work.study.comparison.settle_side_by_side():
            self._settling.start()

    def _follow_colours(self):
        """The reference is seen in the colours and the window that a person gives the map."""
        comparison, volume = self.work.study.comparison, None
        if comparison.is_side_by_side:
            volume = getattr(self.work.parameters, map_field(self.work.parameters.comparedMap))
        self._observe(volume.GetDisplayNode() if volume is not None else None)

    def _observe(self, display):
        if display is self._display:
            return
        if self._display is not None:
            self._display.RemoveObserver(self._tag)
        self._display = display
        self._tag = display.AddObserver("ModifiedEvent", self._on_colours) if display is not None else None

    def _on_colours(self, *_event):
        self.work.study.comparison.look_alike()

    # -- what can be done

    def _reason_without_scan(self):
        return "" if self.work.parameters.scan is not None else _("Choose a 4D scan first.")

    def _reason_out_of_date(self):
        comparison = self.work.study.comparison
        return comparison.reason_out_of_date() if comparison.was_made else ""

    def _reason_against_comparing(self):
        if self.work.study.busy:
            return _("Wait until the maps are ready.")
        return self.work.study.comparison.reason_against()

    def _allow(self):
        comparison = self.work.study.comparison
        made = "" if comparison.compared else _("Compare first.")
        allow(
            self.find_button,
            _("Choose volumes of the scene that are called like maps, for maps without a reference"),
            self._reason_without_scan(),
        )
        allow(
            self.compare_button,
            _("Compare the maps with their references, in the brain; about a third of a second a map"),
            self._reason_against_comparing(),
        )
        allow(self.export_button, _("Save all measures for a spreadsheet"), made or self._reason_out_of_date())
        allow(self.map_combo, _("Map that is shown beside its reference, and in the plot"), made)
        beside = comparison.is_side_by_side
        self.side_button.text = _("Show all maps again") if beside else _("Show side by side")
        tip = _("Own map, reference and difference in three linked views above a plot of Bland and Altman; and back")
        allow(self.side_button, tip, "" if beside else made)
