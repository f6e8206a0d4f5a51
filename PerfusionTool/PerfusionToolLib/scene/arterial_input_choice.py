"""The arterial input that a person chose: in words of the parameter node, and as a history to go back and forth in."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np
import slicer

from ..perfusion.errors import PerfusionError
from ..perfusion.given import checked_curve
from ..perfusion.series import Grid
from ..perfusion.settings import Settings
from .seed import LABEL, add_seed_list, place_of
from .segments import segment_mask

SETTINGS = tuple(parameter.name for parameter in fields(Settings) if parameter.metadata["stage"] == "arterial_input")
KINDS = ("automatic", "candidate", "seed", "mask", "curve")
CURVE_COLUMNS = ("time_s", "value")
SAME_PLACE_MM = 0.01
SAME_VESSEL_MM = 3.0


@dataclass(frozen=True, eq=False)
class Choice:
    """One arterial input, as far as a person decides on it.

    Parameters
    ----------
    kind : {"automatic", "candidate", "seed", "mask", "curve"}
    value : object
        As in ``Analysis.arterial_input_choice``.
    settings : dict
        The settings of the stage "arterial_input".
    node_id, segment : str
        Where a mask was drawn.
    """

    kind: str
    value: object = None
    settings: dict = field(default_factory=dict)
    node_id: str = ""
    segment: str = ""

    def is_like(self, other: Choice | None) -> bool:
        """Whether two choices give the same arterial input."""
        return (
            other is not None
            and self.kind == other.kind
            and self.settings == other.settings
            and _same_value(self.kind, self.value, other.value)
        )


def _same_value(kind, one, other):
    if kind == "automatic":
        return True
    if kind in ("candidate", "seed"):
        return bool(np.abs(np.subtract(one, other)).max() < SAME_PLACE_MM)
    return np.array_equal(one, other)


class History:
    """The arterial inputs that were in use, in order."""

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


def asked_choice(kind: str, value, analysis) -> Choice:
    """A choice as a person or a program asks for it.

    Parameters
    ----------
    kind : {"automatic", "candidate", "seed", "mask", "curve"}
    value : object
        As `SceneStudy.arterial_input_steps` takes it.
    analysis : Analysis
        With the search for vessels done.

    Returns
    -------
    Choice

    Raises
    ------
    PerfusionError
        If there is no such kind or candidate, or no mask there.
    """
    settings = {name: getattr(analysis.settings, name) for name in SETTINGS}
    if kind == "automatic":
        return Choice(kind, None, settings)
    if kind == "candidate":
        candidates = analysis.vessel_search.arteries
        if not isinstance(value, (int, np.integer)) or not 0 <= value < len(candidates):
            raise PerfusionError(f"There is no candidate {value!r}; choose 0 to {len(candidates) - 1}.")
        return Choice(kind, candidates[value].place, settings)
    if kind == "seed":
        return Choice(kind, place_of(value), settings)
    if kind == "mask":
        node, segment = value if isinstance(value, (tuple, list)) else (value, "")
        mask = segment_mask(node, segment, analysis.series.grid)
        return Choice(kind, mask, settings, node.GetID(), segment or "")
    if kind == "curve":
        return Choice(kind, checked_curve(value), settings)
    raise PerfusionError(f"There is no arterial input of the kind {kind!r}; choose {', '.join(KINDS)}.")


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
        analysis.set_arterial_input(**_arguments(analysis, choice), run=False)
    except PerfusionError:
        analysis.change_settings(former)
        raise


def _arguments(analysis, choice):
    if choice.kind == "automatic":
        return {}
    if choice.kind == "candidate":
        return {"candidate": _rank_of(analysis, choice.value)}
    return {"seed_ras" if choice.kind == "seed" else choice.kind: choice.value}


def _rank_of(analysis, place):
    candidates = analysis.vessel_search.arteries
    apart = [np.linalg.norm(candidate.place - place) for candidate in candidates]
    if not apart or min(apart) > SAME_VESSEL_MM:
        where = ", ".join(f"{value:.0f}" for value in place)
        raise PerfusionError(f"The artery at ({where}) mm is not among the candidates any more; choose another.")
    return int(np.argmin(apart))


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
    kind, value = analysis.arterial_input_choice
    settings = {name: getattr(analysis.settings, name) for name in SETTINGS}
    if kind != "mask":
        return Choice(kind, value, settings)
    node = parameters.arterialInputNode
    return Choice(kind, value, settings, node.GetID() if node else "", parameters.arterialInputSegment)


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
    scene = parameters.parameterNode.GetScene()
    is_place = choice.kind in ("candidate", "seed")
    values = {
        "arterialInputKind": choice.kind,
        "arterialInputPlace": " ".join(f"{value:.9g}" for value in choice.value) if is_place else "",
        "arterialInputNode": scene.GetNodeByID(choice.node_id) if choice.node_id else None,
        "arterialInputSegment": choice.segment,
        **choice.settings,
    }
    modifying = parameters.StartModify()
    try:
        changed = {key: value for key, value in values.items() if getattr(parameters, key) != value}
        for field_name, value in changed.items():
            setattr(parameters, field_name, value)
        if choice.kind == "curve":
            whole = choice.value.size == analysis.series.times.size
            _put_curve(parameters, analysis.series.times if whole else analysis.times, choice.value, name)
        # Once it has been noted, only a person moves the seed: perhaps on, while its maps were computed.
        if changed or parameters.seed is None:
            _put_seed(parameters, choice, name)
    finally:
        parameters.EndModify(modifying)


def _put_curve(parameters, times, values, name):
    scene = parameters.parameterNode.GetScene()
    if parameters.arterialInputCurve is None:
        parameters.arterialInputCurve = scene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} chosen AIF")
    slicer.util.updateTableFromArray(parameters.arterialInputCurve, (np.array(times), np.array(values)), CURVE_COLUMNS)


def _put_seed(parameters, choice, name):
    """The seed's point lies where the seed in use lies, and is seen only while it is in use."""
    node = parameters.seed
    if choice.kind != "seed":
        if node is not None and node.GetDisplayNode() is not None:
            node.GetDisplayNode().SetVisibility(False)
        return
    if node is None:
        scene = parameters.parameterNode.GetScene()
        node = parameters.seed = add_seed_list(f"{name} AIF seed", scene)
    if node.GetNumberOfControlPoints() == 0:
        node.AddControlPointWorld(*choice.value, LABEL)
    elif np.abs(np.subtract(node.GetNthControlPointPositionWorld(0), choice.value)).max() >= SAME_PLACE_MM:
        node.SetNthControlPointPositionWorld(0, *choice.value)
    if node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(True)


def chosen_nodes(parameters) -> dict[str, object]:
    """Nodes that chosen arterial inputs stand in, by field of the parameter node."""
    return {name: getattr(parameters, name) for name in ("seed", "arterialInputCurve")}


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


def kept_choice(parameters, drawn, grid: Grid) -> tuple[str, object] | None:
    """The choice that stands in the parameter node, as `Analysis` takes it.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    drawn : collection of str
        Segments of the results that hold what a person drew.
    grid : Grid
        Of the scan.

    Returns
    -------
    tuple or None
        None for the automatic one.

    Raises
    ------
    PerfusionError
        If what it was taken from is no longer in the scene.
    """
    kind = parameters.arterialInputKind
    if kind in ("candidate", "seed"):
        return kind, np.array([float(value) for value in parameters.arterialInputPlace.split()])
    if kind == "mask":
        return kind, _kept_mask(parameters, drawn, grid)
    if kind == "curve":
        if parameters.arterialInputCurve is None:
            raise PerfusionError("The table of the chosen arterial input was removed; choose another arterial input.")
        return kind, np.array(slicer.util.arrayFromTableColumn(parameters.arterialInputCurve, CURVE_COLUMNS[1]))
    return None


def _kept_mask(parameters, drawn, grid):
    if "AIF" in drawn and parameters.segmentation is not None:
        return segment_mask(parameters.segmentation, "AIF", grid)
    if parameters.arterialInputNode is None:
        raise PerfusionError("The mask of the arterial input was removed; choose another arterial input.")
    return segment_mask(parameters.arterialInputNode, parameters.arterialInputSegment, grid)
