"""From a folder of DICOM to maps, and back to DICOM, on the command line."""

from __future__ import annotations

import shutil

import dicom_on_disk as disk
import numpy as np
import pydicom
import pytest
import scan_on_disk
from PerfusionToolLib import files
from PerfusionToolLib.commands import main
from scan_on_disk import WRITTEN, contents, volume

head = scan_on_disk.head
scan = scan_on_disk.scan


@pytest.fixture(scope="module")
def folder(head, tmp_path_factory):
    place = tmp_path_factory.mktemp("dicom") / "scan"
    return disk.write(place, disk.images_of(head.series))


@pytest.fixture(scope="module")
def results(folder):
    out = folder.parent / "results"
    assert main(["analyze", str(folder), "--dicom", "-o", str(out)]) == 0
    return out


def test_a_folder_of_dicom_needs_nothing_said(folder, results):
    record = files.read_json(results / "settings.json")
    assert record["scan"]["modality"] == "CT" and record["scan"]["time_source"] == "DICOM: AcquisitionTime"
    assert record["scan"]["sha256"] == files.checksum(folder)
    assert contents(results) >= WRITTEN


def test_maps_and_regions_lie_beside_the_others_as_dicom(results):
    written = {name for name in contents(results) if name.endswith(".dcm")}
    maps = {f"{name}.dcm" for name in scan_on_disk.MAPS}
    assert written == maps | {"regions.dcm"}
    assert written <= set(files.read_json(results / "settings.json")["files"])


def test_dicom_maps_hold_the_values_of_the_others(results):
    for name in scan_on_disk.MAPS:
        dataset = pydicom.dcmread(results / f"{name}.dcm")
        heights = [group.PlanePositionSequence[0].ImagePositionPatient[2] for group in dataset[0x52009230].value]
        values = dataset.pixel_array[np.argsort(heights)]
        assert np.array_equal(values, volume(results / f"{name}.nii.gz").T, equal_nan=True)


def test_maps_of_one_analysis_are_one_series(results):
    found = [pydicom.dcmread(results / f"{name}.dcm", stop_before_pixels=True) for name in scan_on_disk.MAPS]
    assert len({dataset.SeriesInstanceUID for dataset in found}) == 1
    assert len({dataset.InstanceNumber for dataset in found}) == len(found)


def test_regions_are_named(results):
    dataset = pydicom.dcmread(results / "regions.dcm")
    labels = [segment.SegmentLabel for segment in dataset.SegmentSequence]
    assert labels[0] == "Brain" and set(labels) <= {"Brain", "Hypoperfusion", "Core", "Penumbra"}
    assert (volume(results / "brain_mask.nii.gz") > 0).sum() == sum(
        frame.sum()
        for frame, group in zip(dataset.pixel_array, dataset.PerFrameFunctionalGroupsSequence, strict=True)
        if group.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1
    )


def test_an_analysis_of_dicom_can_be_repeated_from_its_record(folder, results, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "moved")
    again = tmp_path / "again"
    assert main(["analyze", str(moved), "--settings", str(results / "settings.json"), "-o", str(again)]) == 0
    assert np.array_equal(volume(again / "CBF.nii.gz"), volume(results / "CBF.nii.gz"), equal_nan=True)


def test_a_scan_is_known_by_its_images_whatever_else_lies_there(folder, results, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy / "results")
    for number, path in enumerate(path for path in folder.rglob("*") if path.is_file()):
        shutil.copy(path, copy / f"{number}.dcm")
    assert files.checksum(copy) == files.checksum(folder)
    (copy / "5.dcm").unlink()
    assert files.checksum(copy) != files.checksum(folder)


def test_what_reading_found_out_is_said_and_recorded(head, tmp_path, capsys):
    made = disk.images_of(head.series)
    folder = disk.write(tmp_path / "scan", [*made, made[0]])
    assert main(["analyze", str(folder), "-o", str(tmp_path / "out")]) == 0
    assert "1 image lay in the folder twice" in capsys.readouterr().err
    assert "twice" in files.read_json(tmp_path / "out" / "settings.json")["scan"]["notes"][0]


def test_dicom_results_of_another_scan_are_refused_before_anything_is_computed(scan, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["analyze", str(scan), "--modality", "CT", "--dicom", "-o", str(out)]) == 1
    assert "only for a scan that was read from DICOM" in capsys.readouterr().err
    assert not out.exists()
