"""Numbers of things in English sentences."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number and what it counts: "1 frame", "2 frames".

    Parameters
    ----------
    number : int
    noun : str
        For one, with a regular plural.

    Returns
    -------
    str
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
