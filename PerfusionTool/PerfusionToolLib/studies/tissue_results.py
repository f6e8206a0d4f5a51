"""Tissue at risk of a study: by which thresholds, and as files."""

from __future__ import annotations

from pathlib import Path

from .. import files
from ..files.atomic import write_text
from ..perfusion.analysis import Analysis
from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Steps
from ..perfusion.readings import csv_text
from ..perfusion.settings import Settings
from ..perfusion.tissue import (
    NOTICE,
    PRESETS,
    TissueAtRisk,
    check_estimator,
    component_rows,
    default_rule,
    marked_rows,
    study_tissue_steps,
    summary_text,
    volume_rows,
)

SUMMARY, VOLUMES, COMPONENTS = "tissue.txt", "tissue.csv", "tissue_components.csv"
LESIONS = ("hypoperfusion", "core")


def check_rule(rule: str | None, settings: Settings) -> None:
    """Refuse thresholds that a person chose and that cannot be applied, before anything is computed.

    Parameters
    ----------
    rule : str or None
        A key of `PRESETS`.
    settings : Settings

    Raises
    ------
    PerfusionError
        If there are no such thresholds, they were published for another estimator, or the maps will be relative.
    """
    if rule is None:
        return
    if rule not in PRESETS:
        raise PerfusionError(f"There are no thresholds {rule!r}; choose {', '.join(map(repr, PRESETS))}.")
    check_estimator(PRESETS[rule], settings.method)
    if settings.relative_to != "absolute":
        raise PerfusionError(
            f"The thresholds {rule!r} need absolute maps, but the values are relative ({settings.relative_to}); set "
            "them to absolute."
        )


def tissue_by_rule_steps(study: Analysis, rule: str | None = None) -> Steps[tuple[TissueAtRisk | None, str]]:
    """Find the tissue at risk by published thresholds, step by step.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    rule : str, optional
        A key of `PRESETS`; default: the thresholds that were published for the study's estimator.

    Yields
    ------
    Progress

    Returns
    -------
    tissue : TissueAtRisk or None
    note : str
        Why there is none.

    Raises
    ------
    PerfusionError
        If the rule was chosen by a person and cannot be applied.
    """
    method = study.settings.method
    if rule is None and method not in PRESETS[default_rule(method)].methods:
        known = ", ".join(sorted({name for criteria in PRESETS.values() for name in criteria.methods}))
        return None, f"Tissue at risk was not looked for: thresholds were published for {known}, but none for {method}."
    try:
        tissue = yield from study_tissue_steps(study, rule or default_rule(method))
    except PerfusionError as error:
        if rule is not None:
            raise
        return None, f"Tissue at risk was not looked for. {error}"
    return tissue, ""


def write_tissue(tissue: TissueAtRisk, folder: Path) -> None:
    """Write masks, volumes, components and the summary.

    Parameters
    ----------
    tissue : TissueAtRisk
    folder : Path
        Gets ``hypoperfusion.nii.gz``, ``core.nii.gz``, ``tissue.csv``, ``tissue_components.csv`` and ``tissue.txt``,
        each marked as for research only.

    Raises
    ------
    PerfusionError
        If the folder cannot be written to.
    """
    for name in LESIONS:
        files.write_map(folder / f"{name}.nii.gz", getattr(tissue, name), tissue.grid, f"{name} mask; {NOTICE}")
    write_text(folder / VOLUMES, csv_text(marked_rows(volume_rows(tissue))))
    write_text(folder / COMPONENTS, csv_text(marked_rows(component_rows(tissue))))
    write_text(folder / SUMMARY, summary_text(tissue) + "\n")


def tissue_record(tissue: TissueAtRisk | None, note: str) -> dict:
    """What a record says of the tissue at risk.

    Parameters
    ----------
    tissue : TissueAtRisk or None
    note : str
        Why there is none.

    Returns
    -------
    dict
    """
    if tissue is None:
        return {"use": NOTICE, "note": note}
    volumes = tissue.volumes
    return {
        "use": NOTICE,
        "criteria": str(tissue.criteria),
        "source": tissue.criteria.source,
        "hypoperfusion_ml": volumes.hypoperfusion,
        "core_ml": volumes.core,
        "penumbra_ml": volumes.penumbra,
        "mismatch_ratio": volumes.mismatch_ratio,
        "intensity_ratio": volumes.intensity_ratio,
        "cbv_index": volumes.cbv_index,
        "notes": tissue.notes,
    }
