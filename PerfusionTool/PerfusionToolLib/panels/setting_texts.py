"""What forms say of the settings, in the language of the application."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

from slicer.i18n import tr as _
from slicer.i18n import translate

from ..perfusion.settings import Settings

# Translations are filed under the folder and the file in which the texts are written.
CONTEXT = "perfusion.settings"
FIELDS = {parameter.name: parameter for parameter in fields(Settings)}
# Choices that are words; the others are names and stay as they are.
CHOICES = {
    "absolute": _("absolute"),
    "area": _("area"),
    "auto": _("auto"),
    "bidirectional": _("bidirectional"),
    "bilateral": _("bilateral"),
    "brain_mean": _("brain mean"),
    "curvature_flow": _("curvature flow"),
    "factor": _("factor"),
    "fixed": _("fixed"),
    "gamma_variate": _("gamma variate"),
    "gaussian": _("gaussian"),
    "gcv": _("generalised cross-validation"),
    "guided": _("guided"),
    "l_curve": _("L-curve"),
    "linear": _("linear"),
    "mean": _("mean"),
    "median": _("median"),
    "mirror": _("mirror"),
    "none": _("none"),
    "off": _("off"),
    "rectangle": _("rectangle"),
    "residue": _("residue"),
    "simpson": _("simpson"),
    "threshold": _("threshold"),
    "trapezoid": _("trapezoid"),
}


def label(name: str) -> str:
    """Title of a setting.

    Parameters
    ----------
    name : str
        A field of `Settings`.

    Returns
    -------
    str
    """
    return _of(name, "label")


def unit(name: str) -> str:
    """Unit of a setting, "" where it has none."""
    return _of(name, "unit")


def empty_meaning(name: str) -> str:
    """What happens where a setting that may be empty is empty, such as "detected"."""
    return _of(name, "empty") or _("automatic")


def choice(word: str) -> str:
    """A choice as a person reads it."""
    return CHOICES.get(word, word)


@cache
def tool_tip(name: str) -> str:
    """What a setting means, its range, unit and default.

    Parameters
    ----------
    name : str
        A field of `Settings`.

    Returns
    -------
    str
    """
    facts = [_range(name), _("default {value}").format(value=_in_words(name, FIELDS[name].default))]
    return f"{_of(name, 'text')}.\n" + ", ".join(fact for fact in facts if fact)


def reason_against(settings: Settings, name: str) -> str:
    """Why a setting has no effect under the values of others.

    Parameters
    ----------
    settings : Settings
    name : str
        A field of `Settings`.

    Returns
    -------
    str
        Such as "Only with smoothing gaussian, guided or bilateral"; "" where it has an effect.
    """
    unmet = settings.unmet(name)
    if unmet is None:
        return ""
    other, values = unmet
    *others, last = [_in_words(other, value) for value in values]
    words = _("{others} or {last}").format(others=", ".join(others), last=last) if others else last
    return _("Only with {setting} {values}").format(setting=_inside_sentence(label(other)), values=words)


def _of(name, kind):
    text = FIELDS[name].metadata[kind]
    return translate(CONTEXT, text) if text else ""


def _in_words(name, value):
    if value is None:
        return empty_meaning(name)
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, str):
        return choice(value)
    return f"{value:g} {unit(name)}".rstrip()


def _range(name):
    lowest, highest = FIELDS[name].metadata["minimum"], FIELDS[name].metadata["maximum"]
    if lowest is None:
        return ""
    if highest is None:
        return _("{lowest:g} {unit} or more").format(lowest=lowest, unit=unit(name)).replace("  ", " ")
    return _("{lowest:g} to {highest:g} {unit}").format(lowest=lowest, highest=highest, unit=unit(name)).rstrip()


def _inside_sentence(title):
    """A title without its capital, unless that belongs to a name such as AIF."""
    return title if title[1:2].isupper() else title[0].lower() + title[1:]
