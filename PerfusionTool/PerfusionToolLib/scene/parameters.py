"""The parameter node: all that a study needs to be taken up again, saved with the scene."""

# Fields are named as Slicer names them, and its 5.10 knows `Optional` only, not `kind | None`.
# ruff: noqa: N815, UP045

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Optional, get_type_hints

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

from ..perfusion.settings import Settings, value_type


def _with_settings(cls):
    """Give a class a field for every parameter of the analysis, under the same name."""
    for parameter in fields(Settings):
        kind, optional = value_type(parameter.name)
        cls.__annotations__[parameter.name] = Optional[kind] if optional else kind
        setattr(cls, parameter.name, parameter.default)
    return cls


@parameterNodeWrapper
@_with_settings
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
        "automatic", "candidate", "seed", "mask" or "curve"; the place of the first two kinds as "R A S" in mm.
    seed, arterialInputNode, arterialInputSegment, arterialInputCurve
        What a chosen arterial input was taken from.
    resultsOf
        The scan that the following nodes belong to.
    segmentation, map…, …Table, …Chart, candidatesTable, correctedSeries, concentrationSeries, projection
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

    resultsOf: vtkMRMLNode
    segmentation: vtkMRMLSegmentationNode
    mapCBF: vtkMRMLScalarVolumeNode
    mapCBV: vtkMRMLScalarVolumeNode
    mapMTT: vtkMRMLScalarVolumeNode
    mapTmax: vtkMRMLScalarVolumeNode
    mapTTP: vtkMRMLScalarVolumeNode
    mapTTPFromArrival: vtkMRMLScalarVolumeNode
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
    record: vtkMRMLTextNode


def _result_fields():
    """Fields that refer to a node which belongs to one scan: results, and the seed and the curve chosen for it."""
    given = ("scan", "resultsOf", "maskNode", "arterialInputNode")
    kinds = get_type_hints(PerfusionToolParameterNode).items()
    return tuple(
        name for name, kind in kinds if isinstance(kind, type) and issubclass(kind, vtkMRMLNode) and name not in given
    )


RESULTS = _result_fields()
MAPS = tuple(name for name in RESULTS if name.startswith("map"))


def map_field(name: str) -> str:
    """Field of the parameter node that refers to a map's volume: "mapCBF" for "CBF".

    Parameters
    ----------
    name : str
        As in ``Analysis.maps``.

    Returns
    -------
    str
    """
    return "map" + "".join(word[0].upper() + word[1:] for word in name.split())


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


def take_settings(parameters: PerfusionToolParameterNode, values: dict) -> None:
    """Change some settings of a parameter node; none if one of them is not valid.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    values : dict
        Fields of `Settings`.

    Raises
    ------
    PerfusionError
        If a name is unknown or a value is not valid.
    """
    set_settings(parameters, Settings.from_dict(asdict(settings_of(parameters)) | values))


def say_of_scan(parameters: PerfusionToolParameterNode, scan, modality=None, echo_time=None, frame_times=None) -> None:
    """Choose a scan, and say of it what is known better than found.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    scan : vtkMRMLNode
    modality : {"CT", "MR"}, optional
    echo_time : float, optional
        s.
    frame_times : float, str or sequence of float, optional
        Interval between frames, or the time of every frame, s.
    """
    parameters.scan = scan
    parameters.modality = modality or ""
    parameters.echoTime = None if echo_time is None else float(echo_time)
    parameters.frameTimes = _times_text(frame_times)


def _times_text(times):
    if times is None or isinstance(times, str):
        return times or ""
    values = [times] if isinstance(times, (int, float)) else times
    return " ".join(repr(float(value)) for value in values)
