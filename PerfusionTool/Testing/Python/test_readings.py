"""Readings of voxels and regions say what the study holds, wherever one points."""

import csv
import io

import numpy as np
import pytest
from PerfusionToolLib.perfusion import (
    PerfusionError,
    PerfusionSeries,
    Settings,
    analyze,
    csv_text,
    curve_rows,
    mirrored,
    region_reading,
    region_rows,
    sample_head,
    voxel_reading,
)
from PerfusionToolLib.perfusion.symmetry import SymmetryPlane

SMALL = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}
TURN = np.deg2rad(20)
OBLIQUE = np.array(
    [
        [-3 * np.cos(TURN), 3 * np.sin(TURN), 0, 90],
        [-3 * np.sin(TURN), -3 * np.cos(TURN), 0, 120],
        [0, 0, -8, 20],
        [0, 0, 0, 1],
    ]
)


@pytest.fixture(scope="module")
def head():
    return sample_head("CT", noise=2.0, **SMALL)


@pytest.fixture(scope="module")
def study(head):
    return analyze(head.series, Settings(motion_correction=False))


def voxel_in(mask):
    """One voxel from the middle of a mask."""
    return tuple(np.argwhere(mask)[np.count_nonzero(mask) // 2].tolist())


def ball(study, centre, mm=8.0):
    distance = study.grid.to_ras(np.moveaxis(np.indices(study.grid.shape), 0, -1)) - centre
    return np.linalg.norm(distance, axis=-1) < mm


def test_a_voxel_of_tissue_has_its_curves_and_its_map_values(study):
    index = voxel_in(study.brain_mask & ~study.vessels & ~study.csf)
    reading = voxel_reading(study, index)
    row = np.flatnonzero((np.argwhere(study.brain_mask) == index).all(1))[0]
    assert reading.tissue == "tissue"
    assert np.array_equal(reading.curve, study.concentration[row])
    assert np.array_equal(reading.fitted, study.estimate.fitted([row])[0])
    assert np.array_equal(reading.residue, study.estimate.residue([row])[0])
    assert reading.residue.shape == reading.residue_times.shape
    assert {name: value for name, (value, _) in reading.values.items()} == {
        name: pytest.approx(volume[index]) for name, volume in study.maps.items()
    }
    assert reading.values["CBF"][1] == "ml/100g/min"


def test_an_estimate_explains_its_curve(study):
    index = voxel_in(study.brain_mask & ~study.vessels & ~study.csf)
    reading = voxel_reading(study, index)
    assert np.corrcoef(reading.fitted, reading.curve)[0, 1] > 0.9


@pytest.mark.parametrize("offset", [(0, 0, 0), (0.45, -0.45, 0.3)])
def test_a_place_is_the_voxel_that_contains_it(study, offset):
    index = voxel_in(study.brain_mask)
    reading = voxel_reading(study, ras=study.grid.to_ras(np.add(index, offset)))
    assert reading.index == index
    assert np.allclose(reading.ras, study.grid.to_ras(index))


def test_oblique_and_left_handed_places_are_found():
    head = sample_head("CT", shape=(6, 64, 64), noise=2.0, ijk_to_ras=OBLIQUE)
    study = analyze(head.series, Settings(motion_correction=False))
    index = voxel_in(study.brain_mask)
    assert np.linalg.det(OBLIQUE[:3, :3]) < 0
    assert voxel_reading(study, ras=study.grid.to_ras(index)).index == index


def test_a_voxel_outside_the_brain_has_its_measured_curve_and_no_values(study, head):
    index = voxel_in(study.intracranial & ~study.brain_mask)
    reading = voxel_reading(study, index)
    signal = head.series.signal[(slice(None), *index)]
    assert reading.tissue == "inside the skull"
    assert np.allclose(reading.curve, signal - signal[study.bolus.baseline].mean(), atol=1e-3)
    assert np.isnan(reading.fitted).all()
    assert np.isnan(reading.residue).all()
    assert all(np.isnan(value) for value, _ in reading.values.values())
    assert voxel_reading(study, (0, 0, 0)).tissue == "outside the skull"


def test_voxels_without_a_signal_and_hidden_ones_have_no_numbers():
    head = sample_head("MR", noise=0.01, **SMALL)
    signal = head.series.signal.copy()
    signal[:, 0, :3, :3] = 0
    series = PerfusionSeries(signal, head.series.times, head.series.ijk_to_ras, "MR", 0.03)
    study = analyze(series, Settings(motion_correction=False, hide_vessels=True))
    assert np.isnan(voxel_reading(study, (0, 1, 1)).curve).all()
    hidden = voxel_reading(study, voxel_in(study.vessels & study.brain_mask))
    assert hidden.tissue == "vessel"
    assert np.isfinite(hidden.curve).all()
    assert np.isnan(hidden.values["CBF"][0])


def test_a_place_outside_the_scan_is_refused(study):
    for index in ((-1, 5, 5), (6, 5, 5), (0, 0, 64)):
        with pytest.raises(PerfusionError, match="lies outside the scan"):
            voxel_reading(study, index)
    with pytest.raises(PerfusionError, match="lies outside the scan"):
        voxel_reading(study, ras=(500.0, 0.0, 0.0))
    for place in ((np.nan, 0, 0), (1.0, 2.0)):
        with pytest.raises(PerfusionError, match="three numbers"):
            voxel_reading(study, ras=place)


def test_the_statistics_of_a_region_are_those_of_its_voxels_with_a_result(study, head):
    region = head.labels["core"] | head.labels["penumbra"]
    reading = region_reading(study, region)
    values = study.maps["CBF"][region & study.brain_mask]
    values = values[np.isfinite(values)]
    flow = reading.values["CBF"]
    assert flow.mean == pytest.approx(values.mean(dtype=float))
    assert flow.sd == pytest.approx(values.std(dtype=float))
    assert (flow.p5, flow.median, flow.p95) == pytest.approx(tuple(np.percentile(values, (5, 50, 95))), rel=1e-5)
    assert flow.voxels == values.size
    assert flow.ml == pytest.approx(values.size * 0.072)
    assert reading.voxels == region.sum()
    assert reading.ml == pytest.approx(region.sum() * 0.072)
    assert np.allclose(reading.curve, study.concentration[region[study.brain_mask]].mean(0), atol=1e-3)


def test_a_region_of_one_voxel_reads_as_the_voxel(study):
    index = voxel_in(study.brain_mask & ~study.vessels)
    region = np.zeros(study.grid.shape, bool)
    region[index] = True
    voxel, whole = voxel_reading(study, index), region_reading(study, region)
    assert np.allclose(whole.curve, voxel.curve)
    assert whole.values["Tmax"].mean == pytest.approx(voxel.values["Tmax"][0])


def test_a_region_outside_the_brain_has_a_curve_and_no_statistics(study):
    region = study.intracranial & ~study.brain_mask
    reading = region_reading(study, region)
    assert np.allclose(reading.curve, study.raw_curves(region).mean(0), atol=1e-3)
    assert reading.values["CBF"].voxels == 0
    assert np.isnan(reading.values["CBF"].mean)


def test_a_region_drawn_on_the_scan_serves_a_limited_matrix(head):
    small = analyze(head.series, Settings(motion_correction=False, maximum_matrix=32))
    region = head.labels["brain"]
    reading = region_reading(small, region)
    assert reading.ml == pytest.approx(reading.voxels * 0.288)
    assert reading.ml == pytest.approx(region.sum() * 0.072, rel=0.03)


def test_regions_that_cannot_be_are_refused(study):
    with pytest.raises(PerfusionError, match="empty"):
        region_reading(study, np.zeros(study.grid.shape, bool))
    with pytest.raises(PerfusionError, match="shape"):
        region_reading(study, np.ones((2, 3, 4), bool))
    with pytest.raises(PerfusionError, match="no region"):
        region_reading(study, None)


def test_the_mirror_image_lies_on_the_other_side_and_comes_back(study, head):
    lesion = ball(study, study.grid.to_ras(np.argwhere(head.labels["core"]).mean(0)))
    image = mirrored(study, lesion)
    sides = [study.grid.to_ras(np.argwhere(mask).mean(0))[0] for mask in (lesion, image)]
    assert sides[0] * sides[1] < 0
    assert abs(sides[0] + sides[1]) < 8
    assert image.sum() == pytest.approx(lesion.sum(), rel=0.15)
    back = mirrored(study, image)
    assert 2 * (back & lesion).sum() / (back.sum() + lesion.sum()) > 0.85
    flow = [region_reading(study, mask).values["CBF"].median for mask in (lesion, image)]
    assert flow[0] < 0.6 * flow[1]


def test_the_mirror_image_is_exact_across_a_known_plane(study, monkeypatch):
    def known_plane():
        yield from ()
        return SymmetryPlane(study.grid.to_ras((np.array(study.grid.shape) - 1) / 2), np.array([1.0, 0.0, 0.0]))

    monkeypatch.setattr(study, "symmetry_steps", known_plane)
    region = np.random.default_rng(0).random(study.grid.shape) < 0.01
    assert np.array_equal(mirrored(study, region), region[:, :, ::-1])


def test_the_plane_is_found_once_and_again_after_the_baseline_changed(head, monkeypatch):
    from PerfusionToolLib.perfusion import analysis

    calls = []
    find = analysis.find_symmetry_steps
    monkeypatch.setattr(analysis, "find_symmetry_steps", lambda *given: calls.append(1) or find(*given))
    study = analyze(head.series, Settings(motion_correction=False, relative_to="mirror"))
    mirrored(study, head.labels["core"])
    study.set_arterial_input(candidate=0)
    mirrored(study, head.labels["penumbra"])
    assert len(calls) == 1
    study.change_settings(Settings(motion_correction=False, baseline_start=1))
    mirrored(study.run(), head.labels["core"])
    assert len(calls) == 2


def test_the_table_of_regions_reads_back_from_csv(study, head):
    readings = {"core, left": region_reading(study, head.labels["core"])}
    readings["outside"] = region_reading(study, study.intracranial & ~study.brain_mask)
    text = csv_text(region_rows(readings))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 2 * len(study.maps)
    assert rows[0]["region"] == "core, left"
    assert rows[0]["map"] == "CBF"
    assert rows[0]["unit"] == "ml/100g/min"
    assert float(rows[0]["median"]) == pytest.approx(readings["core, left"].values["CBF"].median, rel=1e-5)
    assert int(rows[0]["voxels"]) == readings["core, left"].values["CBF"].voxels
    assert rows[-1]["mean"] == ""
    assert "\r" not in text


def test_the_table_of_curves_has_a_row_a_frame(study, head):
    reading = region_reading(study, head.labels["core"])
    rows = list(csv.reader(io.StringIO(csv_text(curve_rows(study.times, {"core": reading})))))
    assert rows[0] == ["time_s", "core"]
    assert np.allclose(np.array(rows[1:], float), np.column_stack([study.times, reading.curve]), rtol=1e-4, atol=1e-4)
