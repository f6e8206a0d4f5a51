"""NIfTI scans of every kind are read as they are, and damaged ones refused in a sentence."""

import gzip
import itertools
import re
import subprocess
import sys
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PerfusionToolLib.files import read_scan, read_series, write_map, write_series
from PerfusionToolLib.files.images import read_image
from PerfusionToolLib.files.nifti_header import NIFTI_1, NIFTI_2
from PerfusionToolLib.perfusion import Grid, PerfusionError

FRAMES = 12
SHAPE = (4, 5, 3)
AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 5, -72], [0, 0, 0, 1]])


def _voxels(dtype="int16", shape=(*SHAPE, FRAMES)):
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def _save(path, voxels=None, *, interval=1.5, units=("mm", "sec"), affine=AFFINE, edit=lambda header: None):
    voxels = _voxels() if voxels is None else voxels
    image = nibabel.Nifti1Image(voxels, affine)
    if voxels.ndim > 3:
        image.header["pixdim"][4] = interval
    image.header.set_xyzt_units(*units)
    edit(image.header)
    image.to_filename(path)
    return path


def _zyx(voxels):
    return voxels.transpose(3, 2, 1, 0)


@pytest.mark.parametrize("dtype", ["int16", "uint16", "uint8", "int32", "float32", "float64", ">i2", ">f4", ">f8"])
@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_every_voxel_type_and_byte_order_is_kept(tmp_path, dtype, ending):
    voxels = _voxels(dtype)
    header = nibabel.Nifti1Header(endianness=dtype[0] if dtype[0] == ">" else "<")
    header.set_data_dtype(voxels.dtype)
    image = nibabel.Nifti1Image(voxels, AFFINE, header)
    image.header["pixdim"][4] = 1.5
    image.to_filename(tmp_path / f"scan.{ending}")
    series = read_series(tmp_path / f"scan.{ending}", "CT")
    assert series.signal.dtype == np.dtype(dtype).newbyteorder("=") and series.signal.dtype.isnative
    assert np.array_equal(series.signal, _zyx(voxels)) and series.signal.flags.c_contiguous
    assert np.allclose(series.ijk_to_ras, AFFINE)


VERSIONS = {"NIfTI-1": (nibabel.Nifti1Image, NIFTI_1), "NIfTI-2": (nibabel.Nifti2Image, NIFTI_2)}
GROUPS = {
    "quatern": ["quatern_b", "quatern_c", "quatern_d"],
    "qoffset": ["qoffset_x", "qoffset_y", "qoffset_z"],
    "srow": ["srow_x", "srow_y", "srow_z"],
}
of_every_kind = pytest.mark.parametrize(("version", "order"), list(itertools.product(VERSIONS, "<>")))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_stands_where_nibabel_has_it(version):
    image, layout = VERSIONS[version]
    theirs = image.header_class.template_dtype
    assert layout.itemsize == theirs.itemsize
    for name in layout.names:
        ours, place = layout.fields[name]
        fields = [theirs.fields[field] for field in GROUPS.get(name, [name])]
        assert place == fields[0][1] and ours.base == fields[0][0].base.newbyteorder("<")
        assert ours.itemsize == sum(field.itemsize for field, _ in fields)


def _rotation():
    generator = np.random.default_rng(4)
    axes = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    return axes * np.sign(np.linalg.det(axes))


HALF_TURN = np.array([[-1.0, 0, 0], [0, -0.6, 0.8], [0, 0.8, 0.6]])
BACKWARDS = np.array([[1, 0, 0], [0, -0.8, 0.6], [0, -0.6, -0.8]])
ROTATIONS = {"none": np.eye(3), "oblique": _rotation(), "half turn": HALF_TURN, "backwards": BACKWARDS}


def _placed(rotation, qfac):
    place = np.eye(4)
    place[:3, :3] = ROTATIONS[rotation] * [0.45, 0.9, 5.0 * qfac]
    place[:3, 3] = [100.3, -120.7, 33.1]
    return place


def _save_as(path, version, order, voxels, edit):
    """Saved by nibabel, its header as `edit` leaves it."""
    image_class, _ = VERSIONS[version]
    header = image_class.header_class(endianness=order)
    header.set_data_dtype(voxels.dtype.newbyteorder(order))
    image = image_class(voxels, None, header)
    edit(image.header)
    image.to_filename(path)


@of_every_kind
@pytest.mark.parametrize(("rotation", "qfac"), list(itertools.product(ROTATIONS, (1, -1))))
def test_a_qform_is_the_matrix_that_nibabel_makes_of_it(tmp_path, version, order, rotation, qfac):
    path, place = tmp_path / "scan.nii", _placed(rotation, qfac)
    _save_as(path, version, order, _voxels(), lambda header: header.set_qform(place, code=1))
    header, read = nibabel.load(path).header, read_image(path).ijk_to_ras
    assert header["pixdim"][0] == qfac and header["sform_code"] == 0
    assert np.allclose(read, header.get_qform(), rtol=1e-14, atol=1e-12)
    assert np.abs(read - place).max() < 1e-4


@of_every_kind
def test_an_sform_is_the_matrix_that_nibabel_reads(tmp_path, version, order):
    place = _placed("oblique", -1)
    place[0, 1] += 0.3
    path = tmp_path / "scan.nii"
    _save_as(path, version, order, _voxels(), lambda header: header.set_sform(place, code=2))
    read = read_image(path).ijk_to_ras
    assert np.array_equal(read, nibabel.load(path).header.get_sform())
    assert np.abs(read - place).max() < 1e-4


@of_every_kind
@pytest.mark.parametrize("dimensions", [2, 3, 4, 5])
def test_without_qform_and_sform_the_volume_lies_where_nibabel_has_it(tmp_path, version, order, dimensions):
    path = tmp_path / "scan.nii"
    voxels = _voxels(shape=(*SHAPE, FRAMES, 1)[:dimensions])
    spacing = [0.45, 0.9, 5.0, 1.5, 1.0][:dimensions]

    def edit(header):
        header.set_zooms(spacing)
        header["pixdim"][dimensions + 1 :] = 7

    _save_as(path, version, order, voxels, edit)
    read = read_image(path)
    assert np.array_equal(read.ijk_to_ras, nibabel.load(path).header.get_base_affine())
    assert np.array_equal(np.squeeze(read.voxels), np.squeeze(voxels.T))


@of_every_kind
def test_times_scaling_echo_time_and_voxels_are_what_nibabel_reads(tmp_path, version, order):
    def edit(header):
        header.set_xyzt_units("mm", "msec")
        header["pixdim"][4], header["toffset"] = 1410, 2820
        header["descrip"] = b"TE=32"
        header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"x" * 1000))

    path = tmp_path / "scan.nii"
    _save_as(path, version, order, _voxels("int16"), edit)
    content = bytearray(path.read_bytes())
    # scl_inter follows scl_slope.
    number, place = VERSIONS[version][1].fields["scl_slope"]
    content[place : place + 2 * number.itemsize] = np.array([0.5, -3], number.newbyteorder(order)).tobytes()
    path.write_bytes(content)
    read = read_image(path)
    assert np.array_equal(read.voxels, _zyx(np.asarray(nibabel.load(path).dataobj)))
    assert np.array_equal(read.voxels, 0.5 * _zyx(_voxels()) - 3)
    assert np.allclose(read.times, 1.41 * (2 + np.arange(FRAMES)), rtol=1e-14)
    assert read.echo_time == 0.032


def test_a_qfac_of_zero_is_one(tmp_path):
    path, place = tmp_path / "scan.nii", _placed("oblique", 1)

    def edit(header):
        header.set_qform(place, code=1)
        header["pixdim"][0] = 0

    _save_as(path, "NIfTI-1", "<", _voxels(), edit)
    assert np.abs(read_image(path).ijk_to_ras - place).max() < 1e-4


@pytest.mark.parametrize(("field", "value"), [("quatern_b", 2), ("quatern_c", np.nan), ("pixdim", -1)])
def test_a_qform_that_is_no_rotation_is_refused(tmp_path, field, value):
    def edit(header):
        header.set_qform(AFFINE, code=1)
        header[field] = value

    _save_as(tmp_path / "scan.nii", "NIfTI-1", "<", _voxels(), edit)
    assert "damaged geometry" in _refusal(tmp_path / "scan.nii")


@pytest.mark.parametrize(("rotation", "qfac"), list(itertools.product(ROTATIONS, (1, -1))))
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32"])
def test_nibabel_finds_nothing_wrong_in_what_is_written(tmp_path, rotation, qfac, dtype):
    path, voxels = tmp_path / "scan.nii", _voxels(dtype)
    grid = Grid(SHAPE[::-1], _placed(rotation, qfac))
    write_series(path, _zyx(voxels), grid, 3 + 1.41 * np.arange(FRAMES))
    image, header = nibabel.load(path), path.read_bytes()[:348]
    assert nibabel.Nifti1Header.diagnose_binaryblock(header) == ""
    assert nibabel.Nifti1Header(header).get_slope_inter() == (1, 0)
    assert np.array_equal(np.asarray(image.dataobj), voxels) and image.get_data_dtype() == np.dtype(dtype)
    for matrix, code in (image.get_qform(coded=True), image.get_sform(coded=True)):
        assert code == 1 and np.abs(matrix - grid.ijk_to_ras).max() < 1e-4
    assert np.allclose(image.header.get_zooms(), [*grid.spacing[::-1], 1.41])
    assert image.header["toffset"] == 3 and image.header["pixdim"][0] == qfac


def test_a_size_that_the_header_cannot_hold_is_refused(tmp_path):
    with pytest.raises(PerfusionError, match=r"cannot hold the shape .* write \.nrrd"):
        write_map(tmp_path / "CBF.nii", np.zeros((1, 1, 32768), "i1"), Grid((1, 1, 32768), AFFINE))


def test_header_extensions_are_skipped(tmp_path):
    image = nibabel.Nifti1Image(_voxels(), AFFINE)
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"x" * 1000))
    image.to_filename(tmp_path / "scan.nii")
    assert np.array_equal(read_image(tmp_path / "scan.nii").voxels, _zyx(_voxels()))


def _stored_scaling(path, slope, intercept):
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([slope, intercept], "<f4").tobytes()
    path.write_bytes(content)
    return read_image(path).voxels


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0, 0), (0, 7), (np.nan, 0)])
def test_without_a_slope_the_stored_integers_stay(tmp_path, slope, intercept):
    voxels = _stored_scaling(_save(tmp_path / "scan.nii"), slope, intercept)
    assert voxels.dtype == np.int16 and np.array_equal(voxels, _zyx(_voxels()))


@pytest.mark.parametrize(("dtype", "offset"), [("int16", 0), ("uint16", 0), ("uint16", 33000), ("uint8", 0)])
def test_a_whole_intercept_keeps_int16(tmp_path, dtype, offset):
    stored = _voxels(dtype) + np.array(offset, dtype)
    voxels = _stored_scaling(_save(tmp_path / "scan.nii", stored), 1, -1024)
    assert voxels.dtype == np.int16
    assert np.array_equal(voxels, _zyx(stored).astype(int) - 1024)


@pytest.mark.parametrize(("slope", "intercept"), [(0.5, 3), (1, 0.5), (1, -40000), (2, 0)])
def test_other_rescaling_gives_float32(tmp_path, slope, intercept):
    voxels = _stored_scaling(_save(tmp_path / "scan.nii"), slope, intercept)
    assert voxels.dtype == np.float32
    assert np.allclose(voxels, _zyx(_voxels()).astype(float) * slope + intercept)


@pytest.mark.parametrize("axes", [(FRAMES, 1), (1, FRAMES), (FRAMES, 1, 1, 1)])
def test_a_singleton_axis_beside_the_frames_is_fine(tmp_path, axes):
    voxels = _voxels().reshape(*SHAPE, *axes)
    path = _save(tmp_path / "scan.nii", voxels, edit=lambda header: header["pixdim"].__setitem__(5, 1.5))
    series = read_series(path, "CT")
    assert np.array_equal(series.signal, _zyx(_voxels()))
    assert np.allclose(series.times, 1.5 * np.arange(FRAMES))


def test_one_slice_is_a_scan(tmp_path):
    voxels = _voxels(shape=(4, 5, 1, FRAMES))
    assert np.array_equal(read_series(_save(tmp_path / "scan.nii", voxels), "CT").signal, _zyx(voxels))


@pytest.mark.parametrize(
    ("interval", "unit", "seconds"),
    [(1.5, "sec", 1.5), (1500, "msec", 1.5), (1.5e6, "usec", 1.5), (1, "sec", 1.0), (1.5, "unknown", 1.5)],
)
def test_the_unit_of_time_is_honoured(tmp_path, interval, unit, seconds):
    def start_at_two_intervals(header):
        header["toffset"] = 2 * interval

    path = _save(tmp_path / "scan.nii", interval=interval, units=("mm", unit), edit=start_at_two_intervals)
    scan = read_scan(path, "CT")
    assert np.allclose(scan.series.times, seconds * (2 + np.arange(FRAMES)))
    assert ("taken as s" in scan.time_source) == (unit == "unknown")


@pytest.mark.parametrize(
    ("interval", "unit"),
    [(0, "sec"), (1, "unknown"), (0, "unknown"), (np.nan, "sec"), (-1, "sec"), (1.5, "hz"), (1.5, "ppm")],
)
def test_an_interval_that_is_not_stated_is_asked_for(tmp_path, interval, unit):
    path = _save(tmp_path / "scan.nii", interval=interval, units=("mm", "sec"))
    content = bytearray(path.read_bytes())
    content[92:96] = np.array(interval, "<f4").tobytes()
    content[123] = {"sec": 10, "unknown": 2, "hz": 34, "ppm": 42}[unit]
    path.write_bytes(content)
    with pytest.raises(PerfusionError, match="give the interval between frames"):
        read_series(path, "CT")
    assert read_series(path, "CT", frame_interval=1.5).times[1] == 1.5


def test_an_interval_in_single_precision_is_the_decimal_that_was_meant(tmp_path):
    times = read_series(_save(tmp_path / "scan.nii", interval=1.41), "CT").times
    assert np.array_equal(times, 1.41 * np.arange(FRAMES))


@pytest.mark.parametrize(("interval", "unit"), [(1500, "sec"), (1.5, "msec"), (1500, "unknown")])
def test_an_impossible_interval_is_said(tmp_path, interval, unit):
    path = _save(tmp_path / "scan.nii", interval=interval, units=("mm", unit))
    with pytest.raises(PerfusionError, match=r"s apart \(header.*outside 0\.05 to 60 s"):
        read_series(path, "CT")


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000), ("micron", 0.001), ("unknown", 1)])
def test_the_unit_of_length_is_honoured(tmp_path, unit, factor):
    path = _save(tmp_path / "scan.nii", units=(unit, "sec"))
    assert np.allclose(read_image(path).ijk_to_ras, np.diag([factor] * 3 + [1]) @ AFFINE)


def test_sform_then_qform_then_spacing_gives_the_geometry(tmp_path):
    other = AFFINE.copy()
    other[:3, 3] = [1, 2, 3]
    path = _save(tmp_path / "scan.nii", edit=lambda header: header.set_qform(other, code=1))
    content = bytearray(path.read_bytes())

    def geometry(qform_code, sform_code):
        content[252:256] = np.array([qform_code, sform_code], "<i2").tobytes()
        path.write_bytes(content)
        return read_image(path).ijk_to_ras

    assert np.allclose(geometry(1, 1), AFFINE)
    assert np.allclose(geometry(0, 2), AFFINE)
    assert np.allclose(geometry(1, 0), other)
    neither = geometry(0, 0)
    assert np.allclose(np.abs(np.diag(neither)[:3]), [2, 2, 5])


def test_a_zero_sform_is_not_believed(tmp_path):
    path = _save(tmp_path / "scan.nii", edit=lambda header: header.set_qform(AFFINE, code=1))
    content = bytearray(path.read_bytes())
    content[280:328] = bytes(48)
    path.write_bytes(content)
    assert np.allclose(read_image(path).ijk_to_ras, AFFINE)


def test_a_sheared_scan_keeps_its_shear(tmp_path):
    sheared = AFFINE.copy()
    sheared[1, 2] = 1.7
    assert np.allclose(read_series(_save(tmp_path / "scan.nii.gz", affine=sheared), "CT").ijk_to_ras, sheared)


def test_the_echo_time_in_a_description_is_found(tmp_path):
    path = _save(tmp_path / "scan.nii", edit=lambda header: header.__setitem__("descrip", b"TE=32;Time=101520.1"))
    scan = read_scan(path, "MR")
    assert scan.series.echo_time == 0.032 and scan.echo_time_source == "header"
    assert read_scan(path, "MR", echo_time=0.05).series.echo_time == 0.05


def test_compressed_members_in_a_row_are_one_file(tmp_path):
    content = _save(tmp_path / "scan.nii").read_bytes()
    (tmp_path / "scan.nii.gz").write_bytes(b"".join(gzip.compress(content[k : k + 700]) for k in range(0, 4000, 700)))
    assert np.array_equal(read_image(tmp_path / "scan.nii.gz").voxels, _zyx(_voxels()))


def test_the_content_counts_and_not_the_ending(tmp_path):
    path = _save(tmp_path / "scan.nii.gz")
    path.rename(tmp_path / "scan.nii")
    assert np.array_equal(read_image(tmp_path / "scan.nii").voxels, _zyx(_voxels()))


def _refusal(path):
    with pytest.raises(PerfusionError) as error:
        read_series(path, "CT")
    assert str(path.name) in str(error.value) and "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    assert "does not exist" in _refusal(tmp_path / "none.nii")
    assert "is a folder" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "neither NIfTI nor NRRD"),
        (gzip.compress(b"hello" * 1000, mtime=0), "neither NIfTI nor NRRD"),
        (b"\x1f\x8b\x08garbage that is no gzip data at all", "damaged or cut short"),
        (b"\x1f\x8b\x08\0", "damaged or cut short"),
        (bytes(128) + b"DICM" + bytes(500), "DICOM"),
    ],
)
def test_what_is_no_image_is_said(tmp_path, content, message):
    (tmp_path / "scan.nii.gz").write_bytes(content)
    assert message in _refusal(tmp_path / "scan.nii.gz")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_gzip_file_is_said(tmp_path, kept):
    path = _save(tmp_path / "scan.nii.gz")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert re.search("cut short", _refusal(path))


def test_a_flipped_bit_in_a_gzip_file_is_said(tmp_path):
    path = _save(tmp_path / "scan.nii.gz")
    content = path.read_bytes()
    for place in (len(content) // 2, len(content) - 6):
        path.write_bytes(content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :])
        assert "damaged" in _refusal(path)


def test_missing_voxels_are_counted(tmp_path):
    path = _save(tmp_path / "scan.nii")
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    size = 2 * FRAMES * 60
    assert f"{size} bytes of voxels are announced, {len(content) - 100} are there" not in _refusal(path)
    assert f"{size} bytes of voxels are announced, {size - 100} are there" in _refusal(path)
    path.write_bytes(content[:350])
    assert "cut short" in _refusal(path)
    (tmp_path / "short.nii.gz").write_bytes(gzip.compress(content[:-100]))
    assert f"{size} bytes of voxels are announced, {size - 100} are there" in _refusal(tmp_path / "short.nii.gz")


@of_every_kind
def test_a_file_that_ends_anywhere_in_its_header_is_refused(tmp_path, version, order):
    path = tmp_path / "scan.nii"
    _save_as(path, version, order, _voxels(), lambda header: None)
    content = path.read_bytes()
    for size in (1, 100, 347, 348, 400, 539, 540, 544):
        path.write_bytes(content[:size])
        assert re.search("cut short|neither NIfTI nor NRRD", _refusal(path))


@of_every_kind
def test_a_header_with_wrong_bytes_is_read_or_refused_in_a_sentence(tmp_path, version, order):
    path, generator = tmp_path / "scan.nii", np.random.default_rng(7)
    _save_as(path, version, order, _voxels(shape=(2, 2, 2, 3)), lambda header: header.set_qform(AFFINE, code=1))
    content, refused = path.read_bytes(), 0
    for _ in range(200):
        damaged = bytearray(content)
        for place in generator.integers(0, VERSIONS[version][1].itemsize, 8):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            with np.errstate(all="ignore"):
                read_image(path)
        except PerfusionError as error:
            refused += 1
            assert str(path) in str(error) and "\n" not in str(error)
    assert 0 < refused < 200


def test_absurd_sizes_are_refused_before_memory_is_asked_for(tmp_path):
    path = _save(tmp_path / "scan.nii")
    content = bytearray(path.read_bytes())
    content[42:50] = np.array([30000] * 4, "<i2").tobytes()
    path.write_bytes(content)
    assert "cut short" in _refusal(path)
    (tmp_path / "scan.nii.gz").write_bytes(gzip.compress(content))
    assert "cut short" in _refusal(tmp_path / "scan.nii.gz")


@pytest.mark.parametrize(("place", "content"), [(40, [9] * 8), (40, [4, 0, 5, 3, 12]), (70, [12345]), (70, [128])])
def test_a_damaged_header_is_said(tmp_path, place, content):
    path = _save(tmp_path / "scan.nii")
    damaged = bytearray(path.read_bytes())
    damaged[place : place + 2 * len(content)] = np.array(content, "<i2").tobytes()
    path.write_bytes(damaged)
    assert _refusal(path)


def test_a_volume_and_a_5d_file_are_no_scan(tmp_path):
    assert "single volume" in _refusal(_save(tmp_path / "volume.nii", _voxels(shape=SHAPE)))
    five = _save(tmp_path / "five.nii", _voxels(shape=(*SHAPE, FRAMES, 2)))
    assert "5 dimensions" in _refusal(five)
    few = _save(tmp_path / "few.nii", _voxels(shape=(*SHAPE, 9)))
    with pytest.raises(PerfusionError, match="9 frames"):
        read_series(few, "CT")


def test_a_two_file_nifti_is_refused(tmp_path):
    nibabel.Nifti1Pair(_voxels(), AFFINE).to_filename(tmp_path / "scan.hdr")
    assert "second file" in _refusal(tmp_path / "scan.hdr")


def test_complex_voxels_are_refused(tmp_path):
    assert "real numbers" in _refusal(_save(tmp_path / "scan.nii", _voxels("complex64")))


def test_an_mr_scan_needs_an_echo_time_and_a_known_modality(tmp_path):
    path = _save(tmp_path / "scan.nii")
    with pytest.raises(PerfusionError, match="echo time"):
        read_series(path, "MR")
    with pytest.raises(PerfusionError, match="milliseconds"):
        read_series(path, "MR", echo_time=32)
    with pytest.raises(PerfusionError, match="Unknown modality"):
        read_series(path, "PET")


def test_importing_the_package_is_light():
    code = "import sys, PerfusionToolLib.files; print({'numpy', 'scipy', 'SimpleITK'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_nothing_but_numpy_is_needed(tmp_path):
    program = f"""
import sys
for name in ("nibabel", "SimpleITK", "scipy", "pydicom"):
    sys.modules[name] = None
import numpy as np
from PerfusionToolLib.files import read_series, write_series
from PerfusionToolLib.perfusion import Grid
write_series({str(tmp_path / "scan.nii.gz")!r}, np.ones((12, 2, 3, 4)), Grid((2, 3, 4), np.eye(4)), np.arange(12.0))
print(read_series({str(tmp_path / "scan.nii.gz")!r}, "CT").signal.sum())
"""
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert found.stdout.strip() == "288.0", found.stderr


def test_a_gzip_reader_gives_the_same_bytes_in_any_portions():
    import io

    from PerfusionToolLib.files.gzips import GzipReader

    content = np.random.default_rng(1).integers(0, 4, 3_000_000).astype("u1").tobytes()
    reader = GzipReader(io.BytesIO(zlib.compress(content, 1, 31) + bytes(8)))
    portions = []
    for size in (1, 1000, 2_000_000, 5_000_000):
        portions.append(reader.read(size))
    assert b"".join(portions) == content and reader.read(1) == b""
