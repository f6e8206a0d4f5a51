"""The scans of a dataset: a folder of subjects, or a table of paths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...files.dicom.headers import dicom_files
from ...files.image import ENDINGS, without_ending
from ...perfusion.errors import PerfusionError
from ...perfusion.words import counted
from ..request import Request
from .beside import REFERENCE_FOLDER, Place, with_files_beside
from .subject import Subject
from .table import rows_of_table

MODALITIES = {"ctp": "CT", "mrp": "MR"}
TABLES = (".csv", ".tsv")
_RAW = ("raw_data", "rawdata")
_DERIVATIVES = "derivatives"
_INPUTS = ("scan", "times", "brain_mask", "arterial_input", "venous_output")


def subjects_in(path: Path, defaults: Request | None = None, output: Path | None = None) -> list[Subject]:
    """Find the scans of a dataset.

    Parameters
    ----------
    path : Path
        A table, as `rows_of_table` reads it; or a folder. Its folders ``sub-*`` are the subjects, or all its folders if
        none is called so; where there are none of these, those in ``raw_data`` or ``rawdata``. Folders ``ses-*`` in
        a subject are its sessions. Every file of a session, or of a folder in it, whose name ends with ``_ctp`` or
        ``_mrp`` is a scan; without one, the session's folder is taken for a folder of DICOM.
    defaults : Request, optional
        For what nobody says of a scan; its ``scan`` does not matter.
    output : Path, optional
        Where results will lie; left out of the search.

    Returns
    -------
    list of Subject
        In the order of their names, those of a table in its order. What stands against a scan is its ``problem``.

    Raises
    ------
    PerfusionError
        If there is no scan at all, the table cannot be read, or the output is the dataset's or a subject's folder.
    """
    path = Path(path)
    defaults = defaults or Request(scan=path)
    if path.is_file() and path.suffix.lower() in TABLES:
        found = list(_from_table(path, defaults))
    elif path.is_dir():
        found = list(_from_folder(path, defaults, None if output is None else Path(output).resolve()))
    else:
        raise PerfusionError(f"{path} is no dataset; give a folder of subjects, or a CSV table of paths.")
    if not found:
        raise PerfusionError(
            f"{path} holds no folder of a subject; give a folder with sub-*/ses-*/…_ctp.nii.gz or with one folder of "
            "DICOM a subject, or a CSV table of paths."
        )
    return _without_namesakes(found)


def _from_folder(dataset, defaults, output):
    root = _root(dataset)
    if output in (root.resolve(), dataset.resolve()):
        raise PerfusionError(f"The output {output} is the dataset itself; choose another.")
    subjects = _folders(root, output)
    named = [folder for folder in subjects if folder.name.startswith("sub-")]
    for subject in named or subjects:
        if output is not None and output.is_relative_to(subject.resolve()):
            raise PerfusionError(f"The output {output} lies in a subject's folder; choose another.")
        sessions = [folder for folder in _folders(subject, output) if folder.name.startswith("ses-")]
        for session in sessions or [subject]:
            yield from _scans_of(dataset, subject, session, defaults)


def _root(dataset):
    if not any(dataset.glob("sub-*/")):
        for name in _RAW:
            if any((dataset / name).glob("sub-*/")):
                return dataset / name
    return dataset


def _folders(folder, output):
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.resolve() != output and path.name != _DERIVATIVES
    )


def _scans_of(dataset, subject, session, defaults) -> Iterator[Subject]:
    known = {"subject": _label(subject.name, "sub-"), "session": ""}
    if session != subject:
        known["session"] = _label(session.name, "ses-")
    maps = dataset / _DERIVATIVES / subject.name / (session.name if session != subject else "")
    scans = sorted(path for path in session.rglob("*") if _is_scan(path, session))
    for path in scans or [session]:
        folders = tuple(dict.fromkeys([path if path.is_dir() else path.parent, session, maps]))
        place = Place(path, folders, alone=len(scans) < 2)
        modality = MODALITIES.get(_suffix(path))
        request = replace(defaults, scan=path, modality=modality or defaults.modality)
        yield _subject(known, request, place)


def _subject(known, request, place, values=None, folder=Path()):
    """The scan, with what lies beside it, or with what stands against it."""
    known = {**known, "entities": _entities(place.scan)}
    try:
        if not known["subject"]:
            raise PerfusionError(f"The subject of {place.scan} has no letter or digit in its name; rename it.")
        request, references, notes = with_files_beside(request, place, values, folder)
        _check_there(request, references)
    except PerfusionError as error:
        return Subject(**known, request=request, problem=str(error))
    return Subject(**known, request=request, references=references, notes=notes)


def _from_table(path, defaults):
    rows = rows_of_table(path)
    neighbours = Counter(row.scan.parent for row in rows)
    for row in rows:
        known = {"subject": _label(row.subject, "sub-"), "session": _label(row.session, "ses-")}
        folder = row.scan if row.scan.is_dir() else row.scan.parent
        place = Place(row.scan, (folder,), alone=row.scan.is_dir() or neighbours[folder] == 1)
        modality = MODALITIES.get(_suffix(row.scan)) or defaults.modality
        request = replace(defaults, scan=row.scan, modality=modality)
        yield _subject(known, request, place, row.values, path.parent)


def _is_scan(path, session):
    parts = path.relative_to(session).parts[:-1]
    elsewhere = any(part.startswith(".") or part in (REFERENCE_FOLDER, _DERIVATIVES) for part in parts)
    is_image = path.name.lower().endswith(ENDINGS) and not path.name.startswith(".")
    return is_image and _suffix(path) in MODALITIES and not elsewhere and path.is_file()


def _suffix(path):
    return without_ending(path).name.rpartition("_")[2].lower()


def _entities(scan):
    """What tells scans of one session apart, in the way of BIDS."""
    suffix = _suffix(scan)
    pairs = re.findall(r"(?<![A-Za-z0-9])([a-z]+)-([A-Za-z0-9]+)", scan.name) if suffix in MODALITIES else []
    others = [f"{key}-{value}" for key, value in pairs if key not in ("sub", "ses", "mod")]
    return (*others, *([f"mod-{suffix}"] if suffix in MODALITIES else []))


def _label(name, prefix):
    """Letters and digits of a name, for BIDS allows no others."""
    return re.sub(r"[^A-Za-z0-9]", "", name.removeprefix(prefix))


def _check_there(request, references):
    given = {name: getattr(request, name) for name in _INPUTS} | {"reference": references}
    for name, path in given.items():
        if isinstance(path, Path) and not path.exists():
            raise PerfusionError(f"The {name.replace('_', ' ')} {path} does not exist; check the name.")
    if request.scan.is_dir():
        dicom_files(request.scan)


def _without_namesakes(subjects):
    times = Counter(subject.label for subject in subjects)
    return [
        replace(subject, problem=_namesakes(subject, times[subject.label])) if times[subject.label] > 1 else subject
        for subject in subjects
    ]


def _namesakes(subject, number):
    return (
        f"{counted(number, 'scan')} would be called {subject.label}, {subject.request.scan} among them; give each a "
        "subject, session or name of its own, in letters and digits."
    )
