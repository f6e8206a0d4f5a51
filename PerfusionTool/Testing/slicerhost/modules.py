"""`slicer.modules`: the logics that slicer-core brings, and scripted modules loaded from their files."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import slicer

from .application import REAL_NAMES, Strict, getter

WITH_LOGIC = """Colors Units Volumes Transforms Tables Texts Plots Models Markups SubjectHierarchy Segmentations
Sequences CropVolume"""


class Modules(types.ModuleType):
    """Raises NotImplementedError for the application's modules that slicer-core lacks."""

    def __getattr__(self, name):
        if name in REAL_NAMES["modules"]:
            raise NotImplementedError(f"slicer.modules.{name} is real, but the stand-in does not make it.")
        raise AttributeError(f"slicer.modules has no attribute named '{name}'")


class ModuleManager(Strict):
    """Its one signal tells widgets that their module goes."""

    real_classes = ("qSlicerModuleManager",)

    def __init__(self):
        self._connected = []

    def module(self, name):
        return vars(slicer.modules).get(name.lower())

    def connect(self, signature, function):
        if signature != "moduleAboutToBeUnloaded(QString)":
            raise NotImplementedError(f"The stand-in does not make the signal {signature} of the module manager.")
        self._connected.append(function)
        return True

    def disconnect(self, signature, function):
        self._connected.remove(function)
        return True

    def moduleAboutToBeUnloaded(self, name):
        for function in tuple(self._connected):
            function(name)


class Module(Strict):
    """A module of the application, such as `slicer.modules.volumes`."""

    real_classes = ("qSlicerAbstractModule",)

    logic = getter("_logic")

    def __init__(self, logic):
        self._logic = logic


class ScriptedModule(Strict):
    """A module written in Python; `parent` of its ScriptedLoadableModule."""

    real_classes = ("qSlicerScriptedLoadableModule",)
    name = path = title = helpText = acknowledgementText = ""
    categories = contributors = associatedNodeTypes = dependencies = ()
    icon, hidden, index = None, False, -1

    def __init__(self, path):
        self.name, self.path = Path(path).stem, str(path)
        self._widget = None

    def widgetRepresentation(self):
        """The module's widget, made and set up when first asked for."""
        if self._widget is None:
            from .pythonqt import wrap
            from .qt_side import qSlicerScriptedLoadableModuleWidget

            self._widget = wrap(qSlicerScriptedLoadableModuleWidget(self))
        return self._widget


def start(app):
    """Fill slicer.modules."""
    slicer.modules = sys.modules["slicer.modules"] = Modules("slicer.modules")
    for name in WITH_LOGIC.split():
        known = (f"vtkSlicer{name}Logic", f"vtkSlicer{name[:-1]}Logic", f"vtkSlicer{name}ModuleLogic")
        logic = next(getattr(slicer, kind) for kind in known if hasattr(slicer, kind))()
        logic.SetMRMLApplicationLogic(app.applicationLogic())
        logic.SetMRMLScene(app.mrmlScene())
        app.applicationLogic().SetModuleLogic(name, logic)
        setattr(slicer.modules, name.lower(), Module(logic))
    app.applicationLogic().SetColorLogic(slicer.modules.colors.logic())


def load_module(path):
    """Load a scripted module as the application does when it starts; returns the Python module of the file."""
    parent = ScriptedModule(Path(path).resolve())
    if str(Path(parent.path).parent) not in sys.path:
        sys.path.insert(0, str(Path(parent.path).parent))
    spec = importlib.util.spec_from_file_location(parent.name, parent.path)
    python = sys.modules[parent.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(python)
    setattr(slicer.modules, parent.name.lower(), parent)
    setattr(slicer.modules, f"{parent.name}Instance", getattr(python, parent.name)(parent))
    slicer.app.startupCompleted()
    return python


def unload_modules():
    """Unload the scripted modules, their widgets first, as the application does when it ends."""
    for module in [module for module in vars(slicer.modules).values() if isinstance(module, ScriptedModule)]:
        slicer.app.moduleManager().moduleAboutToBeUnloaded(module.name)
        if module._widget is not None:
            module._widget.delete()
        for name in (module.name.lower(), f"{module.name}Instance", f"{module.name}Widget"):
            vars(slicer.modules).pop(name, None)
    vars(slicer.modules).pop("sampleDataSources", None)
