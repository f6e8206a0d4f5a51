"""Open the module's panel beside live slice views, in the stand-in for Slicer."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from slicerhost import needs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("scan", type=Path, nargs="?", help="4D NIfTI or NRRD file to open; left out: none")


def run(options: argparse.Namespace) -> int:
    """Open the window, and stay until it is closed."""
    missing = needs.missing(windows=True)
    if not missing and sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        missing = "There is no display; set DISPLAY, or run `python3 dev.py demo`, which draws pictures."
    if missing:
        print(missing, file=sys.stderr)
        return 1
    from .opening import open_module

    opened = open_module()
    if options.scan:
        opened.logic.importScan(options.scan)
    from PySide6.QtWidgets import QApplication

    return QApplication.instance().exec()
