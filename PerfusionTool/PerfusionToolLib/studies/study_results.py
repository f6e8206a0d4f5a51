"""A finished study -> its files: maps, masks, tissue at risk, DICOM, report, record and picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import files
from ..files.scan import Scan
from ..perfusion.analysis import Analysis
from ..perfusion.maps import scatter, unit_of
from ..perfusion.progress import Progress, Steps
from ..perfusion.tissue import TissueAtRisk
from .dicom_results import write_dicom_steps
from .output_folder import RECORD
from .record import record_of
from .request import Request
from .tissue_results import tissue_by_rule_steps, write_tissue

OVERVIEW, REPORT = "overview.png", "report.html"


def write_study_steps(
    study: Analysis,
    scan: Scan,
    request: Request,
    folder: Path,
    tissue: TissueAtRisk | None = None,
    no_tissue: str = "",
    *,
    source: dict | None = None,
    pictures: bool = True,
) -> Steps[None]:
    """Write everything that follows from a study.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    scan : Scan
        As it was read.
    request : Request
        What is wanted besides maps and masks, and where given inputs come from.
    folder : Path
        Must exist; see `output_folder`.
    tissue : TissueAtRisk, optional
        Default: found by the request's rule.
    no_tissue : str
        Why there is none, where it is not to be looked for.
    source : dict, optional
        What identifies the scan in the record; default: its file.
    pictures : bool
        Whether to draw the overview; that and the report need matplotlib.

    Yields
    ------
    Progress

    Raises
    ------
    PerfusionError
        If a rule of the request cannot be applied, or a file cannot be written.
    """
    yield from _write_volumes_steps(study, request.save, folder)
    if tissue is None and not no_tissue:
        tissue, no_tissue = yield from tissue_by_rule_steps(study, request.tissue_rule)
    if tissue is not None:
        write_tissue(tissue, folder)
    if request.dicom:
        notes = yield from write_dicom_steps(study, scan.headers, folder, tissue, no_tissue)
        scan = replace(scan, notes=scan.notes + notes)
    if request.report:
        yield from write_study_report_steps(study, scan, folder / REPORT, tissue, no_tissue)
    yield Progress("writing", 0.6, "Writing the settings")
    names = sorted([path.name for path in folder.iterdir()] + [RECORD] + [OVERVIEW] * pictures)
    files.write_json(folder / RECORD, record_of(study, scan, request, names, tissue, no_tissue, source))
    if pictures:
        from .overview import draw_overview

        yield Progress("overview", 0.0, "Drawing the overview")
        draw_overview(study, folder / OVERVIEW, _title(study, scan))


def write_study_report_steps(
    study: Analysis, scan: Scan, path: Path, tissue: TissueAtRisk | None, no_tissue: str = ""
) -> Steps[None]:
    """Write the report alone; parameters as in `write_study_steps`, but the path is the report's own."""
    from .report import write_report_steps

    yield from write_report_steps(study, path, _title(study, scan), tissue, no_tissue=no_tissue, scan=scan)


def _title(study, scan):
    return f"{scan.path.name} · {study.series.modality}"


def _write_volumes_steps(study, series_to_save, folder):
    volumes = {name.replace(" ", "_"): volume for name, volume in study.maps.items()}
    volumes |= {"brain_mask": study.brain_mask, "vessels": study.vessels, "csf": study.csf}
    volumes["arterial_input"] = study.arterial_input.voxels
    if study.venous_output is not None:
        volumes["venous_output"] = study.venous_output.voxels
    for number, (name, volume) in enumerate(volumes.items()):
        yield Progress("writing", 0.4 * number / len(volumes), f"Writing {name}")
        files.write_map(folder / f"{name}.nii.gz", volume, study.grid, _description(name, study))
    for name in series_to_save:
        yield Progress("writing", 0.5, f"Writing the {name} series")
        values, times = _SERIES[name](study)
        files.write_series(folder / f"{name}.nii.gz", values, study.grid, times, echo_time=study.series.echo_time)


def _description(name, study):
    shown = name.replace("_", " ")
    unit = unit_of(shown, study.settings.relative_to) if shown in study.maps else "mask"
    cut_off = f"; BOLUS CUT OFF AT THE {study.bolus.cut_off.upper()}" if study.bolus.cut_off else ""
    return f"{name} {unit}; research use only{cut_off}"


def _corrected(study):
    return study.corrected, study.times


def _concentration(study):
    return _volumes(study.concentration, study.brain_mask), study.times


def _residue(study):
    return _volumes(study.estimate.residue(), study.brain_mask), study.estimate.lags


def _volumes(curves, mask):
    return np.stack([scatter(frame, mask) for frame in curves.T])


_SERIES = {"corrected": _corrected, "concentration": _concentration, "residue": _residue}
