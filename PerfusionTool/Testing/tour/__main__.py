"""python -m tour demo | window | benchmark"""

from __future__ import annotations

import argparse
import importlib

COMMANDS = ("demo", "window", "benchmark")


def main():
    parser = argparse.ArgumentParser(prog="python -m tour", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    modules = {name: importlib.import_module(f"tour.{name}") for name in COMMANDS}
    for name, module in modules.items():
        module.add_arguments(commands.add_parser(name, description=module.__doc__))
    # An option of another half of `dev.py demo` or `dev.py benchmark` is not for this one.
    options, _others = parser.parse_known_args()
    return modules[options.command].run(options)


if __name__ == "__main__":
    raise SystemExit(main())
