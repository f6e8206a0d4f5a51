"""Comparison with reference maps: measures by hand, any grid, orientation, unit and background."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid, PerfusionError
from PerfusionToolLib.perfusion.similarity import (
    ReferenceMap,
    bland_altman,
    compare_lesions,
    compare_maps,
    comparison_rows,
    concordance,
    masked_ssim,
    overlap_rows,
    pearson,
    place_mask,
    slicewise_ssim,
    spearman,
    summary_rows,
)
from PerfusionToolLib.perfusion.similarity.units import settle_unit
from scipy import ndimage

SHAPE = (6, 40, 36)
AXIAL = np.array([[-2.0, 0, 0, 35], [0, -2, 0, 39], [0, 0, 5, -12], [0, 0, 0, 1]])
GRID = Grid(SHAPE, AXIAL)


def pattern(ras):
    """A smooth map that exists everywhere in space, between about 20 and 60."""
    x, y, z = np.moveaxis(np.asarray(ras), -1, 0)
    return 40 + 12 * np.sin(x / 12) + 8 * np.cos(y / 15 + z / 20)


def centres(grid):
    return grid.to_ras(np.moveaxis(np.indices(grid.shape), 0, -1))


@pytest.fixture(scope="module")
def brain():
    x, y, z = np.moveaxis(centres(GRID), -1, 0)
    return (x / 27) ** 2 + (y / 32) ** 2 + (z / 40) ** 2 < 1


@pytest.fixture(scope="module")
def own(brain):
    return np.where(brain, pattern(centres(GRID)), 0).astype(np.float32)


@pytest.fixture(scope="module")
def other(brain):
    """Another estimate of the same map: noise, another scale and offset."""
    noise = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal(SHAPE), (0, 1, 1))
    return np.where(brain, 0.8 * pattern(centres(GRID)) + 5 + 8 * noise, 0).astype(np.float32)


def compared(own, reference, brain, name="CBF"):
    comparison = compare_maps({name: own}, {name: reference}, brain, GRID)
    assert not comparison.refused
    return comparison.maps[name]


def refusal(own, reference, brain, name="CBF"):
    return compare_maps({name: own}, {name: reference}, brain, GRID).refused[name]


# -- measures


def test_measures_of_four_pairs_are_those_worked_out_by_hand():
    first, second = np.array([1.0, 2, 3, 4]), np.array([2.0, 2, 5, 5])
    # Means 2.5 and 3.5, squares about them 5 and 9, products 6.
    assert pearson(first, second) == pytest.approx(6 / np.sqrt(45))
    # Ranks 1.5, 1.5, 3.5, 3.5: squares about their mean 4, products 4.
    assert spearman(first, second) == pytest.approx(4 / np.sqrt(5 * 4))
    assert concordance(first, second) == pytest.approx(2 * 1.5 / (1.25 + 2.25 + 1))
    # Differences −1, 0, −2, −1 with a sample variance of 2/3.
    assert bland_altman(first, second) == pytest.approx((-1, -1 - 1.96 * np.sqrt(2 / 3), -1 + 1.96 * np.sqrt(2 / 3)))


def test_a_map_is_compared_in_its_unit_and_normalised_by_its_mean(own, other, brain):
    found = compared(own, ReferenceMap(other, AXIAL, "ml/100g/min"), brain).measures
    a, b = own[brain].astype(float), other[brain].astype(float)
    assert found["MAE"] == pytest.approx(np.abs(a - b).mean())
    assert found["MSE"] == pytest.approx(((a - b) ** 2).mean())
    assert found["RMSE"] == pytest.approx(np.sqrt(found["MSE"]))
    assert found["bias"] == pytest.approx(a.mean() - b.mean(), abs=1e-4)
    normalised = a / a.mean() - b / b.mean()
    assert found["MAE normalised"] == pytest.approx(np.abs(normalised).mean(), rel=1e-4)
    assert found["RMSE normalised"] == pytest.approx(np.sqrt((normalised**2).mean()), rel=1e-4)
    assert found["NCC"] == pytest.approx(np.corrcoef(a, b)[0, 1])


def test_a_map_is_like_itself(own, brain):
    found = compared(own, ReferenceMap(own, AXIAL, "ml/100g/min"), brain).measures
    for name in ("Pearson", "Spearman", "concordance", "NCC", "SSIM", "SSIM whole slices"):
        assert found[name] == pytest.approx(1)
    assert found["MAE"] == found["RMSE normalised"] == 0


def test_spearman_sees_order_and_concordance_sees_scale(own, brain):
    squared = np.where(brain, own**2 / 40, 0)
    found = compared(own, ReferenceMap(squared, AXIAL, "ml/100g/min"), brain).measures
    assert found["Spearman"] == pytest.approx(1)
    assert found["Pearson"] < 0.999
    doubled = compared(own, ReferenceMap(1.5 * own, AXIAL, "ml/100g/min"), brain).measures
    assert doubled["Pearson"] == pytest.approx(1)
    assert doubled["concordance"] < 0.5


# -- structural similarity


def test_similarity_of_whole_slices_is_that_of_scikit_image(own, other):
    metrics = pytest.importorskip("skimage.metrics")
    scores = []
    for a, b in zip(own.astype(float), other.astype(float), strict=True):
        low = min(np.percentile(a, 1), np.percentile(b, 1))
        high = max(np.percentile(a, 99), np.percentile(b, 99))
        scores.append(metrics.structural_similarity(a, b, data_range=high - low))
    assert slicewise_ssim(own, other) == pytest.approx(np.mean(scores), abs=1e-12)


def test_similarity_inside_a_mask_is_that_of_scikit_image_where_all_is_inside(own, other):
    metrics = pytest.importorskip("skimage.metrics")
    # A flat rim, so that it does not matter how windows are completed at the border.
    first, second = (np.pad(volume[3].astype(float), 12, constant_values=30.0) for volume in (own, other))
    options = {"data_range": 50.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    _, expected = metrics.structural_similarity(first, second, full=True, **options)
    everything = np.ones((1, *first.shape), bool)
    assert masked_ssim(first[None], second[None], everything, 50.0) == pytest.approx(expected.mean(), abs=1e-12)


def test_similarity_inside_a_mask_does_not_see_what_lies_outside(own, other, brain):
    inside = masked_ssim(own, other, brain, 50.0)
    rubbish = np.where(brain, other, 1e4)
    assert masked_ssim(own, rubbish, brain, 50.0) == pytest.approx(inside)
    assert slicewise_ssim(own, rubbish) < 0.5


def test_similarity_at_the_edge_of_a_mask_is_that_of_its_middle(brain):
    first, second = (np.where(brain, value, 0.0) for value in (3.0, 4.0))
    assert masked_ssim(first, second, brain, 100.0) == pytest.approx((2 * 12 + 1) / (9 + 16 + 1), abs=1e-9)


def test_flat_background_raises_the_papers_similarity_only(own, other, brain):
    wide = ((0, 0), (40, 40), (40, 40))
    padded = [np.pad(volume, wide) for volume in (own, other)]
    assert slicewise_ssim(*padded) > slicewise_ssim(own, other) + 0.05
    assert masked_ssim(*padded, np.pad(brain, wide), 50.0) == pytest.approx(masked_ssim(own, other, brain, 50.0))


# -- geometry


def oblique_grid(spacing=(5.0, 2.0, 2.0), degrees=15.0):
    turn = np.deg2rad(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array(spacing)[::-1]
    shape = tuple(int(np.ceil(extent / step)) for extent, step in zip((40, 110, 110), spacing, strict=True))
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    return Grid(shape, matrix)


@pytest.mark.parametrize("axes", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_orientation_makes_no_difference(own, other, brain, axes):
    matrix = AXIAL.copy()
    for axis in axes:
        column = 2 - axis
        matrix[:3, 3] += matrix[:3, column] * (SHAPE[axis] - 1)
        matrix[:3, column] *= -1
    expected = compared(own, ReferenceMap(other, AXIAL, "ml/100g/min"), brain).measures
    found = compared(own, ReferenceMap(np.flip(other, axes), matrix, "ml/100g/min"), brain).measures
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_order_of_axes_makes_no_difference(own, other, brain):
    sagittal = AXIAL[:, [1, 2, 0, 3]]
    expected = compared(own, ReferenceMap(other, AXIAL, "ml/100g/min"), brain).measures
    found = compared(own, ReferenceMap(other.transpose(2, 0, 1), sagittal, "ml/100g/min"), brain).measures
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("spacing", [(5.0, 2.0, 2.0), (2.5, 1.0, 1.0), (4.0, 3.0, 3.0)])
def test_a_turned_grid_of_other_voxels_shows_the_same_map(own, brain, spacing):
    grid = oblique_grid(spacing)
    found = compared(own, ReferenceMap(pattern(centres(grid)), grid.ijk_to_ras, "ml/100g/min"), brain)
    assert found.measures["Pearson"] > 0.999
    assert found.measures["RMSE"] < 0.5
    assert not found.notes


def test_parts_outside_the_reference_are_not_compared_and_said(own, brain):
    half = ReferenceMap(pattern(centres(GRID))[:, :20], AXIAL, "ml/100g/min")
    found = compared(own, half, brain)
    assert not found.compared[:, 20:].any()
    assert np.array_equal(found.compared[:, :20], brain[:, :20])
    assert found.measures["RMSE"] < 1e-4
    assert "only; the rest is not compared" in found.notes[0]


def test_a_mask_of_a_finer_turned_grid_keeps_its_place_and_volume():
    grid = oblique_grid((2.5, 1.0, 1.0))
    there = np.linalg.norm(centres(grid) - (10, 5, 0), axis=-1) < 14
    placed = place_mask(there, grid.ijk_to_ras, GRID)
    here = np.linalg.norm(centres(GRID) - (10, 5, 0), axis=-1) < 14
    assert compare_lesions(placed, here, GRID.voxel_volume).dice > 0.95


# -- background


@pytest.mark.parametrize("background", [0, -1, -1024, 9999])
def test_the_background_value_makes_no_difference(own, other, brain, background):
    expected = compared(own, ReferenceMap(other, AXIAL, "ml/100g/min"), brain).measures
    changed = np.where(brain, other, background)
    assert compared(own, ReferenceMap(changed, AXIAL, "ml/100g/min"), brain).measures == pytest.approx(expected)


def test_a_background_that_does_not_fill_the_rim_can_be_declared(own, other, brain):
    noisy = np.where(brain, other, np.random.default_rng(0).uniform(0, 1, SHAPE)).astype(np.float32)
    noisy[:, 20:24, 15:20] = -7
    assert not np.isnan(compared(own, ReferenceMap(noisy, AXIAL, "ml/100g/min"), brain).reference[3, 21, 17])
    told = compared(own, ReferenceMap(noisy, AXIAL, "ml/100g/min", background=-7), brain)
    assert np.isnan(told.reference[3, 21, 17])
    assert not told.compared[:, 20:24, 15:20].any()


def test_a_background_that_the_type_cannot_hold_is_nowhere(own, other, brain):
    whole = np.rint(other).astype(np.uint16)
    found = compared(own, ReferenceMap(whole, AXIAL, "ml/100g/min", background=-1), brain)
    assert np.array_equal(found.reference[brain], whole[brain])


def test_no_result_inside_the_brain_is_left_out_but_a_time_of_zero_is_a_time(own, brain):
    holes = own.copy()
    holes[2, 18:22, 16:20] = 0
    assert np.isnan(compared(own, ReferenceMap(holes, AXIAL, "ml/100g/min"), brain).reference[2, 20, 18])
    times = compared(own / 10, ReferenceMap(holes / 10, AXIAL, "s"), brain, "Tmax").reference
    assert times[2, 20, 18] == pytest.approx(0, abs=1e-6)


def test_nan_is_left_out_on_both_sides(own, other, brain):
    ours, theirs = own.copy(), other.copy()
    ours[1, 20], theirs[4, :, 18] = np.nan, np.nan
    found = compared(ours, ReferenceMap(theirs, AXIAL, "ml/100g/min"), brain)
    assert np.array_equal(found.compared, brain & np.isfinite(ours) & np.isfinite(theirs))
    assert all(np.isfinite(value) for value in found.measures.values())


# -- units


@pytest.mark.parametrize(
    ("name", "unit", "factor"),
    [
        ("CBF", "ml/100g/min", 1),
        ("CBF", "mL/min/100 g", 1),
        ("CBF", "ml/100ml/min", 1.05),
        ("CBF", "ml/g/min", 0.01),
        ("CBV", "ml/100ml", 1.05),
        ("CBV", "%", 1.05),
        ("CBV", "ml/ml", 0.0105),
        ("Tmax", "ms", 1000),
        ("Tmax", "0.1 s", 10),
        ("MTT", "sec", 1),
    ],
)
def test_a_declared_unit_is_brought_to_ours(own, brain, name, unit, factor):
    found = compared(own, ReferenceMap(own * factor, AXIAL, unit), brain, name)
    assert found.measures["RMSE"] < 1e-3
    assert np.allclose(found.reference[brain], own[brain], rtol=1e-4)
    assert not found.notes


@pytest.mark.parametrize(
    ("name", "factor", "unit"),
    [("CBF", 1, "ml/100g/min"), ("CBF", 0.01, "ml/g/min"), ("CBV", 0.013, "ml/g"), ("Tmax", 1, "s"),
     ("Tmax", 10, "0.1 s"), ("Tmax", 1000, "ms"), ("MTT", 1300, "ms")],
)  # fmt: skip
def test_a_unit_that_is_not_declared_is_guessed_and_said(own, brain, name, factor, unit):
    whole = np.rint(own * factor) if factor >= 10 else own * factor
    found = compared(own, ReferenceMap(whole, AXIAL), brain, name)
    assert f"taken for {unit}" in found.notes[0]
    assert found.measures["reference mean"] == pytest.approx(found.measures["own mean"], rel=0.35)


def test_without_a_unit_only_the_pattern_is_compared(own, brain):
    strange = compared(own, ReferenceMap(own * 37000, AXIAL), brain)
    assert "cannot be guessed" in strange.notes[0]
    relative = compared(own, ReferenceMap(own / own[brain].mean(), AXIAL, "relative"), brain)
    for found in (strange, relative):
        assert found.measures["NCC"] == pytest.approx(1)
        assert found.measures["RMSE normalised"] < 1e-5
        assert np.isnan([found.measures[name] for name in ("MAE", "bias", "concordance", "reference mean")]).all()
        assert found.measures["own mean"] == pytest.approx(own[brain].mean(), rel=1e-5)
    assert not relative.notes


def test_the_density_of_tissue_turns_volume_into_mass():
    factor, sentence = settle_unit("CBV", "ml/100ml", np.ones(3), np.ones(3), density=1.25)
    assert factor == pytest.approx(0.8)
    assert not sentence


# -- references that cannot be compared


def test_what_cannot_be_compared_is_refused_with_a_sentence_and_the_rest_goes_on(own, other, brain):
    far = AXIAL.copy()
    far[2, 3] += 500
    good = ReferenceMap(other, AXIAL, "ml/100g/min")
    comparison = compare_maps({"CBF": own, "CBV": own}, {"CBV": ReferenceMap(other, far), "CBF": good}, brain, GRID)
    assert list(comparison.maps) == ["CBF"]
    assert "no overlap" in comparison.refused["CBV"]
    assert "500) mm" in comparison.refused["CBV"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda values: np.full(SHAPE, 7.0), "nothing but background"),
        (lambda values: np.full(SHAPE, np.nan), "nothing but background or NaN"),
        (lambda values: np.where(values > 0, 3.0, 0), "is 3 everywhere"),
        (lambda values: np.digitize(values, (1, 40, 50)), "labels, it seems"),
        (lambda values: values > 40, "not a mask"),
        (lambda values: np.stack([values] * 3), "one volume"),
        (lambda values: np.where(np.indices(SHAPE)[0] < 1, values, 0)[:, ::-1] * 0 + values[0, 0, 0], "background"),
    ],
)
def test_a_reference_that_is_no_map_is_refused(own, other, brain, change, sentence):
    assert sentence in refusal(own, ReferenceMap(change(other), AXIAL), brain)


def test_a_reference_without_values_in_the_brain_is_refused(own, brain):
    outside = np.where(brain, 0, pattern(centres(GRID)))
    outside[:, [0, -1]] = outside[:, :, [0, -1]] = 0
    assert "no values inside the brain" in refusal(own, ReferenceMap(outside, AXIAL), brain)


def test_unknown_units_geometry_and_maps_are_refused(own, other, brain):
    assert "cannot be in 'furlongs'" in refusal(own, ReferenceMap(other, AXIAL, "furlongs"), brain)
    assert "no invertible" in refusal(own, ReferenceMap(other, np.zeros((4, 4))), brain)
    assert "no own map 'CBF'" in compare_maps({}, {"CBF": ReferenceMap(other, AXIAL)}, brain, GRID).refused["CBF"]
    with pytest.raises(PerfusionError, match="There is no reference map"):
        compare_maps({"CBF": own}, {}, brain, GRID)


def test_a_map_without_a_positive_mean_is_not_normalised(own, brain):
    centred = np.where(brain, own - own[brain].mean(dtype=float) - 1, 0).astype(np.float32)
    found = compared(centred, ReferenceMap(centred, AXIAL, "s"), brain, "TTP from arrival")
    assert found.measures["Pearson"] == pytest.approx(1)
    assert np.isnan(found.measures["SSIM"])
    assert "no positive mean" in found.notes[0]


# -- lesions and tables


def test_lesions_overlap_by_count():
    first, second = np.zeros((2, 4, 4), bool), np.zeros((2, 4, 4), bool)
    first[0, :2], second[0, 1:3] = True, True
    second[1, 0, 0] = True
    found = compare_lesions(first, second, 0.5)
    assert found.dice == pytest.approx(8 / 17)
    assert (found.own_ml, found.reference_ml, found.difference_ml) == (4.0, 4.5, -0.5)
    empty = compare_lesions(first & False, second & False, 0.5)
    assert np.isnan(empty.dice)
    assert empty.difference_ml == 0
    with pytest.raises(PerfusionError, match="place the reference"):
        compare_lesions(first, second[0], 0.5)


def test_subjects_are_summed_up_by_mean_median_and_sd():
    tables = [[["map", "measure", "unit", "value"], ["CBF", "NCC", "", value]] for value in (0.2, 0.3, 0.7)]
    tables[0].append(["core", "volume difference", "ml", 4.0])
    tables[1].append(["core", "volume difference", "ml", float("nan")])
    titles, ncc, core = summary_rows(tables)
    found = dict(zip(titles, ncc, strict=True))
    assert found["subjects"] == 3
    assert (found["mean"], found["median"]) == (pytest.approx(0.4), pytest.approx(0.3))
    assert found["SD"] == pytest.approx(np.sqrt(0.07))
    assert found["upper limit"] == pytest.approx(0.4 + 1.96 * np.sqrt(0.07))
    assert core[3:6] == [1, 4.0, 4.0]
    assert np.isnan(core[6])


def test_tables_name_map_measure_and_unit(own, other, brain):
    rows = comparison_rows(compare_maps({"CBF": own}, {"CBF": ReferenceMap(other, AXIAL, "ml/g/min")}, brain, GRID))
    units = {measure: unit for _, measure, unit, _ in rows[1:]}
    assert units["RMSE"] == "ml/100g/min"
    assert units["MSE"] == "(ml/100g/min)²"
    assert units["SSIM"] == ""
    lesion = compare_lesions(brain, brain, GRID.voxel_volume)
    assert overlap_rows({"core": lesion})[1] == ["core", "Dice", "", 1.0]
