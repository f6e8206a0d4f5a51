"""The connected components of a lesion: listed, and removed by stated rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..series import Grid
from .rules import Rules
from .sides import LEFT, RIGHT

HYPOPERFUSION, CORE = "hypoperfusion", "core"
# Voxels that share no face are neighbours where their centres are as near as this.
CONNECTED_MM = 3.0
EDGE_MM = 2.0
# Smaller components are counted together, not listed, unless a person wants none removed.
SPECK_ML = 0.1


@dataclass(frozen=True)
class Component:
    """One connected part of a lesion, in one hemisphere.

    Parameters
    ----------
    number : int
        From 1, without gaps.
    kind : {"hypoperfusion", "core"}
    side : {"left", "right"}
    first_slice, last_slice : int
        From 0, in the order of the arrays.
    ml : float
    place : tuple of float
        The voxel nearest to its centre, RAS mm.
    within : int
        Number of the hypoperfused component that a core lies in; 0 for those themselves.
    kept : bool
        It counts in the totals.
    reason : str
        Why it was kept or removed.
    """

    number: int
    kind: str
    side: str
    first_slice: int
    last_slice: int
    ml: float
    place: tuple[float, float, float]
    within: int
    kept: bool
    reason: str


def neighbours(spacing: np.ndarray) -> np.ndarray:
    """Which of the 26 voxels around one are connected to it.

    Parameters
    ----------
    spacing : ndarray of shape (3,)
        mm, in the order (z, y, x).

    Returns
    -------
    ndarray of bool, shape (3, 3, 3)
        Those that share a face, and those that share an edge or a corner with centres at most 3 mm apart.
    """
    steps = np.indices((3, 3, 3)) - 1
    faces = np.abs(steps).sum(0) <= 1
    apart = np.sqrt(((steps.T * spacing) ** 2).sum(-1)).T
    return faces | (apart <= CONNECTED_MM)


def label_components(mask: np.ndarray, right: np.ndarray, spacing: np.ndarray, smallest: int) -> tuple[np.ndarray, int]:
    """Number the components of a mask, each hemisphere for itself, from the largest.

    Parameters
    ----------
    mask, right : ndarray of bool, shape (z, y, x)
        The lesion; the right side of the head.
    spacing : ndarray of shape (3,)
        mm.
    smallest : int
        Components of fewer voxels get no number.

    Returns
    -------
    labels : ndarray of int32, shape (z, y, x)
        0 where there is no component.
    count : int
        How many have a number.
    """
    structure = neighbours(spacing)
    labels, on_right = ndimage.label(mask & right, structure)
    others, _ = ndimage.label(mask & ~right, structure)
    others[others > 0] += on_right
    labels += others
    sizes = np.bincount(labels[mask])
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] >= max(smallest, 1)]
    ranks = np.zeros(max(sizes.size, 1), np.int32)
    ranks[order] = np.arange(1, order.size + 1)
    labels[mask] = ranks[labels[mask]]
    return labels, order.size


def near(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Voxels within 2 mm of a mask in its slice, at least those that share a face with it.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    spacing : ndarray of shape (3,)
        mm.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    reach = np.maximum(EDGE_MM / spacing[1:], 1)
    half = np.floor(reach).astype(int)
    y, x = np.mgrid[-half[0] : half[0] + 1, -half[1] : half[1] + 1]
    disc = (y / reach[0]) ** 2 + (x / reach[1]) ** 2 <= 1
    return ndimage.binary_dilation(mask, disc[None])


def describe(kind: str, labels: np.ndarray, count: int, right: np.ndarray, grid: Grid, first: int) -> list[Component]:
    """List numbered components, none judged yet.

    Parameters
    ----------
    kind : {"hypoperfusion", "core"}
    labels : ndarray of int, shape (z, y, x)
    count : int
    right : ndarray of bool, shape (z, y, x)
    grid : Grid
    first : int
        Number of the first.

    Returns
    -------
    list of Component
    """
    places = np.argwhere(labels)
    owners = labels[tuple(places.T)]
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(1, count + 1))
    listed = []
    for number, members in enumerate(np.split(places[order], starts[1:]) if count else ()):
        middle = _middle(members, grid.spacing)
        listed.append(
            Component(
                number=first + number,
                kind=kind,
                side=RIGHT if right[tuple(middle)] else LEFT,
                first_slice=int(members[:, 0].min()),
                last_slice=int(members[:, 0].max()),
                ml=len(members) * grid.voxel_volume,
                place=tuple(map(float, grid.to_ras(middle))),
                within=0,
                kept=True,
                reason="",
            )
        )
    return listed


def parts_of_labels(labels: np.ndarray, count: int, mask: np.ndarray) -> np.ndarray:
    """Which part of each component lies in a mask.

    Parameters
    ----------
    labels : ndarray of int, shape (z, y, x)
    count : int
    mask : ndarray of bool, shape (z, y, x)

    Returns
    -------
    ndarray of shape (count,)
    """
    inside = np.bincount(labels[mask & (labels > 0)], minlength=count + 1)[1:]
    return inside / np.bincount(labels[labels > 0], minlength=count + 1)[1:]


def verdicts(components: list[Component], along: dict[str, np.ndarray], rules: Rules) -> tuple[dict[int, str], str]:
    """Which hypoperfused components are removed, and why.

    Too small ones first, then edges of vessels and of CSF, then those of the hemisphere with the lesser part of what is
    left, if that is small beside the other's.

    Parameters
    ----------
    components : list of Component
    along : dict of str to ndarray of shape (n,)
        For "vessels" and "CSF", the part of each component that lies along them.
    rules : Rules

    Returns
    -------
    removed : dict of int to str
        Number of each removed component and the reason.
    note : str
        Where both hemispheres keep hypoperfusion; else empty.
    """
    removed = {}
    for place, component in enumerate(components):
        edges = [what for what, parts in along.items() if parts[place] > rules.edge_part]
        if component.ml < rules.smallest_ml:
            removed[component.number] = f"smaller than {rules.smallest_ml:g} ml"
        elif edges:
            removed[component.number] = f"along {edges[0]}"
    left = [component for component in components if component.number not in removed]
    volumes = {side: sum(component.ml for component in left if component.side == side) for side in (LEFT, RIGHT)}
    lesser, greater = sorted(volumes, key=volumes.get)
    if volumes[lesser] == 0:
        return removed, ""
    if volumes[lesser] > rules.opposite_part * volumes[greater]:
        return removed, (
            f"Both hemispheres are hypoperfused ({volumes[LEFT]:.1f} ml left, {volumes[RIGHT]:.1f} ml right); "
            "neither was taken for an artefact."
        )
    reason = f"opposite to the larger lesion ({volumes[greater]:.1f} ml {greater})"
    return removed | {component.number: reason for component in left if component.side == lesser}, ""


def _middle(members, spacing):
    """The member nearest to the centre, which may lie outside a bent component."""
    apart = ((members - members.mean(0)) * spacing) ** 2
    return members[np.argmin(apart.sum(1))]
