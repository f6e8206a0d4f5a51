"""A study of a small scan in the scene, for tests of what becomes of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

pytest.importorskip("slicer")

from PerfusionToolLib.perfusion import drain
from PerfusionToolLib.perfusion.phantom import sample_head

SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}


def add_scan(name="Scan", modality="CT", **options):
    from PerfusionToolLib.scene.scans.importing import sequence_from_series

    return sequence_from_series(small_series(modality, **options), name)


@cache
def small_series(modality, **options):
    return sample_head(modality, integer=True, **SMALL, **options).series


@pytest.fixture
def study(scene):
    """A study of a small scan that nobody has computed yet."""
    from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode
    from PerfusionToolLib.scene.study import SceneStudy

    parameters = PerfusionToolParameterNode(scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
    parameters.motion_correction = False
    study = SceneStudy(parameters)
    parameters.scan = add_scan()
    return study


@pytest.fixture
def finished(study):
    drain(study.steps())
    return study


def nodes_of(scene):
    return [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]


def results(study):
    from PerfusionToolLib.scene.parameters import RESULTS

    return {name: node for name in RESULTS if (node := getattr(study.parameters, name)) is not None}


def values(study, name="mapCBF"):
    import slicer

    return slicer.util.arrayFromVolume(getattr(study.parameters, name)).copy()


def table_values(study, name="curvesTable", column="AIF"):
    import slicer

    return np.array(slicer.util.arrayFromTableColumn(getattr(study.parameters, name), column))


def segment(study, name):
    from PerfusionToolLib.scene.segments import segment_mask

    return segment_mask(study.parameters.segmentation, name, study.analysis.grid)


def other_artery(study):
    return next(c for c in study.analysis.arterial_input.candidates[1:] if c.accepted)


def advance_to(steps, stage):
    for progress in steps:
        if progress.stage == stage:
            return progress
    raise AssertionError(f"{stage} was not reached")


def edited_brain(study):
    """The published brain without its upper half, painted as a person would."""
    from PerfusionToolLib.scene.segments import put_segment

    mask = study.analysis.brain_mask.copy()
    mask[mask.shape[0] // 2 :] = False
    scene = study.parameters.parameterNode.GetScene()
    put_segment(study.parameters.segmentation, "brain", mask, study.analysis.grid, "", scene)
    return mask
