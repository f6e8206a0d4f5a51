"""Results of an analysis -> nodes of the scene, each made once and updated from then on, in short steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from slicer.i18n import tr as _

from ..perfusion.progress import Progress, Steps
from . import curves, segments, views
from .folder import gather
from .map_choice import NONE, shown_maps, wanted_maps
from .maps import put_map, remove_map
from .nodes import proxy_volume
from .ownership import belong_to
from .parameters import MAPS, RESULTS, map_field
from .record import provenance, record_of, write_record
from .vessels.candidates import put_candidates

_OUTLINES = "outlines"
# All views are drawn anew for an outline, which costs more than a curve: in a drag it need not follow every place.
OUTLINE_SECONDS = 0.3


@dataclass(frozen=True)
class _Group:
    """Nodes that show what one stage of the analysis found.

    Parameters
    ----------
    name, stage : str
    result : str
        Attribute of the analysis that is another object after the stage was done again.
    fields : tuple of str
        Of the parameter node.
    work : callable
        ``work(target, analysis)`` gives functions without arguments, one per step, that make or update the nodes. They
        hold all that they need: the analysis may go on, or change, before they are called.
    segments : tuple of str
        IDs of the segments among them.
    """

    name: str
    stage: str
    result: str
    fields: tuple[str, ...]
    work: Callable
    segments: tuple[str, ...] = ()


class _Target:
    """Where results go: a scene, the nodes that are there by field of the parameter node, and the scan they are of.

    The parameter node refers to new nodes when all are made, so that nobody sees half of them.
    """

    def __init__(self, scan, parameters):
        self.scan = scan
        self.scene = parameters.parameterNode.GetScene()
        self.nodes = {field: getattr(parameters, field) for field in RESULTS}
        self.made = []
        self.parameters = parameters

    @property
    def is_followed(self):
        """Whether this scan is still the one that is worked on."""
        return self.parameters.scan is self.scan.node

    def keep(self, field, node):
        """Take note of a node that was made or updated."""
        if self.nodes[field] is not node:
            self.made.append(node)
        self.nodes[field] = node
        belong_to(node, self.scan.node, field)

    def refer(self):
        """Let the parameter node refer to all nodes, as one change."""
        if not self.is_followed:
            return
        values = {**self.nodes, "resultsOf": self.scan.node}
        modifying = self.parameters.StartModify()
        try:
            for field, node in values.items():
                if getattr(self.parameters, field) is not node:
                    setattr(self.parameters, field, node)
        finally:
            self.parameters.EndModify(modifying)


class Publisher:
    """Puts the results of one analysis into the scene, those that are new.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    """

    def __init__(self, parameters):
        self._parameters = parameters
        self._shown: dict[str, object] = {}
        self._masks: dict[str, int] = {}
        self._outlined = 0.0

    def publish_steps(self, analysis, scan, hurried: bool = False) -> Steps[None]:
        """Make or update the nodes of all stages that are done and not shown yet, and the record of them.

        It is all or nothing: where this is closed, the rest is done at once; where the scan has gone meanwhile, what
        was made is removed.

        Parameters
        ----------
        analysis : Analysis
        scan : ScanNode
        hurried : bool
            Leave the outlines of AIF and VOF for later, if they were drawn just before.

        Yields
        ------
        Progress
            One node or a few belong to each step.
        """
        due = [group for group in self._groups(analysis) if self._is_due(group, analysis)]
        target = _Target(scan, self._parameters)
        unwanted = self._unwanted_maps(analysis)
        if not due and not unwanted and not self._shown:
            return
        waits = hurried and time.perf_counter() < self._outlined + OUTLINE_SECONDS
        now = [group for group in due if not (waits and group.name == _OUTLINES)]
        record = self._record(analysis, scan, [group for group in due if group not in now])
        work = [
            *((group.stage, step) for group in now for step in group.work(target, analysis)),
            *(("maps", lambda field=field: _remove_map(target, field)) for field in unwanted),
            ("maps", lambda: _refer(target, record)),
            *(("maps", lambda view=view: _show_map(target, view)) for view in views.MAP_VIEWS.values()),
        ]
        for group in now:
            self._shown[group.name] = _result(group, analysis)
            if group.name == _OUTLINES:
                self._outlined = time.perf_counter()
        self._masks = record["masks"]
        yield from _whole_steps(work, target)

    def _groups(self, analysis):
        maps = analysis.maps if "maps" in analysis.stages_done else {}
        return [*_GROUPS, *(_map_group(name) for name in wanted_maps(self._parameters) if name in maps)]

    def _is_due(self, group, analysis):
        if group.stage not in analysis.stages_done:
            return False
        shown = self._shown.get(group.name) is _result(group, analysis)
        return not (shown and self._are_there(group))

    def _are_there(self, group):
        if any(getattr(self._parameters, field) is None for field in group.fields):
            return False
        segmentation = self._parameters.segmentation
        return all(segmentation.GetSegmentation().GetSegment(segment) for segment in group.segments)

    def _unwanted_maps(self, analysis):
        """Fields of the maps in the scene that are not wanted, or that would be taken for results they are not."""
        if "maps" not in analysis.stages_done:
            return []
        kept = {map_field(name) for name in wanted_maps(self._parameters) if name in analysis.maps}
        return [field for field in MAPS if field not in kept and getattr(self._parameters, field) is not None]

    def _record(self, analysis, scan, waiting):
        record = record_of(analysis, scan, self._parameters)
        outlined = {segment for group in waiting for segment in group.segments} & self._masks.keys()
        return {**record, "masks": record["masks"] | {segment: self._masks[segment] for segment in outlined}}


def _result(group, analysis):
    result = getattr(analysis, group.result)
    return result[group.name] if group.result == "maps" else result


def _whole_steps(work, target):
    left = iter(work)
    try:
        for stage, step in left:
            step()
            yield Progress(stage, 1.0, _("Putting the results into the scene"), 1.0)
    finally:
        if target.scene.IsClosing():
            pass
        elif target.scan.node.GetScene() is None:
            _remove(target.made, target.scene)
        else:
            for _stage, step in left:
                step()


def _remove(nodes, scene):
    for node in nodes:
        if node.GetScene() is not scene:
            continue
        if node.IsA("vtkMRMLPlotChartNode"):
            curves.remove_chart(None, node, scene)
        elif node.IsA("vtkMRMLScalarVolumeNode"):
            remove_map(node, scene)
        else:
            scene.RemoveNode(node)


def _refer(target, record):
    """The last change: the record, the folder, and the parameter node that refers to all."""
    _put_record(target, record)
    found = {field: node for field, node in target.nodes.items() if node is not None}
    for field, node in found.items():
        belong_to(node, target.scan.node, field)
    gather(found.values(), f"{target.scan.name} perfusion", target.scene)
    target.refer()


def _show_map(target, view):
    """A map that is new comes into its view; what a person shows there instead of one that was there stays."""
    name = shown_maps(target.parameters)[view]
    volume = target.nodes[map_field(name)] if name != NONE else None
    if target.is_followed and volume in target.made:
        views.show_map(view, name, volume)


def _motion_work(target, analysis):
    motion = analysis.motion
    if motion is None:
        return [lambda: _remove_motion(target)]
    times = analysis.series.times[analysis.first : analysis.first + len(motion.corrupted)]
    shown = curves.motion_curves(times, motion.parameters, motion.corrupted)
    return [lambda: _put_chart(target, "motion", shown, _("Shift [mm], turn [°]"))]


def _remove_motion(target):
    curves.remove_chart(target.nodes["motionTable"], target.nodes["motionChart"], target.scene)
    target.nodes["motionTable"] = target.nodes["motionChart"] = None


def _brain_work(target, analysis):
    return [_segment_step(target, analysis, "brain", analysis.brain_mask)]


def _bolus_work(target, analysis):
    bolus = analysis.bolus
    shown = curves.bolus_curves(analysis.times, bolus.curve, bolus.arrival, bolus.baseline)
    title = _("Contrast in the brain [{unit}]").format(unit=curves.BOLUS_UNITS[analysis.series.modality])
    return [lambda: _put_chart(target, "bolus", shown, title)]


def _vessels_work(target, analysis):
    arteries = analysis.vessel_search.arteries
    return [
        _segment_step(target, analysis, "vessels", analysis.vessels),
        lambda: _put_candidates(target, arteries),
    ]


def _put_candidates(target, arteries):
    name = f"{target.scan.name} AIF candidates"
    target.keep("candidatesTable", put_candidates(target.nodes["candidatesTable"], arteries, name, target.scene))


def _curves_work(target, analysis):
    arterial, venous = analysis.arterial_input, analysis.venous_output
    shown = curves.arterial_curves(
        analysis.times,
        arterial.curve,
        arterial.measured,
        None if venous is None else venous.curve,
        analysis.brain_curve,
    )
    title = curves.concentration_title(analysis.series.modality)
    return [lambda: _put_chart(target, "curves", shown, title)]


def _outlines_work(target, analysis):
    arterial, venous = analysis.arterial_input, analysis.venous_output
    empty = analysis.brain_mask & False
    return [
        _segment_step(target, analysis, "VOF", empty if venous is None else venous.voxels),
        _segment_step(target, analysis, "AIF", arterial.voxels),
    ]


def _map_work(name, target, analysis):
    array, grid, brain = analysis.maps[name], analysis.grid, analysis.brain_mask
    facts, relative_to = provenance(analysis, target.scan), analysis.settings.relative_to
    return [lambda: _put_map(target, name, array, grid, facts, brain, relative_to)]


def _put_map(target, name, array, grid, facts, brain, relative_to):
    field, scan = map_field(name), target.scan.name
    former = target.nodes[field]
    volume = put_map(former, name, array, grid, scan, facts, target.scene, brain=brain, relative_to=relative_to)
    volume.SetDescription(f"{name} of {scan}. Research use only.")
    target.keep(field, volume)


def _remove_map(target, field):
    volume, target.nodes[field] = target.nodes[field], None
    remove_map(volume, target.scene)


def _put_chart(target, name, shown, y_title):
    table, chart = (target.nodes[f"{name}{kind}"] for kind in ("Table", "Chart"))
    title = f"{target.scan.name} {_CHART_TITLES[name]}"
    table, chart = curves.put_chart(table, chart, shown, title, y_title, target.scene)
    target.keep(f"{name}Table", table)
    target.keep(f"{name}Chart", chart)


def _segment_step(target, analysis, segment, mask):
    grid, modality = analysis.grid, analysis.series.modality
    return lambda: _put_segment(target, segment, mask, grid, modality)


def _put_segment(target, segment, mask, grid, modality):
    former = target.nodes["segmentation"]
    segmentation = segments.put_segment(former, segment, mask, grid, target.scan.name, target.scene)
    target.keep("segmentation", segmentation)
    if former is None and target.is_followed:
        proxy = proxy_volume(target.scan.node)
        views.set_scan_window(proxy, modality)
        views.show_scan(proxy)
        views.show_overlays(segmentation)


def _put_record(target, record):
    node = target.nodes["record"]
    if node is None:
        node = target.scene.AddNewNodeByClass("vtkMRMLTextNode", f"{target.scan.name} perfusion record")
    target.keep("record", node)
    write_record(node, record)


def _map_group(name):
    return _Group(name, "maps", "maps", (map_field(name),), partial(_map_work, name))


_CHART_TITLES = {"motion": "motion", "bolus": "bolus", "curves": "AIF and VOF"}
_GROUPS = (
    _Group("motion", "motion", "frames", ("motionTable", "motionChart"), _motion_work),
    _Group("brain", "brain", "brain_mask", ("segmentation",), _brain_work, ("brain",)),
    _Group("bolus", "bolus", "bolus", ("bolusTable", "bolusChart"), _bolus_work),
    _Group("vessels", "vessels", "vessel_search", ("segmentation", "candidatesTable"), _vessels_work, ("vessels",)),
    _Group("curves", "arterial_input", "arterial_input", ("curvesTable", "curvesChart"), _curves_work),
    _Group(_OUTLINES, "arterial_input", "arterial_input", ("segmentation",), _outlines_work, ("VOF", "AIF")),
)
