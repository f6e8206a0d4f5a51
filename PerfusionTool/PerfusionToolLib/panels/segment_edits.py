"""A segment edited by a person in Slicer's Segment Editor: opening it, and noticing what was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import qt
import slicer

from ..scene.scans import proxy_volume

# Strokes that come closer together are answered once.
PAUSE_MILLISECONDS = 600
EVENTS = ("SourceRepresentationModified", "RepresentationModified", "SegmentModified")


def edit_segment(work, segment_id: str) -> None:
    """Open the Segment Editor on a segment of the study, over the scan and in the study's layout.

    Parameters
    ----------
    work : Work
    segment_id : str
    """
    segmentation, proxy = work.parameters.segmentation, proxy_volume(work.parameters.scan)
    work.editing = True
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.mrmlScene.GetSingletonNode("SegmentEditor", "vtkMRMLSegmentEditorNode")
    if editor is not None:
        editor.SetAndObserveSegmentationNode(segmentation)
        editor.SetAndObserveSourceVolumeNode(proxy)
        editor.SetSelectedSegmentID(segment_id)


class SegmentEdits:
    """Watches one segment of the study's segmentation.

    Parameters
    ----------
    segment_id : str
    writing : callable
        Tells whether the study is writing to the scene just now: that is no edit.
    edited : callable
        Called once the strokes pause and the voxels are others than before.
    """

    def __init__(self, segment_id: str, writing: Callable[[], bool], edited: Callable[[], None]):
        self._segment_id = segment_id
        self._writing = writing
        self._edited = edited
        self._segmentation = None
        self._tags = []
        self._known = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MILLISECONDS)
        self._timer.connect("timeout()", self._compare)

    def watch(self, segmentation) -> None:
        """Watch a segmentation, or none; what the study has written to it is no edit.

        Parameters
        ----------
        segmentation : vtkMRMLSegmentationNode or None
        """
        if segmentation is not self._segmentation:
            self.forget()
            self._segmentation = segmentation
            if segmentation is not None:
                self._tags = [self._observe(segmentation, event) for event in EVENTS]
        if segmentation is not None and self._known is None and not self._writing():
            self._known = _fingerprint(segmentation, self._segment_id)

    def forget(self) -> None:
        """Let go of the segmentation."""
        self._timer.stop()
        for tag in self._tags:
            self._segmentation.RemoveObserver(tag)
        self._segmentation, self._tags, self._known = None, [], None

    def _observe(self, segmentation, event):
        return segmentation.AddObserver(getattr(slicer.vtkSegmentation, event), self._note)

    def _note(self, *_arguments):
        if self._writing():
            self._known = None
            self._timer.stop()
        else:
            self._timer.start()

    def _compare(self):
        former, self._known = self._known, _fingerprint(self._segmentation, self._segment_id)
        if former is not None and self._known != former:
            self._edited()


def _fingerprint(segmentation, segment_id):
    """The same for the same voxels, however large the box is that holds them."""
    segment = segmentation.GetSegmentation().GetSegment(segment_id)
    image = segmentation.GetBinaryLabelmapInternalRepresentation(segment_id) if segment else None
    if image is None or image.IsEmpty():
        return b""
    labels = slicer.util.arrayFromSegmentInternalBinaryLabelmap(segmentation, segment_id)
    first = image.GetExtent()[4::-2]
    inside = (labels == segment.GetLabelValue()).nonzero()
    places = [axis + start for axis, start in zip(inside, first, strict=True)]
    return hashlib.sha1(b"".join(axis.tobytes() for axis in places)).digest()
