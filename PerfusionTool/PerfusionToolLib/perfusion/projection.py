"""Frames seen through the middle third of their slices, where the large arteries lie."""

from __future__ import annotations

import numpy as np


def middle_third(slices: int) -> slice:
    """The middle third of some slices, at least one of them.

    Parameters
    ----------
    slices : int

    Returns
    -------
    slice
    """
    first = slices // 3
    return slice(first, max(2 * slices // 3, first + 1))


def project_middle_third(frames: np.ndarray, brightens: bool) -> np.ndarray:
    """Each frame's projection through the middle third of its slices.

    Parameters
    ----------
    frames : ndarray of shape (t, z, y, x)
    brightens : bool
        Whether contrast raises the values (CT, concentrations): the maximum is taken; otherwise the minimum (MR).

    Returns
    -------
    ndarray of shape (t, y, x)

    References
    ----------
    .. [1] M. Borghouts, R. Su, PyPeT: A Python Perfusion Tool for Automated Quantitative Brain CT and MR Perfusion
           Analysis (viewers of the signal and of the concentration). doi:10.48550/arXiv.2511.13310
    """
    slab = frames[:, middle_third(frames.shape[1])]
    return slab.max(1) if brightens else slab.min(1)
