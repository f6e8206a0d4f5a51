#!/usr/bin/env python3
"""PerfusionTool from a fresh clone, with nothing but Python.

    python3 dev.py demo        a sample head, its perfusion maps, a Slicer scene and pictures of them, in ./demo/
    python3 dev.py window      the module's panel beside live slice views, in a stand-in for Slicer
    python3 dev.py test        lint, formatting and all tests
    python3 dev.py accuracy    maps of many sample heads beside their truth
    python3 dev.py benchmark   seconds and peak memory of every stage, and what a person waits for in the module
    python3 dev.py validate    estimators beside truth and published figures: writes docs/validation.md, 20 minutes

The first run makes .venv beside this file and installs what pyproject.toml asks for; later runs start at once.
Anything after the command is passed on: python3 dev.py test -k motion, python3 dev.py benchmark --help.
With python3 dev.py test --slicer-core 5.12.4.0 the tests of the scene run on that version of Slicer's libraries.
"""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PYPROJECT = ROOT / "pyproject.toml"
STAMP = VENV / "installed"
OLDEST, NEWEST = (3, 10), (3, 13)


def main():
    commands = {
        "demo": demo,
        "window": window,
        "test": test,
        "accuracy": accuracy,
        "benchmark": benchmark,
        "validate": validate,
    }
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    check_python()
    install()
    return commands[sys.argv[1]](sys.argv[2:])


def demo(arguments):
    return run("PerfusionToolLib", "demo", *arguments) or run("tour", "demo", *arguments)


def window(arguments):
    return run("tour", "window", *arguments)


def accuracy(arguments):
    return run("PerfusionToolLib", "accuracy", *arguments)


def benchmark(arguments):
    """Of the analysis, and of the module unless one part is asked for."""
    if arguments:
        return run("PerfusionToolLib", "benchmark", *arguments)
    return run("PerfusionToolLib", "benchmark") or run("tour", "benchmark")


def validate(arguments):
    """The report is only written by a whole run, unless it is asked for."""
    is_whole = not any(word.startswith(("--quick", "--only", "--size")) for word in arguments)
    return run("PerfusionToolLib", "validate", *["--output", "docs"] * is_whole, *arguments)


def test(arguments):
    """Stop at the first of the three that fails."""
    # Threads of the linear algebra wait for one another where the machine is busy; the tests' arrays are small.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if arguments[:1] == ["--slicer-core"]:
        return test_scene(arguments[1], arguments[2:])
    return run("ruff", "check", "--quiet") or run("ruff", "format", "--check", "--quiet") or run_tests(*arguments)


def run_tests(*arguments):
    """A process for every core, each with whole files of tests, as what a file's tests share is made once in it."""
    return run("pytest", "--numprocesses", "auto", "--dist", "loadfile", *arguments)


def test_scene(version, arguments):
    """The tests that need no window, on another version of Slicer's libraries, which lies beside the usual one."""
    place = VENV / f"slicer-core-{version}"
    if not place.exists():
        unfinished = place.with_name(f"{place.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        if pip_install("--target", str(unfinished), f"slicer-core=={version}") != 0:
            sys.exit(f"slicer-core {version} could not be installed, as pip says above.")
        unfinished.rename(place)
    os.environ["PYTHONPATH"] = str(place)
    tests = sorted(map(str, (ROOT / "PerfusionTool/Testing/Python").glob("test_scene*.py")))
    return run_tests(*tests, *arguments)


def run(module, *arguments):
    """Exit code of `python -m module arguments`, run in the clone with the Python of .venv."""
    return subprocess.call([str(PYTHON), "-m", module, *arguments], cwd=ROOT)


def check_python():
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        oldest, newest, this = (".".join(map(str, v[:2])) for v in (OLDEST, NEWEST, sys.version_info))
        sys.exit(f"PerfusionTool needs Python {oldest} to {newest}, but this is {this}; run: python{newest} dev.py …")


def install():
    """Make .venv and install the declared packages, unless that was done for this very pyproject.toml."""
    wanted = hashlib.sha256(PYPROJECT.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    if not PYTHON.exists():
        print("Making .venv …", flush=True)
        try:
            venv.create(VENV, with_pip=True)
        except subprocess.CalledProcessError:
            sys.exit(f"{VENV} could not be made; on Debian and Ubuntu, install python3-venv, delete it and try again.")
    print("Installing packages (once, about a minute) …", flush=True)
    packages = declared("dependencies") + declared("test")
    if pip_install(*packages) != 0:
        sys.exit(
            "The packages could not be installed, as pip says above; check the network, or delete .venv, and retry."
        )
    # So that .venv's Python finds the library and the stand-in from any folder, changes included.
    folders = [ROOT / "PerfusionTool", ROOT / "PerfusionTool" / "Testing"]
    paths = next(VENV.glob("**/site-packages")) / "PerfusionTool.pth"
    paths.write_text("".join(f"{folder}\n" for folder in folders))
    STAMP.write_text(wanted)


def pip_install(*arguments):
    """Exit code of `pip install arguments` in .venv."""
    return subprocess.call([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments])


def declared(name):
    """A list of strings from pyproject.toml; Python 3.10 has no TOML reader, but such a list reads as Python."""
    match = re.search(rf"^{name} = (\[.*?\])$", PYPROJECT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return ast.literal_eval(match.group(1))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
