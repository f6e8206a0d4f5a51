"""One function of many items, in threads, while the progress is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

from .progress import Progress, Steps

_largest_count: int | None = None


def thread_count() -> int:
    """How many threads a pool may have: one a core, or fewer inside `one_thread`."""
    return _largest_count or os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Let this process work in a single thread, where others work beside it.

    Yields
    ------
    None
        Meanwhile pools of this library have one thread, and linear algebra too.
    """
    global _largest_count
    before, _largest_count = _largest_count, 1
    try:
        with _one_thread_for_linear_algebra():
            yield
    finally:
        _largest_count = before


def in_threads(
    stage: str, function: Callable, items: Iterable, text: str, first: float = 0.0, last: float = 1.0
) -> Steps[list]:
    """Compute a function of every item on all cores, step by step.

    Parameters
    ----------
    stage : str
        Name of the stage at work.
    function : callable
        Called with one item at a time; it should spend its time where the interpreter's lock is released, as numpy
        and scipy do.
    items : iterable
        What to compute the function of.
    text : str
        What is being done, for a person to read; ``{done}`` and ``{total}`` in it become numbers of items.
    first, last : float
        Fractions of the stage at which this work starts and ends.

    Yields
    ------
    Progress
        Whenever an item is done, and at least every 0.1 s.

    Returns
    -------
    list
        The function of every item, in the order of the items.

    Raises
    ------
    Exception
        The first that the function raises; it ends the work.

    Notes
    -----
    When the work is given up, the items that have begun are finished and no other is started. Meanwhile the linear
    algebra library is held to one thread: its own threads would only wait for one another.
    """
    pool = ThreadPoolExecutor(thread_count())
    with _one_thread_for_linear_algebra():
        try:
            futures = [pool.submit(function, item) for item in items]
            waiting, total = set(futures), len(futures)
            while waiting:
                finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                done = total - len(waiting)
                yield Progress(stage, first + (last - first) * done / total, text.format(done=done, total=total))
            return [future.result() for future in futures]
        finally:
            pool.shutdown(cancel_futures=True)


def _one_thread_for_linear_algebra() -> AbstractContextManager:
    controller = _thread_controller()
    return nullcontext() if controller is None else controller.limit(limits=1)


@cache
def _thread_controller():
    """Finding the libraries takes longer than some work here; they are loaded once numpy and scipy are."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    import scipy.linalg  # noqa: F401 - it may bring a library of its own

    return ThreadpoolController()
