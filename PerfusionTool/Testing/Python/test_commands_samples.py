"""The command line: samples, demo, accuracy and benchmark."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scan_on_disk
from PerfusionToolLib import files
from PerfusionToolLib.commands import benchmark, demo, main
from PerfusionToolLib.perfusion import PerfusionError, Settings, analyze
from PerfusionToolLib.studies import accuracy as figures
from PerfusionToolLib.studies.accuracy import AT_REST, BOUNDS, CASES, Accuracy, accuracy, lost_by_motion, missed_bounds
from PerfusionToolLib.studies.sample import compare_with_truth, scanned_head, truth_folder, write_sample
from scan_on_disk import FRAMES, SIZE, contents, full_disk, volume

head = scan_on_disk.head
scan = scan_on_disk.scan
results = scan_on_disk.results


@pytest.mark.parametrize("modality", ["ct", "mr"])
def test_sample_is_a_scan_with_its_truth(modality, tmp_path, capsys):
    path = tmp_path / "head.nii.gz"
    assert main(["sample", modality, str(path), "--shape", "40,40,6", "--frames", "12", "--seed", "3"]) == 0
    series = files.read_series(path, modality.upper())
    assert series.signal.shape == (12, 6, 40, 40)
    assert series.signal.dtype == np.int16
    flow = volume(truth_folder(path) / "CBF.nii.gz")
    assert flow.shape == (40, 40, 6)
    assert flow.max() > 30
    assert str(truth_folder(path)) in capsys.readouterr().out


def test_a_sample_is_written_whole_or_not_at_all(head, tmp_path, monkeypatch):
    path = tmp_path / "samples" / "head.nii.gz"
    write_curve = files.write_curve
    monkeypatch.setattr(files, "write_curve", full_disk)
    with pytest.raises(PerfusionError, match="No space left"):
        write_sample(head, path)
    assert contents(tmp_path) == set()
    monkeypatch.setattr(files, "write_curve", write_curve)
    (tmp_path / "samples" / "head_truth" / "venous_output.csv").mkdir(parents=True)
    with pytest.raises(PerfusionError, match="is a folder"):
        write_sample(head, path)
    assert contents(path.parent) == {"head_truth", "head_truth/venous_output.csv"}


def test_comparison_with_truth_is_exact_for_the_truth_itself(head):
    class Perfect:
        maps = head.truth
        brain_mask = head.labels["brain"]

    for regions in compare_with_truth(Perfect, head).values():
        assert all(found == true for found, true in regions.values())


def test_demo_ends_with_a_table_of_truth_and_the_place_of_the_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "SIZE", SIZE)
    monkeypatch.setattr(demo, "FRAMES", FRAMES)
    assert main(["demo", "-o", str(tmp_path / "demo"), "--motion", "0"]) == 0
    text = capsys.readouterr().out
    assert "found / true" in text
    assert "deconvolution" in text
    picture = tmp_path / "demo" / "results" / "overview.png"
    assert str(picture) in text
    assert picture.exists()


def small_head(case, seed, **options):
    return scanned_head(case[:2], (64, 64, 10), FRAMES, noise=1.0 if case[:2] == "CT" else 0.01, seed=seed, **options)


def test_accuracy_ends_with_a_line_for_every_missed_bound_and_with_1(monkeypatch, capsys):
    monkeypatch.setattr(figures, "head_of", small_head)
    bounds = {"dice": (0.0, 1.0), "aif_peak": (7, 9)}, {"CBF": (-1.0, -0.5)}
    monkeypatch.setattr(figures, "BOUNDS", {"CT 2 HU": bounds})
    assert main(["accuracy", "--seeds", "1", "--cases", "2 HU", "--true"]) == 1
    captured = capsys.readouterr()
    missed = [line.split(", ") for line in captured.out.splitlines() if line.startswith("missed: ")]
    assert missed[0][:3] == ["missed: CT 2 HU", "seed 0", "aif_peak"]
    assert missed[1][:3] == ["missed: CT 2 HU", "mean", "CBF"]
    assert missed[1][4] == "-1 to -0.5"
    assert "CBF r by truth" in captured.out
    assert "bounds missed" in captured.err


def test_accuracy_ends_with_0_where_every_bound_is_met(monkeypatch, capsys):
    monkeypatch.setattr(figures, "head_of", small_head)
    monkeypatch.setattr(figures, "BOUNDS", {"CT 2 HU": ({"dice": (0.0, 1.0)}, {"CBF": (-1.0, 1.0)})})
    assert main(["accuracy", "--seeds", "1", "--cases", "2 HU"]) == 0
    assert "missed" not in capsys.readouterr().out


def test_positions_are_compared_frame_by_frame_also_without_the_first_and_the_corrupted():
    head = small_head("CT", 0, motion=3.0)
    whole = accuracy(analyze(head.series), head)
    head.series.signal[25] = 0
    found = accuracy(analyze(head.series, Settings(frames_to_drop=2)), head)
    assert 0 < found.motion_mm <= found.worst_mm
    assert found.motion_mm == pytest.approx(whole.motion_mm, abs=0.1)
    assert found.worst_mm < 1.0


def found_with(**figures):
    good = {"dice": 0.98, "outside_ml": 0.0, "arterial": 1.0, "aif_correlation": 1.0, "aif_peak": 0, "aif_area": 1.0}
    good |= {"aif_scaled_area": 1.0, "motion_mm": 0.1, "worst_mm": 0.2, "cbv_ratio": 1.0, "flow": (10, 16, 30)}
    return Accuracy(**good | {"correlation": dict.fromkeys(("CBF", "CBV", "Tmax", "MTT"), 0.95)} | figures)


def test_bounds_of_heads_hold_for_each_and_others_for_the_mean():
    assert missed_bounds("CT 5 HU", [found_with(motion_mm=0.7), found_with(motion_mm=0.05)]) == []
    missed = missed_bounds("CT 5 HU", [found_with(), found_with(dice=0.9, flow=(16, 10, 30)), found_with(motion_mm=2)])
    assert [(bound.seed, bound.figure) for bound in missed] == [(1, "dice"), (1, "core flow"), (None, "motion_mm")]


def test_a_moving_head_is_compared_with_the_same_case_at_rest():
    worse = found_with(correlation={"CBF": 0.92, "CBV": 0.90, "Tmax": 0.95, "MTT": 0.95})
    missed = lost_by_motion("MR, motion 3 mm", [worse], [found_with()])
    assert [bound.figure for bound in missed] == ["CBV"]


def test_every_case_has_bounds():
    assert set(BOUNDS) == set(CASES)
    assert set(AT_REST.items()) <= {(case, rest) for case in CASES for rest in CASES}


def test_benchmark_shows_every_stage(capsys):
    assert (
        main(["benchmark", "--shape", "72,72,10", "--frames", "32", "--no-motion", "--no-growth", "--only", "scan"])
        == 0
    )
    text = capsys.readouterr().out
    for stage in ("reading", "brain", "deconvolution", "writing", "new arterial input"):
        assert f"\n{stage} " in text


def test_benchmark_shows_the_growth_with_voxels_and_frames(monkeypatch, capsys):
    def measured(options, shape, frames):
        return [["reading", 99.0, 10**6], ["maps", np.prod(shape) * frames / 1e6, 7 * 10**6]]

    monkeypatch.setattr(benchmark, "_measured", measured)
    assert main(["benchmark", "--shape", "100,100,10", "--frames", "40", "--only", "scan"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["100×100×10", "40", "4.00", "7"] in rows
    assert ["50×50×10", "40", "1.00", "7"] in rows
    assert ["100×100×10", "20", "2.00", "7"] in rows


def test_benchmark_shows_how_much_faster_two_processes_are(monkeypatch, capsys):
    from PerfusionToolLib.studies.dataset import throughput

    monkeypatch.setattr(throughput, "_seconds", lambda root, output, workers: 10.0 / workers)
    monkeypatch.setattr(benchmark, "_run", lambda module, *words: json.dumps(throughput.measure(1, (16, 16, 3), 12)))
    assert main(["benchmark", "--only", "dataset", "--heads", "1"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["2", "5.0", "2.00"] in rows
