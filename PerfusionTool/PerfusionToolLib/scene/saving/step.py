"""Report, maps and masks, and DICOM of a study in the scene: the files that the command line writes."""

from __future__ import annotations

from slicer.i18n import tr as _

from ...files.paths import checked_path
from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps, retold
from ..scans.origin import read_origin
from ..states import State
from .scan import read_headers, reason_against_dicom, scan_as_read

STAGE = "saving"
REPORT, RESULTS, DICOM = "report", "results", "dicom"
# Part of the whole, measured on a large scan, that each stage of the work takes.
_PARTS = {"writing": (0.0, 0.1), "report": (0.25, 0.9), "overview": (0.9, 1.0)}
_OTHERS = (0.1, 0.25)


class SceneSaving:
    """Writes what a study has found to files, all of it or nothing.

    Parameters
    ----------
    computation : Computation
    tissue : SceneTissue
        Whose lesion, with a person's decisions, goes into the files; where none was looked for, it is found by the
        thresholds that were published for the method, as the command line does.
    """

    def __init__(self, computation, tissue):
        self._computation = computation
        self._tissue = tissue
        self._saved = None  # how it is said, and of which maps and lesion it was

    # -- how things stand

    def reason_against(self, what: str = RESULTS) -> str:
        """Why something cannot be saved, "" where it can.

        Parameters
        ----------
        what : {"report", "results", "dicom"}

        Returns
        -------
        str
        """
        computation = self._computation
        if not computation.results.given_maps(computation.analysis):
            return _("Compute the maps first.")
        if what != DICOM:
            return ""
        scan = computation.scan
        return reason_against_dicom(computation.parameters.scan, None if scan is None else scan.ijk_to_ras)

    def check(self, what: str) -> None:
        """Refuse early what could not be saved in the end.

        Parameters
        ----------
        what : {"report", "results", "dicom"}

        Raises
        ------
        PerfusionError
            With the reason against it.
        """
        reason = self.reason_against(what)
        if reason:
            raise PerfusionError(reason)

    @property
    def is_ready(self) -> bool:
        """Whether the maps that stand are in memory, so that nothing has to be computed before it is saved."""
        analysis = self._computation.analysis
        in_memory = analysis is not None and "maps" in analysis.stages_done
        return in_memory and self._computation.results.is_current("maps", analysis)

    def state(self) -> State:
        """How this stands."""
        computation = self._computation
        progress, reason = computation.progress, self.reason_against()
        if computation.busy and progress is not None and progress.stage == STAGE:
            return State("running", progress.text)
        if reason:
            return State("waiting", reason)
        if not self.is_ready:
            return State(
                "waiting", _("The curves are not in memory: the maps are computed again before anything is saved.")
            )
        if self._saved is None or self._saved[1] is not computation.analysis:
            return State("waiting", _("Nothing was saved yet."))
        sentence, _analysis, *saved = self._saved
        if not all(one is other for one, other in zip(saved, self._contents(), strict=True)):
            return State("waiting", _("Something has changed since it was saved; save it again."))
        return State("done", sentence)

    def _contents(self):
        return self._computation.analysis.maps, self._tissue.lesion

    # -- saving

    def report_steps(self, path, no_tissue: str = "") -> Steps[tuple[str, ...]]:
        """Write the report; the maps must be in memory.

        Parameters
        ----------
        path : str or Path
            HTML file; an older one is replaced at the end.
        no_tissue : str
            Why there is no tissue at risk, where it was looked for in vain.

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
            If it cannot be written, or scan or scene go meanwhile: no file is changed.
        """
        path = checked_path(path)
        said = _("The report was saved as {path}.").format(path=path)
        return (yield from self._saving_steps(self._report_steps(path, no_tissue), said))

    def results_steps(self, folder, no_tissue: str = "") -> Steps[tuple[str, ...]]:
        """Write maps, masks, settings, report and overview as the command line does; as `report_steps`.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist; results of an earlier run in it are replaced at the end.
        no_tissue : str
        """
        folder = checked_path(folder)
        said = _("Maps and masks were saved in {folder}.").format(folder=folder)
        return (yield from self._saving_steps(self._results_steps(folder, no_tissue), said))

    def dicom_steps(self, folder, no_tissue: str = "") -> Steps[tuple[str, ...]]:
        """Write maps and regions as DICOM; as `report_steps`.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.
        no_tissue : str
        """
        folder = checked_path(folder)
        said = _("Maps and regions were saved as DICOM in {folder}.").format(folder=folder)
        return (yield from self._saving_steps(self._dicom_steps(folder, no_tissue), said))

    def _saving_steps(self, steps, said):
        with self._computation.at_work() as work:
            notes = yield from work(retold(steps, _Teller()), noted=False)
            self._saved = " ".join([said, *notes]), self._computation.analysis, *self._contents()
        return notes

    def _report_steps(self, path, no_tissue):
        _check_drawing()
        from ...studies.study_results import write_study_report_steps
        from ...studies.tissue_results import tissue_by_rule_steps

        yield Progress("writing", 0.0, _("Drawing the report"))
        analysis, tissue = self._computation.analysis, self._tissue.lesion
        scan, _source = self._scan_as_read()
        if tissue is None and not no_tissue:
            tissue, no_tissue = yield from tissue_by_rule_steps(analysis)
        yield from write_study_report_steps(analysis, scan, path, tissue, no_tissue)
        return ()

    def _results_steps(self, folder, no_tissue):
        from ...studies.output_folder import results_folder
        from ...studies.request import Request
        from ...studies.study_results import write_study_steps

        yield Progress("writing", 0.0, _("Writing the maps"))
        analysis, tissue, pictures = self._computation.analysis, self._tissue.lesion, _can_draw()
        scan, source = self._scan_as_read()
        request = Request(scan=scan.path, settings=analysis.settings, tissue_rule=_rule_of(tissue), report=pictures)
        with results_folder(folder) as unfinished:
            yield from write_study_steps(
                analysis, scan, request, unfinished, tissue, no_tissue, source=source, pictures=pictures
            )
        return () if pictures else (_("Report and overview were left out: they need the Python package matplotlib."),)

    def _dicom_steps(self, folder, no_tissue):
        from ...files.dicom.derived import check_can_write
        from ...studies.dicom_results import write_dicom_steps
        from ...studies.output_folder import all_or_none

        yield Progress("writing", 0.0, _("Writing DICOM"))
        self.check(DICOM)
        headers = read_headers(read_origin(self._computation.scan.node))
        check_can_write(headers)
        with all_or_none(folder) as unfinished:
            return (
                yield from write_dicom_steps(
                    self._computation.analysis, headers, unfinished, self._tissue.lesion, no_tissue
                )
            )

    def _scan_as_read(self):
        computation = self._computation
        return scan_as_read(computation.analysis, computation.scan, computation.parameters)


class _Teller:
    """Tells the progress of all that is saved as that of one stage, which never goes back."""

    def __init__(self):
        self._overall = 0.0

    def __call__(self, progress):
        first, last = _PARTS.get(progress.stage, _OTHERS)
        self._overall = max(self._overall, first + (last - first) * progress.fraction)
        return Progress(STAGE, self._overall, progress.text)


def _check_drawing():
    if not _can_draw():
        raise PerfusionError(
            "The report needs the Python package matplotlib, which is not installed; install it with "
            "slicer.util.pip_install('matplotlib')."
        )


def _can_draw():
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def _rule_of(tissue):
    """The name of the thresholds by which tissue at risk was found, for the command line to use them again."""
    from ...perfusion.tissue import PRESETS

    criteria = None if tissue is None else tissue.criteria
    return next((name for name, preset in PRESETS.items() if preset == criteria), None)
