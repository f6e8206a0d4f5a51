"""What a voxel or a region says, as a chart of the scene and as CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import curves


def put_voxel_chart(parameters, analysis, reading) -> None:
    """Show the curve of a voxel, its fit and its residue function in the chart "probe".

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
        Its `probeTable` and `probeChart` are updated in place; made where there are none.
    analysis : Analysis
    reading : VoxelReading
    """
    if not np.isfinite(reading.curve).all():
        return
    explained = np.isfinite(reading.fitted).all() and np.isfinite(reading.residue).all()
    shown = curves.probe_curves(analysis.times, reading.curve, reading.fitted if explained else None)
    if explained:
        shown.append(curves.residue_curve(reading.residue_times, reading.residue, float(reading.curve.max())))
    _put_chart(parameters, analysis, shown)


def put_region_chart(parameters, analysis, readings: dict) -> None:
    """Show the mean curves of a region and of its mirror image in the chart "probe".

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    analysis : Analysis
    readings : dict of str to RegionReading
        By the name of the region, the region itself first.
    """
    colours = (curves.TISSUE, curves.FAINT)
    shown = [
        curves.Curve(name, analysis.times, reading.curve, colour)
        for (name, reading), colour in zip(readings.items(), colours, strict=False)
        if np.isfinite(reading.curve).all()
    ]
    if shown:
        _put_chart(parameters, analysis, shown)


def save_region_readings(path: str, analysis, readings: dict) -> str:
    """Write the statistics of regions as CSV, and their curves beside it.

    Parameters
    ----------
    path : str
        Of the statistics; the curves go to a file whose name ends in ``_curves``.
    analysis : Analysis
    readings : dict of str to RegionReading

    Returns
    -------
    str
        Path of the curves.

    Raises
    ------
    PerfusionError
        If the folder cannot be written to.
    """
    from ..files.atomic import write_text
    from ..perfusion.readings import csv_text, curve_rows, region_rows

    statistics = Path(path)
    beside = statistics.with_name(f"{statistics.stem}_curves{statistics.suffix}")
    write_text(statistics, csv_text(region_rows(readings)))
    write_text(beside, csv_text(curve_rows(analysis.times, readings)))
    return str(beside)


def _put_chart(parameters, analysis, shown):
    scene = parameters.parameterNode.GetScene()
    title = curves.concentration_title(analysis.series.modality)
    name = f"{parameters.scan.GetName()} probe"
    table, chart = curves.put_chart(parameters.probeTable, parameters.probeChart, shown, name, title, scene)
    if parameters.probeChart is not chart or parameters.probeTable is not table:
        parameters.probeTable, parameters.probeChart = table, chart
