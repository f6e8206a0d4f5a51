"""Files: NIfTI, NRRD, frame times, curves, settings  <->  series and maps.

Names are loaded when first used, so that importing this package is quick.
"""

from ..perfusion.lazy import loader

_HOME = {
    "Scan": "scan",
    "checksum": "provenance",
    "input_record": "provenance",
    "read_curve": "curves",
    "read_json": "provenance",
    "read_mask": "volumes",
    "read_scan": "scan",
    "read_series": "scan",
    "read_settings": "provenance",
    "read_times": "times",
    "write_curve": "curves",
    "write_json": "provenance",
    "write_map": "volumes",
    "write_series": "volumes",
}

__all__ = sorted(_HOME)
__getattr__ = loader(__name__, _HOME)


def __dir__():
    return __all__
