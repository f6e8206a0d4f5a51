"""Files into and out of the scene, as `slicer.util.load…` and `save…` ask for them."""

from __future__ import annotations

from pathlib import Path

import slicer

from .application import Strict


class IOManager(Strict):
    """Reads scenes and sequences, writes scenes and single nodes."""

    real_classes = ("qSlicerCoreIOManager",)

    def loadNodes(self, fileType, parameters, loadedNodes=None, userMessages=None):
        path = str(parameters["fileName"])
        if not Path(path).is_file():
            return False
        if fileType == "SceneFile":
            return _read_scene(path, bool(parameters.get("clear", False)), userMessages)
        if fileType != "SequenceFile":
            raise NotImplementedError(f"The stand-in has no reader for {fileType}.")
        node = slicer.modules.sequences.logic().AddSequence(path, userMessages)
        if node is not None:
            loadedNodes.AddItem(node)
        return node is not None

    def fileWriterFileType(self, node):
        return "NodeFile"

    def saveNodes(self, fileType, parameters, userMessages=None):
        path = Path(parameters["fileName"]).resolve()
        if fileType == "SceneFile":
            return _write_scene(path, userMessages)
        node = slicer.mrmlScene.GetNodeByID(parameters["nodeID"])
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode(str(path))
        node.GetStorageNode().SetFileName(str(path))
        return bool(node.GetStorageNode().WriteData(node))


def _read_scene(path, clear, messages):
    scene = slicer.mrmlScene
    if path.endswith(".mrb"):
        return bool(scene.ReadFromMRB(path, clear, messages))
    scene.SetURL(path)
    return bool(scene.Connect(messages) if clear else scene.Import(messages))


def _write_scene(path, messages):
    scene = slicer.mrmlScene
    scene.SetURL(str(path))
    scene.SetRootDirectory(str(path.parent))
    if path.suffix == ".mrml":
        return bool(scene.Commit())
    if path.suffix != ".mrb":
        raise NotImplementedError("The stand-in saves scenes as .mrb or .mrml, not into a folder.")
    success = bool(scene.WriteToMRB(str(path), None, messages))
    scene.SetStorableNodesModifiedSinceRead()
    return success
