"""Structural similarity: inside a mask, and over whole slices as the papers count it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

K1, K2 = 0.01, 0.03
SIGMA_VOXELS = 1.5
TRUNCATE = 3.5
WINDOW = 7


def value_range(*maps: np.ndarray) -> float:
    """From the lowest 1st to the highest 99th percentile of some maps.

    Parameters
    ----------
    *maps : ndarray

    Returns
    -------
    float
    """
    bounds = np.array([np.percentile(values, (1, 99)) for values in maps])
    return float(bounds[:, 1].max() - bounds[:, 0].min())


def masked_ssim(first: np.ndarray, second: np.ndarray, mask: np.ndarray, data_range: float) -> float:
    """Mean structural similarity of the voxels of a mask, from their neighbours in the same slice and mask.

    Parameters
    ----------
    first, second : ndarray of shape (z, y, x)
        Only their values in the mask are looked at.
    mask : ndarray of bool, shape (z, y, x)
    data_range : float

    Returns
    -------
    float

    Notes
    -----
    Weights are Gaussian with a standard deviation of 1.5 voxels, cut off at 3.5 of them, 0 outside the mask and 1
    together, so that what lies outside has no part.

    References
    ----------
    Wang et al., IEEE Trans Image Process 13:600 (2004), doi:10.1109/TIP.2003.819861.
    """
    box = _box(mask)
    inside = mask[box]

    def smooth(values):
        return ndimage.gaussian_filter(values, (0, SIGMA_VOXELS, SIGMA_VOXELS), mode="constant", truncate=TRUNCATE)

    weight = smooth(inside.astype(float))
    weight[~inside] = 1
    first, second = (np.where(inside, values[box], 0).astype(float) for values in (first, second))
    return float(_ssim(first, second, lambda values: smooth(values) / weight, data_range, 1.0)[inside].mean())


def slicewise_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Mean structural similarity of whole slices, their flat background included.

    Parameters
    ----------
    first, second : ndarray of shape (z, y, x)
        Normalised maps with 0 outside the voxels that both have.

    Returns
    -------
    float
        NaN where every slice is flat, or smaller than the window.

    Notes
    -----
    Windows of 7×7 equal weights with sample covariances, the range of values from the percentiles 1 and 99 of each
    slice, and the mean over the slices that are not flat: the way in which the published figures of PyPeT were
    computed. Background that is flat in both maps counts as alike, so that smaller brains score higher.
    """
    if min(first.shape[1:]) < WINDOW:
        return float("nan")
    scores = [_whole_slice(*pair) for pair in zip(first.astype(float), second.astype(float), strict=True)]
    scores = [score for score in scores if np.isfinite(score)]
    return float(np.mean(scores)) if scores else float("nan")


def _whole_slice(first, second):
    data_range = value_range(first, second)
    if data_range == 0:
        return np.nan
    count = WINDOW**2
    similarity = _ssim(
        first, second, lambda values: ndimage.uniform_filter(values, WINDOW), data_range, count / (count - 1)
    )
    margin = WINDOW // 2
    return similarity[margin:-margin, margin:-margin].mean()


def _ssim(first, second, mean, data_range, sample):
    """The similarity of every voxel; `sample` turns mean squares about the mean into the variances wanted."""
    mean_1, mean_2 = mean(first), mean(second)
    variances = sample * (mean(first**2) - mean_1**2 + mean(second**2) - mean_2**2)
    covariance = sample * (mean(first * second) - mean_1 * mean_2)
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    return (2 * mean_1 * mean_2 + c1) * (2 * covariance + c2) / ((mean_1**2 + mean_2**2 + c1) * (variances + c2))


def _box(mask):
    return ndimage.find_objects(mask.astype(np.uint8))[0]
