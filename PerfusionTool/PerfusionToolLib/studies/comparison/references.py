"""Reference maps and lesions: found in a folder by their names, and read with their units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...files.image import ENDINGS
from ...files.images import read_image
from ...files.sidecar import read_sidecar
from ...perfusion.errors import PerfusionError
from ...perfusion.series import Grid
from ...perfusion.similarity import ReferenceMap, place_mask, unit_in
from ...perfusion.similarity.units import RELATIVE
from .naming import LESIONS, MAPS, entity, is_relative, shown_name

# The folder itself, perfusion-maps/ in it, and ses-01/perfusion-maps/ in it; the first that holds any counts.
_DEPTHS = ("*", "*/*", "*/*/*")
# What PyPeT writes beside the maps that it is compared with.
_GENERATED = "generated_"


@dataclass(frozen=True)
class References:
    """Files to compare with.

    Parameters
    ----------
    files : dict of str to Path
        By the names of `MAPS` and `LESIONS`.
    refused : dict of str to str
        For every name whose file cannot be told, the sentence that says why.
    """

    files: dict[str, Path]
    refused: dict[str, str] = field(default_factory=dict)


def find_references(folder: Path, subject: str | None = None) -> References:
    """Find reference maps and lesion masks by their names.

    Parameters
    ----------
    folder : Path
        They lie in it, or up to two folders deeper. Names are those of the maps in any case, between separators, such
        as ``sub-01_ses-01_cbf.nii.gz``; of lesions, ``core`` and ``hypoperfusion``.
    subject : str, optional
        The own one, as BIDS has it: "01" in ``sub-01``. Files of other subjects are left out.

    Returns
    -------
    References

    Raises
    ------
    PerfusionError
        If there is no such folder, or no such file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PerfusionError(f"The folder of reference maps {folder} does not exist; check the name.")
    matches = _matches(folder, MAPS) | _matches(folder, LESIONS)
    if not matches:
        raise PerfusionError(
            f"There is no reference map in {folder}: no NIfTI or NRRD file is called cbf, cbv, mtt, tmax or ttp; "
            "rename the files, or name each one, such as CBF=file.nii.gz."
        )
    found = References({})
    for name, paths in matches.items():
        own = [path for path in paths if _may_be_of(subject, path)]
        if len(own) == 1:
            found.files[name] = own[0]
        else:
            found.refused[name] = _several(name, folder, own) if own else _other_subject(name, paths, subject)
    return found


def read_reference(name: str, path: Path, unit: str | None = None) -> ReferenceMap:
    """Read a reference map.

    Parameters
    ----------
    name : str
        One of `MAPS`.
    path : Path
    unit : str, optional
        Default: what the sidecar ("Units") or the header says; "relative" for files called so, such as rCBF.

    Returns
    -------
    ReferenceMap
        Without a unit where nothing says one.

    Raises
    ------
    PerfusionError
        If the file or its sidecar cannot be read.
    """
    image = read_image(path)
    values = image.voxels[0] if len(image.voxels) == 1 else image.voxels
    stated = unit or _sidecar_unit(path) or image.unit or unit_in(name, image.description)
    return ReferenceMap(values, image.ijk_to_ras, stated or (RELATIVE if is_relative(path) else None))


def read_lesion(name: str, path: Path, grid: Grid) -> np.ndarray:
    """Read a lesion mask and place it on the own grid.

    Parameters
    ----------
    name : str
        One of `LESIONS`.
    path : Path
        Values above 0.5 are inside; it may be empty.
    grid : Grid
        The own one.

    Returns
    -------
    ndarray of bool, shape (z, y, x)

    Raises
    ------
    PerfusionError
        If it cannot be read, or lies elsewhere.
    """
    image = read_image(path)
    if len(image.voxels) != 1:
        raise PerfusionError(f"The reference {name} has {len(image.voxels)} frames; give one volume.")
    mask = image.voxels[0] > 0.5
    placed = place_mask(mask, image.ijk_to_ras, grid)
    if mask.any() and not placed.any():
        raise PerfusionError(
            f"The reference {name} ({path.name}) lies outside the own maps; is it a mask of the same scan, with its "
            "geometry kept?"
        )
    return placed


def _matches(folder, names: Iterable[str]):
    for depth in _DEPTHS:
        found: dict[str, list[Path]] = {}
        for path in sorted(folder.glob(depth)):
            name = shown_name(path) if _is_image(path, folder) else None
            if name in names:
                found.setdefault(name, []).append(path)
        if found:
            return {name: _not_generated(found[name]) for name in names if name in found}
    return {}


def _is_image(path, folder):
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.name.lower().endswith(ENDINGS) and not hidden and path.is_file()


def _not_generated(paths):
    return [path for path in paths if not path.name.lower().startswith(_GENERATED)] or paths


def _may_be_of(subject, path):
    theirs = entity(path, "sub")
    return subject is None or theirs is None or theirs == subject


def _several(name, folder, paths):
    places = ", ".join(path.relative_to(folder).as_posix() for path in paths)
    return f"There are {len(paths)} files for {name} in {folder} ({places}); name the one meant, as {name}=FILE."


def _other_subject(name, paths, subject):
    theirs = ", ".join(sorted({f"sub-{entity(path, 'sub')}" for path in paths}))
    return f"The {name} to compare with is of {theirs}, but the scan of sub-{subject}; give the same subject's maps."


def _sidecar_unit(path):
    stated = read_sidecar(path).get("Units")
    return stated if isinstance(stated, str) else ""
