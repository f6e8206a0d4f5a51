"""Scans in the scene: voxels, geometry, modality, echo time, and what is refused with a sentence."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from other_classes import DicomDatabase, add_multi_volume

FRAMES, SHAPE = 12, (3, 4, 5)
TIMES = 1.5 * np.arange(FRAMES)


def turned(axis, degrees):
    from scipy.spatial.transform import Rotation

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(np.array(axis) / np.linalg.norm(axis) * degrees, degrees=True).as_matrix()
    return matrix


def placed(spacing=(0.9, 1.1, 5.0), origin=(12.0, -34.0, 56.0)):
    matrix = np.diag([*spacing, 1.0])
    matrix[:3, 3] = origin
    return matrix


AXIAL = placed() @ np.diag([-1, -1, 1, 1])
OBLIQUE = turned((1, 2, 3), 35) @ AXIAL
GEOMETRIES = {
    "axial": AXIAL,
    "oblique": OBLIQUE,
    "left-handed": OBLIQUE @ np.diag([1, 1, -1, 1]),
    "tilted gantry": AXIAL @ np.array([[1, 0, 0, 0], [0, 1, 0.8, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
}


def numbered():
    """Every voxel has its own value."""
    return np.arange(FRAMES * np.prod(SHAPE), dtype=np.int16).reshape(FRAMES, *SHAPE)


@pytest.fixture
def put(scene):
    from PerfusionToolLib.perfusion import PerfusionSeries
    from PerfusionToolLib.scene.scans.importing import sequence_from_series

    def put(signal=None, ijk_to_ras=AXIAL, modality="CT", echo_time=None, name="Scan"):
        series = PerfusionSeries(numbered() if signal is None else signal, TIMES, ijk_to_ras, modality, echo_time)
        return sequence_from_series(series, name)

    return put


@pytest.fixture
def multi_volume(scene):
    return partial(add_multi_volume, scene, ijk_to_ras=OBLIQUE)


def matrix(array):
    import slicer

    return slicer.util.vtkMatrixFromArray(array)


def read(node):
    from PerfusionToolLib.scene.scans.reading import read_scan_node

    return read_scan_node(node)


def series_of(node, **given):
    from PerfusionToolLib.scene.scans.reading import perfusion_series

    return perfusion_series(read(node), **given)


def proxy(node):
    from PerfusionToolLib.scene.scans.reading import proxy_volume

    return proxy_volume(node)


def transform(scene, array, parent=None):
    node = scene.AddNewNodeByClass("vtkMRMLTransformNode", "Move")
    node.SetMatrixTransformToParent(matrix(array))
    if parent is not None:
        node.SetAndObserveTransformNodeID(parent.GetID())
    return node


def refused(scene, node, sentence, **given):
    """Reading fails with one sentence, and the scene stays as it was."""
    from PerfusionToolLib.perfusion import PerfusionError

    nodes = scene.GetNumberOfNodes()
    with pytest.raises(PerfusionError, match=sentence) as caught:
        series_of(node, **given)
    assert str(caught.value).endswith((".", "?"))
    assert ". " not in str(caught.value)
    assert scene.GetNumberOfNodes() == nodes


def frame_array(node, frame):
    import slicer

    return slicer.util.arrayFromVolume(node.GetNthDataNode(frame))


@pytest.mark.parametrize("dtype", ["int16", "uint16", "uint8", "float32", "float64"])
def test_voxels_are_read_as_they_are_stored(put, dtype):
    signal = (numbered() % 200).astype(dtype)
    scan = read(put(signal))
    np.testing.assert_array_equal(scan.signal, signal)
    assert scan.signal.dtype == dtype
    np.testing.assert_allclose(scan.times.seconds, TIMES)
    np.testing.assert_allclose(scan.ijk_to_ras, AXIAL, atol=1e-12)


def test_voxels_are_a_copy(put):
    node = put()
    scan = read(node)
    frame_array(node, 3)[:] = 0
    np.testing.assert_array_equal(scan.signal, numbered())


def assert_voxel_seen_is_voxel_read(node):
    """A point of the proxy in the world holds, in the array, the value that the proxy shows there."""
    import vtk

    volume, series = proxy(node), series_of(node)
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    for ijk in [(0, 0, 0), (4, 0, 0), (1, 3, 2), (4, 3, 2)]:
        ras = np.zeros(3)
        volume.TransformPointToWorld(to_ras.MultiplyPoint((*ijk, 1))[:3], ras)
        place = series.grid.to_indices(ras)
        np.testing.assert_allclose(place, ijk[::-1], atol=1e-6)
        shown = volume.GetImageData().GetScalarComponentAsDouble(*ijk, 0)
        assert series.signal[(0, *np.rint(place).astype(int))] == shown


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_voxel_picked_in_a_view_is_the_voxel_in_the_array(put, geometry):
    assert_voxel_seen_is_voxel_read(put(ijk_to_ras=GEOMETRIES[geometry]))


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_voxel_picked_under_rigid_transforms_is_the_voxel_in_the_array(put, scene, geometry):
    node = put(ijk_to_ras=GEOMETRIES[geometry])
    inner = transform(scene, turned((0, 1, 1), 20), transform(scene, placed((1, 1, 1)) @ turned((1, 0, 0), 50)))
    proxy(node).SetAndObserveTransformNodeID(inner.GetID())
    assert_voxel_seen_is_voxel_read(node)
    assert not np.allclose(read(node).ijk_to_ras, GEOMETRIES[geometry], atol=1)


@pytest.mark.parametrize(
    "change",
    [np.diag([1.01, 1, 1, 1]), np.diag([-1, 1, 1, 1]), np.eye(4) + np.eye(4, k=1) * [0, 0.1, 0, 0]],
    ids=["scale", "mirror", "shear"],
)
def test_a_transform_that_changes_shapes_is_refused(put, scene, change):
    node = put()
    proxy(node).SetAndObserveTransformNodeID(transform(scene, change).GetID())
    refused(scene, node, "Move scales, shears or mirrors .* harden or remove it")


def test_a_transform_that_bends_is_refused(put, scene):
    import vtk

    node = put()
    bend = scene.AddNewNodeByClass("vtkMRMLTransformNode", "Bend")
    spline = vtk.vtkThinPlateSplineTransform()
    points = vtk.vtkPoints()
    points.InsertNextPoint(0, 0, 0)
    spline.SetSourceLandmarks(points)
    spline.SetTargetLandmarks(points)
    bend.SetAndObserveTransformToParent(spline)
    proxy(node).SetAndObserveTransformNodeID(bend.GetID())
    refused(scene, node, "Bend bends .* harden or remove it")


def test_reading_makes_no_nodes_and_a_proxy_is_made_once(put, scene):
    node = put()
    browser = scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    scene.RemoveNode(browser.GetProxyNode(node))
    scene.RemoveNode(browser)
    nodes = scene.GetNumberOfNodes()
    read(node)
    assert scene.GetNumberOfNodes() == nodes
    made = proxy(node)
    assert made.GetName() == node.GetName()
    assert proxy(node) is made
    assert scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode") == 1


def test_a_proxy_that_was_deleted_comes_back(put, scene):
    node = put()
    scene.RemoveNode(proxy(node))
    assert proxy(node).GetImageData().GetDimensions() == SHAPE[::-1]
    assert scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode") == 1


def test_only_scans_are_offered(put, scene, multi_volume):
    from PerfusionToolLib.scene.scans.reading import scan_nodes

    scan = put()
    scene.AddNewNodeByClass("vtkMRMLSequenceNode", "empty")
    one_frame = put(name="one frame")
    while one_frame.GetNumberOfDataNodes() > 1:
        one_frame.RemoveDataNodeAtValue(one_frame.GetNthIndexValue(1))
    transforms = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "transforms")
    for frame in range(3):
        transforms.SetDataNodeAtValue(transform(scene, np.eye(4)), str(frame))
    other = multi_volume(numbered())
    assert [node.GetName() for node in scan_nodes(scene)] == [scan.GetName(), other.GetName()]


def test_a_multi_volume_is_read_like_a_sequence(multi_volume):
    labels = ",".join(str(1000 * time) for time in TIMES)
    node = multi_volume(
        numbered(),
        FrameLabels=labels,
        FrameIdentifyingDICOMTagName="AcquisitionTime",
        FrameIdentifyingDICOMTagUnits="ms",
        **{"DICOM.EchoTime": "32"},
    )
    scan = read(node)
    np.testing.assert_array_equal(scan.signal, numbered())
    np.testing.assert_allclose(scan.ijk_to_ras, OBLIQUE, atol=1e-12)
    np.testing.assert_allclose(scan.times.seconds, TIMES)
    assert (scan.modality, scan.echo_time) == ("MR", 0.032)
    assert proxy(node) is node
    assert series_of(node).signal.flags.c_contiguous


def test_a_multi_volume_of_one_frame_is_refused(multi_volume, scene):
    refused(scene, multi_volume(numbered()[:1]), "Multi-volume has one frame")


def test_frames_stored_past_midnight_are_read_in_the_order_of_time(put):
    node = put()
    time_of_day = (86395 + TIMES) % 86400
    stored = np.argsort(time_of_day)
    node.SetIndexUnit("frame")
    for frame, place in enumerate(stored):
        frame_array(node, frame)[:] = numbered()[place]
    node.SetAttribute("MultiVolume.FrameIdentifyingDICOMTagUnits", "ms")
    labels = 1000 * (time_of_day[stored] - time_of_day[stored][0])
    node.SetAttribute("MultiVolume.FrameLabels", ",".join(map(str, labels)))
    series = series_of(node)
    np.testing.assert_array_equal(series.signal, numbered())
    np.testing.assert_allclose(series.times, TIMES, atol=1e-6)


def test_what_is_given_goes_before_what_is_found(put):
    from PerfusionToolLib.scene.scans.frame_times import typed_frame_times

    node = put(modality="MR", echo_time=0.03)
    series = series_of(node, times=typed_frame_times("2", FRAMES), echo_time=0.04)
    np.testing.assert_array_equal(series.times, 2.0 * np.arange(FRAMES))
    assert (series.modality, series.echo_time) == ("MR", 0.04)
    assert series_of(node, modality="CT", times=3 * TIMES).echo_time is None


def test_a_scan_without_times_is_refused(put, scene):
    node = put()
    node.SetIndexUnit("frame")
    assert read(node).times is None
    refused(scene, node, "no frame times; give the interval")


@pytest.mark.parametrize(
    ("times", "sentence"),
    [(TIMES[:-1], "11 frame times for 12 frames"), (TIMES[::-1], "must increase"), (TIMES * 1000, "in seconds")],
)
def test_times_that_do_not_fit_are_refused(put, scene, times, sentence):
    refused(scene, put(), sentence, times=times)


def test_mr_without_echo_time_is_refused(put, scene):
    refused(scene, put(), "MR scan needs its echo time in seconds", modality="MR")


def test_nothing_is_no_scan(scene):
    refused(scene, None, "There is no scan; load one")


def test_a_single_volume_is_refused(put, scene):
    refused(scene, proxy(put()), "Scan is not a sequence of volumes")


def test_an_empty_sequence_is_refused(scene):
    refused(scene, scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Scan"), "Scan has no frames")


def test_one_frame_is_refused(put, scene):
    node = put()
    while node.GetNumberOfDataNodes() > 1:
        node.RemoveDataNodeAtValue(node.GetNthIndexValue(1))
    refused(scene, node, "Scan has one frame")


def test_few_frames_are_refused(put, scene):
    node = put()
    while node.GetNumberOfDataNodes() > 9:
        node.RemoveDataNodeAtValue(node.GetNthIndexValue(1))
    refused(scene, node, "The scan has 9 frames; at least 10")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("vtkMRMLVectorVolumeNode", "VectorVolume"), ("vtkMRMLLinearTransformNode", "LinearTransform")],
)
def test_a_sequence_of_something_else_is_refused(scene, kind, sentence):
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Scan")
    for frame in range(FRAMES):
        node.SetDataNodeAtValue(getattr(slicer, kind)(), str(frame))
    refused(scene, node, f"Scan is a sequence of {sentence} nodes")


def test_colours_in_scalar_volumes_are_refused(put, scene):
    import vtk

    node = put()
    image = vtk.vtkImageData()
    image.SetDimensions(*SHAPE[::-1])
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    node.GetNthDataNode(5).SetAndObserveImageData(image)
    refused(scene, node, "Scan has 3 values in a voxel")


def test_a_frame_without_voxels_is_refused(put, scene):
    node = put()
    node.GetNthDataNode(5).SetAndObserveImageData(None)
    refused(scene, node, "Frame 5 of Scan holds no voxels")


def test_frames_of_changing_size_are_refused(put, scene):
    import slicer

    node = put()
    slicer.util.updateVolumeFromArray(node.GetNthDataNode(5), np.zeros((3, 4, 6), np.int16))
    refused(scene, node, "differ in size .5×4×3 and 6×4×3 voxels")


@pytest.mark.parametrize("change", [turned((0, 0, 1), 10) @ AXIAL, placed((1, 1, 5)), AXIAL @ placed((1, 1, 1))])
def test_frames_of_changing_geometry_are_refused(put, scene, change):
    node = put()
    node.GetNthDataNode(5).SetIJKToRASMatrix(matrix(change))
    refused(scene, node, "Frame 5 of Scan lies .* voxels beside the first")


def test_rounding_of_positions_is_no_changing_geometry(put):
    node = put(ijk_to_ras=OBLIQUE)
    node.GetNthDataNode(5).SetIJKToRASMatrix(matrix(OBLIQUE + 1e-3))
    np.testing.assert_allclose(read(node).ijk_to_ras, OBLIQUE, atol=1e-12)


def test_a_frame_without_finite_values_is_refused_and_single_ones_are_left(put, scene):
    node = put(numbered().astype(np.float32))
    frame_array(node, 4)[0, 0] = np.nan
    assert np.isnan(read(node).signal[4]).sum() == SHAPE[2]
    frame_array(node, 5)[:] = np.nan
    refused(scene, node, "Frame 5 of Scan has no finite value")


def head(modality):
    from PerfusionToolLib.perfusion import sample_head

    return sample_head(modality, shape=(6, 64, 64), spacing=(8.0, 3.0, 3.0), times=TIMES, integer=True).series.signal


def guess(put, signal):
    node = put(signal)
    node.RemoveAttribute("PerfusionTool.Modality")
    return read(node)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_modality_is_guessed_from_values(put, modality):
    scan = guess(put, head(modality))
    assert scan.modality == modality
    assert "values" in scan.modality_source


def test_ct_without_air_is_guessed_from_bone_and_soft_tissue(put):
    signal = head("CT")
    assert guess(put, np.where(signal < -500, 0, signal)).modality == "CT"


@pytest.mark.parametrize("offset", [1000, 1024])
def test_ct_stored_with_an_offset_is_guessed_from_its_soft_tissue(put, offset):
    scan = guess(put, np.maximum(head("CT") + offset, 0).astype(np.uint16))
    assert (scan.modality, scan.modality_source) == ("CT", f"its values look like CT with {offset} added to HU")


@pytest.mark.parametrize("scale", [0.6, 0.9, 1.0, 1.1, 2.0])
def test_mr_whose_tissue_is_as_bright_as_ct_with_an_offset_is_mr(put, scale):
    signal = head("MR")
    tissue = np.median(signal[0][signal[0] > 500])
    assert guess(put, signal * np.float32(scale * 1060 / tissue)).modality == "MR"


def labels():
    """Frames of a head in which every voxel says what it is."""
    return (np.digitize(head("CT"), [-500, 0, 60, 300])).astype(np.int16)


def test_a_sequence_of_labelmaps_is_said_to_hold_labels(put, scene):
    import slicer

    refused(scene, put(labels()), "Scan holds labels, not the scan itself")
    refused(scene, put(labels().astype(np.float32), name="Other"), "Other holds labels")
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Segments")
    for frame in range(FRAMES):
        volume = slicer.vtkMRMLLabelMapVolumeNode()
        slicer.util.updateVolumeFromArray(volume, labels()[frame])
        node.SetDataNodeAtValue(volume, str(frame))
    refused(scene, node, "Segments holds labels")


def test_mr_with_a_noisy_background_is_not_taken_for_ct(put):
    signal = head("MR")
    noise = np.abs(np.random.default_rng(0).normal(0, 40, signal.shape))
    assert guess(put, (signal + noise).astype(np.float32)).modality == "MR"


def test_a_scan_of_zeros_has_a_modality(put):
    assert guess(put, np.zeros((FRAMES, *SHAPE), np.int16)).modality == "MR"


def test_dicom_says_the_modality(put, scene):
    import slicer

    node = put()
    node.RemoveAttribute("PerfusionTool.Modality")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), proxy(node))
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "CT")
    scan = read(node)
    assert (scan.modality, scan.modality_source) == ("CT", "stated by DICOM")


def test_hounsfield_units_are_ct(put):
    import slicer

    node = put()
    node.RemoveAttribute("PerfusionTool.Modality")
    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    node.GetNthDataNode(0).SetVoxelValueUnits(units)
    assert read(node).modality_source == "its values are Hounsfield units"


def test_dicom_database_says_modality_and_echo_time(put, monkeypatch):
    import slicer

    tags = {("1.2.0", "0008,0060"): "MR", ("1.2.0", "0018,0081"): "31.5"}
    monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase(tags), raising=False)
    node = put(-numbered())
    node.RemoveAttribute("PerfusionTool.Modality")
    for frame in range(FRAMES):
        node.GetNthDataNode(frame).SetAttribute("DICOM.instanceUIDs", f"1.2.{frame} 9.9")
    scan = read(node)
    assert (scan.modality, scan.echo_time) == ("MR", 0.0315)
    assert "DICOM database" in scan.modality_source
    assert "DICOM database" in scan.echo_time_source


def test_echo_time_of_a_registered_scan_is_that_of_the_original(put):
    put(modality="MR", echo_time=0.03, name="Perfusion")
    node = put(name="Perfusion registered")
    scan = read(node)
    assert (scan.echo_time, scan.echo_time_source) == (0.03, "the scan's attributes of Perfusion")


@pytest.mark.parametrize("stated", ["0", "-3", "long", ""])
def test_an_impossible_echo_time_is_none(put, stated):
    node = put()
    node.SetAttribute("MultiVolume.DICOM.EchoTime", stated)
    assert (read(node).echo_time, read(node).modality) == (None, "CT")
