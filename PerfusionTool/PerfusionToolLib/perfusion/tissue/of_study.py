"""Tissue at risk of a finished study."""

from __future__ import annotations

from ..analysis import Analysis
from ..errors import PerfusionError
from ..progress import Steps, part_of_stage
from .lesion import TissueAtRisk, tissue_at_risk_steps
from .presets import DEFAULT_PRESET, PRESETS, Criteria, check_settings
from .rules import Rules


def study_tissue_steps(
    study: Analysis, criteria: Criteria | str = DEFAULT_PRESET, rules: Rules | None = None
) -> Steps[TissueAtRisk]:
    """Find hypoperfusion and core of a study, step by step: the plane between the hemispheres at the first call.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    criteria : Criteria or str
        A key of `PRESETS`, or own thresholds.
    rules : Rules, optional

    Yields
    ------
    Progress

    Returns
    -------
    TissueAtRisk

    Raises
    ------
    PerfusionError
        If the criteria were published for another estimator, the maps are relative, or there is no tissue.
    """
    if isinstance(criteria, str):
        if criteria not in PRESETS:
            raise PerfusionError(f"There is no preset {criteria!r}; choose {', '.join(map(repr, PRESETS))}.")
        criteria = PRESETS[criteria]
    check_settings(criteria, study.settings)
    plane = yield from part_of_stage(study.symmetry_steps(), 0.0, 0.6)
    work = tissue_at_risk_steps(
        study.maps, study.brain_mask, study.vessels, study.csf, study.grid, plane, criteria, rules
    )
    return (yield from part_of_stage(work, 0.6, 1.0))
