"""What must be installed, in words."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys

# Libraries that draw without a display, by the kind of VTK window that uses them.
OFF_SCREEN = {"vtkEGLRenderWindow": "libEGL.so.1", "vtkOSOpenGLRenderWindow": "libOSMesa.so.8"}


def missing(windows):
    """What the scene, or the application with windows, lacks here; empty where nothing."""
    if importlib.util.find_spec("slicer") is None:
        return "slicer-core is not installed; `python3 dev.py test` installs it."
    if windows and importlib.util.find_spec("PySide6") is None:
        return "PySide6-Essentials is not installed; `python3 dev.py test` installs it."
    if windows and sys.platform == "linux" and not (_loads("libGL.so.1") and any(map(_loads, OFF_SCREEN.values()))):
        return "OpenGL libraries are missing; on Debian and Ubuntu, install libegl1 and libgl1."
    return ""


def choose_off_screen_window():
    """Tell VTK to draw without a display, before it is imported."""
    if sys.platform == "linux":
        found = next((window for window, library in OFF_SCREEN.items() if _loads(library)), "vtkEGLRenderWindow")
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", found)


def _loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
