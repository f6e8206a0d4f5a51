"""A folder of results that is either complete or untouched."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..perfusion.errors import PerfusionError

RECORD = "settings.json"


@contextmanager
def results_folder(folder: Path) -> Iterator[Path]:
    """Collect files beside their destination and move them there when all are written.

    Parameters
    ----------
    folder : Path
        Made if it does not exist. Files that its `RECORD` names as an earlier run's results are replaced or removed.

    Yields
    ------
    Path
        A temporary folder on the same file system; on any error it vanishes and ``folder`` stays as it was.

    Raises
    ------
    PerfusionError
        If the folder cannot be written.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder)
    except OSError as error:
        raise PerfusionError(
            f"The output folder {folder} cannot be written ({error.strerror}); choose another."
        ) from error
    complete = False
    try:
        with unfinished:
            yield Path(unfinished.name)
            _move(Path(unfinished.name), folder)
        complete = True
    except OSError as error:
        raise PerfusionError(f"Writing to {folder} failed ({error.strerror or error}); nothing was kept.") from error
    finally:
        if made and not complete:
            folder.rmdir()


def _move(source, folder):
    results = sorted(path.name for path in source.iterdir())
    for stale in _earlier_results(folder) - set(results):
        (folder / stale).unlink(missing_ok=True)
    # The record comes last: where it stands, everything it names does too.
    for name in sorted(results, key=lambda name: name == RECORD):
        (source / name).replace(folder / name)


def _earlier_results(folder):
    try:
        names = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in names if Path(name).name == name}
