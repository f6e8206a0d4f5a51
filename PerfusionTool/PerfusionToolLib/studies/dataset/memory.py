"""How much memory an analysis will take, from the header of its scan."""

from __future__ import annotations

import math
import os

from ...files.images import image_extent
from ..request import Request

# Bytes, measured as the peak of whole analyses with report: interpreter and libraries, every stored voxel, and every
# voxel of a frame after the matrix limit.
_PROGRAM = 240e6
_PER_STORED_BYTE = 2.0
_PER_VOXEL = 12.0
_PER_SAVED_VOXEL = 8.0
# Of what the machine has, the part that analyses may take unless somebody says otherwise.
_USUAL_PART = 0.8


def needed_memory(request: Request) -> float:
    """Peak memory of an analysis in its own process, as a rule 5 to 20 % less.

    Parameters
    ----------
    request : Request

    Returns
    -------
    float
        Bytes.

    Raises
    ------
    PerfusionError
        If the scan's header cannot be read.
    """
    (frames, slices, rows, columns), dtype = image_extent(request.scan)
    limit = request.settings.maximum_matrix
    kept = frames * slices * min(rows, limit) * min(columns, limit)
    stored = math.prod((frames, slices, rows, columns)) * dtype.itemsize
    return _PROGRAM + _PER_STORED_BYTE * stored + (_PER_VOXEL + _PER_SAVED_VOXEL * bool(request.save)) * kept


def usual_limit() -> float:
    """Bytes that analyses may take together on this machine; infinite where it does not tell its memory."""
    try:
        return _USUAL_PART * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf


def in_words(size: float) -> str:
    """A number of bytes for a person to read."""
    return f"{size / 1e9:.1f} GB"
