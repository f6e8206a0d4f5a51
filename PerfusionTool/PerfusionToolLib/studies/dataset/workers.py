"""Processes on this machine that analyse one scan at a time, each in one thread."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from ...perfusion.progress import Progress
from .job import do_subject
from .subject import FAILED, Outcome, Subject

# For libraries that count their threads when they are loaded.
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    ),
    "1",
)
_REPORT_EVERY = 0.2


@dataclass(eq=False)
class _Worker:
    process: multiprocessing.process.BaseProcess
    connection: Connection
    subject: Subject | None = None


class LocalWorkers:
    """Some processes; one that is killed is replaced by the next. A context manager.

    Parameters
    ----------
    count : int
    output : Path
        Of the dataset.

    Attributes
    ----------
    largest_room : float
        Bytes that one of them can have.
    """

    largest_room = math.inf

    def __init__(self, count: int, output: Path):
        self._count, self._output = count, output
        self._workers: list[_Worker] = []

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(self, *_):
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.connection.close()

    def idle(self) -> list[_Worker | None]:
        """Who could start now; None stands for a process that is yet to be made."""
        waiting = [worker for worker in self._workers if worker.subject is None]
        return [*waiting, *[None] * (self._count - len(self._workers))]

    def room(self, worker) -> float:
        """Bytes that a worker has for itself."""
        return math.inf

    def start(self, worker: _Worker | None, subject: Subject) -> None:
        """Have a scan analysed.

        Parameters
        ----------
        worker : object
            One of `idle`.
        subject : Subject
        """
        worker = worker or self._new()
        worker.subject = subject
        # One that has been killed meanwhile is noticed in `news`.
        with contextlib.suppress(OSError):
            worker.connection.send(subject)

    def news(self, timeout: float) -> list[tuple[Subject, Progress | Outcome]]:
        """What has happened.

        Parameters
        ----------
        timeout : float
            s to wait for anything.

        Returns
        -------
        list of (Subject, Progress or Outcome)
        """
        by_connection = {worker.connection: worker for worker in self._workers if worker.subject}
        if not by_connection:
            return []
        return [self._news_of(by_connection[ready]) for ready in wait(list(by_connection), timeout)]

    def _news_of(self, worker):
        subject = worker.subject
        try:
            news = worker.connection.recv()
        except (EOFError, OSError):
            return subject, self._lost(worker)
        if isinstance(news, Outcome):
            worker.subject = None
        return subject, news

    def _lost(self, worker):
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        return Outcome(worker.subject, FAILED, _how_it_ended(worker.process.exitcode))

    def _new(self):
        # A fresh interpreter: one that was forked from a process with threads may wait for ever.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._output), daemon=True)
        with _environment(_ONE_THREAD):
            process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(connection, output):
    """What a process does: scan after scan, until the runner ends."""
    # Ctrl-C reaches all processes of a terminal; the runner ends these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_runner, daemon=True).start()
    told = 0.0

    def tell(progress):
        nonlocal told
        if time.monotonic() - told > _REPORT_EVERY:
            told = time.monotonic()
            connection.send(progress)

    while True:
        try:
            subject = connection.recv()
        except EOFError:
            return
        connection.send(do_subject(subject, output, tell))


def _end_with_runner():
    multiprocessing.parent_process().join()
    # At once: nobody waits for the results, and a new run may begin.
    os._exit(1)


def _how_it_ended(code):
    if code is not None and code < 0:
        by = f"by signal {-code}"
        with contextlib.suppress(ValueError):
            by = f"by the signal {signal.Signals(-code).name}"
        advice = "; if memory ran out, give --memory or fewer --workers" if -code == 9 else ""
        return f"Its process was ended from outside {by}{advice}; run again."
    return f"Its process ended with the exit code {code}; run again."
