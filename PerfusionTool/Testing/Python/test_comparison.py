"""Folders of results beside reference maps: found, read, compared, drawn, written whole or not at all."""

from __future__ import annotations

import csv
import json
import shutil
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from PerfusionToolLib import files
from PerfusionToolLib.commands import main
from PerfusionToolLib.files.image import ENDINGS
from PerfusionToolLib.files.images import read_image
from PerfusionToolLib.perfusion import Grid, PerfusionError, Settings, drain
from PerfusionToolLib.perfusion.similarity import unit_in
from PerfusionToolLib.perfusion.tissue import DEFAULT_PRESET, PRESETS
from PerfusionToolLib.studies.comparison import compare_folder_steps, find_references, read_rows, summary_of
from PerfusionToolLib.studies.comparison.naming import is_relative, shown_name
from PerfusionToolLib.studies.comparison.own import label_of, read_record
from PerfusionToolLib.studies.comparison.references import read_reference
from PerfusionToolLib.studies.output_folder import results_folder
from PerfusionToolLib.studies.request import Request
from PerfusionToolLib.studies.sample import scanned_head, write_sample
from PerfusionToolLib.studies.single import analyze_scan_steps
from scan_on_disk import contents, full_disk
from scipy import ndimage

FLOW = "ml/100g/min"


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "head.nii.gz"
    write_sample(scanned_head("CT", (64, 64, 8), 30, noise=1.0, occlusion=True), path)
    return path


def analysed(scan, folder, **settings):
    request = Request(scan=scan, modality="CT", settings=Settings(motion_correction=False, **settings), report=False)
    drain(analyze_scan_steps(request, folder))
    return folder


@pytest.fixture(scope="module")
def analysis(scan):
    """A folder of results that nothing is written to."""
    return analysed(scan, scan.parent / "own")


@pytest.fixture(scope="module")
def relative(scan):
    """The same with values relative to the brain's mean."""
    return analysed(scan, scan.parent / "relative", relative_to="brain_mean")


@pytest.fixture(scope="module")
def flow(analysis, tmp_path_factory):
    """A folder of references that holds the own CBF only."""
    folder = tmp_path_factory.mktemp("flow")
    shutil.copy(analysis / "CBF.nii.gz", folder)
    return folder


@pytest.fixture(scope="module")
def brain(analysis):
    return volume(analysis, "brain_mask") > 0


@pytest.fixture(scope="module")
def grid(analysis):
    image = read_image(analysis / "brain_mask.nii.gz")
    return Grid(image.voxels.shape[1:], image.ijk_to_ras)


@pytest.fixture
def own(analysis, tmp_path):
    """A copy of the results, to be written to."""
    return Path(shutil.copytree(analysis, tmp_path / "own"))


def volume(folder, name):
    return read_image(folder / f"{name}.nii.gz").voxels[0]


def compared(own, references, *given, **options):
    return measures(drain(compare_folder_steps(own, references, *given, **options)))


def measures(rows):
    assert rows[0] == ["map", "measure", "unit", "value"]
    return {(name, measure): value for name, measure, _, value in rows[1:]}


def entry(own):
    return read_record(own)["comparison"]


def mirrored_grid(array, grid):
    """The same map stored from left to right instead of from right to left."""
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, 3] += matrix[:3, 0] * (grid.shape[2] - 1)
    matrix[:3, 0] *= -1
    return np.ascontiguousarray(array[..., ::-1]), Grid(grid.shape, matrix)


# -- the same maps in another guise


@pytest.mark.parametrize("background", [-1.0, 0.0, np.nan])
def test_the_own_map_in_another_file_grid_and_unit_is_alike(background, analysis, brain, grid, own, tmp_path):
    flow, delay = volume(analysis, "CBF"), volume(analysis, "Tmax")
    per_ml = np.where(brain & np.isfinite(flow), flow * 1.05, background)
    in_ms = np.where(brain & np.isfinite(delay), delay * 1000, background)
    files.write_map(tmp_path / "rapid" / "sub_CBF.nrrd", *mirrored_grid(per_ml, grid))
    files.write_map(tmp_path / "rapid" / "tmax.nii", in_ms, grid)
    (tmp_path / "rapid" / "tmax.json").write_text('{"Units": "ms"}')
    found = compared(own, tmp_path / "rapid", {"cbf": "mL/min/100 ml"})
    for name in ("CBF", "Tmax"):
        assert found[name, "Pearson"] == pytest.approx(1, abs=1e-5)
        assert found[name, "concordance"] == pytest.approx(1, abs=1e-5)
        assert found[name, "bias"] == pytest.approx(0, abs=1e-3)
        assert found[name, "SSIM"] == pytest.approx(1, abs=1e-3)
        assert found[name, "own mean"] == pytest.approx(found[name, "reference mean"], rel=1e-4)
    assert found["hypoperfusion by threshold", "Dice"] == found["core by threshold", "Dice"] == 1
    assert found["hypoperfusion by threshold", "own volume"] > 5
    assert entry(own)["notes"] == []


def test_an_offset_changes_what_it_must_and_nothing_else(analysis, brain, grid, own, tmp_path):
    files.write_map(tmp_path / "cbf.nii.gz", np.where(brain, volume(analysis, "CBF") + 5, np.nan), grid)
    found = compared(own, {"CBF": tmp_path / "cbf.nii.gz"}, {"CBF": FLOW})
    assert found["CBF", "Pearson"] == pytest.approx(1, abs=1e-6)
    assert found["CBF", "bias"] == pytest.approx(-5, abs=1e-4)
    assert (found["CBF", "lower limit"], found["CBF", "upper limit"]) == pytest.approx((-5, -5), abs=1e-3)
    assert found["CBF", "MAE"] == pytest.approx(5, abs=1e-4)
    assert found["CBF", "MSE"] == pytest.approx(25, abs=1e-3)
    assert 0.5 < found["CBF", "concordance"] < 1


@pytest.mark.parametrize("change", ["shifted", "blurred"])
def test_a_shifted_or_blurred_map_is_as_unlike_as_numpy_says(change, analysis, brain, grid, own, tmp_path):
    mine = volume(analysis, "TTP")
    whole = np.where(np.isfinite(mine) & brain, mine, 20.0)
    theirs = np.roll(whole, 1, axis=2) if change == "shifted" else ndimage.gaussian_filter(whole, (0, 1.5, 1.5))
    files.write_map(tmp_path / "ttp.nii.gz", np.where(brain, theirs, -1), grid)
    found = compared(own, {"TTP": tmp_path / "ttp.nii.gz"}, {"TTP": "s"})
    where = brain & np.isfinite(mine)
    a, b = mine[where].astype(float), theirs[where].astype(float)
    assert found["TTP", "Pearson"] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-5)
    assert found["TTP", "RMSE"] == pytest.approx(np.sqrt(np.mean((a - b) ** 2)), rel=1e-4)
    assert found["TTP", "Pearson"] < 0.98
    assert found["TTP", "SSIM"] < 0.95


def test_large_vessels_can_be_left_out(analysis, brain, grid, own, tmp_path):
    vessels = volume(analysis, "vessels") > 0
    files.write_map(tmp_path / "cbf.nii.gz", volume(analysis, "CBF") + 100 * vessels, grid)
    named = {"CBF": tmp_path / "cbf.nii.gz"}
    assert compared(own, named, {"CBF": FLOW})["CBF", "MAE"] > 0.1
    assert compared(own, named, {"CBF": FLOW}, without_vessels=True)["CBF", "MAE"] == pytest.approx(0, abs=1e-5)
    assert entry(own)["without_vessels"] is True


def test_relative_own_maps_are_compared_by_their_pattern_only(relative, analysis, tmp_path):
    own = Path(shutil.copytree(relative, tmp_path / "relative"))
    found = compared(own, {name: analysis / f"{name}.nii.gz" for name in ("CBF", "Tmax")})
    assert found["CBF", "Pearson"] == pytest.approx(1, abs=1e-4)
    assert np.isnan(found["CBF", "bias"])
    assert not any(name == "Tmax" for name, _ in found)
    assert "analyse with absolute values" in entry(own)["refused"]["Tmax"]
    assert ["CBF", "own mean", "part of brain mean"] in [row[:3] for row in read_rows(own)]


def test_an_own_relative_map_as_reference_has_no_scale(relative, own):
    found = compared(own, {"CBF": relative / "CBF.nii.gz"})
    assert found["CBF", "NCC"] == pytest.approx(1, abs=1e-4)
    assert np.isnan(found["CBF", "bias"])
    assert entry(own)["references"]["CBF"]["unit"] == "relative"


# -- lesions


def test_lesion_masks_of_the_references_are_compared_with_the_own(analysis, grid, own, tmp_path):
    hypoperfusion = volume(analysis, "hypoperfusion") > 0
    half = hypoperfusion & (np.cumsum(hypoperfusion.ravel()) % 2 == 0).reshape(grid.shape)
    files.write_map(tmp_path / "r" / "hypoperfusion.nii.gz", half, grid)
    files.write_map(tmp_path / "r" / "core_mask.nrrd", np.zeros(grid.shape, bool), grid)
    found = compared(own, tmp_path / "r")
    count = int(hypoperfusion.sum())
    assert found["hypoperfusion", "Dice"] == pytest.approx(2 * (count // 2) / (count + count // 2))
    difference = found["hypoperfusion", "own volume"] - found["hypoperfusion", "reference volume"]
    assert found["hypoperfusion", "volume difference"] == pytest.approx(difference)
    assert difference == pytest.approx((count - count // 2) * grid.voxel_volume)
    assert found["core", "Dice"] == 0
    assert found["core", "reference volume"] == 0
    assert (own / "comparison.png").exists()


def test_two_empty_lesions_have_no_dice(grid, own, tmp_path):
    for folder in (own, tmp_path / "r"):
        files.write_map(folder / "core.nii.gz", np.zeros(grid.shape, bool), grid)
    found = compared(own, tmp_path / "r")
    assert np.isnan(found["core", "Dice"])
    assert found["core", "volume difference"] == 0


def test_a_lesion_of_another_place_is_refused(grid, own, tmp_path):
    matrix = grid.ijk_to_ras.copy()
    matrix[2, 3] += 1000
    files.write_map(tmp_path / "r" / "core.nii.gz", np.ones(grid.shape, bool), Grid(grid.shape, matrix))
    with pytest.raises(PerfusionError, match="lies outside the own maps"):
        compared(own, tmp_path / "r")


def test_thresholds_count_what_lies_beyond_them(analysis, brain, grid, own, tmp_path):
    files.write_map(tmp_path / "cbf.nii.gz", volume(analysis, "CBF"), grid)
    delay = volume(analysis, "Tmax")
    files.write_map(tmp_path / "tmax.nii.gz", np.where(brain, delay + 1.5, 0), grid)
    found = compared(own, {name: tmp_path / f"{name}.nii.gz" for name in ("cbf", "tmax")}, {"CBF": FLOW, "tmax": "s"})
    tissue = brain & ~(volume(analysis, "vessels") > 0) & ~(volume(analysis, "csf") > 0)
    tissue &= np.isfinite(volume(analysis, "CBF")) & np.isfinite(delay)
    longer = {"own volume": tissue & (delay > 6), "reference volume": tissue & (delay + 1.5 > 6)}
    for measure, lesion in longer.items():
        assert found["hypoperfusion by threshold", measure] == pytest.approx(lesion.sum() * grid.voxel_volume)
    assert found["hypoperfusion by threshold", "volume difference"] < 0
    cbf = volume(analysis, "CBF")
    low = tissue & (cbf < PRESETS[DEFAULT_PRESET].core.bound * np.median(cbf[tissue & (delay < 4)]))
    assert (low & ~longer["own volume"]).any()
    core = low & longer["own volume"]
    assert found["core by threshold", "own volume"] == pytest.approx(core.sum() * grid.voxel_volume)


def test_without_a_unit_of_tmax_there_is_no_lesion_by_threshold(analysis, own):
    named = {name: analysis / f"{name}.nii.gz" for name in ("CBF", "Tmax")}
    found = compared(own, named, {"Tmax": "relative"})
    assert not any("threshold" in name for name, _ in found)
    assert any("the unit of the reference Tmax is not known" in note for note in entry(own)["notes"])


# -- names, folders, units


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("CBF.nii.gz", "CBF"),
        ("sub-01_ses-02_space-ncct_cbv.nii.gz", "CBV"),
        ("SMIR.Brain.XX.O.CT_Tmax.345.nii", "Tmax"),
        ("T_max.nrrd", "Tmax"),
        ("time-to-peak.nhdr", "TTP"),
        ("MeanTransitTime.nii", "MTT"),
        ("rCBF.nii.gz", "CBF"),
        ("TTP_from_arrival.nii.gz", "TTP from arrival"),
        ("CBF_SD.nii.gz", "CBF SD"),
        ("core.nii.gz", "core"),
        ("hypoperfusion_mask.nii.gz", "hypoperfusion"),
        ("Tmax_SD.nii.gz", None),
        ("cbf_mask.nii.gz", None),
        ("cbf_rgb.nii", None),
        ("cbf_cbv.nii", None),
        ("sub-cbf01_ctp.nii.gz", None),
        ("lesion-msk.nii.gz", None),
        ("tmax6.nii.gz", None),
    ],
)
def test_files_are_known_by_their_names(name, shown):
    assert shown_name(Path(name)) == shown


def test_only_names_of_relative_maps_say_so():
    assert is_relative(Path("sub-01_rCBF.nii.gz"))
    assert not is_relative(Path("sub-01_cbf.nii.gz"))


def empty_files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_maps_are_found_where_the_papers_keep_them(tmp_path):
    home = "ses-01/perfusion-maps"
    maps = {name: f"{home}/sub-01_ses-01_{name.lower()}.nii.gz" for name in ("CBF", "CBV", "MTT", "Tmax")}
    generated = [f"{home}/generated_{name}.nii.gz" for name in ("cbf", "ttp")]
    empty_files(tmp_path, *maps.values(), *generated, "ses-01/sub-01_ses-01_ctp.nii.gz", ".old/cbf.nii.gz", "cbf.txt")
    for folder in (tmp_path, tmp_path / "ses-01", tmp_path / home):
        found = find_references(folder, "01")
        assert found.refused == {}
        assert {name: path.name for name, path in found.files.items()} == {
            **{name: Path(path).name for name, path in maps.items()},
            "TTP": "generated_ttp.nii.gz",
        }


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_is_found(ending, tmp_path):
    empty_files(tmp_path, f"CBF{ending}")
    assert find_references(tmp_path).files == {"CBF": tmp_path / f"CBF{ending}"}


def test_two_files_for_one_map_are_said_and_the_others_found(tmp_path):
    empty_files(tmp_path, "cbf.nii", "a_CBF.nrrd", "cbv.nii")
    found = find_references(tmp_path)
    assert list(found.files) == ["CBV"]
    assert found.refused["CBF"] == (
        f"There are 2 files for CBF in {tmp_path} (a_CBF.nrrd, cbf.nii); name the one meant, as CBF=FILE."
    )


def test_maps_of_another_subject_are_refused_by_their_names(tmp_path):
    empty_files(tmp_path, "sub-01_cbf.nii", "sub-02_cbf.nii", "sub-02_cbv.nii", "mtt.nii")
    found = find_references(tmp_path, "01")
    assert {name: path.name for name, path in found.files.items()} == {"CBF": "sub-01_cbf.nii", "MTT": "mtt.nii"}
    assert "is of sub-02, but the scan of sub-01" in found.refused["CBV"]


def test_a_folder_without_maps_or_without_a_folder_is_said(tmp_path):
    with pytest.raises(PerfusionError, match="There is no reference map in"):
        find_references(tmp_path)
    with pytest.raises(PerfusionError, match="does not exist"):
        find_references(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "words", "unit"),
    [
        ("CBF", "CBF ml/100g/min; research use only", "ml/100g/min"),
        ("CBF", "blood flow [mL/min/100 g]", "ml/min/100g"),
        ("MTT", "MTT s; research use only", "s"),
        ("Tmax", "in 0.1 s", "0.1s"),
        ("MTT", "TE=30;Time=103020.5", None),
        ("MTT", "min 0 max 20", None),
        ("MTT", "s or ms", None),
        ("CBV", "5 % noise", None),
        ("CBF", "CBF part of brain mean; research use only", "relative"),
        ("Tmax", "Tmax s after mirror side; research use only", "relative"),
    ],
)
def test_units_in_free_words(name, words, unit):
    assert unit_in(name, words) == unit


def test_a_unit_comes_from_the_person_the_sidecar_the_header_or_the_name(grid, tmp_path):
    path = tmp_path / "rCBF.nii.gz"
    files.write_map(path, np.ones(grid.shape), grid)
    assert read_reference("CBF", path).unit == "relative"
    files.write_map(path, np.ones(grid.shape), grid, "CBF ml/100g/min")
    assert read_reference("CBF", path).unit == "ml/100g/min"
    (tmp_path / "rCBF.json").write_text('{"Units": "mL/100mL/min"}')
    assert read_reference("CBF", path).unit == "mL/100mL/min"
    assert read_reference("CBF", path, "ml/g/min").unit == "ml/g/min"
    plain = tmp_path / "cbf.nii.gz"
    files.write_map(plain, np.ones(grid.shape), grid)
    assert read_reference("CBF", plain).unit is None


def test_a_nrrd_file_states_its_unit(tmp_path):
    lines = ["NRRD0004", "type: float", "dimension: 3", "sizes: 2 2 2", 'sample units: "ml/100ml/min"', "encoding: raw"]
    path = tmp_path / "cbf.nrrd"
    path.write_bytes(("\n".join([*lines, "endian: little"]) + "\n\n").encode() + bytes(32))
    assert read_reference("CBF", path).unit == "ml/100ml/min"


def test_a_unit_that_was_guessed_is_said(analysis, grid, own, tmp_path):
    files.write_map(tmp_path / "cbf.nii.gz", volume(analysis, "CBF"), grid)
    assert compared(own, {"CBF": tmp_path / "cbf.nii.gz"})["CBF", "bias"] == pytest.approx(0, abs=1e-5)
    assert "not declared; it was taken for ml/100g/min" in entry(own)["notes"][0]


# -- what cannot be compared


def test_one_bad_reference_does_not_stop_the_others(analysis, grid, own, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    shutil.copy(analysis / "CBF.nii.gz", theirs)
    (theirs / "CBV.nii.gz").write_text("nothing")
    files.write_series(theirs / "MTT.nii.gz", np.ones((3, *grid.shape)), grid, [0, 1, 2])
    matrix = grid.ijk_to_ras.copy()
    matrix[0, 3] += 1000
    files.write_map(theirs / "TTP.nii.gz", volume(analysis, "TTP"), Grid(grid.shape, matrix))
    shutil.copy(analysis / "Tmax.nii.gz", theirs)
    (theirs / "Tmax.json").write_text("{")
    files.write_map(theirs / "Delay.nii.gz", volume(analysis, "Tmax"), grid)
    found = compared(own, theirs)
    assert {name for name, _ in found} == {"CBF"}
    refused = entry(own)["refused"]
    assert "neither NIfTI nor NRRD" in refused["CBV"]
    assert "give one volume" in refused["MTT"]
    assert "no overlap; is it a map of the same scan" in refused["TTP"]
    assert "not valid JSON" in refused["Tmax"]
    assert "no own map 'Delay'" in refused["Delay"]


def test_nothing_comparable_is_an_error_and_leaves_the_folder_alone(own, tmp_path):
    (tmp_path / "cbf.nii.gz").write_text("nothing")
    before = contents(own)
    with pytest.raises(PerfusionError, match="neither NIfTI nor NRRD"):
        compared(own, {"CBF": tmp_path / "cbf.nii.gz"})
    with pytest.raises(PerfusionError, match="no map or lesion 'blood'"):
        compared(own, {"blood": tmp_path / "cbf.nii.gz"})
    with pytest.raises(PerfusionError, match="nothing to compare with"):
        compared(own, {})
    assert contents(own) == before


def test_folders_that_hold_no_analysis_are_said(analysis, own, tmp_path):
    with pytest.raises(PerfusionError, match=r"holds no settings.json; give a folder that `analyze` wrote"):
        compared(tmp_path, analysis)
    (own / "settings.json").write_text('{"files": []}')
    with pytest.raises(PerfusionError, match="says nothing of results, scan, settings"):
        compared(own, analysis)


def test_an_own_map_that_is_gone_is_said(analysis, own):
    (own / "CBF.nii.gz").unlink()
    with pytest.raises(PerfusionError, match=r"CBF.nii.gz does not exist"):
        compared(own, analysis)


# -- what is written


def test_the_table_names_the_subject_and_its_use_and_reads_back(flow, own):
    rows = drain(compare_folder_steps(own, flow))
    with (own / "comparison.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert {row["subject"] for row in written} == {"own"}
    assert {row["use"] for row in written} == {"research use only"}
    assert list(written[0]) == ["subject", "map", "measure", "unit", "value", "use"]
    back = read_rows(own)
    assert [row[:3] for row in back] == [row[:3] for row in rows]
    for (*_, read), (*_, value) in zip(back[1:], rows[1:], strict=True):
        assert read == pytest.approx(value, rel=1e-5, nan_ok=True)
    (own / "comparison.csv").write_text("map,measure,unit,value\nCBF,Pearson,,one\n")
    with pytest.raises(PerfusionError, match="is damaged"):
        read_rows(own)


def test_names_in_the_way_of_bids_say_the_subject(tmp_path):
    record = {"scan": {"path": "/data/sub-07/ses-02/sub-07_ses-02_ctp.nii.gz"}}
    assert label_of(record, tmp_path / "out") == "sub-07_ses-02"
    assert label_of({"scan": {}}, tmp_path / "sub-08") == "sub-08"
    assert label_of({"scan": {}}, tmp_path / "out") == "out"


def test_the_record_knows_references_and_files_and_a_new_analysis_removes_them(analysis, flow, own):
    compared(own, flow)
    record = read_record(own)
    assert {"comparison.csv", "comparison.png"} <= set(record["files"])
    assert record["comparison"]["use"] == "research use only"
    assert record["comparison"]["references"]["CBF"]["sha256"] == files.checksum(flow / "CBF.nii.gz")
    assert {name: record[name] for name in ("scan", "settings", "results")} == {
        name: read_record(analysis)[name] for name in ("scan", "settings", "results")
    }
    assert set(record["files"]) == contents(own)
    with results_folder(own) as unfinished:
        shutil.copytree(analysis, unfinished, dirs_exist_ok=True)
    assert contents(own) == contents(analysis)


def test_a_full_disk_leaves_the_former_comparison(analysis, grid, own, tmp_path, monkeypatch):
    compared(own, {"CBV": analysis / "CBV.nii.gz"})
    before = {path.name: path.read_bytes() for path in own.iterdir()}
    files.write_map(tmp_path / "cbf.nii.gz", volume(analysis, "CBF") * 2, grid)
    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(PerfusionError, match="No space left"):
        compared(own, {"CBF": tmp_path / "cbf.nii.gz"}, {"CBF": FLOW})
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in own.iterdir()} == before
    compared(own, {"CBF": tmp_path / "cbf.nii.gz"}, {"CBF": FLOW})
    assert {row[0] for row in read_rows(own)[1:]} == {"CBF"}


def test_a_comparison_that_is_given_up_leaves_the_folder_alone(flow, own):
    before = contents(own)
    steps = compare_folder_steps(own, flow)
    while next(steps).text != "Drawing the comparison":
        pass
    steps.close()
    assert contents(own) == before


def test_a_summary_is_that_of_the_subjects():
    rows = [["map", "measure", "unit", "value"], ["CBF", "bias", FLOW, 1.0], ["CBF", "NCC", "", float("nan")]]
    other = [rows[0], ["CBF", "bias", FLOW, 4.0], ["CBF", "NCC", "", 0.5]]
    titles, bias, ncc = summary_of({"a": rows, "b": other})
    assert titles[:7] == ["map", "measure", "unit", "subjects", "mean", "median", "SD"]
    assert bias[:7] == ["CBF", "bias", FLOW, 2, 2.5, 2.5, pytest.approx(np.sqrt(4.5))]
    assert ncc[3:5] == [1, 0.5]


def test_the_picture_shows_differences_where_they_are(analysis, brain, grid, own, tmp_path):
    left = grid.to_ras(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 0] < 0
    files.write_map(tmp_path / "cbf.nii.gz", np.where(brain, volume(analysis, "CBF") + 20 * left, 0), grid)
    compared(own, {"CBF": tmp_path / "cbf.nii.gz"}, {"CBF": FLOW})
    picture = imread(own / "comparison.png")
    difference = picture[80:, 2 * picture.shape[1] // 3 : -90, :3]
    red, _, blue = np.moveaxis(difference, -1, 0)
    lower = (blue > red + 0.3).sum(axis=0)
    same = (np.abs(difference - 0x28 / 255) < 0.01).all(axis=-1).sum(axis=0)
    columns = ["lower" if a > b else "same" for a, b in zip(lower, same, strict=True) if max(a, b) > 20]
    # Three slices, each with the patient's left, where the reference is higher, on the right.
    assert [side for side, _ in groupby(columns)] == ["same", "lower"] * 3


# -- the command line


def test_compare_prints_a_table_and_says_where_it_is(flow, own, capsys):
    assert main(["compare", str(own), "--reference", str(flow)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].split()[:3] == ["map", "Pearson", "Spearman"]
    assert lines[2].split() == ["CBF", "1.000", "1.000", "1.000", "0.000", "0.000", "0.000", "1.000", "1.000"]
    assert lines[-1] == f"The comparison is in {own}; research use only."
    assert captured.err == ""


def test_compare_takes_files_and_units_and_prints_json(analysis, own, grid, tmp_path, capsys):
    files.write_map(tmp_path / "a=b.nii.gz", volume(analysis, "CBF") * 1.05, grid)
    words = ["--reference", f"cbf={tmp_path / 'a=b.nii.gz'}", "--unit", "CBF=ml/100ml/min", "--json"]
    assert main(["compare", str(own), *words]) == 0
    printed = json.loads(capsys.readouterr().out)
    (only,) = printed["comparisons"]
    assert only["references"]["CBF"]["unit"] == "ml/100ml/min"
    found = {(row["map"], row["measure"]): row["value"] for row in only["measures"]}
    assert found["CBF", "bias"] == pytest.approx(0, abs=1e-4)
    assert printed["summary"][0]["subjects"] == 1
    assert printed["summary"][0]["SD"] is None


def test_several_results_are_summed_up_and_one_failing_does_not_stop_the_others(analysis, grid, tmp_path, capsys):
    for number, name in enumerate(("a", "b", "c")):
        shutil.copytree(analysis, tmp_path / "out" / name)
        flow = volume(analysis, "CBF") + 2 * number
        files.write_map(tmp_path / "rapid" / name / "cbf.nii.gz", flow, grid, f"CBF {FLOW}")
    (tmp_path / "rapid" / "c" / "cbf.nii.gz").write_text("nothing")
    folders = [str(tmp_path / "out" / name) for name in ("a", "b", "c")]
    summary = tmp_path / "summary.csv"
    assert main(["compare", *folders, "--reference", str(tmp_path / "rapid"), "--summary", str(summary)]) == 1
    captured = capsys.readouterr()
    assert f"{folders[2]}: " in captured.err
    assert captured.err.splitlines()[-1] == "1 comparison of 3 failed."
    with summary.open(encoding="utf-8") as file:
        bias = next(row for row in csv.DictReader(file) if row["measure"] == "bias")
    assert (bias["subjects"], bias["use"]) == ("2", "research use only")
    assert float(bias["mean"]) == pytest.approx(-1, abs=1e-4)
    assert float(bias["SD"]) == pytest.approx(np.sqrt(2), abs=1e-3)
    named = [str(tmp_path / "rapid" / name) for name in ("b", "a")]
    assert main(["compare", *folders[:2], "--reference", *named, "--quiet"]) == 0
    capsys.readouterr()
    assert main(["compare", *folders[:2], "--reference", named[0]]) == 1
    assert "for 'a' there is none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "the following arguments are required"),
        (["out"], "--reference"),
        (["out", "--reference", "CBF=a.nii", "folder"], "not both"),
        (["out", "again", "--reference", "CBF=a.nii"], "give folders for several"),
        (["out", "--reference", "CBF="], "such as CBF=…"),
        (["out", "--reference", "blood=a.nii"], "no map or lesion 'blood'"),
        (["out", "--reference", "CBF=a.nii", "cbf=b.nii"], "names CBF twice"),
        (["out", "--reference", "folder", "--unit", "CBF"], "--unit takes MAP=…"),
    ],
)
def test_wrong_usage_of_compare_ends_with_2_and_says_why(words, sentence, capsys):
    with pytest.raises(SystemExit) as end:
        main(["compare", *words])
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err


def test_what_cannot_be_compared_ends_with_1_and_one_sentence(own, tmp_path, capsys):
    assert main(["compare", str(own), "--reference", str(tmp_path / "nowhere")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert "does not exist" in captured.err
