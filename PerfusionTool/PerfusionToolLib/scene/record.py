"""What a saved scene must say besides its nodes, so that the work can go on: one JSON text in a text node."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, fields
from zlib import crc32

import numpy as np

from .. import __version__
from ..perfusion.series import Grid
from ..perfusion.settings import Settings
from .states import STAGES, finished_states


def record_of(analysis, scan, parameters) -> dict:
    """Everything that a study needs to be judged and to be taken up again.

    Parameters
    ----------
    analysis : Analysis
    scan : ScanNode
    parameters : PerfusionToolParameterNode

    Returns
    -------
    dict
        Plain enough for JSON.
    """
    series = analysis.series
    found = plain(
        {
            "program": "PerfusionTool",
            "version": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "use": "Research use only",
            "scan": {
                "name": scan.name,
                "modality": series.modality,
                "echo_time": series.echo_time,
                "times": series.times,
                "time_source": scan.times.source if scan.times is not None and not parameters.frameTimes else "given",
            },
            "given": given_by_hand(parameters),
            "settings": asdict(analysis.settings),
            "stages": analysis.stages_done,
            "maps": list(analysis.maps) if "maps" in analysis.stages_done else [],
            "maps_checksum": maps_checksum(analysis.maps) if "maps" in analysis.stages_done else None,
            "states": {step: [state.kind, state.sentence] for step, state in finished_states(analysis).items()},
            "warnings": analysis.warnings,
            "masks": {name: mask_checksum(mask) for name, mask in _editable_masks(analysis).items()},
            "drawn": _drawn_masks(analysis),
            "grid": _grid_in_record(analysis),
        }
    )
    return {**found, "remembered": analysis.remembered}


def _grid_in_record(analysis):
    if "preparation" not in analysis.stages_done:
        return None
    return {"shape": analysis.grid.shape, "ijk_to_ras": analysis.grid.ijk_to_ras}


def recorded_grid(record: dict) -> Grid:
    """The grid of the results that a record speaks of."""
    return Grid(tuple(record["grid"]["shape"]), np.array(record["grid"]["ijk_to_ras"]))


GIVEN = {
    "modality": "",
    "echoTime": None,
    "frameTimes": "",
    "maskSource": "automatic",
    "maskSegment": "",
    "arterialInputKind": "automatic",
    "arterialInputPlace": "",
    "arterialInputSegment": "",
    "venousOutputKind": "automatic",
    "venousOutputPlace": "",
    "venousOutputSegment": "",
}

_OF_VESSELS = tuple(name for name in GIVEN if name.startswith(("arterialInput", "venousOutput")))


def given_by_hand(parameters) -> dict:
    """What a person said of a scan, by field of the parameter node; the keys of `GIVEN`."""
    return {name: getattr(parameters, name) for name in GIVEN}


def _editable_masks(analysis):
    """Masks in the scene that a person may edit, by segment."""
    masks = {}
    if "brain" in analysis.stages_done:
        masks["brain"] = analysis.brain_mask
    if "arterial_input" in analysis.stages_done:
        venous = analysis.venous_output
        masks["AIF"] = analysis.arterial_input.voxels
        masks["VOF"] = masks["AIF"] & False if venous is None else venous.voxels
    return masks


def _drawn_masks(analysis):
    """Those of them that a person drew."""
    by_hand = {
        "brain": analysis.given_brain_mask is not None,
        "AIF": analysis.arterial_input_choice[0] == "mask",
        "VOF": analysis.venous_output_choice[0] == "mask",
    }
    return [name for name in _editable_masks(analysis) if by_hand[name]]


def mask_checksum(mask: np.ndarray) -> int | None:
    """A number that tells masks apart; None for an empty one."""
    return crc32(np.packbits(mask)) if mask.any() else None


def maps_checksum(maps: dict[str, np.ndarray]) -> int:
    """A number that tells the maps of one run from those of another."""
    checksum = 0
    for name, volume in maps.items():
        checksum = crc32(np.ascontiguousarray(volume), crc32(name.encode(), checksum))
    return checksum


def provenance(analysis, scan) -> dict:
    """What goes into the attributes of every map.

    Parameters
    ----------
    analysis : Analysis
        With the arterial input done.
    scan : ScanNode

    Returns
    -------
    dict
        Plain enough for JSON.
    """
    arterial = analysis.arterial_input
    kind, value = analysis.arterial_input_choice
    chosen = {
        "kind": kind,
        "source": arterial.source,
        "scale": arterial.scale,
        "scale_sd": arterial.scale_sd,
        "scale_reason": arterial.scale_reason,
    }
    if kind in ("seed", "candidate"):
        chosen["place_ras"] = value
    return plain(
        {
            "Use": "Research use only",
            "Program": f"PerfusionTool {__version__}",
            "Scan": {"name": scan.name, "modality": analysis.series.modality, "echo_time": analysis.series.echo_time},
            "Settings": asdict(analysis.settings),
            "BrainMask": "automatic" if analysis.given_brain_mask is None else "given",
            "ArterialInput": {**chosen, "times": analysis.times, "curve": arterial.curve},
            "VenousOutput": _venous_output(analysis),
            "Warnings": analysis.warnings,
        }
    )


def _venous_output(analysis):
    kind, value = analysis.venous_output_choice
    chosen = {"kind": kind, "place_ras": value} if kind in ("seed", "candidate") else {"kind": kind}
    venous = analysis.venous_output
    return {**chosen, "curve": None if venous is None else venous.curve}


def write_record(node, record: dict) -> None:
    """Put a record into a text node.

    Parameters
    ----------
    node : vtkMRMLTextNode
    record : dict
    """
    node.SetText(json.dumps(record))


def read_record(node) -> dict:
    """The record in a text node.

    Parameters
    ----------
    node : vtkMRMLTextNode or None

    Returns
    -------
    dict
        Empty if there is none, or it is not one of ours.
    """
    if node is None:
        return {}
    try:
        record = json.loads(node.GetText() or "")
    except json.JSONDecodeError:
        return {}
    ours = isinstance(record, dict) and {"settings", "states", "given", "masks", "drawn"} <= set(record)
    return record if ours else {}


def first_change(record: dict, parameters) -> int:
    """From which stage on the choices in a parameter node are others than those of a record.

    Parameters
    ----------
    record : dict
    parameters : PerfusionToolParameterNode

    Returns
    -------
    int
        Place in `STAGES`; their number where nothing has changed.
    """
    said = ("modality", "echoTime", "frameTimes")
    if any(getattr(parameters, name) != record["given"][name] for name in said):
        return 0
    given = GIVEN | record["given"]
    others = any(getattr(parameters, name) != given[name] for name in _OF_VESSELS)
    changed = STAGES.index("arterial_input") if others else len(STAGES)
    return min(changed, first_changed_setting(record["settings"], parameters))


def first_changed_setting(settings: dict, parameters) -> int:
    """From which stage on the settings in a parameter node are others than these; as `first_change`."""
    stages = {field.name: field.metadata["stage"] for field in fields(Settings)}
    if set(settings) != set(stages):
        return 0
    changed = [stage for name, stage in stages.items() if getattr(parameters, name) != settings[name]]
    return min((STAGES.index(stage) for stage in changed), default=len(STAGES))


def plain(value):
    """The same as what JSON can hold; numbers that are not finite become None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
