"""The brain and what is in it: the brain mask, the space inside the skull, large vessels, cerebrospinal fluid."""

from .csf import find_csf
from .large_vessels import find_vessels, vessel_rims
from .regions import BrainRegions, find_brain, find_brain_steps

__all__ = ["BrainRegions", "find_brain", "find_brain_steps", "find_csf", "find_vessels", "vessel_rims"]
