"""A multi-volume, whose class an extension brings, is worked on as a sequence is."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

pytest.importorskip("slicer")

from module_window import head
from other_classes import add_multi_volume
from PerfusionToolLib.perfusion import PerfusionError

TAGS = {"FrameIdentifyingDICOMTagName": "AcquisitionTime", "FrameIdentifyingDICOMTagUnits": "ms"}


@pytest.fixture
def node(scene):
    series = head("CT")
    labels = ",".join(str(1000 * time) for time in series.times)
    return add_multi_volume(scene, series.signal, series.ijk_to_ras, FrameLabels=labels, **TAGS)


def maps_of(scan):
    import slicer

    logic = importlib.import_module("PerfusionTool").PerfusionToolLogic()
    logic.process(scan, motion_correction=False)
    return {name: slicer.util.arrayFromVolume(logic.mapVolume(name)).copy() for name in ("CBF", "CBV", "Tmax")}


def test_its_maps_are_those_of_the_sequence(node):
    from PerfusionToolLib.scene.scans.importing import sequence_from_series

    found, expected = maps_of(node), maps_of(sequence_from_series(head("CT"), "Scan"))
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_it_is_shown_in_the_window_for_brain(node):
    from PerfusionToolLib.scene.views import CT_WINDOW, set_scan_window

    set_scan_window(node, "CT")
    display = node.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == CT_WINDOW


def test_without_times_it_is_refused(scene):
    series = head("CT")
    with pytest.raises(PerfusionError, match="frame times of Multi-volume are not known"):
        maps_of(add_multi_volume(scene, series.signal, series.ijk_to_ras))
