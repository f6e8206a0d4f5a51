"""NRRD files of every axis order, encoding and space are read as they are."""

import bz2
import gzip

import numpy as np
import pytest
import SimpleITK
from PerfusionToolLib.files import read_scan, read_series
from PerfusionToolLib.files.images import read_image
from PerfusionToolLib.perfusion import PerfusionError

FRAMES = 11
SIZES = (4, 5, 3)
TIMES = np.array([0, 1.2, 2.4, 3.6, 5, 7, 9, 11.5, 15, 20, 30.25])
RAS = np.array([[-2.0, 0, 0.5, 90], [0.25, -2, 0, 126], [0, 0, 5, -72], [0, 0, 0, 1]])


def _voxels(dtype="<i2"):
    return np.random.default_rng(0).integers(0, 100, (FRAMES, *SIZES[::-1])).astype(dtype)


def _vector(values):
    return "(" + ",".join(repr(float(value)) for value in values) + ")"


def _header(*extra, axis=3, kind="list", none="none", signs=(-1, -1, 1), space="left-posterior-superior", **fields):
    """Header of a 4D file whose frames lie on the given axis (0: fastest)."""

    def inserted(values, value):
        values = [str(item) for item in values]
        return " ".join([*values[:axis], str(value), *values[axis:]])

    signs = np.array(signs)
    lines = {
        "type": "short",
        "dimension": "4",
        "space": space,
        "sizes": inserted(SIZES, FRAMES),
        "space directions": inserted([_vector(column * signs) for column in RAS[:3, :3].T], none),
        "kinds": inserted(["domain"] * 3, kind),
        "endian": "little",
        "encoding": "raw",
        "space origin": _vector(RAS[:3, 3] * signs),
        **{name.replace("_", " "): value for name, value in fields.items()},
    }
    fields = [f"{name}: {value}" for name, value in lines.items() if value is not None]
    return ("\n".join(["NRRD0005", "# a comment: with a colon", *fields, *extra]) + "\n\n").encode()


def _index(axis=3, unit="s", times=TIMES):
    values = " ".join(repr(float(time)) for time in times)
    units = ['""'] * 3
    units.insert(axis, f'"{unit}"')
    return f"units: {' '.join(units)}", f"axis {axis} index type:=numeric", f"axis {axis} index values:={values}"


def _on_disk(voxels, axis):
    return np.moveaxis(voxels, 0, 3 - axis).tobytes()


def _assert_is_the_scan(path, times=TIMES):
    series = read_series(path, "CT")
    assert np.array_equal(series.signal, _voxels()) and series.signal.flags.c_contiguous
    assert np.allclose(series.ijk_to_ras, RAS)
    assert np.allclose(series.times, times, rtol=0, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", ["list", "time", "vector", "???"])
def test_frames_are_found_on_any_axis(tmp_path, axis, kind):
    path = tmp_path / "scan.seq.nrrd"
    path.write_bytes(_header(*_index(axis), axis=axis, kind=kind) + _on_disk(_voxels(), axis))
    _assert_is_the_scan(path)


@pytest.mark.parametrize("none", ["none", "(nan,nan,nan)", "(0,0,0)"])
def test_no_direction_is_written_in_many_ways(tmp_path, none):
    path = tmp_path / "scan.nrrd"
    path.write_bytes(_header(*_index(0), axis=0, none=none) + _on_disk(_voxels(), 0))
    _assert_is_the_scan(path)


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (-1, -1, 1)),
        ("LPS", (-1, -1, 1)),
        ("right-anterior-superior", (1, 1, 1)),
        ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)),
        (None, (-1, -1, 1)),
    ],
)
def test_every_anatomical_space_leads_to_ras(tmp_path, space, signs):
    path = tmp_path / "scan.nrrd"
    path.write_bytes(_header(*_index(), space=space, signs=signs) + _voxels().tobytes())
    _assert_is_the_scan(path)


@pytest.mark.parametrize("space", ["scanner-xyz", "3D-right-handed"])
def test_a_space_without_anatomy_is_refused(tmp_path, space):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(), space=space) + _voxels().tobytes())
    with pytest.raises(PerfusionError, match=space):
        read_series(tmp_path / "scan.nrrd", "CT")


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("signed char", "i1"),
        ("uchar", "u1"),
        ("uint8_t", "u1"),
        ("short int", "i2"),
        ("signed short int", "i2"),
        ("unsigned short", "u2"),
        ("ushort", "u2"),
        ("uint16", "u2"),
        ("int", "i4"),
        ("unsigned int", "u4"),
        ("int32_t", "i4"),
        ("unsigned long long int", "u8"),
        ("longlong", "i8"),
        ("float", "f4"),
        ("double", "f8"),
    ],
)
@pytest.mark.parametrize("endian", ["little", "big"])
def test_every_type_name_and_byte_order_is_known(tmp_path, name, dtype, endian):
    stored = _voxels(np.dtype(dtype).newbyteorder(endian[0].replace("l", "<").replace("b", ">")))
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(), type=name, endian=endian) + stored.tobytes())
    signal = read_series(tmp_path / "scan.nrrd", "CT").signal
    assert signal.dtype == np.dtype(dtype) and signal.dtype.isnative
    assert np.array_equal(signal, _voxels())


@pytest.mark.parametrize("name", ["block", "half", "", "unsigned"])
def test_an_unknown_type_is_refused(tmp_path, name):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(), type=name) + _voxels().tobytes())
    with pytest.raises(PerfusionError, match="type"):
        read_series(tmp_path / "scan.nrrd", "CT")


@pytest.mark.parametrize("encoding", ["gzip", "gz", "GZIP"])
def test_gzip_is_read(tmp_path, encoding):
    content = _header(*_index(), encoding=encoding) + gzip.compress(_voxels().tobytes())
    (tmp_path / "scan.nrrd").write_bytes(content)
    _assert_is_the_scan(tmp_path / "scan.nrrd")
    (tmp_path / "scan.nrrd").write_bytes(content[:-50])
    with pytest.raises(PerfusionError, match="cut short"):
        read_series(tmp_path / "scan.nrrd", "CT")


@pytest.mark.parametrize(("encoding", "pack"), [("bzip2", bz2.compress), ("ascii", bytes), ("hex", bytes)])
def test_rare_encodings_are_refused(tmp_path, encoding, pack):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(), encoding=encoding) + pack(_voxels().tobytes()))
    with pytest.raises(PerfusionError, match=encoding):
        read_series(tmp_path / "scan.nrrd", "CT")


def test_windows_line_ends_are_fine(tmp_path):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index()).replace(b"\n", b"\r\n") + _voxels().tobytes())
    _assert_is_the_scan(tmp_path / "scan.nrrd")


@pytest.mark.parametrize(("encoding", "pack"), [("raw", bytes), ("gzip", gzip.compress)])
def test_a_detached_header_names_its_data(tmp_path, encoding, pack):
    (tmp_path / "scan.nhdr").write_bytes(_header(*_index(), encoding=encoding, data_file="scan.data").rstrip())
    with pytest.raises(PerfusionError, match=r"scan\.data does not exist"):
        read_series(tmp_path / "scan.nhdr", "CT")
    (tmp_path / "scan.data").write_bytes(pack(_voxels().tobytes()))
    _assert_is_the_scan(tmp_path / "scan.nhdr")


def test_data_spread_over_files_are_refused(tmp_path):
    for name in ("LIST", "slice%03d.raw 1 33 1"):
        (tmp_path / "scan.nhdr").write_bytes(_header(*_index(), data_file=name))
        with pytest.raises(PerfusionError, match="several files"):
            read_series(tmp_path / "scan.nhdr", "CT")


def test_lines_and_bytes_before_the_data_are_skipped(tmp_path):
    path, data = tmp_path / "scan.nhdr", tmp_path / "scan.raw"
    data.write_bytes(b"one\ntwo\n1234567" + _voxels().tobytes())
    for skips in ({"line_skip": 2, "byte_skip": 7}, {"byte_skip": -1}, {"byteskip": 15}):
        path.write_bytes(_header(*_index(), data_file="scan.raw", **skips))
        _assert_is_the_scan(path)


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1000), ("µs", 1e6), ("sec", 1)])
def test_the_unit_of_a_sequence_index_is_honoured(tmp_path, unit, factor):
    path = tmp_path / "scan.seq.nrrd"
    path.write_bytes(_header(*_index(unit=unit, times=TIMES * factor)) + _voxels().tobytes())
    _assert_is_the_scan(path)
    assert read_scan(path, "CT").time_source == f"header: sequence index in {unit}"


def test_an_index_of_an_axis_that_is_named_0_wherever_it_stands_is_found(tmp_path):
    index = ("axis 0 index type:=numeric", _index(0)[2], 'units: "" "" "" "s"')
    (tmp_path / "scan.nrrd").write_bytes(_header(*index) + _voxels().tobytes())
    _assert_is_the_scan(tmp_path / "scan.nrrd")


COUNT = np.arange(FRAMES)


def _labels(units="ms", tag="AcquisitionTime", times=TIMES * 1000):
    lines = ["MultiVolume.FrameLabels:=" + ",".join(repr(float(time)) for time in times)]
    lines += [f"MultiVolume.FrameIdentifyingDICOMTagName:={tag}"] * bool(tag)
    return [*lines, *[f"MultiVolume.FrameIdentifyingDICOMTagUnits:={units}"] * bool(units)]


@pytest.mark.parametrize(
    "labels",
    [
        _labels(),
        _labels(units=""),
        _labels(units="sec", times=TIMES),
        _labels(units="", tag="TriggerTime"),
    ],
)
@pytest.mark.parametrize("index", [(), _index(times=COUNT), _index(unit="", times=COUNT)])
def test_frame_labels_are_believed_before_a_mere_count(tmp_path, labels, index):
    (tmp_path / "scan.nrrd").write_bytes(_header(*index, *labels) + _voxels().tobytes())
    _assert_is_the_scan(tmp_path / "scan.nrrd")


def test_an_index_of_times_is_believed_before_labels(tmp_path):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(), *_labels(times=TIMES * 2000)) + _voxels().tobytes())
    _assert_is_the_scan(tmp_path / "scan.nrrd")


def test_labels_run_past_midnight(tmp_path):
    clock = (86_390 + TIMES) % 86_400
    (tmp_path / "scan.nrrd").write_bytes(_header(*_labels(times=clock * 1000)) + _voxels().tobytes())
    times = read_series(tmp_path / "scan.nrrd", "CT").times
    assert np.allclose(times - times[0], TIMES)


@pytest.mark.parametrize(
    "extra",
    [
        (),
        _index(unit="", times=COUNT),
        _index(unit="%"),
        _index(times=TIMES[:-1]),
        ("axis 3 index type:=text", "axis 3 index values:=" + " ".join("abcdefghijk")),
        _labels(units="count", tag="TemporalPositionIdentifier"),
        _labels(units="", tag=""),
    ],
)
def test_numbers_that_are_no_times_are_not_taken_for_them(tmp_path, extra):
    (tmp_path / "scan.nrrd").write_bytes(_header(*extra) + _voxels().tobytes())
    with pytest.raises(PerfusionError, match="does not state its frame times"):
        read_series(tmp_path / "scan.nrrd", "CT")
    assert read_series(tmp_path / "scan.nrrd", "CT", frame_interval=2).times[-1] == 20


def test_an_index_in_s_counts_when_nothing_better_is_there(tmp_path):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(times=COUNT)) + _voxels().tobytes())
    _assert_is_the_scan(tmp_path / "scan.nrrd", COUNT)


def test_an_index_without_a_unit_is_taken_as_seconds_and_said(tmp_path):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(unit="")) + _voxels().tobytes())
    _assert_is_the_scan(tmp_path / "scan.nrrd")
    assert "taken as s" in read_scan(tmp_path / "scan.nrrd", "CT").time_source


def test_a_spacing_on_the_time_axis_is_its_interval(tmp_path):
    extra = ("spacings: nan nan nan 1500", 'units: "" "" "" "ms"')
    (tmp_path / "scan.nrrd").write_bytes(_header(*extra, kind="time") + _voxels().tobytes())
    _assert_is_the_scan(tmp_path / "scan.nrrd", 1.5 * COUNT)


def test_a_file_without_directions_has_its_spacings(tmp_path):
    header = _header(
        "spacings: 2 2 5 1.5",
        space=None,
        space_directions=None,
        space_origin=None,
        kinds="domain domain domain time",
    )
    (tmp_path / "scan.nrrd").write_bytes(header + _voxels().tobytes())
    series = read_series(tmp_path / "scan.nrrd", "CT")
    assert np.allclose(series.ijk_to_ras, np.diag([-2, -2, 5, 1])) and series.times[1] == 1.5
    assert np.array_equal(series.signal, _voxels())


def test_a_4d_file_by_simpleitk_is_read_like_simpleitk_does(tmp_path):
    image = SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(volume) for volume in _voxels()], 6.0, 1.5)
    image.SetSpacing((2, 2, 5, 1.5))
    image.SetOrigin((-90, -126, 72, 6))
    for ending in ("nrrd", "nii.gz"):
        path = tmp_path / f"scan.{ending}"
        SimpleITK.WriteImage(image, str(path))
        series = read_series(path, "CT")
        assert np.array_equal(series.signal, _voxels())
        assert np.allclose(series.ijk_to_ras, [[-2, 0, 0, 90], [0, -2, 0, 126], [0, 0, 5, 72], [0, 0, 0, 1]])
        assert np.allclose(np.diff(series.times), 1.5)


def test_the_echo_time_of_slicers_import_is_in_milliseconds(tmp_path):
    header = _header(*_index(), "MultiVolume.DICOM.EchoTime:=32.5")
    (tmp_path / "scan.nrrd").write_bytes(header + _voxels().tobytes())
    assert read_series(tmp_path / "scan.nrrd", "MR").echo_time == pytest.approx(0.0325)


def test_a_volume_is_read_as_one_frame(tmp_path):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(_voxels()[0]), str(tmp_path / "mask.nrrd"))
    assert np.array_equal(read_image(tmp_path / "mask.nrrd").voxels, _voxels()[:1])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sizes": "4 5 3 many"}, "damaged NRRD header"),
        ({"sizes": "4 5 3"}, "sizes"),
        ({"dimension": "5"}, "sizes"),
        ({"space_directions": "(1,0,0) (0,1,0) (0,0,1)"}, "3 space directions for 4 axes"),
        ({"space_directions": "(1,0,0) (0,1,0) none none"}, "2 of them in space"),
        ({"space_directions": "(1,0,x) (0,1,0) (0,0,1) none"}, "damaged NRRD header"),
        ({"space_directions": "(1,0) (0,1) (1,1) none"}, "fewer than 3"),
        ({"sizes": "4 5 3 1100"}, "cut short"),
        ({"sizes": "40000 40000 40000 1100"}, "cut short"),
        ({"space_origin": "(1,2)"}, "fewer than 3"),
        ({"space_units": '"furlong" "mm" "mm"'}, "furlong"),
        ({"byte_skip": "few"}, "damaged NRRD header"),
    ],
)
def test_a_damaged_header_is_said(tmp_path, fields, message):
    (tmp_path / "scan.nrrd").write_bytes(_header(*_index(), **fields) + _voxels().tobytes())
    with pytest.raises(PerfusionError, match=message):
        read_series(tmp_path / "scan.nrrd", "CT", frame_interval=1)


def test_a_header_line_without_a_field_is_said(tmp_path):
    (tmp_path / "scan.nrrd").write_bytes(b"NRRD0005\nno field here\n\n")
    with pytest.raises(PerfusionError, match="no field here"):
        read_series(tmp_path / "scan.nrrd", "CT")
