"""Command-line options: those made from the fields of `Settings`, and types of arguments."""

from __future__ import annotations

import argparse
import math
from dataclasses import fields, replace
from itertools import groupby

from ..perfusion.errors import PerfusionError
from ..perfusion.settings import Settings, value_type
from ..studies.request import AUTOMATIC


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add one option a setting, grouped by the stage it belongs to.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Gets ``--name-with-dashes`` for every field of `Settings`; options that are not given leave no trace.
    """
    for stage, parameters in groupby(fields(Settings), key=lambda parameter: parameter.metadata["stage"]):
        group = parser.add_argument_group(stage.replace("_", " "))
        for parameter in parameters:
            _add_setting(group, parameter)


def chosen_settings(options: argparse.Namespace, start: Settings) -> Settings:
    """Settings with what the command line changes.

    Parameters
    ----------
    options : argparse.Namespace
        What the parser of `add_settings` returned; values out of range end the program as wrong usage.
    start : Settings
        Values of the options that were not given.

    Returns
    -------
    Settings
    """
    given = {name: value for name, value in vars(options).items() if name in Settings.__dataclass_fields__}
    try:
        return replace(start, **given)
    except PerfusionError as error:
        return options.parser.error(str(error))


def voxels(word: str) -> tuple[int, int, int]:
    """Three whole numbers separated by commas, as an argument's type.

    Parameters
    ----------
    word : str

    Returns
    -------
    tuple of int
    """
    try:
        x, y, z = (int(number) for number in word.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is not three whole numbers such as 100,80,12") from None
    return x, y, z


def _add_setting(group, parameter):
    kind, optional = value_type(parameter.name)
    flag = f"--{parameter.name.replace('_', '-')}"
    common = {"default": argparse.SUPPRESS, "help": _help(parameter)}
    if kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, **common)
    elif parameter.metadata["choices"]:
        group.add_argument(flag, choices=parameter.metadata["choices"], **common)
    else:
        metavar = parameter.metadata["unit"].upper().replace("/", "_PER_") or "N"
        group.add_argument(flag, type=_or_automatic(kind) if optional else kind, metavar=metavar, **common)


def _or_automatic(kind):
    def convert(word):
        return None if word == AUTOMATIC else kind(word)

    convert.__name__ = f"{kind.__name__} or {AUTOMATIC}"
    return convert


def _help(parameter):
    facts = [_range(parameter.metadata), f"default: {_default(parameter.default)}"]
    facts += [
        f"with {other.replace('_', '-')} {' or '.join(map(_default, values))}"
        for other, values in parameter.metadata["applies"].items()
    ]
    empty = parameter.metadata["empty"]
    text = f"{parameter.metadata['text']}; empty: {empty}" if empty else parameter.metadata["text"]
    return f"{text} ({'; '.join(fact for fact in facts if fact)})".replace("%", "%%")


def _range(metadata):
    lowest, highest, unit = metadata["minimum"], metadata["maximum"], metadata["unit"]
    if lowest is None:
        return unit
    between = f"at least {lowest:g}" if highest is None or math.isinf(highest) else f"{lowest:g} to {highest:g}"
    return f"{between} {unit}".rstrip()


def _default(value):
    if value is None:
        return AUTOMATIC
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
