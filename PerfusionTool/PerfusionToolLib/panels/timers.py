"""Timers that fire once."""

from __future__ import annotations

from collections.abc import Callable

import qt


def single_shot(milliseconds: int, function: Callable[[], None]):
    """A timer that, each time it is started, calls a function once.

    Parameters
    ----------
    milliseconds : int
    function : callable
        Called without arguments.

    Returns
    -------
    QTimer
    """
    timer = qt.QTimer()
    # PythonQt hides the property of that name, because of the static method.
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.connect("timeout()", function)
    return timer
