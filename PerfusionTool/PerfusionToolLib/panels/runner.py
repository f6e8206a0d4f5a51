"""Long work on the main thread: a timer advances a generator of steps and the window stays usable in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress

SLICE_SECONDS = 0.1
URGENT_SLICE_SECONDS = 0.03
PAUSE_MILLISECONDS = 2
# Urgent work that comes again and again, as in a drag, is gone on with only when nothing newer has come for so long.
REST_SECONDS = 0.12
# A timer later than this had to wait while the window was drawn.
LATE_SECONDS = 0.005


class Runner:
    """Advances one piece of work at a time.

    Parameters
    ----------
    on_progress : callable
        Called with the newest `Progress` after every slice of work.
    on_end : callable
        Called with ``(sentence, cancelled)`` when the work has ended: the sentence of its failure or None, and whether
        it was cancelled. Work that other work replaces does not end.
    """

    def __init__(self, on_progress: Callable[[Progress], None], on_end: Callable[[str | None, bool], None]):
        self._on_progress = on_progress
        self._on_end = on_end
        self._steps = None
        self._done = self._failed = None
        self._seconds = self._rest = self._ticked = 0.0
        self._urgent = self._advancing = False
        self._timer = qt.QTimer()
        self._timer.interval = PAUSE_MILLISECONDS
        self._timer.connect("timeout()", self._advance)

    @property
    def running(self) -> bool:
        """Whether work is under way."""
        return self._steps is not None

    @property
    def urgent(self) -> bool:
        """Whether urgent work is under way."""
        return self.running and self._urgent

    def start(self, steps, done=None, urgent: bool = False, failed=None) -> None:
        """Begin with new work; what runs is dropped.

        Parameters
        ----------
        steps : generator of Progress
        done : callable, optional
            Called with what the generator returned, unless it failed or was cancelled.
        urgent : bool
            Do the first slice at once: the answer to a click or a drag is there when this returns.
        failed : callable, optional
            Called with the sentence of a failure.
        """
        again, former = urgent and self.urgent, self._steps
        self._steps, self._done, self._failed, self._urgent = steps, done, failed, urgent
        self._close(former)
        # Otherwise the first step comes alone, so that what is begun is shown before it takes its time.
        # So does that which is to rest: the curve of a seed that is dragged, but not its maps.
        self._seconds = URGENT_SLICE_SECONDS if urgent and not again else 0.0
        self._rest = 0.0
        self._timer.start()
        if urgent and not self._advancing:
            self._advance()
        if again:
            self._rest, self._ticked = REST_SECONDS, time.perf_counter()

    def cancel(self) -> None:
        """Go no further; what is finished stays."""
        if self.running:
            self._drop()
            self._on_end(None, True)

    def _drop(self):
        steps, self._steps = self._steps, None
        self._done = self._failed = None
        self._timer.stop()
        self._close(steps)

    def _close(self, steps):
        # A generator cannot be closed from within its own step; `_advance` does it afterwards.
        if steps is not None and not self._advancing:
            steps.close()

    def _advance(self):
        if self._advancing or self._steps is None or self._is_resting():
            return
        steps, end = self._steps, time.perf_counter() + self._seconds
        self._seconds = URGENT_SLICE_SECONDS if self._urgent else SLICE_SECONDS
        self._advancing = True
        try:
            outcome = self._slice(steps, end)
        finally:
            self._advancing = False
        if self._steps is not steps:
            steps.close()
        elif isinstance(outcome, Progress):
            self._on_progress(outcome)
        else:
            self._finish(*outcome)

    def _is_resting(self):
        """Drawing is no rest: nothing newer can come meanwhile."""
        if self._rest > 0:
            former, self._ticked = self._ticked, time.perf_counter()
            self._rest -= min(self._ticked - former, LATE_SECONDS)
        return self._rest > 0

    def _slice(self, steps, end):
        """The newest progress, or the sentence of a failure and the result."""
        try:
            progress = next(steps)
            while self._steps is steps and time.perf_counter() < end:
                progress = next(steps)
        except StopIteration as stop:
            return None, stop.value
        except PerfusionError as error:
            return str(error), None
        except Exception:
            logging.exception("Perfusion Tool: a step failed")
            return _("Something went wrong that should not; the application's log has the details."), None
        return progress

    def _finish(self, sentence, result):
        done, failed = self._done, self._failed
        self._drop()
        self._on_end(sentence, False)
        if sentence is None and done is not None:
            done(result)
        if sentence is not None and failed is not None:
            failed(sentence)
