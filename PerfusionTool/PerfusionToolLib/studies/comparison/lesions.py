"""Lesions of both sides: own masks beside reference masks, or both by the same thresholds."""

from __future__ import annotations

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.similarity import Comparison, LesionOverlap, compare_lesions
from ...perfusion.tissue import PRESETS, Criteria
from ...perfusion.tissue.normal import normal_tissue
from .own import OwnResults

BY_THRESHOLD = "{} by threshold"


def overlaps_of_masks(own: OwnResults, references: dict[str, np.ndarray]) -> tuple[dict[str, LesionOverlap], list[str]]:
    """Own lesions beside reference masks.

    Parameters
    ----------
    own : OwnResults
    references : dict of str to ndarray of bool, shape (z, y, x)
        On the own grid.

    Returns
    -------
    overlaps : dict of str to LesionOverlap
    notes : list of str
        For every mask that has no own counterpart, a sentence.
    """
    overlaps, notes = {}, []
    for name, mask in references.items():
        if name in own.lesions:
            overlaps[name] = compare_lesions(own.lesions[name], mask, own.grid.voxel_volume)
        else:
            notes.append(f"There is no own {name} to compare: the analysis found no tissue at risk.")
    return overlaps, notes


def overlaps_by_threshold(own: OwnResults, comparison: Comparison) -> tuple[dict[str, LesionOverlap], list[str]]:
    """Lesions of own and reference maps by the thresholds of the own analysis, without its rules for components.

    Parameters
    ----------
    own : OwnResults
    comparison : Comparison
        Of the maps.

    Returns
    -------
    overlaps : dict of str to LesionOverlap
        Empty where the analysis has no published thresholds or a map is missing.
    notes : list of str
        Why there is none, where a person may wonder.
    """
    criteria = _criteria(own.record)
    if criteria is None:
        return {}, []
    needed = {threshold.map for threshold in (criteria.hypoperfusion, criteria.core)} | {"Tmax"}
    if not needed <= comparison.maps.keys():
        return {}, []
    in_seconds = [name for name in needed if not _is_relative_only(name, criteria)]
    without_unit = [name for name in in_seconds if not np.isfinite(comparison.maps[name].measures["bias"])]
    if without_unit:
        return {}, [f"No lesions by threshold: the unit of the reference {', '.join(without_unit)} is not known."]
    tissue = own.brain & ~own.vessels & ~own.csf
    for name in needed:
        tissue &= comparison.maps[name].compared
    if not tissue.any():
        return {}, ["No lesions by threshold: the maps have no tissue in common."]
    theirs = {name: comparison.maps[name].reference for name in needed}
    try:
        pair = [_lesions(maps, tissue, criteria) for maps in (own.maps, theirs)]
    except PerfusionError as error:
        return {}, [f"No lesions by threshold. {error}"]
    return {
        BY_THRESHOLD.format(name): compare_lesions(pair[0][name], pair[1][name], own.grid.voxel_volume)
        for name in pair[0]
    }, []


def _criteria(record) -> Criteria | None:
    used = (record["results"].get("tissue") or {}).get("criteria")
    return next((criteria for criteria in PRESETS.values() if str(criteria) == used), None)


def _is_relative_only(name, criteria):
    """Whether a map is only asked for parts of its normal value, for which no unit is needed."""
    thresholds = [threshold for threshold in (criteria.hypoperfusion, criteria.core) if threshold.map == name]
    return bool(thresholds) and all(threshold.of_normal for threshold in thresholds)


def _lesions(maps, tissue, criteria):
    normal = normal_tissue(maps, tissue)
    hypoperfusion, core = (
        tissue & threshold.holds(maps[threshold.map], float(np.median(maps[threshold.map][normal])))
        for threshold in (criteria.hypoperfusion, criteria.core)
    )
    return {"hypoperfusion": hypoperfusion, "core": hypoperfusion & core}
