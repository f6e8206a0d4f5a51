"""Own maps, masks and lesions as they lie in a folder of results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import files
from ...files.images import read_image
from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps
from ...perfusion.series import Grid
from ..output_folder import RECORD
from .naming import LESIONS, entity

STAGE = "comparison"


@dataclass(frozen=True, eq=False)
class OwnResults:
    """What one analysis found.

    Parameters
    ----------
    grid : Grid
    brain, vessels, csf : ndarray of bool, shape (z, y, x)
    maps : dict of str to ndarray of shape (z, y, x)
    lesions : dict of str to ndarray of bool, shape (z, y, x)
        Those of `LESIONS` that were found.
    record : dict
        The content of ``settings.json``.
    """

    grid: Grid
    brain: np.ndarray
    vessels: np.ndarray
    csf: np.ndarray
    maps: dict[str, np.ndarray]
    lesions: dict[str, np.ndarray]
    record: dict


def read_record(folder: Path) -> dict:
    """The record of a folder of results.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict

    Raises
    ------
    PerfusionError
        If the folder does not hold one.
    """
    path = Path(folder) / RECORD
    if not path.is_file():
        raise PerfusionError(f"{folder} holds no {RECORD}; give a folder that `analyze` wrote.")
    record = files.read_json(path)
    missing = {"scan", "settings", "results", "files"} - record.keys()
    if missing:
        raise PerfusionError(f"{path} says nothing of {', '.join(sorted(missing))}; analyse the scan again.")
    return record


def subject_of(record: dict, folder: Path) -> str | None:
    """The subject of an analysis, as BIDS has it: "01" in ``sub-01``; None where no name says it.

    Parameters
    ----------
    record : dict
    folder : Path
        Of the results.

    Returns
    -------
    str or None
    """
    return entity(record["scan"].get("path", ""), "sub") or entity(Path(folder).resolve(), "sub")


def label_of(record: dict, folder: Path) -> str:
    """What to call an analysis: ``sub-01_ses-02`` where names say it, or the folder's name.

    Parameters
    ----------
    record : dict
    folder : Path
        Of the results.

    Returns
    -------
    str
    """
    subject = subject_of(record, folder)
    if subject is None:
        return Path(folder).resolve().name
    session = entity(record["scan"].get("path", ""), "ses") or entity(Path(folder).resolve(), "ses")
    return f"sub-{subject}" + (f"_ses-{session}" if session else "")


def read_own_steps(folder: Path, record: dict, names: list[str]) -> Steps[OwnResults]:
    """Read what is to be compared, step by step.

    Parameters
    ----------
    folder : Path
    record : dict
        From `read_record`.
    names : list of str
        Maps to read, of which there may be fewer.

    Yields
    ------
    Progress

    Returns
    -------
    OwnResults

    Raises
    ------
    PerfusionError
        If a file that the record names is missing or cannot be read.
    """
    yield Progress(STAGE, 0.0, "Reading the own maps")
    first = read_image(folder / "brain_mask.nii.gz")
    grid = Grid(first.voxels.shape[1:], first.ijk_to_ras)
    brain = first.voxels[0] > 0
    masks = {}
    for name in ("vessels", "csf", *LESIONS):
        if f"{name}.nii.gz" in record["files"]:
            masks[name] = _volume(folder, name, grid) > 0
            yield Progress(STAGE, 0.3, "Reading the own masks")
    maps = {}
    for number, name in enumerate(names):
        yield Progress(STAGE, 0.3 + 0.7 * number / len(names), f"Reading the own {name}")
        if _file(name) in record["files"]:
            maps[name] = _volume(folder, name, grid)
    nothing = np.zeros(grid.shape, bool)
    vessels, csf = (masks.pop(name, nothing) for name in ("vessels", "csf"))
    return OwnResults(grid, brain, vessels, csf, maps, masks, record)


def _file(name):
    return f"{name.replace(' ', '_')}.nii.gz"


def _volume(folder, name, grid):
    path = folder / _file(name)
    voxels = read_image(path).voxels
    if voxels.shape != (1, *grid.shape):
        raise PerfusionError(f"{path} does not lie on the grid of the brain mask; analyse the scan again.")
    return voxels[0]
