"""A sample head as files, and how near a study of it comes to the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .. import files
from .output_folder import all_or_none

FIELD_OF_VIEW = (115.0, 200.0, 200.0)
DURATION = 63.45
MAPS = ("CBF", "CBV", "MTT", "Tmax", "TTP")
REGIONS = ("grey", "white", "core", "penumbra")


def scanned_head(modality: str, size: tuple[int, int, int], frames: int, **options):
    """A sample head of any resolution: the same field of view and length of scan, int16 as scanners store it.

    Parameters
    ----------
    modality : {"CT", "MR"}
    size : tuple of int
        Voxels along (x, y, z).
    frames : int
    **options
        What `sample_head` takes, such as seed, motion and noise.

    Returns
    -------
    SampleHead
    """
    from ..perfusion.phantom import sample_head

    shape = size[::-1]
    spacing = tuple(extent / count for extent, count in zip(FIELD_OF_VIEW, shape, strict=True))
    times = np.round(np.arange(frames) * DURATION / frames, 6)
    return sample_head(modality, shape=shape, spacing=spacing, times=times, integer=True, **options)


def truth_folder(path: Path) -> Path:
    """Where the truth of a sample lies: head_truth beside head.nii.gz.

    Parameters
    ----------
    path : Path
        The sample's scan.

    Returns
    -------
    Path
    """
    return path.with_name(f"{path.name.split('.')[0]}_truth")


def write_sample(head, path: Path) -> None:
    """Write a sample head as a scan, with its truth in a folder beside it: all of it, or nothing.

    Parameters
    ----------
    head : SampleHead
    path : Path
        4D file of the scan; .nii.gz, .nii or .nrrd. Frame times and echo time go into a sidecar where the format
        holds none.

    Raises
    ------
    PerfusionError
        If the files cannot be written.
    """
    series = head.series
    with all_or_none(path.parent) as unfinished:
        scan, truth = unfinished / path.name, truth_folder(unfinished / path.name)
        files.write_series(scan, series.signal, series.grid, series.times, echo_time=series.echo_time)
        for name, volume in (head.truth | head.labels).items():
            files.write_map(truth / f"{name}.nii.gz", volume, series.grid)
        files.write_curve(truth / "arterial_input.csv", series.times, head.arterial_input)
        files.write_curve(truth / "venous_output.csv", series.times, head.venous_output)


def compare_with_truth(study, head) -> dict[str, dict[str, tuple[float, float]]]:
    """Medians of the maps beside the truth, in tissue away from vessels.

    Parameters
    ----------
    study : Analysis
        Of the head's series, on its grid.
    head : SampleHead

    Returns
    -------
    dict
        Map to region to (value found, true value).
    """
    labels = head.labels
    tissue = labels["tissue"] & study.brain_mask
    lesion = labels["core"] | labels["penumbra"]
    regions = {
        "grey": tissue & labels["grey"] & ~lesion,
        "white": tissue & labels["white"] & ~lesion,
        "core": tissue & labels["core"],
        "penumbra": tissue & labels["penumbra"],
    }
    return {
        name: {
            region: (float(np.nanmedian(study.maps[name][where])), float(np.median(head.truth[name][where])))
            for region, where in regions.items()
        }
        for name in MAPS
    }
