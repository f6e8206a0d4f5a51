"""The stand-in's windows: PythonQt's rules, Slicer's widgets, and views that draw and answer the mouse."""

from __future__ import annotations

import numpy as np
import pytest

LAYOUT = """<layout type="vertical"><item splitSize="700"><layout type="horizontal">{views}</layout></item>
<item splitSize="300"><view class="vtkMRMLPlotViewNode" singletontag="TestPlot"/></item></layout>"""
VIEW = """<item><view class="vtkMRMLSliceNode" singletontag="{name}">
<property name="orientation" action="default">Axial</property>
<property name="viewlabel" action="default">{name}</property>
<property name="viewcolor" action="default">#80C0FF</property></view></item>"""
UI = """<ui version="4.0"><widget class="qMRMLWidget" name="Form"><layout class="QVBoxLayout" name="column">
<item><widget class="ctkCollapsibleButton" name="section"><property name="collapsed"><bool>true</bool></property>
<layout class="QVBoxLayout" name="inner"><item><widget class="qMRMLNodeComboBox" name="selector">
<property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
<property name="SlicerParameterName" stdset="0"><string>scan</string></property></widget></item></layout></widget>
</item><item><widget class="QPushButton" name="button">
<property name="text"><string>Go</string></property></widget></item>
</layout></widget><connections><connection><sender>Form</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
<receiver>selector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections></ui>"""


@pytest.fixture
def qt(application):
    import qt

    return qt


@pytest.fixture
def window(application):
    """Two linked slice views of an oblong head and a plot view, in a shown window."""
    from slicerhost import mouse

    manager = application.layoutManager()
    node, former = manager.layoutLogic().GetLayoutNode(), manager.layout
    views = "".join(VIEW.format(name=name) for name in ("TestA", "TestB"))
    node.AddLayoutDescription(777, LAYOUT.format(views=views))
    manager.setLayout(777)
    shown = mouse.window(size=(700, 500))
    volume = head()
    for name in ("TestA", "TestB"):
        composite = manager.sliceWidget(name).mrmlSliceCompositeNode()
        composite.SetBackgroundVolumeID(volume.GetID())
        composite.SetLinkedControl(True)
        composite.SetHotLinkedControl(True)
        manager.sliceWidget(name).sliceLogic().FitSliceToBackground()
    mouse.wait(seconds=0.1)
    yield shown
    manager.setLayout(former)
    shown.hide()


def head():
    import slicer

    z, y, x = np.mgrid[0:10, 0:40, 0:40]
    bright = ((x - 20) / 12) ** 2 + ((y - 20) / 18) ** 2 + ((z - 5) / 6) ** 2 < 1
    ijk_to_ras = np.array([[-5, 0, 0, 100], [0, -5, 0, 100], [0, 0, 8, -40], [0, 0, 0, 1]], float)
    return slicer.util.addVolumeFromArray(bright.astype("float32"), ijk_to_ras, "head")


def add_volume(name):
    import slicer

    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)


def selector(**properties):
    import slicer

    made = slicer.qMRMLNodeComboBox()
    made.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    for name, value in properties.items():
        setattr(made, name, value)
    return made


def picture(widget, path):
    import SimpleITK
    from slicerhost import mouse

    mouse.grab(widget, path)
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[..., :3]


def load(text, tmp_path):
    import slicer

    path = tmp_path / "form.ui"
    path.write_text(text, encoding="utf-8")
    return slicer.util.loadUI(str(path))


# PythonQt's rules


def test_properties_are_attributes_and_methods_stay_methods(qt):
    box = qt.QCheckBox("on")
    box.checked = True
    assert box.checked is True
    assert box.isChecked()
    with pytest.raises(TypeError):
        box.checked()


def test_an_unknown_attribute_cannot_be_read_or_made(qt):
    button = qt.QPushButton()
    with pytest.raises(AttributeError):
        button.enbled = True
    with pytest.raises(AttributeError):
        button.enbled  # noqa: B018
    assert not hasattr(button, "enbled")


@pytest.mark.parametrize(
    ("widget", "name", "value"),
    [
        ("QLabel", "text", None),
        ("QSpinBox", "value", "3"),
        ("QCheckBox", "checked", "yes"),
        ("QLabel", "wordWrap", None),
    ],
)
def test_a_property_refuses_a_value_of_the_wrong_type(qt, widget, name, value):
    with pytest.raises(AttributeError):
        setattr(getattr(qt, widget)(), name, value)


def test_numbers_are_converted_without_a_word(qt):
    label, spin = qt.QLabel(), qt.QSpinBox()
    label.text, spin.value = 5, 3.7
    assert (label.text, spin.value) == ("5", 3)


def test_lists_read_as_tuples(qt):
    combo = qt.QComboBox()
    combo.addItem("frames", [1, 2])
    assert combo.currentData == (1, 2)
    assert selector().nodeTypes == ("vtkMRMLScalarVolumeNode",)


def test_a_wrong_signature_is_refused(qt):
    button = qt.QPushButton()
    for signature in ("clicked(int)", "clickd()"):
        with pytest.raises(AttributeError):
            button.connect(signature, print)


def test_functions_get_as_many_arguments_as_they_declare(qt):
    button, got = qt.QPushButton(), []
    button.connect("clicked(bool)", lambda: got.append(()))
    button.connect("clicked(bool)", lambda checked: got.append((checked,)))
    button.connect("clicked(bool)", lambda *all_of_them: got.append(all_of_them))
    button.click()
    assert got == [(), (False,), (False,)]


def test_an_exception_in_a_slot_reaches_the_hook_and_not_the_caller(qt):
    import slicerhost

    def fail():
        raise ValueError("in a slot")

    button = qt.QPushButton()
    button.connect("clicked()", fail)
    button.click()
    assert [str(error) for error in slicerhost.errors] == ["in a slot"]
    slicerhost.errors.clear()


def test_a_warning_of_qt_is_an_error(qt):
    import slicerhost

    widget = qt.QWidget()
    qt.QVBoxLayout(widget), qt.QVBoxLayout(widget)
    assert "already has a layout" in slicerhost.errors.pop()


def test_a_widget_has_one_wrapper_of_its_exact_class(qt):
    widget = qt.QWidget()
    column, button = qt.QVBoxLayout(widget), qt.QPushButton()
    button.objectName = "go"
    column.addWidget(button)
    assert widget.layout() is column
    assert widget.go is button
    assert button.name == "go"
    assert isinstance(button, qt.QPushButton)
    assert not isinstance(button, qt.QWidget)


def test_a_deleted_widget_is_false_and_raises(qt):
    label = qt.QLabel("text")
    label.delete()
    assert not label
    with pytest.raises(ValueError, match="QLabel has been deleted"):
        label.text  # noqa: B018


def test_what_slicer_has_and_the_stand_in_lacks_is_told_from_what_does_not_exist(qt):
    import ctk

    with pytest.raises(NotImplementedError):
        qt.QTreeView  # noqa: B018
    with pytest.raises(AttributeError):
        qt.QTreeVeiw  # noqa: B018
    slider = ctk.ctkSliderWidget()
    with pytest.raises(NotImplementedError):
        slider.popupSlider  # noqa: B018
    with pytest.raises(NotImplementedError):
        slider.disconnect("valueChanged(double)")
    with pytest.raises(AttributeError):
        slider.setMinimum(3)


def test_dialogs_answer_from_the_queue_only(qt):
    from slicerhost import dialogs

    dialogs.answers.append("/data/curve.csv")
    assert qt.QFileDialog.getOpenFileName(None, "Load curve", "", "*.csv") == "/data/curve.csv"
    for ask in (qt.QFileDialog.getSaveFileName, qt.QInputDialog.getText, qt.QMessageBox.question):
        with pytest.raises(RuntimeError, match="answers is empty"):
            ask(None, "title", "text")


# Slicer's widgets


def test_every_member_of_a_stand_in_is_slicers(application):
    from PySide6 import QtCore, QtWidgets
    from slicerhost.pythonqt import members
    from slicerhost.widgets import HOST_CLASSES

    for name, made in HOST_CLASSES.items():
        base = getattr(QtWidgets, slicers_bases(name)[-1], QtCore.QObject)
        own = made.__mro__[: made.__mro__.index(base)]
        public = {member for kind in own for member in vars(kind) if not member.startswith("_")} - {"staticMetaObject"}
        real = {member.split("(")[0] for member in members(name, "properties", "signals", "methods")}
        assert {member for member in public - real if not hasattr(base, member)} == set(), name
        kinds = {member: made.staticMetaObject.property(i).typeName() for member, i in property_places(made, base)}
        assert kinds.items() <= properties(name).items()


def slicers_bases(name):
    """A class of Slicer, its bases, and at the end the first that is Qt's."""
    from slicerhost.pythonqt import FACTS

    return [name, *slicers_bases(FACTS[name]["base"])] if name in FACTS else [name]


def properties(name):
    from slicerhost.pythonqt import FACTS

    return {key: kind for base in slicers_bases(name)[:-1] for key, kind in FACTS[base]["properties"].items()}


def property_places(made, base):
    first, end = base.staticMetaObject.propertyCount(), made.staticMetaObject.propertyCount()
    return [(made.staticMetaObject.property(i).name(), i) for i in range(first, end)]


def test_a_closed_section_hides_what_is_in_it(qt):
    import ctk
    from slicerhost import mouse

    section, inside, hidden = ctk.ctkCollapsibleButton(), qt.QLabel("inside"), qt.QLabel("hidden")
    column = qt.QVBoxLayout(section)
    column.addWidget(inside), column.addWidget(hidden)
    hidden.visible = False
    section.show()
    mouse.click(section)
    assert section.collapsed
    assert not inside.visible
    section.collapsed = False
    assert inside.visible
    assert not hidden.visible


def test_the_slider_keeps_digits_and_limits(application):
    import ctk

    slider, got = ctk.ctkSliderWidget(), []
    slider.connect("valueChanged(double)", got.append)
    slider.decimals, slider.maximum = 1, 20
    slider.value = 3.14159
    slider.maximum = 2
    assert got == [3.14159, 2]


def test_the_range_keeps_its_order(application):
    import ctk

    limits, got = ctk.ctkRangeWidget(), []
    limits.connect("valuesChanged(double,double)", lambda low, high: got.append((low, high)))
    limits.maximum = 50
    limits.setValues(9, 5)
    limits.minimumValue = 12
    limits.maximumValue = 80
    assert got == [(0, 50), (5, 9), (12, 12), (12, 50)]


@pytest.mark.parametrize(("none_enabled", "chosen"), [(False, "first"), (True, None)])
def test_a_selector_chooses_a_node_that_is_there_unless_none_is_allowed(scene, application, none_enabled, chosen):
    add_volume("first"), add_volume("second")
    made, got = selector(noneEnabled=none_enabled), []
    made.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: got.append(node and node.GetName()))
    made.setMRMLScene(scene)
    assert got == [None, chosen]


@pytest.mark.parametrize("allowed", [None, "noneEnabled", "addEnabled", "removeEnabled"])
def test_a_selector_chooses_a_later_node_only_if_nothing_else_is_allowed(scene, application, allowed):
    off = dict.fromkeys(("noneEnabled", "addEnabled", "removeEnabled"), False)
    made = selector(**off | ({allowed: True} if allowed else {}))
    made.setMRMLScene(scene)
    later = add_volume("later")
    assert made.currentNode() is (None if allowed else later)


def test_removing_the_chosen_node_chooses_another_even_where_none_is_allowed(scene, application):
    first, second = add_volume("first"), add_volume("second")
    made = selector(noneEnabled=True)
    made.setMRMLScene(scene)
    made.setCurrentNode(first)
    scene.RemoveNode(first)
    assert made.currentNode() is second
    scene.Clear(False)
    assert made.currentNode() is None


@pytest.mark.parametrize("by_itself", [True, False])
def test_selection_can_be_forced_either_way(scene, application, monkeypatch, by_itself):
    from slicerhost import widgets

    monkeypatch.setattr(widgets, "auto_select", by_itself)
    there = add_volume("there")
    made = selector(noneEnabled=by_itself)
    made.setMRMLScene(scene)
    assert made.currentNode() is (there if by_itself else None)


def test_renaming_the_chosen_node_tells_again(scene, application):
    volume, got = add_volume("old"), []
    made = selector()
    made.setMRMLScene(scene)
    made.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: got.append(node and node.GetName()))
    volume.SetName("new")
    assert got == ["new"]


def test_only_a_person_activates_a_node(scene, application):
    from slicerhost import mouse

    first, second = add_volume("first"), add_volume("second")
    made, got = selector(), []
    made.setMRMLScene(scene)
    made.connect("nodeActivated(vtkMRMLNode*)", got.append)
    made.setCurrentNode(second)
    assert got == []
    mouse.choose(made, "first")
    assert got == [first]
    assert made.currentNode() is first


# .ui files


def test_a_ui_file_is_loaded_with_its_connections(scene, application, tmp_path):
    import slicer

    form = load(UI, tmp_path)
    ui = slicer.util.childWidgetVariables(form)
    form.setMRMLScene(scene)
    assert ui.selector.mrmlScene() is scene
    assert ui.selector.SlicerParameterName == "scan"
    assert ui.section.collapsed
    assert ui.button.text == "Go"


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ('class="QPushButton"', 'class="QPushButon"'),
        ('class="qMRMLNodeComboBox"', 'class="qMRMLTreeView"'),
        ('name="collapsed"', 'name="colapsed"'),
        ("mrmlSceneChanged(", "sceneChanged("),
        ("<slot>setMRMLScene(", "<slot>setScene("),
        ("<receiver>selector", "<receiver>nobody"),
    ],
)
def test_a_ui_file_with_something_unknown_is_refused(application, tmp_path, known, unknown):
    assert known in UI
    with pytest.raises((RuntimeError, AttributeError)):
        load(UI.replace(known, unknown), tmp_path)


# Views


def test_the_layout_shows_its_views_and_no_others(window, application):
    import slicer

    manager = application.layoutManager()
    shown = {name for name in ("TestA", "TestB", "Red", "Green") if manager.sliceWidget(name).visible}
    assert shown == {"TestA", "TestB"}
    assert manager.viewWidget(plot_view()).visible
    assert slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeTestA").IsMappedInLayout()
    assert not slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed").IsMappedInLayout()


def test_a_slice_view_draws_the_volume_where_the_mouse_finds_it(window, application, tmp_path):
    from slicerhost import mouse
    from slicerhost.pythonqt import unwrap

    slice_widget = application.layoutManager().sliceWidget("TestA")
    view = slice_widget.sliceView()
    seen = picture(view, tmp_path / "view.png")
    for ras, bright in (((0, 0, 0), True), ((50, 0, 0), True), ((70, 0, 0), False), ((0, 70, 0), True)):
        place = mouse.place_in_view(unwrap(view), ras)
        assert (seen[int(place.y()), int(place.x())].max() > 128) == bright


def test_a_view_keeps_its_size_when_the_scene_is_closed(window, application):
    import slicer

    slice_widget = application.layoutManager().sliceWidget("TestA")
    slicer.mrmlScene.Clear(False)
    view = slice_widget.sliceView()
    assert slice_widget.mrmlSliceNode().GetDimensions()[:2] == (view.width, view.height)


def test_a_click_places_a_point_and_a_drag_moves_it(window, application):
    import slicer
    from slicerhost import mouse

    slice_widget = application.layoutManager().sliceWidget("TestB")
    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "seed")
    points.CreateDefaultDisplayNodes()
    slicer.modules.markups.logic().SetActiveList(points)
    interaction = application.applicationLogic().GetInteractionNode()
    interaction.SetCurrentInteractionMode(interaction.Place)
    mouse.click_view(slice_widget, (20, -10, 8))
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    assert points.GetNthControlPointPositionWorld(0) == pytest.approx((20, -10, 8), abs=1)
    mouse.drag_view(slice_widget, points.GetNthControlPointPositionWorld(0), (40, 20, 8))
    assert points.GetNthControlPointPositionWorld(0) == pytest.approx((40, 20, 8), abs=1)
    assert points.GetNumberOfControlPoints() == 1


def test_hovering_moves_the_cursor_and_with_shift_the_crosshair(window, application):
    import slicer
    from slicerhost import mouse

    crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    crosshair.SetCrosshairRAS(0, 0, 0)
    slice_widget, cursor = application.layoutManager().sliceWidget("TestA"), [0.0, 0.0, 0.0]
    mouse.hover_view(slice_widget, (10, 5, 8))
    assert application.layoutManager().sliceWidget("TestB").mrmlSliceNode().GetSliceOffset() == 8
    assert crosshair.GetCursorPositionRAS(cursor)
    assert cursor == pytest.approx((10, 5, 8), abs=1)
    assert crosshair.GetCrosshairRAS() == (0, 0, 0)
    mouse.hover_view(slice_widget, (15, 5, 8), shift=True)
    assert crosshair.GetCrosshairRAS() == pytest.approx((15, 5, 8), abs=1)


def test_the_plot_follows_its_chart_and_table(window, application, tmp_path):
    import slicer

    widget = application.layoutManager().viewWidget(plot_view())
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    times = np.array([0, 1.5, 3, 8, 20])
    slicer.util.updateTableFromArray(table, np.c_[times, np.exp(-times)], ["time", "curve"])
    series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "curve")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("time")
    series.SetYColumnName("curve")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetColor(1, 0, 0)
    chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "chart")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    empty = picture(widget, tmp_path / "empty.png")
    plot_view().SetPlotChartNodeID(chart.GetID())
    drawn = picture(widget, tmp_path / "drawn.png")
    slicer.util.updateTableFromArray(table, np.c_[times, np.exp(times - 20)], ["time", "curve"])
    changed = picture(widget, tmp_path / "changed.png")
    assert [red_pixels(image) > 20 for image in (empty, drawn, changed)] == [False, True, True]
    assert (drawn != changed).any()


def plot_view():
    import slicer

    return slicer.mrmlScene.GetSingletonNode("TestPlot", "vtkMRMLPlotViewNode")


def red_pixels(image):
    red, green, blue = np.moveaxis(image.astype(int), -1, 0)
    return np.sum((red > 200) & (green < 80) & (blue < 80))
