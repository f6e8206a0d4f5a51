"""Long work in short steps: a generator yields its progress and returns its result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
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
    overall : float, optional
        Finished part of the whole work, 0 to 1, where somebody knows the whole; it never goes back.
    """

    stage: str
    fraction: float
    text: str
    overall: float | None = None


Steps = Generator[Progress, None, Result]


def retold(steps: Steps[Result], tell: Callable[[Progress], Progress]) -> Steps[Result]:
    """The same work, its progress told in another way.

    Parameters
    ----------
    steps : generator of Progress
    tell : callable
        From a `Progress` to the one that is yielded instead.

    Yields
    ------
    Progress

    Returns
    -------
    object
        What the generator returned.
    """
    with closing(steps):
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                return end.value
            yield tell(progress)


def part_of_stage(steps: Steps[Result], first: float, last: float) -> Steps[Result]:
    """Work that is only a part of its stage.

    Parameters
    ----------
    steps : generator of Progress
        Its fractions run from 0 to 1.
    first, last : float
        Fractions of the stage at which this part starts and ends.

    Yields
    ------
    Progress

    Returns
    -------
    object
        What the generator returned.
    """
    return retold(steps, lambda progress: replace(progress, fraction=first + (last - first) * progress.fraction))


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
