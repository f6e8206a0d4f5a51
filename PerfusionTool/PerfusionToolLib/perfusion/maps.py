"""Estimates of voxels to maps in clinical units."""

from __future__ import annotations

import numpy as np

from .progress import Progress, Steps

# In the order in which they are shown; those after "Quality" exist only where the method or a correction gives them.
UNITS = {
    "CBF": "ml/100g/min",
    "CBV": "ml/100g",
    "MTT": "s",
    "Tmax": "s",
    "TTP": "s",
    "TTP from arrival": "s",
    "Quality": "",
    "Delay": "s",
    "CBF SD": "ml/100g/min",
    "CBV SD": "ml/100g",
    "MTT SD": "s",
    "Tmax SD": "s",
    "Delay SD": "s",
    "CBV uncorrected": "ml/100g",
    "K1": "",
    "K2": "1/s",
    "Leakage fit": "",
}
DELAYS = ("Tmax", "TTP", "TTP from arrival", "Delay")
RATIOS = ("CBF", "CBV", "MTT", "CBF SD", "CBV SD", "MTT SD", "CBV uncorrected")
DEVIATIONS = {"CBF SD": "cbf", "CBV SD": "cbv", "MTT SD": "mtt", "Tmax SD": "tmax", "Delay SD": "delay"}
# What `relative_to_mirror` needs the mirror images of.
MIRRORED = tuple(name for name in DELAYS + RATIOS if name not in DEVIATIONS)
SOUND, DOUBTFUL, NO_RESULT = 1, 2, 3


def scatter(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Put the values of a mask's voxels into a volume.

    Parameters
    ----------
    values : ndarray of shape (n,)
    mask : ndarray of bool, shape (z, y, x)
        With n voxels.

    Returns
    -------
    ndarray of shape (z, y, x), float32
        0 outside the mask.
    """
    volume = np.zeros(mask.shape, np.float32)
    volume[mask] = values
    return volume


def perfusion_maps(estimate, time_to_peak: np.ndarray, arrival_time: float, brain: np.ndarray) -> dict[str, np.ndarray]:
    """Maps in absolute units.

    Parameters
    ----------
    estimate : Estimate
        Of the brain's voxels.
    time_to_peak : ndarray of shape (n,)
        s from the first frame.
    arrival_time : float
        Arrival of the bolus in s from the first frame.
    brain : ndarray of bool, shape (z, y, x)

    Returns
    -------
    dict of str to ndarray of shape (z, y, x), float32
        "CBF" in ml/100g/min, "CBV" in ml/100g, "MTT", "Tmax", "TTP" and "TTP from arrival" in s, and where the method
        has them "Delay" and the standard deviations, such as "CBF SD". 0 outside the brain, NaN inside it where there
        is no result. "Quality" is 1 where the result is sound, 2 where a flag of the estimate calls it doubtful, 3
        where there is none.
    """
    values = {
        "CBF": estimate.cbf,
        "CBV": estimate.cbv,
        "MTT": estimate.mtt,
        "Tmax": estimate.tmax,
        "TTP": time_to_peak,
        "TTP from arrival": time_to_peak - arrival_time,
        "Quality": _quality(estimate),
    }
    if np.isfinite(estimate.delay).any():
        values["Delay"] = estimate.delay
    values |= {name: estimate.sd[key] for name, key in DEVIATIONS.items() if key in estimate.sd}
    return {name: scatter(column, brain) for name, column in values.items()}


def _quality(estimate):
    quality = np.where(estimate.flags == 0, SOUND, DOUBTFUL)
    quality[~np.isfinite(estimate.cbf)] = NO_RESULT
    return quality


def smoothed_maps_steps(maps: dict, brain: np.ndarray, spacing: np.ndarray, mm: float) -> Steps[dict[str, np.ndarray]]:
    """Maps smoothed inside the brain by a Gaussian, voxels without a result left out, step by step.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
    brain : ndarray of bool, shape (z, y, x)
    spacing : array_like of shape (3,)
        mm, in the order (z, y, x).
    mm : float
        Standard deviation of the Gaussian.

    Yields
    ------
    Progress

    Returns
    -------
    dict of str to ndarray
    """
    # Here, so that names and units of maps load without scipy.
    from .smoothing import smooth_volume

    smoothed = {}
    for number, (name, volume) in enumerate(maps.items()):
        smoothed[name] = volume if name == "Quality" else smooth_volume(volume, brain, spacing, mm)
        yield Progress("maps", (number + 1) / len(maps), "Smoothing the maps")
    return smoothed


def without(maps: dict, hidden: np.ndarray, brain: np.ndarray) -> dict[str, np.ndarray]:
    """Maps with some voxels hidden: NaN inside the brain.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
    hidden, brain : ndarray of bool, shape (z, y, x)

    Returns
    -------
    dict of str to ndarray
    """
    return {
        name: volume if name == "Quality" else np.where(hidden & brain, np.float32(np.nan), volume)
        for name, volume in maps.items()
    }


def relative_to_mean(maps: dict, reference: np.ndarray, brain: np.ndarray) -> dict[str, np.ndarray]:
    """Maps relative to their mean over a region: ratios for CBF, CBV and MTT, differences in s for times of arrival.

    A standard deviation is that of the relative map; what is neither ratio nor time stays as it is.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
    reference : ndarray of bool, shape (z, y, x)
        Usually the brain without vessels.
    brain : ndarray of bool, shape (z, y, x)

    Returns
    -------
    dict of str to ndarray
        0 outside the brain.
    """
    relative = dict(maps)
    for name in relative.keys() & {*DELAYS, *RATIOS}:
        mean = np.float32(np.nanmean(maps[name.removesuffix(" SD")][reference], dtype=float))
        relative[name] = np.where(brain, maps[name] - mean, 0) if name in DELAYS else maps[name] / mean
    return relative


def unit_of(name: str, relative_to: str) -> str:
    """Unit of a map, or what it is relative to.

    Parameters
    ----------
    name : str
        A key of `UNITS`.
    relative_to : {"absolute", "brain_mean", "mirror"}

    Returns
    -------
    str
    """
    if relative_to == "absolute" or name not in DELAYS + RATIOS:
        return UNITS[name]
    reference = {"brain_mean": "brain mean", "mirror": "mirror side"}[relative_to]
    return f"s after {reference}" if name in DELAYS else f"part of {reference}"


def relative_to_mirror(maps: dict, mirrored: dict, brain: np.ndarray) -> dict[str, np.ndarray]:
    """Maps relative to their mirror images: ratios for CBF, CBV and MTT, differences in s for times of arrival.

    A standard deviation is that of the relative map if the mirror image were exact; what is neither ratio nor time
    stays as it is.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
    mirrored : dict of str to ndarray of shape (z, y, x)
        Each map as seen across the mid-sagittal plane, NaN where there is no brain on the other side.
    brain : ndarray of bool, shape (z, y, x)

    Returns
    -------
    dict of str to ndarray
        0 outside the brain.
    """
    relative = dict(maps)
    for name in relative.keys() & {*DELAYS, *RATIOS}:
        other = mirrored[name.removesuffix(" SD")]
        values = maps[name] - other if name in DELAYS else maps[name] / np.where(other > 0, other, np.nan)
        relative[name] = np.where(brain, values, 0).astype(np.float32)
    return relative
