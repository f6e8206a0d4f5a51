"""The record of a study: what it was made from, with what, and what was found on the way."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import numpy as np

from .. import __version__, files
from ..perfusion.maps import UNITS

CONCENTRATION_UNITS = {"CT": "HU", "MR": "1/s"}
LIBRARIES = ("numpy", "scipy", "SimpleITK", "scikit-image")


def record_of(study, scan, request, names: list[str]) -> dict:
    """Everything needed to judge a study and to do it again.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    scan : Scan
    request : Request
    names : list of str
        Files in the folder of results.

    Returns
    -------
    dict
        Plain enough for `files.write_json`. Frames count from the first of the scan, voxels are (i, j, k) of the maps.
    """
    series = study.series
    return {
        "program": "PerfusionTool",
        "version": __version__,
        "use": "Research use only",
        "scan": {
            **_file(scan.path),
            "modality": series.modality,
            "size": series.grid.shape[::-1],
            "ijk_to_ras": series.ijk_to_ras,
            "times": series.times,
            "time_source": scan.time_source,
            "echo_time": series.echo_time,
            "echo_time_source": scan.echo_time_source,
        },
        "inputs": {
            "brain_mask": _input(request.brain_mask),
            "arterial_input": _input(request.arterial_input),
        },
        "settings": asdict(study.settings),
        "results": _results(study),
        "files": names,
        "libraries": {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES},
    }


def _results(study):
    return {
        "size": study.grid.shape[::-1],
        "ijk_to_ras": study.grid.ijk_to_ras,
        "frames": study.frames,
        "times": study.times,
        "brain_volume_ml": float(study.brain_mask.sum() * study.grid.voxel_volume),
        "bolus": {
            "arrival_frame": study.frames[study.bolus.arrival],
            "arrival_time": study.times[study.bolus.arrival],
            "baseline_frames": study.frames[study.bolus.baseline],
            "curve": study.bolus.curve,
            "cut_off": study.bolus.cut_off,
        },
        "motion": _motion(study.motion, study.first),
        "arterial_input": {"unit": CONCENTRATION_UNITS[study.series.modality], **_arterial_input(study.arterial_input)},
        "venous_output": _venous_output(study.venous_output),
        "maps": {name: _summary(name, volume[study.brain_mask], study) for name, volume in study.maps.items()},
        "warnings": study.warnings,
        "seconds": study.seconds,
    }


def _file(path):
    return {**files.input_record(path), "path": Path(path).resolve()}


def _input(given):
    if given is None:
        return None
    return {"voxel": given} if isinstance(given, tuple) else _file(given)


def _version(library):
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _motion(motion, first):
    if motion is None:
        return None
    return {
        "reference": first + motion.reference,
        "displacement_mm": motion.displacement,
        "corrupted": first + np.flatnonzero(motion.corrupted),
        "transforms": motion.transforms,
    }


def _arterial_input(found):
    return {
        "source": found.source,
        "curve": found.curve,
        "measured": found.measured,
        "scale": found.scale,
        "scale_reason": found.scale_reason,
        "fit": asdict(found.fit),
        "voxels": _voxels(found.voxels),
        "candidates": [_candidate(candidate) for candidate in found.candidates],
    }


def _venous_output(found):
    return None if found is None else {"curve": found.curve, "voxels": _voxels(found.voxels)}


def _voxels(mask):
    return np.argwhere(mask)[:, ::-1]


def _candidate(candidate):
    return {
        "place_ras": candidate.place,
        "voxels": len(candidate.voxels),
        "peak": candidate.peak,
        "time_to_peak": candidate.time_to_peak,
        "score": candidate.score,
        "accepted": candidate.accepted,
        "reason": candidate.reason,
    }


def _summary(name, values, study):
    finite = values[np.isfinite(values)]
    low, median, high = np.percentile(finite, [5, 50, 95]) if finite.size else (np.nan,) * 3
    return {"unit": unit_of(name, study), "percentile_5": low, "median": median, "percentile_95": high}


def unit_of(name, study):
    """Unit of a map, or what it is relative to."""
    return UNITS[name] if study.settings.relative_to == "absolute" else study.settings.relative_to
