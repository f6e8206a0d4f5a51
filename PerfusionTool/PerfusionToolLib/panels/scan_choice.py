"""Which scan is worked on: the selector, the only scan of a scene, and a scan that is removed."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk
from slicer.util import VTKObservationMixin

from ..scene.nodes import scan_nodes


class ScanChoice(VTKObservationMixin):
    """Keeps a selector and the parameter node's scan the same, whoever chooses.

    Parameters
    ----------
    selector : qMRMLNodeComboBox
    work : Work
    removed : callable
        Called when the chosen scan leaves the scene.
    """

    def __init__(self, selector, work, removed: Callable[[], None]):
        super().__init__()
        self._selector = selector
        self._work = work
        self._removed = removed
        self._choose_only = True
        self._removing = False
        # The selector also changes by itself: to none, and to another scan when its own is removed.
        selector.connect("nodeActivated(vtkMRMLNode*)", self._take)
        selector.connect("currentNodeChanged(vtkMRMLNode*)", self._take_one)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.NodeAddedEvent, lambda *_arguments: self.choose_only())
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self._note_removal, priority=1000.0)

    def choose_only(self) -> None:
        """From the next `refresh` on choose the scan by itself, as soon as there is exactly one."""
        self._choose_only = True

    def refresh(self) -> None:
        """Choose the only scan, if that is wanted, and show the scan in use."""
        self._removing = False
        parameters = self._work.parameters
        if self._choose_only and parameters.scan is None:
            nodes = scan_nodes(slicer.mrmlScene)
            if len(nodes) == 1:
                self._take(nodes[0])
        if self._selector.currentNode() is not parameters.scan:
            self._selector.setCurrentNode(parameters.scan)

    def _take(self, node):
        if self._work.parameters is not None and node is not self._work.parameters.scan:
            self._choose_only = False
            self._work.parameters.scan = node

    def _take_one(self, node):
        if node is not None and not self._removing:
            self._take(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _note_removal(self, _scene, _event, node):
        if self._work.parameters is not None and node is self._work.parameters.scan:
            self._removing, self._choose_only = True, False
            self._removed()
