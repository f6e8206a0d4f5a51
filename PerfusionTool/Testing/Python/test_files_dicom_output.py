"""Maps and masks written as DICOM: other readers find the same values in the same places, and know what they are."""

from __future__ import annotations

import sys

import dicom_on_disk as disk
import highdicom
import numpy as np
import pydicom
import pytest
from dicom_on_disk import images, write
from PerfusionToolLib.files import read_scan
from PerfusionToolLib.files.dicom.parametric_map import write_parametric_map
from PerfusionToolLib.files.dicom.segmentation import write_segmentation
from PerfusionToolLib.perfusion.errors import PerfusionError
from PerfusionToolLib.perfusion.maps import UNITS
from PerfusionToolLib.perfusion.series import Grid

TO_LPS = np.diag([-1.0, -1, 1, 1])


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return read_scan(write(tmp_path_factory.mktemp("scan"), images(disk.siemens_ct)))


@pytest.fixture(scope="module")
def cbf(scan):
    values = np.random.default_rng(2).gamma(4, 10, scan.series.grid.shape).astype(np.float32)
    values[0] = 0
    values[1, 2, 3] = np.nan
    return values


def voxels(path):
    """Frames of an object by their own places along the normal, and the geometry, read by pydicom alone."""
    dataset = pydicom.dcmread(path)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    directions = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    positions = np.array([group.PlanePositionSequence[0].ImagePositionPatient for group in groups], float)
    rows, columns = shared.PixelMeasuresSequence[0].PixelSpacing
    order = np.argsort(positions @ np.cross(*directions))
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = directions[0] * columns, directions[1] * rows
    matrix[:3, 2] = np.diff(positions[order], axis=0).mean(axis=0)
    matrix[:3, 3] = positions[order[0]]
    return dataset, dataset.pixel_array[order], TO_LPS @ matrix


def test_a_map_is_read_back_with_identical_values_and_geometry(scan, cbf, tmp_path):
    write_parametric_map(tmp_path / "CBF.dcm", cbf, scan.series.grid, scan.headers, "CBF")
    dataset, values, ijk_to_ras = voxels(tmp_path / "CBF.dcm")
    assert values.dtype == np.float32 and np.array_equal(values, cbf, equal_nan=True)
    assert np.allclose(ijk_to_ras, scan.series.ijk_to_ras, atol=1e-6)
    assert "PixelData" not in dataset and "FloatPixelData" in dataset


def test_highdicom_reads_a_map_as_the_same_volume(scan, cbf, tmp_path):
    write_parametric_map(tmp_path / "CBF.dcm", cbf, scan.series.grid, scan.headers, "CBF")
    volume = highdicom.imread(tmp_path / "CBF.dcm").get_volume()
    zyx_to_ras = TO_LPS @ volume.affine
    indices = np.array([[0, 0, 0], [3, 2, 1], [1, 15, 11]])
    for index in indices:
        ras = (zyx_to_ras @ [*index, 1])[:3]
        at = np.round(scan.series.grid.to_indices(ras)).astype(int)
        assert np.allclose(scan.series.grid.to_ras(at), ras, atol=1e-5)
        assert volume.array[tuple(index)] == cbf[tuple(at)]


def test_a_map_on_another_grid_than_the_scan_lies_where_its_grid_says(scan, tmp_path):
    oblique = np.array([[0, 3.0, 0.4, 5], [-2.5, 0, 1.1, 7], [0, 0.0, 6.5, -30], [0, 0, 0, 1]])
    grid = Grid((3, 8, 6), oblique)
    values = np.arange(3 * 8 * 6, dtype=np.float32).reshape(grid.shape)
    write_parametric_map(tmp_path / "MTT.dcm", values, grid, scan.headers, "MTT")
    _, stored, ijk_to_ras = voxels(tmp_path / "MTT.dcm")
    if np.linalg.det(oblique[:3, :3]) < 0:
        stored = stored[::-1]
    found = Grid(grid.shape, ijk_to_ras)
    assert np.allclose(
        np.sort(found.to_ras([(0, 0, 0), (2, 0, 0)]), 0), np.sort(grid.to_ras([(0, 0, 0), (2, 0, 0)]), 0)
    )
    assert np.array_equal(stored, values)


def test_a_map_belongs_to_the_patient_and_the_study_of_its_scan(scan, cbf, tmp_path):
    write_parametric_map(tmp_path / "CBF.dcm", cbf, scan.series.grid, scan.headers, "CBF")
    dataset, source = pydicom.dcmread(tmp_path / "CBF.dcm"), scan.headers[0]
    for name in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate", "AccessionNumber"):
        assert dataset[name].value == source[name].value
    assert dataset.SeriesInstanceUID != source.SeriesInstanceUID
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.30"


def test_a_map_says_what_it_is_and_that_it_is_for_research(scan, cbf, tmp_path):
    write_parametric_map(tmp_path / "a.dcm", cbf, scan.series.grid, scan.headers, "CBF", description="bolus cut off")
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    mapping = dataset.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "ml/(100.g)/min"
    assert mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeMeaning == "Absolute Regional Blood Flow"
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
    assert dataset.ContentQualification == "RESEARCH"
    assert dataset.ContentDescription == "CBF ml/100g/min; research use only; bolus cut off"
    assert "research use only" in dataset.SeriesDescription


@pytest.mark.parametrize("relative_to", ["absolute", "brain_mean", "mirror"])
def test_every_map_there_is_can_be_written(relative_to, scan, cbf, tmp_path):
    for name in UNITS:
        write_parametric_map(
            tmp_path / f"{name}.dcm", cbf, scan.series.grid, scan.headers, name, relative_to=relative_to
        )
    assert len(list(tmp_path.iterdir())) == len(UNITS)


def test_maps_without_any_result_can_be_written(scan, tmp_path):
    nothing = np.full(scan.series.grid.shape, np.nan)
    write_parametric_map(tmp_path / "CBF.dcm", nothing, scan.series.grid, scan.headers, "CBF")
    assert np.isnan(pydicom.dcmread(tmp_path / "CBF.dcm").pixel_array).all()


def test_masks_are_read_back_with_identical_voxels_and_geometry(scan, tmp_path):
    random, shape = np.random.default_rng(1), scan.series.grid.shape
    masks = {"brain": random.random(shape) > 0.3, "core": random.random(shape) > 0.9, "penumbra": np.zeros(shape, bool)}
    masks["core"][1:] = False
    write_segmentation(tmp_path / "regions.dcm", masks, scan.series.grid, scan.headers)
    regions = highdicom.seg.segread(tmp_path / "regions.dcm")
    assert [regions.get_segment_description(number).segment_label for number in (1, 2)] == ["Brain", "Core"]
    volume = regions.get_volume()
    for number, name in enumerate(("brain", "core")):
        filled = np.argwhere(volume.array[..., number])
        ras = (TO_LPS @ volume.affine @ np.c_[filled, np.ones(len(filled))].T)[:3].T
        found = np.zeros(shape, bool)
        found[tuple(np.round(scan.series.grid.to_indices(ras)).astype(int).T)] = True
        assert np.array_equal(found, masks[name])
        assert np.allclose(scan.series.grid.to_indices(ras), np.round(scan.series.grid.to_indices(ras)), atol=1e-5)


def test_masks_belong_to_the_study_and_are_for_research(scan, tmp_path):
    write_segmentation(tmp_path / "a.dcm", {"core": np.ones(scan.series.grid.shape)}, scan.series.grid, scan.headers)
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    assert dataset.Modality == "SEG" and dataset.StudyInstanceUID == scan.headers[0].StudyInstanceUID
    assert "research use only" in dataset.ContentDescription
    assert dataset.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeValue == "CORE"


@pytest.mark.parametrize("step", [(0.0, 2.0, 6.0), (0.0, 0.0, -6.0)], ids=["tilted", "from the top"])
def test_results_of_odd_stacks_lie_on_their_scan(step, tmp_path):
    scan = read_scan(write(tmp_path / "scan", images(disk.siemens_ct, step=step)))
    values = scan.series.signal[0].astype(np.float32)
    write_parametric_map(tmp_path / "CBF.dcm", values, scan.series.grid, scan.headers, "CBF")
    _, stored, ijk_to_ras = voxels(tmp_path / "CBF.dcm")
    assert np.array_equal(stored, values) and np.allclose(ijk_to_ras, scan.series.ijk_to_ras, atol=1e-6)


def test_results_of_an_enhanced_scan_can_be_written(tmp_path):
    source = disk.enhanced()
    scan = read_scan(write(tmp_path / "scan", [source]))
    values = scan.series.signal[0].astype(np.float32)
    write_parametric_map(tmp_path / "CBF.dcm", values, scan.series.grid, scan.headers, "CBF")
    write_segmentation(tmp_path / "regions.dcm", {"brain": values > 0}, scan.series.grid, scan.headers)
    assert np.array_equal(voxels(tmp_path / "CBF.dcm")[1], values)


def test_anonymised_headers_are_no_obstacle(tmp_path):
    made = images(disk.siemens_ct)
    for dataset in made:
        del dataset.PatientName, dataset.PatientID, dataset.AccessionNumber, dataset.StudyTime
    scan = read_scan(write(tmp_path / "scan", made))
    write_parametric_map(tmp_path / "CBF.dcm", np.ones(scan.series.grid.shape), scan.series.grid, scan.headers, "CBF")
    assert pydicom.dcmread(tmp_path / "CBF.dcm").PatientID in ("", None)


def test_what_cannot_be_written_gets_a_sentence(scan, cbf, tmp_path, monkeypatch):
    grid = scan.series.grid
    with pytest.raises(PerfusionError, match="only for a scan that was read from DICOM"):
        write_parametric_map(tmp_path / "a.dcm", cbf, grid, (), "CBF")
    with pytest.raises(PerfusionError, match="give its own grid"):
        write_parametric_map(tmp_path / "a.dcm", cbf[1:], grid, scan.headers, "CBF")
    with pytest.raises(PerfusionError, match="All masks are empty"):
        write_segmentation(tmp_path / "a.dcm", {"core": np.zeros(grid.shape)}, grid, scan.headers)
    with pytest.raises(PerfusionError, match="no region called 'liver'"):
        write_segmentation(tmp_path / "a.dcm", {"liver": np.ones(grid.shape)}, grid, scan.headers)
    with pytest.raises(PerfusionError, match="give its own grid"):
        write_segmentation(tmp_path / "a.dcm", {"core": np.ones((2, 2, 2))}, grid, scan.headers)
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(PerfusionError, match="pip install 'highdicom"):
        write_segmentation(tmp_path / "a.dcm", {"core": np.ones(grid.shape)}, grid, scan.headers)
    monkeypatch.undo()
    monkeypatch.setattr(highdicom, "__version__", "0.27.1")
    with pytest.raises(PerfusionError, match=r"0\.27\.1 is too old"):
        write_parametric_map(tmp_path / "a.dcm", cbf, grid, scan.headers, "CBF")
    assert list(tmp_path.iterdir()) == []


def test_headers_without_a_frame_of_reference_get_a_sentence(tmp_path):
    made = images(disk.siemens_ct)
    for dataset in made:
        del dataset.FrameOfReferenceUID
    scan = read_scan(write(tmp_path / "scan", made))
    with pytest.raises(PerfusionError, match="lack FrameOfReferenceUID"):
        write_segmentation(tmp_path / "a.dcm", {"core": np.ones((1, 1, 1))}, scan.series.grid, scan.headers)
