"""Masks as a DICOM Segmentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ... import __version__
from ...perfusion.errors import PerfusionError
from ...perfusion.series import Grid
from .codes import REGIONS, region_codes
from .derived import (
    PROGRAM,
    RESEARCH_USE,
    check_can_write,
    coded,
    common_attributes,
    imported_highdicom,
    new_uid,
    places,
    save,
)

SERIES_NUMBER = 9002
_FAMILY = ("123101", "DCM", "Neighborhood Analysis")


def write_segmentation(path: str | Path, masks: dict[str, np.ndarray], grid: Grid, headers: tuple) -> None:
    """Write masks as the segments of one object; they may overlap.

    Parameters
    ----------
    path : str or Path
        Usually .dcm.
    masks : dict of str to ndarray of bool, shape (z, y, x)
        By name, out of `codes.REGIONS`. Empty ones are left out, as DICOM has no empty segment.
    grid : Grid
        Of the masks.
    headers : tuple of pydicom.dataset.Dataset
        As in `write_parametric_map`.

    Raises
    ------
    PerfusionError
        If the scan is not DICOM, highdicom is missing, all masks are empty, one is unknown or of another shape, or the
        file cannot be written.
    """
    check_can_write(headers)
    filled = {name: np.asarray(mask, bool) for name, mask in masks.items() if np.any(mask)}
    _check(filled, grid)
    highdicom = imported_highdicom()
    dataset = highdicom.seg.Segmentation(
        pixel_array=np.stack([mask.astype(np.uint8) for mask in filled.values()], axis=-1),
        segmentation_type="BINARY",
        segment_descriptions=[_described(number + 1, name) for number, name in enumerate(filled)],
        series_number=SERIES_NUMBER,
        content_label="PERFUSION",
        content_description=f"Regions of perfusion; {RESEARCH_USE}",
        series_description=f"Perfusion regions, {RESEARCH_USE}",
        **common_attributes(headers, new_uid(), 1),
        **places(grid),
    )
    save(Path(path), dataset)


def _check(masks, grid):
    if not masks:
        raise PerfusionError("All masks are empty, and DICOM has no empty segmentation; leave it out.")
    for name, mask in masks.items():
        if name not in REGIONS:
            raise PerfusionError(f"There is no region called {name!r}; choose {', '.join(REGIONS)}.")
        if mask.shape != tuple(grid.shape):
            raise PerfusionError(
                f"The mask {name} has the shape {mask.shape}, its grid {tuple(grid.shape)}; give its own grid."
            )


def _described(number, name):
    highdicom = imported_highdicom()
    category, kind = region_codes(name)
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=name.capitalize(),
        segmented_property_category=coded(category),
        segmented_property_type=coded(kind),
        algorithm_type="AUTOMATIC",
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=PROGRAM, family=coded(_FAMILY), version=__version__
        ),
    )
