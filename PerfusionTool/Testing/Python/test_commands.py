"""The command line: what it takes, what it writes, and how it ends."""

from __future__ import annotations

import argparse
import errno
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PerfusionToolLib import files
from PerfusionToolLib.commands import benchmark, demo, main
from PerfusionToolLib.commands.messages import table
from PerfusionToolLib.commands.options import add_settings, chosen_settings, voxels
from PerfusionToolLib.perfusion import Analysis, PerfusionError, Settings, analyze
from PerfusionToolLib.perfusion.progress import drain
from PerfusionToolLib.studies import accuracy as figures
from PerfusionToolLib.studies.accuracy import (
    AT_REST,
    BOUNDS,
    CASES,
    Accuracy,
    accuracy,
    lost_by_motion,
    missed_bounds,
)
from PerfusionToolLib.studies.output_folder import results_folder
from PerfusionToolLib.studies.record import record_of
from PerfusionToolLib.studies.request import Request, request_again
from PerfusionToolLib.studies.sample import compare_with_truth, scanned_head, truth_folder, write_sample
from PerfusionToolLib.studies.single import analyze_scan_steps

MODULE = Path(__file__).parents[2]
SIZE, FRAMES = (80, 80, 12), 32
MAPS = {"CBF", "CBV", "MTT", "Tmax", "TTP", "TTP_from_arrival"}
WRITTEN = {f"{name}.nii.gz" for name in MAPS | {"brain_mask", "vessels", "csf", "arterial_input", "venous_output"}}


@pytest.fixture(scope="module")
def head():
    return scanned_head("CT", SIZE, FRAMES, noise=1.0)


@pytest.fixture(scope="module")
def scan(head, tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "head.nii.gz"
    write_sample(head, path)
    return path


@pytest.fixture(scope="module")
def results(scan):
    folder = scan.parent / "results"
    save = "corrected,concentration,residue"
    assert main(["analyze", str(scan), "--modality", "CT", "-o", str(folder), "--save", save]) == 0
    return folder


def parsed(*words):
    parser = argparse.ArgumentParser()
    parser.set_defaults(parser=parser)
    add_settings(parser)
    return parser.parse_args(words)


def contents(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def volume(path):
    return np.asarray(nibabel.load(path).dataobj)


# -- options


def test_every_setting_is_an_option_with_its_text(capsys):
    with pytest.raises(SystemExit):
        main(["analyze", "--help"])
    text = "".join(capsys.readouterr().out.split())
    for setting in fields(Settings):
        assert f"--{setting.name.replace('_', '-')}" in text
        assert "".join(setting.metadata["text"].split()) in text


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_a_default_that_help_shows_reads_back_to_the_default(setting, capsys):
    with pytest.raises(SystemExit):
        main(["analyze", "--help"])
    flag = f"--{setting.name.replace('_', '-')}"
    text = " ".join(capsys.readouterr().out.split())
    shown = re.match(rf".*{flag}[ ,].*?default: (.+?)[;)]", text).group(1)
    switches = {"on": [flag], "off": [f"--no-{flag[2:]}"]}
    words = switches[shown] if isinstance(setting.default, bool) else [flag, shown]
    assert getattr(parsed(*words), setting.name) == setting.default


def test_without_options_the_settings_stay():
    start = Settings(method="oSVD", smoothing_mm=4.0)
    assert chosen_settings(parsed(), start) == start


def test_options_change_what_they_name_only():
    words = ("--method", "Tikhonov", "--no-motion-correction", "--frames-to-drop", "2", "--hide-csf")
    assert chosen_settings(parsed(*words), Settings()) == Settings(
        method="Tikhonov", motion_correction=False, frames_to_drop=2, hide_csf=True
    )


def test_auto_empties_a_setting_of_an_earlier_analysis():
    assert chosen_settings(parsed("--frames-to-drop", "auto"), Settings(frames_to_drop=3)).frames_to_drop is None


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["analyse"],
        ["analyze", "scan.nii.gz", "-o", "out"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "PET"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--smoothing-mm", "500"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--method", "magic"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--save", "everything"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--frame-interval", "1", "--times", "t.csv"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--arterial-input", "32,32"],
        ["sample", "ct", "out.nii.gz", "--shape", "10,10"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error:" in captured.err


def test_voxels_are_three_whole_numbers():
    assert voxels("10,20,3") == (10, 20, 3)
    with pytest.raises(argparse.ArgumentTypeError, match="1,2"):
        voxels("1,2")


@pytest.mark.parametrize("word", ["32,32", "1,2,3,4", "1.5,2,3", "1,,3", "32"])
def test_numbers_that_are_no_voxel_are_wrong_usage(word, capsys):
    with pytest.raises(SystemExit) as end:
        main(["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--arterial-input", word])
    assert end.value.code == 2
    assert f"'{word}' is no voxel; give i,j,k" in capsys.readouterr().err


def test_tables_have_columns_of_one_width():
    lines = table(["stage", "seconds"], [["a", "1.25"], ["longer", "10.00"]]).splitlines()
    assert {len(line) for line in lines} == {len("longer  seconds")}


# -- what an analysis writes


def test_maps_and_masks_lie_on_the_scan(results, scan):
    assert {path.name for path in results.iterdir()} >= WRITTEN
    original = nibabel.load(scan)
    for name in WRITTEN:
        image = nibabel.load(results / name)
        assert image.shape == SIZE
        assert np.allclose(image.affine, original.affine, atol=1e-4)


def test_maps_tell_the_lesion_from_healthy_tissue(results, head):
    flow = volume(results / "CBF.nii.gz").T
    tissue = head.labels["tissue"]
    core, penumbra = (np.nanmedian(flow[tissue & head.labels[name]]) for name in ("core", "penumbra"))
    normal = np.nanmedian(flow[tissue & ~head.labels["core"] & ~head.labels["penumbra"]])
    assert core < penumbra < normal


def test_record_names_every_file_and_what_it_was_made_from(results, scan):
    record = files.read_json(results / "settings.json")
    assert sorted(record["files"]) == sorted(path.name for path in results.iterdir())
    assert record["scan"]["sha256"] == files.checksum(scan)
    assert np.array_equal(record["scan"]["times"], files.read_scan(scan, "CT").series.times)
    assert Settings.from_dict(record["settings"]) == Settings()
    found = record["results"]
    mask = volume(results / "arterial_input.nii.gz")
    assert {tuple(voxel) for voxel in found["arterial_input"]["voxels"]} == set(map(tuple, np.argwhere(mask)))
    assert len(found["arterial_input"]["curve"]) == len(found["times"])
    assert all(candidate["reason"] for candidate in found["arterial_input"]["candidates"])
    bolus = found["bolus"]
    assert bolus["arrival_time_of_scan"] == record["scan"]["times"][bolus["arrival_frame"]]
    assert bolus["arrival_time"] == bolus["arrival_time_of_scan"] - record["scan"]["times"][0]
    assert found["brain_volume_ml"] == pytest.approx(
        volume(results / "brain_mask.nii.gz").sum() * np.prod([2.5, 2.5, 115 / 12]) / 1000
    )


def test_series_are_written_on_request_with_their_times(results, scan):
    times = files.read_scan(scan, "CT").series.times
    for name in ("corrected", "concentration"):
        assert np.array_equal(files.read_scan(results / f"{name}.nii.gz", "CT").series.times, times)
    brain = volume(results / "brain_mask.nii.gz") > 0
    residue = volume(results / "residue.nii.gz")
    assert np.all(residue[~brain] == 0)
    peak = np.nanmax(residue[brain], axis=-1)
    assert np.nanmedian(peak * 6000 * 0.73 / 1.05) == pytest.approx(
        np.nanmedian(volume(results / "CBF.nii.gz")[brain]), rel=0.1
    )


def test_overview_is_a_picture_with_colours(results):
    from matplotlib.image import imread

    picture = imread(results / "overview.png")
    assert min(picture.shape[:2]) > 600
    assert (np.ptp(picture[..., :3], axis=-1) > 0.5).mean() > 0.05


def test_saved_settings_give_the_same_maps_bit_for_bit(results, scan, tmp_path):
    words = ["analyze", str(scan), "--modality", "CT", "-o"]
    options = ["--method", "Tikhonov", "--smoothing-mm", "3", "--frame-interval", "1.9"]
    assert main([*words, str(tmp_path / "first"), *options]) == 0
    record = str(tmp_path / "first" / "settings.json")
    assert main(["analyze", str(scan), "--settings", record, "-o", str(tmp_path / "second")]) == 0
    for name in MAPS:
        first, second = (volume(tmp_path / run / f"{name}.nii.gz") for run in ("first", "second"))
        assert np.array_equal(first, second, equal_nan=True)
    assert not np.array_equal(first, volume(results / f"{name}.nii.gz"), equal_nan=True)
    first, second = (files.read_json(tmp_path / run / "settings.json")["scan"] for run in ("first", "second"))
    assert first == second
    assert first["time_source"] == "given interval 1.9 s"


def test_a_record_gives_times_and_echo_time_with_their_sources(tmp_path):
    scan, record = tmp_path / "scan", tmp_path / "settings.json"
    scan.write_bytes(b"voxels")
    known = {"modality": "MR", "times": [0.0, 1.5], "time_source": "header", "echo_time": 0.03}
    sources = {"sha256": files.checksum(scan), "echo_time_source": "scan.json"}
    files.write_json(record, {"scan": known | sources, "inputs": {"brain_mask": None, "arterial_input": None}})
    again = request_again(Request(scan=scan, record=record))
    assert (again.modality, again.times, again.time_source) == ("MR", (0.0, 1.5), "header")
    assert (again.echo_time, again.echo_time_source) == (0.03, "scan.json")
    other = request_again(Request(scan=scan, record=record, frame_interval=2.0, echo_time=0.05))
    assert (other.times, other.time_source, other.echo_time, other.echo_time_source) == (None, None, 0.05, None)


def test_a_scan_is_not_read_for_its_checksum_where_no_record_asks_for_it(tmp_path):
    request = Request(scan=tmp_path / "nowhere.nii.gz")
    assert request_again(request) is request


def test_times_of_a_record_are_not_forced_on_another_scan(results, tmp_path):
    other = tmp_path / "other.nii.gz"
    write_sample(scanned_head("CT", SIZE, 24, noise=1.0, seed=1), other)
    record = str(results / "settings.json")
    words = ["analyze", str(other), "--modality", "CT", "--settings", record, "-o", str(tmp_path / "out"), "--quiet"]
    assert main(words) == 0
    assert len(files.read_json(tmp_path / "out" / "settings.json")["scan"]["times"]) == 24


def test_json_is_all_there_is_on_standard_output(scan, tmp_path, capsys):
    assert main(["analyze", str(scan), "--modality", "CT", "-o", str(tmp_path / "out"), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert set(summary["maps"]) == {name.replace("_", " ") for name in MAPS}
    assert summary["maps"]["CBF"]["unit"] == "ml/100g/min"
    assert 5 < summary["maps"]["CBF"]["median"] < 100


def test_arterial_input_from_voxel_mask_and_curve(results, scan, tmp_path):
    found = files.read_json(results / "settings.json")["results"]["arterial_input"]
    curve = tmp_path / "curve.csv"
    files.write_curve(curve, files.read_scan(scan, "CT").series.times, np.array(found["curve"]))
    voxel = ",".join(map(str, found["voxels"][0]))
    for source, given in {"seed": voxel, "mask": results / "arterial_input.nii.gz", "curve": curve}.items():
        out = tmp_path / source
        words = ["--modality", "CT", "-o", str(out), "--arterial-input", str(given)]
        assert main(["analyze", str(scan), *words]) == 0
        record = files.read_json(out / "settings.json")
        assert record["results"]["arterial_input"]["source"] == source
    assert np.allclose(volume(out / "CBF.nii.gz"), volume(results / "CBF.nii.gz"), equal_nan=True)


def same_maps(first, second):
    return all(np.array_equal(first.maps[name], second.maps[name], equal_nan=True) for name in first.maps)


def recorded(study, scan, folder):
    record = folder / "settings.json"
    request = Request(scan=scan, modality="CT")
    files.write_json(record, record_of(study, files.read_scan(scan, "CT"), request, []))
    return record


def repeated(record, scan, folder, **changes):
    settings = files.read_settings(record)
    return drain(analyze_scan_steps(Request(scan=scan, record=record, settings=settings, **changes), folder))


@pytest.mark.parametrize("kind", ["curve", "curve of the frames in use", "mask", "seed", "candidate"])
def test_an_arterial_input_chosen_in_python_is_repeated_from_the_record(kind, scan, tmp_path):
    dropped = 1 if "frames" in kind else None
    settings = Settings(motion_correction=False, frames_to_drop=dropped)
    study = Analysis(files.read_series(scan, "CT"), settings).run()
    places = np.argwhere(study.arterial_input.voxels)
    other = np.zeros(study.grid.shape, bool)
    other[tuple(places[::2].T)] = True
    study.set_arterial_input(
        **{
            "curve": {"curve": np.pad(1.1 * study.arterial_input.curve, (study.first, 0))},
            "curve of the frames in use": {"curve": 1.1 * study.arterial_input.curve},
            "mask": {"mask": other},
            "seed": {"seed_ras": study.grid.to_ras(places[-1])},
            "candidate": {"candidate": 1},
        }[kind]
    )
    record = recorded(study, scan, tmp_path)
    automatic = repeated(record, scan, tmp_path / "automatic", arterial_input="auto")
    assert not same_maps(automatic, study)
    again = repeated(record, scan, tmp_path / "again")
    assert again.arterial_input_choice[0] == kind.split()[0]
    assert same_maps(again, study)


def test_a_brain_mask_given_in_python_is_repeated_from_the_record(scan, tmp_path):
    settings = Settings(motion_correction=False, maximum_matrix=40)
    study = Analysis(files.read_series(scan, "CT"), settings).run()
    mask = study.brain_mask.copy()
    mask[:, : mask.shape[1] // 2, :5] = False
    mask[: mask.shape[0] // 2] = False
    study.set_brain_mask(mask)
    study.run()
    record = recorded(study, scan, tmp_path)
    again = repeated(record, scan, tmp_path / "again")
    assert np.array_equal(again.brain_mask, mask)
    assert same_maps(again, study)
    automatic = repeated(record, scan, tmp_path / "automatic", brain_mask="auto")
    assert automatic.given_brain_mask is None


def test_a_record_needs_none_of_the_files_that_were_given(results, scan, tmp_path):
    given = {}
    for name in ("brain_mask", "arterial_input"):
        given[name] = tmp_path / f"{name}.nii.gz"
        given[name].write_bytes((results / f"{name}.nii.gz").read_bytes())
    words = ["--modality", "CT", "-o", str(tmp_path / "first"), "--no-motion-correction"]
    words += ["--brain-mask", str(given["brain_mask"]), "--arterial-input", str(given["arterial_input"])]
    assert main(["analyze", str(scan), *words]) == 0
    sums = {name: files.checksum(path) for name, path in given.items()}
    for path in given.values():
        path.unlink()
    record = str(tmp_path / "first" / "settings.json")
    assert main(["analyze", str(scan), "--settings", record, "-o", str(tmp_path / "second")]) == 0
    first, second = (files.read_json(tmp_path / run / "settings.json")["inputs"] for run in ("first", "second"))
    assert first == second
    assert {name: recorded["file"]["sha256"] for name, recorded in second.items()} == sums
    automatic = ["--arterial-input", "auto", "--brain-mask", "auto", "-o", str(tmp_path / "third")]
    assert main(["analyze", str(scan), "--settings", record, *automatic]) == 0
    assert files.read_json(tmp_path / "third" / "settings.json")["inputs"] == {
        "brain_mask": None,
        "arterial_input": None,
    }


def test_a_recorded_curve_keeps_its_times_where_the_frames_get_others(scan, tmp_path):
    study = Analysis(files.read_series(scan, "CT"), Settings(motion_correction=False)).run()
    given = np.pad(study.arterial_input.curve, (study.first, 0))
    study.set_arterial_input(given)
    record = recorded(study, scan, tmp_path)
    times = study.series.times
    again = repeated(record, scan, tmp_path / "again", frame_interval=0.5 * (times[1] - times[0]))
    assert again.arterial_input_choice[1][::2] == pytest.approx(given[: (times.size + 1) // 2], rel=1e-4)


# -- how it ends badly


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.nii.gz", "--modality", "CT"], "nowhere.nii.gz does not exist"),
        ([".", "--modality", "CT"], "is a folder"),
        (["{results}/CBF.nii.gz", "--modality", "CT"], "has 3 dimensions"),
        (["{scan}", "--modality", "MR"], "echo time"),
        (["{scan}", "--modality", "CT", "--arterial-input", "999,0,0"], "from 0 to 79, 79, 11."),
        (["{scan}", "--modality", "CT", "--brain-mask", "{scan}"], "mask"),
        (["{scan}", "--modality", "CT", "--settings", "{scan}"], "not a text file"),
    ],
)
def test_data_that_cannot_be_analysed_end_with_1_and_one_sentence(words, sentence, scan, results, tmp_path, capsys):
    out = tmp_path / "out"
    capsys.readouterr()
    assert main(["analyze", *(word.format(scan=scan, results=results) for word in words), "-o", str(out)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert not out.exists()


def test_output_folder_that_cannot_be_made_is_said_before_anything_else(scan, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["analyze", str(scan), "--modality", "CT", "-o", str(tmp_path / "file" / "out")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_an_analysis_that_is_given_up_leaves_nothing(scan, tmp_path):
    out = tmp_path / "parent" / "out"
    steps = analyze_scan_steps(Request(scan=scan, modality="CT"), out)
    while next(steps).stage != "motion":
        pass
    steps.close()
    assert contents(tmp_path) == set()


def test_folders_that_were_made_stay_where_someone_else_uses_them(tmp_path):
    with pytest.raises(PerfusionError), results_folder(tmp_path / "a" / "b"):
        (tmp_path / "a" / "note").write_text("")
        full_disk()
    assert contents(tmp_path) == {"a", "a/note"}


@pytest.mark.skipif(os.name == "nt", reason="there, a process that is ended gets no word of it")
def test_termination_ends_with_143_and_leaves_nothing(scan, tmp_path):
    words = ["analyze", str(scan), "--modality", "CT", "-o", str(tmp_path / "out")]
    command = [sys.executable, "-m", "PerfusionToolLib", *words]
    process = subprocess.Popen(command, cwd=MODULE, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("out/.unfinished-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1] == "Stopped.\n"
    assert process.returncode == 143
    assert contents(tmp_path) == set()


def test_termination_is_again_the_systems_own_after_a_command(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    main(["analyze", "nowhere.nii.gz", "--modality", "CT", "-o", str(tmp_path / "out")])
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(os.name == "nt", reason="there, nothing harmless tells whether a process runs")
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = platform.node()
    kept = {f".unfinished-{os.getpid()}-{host}-a1", f".unfinished-{ended.pid}-{host}x-a1", ".unfinished-mine"}
    for name in kept | {f".unfinished-{ended.pid}-{host}-a1"}:
        (tmp_path / name).mkdir()
        (tmp_path / name / "CBF").write_text("")
    with results_folder(tmp_path):
        names = {path.name for path in tmp_path.iterdir()}
    assert kept < names
    assert len(names) == len(kept) + 1
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_a_failing_run_leaves_earlier_results_as_they_were(tmp_path):
    with results_folder(tmp_path) as unfinished:
        (unfinished / "map").write_text("old")
        (unfinished / "settings.json").write_text('{"files": ["map", "settings.json"]}')
    with pytest.raises(PerfusionError, match="nothing was kept"), results_folder(tmp_path) as unfinished:
        (unfinished / "map").write_text("new")
        raise OSError("No space left on device")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map", "settings.json"]
    assert (tmp_path / "map").read_text() == "old"


def write_results(folder, text, *names):
    with results_folder(folder) as unfinished:
        for name in names:
            (unfinished / name).write_text(text)
        files.write_json(unfinished / "settings.json", {"files": [*names, "settings.json"], "text": text})


def test_a_folder_in_the_way_of_a_result_is_said_and_nothing_is_moved(tmp_path):
    write_results(tmp_path, "old", "CBF", "residue")
    (tmp_path / "MTT").mkdir()
    before = (tmp_path / "settings.json").read_bytes()
    with pytest.raises(PerfusionError, match="MTT is a folder"):
        write_results(tmp_path, "new", "CBF", "CBV", "MTT")
    assert contents(tmp_path) == {"CBF", "MTT", "residue", "settings.json"}
    assert (tmp_path / "CBF").read_text() == "old"
    assert (tmp_path / "settings.json").read_bytes() == before


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "Permission denied"), KeyboardInterrupt()])
@pytest.mark.parametrize("moves", range(8))
def test_a_move_that_fails_half_way_brings_the_old_results_back(moves, error, tmp_path, monkeypatch):
    write_results(tmp_path, "old", "CBF", "CBV", "residue")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    replace, left = Path.replace, iter([True] * moves)

    def fail_once(source, target):
        if not next(left, False):
            monkeypatch.setattr(Path, "replace", replace)
            raise error
        return replace(source, target)

    with pytest.raises((PerfusionError, KeyboardInterrupt)), results_folder(tmp_path) as unfinished:
        for name in ("CBF", "CBV", "MTT", "settings.json"):
            (unfinished / name).write_text("new")
        monkeypatch.setattr(Path, "replace", fail_once)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_is_said_of_the_folder_that_was_given(tmp_path, monkeypatch):
    with pytest.raises(PerfusionError) as failure, results_folder(tmp_path / "d1" / "d2") as unfinished:
        monkeypatch.setattr(Path, "replace", full_disk)
        files.write_json(unfinished / "settings.json", {})
    assert str(tmp_path / "d1" / "d2" / "settings.json") in str(failure.value)
    assert "No space left" in str(failure.value)
    assert "unfinished" not in str(failure.value)
    assert contents(tmp_path) == set()


def test_results_that_a_new_run_does_not_make_are_removed_and_other_files_kept(tmp_path):
    (tmp_path / "mine.txt").write_text("")
    with results_folder(tmp_path) as unfinished:
        (unfinished / "residue").write_text("")
        (unfinished / "settings.json").write_text('{"files": ["residue", "../mine", "settings.json"]}')
    with results_folder(tmp_path) as unfinished:
        (unfinished / "settings.json").write_text('{"files": ["settings.json"]}')
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "settings.json"]


# -- samples, demo, benchmark


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
    assert "bounds are missed" in captured.err


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
    assert main(["benchmark", "--shape", "72,72,10", "--frames", "32", "--no-motion", "--no-growth"]) == 0
    text = capsys.readouterr().out
    for stage in ("reading", "brain", "deconvolution", "writing", "new arterial input"):
        assert f"\n{stage} " in text


def test_benchmark_shows_the_growth_with_voxels_and_frames(monkeypatch, capsys):
    def measured(options, shape, frames):
        return [["reading", 99.0, 10**6], ["maps", np.prod(shape) * frames / 1e6, 7 * 10**6]]

    monkeypatch.setattr(benchmark, "_measured", measured)
    assert main(["benchmark", "--shape", "100,100,10", "--frames", "40"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["100×100×10", "40", "4.00", "7"] in rows
    assert ["50×50×10", "40", "1.00", "7"] in rows
    assert ["100×100×10", "20", "2.00", "7"] in rows
