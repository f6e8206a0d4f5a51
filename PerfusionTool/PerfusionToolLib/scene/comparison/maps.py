"""One map of the scene beside its reference: both read as arrays, compared, and what is to be seen of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps, part_of_stage
from ...perfusion.series import Grid
from .. import colours
from ..maps import map_kind
from ..parameters import map_field
from ..volumes import volume_array, volume_grid
from .references import (
    can_be_chosen,
    check_is_other,
    give_background,
    give_unit,
    read_reference,
    refer_to_references,
)

STAGE = "comparison"


@dataclass(frozen=True, eq=False)
class OwnMap:
    """A map as the scene holds it.

    Parameters
    ----------
    name : str
    volume : vtkMRMLScalarVolumeNode
    values : ndarray of shape (z, y, x)
        NaN where there is no result.
    grid : Grid
        In the world.
    relative_to : {"absolute", "brain_mean", "mirror"}
    """

    name: str
    volume: object
    values: np.ndarray
    grid: Grid
    relative_to: str


@dataclass(frozen=True, eq=False)
class Reference:
    """A volume that a map is compared with.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
    unit, background : str
        As a person gave them; "" for as found.
    """

    node: object
    unit: str
    background: str


@dataclass(frozen=True, eq=False)
class ComparedMap:
    """A map of the scene beside its reference.

    Parameters
    ----------
    own : OwnMap
    reference : Reference
    found : MapComparison
    placed : ndarray of shape (z, y, x)
        The reference on the own grid in the own unit; without a common unit, scaled to the mean of the own map. NaN
        where it has no value.
    scale : float
        By which it was multiplied where there is no common unit, else NaN.
    difference : ndarray of shape (z, y, x)
        Own − placed; NaN where one has no value.
    """

    own: OwnMap
    reference: Reference
    found: object
    placed: np.ndarray
    scale: float
    difference: np.ndarray

    @property
    def unit(self) -> str:
        """The unit of both as they are shown."""
        from ...perfusion.maps import unit_of

        return unit_of(self.own.name, self.own.relative_to)

    @property
    def notes(self) -> list[str]:
        """What a person should know."""
        if not np.isfinite(self.scale):
            return list(self.found.notes)
        sentence = (
            f"The own {self.own.name} and its reference have no common unit: the reference is shown multiplied by "
            f"{self.scale:.3g}, so that their means are equal."
        )
        return [*self.found.notes, sentence]


def read_own_map(name: str, parameters) -> OwnMap:
    """A map of the scene as an array.

    Parameters
    ----------
    name : str
    parameters : PerfusionToolParameterNode

    Returns
    -------
    OwnMap

    Raises
    ------
    PerfusionError
        If it is not in the scene, or bent there.
    """
    volume = getattr(parameters, map_field(name))
    if volume is None:
        raise PerfusionError(f"There is no own {name} in the scene; choose it among the maps to make.")
    transform = volume.GetParentTransformNode()
    if transform is not None and not transform.IsTransformToWorldLinear():
        raise PerfusionError(f"The transform {transform.GetName()} bends {volume.GetName()}; remove it.")
    _kind, relative_to = map_kind(volume)
    values = volume_array(volume)
    background = colours.OUTSIDE if colours.may_be_negative(name, relative_to) else 0.0
    return OwnMap(name, volume, np.where(values == background, np.nan, values), volume_grid(volume), relative_to)


def compare_map_steps(name: str, reference: Reference, parameters) -> Steps[ComparedMap]:
    """Compare a map of the scene with a volume of the scene, step by step.

    Parameters
    ----------
    name : str
    reference : Reference
    parameters : PerfusionToolParameterNode

    Yields
    ------
    Progress

    Returns
    -------
    ComparedMap

    Raises
    ------
    PerfusionError
        If they cannot be compared.
    """
    from ...perfusion import similarity
    from ...perfusion.similarity.units import RELATIVE

    yield Progress(STAGE, 0.0, f"Reading {name} and its reference")
    own = read_own_map(name, parameters)
    given = read_reference(name, reference.node, reference.unit, reference.background)
    check_is_other(name, reference.node, parameters)
    if own.relative_to != "absolute":
        _check_has_zero(own)
        given = replace(given, unit=RELATIVE)
    brain = np.isfinite(own.values)
    work = similarity.compare_map_steps(name, own.values, given, brain, own.grid, parameters.tissue_density)
    found = yield from part_of_stage(work, 0.1, 0.9)
    yield Progress(STAGE, 0.9, f"Comparing {name}")
    scale = _scale(own, found)
    placed = found.reference * np.float32(scale if np.isfinite(scale) else 1.0)
    return ComparedMap(own, reference, found, placed, scale, own.values - placed)


def compare_maps_steps(asked: dict[str, Reference], parameters) -> Steps[tuple[dict[str, ComparedMap], dict[str, str]]]:
    """Compare maps of the scene with volumes of the scene; one that cannot be compared does not stop the others.

    Parameters
    ----------
    asked : dict of str to Reference
        By map.
    parameters : PerfusionToolParameterNode

    Yields
    ------
    Progress

    Returns
    -------
    compared : dict of str to ComparedMap
    refused : dict of str to str
        Why the others could not be compared.
    """
    compared, refused = {}, {}
    for number, (name, reference) in enumerate(asked.items()):
        steps = compare_map_steps(name, reference, parameters)
        try:
            compared[name] = yield from part_of_stage(steps, number / len(asked), (number + 1) / len(asked))
        except PerfusionError as error:
            refused[name] = str(error)
    return compared, refused


def leave_out_removed(compared: dict[str, ComparedMap], refused: dict[str, str], scene) -> None:
    """Refuse what has gone from the scene since it was read; arguments as `compare_maps_steps` returns them."""
    for name, found in list(compared.items()):
        nodes = {"own": found.own.volume, "reference": found.reference.node}
        gone = [what for what, node in nodes.items() if node.GetScene() is not scene]
        if gone:
            refused[name] = f"The {gone[0]} {name} was removed from the scene while it was compared."
            del compared[name]


def keep_references(scan, asked: dict[str, Reference], scene) -> None:
    """Let a scan refer to these references, as far as it can, and them say what is known of them.

    Parameters
    ----------
    scan : vtkMRMLNode
    asked : dict of str to Reference
        By map.
    scene : vtkMRMLScene
    """
    kept = {name: each for name, each in asked.items() if can_be_chosen(each.node, scene)}
    for each in kept.values():
        give_unit(each.node, each.unit)
        give_background(each.node, each.background)
    refer_to_references(scan, {name: each.node for name, each in kept.items()})


def rows_of(compared: dict[str, ComparedMap]) -> list[list]:
    """The measures of maps as a table.

    Parameters
    ----------
    compared : dict of str to ComparedMap

    Returns
    -------
    list of list
        Titles, then map, measure, unit, value.
    """
    from ...perfusion.similarity import Comparison, comparison_rows

    rows = comparison_rows(Comparison({name: each.found for name, each in compared.items()}, {}))
    for row in rows[1:]:
        if row[1] == "own mean":
            # The own map itself may be a relative one.
            row[2] = compared[row[0]].unit
    return rows


def _check_has_zero(own):
    from ...perfusion.maps import DELAYS

    if own.name in DELAYS:
        raise PerfusionError(f"The own {own.name} is relative and has no zero; compute absolute values to compare it.")


def _scale(own, found):
    """What brings the reference to the mean of the own map; NaN where they have a common unit."""
    if np.isfinite(found.measures["bias"]):
        return np.nan
    means = [float(values[found.compared].mean(dtype=float)) for values in (own.values, found.reference)]
    return means[0] / means[1] if min(means) > 0 else 1.0
