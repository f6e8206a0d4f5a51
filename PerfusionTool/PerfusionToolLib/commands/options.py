"""Command-line options that commands share: of a scan, of its results, those made from the fields of `Settings`."""

from __future__ import annotations

import argparse
import math
from dataclasses import fields, replace
from itertools import groupby
from pathlib import Path

from ..perfusion.errors import PerfusionError
from ..perfusion.settings import Settings, value_type
from ..studies.request import AUTOMATIC, SERIES


def add_scan_facts(parser: argparse.ArgumentParser) -> None:
    """Add what a person may have to say of a scan.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Gets ``--modality``, ``--frame-interval``, ``--times`` and ``--echo-time``.
    """
    parser.add_argument("--modality", choices=("CT", "MR"), help="what the scan shows (DICOM says it)")
    times = parser.add_mutually_exclusive_group()
    times.add_argument("--frame-interval", type=float, metavar="S", help="seconds between frames (default: the file's)")
    times.add_argument("--times", type=Path, metavar="FILE", help="frame times: CSV, JSON, text (default: the file's)")
    parser.add_argument("--echo-time", type=float, metavar="S", help="echo time in seconds, MR (default: the file's)")


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add what is written and printed.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Gets ``--save``, ``--dicom``, ``--tissue-rule``, ``--report``, ``--json`` and ``--quiet``.
    """
    parser.add_argument(
        "--save", type=_series, default=(), metavar="NAMES", help=f"4D series to write too: {','.join(SERIES)}"
    )
    parser.add_argument("--dicom", action="store_true", help="write maps and masks as DICOM too (scans from DICOM)")
    parser.add_argument(
        "--tissue-rule",
        metavar="PRESET",
        help="published thresholds of tissue at risk, such as 'Tmax 6 s, CBF 30 %%'; a word that is none lists them "
        "(default: those for the method, where there are any)",
    )
    parser.add_argument(
        "--report", action=argparse.BooleanOptionalAction, default=True, help="write report.html (default: on)"
    )
    parser.add_argument("--json", action="store_true", help="print a summary as JSON, and nothing else")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


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


def earlier_settings(path: Path | None) -> Settings:
    """Settings of an earlier analysis, or the defaults.

    Parameters
    ----------
    path : Path, optional
        Its ``settings.json``.

    Returns
    -------
    Settings

    Raises
    ------
    PerfusionError
        If it cannot be read.
    """
    if path is None:
        return Settings()
    from ..files import read_settings

    return read_settings(path)


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


def _series(word):
    names = tuple(dict.fromkeys(word.split(",")))
    unknown = [name for name in names if name not in SERIES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown series {unknown[0]!r}; choose from {', '.join(SERIES)}")
    return names


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
