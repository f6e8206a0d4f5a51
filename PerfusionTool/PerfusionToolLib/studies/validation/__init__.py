"""How near the estimators come to the truth, beside published figures: one file a benchmark, one signature.

Every file of `BENCHMARKS` has

    run_steps(asked: Asked) -> Steps[Figures]

which yields `Progress` (its fraction counts, from 0 to 1) and returns `Figures`: tables whose rows are methods or cases
and whose columns are figures with a tolerance, words about them, and pictures that know how to draw themselves; see
`figures.py`. It iterates over `deconvolution.METHODS`, so that a new estimator appears by itself, and sizes itself by
``asked.size``: "full" for docs/validation.md, "quick" for a look, "test" for a few seconds in the tests. All benchmarks
together take 20 minutes on two cores in full, and 2 when quick. Work of many like parts goes through
`processes.in_processes`.

What must be reached stands in `bounds.py`; what was reached before, in docs/validation.json (`baseline.py`); the words
around the tables, in `report.py`.
"""

from __future__ import annotations

from importlib import import_module

from ...perfusion.progress import Steps
from .figures import Asked, Figures

BENCHMARKS = (
    "six_sets",
    "prior",
    "kudo",
    "osipi_curves",
    "analytic",
    "heads",
    "calibration",
    "denoising",
    "regions",
    "leakage",
    "cost",
)
"""Names of the benchmarks, which are those of their files, in the order of the report."""


def run_steps(name: str, asked: Asked) -> Steps[Figures]:
    """Run one benchmark.

    Parameters
    ----------
    name : str
        One of `BENCHMARKS`.
    asked : Asked

    Yields
    ------
    Progress

    Returns
    -------
    Figures
    """
    return import_module(f"{__name__}.{name}").run_steps(asked)
