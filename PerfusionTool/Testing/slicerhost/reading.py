"""Files into and out of the scene, as `slicer.util.load…` and `save…` ask for them."""

# ruff: noqa: N802, N803 - the application's own names

from __future__ import annotations

from pathlib import Path

import slicer
import vtk

from .application import Strict

VOLUME_OPTIONS = {"labelmap": 1, "center": 2, "singleFile": 4, "autoWindowLevel": 8, "discardOrientation": 16}


class IOManager(Strict):
    """Gives a file to the reader of its type."""

    real_classes = ("qSlicerCoreIOManager",)

    def fileType(self, file):
        if Path(file).suffix not in (".mrb", ".mrml"):
            raise NotImplementedError(f"The stand-in does not guess how {file} is read; name its type.")
        return "SceneFile"

    def loadNodes(self, fileType, parameters, loadedNodes=None, userMessages=None):
        if fileType not in READERS:
            raise NotImplementedError(f"The stand-in has no reader for {fileType}.")
        path = str(parameters["fileName"])
        messages = userMessages or slicer.vtkMRMLMessageCollection()
        nodes = READERS[fileType](path, parameters, messages) if Path(path).is_file() else None
        if nodes is None or None in nodes:
            messages.AddMessage(vtk.vtkCommand.ErrorEvent, f"Loading {path} - load failed.")
            return False
        for node in nodes if loadedNodes is not None else ():
            loadedNodes.AddItem(node)
        return True

    def fileWriterFileType(self, node):
        return "NodeFile"

    def saveNodes(self, fileType, parameters, userMessages=None):
        path = Path(parameters["fileName"]).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        if fileType == "SceneFile":
            return _write_scene(path, userMessages or slicer.vtkMRMLMessageCollection())
        return _write_node(slicer.mrmlScene.GetNodeByID(parameters["nodeID"]), path, parameters)


def _read_scene(path, parameters, messages):
    scene, clear = slicer.mrmlScene, bool(parameters.get("clear", False))
    if path.endswith(".mrb"):
        success = scene.ReadFromMRB(path, clear, messages)
    else:
        scene.SetURL(path)
        success = scene.Connect(messages) if clear else scene.Import(messages)
    return [] if success else None


def _read_volume(path, parameters, _messages):
    options = sum(flag for name, flag in VOLUME_OPTIONS.items() if parameters.get(name))
    name = parameters.get("name", Path(path).name.split(".")[0])
    node = slicer.modules.volumes.logic().AddArchetypeVolume(path, name, options)
    if parameters.get("show", True):
        _show(node)
    return [node]


def _read_sequence(path, parameters, messages):
    logic, scene = slicer.modules.sequences.logic(), slicer.mrmlScene
    node = logic.AddSequence(path, messages)
    if node is not None and "name" in parameters:
        node.SetName(scene.GetUniqueNameByString(parameters["name"]))
    if node is None or not parameters.get("show", True):
        return [node]
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{node.GetName()} browser")
    browser.SetAndObserveMasterSequenceNodeID(node.GetID())
    logic.UpdateProxyNodesFromSequences(browser)
    _show(browser.GetProxyNode(node))
    return [node, browser]


READERS = {"SceneFile": _read_scene, "VolumeFile": _read_volume, "SequenceFile": _read_sequence}


def _show(volume):
    """Choose it as the volume of all slice views, as the application does with what was just loaded."""
    if volume is None or not volume.IsA("vtkMRMLVolumeNode"):
        return
    logic = slicer.app.applicationLogic()
    as_label = volume.IsA("vtkMRMLLabelMapVolumeNode")
    selection = logic.GetSelectionNode()
    (selection.SetActiveLabelVolumeID if as_label else selection.SetActiveVolumeID)(volume.GetID())
    logic.PropagateVolumeSelection()


def _write_scene(path, messages):
    if path.suffix not in (".mrb", ".mrml"):
        raise NotImplementedError("The stand-in saves scenes as .mrb or .mrml, not into a folder.")
    scene = slicer.mrmlScene
    scene.SetURL(str(path))
    scene.SetRootDirectory(str(path.parent))
    if path.suffix == ".mrml":
        return bool(scene.Commit())
    success = bool(scene.WriteToMRB(str(path), None, messages))
    scene.SetStorableNodesModifiedSinceRead()
    return success


def _write_node(node, path, parameters):
    if node.GetStorageNode() is None:
        node.AddDefaultStorageNode(str(path))
    storage = node.GetStorageNode()
    storage.SetFileName(str(path))
    storage.SetUseCompression(parameters.get("useCompression", storage.GetUseCompression()))
    return bool(storage.WriteData(node))
