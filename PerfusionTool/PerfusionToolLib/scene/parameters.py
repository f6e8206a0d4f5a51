"""The parameter node: all that a study needs to be taken up again, saved with the scene."""

# Fields are named as Slicer names them, and its 5.10 knows `Optional` only, not `kind | None`.
# ruff: noqa: N815, UP045

from __future__ import annotations

from dataclasses import asdict, fields
from types import SimpleNamespace
from typing import Optional, get_type_hints

import numpy as np
from slicer import (
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLNode,
    vtkMRMLPlotChartNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLSequenceNode,
    vtkMRMLTableNode,
    vtkMRMLTextNode,
)
from slicer.parameterNodeWrapper import parameterNodeWrapper

from ..perfusion.errors import PerfusionError
from ..perfusion.maps import UNITS
from ..perfusion.series import MODALITIES
from ..perfusion.settings import Settings, value_type
from ..perfusion.tissue import DEFAULT_PRESET, PRESETS, Rules

_USUAL = PRESETS[DEFAULT_PRESET]


def _with_settings(cls):
    """Give a class a field for every parameter of the analysis, under the same name."""
    for parameter in fields(Settings):
        kind, optional = value_type(parameter.name)
        cls.__annotations__[parameter.name] = Optional[kind] if optional else kind
        setattr(cls, parameter.name, parameter.default)
    return cls


# The maps that are compared with references.
COMPARED = ("CBF", "CBV", "MTT", "Tmax", "TTP")


def _map_field(name):
    return "map" + "".join(word[0].upper() + word[1:] for word in name.split())


def _with_maps(cls):
    """Give a class a field for the volume of every map that there may be."""
    cls.__annotations__ |= {_map_field(name): vtkMRMLScalarVolumeNode for name in UNITS}
    return cls


def _with_comparison(cls):
    """Give a class fields for what is seen of every map that may be compared with a reference."""
    names = [f"{kind}{name}" for name in COMPARED for kind in ("placed", "difference")]
    cls.__annotations__ |= dict.fromkeys(names, vtkMRMLScalarVolumeNode)
    return cls


@parameterNodeWrapper
@_with_settings
@_with_maps
@_with_comparison
class PerfusionToolParameterNode:
    """Choices and results of a study, as Slicer keeps them in the scene.

    Every field of `Settings` is here under its own name. The other fields:

    scan
        Sequence or multi-volume.
    modality, echoTime, frameTimes
        What a person says of the scan; empty: as found. Echo time in s; frame times as one interval or all times, s.
    maskSource, maskNode, maskSegment
        "automatic" or "segment", and from where.
    arterialInputKind, arterialInputPlace
        "automatic", "candidate", "seed", "mask" or "curve"; the place of a candidate or seed as "R A S" in mm.
    seed, arterialInputNode, arterialInputSegment, arterialInputCurve
        What a chosen arterial input was taken from.
    venousOutputKind, venousOutputPlace, venousSeed, venousOutputNode, venousOutputSegment, venousOutputCurve
        Likewise of the venous output.
    wantedMaps, shownMaps
        Names of maps with commas: those that become volumes, and the one in each view for maps; see `map_choice`.
    tissueCriteria
        "" for the thresholds published for the method, a key of `perfusion.tissue.PRESETS`, or "own".
    hypoperfusion…, core…
        Own thresholds: map, "above" or "below", bound in the unit of the map or as a part of normal, and which of both.
    normalTissue, smallestComponent, edgePart, oppositePart
        As in `perfusion.tissue.Rules`.
    comparedMap
        The map that is shown beside its reference. The references are chosen by the scan: see `comparison_references`.
    resultsOf
        The scan that the following nodes belong to.
    segmentation, map…, …Table, …Chart, candidatesTable, correctedSeries, concentrationSeries, projection, tissue…,
    comparison…, placed…, difference…
        Results.
    record
        What else is needed to go on: see `record`.
    """

    scan: vtkMRMLNode
    modality: str = ""
    echoTime: Optional[float] = None
    frameTimes: str = ""

    maskSource: str = "automatic"
    maskNode: vtkMRMLNode
    maskSegment: str = ""

    arterialInputKind: str = "automatic"
    arterialInputPlace: str = ""
    seed: vtkMRMLMarkupsFiducialNode
    arterialInputNode: vtkMRMLNode
    arterialInputSegment: str = ""
    arterialInputCurve: vtkMRMLTableNode

    venousOutputKind: str = "automatic"
    venousOutputPlace: str = ""
    venousSeed: vtkMRMLMarkupsFiducialNode
    venousOutputNode: vtkMRMLNode
    venousOutputSegment: str = ""
    venousOutputCurve: vtkMRMLTableNode

    wantedMaps: str = "CBF, CBV, MTT, Tmax, TTP"
    shownMaps: str = "CBF, CBV, MTT, Tmax, TTP"

    tissueCriteria: str = ""
    hypoperfusionMap: str = _USUAL.hypoperfusion.map
    hypoperfusionSide: str = _USUAL.hypoperfusion.side
    hypoperfusionBound: float = _USUAL.hypoperfusion.bound
    hypoperfusionOfNormal: bool = _USUAL.hypoperfusion.of_normal
    coreMap: str = _USUAL.core.map
    coreSide: str = _USUAL.core.side
    coreBound: float = _USUAL.core.bound
    coreOfNormal: bool = _USUAL.core.of_normal
    normalTissue: str = Rules.normal
    smallestComponent: float = Rules.smallest_ml
    edgePart: float = Rules.edge_part
    oppositePart: float = Rules.opposite_part

    comparedMap: str = COMPARED[0]

    resultsOf: vtkMRMLNode
    segmentation: vtkMRMLSegmentationNode
    curvesTable: vtkMRMLTableNode
    curvesChart: vtkMRMLPlotChartNode
    bolusTable: vtkMRMLTableNode
    bolusChart: vtkMRMLPlotChartNode
    motionTable: vtkMRMLTableNode
    motionChart: vtkMRMLPlotChartNode
    probeTable: vtkMRMLTableNode
    probeChart: vtkMRMLPlotChartNode
    candidatesTable: vtkMRMLTableNode
    correctedSeries: vtkMRMLSequenceNode
    concentrationSeries: vtkMRMLSequenceNode
    projection: vtkMRMLSequenceNode
    tissueSegmentation: vtkMRMLSegmentationNode
    tissueVolumes: vtkMRMLTableNode
    tissueComponents: vtkMRMLTableNode
    tissueSummary: vtkMRMLTextNode
    comparisonTable: vtkMRMLTableNode
    comparisonPoints: vtkMRMLTableNode
    comparisonChart: vtkMRMLPlotChartNode
    record: vtkMRMLTextNode


def _result_fields():
    """Fields that refer to a node which belongs to one scan: results, and the seeds and curves chosen for it."""
    given = ("scan", "resultsOf", "maskNode", "arterialInputNode", "venousOutputNode")
    kinds = get_type_hints(PerfusionToolParameterNode).items()
    return tuple(
        name for name, kind in kinds if isinstance(kind, type) and issubclass(kind, vtkMRMLNode) and name not in given
    )


RESULTS = _result_fields()
MAPS = tuple(map(_map_field, UNITS))


def map_field(name: str) -> str:
    """Field of the parameter node that refers to a map's volume: "mapCBF" for "CBF".

    Parameters
    ----------
    name : str
        As in ``Analysis.maps``.

    Returns
    -------
    str

    Raises
    ------
    PerfusionError
        If there is no such map.
    """
    if str(name) not in UNITS:
        raise PerfusionError(f"There is no map {name!r}; the maps are {', '.join(UNITS)}.")
    return _map_field(name)


def settings_of(parameters: PerfusionToolParameterNode) -> Settings:
    """The settings that stand in a parameter node.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    Settings

    Raises
    ------
    PerfusionError
        If a value is not valid.
    """
    return Settings(**{parameter.name: getattr(parameters, parameter.name) for parameter in fields(Settings)})


def set_settings(parameters: PerfusionToolParameterNode, settings: Settings) -> None:
    """Write settings into a parameter node, as one change.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    settings : Settings
    """
    modifying = parameters.StartModify()
    try:
        for parameter in fields(Settings):
            value = getattr(settings, parameter.name)
            if getattr(parameters, parameter.name) != value:
                setattr(parameters, parameter.name, value)
    finally:
        parameters.EndModify(modifying)


def changed_settings(parameters: PerfusionToolParameterNode, values: dict) -> Settings:
    """The settings of a parameter node with some of them changed; the node stays as it is.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    values : dict
        Fields of `Settings`.

    Returns
    -------
    Settings

    Raises
    ------
    PerfusionError
        If a name is unknown or a value is not valid.
    """
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    return Settings.from_dict(asdict(settings_of(parameters)) | plain)


def say_of_scan(parameters: PerfusionToolParameterNode, scan, modality=None, echo_time=None, frame_times=None) -> None:
    """Choose a scan, and say of it what is known better than found; nothing is changed if that cannot be analysed.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    scan : vtkMRMLNode
    modality : {"CT", "MR"}, optional
    echo_time : float, optional
        s.
    frame_times : float, str or sequence of float, optional
        Interval between frames, or the time of every frame, s.

    Raises
    ------
    PerfusionError
        If it is no scan, or what is said of it cannot be.
    """
    from .scans.reader import ScanReader

    said = {
        "scan": _checked_node(scan),
        "modality": _checked_modality(modality),
        "echoTime": _checked_echo_time(echo_time),
        "frameTimes": _times_text(frame_times),
    }
    changed = {name: value for name, value in said.items() if getattr(parameters, name) != value}
    if changed:
        ScanReader(SimpleNamespace(**said)).read()
    for name, value in said.items():
        # The scan comes first: with another one come the things that were said of that.
        if getattr(parameters, name) != value:
            setattr(parameters, name, value)


def _checked_node(node):
    if node is not None and not isinstance(node, vtkMRMLNode):
        raise PerfusionError(f"{node!r} is no node of the scene; give the sequence of the 4D scan.")
    return node


def _checked_modality(modality):
    if modality not in (None, "", *MODALITIES):
        raise PerfusionError(f"Unknown modality {modality!r}; choose CT or MR.")
    return modality or ""


def _checked_echo_time(echo_time):
    try:
        seconds = None if echo_time is None else float(echo_time)
    except (TypeError, ValueError, OverflowError) as error:
        raise PerfusionError(f"The echo time {echo_time!r} is no number; give seconds, such as 0.03.") from error
    if seconds is not None and not 0 < seconds < np.inf:
        raise PerfusionError(f"The echo time is {seconds:g} s; give a positive number of seconds, such as 0.03.")
    return seconds


def _times_text(times):
    if times is None or isinstance(times, str):
        return times or ""
    try:
        values = np.atleast_1d(np.asarray(times, float))
    except (TypeError, ValueError, OverflowError) as error:
        raise PerfusionError(f"The frame times are not numbers ({error}); give seconds, such as 1.5.") from error
    truths = np.asarray(times).dtype == bool
    if truths or values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise PerfusionError("The frame times must be finite numbers, one per frame; give seconds, or the interval.")
    return " ".join(repr(float(value)) for value in values)


def set_fields(parameters, values: dict) -> None:
    """Write fields of a parameter node that have other values, as one change.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    values : dict
    """
    modifying = parameters.StartModify()
    try:
        for field, value in values.items():
            if getattr(parameters, field) != value:
                setattr(parameters, field, value)
    finally:
        parameters.EndModify(modifying)
