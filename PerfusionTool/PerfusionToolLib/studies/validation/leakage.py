"""Curves of tissue that leaks: what its CBV is without a correction and with either of them, and K2."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.signal import lfilter

from ...perfusion.deconvolution import blood_volume
from ...perfusion.leakage import correct_leakage
from ...perfusion.progress import Progress, Steps
from ...perfusion.settings import LEAKAGE_CORRECTIONS
from .figures import Asked, Column, Figures, Table
from .simulation import FINE, gamma_residue_integral, parker_input, tissue_curves

TIMES = np.arange(60) * 1.5
ARRIVAL = 12.0
VOXELS = {"full": 1000, "quick": 300, "test": 60}
PLAIN = 10
"""So many times as many voxels do not leak: they are what the models refer to."""

NOISE = 0.02
"""Standard deviation over the mean peak of the curves."""

VOLUMES, TRANSIT_TIMES, DELAYS, LATE = (1.5, 5.0), (3.5, 8.0), (0.0, 1.5), 5.0
CASES = {
    "none": (0.0, 0.0, 0.0),
    "none, 5 s late": (0.0, 0.0, LATE),
    "T1, K2 = 0.01": (0.01, 0.0, 0.0),
    "T1, K2 = 0.02": (0.02, 0.0, 0.0),
    "T2*, K2 = -0.01": (-0.01, 0.0, 0.0),
    "T2*, K2 = -0.02": (-0.02, 0.0, 0.0),
    "T1, K2 = 0.02, 5 s late": (0.02, 0.0, LATE),
    "T1, K2 = 0.02, returns": (0.02, 0.03, 0.0),
    "T2*, K2 = -0.02, returns": (-0.02, 0.03, 0.0),
}
"""K2 in 1/s, rate in 1/s at which contrast returns to the blood, further delay in s."""

MODELS = LEAKAGE_CORRECTIONS[1:]
COLUMNS = (
    *(Column(f"CBV bias, % ({name})", 1.0, 0) for name in ("none", *MODELS)),
    *(Column(f"CBV RMSE ({name})", 0.05) for name in ("none", *MODELS)),
    *(Column(f"K2, 1/1000 s ({name})", 0.5, 1) for name in MODELS),
)


def run_steps(asked: Asked) -> Steps[Figures]:
    """Correct curves with every kind of leakage by every model.

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
    rng = np.random.default_rng(asked.seed)
    count = VOXELS[asked.size]
    plain, _ = _curves(PLAIN * count, rng)
    leaky = {}
    for number, (case, (k2, washout, late)) in enumerate(CASES.items()):
        leaky[case] = _curves(count, rng, k2, washout, late)
        yield Progress("leakage", 0.4 * number / len(CASES), "leakage")
    curves = np.concatenate([plain, *(of_case for of_case, _ in leaky.values())])
    curves += NOISE * plain.max(axis=1).mean() * rng.standard_normal(curves.shape)
    everywhere = np.full(len(curves), True)
    found = {}
    for number, model in enumerate(MODELS):
        found[model] = correct_leakage(curves, TIMES, everywhere, ~everywhere, model)
        yield Progress("leakage", 0.4 + 0.6 * (number + 1) / len(MODELS), "leakage")
    rows = {}
    for number, (case, (_, true)) in enumerate(leaky.items()):
        voxels = slice((PLAIN + number) * count, (PLAIN + number + 1) * count)
        rows[case] = _figures(curves[voxels], true, {model: _part(of, voxels) for model, of in found.items()})
    table = Table("kinds", "CBV and K2", COLUMNS, rows, first="Leakage")
    return Figures("leakage", "Leakage", _about(count), [table])


def _part(found, voxels):
    return found.curves[voxels], found.k2[voxels]


def _figures(curves, true, found):
    figures = {}
    for name, corrected in {"none": curves, **{model: of[0] for model, of in found.items()}}.items():
        cbv = blood_volume(corrected, _artery(TIMES), TIMES)
        figures[f"CBV bias, % ({name})"] = 100 * float(cbv.mean() / true.mean() - 1)
        figures[f"CBV RMSE ({name})"] = float(np.sqrt(np.mean((cbv - true) ** 2)))
    for model, (_, k2) in found.items():
        figures[f"K2, 1/1000 s ({model})"] = 1000 * float(k2.mean())
    return figures


def _curves(count, rng, k2=0.0, washout=0.0, late=0.0):
    """Curves without noise whose contrast leaks, and the CBV that they would show if it did not, in ml/100 g."""
    cbv, mtt, delay = (rng.uniform(*of, count) for of in (VOLUMES, TRANSIT_TIMES, DELAYS))
    clock = FINE * np.arange(round(TIMES[-1] / FINE) + 1)
    integral = partial(gamma_residue_integral, mtt=mtt, shape=2)
    blood, _ = tissue_curves(_artery, clock, integral, 60 * cbv / mtt, delay + late)
    kept = np.exp(-washout * FINE)
    leaked = lfilter([FINE / 2, FINE / 2 * kept], [1, -kept], blood, axis=1)
    in_frames = np.rint(TIMES / FINE).astype(int)
    return (blood - k2 * leaked)[:, in_frames], blood_volume(blood[:, in_frames], _artery(TIMES), TIMES)


def _artery(times):
    return parker_input(times - ARRIVAL)


def _about(count):
    return f"""\
Curves of DSC-MRI every {TIMES[1]:g} s with Parker's arterial input: CBV of {VOLUMES[0]:g} to {VOLUMES[1]:g} ml/100 g,
MTT of {TRANSIT_TIMES[0]:g} to {TRANSIT_TIMES[1]:g} s, delays of {DELAYS[0]:g} to {DELAYS[1]:g} s; noise of
{100 * NOISE:g} % of the mean peak; {count} curves of every kind of leakage among ten times as many that do not leak.
From the curve c of the blood in a voxel, K2·∫c·exp(−k·(t − u))du is taken away: leaked contrast that shortens T1 has a
positive K2 (in 1/s), leaked contrast that shortens T2* a negative one; where it returns to the blood, k is 0.03 1/s,
and else 0. CBV is the area under the curve over that under the arterial input, beside what it would be without leakage
and noise. BSW is the model of Boxerman, Schmainda and Weisskoff. It finds K2 in parts of the curve of other tissue, so
that it is larger where there is more blood; given is the mean.

Where contrast stays outside the vessels, either model takes the error of CBV from tens of per cent to a few. The
bidirectional model has one parameter more, which costs some bias in noise, and is needed where contrast returns."""
