"""Points under rigid transforms."""

from __future__ import annotations

import numpy as np


def moved_points(transforms: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where transforms take points.

    Parameters
    ----------
    transforms : ndarray of shape (t, 4, 4)
        In RAS mm, as `Motion.transforms`.
    points : ndarray of shape (n, 3)
        RAS mm.

    Returns
    -------
    ndarray of shape (t, n, 3)
        RAS mm.
    """
    return points @ transforms[:, :3, :3].transpose(0, 2, 1) + transforms[:, None, :3, 3]
