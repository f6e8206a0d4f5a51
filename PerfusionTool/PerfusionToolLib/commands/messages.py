"""Standard error, for people: a progress bar, absent where nobody looks, and warnings."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ..perfusion.progress import Progress


class ProgressBar:
    """One bar that shows the stage at work; a context manager whose `report` takes `Progress`.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """

    def __init__(self, quiet: bool = False):
        self._bar = None
        if not quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=1.0, bar_format="{desc:<44.44} {bar:30} {elapsed}", leave=False)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def report(self, progress: Progress) -> None:
        """Show where the work stands.

        Parameters
        ----------
        progress : Progress
        """
        if self._bar is None:
            return
        self._bar.n = progress.fraction
        self._bar.set_description_str(progress.text or progress.stage)


def print_warnings(sentences: Iterable[str]) -> None:
    """Print on standard error what a person should know of a scan.

    Parameters
    ----------
    sentences : iterable of str
    """
    for sentence in sentences:
        print(f"Warning: {sentence}", file=sys.stderr)


def table(titles: list[str], rows: list[list[str]]) -> str:
    """Columns of text, the first to the left and the others to the right.

    Parameters
    ----------
    titles : list of str
    rows : list of list of str

    Returns
    -------
    str
    """
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]
    lines = []
    for first, *others in [titles, ["─" * width for width in widths], *rows]:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)
