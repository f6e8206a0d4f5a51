"""How near the estimators come to the truth in simulations, beside published figures.

Prints the tables, the figures that differ from those kept in docs/validation.json by more than their tolerance, and
one line for every bound that is missed; then ends with exit code 1 if there is such a line. With --output it writes
the report validation.md with its pictures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import drain
from ..perfusion.words import counted
from ..studies.validation.figures import SIZES
from .messages import ProgressBar, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.set_defaults(size="full")
    parser.add_argument(
        "--quick", dest="size", action="store_const", const="quick", help="2 minutes instead of 20, for rough figures"
    )
    parser.add_argument("--size", choices=SIZES, help="test: what the tests compare (default: full)")
    parser.add_argument("--only", default="", metavar="NAME", help="only the benchmark of this name")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all random numbers (default: 0)")
    parser.add_argument("--osipi", type=Path, metavar="FILE", help="OSIPI's dsc_data.csv, to be estimated as well")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write the report there")
    parser.add_argument("--new-baseline", action="store_true", help="keep the figures as those to compare with")


def run(options: argparse.Namespace) -> None:
    """Measure, print, compare with baseline and bounds."""
    from ..studies.validation import BENCHMARKS, run_steps
    from ..studies.validation.baseline import BASELINE, keep, moved_figures, read_baseline
    from ..studies.validation.bounds import is_missed, judged
    from ..studies.validation.figures import Asked
    from ..studies.validation.report import write_report

    if options.only and options.only not in BENCHMARKS:
        options.parser.error(f"no benchmark is called {options.only!r}; there are {', '.join(BENCHMARKS)}")
    if options.seed < 0:
        options.parser.error(f"the seed is {options.seed}; it must be 0 or more")
    asked = Asked(options.size, options.seed, osipi=options.osipi)
    found = []
    for name in [options.only] if options.only else BENCHMARKS:
        with ProgressBar() as bar:
            found.append(drain(run_steps(name, asked), bar.report))
        _print_tables(found[-1])
    if options.output:
        write_report(found, asked, options.output)
    baseline = read_baseline(BASELINE, asked.size)
    moved = moved_figures(found, asked, baseline) if baseline else []
    if options.new_baseline:
        keep(BASELINE, found, asked)
    for figure in moved:
        print(f"moved: {figure}")
    missed = [(bound, value) for bound, value in judged(found) if is_missed(bound, value)]
    for bound, value in missed:
        print(f"missed: {bound}, {'not measured' if value is None else f'{value:.3f}'}, {bound.range}")
    _fail(missed, [] if options.new_baseline else moved)


def _print_tables(figures):
    from ..studies.validation.report import cells

    print(f"\n{figures.title}")
    for each in figures.tables:
        print(f"\n{each.title}\n{table(*cells(each))}", flush=True)


def _fail(missed, moved):
    faults = []
    if moved:
        faults.append(f"{counted(len(moved), 'figure')} moved")
    if missed:
        faults.append(f"{counted(len(missed), 'bound')} missed")
    if faults:
        raise PerfusionError(f"{' and '.join(faults)}.")
