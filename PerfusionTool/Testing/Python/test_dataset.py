"""Whole datasets: analysed in processes and on a cluster, killed and taken up again, gathered in tables."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dicom_on_disk import images_of, write
from PerfusionToolLib import files
from PerfusionToolLib.commands import main
from PerfusionToolLib.perfusion import PerfusionError, Settings
from PerfusionToolLib.perfusion.progress import drain
from PerfusionToolLib.studies.dataset import analyse_dataset_steps, job, subjects_in
from PerfusionToolLib.studies.dataset.job import do_subject, record_of_subject
from PerfusionToolLib.studies.dataset.locks import locked
from PerfusionToolLib.studies.dataset.memory import needed_memory
from PerfusionToolLib.studies.dataset.schedule import Schedule
from PerfusionToolLib.studies.dataset.subject import Outcome, Subject
from PerfusionToolLib.studies.dataset.whole_folder import alone_in, clear_unfinished, whole_folder
from PerfusionToolLib.studies.request import Request
from PerfusionToolLib.studies.sample import scanned_head
from PerfusionToolLib.studies.single import analyze_scan_steps
from scan_on_disk import MODULE, contents, full_disk

SIZE, FRAMES = (32, 32, 4), 20
QUICK = Settings(motion_correction=False)
OPTIONS = ["--no-motion-correction", "--quiet"]


def write_scan(path, series):
    files.write_series(path, series.signal, series.grid, series.times, echo_time=series.echo_time)


@pytest.fixture(scope="module")
def heads():
    return {name: scanned_head(name, SIZE, FRAMES, noise=0.0) for name in ("CT", "MR")}


@pytest.fixture(scope="module")
def dataset(heads, tmp_path_factory):
    """A CT scan with everything beside it, one cut short, one of MR, a folder of DICOM and an empty one."""
    root = tmp_path_factory.mktemp("dataset") / "a <b> & c"
    head = heads["CT"]
    first = root / "sub-01" / "ses-01"
    scan = first / "sub-01_ses-01_ctp.nii.gz"
    write_scan(scan, head.series)
    files.write_curve(first / "aif.csv", head.series.times, head.arterial_input)
    files.write_map(first / "brain_mask.nii.gz", head.labels["brain"], head.series.grid)
    for name in ("CBF", "Tmax"):
        path = first / "perfusion-maps" / f"sub-01_ses-01_{name.lower()}.nii.gz"
        files.write_map(path, head.truth[name], head.series.grid)
    corrupt = root / "sub-02" / "ses-01" / "sub-02_ses-01_ctp.nii.gz"
    corrupt.parent.mkdir(parents=True)
    corrupt.write_bytes(scan.read_bytes()[:-5000])
    write_scan(root / "sub-03" / "sub-03_mrp.nii.gz", heads["MR"].series)
    (root / "sub-03" / "perfusion.json").write_text('{"method": "oSVD"}')
    write(root / "sub-04" / "images", images_of(head.series))
    (root / "sub-05").mkdir()
    return root


@pytest.fixture(scope="module")
def told():
    return {}


@pytest.fixture(scope="module")
def results(dataset, told):
    """What the command makes of it, with two processes."""
    output = dataset.parent / "results"
    words = ["dataset", str(dataset), "-o", str(output), "--workers", "2", "--json", *OPTIONS]
    with pytest.MonkeyPatch.context() as patch:
        printed = []
        patch.setattr("builtins.print", lambda text, **_: printed.append(str(text)))
        told["code"] = main(words)
    told["summary"], told["error"] = json.loads(printed[0]), printed[1]
    return output


@pytest.fixture
def one(heads, tmp_path):
    """A dataset of one scan."""
    write_scan(tmp_path / "data" / "sub-1" / "sub-1_ctp.nii.gz", heads["CT"].series)
    (subject,) = found(tmp_path / "data")
    return subject


def found(root, **changes):
    return subjects_in(root, Request(scan=root, settings=QUICK, report=False, **changes))


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return {row["scan"]: row for row in csv.DictReader(file)}


def whole_results(output):
    """Labels of the scans whose records stand in the output, after a look at every file that they name."""
    labels = []
    for record in output.glob("sub-*/**/*_settings.json"):
        assert all((record.parent / name).is_file() for name in files.read_json(record)["files"])
        labels.append(record.name.removesuffix("_settings.json"))
    return sorted(labels)


def test_scans_that_fail_do_not_stop_the_others(results, told):
    assert told["code"] == 1
    assert "2 scans of 5 came to nothing" in told["error"]
    assert told["summary"]["counts"] == {"done": 3, "failed": 2}
    rows = rows_of(results / "outcomes.csv")
    assert [row["status"] for row in rows.values()] == ["done", "failed", "done", "done", "failed"]
    assert "cut short" in rows["sub-02_ses-01_mod-ctp"]["reason"]
    assert "no DICOM file" in rows["sub-05"]["reason"]
    assert {row["use"] for row in rows.values()} == {"research use only"}
    assert whole_results(results) == ["sub-01_ses-01_mod-ctp", "sub-03_mod-mrp", "sub-04"]


def test_nothing_unfinished_stays(results):
    assert [name for name in contents(results) if Path(name).name.startswith(".")] == []


def test_maps_are_those_of_a_single_analysis(results, dataset, tmp_path):
    scan = dataset / "sub-03" / "sub-03_mrp.nii.gz"
    settings = replace(QUICK, method="oSVD")
    drain(analyze_scan_steps(Request(scan=scan, modality="MR", settings=settings, report=False), tmp_path))
    for name in ("CBF", "Tmax"):
        alone = nibabel.load(tmp_path / f"{name}.nii.gz")
        ours = nibabel.load(results / "sub-03" / "perf" / f"sub-03_mod-mrp_{name.lower()}.nii.gz")
        np.testing.assert_allclose(ours.get_fdata(), alone.get_fdata(), rtol=1e-4, atol=1e-4)
        assert np.allclose(ours.affine, alone.affine)


def test_every_map_says_its_unit_and_the_dataset_what_made_it(results):
    folder = results / "sub-01" / "ses-01" / "perf"
    flow = files.read_json(folder / "sub-01_ses-01_mod-ctp_cbf.json")
    assert (flow["Units"], flow["Sources"]) == ("ml/100g/min", ["sub-01_ses-01_ctp.nii.gz"])
    images = {path.name for path in folder.glob("*.nii.gz")}
    assert {path.replace(".nii.gz", ".json") for path in images} <= {path.name for path in folder.glob("*.json")}
    about = files.read_json(results / "dataset_description.json")
    assert (about["DatasetType"], about["GeneratedBy"][0]["Name"]) == ("derivative", "PerfusionTool")
    assert "Research use only" in about["GeneratedBy"][0]["Description"]


def test_what_lies_beside_a_scan_is_used_and_said(results, dataset, heads):
    row = rows_of(results / "outcomes.csv")["sub-01_ses-01_mod-ctp"]
    assert "aif.csv beside the scan" in row["beside the scan"]
    assert "brain_mask.nii.gz beside the scan" in row["beside the scan"]
    folder = results / "sub-01" / "ses-01" / "perf"
    record = files.read_json(folder / "sub-01_ses-01_mod-ctp_settings.json")
    assert record["inputs"]["arterial_input"]["file"]["file"] == "aif.csv"
    mask = nibabel.load(folder / "sub-01_ses-01_mod-ctp_desc-brain_mask.nii.gz").get_fdata().T
    np.testing.assert_array_equal(mask > 0, heads["CT"].labels["brain"])
    assert files.read_json(results / "sub-03/perf/sub-03_mod-mrp_settings.json")["settings"]["method"] == "oSVD"


def test_measures_of_all_scans_are_in_one_table(results):
    rows = rows_of(results / "measures.csv")
    assert list(rows) == ["sub-01_ses-01_mod-ctp", "sub-03_mod-mrp", "sub-04"]
    record = files.read_json(results / "sub-04/perf/sub-04_settings.json")["results"]
    row = rows["sub-04"]
    assert float(row["CBF median ml/100g/min"]) == pytest.approx(record["maps"]["CBF"]["median"], rel=1e-5)
    assert float(row["core ml"]) == pytest.approx(record["tissue"]["core_ml"], rel=1e-5)
    assert float(row["AIF peak HU"]) == pytest.approx(max(record["arterial_input"]["curve"]), rel=1e-5)
    assert row["verdict Motion"] in ("good", "check", "poor")
    assert (rows["sub-03_mod-mrp"]["AIF peak HU"], row["largest displacement mm"]) == ("", "")


def test_comparisons_are_gathered_and_summed_up(results):
    with (results / "comparison.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["scan"] for row in rows} == {"sub-01_ses-01_mod-ctp"}
    pearson = {row["map"]: row["value"] for row in rows if row["measure"] == "Pearson"}
    assert pearson.keys() == {"CBF", "Tmax"}
    folder = results / "sub-01" / "ses-01" / "perf"
    assert f"CBF,Pearson,,{pearson['CBF']}" in (folder / "sub-01_ses-01_mod-ctp_comparison.csv").read_text()
    with (results / "comparison_summary.csv").open(encoding="utf-8") as file:
        (mean,) = [row["mean"] for row in csv.DictReader(file) if (row["map"], row["measure"]) == ("CBF", "Pearson")]
    assert mean == pearson["CBF"]


def test_the_index_leads_to_every_report_and_shows_names_as_they_are(results):
    page = (results / "index.html").read_text(encoding="utf-8")
    for scan in ("sub-01/ses-01/perf/sub-01_ses-01_mod-ctp", "sub-03/perf/sub-03_mod-mrp", "sub-04/perf/sub-04"):
        assert f'href="{scan}_report.html"' in page
        assert (results / f"{scan}_report.html").is_file()
    assert "Research use only" in page
    assert "a &lt;b&gt; &amp; c" in page
    assert "<b>" not in page
    assert "http" not in page


def test_what_is_done_stays_and_what_would_come_out_otherwise_is_done_again(one, tmp_path):
    output = tmp_path / "out"
    assert do_subject(one, output).status == "done"
    folder = output / one.folder
    maps = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.nii.gz")}
    assert do_subject(one, output).status == "already done"
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.nii.gz")} == maps
    (folder / "note.txt").write_text("seen")
    (folder / f"{one.label}_cbf.nii.gz").unlink()
    assert do_subject(one, output).status == "done"
    settings = replace(one.request.settings, smoothing="none")
    changed = replace(one, request=replace(one.request, settings=settings))
    assert do_subject(changed, output).status == "done"
    assert record_of_subject(changed, output)["settings"]["smoothing"] == "none"
    assert maps.keys() == {path.name for path in folder.glob("*.nii.gz")}
    assert (folder / "note.txt").read_text() == "seen"
    beside = one.request.scan.with_name("sub-1_ctp.json")
    times = [1.1 * time for time in files.read_json(beside)["FrameTimesStart"]]
    files.write_json(beside, {"FrameTimesStart": times})
    assert do_subject(changed, output).status == "done"
    assert record_of_subject(changed, output)["scan"]["times"] == times


def test_scans_of_one_session_lie_in_one_folder_and_do_not_touch_each_other(one, tmp_path):
    output = tmp_path / "out"
    other = replace(one, entities=("run-2", *one.entities))
    assert [do_subject(subject, output).status for subject in (one, other, one)] == ["done", "done", "already done"]
    assert whole_results(output) == ["sub-1_mod-ctp", "sub-1_run-2_mod-ctp"]


def test_a_full_disk_is_said_and_earlier_results_stay(one, tmp_path, monkeypatch):
    output = tmp_path / "out"
    place = output / one.folder
    place.mkdir(parents=True)
    (place / "note.txt").write_text("seen")
    monkeypatch.setattr(job, "as_derivatives", full_disk)
    outcome = do_subject(one, output)
    assert (outcome.status, outcome.disk_full) == ("failed", True)
    assert "No space left" in outcome.reason
    assert ".unfinished" not in outcome.reason
    assert contents(place) == {"note.txt"}


def test_an_error_of_the_program_is_an_outcome(one, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "verdicts", lambda study: {}["key"])
    outcome = do_subject(one, tmp_path / "out")
    assert outcome.status == "failed"
    assert "KeyError" in outcome.reason
    assert whole_results(tmp_path / "out") == []


@pytest.mark.parametrize("moves", range(2))
def test_a_move_that_fails_brings_the_earlier_folder_back(moves, tmp_path, monkeypatch):
    place = Path("sub-1", "perf")
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "map").write_text("old")
    rename, left = Path.rename, iter([True] * moves)

    def fail_once(source, target):
        if not next(left, False):
            monkeypatch.setattr(Path, "rename", rename)
            raise KeyboardInterrupt
        return rename(source, target)

    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path, place, ["map"]) as new:
        (new / "map").write_text("new")
        monkeypatch.setattr(Path, "rename", fail_once)
    assert (tmp_path / place / "map").read_text() == "old"


def test_what_a_killed_run_was_about_to_replace_is_brought_back(tmp_path):
    staging = tmp_path / ".unfinished" / "sub-1~ses-2~perf"
    (staging / "earlier").mkdir(parents=True)
    (staging / "earlier" / "map").write_text("old")
    (staging / "new").mkdir()
    (staging.parent / "sub-1~ses-2~perf.lock").write_text("process 1 on nowhere")
    clear_unfinished(tmp_path)
    assert contents(tmp_path) == {"sub-1", "sub-1/ses-2", "sub-1/ses-2/perf", "sub-1/ses-2/perf/map"}


def test_the_folder_that_somebody_is_at_work_on_is_left_alone(tmp_path):
    place = Path("sub-1", "perf")
    with alone_in(tmp_path, place), whole_folder(tmp_path, place, []) as new:
        (new / "map").write_text("new")
        clear_unfinished(tmp_path)
    assert (tmp_path / place / "map").read_text() == "new"


def test_two_runs_into_one_folder_are_refused_and_a_dead_run_is_not_in_the_way(tmp_path):
    with locked(tmp_path / ".in-use", wait=False):
        work = analyse_dataset_steps([], tmp_path, tmp_path)
        with pytest.raises(PerfusionError, match=rf"in use by process {os.getpid()} on .*; wait"):
            drain(work)
    (tmp_path / ".in-use").write_text("process 1 on nowhere")
    assert drain(analyse_dataset_steps([], tmp_path, tmp_path)) == []
    assert not (tmp_path / ".in-use").exists()


def schedule_of(one, count, memory):
    schedule = Schedule(memory)
    subjects = [replace(one, subject=str(number)) for number in range(count)]
    for subject in subjects:
        schedule.add(subject)
    return schedule, subjects


def test_no_more_scans_are_at_work_than_memory_allows(one):
    needed = needed_memory(one.request)
    schedule, subjects = schedule_of(one, 4, 2.5 * needed)
    room = 2 * needed
    assert [schedule.start_next(room) for _ in range(3)] == [*subjects[:2], None]
    schedule.hear(subjects[0], Outcome(subjects[0], "done"))
    assert [schedule.start_next(room) for _ in range(2)] == [subjects[2], None]
    assert schedule.start_next(0.5 * needed) is None
    assert not schedule.is_over


def test_a_scan_that_exceeds_the_memory_alone_is_said_and_not_run(one):
    needed = needed_memory(one.request)
    schedule, _ = schedule_of(one, 1, 0.9 * needed)
    assert schedule.is_over
    assert schedule.outcomes[0].status == "too large"
    assert f"about {needed / 1e9:.1f} GB" in schedule.outcomes[0].reason
    schedule, _ = schedule_of(one, 1, 2 * needed)
    schedule.refuse_beyond(0.9 * needed)
    assert schedule.outcomes[0].status == "too large"


def test_memory_grows_with_the_scan_and_falls_with_the_matrix_limit(heads, tmp_path):
    series = heads["CT"].series
    write_scan(tmp_path / "a.nii.gz", series)
    write_scan(tmp_path / "b.nrrd", series)
    nothing = needed_memory(Request(scan=tmp_path / "a.nii.gz", settings=replace(QUICK, maximum_matrix=16)))
    first, second = (needed_memory(Request(scan=tmp_path / name)) for name in ("a.nii.gz", "b.nrrd"))
    assert first == second
    assert first - nothing == pytest.approx(12 * series.signal.size * 0.75)


def test_scans_of_one_folder_are_never_at_work_together(one):
    schedule = Schedule(float("inf"))
    runs = [replace(one, entities=(f"run-{number}",)) for number in (1, 2)]
    for run in runs:
        schedule.add(run)
    assert [schedule.start_next(1e12), schedule.start_next(1e12)] == [runs[0], None]


def test_a_full_disk_ends_a_run(one):
    schedule, subjects = schedule_of(one, 3, float("inf"))
    schedule.start_next(1e12)
    schedule.hear(subjects[0], Outcome(subjects[0], "failed", "No space left", disk_full=True))
    assert [outcome.status for outcome in schedule.outcomes] == ["failed", "not started", "not started"]


@pytest.mark.skipif(os.name == "nt", reason="there, no process is killed by a signal")
def test_killed_runs_leave_whole_results_and_are_taken_up_again(heads, tmp_path):
    root, output = tmp_path / "data", tmp_path / "out"
    for number in range(3):
        write_scan(root / f"sub-{number}" / f"sub-{number}_ctp.nii.gz", heads["CT"].series)
    words = ["dataset", str(root), "-o", str(output), "--workers", "1", "--no-report", *OPTIONS]
    runner = subprocess.Popen([sys.executable, "-m", "PerfusionToolLib", *words], cwd=MODULE)
    wait_until(lambda: whole_results(output) and at_work(output), runner)
    runner.kill()
    runner.wait()
    left = whole_results(output)
    assert 0 < len(left) < 3
    wait_until(lambda: is_free(output))
    assert whole_results(output) == left

    work = analyse_dataset_steps(found(root), root, output, workers=1)
    killed = False
    with pytest.raises(StopIteration) as end:
        while True:
            next(work)
            if at_work(output) and not killed:
                os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
                killed = True
    outcomes = end.value.value
    assert killed
    assert sorted(outcome.status for outcome in outcomes) == sorted(
        ["already done"] * len(left) + ["failed"] + ["done"] * (2 - len(left))
    )
    (lost,) = [outcome for outcome in outcomes if outcome.status == "failed"]
    assert "SIGKILL" in lost.reason
    assert lost.subject.label not in whole_results(output)
    assert do_subject(lost.subject, output).status == "done"
    assert len(whole_results(output)) == 3
    clear_unfinished(output)
    assert not (output / ".unfinished").exists()


def at_work(output):
    return any(output.glob(".unfinished/*/new/.unfinished-*"))


def is_free(output):
    """Whether nobody holds a lock, the worker of a killed runner neither."""
    try:
        for lock in [output / ".in-use", *output.glob(".unfinished/*.lock")]:
            with locked(lock, wait=False):
                pass
    except PerfusionError:
        return False
    return True


def wait_until(holds, process=None):
    while not holds():
        assert process is None or process.poll() is None
        time.sleep(0.01)


def test_a_cluster_of_two_workers_does_the_same(dataset, heads, tmp_path):
    distributed = pytest.importorskip("distributed")
    root, output = tmp_path / "data", tmp_path / "out"
    shutil.copytree(dataset, root, ignore=shutil.ignore_patterns("sub-0[145]"))
    write_scan(root / "sub-06" / "sub-06_ctp.nii.gz", heads["CT"].series)
    quietly = {"dashboard_address": None, "silence_logs": "CRITICAL"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **quietly) as cluster:
        outcomes = drain(analyse_dataset_steps(found(root), root, output, scheduler=cluster.scheduler_address))
    assert [outcome.status for outcome in outcomes] == ["failed", "done", "done"]
    assert whole_results(output) == ["sub-03_mod-mrp", "sub-06_mod-ctp"]


class FakeFuture:
    def __init__(self, outcome=None):
        self.outcome = outcome

    def done(self):
        return self.outcome is not None

    def result(self):
        return self.outcome

    def cancel(self):
        pass


class FakeClient:
    """A client of a cluster whose workers never end what they begin."""

    status = "running"

    def __init__(self, *_, **__):
        self.limits = {"one": 1e9, "two": 0}

    def scheduler_info(self, n_workers):
        return {"workers": {name: {"memory_limit": limit} for name, limit in self.limits.items()}}

    def submit(self, *_, **__):
        return FakeFuture()

    def cancel(self, futures):
        pass

    def close(self):
        pass


@pytest.fixture
def team(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    from PerfusionToolLib.studies.dataset import cluster

    monkeypatch.setattr(distributed, "Client", FakeClient)
    monkeypatch.setattr(cluster, "_PATIENCE", 0.0)
    return cluster.ClusterWorkers("tcp://there", tmp_path)


def test_a_worker_of_a_cluster_has_one_scan_at_a_time_and_not_more_memory_than_its_own(team, one):
    assert team.idle() == ["one", "two"]
    assert [team.room(worker) for worker in team.idle()] == [0.8e9, float("inf")]
    team.start("two", one)
    assert team.idle() == ["one"]
    assert team.news(0) == []


def test_a_worker_that_a_cluster_loses_is_said_and_the_others_go_on(team, one):
    other = replace(one, subject="2")
    for worker, subject in zip(team.idle(), (one, other), strict=True):
        team.start(worker, subject)
    del team._client.limits["one"]
    assert team.idle() == []
    ((subject, outcome),) = team.news(0)
    assert (subject, outcome.status) == (one, "failed")
    assert "The worker one was lost" in outcome.reason


@pytest.mark.parametrize("change", [{"limits": {}}, {"status": "closed"}])
def test_a_cluster_without_workers_ends_a_run(team, change):
    team.idle()
    vars(team._client).update(change)
    with pytest.raises(PerfusionError, match="has had no worker"):
        team.idle()


def test_a_scheduler_that_does_not_answer_is_said(one, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    from PerfusionToolLib.studies.dataset import cluster

    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    with pytest.raises(PerfusionError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        drain(analyse_dataset_steps([one], tmp_path, tmp_path / "out", scheduler="tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    "words", [["--workers", "0"], ["--memory", "-1"], ["--memory", "much"], ["--workers", "2", "--scheduler", "x"]]
)
def test_wrong_usage_ends_with_2(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["dataset", str(tmp_path), "-o", str(tmp_path / "out"), *words])
    assert end.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_no_subject_is_no_dataset(tmp_path, capsys):
    assert main(["dataset", str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    assert "holds no folder of a subject" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_subject_knows_its_names():
    subject = Subject(subject="1", session="b", entities=("run-2", "mod-ctp"), request=Request(scan=Path("x")))
    assert (subject.label, subject.folder) == ("sub-1_ses-b_run-2_mod-ctp", Path("sub-1/ses-b/perf"))
