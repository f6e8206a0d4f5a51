"""What a person gives an analysis: masks, arterial inputs and venous outputs, checked."""

from __future__ import annotations

import numpy as np

from .errors import PerfusionError

LARGEST_PART_OUTSIDE = 0.5
KINDS = ("automatic", "candidate", "seed", "mask", "curve")
_VESSELS = {"arterial input": "an artery", "venous output": "a vein"}


def vessel(value, shape: tuple[int, int, int], name: str) -> tuple[str, object]:
    """Tell the kinds of arterial input, or of venous output, apart.

    Parameters
    ----------
    value : array_like, tuple or None
        A curve (t,), a mask (z, y, x), a seed (3,) in RAS mm, a choice as this function returns it, or nothing.
    shape : tuple of int
        Shape (z, y, x) of the scan.
    name : {"arterial input", "venous output"}

    Returns
    -------
    kind : {"automatic", "curve", "mask", "seed", "candidate"}
    value : object

    Raises
    ------
    PerfusionError
        If it is none of these.
    """
    if value is None:
        return "automatic", None
    if isinstance(value, tuple) and isinstance(value[0], str):
        return checked_kind(value[0], name), value[1]
    array = np.asarray(value)
    if array.shape == (3,):
        return "seed", array
    if array.ndim == 1:
        return "curve", checked_curve(array, name)
    if array.ndim == 3:
        return "mask", checked_mask(array, shape)
    raise PerfusionError(
        f"The {name} has the shape {array.shape}; give a curve (t,), a mask (z, y, x) or a seed (3,) in RAS mm."
    )


def checked_kind(kind: str, name: str) -> str:
    """A kind of arterial input or venous output.

    Parameters
    ----------
    kind : {"automatic", "candidate", "seed", "mask", "curve"}
    name : {"arterial input", "venous output"}

    Returns
    -------
    str
        The same.

    Raises
    ------
    PerfusionError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise PerfusionError(f"There is no {name} of the kind {kind!r}; choose {', '.join(KINDS)}.")
    return kind


def checked_curve(curve, name: str) -> np.ndarray:
    """A curve as numbers.

    Parameters
    ----------
    curve : array_like of shape (t,)
    name : {"arterial input", "venous output"}

    Returns
    -------
    ndarray of shape (t,)

    Raises
    ------
    PerfusionError
        If it holds no numbers or has more than one axis.
    """
    try:
        curve = np.asarray(curve, float)
    except (TypeError, ValueError, OverflowError) as error:
        raise PerfusionError(f"The {name} is not made of numbers ({error}); give one per frame.") from error
    if curve.ndim != 1:
        raise PerfusionError(f"The {name} has the shape {curve.shape}; give one number per frame.")
    return curve


def checked_mask(mask, *shapes: tuple[int, int, int]) -> np.ndarray | None:
    """A mask as bool.

    Parameters
    ----------
    mask : array_like of shape (z, y, x) or None
        0 and one other value.
    *shapes : tuple of int
        Shapes that it may have, the scan's first.

    Returns
    -------
    ndarray of bool, shape (z, y, x), or None

    Raises
    ------
    PerfusionError
        If it is an image, empty, or of another shape.
    """
    if mask is None:
        return None
    values = np.asarray(mask)
    mask = values != 0
    if values.dtype != bool and mask.any() and np.ptp(values[mask]) != 0:
        raise PerfusionError(
            f"The mask holds many values, from {values.min():g} to {values.max():g}; give one of 0 and one other value."
        )
    if mask.shape not in shapes:
        raise PerfusionError(f"The mask has the shape {mask.shape}, the scan {shapes[0]}; draw it on this scan.")
    if not mask.any():
        raise PerfusionError("The mask is empty; draw it, or leave it out to have it found.")
    return mask


def check_inside(voxels: np.ndarray, intracranial: np.ndarray, name: str) -> None:
    """Refuse a mask of a vessel that lies mostly outside the skull.

    Parameters
    ----------
    voxels, intracranial : ndarray of bool, shape (z, y, x)
    name : {"arterial input", "venous output"}

    Raises
    ------
    PerfusionError
        If more than half of the voxels lie outside.
    """
    outside = np.mean(~intracranial[voxels]) if voxels.any() else 0
    if outside > LARGEST_PART_OUTSIDE:
        raise PerfusionError(
            f"{100 * outside:.0f} % of the {name}'s mask lie outside the skull; draw it on {_VESSELS[name]}."
        )
