"""What a table or a settings file says of one scan: settings and inputs by their names."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

from ...perfusion.errors import PerfusionError
from ...perfusion.settings import Settings, value_type
from ..request import AUTOMATIC, Request

REFERENCE = "reference"
VESSELS = ("arterial_input", "venous_output")
NUMBERS = ("echo_time", "frame_interval")
INPUTS = ("modality", "times", "brain_mask", *VESSELS, *NUMBERS, "tissue_rule", REFERENCE)
SETTINGS = tuple(parameter.name for parameter in fields(Settings))
_SWITCHES = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


def with_values(request: Request, values: dict[str, object], folder: Path) -> tuple[Request, Path | None]:
    """A request with what is said of one scan.

    Parameters
    ----------
    request : Request
        Gives what is not said.
    values : dict
        Names out of `INPUTS` and of settings to values, which may be words as they stand in a table.
    folder : Path
        What relative paths are relative to.

    Returns
    -------
    request : Request
    references : Path or None
        Folder of reference maps.

    Raises
    ------
    PerfusionError
        If a name is unknown or a value is not valid.
    """
    unknown = [name for name in values if name not in INPUTS + SETTINGS]
    if unknown:
        raise PerfusionError(
            f"{unknown[0]!r} is neither an input nor a setting; inputs are {', '.join(INPUTS)}, settings those of "
            "`analyze --help`."
        )
    inputs = {name: _input(name, value, folder) for name, value in values.items() if name in INPUTS}
    references = inputs.pop(REFERENCE, None)
    if "modality" in inputs and inputs["modality"] not in ("CT", "MR"):
        raise PerfusionError(f"The modality is {inputs['modality']!r}; it must be CT or MR.")
    for one, other in (("times", "frame_interval"), ("frame_interval", "times")):
        # The nearer word on the frames' times counts, not both.
        if one in inputs:
            inputs.setdefault(other, None)
    settings = {name: _setting(name, value) for name, value in values.items() if name in SETTINGS}
    return replace(request, settings=replace(request.settings, **settings), **inputs), references


def _input(name, value, folder):
    if name in NUMBERS:
        return _number(name, value)
    word = str(value).strip()
    if name == "modality":
        return word.upper()
    if name == "tissue_rule" or (word == AUTOMATIC and name in ("brain_mask", *VESSELS)):
        return word
    if name in VESSELS:
        voxel = value if isinstance(value, list) else re.split(r"[,;\s]+", word)
        if len(voxel) == 3 and all(re.fullmatch(r"-?\d+", str(index)) for index in voxel):
            return tuple(int(index) for index in voxel)
    return folder / word


def _number(name, value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise PerfusionError(f"{name} is {value!r}; it must be a number of seconds.") from None


def _setting(name, value):
    kind, optional = value_type(name)
    if not isinstance(value, str):
        return value
    word = value.strip()
    if optional and word.lower() == AUTOMATIC:
        return None
    if kind is bool:
        return _SWITCHES.get(word.lower(), word)
    try:
        return kind(word)
    except ValueError:
        return word
