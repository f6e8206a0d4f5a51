"""Python packages that the application does not bring: installed when they are needed, and only if a person agrees."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata

import slicer
from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError


def has_package(name: str) -> bool:
    """Whether a package can be imported.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool
    """
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def offer_package(name: str, requirement: str, purpose: str) -> None:
    """Ask a person whether to install a package if it is missing, and install it if wanted.

    Parameters
    ----------
    name : str
        As it is imported.
    requirement : str
        As pip takes it.
    purpose : str
        What it is needed for, a whole sentence.

    Raises
    ------
    PerfusionError
        If it cannot be installed, or not be used before a restart.
    """
    question = _("{purpose} It is not installed. Download it from the Python Package Index and install it now?")
    if has_package(name) or not slicer.util.confirmOkCancelDisplay(question.format(purpose=purpose)):
        return
    before = _pydicom_version()
    try:
        slicer.util.pip_install(requirement)
    # It fails in the ways of processes, of networks and of versions of the application.
    except Exception as error:
        raise PerfusionError(
            f"{requirement} could not be installed ({error}); check the network, or install it by hand."
        ) from error
    importlib.invalidate_caches()
    renewed = "pydicom" in sys.modules and _pydicom_version() != before
    if renewed or not has_package(name):
        raise PerfusionError(f"{requirement} was installed; start the application again to use it.")


def _pydicom_version():
    """Of the package that highdicom may bring up to date while the older one is loaded."""
    try:
        return metadata.version("pydicom")
    except metadata.PackageNotFoundError:
        return None
