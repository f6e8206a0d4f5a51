"""Full-size sample heads reach the accuracy that is asked for, by default settings."""

import pytest
from PerfusionToolLib.perfusion import analyze
from PerfusionToolLib.studies.accuracy import accuracy, head_of

LEAST = {
    "CT 5 HU": {"CBF": 0.86, "CBV": 0.81, "Tmax": 0.78, "MTT": 0.43},
    "MR": {"CBF": 0.90, "CBV": 0.81, "Tmax": 0.95, "MTT": 0.43},
    "CT, motion 3 mm": {"CBF": 0.82, "CBV": 0.65, "Tmax": 0.78, "MTT": 0.43},
}


@pytest.mark.parametrize("case", LEAST)
def test_a_full_size_head_is_analysed_as_well_as_it_must_be(case):
    head = head_of(case, 0)
    found = accuracy(analyze(head.series), head)
    assert found.dice >= 0.96
    assert found.outside_ml <= 10
    assert found.arterial >= 0.9
    assert found.aif_correlation >= 0.98
    assert abs(found.aif_peak) <= 1
    assert 0.85 <= found.aif_scaled_area <= 1.1
    assert found.motion_mm <= 0.4
    for name, least in LEAST[case].items():
        assert found.correlation[name] >= least, name
    assert abs(found.cbv_ratio - 1) <= 0.15
    core, penumbra, other = found.flow
    assert core < penumbra < other


def test_a_still_head_is_not_moved():
    head = head_of("CT 5 HU", 1)
    study = analyze(head.series)
    assert study.motion.displacement.max() <= 0.02
