"""The application object and the headless scene behind it."""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from pathlib import Path

import slicer
import vtk

REAL_NAMES = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def getter(attribute):
    """A method that gives what the object keeps."""
    return lambda self: getattr(self, attribute)


class Strict:
    """Shows only what the real class shows: its other real names raise NotImplementedError, all else AttributeError."""

    real_classes = ()

    def __getattr__(self, name):
        if any(name in REAL_NAMES[real] for real in self.real_classes):
            raise NotImplementedError(f"{self.real_classes[0]}.{name} is real, but the stand-in does not make it.")
        raise AttributeError(f"{self.real_classes[0]} has no attribute named '{name}'")

    def __setattr__(self, name, value):
        if not name.startswith("_"):
            getattr(self, name)
        super().__setattr__(name, value)


class Application(Strict):
    """`slicer.app`; once Qt is started, what is not made here goes to the QApplication."""

    real_classes = ("qSlicerApplication", "QApplication")
    applicationName = "slicerhost stand-in"
    applicationVersion = importlib.metadata.version("slicer-core")
    majorVersion, minorVersion = map(int, applicationVersion.split(".")[:2])
    temporaryPath = ""
    applicationLogic, mrmlScene = getter("_logic"), getter("_scene")
    coreIOManager, moduleManager = getter("_io_manager"), getter("_module_manager")
    # None without Qt, as in the application that runs without its main window.
    layoutManager = getter("_layout_manager")

    def __init__(self, io_manager, module_manager):
        self.temporaryPath = tempfile.mkdtemp(prefix="slicerhost-")
        self._logic, self._io_manager, self._module_manager = _logic(self.temporaryPath), io_manager, module_manager
        self._scene = slicer.vtkMRMLScene()
        self._data_io = _fill_scene(self._scene, self._logic)
        self._qt = self._layout_manager = None
        self._when_started = []

    def __getattr__(self, name):
        if name in REAL_NAMES["QApplication"] and self._qt is not None:
            return getattr(self._qt, name)
        return super().__getattr__(name)

    def connect(self, signature, function):
        if signature != "startupCompleted()":
            raise NotImplementedError(f"The stand-in does not make the signal {signature} of the application.")
        self._when_started.append(function)
        return True

    def startupCompleted(self):
        """Tell the modules that were loaded that all of them are."""
        while self._when_started:
            self._when_started.pop()()

    def processEvents(self, *arguments):
        if self._qt is not None:
            self._qt.processEvents(*arguments)


def _logic(folder):
    """The application's logic, with a folder to write in."""
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetTemporaryPath(folder)
    logic.SetHomeDirectory(folder)
    logic.SetShareDirectory("share")
    Path(folder, "share", "ColorFiles").mkdir(parents=True)  # empty: slicer-core brings none
    logic.SetSliceLogics(vtk.vtkCollection())
    logic.SetViewLogics(vtk.vtkCollection())
    return logic


def _fill_scene(scene, logic):
    """What the application puts into its scene; returns the two logics that .mrb files need, to be kept."""
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    remote_io, data_io = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
    remote_io.SetMRMLApplicationLogic(logic)
    remote_io.GetCacheManager().SetRemoteCacheDirectory(tempfile.mkdtemp(dir=logic.GetTemporaryPath()))
    data_io.SetMRMLApplicationLogic(logic)
    data_io.SetAndObserveDataIOManager(remote_io.GetDataIOManager())
    logic.SetMRMLScene(scene)
    logic.SetMRMLSceneDataIO(scene, remote_io, data_io)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    scene.AddObserver(scene.NodeAboutToBeRemovedEvent, _remove_hierarchy_item)
    return remote_io, data_io


@vtk.calldata_type(vtk.VTK_OBJECT)
def _remove_hierarchy_item(scene, _event, node):
    """A node leaves the subject hierarchy with the scene, as the application's plugins see to."""
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    if hierarchy is not None and hierarchy is not node and not scene.IsClosing():
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.RemoveItem(item, False, False)
