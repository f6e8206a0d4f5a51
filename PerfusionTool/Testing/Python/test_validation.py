"""The validation: curves as their formulas say, scores as defined, figures as before and the same for other seeds."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PerfusionToolLib.commands import main
from PerfusionToolLib.perfusion.deconvolution import METHODS, blood_volume
from PerfusionToolLib.perfusion.progress import drain
from PerfusionToolLib.studies import validation
from PerfusionToolLib.studies.validation import BENCHMARKS, Asked, calibration, kudo, leakage, six_sets
from PerfusionToolLib.studies.validation.baseline import (
    BASELINE,
    figures_by_name,
    keep,
    moved_figures,
    provenance,
    read_baseline,
)
from PerfusionToolLib.studies.validation.bounds import BOUNDS, Bound, is_missed, judged
from PerfusionToolLib.studies.validation.figures import Column, Figures, Picture, Table
from PerfusionToolLib.studies.validation.processes import in_processes
from PerfusionToolLib.studies.validation.report import cells, write_report
from PerfusionToolLib.studies.validation.scores import agreement, bolus_shapes, correlation, rmse, rows_correlation
from PerfusionToolLib.studies.validation.simulation import (
    SIX_SETS,
    VARIANTS,
    Level,
    box_residue_integral,
    gamma_input,
    gamma_residue_integral,
    linear_residue_integral,
    set_sample,
    simulate,
    tissue_curves,
    with_noise,
)
from scipy.integrate import quad, trapezoid
from threadpoolctl import threadpool_info

TIMES = np.arange(0, 80, 1.0)


@pytest.fixture(scope="module")
def found():
    """What a benchmark finds in the size of the tests, each computed once."""
    known = {}

    def of(name):
        if name not in known:
            known[name] = drain(validation.run_steps(name, Asked("test", workers=1)))
        return known[name]

    return of


# The curves


def by_quadrature(time, residue, delay=0.0):
    """∫ C_a(t − δ − τ) R(τ) dτ of the gamma-variate arterial input."""
    end = max(time - delay, 0)
    return quad(lambda lag: gamma_input(np.array(end - lag)) * residue(lag), 0, end, limit=200)[0]


@pytest.mark.parametrize(
    ("integral", "residue"),
    [
        (partial(gamma_residue_integral, shape=1), lambda lag, mtt: np.exp(-lag / mtt)),
        (partial(gamma_residue_integral, shape=2), lambda lag, mtt: np.exp(-2 * lag / mtt) * (1 + 2 * lag / mtt)),
        (box_residue_integral, lambda lag, mtt: float(lag < mtt)),
        (linear_residue_integral, lambda lag, mtt: max(0.0, 1 - lag / (2 * mtt))),
    ],
    ids=["exponential", "gamma", "box", "linear"],
)
def test_curves_are_the_convolution_of_arterial_input_and_residue_function(integral, residue):
    mtt, delay = np.array([3.43, 8.0]), np.array([0.0, 3.3])
    tissue, _ = tissue_curves(gamma_input, TIMES, partial(integral, mtt=mtt), np.array([60.0, 30.0]), delay)
    for row, cbf in enumerate((60.0, 30.0)):
        true = [by_quadrature(time, lambda lag, row=row: residue(lag, mtt[row]), delay[row]) for time in TIMES[::9]]
        scale = 1.05 / 0.73 * cbf / 6000
        np.testing.assert_allclose(tissue[row, ::9], scale * np.array(true), atol=5e-4 * tissue[row].max())


def test_dispersion_widens_the_arterial_input_and_keeps_its_area():
    mtt = np.array([5.0])
    integral = partial(gamma_residue_integral, mtt=mtt, shape=1)
    _, sharp = tissue_curves(gamma_input, TIMES, integral, np.ones(1), np.array([4.0]))
    _, wide = tissue_curves(gamma_input, TIMES, integral, np.ones(1), np.array([4.0]), 3.0)
    assert trapezoid(wide[0], TIMES) == pytest.approx(trapezoid(sharp[0], TIMES), rel=1e-3)
    centre = [trapezoid(curve * TIMES, TIMES) / trapezoid(curve, TIMES) for curve in (sharp[0], wide[0])]
    assert centre[1] - centre[0] == pytest.approx(3.0, abs=0.01)


def test_dispersion_before_an_exponential_residue_is_their_convolution():
    mtt, transport = 5.0, 2.0
    integral = partial(gamma_residue_integral, mtt=np.array([mtt]), shape=1)
    tissue, _ = tissue_curves(gamma_input, TIMES, integral, np.array([6000.0]), np.zeros(1), transport)

    def both(lag):
        return mtt / (mtt - transport) * (np.exp(-lag / mtt) - np.exp(-lag / transport))

    true = 1.05 / 0.73 * np.array([by_quadrature(time, both) for time in TIMES[::9]])
    np.testing.assert_allclose(tissue[0, ::9], true, atol=5e-4 * true.max())


@pytest.mark.parametrize("of_peak", [False, True])
def test_the_signal_to_noise_ratio_is_the_one_asked_for(of_peak):
    curves = np.tile(gamma_input(TIMES), (400, 1)) * np.geomspace(1, 100, 400)[:, None]
    noise = with_noise(curves, 14.0, np.random.default_rng(0), of_peak) - curves
    signal = curves.max(axis=1) if of_peak else np.sqrt(np.mean(curves**2, axis=1))
    assert -10 * np.log10(np.mean((noise / signal[:, None]) ** 2)) == pytest.approx(14.0, abs=0.1)


def test_the_same_seed_gives_the_same_curves_and_no_other_does():
    level = SIX_SETS["noise"][0]
    first = set_sample("compressed", "noise", level, 3, 5, seed=1).tissue
    np.testing.assert_array_equal(first, set_sample("compressed", "noise", level, 3, 5, seed=1).tissue)
    others = [
        set_sample("compressed", "noise", level, 3, 5, seed=2),
        set_sample("compressed", "noise", level, 4, 5, seed=1),
        set_sample("compressed", "noise", SIX_SETS["noise"][1], 3, 5, seed=1),
    ]
    assert all(np.abs(first - other.tissue).max() > 0.01 * first.max() for other in others)


def test_the_compressed_variant_differs_in_the_time_axis_of_the_arterial_input_only():
    level = Level("x", inputs=("gamma",))
    plain, compressed = (simulate(level, 0, 5, VARIANTS[name]) for name in ("as written", "compressed"))
    fine = np.linspace(0, 40, 4001)
    area = [trapezoid(np.interp(fine, x.times, x.arterial_input), fine) for x in (plain, compressed)]
    assert area[1] / area[0] == pytest.approx(0.6, rel=0.01)
    np.testing.assert_array_equal(plain.cbf, compressed.cbf)
    np.testing.assert_array_equal(plain.delay, compressed.delay)


def test_the_sets_have_the_levels_of_the_paper():
    assert [len(levels) for levels in SIX_SETS.values()] == [7, 11, 6, 5, 2, 2]
    sample = simulate(Level("x", interval=1.6), 0, 200)
    assert sample.times[-1] < 80 <= sample.times[-1] + 1.6
    assert sample.cbf * sample.mtt / 60 == pytest.approx(4.0)
    assert 3.43 <= sample.mtt.min() < 4.5 < 23 < sample.mtt.max() <= 24
    assert 0 <= sample.delay.min() < 1.5 < 23.5 < sample.delay.max() <= 25


# Scores


def test_agreement_sees_what_correlation_does_not():
    true = np.random.default_rng(0).normal(10, 2, 500)
    assert agreement(true, true) == pytest.approx(1)
    assert correlation(true + 3, true) == pytest.approx(1)
    # ICC(A,1) of readings that differ by d is V / (V + d²/2), V being the variance.
    assert agreement(true + 3, true) == pytest.approx(true.var(ddof=1) / (true.var(ddof=1) + 4.5), rel=1e-3)
    assert agreement(20 - true, true) < 0


def test_scores_are_what_their_names_say():
    found, true = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 1.0]]), np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    assert rmse(found, true) == pytest.approx(math.sqrt((1 + 4 + 4) / 6))
    np.testing.assert_allclose(rows_correlation(found, true), [np.corrcoef(found[0], true[0])[0, 1], -1])


def test_height_time_and_width_of_a_bolus_are_read_between_frames():
    centres, width = np.array([[20.3], [31.7]]), 4.0
    curves = 7 * np.exp(-((TIMES - centres) ** 2) / (2 * width**2))
    height, time, full_width = bolus_shapes(TIMES, curves)
    np.testing.assert_allclose(height, 7, rtol=1e-3)
    np.testing.assert_allclose(time, centres.ravel(), atol=0.05)
    np.testing.assert_allclose(full_width, 2 * math.sqrt(2 * math.log(2)) * width, atol=0.2)


# Figures


@pytest.mark.parametrize("name", BENCHMARKS)
def test_figures_are_those_of_the_baseline(found, name):
    baseline = read_baseline(BASELINE, "test")
    assert [str(figure) for figure in moved_figures([found(name)], Asked("test"), baseline)] == []
    kept = {figure for figure in baseline["figures"] if figure.split(" | ")[0] == name}
    assert set(figures_by_name([found(name)])) == kept, "keep new figures: validate --size test --new-baseline"


@pytest.mark.parametrize("name", ["six_sets", "kudo", "osipi_curves", "analytic"])
def test_every_method_has_figures(found, name):
    for table in found(name).tables:
        if "local AIF" not in table.name:
            assert set(table.rows) == set(METHODS)
            for _, column, value, _ in table.cells():
                assert math.isfinite(value), column.name


def test_errors_of_a_model_that_holds_vanish_as_the_interval_shrinks(found):
    (box,) = (table.rows["boxNLR"] for table in found("analytic").tables if table.name == "box")
    assert box["CBF, 1 s"] < 0.2 * box["CBF, 2 s"]
    assert box["k, 1 s"] < 0.2 * box["k, 2 s"]


def test_bounds_are_about_figures_that_exist(found):
    figures = [found(name) for name in BENCHMARKS]
    tables = {(each.name, table.name) for each in figures for table in each.tables}
    unknown = [
        str(bound)
        for bound, value in judged(figures)
        if (bound.benchmark, bound.table) in tables and bound.row in METHODS and value is None
    ]
    assert unknown == []
    assert {bound.benchmark for bound in BOUNDS} <= set(BENCHMARKS)


SEEDS = range(5)


@pytest.fixture(scope="module")
def other_seeds():
    """The six sets by two methods, for several seeds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(six_sets, "METHODS", {name: METHODS[name] for name in ("bcSVD", "oSVD")})
        extent = replace(six_sets.EXTENTS["test"], inputs={"compressed": 8})
        patch.setitem(six_sets.EXTENTS, "test", extent)
        return [drain(six_sets.run_steps(Asked("test", seed, workers=1))) for seed in SEEDS]


def test_other_seeds_give_the_same_within_the_stated_error(other_seeds):
    first, *others = other_seeds
    baseline = {"made": provenance(Asked("test", SEEDS[0])), "figures": figures_by_name([first])}
    for seed, other in zip(SEEDS[1:], others, strict=True):
        assert moved_figures([other], Asked("test", seed), baseline) == []
        rows = [figures.tables[0].rows["oSVD"]["CBF RMSE"] for figures in (first, other)]
        assert rows[0] != rows[1]


@pytest.mark.parametrize("column", ["CBF RMSE", "delay RMSE, s"])
def test_figures_of_several_seeds_scatter_as_much_as_is_stated(other_seeds, column):
    tables = [figures.tables[0] for figures in other_seeds]
    scatter = np.std([[table.rows[m][column] for m in table.rows] for table in tables], axis=0, ddof=1).mean()
    stated = np.mean([[table.errors[m][column] for m in table.rows] for table in tables])
    assert 0.3 < scatter / stated < 2


# Baseline, bounds, report, command


COLUMNS = (Column("CBF RMSE", 0.1), Column("seconds", math.inf))


def some_figures(value=3.0, *, error=0.05, pictures=()):
    rows = {"bcSVD": {"CBF RMSE": value, "seconds": 1.2}, "oSVD": {"CBF RMSE": 5.0}}
    errors = {"bcSVD": {"CBF RMSE": error}}
    published = {"Someone 2001": {"CBF RMSE": 4.0}}
    table = Table("small", "A small table", COLUMNS, rows, errors, published, about="About the table.")
    return Figures("kudo", "Some figures", "About them.", [table], list(pictures))


def baseline_of(figures, seed=0):
    return {"made": provenance(Asked("test", seed)), "figures": figures_by_name([figures])}


@pytest.mark.parametrize(
    ("value", "seed", "has_moved"),
    [(3.09, 0, False), (3.11, 0, True), (math.nan, 0, True), (3.2, 1, False), (3.4, 1, True)],
)
def test_a_figure_has_moved_beyond_its_tolerance_or_of_another_seed_beyond_its_error(value, seed, has_moved):
    moved = moved_figures([some_figures(value)], Asked("test", seed), baseline_of(some_figures()))
    assert [figure.figure for figure in moved] == ["kudo | small | bcSVD | CBF RMSE"] * has_moved


def test_a_figure_that_is_gone_has_moved_and_those_of_other_benchmarks_do_not_matter():
    baseline = baseline_of(some_figures())
    baseline["figures"]["kudo | small | dSVD | CBF RMSE"] = {"value": 1.0, "tolerance": 0.1}
    baseline["figures"]["analytic | small | dSVD | CBF RMSE"] = {"value": 1.0, "tolerance": 0.1}
    moved = moved_figures([some_figures()], Asked("test"), baseline)
    assert [str(figure) for figure in moved] == ["kudo | small | dSVD | CBF RMSE: gone, was 1"]


def test_the_baseline_keeps_other_sizes_and_benchmarks(tmp_path):
    path = tmp_path / "validation.json"
    assert read_baseline(path, "test") is None
    keep(path, [some_figures()], Asked("quick"))
    keep(path, [replace(some_figures(), name="analytic")], Asked("test"))
    keep(path, [some_figures(4.0)], Asked("test", seed=3))
    kept = read_baseline(path, "test")
    assert kept["made"]["seed"] == 3
    assert kept["figures"]["kudo | small | bcSVD | CBF RMSE"] == {"value": 4.0, "tolerance": 0.1, "error": 0.05}
    assert {name.split(" | ")[0] for name in kept["figures"]} == {"kudo", "analytic"}
    assert not any("seconds" in name for name in kept["figures"])
    assert read_baseline(path, "quick")["figures"]["kudo | small | oSVD | CBF RMSE"]["value"] == 5.0


def test_a_bound_is_missed_outside_it_and_where_nothing_was_measured():
    bound = Bound("kudo", "tiles", "Bayesian", "CBF r", low=0.97)
    assert not is_missed(bound, 0.98)
    assert is_missed(bound, 0.96)
    assert is_missed(bound, math.nan)
    assert is_missed(bound, None)
    assert {each.benchmark for each, _ in judged([some_figures()])} == {"kudo"}


def test_tables_show_errors_in_brackets_and_published_rows_last():
    titles, rows = cells(some_figures().tables[0])
    assert titles == ["Method", "CBF RMSE", "seconds"]
    assert rows == [["bcSVD", "3.00 (0.05)", "1.20"], ["oSVD", "5.00", "–"], ["Someone 2001", "4.00", "–"]]


def test_the_report_shows_every_table_and_picture(tmp_path):
    figures = some_figures(pictures=[Picture("validation-x", "A caption.", lambda path: path.write_bytes(b"PNG"))])
    write_report([figures], Asked("quick", 7), tmp_path)
    text = (tmp_path / "validation.md").read_text(encoding="utf-8")
    assert "| bcSVD | 3.00 (0.05) | 1.20 |" in text
    assert "![A caption.](pictures/validation-x.png)" in text
    assert "seed 7," in text
    assert (tmp_path / "pictures" / "validation-x.png").read_bytes() == b"PNG"


def test_pictures_can_be_drawn(found, tmp_path, monkeypatch):
    for name in BENCHMARKS:
        figures = found(name)
        # Those that estimate curves of their own do so by two methods here.
        for module in (six_sets, kudo):
            monkeypatch.setattr(module, "METHODS", {method: METHODS[method] for method in ("bcSVD", "oSVD")})
        for picture in figures.pictures:
            picture.draw(tmp_path / f"{picture.file}.png")
            assert (tmp_path / f"{picture.file}.png").read_bytes()[1:4] == b"PNG"


def test_several_processes_find_the_same_in_order():
    alone = drain(in_processes("x", math.sqrt, range(9), 1))
    assert drain(in_processes("x", math.sqrt, range(9), 2)) == alone == [math.sqrt(number) for number in range(9)]


def threads_of_linear_algebra(_):
    return {library["num_threads"] for library in threadpool_info()}


def test_several_processes_have_one_thread_each(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert drain(in_processes("x", threads_of_linear_algebra, range(2), 2)) == [{1}, {1}]


# Uncertainties, leakage


def test_curves_for_the_calibration_are_as_likely_as_the_prior_says():
    curves, truth = calibration._from_prior("24 dB", 300, np.random.default_rng(0))
    assert curves.shape == (300, calibration.TIMES.size)
    assert 3 <= truth["MTT"].min() < 4 < 30 < truth["MTT"].max() <= 40
    assert np.log(truth["MTT"]).mean() == pytest.approx(np.log(3 * 40) / 2, abs=0.15)
    np.testing.assert_allclose(truth["CBF"] * truth["MTT"], 60 * truth["CBV"])


@pytest.mark.parametrize("shape", calibration.SHAPES)
def test_curves_of_one_shape_have_the_values_that_are_said(shape):
    spread, dispersion = (np.full(5, value) for value in calibration.SHAPES[shape])
    mtt, delay, cbv = np.linspace(3.5, 5, 5), np.linspace(0, 2, 5), np.linspace(2, 4, 5)
    curves, _ = calibration._curves(mtt, spread, dispersion, delay, cbv)
    arterial_input = calibration._artery(calibration.TIMES)
    np.testing.assert_allclose(blood_volume(curves, arterial_input, calibration.TIMES), cbv, rtol=0.01)
    centres = (curves @ calibration.TIMES) / curves.sum(axis=1)
    of_input = (arterial_input @ calibration.TIMES) / arterial_input.sum()
    # The mean time that blood is in tissue is that of the residue function, (1 + spread²)·MTT/2.
    expected = of_input + delay + dispersion + mtt * (1 + spread**2) / 2
    np.testing.assert_allclose(centres, expected, atol=0.1)


def test_coloured_noise_is_as_large_as_white_noise_and_correlated():
    curves = np.tile(gamma_input(TIMES), (400, 1))
    noise = calibration._coloured(curves, 14.0, np.random.default_rng(0))
    assert np.sqrt(np.mean(noise**2) / np.mean(curves**2)) == pytest.approx(10 ** (-14 / 20), rel=0.02)
    assert np.mean(noise[:, 1:] * noise[:, :-1]) / np.mean(noise**2) == pytest.approx(0.5, abs=0.02)


def test_corrections_of_leakage_take_most_of_the_error(found):
    (table,) = found("leakage").tables
    for case, row in table.rows.items():
        k2 = leakage.CASES[case][0]
        if k2:
            assert np.sign(row["CBV bias, % (none)"]) == -np.sign(k2)
            assert abs(row["CBV bias, % (bidirectional)"]) < abs(row["CBV bias, % (none)"]) / 3
            assert np.sign(row["K2, 1/1000 s (BSW)"]) == np.sign(k2)
        else:
            assert row["CBV bias, % (none)"] == pytest.approx(0, abs=1)
            assert abs(row["CBV bias, % (BSW)"]) < 5


def test_the_command_names_what_moved_and_what_is_missed(monkeypatch, capsys, tmp_path):
    def steps(name, asked):
        yield from ()
        return some_figures(3.0 + 0.2 * asked.seed)

    monkeypatch.setattr(validation, "run_steps", steps)
    monkeypatch.setattr("PerfusionToolLib.studies.validation.baseline.BASELINE", tmp_path / "validation.json")
    monkeypatch.setattr("PerfusionToolLib.studies.validation.bounds.BOUNDS", ())
    command = ["validate", "--only", "kudo", "--quick"]
    assert main([*command, "--new-baseline"]) == 0
    assert main(command) == 0
    monkeypatch.setattr(validation, "run_steps", lambda name, asked: steps(name, replace(asked, seed=1)))
    assert main(command) == 1
    shown = capsys.readouterr()
    assert "moved: kudo | small | bcSVD | CBF RMSE: 3.2, was 3, may differ by 0.1" in shown.out
    assert shown.err.endswith("1 figure moved.\n")
    bound = Bound("kudo", "small", "bcSVD", "CBF RMSE", high=3)
    monkeypatch.setattr("PerfusionToolLib.studies.validation.bounds.BOUNDS", (bound,))
    assert main([*command, "--new-baseline", "-o", str(tmp_path / "out")]) == 1
    assert "missed: kudo, small, bcSVD, CBF RMSE, 3.200, at most 3" in capsys.readouterr().out
    assert (tmp_path / "out" / "validation.md").exists()


@pytest.mark.parametrize(
    ("words", "size"),
    [([], "full"), (["--quick"], "quick"), (["--size", "test"], "test"), (["--size", "full"], "full")],
)
def test_the_command_runs_in_full_unless_it_is_told_otherwise(monkeypatch, tmp_path, words, size):
    asked_for = []

    def steps(name, asked):
        yield from ()
        asked_for.append(asked.size)
        return some_figures()

    monkeypatch.setattr(validation, "run_steps", steps)
    monkeypatch.setattr("PerfusionToolLib.studies.validation.baseline.BASELINE", tmp_path / "validation.json")
    monkeypatch.setattr("PerfusionToolLib.studies.validation.bounds.BOUNDS", ())
    assert main(["validate", "--only", "kudo", *words]) == 0
    assert asked_for == [size]


@pytest.mark.parametrize("words", [["--only", "nothing"], ["--seed", "-1"]])
def test_wrong_words_are_refused(words):
    with pytest.raises(SystemExit, match="2"):
        main(["validate", *words])
