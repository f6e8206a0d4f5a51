"""How near the volumes of lesions in sample heads come to the true ones, by thresholds and estimator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..perfusion.analysis import Analysis
from ..perfusion.phantom import SampleHead, sample_head
from ..perfusion.progress import drain
from ..perfusion.settings import Settings
from ..perfusion.tissue import PRESETS, Criteria, Rules, Threshold, study_tissue_steps, tissue_at_risk
from .accuracy import Missed

TRUTH = "true maps"
# Noise in HU, and settings for heads at rest.
AT_REST = Settings(motion_correction=False)
CASES = {
    "no noise, not smoothed": (0.0, replace(AT_REST, smoothing="none")),
    "no noise": (0.0, AT_REST),
    "2 HU": (2.0, AT_REST),
    "5 HU": (5.0, AT_REST),
}
# Largest error in % of the mean over the heads.
BOUNDS = {"2 HU": 10.0, "5 HU": 20.0}


@dataclass(frozen=True)
class Reading:
    """Thresholds on the maps of a method.

    Parameters
    ----------
    method : str
        `TRUTH` stands for the true maps.
    criteria : Criteria
    bounded : tuple of str
        Which of "hypoperfusion" and "core" must keep to `BOUNDS`.
    """

    method: str
    criteria: Criteria
    bounded: tuple[str, ...] = ()


def _own(name, bound):
    return Criteria(Threshold(name, "above", bound), Threshold("CBF", "below", 0.3, of_normal=True))


READINGS = (
    # True Tmax is the delay alone: about 1 s in normal tissue, 5 s in the penumbra.
    Reading(TRUTH, _own("Tmax", 3.5)),
    Reading("bcSVD", PRESETS["Tmax 6 s, CBF 38 %"], ("hypoperfusion",)),
    Reading("oSVD", PRESETS["Tmax 6 s, CBF 38 %"], ("hypoperfusion", "core")),
    Reading("bcSVD", PRESETS["Tmax 6 s, CBF 30 %"]),
    Reading("oSVD", PRESETS["Tmax 6 s, CBF 30 %"]),
    Reading("dSVD", PRESETS["Delay 3 s, CBF 30 %"], ("hypoperfusion",)),
    Reading("sSVD", PRESETS["MTT 145 %, CBV 2 ml"]),
    Reading("Bayesian", _own("Tmax", 6.0)),
    Reading("Bayesian", _own("Delay", 3.0)),
)


@dataclass(frozen=True)
class LesionErrors:
    """Errors of volumes in % of the true ones.

    Parameters
    ----------
    hypoperfusion, core : float
        By the criteria as published.
    core_in_tissue : float
        Of the core among voxels of pure tissue: those that are partly CSF have little flow wherever they are.
    core_by : dict of str to float
        Of the core where normal is the "tissue", and where it is the "mirror" side.
    """

    hypoperfusion: float
    core: float
    core_in_tissue: float
    core_by: dict[str, float]


def lesion_head(case: str, seed: int, **grid) -> SampleHead:
    """The sample head of a case: 200×200×23 voxels of 1×1×5 mm, unless another grid is given.

    Parameters
    ----------
    case : str
        A key of `CASES`.
    seed : int
    **grid
        Shape and spacing, as for `sample_head`.

    Returns
    -------
    SampleHead
    """
    return sample_head("CT", noise=CASES[case][0], seed=seed, **grid)


def lesion_errors(head: SampleHead, case: str, readings: tuple[Reading, ...] = READINGS) -> dict[Reading, LesionErrors]:
    """Find the lesion of a head by several thresholds and methods, and compare its volumes with the true ones.

    Parameters
    ----------
    head : SampleHead
        Of the case.
    case : str
        A key of `CASES`.
    readings : tuple of Reading, optional

    Returns
    -------
    dict of Reading to LesionErrors
    """
    settings = CASES[case][1]
    study = Analysis(head.series, settings)
    measured = {}
    for reading in readings:
        if reading.method != TRUTH:
            study.change_settings(replace(settings, method=reading.method))
        study.run()
        measured[reading] = _errors(study, head, reading)
    return measured


def missed_volumes(case: str, measured: list[dict[Reading, LesionErrors]]) -> list[Missed]:
    """Which volumes lie farther from the true ones, in the mean over the heads of a case, than they may.

    Parameters
    ----------
    case : str
        A key of `CASES`.
    measured : list of dict
        What `lesion_errors` gives, one a head.

    Returns
    -------
    list of Missed
    """
    if case not in BOUNDS:
        return []
    missed, largest = [], BOUNDS[case]
    for reading in measured[0]:
        for lesion in reading.bounded:
            error = float(np.mean([getattr(head[reading], lesion) for head in measured]))
            if abs(error) > largest:
                figure = f"{lesion} by {reading.method}, {reading.criteria}, in %"
                missed.append(Missed(case, None, figure, error, f"{-largest:g} to {largest:g}"))
    return missed


def _errors(study, head, reading):
    core, penumbra, tissue = (head.labels[name] for name in ("core", "penumbra", "tissue"))
    found = {normal: _lesion(study, head, reading, Rules(normal=normal)) for normal in ("tissue", "mirror")}
    published = found[reading.criteria.normal]
    return LesionErrors(
        hypoperfusion=_percent(published.hypoperfusion, core | penumbra),
        core=_percent(published.core, core),
        core_in_tissue=_percent(published.core & tissue, core & tissue),
        core_by={normal: _percent(lesion.core, core) for normal, lesion in found.items()},
    )


def _lesion(study, head, reading, rules):
    if reading.method != TRUTH:
        return drain(study_tissue_steps(study, reading.criteria, rules))
    maps = {name: head.truth[name] for name in ("CBF", "CBV", "Tmax")}
    masks = study.brain_mask, study.vessels, study.csf
    plane = drain(study.symmetry_steps())
    return tissue_at_risk(maps, *masks, study.grid, plane, reading.criteria, rules)


def _percent(found, true):
    return float(100 * (np.count_nonzero(found) / np.count_nonzero(true) - 1))
