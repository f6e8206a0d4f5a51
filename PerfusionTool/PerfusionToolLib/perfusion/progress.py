"""Long work in short steps: a generator yields its progress and returns its result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    """Where a long piece of work stands.

    Parameters
    ----------
    stage : str
        Name of the stage at work, such as ``"motion"``.
    fraction : float
        Finished part of that stage, 0 to 1.
    text : str
        What is being done, for a person to read.
    """

    stage: str
    fraction: float
    text: str


Steps = Generator[Progress, None, Result]


def drain(steps: Steps[Result], report: Callable[[Progress], None] | None = None) -> Result:
    """Run a generator of steps to its end.

    Parameters
    ----------
    steps : generator of Progress
        Work that yields its progress and returns its result.
    report : callable, optional
        Called with every `Progress`.

    Returns
    -------
    object
        What the generator returned.
    """
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return end.value
        if report is not None:
            report(progress)
