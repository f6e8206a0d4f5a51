"""The logic as the Python console uses it, its documented examples, and its agreement with the command line."""

from __future__ import annotations

import doctest
import gc
import importlib
import json
import subprocess
import sys
import unittest
import weakref
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("slicer")

from PerfusionToolLib.files import read_curve, write_series
from PerfusionToolLib.files.images import read_image
from PerfusionToolLib.perfusion import PerfusionError
from PerfusionToolLib.perfusion.phantom import sample_head

MODULE = Path(__file__).resolve().parents[2]
SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}


@pytest.fixture
def module(scene):
    """The module's own file."""
    return importlib.import_module("PerfusionTool")


@pytest.fixture
def logic(module):
    return module.PerfusionToolLogic()


@pytest.fixture(scope="module")
def scan_file(tmp_path_factory):
    """An oblique, left-handed 4D scan on disk, and its series."""
    path = tmp_path_factory.mktemp("scan") / "scan.nii.gz"
    head = sample_head("CT", integer=True, motion=1.0, **SMALL)
    turn = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])
    grid = head.series.grid
    oblique = type(grid)(grid.shape, grid.ijk_to_ras.copy())
    oblique.ijk_to_ras[:3, :3] = turn @ grid.ijk_to_ras[:3, :3]
    write_series(path, head.series.signal, oblique, head.series.times)
    return path


def on_the_command_line(scan, folder, *options):
    command = [sys.executable, "-m", "PerfusionToolLib", "analyze", scan, "--modality", "CT", "-o", folder, *options]
    run = subprocess.run([*map(str, command), "--quiet"], capture_output=True, text=True, cwd=MODULE)
    assert run.returncode == 0, run.stderr
    return folder


def values(logic, name="CBF"):
    import slicer

    return slicer.util.arrayFromVolume(logic.mapVolume(name)).copy()


def assert_same_maps(logic, folder):
    for name in logic.study.analysis.maps:
        on_disk = read_image(folder / f"{name.replace(' ', '_')}.nii.gz").voxels[0]
        np.testing.assert_allclose(values(logic, name), np.nan_to_num(on_disk), rtol=1e-5, atol=1e-4, err_msg=name)


def test_the_documented_examples_work(module):
    finder = doctest.DocTestFinder(recurse=False)
    tests = finder.find(module.PerfusionToolLogic, globs=vars(module))
    results = [doctest.DocTestRunner().run(test) for test in tests]
    assert sum(result.attempted for result in results) >= 8
    assert all(result.failed == 0 for result in results)


def test_the_module_passes_its_own_test(module):
    suite = unittest.TestLoader().loadTestsFromTestCase(module.PerfusionToolTest)
    outcome = unittest.TestResult()
    suite.run(outcome)
    assert outcome.testsRun == 1
    assert outcome.errors == outcome.failures == []


def test_maps_are_those_of_the_command_line(logic, scan_file, tmp_path):
    folder = on_the_command_line(scan_file, tmp_path / "results", "--method", "oSVD", "--smoothing", "gaussian")
    logic.process(logic.importScan(scan_file), modality="CT", method="oSVD", smoothing="gaussian")
    assert_same_maps(logic, folder)
    from PerfusionToolLib.scene.volumes import volume_grid

    on_disk = read_image(folder / "CBF.nii.gz").ijk_to_ras
    np.testing.assert_allclose(volume_grid(logic.mapVolume("CBF")).ijk_to_ras, on_disk, atol=1e-4)


def test_the_command_line_takes_an_arterial_input_made_by_hand(logic, scan_file, tmp_path):
    logic.process(logic.importScan(scan_file), modality="CT")
    other = next(c for c in logic.study.analysis.arterial_input.candidates[1:] if c.accepted)
    logic.setArterialInputSeed(other.place)
    logic.saveArterialInput(tmp_path / "aif.csv")
    folder = on_the_command_line(scan_file, tmp_path / "results", "--arterial-input", tmp_path / "aif.csv")
    assert_same_maps(logic, folder)


@pytest.mark.parametrize(
    "setting", [{"partial_volume": "off"}, {"partial_volume": "factor", "partial_volume_factor": 1.5}]
)
def test_a_saved_curve_is_scaled_once(logic, tmp_path, setting):
    logic.process(logic.loadSampleData("CT", **SMALL), motion_correction=False, **setting)
    cbf = values(logic)
    logic.saveArterialInput(tmp_path / "aif.csv")
    logic.loadArterialInput(tmp_path / "aif.csv")
    np.testing.assert_allclose(values(logic), cbf, rtol=1e-5)


def test_a_scan_of_magnetic_resonance_is_recognised(logic):
    logic.process(logic.loadSampleData("MR", **SMALL), motion_correction=False)
    assert logic.study.analysis.series.modality == "MR"
    assert values(logic).max() > 0


def test_what_a_caller_says_of_a_scan_holds(logic):
    scan = logic.loadSampleData("CT", **SMALL)
    logic.process(scan, modality="CT", frameTimes=2.0, motion_correction=False)
    np.testing.assert_allclose(np.diff(logic.study.analysis.series.times), 2.0)
    times = np.arange(45) * 1.5
    times[20:] += 1
    logic.process(scan, frameTimes=times)
    np.testing.assert_array_equal(logic.study.analysis.series.times, times)
    with pytest.raises(PerfusionError, match="echo time"):
        logic.process(scan, modality="MR")


def test_a_wrong_setting_changes_nothing(logic):
    scan = logic.loadSampleData("CT", **SMALL)
    with pytest.raises(PerfusionError, match="colour"):
        logic.process(scan, method="oSVD", colour="red")
    assert logic.getParameterNode().method == "bcSVD"
    assert logic.getParameterNode().scan is None


def test_settings_stay_until_they_are_changed(logic):
    scan = logic.loadSampleData("CT", **SMALL)
    logic.process(scan, motion_correction=False, method="oSVD")
    logic.process(scan, hide_csf=True)
    assert logic.study.analysis.settings.method == "oSVD"
    assert logic.study.analysis.settings.hide_csf


def test_progress_is_told(logic):
    told = []
    logic.process(logic.loadSampleData("CT", **SMALL), progress=told.append, motion_correction=False)
    assert {"reading", "brain", "smoothing", "maps"} <= {progress.stage for progress in told}


def test_venous_outputs_of_all_kinds(logic):
    logic.process(logic.loadSampleData("CT", **SMALL), motion_correction=False)
    first, second = values(logic), logic.study.analysis.venous_output.candidates[1].place
    logic.setVenousOutputMask(logic.segmentation(), "vessels")
    logic.setVenousOutputCandidate(1)
    assert (values(logic) != first).any()
    logic.setVenousOutputSeed(second)
    assert logic.getParameterNode().venousOutputKind == "seed"
    facts = json.loads(logic.mapVolume("CBF").GetAttribute("PerfusionTool.VenousOutput"))
    np.testing.assert_allclose(facts["place_ras"], second)
    for _step in range(3):
        logic.undoArterialInput()
    np.testing.assert_array_equal(values(logic), first)
    logic.redoArterialInput()
    assert logic.getParameterNode().venousOutputKind == "mask"
    logic.resetVenousOutput()
    np.testing.assert_array_equal(values(logic), first)


def test_arterial_inputs_and_masks_of_all_kinds(logic):
    logic.process(logic.loadSampleData("CT", **SMALL), motion_correction=False)
    first = values(logic)
    logic.setArterialInputMask(logic.segmentation(), "vessels")
    logic.setArterialInputCurve(logic.study.analysis.arterial_input.measured * 2)
    logic.setArterialInputCandidate(1)
    assert (values(logic) != first).any()
    for _step in range(3):
        logic.undoArterialInput()
    np.testing.assert_array_equal(values(logic), first)
    logic.redoArterialInput()
    logic.resetArterialInput()
    np.testing.assert_array_equal(values(logic), first)
    logic.setBrainMask(logic.segmentation(), "vessels")
    assert (values(logic) != 0).sum() < (first != 0).sum()
    logic.resetBrainMask()
    np.testing.assert_array_equal(values(logic), first)
    assert isinstance(logic.warnings(), list)


def test_readings_of_a_voxel_and_of_a_region(logic):
    logic.process(logic.loadSampleData("CT", **SMALL), motion_correction=False)
    analysis = logic.study.analysis
    index = tuple(np.argwhere(analysis.brain_mask)[500])
    assert logic.voxelReading(analysis.grid.to_ras(index)).index == index
    assert logic.regionReading(logic.segmentation(), "brain").values["CBV"].mean > 0


def test_the_parameter_node_is_the_same_one_every_time(logic):
    assert logic.getParameterNode() is logic.getParameterNode()
    assert logic.study.parameters is logic.getParameterNode()


def test_an_imported_scan_keeps_its_frame_times(logic, scan_file):
    logic.getParameterNode().scan = logic.importScan(scan_file)
    assert "every 1.41 s" in logic.study.state("scan").sentence


def test_opening_the_module_loads_nothing_heavy():
    program = (
        "import sys, json; sys.path.insert(0, 'Testing')\n"
        "import slicerhost; slicerhost.start_scene()\n"
        "before = set(sys.modules)\n"
        "import PerfusionTool; PerfusionTool.PerfusionToolLogic().getParameterNode()\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in set(sys.modules) - before})))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=MODULE)
    assert run.returncode == 0, run.stderr
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    assert "PerfusionToolLib" in loaded
    assert not loaded & {"scipy", "SimpleITK", "skimage", "matplotlib", "nibabel"}


def test_a_saved_arterial_input_names_times_and_values(logic, tmp_path):
    logic.process(logic.loadSampleData("CT", **SMALL), motion_correction=False)
    logic.saveArterialInput(tmp_path / "aif.csv")
    times, curve = read_curve(tmp_path / "aif.csv")
    np.testing.assert_array_equal(times, logic.study.analysis.series.times)
    np.testing.assert_allclose(curve, logic.study.analysis.arterial_input.curve)


@pytest.fixture
def loaded_once():
    """Other tests go on with the library that they have loaded."""
    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "PerfusionToolLib"}
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "PerfusionToolLib"]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_reloading_the_module_reloads_its_library_and_keeps_the_results(application, loaded_once):
    import slicer
    import slicerhost

    slicerhost.load_module(MODULE / "PerfusionTool.py")
    slicer.modules.perfusiontool.widgetRepresentation()
    former = slicer.modules.PerfusionToolWidget
    former.logic.process(former.logic.loadSampleData("CT", **SMALL), motion_correction=False)
    cbf, library = former.logic.mapVolume("CBF"), sys.modules["PerfusionToolLib.scene.study"]
    in_memory = weakref.ref(former.logic.study.analysis)
    former.onReload()
    reloaded = slicer.modules.PerfusionToolWidget
    assert reloaded is not former
    assert sys.modules["PerfusionToolLib.scene.study"] is not library
    assert type(reloaded.logic.study) is not type(former.logic.study)
    gc.collect()
    assert in_memory() is None
    assert reloaded.logic.mapVolume("CBF") is cbf
    assert reloaded.logic.study.state("maps").kind == "done"
    reloaded.logic.process(reloaded.logic.getParameterNode().scan, method="oSVD")
    assert reloaded.logic.mapVolume("CBF") is cbf


def test_after_a_reload_the_open_module_is_in_its_layout(application, loaded_once):
    import slicer
    import slicerhost
    from PerfusionToolLib.scene.views import LAYOUT

    slicerhost.load_module(MODULE / "PerfusionTool.py")
    parent = slicer.modules.perfusiontool.widgetRepresentation()
    application.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    slicer.modules.PerfusionToolWidget.onReload()
    assert application.layoutManager().layout != LAYOUT
    parent.enter()
    slicer.modules.PerfusionToolWidget.onReload()
    assert application.layoutManager().layout == LAYOUT
    parent.exit()
    assert application.layoutManager().layout != LAYOUT


def test_maps_of_an_opened_scene_are_transparent_without_the_module(application, logic, tmp_path):
    import slicer
    import slicerhost
    from vtk.util.numpy_support import vtk_to_numpy

    slicerhost.load_module(MODULE / "PerfusionTool.py")
    application.startupCompleted()
    logic.process(logic.loadSampleData("CT", **SMALL), motion_correction=False)
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    slicer.mrmlScene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    volume = logic.mapVolume("CBF")
    display = volume.GetDisplayNode().GetImageDataConnection().GetProducer()
    display.Update()
    drawn = vtk_to_numpy(display.GetOutputDataObject(0).GetPointData().GetScalars())
    np.testing.assert_array_equal(drawn[:, 3] > 0, slicer.util.arrayFromVolume(volume).ravel() != 0)


def test_the_layout_is_known_once_the_application_has_started(application):
    import slicer
    import slicerhost
    from PerfusionToolLib.scene.views import LAYOUT

    slicerhost.load_module(MODULE / "PerfusionTool.py")
    application.startupCompleted()
    assert slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode").IsLayoutDescription(LAYOUT)


def test_the_module_offers_its_sample_heads_once_the_application_has_started(application):
    import SampleData
    import slicerhost

    slicerhost.load_module(MODULE / "PerfusionTool.py")
    application.startupCompleted()
    offered = SampleData.SampleDataLogic.sampleDataSourcesByCategory("Perfusion")
    assert [source.sampleName for source in offered] == ["CT perfusion head", "DSC-MRI head"]
