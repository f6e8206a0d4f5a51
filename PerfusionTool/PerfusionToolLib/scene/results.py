"""The results that a scene holds of a scan, by the record beside them: which they are and what they belong to."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from . import record as records
from .ownership import results_of
from .parameters import MAPS, RESULTS
from .states import LAST_STAGE, STAGES, State

MASK_STEPS = {"brain": "brain_mask", "AIF": "arterial_input"}


class Results:
    """What stands in the scene, whether or not the analysis that made it is still in memory.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    """

    def __init__(self, parameters):
        self._parameters = parameters
        self.forget()

    def forget(self) -> None:
        """Read the record anew when it is asked for."""
        self._read = None

    def note(self, record: dict) -> None:
        """The record was just written."""
        self._read = self._parameters.record, record

    @property
    def record(self) -> dict:
        """What is recorded; empty where there are no results."""
        node = self._parameters.record
        if node is None:
            return {}
        if self._read is None or self._read[0] is not node:
            self._read = node, records.read_record(node)
        return self._read[1]

    def is_current(self, stage: str, analysis) -> bool:
        """Whether what the scene shows of a stage belongs to the choices that stand.

        Parameters
        ----------
        stage : str
        analysis : Analysis or None
            The one in memory.

        Returns
        -------
        bool
        """
        if analysis is not None and stage not in analysis.stages_done:
            return False
        return bool(self.record) and STAGES.index(stage) < records.first_change(self.record, self._parameters)

    def state(self, step: str, analysis) -> State:
        """How a step stands, by its results.

        Parameters
        ----------
        step : str
            One of `STEPS` but "scan".
        analysis : Analysis or None
            The one in memory.

        Returns
        -------
        State
        """
        recorded = self.record.get("states", {}).get(step)
        if recorded is None:
            return State("waiting", _("Not done yet."))
        if not self.is_current(LAST_STAGE[step], analysis):
            return State("waiting", _("Something has changed since; compute again."))
        if step in ("maps", "probe") and any(getattr(self._parameters, name) is None for name in MAPS):
            return State("waiting", _("Maps were removed from the scene; computing brings them back."))
        if step in ("brain_mask", "arterial_input") and self._parameters.segmentation is None:
            return State("waiting", _("Its segments were removed from the scene; computing brings them back."))
        if step == "probe" and analysis is None:
            return State("waiting", _("The curves are not saved with the scene: press Compute maps to probe them."))
        return State(*recorded)

    def motion(self, analysis):
        """The motion of the head that was corrected, and the first frame of the scan that is in use.

        Parameters
        ----------
        analysis : Analysis or None
            The one in memory.

        Returns
        -------
        motion : Motion or None
            None where none was corrected, or it is not that of the choices that stand.
        first : int
        """
        from ..perfusion.remembered import stored_motion

        if not self.is_current("motion", analysis):
            return None, 0
        if analysis is not None:
            return analysis.motion, analysis.first
        remembered = self.record.get("remembered")
        if not remembered:
            return None, 0
        motion = stored_motion(remembered)
        # Frames are left out at the start only.
        return motion, len(self.record["scan"]["times"]) - len(motion.corrupted)

    def grid(self, analysis):
        """The `Grid` of the results."""
        return records.recorded_grid(self.record) if analysis is None else analysis.grid

    def shows(self, name: str, node, segment: str, analysis) -> bool:
        """Whether a segment holds the mask that is in the scene as the brain or as the AIF, and still in use.

        Parameters
        ----------
        name : {"brain", "AIF"}
        node : vtkMRMLSegmentationNode or vtkMRMLLabelMapVolumeNode
        segment : str
        analysis : Analysis or None
            The one in memory.

        Returns
        -------
        bool
        """
        return self.is_current(LAST_STAGE[MASK_STEPS[name]], analysis) and self.holds(name, node, segment)

    def holds(self, name: str, node, segment: str) -> bool:
        """Whether a segment holds the mask that was put into the scene as the brain or as the AIF.

        Parameters
        ----------
        name : {"brain", "AIF"}
        node : vtkMRMLSegmentationNode or vtkMRMLLabelMapVolumeNode
        segment : str

        Returns
        -------
        bool
        """
        from .segments import segment_mask

        published = self.record.get("masks", {}).get(name)
        if published is None:
            return False
        try:
            return records.mask_checksum(segment_mask(node, segment, records.recorded_grid(self.record))) == published
        except PerfusionError:
            return False


def refer_to_results(parameters, scan) -> None:
    """Let a parameter node refer to the results and choices of a scan; those of another stay in the scene.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    scan : vtkMRMLNode or None
    """
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
