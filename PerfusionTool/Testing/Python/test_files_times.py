"""Frame times and echo time come from where they are stated, in the order of trust."""

import json

import nibabel
import numpy as np
import pytest
from PerfusionToolLib.files import read_scan, read_series, read_times
from PerfusionToolLib.files.images import read_image
from PerfusionToolLib.files.scan import stated_times
from PerfusionToolLib.perfusion import PerfusionError

TIMES = np.array([0, 1.5, 3, 4.5, 6, 8, 10, 12, 15, 18.5])


@pytest.fixture
def scan(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2, len(TIMES)), "int16"), np.eye(4))
    image.header["pixdim"][4] = 2.5
    image.header.set_xyzt_units("mm", "sec")
    image.to_filename(tmp_path / "scan.nii.gz")
    return tmp_path / "scan.nii.gz"


def _beside(scan, content):
    scan.with_name("scan.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(str, TIMES)),
        " ".join(map(str, TIMES)),
        ",".join(map(str, TIMES)),
        "# acquired times\n" + "\n".join(map(str, TIMES)) + "\n\n",
        "time\n" + "\n".join(map(str, TIMES)),
        "\ufeffTime [s]\n" + "\n".join(map(str, TIMES)),
        "time_ms\n" + "\n".join(map(str, TIMES * 1000)),
        "time (ms)\r\n" + "\r\n".join(map(str, TIMES * 1000)),
        "t (µs)\n" + "\n".join(map(str, TIMES * 1e6)),
        "frame,time,weight\n" + "\n".join(f"{k},{time},1" for k, time in enumerate(TIMES)),
        "frame\tacquisition time in msec\n" + "\n".join(f"{k}\t{time * 1000}" for k, time in enumerate(TIMES)),
        "frame time\n" + "\n".join(f"{k}  {time}" for k, time in enumerate(TIMES)),
        "frame;time\n" + "\n".join(f"{k};{time}".replace(".", ",") for k, time in enumerate(TIMES)),
    ],
)
def test_text_files_of_many_kinds_give_seconds(tmp_path, text):
    (tmp_path / "times.csv").write_bytes(text.encode())
    assert np.allclose(read_times(tmp_path / "times.csv"), TIMES, rtol=1e-14)


@pytest.mark.parametrize(
    "content",
    [
        list(TIMES),
        {"times": list(TIMES)},
        {"times": list(TIMES * 1000), "unit": "ms"},
        {"FrameTimesStart": list(TIMES)},
        {"VolumeTiming": list(TIMES), "RepetitionTime": 9},
    ],
)
def test_json_files_give_seconds(tmp_path, content):
    (tmp_path / "times.json").write_text(json.dumps(content))
    assert np.allclose(read_times(tmp_path / "times.json"), TIMES, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "holds no numbers"),
        ("a.csv", "1\ntwo\n", "line 2: 'two' is not a number"),
        ("a.csv", "0,0\n1,1.5\n", "none is named time"),
        ("a.csv", "frame,weight\n0,0\n1,1.5\n", "none is named time"),
        ("a.json", "[0, 1", "no list of times"),
        ("a.json", '["a"]', "no list of times"),
        ("a.json", "5", "no list of times"),
        ("a.json", "{}", "no list of times"),
        ("a.json", '{"times": [0, 1], "unit": "h"}', "'h'"),
        ("a.json", '{"FrameTimesStart": [0, "a"]}', "FrameTimesStart"),
    ],
)
def test_what_holds_no_times_is_said(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(PerfusionError, match=message):
        read_times(tmp_path / name)


def test_a_missing_or_binary_file_of_times_is_said(tmp_path):
    with pytest.raises(PerfusionError, match="does not exist"):
        read_times(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(PerfusionError, match="not a text file"):
        read_times(tmp_path / "a.csv")
    with pytest.raises(PerfusionError, match="cannot be read"):
        read_times(tmp_path)


def test_times_come_from_the_caller_then_the_sidecar_then_the_header(scan):
    assert read_scan(scan, "CT").time_source == "header: interval 2.5 s"
    assert np.allclose(read_series(scan, "CT").times, 2.5 * np.arange(10))
    _beside(scan, {"FrameTimesStart": list(TIMES)})
    found = read_scan(scan, "CT")
    assert found.time_source == "scan.json: FrameTimesStart" and np.array_equal(found.series.times, TIMES)
    found = read_scan(scan, "CT", frame_interval=2)
    assert found.time_source == "given interval 2 s" and found.series.times[-1] == 18
    found = read_scan(scan, "CT", frame_interval=2, times=TIMES + 1)
    assert found.time_source == "given times" and np.array_equal(found.series.times, TIMES + 1)
    (scan.parent / "times.txt").write_text("\n".join(map(str, TIMES * 2)))
    found = read_scan(scan, "CT", times=scan.parent / "times.txt")
    assert found.time_source == "file times.txt" and np.array_equal(found.series.times, TIMES * 2)
    assert found.path == scan


@pytest.mark.parametrize(
    "content",
    [
        {"VolumeTiming": list(TIMES)},
        {"FrameTimes": list(TIMES)},
        {
            "AcquisitionTime": [f"23:59:{55 + time:09.6f}" for time in TIMES if time < 5]
            + ["00:00:01", "00:00:03"]
            + ["00:00:05", "00:00:07.000", "00:00:10", "00:00:13.5"]
        },
        {"AcquisitionTime": [f"1015{20 + time:09.6f}" for time in TIMES]},
        {
            "MultiVolume.FrameLabels": ",".join(map(str, TIMES * 1000)),
            "MultiVolume.FrameIdentifyingDICOMTagUnits": "ms",
        },
    ],
)
def test_sidecars_of_many_kinds_give_times(scan, content):
    _beside(scan, content)
    assert np.allclose(read_series(scan, "CT").times, TIMES, rtol=0, atol=1e-9)


def _labelled(tag, unit):
    return {
        "MultiVolume.FrameLabels": ",".join(map(str, TIMES * (1 if unit == "sec" else 1000))),
        "MultiVolume.FrameIdentifyingDICOMTagName": tag,
        "MultiVolume.FrameIdentifyingDICOMTagUnits": unit,
    }


@pytest.mark.parametrize("tag", ["AcquisitionTime", "ContentTime", "SeriesTime", "TriggerTime", "Time", "time", None])
def test_frame_labels_of_a_time_are_frame_times(scan, tag):
    _beside(scan, _labelled(tag, "ms"))
    assert np.allclose(read_series(scan, "CT").times, TIMES, rtol=1e-14)
    if tag:
        _beside(scan, _labelled(tag, ""))
        assert np.allclose(read_series(scan, "CT").times, TIMES, rtol=1e-14)
        _beside(scan, _labelled(tag, "sec"))
        assert np.allclose(read_series(scan, "CT").times, TIMES, rtol=1e-14)


@pytest.mark.parametrize("unit", ["ms", "sec", ""])
@pytest.mark.parametrize("tag", ["EchoTime", "RepetitionTime", "InversionTime", "FlipAngle"])
def test_frame_labels_of_something_else_are_no_frame_times(scan, tag, unit):
    _beside(scan, _labelled(tag, unit))
    assert read_scan(scan, "CT").time_source == "header: interval 2.5 s"


def test_frame_labels_without_a_unit_and_a_tag_are_no_frame_times(scan):
    _beside(scan, _labelled(None, None))
    assert read_scan(scan, "CT").time_source == "header: interval 2.5 s"


def test_the_acquisition_time_of_the_first_frame_is_no_list_of_times(scan):
    _beside(scan, {"AcquisitionTime": "10:15:20.1"})
    assert read_scan(scan, "CT").time_source.startswith("header")


def test_a_repetition_time_is_the_interval_unless_the_header_disagrees(scan, tmp_path):
    _beside(scan, {"RepetitionTime": 2.5})
    assert read_scan(scan, "CT").time_source == "scan.json: RepetitionTime 2.5 s"
    _beside(scan, {"RepetitionTime": 0.02})
    with pytest.raises(PerfusionError, match=r"RepetitionTime 0\.02 s, but the header.*2\.5 s"):
        read_series(scan, "CT")
    assert read_series(scan, "CT", frame_interval=2.5).times[1] == 2.5


def test_a_default_interval_in_the_header_does_not_contradict(scan):
    image = nibabel.load(scan)
    image.header["pixdim"][4] = 1
    nibabel.Nifti1Image(np.asarray(image.dataobj), None, image.header).to_filename(scan)
    _beside(scan, {"RepetitionTime": 1.8})
    assert read_series(scan, "CT").times[1] == 1.8


def test_stated_times_are_none_with_the_reason_where_sidecar_and_header_disagree(scan):
    _beside(scan, {"RepetitionTime": 0.02})
    times, why = stated_times(scan, read_image(scan))
    assert times is None
    assert why == "scan.json states RepetitionTime 0.02 s, but the header an interval of 2.5 s"


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        ({"EchoTime": 0.03}, 0.03),
        ({"EchoTime": "0.03"}, 0.03),
        ({"EchoTime_ms": 30}, 0.03),
        ({"EchoTimeMs": 30}, 0.03),
        ({"MultiVolume.DICOM.EchoTime": "30"}, 0.03),
        ({"EchoTime1": 0.005, "EchoTime": 0.03}, 0.03),
    ],
)
def test_the_echo_time_comes_from_the_sidecar(scan, content, seconds):
    _beside(scan, content)
    found = read_scan(scan, "MR")
    assert found.series.echo_time == pytest.approx(seconds) and found.echo_time_source == "scan.json"
    assert read_scan(scan, "MR", echo_time=0.04).echo_time_source == "given"
    assert read_scan(scan, "CT").echo_time_source is None


def test_an_echo_time_in_milliseconds_where_seconds_are_due_is_refused(scan):
    _beside(scan, {"EchoTime": 30})
    with pytest.raises(PerfusionError, match="milliseconds"):
        read_series(scan, "MR")
    _beside(scan, {"EchoTime": "short"})
    with pytest.raises(PerfusionError, match="EchoTime does not hold numbers"):
        read_series(scan, "MR")


def test_a_broken_sidecar_is_said_but_does_not_block_given_values(scan):
    scan.with_name("scan.json").write_text("{")
    with pytest.raises(PerfusionError, match="not valid JSON"):
        read_series(scan, "CT")
    assert read_series(scan, "MR", frame_interval=2, echo_time=0.03).echo_time == 0.03


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"times": TIMES[:-1]}, "9 frame times for 10 frames"),
        ({"times": TIMES[::-1]}, "must increase"),
        ({"times": TIMES * 1000}, "name their unit"),
        ({"times": ["a"] * 10}, "not numbers"),
        ({"times": np.where(TIMES == 3, np.nan, TIMES)}, "time of frame 2 is nan"),
        ({"frame_interval": 0}, "positive number"),
        ({"frame_interval": float("nan")}, "positive number"),
        ({"frame_interval": 1500}, "1500 s apart"),
    ],
)
def test_impossible_times_are_refused(scan, given, message):
    with pytest.raises(PerfusionError, match=message):
        read_series(scan, "CT", **given)


def test_a_sidecar_with_too_few_times_is_refused(scan):
    _beside(scan, {"FrameTimesStart": list(TIMES[:-1])})
    with pytest.raises(PerfusionError, match="9 frame times"):
        read_series(scan, "CT")


def test_a_single_odd_gap_does_not_make_times_impossible(scan):
    late = np.append(TIMES[:-1], 600)
    assert np.array_equal(read_series(scan, "CT", times=late).times, late)
