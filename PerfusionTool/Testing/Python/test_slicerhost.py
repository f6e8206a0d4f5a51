"""The stand-in without windows: as strict as it says, and its scene as genuine."""

# ruff: noqa: UP045 - Slicer 5.10 knows Optional only

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Optional

import numpy as np
import pytest

SLICERHOST = Path(__file__).resolve().parents[1] / "slicerhost"


@pytest.fixture
def parameter_node(scene):
    return scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


@pytest.fixture
def wrapper_class(scene):
    return made_wrapper_class(importlib.import_module("slicer.parameterNodeWrapper"))


def made_wrapper_class(module):
    import slicer

    class Parameters:
        count, factor, name, on, maybe, limit = 3, 0.5, "a\tb", True, None, 256

    Parameters.__annotations__ = {
        "count": int,
        "factor": float,
        "whole": float,
        "name": str,
        "on": bool,
        "maybe": Optional[float],
        "limit": Optional[int],
        "volume": slicer.vtkMRMLScalarVolumeNode,
        "node": slicer.vtkMRMLNode,
    }
    return module.parameterNodeWrapper(Parameters)


def own_wrapper_module():
    path = SLICERHOST / "python" / "slicer" / "parameterNodeWrapper.py"
    spec = importlib.util.spec_from_file_location("own_parameter_node_wrapper", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(node):
    return {name: node.GetParameter(name) for name in node.GetParameterNames()}


def volume(name="v"):
    import slicer

    return slicer.util.addVolumeFromArray(np.arange(24, dtype="float32").reshape(2, 3, 4), np.diag([2, 3, 4, 1]), name)


# What the application shows


def test_the_application_has_no_functions_of_util_in_its_namespace(scene):
    import slicer

    for name in ("arrayFromVolume", "getNode", "iter_modules", "item_name", "os"):
        assert not hasattr(slicer, name)
    assert callable(slicer.util.arrayFromVolume)


def test_every_member_that_is_made_is_real(scene):
    from slicerhost import application, modules, reading

    made = (application.Application, reading.IOManager, modules.ModuleManager, modules.Module, modules.ScriptedModule)
    for kind in made:
        real = {name for source in kind.real_classes for name in application.REAL_NAMES[source]}
        public = {name for name in vars(kind) if not name.startswith("_") and name != "real_classes"}
        assert public - real <= {"connect", "disconnect"}, kind


def test_what_is_real_but_not_made_raises_not_implemented_error(scene):
    import slicer

    for read in (
        lambda: slicer.app.settingsDialog,
        lambda: slicer.app.coreIOManager().exportNodes,
        lambda: slicer.modules.volumes.widgetRepresentation,
        lambda: slicer.modules.dicom,
    ):
        with pytest.raises(NotImplementedError, match="stand-in"):
            read()


def test_what_the_application_lacks_raises_attribute_error(scene):
    import slicer

    for owner in (slicer.app, slicer.app.coreIOManager(), slicer.modules, slicer.modules.volumes, slicer):
        with pytest.raises(AttributeError):
            owner.noSuchThing  # noqa: B018
    with pytest.raises(AttributeError):
        slicer.app.noSuchThing = 1


def test_the_application_calls_itself_a_stand_in(scene):
    import slicer

    assert "stand-in" in slicer.app.applicationName
    assert slicer.app.majorVersion == 5


# Errors


def test_errors_that_nobody_can_catch_are_noted(scene):
    import slicer
    import slicerhost

    def fail(_caller, _event):
        raise ValueError("in an observer")

    node = volume()
    tag = node.AddObserver("ModifiedEvent", fail)
    node.Modified()
    node.RemoveObserver(tag)
    scene.SetURL("/nowhere/nothing.mrml")
    scene.Connect()
    observer_error, vtk_error = slicerhost.errors
    slicerhost.errors.clear()
    assert str(observer_error) == "in an observer"
    assert "Syntax error in scene file" in vtk_error
    assert slicer.app.mrmlScene() is scene


def test_a_test_with_such_an_error_fails(scene):
    import conftest
    import slicerhost

    fixture = conftest._emptied_after_test(scene)
    assert next(fixture) is scene
    slicerhost.errors.append(ValueError("in a slot"))
    with pytest.raises(pytest.fail.Exception, match="in a slot"):
        next(fixture)
    assert slicerhost.errors == []


def test_clearing_leaves_no_parameter_node(scene):
    import slicerhost

    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    node.SetSingletonTag("X")
    volume()
    assert slicerhost.clear() == []
    for kind in ("vtkMRMLScriptedModuleNode", "vtkMRMLScalarVolumeNode"):
        assert scene.GetFirstNodeByClass(kind) is None


# Files


def test_a_saved_scene_opens_with_its_nodes(scene, parameter_node, wrapper_class, tmp_path):
    import slicer
    import slicerhost

    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "scan")
    for time in (0.0, 1.5):
        sequence.SetDataNodeAtValue(volume(), repr(time))
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    parameters = wrapper_class(parameter_node)
    parameters.volume = volume("map")
    parameters.maybe = 2.5

    for file in (tmp_path / "study.mrb", tmp_path / "plain.mrml"):
        assert slicer.util.saveScene(str(file))
        assert file.stat().st_size > 0
    slicerhost.clear()
    slicer.util.loadScene(str(tmp_path / "study.mrb"))

    read = wrapper_class(slicer.util.getFirstNodeByClassByName("vtkMRMLScriptedModuleNode", parameter_node.GetName()))
    assert (read.volume.GetName(), read.maybe, read.count) == ("map", 2.5, 3)
    sequence = slicer.util.getFirstNodeByClassByName("vtkMRMLSequenceNode", "scan")
    assert [sequence.GetNthIndexValue(i) for i in range(2)] == ["0.0", "1.5"]
    array = slicer.util.arrayFromVolume(read.volume)
    np.testing.assert_array_equal(array.ravel(), np.arange(24))
    assert scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode").GetMasterSequenceNode() is sequence


def test_sequences_are_written_and_read(scene, tmp_path):
    import slicer

    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "scan")
    sequence.SetDataNodeAtValue(volume(), "0.0")
    sequence.SetDataNodeAtValue(volume(), "1.0")
    assert slicer.util.saveNode(sequence, str(tmp_path / "scan.seq.nrrd"))
    loaded = slicer.util.loadSequence(str(tmp_path / "scan.seq.nrrd"))
    assert loaded.GetNumberOfDataNodes() == 2
    with pytest.raises(NotImplementedError):
        slicer.util.loadVolume(str(tmp_path / "scan.seq.nrrd"))


def test_a_missing_file_raises_as_in_the_application(scene, tmp_path):
    import slicer

    with pytest.raises(RuntimeError, match="Failed to load node"):
        slicer.util.loadSequence(str(tmp_path / "nothing.seq.nrrd"))


# The parameter node


def test_defaults_are_written_as_the_application_writes_them(parameter_node, wrapper_class):
    wrapper_class(parameter_node)
    written = texts(parameter_node)
    assert float(written.pop("whole")) == 0
    assert written == {
        "count": "3",
        "factor": "0.5",
        "name": "a\tb",
        "on": "True",
        "maybe.1": "True",
        "limit.0": "256",
        "volume": "",
        "node": "",
    }


def test_values_are_written_as_the_application_writes_them(parameter_node, wrapper_class):
    parameters = wrapper_class(parameter_node)
    parameters.on = False
    parameters.factor = 2
    parameters.maybe = 1e-7
    parameters.limit = None
    parameters.volume = parameters.node = volume()
    written = texts(parameter_node)
    assert {name: written[name] for name in ("on", "factor", "maybe.0", "limit.1", "volume")} == {
        "on": "False",
        "factor": "2",
        "maybe.0": "1e-07",
        "limit.1": "True",
        "volume": "",
    }
    assert not {"maybe.1", "limit.0"} & set(written)
    assert parameter_node.GetNodeReference("volume") is parameters.volume
    assert (parameters.on, parameters.factor, parameters.maybe, parameters.limit) == (False, 2.0, 1e-7, None)


def test_values_in_the_node_win_over_defaults(parameter_node, wrapper_class):
    wrapper_class(parameter_node).count = 9
    assert wrapper_class(parameter_node).count == 9


def test_wrappers_of_one_node_and_the_node_itself_agree(parameter_node, wrapper_class):
    first, second = wrapper_class(parameter_node), wrapper_class(parameter_node)
    first.name = "new"
    assert second.name == "new"
    parameter_node.SetParameter("count", "12")
    assert (first.count, second.count) == (12, 12)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("count", 1.5, TypeError),
        ("count", None, ValueError),
        ("on", 1, TypeError),
        ("name", 1, TypeError),
        ("factor", "1", TypeError),
        ("maybe", "1", TypeError),
        ("maybe", True, TypeError),
        ("maybe", np.float64(1), TypeError),
        ("limit", 1.5, TypeError),
    ],
)
def test_values_of_other_types_are_refused(parameter_node, wrapper_class, name, value, error):
    parameters = wrapper_class(parameter_node)
    before = texts(parameter_node)
    with pytest.raises(error):
        setattr(parameters, name, value)
    assert texts(parameter_node) == before


def test_a_node_of_another_class_is_refused(scene, parameter_node, wrapper_class):
    parameters = wrapper_class(parameter_node)
    with pytest.raises(TypeError):
        parameters.volume = scene.AddNewNodeByClass("vtkMRMLTableNode")


def test_a_removed_node_is_no_longer_referenced_once_the_node_was_modified(scene, parameter_node, wrapper_class):
    parameters = wrapper_class(parameter_node)
    parameters.volume = volume()
    scene.RemoveNode(parameters.volume)
    parameters.Modified()
    assert parameters.volume is None


def test_observers_are_told_once_after_several_changes(parameter_node, wrapper_class):
    parameters = wrapper_class(parameter_node)
    told = []
    tag = parameters.AddObserver("ModifiedEvent", lambda caller, event: told.append(parameters.count))
    was_modifying = parameters.StartModify()
    parameters.count = 1
    parameters.count = 2
    parameters.EndModify(was_modifying)
    assert told == [2]
    parameters.RemoveObserver(tag)
    parameters.count = 3
    assert told == [2]


def test_what_slicers_wrapper_has_and_the_own_lacks_is_told(parameter_node, scene):
    parameters = made_wrapper_class(own_wrapper_module())(parameter_node)
    for name in ("default", "connectGui"):
        with pytest.raises(NotImplementedError, match="stand-in"):
            getattr(parameters, name)
    with pytest.raises(AttributeError):
        parameters.cuont  # noqa: B018


def test_a_dropped_wrapper_stops_observing(parameter_node, wrapper_class):
    wrapper_class(parameter_node)
    assert not parameter_node.HasObserver("ModifiedEvent")


def test_a_reserved_name_is_refused(scene):
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    with pytest.raises(ValueError, match="reserved"):
        parameterNodeWrapper(type("Parameters", (), {"__annotations__": {"default": int}, "default": 1}))


@pytest.mark.skipif("SLICER_PYTHON_DIR" not in os.environ, reason="SLICER_PYTHON_DIR does not name Slicer's sources")
def test_own_wrapper_reads_what_slicers_wrote_and_the_other_way_round(scene, wrapper_class):
    own_class = made_wrapper_class(own_wrapper_module())
    for writes, reads in ((wrapper_class, own_class), (own_class, wrapper_class)):
        node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
        values = {"maybe": 0.1, "limit": None, "on": False, "name": "", "whole": 7, "volume": volume()}
        written = writes(node)
        for name, value in values.items():
            setattr(written, name, value)
        before = texts(node)
        read = reads(node)
        assert {name: getattr(read, name) for name in values} == values
        assert texts(node) == before


# Modules

MODULE = """
from slicer.ScriptedLoadableModule import *
from slicer.i18n import tr as _

class Tiny(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("Tiny")

class TinyLogic(ScriptedLoadableModuleLogic):
    pass

class TinyTest(ScriptedLoadableModuleTest):
    ran = []
    def runTest(self):
        self.ran.append("one")
"""


@pytest.fixture
def tiny(scene, tmp_path):
    import slicerhost

    (tmp_path / "Tiny.py").write_text(MODULE, encoding="utf-8")
    return slicerhost.load_module(tmp_path / "Tiny.py")


def test_a_scripted_module_is_loaded_as_the_application_does(tiny, tmp_path):
    import slicer

    assert slicer.modules.tiny.title == "Tiny"
    assert slicer.util.modulePath("Tiny") == str((tmp_path / "Tiny.py").resolve())
    assert slicer.modules.TinyInstance.parent is slicer.modules.tiny
    assert slicer.util.getModule("Tiny") is slicer.modules.tiny
    slicer.selfTests["Tiny"]()
    assert tiny.TinyTest.ran == ["one"]
    with pytest.raises(AttributeError):
        slicer.modules.tiny.titel = "misspelt"


def test_unloading_takes_the_module_out_of_the_application(tiny):
    import slicer
    import slicerhost

    slicerhost.clear()
    for name in ("tiny", "TinyInstance"):
        assert not hasattr(slicer.modules, name)
    assert slicer.app.moduleManager().module("Tiny") is None


def test_the_parameter_node_of_a_module_is_a_singleton_that_survives_closing_the_scene(tiny, scene):
    import slicer

    logic = tiny.TinyLogic()
    node = logic.getParameterNode()
    assert tiny.TinyLogic().getParameterNode() is node
    slicer.mrmlScene.Clear(False)
    assert logic.getParameterNode() is node
    assert node.GetAttribute("ModuleName") == "Tiny"


def test_sample_data_sources_are_found_with_their_own_code(scene):
    from SampleData import SampleDataLogic

    SampleDataLogic.registerCustomSampleDataSource(
        category="Perfusion", sampleName="Head", uris="", fileNames="head", nodeNames="head", customDownloader=list
    )
    (source,) = SampleDataLogic.sampleDataSourcesByCategory("Perfusion")
    assert source.sampleName == "Head"
    assert source.customDownloader("x") == ["x"]
    with pytest.raises(TypeError):
        SampleDataLogic.registerCustomSampleDataSource(uri="misspelt")
