"""Signal to contrast concentration, and the time of its peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOWEST_SIGNAL = 0.01


@dataclass(frozen=True, eq=False)
class Concentration:
    """Contrast concentration of voxels.

    Parameters
    ----------
    curves : ndarray of shape (n, t), float32
        CT: HU above baseline. MR: ΔR2* in 1/s. NaN where a voxel has no baseline signal.
    baseline : ndarray of shape (n,), float32
        S0.
    clipped : int
        Samples of MR signal that were not above `LOWEST_SIGNAL` of S0 and were set to it.
    """

    curves: np.ndarray
    baseline: np.ndarray
    clipped: int


def concentration(
    signal: np.ndarray, baseline_frames: np.ndarray, modality: str, echo_time: float | None = None
) -> Concentration:
    """Contrast concentration from the signal of voxels.

    CT attenuation rises linearly with iodine, C = S − S0. DSC-MRI signal falls exponentially with the relaxation rate,
    C = ΔR2* = −ln(S/S0)/TE.

    Parameters
    ----------
    signal : ndarray of shape (n, t)
    baseline_frames : ndarray of int
        Frames before the bolus.
    modality : {"CT", "MR"}
    echo_time : float, optional
        Echo time in s, for MR.

    Returns
    -------
    Concentration

    Notes
    -----
    MR signal at or below a hundredth of S0 (also zero or negative, as after filtering) has no useful logarithm; it is
    taken as that hundredth and counted.
    """
    signal = np.asarray(signal, np.float32)
    baseline = signal[:, baseline_frames].mean(1)
    if modality == "CT":
        return Concentration(signal - baseline[:, None], baseline, 0)
    usable = baseline > 0
    ratio = np.full_like(signal, np.nan)
    np.divide(signal, baseline[:, None], out=ratio, where=usable[:, None])
    low = ratio < LOWEST_SIGNAL
    ratio[low] = LOWEST_SIGNAL
    np.log(ratio, out=ratio)
    ratio *= -1 / echo_time
    return Concentration(ratio, baseline, int(low.sum()))


def time_to_peak(curves: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Time of the highest value of each curve, refined between frames by a parabola.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
    times : ndarray of shape (t,)
        Frame times in s, regular or not.

    Returns
    -------
    ndarray of shape (n,), float32
        Time since the first frame in s; NaN for curves that are nowhere positive.
    """
    peak = np.argmax(curves, 1)
    rows = np.arange(len(curves))
    middle = np.clip(peak, 1, curves.shape[1] - 2)
    before, at, after = (curves[rows, middle + step].astype(float) for step in (-1, 0, 1))
    left, right = times[middle] - times[middle - 1], times[middle + 1] - times[middle]
    rise, fall = (at - before) / left, (at - after) / right
    curvature = rise + fall
    shift = np.zeros(len(curves))
    np.divide(rise * right - fall * left, 2 * curvature, out=shift, where=curvature > 0)
    inner = peak == middle
    refined = times[peak] + np.where(inner, np.clip(shift, -left / 2, right / 2), 0) - times[0]
    return np.where(curves[rows, peak] > 0, refined, np.nan).astype(np.float32)
