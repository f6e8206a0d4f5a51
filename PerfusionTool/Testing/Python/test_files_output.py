"""What is written lies where it was, reads back as it was, and is whole or not there."""

import errno
import gzip
import itertools
import json
import os
import stat
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from PerfusionToolLib.files import (
    checksum,
    input_record,
    read_curve,
    read_mask,
    read_scan,
    read_settings,
    write_curve,
    write_json,
    write_map,
    write_series,
)
from PerfusionToolLib.files.images import read_image
from PerfusionToolLib.files.provenance import read_json
from PerfusionToolLib.perfusion import Grid, PerfusionError, Settings

ENDINGS = ("nii", "nii.gz", "nrrd", "seq.nrrd")
IRREGULAR = np.array([0, 1.41, 2.8, 4.25, 5.6, 7.1, 9.3, 12.2, 15, 20.123456789012345])


def _rotation(degrees_x, degrees_z):
    x, z = np.radians([degrees_x, degrees_z])
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    return np.array(about_z) @ np.array(about_x)


def _matrix(axes, origin):
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = axes, origin
    return matrix


SPACING = np.diag([0.45, 0.9, 5.0])
SHEAR = np.array([[1, 0, 0], [0, 1, 0.3], [0, 0, 1]])
GEOMETRIES = {
    "axial": _matrix(SPACING @ np.diag([-1, -1, 1]), [100.3, 120.7, -33.1]),
    "oblique": _matrix(_rotation(23, -17) @ SPACING, [-91.25, -130.5, 45.4]),
    "left-handed": _matrix(_rotation(-8, 31) @ SPACING @ np.diag([1, 1, -1]), [-80, -110, 70]),
    "sheared": _matrix(_rotation(5, 3) @ SHEAR @ SPACING, [-90, -125, 12]),
}


def _grid(name="oblique"):
    return Grid((3, 5, 4), GEOMETRIES[name])


def _series(dtype="float32", seed=1):
    return np.random.default_rng(seed).normal(100, 30, (len(IRREGULAR), 3, 5, 4)).astype(dtype)


@pytest.mark.parametrize(("geometry", "ending"), list(itertools.product(GEOMETRIES, ENDINGS)))
def test_a_series_reads_back_with_its_voxels_times_and_places(tmp_path, geometry, ending):
    path, series, grid = tmp_path / f"scan.{ending}", _series(), _grid(geometry)
    write_series(path, series, grid, IRREGULAR)
    read = read_scan(path, "CT").series
    assert read.signal.dtype == np.float32 and read.signal.flags.c_contiguous
    assert np.array_equal(read.signal, series)
    assert np.array_equal(read.times, IRREGULAR)
    marked = [[0, 0, 0], [2, 4, 3], [1, 3, 2]]
    assert np.abs(read.grid.to_ras(marked) - grid.to_ras(marked)).max() < 1e-4


@pytest.mark.parametrize(("geometry", "ending"), list(itertools.product(GEOMETRIES, ENDINGS[:3])))
def test_a_map_reads_back_with_its_values_and_places(tmp_path, geometry, ending):
    path, volume, grid = tmp_path / f"CBF.{ending}", _series()[0], _grid(geometry)
    volume[0, 0, 0] = np.nan
    write_map(path, volume, grid)
    image = read_image(path)
    assert np.array_equal(image.voxels[0], volume, equal_nan=True)
    assert np.abs(Grid(grid.shape, image.ijk_to_ras).to_ras([2, 4, 3]) - grid.to_ras([2, 4, 3])).max() < 1e-4


@pytest.mark.parametrize(
    ("geometry", "ending"), list(itertools.product(("axial", "oblique", "left-handed"), ENDINGS[:3]))
)
def test_simpleitk_finds_a_map_at_the_same_place(tmp_path, geometry, ending):
    path, volume, grid = tmp_path / f"CBF.{ending}", _series()[0], _grid(geometry)
    write_map(path, volume, grid)
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), volume)
    lps = image.TransformIndexToPhysicalPoint((3, 4, 2))
    assert np.abs(np.array(lps) * [-1, -1, 1] - grid.to_ras([2, 4, 3])).max() < 1e-4


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_nibabel_finds_a_map_at_the_same_place_in_millimetres_and_seconds(tmp_path, geometry):
    grid = _grid(geometry)
    write_map(tmp_path / "CBF.nii.gz", _series()[0], grid)
    image = nibabel.load(tmp_path / "CBF.nii.gz")
    assert np.allclose(image.get_sform(), grid.ijk_to_ras, atol=1e-4)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert np.allclose(image.header.get_zooms(), grid.spacing[::-1])
    if geometry == "sheared":
        assert image.header["qform_code"] == 0
    else:
        assert np.allclose(image.get_qform(), grid.ijk_to_ras, atol=1e-4)


def test_a_regular_series_has_its_interval_and_start_in_the_header(tmp_path):
    write_series(tmp_path / "scan.nii.gz", _series(), _grid(), 3 + 1.41 * np.arange(10))
    header = nibabel.load(tmp_path / "scan.nii.gz").header
    assert header["pixdim"][4] == pytest.approx(1.41) and header["toffset"] == 3


def test_the_echo_time_comes_back(tmp_path):
    for ending in ENDINGS:
        write_series(tmp_path / f"scan.{ending}", _series(), _grid(), IRREGULAR, echo_time=0.032)
        assert read_scan(tmp_path / f"scan.{ending}", "MR").series.echo_time == pytest.approx(0.032, abs=1e-15)


@pytest.mark.parametrize("dtype", ["int16", "uint8", "uint16", "int32", "float32", ">i2", "float64", "int64"])
def test_integers_stay_integers_and_real_numbers_become_float32(tmp_path, dtype):
    for ending in ("nii.gz", "nrrd"):
        write_series(tmp_path / f"scan.{ending}", _series(dtype), _grid(), IRREGULAR)
        read = read_scan(tmp_path / f"scan.{ending}", "CT").series.signal
        expected = np.dtype(dtype).newbyteorder("=")
        assert read.dtype == ("float32" if expected.itemsize == 8 else expected)
        assert np.array_equal(read, _series(dtype).astype(read.dtype))


def test_equal_maps_give_equal_files(tmp_path):
    for folder in ("a", "b"):
        write_map(tmp_path / folder / "CBF.nii.gz", _series()[0], _grid())
    assert checksum(tmp_path / "a" / "CBF.nii.gz") == checksum(tmp_path / "b" / "CBF.nii.gz")


def test_a_compressed_file_of_many_blocks_is_one_plain_gzip_stream(tmp_path):
    volume = np.random.default_rng(0).normal(size=(30, 128, 128)).astype("float32")
    write_map(tmp_path / "CBF.nii.gz", volume, Grid(volume.shape, np.eye(4)))
    content = gzip.decompress((tmp_path / "CBF.nii.gz").read_bytes())
    assert content[352:] == volume.tobytes()


def test_a_transposed_volume_is_written_in_its_own_order(tmp_path):
    volume = np.asfortranarray(_series()[0])
    write_map(tmp_path / "CBF.nii", volume, _grid())
    assert np.array_equal(read_image(tmp_path / "CBF.nii").voxels[0], volume)


@pytest.mark.parametrize("ending", ENDINGS[:3])
def test_a_mask_comes_back(tmp_path, ending):
    mask = _series()[0] > 100
    write_map(tmp_path / f"mask.{ending}", mask, _grid())
    assert read_image(tmp_path / f"mask.{ending}").voxels.dtype == np.uint8
    assert np.array_equal(read_mask(tmp_path / f"mask.{ending}", _grid()), mask)


def test_a_mask_that_is_empty_elsewhere_or_of_another_shape_is_refused(tmp_path):
    grid, path = _grid(), tmp_path / "mask.nii.gz"
    write_map(path, np.zeros(grid.shape, bool), grid)
    with pytest.raises(PerfusionError, match="is empty"):
        read_mask(path, grid)
    moved = grid.ijk_to_ras.copy()
    moved[2, 3] += 2.5
    write_map(path, np.ones(grid.shape, bool), Grid(grid.shape, moved))
    with pytest.raises(PerfusionError, match=r"2\.5 mm beside the scan"):
        read_mask(path, grid)
    write_map(path, np.ones((3, 5, 5), bool), Grid((3, 5, 5), grid.ijk_to_ras))
    with pytest.raises(PerfusionError, match="5×5×3 voxels, the scan 4×5×3"):
        read_mask(path, grid)
    write_series(path, _series(), grid, IRREGULAR)
    with pytest.raises(PerfusionError, match="holds 10 frames"):
        read_mask(path, grid)


def test_rounding_in_a_header_does_not_misplace_a_mask(tmp_path):
    grid = _grid()
    write_map(tmp_path / "mask.nii", np.ones(grid.shape, bool), Grid(grid.shape, np.round(grid.ijk_to_ras, 3)))
    assert read_mask(tmp_path / "mask.nii", grid).all()


def test_shapes_that_do_not_agree_are_refused(tmp_path):
    with pytest.raises(PerfusionError, match="map has the shape"):
        write_map(tmp_path / "CBF.nii", np.zeros((2, 2, 2)), _grid())
    with pytest.raises(PerfusionError, match="series has the shape"):
        write_series(tmp_path / "scan.nii", _series(), _grid(), IRREGULAR[:-1])
    with pytest.raises(PerfusionError, match="unknown ending"):
        write_map(tmp_path / "CBF.mha", np.zeros(_grid().shape), _grid())
    assert list(tmp_path.iterdir()) == []


class _FullDisk:
    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()


WRITERS = {
    "map.nii": lambda path: write_map(path, _series()[0], _grid()),
    "map.nii.gz": lambda path: write_map(path, _series()[0], _grid()),
    "map.nrrd": lambda path: write_map(path, _series()[0], _grid()),
    "scan.nii.gz": lambda path: write_series(path, _series(), _grid(), IRREGULAR),
    "curve.csv": lambda path: write_curve(path, IRREGULAR, IRREGULAR),
    "settings.json": lambda path: write_json(path, {"a": list(range(100))}),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_no_half_written_file(tmp_path, monkeypatch, name):
    open_file = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args, **kw: _FullDisk(open_file(self, *args, **kw), 100))
    with pytest.raises(PerfusionError, match="No space left"):
        WRITERS[name](tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", WRITERS)
def test_a_failed_rename_keeps_the_older_file(tmp_path, monkeypatch, name):
    (tmp_path / name).write_text("older")

    def refuse(self, target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PerfusionError, match="could not be written"):
        WRITERS[name](tmp_path / name)
    assert (tmp_path / name).read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(PerfusionError, match="could not be written"):
        write_map(tmp_path / "out" / "CBF.nii", _series()[0], _grid())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is writable for this user")
def test_a_read_only_folder_is_said(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(PerfusionError, match="could not be written"):
        write_map(tmp_path / "CBF.nii", _series()[0], _grid())


def test_any_failure_while_writing_leaves_nothing(tmp_path):
    from PerfusionToolLib.files.atomic import atomic_file

    with pytest.raises(KeyboardInterrupt), atomic_file(tmp_path / "out") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_curve_comes_back_to_the_last_bit(tmp_path):
    values = np.random.default_rng(2).normal(size=len(IRREGULAR))
    write_curve(tmp_path / "aif.csv", IRREGULAR, values)
    times, read = read_curve(tmp_path / "aif.csv")
    assert np.array_equal(times, IRREGULAR) and np.array_equal(read, values)


def test_the_columns_and_unit_of_a_curve_are_found(tmp_path):
    path = tmp_path / "aif.csv"
    path.write_text("HU,time (ms)\n10,0\n20,1500\n")
    times, values = read_curve(path)
    assert times.tolist() == [0, 1.5] and values.tolist() == [10, 20]
    path.write_text("0;10,5\n1,5;20\n")
    times, values = read_curve(path)
    assert times.tolist() == [0, 1.5] and values.tolist() == [10.5, 20]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n2\n", "1 column;"),
        ("time,value\n0,1\n0,2\n", "times must increase"),
        ("time,value\n0,1\n1,nan\n", "not finite, the first in row 2"),
        ("time,value\n0,1\n1,high\n", "'high' is not a number"),
        ("time,value\n", "holds no numbers"),
        ("0,1\n1\n", "line 2 has 1 cell "),
    ],
)
def test_a_curve_that_is_none_is_refused(tmp_path, text, message):
    (tmp_path / "aif.csv").write_text(text)
    with pytest.raises(PerfusionError, match=message):
        read_curve(tmp_path / "aif.csv")


def test_a_curve_needs_a_value_per_time(tmp_path):
    with pytest.raises(PerfusionError, match="3 values for 2 times"):
        write_curve(tmp_path / "aif.csv", [0, 1], [1, 2, 3])


def test_json_takes_arrays_and_paths_and_has_no_nan(tmp_path):
    content = {"a": np.array([1.5, np.nan]), "b": np.float32(0.5), "c": Path("x"), "d": (1, np.bool_(True)), "µ": None}
    write_json(tmp_path / "a.json", content)
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {
        "a": [1.5, None],
        "b": 0.5,
        "c": "x",
        "d": [1, True],
        "µ": None,
    }


def test_saved_settings_come_back(tmp_path):
    write_json(tmp_path / "settings.json", {"settings": {"method": "oSVD", "oscillation_index": 0.05}})
    assert read_settings(tmp_path / "settings.json") == Settings(method="oSVD", oscillation_index=0.05)
    write_json(tmp_path / "settings.json", {"method": "magic"})
    with pytest.raises(PerfusionError, match="magic"):
        read_settings(tmp_path / "settings.json")


def test_json_that_is_none_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{")
    with pytest.raises(PerfusionError, match="not valid JSON"):
        read_json(path)
    path.write_text("[]")
    with pytest.raises(PerfusionError, match="an object is needed"):
        read_json(path)


def test_the_checksum_is_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert input_record(tmp_path / "abc") == {"file": "abc", "sha256": digest, "bytes": 3}
    with pytest.raises(PerfusionError, match="cannot be read"):
        checksum(tmp_path / "none")


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd"])
def test_a_map_says_in_its_header_what_it_shows(tmp_path, ending):
    path = tmp_path / f"map{ending}"
    write_map(path, np.zeros((2, 3, 4)), Grid((2, 3, 4), np.eye(4)), "CBF ml/100g/min; " + 100 * "x")
    content = gzip.decompress(path.read_bytes()) if ending == ".nii.gz" else path.read_bytes()
    assert b"CBF ml/100g/min; xxx" in content
    assert np.array_equal(read_image(path).voxels[0], np.zeros((2, 3, 4)))
