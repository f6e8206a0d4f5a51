"""By which thresholds and rules tissue at risk is wanted, as it stands in the parameter node."""

from __future__ import annotations

from dataclasses import asdict

from ...perfusion.errors import PerfusionError
from ...perfusion.tissue import PRESETS, Criteria, Rules, Threshold, check_settings, default_rule
from ..parameters import set_fields, settings_of

PUBLISHED, OWN = "", "own"
HYPOPERFUSION, CORE = "hypoperfusion", "core"
# Field of the parameter node: field of `Rules`.
RULES = {
    "normalTissue": "normal",
    "smallestComponent": "smallest_ml",
    "edgePart": "edge_part",
    "oppositePart": "opposite_part",
}


def wanted_criteria(parameters) -> Criteria:
    """The thresholds that stand in a parameter node.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    Criteria

    Raises
    ------
    PerfusionError
        If there are no such thresholds.
    """
    if parameters.tissueCriteria == OWN:
        return Criteria(own_threshold(parameters, HYPOPERFUSION), own_threshold(parameters, CORE))
    return _preset(parameters, parameters.tissueCriteria)


def _rules(values):
    try:
        return Rules(**{name: value if name == "normal" else float(value) for name, value in values.items()})
    except (TypeError, ValueError) as error:
        if isinstance(error, PerfusionError):
            raise
        raise PerfusionError(f"A rule is no number ({error}); give ml, or parts from 0 to 1.") from error


def _preset(parameters, name):
    name = default_rule(parameters.method) if name == PUBLISHED else str(name)
    if name not in PRESETS:
        raise PerfusionError(f"There is no preset {name!r}; choose {', '.join(map(repr, PRESETS))}.")
    return PRESETS[name]


def own_threshold(parameters, kind: str) -> Threshold:
    """A person's own threshold.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    kind : {"hypoperfusion", "core"}

    Returns
    -------
    Threshold
    """
    return Threshold(*(getattr(parameters, field) for field in _fields(kind)))


def wanted_rules(parameters) -> Rules:
    """The rules that stand in a parameter node.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    Rules

    Raises
    ------
    PerfusionError
        If a value is out of range.
    """
    return Rules(**{rule: getattr(parameters, field) for field, rule in RULES.items()})


def check_wanted(parameters) -> tuple[Criteria, Rules]:
    """The thresholds and rules that stand in a parameter node, if they go with its settings.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    criteria : Criteria
    rules : Rules

    Raises
    ------
    PerfusionError
        If they cannot be, the thresholds were published for another estimator, or the maps are relative.
    """
    criteria, rules = wanted_criteria(parameters), wanted_rules(parameters)
    check_settings(criteria, settings_of(parameters))
    return criteria, rules


def say_wanted(parameters, criteria: Criteria | str | None, rules: dict) -> None:
    """Write thresholds and rules into a parameter node; nothing is changed if they cannot serve.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    criteria : Criteria or str, optional
        Own thresholds, a key of `PRESETS`, or "" for those published for the method.
    rules : dict
        Fields of `Rules` that are to have other values.

    Raises
    ------
    PerfusionError
        As `check_wanted`, and if there is no such rule.
    """
    known = asdict(wanted_rules(parameters))
    unknown = [name for name in rules if name not in known]
    if unknown:
        raise PerfusionError(f"There is no rule {unknown[0]!r}; the rules are {', '.join(known)}.")
    wanted = _rules(known | rules)
    if criteria is not None:
        thresholds = criteria if isinstance(criteria, Criteria) else _preset(parameters, criteria)
        check_settings(thresholds, settings_of(parameters))
        say_criteria(parameters, criteria)
    say_rules(parameters, wanted)


def say_criteria(parameters, criteria: Criteria | str) -> None:
    """Write thresholds into a parameter node, as one change.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    criteria : Criteria or str
        Own thresholds, or what `tissueCriteria` takes.
    """
    if isinstance(criteria, Criteria):
        own = _values(HYPOPERFUSION, criteria.hypoperfusion) | _values(CORE, criteria.core)
        set_fields(parameters, {"tissueCriteria": OWN, **own})
    else:
        set_fields(parameters, {"tissueCriteria": criteria})


def say_threshold(parameters, kind: str, threshold: Threshold) -> None:
    """Write an own threshold into a parameter node, as one change.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    kind : {"hypoperfusion", "core"}
    threshold : Threshold
    """
    set_fields(parameters, _values(kind, threshold))


def say_rules(parameters, rules: Rules) -> None:
    """Write rules into a parameter node, as one change.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    rules : Rules
    """
    set_fields(parameters, {field: getattr(rules, rule) for field, rule in RULES.items()})


def _fields(kind):
    return [f"{kind}{part}" for part in ("Map", "Side", "Bound", "OfNormal")]


def _values(kind, threshold):
    values = (threshold.map, threshold.side, float(threshold.bound), bool(threshold.of_normal))
    return dict(zip(_fields(kind), values, strict=True))
