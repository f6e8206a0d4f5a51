"""Full-size sample heads reach the accuracy that is asked for, by default settings."""

import pytest
from PerfusionToolLib.perfusion import analyze
from PerfusionToolLib.studies.accuracy import accuracy, head_of, missed_bounds

MOVING_HEAD = {"CBF": 0.82, "CBV": 0.65, "Tmax": 0.78, "MTT": 0.43}


def measured(case):
    head = head_of(case, 0)
    return accuracy(analyze(head.series), head)


@pytest.mark.parametrize("case", ["CT 5 HU", "MR"])
def test_a_full_size_head_is_analysed_as_well_as_it_must_be(case):
    assert missed_bounds(case, [measured(case)]) == []


def test_a_moving_head_stays_as_good_as_it_is():
    found = measured("CT, motion 3 mm")
    assert missed_bounds("CT, motion 3 mm", [found]) == []
    for name, least in MOVING_HEAD.items():
        assert found.correlation[name] >= least, name


def test_a_still_head_is_not_moved():
    head = head_of("CT 5 HU", 1)
    study = analyze(head.series)
    assert study.motion.displacement.max() <= 0.02
