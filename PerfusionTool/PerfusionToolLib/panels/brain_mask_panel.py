"""Step 3: the brain mask, found, taken from a segment or labelmap, or edited by hand."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ..scene.segments import segment_names
from .reasons import allow
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
        self._edits = SegmentEdits(SEGMENT, lambda: self.work.study.publishing, self._take_edit)
        row = self.add_row()
        self.node_combo = _node_combo()
        self.node_combo.connect("currentNodeChanged(vtkMRMLNode*)", self._show_segments)
        row.addWidget(self.node_combo, 1)
        self.segment_combo = qt.QComboBox()
        self.segment_combo.toolTip = _("Segment that is the brain mask")
        row.addWidget(self.segment_combo, 1)
        self.use_button = self.add_button(_("Use"), USE, self._use, row)
        row = self.add_row()
        self.edit_button = self.add_button(_("Edit"), EDIT, lambda: edit_segment(self.work, SEGMENT), row)
        self.automatic_button = self.add_button(_("Automatic again"), AUTOMATIC, self._reset, row)
        self._show_segments(None)

    def refresh(self):
        super().refresh()
        parameters = self.work.parameters
        self._edits.watch(parameters.segmentation)
        allow(self.edit_button, EDIT, "" if parameters.segmentation else _("There is no brain mask yet."))
        automatic = _("The automatic mask is in use.") if parameters.maskSource == "automatic" else ""
        allow(self.automatic_button, AUTOMATIC, automatic)

    def forget(self):
        self._edits.forget()

    def _show_segments(self, node):
        names = segment_names(node) if node is not None and node.IsA("vtkMRMLSegmentationNode") else {}
        self._segment_ids = list(names)
        self.segment_combo.clear()
        self.segment_combo.addItems(list(names.values()))
        self.segment_combo.enabled = bool(names)
        allow(self.use_button, USE, "" if node is not None else _("Choose a segmentation or labelmap beside it."))

    def _use(self):
        segment = self._segment_ids[self.segment_combo.currentIndex] if self._segment_ids else ""
        self._take(self.node_combo.currentNode(), segment)

    def _take_edit(self):
        self._take(self.work.parameters.segmentation, SEGMENT)

    def _take(self, node, segment):
        if self.attempt(self.work.study.set_brain_mask_from, node, segment):
            self.work.follow(until=self.name)

    def _reset(self):
        if self.attempt(self.work.study.reset_brain_mask):
            self.work.follow(until=self.name)


def _node_combo():
    combo = slicer.qMRMLNodeComboBox()
    combo.nodeTypes = ["vtkMRMLSegmentationNode", "vtkMRMLLabelMapVolumeNode"]
    combo.noneEnabled = True
    combo.noneDisplay = _("Choose a mask")
    combo.addEnabled = False
    combo.removeEnabled = False
    combo.toolTip = _("Segmentation or labelmap that holds a brain mask; it may have another geometry than the scan")
    combo.setMRMLScene(slicer.mrmlScene)
    return combo
