"""One function of many items, in processes of their own, while the progress is told."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait

from ...perfusion.progress import Progress, Steps


def in_processes(stage: str, function: Callable, items: Iterable, workers: int) -> Steps[list]:
    """Compute a function of every item.

    Parameters
    ----------
    stage : str
        Name of the benchmark.
    function : callable
        At the top of a file, so that another process finds it; called with one item.
    items : iterable
    workers : int
        Processes; with 1 everything is done in this one.

    Yields
    ------
    Progress
        Whenever an item is done, and at least every 0.2 s where there are several processes.

    Returns
    -------
    list
        The function of every item, in their order.
    """
    items = list(items)
    if workers == 1:
        results = []
        for item in items:
            results.append(function(item))
            yield _progress(stage, len(results), len(items))
        return results
    # A fresh interpreter: one that was forked from a process with threads may wait for ever.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _hold_linear_algebra)
    try:
        futures = [pool.submit(function, item) for item in items]
        waiting = set(futures)
        while waiting:
            finished, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
            yield _progress(stage, len(futures) - len(waiting), len(futures))
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)


def _hold_linear_algebra():
    """One thread for it in this process: those of several processes would wait for one another."""
    import scipy.linalg  # noqa: F401 - only what is loaded can be held
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _progress(stage, done, total):
    return Progress(stage, done / total, f"{stage}: {done} of {total} parts")
