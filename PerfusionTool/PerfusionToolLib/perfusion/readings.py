"""What a finished study says of one voxel or one region: curves, and the values of the maps."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np

from .analysis import Analysis
from .errors import PerfusionError
from .given import checked_mask
from .maps import unit_of
from .preprocessing import limit_mask
from .progress import Steps, drain
from .symmetry import mirror_image

STATISTICS = ("mean", "sd", "median", "p5", "p95")


@dataclass(frozen=True, eq=False)
class VoxelReading:
    """Everything about one voxel.

    Parameters
    ----------
    index : tuple of int
        Array index (z, y, x) on the results' grid.
    ras : ndarray of shape (3,)
        Centre of the voxel, RAS mm.
    tissue : {"tissue", "CSF", "vessel", "inside the skull", "outside the skull"}
        What the voxel shows; the first three lie in the brain mask.
    curve : ndarray of shape (t,)
        Concentration at the study's `times` (CT: HU, MR: 1/s): smoothed in the brain, as measured elsewhere.
    fitted : ndarray of shape (t,)
        The curve as the residue function explains it; NaN where there is none.
    residue_times : ndarray of shape (g,)
        Lags of the residue function in s.
    residue : ndarray of shape (g,)
        Residue function k = CBF·R in 1/s; NaN where there is none.
    values : dict of str to (float, str)
        Value and unit of every map; NaN where there is none.
    """

    index: tuple[int, int, int]
    ras: np.ndarray
    tissue: str
    curve: np.ndarray
    fitted: np.ndarray
    residue_times: np.ndarray
    residue: np.ndarray
    values: dict[str, tuple[float, str]]


@dataclass(frozen=True)
class MapStatistics:
    """A map in a region; NaN where no voxel of the region has a result.

    Parameters
    ----------
    unit : str
    mean, sd, median, p5, p95 : float
        Standard deviation of the voxels; 5th and 95th percentile.
    voxels : int
        Those with a result.
    ml : float
        Their volume.
    """

    unit: str
    mean: float
    sd: float
    median: float
    p5: float
    p95: float
    voxels: int
    ml: float


@dataclass(frozen=True, eq=False)
class RegionReading:
    """The mean curve and the maps of one region.

    Parameters
    ----------
    curve : ndarray of shape (t,)
        Mean concentration at the study's `times`: smoothed, over the region's part in the brain; as measured where no
        part of it lies there.
    values : dict of str to MapStatistics
        Of every map.
    voxels : int
        Size of the whole region.
    ml : float
    """

    curve: np.ndarray
    values: dict[str, MapStatistics]
    voxels: int
    ml: float


def voxel_reading(study: Analysis, index=None, *, ras=None) -> VoxelReading:
    """Read curves and maps at one place.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    index : tuple of int, optional
        Array index (z, y, x) on the results' grid.
    ras : array_like of shape (3,), optional
        A place in RAS mm instead; the voxel that contains it is read.

    Returns
    -------
    VoxelReading

    Raises
    ------
    PerfusionError
        If the place lies outside the grid.
    """
    index = _checked_index(study.grid, index, ras)
    in_brain = bool(study.brain_mask[index])
    fitted = np.full(study.times.size, np.nan, np.float32)
    residue = np.full(study.estimate.lags.size, np.nan, np.float32)
    if in_brain:
        row = int(np.count_nonzero(study.brain_mask.ravel()[: np.ravel_multi_index(index, study.grid.shape)]))
        curve = study.tissue_curves[row]
        fitted, residue = study.estimate.fitted(row)[0], study.estimate.residue(row)[0]
    else:
        curve = study.raw_curves(_only(index, study.grid.shape))[0]
    return VoxelReading(
        index=index,
        ras=study.grid.to_ras(index),
        tissue=_tissue(study, index),
        curve=curve,
        fitted=fitted,
        residue_times=study.estimate.lags,
        residue=residue,
        values={
            name: (float(volume[index]) if in_brain else float("nan"), _unit(study, name))
            for name, volume in study.maps.items()
        },
    )


def region_reading(study: Analysis, mask: np.ndarray) -> RegionReading:
    """Read the mean curve and the statistics of the maps in a region.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    mask : ndarray of bool, shape (z, y, x)
        On the grid of the results or of the series.

    Returns
    -------
    RegionReading

    Raises
    ------
    PerfusionError
        If the mask is empty or has another shape.
    """
    mask = _on_results(study, mask)
    rows = mask[study.brain_mask]
    curves = study.tissue_curves[rows] if rows.any() else study.raw_curves(mask)
    curves = curves[np.isfinite(curves).all(1)]
    curve = curves.mean(0, dtype=float) if len(curves) else np.full(study.times.size, np.nan)
    voxels = int(np.count_nonzero(mask))
    inside = mask & study.brain_mask
    values = {
        name: _statistics(volume[inside], _unit(study, name), study.grid.voxel_volume)
        for name, volume in study.maps.items()
    }
    return RegionReading(curve, values, voxels, voxels * study.grid.voxel_volume)


def mirrored_steps(study: Analysis, mask: np.ndarray) -> Steps[np.ndarray]:
    """The same region of the other hemisphere, step by step: the plane between them is found at the first call.

    Parameters
    ----------
    study : Analysis
        With its concentration computed.
    mask : ndarray of bool, shape (z, y, x)
        On the grid of the results or of the series.

    Yields
    ------
    Progress

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        On the grid of the results: the voxels whose mirror images lie in the region.

    Raises
    ------
    PerfusionError
        If the mask is empty or has another shape, or its mirror image lies outside the scan.
    """
    mask = _on_results(study, mask)
    plane = yield from study.symmetry_steps()
    image = mirror_image(mask, study.grid, plane)
    if not image.any():
        raise PerfusionError("The region's mirror image lies outside the scan; choose another region.")
    return image


def mirrored(study: Analysis, mask: np.ndarray) -> np.ndarray:
    """The same region of the other hemisphere: `mirrored_steps` run to its end."""
    return drain(mirrored_steps(study, mask))


def region_rows(readings: dict[str, RegionReading]) -> list[list]:
    """The statistics of regions as a table.

    Parameters
    ----------
    readings : dict of str to RegionReading
        By the name of the region.

    Returns
    -------
    list of list
        Titles, then one row for each region and map: region, map, unit, mean, sd, median, p5, p95, voxels and ml with a
        result.
    """
    rows = [["region", "map", "unit", *STATISTICS, "voxels", "ml"]]
    for region, reading in readings.items():
        for name, found in reading.values.items():
            numbers = [getattr(found, statistic) for statistic in (*STATISTICS, "voxels", "ml")]
            rows.append([region, name, found.unit, *numbers])
    return rows


def curve_rows(times: np.ndarray, readings: dict[str, RegionReading]) -> list[list]:
    """The mean curves of regions as a table.

    Parameters
    ----------
    times : ndarray of shape (t,)
        Of the study, s.
    readings : dict of str to RegionReading
        By the name of the region.

    Returns
    -------
    list of list
        Titles, then one row a frame: time in s, and the concentration of every region.
    """
    curves = [reading.curve for reading in readings.values()]
    return [["time_s", *readings], *np.column_stack([times, *curves]).tolist()]


def csv_text(rows: list[list]) -> str:
    """A table as the text of a CSV file.

    Parameters
    ----------
    rows : list of list

    Returns
    -------
    str
        Numbers with six digits; empty cells where there is none.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _checked_index(grid, index, ras):
    place = np.asarray(ras if index is None else index, float)
    if place.shape != (3,) or not np.isfinite(place).all():
        raise PerfusionError("A voxel needs three numbers: an index (z, y, x), or a place in RAS mm.")
    if index is None:
        place = grid.to_indices(place)
    voxel = np.floor(place + 0.5).astype(int)
    if (voxel < 0).any() or (voxel >= grid.shape).any():
        where = ", ".join(f"{value:.1f}" for value in grid.to_ras(place))
        raise PerfusionError(f"The place ({where}) mm lies outside the scan; point at the head.")
    return tuple(voxel.tolist())


def _only(index, shape):
    voxel = np.zeros(shape, bool)
    voxel[index] = True
    return voxel


def _tissue(study, index):
    if not study.intracranial[index]:
        return "outside the skull"
    if not study.brain_mask[index]:
        return "inside the skull"
    if study.vessels[index]:
        return "vessel"
    return "CSF" if study.csf[index] else "tissue"


def _unit(study, name):
    return unit_of(name, study.settings.relative_to)


def _on_results(study, mask):
    mask = checked_mask(mask, study.grid.shape, study.series.grid.shape)
    if mask is None:
        raise PerfusionError("There is no region; draw one.")
    return mask if mask.shape == study.grid.shape else limit_mask(mask, study.settings.maximum_matrix)


def _statistics(values, unit, voxel_volume):
    values = values[np.isfinite(values)].astype(float)
    numbers = [float("nan")] * len(STATISTICS)
    if values.size:
        numbers = [values.mean(), values.std(), *np.percentile(values, (50, 5, 95))]
    return MapStatistics(unit, *map(float, numbers), values.size, values.size * voxel_volume)


def _cell(value):
    if not isinstance(value, float):
        return value
    return f"{value:.6g}" if np.isfinite(value) else ""
