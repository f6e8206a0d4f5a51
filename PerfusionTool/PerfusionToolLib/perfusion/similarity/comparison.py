"""Own maps beside reference maps, measure by measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import PerfusionError
from ..maps import UNITS
from ..progress import Progress, Steps, drain, part_of_stage
from ..series import Grid
from .measures import bland_altman, concordance, errors, pearson, spearman
from .reference import ReferenceMap, place_reference
from .ssim import masked_ssim, slicewise_ssim, value_range
from .units import DENSITY, settle_unit

STAGE = "comparison"
FEWEST_VOXELS = 100
LEAST_COVERED = 0.9
# Measures in the unit of the map; those squared are in its square.
IN_UNITS = ("bias", "lower limit", "upper limit", "MAE", "RMSE", "own mean", "reference mean")
SQUARED = ("MSE",)


@dataclass(frozen=True, eq=False)
class MapComparison:
    """One map beside its reference.

    Parameters
    ----------
    name : str
    measures : dict of str to float
        In voxels that both maps have. On the values: "Pearson", "Spearman", "concordance" (Lin), "bias" (own −
        reference), "lower limit" and "upper limit" (Bland–Altman, 95 %), "MAE", "MSE", "RMSE", "own mean" and
        "reference mean"; those that need a common unit are NaN where there is none. On the maps normalised by their
        means over these voxels, (x − mean)/mean: "NCC", "SSIM" (inside the mask), "SSIM whole slices" (flat background
        included, as in the papers), "MAE normalised", "MSE normalised", "RMSE normalised".
    compared : ndarray of bool, shape (z, y, x)
        The voxels that both maps have.
    reference : ndarray of shape (z, y, x), float32
        The reference on the own grid, in the own unit where there is one; NaN where it has no value.
    notes : tuple of str
        What a person should know: a guessed unit, parts that are missing.
    """

    name: str
    measures: dict[str, float]
    compared: np.ndarray
    reference: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The maps of one subject beside their references.

    Parameters
    ----------
    maps : dict of str to MapComparison
    refused : dict of str to str
        For every reference that could not be compared, the sentence that says why.
    """

    maps: dict[str, MapComparison]
    refused: dict[str, str]


def compare_maps_steps(
    maps: dict[str, np.ndarray],
    references: dict[str, ReferenceMap],
    brain: np.ndarray,
    grid: Grid,
    density: float = DENSITY,
) -> Steps[Comparison]:
    """Compare maps with references, step by step; one that cannot be compared does not stop the others.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
        Own maps in the units of `maps.UNITS`; NaN where there is no result.
    references : dict of str to ReferenceMap
        By the same names.
    brain : ndarray of bool, shape (z, y, x)
        Voxels to compare: the brain, or the brain without the large vessels, whose few high values weigh heavily in
        correlations and squared errors.
    grid : Grid
        Of the own maps.
    density : float
        Of brain tissue in g/ml, for references in ml per ml.

    Yields
    ------
    Progress

    Returns
    -------
    Comparison

    Raises
    ------
    PerfusionError
        If there is no reference.
    """
    if not references:
        raise PerfusionError("There is no reference map; give at least one, such as a CBF of another software.")
    compared, refused = {}, {}
    for number, (name, reference) in enumerate(references.items()):
        part = number / len(references), (number + 1) / len(references)
        try:
            if name not in maps:
                raise PerfusionError(f"There is no own map {name!r} to compare; the maps are {', '.join(maps)}.")
            work = compare_map_steps(name, maps[name], reference, brain, grid, density)
            compared[name] = yield from part_of_stage(work, *part)
        except PerfusionError as error:
            refused[name] = str(error)
    return Comparison(compared, refused)


def compare_maps(maps, references, brain, grid, density=DENSITY) -> Comparison:
    """Compare maps with references: `compare_maps_steps` run to its end."""
    return drain(compare_maps_steps(maps, references, brain, grid, density))


def compare_map_steps(
    name: str,
    own: np.ndarray,
    reference: ReferenceMap,
    brain: np.ndarray,
    grid: Grid,
    density: float = DENSITY,
) -> Steps[MapComparison]:
    """Compare one map with its reference, step by step.

    Parameters
    ----------
    name : str
        A key of `maps.UNITS`.
    own : ndarray of shape (z, y, x)
    reference : ReferenceMap
    brain : ndarray of bool, shape (z, y, x)
    grid : Grid
    density : float
        Of brain tissue, g/ml.

    Yields
    ------
    Progress

    Returns
    -------
    MapComparison

    Raises
    ------
    PerfusionError
        If the reference cannot be compared.
    """
    yield Progress(STAGE, 0.0, f"Placing the reference {name}")
    volume = np.full(brain.shape, np.nan, np.float32)
    volume[brain] = place_reference(reference, name, brain, grid)
    compared = brain & np.isfinite(volume) & np.isfinite(own)
    first, second = own[compared], volume[compared]
    _check_pair(name, first, second)
    factor, sentence = settle_unit(name, reference.unit, first, second, density)
    if factor is not None:
        second = second * np.float32(factor)
        volume *= np.float32(factor)
    yield Progress(STAGE, 0.3, f"Comparing {name}")
    measures = _agreement(first, second, factor is not None)
    yield Progress(STAGE, 0.45, f"Comparing {name}")
    measures["Spearman"] = spearman(first, second)
    yield Progress(STAGE, 0.6, f"Comparing {name}")
    normalised = yield from part_of_stage(_normalised_steps(name, first, second, compared), 0.6, 1.0)
    notes = (sentence, _coverage(name, compared, brain & np.isfinite(own)), _no_mean(name, normalised))
    return MapComparison(name, measures | normalised, compared, volume, tuple(note for note in notes if note))


def comparison_rows(comparison: Comparison) -> list[list]:
    """The measures of one subject as a table.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    list of list
        Titles, then one row for each map and measure: map, measure, unit, value.
    """
    rows = [["map", "measure", "unit", "value"]]
    for name, found in comparison.maps.items():
        rows.extend([name, measure, _unit(name, measure), value] for measure, value in found.measures.items())
    return rows


def _check_pair(name, first, second):
    if first.size < FEWEST_VOXELS:
        raise PerfusionError(
            f"The reference {name} and the own map have {first.size} voxels in common; at least {FEWEST_VOXELS} are "
            "needed: is it a map of the same scan?"
        )
    for whose, values in (("own", first), ("reference", second)):
        if values.min() == values.max():
            raise PerfusionError(
                f"The {whose} {name} is {values[0]:g} in all {values.size} common voxels; nothing can be compared."
            )


def _agreement(first, second, has_unit):
    measures = {
        "Pearson": pearson(first, second),
        "concordance": concordance(first, second),
    }
    measures |= dict(zip(("bias", "lower limit", "upper limit"), bland_altman(first, second), strict=True))
    measures |= dict(zip(("MAE", "MSE", "RMSE"), errors(first, second), strict=True))
    measures |= {"own mean": float(first.mean(dtype=float)), "reference mean": float(second.mean(dtype=float))}
    if has_unit:
        return measures
    need_unit = {"concordance", *IN_UNITS, *SQUARED} - {"own mean"}
    return {name: float("nan") if name in need_unit else value for name, value in measures.items()}


def _normalised_steps(name, first, second, compared):
    names = ("NCC", "SSIM", "SSIM whole slices", "MAE normalised", "MSE normalised", "RMSE normalised")
    means = first.mean(dtype=float), second.mean(dtype=float)
    if min(means) <= 0:
        return dict.fromkeys(names, float("nan"))
    pair = [(values / mean - 1).astype(np.float32) for values, mean in zip((first, second), means, strict=True)]
    volumes = np.zeros((2, *compared.shape), np.float32)
    volumes[:, compared] = pair
    inside = masked_ssim(*volumes, compared, value_range(*pair))
    yield Progress(STAGE, 0.5, f"Comparing {name}")
    return dict(zip(names, (pearson(*pair), inside, slicewise_ssim(*volumes), *errors(*pair)), strict=True))


def _coverage(name, compared, own):
    part = np.count_nonzero(compared) / np.count_nonzero(own)
    if part >= LEAST_COVERED:
        return ""
    return f"The reference {name} has values in {100 * part:.0f} % of the own brain only; the rest is not compared."


def _no_mean(name, normalised):
    if np.isfinite(normalised["NCC"]):
        return ""
    return f"{name} has no positive mean, so that it cannot be normalised by it."


def _unit(name, measure):
    unit = UNITS.get(name, "")
    if measure in SQUARED and unit:
        return f"({unit})²" if "/" in unit else f"{unit}²"
    return unit if measure in IN_UNITS else ""
