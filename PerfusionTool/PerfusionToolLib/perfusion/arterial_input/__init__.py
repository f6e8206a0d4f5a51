"""The arterial input function and the venous output: found, seeded, drawn or given; scaled for partial volume."""

from .candidates import VesselCandidate, half_rise_time
from .doubts import input_warnings, output_warnings
from .partial_volume import finish_input, partial_volume_factor, partial_volume_sd
from .search import VesselSearch, search_vessels, search_vessels_steps
from .seed import grow_from_seed
from .sources import (
    ArterialInput,
    VenousOutput,
    automatic_input,
    candidate_input,
    curve_input,
    curve_output,
    mask_input,
    mask_output,
    venous_output,
    with_candidates,
)

__all__ = [
    "ArterialInput",
    "VenousOutput",
    "VesselCandidate",
    "VesselSearch",
    "automatic_input",
    "candidate_input",
    "curve_input",
    "curve_output",
    "finish_input",
    "grow_from_seed",
    "half_rise_time",
    "input_warnings",
    "mask_input",
    "mask_output",
    "output_warnings",
    "partial_volume_factor",
    "partial_volume_sd",
    "search_vessels",
    "search_vessels_steps",
    "venous_output",
    "with_candidates",
]
