"""Rigid motion of the head through a 4D scan: found against one fixed reference frame, in millimetres, and undone.

Every frame is registered to the reference by robust Gauss–Newton on the points of strongest gradient, once coarsely and
once finely, and then again to the median of all registered frames, which has less noise and less of the aliasing that
thick slices cause. The contrast passage is a change of the values, not of the place: an offset, a gain of the tissue
that varies over the head and one of the CSF are fitted together with the motion; where contrast is seen to pass, points
are trusted less, and what still differs is an outlier.
"""

from .aliasing import remove_aliasing_steps
from .estimation import Motion, estimate_motion, estimate_motion_steps
from .resampling import apply_motion, apply_motion_steps
from .rigid import moved_points

__all__ = [
    "Motion",
    "apply_motion",
    "apply_motion_steps",
    "estimate_motion",
    "estimate_motion_steps",
    "moved_points",
    "remove_aliasing_steps",
]
