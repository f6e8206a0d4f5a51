"""A segment edited by a person in Slicer's Segment Editor: opening it, and noticing what was changed."""

from __future__ import annotations

from collections.abc import Callable

import slicer

from ..scene.scans.reading import proxy_volume
from ..scene.segments import add_segment
from .timers import single_shot

# Strokes that come closer together are answered once.
PAUSE_MILLISECONDS = 600
EDITOR = "SegmentEditor"
EVENTS = ("SourceRepresentationModified", "RepresentationModified", "SegmentModified")


def edit_segment(work, segment_id: str) -> None:
    """Open the Segment Editor on a segment of the study, over the scan and in the study's layout.

    Parameters
    ----------
    work : Work
    segment_id : str
    """
    if work.parameters.segmentation is None:
        work.study.show_finished()
    segmentation, proxy = work.parameters.segmentation, proxy_volume(work.parameters.scan)
    # Where no artery was found there is none yet.
    add_segment(segmentation, segment_id)
    work.editing = True
    slicer.util.selectModule(EDITOR)
    editor = slicer.mrmlScene.GetSingletonNode(EDITOR, "vtkMRMLSegmentEditorNode")
    if editor is not None:
        editor.SetAndObserveSegmentationNode(segmentation)
        editor.SetAndObserveSourceVolumeNode(proxy)
        # Regions lie over one another: an AIF painted in the brain must not cut a hole into the brain's mask.
        editor.SetOverwriteMode(editor.OverwriteNone)
        editor.SetSelectedSegmentID(segment_id)


class SegmentEdits:
    """Watches one segment of the study's segmentation.

    Parameters
    ----------
    segment_id : str
    work : Work
        Whose study tells whether it is writing to the scene just now, and whether voxels are others than it gave.
    edited : callable
        Called once the strokes pause and the voxels are others; also for what was drawn before a scene was saved.
    """

    def __init__(self, segment_id: str, work, edited: Callable[[], None]):
        self._segment_id = segment_id
        self._work = work
        self._edited = edited
        self._segmentation = None
        self._tags = []
        self._timer = single_shot(PAUSE_MILLISECONDS, self._compare)

    def watch(self, segmentation) -> None:
        """Watch a segmentation, or none.

        Parameters
        ----------
        segmentation : vtkMRMLSegmentationNode or None
        """
        if segmentation is self._segmentation:
            return
        self.forget()
        self._segmentation = segmentation
        if segmentation is not None:
            self._tags = [self._observe(segmentation, event) for event in EVENTS]
            self._note()

    def forget(self) -> None:
        """Let go of the segmentation."""
        self._timer.stop()
        for tag in self._tags:
            self._segmentation.RemoveObserver(tag)
        self._segmentation, self._tags = None, []

    def _observe(self, segmentation, event):
        return segmentation.AddObserver(getattr(slicer.vtkSegmentation, event), self._note)

    def _note(self, *_arguments):
        if self._work.study.publishing:
            self._timer.stop()
        else:
            self._timer.start()

    def _compare(self):
        if self._work.study.busy:
            # Its results are not in the scene yet.
            self._timer.start()
        elif self._work.study.was_edited(self._segment_id):
            self._edited()
