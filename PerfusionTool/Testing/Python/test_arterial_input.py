"""The AIF: arteries are found, veins, tissue and noise are not; seeds, masks and curves; partial volume; warnings."""

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Grid, PerfusionError
from PerfusionToolLib.perfusion import arterial_input as arteries
from PerfusionToolLib.perfusion.gamma_variate import GammaVariate
from scipy.integrate import trapezoid

TIMES = np.arange(40) * 1.4
GRID = Grid((3, 40, 40), np.diag([1.0, 1.0, 5.0, 1.0]))
ARTERY = GammaVariate(10.0, 4.5, 3.0, 250.0)(TIMES)
VEIN = GammaVariate(14.0, 6.0, 3.0, 230.0)(TIMES)
TISSUE = GammaVariate(11.5, 6.0, 2.5, 8.0)(TIMES)
INSIDE = np.ones(GRID.shape, bool)
ARRIVAL = 8


def scan(artery=ARTERY, vein=VEIN, tissue=TISSUE, noise=5.0, size=4, seed=0):
    """Concentration (n, t) of a block of tissue with an artery at (1, 10, 10) and a vein at (1, 30, 30)."""
    volume = np.broadcast_to(tissue, (*GRID.shape, TIMES.size)).copy()
    volume[:, 10 : 10 + size, 10 : 10 + size] = artery
    volume[:, 30 : 30 + size, 30 : 30 + size] = vein
    volume += np.random.default_rng(seed).normal(0, noise, volume.shape)
    return volume.reshape(-1, TIMES.size).astype(np.float32)


def search(curves):
    return arteries.search_vessels(curves, INSIDE, TIMES, ARRIVAL, GRID)


def vein_of(found):
    return arteries.venous_output(found.veins(ARTERY[: found.times.size]), GRID.shape)


@pytest.mark.parametrize("noise", [2.0, 5.0, 10.0])
def test_the_artery_is_found_and_not_the_vein(noise):
    found = arteries.automatic_input(search(scan(noise=noise)), GRID.shape)
    where = np.argwhere(found.voxels)
    assert len(where) >= 5
    assert ((where[:, 1:] >= 10) & (where[:, 1:] < 14)).all()
    assert np.corrcoef(found.curve, ARTERY)[0, 1] > 0.995
    assert abs(trapezoid(found.curve, TIMES) / trapezoid(ARTERY, TIMES) - 1) < 0.06


def test_a_vein_that_is_higher_than_the_artery_is_still_a_vein():
    found = search(scan(artery=0.5 * ARTERY))
    chosen = arteries.automatic_input(found, GRID.shape)
    assert chosen.voxels[1, 10:14, 10:14].any()
    late = [candidate for candidate in found.arteries if candidate.place[0] > 25 and not candidate.accepted]
    assert any("after the earliest artery" in candidate.reason for candidate in late)


def test_the_vein_is_found_as_the_venous_output():
    vein = vein_of(search(scan()))
    assert vein.voxels[:, 30:34, 30:34].sum() == vein.voxels.sum() > 5
    assert np.corrcoef(vein.curve, VEIN)[0, 1] > 0.995


def test_an_artery_beyond_an_occlusion_loses_against_the_open_side():
    delayed = GammaVariate(13.0, 6.0, 3.0, 260.0)(TIMES)
    volume = scan(vein=TISSUE).reshape(*GRID.shape, -1)
    volume[:, 10:14, 28:34] += (delayed - TISSUE).astype(np.float32)
    chosen = arteries.automatic_input(search(volume.reshape(-1, TIMES.size)), GRID.shape)
    assert chosen.voxels[:, 10:14, 10:14].sum() == chosen.voxels.sum()


@pytest.mark.parametrize("seed", range(5))
def test_white_noise_gives_an_error_and_never_an_arterial_input(seed):
    noise = np.random.default_rng(seed).normal(0, 10, (INSIDE.sum(), TIMES.size)).astype(np.float32)
    with pytest.raises(PerfusionError, match="No artery was found"):
        arteries.automatic_input(search(noise), GRID.shape)


def test_tissue_alone_gives_no_artery():
    curves = scan(artery=TISSUE, vein=TISSUE, noise=5.0)
    with pytest.raises(PerfusionError, match="No artery was found"):
        arteries.automatic_input(search(curves), GRID.shape)


def test_every_candidate_says_why():
    found = search(scan())
    assert all(candidate.reason for candidate in found.arteries)
    assert all(candidate.accepted or candidate.reason.startswith("rejected") for candidate in found.arteries)
    scores = [candidate.score for candidate in found.arteries]
    assert scores == sorted(scores, reverse=True)


def test_a_rejected_candidate_can_be_chosen_by_hand():
    found = search(scan())
    rank = next(rank for rank, candidate in enumerate(found.arteries) if not candidate.accepted)
    chosen = arteries.candidate_input(found, rank, GRID.shape)
    assert np.array_equal(chosen.curve, found.arteries[rank].curve)
    with pytest.raises(PerfusionError, match="no candidate 999"):
        arteries.candidate_input(found, 999, GRID.shape)


@pytest.mark.parametrize("place", [(1, 11, 11), (1, 9, 12), (0, 13, 13)])
def test_a_seed_grows_over_the_artery_it_touches(place):
    voxels = arteries.grow_from_seed(scan(), INSIDE, GRID.to_ras(np.array(place)), TIMES, GRID)
    assert voxels[:, 10:14, 10:14].sum() == voxels.sum() >= 12


def test_a_seed_in_the_vein_takes_the_vein_as_told():
    voxels = arteries.grow_from_seed(scan(), INSIDE, GRID.to_ras(np.array([1, 31, 31])), TIMES, GRID)
    assert voxels[:, 30:34, 30:34].sum() == voxels.sum() >= 12


@pytest.mark.parametrize("place", [(1000.0, 0, 0), (5.0, 5.0, 5.0)])
def test_a_seed_outside_is_refused_with_its_place(place):
    inside = INSIDE.copy()
    inside[:, :9, :9] = False
    with pytest.raises(PerfusionError, match=rf"{place[0]:.1f}.* outside the brain"):
        arteries.grow_from_seed(scan()[inside.ravel()], inside, place, TIMES, GRID)


def test_masks_and_curves_are_taken_as_they_are():
    curves = np.stack([ARTERY, 3 * ARTERY])
    voxels = np.zeros(GRID.shape, bool)
    voxels[0, 0, :2] = True
    assert np.allclose(arteries.mask_input(curves, voxels, TIMES).curve, 2 * ARTERY)
    assert np.allclose(arteries.curve_input(ARTERY, TIMES, ~INSIDE).curve, ARTERY)


@pytest.mark.parametrize(
    ("curve", "sentence"),
    [
        (ARTERY[:-1], "39 values for 40 frames"),
        (-ARTERY, "nowhere above 0"),
        (np.where(ARTERY > 100, np.nan, ARTERY), "not finite"),
    ],
)
def test_a_curve_that_cannot_serve_is_refused(curve, sentence):
    with pytest.raises(PerfusionError, match=sentence):
        arteries.curve_input(curve, TIMES, ~INSIDE)


def test_an_empty_mask_is_refused():
    with pytest.raises(PerfusionError, match="no voxels"):
        arteries.mask_input(np.zeros((0, 40)), ~INSIDE, TIMES)


@pytest.mark.parametrize("fraction", [0.3, 0.5, 0.8])
def test_the_partial_volume_factor_restores_the_area(fraction):
    vein = np.interp(TIMES - 5, TIMES, ARTERY)
    factor = arteries.partial_volume_factor(fraction * ARTERY, vein, TIMES)
    assert abs(factor * fraction - 1) < 0.03


def test_a_vein_cut_off_by_the_end_of_the_scan_does_not_lower_the_factor():
    late = GammaVariate(30.0, 7.0, 2.0, 200.0)(TIMES)
    vein = np.interp(TIMES - 9, TIMES, late)
    assert abs(arteries.partial_volume_factor(late, vein, TIMES) - 1) < 0.05


def finish(arterial, **options):
    return arteries.finish_input(arterial, TIMES, **options)


def test_scaling_policies():
    given = arteries.mask_input(0.5 * ARTERY[None], INSIDE, TIMES)
    vein = arteries.VenousOutput(np.interp(TIMES - 5, TIMES, ARTERY), INSIDE, ())
    auto = finish(given, partial_volume="auto", venous=vein)
    assert abs(auto.scale - 2) < 0.06
    assert np.allclose(auto.curve, auto.scale * given.measured)
    assert "2.0" in auto.scale_reason
    assert finish(given, partial_volume="off", venous=vein).scale == 1
    assert finish(given, partial_volume="factor", factor=1.7).scale == 1.7
    assert "No vein" in finish(given, partial_volume="auto").warnings[0]
    small = arteries.VenousOutput(0.2 * vein.curve, INSIDE, ())
    assert finish(given, partial_volume="auto", venous=small).scale == 1
    large = arteries.VenousOutput(20 * vein.curve, INSIDE, ())
    limited = finish(given, partial_volume="auto", venous=large)
    assert limited.scale == 6
    assert "more than 6" in limited.warnings[0]


def test_the_fit_replaces_the_mean_only_on_request():
    given = arteries.curve_input(ARTERY + np.random.default_rng(0).normal(0, 5, 40), TIMES, INSIDE)
    assert np.array_equal(finish(given).curve, given.measured)
    fitted = finish(given, use_fit=True, partial_volume="off").curve
    assert np.sqrt(np.mean((fitted - ARTERY) ** 2)) < 4


@pytest.mark.parametrize(
    ("curve", "word"),
    [
        (GammaVariate(20.0, 6.0, 3.0, 250.0)(TIMES), "late"),
        (2 * TISSUE, "flat"),
        (GammaVariate(10.0, 40.0, 3.0, 250.0)(TIMES), "truncated"),
        (np.minimum(ARTERY, 80.0), "saturated"),
    ],
)
def test_what_is_questionable_is_said(curve, word):
    given = arteries.curve_input(curve, TIMES, INSIDE)
    assert any(word in warning for warning in arteries.input_warnings(given, TISSUE, TIMES))


def test_a_good_arterial_input_has_no_warnings():
    given = arteries.curve_input(ARTERY, TIMES, INSIDE)
    assert arteries.input_warnings(given, TISSUE, TIMES) == ()


def test_an_input_beyond_an_occlusion_is_warned_of():
    found = search(scan(vein=GammaVariate(13.5, 6.0, 3.0, 260.0)(TIMES)))
    rank = next(rank for rank, candidate in enumerate(found.arteries) if candidate.place[0] > 25)
    chosen = arteries.candidate_input(found, rank, GRID.shape)
    assert any("beyond an occlusion" in warning for warning in arteries.input_warnings(chosen, TISSUE, TIMES))


def with_disturbance(curve, place=(1, slice(22, 26), slice(4, 8)), **options):
    """The scan with one more group of voxels, of the given curve plus noise."""
    volume = scan(**options).reshape(*GRID.shape, -1)
    volume[place] = curve + np.random.default_rng(9).normal(0, 5, volume[place].shape)
    return volume.reshape(-1, TIMES.size)


def verdicts(candidates, low=4, high=8):
    """Candidates whose centre has an x index from `low` to below `high`."""
    return [candidate for candidate in candidates if low <= GRID.to_indices(candidate.place)[2] < high]


def before_the_bolus(shape):
    """Changes of 80, a fifth of the peak, in frames that have no contrast yet."""
    changes = {"step": np.arange(TIMES.size) < 4, "hump": np.exp(-0.5 * ((TIMES - TIMES[3]) / 2) ** 2)}
    return 80.0 * changes[shape]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("shape", ["step", "hump"])
def test_what_changes_before_the_bolus_is_no_vessel(shape, sign):
    change = sign * before_the_bolus(shape)
    for vessel in (1.5 * ARTERY, 1.5 * VEIN):
        found = search(with_disturbance(vessel + change))
        for judged in (found.arteries, found.veins(ARTERY[: found.times.size])):
            assert any("changes before the bolus arrives" in candidate.reason for candidate in verdicts(judged))
            assert not any(candidate.accepted for candidate in verdicts(judged))
        still = search(with_disturbance(vessel))
        assert any(
            candidate.accepted
            for candidate in verdicts(still.arteries) + verdicts(still.veins(ARTERY[: still.times.size]))
        )


def test_what_rises_a_frame_or_more_before_the_bolus_is_no_vessel():
    half_rise = float(np.interp(0.5, ARTERY[: ARTERY.argmax()] / ARTERY.max(), TIMES[: ARTERY.argmax()]))
    too_late = int(np.searchsorted(TIMES, half_rise)) + 1
    found = arteries.search_vessels(scan(), INSIDE, TIMES, too_late, GRID)
    reasons = [candidate.reason for candidate in verdicts(found.arteries, 10, 14)]
    assert any("rises before the bolus arrives" in reason for reason in reasons)
    assert all(reason.startswith("rejected") for reason in reasons)
    in_time = arteries.search_vessels(scan(), INSIDE, TIMES, too_late - 1, GRID)
    assert arteries.automatic_input(in_time, GRID.shape).voxels[:, 10:14, 10:14].any()


@pytest.mark.parametrize("arrival", [1, 2, 3])
def test_an_artery_passes_where_hardly_any_frame_precedes_the_bolus(arrival):
    first = ARRIVAL - arrival
    found = arteries.search_vessels(scan()[:, first:], INSIDE, TIMES[first:], arrival, GRID)
    assert arteries.automatic_input(found, GRID.shape).voxels[:, 10:14, 10:14].any()


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_vein_whose_peak_the_scan_cuts_off_is_no_venous_output(beyond):
    peak = int(np.argmax(VEIN))
    kept = slice(0, peak + 1 + beyond)
    found = arteries.search_vessels(scan()[:, kept], INSIDE, TIMES[kept], ARRIVAL, GRID)
    assert any(
        "cut off by the end" in candidate.reason
        for candidate in verdicts(found.veins(ARTERY[: found.times.size]), 30, 34)
    )
    assert vein_of(found) is None
    assert arteries.automatic_input(found, GRID.shape).voxels[:, 10:14, 10:14].any()


def test_without_a_vein_no_artery_passes_for_one():
    assert vein_of(search(scan(vein=TISSUE))) is None


def test_a_vein_is_found_for_an_arterial_input_drawn_by_hand_where_no_artery_was():
    found = search(scan(artery=TISSUE))
    assert not any(candidate.accepted and candidate.place[0] < 20 for candidate in found.arteries)
    assert vein_of(found).voxels[:, 30:34, 30:34].any()


@pytest.mark.parametrize(
    ("curve", "word"),
    [
        (GammaVariate(30.0, 6.0, 3.0, 230.0)(TIMES), "too late"),
        (GammaVariate(14.0, 14.0, 2.0, 230.0)(TIMES), "too wide"),
    ],
)
def test_what_is_too_late_or_too_wide_is_no_vein(curve, word):
    found = search(scan(vein=curve))
    assert vein_of(found) is None
    assert any(word in candidate.reason for candidate in found.veins(ARTERY[: found.times.size]))


def test_the_verdict_on_veins_depends_on_the_aif_in_use_alone():
    found, fresh = search(with_disturbance(VEIN)), search(with_disturbance(VEIN))
    arterial = ARTERY[: found.times.size]
    found.veins(np.roll(arterial, 3))
    again = [(c.score, c.accepted, c.reason) for c in found.veins(arterial)]
    assert again == [(c.score, c.accepted, c.reason) for c in fresh.veins(arterial)]


# -- the venous output chosen by hand, and the uncertainty of the factor


def test_a_venous_output_is_taken_from_voxels_and_curves_as_they_are():
    curves = np.stack([VEIN, 3 * VEIN])
    voxels = np.zeros(GRID.shape, bool)
    voxels[0, 0, :2] = True
    by_mask = arteries.mask_output(curves, voxels, TIMES, (), "seed")
    assert np.allclose(by_mask.curve, 2 * VEIN)
    assert by_mask.source == "seed"
    assert np.array_equal(by_mask.curves, curves)
    assert np.array_equal(arteries.curve_output(VEIN, TIMES, ~INSIDE, ()).curve, VEIN)
    with pytest.raises(PerfusionError, match="venous output has no voxels; draw it on a vein"):
        arteries.mask_output(curves[:0], ~INSIDE, TIMES, ())
    with pytest.raises(PerfusionError, match="venous output is nowhere above 0"):
        arteries.curve_output(-VEIN, TIMES, ~INSIDE, ())


@pytest.mark.parametrize(
    ("curve", "word"),
    [(np.roll(ARTERY, -2), "before the AIF"), (GammaVariate(14.0, 60.0, 3.0, 200.0)(TIMES), "at the end of the scan")],
)
def test_a_doubtful_venous_output_chosen_by_hand_is_warned_of(curve, word):
    chosen = arteries.curve_output(curve, TIMES, ~INSIDE, ())
    assert any(word in warning for warning in arteries.output_warnings(chosen, ARTERY, TIMES))
    assert arteries.output_warnings(arteries.curve_output(VEIN, TIMES, ~INSIDE, ()), ARTERY, TIMES) == ()


FRACTION = 0.4
BASELINE = np.arange(6)


def measured_factors(noise, mixed=0.0, times=TIMES, count=200):
    """Factors of noisy scans with their standard deviations; the true one is 1 / FRACTION.

    Six voxels of artery, all filled alike, and fifteen of vein, which hold anything from no tissue to `mixed`, evenly.
    """
    random = np.random.default_rng(4)
    found = []
    for _ in range(count):
        filled = 1 - mixed * random.random(15)
        blood = np.interp(times - 5, TIMES, ARTERY)
        artery = FRACTION * np.interp(times, TIMES, ARTERY) + random.normal(0, noise, (6, times.size))
        vein = filled[:, None] * blood + random.normal(0, noise, (15, times.size))
        artery, vein = (curves - curves[:, BASELINE].mean(1, keepdims=True) for curves in (artery, vein))
        measured = artery.mean(0), vein.mean(0), times
        factor = arteries.partial_volume_factor(*measured)
        found.append((factor, arteries.partial_volume_sd(*measured, BASELINE, vein)))
    return np.array(found).T


def covered(factors, sd, width=1):
    return float(np.mean(np.abs(factors - 1 / FRACTION) < width * sd))


@pytest.mark.parametrize("noise", [3.0, 5.0, 10.0])
def test_truth_lies_within_the_standard_deviation_of_the_factor_as_often_as_it_should(noise):
    factors, sd = measured_factors(noise)
    assert 0.60 < covered(factors, sd) < 0.82
    assert covered(factors, sd, 2) > 0.90
    assert 0.8 < sd.mean() / factors.std() < 1.4


def test_tissue_in_the_voxels_of_the_vein_widens_the_standard_deviation_to_the_error_it_makes():
    pure, mixed = measured_factors(5.0), measured_factors(5.0, mixed=0.3)
    low_by = pure[0].mean() - mixed[0].mean()
    assert low_by > 2 * pure[1].mean()
    assert 0.7 < np.sqrt((mixed[1] ** 2).mean() - (pure[1] ** 2).mean()) / low_by < 1.3
    assert covered(*mixed, 2) > 0.9


def test_a_scan_that_ends_early_makes_the_factor_less_certain():
    late = np.interp(TIMES - 15, TIMES, ARTERY)
    vein = np.interp(TIMES - 21, TIMES, 0.5 * (ARTERY + np.interp(TIMES - 4, TIMES, ARTERY)))
    ends = [slice(None), slice(0, int(np.searchsorted(TIMES, 42)))]
    none = np.zeros((0, 0))
    whole, cut = (arteries.partial_volume_sd(late[end], vein[end], TIMES[end], BASELINE, none) for end in ends)
    assert cut > 3 * whole


def test_a_short_baseline_makes_the_factor_less_certain():
    noise = np.random.default_rng(2).normal(0, 5, TIMES.size)
    args = FRACTION * ARTERY + noise, VEIN + noise[::-1], TIMES
    long, short = (arteries.partial_volume_sd(*args, np.arange(n), np.zeros((0, 0))) for n in (7, 1))
    assert short > 1.5 * long


def test_only_a_factor_that_was_measured_has_a_standard_deviation():
    given = arteries.mask_input(0.5 * ARTERY[None], INSIDE, TIMES)
    vein = arteries.curve_output(np.interp(TIMES - 5, TIMES, ARTERY), TIMES, ~INSIDE, ())
    options = {"venous": vein, "baseline": BASELINE}
    auto = finish(given, partial_volume="auto", **options)
    assert 0 <= auto.scale_sd < 0.2
    assert auto.scale_in_words == f"{auto.scale:.2f} ± {auto.scale_sd:.2f}"
    assert auto.scale_in_words in auto.scale_reason
    for other in ({"partial_volume": "off"}, {"partial_volume": "factor", "factor": 1.7}):
        assert np.isnan(finish(given, **other, **options).scale_sd)
        assert "±" not in finish(given, **other, **options).scale_in_words
    limited = arteries.mask_input(2 * ARTERY[None], INSIDE, TIMES)
    assert np.isnan(finish(limited, partial_volume="auto", **options).scale_sd)
