"""The command line: how it ends badly, and what is left then."""

from __future__ import annotations

import errno
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import scan_on_disk
from PerfusionToolLib import files
from PerfusionToolLib.commands import main
from PerfusionToolLib.perfusion import PerfusionError
from PerfusionToolLib.studies.output_folder import results_folder
from PerfusionToolLib.studies.request import Request
from PerfusionToolLib.studies.single import analyze_scan_steps
from scan_on_disk import MODULE, contents, full_disk

head = scan_on_disk.head
scan = scan_on_disk.scan
results = scan_on_disk.results


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
