"""How near the analysis of sample heads comes to their truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid

from ..perfusion.analysis import Analysis
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
    motion_mm : float
        Mean error of the head's position, mm.
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
    return Accuracy(
        dice=float(2 * (brain & found).sum() / (brain.sum() + found.sum())),
        outside_ml=float((found & ~head.labels["intracranial"]).sum() * study.grid.voxel_volume),
        arterial=float(np.mean(head.artery_fraction[aif.voxels] >= 0.5)) if aif.voxels.any() else float("nan"),
        aif_correlation=float(np.corrcoef(aif.curve, true_aif)[0, 1]),
        aif_peak=int(np.argmax(aif.curve) - np.argmax(true_aif)),
        aif_area=float(trapezoid(aif.measured, study.times) / true_area),
        aif_scaled_area=float(trapezoid(aif.curve, study.times) / true_area),
        motion_mm=_position_error(study, head),
        correlation={name: _correlation(study, head, name, tissue) for name in ("CBF", "CBV", "Tmax", "MTT")},
        cbv_ratio=float(np.nanmean(study.maps["CBV"][tissue]) / head.truth["CBV"][tissue].mean()),
        flow=tuple(float(np.nanmedian(flow[tissue & found & region])) for region in regions),
    )


def _correlation(study, head, name, tissue):
    found, true = study.maps[name][tissue], head.truth[name][tissue]
    finite = np.isfinite(found)
    return float(np.corrcoef(found[finite], true[finite])[0, 1])


def _position_error(study, head):
    """Mean distance between where the head was found and where it was, over brain and frames, mm."""
    if study.motion is None:
        return float("nan")
    points = study.grid.to_ras(np.argwhere(head.labels["brain"])[::50])
    true = head.motion @ np.linalg.inv(head.motion[study.motion.reference])
    apart = _places(study.motion.transforms, points) - _places(true, points)
    return float(np.linalg.norm(apart, axis=2).mean())


def _places(transforms, points):
    return points @ transforms[:, :3, :3].transpose(0, 2, 1) + transforms[:, None, :3, 3]
