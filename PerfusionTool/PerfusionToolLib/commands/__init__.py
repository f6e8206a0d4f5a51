"""The commands of the command line, one file each: `add_arguments(parser)` and `run(options)`.

Only the settings are imported here: `--help` answers before numpy is loaded.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from .. import __version__
from ..perfusion.errors import PerfusionError

SUCCESS, NOT_ANALYSED, WRONG_USAGE, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
COMMANDS = {
    "analyze": "perfusion maps of a 4D CT perfusion or DSC-MRI scan",
    "dataset": "perfusion maps of all scans of a dataset, in parallel",
    "compare": "own maps beside reference maps of other software",
    "sample": "a sample head with known truth",
    "demo": "sample head, analysis, picture and comparison with the truth",
    "accuracy": "sample heads analysed and compared with their truth",
    "benchmark": "seconds and peak memory of every stage",
    "validate": "estimators compared with the truth and with published figures",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        Words of the command line; default: those this program was started with.

    Returns
    -------
    int
        0: done; 1: the data cannot be analysed; 130: interrupted; 143: terminated. Wrong usage leaves
        through ``SystemExit(2)``.
    """
    options = _parser().parse_args(arguments)
    try:
        with _termination_as_interruption():
            options.run(options)
    except PerfusionError as error:
        print(error, file=sys.stderr)
        return NOT_ANALYSED
    except OSError as error:
        print(f"{error.filename or 'The file system'} cannot be used: {error.strerror or error}.", file=sys.stderr)
        return NOT_ANALYSED
    except MemoryError:
        print("There is not enough memory for this scan; lower --maximum-matrix.", file=sys.stderr)
        return NOT_ANALYSED
    except KeyboardInterrupt as stop:
        print("Stopped.", file=sys.stderr)
        return TERMINATED if isinstance(stop, _Termination) else INTERRUPTED
    return SUCCESS


class _Termination(KeyboardInterrupt):
    """The system wants this program to end."""


@contextmanager
def _termination_as_interruption() -> Iterator[None]:
    """Let SIGTERM unwind the program as Ctrl-C does, so that nothing unfinished stays behind."""

    def stop(*_):
        # A second signal would cut the clearing up short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Termination

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m PerfusionToolLib",
        description="Perfusion maps from 4D CT perfusion and DSC-MRI scans of the brain. Research use only.",
        epilog="Exit codes: 0 done, 1 the data cannot be analysed, 2 wrong usage.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"PerfusionTool {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        command = import_module(f"{__name__}.{name}")
        subparser = commands.add_parser(
            name,
            help=text,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run, parser=subparser)
    return parser
