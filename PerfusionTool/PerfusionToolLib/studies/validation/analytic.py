"""Noise-free curves of known residue functions: what is left of the errors as the interval between frames shrinks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...perfusion.deconvolution import METHODS, deconvolve
from ...perfusion.progress import Steps
from .drawing import draw_convergence
from .figures import Asked, Column, Figures, Picture, Table
from .processes import in_processes
from .simulation import box_residue_integral, gamma_input, gamma_residue_integral, tissue_curves

INTERVALS = {"full": (2.0, 1.41, 1.0, 0.5), "quick": (2.0, 1.41, 1.0, 0.5), "test": (2.0, 1.0)}
DURATION, ARRIVAL = 80.0, 10.0
FINE = 0.02
CBV = 4.0
TRANSIT_TIMES = np.array([3.0, 4.0, 6.0, 8.0, 12.0])
DELAYS = np.array([0.0, 0.7, 1.9, 3.3])


@dataclass(frozen=True)
class Residue:
    """A residue function.

    Parameters
    ----------
    integral : callable
        ∫ R of lags (g,) and mean transit times (n,) in s, (n, g).
    dispersion : float
        Mean T_A in s of an exponential transport function before it.
    """

    integral: Callable[[np.ndarray, np.ndarray], np.ndarray]
    dispersion: float = 0.0


RESIDUES = {
    "exponential": Residue(partial(gamma_residue_integral, shape=1)),
    "gamma, shape 4": Residue(partial(gamma_residue_integral, shape=4)),
    "box": Residue(box_residue_integral),
    "exponential, dispersed": Residue(partial(gamma_residue_integral, shape=1), dispersion=2.0),
}


def run_steps(asked: Asked) -> Steps[Figures]:
    """Estimate noise-free curves sampled at every interval by every method.

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
    intervals = INTERVALS[asked.size]
    residues = list(RESIDUES) if asked.size != "test" else ["exponential", "box"]
    items = [(residue, interval, method) for residue in residues for method in METHODS for interval in intervals]
    found = yield from in_processes("analytic residues", _errors, items, asked.workers)
    errors = dict(zip(items, found, strict=True))
    tables = [_table(residue, intervals, errors) for residue in residues]
    of_cbf = {
        residue: {method: [errors[residue, interval, method][0] for interval in intervals] for method in METHODS}
        for residue in residues
    }
    picture = Picture(
        "validation-convergence",
        "Noise-free curves: error of CBF as the interval between frames shrinks.",
        partial(draw_convergence, intervals, of_cbf, list(METHODS)),
    )
    return Figures("analytic", "Analytic residue functions", _about(), tables, [picture])


def _table(residue, intervals, errors):
    columns = [Column(f"{what}, {interval:g} s", 0.3, 1) for what in ("CBF", "k") for interval in intervals]
    rows = {}
    for method in METHODS:
        of_method = [errors[residue, interval, method] for interval in intervals]
        rows[method] = {
            f"{what}, {interval:g} s": error[place]
            for place, what in enumerate(("CBF", "k"))
            for interval, error in zip(intervals, of_method, strict=True)
        }
    return Table(residue, f"{residue.capitalize()}: errors in per cent", tuple(columns), rows)


def _errors(item):
    """RMS of the relative error of CBF, and of k over the RMS of the true one, in per cent."""
    name, interval, method = item
    residue = RESIDUES[name]
    delay, mtt = (values.ravel() for values in np.meshgrid(DELAYS, TRANSIT_TIMES))
    cbf = 60 * CBV / mtt
    times = np.arange(0, DURATION, interval)
    integral = partial(residue.integral, mtt=mtt)
    tissue, _ = tissue_curves(_artery, times, integral, cbf, delay, residue.dispersion, step=FINE)
    estimate = deconvolve(tissue, _artery(times), times, method)
    of_cbf = np.nan_to_num(estimate.cbf) / cbf - 1
    true = _true_residue(estimate.lags, integral, cbf, delay, residue.dispersion)
    of_residue = np.linalg.norm(estimate.residue() - true) / np.linalg.norm(true)
    return 100 * float(np.sqrt(np.mean(of_cbf**2))), 100 * float(of_residue)


def _artery(times):
    return gamma_input(times - ARRIVAL)


def _true_residue(lags, integral, cbf, delay, dispersion):
    """k at the lags, the dispersion included, averaged over the interval around each lag: (n, g) in 1/s."""
    step = lags[1] - lags[0]
    edges = np.append(lags - step / 2, lags[-1] + step / 2).clip(0)
    # What a step in the artery gives is the integral of k.
    risen, _ = tissue_curves(lambda times: 1.0 * (times >= 0), edges, integral, cbf, delay, dispersion, step=FINE)
    return np.diff(risen, axis=1) / step


def _about():
    return f"""\
Noise-free curves, convolved every {FINE:g} s: CBV {CBV:g} ml/100 g, MTT of 3, 4, 6, 8 and 12 s, delays of 0, 0.7, 1.9
and 3.3 s, arterial input (t − {ARRIVAL:g} s)³·exp(−(t − {ARRIVAL:g} s)/1.5 s), {DURATION:g} s. Given are the RMS of the
relative error of CBF, and the RMS error of the residue function k over the RMS of the true k, dispersion included, both
averaged over the interval around each lag.

Truncation and damping leave errors that no finer sampling removes, as does a model that does not hold; posterior means
stay between all shapes and dispersions that explain a curve about equally well."""
