"""What was measured in one scan, as columns of a table, from the record of its results."""

from __future__ import annotations

from typing import Any

import numpy as np

_TISSUE = {
    "hypoperfusion_ml": "hypoperfusion ml",
    "core_ml": "core ml",
    "penumbra_ml": "penumbra ml",
    "mismatch_ratio": "mismatch ratio",
    "intensity_ratio": "hypoperfusion intensity ratio",
    "cbv_index": "CBV index",
}


def measures_of(record: dict[str, Any]) -> dict[str, Any]:
    """All measures of a scan.

    Parameters
    ----------
    record : dict
        As `record_of_subject` reads it.

    Returns
    -------
    dict
        Title with unit to number or word; None where there is none.
    """
    results, scan = record["results"], record["scan"]
    return {
        "modality": scan["modality"],
        "method": record["settings"]["method"],
        "frames": len(scan["times"]),
        "frame interval s": float(np.median(np.diff(scan["times"]))),
        "brain volume ml": results["brain_volume_ml"],
        "bolus arrival s": results["bolus"]["arrival_time"],
        "bolus cut off": results["bolus"]["cut_off"] or "no",
        **_motion(results["motion"]),
        **_vessel("AIF", results["arterial_input"], results),
        **_vessel("VOF", results["venous_output"] or {}, results),
        **_scale(results["arterial_input"]),
        **_maps(results["maps"]),
        **{title: results["tissue"].get(name) for name, title in _TISSUE.items()},
        **{f"verdict {step}": level for step, level in record["dataset"]["verdicts"].items()},
        "warnings": " ".join([*scan["notes"], *results["warnings"], *_of_comparison(record.get("comparison"))]),
    }


def _of_comparison(comparison):
    return [] if comparison is None else [*comparison["notes"], *comparison["refused"].values()]


def _motion(motion):
    displacement = (motion or {}).get("displacement_mm") or []
    return {
        "largest displacement mm": max(displacement, default=None),
        "mean displacement mm": float(np.mean(displacement)) if displacement else None,
        "frames left out": len(motion["corrupted"]) if motion else None,
    }


def _vessel(name, found, results):
    unit = results["arterial_input"]["unit"]
    curve = found.get("curve")
    peak = int(np.argmax(curve)) if curve else None
    return {
        f"{name} source": found.get("source"),
        f"{name} voxels": len(found["voxels"]) if found else None,
        f"{name} peak {unit}": curve[peak] if curve else None,
        f"{name} time to peak s": results["times"][peak] - results["times"][0] if curve else None,
    }


def _scale(found):
    return {
        "AIF scale": found["scale"],
        "AIF scale SD": found["scale_sd"],
        "AIF gamma-variate misfit": found["fit"].get("error"),
    }


def _maps(maps):
    columns = {"median": "median", "percentile_5": "5 %", "percentile_95": "95 %"}
    return {
        f"{name} {title} {values['unit']}".rstrip(): values[key]
        for name, values in maps.items()
        for key, title in columns.items()
    }
