"""The widget in which the application shows a scripted module."""

# ruff: noqa: N801 - the application's own names

from __future__ import annotations

import sys

import slicer
from PySide6 import QtCore, QtWidgets

from .pythonqt import wrap, wrapper_class


class qSlicerScriptedLoadableModuleWidget(QtWidgets.QWidget):
    """Parent of the module's Python widget, which it makes."""

    def __init__(self, module):
        super().__init__()
        QtWidgets.QVBoxLayout(self)
        self._module = module
        self._entered = False
        self.reload()

    moduleName = QtCore.Property(str, lambda self: self._module.name)  # noqa: N815
    isEntered = QtCore.Property(bool, lambda self: self._entered)  # noqa: N815

    def self(self):
        return self._python

    def reload(self):
        """Make the Python widget anew and set it up; whoever reloads has called cleanup of the old one."""
        name = f"{self._module.name}Widget"
        self._python = getattr(sys.modules[self._module.name], name)(wrap(self))
        setattr(slicer.modules, name, self._python)
        self._python.setup()

    def enter(self):
        self._entered = True
        getattr(self._python, "enter", _nothing)()

    def exit(self):
        self._entered = False
        getattr(self._python, "exit", _nothing)()


def _nothing():
    """The application does not mind a widget without enter or exit."""


def install():
    """Name the class as the application does."""
    slicer.qSlicerScriptedLoadableModuleWidget = wrapper_class(qSlicerScriptedLoadableModuleWidget)
