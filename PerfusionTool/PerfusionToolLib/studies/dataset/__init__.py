"""Whole datasets: their subjects found, analysed in parallel processes or on a cluster, and gathered in tables.

Names are loaded when first used.
"""

from ...perfusion.lazy import loader

_HOME = {
    "ClusterWorkers": "cluster",
    "LocalWorkers": "workers",
    "Outcome": "subject",
    "Subject": "subject",
    "analyse_dataset_steps": "runner",
    "subjects_in": "layout",
}

__all__ = sorted(_HOME)
__getattr__ = loader(__name__, _HOME)


def __dir__():
    return __all__
