"""What was done with what: JSON files, checksums, saved settings."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress, Steps, drain
from .atomic import write_text
from .tables import read_text

_READ_SIZE = 1 << 20


def checksum(path: str | Path) -> str:
    """SHA-256 of a file, or of the DICOM images in a folder.

    Parameters
    ----------
    path : str or Path
        What the images of a folder are called, and what else lies there, does not matter.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    PerfusionError
        If the file cannot be read.
    """
    if Path(path).is_dir():
        return _checksum_of_all([checksum(file) for file in drain(_files_steps(Path(path)))])
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(_READ_SIZE):
                digest.update(block)
    except OSError as error:
        raise PerfusionError(f"{path} cannot be read ({error.strerror}); check name and permissions.") from error
    return digest.hexdigest()


def input_record(path: str | Path) -> dict[str, Any]:
    """What identifies an input file, or a folder of them.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict
        ``file`` (its name), ``bytes``, ``sha256``.

    Raises
    ------
    PerfusionError
        If the file cannot be read.
    """
    return drain(input_record_steps(path))


def input_record_steps(path: str | Path) -> Steps[dict[str, Any]]:
    """The same, file by file."""
    path, checksums, size = Path(path), [], 0
    for file in (yield from _files_steps(path)):
        yield Progress("reading", 1.0, f"Taking the checksum of {file.name}")
        checksums.append(checksum(file))
        size += file.stat().st_size
    whole = _checksum_of_all(checksums) if path.is_dir() else checksums[0]
    return {"file": path.name, "sha256": whole, "bytes": size}


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all.

    Parameters
    ----------
    path : str or Path
    content : dict
        May hold NumPy arrays and numbers, and paths; NaN and infinity become null, as JSON has no such numbers.

    Raises
    ------
    PerfusionError
        If the file cannot be written.
    """
    write_text(path, json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict

    Raises
    ------
    PerfusionError
        If it cannot be read or holds something else.
    """
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise PerfusionError(f"{path} is not valid JSON ({error}); correct it.") from error
    if not isinstance(content, dict):
        raise PerfusionError(f"{path} holds a {type(content).__name__}; an object is needed.")
    return content


def read_settings(path: str | Path):
    """Settings of an earlier analysis.

    Parameters
    ----------
    path : str or Path
        JSON whose ``settings`` object, or the whole, names settings and their values.

    Returns
    -------
    Settings

    Raises
    ------
    PerfusionError
        If it cannot be read, or a name or value is not valid.
    """
    from ..perfusion.settings import Settings

    content = read_json(path)
    return Settings.from_dict(content.get("settings", content))


def _files_steps(path):
    """A file itself, or the images in a folder."""
    if not path.is_dir():
        return [path]
    from .dicom.headers import image_files_steps

    return (yield from image_files_steps(path))


def _checksum_of_all(checksums):
    return hashlib.sha256("".join(sorted(checksums)).encode()).hexdigest()


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
