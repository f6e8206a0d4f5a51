"""CT that was stored with a number added to its Hounsfield units is worked on as if it were not."""

from __future__ import annotations

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Analysis, PerfusionSeries, Settings, drain, sample_head
from PerfusionToolLib.perfusion.hounsfield import offset_by_values, stored_offset

SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}


@pytest.fixture(scope="module")
def head():
    return sample_head("CT", integer=True, **SMALL).series


@pytest.mark.parametrize("offset", [0, 1000, 1024])
def test_the_offset_is_read_from_the_brain(offset):
    values = np.random.default_rng(0).normal(38 + offset, 12, 500)
    assert stored_offset(values) == offset


@pytest.mark.parametrize("noise", [0, 20])
def test_a_head_with_air_at_0_is_told_from_one_with_air_below(head, noise):
    frame = head.signal[22] + np.random.default_rng(0).normal(0, noise, head.signal[22].shape)
    assert offset_by_values(np.maximum(frame + 1024, 0)) == 1024
    assert offset_by_values(np.maximum(frame + 1000, 0)) == 1000
    assert offset_by_values(frame) is None


@pytest.mark.parametrize("scale", np.linspace(0.3, 3, 10))
def test_mr_of_no_scale_has_the_soft_tissue_of_ct(scale):
    frame = sample_head("MR", **SMALL).series.signal[0]
    assert offset_by_values(scale * frame) is None


def test_values_without_air_or_without_tissue_are_none(head):
    assert offset_by_values(np.full(1000, 1060.0)) is None
    assert offset_by_values(np.zeros(1000)) is None


@pytest.mark.parametrize("bolus_curve", ["mean", "threshold"])
def test_maps_of_ct_with_an_offset_are_those_without(head, bolus_curve):
    settings = Settings(motion_correction=False, bolus_curve=bolus_curve)
    stored = np.maximum(head.signal.astype(np.int32) + 1024, 0).astype(np.uint16)
    studies = []
    for signal in (np.maximum(head.signal, -1024), stored):
        studies.append(Analysis(PerfusionSeries(signal, head.times, head.ijk_to_ras, "CT"), settings))
        drain(studies[-1].steps())
    plain, offset = studies
    assert offset.bolus.arrival == plain.bolus.arrival
    np.testing.assert_allclose(offset.bolus.curve, plain.bolus.curve, atol=0.01)
    for name in plain.maps:
        np.testing.assert_allclose(offset.maps[name], plain.maps[name], rtol=0.01, atol=0.01, err_msg=name)
