"""One study in the scene: the scan, its analysis, what a person decides, and the nodes that show the results."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import contextmanager

from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress, Steps, drain
from . import record as records
from .parameters import MAPS, RESULTS, settings_of
from .states import LAST_STAGE, STAGES, STEP_OF, STEPS, State


class SceneStudy:
    """Takes a scan of the scene to its maps, and keeps the scene and the analysis in step.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
        Holds the choices and refers to the results. Another scan there gets results of its own: those of the former
        scan stay in the scene, and are referred to again when that scan is chosen again.

    Attributes
    ----------
    parameters : PerfusionToolParameterNode
    analysis : Analysis or None
        None before the first run, and after a scene was opened.
    observers : list of callable
        Called without arguments after every change of what the study holds.
    publishing : bool
        True while the study itself writes to the scene, so that no change there is taken for a person's.

    Notes
    -----
    Methods whose names end in ``steps`` are generators of `Progress` and do their work while they are advanced, on the
    main thread. The scene changes between two steps only. To cancel is not to go on; what is finished stays in memory.
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self.observers: list[Callable[[], None]] = []
        self.publishing = False
        self._followed = parameters.scan
        self.close()
        this, scene = weakref.ref(self), parameters.parameterNode.GetScene()
        parameters.AddObserver("ModifiedEvent", lambda *_event: this() and this()._on_modified())
        for event in (scene.EndCloseEvent, scene.EndImportEvent):
            scene.AddObserver(event, lambda *_event: this() and this()._on_other_scene(), 1.0)

    # -- how things stand

    @property
    def scan(self):
        """The scan as it was read last, a `ScanNode`, or None."""
        return None if self._reader is None else self._reader.scan

    @property
    def busy(self) -> bool:
        """Whether steps are under way."""
        return self._run is not None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the results in the scene, in words."""
        return tuple(self._record().get("warnings", ()))

    @property
    def can_undo(self) -> bool:
        """Whether there is a former arterial input to go back to."""
        return self._history.former is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is an arterial input that was undone."""
        return self._history.next is not None

    def state(self, step: str) -> State:
        """How a step stands.

        Parameters
        ----------
        step : {"scan", "preparation", "brain_mask", "bolus", "arterial_input", "maps", "probe"}

        Returns
        -------
        State
        """
        if step not in STEPS:
            raise ValueError(f"There is no step {step!r}; the steps are {', '.join(STEPS)}.")
        self._follow_scan()
        if self.busy and self._progress is not None and STEP_OF.get(self._progress.stage, "scan") == step:
            return State("running", self._progress.text)
        if step == "scan":
            return self._scan_state()
        if self._failure is not None and self._failure[0] == step:
            return State("attention", self._failure[1])
        return self._result_state(step)

    def _scan_state(self):
        if self.parameters.scan is None:
            return State("waiting", _("Choose a 4D scan, or take sample data."))
        try:
            modality, times = self._read().modality, self._reader.frame_times().describe()
        except PerfusionError as error:
            return State("attention", str(error))
        return State("done", _("{modality}, {times}.").format(modality=modality, times=times))

    def _result_state(self, step):
        recorded = self._record().get("states", {}).get(step)
        if recorded is None:
            return State("waiting", _("Not done yet."))
        if not self._is_current(LAST_STAGE[step]):
            return State("waiting", _("Something has changed since; compute again."))
        if step in ("maps", "probe") and any(getattr(self.parameters, name) is None for name in MAPS):
            return State("waiting", _("Maps were removed from the scene; computing brings them back."))
        return State(*recorded)

    def _is_current(self, stage):
        """Whether what the scene shows of a stage belongs to the choices that stand."""
        if self.analysis is not None and stage not in self.analysis.stages_done:
            return False
        return STAGES.index(stage) < records.first_change(self._record(), self.parameters)

    def _record(self):
        """What is recorded of the results in the scene; empty where there are none."""
        node = self.parameters.record
        if node is None:
            return {}
        if self._recorded is None or self._recorded[0] is not node:
            self._recorded = node, records.read_record(node)
        return self._recorded[1]

    # -- the scan

    def close(self) -> None:
        """Drop everything in memory; work under way ends with a sentence. The scene stays as it is."""
        from .arterial_input_choice import History

        self._reader = None
        self.analysis = None
        self._publisher = None
        self._history = History()
        self._recorded = None
        self._failure = None
        self._progress = None
        self._run = None

    def read_scan(self):
        """The scan as it is now, read if it is another or has changed.

        Returns
        -------
        ScanNode

        Raises
        ------
        PerfusionError
            If it cannot be analysed.
        """
        self._follow_scan()
        self._read()
        return self.scan

    def _read(self, again=False):
        from .scan_reader import ScanReader

        if self._reader is None:
            self._reader = ScanReader(self.parameters)
        return self._reader.read(again)

    def _on_modified(self):
        if not self.publishing and not self.busy:
            # Whatever was changed, it may work now.
            self._failure = None
        scene = self.parameters.parameterNode.GetScene()
        if scene is not None and not scene.IsBatchProcessing():
            self._follow_scan()

    def _on_other_scene(self):
        # What the parameter node refers to is found once a scene is open, but the node does not say so.
        self.parameters.Modified()
        self._follow_scan()

    def _follow_scan(self):
        """Where the parameter node names another scan, take that one's results and choices; those of the former go."""
        scan = self.parameters.scan
        if scan is self._followed:
            return
        self._followed = scan
        self.close()
        if self.parameters.resultsOf is not scan:
            self._refer_to_results(scan)
        self._changed()

    def _refer_to_results(self, scan):
        from .publishing import results_of

        parameters = self.parameters
        found = {} if scan is None else results_of(scan, parameters.parameterNode.GetScene())
        recorded = records.read_record(found.get("record"))
        given = records.GIVEN | recorded.get("given", {})
        modifying = parameters.StartModify()
        try:
            for field in RESULTS:
                setattr(parameters, field, found.get(field))
            for field in records.GIVEN:
                setattr(parameters, field, given[field])
            parameters.maskNode = parameters.arterialInputNode = None
            parameters.resultsOf = scan if found else None
        finally:
            parameters.EndModify(modifying)

    # -- doing the work

    def steps(self, until: str | None = None) -> Steps[None]:
        """Bring the results in the scene up to date with scan, settings and choices.

        Parameters
        ----------
        until : str, optional
            The last step, or stage of the analysis, to be done; everything where left out.

        Yields
        ------
        Progress

        Raises
        ------
        PerfusionError
            If the scan cannot be analysed: what was finished before is in the scene. If scan or scene go while this
            runs: the scene is left alone.
        """
        with self._at_work() as work:
            try:
                yield from work(self._up_to_date_steps(until))
            except _EndedError:
                raise
            except PerfusionError as error:
                self._fail(error)
                raise
            self._publish()

    def _up_to_date_steps(self, until=None):
        yield Progress("reading", 0.0, _("Reading the scan"))
        self._take_up(again=True)
        yield from self._advance_steps(until)

    def _take_up(self, again=False, without=()):
        """Have an analysis of the scan as it is now, with the settings and choices that stand, but without some."""
        from ..perfusion.analysis import Analysis
        from .arterial_input_choice import History, kept_choice
        from .brain_mask_choice import kept_brain_mask
        from .publishing import Publisher

        series = self._read(again)
        settings = settings_of(self.parameters)
        if self.analysis is not None and self.analysis.series is series:
            self.analysis.change_settings(settings)
            return
        drawn = self._record().get("drawn", ())
        mask = None if "brain_mask" in without else kept_brain_mask(self.parameters, drawn, series.grid)
        choice = None if "arterial_input" in without else kept_choice(self.parameters, drawn, series.grid)
        remembered = self._record().get("remembered") if self.analysis is None else self.analysis.remembered
        self.analysis = Analysis(series, settings, mask, choice, remembered)
        self._publisher = Publisher(self.parameters)
        self._history = History()

    def _advance_steps(self, until=None):
        """Do the stages that are not done, up to one of them."""
        last = STAGES.index(LAST_STAGE.get(until, until)) if until else len(STAGES)
        steps = self.analysis.steps()
        for progress in steps:
            if STAGES.index(progress.stage) > last:
                return
            yield progress

    @contextmanager
    def _at_work(self):
        """For as long as steps are under way; gives what watches over them."""
        self._run = run = object()
        self._failure = self._progress = None
        self._changed()
        try:
            yield lambda steps: self._watched_steps(steps, run)
        finally:
            if self._run is run:
                self._run = self._progress = None
                self._changed()

    def _watched_steps(self, steps, run):
        """The same steps, as long as their scan is there and nobody has closed the study."""
        scan = self.parameters.scan
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                return end.value
            self._progress = progress
            yield progress
            if self._run is not run:
                raise _EndedError("The scan was closed or another was chosen; the analysis has ended.")
            if scan is not None and scan.GetScene() is None:
                self.close()
                raise _EndedError("The scan was removed from the scene while it was analysed; load it again.")

    def _fail(self, error):
        """Something cannot be done: what is finished is shown, and the step says why."""
        self._failure = STEP_OF.get(self._progress.stage, "scan"), str(error)
        if self._progress.stage in STEP_OF:
            self._publish()

    def _publish(self):
        """Put what is new into the scene, as far as the analysis has come."""
        if self.analysis is None:
            return
        self.publishing = True
        try:
            self._keep_choice()
            recorded = self._publisher.publish(self.analysis, self.scan)
        finally:
            self.publishing = False
        if recorded:
            self._recorded = self.parameters.record, recorded
        self._changed()

    def _keep_choice(self):
        """The arterial input in use stands in the history and in the parameter node."""
        from .arterial_input_choice import choice_in_use, keep_choice

        if "arterial_input" not in self.analysis.stages_done:
            return
        used = choice_in_use(self.analysis, self.parameters)
        if not used.is_like(self._history.present):
            self._history.add(used)
        keep_choice(self.parameters, self._history.present, self.analysis, self.scan.name)

    def _changed(self):
        for observer in list(self.observers):
            observer()

    # -- the brain mask

    def set_brain_mask_from(self, node, segment: str = "") -> bool:
        """Take a segment or labelmap as brain mask; `steps` then computes what depends on it.

        Parameters
        ----------
        node : vtkMRMLSegmentationNode or vtkMRMLLabelMapVolumeNode
            The study's own segmentation, too, where a person has edited the brain.
        segment : str
            The segment's ID.

        Returns
        -------
        bool
            Whether it is another mask than the one in use.

        Raises
        ------
        PerfusionError
            If it is empty or lies elsewhere; the former mask stays in use.
        """
        from .brain_mask_choice import say_brain_mask
        from .segments import segment_mask

        if self._is_in_use("brain", node, segment):
            return False
        mask = segment_mask(node, segment, self._read().grid)
        self._take_up(without=("brain_mask",))
        self.analysis.set_brain_mask(mask)
        say_brain_mask(self.parameters, "segment", node, segment)
        self._changed()
        return True

    def reset_brain_mask(self) -> None:
        """Go back to the brain mask that is found by itself; `steps` then computes what depends on it."""
        from .brain_mask_choice import say_brain_mask

        say_brain_mask(self.parameters, "automatic")
        if self.analysis is not None and self.analysis.given_brain_mask is not None:
            self.analysis.set_brain_mask(None)
        self._changed()

    def was_edited(self, segment: str) -> bool:
        """Whether a person has changed a segment of the results since it was put into the scene.

        Parameters
        ----------
        segment : {"brain", "AIF"}

        Returns
        -------
        bool
        """
        own = self.parameters.segmentation
        return own is not None and not self._is_in_use(segment, own, segment)

    def _is_in_use(self, name, node, segment):
        """Whether a segment holds the mask that is in the scene as the brain or as the AIF, and still in use."""
        from .segments import segment_mask

        published = self._record().get("masks", {}).get(name)
        if published is None or not self._is_current(LAST_STAGE[_MASK_STEPS[name]]):
            return False
        try:
            return records.mask_checksum(segment_mask(node, segment, self._results_grid())) == published
        except PerfusionError:
            return False

    def _results_grid(self):
        if self.analysis is not None:
            return self.analysis.grid
        return records.recorded_grid(self._record())

    # -- the arterial input

    def arterial_input_steps(self, kind: str = "automatic", value=None, dragging: bool = False) -> Steps[None]:
        """Use another arterial input: first its curve and voxels, then the maps come into the scene.

        Parameters
        ----------
        kind : {"automatic", "candidate", "seed", "mask", "curve"}
        value : object
            Rank of the candidate; place of the seed in RAS mm; node, or node and segment, of the mask; values of the
            curve, one per frame.
        dragging : bool
            The seed in use is dragged on: to undo leads to what was before it.

        Yields
        ------
        Progress

        Raises
        ------
        PerfusionError
            If it cannot serve: the former arterial input stays in use, and its nodes as they are.
        """
        from .arterial_input_choice import asked_choice

        def note(chosen):
            self._history.add(chosen, in_place=dragging and self._history.present.kind == "seed")

        yield from self._choice_steps(lambda: asked_choice(kind, value, self.analysis), note)

    def undo_arterial_input_steps(self) -> Steps[None]:
        """Go back to the arterial input before; as `arterial_input_steps`."""
        former = self._history.former
        if former is None:
            raise PerfusionError("There is no former arterial input to go back to.")
        yield from self._choice_steps(lambda: former, lambda _chosen: self._history.back())

    def redo_arterial_input_steps(self) -> Steps[None]:
        """Use the arterial input again that was undone; as `arterial_input_steps`."""
        following = self._history.next
        if following is None:
            raise PerfusionError("No arterial input was undone.")
        yield from self._choice_steps(lambda: following, lambda _chosen: self._history.forth())

    def _choice_steps(self, choose, note):
        """Use another arterial input; `choose` gives it when the vessels are known, `note` keeps the history."""
        with self._at_work() as work:
            try:
                yield from work(self._before_choice_steps())
            except _EndedError:
                raise
            except PerfusionError as error:
                self._fail(error)
                raise
            former = self._history.copy()
            self._use(choose(), note)
            yield from work(self._after_choice_steps(former))
            self._publish()

    def _before_choice_steps(self):
        self._take_up(without=("arterial_input",))
        yield from self._advance_steps("smoothing")

    def _use(self, choice, note=None):
        from .arterial_input_choice import take_choice

        take_choice(self.analysis, choice)
        if note is not None:
            note(choice)
        self._publish()

    def _after_choice_steps(self, former):
        """The maps of the new arterial input; where there can be none, the former one and its maps again."""
        yield Progress("arterial_input", 1.0, _("The arterial input has changed"))
        try:
            yield from self._advance_steps()
        except PerfusionError:
            if former.present is not None:
                self._history = former
                self._use(former.present)
                yield from self._advance_steps()
                self._publish()
            raise

    def save_arterial_input(self, path) -> None:
        """Save the arterial input as a curve at all frame times.

        Loaded again, here or by the command line with the same settings, it gives the same maps.

        Parameters
        ----------
        path : str or Path
            CSV file.

        Raises
        ------
        PerfusionError
            If there is none in memory, or the file cannot be written.
        """
        import numpy as np

        from ..files import write_curve

        analysis = self._analysis_with("arterial_input")
        arterial, times = analysis.arterial_input, analysis.series.times
        # A given curve is scaled by a factor that was set, but not by the one found from the VOF.
        scale = 1.0 if analysis.settings.partial_volume == "factor" else arterial.scale
        # Frames that are not in use lie before the bolus or between others.
        write_curve(path, times, np.interp(times, analysis.times, scale * arterial.measured))

    def load_arterial_input_steps(self, path) -> Steps[None]:
        """Use a curve from a file as arterial input; as `arterial_input_steps`.

        Parameters
        ----------
        path : str or Path
            Table of two columns, time and value.
        """
        from ..files.curves import curve_at, read_curve

        curve = curve_at(self._read().times, *read_curve(path), path)
        yield from self.arterial_input_steps("curve", curve)

    # -- readings

    def voxel_reading(self, ras):
        """Curves and map values at a place in RAS mm, a `VoxelReading`."""
        from ..perfusion.readings import voxel_reading

        return voxel_reading(self._analysis_with("maps"), ras=ras)

    def region_reading(self, node, segment: str = ""):
        """Mean curve and statistics of the maps in a segment or labelmap, a `RegionReading`."""
        from ..perfusion.readings import region_reading

        return region_reading(self._analysis_with("maps"), self._region(node, segment))

    def mirrored_region_reading_steps(self, node, segment: str = "") -> Steps[object]:
        """The same of the region's mirror image in the other hemisphere; returns a `RegionReading`."""
        from ..perfusion.readings import mirrored_steps, region_reading

        analysis = self._analysis_with("maps")
        mask = yield from mirrored_steps(analysis, self._region(node, segment))
        return region_reading(analysis, mask)

    def _region(self, node, segment):
        from .segments import segment_mask

        return segment_mask(node, segment, self._results_grid())

    def _analysis_with(self, stage):
        if self.analysis is None or stage not in self.analysis.stages_done:
            raise PerfusionError("The curves are not in memory; compute the maps first.")
        return self.analysis

    # -- series on request

    def put_corrected_series_steps(self) -> Steps[None]:
        """Put the frames in use, after motion correction, into the scene as a sequence."""
        yield from self._series_steps(
            "correctedSeries", "motion corrected", "motion", lambda analysis: analysis.corrected
        )

    def put_concentration_series_steps(self) -> Steps[None]:
        """Put the smoothed concentration of the brain into the scene as a sequence."""
        from ..perfusion.maps import scatter

        def frames(analysis):
            return (scatter(values, analysis.brain_mask) for values in analysis.concentration.T)

        yield from self._series_steps("concentrationSeries", "concentration", "smoothing", frames)

    def put_projection(self) -> None:
        """Put the projection of every frame through the middle third of the slices into the scene as a sequence."""
        from .series_nodes import projection

        self._analysis_with("motion")
        brightens = self._read().modality == "CT"

        def frames(analysis):
            return projection(analysis.corrected, analysis.grid, brightens)

        drain(self._series_steps("projection", "projection", "motion", frames))

    def _series_steps(self, field, title, stage, frames_of):
        from .series_nodes import put_series_steps

        with self._at_work() as work:
            try:
                yield from work(self._up_to_date_steps(stage))
            except _EndedError:
                raise
            except PerfusionError as error:
                self._fail(error)
                raise
            found, grid = frames_of(self.analysis), self.analysis.grid
            frames, grid = found if isinstance(found, tuple) else (found, grid)
            scene, name = self.parameters.parameterNode.GetScene(), f"{self.scan.name} {title}"
            put = put_series_steps(getattr(self.parameters, field), frames, self.analysis.times, grid, name, scene)
            node = yield from work(put)
            setattr(self.parameters, field, node)
            self._publish()


class _EndedError(PerfusionError):
    """Scan or scene are gone, and with them the work."""


_MASK_STEPS = {"brain": "brain_mask", "AIF": "arterial_input"}
