"""Whether the Bayesian estimator's standard deviations are right: curves of which it is known what it should say."""

from __future__ import annotations

from functools import partial

import numpy as np

from ...perfusion.deconvolution import deconvolve
from ...perfusion.deconvolution.bayesian.prior import DISPERSION, PRIOR, SCALE_UNCERTAINTY
from ...perfusion.progress import Steps
from .figures import Asked, Figures, Table
from .heads import COVERAGE_COLUMNS, coverage_figures
from .processes import in_processes
from .sample_maps import MAPS, Maps
from .simulation import box_residue_integral, gamma_input, gamma_residue_integral, tissue_curves, with_noise

METHOD = "Bayesian"
CURVES = {"full": 1000, "quick": 400, "test": 24}
TIMES = np.arange(45) * 1.41
ARRIVAL = 8.0
LATEST = 10.0
DECIBELS = 14.0
NOISES = {"5 dB": 5.0, "14 dB": DECIBELS, "24 dB": 24.0, "14 dB, coloured": DECIBELS, "14 dB, baseline": DECIBELS}
BASELINE_FRAMES = 4
SHAPES = {
    "box": (0.0, 0.0),
    "spread 0.3": (0.3, 0.0),
    "spread 0.5": (0.5, 0.0),
    "spread 0.71, as in the heads": (0.5**0.5, 0.0),
    "spread 0.71, dispersed by 1.5 s": (0.5**0.5, 1.5),
    "exponential": (1.0, 0.0),
    "spread 1.2": (1.2, 0.0),
}
"""Standard deviation of the transit times over their mean, and T_A in s."""

TRANSIT_TIMES, DELAYS, VOLUMES = (3.5, 10.0), (0.5, 2.0), (2.0, 4.0)
"""What curves of one shape have: about what the tissue of the heads has."""


def run_steps(asked: Asked) -> Steps[Figures]:
    """Estimate curves drawn from the prior, and curves of one shape each.

    Parameters
    ----------
    asked : Asked

    Yields
    ------
    Progress

    Returns
    -------
    Figures
    """
    names = [(function, name) for function, of in _KINDS for name in of]
    items = [(*each, CURVES[asked.size], (asked.seed, number)) for number, each in enumerate(names)]
    found = yield from in_processes("uncertainties", _measured, items, asked.workers)
    rows = {name: coverage for (_, name, *_), coverage in zip(items, found, strict=True)}
    tables = [
        Table(
            "from the prior",
            "Curves drawn from the prior: truths within so many standard deviations",
            COVERAGE_COLUMNS,
            {name: rows[name] for name in NOISES},
            first="Noise",
        ),
        Table(
            "one shape",
            f"Curves of one shape, {DECIBELS:g} dB: truths within so many standard deviations",
            COVERAGE_COLUMNS,
            {name: rows[name] for name in SHAPES},
            first="Shape",
        ),
    ]
    return Figures("calibration", "The uncertainties of the Bayesian estimator", _about(CURVES[asked.size]), tables)


def _measured(item):
    """How many truths lie within the standard deviations, but for that of the scale, which is known here."""
    simulated, name, count, seed = item
    tissue, truth = simulated(name, count, np.random.default_rng(seed))
    estimate = deconvolve(tissue, _artery(TIMES), TIMES, METHOD)
    values = {"CBF": estimate.cbf, "CBV": estimate.cbv, "MTT": estimate.mtt, "delay": estimate.delay}
    scale = {"CBF": SCALE_UNCERTAINTY, "CBV": SCALE_UNCERTAINTY, "MTT": 0.0, "delay": 0.0}
    deviations = {
        name: np.sqrt((estimate.sd[name.lower()] ** 2 - (scale[name] * values[name]) ** 2).clip(0)) for name in MAPS
    }
    return coverage_figures(Maps(values, deviations), truth)


def _from_prior(noise, count, rng):
    """Noisy curves whose shapes are as likely as the prior says, and their truth."""
    mtt, spread = (
        _within_cells(values, weights, widths, count, rng)
        for values, weights, widths in (
            (np.log(PRIOR.mtt), PRIOR.mtt_weights, PRIOR.widths[0]),
            (PRIOR.spread, PRIOR.spread_weights, PRIOR.widths[1]),
        )
    )
    dispersion = rng.exponential(DISPERSION, count) * (rng.random(count) > PRIOR.dispersion_weights[0])
    curves, truth = _curves(np.exp(mtt), spread, dispersion, rng.uniform(0, LATEST, count), np.full(count, 4.0))
    if noise.endswith("coloured"):
        return curves + _coloured(curves, NOISES[noise], rng), truth
    noisy = with_noise(curves, NOISES[noise], rng)
    if noise.endswith("baseline"):
        noisy -= noisy[:, :BASELINE_FRAMES].mean(axis=1, keepdims=True)
    return noisy, truth


def _of_shape(shape, count, rng):
    """Noisy curves of one shape, and their truth."""
    spread, dispersion = (np.full(count, value) for value in SHAPES[shape])
    mtt = np.exp(rng.uniform(*np.log(TRANSIT_TIMES), count))
    delay, cbv = rng.uniform(*DELAYS, count), rng.uniform(*VOLUMES, count)
    curves, truth = _curves(mtt, spread, dispersion, delay, cbv)
    return with_noise(curves, DECIBELS, rng), truth


_KINDS = ((_from_prior, NOISES), (_of_shape, SHAPES))


def _within_cells(values, weights, widths, count, rng):
    cell = rng.choice(values.size, count, p=weights)
    return values[cell] + widths[cell] * rng.uniform(-0.5, 0.5, count)


def _coloured(curves, decibels, rng):
    """Noise of the same size, every frame of which is the mean of two independent ones."""
    wider = np.repeat(np.sqrt(np.mean(curves**2, axis=1, keepdims=True)), curves.shape[1] + 1, axis=1)
    white = with_noise(wider, decibels, rng) - wider
    return (white[:, 1:] + white[:, :-1]) / np.sqrt(2)


def _curves(mtt, spread, dispersion, delay, cbv):
    cbf = 60 * cbv / mtt
    curves = [
        tissue_curves(_artery, TIMES, partial(_residue_integral, mtt[i : i + 1], spread[i]), *one, dispersion[i])[0][0]
        for i, one in enumerate(zip(cbf[:, None], delay[:, None], strict=True))
    ]
    return np.array(curves), {"CBF": cbf, "CBV": cbv, "MTT": mtt, "delay": delay}


def _residue_integral(mtt, spread, lags):
    if spread == 0:
        return box_residue_integral(lags, mtt)
    return gamma_residue_integral(lags, mtt, 1 / spread**2)


def _artery(times):
    return gamma_input(times - ARRIVAL)


def _about(count):
    return f"""\
{count} curves in every row, every {TIMES[1]:g} s, with white noise, unless it is said otherwise: "coloured" is a mean
of neighbouring frames, "baseline" had the mean of {BASELINE_FRAMES} frames subtracted. The part of the standard
deviations that stands for an unknown scale ({100 * SCALE_UNCERTAINTY:g} % of CBF and CBV) is left out, as the scale is
known here.

A standard deviation is that of the posterior: its square is the mean squared error to be expected. Posteriors have
longer tails than the normal distribution, so that more than 68 % of the truths lie within one, and about 95 % within
two. Half of the interval that holds the middle 68 % of the posterior, tried instead, gave 67 to 74 % here; but in the
heads as much as the standard deviation does, so that the simpler one was kept. Coloured noise counts as fewer
independent samples, which is right for slow changes of a curve and too careful for fast ones such as its onset.

Where all curves have one shape, the part of the uncertainty that comes from not knowing the shape turns from scatter
into a bias that all of them share. A shape in the middle of the prior, such as that of the heads, has little of it, and
far more than 68 % of CBF and MTT lie within one standard deviation; at the edges of the prior it is fewer. An estimator
that does not know the shape cannot tell one from the other."""
