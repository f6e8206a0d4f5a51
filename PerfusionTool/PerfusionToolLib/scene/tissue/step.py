"""Tissue at risk in the scene: found in finished maps, kept in step with them, component by component."""

from __future__ import annotations

from dataclasses import replace

from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps, retold
from ..computation import EndedError
from ..states import State
from .choice import check_wanted
from .decisions import Decision, apply, decide
from .results import TissueResults

STAGE = "tissue"


class SceneTissue:
    """Hypoperfusion and core of the scan that is worked on, with what a person decides on their components.

    Parameters
    ----------
    computation : Computation

    Notes
    -----
    What was found once follows the maps: `follow_steps` finds it again in others. A decision is kept by the place of
    its component, so that it holds in other maps, under other thresholds and in a scene that was saved, as long as
    there is a component like that; where there is none, the summary says so.
    """

    def __init__(self, computation):
        self._computation = computation
        self._results = TissueResults(computation)
        self.close()

    def close(self) -> None:
        """Drop everything in memory; the nodes stay."""
        self._results.forget()
        self._found = self._lesion = self._maps = None
        self._former: list[tuple[Decision, ...]] = []
        self._next: list[tuple[Decision, ...]] = []

    # -- how things stand

    @property
    def lesion(self):
        """The `TissueAtRisk` that was found in the maps in memory, with a person's decisions.

        None before it was looked for, and in a scene that was just opened.
        """
        return self._lesion if self._maps is not None and self._maps is self._maps_in_memory() else None

    @property
    def was_found(self) -> bool:
        """Whether the scene holds tissue at risk of this scan, even if it is out of date."""
        return bool(self._results.facts)

    @property
    def is_current(self) -> bool:
        """Whether what the scene holds is that of its maps, thresholds and rules."""
        return self._results.is_current

    @property
    def volumes(self) -> list[dict]:
        """The table of volumes that is in the scene; empty where it is out of date."""
        return self._results.rows("tissueVolumes")

    @property
    def components(self) -> list[dict]:
        """The table of components that is in the scene; empty where it is out of date."""
        return self._results.rows("tissueComponents")

    @property
    def summary(self) -> str:
        """The summary that is in the scene; "" before anything was found."""
        return self._results.summary

    @property
    def can_undo(self) -> bool:
        """Whether there is a decision on a component to take back."""
        return bool(self._former) and self.lesion is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a decision that was taken back."""
        return bool(self._next) and self.lesion is not None

    @property
    def has_decisions(self) -> bool:
        """Whether a person has decided on components."""
        return bool(self._results.decisions)

    def reason_against(self) -> str:
        """Why tissue at risk cannot be looked for, "" where it can."""
        if not self._computation.results.given_maps(self._computation.analysis):
            return _("Compute the maps first.")
        try:
            check_wanted(self._parameters)
        except PerfusionError as error:
            return str(error)
        return ""

    def state(self) -> State:
        """How this stands."""
        computation, reason = self._computation, self.reason_against()
        progress = computation.progress
        if computation.busy and progress is not None and progress.stage == STAGE:
            return State("running", progress.text)
        if not self.was_found:
            return State("waiting", reason or _("Not looked for yet: press Find tissue at risk."))
        if not computation.results.is_current("maps", computation.analysis):
            return State("waiting", _("Something has changed since; compute the maps again."))
        return State("attention", reason) if reason else self._results.state()

    # -- finding

    def find_steps(self) -> Steps[object]:
        """Find tissue at risk in the maps that are in memory, by the thresholds and rules in the parameter node.

        Yields
        ------
        Progress

        Returns
        -------
        TissueAtRisk

        Raises
        ------
        PerfusionError
            If it cannot be looked for, and if scan or scene go meanwhile: the scene stays as it is.
        """
        with self._computation.at_work() as work:
            return (yield from work(self._find_steps(), noted=False))

    def follow_steps(self) -> Steps[None]:
        """Where tissue at risk was found before, find it in other maps; where that cannot be, say so in the scene.

        Yields
        ------
        Progress
        """
        if not self.was_found or self.is_current or self._maps_in_memory() is None:
            return
        try:
            yield from retold(self.find_steps(), lambda progress: replace(progress, overall=1.0))
        except EndedError:
            raise
        except PerfusionError as error:
            self._mark("attention", str(error))

    def mark_if_outdated(self) -> None:
        """Let the scene say so where its tissue at risk is not that of its maps."""
        if self._results.has_to_be_marked():
            self._mark("waiting", _("The maps have changed since; find the tissue at risk again."))

    def _find_steps(self):
        maps = self._maps_in_memory()
        if maps is None:
            raise PerfusionError("The maps are not in memory; compute them first.")
        found = yield from retold(
            self._search_steps(*check_wanted(self._parameters)), lambda progress: replace(progress, stage=STAGE)
        )
        yield Progress(STAGE, 1.0, _("Putting the results into the scene"))
        decisions = self._results.decisions
        self._found, self._maps = found, maps
        self._put(decisions)
        return self._lesion

    def _search_steps(self, criteria, rules):
        from ...perfusion.tissue import study_tissue_steps

        yield Progress(STAGE, 0.0, _("Looking for tissue at risk"))
        return (yield from study_tissue_steps(self._computation.analysis, criteria, rules))

    # -- components

    def decision(self, number: int, kept: bool) -> Decision:
        """What it is to keep or to remove a component of the table in the scene.

        Parameters
        ----------
        number : int
        kept : bool

        Returns
        -------
        Decision

        Raises
        ------
        PerfusionError
            If there is no such component.
        """
        for row in self.components:
            if row["component"] == number:
                return Decision(row["kind"], (row["R"], row["A"], row["S"]), row["ml"], kept)
        raise PerfusionError(f"There is no component {number!r}; choose a number of the table of components.")

    def take(self, decision: Decision) -> None:
        """Keep or remove a component, whatever the rules say; the totals in the scene follow.

        Parameters
        ----------
        decision : Decision

        Raises
        ------
        PerfusionError
            If nothing was found in the maps in memory, or there is no such component.
        """
        self._change(decide(self._results.decisions, self._found_now(), decision))

    def remove_component(self, number: int) -> None:
        """Remove a component, as `take`; a hypoperfused one takes its core with it."""
        self.take(self.decision(number, kept=False))

    def restore_component(self, number: int) -> None:
        """Take a component back, as `take`; a core brings the hypoperfusion around it."""
        self.take(self.decision(number, kept=True))

    def forget_decisions(self) -> None:
        """Keep and remove what the rules say."""
        self._found_now()
        self._change(())

    def undo(self) -> None:
        """Take the last decision back.

        Raises
        ------
        PerfusionError
            If there is none.
        """
        self._go(self._former, self._next, "There is no decision to undo.")

    def redo(self) -> None:
        """Decide again what was taken back; as `undo`."""
        self._go(self._next, self._former, "No decision was undone.")

    def _go(self, there, back, reason):
        self._found_now()
        if not there:
            raise PerfusionError(reason)
        present = self._results.decisions
        self._put(there[-1])
        there.pop()
        back.append(present)

    def _change(self, decisions):
        present = self._results.decisions
        if decisions == present:
            return
        self._put(decisions)
        self._former.append(present)
        self._next.clear()

    def _found_now(self):
        if self.lesion is None:
            raise PerfusionError("The tissue at risk is not in memory; find it again first.")
        return self._found

    # -- what stands behind

    @property
    def _parameters(self):
        return self._computation.parameters

    def _maps_in_memory(self):
        analysis = self._computation.analysis
        return analysis.maps if analysis is not None and "maps" in analysis.stages_done else None

    def _put(self, decisions):
        """What was found, with decisions on it, comes into the scene."""
        lesion = apply(decisions, self._found)
        self._results.put(lesion, self._maps, decisions)
        self._lesion = lesion
        self._computation.notify()

    def _mark(self, kind, sentence):
        self._results.mark(kind, sentence)
        self._computation.notify()
