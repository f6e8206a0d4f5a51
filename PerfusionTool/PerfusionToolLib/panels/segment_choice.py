"""Which segment or labelmap: a list of nodes, and a list of the segments of the chosen one."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from slicer.i18n import tr as _

from ..scene.segments import segment_names
from .reasons import allow

NODE_TYPES = ["vtkMRMLSegmentationNode", "vtkMRMLLabelMapVolumeNode"]
# Else the window would be as wide as the longest name.
NARROWEST = 60


class SegmentChoice:
    """Two lists in one row.

    Parameters
    ----------
    purpose : str
        What is chosen, for the tool tips.
    changed : callable
        Called when another node is chosen.

    Attributes
    ----------
    layout : QHBoxLayout
        For the panel to place.
    """

    def __init__(self, purpose: str, changed: Callable[[], None]):
        self._changed = changed
        self._segments = {}
        self.layout = qt.QHBoxLayout()
        self.node_combo = self._add_node_combo(purpose)
        self.segment_combo = qt.QComboBox()
        self.segment_combo.minimumWidth = NARROWEST
        self.layout.addWidget(self.segment_combo, 1)
        self.refresh()

    def _add_node_combo(self, purpose):
        combo = slicer.qMRMLNodeComboBox()
        combo.nodeTypes = NODE_TYPES
        combo.noneEnabled = True
        combo.noneDisplay = _("Segmentation, labelmap")
        combo.addEnabled = False
        combo.removeEnabled = False
        combo.minimumWidth = NARROWEST
        combo.toolTip = _("{purpose}: segmentation or labelmap; its geometry may be another than the scan's").format(
            purpose=purpose
        )
        combo.setMRMLScene(slicer.mrmlScene)
        combo.connect("currentNodeChanged(vtkMRMLNode*)", self._on_node)
        self.layout.addWidget(combo, 1)
        return combo

    @property
    def node(self):
        """The chosen node, or None."""
        return self.node_combo.currentNode()

    @property
    def segment(self) -> str:
        """ID of the chosen segment, "" for a labelmap."""
        return list(self._segments)[self.segment_combo.currentIndex] if self._segments else ""

    @property
    def name(self) -> str:
        """Name of what is chosen."""
        return self._segments[self.segment] if self._segments else self.node.GetName()

    @property
    def reason(self) -> str:
        """Why nothing is chosen, "" where something is."""
        return "" if self.node is not None else _("Choose a segmentation or labelmap first.")

    def refresh(self) -> None:
        """Show the segments that the chosen node has now."""
        node = self.node
        names = segment_names(node) if node is not None and node.IsA("vtkMRMLSegmentationNode") else {}
        if names != self._segments:
            former = self.segment
            self._segments = names
            self.segment_combo.clear()
            self.segment_combo.addItems(list(names.values()))
            if former in names:
                self.segment_combo.currentIndex = list(names).index(former)
        allow(self.segment_combo, _("Segment of the segmentation"), "" if names else _("Only for segmentations."))

    def _on_node(self, _node):
        self.refresh()
        self._changed()
