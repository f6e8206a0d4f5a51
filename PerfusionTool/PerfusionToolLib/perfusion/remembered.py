"""What a study found at some cost, kept in plain values, for a study of the same scan."""

from __future__ import annotations

import hashlib
from dataclasses import fields

import numpy as np

from .motion import Motion
from .series import PerfusionSeries
from .settings import Settings

_STAGES = ("preparation", "motion")
_AGREEMENT = 1e-4


def remembered_motion(motion: Motion, series: PerfusionSeries, settings: Settings) -> dict:
    """The motion of a scan, and what it was found from.

    Parameters
    ----------
    motion : Motion
    series : PerfusionSeries
    settings : Settings

    Returns
    -------
    dict
        Numbers, words, lists and dictionaries, as JSON holds them.
    """
    return {
        "scan": _scan(series),
        "settings": _settings(settings),
        "motion": {
            "transforms": motion.transforms.tolist(),
            "displacement": motion.displacement.tolist(),
            "corrupted": motion.corrupted.tolist(),
            "reference": int(motion.reference),
            "centre": motion.centre.tolist(),
        },
    }


def recalled_motion(remembered: dict, series: PerfusionSeries, settings: Settings) -> Motion | None:
    """The motion that another study found, if it is that of this scan under these settings.

    Parameters
    ----------
    remembered : dict
        As `remembered_motion` gives it; anything else is passed over.
    series : PerfusionSeries
    settings : Settings

    Returns
    -------
    Motion or None
    """
    if not remembered or remembered.get("settings") != _settings(settings):
        return None
    if not _agree(remembered.get("scan"), _scan(series)):
        return None
    return stored_motion(remembered)


def stored_motion(remembered: dict) -> Motion:
    """The motion that another study found, whatever the scan was.

    Parameters
    ----------
    remembered : dict
        As `remembered_motion` gives it.

    Returns
    -------
    Motion
    """
    found = remembered["motion"]
    return Motion(
        np.array(found["transforms"], float),
        np.array(found["displacement"], float),
        np.array(found["corrupted"], bool),
        found["reference"],
        np.array(found["centre"], float),
    )


def _settings(settings):
    """The settings that the motion depends on."""
    names = [parameter.name for parameter in fields(settings) if parameter.metadata["stage"] in _STAGES]
    return {name: getattr(settings, name) for name in names}


def _scan(series):
    return {
        "modality": series.modality,
        "values": _fingerprint(series.signal),
        "shape": list(series.signal.shape),
        "times": series.times.tolist(),
        "ijk_to_ras": series.ijk_to_ras.tolist(),
    }


def _fingerprint(signal):
    """Tells scans of one shape apart; of their values, since files keep those as they are."""
    sample = np.stack([frame[:, ::7, ::11] for frame in signal]).astype("<f4")
    return hashlib.sha256(sample.tobytes()).hexdigest()


def _agree(one, other):
    """Times and geometry may have gone through a file that rounds them."""
    if not one or any(one.get(name) != other[name] for name in ("modality", "values", "shape")):
        return False
    return all(np.allclose(one[name], other[name], rtol=0, atol=_AGREEMENT) for name in ("times", "ijk_to_ras"))
