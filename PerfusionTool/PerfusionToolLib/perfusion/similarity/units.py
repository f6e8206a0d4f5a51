"""Units of reference maps: declared or guessed, and the factor to the own unit."""

from __future__ import annotations

import re

import numpy as np

from ..errors import PerfusionError
from ..maps import UNITS

DENSITY = 1.05
RELATIVE = "relative"
# A guess may be wrong by less than this factor: halfway to the next unit.
GUESS_FACTOR = 3.0
GUESSED = {
    "ml/100g/min": ("ml/100g/min", "ml/g/min"),
    "ml/100g": ("ml/100g", "ml/g"),
    "s": ("s", "0.1 s", "ms"),
}
# What free words must not be taken for: "min … max …", "5 % noise".
_NOT_IN_WORDS = ("min", "%")
_WITHOUT_SCALE = (RELATIVE, "arbitrary", "a.u.", "au", "n/a", "1")
_SPELLINGS = {"sec": "s", "second": "s", "seconds": "s", "msec": "ms", "milliseconds": "ms", "%": "ml/100ml"}


def factors_to(unit: str, density: float = DENSITY) -> dict[str, float]:
    """Every unit that can be turned into another, and the factor.

    Parameters
    ----------
    unit : str
        The own unit: "ml/100g/min", "ml/100g" or "s".
    density : float
        Of brain tissue, g/ml.

    Returns
    -------
    dict of str to float
    """
    per_mass = {"100g": 1.0, "100ml": 1 / density, "g": 100.0, "ml": 100 / density}
    if unit == "ml/100g/min":
        return {f"ml/{amount}/min": factor for amount, factor in per_mass.items()}
    if unit == "ml/100g":
        return {f"ml/{amount}": factor for amount, factor in per_mass.items()}
    return {"s": 1.0, "0.1 s": 0.1, "ms": 0.001, "min": 60.0} if unit == "s" else {}


def unit_in(name: str, words: str) -> str | None:
    """The unit of a map in free words, such as a header's description.

    Parameters
    ----------
    name : str
        Of the map, a key of `maps.UNITS`.
    words : str

    Returns
    -------
    str or None
        None where no word, or more than one, is a unit of this map; "relative" where the words are those of this
        program's own relative maps.
    """
    if re.search(r"\b(part of|s after) (brain mean|mirror side)\b", words):
        return RELATIVE
    known = {_key(unit) for unit in factors_to(UNITS.get(name, ""))}
    joined = re.sub(r"(?<=\d)\s+(?=[a-z]+\b)", "", words.casefold())
    split = set(re.split(r"[\s;,:()\[\]]+", joined)).difference(_NOT_IN_WORDS)
    found = [word for word in split if _key(word) in known]
    return found[0] if len(found) == 1 else None


def settle_unit(
    name: str, declared: str | None, own: np.ndarray, reference: np.ndarray, density: float = DENSITY
) -> tuple[float | None, str]:
    """The factor that brings a reference map to the own unit.

    Parameters
    ----------
    name : str
        Of the map, a key of `maps.UNITS`.
    declared : str, optional
        Unit of the reference, or "relative"; guessed where left out.
    own, reference : ndarray of shape (n,)
        Values in the same voxels.
    density : float
        Of brain tissue, g/ml.

    Returns
    -------
    factor : float or None
        None where the reference has no scale, or none can be guessed.
    sentence : str
        What was guessed; empty where the unit was declared.

    Raises
    ------
    PerfusionError
        If the declared unit is not one of this map.
    """
    unit = UNITS.get(name, "")
    factors = factors_to(unit, density)
    if (declared is None and not factors) or (declared is not None and _plain(declared) in _WITHOUT_SCALE):
        return None, ""
    if declared is not None:
        return _declared_factor(name, declared, factors), ""
    return _guessed_factor(name, unit, factors, own, reference)


def _declared_factor(name, declared, factors):
    known = {_key(unit): factor for unit, factor in factors.items()}
    if _key(declared) not in known:
        choices = ", ".join([*factors, RELATIVE])
        raise PerfusionError(f"The reference {name} cannot be in {declared!r}; choose {choices}.")
    return known[_key(declared)]


def _guessed_factor(name, unit, factors, own, reference):
    # High values say more of the scale than the median, which may be 0 in maps of arrival.
    here, there = np.percentile(own, 90), np.percentile(reference, 90)
    if not (here > 0 and there > 0):
        return None, f"The reference {name} has no unit and no positive values; only its pattern is compared."
    best = min(GUESSED[unit], key=lambda candidate: abs(np.log(factors[candidate] * there / here)))
    factor = factors[best]
    if abs(np.log(factor * there / here)) > np.log(GUESS_FACTOR):
        return None, (
            f"The unit of the reference {name} is not declared and cannot be guessed: its 90th percentile is "
            f"{there:.3g}, ours {here:.3g} {unit}; only its pattern is compared."
        )
    too_high = 100 * (factors[unit] / factors[unit.replace("100g", "100ml")] - 1) if "100g" in unit else 0
    alike = f"; if it is per 100 ml of tissue, it is {too_high:.0f} % too high" if too_high else ""
    return factor, (
        f"The unit of the reference {name} is not declared; it was taken for {best}, as its 90th percentile is "
        f"{there:.3g} and ours {here:.3g} {unit}{alike}."
    )


def _key(unit):
    """A unit whose denominators may stand in any order: "mL/min/100 g" is "ml/100g/min"."""
    plain = _plain(unit)
    first, *others = _SPELLINGS.get(plain, plain).split("/")
    return first, tuple(sorted(others))


def _plain(unit):
    return unit.casefold().replace(" ", "")
