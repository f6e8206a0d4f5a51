"""A whole dataset: as many scans at a time as there are workers and memory, and tables at the end."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps
from .locks import locked
from .memory import usual_limit
from .naming import describe_dataset
from .outcome import write_outcomes
from .schedule import STAGE, Schedule
from .subject import Outcome, Subject
from .whole_folder import clear_unfinished
from .workers import LocalWorkers

_LOCK = ".in-use"
_WAIT = 0.2


def analyse_dataset_steps(
    subjects: list[Subject],
    source: Path,
    output: Path,
    *,
    workers: int | None = None,
    memory: float | None = None,
    scheduler: str | None = None,
) -> Steps[list[Outcome]]:
    """Analyse the scans of a dataset that have no results yet, step by step.

    Parameters
    ----------
    subjects : list of Subject
        From `subjects_in`.
    source : Path
        Where they come from.
    output : Path
        Gets a folder of results for each scan, whole or not at all, and tables and an index of all.
    workers : int, optional
        Processes; default: one a core.
    memory : float, optional
        Bytes that scans at work may take together, by what their headers say; default: 80 % of the machine's, and on a
        cluster what its workers have.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers are used instead of processes on this machine.

    Yields
    ------
    Progress

    Returns
    -------
    list of Outcome
        In the order of the subjects.

    Raises
    ------
    PerfusionError
        If another run uses the output, it cannot be written, or there is no cluster.
    """
    output = Path(output).absolute()
    _make(output)
    with locked(output / _LOCK, wait=False):
        clear_unfinished(output)
        describe_dataset(output, source)
        schedule = Schedule(_limit(memory, scheduler))
        for subject in subjects:
            yield Progress(STAGE, 0.0, f"Looking at {subject.label}")
            schedule.add(_with_whole_paths(subject))
        try:
            with _opened(output, workers, scheduler) as team:
                while not schedule.is_over:
                    _advance(schedule, team)
                    yield schedule.progress
        finally:
            clear_unfinished(output)
        yield Progress(STAGE, 1.0, "Writing the tables")
        write_outcomes(schedule.outcomes, source, output)
    return schedule.outcomes


def _advance(schedule, team):
    """Give idle workers something to do, and listen."""
    try:
        idle = team.idle()
    except PerfusionError as error:
        schedule.stop(str(error))
        idle = []
    schedule.refuse_beyond(team.largest_room)
    for worker in idle:
        subject = schedule.start_next(team.room(worker))
        if subject is not None:
            team.start(worker, subject)
    if not schedule.is_over:
        for subject, news in team.news(_WAIT):
            schedule.hear(subject, news)


def _limit(memory, scheduler):
    if memory is not None:
        return memory
    return usual_limit() if scheduler is None else math.inf


def _opened(output, workers, scheduler):
    if scheduler is not None:
        from .cluster import ClusterWorkers

        return ClusterWorkers(scheduler, output)
    return LocalWorkers(workers or os.cpu_count() or 1, output)


def _make(output):
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PerfusionError(f"The output {output} cannot be made ({error.strerror}); choose another.") from error


def _with_whole_paths(subject):
    """For workers that run elsewhere."""
    request, references = subject.request, subject.references
    paths = {name: value.absolute() for name, value in vars(request).items() if isinstance(value, Path)}
    references = None if references is None else references.absolute()
    return replace(subject, request=replace(request, **paths), references=references)
