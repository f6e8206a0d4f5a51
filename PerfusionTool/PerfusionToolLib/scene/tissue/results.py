"""The tissue at risk that a scene holds: what is known of it, and whether it is that of maps and thresholds."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict

from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from ..record import maps_checksum
from ..states import State
from .choice import check_wanted
from .decisions import Decision, plain_decisions, read_decisions
from .nodes import (
    lesion_checksums,
    mark_outdated,
    missing_nodes,
    outline_checksums,
    outline_times,
    put_tissue,
    read_facts,
    read_table,
)


class TissueResults:
    """What stands in the scene, whether or not it is in memory.

    Parameters
    ----------
    computation : Computation
    """

    def __init__(self, computation):
        self._computation = computation
        self.forget()

    def forget(self) -> None:
        """Look at the segments anew when they are asked for."""
        self._looked_at = None

    @property
    def facts(self) -> dict:
        """What is known of it; empty where there is none."""
        return read_facts(self._parameters)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What a person decided on components."""
        return read_decisions(self.facts.get("decisions", ()))

    @property
    def is_current(self) -> bool:
        """Whether it is that of the maps in the scene, and of the thresholds and rules that stand."""
        facts, computation = self.facts, self._computation
        if not facts or facts["outdated"] or not computation.results.is_current("maps", computation.analysis):
            return False
        return not self._is_of_other_maps(facts) and not self._is_of_other_thresholds(facts)

    def rows(self, field: str) -> list[dict]:
        """The rows of a table; empty where it is out of date.

        Parameters
        ----------
        field : {"tissueVolumes", "tissueComponents"}
            Of the parameter node.

        Returns
        -------
        list of dict
        """
        return read_table(getattr(self._parameters, field)) if self.is_current else []

    @property
    def summary(self) -> str:
        """The summary; "" where there is none."""
        node = self._parameters.tissueSummary
        return "" if node is None else node.GetText()

    def state(self) -> State:
        """How it stands; there is some."""
        facts = self.facts
        if facts["outdated"]:
            return State(*facts["outdated"])
        if not self.is_current:
            return State("waiting", _("Something has changed since; find the tissue at risk again."))
        if missing_nodes(self._parameters):
            return State("waiting", _("Some of it was removed from the scene; finding it again brings it back."))
        if self._was_edited(facts):
            return State(
                "attention", _("Its segments were edited by hand; volumes and tables are those of the components.")
            )
        return State(*facts["state"])

    def put(self, lesion, maps: dict, decisions: tuple[Decision, ...]) -> None:
        """Put tissue at risk into the scene.

        Parameters
        ----------
        lesion : TissueAtRisk
            With the decisions.
        maps : dict of str to ndarray of shape (z, y, x)
            In which it was found.
        decisions : tuple of Decision
        """
        state = _state_of(lesion)
        facts = {
            "criteria": _plain(lesion.criteria),
            "rules": asdict(lesion.rules),
            "maps": maps_checksum(maps),
            "masks": lesion_checksums(lesion),
            "decisions": plain_decisions(decisions),
            "state": [state.kind, state.sentence],
            "outdated": None,
        }
        put_tissue(self._parameters, lesion, facts)
        self._looked_at = outline_times(self._parameters), False

    def mark(self, kind: str, sentence: str) -> None:
        """Let the scene say that it is out of date, and why.

        Parameters
        ----------
        kind : {"waiting", "attention"}
        sentence : str
        """
        mark_outdated(self._parameters, {**self.facts, "outdated": [kind, sentence]}, sentence)

    def has_to_be_marked(self) -> bool:
        """Whether it is of other maps than those in the scene, which nobody has said yet."""
        scene = self._parameters.parameterNode.GetScene()
        facts = {} if scene is None or scene.IsClosing() else self.facts
        return bool(facts) and not facts["outdated"] and self._is_of_other_maps(facts)

    @property
    def _parameters(self):
        return self._computation.parameters

    def _is_of_other_maps(self, facts):
        """While another arterial input has no maps yet, the former ones are in the scene."""
        return self._computation.results.record.get("maps_checksum") not in (None, facts["maps"])

    def _is_of_other_thresholds(self, facts):
        with suppress(PerfusionError):
            criteria, rules = check_wanted(self._parameters)
            return (facts["criteria"], facts["rules"]) != (_plain(criteria), asdict(rules))
        return True

    def _was_edited(self, facts):
        """Looked for only where something was drawn since, for states are asked for often."""
        times = outline_times(self._parameters)
        if self._looked_at is None or self._looked_at[0] != times:
            grid = self._computation.results.grid(self._computation.analysis)
            self._looked_at = times, outline_checksums(self._parameters, grid) != facts["masks"]
        return self._looked_at[1]


def _plain(criteria):
    """Thresholds as JSON gives them back."""
    return {**asdict(criteria), "methods": list(criteria.methods)}


def _state_of(lesion):
    volumes = lesion.volumes
    sentence = _("Hypoperfusion {around:.1f} ml, core {core:.1f} ml, {ratio}.").format(
        around=volumes.hypoperfusion, core=volumes.core, ratio=_ratio_in_words(volumes)
    )
    return State("attention", " ".join([sentence, *lesion.notes])) if lesion.notes else State("done", sentence)


def _ratio_in_words(volumes):
    if math.isnan(volumes.mismatch_ratio):
        return _("mismatch {ml:.1f} ml").format(ml=volumes.penumbra)
    return _("mismatch {ml:.1f} ml, ratio {ratio:.2f}").format(ml=volumes.penumbra, ratio=volumes.mismatch_ratio)
