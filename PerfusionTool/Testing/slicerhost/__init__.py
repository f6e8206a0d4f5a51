"""A small, strict stand-in for the 3D Slicer application, for tests and demo only.

The scene, its nodes and logics are the genuine ones of `slicer-core`. What is not in the application raises
AttributeError; what is, but is not made here, raises NotImplementedError. What runs here ran in the stand-in, not in
Slicer.
"""

from __future__ import annotations

import os
import sys
import types

from . import needs

errors = []  # what went wrong where nobody could catch it: VTK errors, exceptions in observers and slots


def start_scene():
    """Start the application without windows, once; returns `slicer.app`.

    The folder that the environment variable SLICER_PYTHON_DIR names (Base/Python of Slicer's sources) takes the place
    of the stand-in's own ScriptedLoadableModule, parameterNodeWrapper and i18n, and of slicer-core's slicer.util. As
    Slicer's own need Qt, it is started with them.
    """
    needs.choose_off_screen_window()
    import slicer
    import slicer.util

    if not hasattr(slicer, "app"):
        _delete_leaked_names(slicer)
        _watch_for_errors()
        from . import application, modules, reading, slicer_python

        slicer.app = application.Application(reading.IOManager(), modules.ModuleManager())
        slicer.mrmlScene = slicer.app.mrmlScene()
        modules.start(slicer.app)
        if "SLICER_PYTHON_DIR" in os.environ:
            start_application()
            slicer_python.use_sources(os.environ["SLICER_PYTHON_DIR"])
        else:
            slicer_python.use_own()
    return slicer.app


def start_application():
    """Start the application with Qt, widgets and views, once; returns `slicer.app`."""
    app = start_scene()
    if app._qt is None:
        from . import qt_side

        qt_side.install(app)
    return app


def load_module(path):
    """Load a scripted module as the application does when it starts; returns the Python module of the file."""
    from . import modules

    return modules.load_module(path)


def clear():
    """Unload scripted modules and close the scene, parameter nodes included; returns the errors until now."""
    import slicer

    from . import modules

    modules.unload_modules()
    slicer.mrmlScene.Clear(False)
    for node in slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode"):
        slicer.mrmlScene.RemoveNode(node)
    found = list(errors)
    errors.clear()
    return found


def _delete_leaked_names(slicer):
    """slicer-core imports all of slicer.util, and more, into `slicer`, where the application has nothing of it."""
    for name, value in list(vars(slicer).items()):
        leaked = isinstance(value, (types.ModuleType, types.FunctionType)) or hasattr(slicer.util, name)
        leaked = leaked or name in ("info", "item_name")
        if leaked and not name.startswith(("__", "vtk")) and name != "util":
            delattr(slicer, name)


def _watch_for_errors():
    import vtk

    def vtk_error(_window, _event, text):
        errors.append(text)

    vtk_error.CallDataType = vtk.VTK_STRING
    vtk.vtkOutputWindow.GetInstance().AddObserver("ErrorEvent", vtk_error)
    sys.excepthook = _noting(sys.excepthook, lambda kind, value, trace: value)
    sys.unraisablehook = _noting(sys.unraisablehook, lambda unraisable: unraisable.exc_value)


def _noting(hook, exception_of):
    def note(*arguments):
        errors.append(exception_of(*arguments))
        hook(*arguments)

    return note
