"""A folder of DICOM images, as scanners of several makers leave it, becomes a perfusion scan."""

from __future__ import annotations

import random
import re
import sys

import dicom_on_disk as disk
import numpy as np
import pytest
from dicom_on_disk import FRAMES, IJK_TO_RAS, INTERVAL, SLICES, TIMES, images, signal, write
from PerfusionToolLib.files import read_scan
from PerfusionToolLib.perfusion.errors import PerfusionError
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLosslessSV1, generate_uid

CT_CLOCKS = [disk.siemens_ct, disk.ge_ct, disk.content_time_only]
MR_CLOCKS = [disk.ge_dsc, disk.ge_dsc_without_clock, disk.philips_dsc, disk.temporal_positions]


def refusal(folder, **given):
    with pytest.raises(PerfusionError) as error:
        read_scan(folder, **given)
    sentence = str(error.value)
    assert str(folder) in sentence or "DICOM" in sentence
    assert re.search(r"[;:] \w", sentence), sentence
    return sentence


def at(frame, place):
    return frame * SLICES + place


def moving(seconds):
    """A bolus that every voxel sees, smooth in time, at the times of each frame and slice (t, z)."""
    strength = 1 + np.arange(disk.ROWS * disk.COLUMNS).reshape(disk.ROWS, disk.COLUMNS) / 200
    return 800 * np.exp(-(((seconds - 8) / 4) ** 2))[:, :, None, None] * strength


@pytest.mark.parametrize("clock", CT_CLOCKS, ids=lambda clock: clock.__name__)
def test_ct_images_are_sorted_by_place_and_time(clock, tmp_path):
    scan = read_scan(write(tmp_path, images(clock)))
    assert scan.series.modality == "CT" and scan.echo_time_source is None
    assert scan.series.signal.dtype == np.int16
    assert np.array_equal(scan.series.signal, signal())
    assert np.allclose(scan.series.times, TIMES, atol=1e-4)
    assert np.allclose(scan.series.ijk_to_ras, IJK_TO_RAS)
    assert scan.slice_offsets is None


@pytest.mark.parametrize("clock", MR_CLOCKS, ids=lambda clock: clock.__name__)
def test_mr_images_are_sorted_by_place_and_time(clock, tmp_path):
    folder = write(tmp_path, images(clock, sop_class=disk.MR, intercept=0))
    scan = read_scan(folder, "MR")
    assert np.array_equal(scan.series.signal, signal())
    assert np.allclose(scan.series.times, TIMES, atol=1e-4)
    assert scan.series.echo_time in (0.03, 0.04) and scan.echo_time_source == "header"


def test_a_clock_that_stands_still_is_not_taken_for_the_time(tmp_path):
    assert "TriggerTime" in read_scan(write(tmp_path, images(disk.ge_dsc, sop_class=disk.MR))).time_source
    other = write(tmp_path / "philips", images(disk.philips_dsc, sop_class=disk.MR))
    assert "Philips dynamic scan begin time" in read_scan(other).time_source


def test_times_that_are_only_counted_or_of_making_are_said(tmp_path):
    scan = read_scan(write(tmp_path, images(disk.ge_dsc_without_clock, sop_class=disk.MR)))
    assert "counted by InstanceNumber and RepetitionTime" in scan.notes[0]
    made = read_scan(write(tmp_path / "made", images(disk.content_time_only)))
    assert "those at which images were made" in made.notes[0]


def test_a_private_clock_is_read_from_files_without_value_representations(tmp_path):
    def unknown(dataset, frame, place):
        disk.philips_dsc(dataset, frame, place)
        dataset.private_block(0x2005, disk.PHILIPS)[0xA0].VR = "UN"
        dataset.private_block(0x2005, disk.PHILIPS)[0xA0].value = np.float32(TIMES[frame]).tobytes()

    scan = read_scan(write(tmp_path, images(unknown, sop_class=disk.MR)))
    assert np.allclose(scan.series.times, TIMES)


def test_uneven_times_across_midnight_stay_true(tmp_path):
    times = np.r_[TIMES[:8], TIMES[8] + 3 * np.arange(4)]

    def late(dataset, frame, place):
        dataset.AcquisitionTime = disk.time_of_day(13.5 * 3600 - 5 + times[frame])

    assert np.allclose(read_scan(write(tmp_path, images(late))).series.times, times, atol=1e-4)


def test_whole_seconds_are_taken_as_the_even_times_behind_them(tmp_path):
    def whole(dataset, frame, place):
        dataset.AcquisitionTime = disk.time_of_day(np.floor(1.4 * frame), digits=0)

    scan = read_scan(write(tmp_path, images(whole)))
    assert np.ptp(np.diff(scan.series.times)) < 1e-9
    assert abs(scan.series.times[1] - 1.4) < 0.05
    assert "whole seconds" in scan.time_source


def test_whole_seconds_of_uneven_times_stay_as_they_are(tmp_path):
    times = np.r_[np.arange(6), 5 + 4 * np.arange(1, 7)]

    def whole(dataset, frame, place):
        dataset.AcquisitionTime = disk.time_of_day(times[frame], digits=0)

    assert np.array_equal(read_scan(write(tmp_path, images(whole))).series.times, times)


def test_given_times_win(tmp_path):
    scan = read_scan(write(tmp_path, images(disk.siemens_ct)), "CT", frame_interval=2)
    assert scan.series.times[1] == 2 and scan.time_source == "given interval 2 s"


def test_slope_and_intercept_of_each_image_count(tmp_path):
    made = images(disk.siemens_ct, slope=0.5, intercept=-1000)
    made[at(3, 2)].RescaleSlope, made[at(3, 2)].RescaleIntercept = 2, 10
    disk.store(made[at(3, 2)], signal()[3, 2] // 2 * 2, 2, 10)
    expected = signal().astype(float)
    expected[3, 2] = expected[3, 2] // 2 * 2
    scan = read_scan(write(tmp_path, made))
    assert scan.series.signal.dtype == np.float32
    assert np.array_equal(scan.series.signal, expected)


def test_values_beyond_16_bits_are_kept(tmp_path):
    voxels = signal().astype(np.int32)
    voxels[2, 1, 3, 4] = 33000
    scan = read_scan(write(tmp_path, images(disk.siemens_ct, voxels, intercept=1000)))
    assert np.array_equal(scan.series.signal, voxels)


def test_oblique_and_left_handed_stacks_lie_where_the_headers_say(tmp_path):
    made = images(disk.siemens_ct)
    row, column = np.array([0.6, 0.8, 0.0]), np.array([0.0, 0.0, -1.0])
    normal = np.cross(row, column)
    for index, dataset in enumerate(made):
        dataset.ImageOrientationPatient = [*row, *column]
        dataset.ImagePositionPatient = list(np.array(disk.ORIGIN) - index % SLICES * 6 * normal)
    series = read_scan(write(tmp_path, made)).series
    assert np.array_equal(series.signal, signal()[:, ::-1])
    to_lps = np.diag([-1, -1, 1])
    assert np.allclose(to_lps @ series.ijk_to_ras[:3, 0], 4 * row)
    assert np.allclose(to_lps @ series.ijk_to_ras[:3, 1], 5 * column)
    assert np.allclose(to_lps @ series.grid.to_ras((SLICES - 1, 0, 0)), disk.ORIGIN)


def test_a_tilted_gantry_keeps_its_voxels_in_place(tmp_path):
    step = (0.0, 2.0, 6.0)
    scan = read_scan(write(tmp_path, images(disk.siemens_ct, step=step)))
    assert np.array_equal(scan.series.signal, signal())
    assert np.allclose(scan.series.grid.to_ras((2, 0, 0)), (30, 40 - 4, 20 + 12))
    assert abs(scan.series.grid.voxel_volume - 4 * 5 * 6 / 1000) < 1e-9
    assert scan.notes == ("The gantry was tilted by 18.4°; the slices are kept as they lie.",)


@pytest.mark.parametrize("sop_class", [disk.ENHANCED_CT, disk.ENHANCED_MR])
def test_enhanced_images_are_read_as_well(sop_class, tmp_path):
    scan = read_scan(write(tmp_path, [disk.enhanced(sop_class=sop_class)]))
    assert np.array_equal(scan.series.signal, signal())
    assert np.allclose(scan.series.times, TIMES, atol=1e-4)
    assert np.allclose(scan.series.ijk_to_ras, IJK_TO_RAS)
    assert scan.series.echo_time == (0.035 if sop_class == disk.ENHANCED_MR else None)
    assert scan.time_source == "DICOM: AcquisitionDateTime"


def test_an_enhanced_file_is_a_scan_by_itself(tmp_path):
    write(tmp_path, [disk.enhanced(sop_class=disk.ENHANCED_MR, clock=False)])
    (path,) = (file for file in tmp_path.rglob("*") if file.is_file())
    scan = read_scan(path)
    assert np.array_equal(scan.series.signal, signal()) and np.allclose(scan.series.times, TIMES)
    assert scan.time_source == "DICOM: TemporalPositionIdentifier × RepetitionTime 1.5 s"


def test_enhanced_files_of_one_frame_each_are_one_scan(tmp_path):
    files = [disk.enhanced(signal()[[frame]]) for frame in range(FRAMES)]
    for frame, dataset in enumerate(files):
        for groups in dataset.PerFrameFunctionalGroupsSequence:
            groups.FrameContentSequence[0].FrameAcquisitionDateTime = f"20240105{disk.time_of_day(TIMES[frame])}"
    assert np.array_equal(read_scan(write(tmp_path, files)).series.signal, signal())


def test_a_shuttle_scan_is_interpolated_to_the_times_of_its_frames(tmp_path):
    delays = np.where(np.arange(SLICES) < 2, 0.0, 0.6)

    def shuttle(dataset, frame, place):
        dataset.AcquisitionTime = disk.time_of_day(TIMES[frame] + delays[place])

    voxels = moving(TIMES[:, None] + delays)
    scan = read_scan(write(tmp_path, images(shuttle, voxels, slope=0.05, intercept=0)))
    truth = moving(np.repeat(TIMES[:, None] + delays.mean(), SLICES, axis=1))
    error, uncorrected = np.abs(scan.series.signal - truth)[1:-1], np.abs(voxels - truth)[1:-1]
    assert np.allclose(scan.series.times, TIMES, atol=1e-4)
    assert error.max() < 0.06 * uncorrected.max()
    assert np.allclose(scan.slice_offsets, np.where(np.arange(SLICES) < 2, -0.3, 0.3), atol=1e-4)
    assert "0.30 s before or after" in scan.notes[0]


def test_a_table_that_turns_at_each_end_has_other_delays_in_every_frame(tmp_path):
    delays = np.array([0, 0.4, 0.8, 1.2])
    taken = TIMES[:, None] + np.where(np.arange(FRAMES)[:, None] % 2, delays[::-1], delays)

    def spiral(dataset, frame, place):
        dataset.AcquisitionTime = disk.time_of_day(taken[frame, place])

    scan = read_scan(write(tmp_path, images(spiral, moving(taken), slope=0.05, intercept=0)))
    truth = moving(np.repeat(TIMES[:, None] + 0.6, SLICES, axis=1))
    assert np.abs(scan.series.signal - truth)[1:-1].max() < 0.1 * np.abs(moving(taken) - truth)[1:-1].max()


def test_slices_of_an_echo_planar_series_are_interpolated_too(tmp_path):
    delays = np.array([disk.slice_delay(place) for place in range(SLICES)])
    made = images(disk.siemens_dsc, moving(TIMES[:, None] + delays), slope=0.05, intercept=0, sop_class=disk.MR)
    scan = read_scan(write(tmp_path, made))
    assert np.allclose(scan.slice_offsets, delays - delays.mean(), atol=1e-4)
    truth = moving(np.repeat(TIMES[:, None] + delays.mean(), SLICES, axis=1))
    assert np.abs(scan.series.signal - truth)[1:-1].max() < 6


def test_two_table_positions_one_after_the_other_are_no_scan(tmp_path):
    def twice(dataset, frame, place):
        dataset.AcquisitionTime = disk.time_of_day(TIMES[frame] + 60 * (place > 1))

    assert "more than one scan" in refusal(write(tmp_path, images(twice)))


def test_a_missing_image_is_named(tmp_path):
    made = images(disk.siemens_ct)
    del made[at(5, 2)]
    assert "lacks 1 image (frame 5 at 32.0 mm" in refusal(write(tmp_path, made))


def test_missing_images_of_a_shuttle_scan_are_named(tmp_path):
    def shuttle(dataset, frame, place):
        dataset.AcquisitionTime = disk.time_of_day(TIMES[frame] + 0.7 * (place > 1))

    made = [dataset for index, dataset in enumerate(images(shuttle)) if index not in (at(0, 3), at(7, 3))]
    assert "lacks 2 images (frame 0 at 38.0 mm, frame 7 at 38.0 mm" in refusal(write(tmp_path, made))


def test_a_missing_image_is_named_by_its_number_where_there_is_no_clock(tmp_path):
    made = images(disk.ge_dsc_without_clock, sop_class=disk.MR)
    del made[at(5, 2)]
    assert f"instance number {at(5, 2) + 1}" in refusal(write(tmp_path, made))


def test_a_scan_that_was_stopped_loses_its_last_frame_only(tmp_path):
    scan = read_scan(write(tmp_path, images(disk.siemens_ct)[:-2]))
    assert np.array_equal(scan.series.signal, signal()[:-1])
    assert scan.notes == (f"The scan ended within frame {FRAMES - 1}; that frame is left out.",)


def test_a_missing_frame_is_said_and_leaves_the_times_true(tmp_path):
    made = images(disk.philips_dsc, sop_class=disk.MR)
    del made[at(5, 0) : at(6, 0)]
    scan = read_scan(write(tmp_path, made))
    assert np.allclose(scan.series.times, np.delete(TIMES, 5))
    assert scan.notes == ("Missing of the scan: 1 frame (temporal position 6); times stay true.",)


def test_a_missing_slice_is_named(tmp_path):
    made = [dataset for index, dataset in enumerate(images(disk.siemens_ct)) if index % SLICES != 2]
    assert "lacks 1 of 4 slices, such as between 26.0 and 38.0 mm" in refusal(write(tmp_path, made))


def test_uneven_slices_are_refused(tmp_path):
    made = images(disk.siemens_ct)
    for dataset in made[1::SLICES]:
        dataset.ImagePositionPatient[2] += 1.5
    assert "4.50 to 7.50 mm apart" in refusal(write(tmp_path, made))


def test_the_series_with_most_frames_is_read_and_the_others_are_named(tmp_path):
    head = images(disk.siemens_ct, signal(1, 9), series="2", number=3, description="Head")
    scan = read_scan(write(tmp_path, [*images(disk.siemens_ct), *head]))
    assert np.array_equal(scan.series.signal, signal())
    assert scan.notes[0].startswith("Of 2 series in the folder, 7 'CTP' with 12 frames is read")
    assert "3 'Head' of 9 images" in scan.notes[0]


def test_series_with_as_many_frames_are_listed(tmp_path):
    thin = images(disk.siemens_ct, series="2", number=8, description="CTP thin")
    sentence = refusal(write(tmp_path, [*images(disk.siemens_ct), *thin]))
    assert "7 'CTP' of 48 images, 8 'CTP thin' of 48 images" in sentence


def test_frames_that_are_series_of_their_own_are_one_scan(tmp_path):
    made = images(disk.siemens_ct)
    for index, dataset in enumerate(made):
        dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[str(index // SLICES)])
    scan = read_scan(write(tmp_path, made))
    assert np.array_equal(scan.series.signal, signal())
    assert scan.notes == ("12 series of 4 slices are read as the frames of one scan.",)


def test_copies_of_an_image_and_images_of_another_type_are_left_out(tmp_path):
    made = images(disk.siemens_ct)
    average = images(disk.siemens_ct, signal(1))[0]
    average.ImageType = ["DERIVED", "SECONDARY", "AVERAGE"]
    scan = read_scan(write(tmp_path, [*made, made[3], average]))
    assert np.array_equal(scan.series.signal, signal())
    assert scan.notes[0].startswith("1 image lay in the folder twice")
    assert scan.notes[1] == "Left out as of another type than ORIGINAL/PRIMARY/AXIAL: 1 image of the series."


def test_other_files_in_the_folder_do_no_harm(tmp_path):
    report = disk.header(sop_class="1.2.840.10008.5.1.4.1.1.88.11")
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    folder = write(tmp_path, [*images(disk.siemens_ct), report])
    (folder / "notes.txt").write_text("a note")
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    assert np.array_equal(read_scan(folder).series.signal, signal())


def _of_another_size(made):
    disk.store(made[5], np.zeros((8, 8)), 1, -1024)


def _of_another_orientation(made):
    made[5].ImageOrientationPatient = [0, 1, 0, 0, 0, -1]


def _of_two_echoes(made):
    for index, dataset in enumerate(made):
        dataset.EchoTime = 10 + 20 * (index % 2)


def _magnitude_and_phase(made):
    for index, dataset in enumerate(made):
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "MP"[index % 2]]


def _without_place(made):
    del made[7].ImagePositionPatient


def _mosaic(made):
    made[0].ImageType = ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]


def _cut_short(made):
    made[9].PixelData = made[9].PixelData[:100]


def _compressed(made):
    for dataset in made:
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        dataset.PixelData = encapsulate([b"no JPEG!"])


def _without_times(made):
    for dataset in made:
        del dataset.AcquisitionTime, dataset.ContentTime


def _without_order(made):
    for dataset in made:
        del dataset.AcquisitionTime, dataset.ContentTime, dataset.InstanceNumber


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_of_another_size, "several sizes (47 of 12×16 and 1 of 8×8)"),
        (_of_another_orientation, "several orientations"),
        (_of_two_echoes, "several echo times (10, 30 ms)"),
        (_magnitude_and_phase, "(ORIGINAL/PRIMARY/M, ORIGINAL/PRIMARY/P)"),
        (_without_place, "ImagePositionPatient"),
        (_mosaic, "Siemens mosaic"),
        (_cut_short, "is damaged"),
        (_compressed, "compressed (JPEG Lossless"),
        (_without_times, "give the interval between frames"),
        (_without_order, "cannot be told apart"),
    ],
)
def test_what_does_not_make_a_scan_gets_a_sentence(damage, words, tmp_path):
    made = images(disk.siemens_ct)
    damage(made)
    assert words in refusal(write(tmp_path, made))


@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_end_in_a_sentence_or_leave_a_scan(tmp_path):
    (path,) = write(tmp_path, [disk.enhanced()]).glob("*/*")
    whole, chance = path.read_bytes(), random.Random(3)
    sentences = 0
    for _ in range(60):
        damaged = bytearray(whole[: chance.choice([len(whole), chance.randrange(200, len(whole))])])
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(132, min(len(damaged), 1500))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            read_scan(tmp_path, "CT", frame_interval=INTERVAL)
        except PerfusionError:
            sentences += 1
    assert 10 < sentences < 60


def test_a_folder_without_images_gets_a_sentence(tmp_path):
    assert "no DICOM file among its 0 files" in refusal(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    assert "no DICOM file among its 1 file" in refusal(tmp_path)
    report = disk.header(sop_class="1.2.840.10008.5.1.4.1.1.88.11")
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    assert "no CT or MR images among 1 DICOM file" in refusal(write(tmp_path, [report]))


def test_a_single_volume_gets_a_sentence(tmp_path):
    assert "no series with several frames" in refusal(write(tmp_path, images(disk.siemens_ct, signal(1))))


def test_another_modality_than_the_images_gets_a_sentence(tmp_path):
    folder = write(tmp_path, images(disk.siemens_ct))
    assert "holds CT images, not MR" in refusal(folder, modality="MR")


def test_without_pydicom_a_sentence_says_how_to_install_it(tmp_path, monkeypatch):
    folder = write(tmp_path, images(disk.siemens_ct, signal(1)))
    monkeypatch.setitem(sys.modules, "pydicom", None)
    assert "pip install pydicom" in refusal(folder)
