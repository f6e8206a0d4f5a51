"""What the application's DICOM database says of the files that a scan was loaded from."""

from __future__ import annotations

import slicer

from ..nodes import data_nodes


def first_instances(node) -> list[str]:
    """The first DICOM instance of each frame.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode

    Returns
    -------
    list of str
        UIDs; empty if a frame does not know its instances. A multi-volume only has those of its first frame.
    """
    listed = [(frame.GetAttribute("DICOM.instanceUIDs") or "").split() for frame in data_nodes(node)]
    return [instances[0] for instances in listed] if all(listed) else []


def instance_values(instances: list[str], tag: str) -> list[str]:
    """A DICOM tag of several instances.

    Parameters
    ----------
    instances : list of str
        UIDs.
    tag : str
        Such as "0008,0032".

    Returns
    -------
    list of str
        Empty if there is no open database or an instance has no such tag.
    """
    # The DICOM module makes the database; without it the application has none.
    database = getattr(slicer, "dicomDatabase", None)
    is_open = database is not None and database.isOpen
    values = [database.instanceValue(instance, tag) for instance in instances] if is_open else []
    return values if all(values) else []
