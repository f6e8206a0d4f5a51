"""The science on arrays: a 4D scan in, perfusion maps out.

Names are loaded when first used, so that importing this package is quick.
"""

from .lazy import loader

_HOME = {
    "PerfusionError": "errors",
    "Progress": "progress",
    "Steps": "progress",
    "drain": "progress",
    "Grid": "series",
    "PerfusionSeries": "series",
    "Settings": "settings",
    "value_type": "settings",
    "Analysis": "analysis",
    "analyze": "analysis",
    "UNITS": "maps",
    "unit_of": "maps",
    "GammaVariate": "gamma_variate",
    "voxel_reading": "readings",
    "region_reading": "readings",
    "mirrored": "readings",
    "mirrored_steps": "readings",
    "region_rows": "readings",
    "curve_rows": "readings",
    "csv_text": "readings",
    "deconvolve": "deconvolution",
    "Estimate": "deconvolution",
    "sample_head": "phantom",
    "NORMALS": "tissue",
    "PRESETS": "tissue",
    "RELATIVE_MAPS": "tissue",
    "THRESHOLD_MAPS": "tissue",
    "Criteria": "tissue",
    "Rules": "tissue",
    "Threshold": "tissue",
    "default_rule": "tissue",
}

__all__ = sorted(_HOME)
__getattr__ = loader(__name__, _HOME)


def __dir__():
    return __all__
