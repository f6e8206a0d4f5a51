"""qt.QUiLoader: Qt's own loader, for classes, properties, signals and slots that Slicer really has."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from PySide6 import QtCore, QtUiTools, QtWidgets

from .pythonqt import FACTS, members, unwrap, wrap
from .widgets import HOST_CLASSES


class QUiLoader:
    """As PythonQt shows it: `load(file)` gives the widget."""

    def load(self, file, parent=None):
        """Build the widget that an open .ui file describes; whatever Slicer would not understand raises."""
        root = ElementTree.fromstring(bytes(unwrap(file).readAll()))
        for element in root.iter("widget"):
            check_widget(element)
        connections = root.findall("connections/connection")
        for parent_of_them in root.findall("connections"):
            root.remove(parent_of_them)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        loader = QtUiTools.QUiLoader()
        for made in HOST_CLASSES.values():
            loader.registerCustomWidget(made)
        widget = loader.load(buffer, unwrap(parent))
        for connection in connections:
            make_connection(widget, *(connection.findtext(key) for key in ("sender", "signal", "receiver", "slot")))
        return wrap(widget)


def check_widget(element):
    """Refuse an unknown class and unknown properties."""
    kind, name = element.get("class"), element.get("name")
    made = HOST_CLASSES.get(kind) or (getattr(QtWidgets, kind, None) if kind not in FACTS else None)
    if made is None:
        raise RuntimeError(f"Widget '{name}' is of class {kind}, which the stand-in does not know.")
    for entry in element.findall("property"):
        known = made.staticMetaObject.indexOfProperty(entry.get("name")) >= 0
        if entry.get("stdset") != "0" and not known:
            raise RuntimeError(f"Widget '{name}' of class {kind} has no property '{entry.get('name')}'.")


def make_connection(root, sender, signal, receiver, slot):
    """Connect as the <connections> of the .ui file say."""
    source, target = (root if root.objectName() == n else root.findChild(QtCore.QObject, n) for n in (sender, receiver))
    if source is None or target is None:
        raise RuntimeError(f"The .ui file connects '{sender}' with '{receiver}', which are not both in it.")
    kind = type(target)
    if slot not in members(kind.__name__, "methods") and kind.staticMetaObject.indexOfSlot(slot) < 0:
        raise RuntimeError(f"{kind.__name__} has no slot '{slot}'.")
    wrap(source).connect(signal, getattr(target, slot.split("(")[0]))
