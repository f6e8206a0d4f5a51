"""Masks, curves, settings and reference maps that lie beside a scan.

- A file belongs to a scan if it begins with the scan's name: ``sub-01_ses-01_ctp_aif.csv`` or, without the last word of
  that name, ``sub-01_ses-01_aif.csv``.
- A file without a scan's name, ``aif.csv``, belongs to the only scan of its folder; where there are several scans it
  is refused, and so is a name without the last word.
- The longer name counts. Two files of the same name with different endings are refused.
- Words: brain_mask; arterial_input or aif; venous_output or vof; perfusion.json. Masks are NIfTI or NRRD, curves CSV or
  TSV.
- A folder ``perfusion-maps`` beside the scan, or at its place in ``derivatives`` of the dataset, holds reference maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ... import files
from ...files.image import ENDINGS, without_ending
from ...perfusion.errors import PerfusionError
from ..request import Request
from .given import with_values

REFERENCE_FOLDER = "perfusion-maps"
_CURVES = (".csv", ".tsv")
_SETTINGS = "perfusion"
_KINDS = {
    "brain_mask": (("brain_mask", "desc-brain_mask"), ENDINGS),
    "arterial_input": (("arterial_input", "aif"), ENDINGS + _CURVES),
    "venous_output": (("venous_output", "vof"), ENDINGS + _CURVES),
    _SETTINGS: ((_SETTINGS,), (".json",)),
}


@dataclass(frozen=True)
class Place:
    """Where a scan lies.

    Parameters
    ----------
    scan : Path
        File, or folder of DICOM.
    folders : tuple of Path
        Where to look.
    alone : bool
        Whether no other scan lies there.
    """

    scan: Path
    folders: tuple[Path, ...]
    alone: bool


def with_files_beside(
    request: Request, place: Place, values: dict[str, object] | None = None, folder: Path = Path()
) -> tuple[Request, Path | None, tuple[str, ...]]:
    """A request with what lies beside the scan, and with what was said of it elsewhere, which counts more.

    Parameters
    ----------
    request : Request
    place : Place
    values : dict, optional
        As in `with_values`; from a table.
    folder : Path
        What their paths are relative to.

    Returns
    -------
    request : Request
    references : Path or None
    notes : tuple of str
        A sentence for each file beside the scan that is used.

    Raises
    ------
    PerfusionError
        If it is not clear which file is meant, or a settings file is not valid.
    """
    notes, references = [], None
    own = _found(_SETTINGS, place)
    if own is not None:
        content = files.read_json(own)
        try:
            request, references = with_values(request, content, own.parent)
        except PerfusionError as error:
            raise PerfusionError(f"{own}: {error}") from error
        notes.append(f"{', '.join(content)} from {own.name} beside the scan")
    request, named = with_values(request, values or {}, folder)
    references = named or references
    for name in ("brain_mask", "arterial_input", "venous_output"):
        path = _found(name, place) if getattr(request, name) is None else None
        if path is not None:
            request = _with(request, name, path)
            notes.append(f"{name.replace('_', ' ')} {path.name} beside the scan")
    if references is None and (references := _reference_folder(place)) is not None:
        notes.append(f"reference maps of {references.name} beside the scan")
    return request, references, tuple(notes)


def _with(request, name, path):
    return with_values(request, {name: path}, Path())[0]


def _found(kind, place):
    words, endings = _KINDS[kind]
    for rank, stem in enumerate(_stems(place.scan)):
        names = [f"{stem}_{word}" if stem else word for word in words]
        paths = [
            folder / (name + ending)
            for folder in place.folders
            for name in names
            for ending in endings
            if (folder / (name + ending)).is_file()
        ]
        if len(paths) > 1:
            shown = " and ".join(path.name for path in paths)
            raise PerfusionError(f"Beside {place.scan.name} lie {shown}; keep one of them.")
        if paths and rank and not place.alone:
            raise PerfusionError(
                f"{paths[0]} may belong to any of the scans beside it; name it after one, such as "
                f"{without_ending(place.scan).name}_{words[0]}."
            )
        if paths:
            return paths[0]
    return None


def _stems(scan):
    """Of names that count, the longest first."""
    if scan.is_dir():
        return [""]
    stem = without_ending(scan).name
    shorter = stem.rpartition("_")[0]
    return [stem, shorter, ""] if shorter else [stem, ""]


def _reference_folder(place):
    for folder in place.folders:
        if (folder / REFERENCE_FOLDER).is_dir():
            return folder / REFERENCE_FOLDER
    return None
