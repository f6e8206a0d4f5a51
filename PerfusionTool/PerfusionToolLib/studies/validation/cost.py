"""Time and memory that every method takes."""

from __future__ import annotations

import math
import time

import numpy as np

from ...perfusion.deconvolution import METHODS, deconvolve
from ...perfusion.progress import Steps, part_of_stage
from ..measurement import peak_memory
from .figures import Asked, Column, Figures, Table
from .processes import in_processes
from .simulation import gamma_input

VOXELS = {"full": 200_000, "quick": 20_000, "test": 500}
FRAMES, INTERVAL, ARRIVAL = 45, 1.41, 10.0
PEAK, NOISE = 200.0, 1.0
FLOW = 0.008
COLUMNS = (
    Column("s", math.inf),
    Column("µs a voxel", math.inf, 1),
    Column("further memory, MB", math.inf, 0),
)


def run_steps(asked: Asked) -> Steps[Figures]:
    """Deconvolve a whole brain by every method, in a process of its own where there may be several.

    Parameters
    ----------
    asked : Asked

    Yields
    ------
    Progress

    Returns
    -------
    Figures
    """
    rows = {}
    for number, method in enumerate(METHODS):
        # One after the other: at the same time they would take each other's cores.
        work = in_processes("cost", _measured, [(method, VOXELS[asked.size], asked.seed)], asked.workers)
        (rows[method],) = yield from part_of_stage(work, number / len(METHODS), (number + 1) / len(METHODS))
        if asked.workers == 1:
            # The peak of this process is also that of what was done before.
            del rows[method]["further memory, MB"]
    table = Table("whole brain", f"{VOXELS[asked.size]} voxels of {FRAMES} frames", COLUMNS, rows)
    return Figures("cost", "Time and memory", ABOUT, [table])


def _measured(item):
    method, voxels, seed = item
    times = np.arange(FRAMES) * INTERVAL
    arterial_input = gamma_input(times - ARRIVAL) * PEAK / gamma_input(np.array(4.5))
    tissue = _tissue(times, arterial_input, voxels, np.random.default_rng(seed))
    # What is loaded or made at the first call only is not counted.
    deconvolve(tissue[:100], arterial_input, times, method)
    before, started = peak_memory(), time.perf_counter()
    deconvolve(tissue, arterial_input, times, method)
    seconds, after = time.perf_counter() - started, peak_memory()
    further = math.nan if before is None else (after - before) / 2**20
    return {"s": seconds, "µs a voxel": 1e6 * seconds / voxels, "further memory, MB": further}


def _tissue(times, arterial_input, voxels, random):
    """Curves of boxes of several widths and delays, with noise."""
    passed = np.cumsum(arterial_input) * INTERVAL
    curves = random.standard_normal((voxels, times.size), np.float32)
    curves *= np.float32(NOISE)
    kinds = [(delay, mtt) for delay in (0.0, 1.0, 3.0) for mtt in (3.0, 5.0, 9.0)]
    for number, (delay, mtt) in enumerate(kinds):
        risen, fallen = (np.interp(times - lag, times, passed) for lag in (delay, delay + mtt))
        curves[number :: len(kinds)] += (FLOW * (risen - fallen)).astype(np.float32)
    return curves


ABOUT = """\
Seconds to deconvolve simulated curves on all cores of the machine at hand, with everything that a method prepares for
one arterial input, and the memory that it takes beside the curves and the program (the peak of a process of its own).
They belong to a machine, so they are kept in no baseline."""
