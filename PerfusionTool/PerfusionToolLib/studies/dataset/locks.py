"""Locks between processes: held by an open file, so that the system frees them when their holder ends in any way."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...perfusion.errors import PerfusionError

_RETRY = 0.2


class TakenError(PerfusionError):
    """Somebody else holds the lock."""


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a lock, which no other process can hold meanwhile, on another machine neither.

    Parameters
    ----------
    path : Path
        A file for nothing else, in a folder that exists; it goes when the lock does.
    wait : bool
        Whether to wait for another holder to end.

    Yields
    ------
    None

    Raises
    ------
    TakenError
        If another holds it and `wait` is false; the message says who.
    PerfusionError
        If the file system cannot lock.
    """
    file = _taken(path, wait)
    try:
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {platform.node()}".encode())
        file.flush()
        yield
    finally:
        # While it is held still: whoever opened it meanwhile sees that it is gone, and makes a new one.
        _remove(path)
        file.close()


def _taken(path, wait):
    while True:
        try:
            file = path.open("a+b")
        except OSError as error:
            raise PerfusionError(f"{path.parent} cannot be written ({error.strerror}); choose another.") from error
        try:
            if _lock(file):
                if _is_still_there(path, file):
                    return file
                file.close()
                continue
            holder = _holder(file)
        except OSError as error:
            file.close()
            raise PerfusionError(
                f"Files in {path.parent} cannot be locked ({error.strerror}), so that two runs could spoil each "
                "other's results; choose an output on another file system."
            ) from error
        file.close()
        if not wait:
            raise TakenError(f"{path.parent} is in use by {holder}; wait until it ends, or choose another output.")
        time.sleep(_RETRY)


def _holder(file):
    try:
        file.seek(0)
        return file.read().decode() or "another process"
    except OSError:
        # Where a lock keeps others from reading as well.
        return "another process"


def _is_still_there(path, file):
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _remove(path):
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


if os.name == "nt":
    import msvcrt

    # Far behind what is written, for nobody can read a locked byte.
    _PLACE = 1 << 20

    def _lock(file):
        file.seek(_PLACE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
