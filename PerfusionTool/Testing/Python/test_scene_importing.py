"""4D files and sample heads put into the scene, saved and read back."""

from __future__ import annotations

import json

import numpy as np
import pytest

FRAMES, SHAPE = 12, (3, 4, 5)
IRREGULAR = np.cumsum([0.1, 1.41, 1.41, 1.41, 2, 2, 2, 3, 3, 3, 5, 5])
OBLIQUE = np.array([[-0.9, 0.2, 0.5, 10], [0.3, -1.0, 0.4, -20], [0.1, 0.2, 5.0, 30], [0, 0, 0, 1]])
LEFT_HANDED = OBLIQUE @ np.diag([1, 1, -1, 1])


@pytest.fixture
def write(scene, tmp_path):
    """Writes a 4D file as the command line does, and returns its path."""

    def write(name, dtype="int16", times=IRREGULAR, echo_time=None, ijk_to_ras=OBLIQUE):
        from PerfusionToolLib.files import write_series
        from PerfusionToolLib.perfusion import Grid

        signal = np.random.default_rng(0).integers(0, 200, (FRAMES, *SHAPE)).astype(dtype)
        write_series(tmp_path / name, signal, Grid(SHAPE, ijk_to_ras), times, echo_time=echo_time)
        return tmp_path / name

    return write


def imported(path, modality=None):
    from PerfusionToolLib.scene.scans.importing import import_scan

    return import_scan(path, modality)


def read(node):
    from PerfusionToolLib.scene.scans.reading import read_scan_node

    return read_scan_node(node)


def series_of(node):
    from PerfusionToolLib.scene.scans.reading import perfusion_series

    return perfusion_series(read(node))


def assert_same_series(series, expected):
    np.testing.assert_array_equal(series.signal, expected.signal)
    assert series.signal.dtype == expected.signal.dtype
    np.testing.assert_array_equal(series.times, expected.times)
    np.testing.assert_allclose(series.ijk_to_ras, expected.ijk_to_ras, atol=1e-5)
    assert (series.modality, series.echo_time) == (expected.modality, expected.echo_time)


@pytest.mark.parametrize("name", ["scan.nii.gz", "scan.nii", "scan.seq.nrrd", "scan.nrrd"])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_file_is_the_same_series_in_the_scene_as_on_the_command_line(write, name, dtype):
    from PerfusionToolLib.files import read_series

    path = write(name, dtype, echo_time=0.0315)
    node = imported(path, "MR")
    assert node.GetName() == "scan"
    assert (node.GetIndexName(), node.GetIndexUnit()) == ("time", "s")
    assert_same_series(series_of(node), read_series(path, "MR"))


def test_an_imported_scan_is_shown_by_a_browser(write, scene):
    node = imported(write("scan.nrrd"))
    browser = scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    assert browser.GetMasterSequenceNode() is node
    assert browser.GetNumberOfItems() == FRAMES
    assert browser.GetProxyNode(node).GetImageData().GetDimensions() == SHAPE[::-1]


def test_a_second_import_is_a_scan_of_its_own(write):
    path = write("scan.nrrd")
    assert [imported(path).GetName(), imported(path).GetName()] == ["scan", "scan_1"]


def test_an_imported_scan_of_one_frame_a_second_keeps_its_times_beside_others(write):
    imported(write("scan.nrrd"))
    node = imported(write("scan.nrrd", times=1.0 * np.arange(FRAMES)))
    assert read(node).times.describe() == "12 frames, every 1 s, from the sequence index (s)"


def test_64_bit_integers_are_read(write, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    voxels = np.arange(FRAMES * 60, dtype=np.int64).reshape(5, 4, 3, FRAMES)
    image = nibabel.Nifti1Image(voxels, OBLIQUE, dtype=np.int64)
    image.header["pixdim"][4] = 1.5
    nibabel.save(image, tmp_path / "scan.nii")
    np.testing.assert_array_equal(read(imported(tmp_path / "scan.nii")).signal, voxels.T)


def with_interval(path, interval):
    """The NIfTI file with another interval in its header and without its sidecar."""
    content = bytearray(path.read_bytes())
    content[92:96] = np.float32(interval).tobytes()
    path.write_bytes(content)
    path.with_name("scan.json").unlink()
    return path


def test_a_file_without_times_is_loaded_to_have_them_typed(write):
    node = imported(with_interval(write("scan.nii"), 0))
    assert (node.GetIndexName(), node.GetIndexUnit()) == ("frame", "")
    assert read(node).times is None


@pytest.mark.parametrize(
    ("interval", "sidecar", "times"),
    [
        (2.0, {}, IRREGULAR[0] + 2.0 * np.arange(FRAMES)),
        (2.0, {"FrameTimesStart": IRREGULAR.tolist()}, IRREGULAR),
        (0.0, {"RepetitionTime": 1.41}, 1.41 * np.arange(FRAMES)),
        (1.0, {"RepetitionTime": 1.41}, 1.41 * np.arange(FRAMES)),
        (1.41, {"RepetitionTime": 1.41}, 1.41 * np.arange(FRAMES)),
        (2.0, {"RepetitionTime": 1.41}, None),
        (0.0, {}, None),
    ],
)
def test_a_sidecar_gives_times_modality_and_echo_time(write, interval, sidecar, times):
    path = with_interval(write("scan.nii"), interval)
    path.with_name("scan.json").write_text(json.dumps({**sidecar, "Modality": "MR", "EchoTime": 0.04}))
    scan = read(imported(path))
    assert (scan.modality, scan.echo_time) == ("MR", 0.04)
    if times is None:
        assert scan.times is None
    else:
        np.testing.assert_allclose(scan.times.seconds, times)


def refused(scene, path, sentence):
    from PerfusionToolLib.perfusion import PerfusionError

    nodes = scene.GetNumberOfNodes()
    with pytest.raises(PerfusionError, match=sentence):
        imported(path)
    assert scene.GetNumberOfNodes() == nodes


def test_a_single_volume_is_refused(scene, tmp_path):
    from PerfusionToolLib.files import write_map
    from PerfusionToolLib.perfusion import Grid

    write_map(tmp_path / "volume.nrrd", np.zeros(SHAPE), Grid(SHAPE, OBLIQUE))
    refused(scene, tmp_path / "volume.nrrd", "holds a single volume")


def test_what_is_no_image_is_refused(scene, tmp_path):
    (tmp_path / "notes.nii").write_text("no image")
    refused(scene, tmp_path / "notes.nii", "neither NIfTI nor NRRD")
    refused(scene, tmp_path / "gone.nii", "does not exist")


def test_times_of_a_wrong_count_are_refused(write, scene):
    path = write("scan.nii")
    path.with_name("scan.json").write_text(json.dumps({"FrameTimesStart": [0, 1, 2]}))
    refused(scene, path, "3 frame times for 12 frames")


def made_series(modality="CT", ijk_to_ras=OBLIQUE):
    from PerfusionToolLib.perfusion import PerfusionSeries

    signal = np.random.default_rng(0).integers(-1000, 1000, (FRAMES, *SHAPE), dtype=np.int16)
    return PerfusionSeries(signal, IRREGULAR, ijk_to_ras, modality, 0.0315 if modality == "MR" else None)


def saved(scene, series, path):
    """The file of a sequence that the scene has forgotten."""
    import slicer
    from PerfusionToolLib.scene.scans.importing import sequence_from_series

    assert slicer.util.saveNode(sequence_from_series(series, "Scan"), str(path))
    scene.Clear(False)
    return str(path)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_scan_saved_as_sequence_file_is_read_back(scene, tmp_path, modality):
    import slicer

    series = made_series(modality)
    path = saved(scene, series, tmp_path / "scan.seq.nrrd")
    assert_same_series(series_of(slicer.util.loadSequence(path)), series)
    assert_same_series(series_of(imported(path)), series)


def curves_at(series, places):
    return series.signal[(slice(None), *places.T)]


def test_every_point_of_a_left_handed_scan_keeps_its_values_in_a_sequence_file(scene, tmp_path):
    import slicer

    series = made_series(ijk_to_ras=LEFT_HANDED)
    path = saved(scene, series, tmp_path / "scan.seq.nrrd")
    everywhere = np.moveaxis(np.indices(SHAPE), 0, -1).reshape(-1, 3)
    for back in (series_of(slicer.util.loadSequence(path)), series_of(imported(path))):
        # The application may store the axes of a left-handed scan the other way round.
        places = np.rint(back.grid.to_indices(series.grid.to_ras(everywhere))).astype(int)
        np.testing.assert_array_equal(curves_at(back, places), curves_at(series, everywhere))


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_scan_saved_with_the_scene_is_read_back(scene, tmp_path, modality):
    import slicer
    from PerfusionToolLib.scene.scans.sample import add_sample

    node = add_sample(modality, shape=(6, 32, 32), spacing=(8.0, 6.0, 6.0), times=IRREGULAR)
    series, name = series_of(node), node.GetName()
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    assert_same_series(series_of(scene.GetFirstNode(name, "vtkMRMLSequenceNode")), series)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_sample_is_the_simulated_head(scene, modality):
    from PerfusionToolLib.perfusion import sample_head
    from PerfusionToolLib.scene.scans.sample import SAMPLES, add_sample

    options = {"shape": (6, 32, 32), "spacing": (8.0, 6.0, 6.0), "seed": 3}
    node = add_sample(modality, **options)
    assert node.GetName() == SAMPLES[modality].name
    assert_same_series(series_of(node), sample_head(modality, integer=True, **options).series)


def test_the_sample_data_module_offers_each_sample_once(scene, monkeypatch):
    import SampleData
    import slicer
    from PerfusionToolLib.scene.scans import sample

    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
    monkeypatch.setattr(sample, "add_sample", lambda modality: f"a {modality} head")
    for _ in range(2):
        sample.register_sample_data("somewhere/PerfusionTool.py")
    offered = SampleData.SampleDataLogic.sampleDataSourcesByCategory("Perfusion")
    assert [source.sampleName for source in offered] == [known.name for known in sample.SAMPLES.values()]
    assert [source.customDownloader(source) for source in offered] == ["a CT head", "a MR head"]
