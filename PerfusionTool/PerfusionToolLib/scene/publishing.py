"""Results of an analysis -> nodes of the scene, each made once and updated from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import curves, segments, views
from .candidates import put_candidates
from .folder import gather
from .maps import put_map
from .nodes import proxy_volume
from .ownership import belong_to
from .parameters import MAPS, RESULTS, map_field
from .record import provenance, record_of, write_record


@dataclass(frozen=True)
class _Group:
    """Nodes that show what one stage of the analysis found.

    Parameters
    ----------
    stage : str
    result : str
        Attribute of the analysis that is another object after the stage was done again.
    fields : tuple of str
        Of the parameter node.
    put : callable
        ``put(target)`` makes or updates the nodes.
    segments : tuple of str
        IDs of the segments among them.
    """

    stage: str
    result: str
    fields: tuple[str, ...]
    put: Callable
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Target:
    """What a group takes: an analysis, its scan, and the parameter node whose fields refer to the nodes."""

    analysis: object
    scan: object
    parameters: object

    @property
    def scene(self):
        return self.parameters.parameterNode.GetScene()

    def keep(self, field, node):
        """Let the parameter node refer to a node."""
        if getattr(self.parameters, field) is not node:
            setattr(self.parameters, field, node)


class Publisher:
    """Puts the results of one analysis into the scene, those that are new.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    """

    def __init__(self, parameters):
        self._parameters = parameters
        self._shown: dict[str, object] = {}

    def publish(self, analysis, scan) -> dict:
        """Make or update the nodes of all stages that are done and not shown yet.

        Parameters
        ----------
        analysis : Analysis
        scan : ScanNode

        Returns
        -------
        dict
            The record, as it stands in the scene; empty where there was nothing to publish.
        """
        due = [group for group in _GROUPS if self._is_due(group, analysis)]
        if not due and not self._shown:
            return {}
        target = _Target(analysis, scan, self._parameters)
        modifying = self._parameters.StartModify()
        try:
            if self._parameters.resultsOf is not scan.node:
                self._parameters.resultsOf = scan.node
            for group in due:
                group.put(target)
                self._shown[group.stage] = getattr(analysis, group.result)
            record = record_of(analysis, scan, self._parameters)
            _put_record(target, record)
            nodes = {field: node for field in RESULTS if (node := getattr(self._parameters, field)) is not None}
            for field, node in nodes.items():
                belong_to(node, scan.node, field)
            gather(nodes.values(), f"{scan.name} perfusion", target.scene)
        finally:
            self._parameters.EndModify(modifying)
        return record

    def _is_due(self, group, analysis):
        if group.stage not in analysis.stages_done:
            return False
        shown = self._shown.get(group.stage) is getattr(analysis, group.result)
        return not (shown and self._are_there(group))

    def _are_there(self, group):
        if any(getattr(self._parameters, field) is None for field in group.fields):
            return False
        segmentation = self._parameters.segmentation
        return all(segmentation.GetSegmentation().GetSegment(segment) for segment in group.segments)


def _put_motion(target):
    motion, analysis = target.analysis.motion, target.analysis
    if motion is None:
        table, chart = target.parameters.motionTable, target.parameters.motionChart
        target.parameters.motionTable = target.parameters.motionChart = None
        curves.remove_chart(table, chart, target.scene)
        return
    times = analysis.series.times[analysis.first : analysis.first + len(motion.corrupted)]
    shown = curves.motion_curves(times, motion.parameters, motion.corrupted)
    _put_chart(target, "motion", shown, "Shift [mm], turn [°]")


def _put_brain(target):
    _put_segment(target, "brain", target.analysis.brain_mask)


def _put_bolus(target):
    analysis = target.analysis
    bolus = analysis.bolus
    shown = curves.bolus_curves(analysis.times, bolus.curve, bolus.arrival, bolus.baseline)
    _put_chart(target, "bolus", shown, f"Contrast in the brain [{curves.BOLUS_UNITS[analysis.series.modality]}]")


def _put_vessels(target):
    analysis = target.analysis
    _put_segment(target, "vessels", analysis.vessels)
    table = target.parameters.candidatesTable
    arteries = analysis.vessel_search.arteries
    target.keep("candidatesTable", put_candidates(table, arteries, f"{target.scan.name} AIF candidates", target.scene))


def _put_arterial_input(target):
    analysis = target.analysis
    arterial, venous = analysis.arterial_input, analysis.venous_output
    empty = analysis.brain_mask & False
    _put_segment(target, "VOF", empty if venous is None else venous.voxels)
    _put_segment(target, "AIF", arterial.voxels)
    shown = curves.arterial_curves(
        analysis.times,
        arterial.curve,
        arterial.measured,
        None if venous is None else venous.curve,
        analysis.brain_curve,
    )
    _put_chart(target, "curves", shown, f"Concentration [{curves.CONCENTRATION_UNITS[analysis.series.modality]}]")


def _put_maps(target):
    analysis = target.analysis
    facts = provenance(analysis, target.scan)
    for name, array in analysis.maps.items():
        field = map_field(name)
        former = getattr(target.parameters, field)
        volume = put_map(
            former,
            name,
            array,
            analysis.grid,
            target.scan.name,
            facts,
            target.scene,
            brain=analysis.brain_mask,
            relative_to=analysis.settings.relative_to,
        )
        volume.SetDescription(f"{name} of {target.scan.name}. Research use only.")
        target.keep(field, volume)
        if former is None:
            views.show_map(name, volume)


def _put_chart(target, name, shown, y_title):
    table, chart = (getattr(target.parameters, f"{name}{kind}") for kind in ("Table", "Chart"))
    title = f"{target.scan.name} {_CHART_TITLES[name]}"
    table, chart = curves.put_chart(table, chart, shown, title, y_title, target.scene)
    target.keep(f"{name}Table", table)
    target.keep(f"{name}Chart", chart)


def _put_segment(target, segment, mask):
    former, grid = target.parameters.segmentation, target.analysis.grid
    segmentation = segments.put_segment(former, segment, mask, grid, target.scan.name, target.scene)
    target.keep("segmentation", segmentation)
    if former is None:
        proxy = proxy_volume(target.scan.node)
        views.set_scan_window(proxy, target.analysis.series.modality)
        views.show_scan(proxy)
        views.show_overlays(segmentation)


def _put_record(target, record):
    node = target.parameters.record
    if node is None:
        node = target.scene.AddNewNodeByClass("vtkMRMLTextNode", f"{target.scan.name} perfusion record")
    target.keep("record", node)
    write_record(node, record)


_CHART_TITLES = {"motion": "motion", "bolus": "bolus", "curves": "AIF and VOF"}
_GROUPS = (
    _Group("motion", "frames", ("motionTable", "motionChart"), _put_motion),
    _Group("brain", "brain_mask", ("segmentation",), _put_brain, ("brain",)),
    _Group("bolus", "bolus", ("bolusTable", "bolusChart"), _put_bolus),
    _Group("vessels", "vessel_search", ("segmentation", "candidatesTable"), _put_vessels, ("vessels",)),
    _Group(
        "arterial_input",
        "arterial_input",
        ("segmentation", "curvesTable", "curvesChart"),
        _put_arterial_input,
        ("VOF", "AIF"),
    ),
    _Group("maps", "maps", MAPS, _put_maps),
)
