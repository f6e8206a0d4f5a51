"""Seconds and peak memory of one analysis; run as a program of its own, so that the peak is this analysis's alone.

    python -m PerfusionToolLib.studies.measurement SCAN MODALITY with|without

prints a JSON list of [stage, seconds, peak memory so far in bytes or null].
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from ..perfusion.progress import Progress, drain
from ..perfusion.settings import Settings
from .request import Request
from .single import analyze_scan_steps


class _Stopwatch:
    """Notes time and memory whenever another stage begins."""

    def __init__(self):
        self.rows = []
        self._stage, self._start = None, None

    def report(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            self.end_stage()
            self._stage, self._start = progress.stage, time.perf_counter()

    def end_stage(self) -> None:
        if self._stage is not None:
            self.rows.append([self._stage, time.perf_counter() - self._start, peak_memory()])


def peak_memory() -> int | None:
    """Most memory that this process has held, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(scan: Path, modality: str, motion_correction: bool) -> list[list]:
    """Analyse a scan once.

    Parameters
    ----------
    scan : Path
    modality : {"CT", "MR"}
    motion_correction : bool

    Returns
    -------
    list of [str, float, int or None]
        Stage, seconds, peak memory so far in bytes; the last is a new arterial input on the finished study.
    """
    settings = Settings(motion_correction=motion_correction)
    request = Request(scan=scan, modality=modality, settings=settings, report=False)
    watch = _Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        study = drain(analyze_scan_steps(request, Path(folder)), watch.report)
    watch.end_stage()
    started = time.perf_counter()
    study.set_arterial_input(mask=study.arterial_input.voxels)
    return [*watch.rows, ["new arterial input", time.perf_counter() - started, peak_memory()]]


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "with")))
