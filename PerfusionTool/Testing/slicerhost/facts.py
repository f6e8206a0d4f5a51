"""What Python sees of Slicer's own widget classes, as read from their headers into widgets.json."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

CLASSES = json.loads(Path(__file__).with_name("widgets.json").read_text(encoding="utf-8"))


def bases(name):
    """The class and its bases, as far as they are Slicer's and CTK's own."""
    while name in CLASSES:
        yield name
        name = CLASSES[name]["base"]


def qt_base(name):
    """Name of the nearest base that is Qt's."""
    while name in CLASSES:
        name = CLASSES[name]["base"]
    return name


@cache
def properties(name):
    """Property name to C++ type."""
    return {key: kind for base in bases(name) for key, kind in CLASSES[base]["properties"].items()}


@cache
def signals(name):
    """Signatures of all signals."""
    return frozenset(signature for base in bases(name) for signature in CLASSES[base]["signals"])


@cache
def methods(name):
    """Signatures of all public slots and invokable methods."""
    return frozenset(signature for base in bases(name) for signature in CLASSES[base]["methods"])


@cache
def members(name):
    """Names of everything that Python can reach on the class, without what Qt's own base gives."""
    called = {signature.split("(")[0] for signature in signals(name) | methods(name)}
    return frozenset(called | set(properties(name)))
