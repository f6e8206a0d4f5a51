"""The results that a scene holds of a scan, by the record beside them: which they are and what they belong to."""

from __future__ import annotations

from dataclasses import asdict

from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from . import record as records
from .map_choice import wanted_maps
from .ownership import results_of
from .parameters import RESULTS, map_field
from .states import LAST_STAGE, STAGES, State, finished_states


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
            return self._state_in_memory(step, analysis)
        if not self.is_current(LAST_STAGE[step], analysis):
            return State("waiting", _("Something has changed since; compute again."))
        if step in ("maps", "probe") and self.missing_maps(analysis):
            return State("waiting", _("Maps that are wanted are not in the scene; computing brings them."))
        if step in ("brain_mask", "arterial_input") and self._parameters.segmentation is None:
            return State("waiting", _("Its segments were removed from the scene; computing brings them back."))
        if step == "probe" and analysis is None:
            return State("waiting", _("The curves are not saved with the scene: press Compute maps to probe them."))
        return State(*recorded)

    def _state_in_memory(self, step, analysis):
        """A step of a first run that failed or was cancelled: nothing of it is in the scene."""
        if analysis is None or LAST_STAGE[step] not in analysis.stages_done:
            return State("waiting", _("Not done yet."))
        if STAGES.index(LAST_STAGE[step]) >= records.first_changed_setting(asdict(analysis.settings), self._parameters):
            return State("waiting", _("Something has changed since; compute again."))
        return finished_states(analysis)[step]

    def given_maps(self, analysis) -> tuple[str, ...]:
        """Names of the maps that the method gives.

        Parameters
        ----------
        analysis : Analysis or None
            The one in memory.

        Returns
        -------
        tuple of str
            Empty where there are no maps yet.
        """
        if analysis is not None and "maps" in analysis.stages_done:
            return tuple(analysis.maps)
        return tuple(self.record.get("maps", ()))

    def missing_maps(self, analysis) -> tuple[str, ...]:
        """Names of the maps that are wanted and given, but not in the scene."""
        given = self.given_maps(analysis)
        wanted = [name for name in wanted_maps(self._parameters) if name in given]
        return tuple(name for name in wanted if getattr(self._parameters, map_field(name)) is None)

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

    def shows_brain(self, node, segment: str, analysis) -> bool:
        """Whether a segment holds the brain mask that is in the scene, and still in use.

        Parameters
        ----------
        node : vtkMRMLSegmentationNode or vtkMRMLLabelMapVolumeNode
        segment : str
        analysis : Analysis or None
            The one in memory.

        Returns
        -------
        bool
        """
        published = self.record.get("masks", {}).get("brain")
        if published is None or not self.is_current("brain", analysis):
            return False
        return self._checksum(node, segment) == published

    def was_edited(self, name: str) -> bool:
        """Whether a segment of the results holds another mask than was put into it.

        Parameters
        ----------
        name : {"brain", "AIF", "VOF"}

        Returns
        -------
        bool
        """
        own, record = self._parameters.segmentation, self.record
        if own is None or not record:
            return False
        # Records of former versions do not tell of every segment.
        is_known = name in record["masks"] or "arterial_input" not in record["stages"]
        return is_known and self._checksum(own, name) != record["masks"].get(name)

    def _checksum(self, node, segment):
        from .segments import segment_mask

        try:
            return records.mask_checksum(segment_mask(node, segment, records.recorded_grid(self.record)))
        except PerfusionError:
            return None


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
        parameters.maskNode = parameters.arterialInputNode = parameters.venousOutputNode = None
        parameters.resultsOf = scan if found else None
    finally:
        parameters.EndModify(modifying)
