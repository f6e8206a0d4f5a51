"""One scan of a dataset, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..request import Request

DONE, ALREADY_DONE, FAILED, TOO_LARGE, NOT_STARTED = "done", "already done", "failed", "too large", "not started"
STATUSES = (DONE, ALREADY_DONE, FAILED, TOO_LARGE, NOT_STARTED)
WITH_RESULTS = (DONE, ALREADY_DONE)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One scan to be analysed.

    Parameters
    ----------
    subject : str
        Letters and digits, as after ``sub-``.
    session : str
        Likewise; empty where there are no sessions.
    entities : tuple of str
        What else tells the scan from others of the session, such as "run-1" and "mod-ctp".
    request : Request
    references : Path, optional
        Folder of maps of other software to compare with.
    notes : tuple of str
        What lies beside the scan and is used.
    problem : str
        Why it cannot be analysed, if that is known beforehand.
    """

    subject: str
    session: str = ""
    entities: tuple[str, ...] = ()
    request: Request
    references: Path | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def label(self) -> str:
        """What its files begin with: sub-01_ses-02_run-1_mod-ctp."""
        return "_".join([*self._place, *self.entities])

    @property
    def folder(self) -> Path:
        """Where its results lie in the output: sub-01/ses-02/perf."""
        return Path(*self._place, "perf")

    @property
    def _place(self):
        return [f"sub-{self.subject}", *([f"ses-{self.session}"] if self.session else [])]


@dataclass(frozen=True)
class Outcome:
    """What became of a scan.

    Parameters
    ----------
    subject : Subject
    status : str
        One of `STATUSES`.
    reason : str
        Why there are no results; of a comparison that failed, why.
    seconds : float
    disk_full : bool
        Whether the output has no room left.
    """

    subject: Subject
    status: str
    reason: str = ""
    seconds: float = 0.0
    disk_full: bool = False
