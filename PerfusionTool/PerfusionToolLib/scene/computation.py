"""The work on one scan: its analysis, advanced in steps, and what is new put into the scene in between."""

from __future__ import annotations

from contextlib import closing, contextmanager

from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress, Steps, drain
from .parameters import settings_of
from .results import Results
from .states import LAST_STAGE, STAGES, STEP_OF


class EndedError(PerfusionError):
    """Scan or scene are gone, and with them the work."""


class Computation:
    """Holds the analysis of the scan that a parameter node names.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    observers : list of callable
        Called without arguments after every change.

    Attributes
    ----------
    results : Results
        Those in the scene.
    analysis : Analysis or None
        None before the first run.
    history : History
        Of the arterial input.
    progress : Progress or None
        The newest one of the steps that are under way.
    failure : tuple of str or None
        Step and sentence of what could not be done.
    publishing : bool
        True while results are written to the scene.
    """

    def __init__(self, parameters, observers: list):
        self._parameters = parameters
        self._observers = observers
        self.results = Results(parameters)
        self.publishing = False
        self.close()

    def close(self) -> None:
        """Drop everything in memory; work under way ends with a sentence."""
        from .vessels.choice import History

        self.results.forget()
        self.analysis = self._reader = self._publisher = self._run = None
        self._said = {}
        self.progress = self.failure = None
        self.history = History()

    def notify(self) -> None:
        """Tell the observers that something has changed."""
        for observer in list(self._observers):
            observer()

    @property
    def busy(self) -> bool:
        """Whether steps are under way."""
        return self._run is not None

    @property
    def parameters(self):
        """The parameter node's wrapper."""
        return self._parameters

    # -- the scan

    @property
    def scan(self):
        """The scan as it was read last, a `ScanNode`, or None."""
        return None if self._reader is None else self._reader.scan

    def read(self, again: bool = False):
        """The series of the scan, read if it has changed; see `ScanReader.read`."""
        return self._the_reader().read(again)

    def frame_times(self):
        """Frame times in use, a `FrameTimes`; see `ScanReader.frame_times`."""
        return self._the_reader().frame_times()

    def _the_reader(self):
        from .scans.reader import ScanReader

        if self._reader is None:
            self._reader = ScanReader(self._parameters)
        return self._reader

    # -- the analysis

    def take_up(self, again: bool = False, without=()) -> None:
        """Have an analysis of the scan as it is now, with the settings and choices that stand.

        Parameters
        ----------
        again : bool
            Look at the voxels themselves, too.
        without : collection
            Whose choices do not count: "brain_mask", or a `Vessel`.
        """
        from ..perfusion.analysis import Analysis
        from .brain_mask_choice import kept_brain_mask
        from .publishing import Publisher
        from .vessels.choice import History
        from .vessels.source import VESSELS, check_kinds, kept_source

        series = self.read(again)
        check_kinds(self._parameters, without)
        settings = settings_of(self._parameters)
        if self.analysis is not None and self.analysis.series is series:
            self.analysis.change_settings(settings)
            self._take_said(without)
            return
        drawn = self.results.record.get("drawn", ())
        mask = None if "brain_mask" in without else kept_brain_mask(self._parameters, drawn, series.grid)
        choices = [
            None if vessel in without else kept_source(vessel, self._parameters, drawn, series.grid)
            for vessel in VESSELS
        ]
        remembered = self.results.record.get("remembered") if self.analysis is None else self.analysis.remembered
        self.analysis = Analysis(series, settings, mask, *choices, remembered)
        self._publisher = Publisher(self._parameters)
        self.history = History()
        self._note_said()

    def _take_said(self, without):
        """Use what was written into the parameter node by others since the choices in use were."""
        from .vessels.source import VESSELS, kept_source, said_source

        analysis, said = self.analysis, self._said
        choices = dict(zip(VESSELS, (analysis.arterial_input_choice, analysis.venous_output_choice), strict=True))
        changed = [v for v in VESSELS if v not in without and said_source(v, self._parameters) != said[v]]
        if changed:
            choices |= {vessel: kept_source(vessel, self._parameters, (), analysis.series.grid) for vessel in changed}
            analysis.take_choices(*choices.values(), run=False)
            self._note_said()

    def _note_said(self):
        from .vessels.source import VESSELS, said_source

        self._said = {vessel: said_source(vessel, self._parameters) for vessel in VESSELS}

    def advance_steps(self, until: str | None = None) -> Steps[None]:
        """Do the stages that are not done, up to a step or stage."""
        last = STAGES.index(LAST_STAGE.get(until, until)) if until else len(STAGES)
        for progress in self.analysis.steps():
            if STAGES.index(progress.stage) > last:
                return
            yield progress

    def up_to_date_steps(self, until: str | None = None) -> Steps[None]:
        """Read the scan again and do what is not done, up to a step or stage."""
        yield Progress("reading", 0.0, _("Reading the scan"))
        self.take_up(again=True)
        yield from self.advance_steps(until)

    # -- doing it

    @contextmanager
    def at_work(self):
        """For as long as steps are under way.

        Yields
        ------
        callable
            ``work(steps, noted=True)``: the same steps, for as long as scan and study are there. A failure is noted
            as how the step stands that was under way, if wanted.
        """
        self._run = run = object()
        self.failure = self.progress = None
        self.notify()
        try:
            yield lambda steps, noted=True: self._watched_steps(steps, run, noted)
        finally:
            if self._run is run:
                self._run = self.progress = None
                self.notify()

    def _watched_steps(self, steps, run, noted):
        with closing(steps):
            return (yield from self._told_steps(steps, run, noted))

    def _told_steps(self, steps, run, noted):
        scan = self._parameters.scan
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                return end.value
            except PerfusionError as error:
                if noted:
                    self._note_failure(error)
                raise
            self.progress = progress
            yield progress
            if self._run is not run:
                raise EndedError("The scan was closed or another was chosen; the analysis has ended.")
            if scan is not None and scan.GetScene() is None:
                self.close()
                raise EndedError("The scan was removed from the scene while it was analysed; load it again.")

    def _note_failure(self, error):
        stage = self.progress.stage if self.progress is not None else ""
        self.failure = STEP_OF.get(stage, "scan"), str(error)

    def publish(self, hurried: bool = False) -> None:
        """Put what is new into the scene, as far as the analysis has come; see `publish_steps`."""
        drain(self.publish_steps(hurried))

    def publish_steps(self, hurried: bool = False) -> Steps[None]:
        """Put what is new into the scene, in short steps, but all of it even where these are not gone on with.

        Parameters
        ----------
        hurried : bool
            Leave out what can wait; see `Publisher.publish_steps`.

        Yields
        ------
        Progress
        """
        if self.analysis is None:
            return
        with self._writing():
            self._keep_choice()
        steps = self._publisher.publish_steps(self.analysis, self.scan, hurried)
        try:
            while (progress := self._written_step(steps)) is not None:
                yield progress
        finally:
            with self._writing():
                steps.close()
            self.results.forget()
            self.notify()

    def publish_candidates_steps(self) -> Steps[None]:
        """Where no artery serves by itself, a person has to see the candidates of a first run to choose one."""
        shown = "arterial_input" in self.results.record.get("stages", ())
        if not shown and self.analysis is not None and "vessels" in self.analysis.stages_done:
            yield from self.publish_steps()

    def _written_step(self, steps):
        with self._writing():
            return next(steps, None)

    @contextmanager
    def _writing(self):
        """Only the steps themselves write: what happens between two of them is a person's doing."""
        self.publishing = True
        try:
            yield
        finally:
            self.publishing = False

    def _keep_choice(self):
        """The arterial input in use stands in the history and in the parameter node."""
        from .vessels.choice import choice_in_use, keep_choice

        if "arterial_input" not in self.analysis.stages_done:
            return
        used = choice_in_use(self.analysis, self._parameters)
        if not used.is_like(self.history.present):
            self.history.add(used)
        keep_choice(self._parameters, self.history.present, self.analysis, self.scan.name)
        self._note_said()
