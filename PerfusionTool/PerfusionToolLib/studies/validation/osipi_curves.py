"""The DSC test curves of OSIPI, by their recipe or from OSIPI's file, for every method.

The curves are sums over frames, C_i = Δt·Σ C_a(t_(i−j)) R(t_j), so the quadrature is declared as "rectangle"; they
know neither tissue density nor haematocrit, so both are 1. CBV is the sum of the residue function in the recipe and
so exceeds its label by the rectangle's bias at lag 0, which the tolerance covers.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...perfusion.deconvolution import METHODS, deconvolve
from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Steps
from .figures import Asked, Column, Figures, Table
from .processes import in_processes
from .scores import correlation, rmse

INTERVAL = 1.243
FRAMES = 161
LABELS = np.array([(4, cbf) for cbf in range(10, 71, 10)] + [(2, cbf) for cbf in range(5, 36, 5)], float)
"""CBV in ml/100 g and CBF in ml/100 g/min of the curves: grey matter, then white matter."""

TISSUE_NOISE, ARTERY_NOISE = 1 / 100, 1 / 200
"""Standard deviations of the noise, as parts of the peak of the highest tissue curve and of the arterial input; OSIPI's
file names only a contrast-to-noise ratio of 200, and these are what its curves hold."""

PART_OF_VALUE = 0.1
CBF_TOLERANCE, CBV_TOLERANCE = 15.0, 1.0
"""OSIPI's tolerance is this much and the above part of the true value."""

NOISES = {"full": 12, "quick": 4, "test": 1}
"""Times that noise is drawn anew."""

COLUMNS = (
    Column("CBF RMSE", 0.1),
    Column("CBF r", 0.002, 3),
    Column("CBV RMSE", 0.02),
    Column("CBF error / tolerance", 0.03),
    Column("CBV error / tolerance", 0.03),
)


@dataclass(frozen=True, eq=False)
class Curves:
    """Test curves with their labels.

    Parameters
    ----------
    times : ndarray of shape (t,)
        In s.
    arterial_inputs, tissues : ndarray of shape (n, t)
    cbf, cbv : ndarray of shape (n,)
        In ml/100 g/min and ml/100 g.
    """

    times: np.ndarray
    arterial_inputs: np.ndarray
    tissues: np.ndarray
    cbf: np.ndarray
    cbv: np.ndarray


def curves_by_recipe(seed=20) -> Curves:
    """The curves made anew: the arterial input (t − 20 s)³·exp(−(t − 20 s)/1.5 s), exponential residue functions.

    Parameters
    ----------
    seed : int or sequence of int
        Of the noise.

    Returns
    -------
    Curves
        One for every row of `LABELS`, all with the same arterial input.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(FRAMES) * INTERVAL
    since = np.clip(times - 20, 0, None)
    artery = since**3 * np.exp(-since / 1.5)
    cbv, cbf = LABELS.T
    residues = cbf[:, None] / 6000 * np.exp(-times * (cbf / cbv)[:, None] / 60)
    tissues = np.array([INTERVAL * np.convolve(artery, residue)[:FRAMES] for residue in residues])
    tissues += rng.normal(0, TISSUE_NOISE * tissues.max(), tissues.shape)
    artery += rng.normal(0, ARTERY_NOISE * artery.max(), FRAMES)
    return Curves(times, np.tile(artery, (len(LABELS), 1)), tissues, cbf, cbv)


def curves_of_file(path: Path) -> Curves:
    """The curves as OSIPI's file holds them.

    Parameters
    ----------
    path : Path
        OSIPI's ``dsc_data.csv``.

    Returns
    -------
    Curves

    Raises
    ------
    PerfusionError
        If it is not such a file.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        tissues, arteries = (np.array([row[name].split() for row in rows], float) for name in ("C_tis", "C_aif"))
        cbv, cbf = (np.array([row[name] for row in rows], float) for name in ("cbv", "cbf"))
        times = np.arange(tissues.shape[1]) * float(rows[0]["tr"])
    except (KeyError, IndexError, ValueError) as error:
        raise PerfusionError(
            f"{path} is not OSIPI's file of DSC test curves ({error!r}); give dsc_data.csv."
        ) from error
    return Curves(times, arteries, tissues, cbf, cbv)


def estimate_curves(curves: Curves, method: str) -> tuple[np.ndarray, np.ndarray]:
    """CBF and CBV by a method, the quadrature declared; curves with the same arterial input are estimated together.

    Parameters
    ----------
    curves : Curves
    method : str

    Returns
    -------
    cbf, cbv : ndarray of shape (n,)
    """
    inputs, group = np.unique(curves.arterial_inputs, axis=0, return_inverse=True)
    cbf, cbv = np.empty(len(group)), np.empty(len(group))
    options = {"quadrature": "rectangle", "density": 1, "hematocrit_factor": 1}
    for number, arterial_input in enumerate(inputs):
        rows = np.flatnonzero(group.ravel() == number)
        estimate = deconvolve(curves.tissues[rows], arterial_input, curves.times, method, **options)
        cbf[rows], cbv[rows] = estimate.cbf, estimate.cbv
    return cbf, cbv


def run_steps(asked: Asked) -> Steps[Figures]:
    """Estimate the curves by every method.

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
    curves = [curves_by_recipe([20, asked.seed, number]) for number in range(NOISES[asked.size])]
    if asked.osipi is not None:
        curves.append(curves_of_file(asked.osipi))
    items = [(of_one, method) for of_one in curves for method in METHODS]
    estimated = yield from in_processes("OSIPI's curves", _estimated, items, asked.workers)
    by_recipe = {method: [] for method in METHODS}
    for (of_one, method), found in zip(items, estimated, strict=True):
        by_recipe[method].append((of_one, *found))
    of_file = {method: [found.pop()] for method, found in by_recipe.items()} if asked.osipi else {}
    tables = [Table("by recipe", "Curves made by OSIPI's recipe", COLUMNS, _rows(by_recipe))]
    if of_file:
        tables.append(Table("of the file", "Curves of OSIPI's file", COLUMNS, _rows(of_file)))
    return Figures("osipi_curves", "OSIPI's DSC curves", _about(NOISES[asked.size]), tables)


def _estimated(item):
    return estimate_curves(*item)


def _rows(found):
    return {method: _figures(of_method) for method, of_method in found.items()}


def _figures(of_method):
    true_cbf, true_cbv = (
        np.concatenate([getattr(curves, name) for curves, *_ in of_method]) for name in ("cbf", "cbv")
    )
    cbf, cbv = (np.concatenate([found[place] for found in of_method]) for place in (1, 2))
    return {
        "CBF RMSE": rmse(cbf, true_cbf),
        "CBF r": correlation(cbf, true_cbf),
        "CBV RMSE": rmse(cbv, true_cbv),
        "CBF error / tolerance": _worst(cbf, true_cbf, CBF_TOLERANCE),
        "CBV error / tolerance": _worst(cbv, true_cbv, CBV_TOLERANCE),
    }


def _worst(found, true, tolerance):
    return float(np.max(np.abs(found - true) / (tolerance + PART_OF_VALUE * true)))


def _about(noises):
    return f"""\
The curves with which OSIPI's code collection tests DSC deconvolution, made by its recipe: arterial input
(t − 20 s)³·exp(−(t − 20 s)/1.5 s), {FRAMES} frames every {INTERVAL} s, exponential residue functions without delay,
grey matter with CBV 4 and CBF 10 to 70, white matter with CBV 2 and CBF 5 to 35, noise of 1/100 of the peak of the
highest curve on all of them and of 1/200 on the arterial input, drawn {noises} times. The recipe convolves by sums over
frames, so the quadrature "rectangle" is declared to every method; tissue density and haematocrit factor are 1.

OSIPI's tolerance is 15 ml/100 g/min and 10 % of CBF, 1 ml/100 g and 10 % of CBV. The last two columns are the largest
error of any curve over its tolerance: up to 1, every curve is inside."""
