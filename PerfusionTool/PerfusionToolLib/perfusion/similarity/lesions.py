"""Two masks of one lesion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import PerfusionError


@dataclass(frozen=True)
class LesionOverlap:
    """How alike two masks of a lesion are.

    Parameters
    ----------
    dice : float
        Twice the common volume over the sum of both; NaN where both are empty.
    own_ml, reference_ml : float
    difference_ml : float
        Own minus reference.
    """

    dice: float
    own_ml: float
    reference_ml: float
    difference_ml: float


def compare_lesions(own: np.ndarray, reference: np.ndarray, voxel_volume: float) -> LesionOverlap:
    """Compare two masks on one grid; `place_mask` brings a mask of another grid to it.

    Parameters
    ----------
    own, reference : ndarray of bool, shape (z, y, x)
    voxel_volume : float
        ml.

    Returns
    -------
    LesionOverlap

    Raises
    ------
    PerfusionError
        If their shapes differ.
    """
    if own.shape != reference.shape:
        raise PerfusionError(
            f"The lesions have the shapes {own.shape} and {reference.shape}; place the reference on the own grid."
        )
    here, there, both = (int(np.count_nonzero(mask)) for mask in (own, reference, own & reference))
    dice = 2 * both / (here + there) if here + there else float("nan")
    return LesionOverlap(dice, here * voxel_volume, there * voxel_volume, (here - there) * voxel_volume)


def overlap_rows(overlaps: dict[str, LesionOverlap]) -> list[list]:
    """Overlaps as a table.

    Parameters
    ----------
    overlaps : dict of str to LesionOverlap
        By the name of the lesion.

    Returns
    -------
    list of list
        Titles, then one row for each lesion and measure: map, measure, unit, value.
    """
    rows = [["map", "measure", "unit", "value"]]
    for name, found in overlaps.items():
        rows.append([name, "Dice", "", found.dice])
        rows.append([name, "own volume", "ml", found.own_ml])
        rows.append([name, "reference volume", "ml", found.reference_ml])
        rows.append([name, "volume difference", "ml", found.difference_ml])
    return rows
