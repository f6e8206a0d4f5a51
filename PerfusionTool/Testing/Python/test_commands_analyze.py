"""The command line: what an analysis writes, and what is repeated from its record."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
import scan_on_disk
from PerfusionToolLib import files
from PerfusionToolLib.commands import main
from PerfusionToolLib.perfusion import Analysis, Settings
from PerfusionToolLib.perfusion.progress import drain
from PerfusionToolLib.studies.record import record_of
from PerfusionToolLib.studies.request import Request, request_again
from PerfusionToolLib.studies.sample import scanned_head, write_sample
from PerfusionToolLib.studies.single import analyze_scan_steps
from scan_on_disk import MAPS, SIZE, WRITTEN, volume

head = scan_on_disk.head
scan = scan_on_disk.scan
results = scan_on_disk.results


def test_maps_and_masks_lie_on_the_scan(results, scan):
    assert {path.name for path in results.iterdir()} >= WRITTEN
    original = nibabel.load(scan)
    for name in WRITTEN:
        image = nibabel.load(results / name)
        assert image.shape == SIZE
        assert np.allclose(image.affine, original.affine, atol=1e-4)


def test_maps_tell_the_lesion_from_healthy_tissue(results, head):
    flow = volume(results / "CBF.nii.gz").T
    tissue = head.labels["tissue"]
    core, penumbra = (np.nanmedian(flow[tissue & head.labels[name]]) for name in ("core", "penumbra"))
    normal = np.nanmedian(flow[tissue & ~head.labels["core"] & ~head.labels["penumbra"]])
    assert core < penumbra < normal


def test_record_names_every_file_and_what_it_was_made_from(results, scan):
    record = files.read_json(results / "settings.json")
    assert sorted(record["files"]) == sorted(path.name for path in results.iterdir())
    assert record["scan"]["sha256"] == files.checksum(scan)
    assert np.array_equal(record["scan"]["times"], files.read_scan(scan, "CT").series.times)
    assert Settings.from_dict(record["settings"]) == Settings()
    found = record["results"]
    mask = volume(results / "arterial_input.nii.gz")
    assert {tuple(voxel) for voxel in found["arterial_input"]["voxels"]} == set(map(tuple, np.argwhere(mask)))
    assert len(found["arterial_input"]["curve"]) == len(found["times"])
    assert all(candidate["reason"] for candidate in found["arterial_input"]["candidates"])
    bolus = found["bolus"]
    assert bolus["arrival_time_of_scan"] == record["scan"]["times"][bolus["arrival_frame"]]
    assert bolus["arrival_time"] == bolus["arrival_time_of_scan"] - record["scan"]["times"][0]
    assert found["brain_volume_ml"] == pytest.approx(
        volume(results / "brain_mask.nii.gz").sum() * np.prod([2.5, 2.5, 115 / 12]) / 1000
    )


def test_series_are_written_on_request_with_their_times(results, scan):
    times = files.read_scan(scan, "CT").series.times
    for name in ("corrected", "concentration"):
        assert np.array_equal(files.read_scan(results / f"{name}.nii.gz", "CT").series.times, times)
    brain = volume(results / "brain_mask.nii.gz") > 0
    residue = volume(results / "residue.nii.gz")
    assert np.all(residue[~brain] == 0)
    peak = np.nanmax(residue[brain], axis=-1)
    assert np.nanmedian(peak * 6000 * 0.73 / 1.05) == pytest.approx(
        np.nanmedian(volume(results / "CBF.nii.gz")[brain]), rel=0.1
    )


def test_overview_is_a_picture_with_colours(results):
    from matplotlib.image import imread

    picture = imread(results / "overview.png")
    assert min(picture.shape[:2]) > 600
    assert (np.ptp(picture[..., :3], axis=-1) > 0.5).mean() > 0.05


def test_saved_settings_give_the_same_maps_bit_for_bit(results, scan, tmp_path):
    words = ["analyze", str(scan), "--modality", "CT", "-o"]
    options = ["--method", "Tikhonov", "--smoothing-mm", "3", "--frame-interval", "1.9"]
    assert main([*words, str(tmp_path / "first"), *options]) == 0
    record = str(tmp_path / "first" / "settings.json")
    assert main(["analyze", str(scan), "--settings", record, "-o", str(tmp_path / "second")]) == 0
    for name in MAPS:
        first, second = (volume(tmp_path / run / f"{name}.nii.gz") for run in ("first", "second"))
        assert np.array_equal(first, second, equal_nan=True)
    assert not np.array_equal(first, volume(results / f"{name}.nii.gz"), equal_nan=True)
    first, second = (files.read_json(tmp_path / run / "settings.json")["scan"] for run in ("first", "second"))
    assert first == second
    assert first["time_source"] == "given interval 1.9 s"


def test_a_record_gives_times_and_echo_time_with_their_sources(tmp_path):
    scan, record = tmp_path / "scan", tmp_path / "settings.json"
    scan.write_bytes(b"voxels")
    known = {"modality": "MR", "times": [0.0, 1.5], "time_source": "header", "echo_time": 0.03}
    sources = {"sha256": files.checksum(scan), "echo_time_source": "scan.json"}
    files.write_json(record, {"scan": known | sources, "inputs": {"brain_mask": None, "arterial_input": None}})
    again = request_again(Request(scan=scan, record=record))
    assert (again.modality, again.times, again.time_source) == ("MR", (0.0, 1.5), "header")
    assert (again.echo_time, again.echo_time_source) == (0.03, "scan.json")
    other = request_again(Request(scan=scan, record=record, frame_interval=2.0, echo_time=0.05))
    assert (other.times, other.time_source, other.echo_time, other.echo_time_source) == (None, None, 0.05, None)


def test_a_scan_is_not_read_for_its_checksum_where_no_record_asks_for_it(tmp_path):
    request = Request(scan=tmp_path / "nowhere.nii.gz")
    assert request_again(request) is request


def test_times_of_a_record_are_not_forced_on_another_scan(results, tmp_path):
    other = tmp_path / "other.nii.gz"
    write_sample(scanned_head("CT", SIZE, 24, noise=1.0, seed=1), other)
    record = str(results / "settings.json")
    words = ["analyze", str(other), "--modality", "CT", "--settings", record, "-o", str(tmp_path / "out"), "--quiet"]
    assert main(words) == 0
    assert len(files.read_json(tmp_path / "out" / "settings.json")["scan"]["times"]) == 24


def test_json_is_all_there_is_on_standard_output(scan, tmp_path, capsys):
    assert main(["analyze", str(scan), "--modality", "CT", "-o", str(tmp_path / "out"), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert set(summary["maps"]) == {name.replace("_", " ") for name in MAPS}
    assert summary["maps"]["CBF"]["unit"] == "ml/100g/min"
    assert 5 < summary["maps"]["CBF"]["median"] < 100


def test_arterial_input_from_voxel_mask_and_curve(results, scan, tmp_path):
    found = files.read_json(results / "settings.json")["results"]["arterial_input"]
    curve = tmp_path / "curve.csv"
    files.write_curve(curve, files.read_scan(scan, "CT").series.times, np.array(found["curve"]))
    voxel = ",".join(map(str, found["voxels"][0]))
    for source, given in {"seed": voxel, "mask": results / "arterial_input.nii.gz", "curve": curve}.items():
        out = tmp_path / source
        words = ["--modality", "CT", "-o", str(out), "--arterial-input", str(given)]
        assert main(["analyze", str(scan), *words]) == 0
        record = files.read_json(out / "settings.json")
        assert record["results"]["arterial_input"]["source"] == source
    assert np.allclose(volume(out / "CBF.nii.gz"), volume(results / "CBF.nii.gz"), equal_nan=True)


def test_venous_output_from_voxel_mask_and_curve(results, scan, tmp_path, capsys):
    found = files.read_json(results / "settings.json")["results"]
    venous, curve = found["venous_output"], tmp_path / "curve.csv"
    files.write_curve(curve, files.read_scan(scan, "CT").series.times, 1.5 * np.array(venous["curve"]))
    voxel = ",".join(map(str, venous["voxels"][0]))
    for source, given in {"seed": voxel, "mask": results / "venous_output.nii.gz", "curve": curve}.items():
        out = tmp_path / source
        words = ["--modality", "CT", "-o", str(out), "--venous-output", str(given)]
        assert main(["analyze", str(scan), *words]) == 0
        again = files.read_json(out / "settings.json")["results"]
        assert again["venous_output"]["source"] == source
    assert again["arterial_input"]["scale"] == pytest.approx(1.5 * found["arterial_input"]["scale"])
    scale, sd = again["arterial_input"]["scale"], again["arterial_input"]["scale_sd"]
    assert f"factor {scale:.2f} ± {sd:.2f}" in capsys.readouterr().out


def same_maps(first, second):
    return all(np.array_equal(first.maps[name], second.maps[name], equal_nan=True) for name in first.maps)


def recorded(study, scan, folder):
    record = folder / "settings.json"
    request = Request(scan=scan, modality="CT")
    files.write_json(record, record_of(study, files.read_scan(scan, "CT"), request, []))
    return record


def repeated(record, scan, folder, **changes):
    settings = files.read_settings(record)
    return drain(analyze_scan_steps(Request(scan=scan, record=record, settings=settings, **changes), folder))


@pytest.mark.parametrize("kind", ["curve", "curve of the frames in use", "mask", "seed", "candidate"])
def test_an_arterial_input_chosen_in_python_is_repeated_from_the_record(kind, scan, tmp_path):
    dropped = 1 if "frames" in kind else None
    settings = Settings(motion_correction=False, frames_to_drop=dropped)
    study = Analysis(files.read_series(scan, "CT"), settings).run()
    places = np.argwhere(study.arterial_input.voxels)
    other = np.zeros(study.grid.shape, bool)
    other[tuple(places[::2].T)] = True
    study.set_arterial_input(
        **{
            "curve": {"curve": np.pad(1.1 * study.arterial_input.curve, (study.first, 0))},
            "curve of the frames in use": {"curve": 1.1 * study.arterial_input.curve},
            "mask": {"mask": other},
            "seed": {"seed_ras": study.grid.to_ras(places[-1])},
            "candidate": {"candidate": 1},
        }[kind]
    )
    record = recorded(study, scan, tmp_path)
    automatic = repeated(record, scan, tmp_path / "automatic", arterial_input="auto")
    assert not same_maps(automatic, study)
    again = repeated(record, scan, tmp_path / "again")
    assert again.arterial_input_choice[0] == kind.split()[0]
    assert same_maps(again, study)


def test_a_brain_mask_given_in_python_is_repeated_from_the_record(scan, tmp_path):
    settings = Settings(motion_correction=False, maximum_matrix=40)
    study = Analysis(files.read_series(scan, "CT"), settings).run()
    mask = study.brain_mask.copy()
    mask[:, : mask.shape[1] // 2, :5] = False
    mask[: mask.shape[0] // 2] = False
    study.set_brain_mask(mask)
    study.run()
    record = recorded(study, scan, tmp_path)
    again = repeated(record, scan, tmp_path / "again")
    assert np.array_equal(again.brain_mask, mask)
    assert same_maps(again, study)
    automatic = repeated(record, scan, tmp_path / "automatic", brain_mask="auto")
    assert automatic.given_brain_mask is None


def test_a_record_needs_none_of_the_files_that_were_given(results, scan, tmp_path):
    given = {}
    for name in ("brain_mask", "arterial_input", "venous_output"):
        given[name] = tmp_path / f"{name}.nii.gz"
        given[name].write_bytes((results / f"{name}.nii.gz").read_bytes())
    words = ["--modality", "CT", "-o", str(tmp_path / "first"), "--no-motion-correction"]
    words += ["--brain-mask", str(given["brain_mask"]), "--arterial-input", str(given["arterial_input"])]
    words += ["--venous-output", str(given["venous_output"])]
    assert main(["analyze", str(scan), *words]) == 0
    sums = {name: files.checksum(path) for name, path in given.items()}
    for path in given.values():
        path.unlink()
    record = str(tmp_path / "first" / "settings.json")
    assert main(["analyze", str(scan), "--settings", record, "-o", str(tmp_path / "second")]) == 0
    first, second = (files.read_json(tmp_path / run / "settings.json")["inputs"] for run in ("first", "second"))
    assert first == second
    assert {name: recorded["file"]["sha256"] for name, recorded in second.items()} == sums
    automatic = [word for name in given for word in (f"--{name.replace('_', '-')}", "auto")]
    automatic += ["-o", str(tmp_path / "third")]
    assert main(["analyze", str(scan), "--settings", record, *automatic]) == 0
    assert files.read_json(tmp_path / "third" / "settings.json")["inputs"] == {
        "brain_mask": None,
        "arterial_input": None,
        "venous_output": None,
    }


def test_a_recorded_curve_keeps_its_times_where_the_frames_get_others(scan, tmp_path):
    study = Analysis(files.read_series(scan, "CT"), Settings(motion_correction=False)).run()
    given = np.pad(study.arterial_input.curve, (study.first, 0))
    study.set_arterial_input(given)
    record = recorded(study, scan, tmp_path)
    times = study.series.times
    again = repeated(record, scan, tmp_path / "again", frame_interval=0.5 * (times[1] - times[0]))
    assert again.arterial_input_choice[1][::2] == pytest.approx(given[: (times.size + 1) // 2], rel=1e-4)
