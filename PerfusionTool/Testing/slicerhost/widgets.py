"""Stand-ins for the few CTK and MRML widgets of the panel, with the members that their headers list."""

from __future__ import annotations

import weakref

import shiboken6
from PySide6 import QtCore, QtWidgets

from .application import getter

HOST_CLASSES: dict[str, type] = {}
HEADER_HEIGHT = 24
Signal, Property = QtCore.Signal, QtCore.Property

# Whether node selectors choose a node by themselves: None as Slicer 5.13 was seen to do, True always, False never.
auto_select: bool | None = None


def host(made):
    """Register a stand-in; a test holds its members to those of Slicer's class."""
    HOST_CLASSES[made.__name__] = made
    return made


def stored(kind, name, default):
    """A property that keeps its value and calls `_changed` of its widget when it changes."""

    def read(self):
        return self.__dict__.get(f"_{name}_value", default)

    def write(self, value):
        if value != read(self):
            self.__dict__[f"_{name}_value"] = value
            self._changed()

    return Property(kind, read, write)


def observe(widget, target, event, method):
    """Call a method of a widget at an event of VTK for as long as the widget lives; returns the observer's tag."""
    known = weakref.ref(widget)

    def call(*_event):
        alive = known()
        if alive is None or not shiboken6.isValid(alive):
            target.RemoveObserver(tag)
        else:
            getattr(alive, method)()

    tag = target.AddObserver(event, call)
    return tag


def add_row(widget, *parts):
    """Fill a widget with others, from left to right and without a margin."""
    row = QtWidgets.QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        row.addWidget(part)


@host
class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header that shows or hides what is in it."""

    contentsCollapsed = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._hidden_children = []
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
            self._hidden_children.clear()
        else:
            for child in self.children():
                self._hide(child)
        self.setMaximumHeight(16777215 if shown else HEADER_HEIGHT)
        self.updateGeometry()
        self.contentsCollapsed.emit(not shown)

    def _hide(self, child):
        if isinstance(child, QtWidgets.QWidget) and not child.isHidden():
            child.setVisible(False)
            self._hidden_children.append(child)

    def childEvent(self, event):
        if event.polished() and self.collapsed:
            self._hide(event.child())

    def hitButton(self, position):
        return position.y() < HEADER_HEIGHT

    def sizeHint(self):
        header = QtCore.QSize(120, HEADER_HEIGHT)
        return header if self.collapsed or not self.layout() else self.layout().totalSizeHint().expandedTo(header)

    minimumSizeHint = sizeHint

    def paintEvent(self, _event):
        painter, option = QtWidgets.QStylePainter(self), QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width(), HEADER_HEIGHT)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_PushButton, option)
        left = QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter
        text = f"{'▸' if self.collapsed else '▾'}  {self.text()}"
        painter.drawText(option.rect.adjusted(8, 0, -4, 0), left, text)


class NumberWidget(QtWidgets.QWidget):
    """Numbers within limits, each in a spin box; they keep more digits than are shown."""

    def __init__(self, parent, *values):
        super().__init__(parent)
        self._values = values
        self._boxes = [QtWidgets.QDoubleSpinBox() for _ in values]
        self._fill()

    minimum = stored(float, "minimum", 0.0)
    maximum = stored(float, "maximum", 99.0)
    singleStep = stored(float, "singleStep", 1.0)
    decimals = stored(int, "decimals", 2)
    suffix = stored(str, "suffix", "")

    def _changed(self):
        self._take(*self._values)

    def _take(self, *values):
        held = tuple(min(max(value, self.minimum), self.maximum) for value in values)
        is_new, self._values = held != self._values, held
        self._fill()
        if is_new:
            self._tell()

    def _fill(self):
        for box, value in zip(self._boxes, self._values, strict=True):
            with QtCore.QSignalBlocker(box):
                box.setDecimals(self.decimals)
                box.setRange(self.minimum, self.maximum)
                box.setSingleStep(self.singleStep)
                box.setSuffix(self.suffix)
                box.setValue(value)


@host
class ctkSliderWidget(NumberWidget):
    """A slider and a spin box on one value."""

    valueChanged = Signal(float)

    def __init__(self, parent=None):
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        super().__init__(parent, 0.0)
        add_row(self, self._slider, *self._boxes)
        self._slider.valueChanged.connect(lambda step: self.setValue(self.minimum + step * self.singleStep))
        self._boxes[0].valueChanged.connect(self.setValue)

    value = Property(float, lambda self: self._values[0], lambda self, value: self.setValue(value))
    tracking = Property(bool, lambda self: self._slider.hasTracking(), lambda self, on: self._slider.setTracking(on))

    def setValue(self, value):
        self._take(value)

    def _tell(self):
        self.valueChanged.emit(*self._values)

    def _fill(self):
        super()._fill()
        with QtCore.QSignalBlocker(self._slider):
            self._slider.setRange(0, max(1, round((self.maximum - self.minimum) / self.singleStep)))
            self._slider.setValue(round((self.value - self.minimum) / self.singleStep))


@host
class ctkRangeWidget(NumberWidget):
    """Two values within limits; drawn as two spin boxes."""

    valuesChanged = Signal(float, float)

    def __init__(self, parent=None):
        super().__init__(parent, 0.0, 99.0)
        add_row(self, *self._boxes)
        self._boxes[0].valueChanged.connect(self.setMinimumValue)
        self._boxes[1].valueChanged.connect(self.setMaximumValue)

    minimumValue = Property(float, lambda self: self._values[0], lambda self, value: self.setMinimumValue(value))
    maximumValue = Property(float, lambda self: self._values[1], lambda self, value: self.setMaximumValue(value))

    def setMinimumValue(self, value):
        self._take(value, max(value, self.maximumValue))

    def setMaximumValue(self, value):
        self._take(min(value, self.minimumValue), value)

    def setValues(self, low, high):
        self._take(*sorted((low, high)))

    def _tell(self):
        self.valuesChanged.emit(*self._values)


@host
class qMRMLWidget(QtWidgets.QWidget):
    """A widget that hands its scene on."""

    mrmlSceneChanged = Signal(object)
    mrmlScene = getter("_scene")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


@host
class qMRMLNodeComboBox(QtWidgets.QWidget):
    """A list of nodes of some types; which node it selects by itself follows what was seen in Slicer 5.13."""

    currentNodeChanged = Signal(object)
    nodeActivated = Signal(object)
    mrmlScene, currentNode = getter("_scene"), getter("_current")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = self._current = self._rename_tag = None
        self._nodes, self._list = [], QtWidgets.QComboBox()
        add_row(self, self._list)
        self._list.activated.connect(self._chosen)
        self.setEnabled(False)

    nodeTypes = stored("QStringList", "nodeTypes", [])
    showChildNodeTypes = stored(bool, "showChildNodeTypes", True)
    noneEnabled = stored(bool, "noneEnabled", False)
    noneDisplay = stored(str, "noneDisplay", "None")
    addEnabled = stored(bool, "addEnabled", True)
    removeEnabled = stored(bool, "removeEnabled", True)

    def setMRMLScene(self, scene):
        if scene is self._scene:
            return
        if self._scene is not None:
            raise NotImplementedError("The stand-in's selectors keep their scene.")
        self._scene = scene
        self.setEnabled(True)
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndBatchProcessEvent):
            observe(self, scene, event, "_changed")
        self._nodes = self._shown_nodes()
        self._become(None)
        self._become(self._first_choice(not self.noneEnabled))

    def setCurrentNode(self, node):
        new = node if node in self._nodes else None
        if new is not self._current:
            self._become(new)

    def _shown_nodes(self):
        nodes = (self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes()))
        return [node for node in nodes if self._shows(node)]

    def _shows(self, node):
        kinds = [kind for kind in self.nodeTypes if node.IsA(kind)]
        return kinds and not node.GetHideFromEditors() and (self.showChildNodeTypes or node.GetClassName() in kinds)

    def _changed(self):
        """The scene has other nodes, or other nodes are to be shown."""
        if self._scene is None or self._scene.IsBatchProcessing():
            return
        before, self._nodes = self._nodes, self._shown_nodes()
        if self._current is not None and self._current not in self._nodes:
            self._become(self._first_choice(True))
        elif self._current is None and len(self._nodes) > len(before):
            as_slicer = not (self.noneEnabled or self.addEnabled or self.removeEnabled)
            self.setCurrentNode(self._first_choice(as_slicer))
        self._fill()

    def _first_choice(self, as_slicer):
        chooses = as_slicer if auto_select is None else auto_select
        return self._nodes[0] if chooses and self._nodes else None

    def _become(self, node):
        if self._current is not None:
            self._current.RemoveObserver(self._rename_tag)
        self._current = node
        if node is not None:
            self._rename_tag = observe(self, node, "ModifiedEvent", "_renamed")
        self._fill()
        self.currentNodeChanged.emit(node)

    def _renamed(self):
        if self._current.GetName() != self._list.currentText():
            self._fill()
            self.currentNodeChanged.emit(self._current)

    def _fill(self):
        self._list.clear()
        self._list.addItems([self.noneDisplay] * self.noneEnabled + [node.GetName() or "" for node in self._nodes])
        place = self._nodes.index(self._current) if self._current else -1
        self._list.setCurrentIndex(place + self.noneEnabled)

    def _chosen(self, index):
        choices = [None] * self.noneEnabled + self._nodes
        self.setCurrentNode(choices[index])
        self.nodeActivated.emit(choices[index])
