"""Classes of the application that slicer-core lacks, as strict as they are: they show their real members, no other.

The multi-volume belongs to the extension MultiVolumeExplorer, the DICOM database to CTK.
"""

# ruff: noqa: N802, N803 - the application's own names

from __future__ import annotations

import re

import numpy as np

# What ctkDICOMDatabase shows to Python: properties, invokable methods and signals.
# fmt: off
DATABASE_PROPERTIES = (
    "isOpen", "isInMemory", "lastError", "databaseFilename", "databaseDirectory", "tagsToPrecache",
    "tagsToExcludeFromStorage", "patientFieldNames", "studyFieldNames", "seriesFieldNames",
    "loadedSeriesInstanceUIDs", "useShortStoragePath", "useSystemFileCopy",
)
DATABASE_METHODS = (
    "allFiles", "cacheTag", "cacheTags", "cachedTag", "cleanup", "closeDatabase", "compositePatientID",
    "descriptionForSeries", "descriptionForStudy", "descriptionsForFile", "fieldForPatient", "fieldForSeries",
    "fieldForStudy", "fileExistsAndUpToDate", "fileForInstance", "fileValue", "fileValueExists", "filesForSeries",
    "getCachedTags", "groupElementToTag", "headerKeys", "headerValue", "imagesCount", "initializeDatabase",
    "initializeTagCache", "insert", "instanceForFile", "instanceForURL", "instanceValue", "instanceValueExists",
    "instanceValues", "instancesForSeries", "loadFileHeader", "loadInstanceHeader", "nameForPatient",
    "openDatabase", "patientForStudy", "patients", "patientsCount", "prepareInsert", "removeCachedTags",
    "removePatient", "removeSeries", "removeStudy", "schemaVersion", "seriesCount", "seriesForFile",
    "seriesForStudy", "studiesCount", "studiesForPatient", "studyForSeries", "tagCacheExists", "tagToGroupElement",
    "updateDisplayedFields", "updateSchema", "urlForInstance", "urlsForSeries",
)
# fmt: on


class DicomDatabase:
    """Stands for ctkDICOMDatabase.

    Parameters
    ----------
    values : dict
        From the UID of an instance and a tag such as "0008,0032" to its value.
    """

    def __init__(self, values, is_open=True):
        vars(self).update(_values=values, isOpen=is_open)

    def instanceValue(self, sopInstanceUID, tag):
        """As in CTK: "" for an unknown instance, a tag it lacks, and a tag without a value."""
        for argument in (sopInstanceUID, tag):
            if not isinstance(argument, str):
                raise ValueError(f"Could not find matching overload for {argument!r}")
        assert self.isOpen, "the database is not open: it would complain in the log"
        assert re.fullmatch("[0-9A-F]{4},[0-9A-F]{4}", tag.upper()), f"{tag!r} is no tag"
        return self._values.get((sopInstanceUID, tag.upper()), "")

    def __getattr__(self, name):
        if name in DATABASE_PROPERTIES or name in DATABASE_METHODS:
            raise NotImplementedError(f"ctkDICOMDatabase.{name} is real, but it is not made here.")
        raise AttributeError(f"ctkDICOMDatabase has no attribute named '{name}'")

    def __setattr__(self, name, value):
        raise AttributeError(f"ctkDICOMDatabase.{name} cannot be set here")


def multi_volume_class():
    """A class that stands for vtkMRMLMultiVolumeNode: a scalar volume whose image has a component a frame."""
    import slicer

    class MultiVolume(slicer.vtkMRMLScalarVolumeNode):
        # Python's overrides stand for those in C++.
        def GetClassName(self):
            return "vtkMRMLMultiVolumeNode"

        def IsA(self, name):
            return name == "vtkMRMLMultiVolumeNode" or super().IsA(name)

        def GetNodeTagName(self):
            return "MRMLMultiVolume"

        def _not_made(self, *_arguments):
            raise NotImplementedError("That is real, but it is not made here.")

        SetLabelArray = GetLabelArray = SetLabelName = GetLabelName = _not_made
        GetMultiVolumeDisplayNode = SetNumberOfFrames = GetNumberOfFrames = _not_made

    return MultiVolume


def add_multi_volume(scene, signal, ijk_to_ras, **attributes):
    """A multi-volume as MultiVolumeImporter makes it.

    Parameters
    ----------
    scene : vtkMRMLScene
    signal : ndarray of shape (t, z, y, x), int16
    ijk_to_ras : ndarray of shape (4, 4)
    **attributes
        Such as FrameLabels; "MultiVolume." is put before them.
    """
    import slicer
    import vtk

    image = vtk.vtkImageData()
    image.SetDimensions(*signal.shape[:0:-1])
    image.AllocateScalars(vtk.VTK_SHORT, len(signal))
    node = multi_volume_class()()
    node.SetName("Multi-volume")
    node.SetAndObserveImageData(image)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(ijk_to_ras))
    for name, value in attributes.items():
        node.SetAttribute(f"MultiVolume.{name}", value)
    scene.AddNode(node)
    voxels = slicer.util.arrayFromVolume(node).reshape(*signal.shape[1:], len(signal))
    voxels[:] = np.moveaxis(signal, 0, -1)
    return node
