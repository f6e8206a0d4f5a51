"""Volumes of lesions beside the true ones: the command and its bounds."""

from dataclasses import replace

import pytest
from PerfusionToolLib.__main__ import main
from PerfusionToolLib.studies import lesion_accuracy
from PerfusionToolLib.studies.lesion_accuracy import BOUNDS, CASES, READINGS, TRUTH, LesionErrors, missed_volumes

EXACT = LesionErrors(1.0, -2.0, -1.0, {"tissue": -2.0, "mirror": 3.0})


def all_read(**errors):
    return dict.fromkeys(READINGS, EXACT) | {
        reading: replace(EXACT, **errors) for reading in READINGS if reading.method == "oSVD"
    }


def test_only_what_is_recommended_must_read_the_core_within_the_bounds():
    bounded = [reading for reading in READINGS if "core" in reading.bounded]
    assert [(reading.method, str(reading.criteria.core)) for reading in bounded] == [("oSVD", "CBF < 38 % of normal")]
    assert READINGS[0].method == TRUTH


@pytest.mark.parametrize(("case", "largest"), BOUNDS.items())
def test_a_mean_beyond_its_bound_is_missed_and_one_head_beyond_it_is_not(case, largest):
    heads = [all_read(hypoperfusion=0.0, core=0.0), all_read(hypoperfusion=1.5 * largest, core=-1.9 * largest)]
    assert missed_volumes(case, heads) == []
    (missed,) = missed_volumes(case, [all_read(hypoperfusion=0.0, core=-1.1 * largest)])
    assert (missed.case, missed.seed, missed.value) == (case, None, pytest.approx(-1.1 * largest))
    assert missed.figure.startswith("core by oSVD")


def test_without_noise_nothing_is_bounded():
    assert missed_volumes("no noise", [all_read(hypoperfusion=50.0, core=-50.0)]) == []


def test_the_command_prints_mean_and_range_and_what_is_missed(monkeypatch, capsys):
    errors = {0: all_read(hypoperfusion=5.0, core=-10.0), 1: all_read(hypoperfusion=-1.0, core=-14.0)}
    monkeypatch.setattr(lesion_accuracy, "lesion_head", lambda case, seed: seed)
    monkeypatch.setattr(lesion_accuracy, "lesion_errors", lambda head, case: errors[head])
    assert main(["accuracy", "--lesions", "--seeds", "2"]) == 1
    captured = capsys.readouterr()
    assert all(case in captured.out for case in CASES)
    assert "-12 (-14 to -10)" in captured.out
    lines = [line for line in captured.out.splitlines() if line.startswith("missed: ")]
    assert len(lines) == 1 and lines[0].startswith("missed: 2 HU, mean, core by oSVD")
    assert "1 bound missed" in captured.err
