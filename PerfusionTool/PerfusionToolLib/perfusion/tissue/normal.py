"""What a map is in normal tissue."""

from __future__ import annotations

import numpy as np

from ..errors import PerfusionError
from ..progress import Steps
from ..series import Grid
from ..symmetry import SymmetryPlane, mirror_maps_steps

NORMAL_TMAX_S = 4.0
LEAST_NORMAL_PART = 0.05
# More tissue than this without a counterpart is worth a sentence.
LARGEST_UNMIRRORED = 0.05


def normal_tissue(maps: dict[str, np.ndarray], tissue: np.ndarray) -> np.ndarray:
    """Tissue whose Tmax is below 4 s.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
    tissue : ndarray of bool, shape (z, y, x)

    Returns
    -------
    ndarray of bool, shape (z, y, x)

    Raises
    ------
    PerfusionError
        If there is no Tmax, or hardly any such tissue.
    """
    if "Tmax" not in maps:
        raise PerfusionError("Normal tissue is known by its Tmax, but there is no such map; use another method.")
    normal = tissue & (maps["Tmax"] < NORMAL_TMAX_S)
    part = np.count_nonzero(normal) / np.count_nonzero(tissue)
    if part < LEAST_NORMAL_PART:
        raise PerfusionError(
            f"Only {100 * part:.1f} % of the tissue have a Tmax below {NORMAL_TMAX_S:g} s: nothing is normal here; "
            "check the arterial input."
        )
    return normal


def normal_values_steps(
    names: list[str],
    maps: dict[str, np.ndarray],
    tissue: np.ndarray,
    mirrored: bool,
    grid: Grid,
    plane: SymmetryPlane,
) -> Steps[tuple[dict[str, np.ndarray | float], tuple[str, ...]]]:
    """What maps are in normal tissue, step by step.

    Parameters
    ----------
    names : list of str
        Which maps.
    maps : dict of str to ndarray of shape (z, y, x)
    tissue : ndarray of bool, shape (z, y, x)
    mirrored : bool
        The same place of the other hemisphere; where there is no tissue, and everywhere if not mirrored, the median of
        normal tissue.
    grid : Grid
    plane : SymmetryPlane

    Yields
    ------
    Progress

    Returns
    -------
    normal : dict of str to ndarray of shape (z, y, x) or float
        Outside the tissue, its median.
    notes : tuple of str
    """
    if not names:
        return {}, ()
    if not mirrored:
        reference = normal_tissue(maps, tissue)
        return {name: _median(maps[name], reference) for name in names}, ()
    images = yield from mirror_maps_steps({name: maps[name] for name in names}, tissue, grid, plane)
    for image in images.values():
        image[~tissue] = np.nanmedian(image[tissue])
    missing = ~np.isfinite(images[names[0]])
    if not missing.any():
        return images, ()
    reference = normal_tissue(maps, tissue)
    for name in names:
        images[name][missing] = _median(maps[name], reference)
    part = np.count_nonzero(missing) / np.count_nonzero(tissue)
    if part <= LARGEST_UNMIRRORED:
        return images, ()
    return images, (
        f"{100 * part:.0f} % of the tissue have no counterpart in the other hemisphere; there, normal is the median of "
        f"tissue with a Tmax below {NORMAL_TMAX_S:g} s.",
    )


def _median(volume, reference):
    return float(np.nanmedian(volume[reference]))
