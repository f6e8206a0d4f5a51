"""The application object and the headless scene behind it."""

# ruff: noqa: N802, N815 - the application's own names

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from pathlib import Path

import slicer
import vtk

REAL_NAMES = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


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

    def __init__(self, io_manager, module_manager, testing):
        self._logic = slicer.vtkSlicerApplicationLogic()
        self._io_manager = io_manager
        self._module_manager = module_manager
        self._testing = testing
        self._qt = self._layout_manager = None
        self._when_started = []
        self.temporaryPath = tempfile.mkdtemp(prefix="slicerhost-")

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

    def applicationLogic(self):
        return self._logic

    def moduleLogic(self, name):
        return self._logic.GetModuleLogic(name)

    def mrmlScene(self):
        return self._logic.GetMRMLScene()

    def coreIOManager(self):
        return self._io_manager

    ioManager = coreIOManager

    def moduleManager(self):
        return self._module_manager

    def layoutManager(self):
        """None without Qt, as in the application that runs without its main window."""
        return self._layout_manager

    def testingEnabled(self):
        return self._testing

    def pauseRender(self):
        self._logic.PauseRender()

    def resumeRender(self):
        self._logic.ResumeRender()

    # Without Qt, the following have nothing to do.

    def processEvents(self, *arguments):
        if self._qt is not None:
            self._qt.processEvents(*arguments)

    def topLevelWidgets(self):
        return () if self._qt is None else self._qt.topLevelWidgets()


def start(app):
    """Give the application its scene; sets slicer.app and slicer.mrmlScene."""
    logic = app.applicationLogic()
    logic.SetTemporaryPath(app.temporaryPath)
    logic.SetHomeDirectory(app.temporaryPath)
    logic.SetShareDirectory("share")
    (Path(app.temporaryPath) / "share" / "ColorFiles").mkdir(parents=True)  # empty: slicer-core brings none
    logic.SetSliceLogics(vtk.vtkCollection())
    logic.SetViewLogics(vtk.vtkCollection())
    scene = slicer.vtkMRMLScene()
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    app._remote_io, app._data_io = _make_data_io(logic, Path(app.temporaryPath) / "cache")
    logic.SetMRMLScene(scene)
    logic.SetMRMLSceneDataIO(scene, app._remote_io, app._data_io)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    scene.AddObserver(scene.NodeAboutToBeRemovedEvent, _remove_hierarchy_item)
    slicer.mrmlScene, slicer.app = scene, app


@vtk.calldata_type(vtk.VTK_OBJECT)
def _remove_hierarchy_item(scene, _event, node):
    """A node leaves the subject hierarchy with the scene, as the application's plugins see to."""
    if scene.IsClosing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
        return
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    item = 0 if hierarchy is None else hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.RemoveItem(item, False, False)


def _make_data_io(logic, cache):
    """Reading .mrb files needs both logics."""
    cache.mkdir()
    remote_io, data_io = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
    remote_io.SetMRMLApplicationLogic(logic)
    remote_io.GetCacheManager().SetRemoteCacheDirectory(str(cache))
    data_io.SetMRMLApplicationLogic(logic)
    data_io.SetAndObserveDataIOManager(remote_io.GetDataIOManager())
    return remote_io, data_io
