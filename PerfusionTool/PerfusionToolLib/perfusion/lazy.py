"""Names of a package that are loaded when first used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def loader(package: str, home: dict[str, str]) -> Callable[[str], object]:
    """What a package takes as its ``__getattr__``, so that importing it is quick.

    Parameters
    ----------
    package : str
        Its name.
    home : dict of str to str
        From a name to the module of the package that has it.

    Returns
    -------
    callable
    """

    def load(name):
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return load
