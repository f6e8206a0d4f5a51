"""What maps and regions are, in codes that other programs know.

Quantities are those of DICOM part 16 (context groups 4108 and 4109), or of our own scheme where it has none; units are
UCUM. A code is its value, its scheme and its meaning.
"""

from __future__ import annotations

OWN_SCHEME = "99PERF"
_ABSOLUTE = {
    "CBF": ("126390", "DCM", "Absolute Regional Blood Flow"),
    "CBV": ("126391", "DCM", "Absolute Regional Blood Volume"),
    "MTT": ("113052", "DCM", "Mean Transit Time"),
    "Tmax": ("113084", "DCM", "Tmax"),
    "TTP": ("126370", "DCM", "Time of Peak Concentration"),
}
_RELATIVE = {
    "CBF": ("126397", "DCM", "Relative Regional Blood Flow"),
    "CBV": ("126398", "DCM", "Relative Regional Blood Volume"),
}
_UNITS = {
    "ml/100g/min": ("ml/(100.g)/min", "UCUM", "ml/100g/min"),
    "ml/100g": ("ml/(100.g)", "UCUM", "ml/100g"),
    "s": ("s", "UCUM", "second"),
    "1/s": ("/s", "UCUM", "per second"),
    "": ("1", "UCUM", "no units"),
}
_RATIO = ("{ratio}", "UCUM", "ratio")
_ANATOMY = ("123037004", "SCT", "Anatomical Structure")
_ABNORMAL = ("49755003", "SCT", "Morphologically Abnormal Structure")
_REGIONS = {
    "brain": (_ANATOMY, ("12738006", "SCT", "Brain")),
    "hypoperfusion": (_ABNORMAL, ("HYPOPERFUSION", OWN_SCHEME, "Hypoperfused tissue, estimated")),
    "core": (_ABNORMAL, ("CORE", OWN_SCHEME, "Ischaemic core, estimated")),
    "penumbra": (_ABNORMAL, ("PENUMBRA", OWN_SCHEME, "Ischaemic penumbra, estimated")),
}
REGIONS = tuple(_REGIONS)


def is_relative(name: str, relative_to: str) -> bool:
    """Whether a map is shown relative to something; some are the same always.

    Parameters
    ----------
    name : str
        A key of `perfusion.maps.UNITS`.
    relative_to : {"absolute", "brain_mean", "mirror"}

    Returns
    -------
    bool
    """
    from ...perfusion.maps import UNITS, unit_of

    return relative_to != "absolute" and unit_of(name, relative_to) != UNITS[name]


def quantity_code(name: str, relative_to: str = "absolute") -> tuple[str, str, str]:
    """What a map measures; arguments as `is_relative`.

    Returns
    -------
    tuple of str
    """
    from ...perfusion.maps import DELAYS

    relative = is_relative(name, relative_to)
    return (_RELATIVE if relative else _ABSOLUTE).get(name) or _own_quantity(name, relative, name in DELAYS)


def unit_code(name: str, relative_to: str = "absolute") -> tuple[str, str, str]:
    """The unit of a map; arguments as `is_relative`.

    Returns
    -------
    tuple of str
    """
    from ...perfusion.maps import DELAYS, UNITS

    is_ratio = is_relative(name, relative_to) and name not in DELAYS
    return _RATIO if is_ratio else _UNITS[UNITS[name]]


def region_codes(name: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Category and type of a region.

    Parameters
    ----------
    name : str
        One of `REGIONS`.

    Returns
    -------
    tuple of two codes
    """
    return _REGIONS[name]


def _own_quantity(name, relative, is_time):
    code, meaning = "".join(name.split()).upper(), name
    if name.endswith(" SD"):
        meaning = f"Standard deviation of {name.removesuffix(' SD')}"
    if relative and is_time:
        return f"DIF{code}", OWN_SCHEME, f"{meaning} after reference"
    return (f"REL{code}", OWN_SCHEME, f"Relative {meaning}") if relative else (code, OWN_SCHEME, meaning)
