"""Hypoperfusion, core and penumbra: thresholds, components, and the volumes of what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import PerfusionError
from ..progress import Progress, Steps, drain, part_of_stage
from ..series import Grid
from ..symmetry import SymmetryPlane
from .components import (
    CORE,
    HYPOPERFUSION,
    SPECK_ML,
    Component,
    describe,
    label_components,
    near,
    parts_of_labels,
    verdicts,
)
from .normal import NORMAL_TMAX_S, normal_tissue, normal_values_steps
from .presets import DEFAULT_PRESET, PRESETS, Criteria
from .rules import Rules
from .sides import LEFT, RIGHT, has_both_hemispheres, right_side

STAGE = "tissue"
LOOKING = "Looking for tissue at risk"
TMAX_S, SEVERE_TMAX_S = 6.0, 10.0
BY_HAND = {True: "kept by hand", False: "removed by hand"}


@dataclass(frozen=True)
class Volumes:
    """Volumes of a lesion in ml and what follows from them; NaN where it is not defined.

    Parameters
    ----------
    hypoperfusion, core, penumbra : float
        The penumbra is the hypoperfusion without the core: the mismatch volume.
    mismatch_ratio : float
        Hypoperfusion over core; NaN without a core.
    intensity_ratio : float
        Hypoperfusion intensity ratio: volume with Tmax above 10 s over volume with Tmax above 6 s, in the
        hypoperfusion; NaN where that is not found by a Tmax of at most 6 s.
    cbv_index : float
        Mean CBV of the hypoperfusion with Tmax above 6 s over that of tissue with Tmax below 4 s; NaN likewise.
    """

    hypoperfusion: float
    core: float
    penumbra: float
    mismatch_ratio: float
    intensity_ratio: float
    cbv_index: float


@dataclass(frozen=True, eq=False)
class _Tally:
    """What each component adds to the totals; row n belongs to component n, row 0 is empty."""

    by_slice: np.ndarray
    delayed: np.ndarray
    severe: np.ndarray
    blood: np.ndarray
    blooded: np.ndarray


@dataclass(frozen=True, eq=False)
class TissueAtRisk:
    """Hypoperfusion and core of one scan. It never changes; taking a component out or back gives another one.

    Parameters
    ----------
    criteria : Criteria
    rules : Rules
    grid : Grid
    normal : dict of str to float
        Median of what was taken for normal, of every map with a relative threshold.
    labels : dict of str to ndarray of int32, shape (z, y, x)
        For "hypoperfusion" and "core", the number of the component that a voxel belongs to; 0 where there is none.
    found : tuple of Component
        As the rules judged them.
    specks : dict of str to float
        ml of the components of "hypoperfusion" and "core" that were too small to be listed.
    excluded : dict of str to float
        ml beyond the threshold of hypoperfusion that lie in "vessels" and in "CSF", which are left out.
    notes : tuple of str
        What a person should know.
    tally : object
        What each component adds to the totals.
    normal_cbv : float
        Mean CBV of tissue with Tmax below 4 s.
    decisions : dict of int to bool
        Components that a person kept or removed.
    """

    criteria: Criteria
    rules: Rules
    grid: Grid
    normal: dict[str, float]
    labels: dict[str, np.ndarray]
    found: tuple[Component, ...]
    specks: dict[str, float]
    excluded: dict[str, float]
    notes: tuple[str, ...]
    tally: _Tally
    normal_cbv: float
    decisions: dict[int, bool] = field(default_factory=dict)

    @property
    def components(self) -> tuple[Component, ...]:
        """Every component as it stands, a person's decisions before the rules; hypoperfusion first, then core."""
        judged = [self._decided(component) for component in self.found]
        kept = {component.number for component in judged if component.kept}
        return tuple(
            replace(component, kept=False, reason=f"lies in component {component.within}, which is removed")
            if component.kept and component.within and component.within not in kept
            else component
            for component in judged
        )

    def without_component(self, number: int) -> TissueAtRisk:
        """The same lesion without one component; a hypoperfused one takes its core with it.

        Parameters
        ----------
        number : int

        Returns
        -------
        TissueAtRisk

        Raises
        ------
        PerfusionError
            If there is no such component.
        """
        self._check(number)
        return replace(self, decisions=self.decisions | {number: False})

    def with_component(self, number: int) -> TissueAtRisk:
        """The same lesion with one component taken back; a core brings the hypoperfusion around it.

        Parameters
        ----------
        number : int

        Returns
        -------
        TissueAtRisk

        Raises
        ------
        PerfusionError
            If there is no such component.
        """
        self._check(number)
        parts = self.components
        around = parts[number - 1].within
        numbers = (number, around) if around and not parts[around - 1].kept else (number,)
        return replace(self, decisions=self.decisions | dict.fromkeys(numbers, True))

    @property
    def hypoperfusion(self) -> np.ndarray:
        """Kept hypoperfusion, core included, ndarray of bool, shape (z, y, x)."""
        return self._mask(HYPOPERFUSION)

    @property
    def core(self) -> np.ndarray:
        """Kept core, ndarray of bool, shape (z, y, x)."""
        return self._mask(CORE)

    @property
    def penumbra(self) -> np.ndarray:
        """Kept hypoperfusion without the core, ndarray of bool, shape (z, y, x)."""
        return self.hypoperfusion & ~self.core

    @property
    def volumes(self) -> Volumes:
        """Volumes of what is kept."""
        return self._volumes(lambda component: True)

    @property
    def side_volumes(self) -> dict[str, Volumes]:
        """Volumes of what is kept "left" and "right"."""
        return {side: self._volumes(lambda component, side=side: component.side == side) for side in (LEFT, RIGHT)}

    @property
    def slice_volumes(self) -> dict[str, np.ndarray]:
        """ml of kept "hypoperfusion" and "core" in each slice, ndarray of shape (z,)."""
        return {
            kind: self.tally.by_slice[self._kept(kind)].sum(0) * self.grid.voxel_volume
            for kind in (HYPOPERFUSION, CORE)
        }

    def _decided(self, component):
        if component.number not in self.decisions:
            return component
        kept = self.decisions[component.number]
        return replace(component, kept=kept, reason=BY_HAND[kept])

    def _check(self, number):
        if not 1 <= number <= len(self.found):
            raise PerfusionError(f"There is no component {number}; the lesion has 1 to {len(self.found)}.")

    def _kept(self, kind, wanted: Callable = lambda component: True):
        return [
            component.number
            for component in self.components
            if component.kept and component.kind == kind and wanted(component)
        ]

    def _mask(self, kind):
        kept = np.zeros(len(self.found) + 1, bool)
        kept[self._kept(kind)] = True
        return kept[self.labels[kind]]

    def _volumes(self, wanted):
        around, core = self._kept(HYPOPERFUSION, wanted), self._kept(CORE, wanted)
        voxels = int(self.tally.by_slice[around].sum())
        core_voxels = int(self.tally.by_slice[core].sum())
        ml = self.grid.voxel_volume
        return Volumes(
            hypoperfusion=voxels * ml,
            core=core_voxels * ml,
            penumbra=(voxels - core_voxels) * ml,
            mismatch_ratio=_ratio(voxels, core_voxels),
            intensity_ratio=_ratio(self.tally.severe[around].sum(), self.tally.delayed[around].sum()),
            cbv_index=_ratio(self.tally.blood[around].sum(), self.tally.blooded[around].sum() * self.normal_cbv),
        )


def tissue_at_risk_steps(
    maps: dict[str, np.ndarray],
    brain: np.ndarray,
    vessels: np.ndarray,
    csf: np.ndarray,
    grid: Grid,
    plane: SymmetryPlane,
    criteria: Criteria = PRESETS[DEFAULT_PRESET],
    rules: Rules | None = None,
) -> Steps[TissueAtRisk]:
    """Find hypoperfusion and core, step by step.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (z, y, x)
        In absolute units; NaN where there is no result.
    brain, vessels, csf : ndarray of bool, shape (z, y, x)
        Vessels and CSF are left out.
    grid : Grid
    plane : SymmetryPlane
        Between the hemispheres.
    criteria : Criteria
        One of `PRESETS`, or own thresholds. Whether they suit the estimator of the maps is asked of `check_estimator`.
    rules : Rules, optional
        Defaults where left out.

    Yields
    ------
    Progress

    Returns
    -------
    TissueAtRisk

    Raises
    ------
    PerfusionError
        If a map is missing, or no tissue is left.

    Notes
    -----
    The core is sought inside the hypoperfusion, where low flow of white matter and of half-filled voxels does not
    count. Components end at the plane, so that each belongs to one hemisphere.
    """
    rules = rules or Rules()
    tissue = _tissue(maps, brain, vessels, csf, criteria)
    yield Progress(STAGE, 0.0, LOOKING)
    right = right_side(grid, plane)
    notes: tuple[str, ...] = ()
    has_both = has_both_hemispheres(brain, right, grid, plane)
    if not has_both:
        notes += (
            "The scan shows one hemisphere only: sides are uncertain, nothing is removed as opposite to the lesion, "
            f"and normal is the median of tissue with a Tmax below {NORMAL_TMAX_S:g} s.",
        )
    yield Progress(STAGE, 0.1, LOOKING)
    relative = [threshold.map for threshold in (criteria.hypoperfusion, criteria.core) if threshold.of_normal]
    work = normal_values_steps(relative, maps, tissue, _normal(criteria, rules) == "mirror" and has_both, grid, plane)
    normal, further = yield from part_of_stage(work, 0.1, 0.5)
    yield Progress(STAGE, 0.5, LOOKING)
    beyond = _beyond(criteria.hypoperfusion, maps, normal)
    masks = {HYPOPERFUSION: tissue & beyond}
    masks[CORE] = masks[HYPOPERFUSION] & _beyond(criteria.core, maps, normal)
    yield Progress(STAGE, 0.6, LOOKING)
    labels, counts, specks = _labelled(masks, right, grid, rules)
    yield Progress(STAGE, 0.75, LOOKING)
    edges = {"vessels": near(vessels, grid.spacing), "CSF": near(csf, grid.spacing)}
    yield Progress(STAGE, 0.85, LOOKING)
    applied = rules if has_both else replace(rules, opposite_part=0.0)
    found, note = _judged(labels, counts, edges, right, grid, applied)
    labels[CORE][labels[CORE] > 0] += counts[HYPOPERFUSION]
    yield Progress(STAGE, 0.95, LOOKING)
    if not any(component.kept for component in found):
        note = f"There is no hypoperfusion ({criteria.hypoperfusion}) that the rules keep; ratios are not defined."
    return TissueAtRisk(
        criteria=criteria,
        rules=rules,
        grid=grid,
        normal={name: float(np.median(np.broadcast_to(value, grid.shape)[tissue])) for name, value in normal.items()},
        labels=labels,
        found=found,
        specks=specks,
        excluded={
            "vessels": _ml(beyond & brain & vessels, grid),
            "CSF": _ml(beyond & brain & csf & ~vessels, grid),
        },
        notes=tuple(sentence for sentence in (*notes, *further, note) if sentence),
        tally=_tally(labels, len(found), maps, criteria),
        normal_cbv=_normal_cbv(maps, tissue),
    )


def tissue_at_risk(maps, brain, vessels, csf, grid, plane, criteria=PRESETS[DEFAULT_PRESET], rules=None):
    """Find hypoperfusion and core: `tissue_at_risk_steps` run to its end."""
    return drain(tissue_at_risk_steps(maps, brain, vessels, csf, grid, plane, criteria, rules))


def _normal(criteria, rules):
    return criteria.normal if rules.normal == "published" else rules.normal


def _tissue(maps, brain, vessels, csf, criteria):
    tissue = brain & ~vessels & ~csf
    for threshold in (criteria.hypoperfusion, criteria.core):
        if threshold.map not in maps:
            raise PerfusionError(
                f"{threshold} needs a map of {threshold.map}, which this method does not give; choose another preset."
            )
        tissue &= np.isfinite(maps[threshold.map])
    if not tissue.any():
        raise PerfusionError("No tissue with results is left beside vessels and CSF; check the brain mask.")
    return tissue


def _beyond(threshold, maps, normal):
    return threshold.holds(maps[threshold.map], normal.get(threshold.map, 1.0))


def _labelled(masks, right, grid, rules):
    smallest_ml = min(SPECK_ML, rules.smallest_ml)
    smallest = int(np.ceil(smallest_ml / grid.voxel_volume - 1e-6))
    labels, counts, specks = {}, {}, {}
    for kind, mask in masks.items():
        # A core whose hypoperfusion is a speck is one itself.
        mask = mask & (labels[HYPOPERFUSION] > 0) if kind == CORE else mask
        labels[kind], counts[kind] = label_components(mask, right, grid.spacing, smallest)
        specks[kind] = _ml(masks[kind] & (labels[kind] == 0), grid)
    return labels, counts, specks


def _judged(labels, counts, edges, right, grid, rules):
    around = describe(HYPOPERFUSION, labels[HYPOPERFUSION], counts[HYPOPERFUSION], right, grid, 1)
    along = {what: parts_of_labels(labels[HYPOPERFUSION], counts[HYPOPERFUSION], edge) for what, edge in edges.items()}
    removed, note = verdicts(around, along, rules)
    inside = describe(CORE, labels[CORE], counts[CORE], right, grid, 1 + len(around))
    owners = np.zeros(counts[CORE] + 1, int)
    owners[labels[CORE]] = np.where(labels[CORE] > 0, labels[HYPOPERFUSION], 0)
    inside = [replace(component, within=int(owners[1 + rank])) for rank, component in enumerate(inside)]
    removed |= {
        component.number: f"smaller than {rules.smallest_ml:g} ml"
        for component in inside
        if component.ml < rules.smallest_ml
    }
    return tuple(_with_verdict(component, removed) for component in (*around, *inside)), note


def _with_verdict(component, removed):
    reason = removed.get(component.number)
    return replace(component, kept=reason is None, reason=reason or "meets the rules")


def _tally(labels, count, maps, criteria):
    slices = labels[CORE].shape[0]
    by_slice = np.zeros((count + 1) * slices, int)
    for kind in (HYPOPERFUSION, CORE):
        places = np.nonzero(labels[kind])
        by_slice += np.bincount(labels[kind][places] * slices + places[0], minlength=by_slice.size)
    where = labels[HYPOPERFUSION] > 0
    owners = labels[HYPOPERFUSION][where]
    delayed, severe, blood, blooded = np.zeros((4, owners.size))
    if criteria.hypoperfusion.map == "Tmax" and criteria.hypoperfusion.bound <= TMAX_S:
        tmax = maps["Tmax"][where]
        delayed, severe = tmax > TMAX_S, tmax > SEVERE_TMAX_S
        cbv = maps["CBV"][where] if "CBV" in maps else np.full(owners.size, np.nan)
        blooded = delayed & np.isfinite(cbv)
        blood = np.where(blooded, cbv, 0)
    sums = (np.bincount(owners, values, count + 1) for values in (delayed, severe, blood, blooded))
    return _Tally(by_slice.reshape(count + 1, slices), *sums)


def _normal_cbv(maps, tissue):
    if "Tmax" not in maps or "CBV" not in maps:
        return float("nan")
    return float(np.nanmean(maps["CBV"][normal_tissue(maps, tissue)], dtype=float))


def _ml(mask, grid):
    return int(np.count_nonzero(mask)) * grid.voxel_volume


def _ratio(amount, whole):
    return float(amount / whole) if whole > 0 else float("nan")
