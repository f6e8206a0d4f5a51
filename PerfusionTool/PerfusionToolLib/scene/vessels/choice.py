"""What a person chose for AIF and VOF together, and a history of it to go back and forth in."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from ...perfusion.errors import PerfusionError
from ...perfusion.settings import Settings
from .source import ARTERY, VESSELS, Source, keep_source, source_in_use

SETTINGS = tuple(parameter.name for parameter in fields(Settings) if parameter.metadata["stage"] == "arterial_input")


@dataclass(frozen=True, eq=False)
class Choice:
    """One arterial input and venous output, as far as a person decides on them.

    Parameters
    ----------
    artery, vein : Source
    settings : dict
        The settings of the stage "arterial_input".
    """

    artery: Source
    vein: Source
    settings: dict = field(default_factory=dict)

    def is_like(self, other: Choice | None) -> bool:
        """Whether two choices give the same arterial input and venous output."""
        return (
            other is not None
            and self.settings == other.settings
            and self.artery.is_like(other.artery)
            and self.vein.is_like(other.vein)
        )

    def source(self, vessel) -> Source:
        """What the curve of a vessel is taken from."""
        return self.artery if vessel is ARTERY else self.vein

    def with_source(self, vessel, source: Source) -> Choice:
        """The same choice but for the source of one vessel."""
        return replace(self, **{"artery" if vessel is ARTERY else "vein": source})


class History:
    """The choices of AIF and VOF that were in use, in order."""

    def __init__(self):
        self._choices: list[Choice] = []
        self._place = -1

    @property
    def present(self) -> Choice | None:
        """The choice in use."""
        return self._choices[self._place] if self._choices else None

    @property
    def former(self) -> Choice | None:
        """What undoing leads to, or None."""
        return self._choices[self._place - 1] if self._place > 0 else None

    @property
    def next(self) -> Choice | None:
        """What doing again leads to, or None."""
        return self._choices[self._place + 1] if self._place + 1 < len(self._choices) else None

    def add(self, choice: Choice, in_place: bool = False) -> None:
        """Take a new choice into use; what was undone before is forgotten.

        Parameters
        ----------
        choice : Choice
            Nothing happens where it is like the present one.
        in_place : bool
            Instead of the present choice, as the places are that a seed is dragged over.
        """
        if choice.is_like(self.present):
            return
        kept = self._place + (0 if in_place and self._choices else 1)
        self._choices[kept:] = [choice]
        self._place = kept

    def copy(self) -> History:
        """The history as it is now."""
        other = History()
        other._choices, other._place = list(self._choices), self._place
        return other

    def back(self) -> None:
        """The former choice is in use."""
        self._place -= 1

    def forth(self) -> None:
        """The next choice is in use."""
        self._place += 1


def take_choice(analysis, choice: Choice) -> None:
    """Use a choice, with its settings, in an analysis; the stage of the arterial input is done at once.

    Parameters
    ----------
    analysis : Analysis
        With the stages before the arterial input done.
    choice : Choice

    Raises
    ------
    PerfusionError
        If it cannot serve; the former choice is kept.
    """
    former = analysis.settings
    analysis.change_settings(replace(former, **choice.settings))
    try:
        sources = ((source.kind, source.value) for source in (choice.artery, choice.vein))
        analysis.take_choices(*sources, run=False)
    except PerfusionError:
        analysis.change_settings(former)
        raise


def choice_in_use(analysis, parameters) -> Choice:
    """The choice that an analysis holds, with the settings that go with it.

    Parameters
    ----------
    analysis : Analysis
    parameters : PerfusionToolParameterNode
        Where a mask's origin stands.

    Returns
    -------
    Choice
    """
    settings = {name: getattr(analysis.settings, name) for name in SETTINGS}
    return Choice(*(source_in_use(vessel, analysis, parameters) for vessel in VESSELS), settings)


def keep_choice(parameters, choice: Choice, analysis, name: str) -> None:
    """Write a choice into the parameter node, and what it needs into the scene.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    choice : Choice
    analysis : Analysis
        That uses it.
    name : str
        The scan's, after which new nodes are called.
    """
    modifying = parameters.StartModify()
    try:
        for setting, value in choice.settings.items():
            if getattr(parameters, setting) != value:
                setattr(parameters, setting, value)
        for vessel in VESSELS:
            keep_source(vessel, choice.source(vessel), parameters, analysis, name)
    finally:
        parameters.EndModify(modifying)


def chosen_nodes(parameters) -> dict[str, object]:
    """Nodes that choices stand in, by field of the parameter node."""
    return {name: getattr(parameters, name) for vessel in VESSELS for name in vessel.nodes}


def remove_new_nodes(parameters, former: dict) -> None:
    """Remove the nodes of a choice that cannot serve.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    former : dict
        The `chosen_nodes` before it.
    """
    scene = parameters.parameterNode.GetScene()
    for name, node in chosen_nodes(parameters).items():
        if node is not None and former[name] is None:
            setattr(parameters, name, None)
            scene.RemoveNode(node)
