"""The half of the stand-in with windows: modules qt and ctk, Slicer's widget classes, the layout manager."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from . import dialogs, errors, layout, uiloader, widgets
from .application import getter
from .pythonqt import wrap, wrapper_class

# What the panel uses, and what Slicer's own Python code uses on the way.
QT_CLASSES = """
QAbstractItemView QApplication QCheckBox QColor QComboBox QCursor QDateTime QDialog QDir QDoubleSpinBox QEvent QFile
QFileInfo QFormLayout QGridLayout QHBoxLayout QIcon QLabel QLineEdit QLocale QObject QPoint QProgressBar QPushButton
QSettings QSize QSizePolicy QSpinBox QTableWidget QTableWidgetItem QTimer QVBoxLayout QWidget Qt
"""
PARTS_OF_QT = (QtWidgets, QtGui, QtCore)


class QtModule(types.ModuleType):
    """`qt` or `ctk`: tells apart what Slicer lacks and what the stand-in lacks."""

    def __getattr__(self, name):
        if not name.startswith("__") and (self.__name__ == "ctk" or any(hasattr(part, name) for part in PARTS_OF_QT)):
            raise NotImplementedError(f"{self.__name__}.{name} is not made in the stand-in.")
        raise AttributeError(f"{self.__name__} has no attribute '{name}'.")


def install(app):
    """Give the application its windows."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app._qt = wrap(QtWidgets.QApplication.instance() or QtWidgets.QApplication(["stand-in"]))
    QtCore.qInstallMessageHandler(note_warning)
    load_fonts()
    qt, ctk = QtModule("qt"), QtModule("ctk")
    sys.modules["qt"], sys.modules["ctk"] = qt, ctk
    for name in QT_CLASSES.split():
        made = next(getattr(part, name) for part in PARTS_OF_QT if hasattr(part, name))
        is_object = isinstance(made, type) and issubclass(made, QtCore.QObject)
        setattr(qt, name, wrapper_class(made) if is_object else made)
    for made in dialogs.DIALOGS:
        setattr(qt, made.__name__, wrapper_class(made))
    qt.QUiLoader = uiloader.QUiLoader
    for name, made in widgets.HOST_CLASSES.items():
        setattr(ctk if name.startswith("ctk") else slicer, name, wrapper_class(made))
    slicer.qSlicerScriptedLoadableModuleWidget = wrapper_class(qSlicerScriptedLoadableModuleWidget)
    app._layout_manager = wrap(layout.qSlicerLayoutManager())


def note_warning(kind, _context, text):
    """Qt's warnings are errors; that windows without a display have no size hints is not worth one."""
    harmless = (QtCore.QtMsgType.QtDebugMsg, QtCore.QtMsgType.QtInfoMsg)
    if kind not in harmless and "propagateSizeHints" not in text:
        errors.append(f"Qt: {text}")


def load_fonts():
    """Where the system has no fonts, take those that come with matplotlib."""
    if not QtGui.QFontDatabase.families():
        import matplotlib

        for path in Path(matplotlib.get_data_path(), "fonts", "ttf").glob("DejaVuSans*.ttf"):
            QtGui.QFontDatabase.addApplicationFont(str(path))


class qSlicerScriptedLoadableModuleWidget(QtWidgets.QWidget):
    """In it the application shows a scripted module: parent of the module's Python widget, which it makes."""

    def __init__(self, module):
        super().__init__()
        QtWidgets.QVBoxLayout(self)
        self._module, self._entered = module, False
        self.reload()

    isEntered = QtCore.Property(bool, getter("_entered"))
    self = getter("_python")

    def reload(self):
        """Make the Python widget anew and set it up; whoever reloads has called cleanup of the old one."""
        name = f"{self._module.name}Widget"
        self._python = getattr(sys.modules[self._module.name], name)(wrap(self))
        setattr(slicer.modules, name, self._python)
        self._python.setup()

    def enter(self):
        self._entered = True
        self._python.enter()

    def exit(self):
        self._entered = False
        self._python.exit()
