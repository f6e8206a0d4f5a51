"""Which module the application shows, as its selector tells."""

from __future__ import annotations

from collections.abc import Callable

import slicer

SIGNAL = "moduleSelected(QString)"


class ModuleChanges:
    """Tells which module is opened, whichever was open before; nothing where there is no main window.

    Parameters
    ----------
    opened : callable
        Called with the name of the module, after it was entered.
    """

    def __init__(self, opened: Callable[[str], None]):
        self._opened = opened
        try:
            self._selector = slicer.util.moduleSelector()
        except RuntimeError:
            self._selector = None
        else:
            self._selector.connect(SIGNAL, self._opened)

    def forget(self) -> None:
        """Tell no more."""
        # When the application ends, its main window may be gone by now; what PythonQt holds of it is false then.
        if self._selector:
            self._selector.disconnect(SIGNAL, self._opened)
        self._selector = None
