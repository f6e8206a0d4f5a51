"""Stand-ins for the few CTK and MRML widgets of the panel, with the members that their headers list."""

# ruff: noqa: N801, N802, N815 - Slicer's own names

from __future__ import annotations

import weakref

import shiboken6
import slicer
from PySide6 import QtCore, QtWidgets

HOST_CLASSES: dict[str, type] = {}
HEADER_HEIGHT = 24
Signal, Property = QtCore.Signal, QtCore.Property

# Whether node selectors choose a node by themselves: None as Slicer 5.13 was seen to do, True always, False never.
auto_select: bool | None = None


def host(made):
    """Register a stand-in; a test holds its members to those of Slicer's class."""
    HOST_CLASSES[made.__name__] = made
    return made


def stored(kind, name, default, changed=None):
    """A property that keeps its value and calls a method of its widget when it changes."""

    def write(self, value):
        if value != read(self):
            self.__dict__[f"_{name}_value"] = value
            if changed:
                getattr(self, changed)()

    def read(self):
        return self.__dict__.get(f"_{name}_value", default)

    return Property(kind, read, write)


def observe(widget, target, event, method):
    """Call a method of a widget at an event of VTK for as long as the widget lives; returns the observer's tag."""
    known = weakref.ref(widget)

    def call(caller, name):
        alive = known()
        if alive is not None and shiboken6.isValid(alive):
            getattr(alive, method)(caller, name)

    return target.AddObserver(event, call)


@host
class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header that shows or hides what is in it."""

    contentsCollapsed = Signal(bool)

    def __init__(self, *arguments):
        text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        super().__init__(*(argument for argument in arguments if not isinstance(argument, str)))
        self._hidden_children = []
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setContentsMargins(4, HEADER_HEIGHT + 2, 4, 4)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Preferred)
        self.toggled.connect(self._show_contents)

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))

    def _show_contents(self, shown):
        if shown:
            for child in self._hidden_children:
                child.setVisible(True)
            self._hidden_children = []
        else:
            self._hidden_children = [child for child in self._child_widgets() if not child.isHidden()]
            for child in self._hidden_children:
                child.setVisible(False)
        self.setMaximumHeight(16777215 if shown else HEADER_HEIGHT)
        self.updateGeometry()
        self.contentsCollapsed.emit(not shown)

    def _child_widgets(self):
        return [child for child in self.children() if isinstance(child, QtWidgets.QWidget)]

    def childEvent(self, event):
        child = event.child()
        if event.polished() and self.collapsed and isinstance(child, QtWidgets.QWidget) and not child.isHidden():
            child.setVisible(False)
            self._hidden_children.append(child)

    def hitButton(self, position):
        return position.y() < HEADER_HEIGHT

    def sizeHint(self):
        header = QtCore.QSize(120, HEADER_HEIGHT)
        return header if self.collapsed or not self.layout() else self.layout().totalSizeHint().expandedTo(header)

    minimumSizeHint = sizeHint

    def paintEvent(self, _event):
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width(), HEADER_HEIGHT)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_PushButton, option)
        left = QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter
        painter.drawText(option.rect.adjusted(24, 0, -4, 0), left, self.text())
        option.rect = QtCore.QRect(6, 7, 10, 10)
        arrow = QtWidgets.QStyle.PrimitiveElement
        painter.drawPrimitive(arrow.PE_IndicatorArrowRight if self.collapsed else arrow.PE_IndicatorArrowDown, option)


class NumberBox(QtWidgets.QDoubleSpinBox):
    """A spin box that can be filled without telling."""

    def fill(self, owner, value):
        blocker = QtCore.QSignalBlocker(self)
        self.setDecimals(owner.decimals)
        self.setRange(owner.minimum, owner.maximum)
        self.setSingleStep(owner.singleStep)
        self.setSuffix(owner.suffix)
        self.setValue(value)
        blocker.unblock()


@host
class ctkSliderWidget(QtWidgets.QWidget):
    """A slider and a spin box on one value, which keeps more digits than are shown."""

    valueChanged = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._kept = 0.0
        self._slider, self._box = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal), NumberBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider)
        row.addWidget(self._box)
        self._slider.valueChanged.connect(self._slide)
        self._slider.sliderReleased.connect(lambda: self.setValue(self._position()))
        self._box.valueChanged.connect(self.setValue)
        self._fill()

    minimum = stored(float, "minimum", 0.0, "_limit")
    maximum = stored(float, "maximum", 99.0, "_limit")
    singleStep = stored(float, "singleStep", 1.0, "_fill")
    decimals = stored(int, "decimals", 2, "_fill")
    suffix = stored(str, "suffix", "", "_fill")
    tracking = stored(bool, "tracking", True)
    value = Property(float, lambda self: self._kept, lambda self, value: self.setValue(value))

    def setValue(self, value):
        value = min(max(value, self.minimum), self.maximum)
        if value != self._kept:
            self._kept = value
            self._fill()
            self.valueChanged.emit(value)

    def _limit(self):
        self._fill()
        self.setValue(self._kept)

    def _fill(self):
        blocker = QtCore.QSignalBlocker(self._slider)
        self._slider.setRange(0, max(1, round((self.maximum - self.minimum) / self.singleStep)))
        self._slider.setValue(round((self._kept - self.minimum) / self.singleStep))
        blocker.unblock()
        self._box.fill(self, self._kept)

    def _position(self):
        return self.minimum + self._slider.value() * self.singleStep

    def _slide(self):
        if self.tracking or not self._slider.isSliderDown():
            self.setValue(self._position())


@host
class ctkRangeWidget(QtWidgets.QWidget):
    """Two values within limits; drawn as two spin boxes."""

    minimumValueChanged = Signal(float)
    maximumValueChanged = Signal(float)
    valuesChanged = Signal(float, float)
    rangeChanged = Signal(float, float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._low, self._high = 0.0, 99.0
        self._boxes = NumberBox(), NumberBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for box in self._boxes:
            row.addWidget(box)
        self._boxes[0].valueChanged.connect(self.setMinimumValue)
        self._boxes[1].valueChanged.connect(self.setMaximumValue)
        self._fill()

    minimum = stored(float, "minimum", 0.0, "_limit")
    maximum = stored(float, "maximum", 99.0, "_limit")
    singleStep = stored(float, "singleStep", 1.0, "_fill")
    decimals = stored(int, "decimals", 2, "_fill")
    suffix = stored(str, "suffix", "", "_fill")
    minimumValue = Property(float, lambda self: self._low, lambda self, value: self.setMinimumValue(value))
    maximumValue = Property(float, lambda self: self._high, lambda self, value: self.setMaximumValue(value))

    def setRange(self, low, high):
        self.minimum, self.maximum = low, high

    def setMinimumValue(self, value):
        self.setValues(value, max(value, self._high))

    def setMaximumValue(self, value):
        self.setValues(min(value, self._low), value)

    def setValues(self, low, high):
        low, high = (min(max(value, self.minimum), self.maximum) for value in sorted((low, high)))
        moved = low != self._low, high != self._high
        self._low, self._high = low, high
        self._fill()
        if moved[0]:
            self.minimumValueChanged.emit(low)
        if moved[1]:
            self.maximumValueChanged.emit(high)
        if any(moved):
            self.valuesChanged.emit(low, high)

    def _limit(self):
        self.setValues(self._low, self._high)
        self.rangeChanged.emit(self.minimum, self.maximum)

    def _fill(self):
        for box, value in zip(self._boxes, (self._low, self._high), strict=True):
            box.fill(self, value)


@host
class qMRMLWidget(QtWidgets.QWidget):
    """A widget that hands its scene on."""

    mrmlSceneChanged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self):
        return self._scene


@host
class qMRMLNodeComboBox(QtWidgets.QWidget):
    """A list of nodes of some types; which node it selects by itself follows what was seen in Slicer 5.13."""

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeActivated = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._observers, self._renaming = None, [], None
        self._nodes, self._current, self._requested = [], None, None
        self._list = QtWidgets.QComboBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._list)
        self._list.activated.connect(self._chosen)
        self.setEnabled(False)

    nodeTypes = stored("QStringList", "nodeTypes", [], "_refresh")
    showHidden = stored(bool, "showHidden", False, "_refresh")
    showChildNodeTypes = stored(bool, "showChildNodeTypes", True, "_refresh")
    noneEnabled = stored(bool, "noneEnabled", False, "_refresh")
    noneDisplay = stored(str, "noneDisplay", "None", "_refresh")
    addEnabled = stored(bool, "addEnabled", True)
    removeEnabled = stored(bool, "removeEnabled", True)
    currentNodeID = Property(
        str, lambda self: self._current.GetID() if self._current else "", lambda self, key: self.setCurrentNodeID(key)
    )

    def setMRMLScene(self, scene):
        if scene is self._scene:
            return
        for tag in self._observers:
            self._scene.RemoveObserver(tag)
        self._scene, self._observers, self._nodes = scene, [], []
        self.setEnabled(scene is not None)
        if scene is not None:
            events = scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndBatchProcessEvent
            self._observers = [observe(self, scene, event, "_scene_changed") for event in events]
        self._nodes = self._shown_nodes()
        self._announce(None)
        requested, self._requested = self._requested, None
        self._become(requested or self._first_choice(not self.noneEnabled), again=True)

    def mrmlScene(self):
        return self._scene

    def currentNode(self):
        return self._current

    def nodeCount(self):
        return len(self._nodes)

    def nodeFromIndex(self, index):
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    def setCurrentNode(self, node):
        if self._scene is None:
            self._requested = node
        else:
            self._become(node if node in self._nodes else None)

    def setCurrentNodeID(self, key):
        self.setCurrentNode(slicer.mrmlScene.GetNodeByID(key) if key else None)

    def _shown_nodes(self):
        if self._scene is None:
            return []
        nodes = (self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes()))
        return [node for node in nodes if self._shows(node)]

    def _shows(self, node):
        kinds = [kind for kind in self.nodeTypes if node.IsA(kind)]
        if not kinds or (node.GetHideFromEditors() and not self.showHidden):
            return False
        return self.showChildNodeTypes or node.GetClassName() in kinds

    def _scene_changed(self, *_event):
        if not self._scene.IsBatchProcessing():
            self._refresh()

    def _refresh(self):
        before, self._nodes = self._nodes, self._shown_nodes()
        if self._current is not None and self._current not in self._nodes:
            self._become(self._first_choice(True))
        elif self._current is None and len(self._nodes) > len(before):
            self._become(self._first_choice(not (self.noneEnabled or self.addEnabled or self.removeEnabled)))
        self._fill()

    def _first_choice(self, as_slicer):
        chooses = as_slicer if auto_select is None else auto_select
        return self._nodes[0] if chooses and self._nodes else None

    def _become(self, node, again=False):
        if node is self._current and not again:
            return
        if self._renaming is not None:
            self._renaming[0].RemoveObserver(self._renaming[1])
        self._current, self._renaming = node, None
        if node is not None:
            self._renaming = node, observe(self, node, "ModifiedEvent", "_renamed")
        self._fill()
        self._announce(node)

    def _announce(self, node):
        self.currentNodeChanged.emit(node)
        self.currentNodeChanged[bool].emit(node is not None)
        self.currentNodeIDChanged.emit(node.GetID() if node else "")

    def _renamed(self, node, _event):
        if node.GetName() != self._list.currentText():
            self._fill()
            self._announce(node)

    def _fill(self):
        self._list.clear()
        if self.noneEnabled:
            self._list.addItem(self.noneDisplay)
        self._list.addItems([node.GetName() or "" for node in self._nodes])
        place = self._nodes.index(self._current) if self._current else -1
        self._list.setCurrentIndex(place + 1 if self.noneEnabled else place)

    def _chosen(self, index):
        node = self.nodeFromIndex(index - 1 if self.noneEnabled else index)
        self._become(node)
        self.nodeActivated.emit(node)
