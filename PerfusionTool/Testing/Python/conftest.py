"""Fixtures for tests that need the application: the genuine scene, or the scene with Qt, of the stand-in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import slicerhost
from slicerhost import needs


@pytest.fixture
def scene():
    """`slicer.mrmlScene`, emptied after the test, which fails on any VTK error or exception in an observer."""
    _skip_if(needs.missing(windows="SLICER_PYTHON_DIR" in os.environ))
    app = slicerhost.start_scene()
    yield from _emptied_after_test(app.mrmlScene())


@pytest.fixture
def application():
    """`slicer.app` with Qt, views and widgets; as strict as `scene`, about slots too."""
    _skip_if(needs.missing(windows=True))
    yield from _emptied_after_test(slicerhost.start_application())


def _skip_if(reason):
    if reason:
        pytest.skip(reason)


def _emptied_after_test(given):
    slicerhost.clear()
    yield given
    errors = [repr(error) for error in slicerhost.clear()]
    if errors:
        pytest.fail("Errors that nobody could catch:\n" + "\n".join(errors), pytrace=False)
