"""Which scans wait, which are at work, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress
from .memory import in_words, needed_memory
from .subject import FAILED, NOT_STARTED, TOO_LARGE, Outcome, Subject

STAGE = "dataset"


@dataclass(eq=False)
class _Entry:
    subject: Subject
    needed: float = 0.0
    text: str | None = None  # while it is at work
    outcome: Outcome | None = None

    @property
    def is_waiting(self):
        return self.outcome is None and self.text is None

    @property
    def is_at_work(self):
        return self.outcome is None and self.text is not None

    def end(self, status, reason):
        self.outcome = Outcome(self.subject, status, reason)


class Schedule:
    """The scans of a dataset, as many at work at a time as memory allows.

    Parameters
    ----------
    memory : float
        Bytes that those at work may take together.
    """

    def __init__(self, memory: float):
        self._memory = memory
        self._entries: list[_Entry] = []
        # Scans of one name have a problem that says so, and are not started.
        self._by_label: dict[str, _Entry] = {}

    def add(self, subject: Subject) -> None:
        """Let a scan wait, unless something stands against it.

        Parameters
        ----------
        subject : Subject
        """
        entry = _Entry(subject)
        self._entries.append(entry)
        try:
            if subject.problem:
                raise PerfusionError(subject.problem)
            entry.needed = needed_memory(subject.request)
        except PerfusionError as error:
            entry.end(FAILED, str(error))
            return
        self._by_label[subject.label] = entry
        self._refuse(entry, self._memory)

    def refuse_beyond(self, room: float) -> None:
        """Give up waiting scans that need more.

        Parameters
        ----------
        room : float
            Bytes that the largest worker has.
        """
        for entry in self._entries:
            if entry.is_waiting:
                self._refuse(entry, room)

    def start_next(self, room: float) -> Subject | None:
        """Take a scan that may start beside those at work.

        Parameters
        ----------
        room : float
            Bytes that its worker has.

        Returns
        -------
        Subject or None
        """
        at_work = [entry for entry in self._entries if entry.is_at_work]
        free = min(room, self._memory - sum(entry.needed for entry in at_work))
        folders = {entry.subject.folder for entry in at_work}
        for entry in self._entries:
            if entry.is_waiting and entry.needed <= free and entry.subject.folder not in folders:
                entry.text = "starting"
                return entry.subject
        return None

    def hear(self, subject: Subject, news: Progress | Outcome) -> None:
        """Note what has happened to a scan at work.

        Parameters
        ----------
        subject : Subject
        news : Progress or Outcome
        """
        entry = self._by_label[subject.label]
        if isinstance(news, Progress):
            entry.text = news.text
            return
        entry.outcome = news
        if news.disk_full:
            self.stop("It was not started, as the output has no room left; make room and run again.")

    def stop(self, reason: str) -> None:
        """Give up all that wait.

        Parameters
        ----------
        reason : str
        """
        for entry in self._entries:
            if entry.is_waiting:
                entry.end(NOT_STARTED, reason)

    @property
    def is_over(self) -> bool:
        """Whether all have an outcome."""
        return all(entry.outcome is not None for entry in self._entries)

    @property
    def outcomes(self) -> list[Outcome]:
        """Of all that have one, in the order in which they were added."""
        return [entry.outcome for entry in self._entries if entry.outcome is not None]

    @property
    def progress(self) -> Progress:
        """Where the work stands."""
        done, total = len(self.outcomes), len(self._entries)
        at_work = "; ".join(f"{entry.subject.label}: {entry.text}" for entry in self._entries if entry.is_at_work)
        return Progress(STAGE, done / total, f"{done} of {total} · {at_work}" if at_work else f"{done} of {total}")

    def _refuse(self, entry, limit):
        if entry.needed > limit:
            entry.end(
                TOO_LARGE,
                f"It needs about {in_words(entry.needed)} of memory, but the limit is {in_words(limit)}; raise "
                "--memory, or lower --maximum-matrix.",
            )
