"""One study in the scene: the scan, its analysis, what a person decides, and the nodes that show the results."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress

from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Steps
from .comparison.step import SceneComparison
from .computation import Computation, EndedError
from .map_choice import show_map_in, want_map
from .maps import remove_unwanted_maps
from .parameters import map_field
from .results import refer_to_results
from .saving.step import DICOM, REPORT, RESULTS, SceneSaving
from .showing import show_maps
from .states import STEP_OF, STEPS, State
from .tissue.choice import check_wanted
from .tissue.step import SceneTissue


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
    observers : list of callable
        Called without arguments after every change of what the study holds.
    tissue : SceneTissue
    comparison : SceneComparison
    saving : SceneSaving

    Notes
    -----
    Methods whose names end in ``steps`` are generators of `Progress` and do their work while they are advanced, on the
    main thread. The scene changes between two steps only. To cancel is not to go on; what is finished stays in memory.
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self.observers: list[Callable[[], None]] = []
        self._computation = Computation(parameters, self.observers)
        self._results = self._computation.results
        # What is made of finished maps: steps of the window that keep their own state.
        self.tissue = SceneTissue(self._computation)
        self.comparison = SceneComparison(self._computation)
        self.saving = SceneSaving(self._computation, self.tissue)
        self._uses = {"tissue": self.tissue, "comparison": self.comparison, "saving": self.saving}
        self._followed = parameters.scan
        self._former_mask = None  # the brain mask in use before one that has not served yet: how it is said, and itself
        this, scene = weakref.ref(self), parameters.parameterNode.GetScene()
        tag = parameters.AddObserver("ModifiedEvent", lambda *_event: this() and this()._on_modified())
        self._observed = [(parameters, tag)]
        for event in (scene.EndCloseEvent, scene.EndImportEvent):
            tag = scene.AddObserver(event, lambda *_event: this() and this()._on_other_scene(), 1.0)
            self._observed.append((scene, tag))

    # -- how things stand

    @property
    def scan(self):
        """The scan as it was read last, a `ScanNode`, or None."""
        return self._computation.scan

    @property
    def modality(self) -> str:
        """ "CT" or "MR", as given or as found; "" where no scan was read."""
        return self.parameters.modality or (self.scan.modality if self.scan is not None else "")

    @property
    def analysis(self):
        """The `Analysis`; None before the first run, and after a scene was opened."""
        return self._computation.analysis

    @property
    def busy(self) -> bool:
        """Whether steps are under way."""
        return self._computation.busy

    @property
    def publishing(self) -> bool:
        """Whether the study itself writes to the scene just now, so that no change there is a person's."""
        return self._computation.publishing

    @property
    def motion(self):
        """The head's motion that was corrected, a `Motion` or None, and the first frame in use; kept with the scene."""
        return self._results.motion(self.analysis)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the results in the scene, in words."""
        return tuple(self._results.record.get("warnings", ()))

    @property
    def can_undo(self) -> bool:
        """Whether there is a former arterial input to go back to."""
        return self._computation.history.former is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is an arterial input that was undone."""
        return self._computation.history.next is not None

    def state(self, step: str) -> State:
        """How a step stands.

        Parameters
        ----------
        step : {"scan", "preparation", "brain_mask", "bolus", "arterial_input", "maps", "probe", "tissue", "comparison",
            "saving"}

        Returns
        -------
        State
        """
        if step not in (*STEPS, *self._uses):
            raise ValueError(f"There is no step {step!r}; the steps are {', '.join((*STEPS, *self._uses))}.")
        self._follow_scan()
        if step in self._uses:
            return self._uses[step].state()
        progress, failure = self._computation.progress, self._computation.failure
        stage = progress.stage if self.busy and progress is not None else None
        if stage is not None and stage not in self._uses and STEP_OF.get(stage, "scan") == step:
            return State("running", progress.text)
        if step == "scan":
            return self._scan_state()
        if failure is not None and failure[0] == step:
            return State("attention", failure[1])
        return self._results.state(step, self.analysis)

    def _scan_state(self):
        if self.parameters.scan is None:
            return State("waiting", _("Choose a 4D scan, or take sample data."))
        try:
            modality, times = self._computation.read().modality, self._computation.frame_times().describe()
        except PerfusionError as error:
            return State("attention", str(error))
        return State("done", _("{modality}, {times}.").format(modality=modality, times=times))

    # -- the scan

    def close(self) -> None:
        """Drop everything in memory; work under way ends with a sentence. The scene stays as it is."""
        self._computation.close()
        self.tissue.close()

    def forget(self) -> None:
        """Drop everything in memory and follow the scene no more: another study has taken over."""
        self.close()
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed = []

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
        self._computation.read()
        return self.scan

    def _on_modified(self):
        if not self.publishing and not self.busy:
            # Whatever was changed, it may work now.
            self._computation.failure = None
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
        self._former_mask = None
        self.close()
        # Of a scan that was removed, `resultsOf` knows no more.
        if scan is None or self.parameters.resultsOf is not scan:
            refer_to_results(self.parameters, scan)
        self._computation.notify()

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
            If the scan cannot be analysed: the scene stays as it was, and what was finished before stays in memory;
            but if only the arterial input is missing, what it can be chosen from is in the scene. If a new brain mask
            cannot serve: the former one and its results are in use again. If scan or scene go while this runs: the
            scene is left alone.
        """
        yield from self._followed_steps(self._maps_steps(until))

    def _followed_steps(self, steps):
        """Work on the maps, and on what follows them where it is there."""
        try:
            yield from steps
            yield from self.tissue.follow_steps()
            yield from self.comparison.follow_steps()
        finally:
            self.tissue.mark_if_outdated()
            self.comparison.mark_if_outdated()

    def _maps_steps(self, until=None):
        with self._computation.at_work() as work:
            try:
                yield from work(self._computation.up_to_date_steps(until))
            except EndedError:
                raise
            except PerfusionError:
                yield from work(self._former_mask_steps(until), noted=False)
                yield from work(self._computation.publish_candidates_steps(), noted=False)
                raise
            self._former_mask = None
            yield from work(self._computation.publish_steps(), noted=False)

    def has_finished(self, stage: str) -> bool:
        """Whether a stage of the analysis is done, and its results are in memory."""
        return self.analysis is not None and stage in self.analysis.stages_done

    def show_finished(self) -> None:
        """Put what a run has finished that failed or was cancelled into the scene, for a person to repair it there."""
        self._computation.publish()

    def _former_mask_steps(self, until):
        """Where a new brain mask could not serve, the former one and its results again."""
        from .brain_mask_choice import say_brain_mask

        former, self._former_mask = self._former_mask, None
        if former is None or self.analysis is None:
            return
        said, mask = former
        say_brain_mask(self.parameters, *said)
        self.analysis.set_brain_mask(mask)
        if self._results.record:
            with suppress(PerfusionError):
                yield from self._computation.advance_steps(until)
            yield from self._computation.publish_steps()

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
            If it is empty or lies elsewhere; the former mask stays in use. It comes back, too, where `steps` finds that
            the new one cannot serve; but not while a person edits the results' own segment.
        """
        from .brain_mask_choice import say_brain_mask
        from .segments import segment_mask

        if self._results.shows_brain(node, segment, self.analysis):
            return False
        mask = segment_mask(node, segment, self._computation.read().grid)
        self._note_former_mask(node, segment)
        self.analysis.set_brain_mask(mask)
        say_brain_mask(self.parameters, "segment", node, segment)
        self._computation.notify()
        return True

    def _note_former_mask(self, node, segment):
        parameters = self.parameters
        try:
            self._computation.take_up()
        except PerfusionError:
            # The former mask may be gone from the scene.
            self._computation.take_up(without=("brain_mask",))
            self._former_mask = None
            return
        said = parameters.maskSource, parameters.maskNode, parameters.maskSegment
        if node is parameters.segmentation and segment == "brain":
            self._former_mask = None
        elif self._former_mask is None:
            self._former_mask = said, self.analysis.given_brain_mask

    def reset_brain_mask(self) -> None:
        """Go back to the brain mask that is found by itself; `steps` then computes what depends on it."""
        from .brain_mask_choice import say_brain_mask

        self._former_mask = None
        say_brain_mask(self.parameters, "automatic")
        if self.analysis is not None and self.analysis.given_brain_mask is not None:
            self.analysis.set_brain_mask(None)
        self._computation.notify()

    def was_edited(self, segment: str) -> bool:
        """Whether a person has changed a segment of the results since it was put into the scene.

        Parameters
        ----------
        segment : {"brain", "AIF", "VOF"}

        Returns
        -------
        bool
        """
        return self._results.was_edited(segment)

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
            If it cannot serve: the former arterial input stays in use, and its nodes as they are. Where there are no
            results yet and the automatic one fails, what another can be chosen from is in the scene.
        """
        from .vessels.change import ask_steps
        from .vessels.source import ARTERY

        yield from self._followed_steps(ask_steps(self._computation, ARTERY, kind, value, dragging))

    def venous_output_steps(self, kind: str = "automatic", value=None, dragging: bool = False) -> Steps[None]:
        """Use another venous output; as `arterial_input_steps`, and undone and done again with it.

        The rank of a candidate is its place in ``venous_output.candidates`` of the analysis.
        """
        from .vessels.change import ask_steps
        from .vessels.source import VEIN

        yield from self._followed_steps(ask_steps(self._computation, VEIN, kind, value, dragging))

    def undo_arterial_input_steps(self) -> Steps[None]:
        """Go back to the arterial input and venous output before; as `arterial_input_steps`."""
        from .vessels.change import change_steps

        former = self._computation.history.former
        if former is None:
            raise PerfusionError("There is no former arterial input to go back to.")
        work = self._computation
        yield from self._followed_steps(change_steps(work, lambda: former, lambda _chosen: work.history.back()))

    def redo_arterial_input_steps(self) -> Steps[None]:
        """Use the arterial input again that was undone; as `arterial_input_steps`."""
        from .vessels.change import change_steps

        following = self._computation.history.next
        if following is None:
            raise PerfusionError("No arterial input was undone.")
        work = self._computation
        yield from self._followed_steps(change_steps(work, lambda: following, lambda _chosen: work.history.forth()))

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
        from .vessels.change import save_curve

        save_curve(self._analysis_with("arterial_input"), path)

    def load_arterial_input_steps(self, path) -> Steps[None]:
        """Use a curve from a file as arterial input; as `arterial_input_steps`.

        Parameters
        ----------
        path : str or Path
            Table of two columns, time and value.
        """
        from ..files.curves import curve_at, read_curve

        curve = curve_at(self._computation.read().times, *read_curve(path), path)
        yield from self.arterial_input_steps("curve", curve)

    # -- the maps

    @property
    def given_maps(self) -> tuple[str, ...]:
        """Names of the maps that the method gives; empty before there are maps."""
        return self._results.given_maps(self.analysis)

    def map_volume(self, name: str):
        """The volume of a map; made, and wanted from then on, where the map is in memory but not in the scene.

        Parameters
        ----------
        name : str
            A key of `perfusion.maps.UNITS`.

        Returns
        -------
        vtkMRMLScalarVolumeNode or None
            None before there are maps, and where the method does not give this one.

        Raises
        ------
        PerfusionError
            If there is no such map.
        """
        field = map_field(name)
        if getattr(self.parameters, field) is None and self.has_finished("maps") and name in self.analysis.maps:
            self.want_map(name)
        return getattr(self.parameters, field)

    def want_map(self, name: str, wanted: bool = True) -> bool:
        """Have a map as a volume in the scene, or not.

        Parameters
        ----------
        name : str
            A key of `perfusion.maps.UNITS`.
        wanted : bool

        Returns
        -------
        bool
            Whether `steps` has to make it: the maps are not in memory, or steps are under way.
        """
        want_map(self.parameters, name, wanted)
        return self._take_map_choice()

    def show_map_in(self, view: str, name: str) -> bool:
        """Let a view show another map, which is wanted then.

        Parameters
        ----------
        view : str
            Its layout name, one of `views.MAP_VIEWS`.
        name : str
            A key of `perfusion.maps.UNITS`; "" for the scan alone.

        Returns
        -------
        bool
            As `want_map`.
        """
        show_map_in(self.parameters, view, name)
        return self._take_map_choice()

    def _take_map_choice(self):
        if not self.busy:
            if self.has_finished("maps"):
                self._computation.publish()
            else:
                remove_unwanted_maps(self.parameters)
        show_maps(self.parameters)
        return self.busy or bool(self._results.missing_maps(self.analysis))

    # -- readings

    def voxel_reading(self, ras):
        """Curves and map values at a place in RAS mm, a `VoxelReading`."""
        from ..perfusion.readings import voxel_reading
        from .vessels.seed import place_of

        return voxel_reading(self._analysis_with("maps"), ras=place_of(ras))

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

        return segment_mask(node, segment, self._results.grid(self.analysis))

    def _analysis_with(self, stage):
        if self.analysis is None or stage not in self.analysis.stages_done:
            raise PerfusionError("The curves are not in memory; compute the maps first.")
        return self.analysis

    # -- tissue at risk

    def tissue_steps(self) -> Steps[object]:
        """Find tissue at risk by the thresholds and rules in the parameter node; maps that are to be made come first.

        Yields
        ------
        Progress

        Returns
        -------
        TissueAtRisk

        Raises
        ------
        PerfusionError
            If it cannot be looked for; what was found before stays, and says so where it is of other maps.
        """
        check_wanted(self.parameters)
        try:
            if not (self.has_finished("maps") and self._results.is_current("maps", self.analysis)):
                yield from self._maps_steps()
            return (yield from self.tissue.find_steps())
        finally:
            self.tissue.mark_if_outdated()

    def lesion_component_steps(self, number: int, kept: bool) -> Steps[None]:
        """Keep or remove a component of the tissue at risk; in a scene that was just opened it is found again first.

        Parameters
        ----------
        number : int
            As in the table of components.
        kept : bool
        """
        decision = self.tissue.decision(number, kept)
        if self.tissue.lesion is None:
            yield from self.tissue_steps()
        self.tissue.take(decision)

    def save_tissue_steps(self, path, regions: dict | None = None) -> Steps[list]:
        """Write the tissue at risk as CSV files; in a scene that was just opened it is found again first.

        Parameters
        ----------
        path : str or Path
            Of the volumes; components, slices and sides go to files beside it.
        regions : dict of str to (node, str), optional
            Further regions whose sides are compared: nodes and IDs of segments by names of the regions.

        Yields
        ------
        Progress

        Returns
        -------
        list of Path
        """
        from .tissue.saving import save_steps

        if self.tissue.lesion is None or not self.tissue.is_current:
            yield from self.tissue_steps()
        masks = {name: self._region(node, segment) for name, (node, segment) in (regions or {}).items()}
        return (yield from save_steps(path, self.analysis, self.tissue.lesion, masks))

    # -- comparison

    def comparison_steps(self, references=None, units=None, backgrounds=None) -> Steps[object]:
        """Compare the maps with reference volumes; maps that are to be made come first.

        Parameters
        ----------
        references : dict of str to vtkMRMLScalarVolumeNode, optional
            By map; chosen from then on, in place of others. Those that are chosen where left out.
        units, backgrounds : dict of str to str, optional
            Of some of these references, "" for as found; kept with the volumes from then on.

        Yields
        ------
        Progress

        Returns
        -------
        Comparison

        Raises
        ------
        PerfusionError
            If none can be compared; the former comparison stays, and says so where it is of other maps.
        """
        self._follow_scan()
        try:
            if not self._results.is_current("maps", self.analysis):
                yield from self._maps_steps()
            return (yield from self.comparison.compare_steps(references, units, backgrounds))
        finally:
            self.comparison.mark_if_outdated()

    # -- files

    def save_report_steps(self, path) -> Steps[tuple[str, ...]]:
        """Save the report; what is not in memory is computed first.

        Parameters
        ----------
        path : str or Path
            HTML file; an older one is replaced once the new one is whole.

        Yields
        ------
        Progress

        Returns
        -------
        tuple of str
            What a person should know of what was written.

        Raises
        ------
        PerfusionError
            If there are no maps, they cannot be computed again, or the file cannot be written; and if scan or scene go
            meanwhile. No file is changed then.
        """
        self.saving.check(REPORT)
        no_tissue = yield from self._ready_to_save_steps()
        return (yield from self.saving.report_steps(path, no_tissue))

    def save_results_steps(self, folder) -> Steps[tuple[str, ...]]:
        """Save maps, masks, settings, report and overview in a folder, as the command line does.

        As `save_report_steps`. With ``--settings`` the command line takes the folder's ``settings.json`` to do the same
        again.
        """
        self.saving.check(RESULTS)
        no_tissue = yield from self._ready_to_save_steps()
        return (yield from self.saving.results_steps(folder, no_tissue))

    def save_dicom_steps(self, folder) -> Steps[tuple[str, ...]]:
        """Save maps and regions of a scan that was imported from DICOM as DICOM; as `save_report_steps`."""
        self.saving.check(DICOM)
        no_tissue = yield from self._ready_to_save_steps()
        return (yield from self.saving.dicom_steps(folder, no_tissue))

    def _ready_to_save_steps(self):
        """Maps that stand, and the tissue at risk of a person's choice where it was found; why it is not, else ""."""
        if not self.saving.is_ready:
            yield from self.steps()
        if self.tissue.was_found and (self.tissue.lesion is None or not self.tissue.is_current):
            try:
                yield from self.tissue_steps()
            except EndedError:
                raise
            except PerfusionError as error:
                return f"Tissue at risk was not looked for. {error}"
        return ""

    # -- series on request

    def put_corrected_series_steps(self) -> Steps[None]:
        """Put the frames in use, after motion correction, into the scene as a sequence."""
        from .series_on_request import CORRECTED, put_requested_steps

        yield from put_requested_steps(self._computation, CORRECTED, self.parameters)

    def put_concentration_series_steps(self) -> Steps[None]:
        """Put the smoothed concentration of the brain into the scene as a sequence."""
        from .series_on_request import CONCENTRATION, put_requested_steps

        yield from put_requested_steps(self._computation, CONCENTRATION, self.parameters)

    def put_projection_steps(self) -> Steps[None]:
        """Put the projection of every frame through the middle third of the slices into the scene as a sequence."""
        from .series_on_request import PROJECTION, put_requested_steps

        yield from put_requested_steps(self._computation, PROJECTION, self.parameters)
