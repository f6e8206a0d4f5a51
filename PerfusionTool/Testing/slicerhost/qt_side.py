"""The half of the stand-in with windows: modules qt and ctk, Slicer's widget classes, the layout manager."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from . import dialogs, errors, widgets
from .layout import qSlicerLayoutManager
from .pythonqt import wrap, wrapper_class
from .uiloader import QUiLoader

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
        if name.startswith("__"):
            raise AttributeError(name)
        if any(hasattr(part, name) for part in PARTS_OF_QT) or self.__name__ == "ctk":
            raise NotImplementedError(f"{self.__name__}.{name} is not made in the stand-in.")
        raise AttributeError(f"{self.__name__} has no attribute '{name}'.")


def install(app):
    """Give the application its windows: modules qt and ctk, Slicer's widgets, the layout manager."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["stand-in"])
    QtCore.qInstallMessageHandler(note_warning)
    load_fonts()
    app._qt = wrap(application)
    sys.modules["qt"], sys.modules["ctk"] = qt_module(), QtModule("ctk")
    for name, made in widgets.HOST_CLASSES.items():
        setattr(sys.modules["ctk"] if name.startswith("ctk") else slicer, name, wrapper_class(made))
    app._layout_manager = wrap(qSlicerLayoutManager())


def qt_module():
    """The module `qt`."""
    made = QtModule("qt")
    for name in QT_CLASSES.split():
        value = next(getattr(part, name) for part in PARTS_OF_QT if hasattr(part, name))
        is_object = isinstance(value, type) and issubclass(value, QtCore.QObject)
        setattr(made, name, wrapper_class(value) if is_object else value)
    made.QUiLoader = QUiLoader
    for dialog in dialogs.DIALOGS:
        setattr(made, dialog.__name__, wrapper_class(dialog))
    return made


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
