"""The record of a study: what it was made from, with what, and what was found on the way."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import numpy as np

from .. import __version__, files
from ..perfusion.maps import unit_of
from .tissue_results import tissue_record

CONCENTRATION_UNITS = {"CT": "HU", "MR": "1/s"}
LIBRARIES = ("numpy", "scipy", "SimpleITK")


def record_of(
    study, scan, request, names: list[str], tissue=None, no_tissue: str = "", source: dict | None = None
) -> dict:
    """Everything needed to judge a study and to do it again.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    scan : Scan
    request : Request
    names : list of str
        Files in the folder of results.
    tissue : TissueAtRisk, optional
    no_tissue : str
        Why there is none.
    source : dict, optional
        What identifies the scan, as `files.input_record` does, and its ``path``; default: its file.

    Returns
    -------
    dict
        Plain enough for `files.write_json`. Frames count from the first of the scan, voxels are (i, j, k) of the maps;
        ``arrival_time`` counts from the first frame, as TTP does, and ``arrival_time_of_scan`` as ``times`` do.

    Notes
    -----
    Inputs that a person gave are recorded as numbers, so that the analysis can be repeated without their files. A
    mask is a list of (i, j, k, n): n voxels of the scan along i, from (i, j, k) on.
    """
    series = study.series
    return {
        "program": "PerfusionTool",
        "version": __version__,
        "use": "Research use only",
        "scan": {
            **(_file(scan.path) if source is None else source),
            "modality": series.modality,
            "size": series.grid.shape[::-1],
            "ijk_to_ras": series.ijk_to_ras,
            "times": series.times,
            "time_source": scan.time_source,
            "echo_time": series.echo_time,
            "echo_time_source": scan.echo_time_source,
            "notes": scan.notes,
            "slice_offsets": None if scan.slice_offsets is None else np.round(scan.slice_offsets, 3),
        },
        "inputs": {
            "brain_mask": _given_mask(study.given_brain_mask, request.brain_mask),
            "arterial_input": _chosen_vessel(study, study.arterial_input_choice, request.arterial_input),
            "venous_output": _chosen_vessel(study, study.venous_output_choice, request.venous_output),
        },
        "settings": asdict(study.settings),
        "tissue_rule": request.tissue_rule,
        "results": _results(study) | {"tissue": tissue_record(tissue, no_tissue)},
        "files": names,
        "libraries": {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES},
    }


def mask_of_runs(runs: list[list[int]], shape: tuple[int, int, int]) -> np.ndarray:
    """A mask as it stands in a record.

    Parameters
    ----------
    runs : list of four int
        (i, j, k, n): n voxels along i, from (i, j, k) on.
    shape : tuple of int
        (z, y, x).

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    mask = np.zeros(shape, bool)
    for i, j, k, count in runs:
        mask[k, j, i : i + count] = True
    return mask


def _runs_of(mask):
    steps = np.diff(mask.astype(np.int8), axis=2, prepend=0, append=0)
    starts, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
    return np.column_stack([starts[:, ::-1], ends[:, 2] - starts[:, 2]])


def _given_mask(mask, requested):
    return None if mask is None else {"value": _runs_of(mask), "file": _source(requested)}


def _chosen_vessel(study, choice, requested):
    kind, value = choice
    if kind == "automatic":
        return None
    chosen = {"kind": kind, "value": _runs_of(value) if kind == "mask" else value, "file": _source(requested)}
    if kind == "curve":
        chosen["times"] = study.series.times if value.size == study.series.times.size else study.times
    return chosen


def _results(study):
    return {
        "size": study.grid.shape[::-1],
        "ijk_to_ras": study.grid.ijk_to_ras,
        "frames": study.frames,
        "times": study.times,
        "brain_volume_ml": float(study.brain_mask.sum() * study.grid.voxel_volume),
        "bolus": {
            "arrival_frame": study.frames[study.bolus.arrival],
            "arrival_time": study.times[study.bolus.arrival] - study.series.times[0],
            "arrival_time_of_scan": study.times[study.bolus.arrival],
            "baseline_frames": study.frames[study.bolus.baseline],
            "curve": study.bolus.curve,
            "cut_off": study.bolus.cut_off,
        },
        "motion": _motion(study.motion, study.first),
        "arterial_input": {"unit": CONCENTRATION_UNITS[study.series.modality], **_arterial_input(study.arterial_input)},
        "venous_output": _venous_output(study.venous_output),
        "leakage": _leakage(study.leakage),
        "maps": {name: _summary(name, volume[study.brain_mask], study) for name, volume in study.maps.items()},
        "warnings": study.warnings,
        "seconds": study.seconds,
    }


def _file(path):
    return {**files.input_record(path), "path": Path(path).resolve()}


def _source(requested):
    """The file that an input was read from, now or in the analysis that is repeated."""
    if isinstance(requested, dict):
        return requested["file"]
    return _file(requested) if isinstance(requested, Path) else None


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
        "scale_sd": found.scale_sd,
        "scale_reason": found.scale_reason,
        "fit": asdict(found.fit),
        "voxels": _voxels(found.voxels),
        "candidates": [_candidate(candidate) for candidate in found.candidates],
    }


def _venous_output(found):
    if found is None:
        return None
    return {
        "source": found.source,
        "curve": found.curve,
        "voxels": _voxels(found.voxels),
        "candidates": [_candidate(candidate) for candidate in found.candidates],
    }


def _leakage(found):
    if found is None:
        return None
    return {
        "sentence": found.sentence,
        "corrected_part": found.corrected_part,
        "reference_voxels": int(found.reference.sum()),
        "reference_curve": found.reference_curve,
    }


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
    return {
        "unit": unit_of(name, study.settings.relative_to),
        "percentile_5": low,
        "median": median,
        "percentile_95": high,
    }
