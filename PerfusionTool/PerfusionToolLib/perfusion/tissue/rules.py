"""The rules by which parts of a lesion are removed, and what counts as normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import PerfusionError

NORMALS = ("published", "mirror", "tissue")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What normal is, and which components are artefacts.

    Parameters
    ----------
    normal : {"published", "mirror", "tissue"}
        What relative thresholds are a part of: what the criteria name, the same place of the other hemisphere, averaged
        over some millimetres, or the median of all tissue with Tmax below 4 s.
    smallest_ml : float
        Smaller components are removed, of hypoperfusion and of core.
    edge_part : float
        A component is removed as an edge of vessels or of CSF where more than this part of it lies within 2 mm of them
        in its slice; 1 keeps all.
    opposite_part : float
        Where one hemisphere has at most this part of the other's hypoperfusion, what it has is removed; 0 keeps all.

    Raises
    ------
    PerfusionError
        If a value is out of range.
    """

    normal: str = "published"
    smallest_ml: float = 1.0
    edge_part: float = 0.5
    opposite_part: float = 1 / 3

    def __post_init__(self):
        if self.normal not in NORMALS:
            raise PerfusionError(f"Normal cannot be {self.normal!r}; choose {', '.join(NORMALS)}.")
        if not 0 <= self.smallest_ml < np.inf:
            raise PerfusionError(f"The smallest component is {self.smallest_ml:g} ml; give 0 or more.")
        for name, text in (("edge_part", "edges"), ("opposite_part", "the opposite hemisphere")):
            if not 0 <= getattr(self, name) <= 1:
                raise PerfusionError(f"The part for {text} is {getattr(self, name):g}; give 0 to 1.")
