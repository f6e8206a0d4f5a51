"""Workers of a Dask cluster that analyse one scan at a time, each in one thread."""

from __future__ import annotations

import math
import time
from pathlib import Path

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress
from .job import do_subject
from .subject import FAILED, Outcome, Subject

_CONNECT_SECONDS = 30
# Without any worker for so long, nobody waits any longer.
_PATIENCE = 60.0
# Dask holds a worker up at this part of its limit, and ends it not far above.
_PART_OF_LIMIT = 0.8


class ClusterWorkers:
    """The workers that a scheduler knows, those that join later too. A context manager.

    Parameters
    ----------
    address : str
        Of the scheduler, such as tcp://10.0.0.1:8786.
    output : Path
        Of the dataset; every worker must see it, and the scans, under the same path.

    Raises
    ------
    PerfusionError
        If Dask is missing, or nothing answers.
    """

    def __init__(self, address: str, output: Path):
        try:
            from distributed import Client
        except ImportError as error:
            raise PerfusionError(
                "A cluster needs the package distributed, which is not installed; run: pip install distributed"
            ) from error
        self._address, self._output = address, output
        try:
            self._client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise PerfusionError(f"No Dask scheduler answers at {address} ({error}); check the address.") from error
        self._known: dict[str, float] = {}
        self._at_work = {}
        self._last_seen = time.monotonic()

    def __enter__(self) -> ClusterWorkers:
        return self

    def __exit__(self, *_):
        self._client.cancel([future for future, _ in self._at_work.values()])
        self._client.close()

    def idle(self) -> list[str]:
        """Addresses of the workers that could start now.

        Raises
        ------
        PerfusionError
            If the scheduler has been gone, or without a worker, for a minute.
        """
        self._look()
        if not self._known and time.monotonic() - self._last_seen > _PATIENCE:
            raise PerfusionError(
                f"The cluster at {self._address} has had no worker for {_PATIENCE:.0f} s; start some and run again."
            )
        return [address for address in self._known if address not in self._at_work]

    def room(self, worker: str) -> float:
        """Bytes that a worker has for itself."""
        return self._known[worker] or math.inf

    @property
    def largest_room(self) -> float:
        """Bytes that the largest worker has; infinite as long as there is none."""
        return max(map(self.room, self._known), default=math.inf)

    def start(self, worker: str, subject: Subject) -> None:
        """Have a scan analysed; parameters as in `LocalWorkers`."""
        future = self._client.submit(do_subject, subject, self._output, workers=[worker], pure=False)
        self._at_work[worker] = future, subject

    def news(self, timeout: float) -> list[tuple[Subject, Progress | Outcome]]:
        """What has happened; as in `LocalWorkers`."""
        time.sleep(timeout)
        return [
            (subject, self._outcome(worker, future, subject))
            for worker, (future, subject) in list(self._at_work.items())
            if future.done() or worker not in self._known
        ]

    def _outcome(self, worker, future, subject):
        del self._at_work[worker]
        if not future.done():
            future.cancel()
            return Outcome(subject, FAILED, f"The worker {worker} was lost; run again.")
        try:
            return future.result()
        except Exception as error:  # whatever a worker of another machine may raise
            return Outcome(subject, FAILED, f"The worker {worker} failed ({type(error).__name__}: {error}).")

    def _look(self):
        # What a client that has lost its scheduler says is old.
        answers = self._client.status == "running"
        workers = self._client.scheduler_info(n_workers=-1)["workers"] if answers else {}
        self._known = {address: _PART_OF_LIMIT * worker["memory_limit"] for address, worker in workers.items()}
        if self._known:
            self._last_seen = time.monotonic()
