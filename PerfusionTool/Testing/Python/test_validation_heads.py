"""The validation on heads: its maps are those of the analysis, its figures what their names say."""

import math

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Analysis
from PerfusionToolLib.perfusion.deconvolution import METHODS
from PerfusionToolLib.perfusion.progress import drain
from PerfusionToolLib.studies import validation
from PerfusionToolLib.studies.validation import Asked, heads, regions
from PerfusionToolLib.studies.validation.sample_maps import (
    MAPS,
    Maps,
    analysed,
    deconvolved,
    head_of,
    of_rows,
    tissue_rows,
    truth_of,
)


@pytest.fixture(scope="module")
def found():
    """What a benchmark finds in the size of the tests, each computed once."""
    known = {}

    def of(name):
        if name not in known:
            known[name] = drain(validation.run_steps(name, Asked("test", workers=1)))
        return known[name]

    return of


@pytest.fixture(scope="module")
def sample():
    head = head_of("CT 2 HU", 0, "test")
    study = analysed(head)
    return head, study, tissue_rows(study, head, 400)


def test_a_study_waits_before_its_deconvolution(sample):
    _, study, _ = sample
    assert study.stages_done[-1] == "arterial_input"


def test_maps_are_those_of_the_analysis(sample):
    head, waiting, rows = sample
    maps = deconvolved(waiting, rows, waiting.arterial_input.curve, waiting.settings.method)
    study = Analysis(head.series, waiting.settings).run()
    assert 300 < rows.size < 900
    for name in ("CBF", "CBV", "MTT", "Tmax"):
        np.testing.assert_allclose(maps.values[name], of_rows(study.maps[name], study, rows), rtol=1e-4, atol=1e-4)


def test_truth_agrees_with_itself(sample):
    head, study, rows = sample
    truth = truth_of(head, study, rows)
    figures = heads.agreement_figures(truth, truth)
    assert set(figures) == {column.name for column in heads.COLUMNS}
    for name, value in figures.items():
        assert value == pytest.approx(1 if name.endswith(" r") else 0, abs=1e-6), name


def test_bias_is_of_the_mean_and_voxels_without_a_result_are_left_out(sample):
    head, study, rows = sample
    truth = truth_of(head, study, rows)
    other = {name: 1.1 * values for name, values in truth.items()} | {"delay": truth["delay"] + 0.5}
    for values in other.values():
        values[::7] = np.nan
    figures = heads.agreement_figures(other, truth)
    assert figures["CBF bias, %"] == pytest.approx(10, abs=1e-3)
    assert figures["delay bias, s"] == pytest.approx(0.5, abs=1e-5)
    assert figures["delay RMSE, s"] == pytest.approx(0.5, abs=1e-5)


def test_coverage_of_normal_errors_is_that_of_the_normal_distribution():
    random = np.random.default_rng(0)
    truth = {name: random.uniform(1, 9, 20_000) for name in MAPS}
    deviations = {name: random.uniform(0.1, 2, 20_000) for name in MAPS}
    values = {name: truth[name] + deviations[name] * random.standard_normal(20_000) for name in MAPS}
    figures = heads.coverage_figures(Maps(values, deviations), truth)
    for name in MAPS:
        assert figures[f"{name} 1 SD, %"] == pytest.approx(68.3, abs=1.5)
        assert figures[f"{name} 2 SD, %"] == pytest.approx(95.4, abs=1)


def test_who_knows_the_shape_is_more_certain(found, sample):
    head, study, rows = sample
    nothing, spread, both = (
        deconvolved(study, rows, head.arterial_input[study.frames], "Bayesian", **heads.TOLD[what]).deviations["MTT"]
        for what in ("nothing", "spread", "spread and dispersion")
    )
    assert np.median(both) < np.median(spread) < 0.8 * np.median(nothing)
    tables = {table.name: table for table in found("heads").tables}
    assert set(tables["told"].rows) == {f"CT 2 HU: {what}" for what in heads.TOLD}


def test_dice_is_one_for_the_same_and_zero_for_others():
    one, other = np.array([True, True, False, False]), np.array([False, True, True, False])
    assert heads._dice(one, one) == 1
    assert heads._dice(one, ~one) == 0
    assert heads._dice(one, other) == 0.5
    assert math.isnan(heads._dice(one & ~one, one & ~one))


def test_heads_have_figures_of_every_method_and_input(found):
    tables = {table.name: table for table in found("heads").tables}
    for kind in heads.INPUTS:
        assert set(tables[f"CT 2 HU, {kind} AIF"].rows) == set(METHODS)
    assert set(tables["lesions"].rows) == {f"CT 2 HU: {method}" for method in METHODS}


def test_smoothing_lowers_the_errors(found):
    (table,) = (table for table in found("denoising").tables if table.name.endswith("bcSVD"))
    for figure in ("CBF r", "CBV r", "MTT r", "delay r"):
        assert table.rows["bilateral 3 mm, 0.1"][figure] > table.rows["none"][figure] + 0.05


def test_regions_are_beside_ssvd(found):
    (table,) = found("regions").tables
    assert set(table.rows) == {"truth", *METHODS}
    for region in regions.REGIONS:
        assert table.rows["sSVD"][f"{region} to sSVD"] == 1
        assert f"{region} p" not in table.rows["sSVD"]
    assert table.rows["truth"]["ischaemic CBF"] < 0.5 * table.rows["truth"]["normal CBF"]


def test_wilcoxon_tells_apart_what_always_differs():
    random = np.random.default_rng(1)
    reference = random.uniform(20, 40, 12)
    assert regions._probability(reference + random.uniform(0.1, 2, 12), reference) < 0.001
    assert regions._probability(reference + random.normal(0, 1, 12), reference) > 0.05


def test_every_method_has_its_time(found):
    (table,) = found("cost").tables
    assert set(table.rows) == set(METHODS)
    for row in table.rows.values():
        assert 0 < row["s"] < 60
        assert row["µs a voxel"] == pytest.approx(1e6 * row["s"] / 500)
        assert "further memory, MB" not in row
