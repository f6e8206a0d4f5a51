"""Own maps beside reference maps of any software: resampled by geometry, units settled, compared by many measures."""

from .comparison import Comparison, MapComparison, compare_map_steps, compare_maps, compare_maps_steps, comparison_rows
from .lesions import LesionOverlap, compare_lesions, overlap_rows
from .measures import bland_altman, concordance, pearson, spearman
from .reference import ReferenceMap, place_mask
from .ssim import masked_ssim, slicewise_ssim
from .summary import summary_rows
from .units import unit_in

__all__ = [
    "Comparison",
    "LesionOverlap",
    "MapComparison",
    "ReferenceMap",
    "bland_altman",
    "compare_lesions",
    "compare_map_steps",
    "compare_maps",
    "compare_maps_steps",
    "comparison_rows",
    "concordance",
    "masked_ssim",
    "overlap_rows",
    "pearson",
    "place_mask",
    "slicewise_ssim",
    "spearman",
    "summary_rows",
    "unit_in",
]
