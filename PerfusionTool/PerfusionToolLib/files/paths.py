"""Paths as a person's script gives them."""

from __future__ import annotations

import os
from pathlib import Path

from ..perfusion.errors import PerfusionError


def checked_path(path: str | os.PathLike) -> Path:
    """A path that names a file.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Path

    Raises
    ------
    PerfusionError
        If it names none, or is neither text nor a path.
    """
    named = os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""
    if not isinstance(named, str) or not named or "\0" in named:
        raise PerfusionError(f"{path!r} is no path of a file; give the file's name.")
    return Path(named)
