"""A lesion as tables and as a text for a person."""

from __future__ import annotations

import math

import numpy as np

from ..words import counted
from .components import CORE, HYPOPERFUSION
from .lesion import BY_HAND, TissueAtRisk
from .sides import LEFT, RIGHT

RESEARCH_ONLY = "Research use only. Not for diagnosis or treatment."
NOTICE = "research use only"


def marked_rows(rows: list[list]) -> list[list]:
    """A table whose every row says what it must not be used for, also where rows are copied elsewhere.

    Parameters
    ----------
    rows : list of list
        Titles first.

    Returns
    -------
    list of list
        With one column more.
    """
    titles, *others = rows
    return [[*titles, "use"], *([*row, NOTICE] for row in others)]


def component_rows(lesion: TissueAtRisk) -> list[list]:
    """Every component as a table.

    Parameters
    ----------
    lesion : TissueAtRisk

    Returns
    -------
    list of list
        Titles, then one row for each component: number, kind, side, first and last slice (from 0), ml, place (R, A, S
        in mm), the component that it lies in (0: none), kept ("yes" or "no"), reason.
    """
    rows = [["component", "kind", "side", "first slice", "last slice", "ml", "R", "A", "S", "within", "kept", "reason"]]
    for part in lesion.components:
        kept = "yes" if part.kept else "no"
        slices = part.first_slice, part.last_slice
        rows.append([part.number, part.kind, part.side, *slices, part.ml, *part.place, part.within, kept, part.reason])
    return rows


def volume_rows(lesion: TissueAtRisk) -> list[list]:
    """The volumes of a lesion as a table.

    Parameters
    ----------
    lesion : TissueAtRisk

    Returns
    -------
    list of list
        Titles, then one row for each measure: name, unit, whole brain, left, right; NaN where one is not defined.
    """
    measures = [
        ("hypoperfusion", "ml", "hypoperfusion"),
        ("core", "ml", "core"),
        ("penumbra (mismatch volume)", "ml", "penumbra"),
        ("mismatch ratio", "", "mismatch_ratio"),
        ("hypoperfusion intensity ratio", "", "intensity_ratio"),
        ("CBV index", "", "cbv_index"),
    ]
    sides = lesion.side_volumes
    columns = (lesion.volumes, sides[LEFT], sides[RIGHT])
    rows = [["measure", "unit", "both", LEFT, RIGHT]]
    return rows + [[title, unit, *(getattr(volumes, name) for volumes in columns)] for title, unit, name in measures]


def slice_rows(lesion: TissueAtRisk) -> list[list]:
    """The volumes of every slice as a table.

    Parameters
    ----------
    lesion : TissueAtRisk

    Returns
    -------
    list of list
        Titles, then one row for each slice: its index from 0, ml of hypoperfusion, of core and of penumbra.
    """
    volumes = lesion.slice_volumes
    around, core = volumes[HYPOPERFUSION], volumes[CORE]
    columns = np.stack([around, core, around - core], axis=1).tolist()
    rows = [["slice", "hypoperfusion ml", "core ml", "penumbra ml"]]
    return rows + [[index, *row] for index, row in enumerate(columns)]


def summary_text(lesion: TissueAtRisk) -> str:
    """What a lesion amounts to, for a person to read.

    Parameters
    ----------
    lesion : TissueAtRisk

    Returns
    -------
    str
        Lines: that it is for research only, criteria and source, volumes, what was removed and what a person decided,
        notes.
    """
    volumes = lesion.volumes
    lines = [
        RESEARCH_ONLY,
        f"Criteria: {lesion.criteria}.",
        f"Source: {lesion.criteria.source}.",
        *([lesion.criteria.bias] if lesion.criteria.bias else []),
        *(f"Normal {name}: {value:.3g} (median of what was compared with)." for name, value in lesion.normal.items()),
        f"Hypoperfusion {volumes.hypoperfusion:.1f} ml, core {volumes.core:.1f} ml, "
        f"penumbra (mismatch volume) {volumes.penumbra:.1f} ml.",
        f"Mismatch ratio {_defined(volumes.mismatch_ratio, 'there is no core')}.",
        f"Hypoperfusion intensity ratio (Tmax > 10 s / > 6 s) "
        f"{_defined(volumes.intensity_ratio, 'there is no hypoperfusion by a Tmax of at most 6 s')}, "
        f"CBV index {_defined(volumes.cbv_index, 'for the same reason, or for want of a CBV')}.",
        *(f"{side.capitalize()}: {_amounts(found)}." for side, found in lesion.side_volumes.items()),
        _left_out(lesion),
        *_by_hand(lesion),
    ]
    return "\n".join(lines + list(lesion.notes))


def _amounts(volumes):
    return f"hypoperfusion {volumes.hypoperfusion:.1f} ml, core {volumes.core:.1f} ml"


def _defined(value, why_not):
    return f"not defined ({why_not})" if math.isnan(value) else f"{value:.2f}"


def _by_hand(lesion):
    for kept, sentence in BY_HAND.items():
        numbers = [str(number) for number, decision in lesion.decisions.items() if decision is kept]
        if numbers:
            yield f"Components {sentence}: {', '.join(numbers)}."


def _left_out(lesion):
    removed = [part for part in lesion.components if not part.kept]
    around, core = (sum(part.ml for part in removed if part.kind == kind) for kind in (HYPOPERFUSION, CORE))
    return (
        f"Removed: {around:.1f} ml of hypoperfusion and {core:.1f} ml of core in {counted(len(removed), 'component')}. "
        f"Not listed: {lesion.specks[HYPOPERFUSION]:.1f} ml of hypoperfusion in specks, "
        f"{lesion.excluded['vessels']:.1f} ml in vessels and {lesion.excluded['CSF']:.1f} ml in CSF."
    )
