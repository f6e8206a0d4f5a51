"""The command line: python -m PerfusionToolLib COMMAND; one file of `commands` a command."""

from __future__ import annotations

import sys

from .commands import main

if __name__ == "__main__":
    sys.exit(main())
