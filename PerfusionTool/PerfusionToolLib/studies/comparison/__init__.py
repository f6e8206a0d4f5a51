"""Own maps of a folder of results beside reference maps of any software: tables, a picture, lesions.

Names are loaded when first used.
"""

from ...perfusion.lazy import loader

_HOME = {
    "MAPS": "naming",
    "compare_folder_steps": "folder",
    "find_references": "references",
    "known_name": "naming",
    "read_rows": "results",
    "summary_of": "results",
    "write_summary": "results",
}

__all__ = sorted(_HOME)
__getattr__ = loader(__name__, _HOME)


def __dir__():
    return __all__
