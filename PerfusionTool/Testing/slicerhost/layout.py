"""The layout manager: Slicer's own layout logic reads the layout, widgets are put where its description says."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import slicer
from PySide6 import QtCore, QtWidgets

from .application import getter
from .plots import qMRMLPlotWidget
from .views import qMRMLSliceWidget
from .widgets import add_row, host

VIEW_WIDGETS = {"vtkMRMLSliceNode": qMRMLSliceWidget, "vtkMRMLPlotViewNode": qMRMLPlotWidget}
Direction = QtWidgets.QBoxLayout.Direction
DIRECTIONS = {"horizontal": Direction.LeftToRight, "vertical": Direction.TopToBottom}


@host
class qSlicerLayoutManager(QtCore.QObject):
    """Shows the views that the layout node asks for."""

    layoutLogic, viewport = getter("_logic"), getter("_viewport")

    def __init__(self):
        super().__init__()
        self._viewport, self._content, self._arranged, self._widgets = QtWidgets.QWidget(), None, None, {}
        add_row(self._viewport)
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        self._logic.SetMRMLScene(slicer.mrmlScene)
        node = self._logic.GetLayoutNode()
        node.AddObserver("ModifiedEvent", self._arrange)
        node.SetViewArrangement(node.SlicerLayoutFourUpView)

    def _layout(self):
        return self._logic.GetLayoutNode().GetViewArrangement()

    def setLayout(self, layout):
        self._logic.GetLayoutNode().SetViewArrangement(layout)

    layout = QtCore.Property(int, _layout, setLayout)

    def sliceWidget(self, name):
        nodes = slicer.util.getNodesByClass("vtkMRMLSliceNode")
        return next((self.viewWidget(node) for node in nodes if node.GetLayoutName() == name), None)

    def viewWidget(self, node):
        if node not in self._widgets:
            self._widgets[node] = VIEW_WIDGETS.get(node.GetClassName(), missing_view)(node)
        return self._widgets[node]

    def _arrange(self, node, _event):
        asked = node.GetViewArrangement(), node.GetCurrentLayoutDescription()
        if asked == self._arranged or not asked[1]:
            return
        self._arranged, former = asked, self._content
        for widget in self._widgets.values():
            widget.setParent(None)
        nodes = self._logic.GetViewNodes()
        mapped = [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]
        self._content = self._place(ElementTree.fromstring(asked[1]), mapped)
        self._viewport.layout().addWidget(self._content)
        if former is not None:
            former.deleteLater()
        for view_node in slicer.util.getNodesByClass("vtkMRMLAbstractViewNode"):
            view_node.SetMappedInLayout(view_node in mapped)

    def _place(self, element, mapped):
        if element.tag == "view":
            place = element.get("class"), element.get("singletontag")
            node = next(node for node in mapped if (node.GetClassName(), node.GetSingletonTag()) == place)
            widget = self.viewWidget(node)
            widget.setVisible(True)
            return widget
        frame = QtWidgets.QWidget()
        box = QtWidgets.QBoxLayout(DIRECTIONS[element.get("type")], frame)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        for item in element:
            box.addWidget(self._place(item[0], mapped), int(item.get("splitSize", 1)))
        return frame


def missing_view(node):
    """What stands where a view of a kind that is not made would be."""
    return QtWidgets.QLabel(f"{node.GetName()} is not made in the stand-in")
