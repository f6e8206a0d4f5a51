"""Slicer's own Python package, from its sources, in place of what stands for it here."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import slicer

OWN = Path(__file__).with_name("python")


def use_own():
    """Take ScriptedLoadableModule, parameterNodeWrapper and i18n from the stand-in, slicer.util from slicer-core."""
    slicer.__path__.insert(0, str(OWN / "slicer"))
    sys.path.append(str(OWN))  # for SampleData


def use_sources(folder):
    """Take all of them from Base/Python of Slicer's sources; needs Qt."""
    use_own()
    slicer.__path__.insert(0, str(Path(folder, "slicer")))
    del sys.modules["slicer.util"]
    slicer.util = importlib.import_module("slicer.util")
    # Slicer's code compares widgets with many classes; those not made here can be named, but not instantiated.
    for path in Path(folder, "slicer", "parameterNodeWrapper").glob("*.py"):
        for module, name in re.findall(r"\b(qt|ctk|slicer)\.((?:Q|ctk|qMRML|qSlicer)\w+)", path.read_text("utf-8")):
            if name not in vars(sys.modules[module]):
                setattr(sys.modules[module], name, type(name, (), {"__new__": _refuse}))


def _refuse(kind, *_arguments):
    raise NotImplementedError(f"{kind.__name__} is real, but the stand-in does not make it.")
