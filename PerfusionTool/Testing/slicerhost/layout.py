"""The layout manager: Slicer's own layout logic reads the layout, widgets are put where its description says."""

# ruff: noqa: N801, N802, N815 - Slicer's own names

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import slicer
from PySide6 import QtCore, QtWidgets

from .views import qMRMLPlotWidget, qMRMLSliceWidget
from .widgets import host

VIEW_WIDGETS = {"vtkMRMLSliceNode": qMRMLSliceWidget, "vtkMRMLPlotViewNode": qMRMLPlotWidget}
Direction = QtWidgets.QBoxLayout.Direction
DIRECTIONS = {"horizontal": Direction.LeftToRight, "vertical": Direction.TopToBottom}


@host
class qSlicerLayoutManager(QtCore.QObject):
    """Shows the views that the layout node asks for."""

    layoutChanged = QtCore.Signal(int)

    def __init__(self):
        super().__init__()
        self._viewport, self._content, self._arranged, self._widgets = QtWidgets.QWidget(), None, None, {}
        QtWidgets.QVBoxLayout(self._viewport).setContentsMargins(0, 0, 0, 0)
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        self._logic.SetMRMLScene(slicer.mrmlScene)
        node = self._logic.GetLayoutNode()
        node.AddObserver("ModifiedEvent", self._arrange)
        node.SetViewArrangement(node.SlicerLayoutFourUpView)

    layout = QtCore.Property(
        int, lambda self: self._logic.GetLayoutNode().GetViewArrangement(), lambda self, value: self.setLayout(value)
    )
    plotViewCount = QtCore.Property(int, lambda self: len(self._nodes("vtkMRMLPlotViewNode")))

    def setLayout(self, layout):
        self._logic.GetLayoutNode().SetViewArrangement(layout)

    def layoutLogic(self):
        return self._logic

    def mrmlScene(self):
        return self._logic.GetMRMLScene()

    def viewport(self):
        return self._viewport

    def sliceViewNames(self):
        return [node.GetLayoutName() for node in self._nodes("vtkMRMLSliceNode")]

    def sliceWidget(self, name):
        return next((self.viewWidget(n) for n in self._nodes("vtkMRMLSliceNode") if n.GetLayoutName() == name), None)

    def plotWidget(self, index):
        nodes = self._nodes("vtkMRMLPlotViewNode")
        return self.viewWidget(nodes[index]) if 0 <= index < len(nodes) else None

    def viewWidget(self, node):
        if node not in self._widgets:
            self._widgets[node] = VIEW_WIDGETS.get(node.GetClassName(), missing_view)(node)
        return self._widgets[node]

    def resetSliceViews(self):
        for name in self.sliceViewNames():
            self.sliceWidget(name).fitSliceToBackground()

    def _nodes(self, class_name):
        return slicer.util.getNodesByClass(class_name)

    def _arrange(self, node, _event):
        asked = node.GetViewArrangement(), node.GetCurrentLayoutDescription()
        if asked == self._arranged or not asked[1]:
            return
        self._arranged, former = asked, self._content
        for widget in self._widgets.values():
            widget.setParent(None)
        mapped = self._mapped_nodes()
        self._content = self._place(ElementTree.fromstring(asked[1]), mapped)
        self._viewport.layout().addWidget(self._content)
        if former is not None:
            former.deleteLater()
        for view_node in (*self._nodes("vtkMRMLSliceNode"), *self._nodes("vtkMRMLPlotViewNode")):
            view_node.SetMappedInLayout(view_node in mapped)
        self.layoutChanged.emit(asked[0])

    def _mapped_nodes(self):
        nodes = self._logic.GetViewNodes()
        return [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]

    def _place(self, element, mapped):
        if element.tag == "view":
            place = element.get("class"), element.get("singletontag")
            node = next(node for node in mapped if (node.GetClassName(), node.GetSingletonTag()) == place)
            return self._shown(self.viewWidget(node))
        frame = QtWidgets.QWidget()
        box = QtWidgets.QBoxLayout(DIRECTIONS[element.get("type")], frame)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        for item in element:
            box.addWidget(self._place(item[0], mapped), int(item.get("splitSize", 1)))
        return frame

    def _shown(self, widget):
        widget.setVisible(True)
        return widget


def missing_view(node):
    """What stands where a view of a kind that is not made would be."""
    return QtWidgets.QLabel(f"{node.GetName()} is not made in the stand-in")
