"""qt.QUiLoader: Qt's own loader, for classes, properties, signals and slots that Slicer really has."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from PySide6 import QtCore, QtUiTools, QtWidgets

from . import facts
from .pythonqt import meta_of, unwrap, wrap
from .widgets import HOST_CLASSES


class Factory(QtUiTools.QUiLoader):
    """Qt's loader with the stand-in's classes added."""

    def createWidget(self, class_name, parent=None, name=""):  # noqa: N802
        """Make one widget."""
        made = HOST_CLASSES.get(class_name) or getattr(QtWidgets, class_name)
        widget = made(parent)
        widget.setObjectName(name)
        return widget


class QUiLoader:
    """As PythonQt shows it: `load(file)` gives the widget."""

    def load(self, file, parent=None):
        """Build the widget that an open .ui file describes; whatever Slicer would not understand raises."""
        root = ElementTree.fromstring(bytes(unwrap(file).readAll()))
        for element in root.iter("widget"):
            check_widget(element)
        connections = root.find("connections")
        if connections is not None:
            root.remove(connections)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        widget = Factory().load(buffer, unwrap(parent))
        for connection in connections if connections is not None else ():
            make_connection(widget, *(connection.findtext(key) for key in ("sender", "signal", "receiver", "slot")))
        return wrap(widget)


def check_widget(element):
    """Refuse an unknown class and unknown properties."""
    kind, name = element.get("class"), element.get("name")
    made = HOST_CLASSES.get(kind) or (getattr(QtWidgets, kind, None) if kind not in facts.CLASSES else None)
    if made is None:
        raise RuntimeError(f"Widget '{name}' is of class {kind}, which the stand-in does not know.")
    for entry in element.findall("property"):
        known = made.staticMetaObject.indexOfProperty(entry.get("name")) >= 0
        if entry.get("stdset") != "0" and not known:
            raise RuntimeError(f"Widget '{name}' of class {kind} has no property '{entry.get('name')}'.")


def make_connection(root, sender, signal, receiver, slot):
    """Connect as the <connections> of the .ui file say."""
    source, target = named(root, sender), named(root, receiver)
    kind = type(target).__name__
    if slot not in facts.methods(kind) and meta_of(target).indexOfSlot(slot) < 0:
        raise RuntimeError(f"{kind} has no slot '{slot}'.")
    wrap(source).connect(signal, getattr(target, slot.split("(")[0]))


def named(root, name):
    """The object of that name in the loaded tree."""
    found = root if root.objectName() == name else root.findChild(QtCore.QObject, name)
    if found is None:
        raise RuntimeError(f"The .ui file connects '{name}', which is not in it.")
    return found
