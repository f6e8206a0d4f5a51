"""Frame times in the scene: every way in which 4D scans reach it, and what a person types or loads."""

from __future__ import annotations

import numpy as np
import pytest
from other_classes import DicomDatabase

FRAMES = 12
IRREGULAR = np.cumsum([0.0, 1.5, 1.5, 1.5, 2, 2, 2, 3, 3, 3, 5, 5])
CLOCKS = {"0008,0032": "AcquisitionTime", "0008,0033": "ContentTime"}


@pytest.fixture
def put(scene):
    """Puts a sequence with the given index values, unit and attributes into the scene."""
    import slicer

    def put(values=range(FRAMES), unit="", name="Scan", instances=(), **attributes):
        node = scene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
        node.SetIndexUnit(unit)
        for frame, value in enumerate(values):
            volume = slicer.vtkMRMLScalarVolumeNode()
            slicer.util.updateVolumeFromArray(volume, np.full((2, 3, 4), frame, np.int16))
            if instances:
                volume.SetAttribute("DICOM.instanceUIDs", instances[frame])
            node.SetDataNodeAtValue(volume, str(value))
        for attribute, value in attributes.items():
            node.SetAttribute(f"MultiVolume.{attribute}", value)
        return node

    return put


@pytest.fixture
def database(monkeypatch, scene):
    """A DICOM database that knows the tags given as tag=[value of instance 0, value of instance 1, ...]."""
    import slicer

    def database(is_open=True, **tags):
        named = {f"{tag[1:5]},{tag[5:]}": zip(uids(), values, strict=True) for tag, values in tags.items()}
        values = {(uid, tag): value for tag, pairs in named.items() for uid, value in pairs}
        monkeypatch.setattr(slicer, "dicomDatabase", DicomDatabase(values, is_open), raising=False)

    return database


def uids():
    return [f"1.2.{frame}" for frame in range(FRAMES)]


def labels(seconds, tag="AcquisitionTime", unit="ms"):
    return {
        "FrameLabels": ",".join(repr(float(1000 * time)) for time in seconds),
        "FrameIdentifyingDICOMTagName": tag,
        "FrameIdentifyingDICOMTagUnits": unit,
    }


def clock(seconds):
    """DICOM's time of day of seconds after midnight."""
    return [f"{int(t // 3600 % 24):02}{int(t // 60 % 60):02}{t % 60:09.6f}" for t in np.asarray(seconds, float)]


def find(node):
    from PerfusionToolLib.scene.scans.frame_times import find_frame_times

    return find_frame_times(node)


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1000), ("sec", 1)])
def test_an_index_in_a_unit_of_time_is_read_exactly(put, unit, factor):
    times = find(put([repr(float(value)) for value in IRREGULAR * factor], unit))
    np.testing.assert_allclose(times.seconds, IRREGULAR, rtol=1e-12)
    assert (times.source, times.unit, times.regular) == ("the sequence index", unit, False)


@pytest.mark.parametrize(("unit", "first"), [("", 0), ("", 1), ("frame", 0)])
def test_an_index_that_numbers_the_frames_has_no_times(put, unit, first):
    assert find(put(range(first, first + FRAMES), unit)) is None


@pytest.mark.parametrize(
    ("values", "unit", "doubt"), [(range(FRAMES), "s", "may only number"), (IRREGULAR, "", "taken as s")]
)
def test_an_index_of_a_second_a_frame_or_without_a_unit_is_taken_where_nothing_else_is_there(put, values, unit, doubt):
    node = put(values, unit)
    np.testing.assert_allclose(find(node).seconds, list(values))
    assert doubt in find(node).describe()
    for name, value in labels(IRREGULAR + 7).items():
        node.SetAttribute(f"MultiVolume.{name}", value)
    np.testing.assert_allclose(find(node).seconds, IRREGULAR + 7)


def test_an_index_of_words_is_no_error(put):
    node = put([])
    node.SetIndexType(node.TextIndex)
    import slicer

    for word in ("before", "after"):
        node.SetDataNodeAtValue(slicer.vtkMRMLScalarVolumeNode(), word)
    assert find(node) is None


@pytest.mark.parametrize("tag", ["AcquisitionTime", "TriggerTime", "ContentTime", "SeriesTime", "Time"])
def test_dicom_import_leaves_times_in_attributes(put, tag):
    times = find(put(**labels(IRREGULAR, tag)))
    np.testing.assert_allclose(times.seconds, IRREGULAR)
    assert (times.source, times.unit) == ("MultiVolume.FrameLabels", "ms")


@pytest.mark.parametrize(
    "attributes",
    [
        labels(IRREGULAR, "TemporalPositionIdentifier", "count"),
        labels(IRREGULAR, "FlipAngle", "degrees"),
        labels(IRREGULAR, "EchoTime", "ms"),
        labels(IRREGULAR, "RepetitionTime", "ms"),
        labels(IRREGULAR[:-1]),
        labels(IRREGULAR[::-1]),
        labels(IRREGULAR * 0),
        {**labels(IRREGULAR), "FrameLabels": "a,b"},
        {**labels(IRREGULAR), "FrameLabels": ""},
    ],
)
def test_labels_that_are_no_times_or_not_one_a_frame_are_passed_over(put, attributes):
    assert find(put(**attributes)) is None


def test_labels_that_fall_at_midnight_go_on(put):
    times = find(put(**labels((86390 + IRREGULAR) % 86400)))
    np.testing.assert_allclose(np.diff(times.seconds), np.diff(IRREGULAR), atol=1e-6)
    assert times.order is None


def test_frames_that_import_sorted_past_midnight_are_put_in_order(put):
    time_of_day = (86390 + IRREGULAR) % 86400
    stored = np.argsort(time_of_day)
    times = find(put(**labels(time_of_day[stored] - time_of_day.min())))
    np.testing.assert_allclose(times.seconds, IRREGULAR, atol=1e-6)
    np.testing.assert_array_equal(stored[times.order], np.arange(FRAMES))


@pytest.mark.parametrize("tag", CLOCKS)
def test_dicom_database_gives_the_time_of_day_also_past_midnight(put, database, tag):
    database(**{"x" + tag.replace(",", ""): clock(86390 + IRREGULAR)})
    times = find(put(instances=[f"{uid} 9.9" for uid in uids()]))
    np.testing.assert_allclose(times.seconds, IRREGULAR, atol=1e-5)
    assert times.source == f"{CLOCKS[tag]} in the DICOM database"


def test_dicom_database_gives_trigger_times_where_all_frames_were_acquired_at_once(put, database):
    database(x00080032=["101010"] * FRAMES, x00181060=[str(1000 * time) for time in IRREGULAR])
    times = find(put(instances=uids()))
    np.testing.assert_allclose(times.seconds, IRREGULAR)
    assert times.source == "TriggerTime in the DICOM database"


@pytest.mark.parametrize("values", [[""] * FRAMES, ["101010"] * FRAMES, ["soon"] * FRAMES])
def test_dicom_database_without_times_is_passed_over(put, database, values):
    database(x00080032=values)
    assert find(put(instances=uids())) is None


def test_instances_without_a_database_are_passed_over(put):
    assert find(put(instances=uids())) is None


def test_index_goes_before_labels_before_database_before_original(put, database):
    database(x00080032=clock(4 * IRREGULAR))
    original = put(name="Original", values=5 * IRREGULAR, unit="s")
    everything = put(name="Original registered", values=IRREGULAR, unit="s", instances=uids(), **labels(2 * IRREGULAR))
    assert find(everything).seconds[-1] == IRREGULAR[-1]
    everything.SetIndexUnit("")
    assert find(everything).seconds[-1] == 2 * IRREGULAR[-1]
    everything.RemoveAttribute("MultiVolume.FrameLabels")
    assert find(everything).seconds[-1] == pytest.approx(4 * IRREGULAR[-1])
    for frame in range(FRAMES):
        everything.GetNthDataNode(frame).RemoveAttribute("DICOM.instanceUIDs")
    times = find(everything)
    assert (times.seconds[-1], times.source) == (5 * IRREGULAR[-1], "the sequence index of Original")
    original.SetName("Another")
    assert find(everything).unit == "no unit, taken as s"


def test_a_registered_scan_has_the_times_of_the_one_it_is_named_after(put):
    put(name="Perfusion", **labels(IRREGULAR))
    put(name="Other patient", **labels(3 * IRREGULAR))
    times = find(put(name="Perfusion registered"))
    np.testing.assert_allclose(times.seconds, IRREGULAR)
    assert times.source == "MultiVolume.FrameLabels of Perfusion"


def test_a_cropped_scan_of_another_name_has_the_times_of_the_only_one_of_as_many_frames(put):
    put(name="Perfusion", **labels(IRREGULAR))
    put(range(FRAMES + 1), name="Longer", **labels(np.arange(FRAMES + 1) * 2))
    output = put(name="Output")
    assert find(output).source == "MultiVolume.FrameLabels of Perfusion"
    put(name="Other patient", **labels(3 * IRREGULAR))
    assert find(output) is None


def test_an_own_index_in_seconds_goes_before_another_scan_of_another_name(put):
    put(name="Other patient", **labels(IRREGULAR))
    np.testing.assert_array_equal(find(put(unit="s")).seconds, np.arange(FRAMES))


def test_an_index_known_to_be_the_time_goes_before_everything(put):
    put(name="Scan of before", **labels(3 * IRREGULAR))
    node = put(unit="s", **labels(2 * IRREGULAR))
    node.SetAttribute("PerfusionTool.IndexIsTime", "true")
    times = find(node)
    np.testing.assert_array_equal(times.seconds, np.arange(FRAMES))
    assert times.source == "the sequence index"


def test_a_node_outside_a_scene_is_no_error(scene):
    import slicer

    node = slicer.vtkMRMLSequenceNode()
    node.SetIndexUnit("")
    for frame in range(FRAMES):
        node.SetDataNodeAtValue(slicer.vtkMRMLScalarVolumeNode(), str(frame))
    assert find(node) is None


def test_a_database_that_is_not_open_is_not_asked(put, database):
    database(x00080032=clock(4 * IRREGULAR), is_open=False)
    assert find(put(instances=uids())) is None


@pytest.mark.parametrize(
    ("text", "seconds", "unit"),
    [
        ("1.5", 1.5 * np.arange(FRAMES), "s"),
        (" 1.5 s ", 1.5 * np.arange(FRAMES), "s"),
        ("1500 ms", 1.5 * np.arange(FRAMES), "ms"),
        (", ".join(map(str, IRREGULAR)), IRREGULAR, "s"),
        ("\n".join(map(str, IRREGULAR)), IRREGULAR, "s"),
        (" ".join(map(str, IRREGULAR * 1000)) + " ms", IRREGULAR, "ms"),
        ("1,5", 1.5 * np.arange(FRAMES), "s"),
        ("1500,0 ms", 1.5 * np.arange(FRAMES), "ms"),
        ("; ".join(map(str, IRREGULAR)).replace(".", ","), IRREGULAR, "s"),
        (",".join(map(str, range(FRAMES))), np.arange(FRAMES), "s"),
    ],
)
def test_an_interval_or_times_are_typed(scene, text, seconds, unit):
    from PerfusionToolLib.scene.scans.frame_times import typed_frame_times

    times = typed_frame_times(text, FRAMES)
    np.testing.assert_allclose(times.seconds, seconds)
    assert times.unit == unit
    assert times.source.startswith("typed")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "0 frame times for 12"),
        ("soon", "'soon'"),
        ("1.5 min", "'min'"),
        ("1.5 s each", "'s'"),
        ("1,2,3", "3 frame times for 12"),
        ("1, 5", "2 frame times for 12"),
        ("0", "positive"),
        ("-1.5", "positive"),
        ("1500", "outside 0.05 to 60 s"),
        ("0.0015", "outside 0.05 to 60 s"),
        (" ".join(["1"] * FRAMES), "must increase"),
        ("1 2 x " + "3 " * 9, "'x'"),
    ],
)
def test_what_cannot_be_times_is_refused_in_one_sentence(scene, text, sentence):
    from PerfusionToolLib.perfusion import PerfusionError
    from PerfusionToolLib.scene.scans.frame_times import typed_frame_times

    with pytest.raises(PerfusionError, match=sentence) as caught:
        typed_frame_times(text, FRAMES)
    assert str(caught.value).endswith(".")


def test_times_are_loaded_from_a_table(scene, tmp_path):
    from PerfusionToolLib.perfusion import PerfusionError
    from PerfusionToolLib.scene.scans.frame_times import loaded_frame_times

    table = tmp_path / "times.csv"
    table.write_text("frame,time_ms\n" + "".join(f"{i},{1000 * time}\n" for i, time in enumerate(IRREGULAR)))
    times = loaded_frame_times(table, FRAMES)
    np.testing.assert_allclose(times.seconds, IRREGULAR)
    assert times.source == "file times.csv"
    with pytest.raises(PerfusionError, match="12 frame times for 13 frames"):
        loaded_frame_times(table, FRAMES + 1)


def test_times_describe_themselves_in_one_line(put):
    regular = find(put(**labels(1.41 * np.arange(FRAMES))))
    assert regular.describe() == "12 frames, every 1.41 s, from MultiVolume.FrameLabels (ms)"
    assert (regular.regular, regular.interval) == (True, pytest.approx(1.41))
    irregular = find(put([repr(float(value)) for value in IRREGULAR], "s", name="Irregular"))
    assert irregular.describe() == "12 frames, 1.5 to 5 s apart, from the sequence index (s)"


def test_jitter_of_the_scanner_s_clock_is_regular(put):
    jitter = 0.004 * np.sin(np.arange(FRAMES))
    assert find(put(**labels(1.5 * np.arange(FRAMES) + jitter))).regular
