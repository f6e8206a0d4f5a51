"""Names of results in a dataset: BIDS derivatives instead of the fixed names of a single analysis.

``CBF.nii.gz`` becomes ``sub-01_ses-01_mod-ctp_cbf.nii.gz``, ``TTP_from_arrival.nii.gz`` ``…_ttpfromarrival.nii.gz``,
``brain_mask.nii.gz`` ``…_desc-brain_mask.nii.gz``, ``report.html`` ``…_report.html``: the suffix is the fixed name in
small letters. Maps and masks have a JSON file of the same name beside them. ``…_settings.json`` is the record; its
``names`` lead from the fixed names to these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ... import __version__, files
from ...files.sidecar import sidecar_path
from ...perfusion.maps import UNITS, unit_of
from ...perfusion.tissue import RESEARCH_ONLY
from ..output_folder import RECORD
from ..request import SERIES
from .subject import Subject

DESCRIPTION = "dataset_description.json"
_MASKS = {
    "brain_mask": "brain",
    "vessels": "vessels",
    "csf": "csf",
    "arterial_input": "arterialInput",
    "venous_output": "venousOutput",
    "hypoperfusion": "hypoperfusion",
    "core": "core",
    "regions": "regions",
}
_IMAGES = (".nii.gz",)


def derivative_name(label: str, name: str) -> str:
    """What a file of an analysis is called in a dataset.

    Parameters
    ----------
    label : str
        Of the subject: sub-01_ses-01_mod-ctp.
    name : str
        Its fixed name.

    Returns
    -------
    str
    """
    stem, point, ending = name.partition(".")
    if stem in _MASKS:
        return f"{label}_desc-{_MASKS[stem]}_mask{point}{ending}"
    if stem in SERIES:
        return f"{label}_desc-{stem}_perf{point}{ending}"
    return f"{label}_{stem.replace('_', '').lower()}{point}{ending}"


def record_name(subject: Subject) -> str:
    """Where the record of a scan lies in its folder of results."""
    return derivative_name(subject.label, RECORD)


def as_derivatives(folder: Path, subject: Subject, further: dict[str, Any]) -> None:
    """Rename the results of one analysis, and describe every map and mask in a JSON file beside it.

    Parameters
    ----------
    folder : Path
        As `analyze_scan_steps` and `compare_folder_steps` leave it, and nobody else uses it.
    subject : Subject
    further : dict
        What the record says besides, as its entry ``dataset``.

    Raises
    ------
    PerfusionError
        If a file cannot be read or written.
    """
    record = files.read_json(folder / RECORD)
    names = {name: derivative_name(subject.label, name) for name in record["files"]}
    for old, new in names.items():
        (folder / old).replace(folder / new)
    written = list(names.values())
    for old, new in names.items():
        if old.endswith(_IMAGES) and old.removesuffix(".nii.gz") not in SERIES:
            beside = sidecar_path(folder / new)
            files.write_json(beside, _described(old.removesuffix(".nii.gz"), record, subject))
            written.append(beside.name)
    # What nothing names must not stay: a record says which files are its own.
    files.write_json(folder / names[RECORD], record | {"files": sorted(written), "names": names, "dataset": further})


def describe_dataset(output: Path, source: Path) -> None:
    """Write what BIDS asks of every dataset that was made from another.

    Parameters
    ----------
    output : Path
    source : Path
        The dataset that is analysed.

    Raises
    ------
    PerfusionError
        If it cannot be written.
    """
    program = {
        "Name": "PerfusionTool",
        "Version": __version__,
        "Description": f"Perfusion maps of CT perfusion and DSC-MRI scans. {RESEARCH_ONLY}",
    }
    files.write_json(
        output / DESCRIPTION,
        {
            "Name": f"Perfusion maps of {source.resolve().name}",
            "BIDSVersion": "1.9.0",
            "DatasetType": "derivative",
            "GeneratedBy": [program],
            "SourceDatasets": [{"URL": source.resolve().as_uri()}],
        },
    )


def _described(name, record, subject):
    shown = name.replace("_", " ")
    scan = subject.request.scan.name
    if shown in UNITS:
        unit = unit_of(shown, record["settings"]["relative_to"])
        return {"Description": shown, "Units": unit or "arbitrary", "Sources": [scan], "Use": RESEARCH_ONLY}
    kind = "Brain" if name == "brain_mask" else "ROI"
    return {"Description": shown, "Type": kind, "Sources": [scan], "Use": RESEARCH_ONLY}
