"""One scan file in, one folder of results out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import files
from ..files.curves import curve_at
from ..files.dicom.derived import check_can_write
from ..perfusion.analysis import Analysis
from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress, Steps
from .output_folder import RECORD, results_folder
from .record import mask_of_runs
from .request import AUTOMATIC, Request, request_again
from .study_results import OVERVIEW, REPORT, write_study_steps
from .tissue_results import check_rule

__all__ = ["OVERVIEW", "RECORD", "REPORT", "analyze_scan_steps"]


def analyze_scan_steps(request: Request, folder: Path) -> Steps[Analysis]:
    """Read a scan, analyse it, and write everything that follows from it.

    Parameters
    ----------
    request : Request
    folder : Path
        Gets a file for every map and mask, ``settings.json``, ``overview.png``, ``report.html`` and what there is of
        tissue at risk: all of them, or none.

    Yields
    ------
    Progress

    Returns
    -------
    Analysis

    Raises
    ------
    PerfusionError
        If a file cannot be read, the scan cannot be analysed, or the folder cannot be written.
    """
    with results_folder(folder) as unfinished:
        yield Progress("reading", 0.0, "Reading the scan")
        request = request_again(request)
        check_rule(request.tissue_rule, request.settings)
        scan = _read_scan(request)
        series = scan.series
        if request.dicom:
            check_can_write(scan.headers)
        mask = _read_brain_mask(request.brain_mask, series.grid)
        vessels = (_read_vessel(chosen, series) for chosen in (request.arterial_input, request.venous_output))
        study = Analysis(series, request.settings, mask, *vessels)
        yield from study.steps()
        yield from write_study_steps(study, scan, request, unfinished)
    yield Progress("overview", 1.0, "Done")
    return study


def _read_scan(request):
    scan = files.read_scan(
        request.scan,
        request.modality,
        frame_interval=request.frame_interval,
        times=request.times,
        echo_time=request.echo_time,
    )
    return replace(
        scan,
        time_source=request.time_source or scan.time_source,
        echo_time_source=request.echo_time_source or scan.echo_time_source,
    )


def _read_brain_mask(given, grid):
    if given in (None, AUTOMATIC):
        return None
    if isinstance(given, dict):
        return mask_of_runs(given["value"], grid.shape)
    return files.read_mask(given, grid)


def _read_vessel(chosen, series):
    """Curve (t,), mask (z, y, x), seed (3,) in RAS mm or an earlier choice, as `Analysis` takes them."""
    if chosen in (None, AUTOMATIC):
        return None
    if isinstance(chosen, dict):
        return chosen["kind"], _recorded_value(chosen, series)
    if isinstance(chosen, tuple):
        return _seed(chosen, series.grid)
    if chosen.name.lower().endswith((".nii", ".nii.gz", ".nrrd", ".nhdr")):
        return files.read_mask(chosen, series.grid)
    return curve_at(series.times, *files.read_curve(chosen), chosen)


def _recorded_value(chosen, series):
    if chosen["kind"] == "mask":
        return mask_of_runs(chosen["value"], series.grid.shape)
    value = np.array(chosen["value"], float)
    if chosen["kind"] != "curve" or np.isin(chosen["times"], series.times).all():
        return value
    return curve_at(series.times, np.array(chosen["times"]), value, "of the earlier analysis")


def _seed(voxel, grid):
    size = grid.shape[::-1]
    if not all(0 <= index < count for index, count in zip(voxel, size, strict=True)):
        last = ", ".join(str(count - 1) for count in size)
        raise PerfusionError(f"The voxel {voxel} lies outside the scan; indices run from 0 to {last}.")
    return grid.to_ras(voxel[::-1])
