"""Sample heads for the benchmarks: analysed once, then deconvolved in many ways in some of their tissue."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...perfusion.analysis import Analysis
from ...perfusion.deconvolution import deconvolve
from ...perfusion.phantom import SampleHead, sample_head
from ...perfusion.settings import Settings
from ..accuracy import CASES

MAPS = ("CBF", "CBV", "MTT", "delay")
SMALL = {"shape": (10, 100, 100), "spacing": (7.6, 2.0, 2.0)}
TINY = {"shape": (6, 56, 56), "spacing": (10.0, 3.4, 3.4)}
# Fewer slices, but as many neighbours within them to average over.
GRIDS = {"full": {}, "quick": {"shape": (9, 200, 200)}, "test": TINY}


@dataclass(frozen=True, eq=False)
class Maps:
    """Values of n voxels.

    Parameters
    ----------
    values : dict of str to ndarray of shape (n,)
        `MAPS` and "Tmax", in the units of `perfusion.maps.UNITS`. The delay is Tmax where a method does not tell them
        apart.
    deviations : dict of str to ndarray of shape (n,)
        Standard deviations of `MAPS`, where the method has them.
    """

    values: dict[str, np.ndarray]
    deviations: dict[str, np.ndarray]


def head_of(case: str, seed: int, size: str) -> SampleHead:
    """The sample head of a case.

    Parameters
    ----------
    case : str
        A key of `accuracy.CASES`.
    seed : int
    size : {"full", "quick", "test"}
        Full: 200×200×23 voxels of 1×1×5 mm; quick: fewer slices; test: coarser.

    Returns
    -------
    SampleHead
    """
    modality, options = CASES[case]
    return sample_head(modality, seed=seed, **options, **GRIDS[size])


def advance(study: Analysis) -> Analysis:
    """Do everything that comes before the deconvolution.

    Parameters
    ----------
    study : Analysis

    Returns
    -------
    Analysis
        Itself.
    """
    for progress in study.steps():
        if progress.stage == "deconvolution":
            break
    return study


def analysed(head: SampleHead, motion: bool = False) -> Analysis:
    """A study of a head, ready for the deconvolution.

    Parameters
    ----------
    head : SampleHead
    motion : bool
        Whether the head moves, so that motion is corrected.

    Returns
    -------
    Analysis
    """
    return advance(Analysis(head.series, Settings(motion_correction=motion)))


def tissue_rows(study: Analysis, head: SampleHead, most: int) -> np.ndarray:
    """Some voxels of tissue away from vessels, evenly spread.

    Parameters
    ----------
    study : Analysis
    head : SampleHead
    most : int
        About how many.

    Returns
    -------
    ndarray of int
        Rows of the study's brain.
    """
    rows = np.flatnonzero(head.labels["tissue"][study.brain_mask])
    return rows[:: max(1, rows.size // most)]


def of_rows(volume: np.ndarray, study: Analysis, rows: np.ndarray) -> np.ndarray:
    """Values (n,) of a volume (z, y, x) at rows of the study's brain."""
    return volume[study.brain_mask][rows]


def deconvolved(study: Analysis, rows: np.ndarray, arterial_input: np.ndarray, method: str, **options) -> Maps:
    """Maps of some voxels as the module's settings make them, by any method and arterial input.

    Parameters
    ----------
    study : Analysis
    rows : ndarray of int
        Of the study's brain.
    arterial_input : ndarray of shape (t,)
    method : str
        A key of `deconvolution.METHODS`.
    **options
        Of the method, where they are not the default ones.

    Returns
    -------
    Maps
    """
    settings = replace(study.settings, method=method)
    estimate = deconvolve(
        study.tissue_curves[rows],
        arterial_input,
        study.times,
        method,
        area_until=float(study.times[study.bolus.arrival]) + settings.cbv_window,
        **settings.method_options() | options,
    )
    delay = np.where(np.isfinite(estimate.delay), estimate.delay, estimate.tmax)
    values = {
        "CBF": estimate.cbf,
        "CBV": estimate.cbv,
        "MTT": estimate.mtt,
        "delay": delay,
        "Tmax": estimate.tmax,
    }
    deviations = {name: estimate.sd[name.lower()] for name in MAPS if name.lower() in estimate.sd}
    return Maps(values, deviations)


def truth_of(head: SampleHead, study: Analysis, rows: np.ndarray) -> dict[str, np.ndarray]:
    """True values (n,) of `MAPS` at rows of the study's brain."""
    return {name: of_rows(head.truth[name], study, rows) for name in MAPS}
