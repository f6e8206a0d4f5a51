"""Which scans a dataset holds, what lies beside them, and what a table says: nothing is analysed here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dicom_on_disk import images, siemens_ct, write
from PerfusionToolLib.perfusion import PerfusionError, Settings
from PerfusionToolLib.studies.dataset import subjects_in
from PerfusionToolLib.studies.dataset.naming import derivative_name
from PerfusionToolLib.studies.request import Request

SCAN = "sub-01/ses-01/sub-01_ses-01_ctp.nii.gz"


def touched(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


def only(root, **defaults):
    (subject,) = subjects_in(root, Request(scan=root, **defaults))
    return subject


def table_of(root, *lines):
    path = root / "scans.csv"
    path.write_text("\n".join(lines))
    return path


def test_sessions_and_modalities_follow_from_names(tmp_path):
    touched(tmp_path, SCAN, "sub-01/ses-02/sub-01_ses-02_ctp.nii", "sub-02/sub-02_mrp.nrrd", "notes/readme.txt")
    found = subjects_in(tmp_path)
    assert [(each.label, each.request.modality) for each in found] == [
        ("sub-01_ses-01_mod-ctp", "CT"),
        ("sub-01_ses-02_mod-ctp", "CT"),
        ("sub-02_mod-mrp", "MR"),
    ]
    assert [each.folder for each in found[1:]] == [Path("sub-01/ses-02/perf"), Path("sub-02/perf")]
    assert not any(each.problem for each in found)


def test_scans_of_one_session_keep_what_tells_them_apart(tmp_path):
    touched(
        tmp_path, "sub-1/perf/sub-1_run-1_ctp.nii.gz", "sub-1/perf/sub-1_run-2_ctp.nii.gz", "sub-1/sub-1_mrp.nii.gz"
    )
    labels = {each.label for each in subjects_in(tmp_path)}
    assert labels == {"sub-1_run-1_mod-ctp", "sub-1_run-2_mod-ctp", "sub-1_mod-mrp"}


def test_maps_and_hidden_files_are_no_scans(tmp_path):
    touched(tmp_path, SCAN, "sub-01/ses-01/perfusion-maps/x_ctp.nii.gz", "sub-01/ses-01/._sub-01_ses-01_ctp.nii.gz")
    assert only(tmp_path).request.scan == tmp_path / SCAN


def test_a_dataset_with_raw_data_and_derivatives_has_its_reference_maps_there(tmp_path):
    touched(tmp_path, f"raw_data/{SCAN}", "derivatives/sub-01/ses-01/perfusion-maps/sub-01_ses-01_cbf.nii.gz")
    subject = only(tmp_path)
    assert subject.request.scan == tmp_path / "raw_data" / SCAN
    assert subject.references == tmp_path / "derivatives/sub-01/ses-01/perfusion-maps"


def test_folders_of_dicom_are_scans_whatever_they_are_called(tmp_path):
    write(tmp_path / "Patient 7" / "series", images(siemens_ct)[:3])
    touched(tmp_path, "empty/readme.txt")
    patient, empty = subjects_in(tmp_path)
    assert (patient.label, patient.request.scan, patient.problem) == ("sub-Patient7", tmp_path / "Patient 7", "")
    assert (empty.label, "no DICOM file" in empty.problem) == ("sub-empty", True)


def test_results_inside_the_dataset_are_no_subject(tmp_path):
    touched(tmp_path, "A/A_ctp.nii.gz", "results/sub-A/perf/CBF.nii.gz")
    assert [each.subject for each in subjects_in(tmp_path, output=tmp_path / "results")] == ["A"]
    with pytest.raises(PerfusionError, match="lies in a subject's folder"):
        subjects_in(tmp_path, output=tmp_path / "A" / "results")
    with pytest.raises(PerfusionError, match="is the dataset itself"):
        subjects_in(tmp_path, output=tmp_path / "A" / "..")


@pytest.mark.parametrize("name", ["nowhere", "file.txt", "empty"])
def test_what_is_no_dataset_is_said(name, tmp_path):
    touched(tmp_path, "file.txt", "empty/file.txt")
    with pytest.raises(PerfusionError, match="CSV table"):
        subjects_in(tmp_path / name)


def test_scans_of_the_same_name_are_refused_and_others_kept(tmp_path):
    touched(tmp_path, SCAN, "sub-01/ses-01/sub-01_ses-01_ctp.nii", "sub-02/sub-02_ctp.nii")
    *same, other = subjects_in(tmp_path)
    assert [("2 scans would be called" in each.problem) for each in same] == [True, True]
    assert other.problem == ""


def test_a_name_without_letters_is_refused(tmp_path):
    touched(tmp_path, "a.nii.gz")
    assert "letter or digit" in only(table_of(tmp_path, "subject,scan", "--,a.nii.gz")).problem


def test_files_beside_a_scan_are_used_and_said(tmp_path):
    names = ["brain_mask.nii.gz", "aif.csv", "sub-01_ses-01_vof.nii", "perfusion-maps/cbf.nii.gz"]
    touched(tmp_path, SCAN, *(f"sub-01/ses-01/{name}" for name in names))
    subject = only(tmp_path)
    folder = tmp_path / "sub-01/ses-01"
    request = subject.request
    assert [request.brain_mask, request.arterial_input, request.venous_output] == [folder / name for name in names[:3]]
    assert subject.references == folder / "perfusion-maps"
    assert [note for note in subject.notes if "aif.csv beside the scan" in note] != []
    assert len(subject.notes) == 4


def test_the_longer_name_beside_a_scan_counts(tmp_path):
    touched(tmp_path, SCAN, "sub-01/ses-01/aif.csv", "sub-01/ses-01/sub-01_ses-01_ctp_aif.nii.gz")
    assert only(tmp_path).request.arterial_input.name == "sub-01_ses-01_ctp_aif.nii.gz"


def test_two_files_beside_a_scan_that_could_be_meant_are_refused(tmp_path):
    touched(tmp_path, SCAN, "sub-01/ses-01/aif.csv", "sub-01/ses-01/arterial_input.nii.gz")
    assert "keep one of them" in only(tmp_path).problem


def test_a_mask_that_may_belong_to_any_of_two_scans_is_refused(tmp_path):
    scans = ["sub-1/sub-1_ctp.nii.gz", "sub-1/sub-1_mrp.nii.gz"]
    touched(tmp_path, *scans, "sub-1/brain_mask.nii.gz", "sub-1/sub-1_ctp_brain_mask.nii.gz")
    ct, mr = subjects_in(tmp_path)
    assert ct.request.brain_mask.name == "sub-1_ctp_brain_mask.nii.gz"
    assert "may belong to any" in mr.problem


def test_settings_beside_a_scan_count_more_than_the_defaults(tmp_path):
    touched(tmp_path, SCAN)
    content = {"method": "oSVD", "frame_interval": 2, "brain_mask": "auto", "arterial_input": [3, 4, 5]}
    (tmp_path / "sub-01/ses-01/perfusion.json").write_text(json.dumps(content))
    touched(tmp_path, "sub-01/ses-01/brain_mask.nii.gz")
    settings = Settings(method="sSVD", smoothing_mm=4.0)
    request = only(tmp_path, settings=settings, times=(0.0, 1.0), echo_time=0.03).request
    assert request.settings == Settings(method="oSVD", smoothing_mm=4.0)
    assert (request.frame_interval, request.times, request.echo_time) == (2.0, None, 0.03)
    assert (request.brain_mask, request.arterial_input) == ("auto", (3, 4, 5))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"method": "magic"}', "perfusion.json: The setting method is 'magic'"),
        ('{"smoothing": "none", "colour": "red"}', "'colour' is neither an input nor a setting"),
        ('{"modality": "PET"}', "must be CT or MR"),
        ('{"echo_time": "soon"}', "number of seconds"),
        ("{", "not valid JSON"),
    ],
)
def test_settings_that_are_not_valid_stand_against_their_scan_only(content, sentence, tmp_path):
    touched(tmp_path, SCAN, "sub-02/sub-02_ctp.nii.gz")
    (tmp_path / "sub-01/ses-01/perfusion.json").write_text(content)
    first, second = subjects_in(tmp_path)
    assert sentence in first.problem
    assert second.problem == ""


def test_a_table_names_scans_inputs_and_settings(tmp_path):
    touched(tmp_path, "a.nii.gz", "b/b_mrp.nii.gz", "b/mask.nii.gz", "b/curve.csv", "maps/cbf.nii.gz")
    path = table_of(
        tmp_path,
        "subject,session,scan,modality,brain_mask,arterial_input,reference,echo_time,motion_correction,frames_to_drop",
        'one,1,a.nii.gz,ct,,"10, 11, 2",,,off,',
        "two,,b/b_mrp.nii.gz,,b/mask.nii.gz,b/curve.csv,maps,0.03,,auto",
    )
    first, second = subjects_in(path, Request(scan=path, settings=Settings(frames_to_drop=2)))
    assert (first.label, first.request.modality, first.request.arterial_input) == ("sub-one_ses-1", "CT", (10, 11, 2))
    assert first.request.settings == Settings(motion_correction=False, frames_to_drop=2)
    assert (second.label, second.request.modality, second.request.echo_time) == ("sub-two_mod-mrp", "MR", 0.03)
    assert second.request.arterial_input == tmp_path / "b/curve.csv"
    assert (second.references, second.request.settings) == (tmp_path / "maps", Settings())
    assert not first.problem + second.problem


def test_a_table_counts_more_than_what_lies_beside(tmp_path):
    touched(tmp_path, "a/a_ctp.nii.gz", "a/aif.csv", "a/brain_mask.nii.gz")
    (tmp_path / "a/perfusion.json").write_text('{"method": "oSVD", "smoothing": "none"}')
    path = table_of(tmp_path, "subject;scan;arterial_input;method", "a;a/a_ctp.nii.gz;auto;sSVD")
    request = only(path).request
    assert (request.arterial_input, request.brain_mask.name) == ("auto", "brain_mask.nii.gz")
    assert request.settings == Settings(method="sSVD", smoothing="none")


def test_a_file_that_is_missing_stands_against_its_row_only(tmp_path):
    touched(tmp_path, "a.nii.gz", "b.nii.gz")
    path = table_of(
        tmp_path, "subject,scan,brain_mask", "a,a.nii.gz,", "b,b.nii.gz,mask.nii.gz", "c,c.nii.gz,", "d,b.nii.gz,"
    )
    problems = [each.problem for each in subjects_in(path)]
    assert [bool(problem) for problem in problems] == [False, True, True, False]
    assert "The brain mask" in problems[1]
    assert "c.nii.gz does not exist" in problems[2]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["subject,path", "a,a.nii"], "no column 'scan'"),
        (["subject,scan,colour", "a,a.nii,red"], "unknown column 'colour'"),
        (["subject,scan,scan", "a,a.nii,b.nii"], "more than once"),
        (["subject,scan", ",a.nii"], "row 1 names no subject"),
        (["subject,scan", "a,a.nii,x"], "row 1 has 3 cells"),
        ([""], "no column 'subject'"),
        (["subject,scan"], "no folder of a subject"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(lines, sentence, tmp_path):
    with pytest.raises(PerfusionError, match=sentence):
        subjects_in(table_of(tmp_path, *lines))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CBF.nii.gz", "sub-1_cbf.nii.gz"),
        ("TTP_from_arrival.nii.gz", "sub-1_ttpfromarrival.nii.gz"),
        ("CBF_SD.dcm", "sub-1_cbfsd.dcm"),
        ("brain_mask.nii.gz", "sub-1_desc-brain_mask.nii.gz"),
        ("residue.json", "sub-1_desc-residue_perf.json"),
        ("settings.json", "sub-1_settings.json"),
        ("tissue_components.csv", "sub-1_tissuecomponents.csv"),
    ],
)
def test_results_have_names_of_bids_derivatives(name, expected):
    assert derivative_name("sub-1", name) == expected
