"""Step 8: tissue at risk, its volumes, and which of its components count."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ...scene import views
from ..reasons import allow
from ..segment_choice import SegmentChoice
from ..step import StepPanel
from .criteria import TissueCriteria
from .tables import ComponentsTable, VolumesTable

CSV_FILES = "CSV (*.csv)"


class TissuePanel(StepPanel):
    """Thresholds and rules, the volumes they give, and components to remove and to restore."""

    name = "tissue"

    def build(self):
        self.use_line = self.add_line()
        self.use_line.text = _("Research use only. Not for diagnosis or treatment.")
        self.criteria = TissueCriteria(self.work, self._follow)
        self.layout.addLayout(self.criteria.layout)
        self.layout.addWidget(self.criteria.rules)
        self.find_button = self.add_button(_("Find tissue at risk"), "", self._find)
        self.volumes = VolumesTable()
        self.layout.addWidget(self.volumes.widget)
        self.components = ComponentsTable(self._show_component)
        self.layout.addWidget(self.components.widget)
        self._add_component_buttons()
        self.outlines_check = qt.QCheckBox(_("Outlines in the views"))
        self.outlines_check.connect("toggled(bool)", self._take_outlines)
        self.layout.addWidget(self.outlines_check)
        self.summary_line = self.add_line(_("What was found, by which thresholds, and what was left out"))
        self.region = SegmentChoice(_("One more region whose sides are compared"), lambda: None)
        self.layout.addLayout(self.region.layout)
        self.export_button = self.add_button(_("Export CSV…"), "", self._export)
        self._refreshing = False

    def _add_component_buttons(self):
        row = self.add_row()
        self.component_button = self.add_button(_("Remove component"), "", self._take_component, row)
        self.rules_button = self.add_button(_("As by the rules"), "", self._forget_decisions, row)
        row = self.add_row()
        self.undo_button = self.add_button(_("Undo"), "", self._undo, row)
        self.redo_button = self.add_button(_("Redo"), "", self._redo, row)

    def refresh(self):
        super().refresh()
        tissue = self.work.study.tissue
        self.criteria.refresh()
        self.volumes.show(tissue.volumes)
        self.components.show(tissue.components)
        self.summary_line.text = tissue.summary if tissue.is_current else ""
        self.summary_line.visible = tissue.is_current
        self.region.refresh()
        self._show_outlines()
        self._allow()

    def forget(self):
        super().forget()
        self.components.row = None

    # -- finding

    def _find(self):
        self.work.run(self.work.study.tissue_steps(), failed=self.fail)

    def _follow(self):
        """Other thresholds or rules: what was found before is found again at once."""
        tissue = self.work.study.tissue
        self.forgive()
        if tissue.was_found and not tissue.reason_against():
            self._find()
        else:
            self.refresh()

    # -- components

    def _show_component(self, row):
        views.centre_views([row[axis] for axis in "RAS"])
        self._allow()

    def _take_component(self):
        row = self.components.row
        steps = self.work.study.lesion_component_steps(row["component"], row["kept"] == "no")
        self.work.run(steps, urgent=True, failed=self.fail)

    def _forget_decisions(self):
        self.attempt(self.work.study.tissue.forget_decisions)

    def _undo(self):
        self.attempt(self.work.study.tissue.undo)

    def _redo(self):
        self.attempt(self.work.study.tissue.redo)

    # -- the views

    def _show_outlines(self):
        segmentation = self.work.parameters.tissueSegmentation
        self._refreshing = True
        try:
            self.outlines_check.checked = segmentation is not None and bool(segmentation.GetDisplayVisibility())
        finally:
            self._refreshing = False

    def _take_outlines(self, on):
        if not self._refreshing:
            self.work.parameters.tissueSegmentation.SetDisplayVisibility(on)

    # -- files

    def _export(self):
        path = self.ask_file_to_save(_("Export tissue at risk"), "tissue.csv", CSV_FILES)
        if not path:
            return
        node = self.region.node
        regions = {} if node is None else {self.region.name: (node, self.region.segment)}
        self.work.run(self.work.study.save_tissue_steps(path, regions), failed=self.fail)

    # -- what can be done

    def _allow(self):
        tissue, study = self.work.study.tissue, self.work.study
        reason = tissue.reason_against()
        allow(
            self.find_button,
            _("Find hypoperfusion and core in the maps, outline them in the views and measure them"),
            reason,
        )
        busy = _("Wait until the work is done.") if study.busy else ""
        without = busy or ("" if tissue.is_current else _("Find the tissue at risk first."))
        self._allow_component(without)
        in_memory = without or ("" if tissue.lesion is not None else _("Find the tissue at risk again first."))
        allow(
            self.rules_button,
            _("Keep and remove what the rules say, whatever was decided by hand"),
            in_memory or ("" if tissue.has_decisions else _("Nothing was decided by hand.")),
        )
        undo, redo = _("There is no decision to undo."), _("No decision was undone.")
        allow(self.undo_button, _("Take the last decision back"), "" if tissue.can_undo else undo)
        allow(self.redo_button, _("Decide again what was undone"), "" if tissue.can_redo else redo)
        allow(self.outlines_check, _("Hypoperfusion white, core magenta; default on"), without)
        allow(
            self.export_button,
            _(
                "Save the volumes, and beside them components, volumes of every slice, and every map left and right: "
                "in the brain, in the lesion and in the region above"
            ),
            without or reason,
        )

    def _allow_component(self, without):
        row = self.components.row
        removed = row is not None and row["kept"] == "no"
        self.component_button.text = _("Restore component") if removed else _("Remove component")
        allow(
            self.component_button,
            _("Whatever the rules say; volumes and outlines follow. A hypoperfused component takes its core with it"),
            without or ("" if row is not None else _("Choose a component in the table first.")),
        )
