"""Where the arterial input and the venous output are taken from: as a person asks for it, and in the parameter node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer

from ...perfusion.errors import PerfusionError
from ...perfusion.given import checked_curve, checked_kind
from ...perfusion.series import Grid
from ..segments import segment_mask
from .seed import add_seed_list, place_of

CURVE_COLUMNS = ("time_s", "value")
SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class Vessel:
    """One of the two curves that are measured in vessels, and where it stands in the scene.

    Parameters
    ----------
    name : str
        In sentences.
    short : str
        In names of nodes; the ID of its segment among the results.
    field : str
        How its fields in the parameter node begin.
    seed : str
        Field of its seed.
    label : str
        Of the seed's point.
    """

    name: str
    short: str
    field: str
    seed: str
    label: str

    @property
    def nodes(self) -> tuple[str, str]:
        """Fields of the parameter node for the nodes that a choice may make."""
        return self.seed, f"{self.field}Curve"


ARTERY = Vessel("arterial input", "AIF", "arterialInput", "seed", "seed")
VEIN = Vessel("venous output", "VOF", "venousOutput", "venousSeed", "VOF seed")
VESSELS = (ARTERY, VEIN)


@dataclass(frozen=True, eq=False)
class Source:
    """What the curve of a vessel is taken from.

    Parameters
    ----------
    kind : {"automatic", "candidate", "seed", "mask", "curve"}
    value : object
        As in ``Analysis.arterial_input_choice``.
    node_id, segment : str
        Where a mask was drawn.
    """

    kind: str
    value: object = None
    node_id: str = ""
    segment: str = ""

    def is_like(self, other: Source) -> bool:
        """Whether two sources give the same curve."""
        if self.kind != other.kind or self.kind == "automatic":
            return self.kind == other.kind
        if self.kind in ("candidate", "seed"):
            return bool(np.abs(np.subtract(self.value, other.value)).max() < SAME_PLACE_MM)
        return np.array_equal(self.value, other.value)


def asked_source(vessel: Vessel, kind: str, value, analysis) -> Source:
    """A source as a person or a program asks for it.

    Parameters
    ----------
    vessel : Vessel
    kind : {"automatic", "candidate", "seed", "mask", "curve"}
    value : object
        As `SceneStudy.arterial_input_steps` takes it.
    analysis : Analysis
        With the search for vessels done; for a candidate for the venous output, with the arterial input done.

    Returns
    -------
    Source

    Raises
    ------
    PerfusionError
        If there is no such kind or candidate, or no mask there.
    """
    checked_kind(kind, vessel.name)
    if kind == "candidate":
        return Source(kind, _candidate(vessel, value, analysis).place)
    if kind == "seed":
        return Source(kind, place_of(value))
    if kind == "mask":
        node, segment = value if isinstance(value, (tuple, list)) else (value, "")
        return Source(kind, segment_mask(node, segment, analysis.series.grid), node.GetID(), segment or "")
    if kind == "curve":
        return Source(kind, checked_curve(value, vessel.name))
    return Source(kind)


def _candidate(vessel, rank, analysis):
    search = analysis.vessel_search
    candidates = search.arteries if vessel is ARTERY else search.veins(analysis.arterial_input.measured)
    if isinstance(rank, bool) or not isinstance(rank, (int, np.integer)) or not 0 <= rank < len(candidates):
        raise PerfusionError(f"There is no candidate {rank!r}; choose 0 to {len(candidates) - 1}.")
    return candidates[rank]


def source_in_use(vessel: Vessel, analysis, parameters) -> Source:
    """The source that an analysis holds.

    Parameters
    ----------
    vessel : Vessel
    analysis : Analysis
    parameters : PerfusionToolParameterNode
        Where a mask's origin stands.

    Returns
    -------
    Source
    """
    kind, value = analysis.arterial_input_choice if vessel is ARTERY else analysis.venous_output_choice
    if kind != "mask":
        return Source(kind, value)
    node = getattr(parameters, f"{vessel.field}Node")
    return Source(kind, value, node.GetID() if node else "", getattr(parameters, f"{vessel.field}Segment"))


def keep_source(vessel: Vessel, source: Source, parameters, analysis, name: str) -> None:
    """Write a source into the parameter node, and what it needs into the scene.

    Parameters
    ----------
    vessel : Vessel
    source : Source
    parameters : PerfusionToolParameterNode
    analysis : Analysis
        That uses it.
    name : str
        The scan's, after which new nodes are called.
    """
    scene = parameters.parameterNode.GetScene()
    is_place = source.kind in ("candidate", "seed")
    values = {
        "Kind": source.kind,
        "Place": " ".join(f"{value:.9g}" for value in source.value) if is_place else "",
        "Node": scene.GetNodeByID(source.node_id) if source.node_id else None,
        "Segment": source.segment,
    }
    values = {f"{vessel.field}{end}": value for end, value in values.items()}
    changed = {field: value for field, value in values.items() if getattr(parameters, field) != value}
    for field, value in changed.items():
        setattr(parameters, field, value)
    if source.kind == "curve":
        whole = source.value.size == analysis.series.times.size
        _put_curve(vessel, parameters, analysis.series.times if whole else analysis.times, source.value, name)
    # Once it has been noted, only a person moves the seed: perhaps on, while its maps were computed.
    if changed or getattr(parameters, vessel.seed) is None:
        _put_seed(vessel, parameters, source, name)


def _put_curve(vessel, parameters, times, values, name):
    scene, field = parameters.parameterNode.GetScene(), f"{vessel.field}Curve"
    if getattr(parameters, field) is None:
        setattr(parameters, field, scene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} chosen {vessel.short}"))
    slicer.util.updateTableFromArray(getattr(parameters, field), (np.array(times), np.array(values)), CURVE_COLUMNS)


def _put_seed(vessel, parameters, source, name):
    """The seed's point lies where the seed in use lies, and is seen only while it is in use."""
    node = getattr(parameters, vessel.seed)
    if source.kind != "seed":
        if node is not None and node.GetDisplayNode() is not None:
            node.GetDisplayNode().SetVisibility(False)
        return
    if node is None:
        node = add_seed(vessel, parameters, name)
    if node.GetNumberOfControlPoints() == 0:
        node.AddControlPointWorld(*source.value, vessel.label)
    elif np.abs(np.subtract(node.GetNthControlPointPositionWorld(0), source.value)).max() >= SAME_PLACE_MM:
        node.SetNthControlPointPositionWorld(0, *source.value)
    if node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(True)


def add_seed(vessel: Vessel, parameters, name: str):
    """Make an empty list of points for the seed of a vessel.

    Parameters
    ----------
    vessel : Vessel
    parameters : PerfusionToolParameterNode
        Refers to it from now on.
    name : str
        The scan's.

    Returns
    -------
    vtkMRMLMarkupsFiducialNode
    """
    node = add_seed_list(f"{name} {vessel.short} seed", parameters.parameterNode.GetScene(), vessel.label)
    setattr(parameters, vessel.seed, node)
    return node


def kept_place(vessel: Vessel, parameters) -> np.ndarray:
    """The place of a candidate or seed that stands in the parameter node.

    Parameters
    ----------
    vessel : Vessel
    parameters : PerfusionToolParameterNode

    Returns
    -------
    ndarray of shape (3,)
        RAS mm.

    Raises
    ------
    PerfusionError
        If what stands there is no place.
    """
    text = getattr(parameters, f"{vessel.field}Place")
    place = place_of(text.split())
    if place.shape != (3,):
        raise PerfusionError(f"The place {text!r} of the {vessel.name} is not three numbers; choose another.")
    return place


def check_kinds(parameters, without=()) -> None:
    """Refuse kinds in the parameter node that there are not.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    without : collection
        Vessels whose kinds do not count.

    Raises
    ------
    PerfusionError
    """
    for vessel in VESSELS:
        if vessel not in without:
            checked_kind(getattr(parameters, f"{vessel.field}Kind"), vessel.name)


def said_source(vessel: Vessel, parameters) -> tuple[str, str, str]:
    """Kind, place and segment that stand in the parameter node."""
    return tuple(getattr(parameters, f"{vessel.field}{end}") for end in ("Kind", "Place", "Segment"))


def kept_source(vessel: Vessel, parameters, drawn, grid: Grid) -> tuple[str, object]:
    """The source that stands in the parameter node, as `Analysis` takes it.

    Parameters
    ----------
    vessel : Vessel
    parameters : PerfusionToolParameterNode
    drawn : collection of str
        Segments of the results that hold what a person drew.
    grid : Grid
        Of the scan.

    Returns
    -------
    tuple

    Raises
    ------
    PerfusionError
        If what it was taken from is no longer in the scene.
    """
    kind = getattr(parameters, f"{vessel.field}Kind")
    if kind in ("candidate", "seed"):
        return kind, kept_place(vessel, parameters)
    if kind == "mask":
        return kind, _kept_mask(vessel, parameters, drawn, grid)
    if kind == "curve":
        table = getattr(parameters, f"{vessel.field}Curve")
        if table is None:
            raise PerfusionError(f"The table of the chosen {vessel.name} was removed; choose another {vessel.name}.")
        return kind, _kept_curve(vessel, table)
    return kind, None


def _kept_curve(vessel, table):
    column = CURVE_COLUMNS[1]
    if table.GetTable().GetColumnByName(column) is None:
        raise PerfusionError(
            f"The table {table.GetName()!r} of the {vessel.name} has no column {column!r} any more; choose another "
            f"{vessel.name}."
        )
    return np.array(slicer.util.arrayFromTableColumn(table, column))


def _kept_mask(vessel, parameters, drawn, grid):
    if vessel.short in drawn and parameters.segmentation is not None:
        return segment_mask(parameters.segmentation, vessel.short, grid)
    node = getattr(parameters, f"{vessel.field}Node")
    if node is None:
        raise PerfusionError(f"The mask of the {vessel.name} was removed; choose another {vessel.name}.")
    return segment_mask(node, getattr(parameters, f"{vessel.field}Segment"), grid)
