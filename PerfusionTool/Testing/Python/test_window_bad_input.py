"""Scans that cannot be analysed: a sentence where a person looks, the scene as it was, no dialog, no stack trace."""

from __future__ import annotations

import logging

import module_window
import numpy as np
import pytest
from module_window import MAPS, add_scan, head, maps, nodes_in_scene

open_window, window = module_window.open_window, module_window.window
reopened = module_window.reopened


@pytest.fixture(autouse=True)
def no_trace(caplog):
    """The application shows logged errors in its window of errors."""
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def put_sequence(volumes, name="Bad"):
    """A sequence as other modules make them, without a browser."""
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    node.SetIndexName("time")
    node.SetIndexUnit("s")
    for frame, volume in enumerate(volumes):
        node.SetDataNodeAtValue(volume, str(1.5 * frame))
    return node


def volume_of(array, shift=0.0):
    import slicer

    volume = slicer.vtkMRMLScalarVolumeNode() if array.ndim == 3 else slicer.vtkMRMLVectorVolumeNode()
    slicer.util.updateVolumeFromArray(volume, array)
    volume.SetSpacing(3.0, 3.0, 8.0)
    volume.SetOrigin(shift, 0.0, 0.0)
    return volume


def vectors():
    return put_sequence(volume_of(np.zeros((4, 8, 8, 3), np.float32)) for _ in range(12))


def changing_place():
    return put_sequence(volume_of(frame, shift=number) for number, frame in enumerate(head("CT").signal[:12]))


def changing_size():
    frames = head("CT").signal[:12]
    return put_sequence(volume_of(frame[: 6 - (number == 7)]) for number, frame in enumerate(frames))


def one_frame():
    return put_sequence([volume_of(head("CT").signal[0])])


def no_frame():
    return put_sequence([])


def without_voxels():
    import slicer

    return put_sequence([slicer.vtkMRMLScalarVolumeNode() for _ in range(12)])


def bent():
    """A scan whose volume in the scene stands under a transform that is not linear."""
    import slicer
    from PerfusionToolLib.scene.nodes import proxy_volume

    node = add_scan(name="Bad")
    grid = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    proxy_volume(node).SetAndObserveTransformNodeID(grid.GetID())
    return node


def without_times():
    from PerfusionToolLib.scene.nodes import proxy_volume

    node = put_sequence(volume_of(frame) for frame in head("CT").signal[:12])
    node.SetIndexName("frame")
    node.SetIndexUnit("")
    for frame in range(12):
        node.UpdateIndexValue(str(1.5 * frame), str(100 + frame))
    for frame in range(12):
        node.UpdateIndexValue(str(100 + frame), str(frame))
    proxy_volume(node)  # otherwise it is made when the scan is shown
    return node


def without_echo_time():
    from PerfusionToolLib.scene.scans.modality import ECHO_TIME

    node = add_scan("MR", "Bad")
    node.RemoveAttribute(ECHO_TIME)
    return node


BAD = {
    "vectors": (vectors, "sequence of VectorVolume nodes"),
    "frames that lie elsewhere": (changing_place, "Frame 1 of Bad lies"),
    "frames of another size": (changing_size, "differ in size"),
    "one frame": (one_frame, "has one frame"),
    "no frame": (no_frame, "no frames"),
    "frames without voxels": (without_voxels, "voxels"),
    "a bent scan": (bent, "transform"),
    "no times": (without_times, "frame times"),
    "MR without echo time": (without_echo_time, "echo time"),
}


@pytest.mark.parametrize(("make", "word"), BAD.values(), ids=BAD.keys())
def test_a_scan_that_cannot_be_analysed_is_refused_with_a_sentence(window, make, word):
    from slicerhost.mouse import choose, click

    bad, before = make(), nodes_in_scene()
    window.settle()
    choose(window.ui.scanSelector, "Bad")
    window.settle()
    assert window.parameters.scan is bad
    sentence = window.ui.scanState.text
    assert sentence.startswith("! ") and word in sentence and sentence.count(". ") == 0
    assert window.sees(window.ui.scanState, word)
    assert window.ui.computeButton.toolTip == sentence.removeprefix("! ")
    with pytest.raises(RuntimeError, match="disabled"):
        click(window.ui.computeButton)
    window.click_button("arterial_input", "automatic_button")
    assert window.sees(window.ui.messageLabel, sentence.removeprefix("! "))
    assert nodes_in_scene() == before
    assert not any(getattr(window.parameters, name) for name in MAPS)
    good = add_scan(name="Good")
    window.settle()
    choose(window.ui.scanSelector, "Good")
    window.settle()
    assert window.parameters.scan is good and window.ui.scanState.text.startswith("✓")
    assert window.ui.computeButton.enabled


@pytest.mark.parametrize(("make", "word"), [BAD["vectors"], BAD["no times"]], ids=["vectors", "no times"])
def test_a_bad_scan_beside_a_finished_study_leaves_its_results(reopened, make, word):
    from slicerhost.mouse import choose

    name, before = reopened.parameters.scan.GetName(), maps(reopened)
    make()
    reopened.settle()
    nodes = nodes_in_scene()
    choose(reopened.ui.scanSelector, "Bad")
    reopened.settle()
    assert reopened.sees(reopened.ui.scanState, word)
    assert nodes_in_scene() == nodes
    choose(reopened.ui.scanSelector, name)
    reopened.settle()
    assert reopened.ui.mapsState.text.startswith("✓")
    module_window.assert_same(maps(reopened), before)


def type_times(window, text):
    """Type frame times and press Enter."""
    from PySide6 import QtCore, QtTest
    from slicerhost.pythonqt import unwrap

    window.open_only("scan")
    edit = unwrap(window.section("scan").times_edit)
    edit.clear()
    QtTest.QTest.keyClicks(edit, text)
    QtTest.QTest.keyClick(edit, QtCore.Qt.Key.Key_Return)
    window.settle()


def test_typed_times_of_a_wrong_count_are_refused_and_right_ones_help(window):
    without_times()
    window.settle()
    before = nodes_in_scene()
    type_times(window, "0 1.5 3")
    assert window.sees(window.ui.scanState, "3 frame times")
    assert window.sees(window.ui.messageLabel, "3 frame times")
    assert window.parameters.frameTimes == "" and not window.ui.computeButton.enabled
    type_times(window, "soon")
    assert window.sees(window.ui.scanState, "soon") and not window.ui.computeButton.enabled
    type_times(window, "1.5")
    assert window.ui.scanState.text.startswith("✓") and window.ui.messageLabel.text == ""
    assert window.ui.computeButton.enabled
    assert nodes_in_scene() == before


def test_a_typed_echo_time_helps(window):
    from slicerhost.mouse import click

    without_echo_time()
    window.settle()
    window.open_only("scan")
    scan = window.section("scan")
    click(scan.echo_automatic)
    scan.echo_spin.value = 30.0
    window.settle()
    window.compute()
    assert window.ui.mapsState.text.startswith("✓")
    assert window.study.analysis.series.echo_time == pytest.approx(0.03)


def test_an_empty_scene_says_what_to_do(window):
    from slicerhost.mouse import click

    window.settle()
    assert window.sees(window.ui.scanState, "Choose a 4D scan")
    with pytest.raises(RuntimeError, match="disabled"):
        click(window.ui.computeButton)
    assert "4D scan" in window.ui.computeButton.toolTip
    assert window.ui.messageLabel.text == ""


def test_a_run_that_fails_half_way_says_so_and_makes_no_map(window):
    add_scan()
    window.settle()
    window.parameters.arrival_frame = 4000
    window.compute()
    assert window.sees(window.ui.messageLabel, "arrival frame 4000")
    assert "arrival frame 4000" in window.ui.bolusState.text and not window.ui.bolusSection.collapsed
    assert not any(getattr(window.parameters, name) for name in MAPS)
    window.parameters.arrival_frame = None
    window.compute()
    assert window.ui.messageLabel.text == "" and window.ui.mapsState.text.startswith("✓")
