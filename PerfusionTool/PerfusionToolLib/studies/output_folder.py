"""Files that appear in a folder all together or not at all."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..perfusion.errors import PerfusionError

RECORD = "settings.json"


@contextmanager
def results_folder(folder: Path) -> Iterator[Path]:
    """Collect the results of one analysis and move them to their folder when all are written.

    Parameters
    ----------
    folder : Path
        As in `all_or_none`. Files that its `RECORD` names as an earlier run's results are replaced or removed.

    Yields
    ------
    Path
        As in `all_or_none`.

    Raises
    ------
    PerfusionError
        If the folder cannot be written.
    """
    with all_or_none(folder, _earlier_results(folder)) as unfinished:
        yield unfinished


@contextmanager
def all_or_none(folder: Path, stale: Iterable[str] = ()) -> Iterator[Path]:
    """Collect files beside their destination and move them there when all are written.

    Parameters
    ----------
    folder : Path
        Made if it does not exist. What runs that were killed have left in it is removed.
    stale : iterable of str
        Files in it that go when the new ones come.

    Yields
    ------
    Path
        A temporary folder on the same file system; on any error it vanishes and ``folder`` stays as it was.

    Raises
    ------
    PerfusionError
        If the folder cannot be written, or holds a folder with the name of one of the files.
    """
    missing = []
    # Named before it is made, so that an interruption in between finds it too.
    temporary = folder / f".unfinished-{os.getpid()}-{platform.node()}-{secrets.token_hex(4)}"
    unfinished, earlier = temporary / "new", temporary / "earlier"
    complete = False
    try:
        try:
            missing += [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(folder)
            for made in (temporary, unfinished, earlier):
                made.mkdir()
        except OSError as error:
            raise PerfusionError(
                f"The output folder {folder} cannot be written ({error.strerror}); choose another."
            ) from error
        yield unfinished
        _move(unfinished, folder, earlier, stale)
        complete = True
    except OSError as error:
        raise PerfusionError(f"Writing to {folder} failed ({error.strerror or error}); nothing was kept.") from error
    except PerfusionError as error:
        # The temporary folder means nothing to the person who reads this.
        raise PerfusionError(str(error).replace(str(unfinished), str(folder))) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if not complete:
            _remove_empty(missing)


def _move(new, folder, earlier, stale):
    names = sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file())
    for name in names:
        if (folder / name).is_dir():
            raise PerfusionError(
                f"{folder / name} is a folder, in the way of a file; remove it or choose another output."
            )
    replaced = [name for name in {*names, *stale} if os.path.lexists(folder / name) and not (folder / name).is_dir()]
    with ExitStack() as undo:
        # The record goes first and comes last: where it stands, everything it names does too.
        for name in sorted(replaced, key=lambda name: name != RECORD):
            _move_file(folder / name, earlier / name, undo)
        for name in sorted(names, key=lambda name: name == RECORD):
            _move_file(new / name, folder / name, undo)
        undo.pop_all()


def _move_file(start, end, undo):
    if not end.parent.exists():
        undo.callback(_remove_empty, [end.parent])
        end.parent.mkdir()
    # Noted beforehand, so that no interruption falls in between.
    undo.callback(_move_back, end, start)
    start.replace(end)


def _move_back(end, start):
    if os.path.lexists(end):
        end.replace(start)


def _remove_empty(folders):
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _remove_abandoned(folder):
    own = re.compile(rf"\.unfinished-(\d+)-{re.escape(platform.node())}-\w+")
    for path in folder.iterdir():
        name = own.fullmatch(path.name)
        if name and not _is_running(int(name[1])):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(process):
    if os.name == "nt":
        # There, signal 0 is no question but Ctrl-C.
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _earlier_results(folder):
    try:
        names = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in names if Path(name).name == name}
