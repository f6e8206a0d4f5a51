"""How much faster several processes do a dataset of sample heads than one.

    python -m PerfusionToolLib.studies.dataset.throughput HEADS X,Y,Z FRAMES

prints a JSON object of seconds by the number of processes.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from ... import files
from ...perfusion.errors import PerfusionError
from ...perfusion.progress import drain
from ..request import Request
from ..sample import scanned_head
from .layout import subjects_in
from .runner import analyse_dataset_steps
from .subject import DONE

PROCESSES = (1, 2)


def measure(heads: int, size: tuple[int, int, int], frames: int) -> dict[int, float]:
    """Analyse a dataset with default settings, once for each number of processes, without reports.

    Parameters
    ----------
    heads : int
    size : tuple of int
        Voxels along (x, y, z).
    frames : int

    Returns
    -------
    dict of int to float
        Seconds by the number of processes, from the first scan's file to the last table.

    Raises
    ------
    PerfusionError
        If a head could not be analysed.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "heads"
        # Another head would take as long to analyse, but more time to make.
        series = scanned_head("CT", size, frames, motion=2.0).series
        for number in range(heads):
            path = root / f"sub-{number:02d}" / f"sub-{number:02d}_ctp.nii.gz"
            files.write_series(path, series.signal, series.grid, series.times)
        return {workers: _seconds(root, Path(folder) / f"with-{workers}", workers) for workers in PROCESSES}


def _seconds(root, output, workers):
    subjects = subjects_in(root, Request(scan=root, report=False))
    started = time.perf_counter()
    outcomes = drain(analyse_dataset_steps(subjects, root, output, workers=workers))
    seconds = time.perf_counter() - started
    for outcome in outcomes:
        if outcome.status != DONE:
            raise PerfusionError(f"{outcome.subject.label}: {outcome.reason}")
    return seconds


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), tuple(map(int, sys.argv[2].split(","))), int(sys.argv[3]))))
