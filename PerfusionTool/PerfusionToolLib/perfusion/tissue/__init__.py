"""Tissue at risk: hypoperfusion, core and penumbra by thresholds, component by component, with volumes.

Names are loaded when first used, so that thresholds and rules can be had without the rest.
"""

from ..lazy import loader

_HOME = {
    "CORE": "components",
    "DEFAULT_PRESET": "presets",
    "HYPOPERFUSION": "components",
    "LEFT": "sides",
    "NORMALS": "rules",
    "NOTICE": "tables",
    "PRESETS": "presets",
    "RELATIVE_MAPS": "presets",
    "RESEARCH_ONLY": "tables",
    "RIGHT": "sides",
    "THRESHOLD_MAPS": "presets",
    "Component": "components",
    "Criteria": "presets",
    "Rules": "rules",
    "Threshold": "presets",
    "TissueAtRisk": "lesion",
    "Volumes": "lesion",
    "check_estimator": "presets",
    "check_settings": "presets",
    "component_rows": "tables",
    "default_rule": "presets",
    "left_right_rows_steps": "sides",
    "marked_rows": "tables",
    "slice_rows": "tables",
    "study_tissue_steps": "of_study",
    "summary_text": "tables",
    "tissue_at_risk": "lesion",
    "tissue_at_risk_steps": "lesion",
    "volume_rows": "tables",
}

__all__ = sorted(_HOME)
__getattr__ = loader(__name__, _HOME)


def __dir__():
    return __all__
