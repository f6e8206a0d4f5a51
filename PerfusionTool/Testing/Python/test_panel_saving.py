"""Step 10 of the window, and DICOM folders in step 1: what the buttons save, load and refuse."""

from __future__ import annotations

import sys

import dicom_on_disk
import panel_window
import pytest
from panel_window import settle

pytest.importorskip("slicer")
pytest.importorskip("PySide6")

from PerfusionToolLib.perfusion.phantom import sample_head


@pytest.fixture(scope="module")
def opened():
    """The window for all tests here; `window` puts it back to where it was."""
    with panel_window.shared_panel() as panel:
        yield panel


@pytest.fixture(scope="module")
def scan_folder(tmp_path_factory):
    series = sample_head("CT", integer=True, **panel_window.SMALL).series
    return dicom_on_disk.write(tmp_path_factory.mktemp("dicom") / "CTP", dicom_on_disk.images_of(series))


@pytest.fixture
def window(opened, scan_folder):
    """The window with the maps of a scan from DICOM."""
    from PerfusionToolLib.perfusion import Settings
    from PerfusionToolLib.scene.parameters import set_settings

    settle(opened)
    set_settings(opened.work.parameters, Settings(motion_correction=False))
    known = scan_named("CTP")
    opened.work.parameters.scan = known or opened.logic.importScan(scan_folder)
    settle(opened)
    if opened.work.study.analysis is None:
        opened.ui.computeButton.click()
    settle(opened)
    opened.refresh()
    return opened


@pytest.fixture
def answers():
    from slicerhost import dialogs

    dialogs.answers.clear()
    yield dialogs.answers
    assert not dialogs.answers


@pytest.fixture
def installing(monkeypatch):
    """The application's ways to ask and to install: what was asked and installed, and what a person answers."""
    import slicer

    told = {"asked": [], "installed": [], "answer": True}

    def ask(text):
        told["asked"].append(text)
        return told["answer"]

    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", ask)
    monkeypatch.setattr(slicer.util, "pip_install", told["installed"].append, raising=False)
    return told


def scan_named(name):
    import slicer

    return slicer.mrmlScene.GetFirstNode(name, "vtkMRMLSequenceNode")


def step(window):
    return window.panels["saving"]


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def test_before_any_map_buttons_say_what_to_do_first(opened):
    opened.work.parameters.scan = scan_named("Fresh") or panel_window.add_scan()
    opened.work.parameters.scan.SetName("Fresh")
    settle(opened)
    for button in (step(opened).report_button, step(opened).results_button, step(opened).dicom_button):
        assert not button.enabled and "Compute the maps first" in button.toolTip
    assert opened.ui.savingState.text.startswith("○")


def test_the_report_is_saved_where_a_person_says(window, answers, tmp_path):
    answers.append(str(tmp_path / "report.html"))
    step(window).report_button.click()
    assert window.runner.running
    settle(window)
    assert "Research use only" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert window.ui.savingState.text == f"✓ The report was saved as {tmp_path / 'report.html'}."


def test_maps_and_masks_and_dicom_are_saved_in_folders(window, answers, tmp_path, monkeypatch):
    monkeypatch.setattr("PerfusionToolLib.scene.saving.step._can_draw", lambda: False)
    answers += [str(tmp_path / "maps"), str(tmp_path / "dicom")]
    step(window).results_button.click()
    settle(window)
    assert {"CBF.nii.gz", "settings.json", "brain_mask.nii.gz"} <= names_in(tmp_path / "maps")
    assert window.ui.savingState.text.startswith("✓ Maps and masks were saved in")
    assert "matplotlib" in window.ui.savingState.text
    step(window).dicom_button.click()
    settle(window)
    assert {"CBF.dcm", "regions.dcm"} <= names_in(tmp_path / "dicom")
    assert "as DICOM in" in window.ui.savingState.text


def test_nothing_chosen_saves_nothing(window, answers):
    answers += ["", "", ""]
    for button in (step(window).report_button, step(window).results_button, step(window).dicom_button):
        button.click()
        assert not window.runner.running


def test_what_cannot_be_written_is_said_in_the_step_and_the_message_line(window, answers, tmp_path):
    (tmp_path / "file").write_text("")
    answers.append(str(tmp_path / "file" / "maps"))
    step(window).results_button.click()
    settle(window)
    assert window.ui.savingState.text.startswith("!") and "choose another" in window.ui.savingState.text
    assert "choose another" in window.ui.messageLabel.text


def test_cancel_leaves_no_file(window, answers, tmp_path):
    answers.append(str(tmp_path / "maps"))
    step(window).results_button.click()
    assert window.runner.running and window.ui.computeButton.text == "Cancel"
    window.ui.computeButton.click()
    settle(window)
    assert not window.runner.running
    assert names_in(tmp_path) == set()


def test_a_scan_that_is_not_from_dicom_cannot_be_saved_as_such_and_the_button_says_why(window, monkeypatch):
    from PerfusionToolLib.scene.saving import scan as saving_scan

    monkeypatch.setattr(saving_scan, "read_origin", lambda node: None)
    step(window).refresh()
    assert not step(window).dicom_button.enabled and "folder of DICOM" in step(window).dicom_button.toolTip
    assert step(window).results_button.enabled


def test_highdicom_is_installed_only_if_a_person_agrees(window, answers, installing, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    installing["answer"] = False
    step(window).dicom_button.click()
    assert "highdicom" in installing["asked"][0] and installing["installed"] == []
    installing["answer"] = True
    step(window).dicom_button.click()
    assert installing["installed"] == ["highdicom>=0.28"]
    assert "start the application again" in window.ui.savingState.text
    installing["installed"].clear()
    monkeypatch.undo()
    answers.append("")
    step(window).dicom_button.click()
    assert installing["installed"] == []


def test_a_report_without_matplotlib_is_offered_and_a_failed_installation_is_a_sentence(
    window, installing, monkeypatch
):
    import slicer

    def offline(requirement):
        raise RuntimeError(f"no network for {requirement}")

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(slicer.util, "pip_install", offline)
    step(window).report_button.click()
    assert "matplotlib" in installing["asked"][0]
    assert "could not be installed (no network" in window.ui.savingState.text


def test_maps_are_saved_without_pictures_where_a_person_declines_matplotlib(
    window, answers, installing, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    installing["answer"] = False
    answers.append(str(tmp_path / "maps"))
    step(window).results_button.click()
    settle(window)
    assert "CBF.nii.gz" in names_in(tmp_path / "maps") and "report.html" not in names_in(tmp_path / "maps")


# -- step 1


def test_a_folder_of_dicom_is_loaded_and_chosen(opened, answers, scan_folder):
    answers.append(str(scan_folder))
    opened.panels["scan"].folder_button.click()
    assert opened.runner.running
    settle(opened)
    scan = opened.work.parameters.scan
    assert scan.GetName().startswith("CTP")
    assert opened.panels["scan"].modality_line.text.startswith("CT: ")
    assert f"{scan_folder}; its frame times: DICOM: AcquisitionTime" in opened.panels["scan"].origin_line.text
    assert opened.ui.computeButton.enabled


def test_a_folder_that_holds_no_scan_is_refused_with_a_sentence(opened, answers, tmp_path):
    former = opened.work.parameters.scan
    (tmp_path / "notes.txt").write_text("nothing")
    answers.append(str(tmp_path))
    opened.panels["scan"].folder_button.click()
    settle(opened)
    assert opened.ui.scanState.text.startswith("!") and "no DICOM file" in opened.ui.scanState.text
    assert opened.work.parameters.scan is former


def test_what_reading_a_folder_showed_is_said_beside_the_scan(opened, answers, tmp_path):
    made = dicom_on_disk.images(dicom_on_disk.siemens_ct)
    answers.append(str(dicom_on_disk.write(tmp_path / "twice", [*made, made[0]])))
    opened.panels["scan"].folder_button.click()
    settle(opened)
    assert "1 image lay in the folder twice" in opened.panels["scan"].origin_line.text
    opened.work.parameters.scan = panel_window.add_scan()
    settle(opened)
    assert not opened.panels["scan"].origin_line.visible


def test_no_folder_chosen_loads_nothing(opened, answers):
    answers.append("")
    opened.panels["scan"].folder_button.click()
    assert not opened.runner.running
