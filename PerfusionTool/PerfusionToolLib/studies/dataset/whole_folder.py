"""Folders of results that change from one whole state to the next, whatever ends the program meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...perfusion.errors import PerfusionError
from .locks import TakenError, locked

UNFINISHED = ".unfinished"
_SEPARATOR = "~"
_LOCK = ".lock"


@contextmanager
def alone_in(output: Path, place: Path) -> Iterator[None]:
    """Be the only one that changes a folder of results; wait for another to end.

    Parameters
    ----------
    output : Path
        Of the dataset.
    place : Path
        Of the folder in it, which need not exist.

    Yields
    ------
    None

    Raises
    ------
    PerfusionError
        If the output cannot be written, or files in it cannot be locked.
    """
    lock = _lock_of(_staging(output, place))
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PerfusionError(f"{output} cannot be written ({error.strerror}); choose another.") from error
    with locked(lock, wait=True):
        yield


@contextmanager
def whole_folder(output: Path, place: Path, stale: Iterable[str]) -> Iterator[Path]:
    """Collect files and let them appear in their folder in one move, together with what else lies there.

    Parameters
    ----------
    output, place : Path
        As in `alone_in`, which must hold.
    stale : iterable of str
        Files in the folder that go when the new ones come.

    Yields
    ------
    Path
        An empty folder. On an error it vanishes, and what was there stays.

    Raises
    ------
    PerfusionError
        If the output cannot be written.

    Notes
    -----
    The folder is replaced as a whole: the old one is moved away, the new one to its place. What ends the program
    between the two leaves the old one where `clear_unfinished` brings it back from.
    """
    folder, staging = output / place, _staging(output, place)
    new = staging / "new"
    try:
        _recover(staging, folder)
        new.mkdir(parents=True)
        yield new
        _carry_over(folder, new, set(stale))
        _replace(folder, staging)
    except OSError as error:
        raise PerfusionError(
            f"Writing to {folder} failed ({error.strerror or error}); what was there before stays."
        ) from error
    except PerfusionError as error:
        # The temporary folder means nothing to the person who reads this.
        raise PerfusionError(str(error).replace(str(new), str(folder))) from error
    finally:
        _recover(staging, folder)


def clear_unfinished(output: Path) -> None:
    """Remove what killed runs left, and bring back what they were about to replace.

    Parameters
    ----------
    output : Path
    """
    home = output / UNFINISHED
    for staging in sorted(home.glob(f"*{_SEPARATOR}*")):
        if staging.is_dir():
            try:
                with locked(_lock_of(staging), wait=False):
                    _recover(staging, output / Path(*staging.name.split(_SEPARATOR)))
            except TakenError:
                # A worker of a cluster that has not heard of the end of its run.
                continue
    for left in home.glob(f"*{_LOCK}"):
        _remove_lock(left)
    _remove_empty(home)


def _staging(output, place):
    return output / UNFINISHED / _SEPARATOR.join(place.parts)


def _lock_of(staging):
    return staging.with_name(staging.name + _LOCK)


def _recover(staging, folder):
    earlier = staging / "earlier"
    if earlier.exists() and not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        earlier.rename(folder)
    shutil.rmtree(staging, ignore_errors=True)


def _carry_over(folder, new, stale):
    """What else lies in the folder, such as results of another scan of the session, or what a person put there."""
    for path in folder.rglob("*"):
        there = new / path.relative_to(folder)
        if path.is_dir() or there.exists() or path.relative_to(folder).as_posix() in stale:
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, there)
        except OSError:
            shutil.copy2(path, there)


def _replace(folder, staging):
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(staging / "earlier")
    (staging / "new").rename(folder)


def _remove_lock(path):
    try:
        with locked(path, wait=False):
            pass
    except PerfusionError:
        return


def _remove_empty(folder):
    try:
        folder.rmdir()
    except OSError:
        return
