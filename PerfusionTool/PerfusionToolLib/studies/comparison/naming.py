"""What files of maps and lesions are called, and whose they are."""

from __future__ import annotations

import re
from pathlib import Path

from ...files.image import without_ending
from ...perfusion.errors import PerfusionError
from ...perfusion.maps import DELAYS, RATIOS

MAPS = (*RATIOS, *DELAYS)
LESIONS = ("hypoperfusion", "core")
_LONG_NAMES = {
    "cerebralbloodflow": "CBF",
    "cerebralbloodvolume": "CBV",
    "meantransittime": "MTT",
    "timetomaximum": "Tmax",
    "timetomax": "Tmax",
    "timetopeak": "TTP",
    "hypoperfused": "hypoperfusion",
}
_SHORT_NAMES = {name.replace(" ", "").casefold(): name for name in (*MAPS, *LESIONS)}
# Relative maps, such as rCBF.
_RELATIVE_NAMES = {f"r{name.casefold()}": name for name in ("CBF", "CBV", "MTT")}
_NAMES = _SHORT_NAMES | _LONG_NAMES | _RELATIVE_NAMES | {f"{short}map": name for short, name in _SHORT_NAMES.items()}
# Words of files that lie beside a map and are none.
_NO_MAP = {"mask", "msk", "lesion", "seg", "segmentation", "rgb", "color", "colour", "sd", "std", "se", "variance"}


def shown_name(path: Path) -> str | None:
    """The map or the lesion that a file shows, by its name.

    Parameters
    ----------
    path : Path
        Such as ``sub-01_ses-01_cbf.nii.gz``, ``CT_Tmax.1234.nii``, ``time-to-peak.nrrd`` or ``core.nii.gz``.

    Returns
    -------
    str or None
        One of `MAPS` or `LESIONS`; None where the file is called like none of them, like several, or like a mask,
        standard deviation or coloured picture of a map.
    """
    words = _words(path)
    names = {_NAMES[joined] for joined in _longest(words)}
    if len(names) != 1:
        return None
    (name,) = names
    beside = _NO_MAP.intersection(words) if name in MAPS and not name.endswith(" SD") else ()
    return None if beside else name


def known_name(word: str) -> str:
    """The map or the lesion that a person names.

    Parameters
    ----------
    word : str
        In any case, with spaces or underscores.

    Returns
    -------
    str

    Raises
    ------
    PerfusionError
        If it is none of `MAPS` and `LESIONS`.
    """
    found = {name.casefold(): name for name in (*MAPS, *LESIONS)}.get(word.replace("_", " ").casefold())
    if found is None:
        raise PerfusionError(f"There is no map or lesion {word!r}; choose {', '.join((*MAPS, *LESIONS))}.")
    return found


def is_relative(path: Path) -> bool:
    """Whether a file is called like a relative map, such as rCBF.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
    """
    return any(joined in _RELATIVE_NAMES for joined in _longest(_words(path)))


def entity(path: Path, key: str) -> str | None:
    """What a path says in the way of BIDS, such as "01" for ``sub-01``; its last word on it counts.

    Parameters
    ----------
    path : Path
    key : {"sub", "ses"}

    Returns
    -------
    str or None
    """
    found = re.findall(rf"(?<![A-Za-z0-9]){key}-([A-Za-z0-9]+)", Path(path).as_posix())
    return found[-1] if found else None


def _words(path):
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", without_ending(path).name).casefold())


def _longest(words):
    """Names among the words and words in a row, without those that are a part of a longer one."""
    spans = [
        (start, end)
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
        if "".join(words[start:end]) in _NAMES
    ]
    return [
        "".join(words[start:end])
        for start, end in spans
        if not any(first <= start and end <= last and (first, last) != (start, end) for first, last in spans)
    ]
