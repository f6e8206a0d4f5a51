"""What a person asks of one scan, and how an earlier record answers what was not asked again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import files
from ..perfusion.settings import Settings

SERIES = ("corrected", "concentration", "residue")
AUTOMATIC = "auto"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One analysis, as files and numbers.

    Parameters
    ----------
    scan : Path
        4D NIfTI or NRRD file, or folder of DICOM.
    modality : {"CT", "MR"}, optional
        Only DICOM and an earlier record of the same scan can stand in for it.
    times : Path or tuple of float, optional
        Frame times in s, or a file of them; default: what lies in or beside the scan's file.
    frame_interval : float, optional
        s between frames, instead of times.
    echo_time : float, optional
        s; default: what lies in or beside the scan's file.
    time_source, echo_time_source : str, optional
        Where times and echo time given as numbers come from, for the record.
    brain_mask : Path, "auto" or dict, optional
        Mask on the scan's grid, or one of a record; default: found, which "auto" asks for in spite of a record.
    arterial_input : Path, tuple of three int, "auto" or dict, optional
        Mask on the scan's grid, file of a curve, voxel (i, j, k) of the scan in an artery, or one of a record;
        default: found, which "auto" asks for in spite of a record.
    venous_output : Path, tuple of three int, "auto" or dict, optional
        Likewise, in a vein.
    settings : Settings
    save : tuple of str
        4D series to write besides the maps, out of `SERIES`.
    dicom : bool
        Whether to write maps and masks as DICOM too; for scans that are DICOM.
    tissue_rule : str, optional
        Thresholds of tissue at risk, a key of `PRESETS`; default: those that were published for the method, if any.
    report : bool
        Whether to write the report.
    record : Path, optional
        ``settings.json`` of an earlier analysis: of the same scan, it gives what is left out here.
    """

    scan: Path
    modality: str | None = None
    times: Path | tuple[float, ...] | None = None
    frame_interval: float | None = None
    echo_time: float | None = None
    time_source: str | None = None
    echo_time_source: str | None = None
    brain_mask: Path | str | dict | None = None
    arterial_input: Path | tuple[int, int, int] | str | dict | None = None
    venous_output: Path | tuple[int, int, int] | str | dict | None = None
    settings: Settings = field(default_factory=Settings)
    save: tuple[str, ...] = ()
    dicom: bool = False
    tissue_rule: str | None = None
    report: bool = True
    record: Path | None = None


def request_again(request: Request) -> Request:
    """Fill in what an earlier analysis of the very same scan was given.

    Parameters
    ----------
    request : Request

    Returns
    -------
    Request
        With modality, times, echo time, mask, arterial input and venous output of the record where the request leaves
        them out; unchanged if there is no record or it is of another scan.

    Raises
    ------
    PerfusionError
        If the record cannot be read.
    """
    if request.record is None:
        return request
    earlier = files.read_json(request.record)
    if earlier.get("scan", {}).get("sha256") != files.checksum(request.scan):
        return request
    scan, inputs = earlier["scan"], earlier["inputs"]
    given = {
        "modality": scan["modality"],
        "brain_mask": inputs["brain_mask"],
        "arterial_input": inputs["arterial_input"],
        "venous_output": inputs.get("venous_output"),
        "tissue_rule": earlier.get("tissue_rule"),
    }
    if request.times is None and request.frame_interval is None:
        given |= {"times": tuple(scan["times"]), "time_source": scan["time_source"]}
    if request.echo_time is None:
        given |= {"echo_time": scan["echo_time"], "echo_time_source": scan["echo_time_source"]}
    return replace(request, **{name: value for name, value in given.items() if getattr(request, name) is None})
