"""Files that are there whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..perfusion.errors import PerfusionError
from .paths import checked_path


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its place only once it is complete.

    The bytes go to a file beside it, which is renamed at the end and removed after any failure. Missing folders are
    made.

    Parameters
    ----------
    path : str or Path
        The file to write; an older one is replaced.

    Yields
    ------
    file
        Binary, writable.

    Raises
    ------
    PerfusionError
        If the folder cannot be written to or is full.
    """
    path = checked_path(path)
    if path.is_dir():
        raise PerfusionError(f"{path} is a folder; give the name of a file.")
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise PerfusionError(
            f"{path} could not be written ({error.strerror or error}); choose a folder that is writable and has room."
        ) from error
    finally:
        _remove(partial)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all.

    Parameters
    ----------
    path : str or Path
    text : str

    Raises
    ------
    PerfusionError
        If the folder cannot be written to or is full.
    """
    with atomic_file(path) as file:
        file.write(text.encode())


def _remove(partial):
    # A folder that vanished or became read-only in between must not hide the first error.
    try:
        partial.unlink(missing_ok=True)
    except OSError:
        return
