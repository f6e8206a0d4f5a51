"""How near the analysis of sample heads comes to their truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid

from ..perfusion.analysis import Analysis
from ..perfusion.motion import moved_points
from ..perfusion.phantom import SampleHead, sample_head

SLOWING = np.concatenate([np.arange(30) * 1.0, 29 + 3.0 * np.arange(1, 16)])
CASES = {
    "CT 2 HU": ("CT", {"noise": 2.0}),
    "CT 5 HU": ("CT", {}),
    "CT 10 HU": ("CT", {"noise": 10.0}),
    "CT 5 HU, int16": ("CT", {"integer": True}),
    "CT, occlusion": ("CT", {"occlusion": True}),
    "CT, 1 s then 3 s": ("CT", {"times": SLOWING}),
    "CT, bolus at 5 s": ("CT", {"bolus_arrival": 5.0}),
    "CT, bolus at 25 s": ("CT", {"bolus_arrival": 25.0}),
    "CT, vessels half as wide": ("CT", {"vessel_width": 0.5}),
    "CT, motion 3 mm": ("CT", {"motion": 3.0}),
    "MR": ("MR", {}),
    "MR, occlusion": ("MR", {"occlusion": True}),
    "MR, vessels half as wide": ("MR", {"vessel_width": 0.5}),
    "MR, motion 3 mm": ("MR", {"motion": 3.0}),
}

# Lowest and highest value of a figure; what holds for every head, and what for the mean over the seeds of a case.
EVERY_HEAD = {
    "dice": (0.96, 1.0),
    "outside_ml": (0.0, 10.0),
    "arterial": (0.9, 1.0),
    "aif_correlation": (0.98, 1.0),
    "aif_peak": (-1, 1),
    "aif_scaled_area": (0.85, 1.05),
    "cbv_ratio": (0.85, 1.15),
}
HALF_AS_WIDE = EVERY_HEAD | {"aif_scaled_area": (0.8, 1.2)}
MOTION = {"motion_mm": (0.0, 0.40)}
CT_2_HU = MOTION | {"CBF": (0.90, 1.0), "Tmax": (0.90, 1.0)}
CT_5_HU = MOTION | {"CBF": (0.86, 1.0), "CBV": (0.81, 1.0), "Tmax": (0.78, 1.0), "MTT": (0.43, 1.0)}
MR = MOTION | {"CBF": (0.90, 1.0), "Tmax": (0.95, 1.0)}
BOUNDS = {
    "CT 2 HU": (EVERY_HEAD, CT_2_HU),
    "CT 5 HU": (EVERY_HEAD, CT_5_HU),
    "CT 10 HU": (EVERY_HEAD, MOTION),
    "CT 5 HU, int16": (EVERY_HEAD, CT_5_HU),
    "CT, occlusion": (EVERY_HEAD, CT_5_HU),
    "CT, 1 s then 3 s": (EVERY_HEAD, CT_5_HU),
    "CT, bolus at 5 s": (EVERY_HEAD, CT_5_HU),
    "CT, bolus at 25 s": (EVERY_HEAD, CT_5_HU),
    "CT, vessels half as wide": (HALF_AS_WIDE, CT_5_HU),
    "CT, motion 3 mm": (EVERY_HEAD, MOTION),
    "MR": (EVERY_HEAD, MR),
    "MR, occlusion": (EVERY_HEAD, MR),
    "MR, vessels half as wide": (HALF_AS_WIDE, MR),
    "MR, motion 3 mm": (EVERY_HEAD, MOTION),
}
AT_REST = {"CT, motion 3 mm": "CT 5 HU", "MR, motion 3 mm": "MR"}
LARGEST_LOSS_BY_MOTION = 0.04
LARGEST_LOSS_BY_AUTOMATION = 0.02


@dataclass(frozen=True)
class Accuracy:
    """Figures of one analysis beside the truth.

    Parameters
    ----------
    dice : float
        Overlap of the brain mask with the brain.
    outside_ml : float
        Brain mask outside the skull, ml.
    arterial : float
        Part of the AIF's voxels that are at least half artery.
    aif_correlation : float
        Correlation of the AIF with the true curve.
    aif_peak : int
        Frames by which the AIF's peak is late.
    aif_area : float
        Area of the measured AIF over the true area.
    aif_scaled_area : float
        The same after partial-volume scaling.
    motion_mm, worst_mm : float
        Error of the head's position in mm, mean over the frames and in the worst of them.
    correlation : dict of str to float
        Correlation of CBF, CBV, Tmax and MTT with the truth in tissue away from vessels.
    cbv_ratio : float
        Mean CBV over its truth there.
    flow : tuple of float
        Median CBF of core, penumbra and other tissue.
    """

    dice: float
    outside_ml: float
    arterial: float
    aif_correlation: float
    aif_peak: int
    aif_area: float
    aif_scaled_area: float
    motion_mm: float
    worst_mm: float
    correlation: dict[str, float]
    cbv_ratio: float
    flow: tuple[float, float, float]


def head_of(case: str, seed: int) -> SampleHead:
    """The sample head of a case: 200×200×23 voxels of 1×1×5 mm, 45 frames every 1.41 s unless the case says otherwise.

    Parameters
    ----------
    case : str
        A key of `CASES`.
    seed : int

    Returns
    -------
    SampleHead
    """
    modality, options = CASES[case]
    return sample_head(modality, seed=seed, **options)


def accuracy(study: Analysis, head: SampleHead) -> Accuracy:
    """Compare a study with the truth of its head.

    Parameters
    ----------
    study : Analysis
        Of the head's series, every stage done.
    head : SampleHead

    Returns
    -------
    Accuracy
    """
    brain, found = head.labels["brain"], study.brain_mask
    aif, true_aif = study.arterial_input, head.arterial_input[study.frames]
    true_area = trapezoid(true_aif, study.times)
    tissue = head.labels["tissue"]
    lesion = head.labels["core"] | head.labels["penumbra"]
    regions = (head.labels["core"], head.labels["penumbra"], ~lesion)
    flow = study.maps["CBF"]
    position_errors = _position_errors(study, head)
    return Accuracy(
        dice=float(2 * (brain & found).sum() / (brain.sum() + found.sum())),
        outside_ml=float((found & ~head.labels["intracranial"]).sum() * study.grid.voxel_volume),
        arterial=float(np.mean(head.artery_fraction[aif.voxels] >= 0.5)) if aif.voxels.any() else float("nan"),
        aif_correlation=float(np.corrcoef(aif.curve, true_aif)[0, 1]),
        aif_peak=int(np.argmax(aif.curve) - np.argmax(true_aif)),
        aif_area=float(trapezoid(aif.measured, study.times) / true_area),
        aif_scaled_area=float(trapezoid(aif.curve, study.times) / true_area),
        motion_mm=float(position_errors.mean()),
        worst_mm=float(position_errors.max()),
        correlation=correlations(study, head),
        cbv_ratio=float(np.nanmean(study.maps["CBV"][tissue]) / head.truth["CBV"][tissue].mean()),
        flow=tuple(float(np.nanmedian(flow[tissue & found & region])) for region in regions),
    )


def correlations(study: Analysis, head: SampleHead) -> dict[str, float]:
    """Correlation of the maps with the truth, in tissue away from vessels.

    Parameters
    ----------
    study : Analysis
        Of the head's series, every stage done.
    head : SampleHead

    Returns
    -------
    dict of str to float
        Of CBF, CBV, Tmax and MTT.
    """
    return {name: _correlation(study, head, name, head.labels["tissue"]) for name in ("CBF", "CBV", "Tmax", "MTT")}


def gained_by_truth(study: Analysis, head: SampleHead) -> dict[str, float]:
    """By how much the correlations rise where the study is given the true AIF and the true brain mask.

    Parameters
    ----------
    study : Analysis
        Of the head's series, every stage done; it keeps the true AIF and mask.
    head : SampleHead

    Returns
    -------
    dict of str to float
        Of CBF, CBV, Tmax and MTT.
    """
    automatic = correlations(study, head)
    study.set_brain_mask(head.labels["brain"])
    study.set_arterial_input(head.arterial_input)
    return {name: value - automatic[name] for name, value in correlations(study, head).items()}


@dataclass(frozen=True)
class Missed:
    """A figure outside its bound.

    Parameters
    ----------
    case : str
    seed : int or None
        None: the mean over the seeds.
    figure : str
    value : float
    bound : str
    """

    case: str
    seed: int | None
    figure: str
    value: float
    bound: str


def missed_bounds(case: str, measured: list[Accuracy]) -> list[Missed]:
    """Which of `BOUNDS` the heads of a case miss.

    Parameters
    ----------
    case : str
        A key of `CASES`.
    measured : list of Accuracy
        One a seed, from 0.

    Returns
    -------
    list of Missed
    """
    every_head, on_average = BOUNDS[case]
    missed = []
    for seed, found in enumerate(measured):
        missed += [
            Missed(case, seed, figure, getattr(found, figure), f"{low:g} to {high:g}")
            for figure, (low, high) in every_head.items()
            if _is_outside(getattr(found, figure), low, high)
        ]
        if not found.flow[0] < found.flow[1] < found.flow[2]:
            missed.append(Missed(case, seed, "core flow", found.flow[0], "core < penumbra < other"))
    for figure, (low, high) in on_average.items():
        value = _mean(figure, measured)
        if _is_outside(value, low, high):
            missed.append(Missed(case, None, figure, value, f"{low:g} to {high:g}"))
    return missed


def lost_by_motion(case: str, measured: list[Accuracy], at_rest: list[Accuracy]) -> list[Missed]:
    """Maps of moving heads that are worse than those of the same heads at rest by more than they may be.

    Parameters
    ----------
    case : str
        A key of `AT_REST`.
    measured, at_rest : list of Accuracy
        One a seed.

    Returns
    -------
    list of Missed
    """
    missed = []
    for name in measured[0].correlation:
        value, least = _mean(name, measured), _mean(name, at_rest) - LARGEST_LOSS_BY_MOTION
        if value < least:
            missed.append(Missed(case, None, name, value, f"{least:.3f} or more, {AT_REST[case]} being at rest"))
    return missed


def lost_by_automation(case: str, gains: list[dict[str, float]]) -> list[Missed]:
    """Maps that the true AIF and brain mask improve by more than they may.

    Parameters
    ----------
    case : str
        A key of `CASES`.
    gains : list of dict
        What `gained_by_truth` gives, one a seed.

    Returns
    -------
    list of Missed
    """
    means = {name: float(np.mean([gain[name] for gain in gains])) for name in gains[0]}
    return [
        Missed(case, None, f"{name} gained by the truth", value, f"{LARGEST_LOSS_BY_AUTOMATION} or less")
        for name, value in means.items()
        if value > LARGEST_LOSS_BY_AUTOMATION
    ]


def _is_outside(value, low, high):
    # NaN: there is nothing to judge, as an AIF without voxels or a scan whose motion was not corrected.
    return not math.isnan(value) and not low <= value <= high


def _mean(figure, measured):
    values = [
        found.correlation[figure] if figure in found.correlation else getattr(found, figure) for found in measured
    ]
    return float(np.mean(values))


def _correlation(study, head, name, tissue):
    found, true = study.maps[name][tissue], head.truth[name][tissue]
    finite = np.isfinite(found)
    return float(np.corrcoef(found[finite], true[finite])[0, 1])


def _position_errors(study, head):
    """Mean distance between where the head was found and where it was, over the brain, mm per frame in use."""
    if study.motion is None:
        return np.array([np.nan])
    points = study.grid.to_ras(np.argwhere(head.labels["brain"])[::50])
    true = head.motion[study.frames] @ np.linalg.inv(head.motion[study.first + study.motion.reference])
    found = study.motion.transforms[study.frames - study.first]
    return np.linalg.norm(moved_points(found, points) - moved_points(true, points), axis=2).mean(axis=1)
