"""Tissue at risk: hypoperfusion, core and penumbra by thresholds, component by component, with volumes."""

from .components import CORE, HYPOPERFUSION, Component
from .lesion import TissueAtRisk, Volumes, tissue_at_risk, tissue_at_risk_steps
from .of_study import study_tissue_steps
from .presets import DEFAULT_PRESET, PRESETS, Criteria, Threshold, check_estimator
from .rules import NORMALS, Rules
from .sides import LEFT, RIGHT, left_right_rows_steps
from .tables import RESEARCH_ONLY, component_rows, slice_rows, summary_text, volume_rows

__all__ = [
    "CORE",
    "DEFAULT_PRESET",
    "HYPOPERFUSION",
    "LEFT",
    "NORMALS",
    "PRESETS",
    "RESEARCH_ONLY",
    "RIGHT",
    "Component",
    "Criteria",
    "Rules",
    "Threshold",
    "TissueAtRisk",
    "Volumes",
    "check_estimator",
    "component_rows",
    "left_right_rows_steps",
    "slice_rows",
    "study_tissue_steps",
    "summary_text",
    "tissue_at_risk",
    "tissue_at_risk_steps",
    "volume_rows",
]
