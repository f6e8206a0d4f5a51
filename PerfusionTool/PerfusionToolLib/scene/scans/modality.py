"""What a scan in the scene is, CT or MR, and its echo time: stated by DICOM, or seen in its values."""

from __future__ import annotations

import numpy as np
from slicer.i18n import tr as _

from ...files.sidecar import echo_time_in
from ...perfusion.errors import PerfusionError
from ...perfusion.hounsfield import offset_by_values
from ...perfusion.series import MODALITIES
from ..nodes import attributes, data_nodes, existing_proxy
from .dicom import first_instances, instance_values
from .frame_times import original_of

MODALITY = "PerfusionTool.Modality"
ECHO_TIME = "MultiVolume.DICOM.EchoTime"
_MODALITY_TAG, _ECHO_TIME_TAG = "0008,0060", "0018,0081"
_HOUNSFIELD = "[hnsf'U]"


def guess_modality(node, signal: np.ndarray) -> tuple[str, str]:
    """Whether a scan is CT or MR.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode
    signal : ndarray of shape (t, z, y, x)
        Its voxels.

    Returns
    -------
    modality : {"CT", "MR"}
    why : str
        For a person to read.
    """
    for modality, why in _statements(node):
        if modality in MODALITIES:
            return modality, why
    return _modality_of_values(signal[len(signal) // 2])


def guess_echo_time(node) -> tuple[float | None, str]:
    """The echo time of a scan.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    echo_time : float or None
        In s.
    why : str
        For a person to read.
    """
    echo_time, why = _own_echo_time(node)
    if echo_time is not None:
        return echo_time, why
    original = original_of(node, lambda other: _own_echo_time(other)[0] is not None, named=True)
    if original is None:
        return None, _("no echo time is stated")
    echo_time, why = _own_echo_time(original)
    return echo_time, _("{source} of {scan}").format(source=why, scan=original.GetName())


def _statements(node):
    yield node.GetAttribute(MODALITY), _("stated when it was imported")
    yield _subject_hierarchy_modality(node), _("stated by DICOM")
    in_database = next(iter(instance_values(first_instances(node)[:1], _MODALITY_TAG)), None)
    yield in_database, _("stated in the DICOM database")
    yield "MR" if _own_echo_time(node)[0] is not None else None, _("it has an echo time")
    units = data_nodes(node)[0].GetVoxelValueUnits()
    yield "CT" if units and units.GetCodeValue() == _HOUNSFIELD else None, _("its values are Hounsfield units")


def _subject_hierarchy_modality(node):
    # The application always has one; asking the class for it would make one elsewhere.
    hierarchy = node.GetScene().GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode") if node.GetScene() else None
    proxy = existing_proxy(node) if hierarchy else None
    item = hierarchy.GetItemByDataNode(proxy) if proxy else 0
    return hierarchy.GetItemAttribute(item, "DICOM.Modality") if item else None


def _own_echo_time(node):
    stated = _positive_echo_time(attributes(node))
    if stated is not None:
        return stated, _("the scan's attributes")
    values = instance_values(first_instances(node)[:1], _ECHO_TIME_TAG)
    tagged = _positive_echo_time({ECHO_TIME: values[0]} if values else {})
    return tagged, _("EchoTime in the DICOM database") if tagged is not None else ""


def _positive_echo_time(stated):
    try:
        echo_time = echo_time_in(stated)
    except PerfusionError:
        return None
    return echo_time if echo_time is not None and echo_time > 0 else None


def _modality_of_values(frame):
    values = frame[..., ::2, ::2].ravel()
    values = values[np.isfinite(values)]
    if np.mean(values < -500) > 0.01:
        return "CT", _("its values reach down to air, near −1000 HU")
    offset = offset_by_values(values)
    if offset is not None:
        return "CT", _("its values look like CT with {offset:.0f} added to HU").format(offset=offset)
    bone, fat = np.mean(values > 300), np.mean(values < -20)
    tissue = np.median(values[values != 0]) if values.any() else 0.0
    if bone > 0.005 and fat > 0.001 and 0 <= tissue <= 100:
        return "CT", _("its values look like bone and soft tissue (median {tissue:.0f} HU)").format(tissue=tissue)
    return "MR", _("its values have no air, fat and bone of CT")
