"""The place under the mouse while Shift is held over a view."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import slicer

from .timers import single_shot

# Often enough to feel live, seldom enough to leave time for drawing.
COALESCING_MILLISECONDS = 40


class Hover:
    """Watches Slicer's crosshair, which follows the mouse while Shift is held, in slice views and in 3D views.

    The crosshair node also sends CursorPositionModifiedEvent, but for every movement of the mouse, Shift or not.

    Parameters
    ----------
    show : callable
        Called with the newest place, RAS mm, ndarray of shape (3,).
    """

    def __init__(self, show: Callable[[np.ndarray], None]):
        self._show = show
        self._node = None
        self._tag = None
        self._place = None
        self._timer = single_shot(COALESCING_MILLISECONDS, self._take_newest)

    def start(self) -> None:
        """Begin to watch; again where the crosshair is another, as after a scene was closed."""
        node = crosshair_node()
        if node is self._node:
            return
        self.stop()
        if node is not None:
            self._node, self._place = node, _place_of(node)
            self._tag = node.AddObserver("ModifiedEvent", self._on_modified)

    def stop(self) -> None:
        """Watch no more."""
        self._timer.stop()
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node = self._tag = self._place = None

    def _on_modified(self, caller, event):
        if not self._timer.active:
            self._timer.start()

    def _take_newest(self):
        place = _place_of(self._node)
        # The crosshair is also modified when its looks change.
        if not np.array_equal(place, self._place):
            self._place = place
            self._show(place)


def crosshair_node():
    """The crosshair that all views share, or None where there is no application."""
    return slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")


def _place_of(node):
    return np.array(node.GetCrosshairRAS())
