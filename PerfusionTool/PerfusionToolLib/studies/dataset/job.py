"""One scan of a dataset: analysed, compared, named and put in its place, in whatever process."""

from __future__ import annotations

import errno
import hashlib
import json
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ... import __version__, files
from ...files.sidecar import sidecar_path
from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, drain
from ...perfusion.threads import one_thread
from ..comparison import compare_folder_steps
from ..report.verdicts import verdicts
from ..single import analyze_scan_steps
from .naming import as_derivatives, record_name
from .subject import ALREADY_DONE, DONE, FAILED, Outcome, Subject
from .whole_folder import alone_in, whole_folder

_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


def do_subject(subject: Subject, output: Path, report: Callable[[Progress], None] | None = None) -> Outcome:
    """Analyse a scan, unless its results are there, in one thread; whatever goes wrong is an outcome.

    Parameters
    ----------
    subject : Subject
    output : Path
        Of the dataset.
    report : callable, optional
        Called with every `Progress`.

    Returns
    -------
    Outcome
    """
    started = time.monotonic()
    try:
        with one_thread(), alone_in(output, subject.folder):
            status, reason = _done(subject, output, report)
    except PerfusionError as error:
        return Outcome(subject, FAILED, str(error), time.monotonic() - started, _is_full(error))
    except MemoryError:
        reason = "There is not enough memory for this scan; use fewer workers or lower the matrix limit."
        return Outcome(subject, FAILED, reason, time.monotonic() - started)
    except Exception as error:  # an error of ours must not end the others' work
        return Outcome(subject, FAILED, _unexpected(error), time.monotonic() - started, _is_full(error))
    return Outcome(subject, status, reason, time.monotonic() - started)


def record_of_subject(subject: Subject, output: Path) -> dict[str, Any]:
    """The record of a scan's results; empty if there are none.

    Parameters
    ----------
    subject : Subject
    output : Path

    Returns
    -------
    dict
    """
    path = output / subject.folder / record_name(subject)
    try:
        return files.read_json(path)
    except PerfusionError:
        return {}


def _done(subject, output, report):
    signature = _signature(subject)
    earlier = record_of_subject(subject, output)
    folder = output / subject.folder
    if _is_whole(earlier, folder) and earlier.get("dataset", {}).get("signature") == signature:
        return ALREADY_DONE, earlier["dataset"]["no_comparison"]
    with whole_folder(output, subject.folder, earlier.get("files", ())) as new:
        study = drain(analyze_scan_steps(subject.request, new), report)
        found = {verdict.step: verdict.level for verdict in verdicts(study)}
        del study
        rows, no_comparison = _compared(subject, new, report)
        further = {
            "subject": subject.subject,
            "session": subject.session,
            "signature": signature,
            "notes": subject.notes,
            "verdicts": found,
            "comparison": rows,
            "no_comparison": no_comparison,
        }
        as_derivatives(new, subject, further)
    return DONE, no_comparison


def _is_whole(record, folder):
    return bool(record) and all((folder / name).is_file() for name in record["files"])


def _compared(subject, folder, report):
    """Rows of the comparison, or none and why; maps without a comparison are results too."""
    if subject.references is None:
        return [], ""
    try:
        return drain(compare_folder_steps(folder, subject.references), report), ""
    except PerfusionError as error:
        if _is_full(error):
            raise
        return [], f"Not compared. {error}"


def _signature(subject):
    """What the results depend on: where two of them are equal, so are the results."""
    request = subject.request
    given = {each.name: _content(getattr(request, each.name)) for each in fields(request)}
    beside = sidecar_path(request.scan)
    given |= {
        "settings": asdict(request.settings),
        "sidecar": _content(beside) if beside.is_file() else None,
        "references": None if subject.references is None else _references(subject.references),
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).hexdigest()


def _content(value):
    return files.checksum(value) if isinstance(value, Path) else value


def _references(folder):
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): files.checksum(path) for path in paths}


def _is_full(error):
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def _unexpected(error):
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"An error of the program: {type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno}); "
        "please report it."
    )
