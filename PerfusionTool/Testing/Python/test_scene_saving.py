"""Report, maps and DICOM saved from the scene: the files of the command line, whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("slicer")

import dicom_on_disk
import pydicom
import slicerhost
from PerfusionToolLib import files
from PerfusionToolLib.files.images import read_image
from PerfusionToolLib.perfusion import PerfusionError, Settings, drain
from PerfusionToolLib.perfusion.phantom import sample_head
from PerfusionToolLib.studies.report import writing
from PerfusionToolLib.studies.request import Request
from PerfusionToolLib.studies.single import analyze_scan_steps
from study_in_scene import SMALL, other_artery

SETTINGS = Settings(motion_correction=False)
SLICE_DELAY = 0.2  # s
PICTURES = {"report.html", "overview.png"}
TO_LPS = np.diag([-1.0, -1, 1, 1])


class Words(HTMLParser):
    """The words that a page shows."""

    def __init__(self, text):
        super().__init__()
        self.words = []
        self.feed(text)

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def head():
    return sample_head("CT", integer=True, occlusion=True, **SMALL).series


@pytest.fixture(scope="module")
def scan_file(head, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "head.nii.gz"
    files.write_series(path, head.signal, head.grid, head.times)
    return path


@pytest.fixture(scope="module")
def scan_folder(head, tmp_path_factory):
    """DICOM of a table that moves to and fro: every slice has its own times."""
    step = head.ijk_to_ras[:3, 2] * (-1, -1, 1)

    def clock(dataset, frame, place):
        delay = SLICE_DELAY * (place if frame % 2 == 0 else SMALL["shape"][0] - 1 - place)
        dataset.AcquisitionDate = "20240105"
        dataset.AcquisitionTime = dicom_on_disk.time_of_day(head.times[frame] + delay)

    made = dicom_on_disk.images(clock, head.signal, step=tuple(step))
    return dicom_on_disk.write(tmp_path_factory.mktemp("dicom") / "CTP", made)


@pytest.fixture(scope="module")
def by_command(scan_file):
    """What the command line makes of the file."""
    return analysed(Request(scan=scan_file, modality="CT", settings=SETTINGS), scan_file.parent / "by command")


@pytest.fixture(scope="module")
def shared():
    """The module's logic in a scene that all tests here share."""
    slicerhost.start_scene()
    slicerhost.clear()
    from PerfusionTool import PerfusionToolLogic

    yield PerfusionToolLogic()
    slicerhost.clear()


@pytest.fixture
def logic(shared, scan_file):
    """The logic with the maps of the file in memory, by automatic choices."""
    return with_maps(shared, scan_file)


@pytest.fixture
def dicom_logic(shared, scan_folder):
    """The logic with the maps of the folder in memory."""
    return with_maps(shared, scan_folder)


@pytest.fixture(scope="module")
def saved(shared, scan_file, tmp_path_factory):
    """The folder that is saved, and every progress with the states of the steps "saving" and "scan"."""
    study, folder = with_maps(shared, scan_file).study, tmp_path_factory.mktemp("saved") / "folder"
    told = [
        (progress, study.state("saving").kind, study.state("scan").kind)
        for progress in study.save_results_steps(folder)
    ]
    return folder, told


@pytest.fixture
def quick(monkeypatch):
    """Where pictures do not matter, there are none: they take most of the time."""
    monkeypatch.setattr("PerfusionToolLib.scene.saving.step._can_draw", lambda: False)


def with_maps(logic, path):
    """The maps of a scan that is imported once, unless a test has emptied the scene."""
    from PerfusionToolLib.scene.scans.origin import read_origin

    known = [node for node in slicer_scans() if (origin := read_origin(node)) and origin.path == str(path)]
    logic.process(known[0] if known else logic.importScan(path, "CT"), motion_correction=False)
    if logic.getParameterNode().arterialInputKind != "automatic":
        logic.resetArterialInput()
    assert [repr(error) for error in slicerhost.errors] == []
    return logic


def added(series):
    """A scan that comes from no file."""
    from PerfusionToolLib.scene.scans.importing import sequence_from_series

    return sequence_from_series(series, "Scan")


def slicer_scans():
    import slicer
    from PerfusionToolLib.scene.nodes import scan_nodes

    return scan_nodes(slicer.mrmlScene)


def analysed(request, folder):
    drain(analyze_scan_steps(request, folder))
    return folder


def volume(path):
    return read_image(path).voxels[0]


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def words_of(report):
    """All but how long computing took."""
    words = Words(report.read_text(encoding="utf-8")).words
    return [word for word in words if not re.fullmatch(r"[\d.]+ s", word)]


def assert_same_volumes(folder, other):
    names = sorted(name for name in names_in(other) if name.endswith(".nii.gz") and name != "head.nii.gz")
    assert len(names) > 8
    for name in names:
        np.testing.assert_array_equal(volume(folder / name), volume(other / name), err_msg=name)


# -- the same as the command line


def test_a_saved_folder_is_what_the_command_line_writes(saved, by_command):
    saved, _told = saved
    assert names_in(saved) == names_in(by_command)
    assert_same_volumes(saved, by_command)
    ours, theirs = (files.read_json(folder / "settings.json") for folder in (saved, by_command))
    assert {key for key in ours["results"] if ours["results"][key] != theirs["results"][key]} <= {"seconds"}
    assert {key for key in ours if ours[key] != theirs[key]} <= {"results"}


def test_the_report_says_and_shows_what_that_of_the_command_line_does(logic, by_command, tmp_path):
    logic.saveReport(tmp_path / "report.html")
    assert words_of(tmp_path / "report.html") == words_of(by_command / "report.html")
    ours, theirs = (folder.joinpath("report.html").read_text(encoding="utf-8") for folder in (tmp_path, by_command))
    pictures = r"data:image/png;base64,([^\"]+)"
    assert re.findall(pictures, ours) == re.findall(pictures, theirs)
    assert "Research use only" in ours


def test_the_command_line_repeats_what_was_chosen_in_the_scene(logic, quick, scan_file, tmp_path):
    logic.setArterialInputCandidate(1)
    logic.saveResults(tmp_path / "saved")
    record = tmp_path / "saved" / "settings.json"
    request = Request(scan=scan_file, settings=files.read_settings(record), record=record, report=False)
    assert_same_volumes(analysed(request, tmp_path / "again"), tmp_path / "saved")


def test_tissue_at_risk_is_saved_as_a_person_left_it(logic, quick, tmp_path):
    lesion = logic.findTissueAtRisk()
    number = next(row["component"] for row in logic.study.tissue.components if row["kept"] == "yes")
    logic.removeLesionComponent(number)
    left = logic.tissueAtRisk().volumes.hypoperfusion
    assert left < lesion.volumes.hypoperfusion
    logic.saveResults(tmp_path)
    mask = volume(tmp_path / "hypoperfusion.nii.gz") > 0
    np.testing.assert_array_equal(mask, logic.tissueAtRisk().hypoperfusion)
    assert files.read_json(tmp_path / "settings.json")["results"]["tissue"]["hypoperfusion_ml"] == left
    logic.undoLesionComponent()


def test_a_scan_that_was_changed_in_the_scene_is_not_taken_for_its_file(logic, quick, scan_file, tmp_path):
    import slicer

    scan = logic.getParameterNode().scan
    voxels = slicer.util.arrayFromVolume(scan.GetNthDataNode(0))
    former = voxels[0, 0, 0]
    voxels[0, 0, 0] = former + 1
    scan.Modified()
    try:
        drain(logic.study.steps())
        logic.saveResults(tmp_path)
    finally:
        voxels[0, 0, 0] = former
        scan.Modified()
    record = files.read_json(tmp_path / "settings.json")["scan"]
    assert record["sha256"] is None
    assert str(scan_file) in record["notes"][0]


def test_a_scan_without_a_file_is_saved_under_its_name(shared, head, quick, tmp_path):
    scan = added(head)
    shared.process(scan, motion_correction=False)
    shared.saveResults(tmp_path)
    record = files.read_json(tmp_path / "settings.json")["scan"]
    assert (record["file"], record["sha256"], record["path"]) == (scan.GetName(), None, None)


def test_typed_times_are_recorded_as_given(logic, quick, tmp_path):
    logic.getParameterNode().frameTimes = "2"
    try:
        logic.saveResults(tmp_path)
    finally:
        logic.getParameterNode().frameTimes = ""
    record = files.read_json(tmp_path / "settings.json")["scan"]
    assert record["time_source"] == "given times" and record["times"][:3] == [0, 2, 4]


# -- how saving stands


def test_without_maps_nothing_is_saved(shared, head, tmp_path):
    shared.getParameterNode().scan = added(head)
    for save in (shared.saveReport, shared.saveResults, shared.saveDicom):
        with pytest.raises(PerfusionError, match="Compute the maps first"):
            save(tmp_path / "out")
    assert names_in(tmp_path) == set()
    assert shared.study.state("saving").kind == "waiting"


def test_the_state_says_what_was_saved_until_something_changes(logic, quick, tmp_path):
    logic.saveResults(tmp_path)
    state = logic.study.state("saving")
    assert state.kind == "done" and str(tmp_path) in state.sentence
    logic.setArterialInputSeed(other_artery(logic.study).place)
    state = logic.study.state("saving")
    assert state.kind == "waiting" and "save it again" in state.sentence


def test_progress_never_goes_back_and_is_that_of_saving(saved):
    _folder, told = saved
    assert {(progress.stage, *kinds) for progress, *kinds in told} == {("saving", "running", "done")}
    parts = [progress.fraction for progress, *_kinds in told]
    assert parts == sorted(parts) and parts[-1] > 0.85


def test_an_opened_scene_is_computed_again_before_it_is_saved(shared, logic, quick, tmp_path, by_command):
    import slicer

    path = str(tmp_path / "study.mrb")
    assert slicer.util.saveScene(path)
    slicerhost.clear()
    slicer.util.loadScene(path)
    assert shared.study.analysis is None
    assert "computed again" in shared.study.state("saving").sentence
    shared.saveResults(tmp_path / "saved")
    assert_same_volumes(tmp_path / "saved", by_command)
    assert files.read_json(tmp_path / "saved" / "settings.json")["scan"]["sha256"]


def test_without_matplotlib_maps_are_saved_and_the_report_says_what_is_missing(logic, quick, tmp_path):
    notes = logic.saveResults(tmp_path)
    assert "matplotlib" in notes[0] and notes[0] in logic.study.state("saving").sentence
    assert "CBF.nii.gz" in names_in(tmp_path) and not names_in(tmp_path) & PICTURES
    assert not set(files.read_json(tmp_path / "settings.json")["files"]) & PICTURES
    with pytest.raises(PerfusionError, match="pip_install"):
        logic.saveReport(tmp_path / "report.html")
    assert not names_in(tmp_path) & PICTURES


# -- what goes wrong


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_on_a_full_disk_the_older_report_stays(logic, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "SECTIONS", {"scan": writing.SECTIONS["scan"]})
    report = tmp_path / "report.html"
    report.write_text("older")
    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(PerfusionError, match="No space left"):
        logic.saveReport(report)
    assert names_in(tmp_path) == {"report.html"} and report.read_text() == "older"
    assert str(report) not in logic.study.state("saving").sentence


@pytest.mark.parametrize("save", ["saveResults", "saveDicom"])
def test_on_a_full_disk_no_folder_is_left(dicom_logic, quick, save, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(PerfusionError, match="No space left"):
        getattr(dicom_logic, save)(tmp_path / "out")
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize("save", ["saveResults", "saveDicom"])
def test_a_folder_that_cannot_be_written_is_a_sentence(dicom_logic, quick, save, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PerfusionError, match="choose another"):
        getattr(dicom_logic, save)(tmp_path / "file" / "out")


@pytest.mark.parametrize("given", ["", None, 7])
def test_what_is_no_path_is_refused(logic, given):
    for save in (logic.saveReport, logic.saveResults):
        with pytest.raises(PerfusionError, match="no path"):
            save(given)


def test_a_save_that_is_cancelled_leaves_the_folder_as_it_was(logic, tmp_path):
    (tmp_path / "CBF.nii.gz").write_text("older")
    steps = logic.study.save_results_steps(tmp_path)
    for progress in steps:
        if progress.text.startswith("Drawing the report"):
            break
    steps.close()
    assert names_in(tmp_path) == {"CBF.nii.gz"} and (tmp_path / "CBF.nii.gz").read_text() == "older"
    assert not logic.study.busy


def test_a_scan_removed_meanwhile_ends_it_with_nothing_written(shared, head, tmp_path):
    import slicer

    scan = added(head)
    shared.process(scan, motion_correction=False)
    steps = shared.study.save_results_steps(tmp_path / "out")
    for _ in range(3):
        next(steps)
    slicer.mrmlScene.RemoveNode(scan)
    with pytest.raises(PerfusionError, match="scan was"):
        drain(steps)
    assert names_in(tmp_path) == set()


# -- DICOM


def places_and_values(path):
    """Corners in LPS and values of an object, read by pydicom alone, from below to above."""
    dataset = pydicom.dcmread(path)
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    positions = np.array([group.PlanePositionSequence[0].ImagePositionPatient for group in groups], float)
    order = np.argsort(positions[:, 2])
    return dataset, positions[order], dataset.pixel_array[order]


def test_a_folder_with_times_of_slices_gives_the_maps_of_the_command_line(dicom_logic, quick, scan_folder, tmp_path):
    by_command = analysed(Request(scan=scan_folder, settings=SETTINGS, report=False), tmp_path / "by command")
    dicom_logic.saveResults(tmp_path / "saved")
    assert_same_volumes(tmp_path / "saved", by_command)
    ours, theirs = (files.read_json(tmp_path / name / "settings.json")["scan"] for name in ("saved", "by command"))
    assert ours == theirs
    assert np.ptp(ours["slice_offsets"]) > 2 * SLICE_DELAY


def test_an_imported_folder_says_its_modality_times_and_what_reading_found(dicom_logic):
    from PerfusionToolLib.scene.scans.origin import read_origin

    scan = dicom_logic.getParameterNode().scan
    origin = read_origin(scan)
    assert scan.GetName() == "CTP"
    assert "CT" in dicom_logic.study.state("scan").sentence
    assert origin.time_source == "DICOM: AcquisitionTime"
    assert "as when the table moves" in origin.notes[-1]


def test_maps_and_regions_are_read_back_from_dicom_as_they_are(dicom_logic, tmp_path):
    assert dicom_logic.saveDicom(tmp_path) == []
    analysis = dicom_logic.study.analysis
    assert names_in(tmp_path) == {f"{name.replace(' ', '_')}.dcm" for name in analysis.maps} | {"regions.dcm"}
    grid = analysis.grid
    corners = (TO_LPS @ grid.ijk_to_ras)[:3] @ np.array([[0, 0, k, 1] for k in range(grid.shape[0])]).T
    for name, expected in analysis.maps.items():
        dataset, positions, values = places_and_values(tmp_path / f"{name.replace(' ', '_')}.dcm")
        np.testing.assert_array_equal(values, expected.astype(np.float32))
        np.testing.assert_allclose(positions, corners.T, atol=1e-3)
        assert "research use only" in dataset.SeriesDescription
        assert (dataset.PatientID, dataset.AccessionNumber) == ("S001", "A1")
    assert "DICOM" in dicom_logic.study.state("saving").sentence


def test_regions_follow_what_was_decided_on_tissue_at_risk(dicom_logic, tmp_path):
    dicom_logic.findTissueAtRisk()
    for row in dicom_logic.study.tissue.components:
        if row["kept"] == "yes":
            dicom_logic.removeLesionComponent(row["component"])
    dicom_logic.saveDicom(tmp_path)
    labels = [segment.SegmentLabel for segment in pydicom.dcmread(tmp_path / "regions.dcm").SegmentSequence]
    assert labels == ["Brain"]


def test_a_scan_from_a_file_cannot_be_saved_as_dicom_and_says_why(logic, tmp_path):
    with pytest.raises(PerfusionError, match="folder of DICOM"):
        logic.saveDicom(tmp_path / "out")
    assert "folder of DICOM" in logic.study.saving.reason_against("dicom")


def test_a_scan_that_was_moved_cannot_be_saved_as_dicom(dicom_logic, tmp_path):
    import slicer
    from PerfusionToolLib.scene.nodes import proxy_volume

    proxy = proxy_volume(dicom_logic.getParameterNode().scan)
    shift = np.eye(4)
    shift[0, 3] = 5
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(shift))
    proxy.SetAndObserveTransformNodeID(transform.GetID())
    try:
        drain(dicom_logic.study.steps())
        with pytest.raises(PerfusionError, match="was moved"):
            dicom_logic.saveDicom(tmp_path / "out")
    finally:
        slicer.mrmlScene.RemoveNode(transform)


def test_without_highdicom_nothing_is_written_and_the_sentence_says_how_to_get_it(dicom_logic, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(PerfusionError, match="pip install"):
        dicom_logic.saveDicom(tmp_path / "out")
    assert names_in(tmp_path) == set()


def test_images_that_are_gone_or_others_now_are_not_referred_to(shared, scan_folder, tmp_path):
    folder = Path(shutil.copytree(scan_folder, tmp_path / "scan"))
    shared.process(shared.importScan(folder), motion_correction=False)
    image = next(path for path in folder.rglob("*") if path.is_file() and is_of_first_frame(path))
    dataset = pydicom.dcmread(image)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.save_as(image)
    with pytest.raises(PerfusionError, match="another image"):
        shared.saveDicom(tmp_path / "out")
    shutil.rmtree(folder)
    with pytest.raises(PerfusionError, match="are gone"):
        shared.saveDicom(tmp_path / "out")
    assert names_in(tmp_path) == set()


def is_of_first_frame(path):
    return pydicom.dcmread(path, stop_before_pixels=True).InstanceNumber <= SMALL["shape"][0]


def test_a_folder_without_images_is_refused_and_the_scene_stays_as_it_was(shared, tmp_path):
    nodes = len(slicer_scans())
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(PerfusionError, match="no DICOM file"):
        shared.importScan(tmp_path)
    assert len(slicer_scans()) == nodes


def test_an_import_that_is_cancelled_leaves_the_scene_as_it_was(shared, scan_folder):
    from PerfusionToolLib.scene.scans.importing import import_scan_steps

    nodes, steps = len(slicer_scans()), import_scan_steps(scan_folder)
    told = [next(steps).text for _ in range(300)]
    steps.close()
    assert len(slicer_scans()) == nodes
    assert any(text.startswith("Reading header") for text in told)


def test_an_enhanced_file_in_a_folder_is_a_scan(shared, tmp_path):
    dicom_on_disk.write(tmp_path / "scan", [dicom_on_disk.enhanced()])
    scan = shared.importScan(tmp_path / "scan")
    assert scan.GetNumberOfDataNodes() == dicom_on_disk.FRAMES
    assert float(scan.GetNthIndexValue(1)) == pytest.approx(dicom_on_disk.INTERVAL)
