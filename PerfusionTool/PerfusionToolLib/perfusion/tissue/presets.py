"""Thresholds of hypoperfusion and core, each bound to the estimators for which they were published."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import PerfusionError
from ..maps import UNITS
from ..settings import Settings

# Only ratios make sense of these; a time of arrival has no natural zero to divide by.
RELATIVE_MAPS = ("CBF", "CBV", "MTT")
THRESHOLD_MAPS = (*RELATIVE_MAPS, "Tmax", "TTP from arrival", "Delay")
DEFAULT_PRESET = "Tmax 6 s, CBF 38 %"


@dataclass(frozen=True)
class Threshold:
    """What makes a voxel part of a lesion: a map above or below a bound.

    Parameters
    ----------
    map : str
        "CBF", "CBV", "MTT", "Tmax", "TTP from arrival" or "Delay".
    side : {"above", "below"}
    bound : float
        In the unit of the map, or as a part of normal.
    of_normal : bool
        The bound is a part of the value of normal tissue (CBF, CBV and MTT only).

    Raises
    ------
    PerfusionError
        If the map or the bound cannot serve.
    """

    map: str
    side: str
    bound: float
    of_normal: bool = False

    def __post_init__(self):
        if self.map not in THRESHOLD_MAPS:
            raise PerfusionError(f"There are no thresholds of {self.map!r}; choose {', '.join(THRESHOLD_MAPS)}.")
        if self.side not in ("above", "below"):
            raise PerfusionError(f"A threshold cannot be {self.side!r}; choose above or below.")
        if not (np.isfinite(self.bound) and self.bound > 0):
            raise PerfusionError(f"The threshold of {self.map} is {self.bound:g}; give a positive number.")
        if self.of_normal and self.map not in RELATIVE_MAPS:
            raise PerfusionError(
                f"{self.map} has no part of normal; give the threshold in {UNITS[self.map]}, or choose "
                f"{', '.join(RELATIVE_MAPS)}."
            )

    def holds(self, values: np.ndarray, normal: np.ndarray | float = 1.0) -> np.ndarray:
        """Where values lie beyond the bound; nowhere that they are NaN.

        Parameters
        ----------
        values : ndarray
        normal : ndarray or float
            What the bound is a part of, where it is.

        Returns
        -------
        ndarray of bool
        """
        bound = self.bound * normal if self.of_normal else self.bound
        return values > bound if self.side == "above" else values < bound

    def __str__(self):
        sign = ">" if self.side == "above" else "<"
        if self.of_normal:
            return f"{self.map} {sign} {100 * self.bound:g} % of normal"
        return f"{self.map} {sign} {self.bound:g} {UNITS[self.map]}"


@dataclass(frozen=True)
class Criteria:
    """Thresholds of one lesion.

    Parameters
    ----------
    hypoperfusion : Threshold
    core : Threshold
        Of the core, which is sought inside the hypoperfusion.
    methods : tuple of str
        Estimators for which the thresholds were published; empty for own thresholds, which go with any.
    source : str
        Where they come from.
    normal : {"mirror", "tissue"}
        What relative thresholds are a part of; see `Rules`.
    bias : str
        How volumes by them differ from the true ones in simulated heads, where that is known.

    Raises
    ------
    PerfusionError
        If there is no such normal.
    """

    hypoperfusion: Threshold
    core: Threshold
    methods: tuple[str, ...] = ()
    source: str = "own thresholds"
    normal: str = "tissue"
    bias: str = ""

    def __post_init__(self):
        if self.normal not in ("mirror", "tissue"):
            raise PerfusionError(f"Normal of thresholds cannot be {self.normal!r}; choose mirror or tissue.")

    def __str__(self):
        return f"hypoperfusion {self.hypoperfusion}, core {self.core}"


_TMAX = Threshold("Tmax", "above", 6.0)
_DELAY_INSENSITIVE = ("bcSVD", "oSVD")

# A threshold holds for the bias of its estimator. Tmax > 6 s comes from delay-insensitive deconvolution, whose Tmax
# contains part of the transit time; 145 % of MTT from standard deconvolution, where delay lengthens MTT (the same
# question is answered by 249 % there and 150 % with delay correction in Kamalian's cohort); delay from delay-corrected
# deconvolution. SVD reads normal flow, of short transit, a quarter too low and that of a core about right: 30 % of true
# normal flow is some 42 % of what it reads, so that of the two published parts 38 % comes nearer. Normal is the median
# of tissue with Tmax < 4 s in RAPID and its kin, the other hemisphere elsewhere.
PRESETS = {
    DEFAULT_PRESET: Criteria(
        _TMAX,
        Threshold("CBF", "below", 0.38, of_normal=True),
        _DELAY_INSENSITIVE,
        "Cereda et al., J Cereb Blood Flow Metab 36:1780 (2016), doi:10.1177/0271678X15610586 (core); "
        "Straka et al., J Magn Reson Imaging 32:1024 (2010), doi:10.1002/jmri.22338 (Tmax)",
        bias="In simulated heads with noise of 2 and 5 HU, hypoperfusion came within a tenth of its true volume; the "
        "core came within about a tenth by oSVD, and was up to a quarter too small at 5 HU by bcSVD.",
    ),
    "Tmax 6 s, CBF 30 %": Criteria(
        _TMAX,
        Threshold("CBF", "below", 0.30, of_normal=True),
        _DELAY_INSENSITIVE,
        "Straka et al., J Magn Reson Imaging 32:1024 (2010), doi:10.1002/jmri.22338; Albers et al., Ann Neurol 79:76 "
        "(2016), ischaemic core and hypoperfusion in SWIFT PRIME",
        bias="In simulated heads with noise of 2 and 5 HU, hypoperfusion came within a tenth of its true volume, but "
        "bcSVD and oSVD read the core about two thirds too small by this threshold; CBF < 38 % comes nearer.",
    ),
    "MTT 145 %, CBV 2 ml": Criteria(
        Threshold("MTT", "above", 1.45, of_normal=True),
        Threshold("CBV", "below", 2.0),
        ("sSVD",),
        "Wintermark et al., Stroke 37:979 (2006), doi:10.1161/01.STR.0000209238.61459.39; why it does not go with "
        "delay-corrected maps: Kamalian et al., AJNR 33:545 (2012), doi:10.3174/ajnr.A2809",
        bias="In simulated heads with noise of 2 and 5 HU, hypoperfusion came out a quarter to two fifths too small, "
        "the core a quarter to a half.",
        normal="mirror",
    ),
    "Delay 3 s, CBF 30 %": Criteria(
        Threshold("Delay", "above", 3.0),
        Threshold("CBF", "below", 0.30, of_normal=True),
        ("dSVD",),
        "INSPIRE, as in Chen et al., Front Neurol 11:590766 (2021), doi:10.3389/fneur.2020.590766",
        bias="In simulated heads with noise of 2 and 5 HU, hypoperfusion came within a tenth of its true volume, but "
        "the core was a third to a half too small.",
        normal="mirror",
    ),
}


def default_rule(method: str) -> str:
    """The thresholds that were published for an estimator; the usual ones where none were, which then refuse it.

    Parameters
    ----------
    method : str

    Returns
    -------
    str
        A key of `PRESETS`.
    """
    fitting = [name for name, criteria in PRESETS.items() if method in criteria.methods]
    return fitting[0] if fitting else DEFAULT_PRESET


def check_estimator(criteria: Criteria, method: str) -> None:
    """Refuse thresholds that were published for another estimator.

    Estimators differ in bias by far more than the thresholds do, so that a volume from the wrong pair looks right and
    is not; the same numbers given as own thresholds say that they are a person's choice.

    Parameters
    ----------
    criteria : Criteria
    method : str
        The estimator of the maps.

    Raises
    ------
    PerfusionError
        If they do not belong together.
    """
    if criteria.methods and method not in criteria.methods:
        fitting = [name for name, preset in PRESETS.items() if method in preset.methods]
        others = f"choose the preset {' or '.join(map(repr, fitting))}, " if fitting else ""
        raise PerfusionError(
            f"The thresholds {criteria} were published for {' and '.join(criteria.methods)}, but the maps come from "
            f"{method}; {others}change the method, or give them as own thresholds."
        )


def check_settings(criteria: Criteria, settings: Settings) -> None:
    """Refuse thresholds that do not go with the maps of some settings.

    Parameters
    ----------
    criteria : Criteria
    settings : Settings

    Raises
    ------
    PerfusionError
        If the criteria were published for another estimator, or the maps are relative.
    """
    check_estimator(criteria, settings.method)
    if settings.relative_to != "absolute":
        raise PerfusionError(
            f"The maps are relative ({settings.relative_to}), but thresholds need absolute ones; set the map values to "
            "absolute."
        )
