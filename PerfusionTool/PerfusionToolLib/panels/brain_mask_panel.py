"""Step 3: the brain mask, found, taken from a segment or labelmap, or edited by hand."""

from __future__ import annotations

from slicer.i18n import tr as _

from .reasons import allow
from .segment_choice import SegmentChoice
from .segment_edits import SegmentEdits, edit_segment
from .step import StepPanel

SEGMENT = "brain"
USE = _("Take the chosen segment or labelmap as brain mask; only what depends on it is done again")
EDIT = _("Open the Segment Editor on the brain mask; what you change there is used when you pause")
AUTOMATIC = _("Go back to the brain mask that is found by itself; the default")


class BrainMaskPanel(StepPanel):
    """Which mask is in use, and others to choose."""

    name = "brain_mask"

    def build(self):
        self._edits = SegmentEdits(SEGMENT, self.work, self._take_edit)
        self.choice = SegmentChoice(_("Brain mask to use"), self._allow_use)
        self.layout.addLayout(self.choice.layout)
        row = self.add_row()
        self.use_button = self.add_button(_("Use"), USE, self._use, row)
        self.edit_button = self.add_button(_("Edit"), EDIT, lambda: edit_segment(self.work, SEGMENT), row)
        self.automatic_button = self.add_button(_("Automatic again"), AUTOMATIC, self._reset, row)
        self._allow_use()

    def refresh(self):
        super().refresh()
        self.choice.refresh()
        parameters = self.work.parameters
        self._edits.watch(parameters.segmentation)
        found = parameters.segmentation is not None or self.work.study.has_finished("brain")
        allow(self.edit_button, EDIT, "" if found else _("There is no brain mask yet."))
        automatic = _("The automatic mask is in use.") if parameters.maskSource == "automatic" else ""
        allow(self.automatic_button, AUTOMATIC, automatic)

    def forget(self):
        super().forget()
        self._edits.forget()

    def _allow_use(self):
        allow(self.use_button, USE, self.choice.reason)

    def _use(self):
        self._take(self.choice.node, self.choice.segment)

    def _take_edit(self):
        self._take(self.work.parameters.segmentation, SEGMENT)

    def _take(self, node, segment):
        if self.attempt(self.work.study.set_brain_mask_from, node, segment):
            self.work.follow(until=self.name)

    def _reset(self):
        if self.attempt(self.work.study.reset_brain_mask):
            self.work.follow(until=self.name)
