"""The chosen scan, read again only where it has changed."""

from __future__ import annotations

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.series import PerfusionSeries
from ..nodes import existing_proxy
from .frame_times import FrameTimes, typed_frame_times
from .reading import ScanNode, perfusion_series, read_scan_node


class ScanReader:
    """Reads the scan that a parameter node names, with what a person says of it there.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Attributes
    ----------
    scan : ScanNode or None
        As it was read last.
    """

    def __init__(self, parameters):
        self._parameters = parameters
        self._stamp = None
        self._said = None
        self._series = None
        self.scan: ScanNode | None = None

    def read(self, again: bool = False) -> PerfusionSeries:
        """The series to be analysed: the same object for as long as nothing has changed.

        Parameters
        ----------
        again : bool
            Look at the voxels themselves, too.

        Returns
        -------
        PerfusionSeries

        Raises
        ------
        PerfusionError
            If there is no scan, or it cannot be analysed.
        """
        node = self._parameters.scan
        if node is None:
            raise PerfusionError("There is no scan; load a 4D scan and choose it.")
        self._read_node(node, again)
        said = self._parameters.frameTimes, self._parameters.modality, self._parameters.echoTime
        if self._series is None or said != self._said:
            self._series, self._said = None, said
            modality, echo_time = said[1] or None, said[2]
            self._series = perfusion_series(self.scan, times=self.frame_times(), modality=modality, echo_time=echo_time)
        return self._series

    def frame_times(self) -> FrameTimes:
        """Frame times as a person gave them, else as found.

        Returns
        -------
        FrameTimes

        Raises
        ------
        PerfusionError
            If they are not known, or cannot be those of the scan.
        """
        if self._parameters.frameTimes:
            return typed_frame_times(self._parameters.frameTimes, len(self.scan.signal))
        if self.scan.times is None:
            raise PerfusionError(
                f"The frame times of {self.scan.name} are not known: type the interval between frames or all times."
            )
        return self.scan.times

    def _read_node(self, node, again):
        stamp = _stamp(node)
        if not again and self.scan is not None and stamp == self._stamp:
            return
        scan = read_scan_node(node)
        if self.scan is None or not _is_same(self.scan, scan):
            self.scan, self._series = scan, None
        self._stamp = stamp


def _stamp(node):
    """What is another value after a scan, or the transform it lies under, was changed."""
    proxy = existing_proxy(node)
    transform = proxy.GetParentTransformNode() if proxy is not None else None
    return node.GetMTime(), transform, transform.GetTransformToWorldMTime() if transform is not None else 0


def _is_same(one, other):
    """Whether two readings of a scan give the same voxels at the same place and time."""
    times = [None if scan.times is None else scan.times.seconds for scan in (one, other)]
    return (
        one.node is other.node
        and (one.name, one.modality, one.echo_time) == (other.name, other.modality, other.echo_time)
        and np.array_equal(one.ijk_to_ras, other.ijk_to_ras)
        and (times[0] is times[1] or np.array_equal(*times))
        and one.signal.dtype == other.signal.dtype
        and np.array_equal(one.signal, other.signal)
    )
