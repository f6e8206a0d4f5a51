"""What a person decided on components of tissue at risk, by their places, so that it outlives a new search."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.words import counted

# A component at the same place is another one where its volume differs by more than this factor: an artefact that was
# removed may have become part of the lesion.
SAME_VOLUME = 2.0


@dataclass(frozen=True)
class Decision:
    """One component that a person keeps or removes, whatever the rules say.

    Parameters
    ----------
    kind : {"hypoperfusion", "core"}
    place : tuple of float
        In the component, RAS mm.
    ml : float
    kept : bool
    """

    kind: str
    place: tuple[float, float, float]
    ml: float
    kept: bool


def apply(decisions: tuple[Decision, ...], found):
    """Tissue at risk with what a person decided.

    Parameters
    ----------
    decisions : tuple of Decision
    found : TissueAtRisk
        As the rules left it.

    Returns
    -------
    TissueAtRisk
        With a note on decisions whose components are not there.
    """
    numbers = {decision: component_number(decision, found) for decision in decisions}
    made = {number: decision.kept for decision, number in numbers.items() if number is not None}
    lost = sum(number is None for number in numbers.values())
    if not lost:
        return replace(found, decisions=made)
    note = f"{counted(lost, 'decision')} by hand left aside: no component like that is there now."
    return replace(found, decisions=made, notes=(*found.notes, note))


def decide(decisions: tuple[Decision, ...], found, decision: Decision) -> tuple[Decision, ...]:
    """One decision more.

    Parameters
    ----------
    decisions : tuple of Decision
    found : TissueAtRisk
        As the rules left it.
    decision : Decision

    Returns
    -------
    tuple of Decision
        A core that is taken back brings the hypoperfusion around it.

    Raises
    ------
    PerfusionError
        If there is no such component.
    """
    number = component_number(decision, found)
    if number is None:
        raise PerfusionError("There is no such component any more; choose another in the table.")
    lesion = apply(decisions, found)
    lesion = lesion.with_component(number) if decision.kept else lesion.without_component(number)
    waiting = [other for other in decisions if component_number(other, found) is None]
    return (*waiting, *(_decision(found.found[number - 1], kept) for number, kept in lesion.decisions.items()))


def component_number(decision: Decision, found) -> int | None:
    """Number of the component that a decision is about.

    Parameters
    ----------
    decision : Decision
    found : TissueAtRisk

    Returns
    -------
    int or None
        None where there is none of that kind at its place, or one of quite another volume.
    """
    index = np.round(found.grid.to_indices(np.array(decision.place))).astype(int)
    if (index < 0).any() or (index >= found.grid.shape).any():
        return None
    number = int(found.labels[decision.kind][tuple(index)])
    if number == 0 or not 1 / SAME_VOLUME <= found.found[number - 1].ml / decision.ml <= SAME_VOLUME:
        return None
    return number


def plain_decisions(decisions: tuple[Decision, ...]) -> list[dict]:
    """Decisions as JSON can hold them."""
    return [asdict(decision) for decision in decisions]


def read_decisions(plain: list[dict]) -> tuple[Decision, ...]:
    """The decisions of `plain_decisions`."""
    return tuple(Decision(**{**values, "place": tuple(values["place"])}) for values in plain)


def _decision(component, kept):
    return Decision(component.kind, component.place, component.ml, kept)
