"""Maps as DICOM Parametric Maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.series import Grid
from .codes import quantity_code, unit_code
from .derived import (
    RESEARCH_USE,
    check_can_write,
    coded,
    common_attributes,
    imported_highdicom,
    label,
    new_uid,
    places,
    save,
    short,
)

SERIES_NUMBER = 9001


def write_parametric_map(
    path: str | Path,
    volume: np.ndarray,
    grid: Grid,
    headers: tuple,
    name: str,
    *,
    relative_to: str = "absolute",
    description: str = "",
    series: str | None = None,
    number: int = 1,
) -> None:
    """Write a map with its values as they are (32-bit floating point), its quantity and its unit.

    Parameters
    ----------
    path : str or Path
        Usually .dcm.
    volume : ndarray of shape (z, y, x)
        NaN where there is no result.
    grid : Grid
        Of the map; it may differ from the scan's.
    headers : tuple of pydicom.dataset.Dataset
        ``Scan.headers`` of the scan: patient, study and frame of reference are taken from them.
    name : str
        A key of `perfusion.maps.UNITS`.
    relative_to : {"absolute", "brain_mean", "mirror"}
    description : str
        What a reader must know; it is marked for research use in any case.
    series : str, optional
        UID of the series it joins; default: one of its own.
    number : int
        Of the map in its series.

    Raises
    ------
    PerfusionError
        If the scan is not DICOM, highdicom is missing, the shape is not the grid's, or the file cannot be written.
    """
    check_can_write(headers)
    volume = np.asarray(volume, np.float32)
    if volume.shape != tuple(grid.shape):
        raise PerfusionError(f"The map has the shape {volume.shape}, its grid {tuple(grid.shape)}; give its own grid.")
    highdicom = imported_highdicom()
    lowest, highest = _range(volume)
    unit, quantity = unit_code(name, relative_to), quantity_code(name, relative_to)
    mapping = highdicom.pm.RealWorldValueMapping(
        lut_label=label(name),
        lut_explanation=short(quantity[2]),
        unit=coded(unit),
        value_range=(lowest, highest),
        slope=1.0,
        intercept=0.0,
        quantity_definition=coded(quantity),
    )
    window = highdicom.VOILUTTransformation(
        window_center=(lowest + highest) / 2, window_width=max(highest - lowest, 1e-3)
    )
    dataset = highdicom.pm.ParametricMap(
        pixel_array=volume,
        series_number=SERIES_NUMBER,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[window],
        content_qualification="RESEARCH",
        content_label=label(name),
        content_description=short(f"{name} {unit[2]}; {RESEARCH_USE}; {description}".rstrip("; ")),
        series_description=f"Perfusion maps, {RESEARCH_USE}",
        **common_attributes(headers, series or new_uid(), number),
        **places(grid),
    )
    save(Path(path), dataset)


def _range(volume):
    values = volume[np.isfinite(volume)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
