"""Motion while contrast passes through the head in MR, when the picture itself changes."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from .rigid import moved_points

DEEP_BOLUS = 0.05
PASSAGE = 0.25
LARGEST_FALSE_MOTION = 1.0
LIKE_THE_BOLUS = 0.8
# mm; a head that moves more than this outside the passage may well move within it.
STILL_OTHERWISE = 0.5


def head_drop(head_curve: np.ndarray, reference: int) -> np.ndarray:
    """By what part the head is darker in each frame than in the reference frame.

    Parameters
    ----------
    head_curve : ndarray of shape (t,)
        Mean signal of the head, positive.
    reference : int
        The reference frame.

    Returns
    -------
    ndarray of shape (t,)
        0 in the reference frame, negative where the head is brighter.
    """
    return 1 - head_curve / head_curve[reference]


def ride_out_passage(transforms: np.ndarray, drop: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Replace small motion that comes and goes with the bolus by what the frames around it say.

    The passage changes the contrast between tissue, fluid and vessels, and near large vessels the field, so that a head
    at rest seems to move by up to a millimetre with the course of the bolus. Motion during the passage that differs by
    less than that from the motion interpolated between the frames before and after it, and has the course of the
    bolus, is taken for such, if the head lies still otherwise.

    Parameters
    ----------
    transforms : ndarray of shape (t, 4, 4)
        RAS mm, from the reference to each frame.
    drop : ndarray of shape (t,)
        As `head_drop` gives.
    points : ndarray of shape (n, 3)
        Points of the head, RAS mm.

    Returns
    -------
    ndarray of shape (t, 4, 4)
    """
    passing = drop > PASSAGE * drop.max()
    if drop.max() < DEEP_BOLUS or passing.all():
        return transforms
    elsewhere = moved_points(transforms[~passing], points) - points
    if np.linalg.norm(elsewhere, axis=2).mean(1).max() > STILL_OTHERWISE:
        return transforms
    expected = _interpolated(transforms, np.flatnonzero(~passing), points.mean(0))
    apart = moved_points(expected, points) - moved_points(transforms, points)
    if _likeness(apart[passing].reshape(np.count_nonzero(passing), -1), drop[passing]) < LIKE_THE_BOLUS:
        return transforms
    replaced = passing & (np.linalg.norm(apart, axis=2).mean(1) < LARGEST_FALSE_MOTION)
    return np.where(replaced[:, None, None], expected, transforms)


def _interpolated(transforms, known, centre):
    """The transforms with all but the known ones interpolated between those, about the centre."""
    frames = np.arange(len(transforms))
    shifts = transforms[:, :3, :3] @ centre + transforms[:, :3, 3] - centre
    turns = Rotation.from_matrix(transforms[:, :3, :3]).as_rotvec()
    shifts, turns = (
        np.stack([np.interp(frames, known, axis[known]) for axis in part.T], 1) for part in (shifts, turns)
    )
    between = np.tile(np.eye(4), (len(transforms), 1, 1))
    between[:, :3, :3] = Rotation.from_rotvec(turns).as_matrix()
    between[:, :3, 3] = shifts + centre - between[:, :3, :3] @ centre
    return between


def _likeness(motion, drop):
    """How much of the motion (t, n) during the passage is the bolus's course times one displacement: 0 to 1."""
    total = np.linalg.norm(motion)
    return np.linalg.norm(drop @ motion) / np.linalg.norm(drop) / total if total > 0 else 0.0
