"""A seed placed with a click in any view, and followed while it is dragged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import slicer

from ..timers import single_shot

# Events that come before the window has got round to them are answered by one update, with the newest place.
COALESCING_MILLISECONDS = 0
SAME_PLACE_MM = 0.01


class SeedPlacing:
    """Watches the point list of the seed, and puts Slicer into its place mode.

    Parameters
    ----------
    follow : callable
        ``follow(place, dragging)`` is called whenever a person has placed or moved the seed, with its place, RAS mm,
        ndarray of shape (3,), and whether the same drag was followed to another place before.
    writing : callable
        Tells whether the study is writing to the scene just now: what it moves is not followed.
    changed : callable
        Called when place mode begins or ends.
    """

    def __init__(
        self, follow: Callable[[np.ndarray, bool], None], writing: Callable[[], bool], changed: Callable[[], None]
    ):
        self._follow = follow
        self._writing = writing
        self._changed = changed
        self._node = None
        self._observed = []
        self._place = None
        self._grabbed = self._dragging = False
        self._timer = single_shot(COALESCING_MILLISECONDS, self._take_newest)

    @property
    def placing(self) -> bool:
        """Whether the next click in a view places the seed."""
        interaction = _interaction_node()
        if self._node is None or interaction is None:
            return False
        active = _selection_node().GetActivePlaceNodeID()
        return interaction.GetCurrentInteractionMode() == interaction.Place and active == self._node.GetID()

    def watch(self, node) -> None:
        """Follow the points of a list, or of none; where they lie now is not news.

        Parameters
        ----------
        node : vtkMRMLMarkupsFiducialNode or None
        """
        if node is self._node:
            return
        self.forget()
        if node is None:
            return
        self._node, self._place = node, newest_place(node)
        self._observe(node, node.PointModifiedEvent, self._on_moved)
        self._observe(node, node.PointStartInteractionEvent, self._on_grabbed)
        self._observe(node, node.PointEndInteractionEvent, self._on_released)
        interaction, selection = _interaction_node(), _selection_node()
        if interaction is not None:
            self._observe(interaction, interaction.InteractionModeChangedEvent, self._on_mode)
            # From one seed to the other the mode stays.
            self._observe(selection, selection.ActivePlaceNodeIDChangedEvent, self._on_mode)

    def forget(self) -> None:
        """Let go of the point list."""
        self._timer.stop()
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._node, self._observed, self._place = None, [], None
        self._grabbed = self._dragging = False

    def start(self, keep: bool) -> None:
        """The next click in a view places the seed.

        Parameters
        ----------
        keep : bool
            The former seed is in use and stays until the click.
        """
        if not keep:
            self._node.RemoveAllControlPoints()
        self._place = newest_place(self._node)
        self._node.GetDisplayNode().SetVisibility(True)
        selection, interaction = _selection_node(), _interaction_node()
        selection.SetReferenceActivePlaceNodeClassName(self._node.GetClassName())
        selection.SetReferenceActivePlaceNodeID(self._node.GetID())
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)

    def stop(self) -> None:
        """Clicks in views do what they usually do again."""
        if self.placing:
            interaction = _interaction_node()
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)

    def _observe(self, node, event, function):
        self._observed.append((node, node.AddObserver(event, function)))

    def _on_moved(self, caller, event):
        if self._writing():
            self._place = newest_place(self._node)
        elif not self._timer.active:
            self._timer.start()

    def _on_grabbed(self, caller, event):
        self._grabbed, self._dragging = True, False

    def _on_released(self, caller, event):
        self._grabbed = False

    def _on_mode(self, caller, event):
        self._changed()

    def _take_newest(self):
        if self._node is None:
            return
        place = newest_place(self._node)
        if place is None or same_place(place, self._place):
            return
        self._place = place
        _keep_newest(self._node)
        dragging, self._dragging = self._dragging, self._grabbed
        self._follow(place, dragging)


def newest_place(node) -> np.ndarray | None:
    """Place of the last point of a list that is more than a preview under the mouse.

    Parameters
    ----------
    node : vtkMRMLMarkupsFiducialNode

    Returns
    -------
    ndarray of shape (3,) or None
        RAS mm.
    """
    defined = _defined_points(node)
    return np.array(node.GetNthControlPointPositionWorld(defined[-1])) if defined else None


def same_place(one, other) -> bool:
    """Whether two places, RAS mm, are the same; None is nowhere."""
    return one is not None and other is not None and np.abs(np.subtract(one, other)).max() < SAME_PLACE_MM


def _defined_points(node):
    points = range(node.GetNumberOfControlPoints())
    return [point for point in points if node.GetNthControlPointPositionStatus(point) == node.PositionDefined]


def _keep_newest(node):
    for point in reversed(_defined_points(node)[:-1]):
        node.RemoveNthControlPoint(point)


def _selection_node():
    return slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")


def _interaction_node():
    return slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
