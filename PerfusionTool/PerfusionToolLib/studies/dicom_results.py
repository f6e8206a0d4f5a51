"""Maps, brain and tissue at risk of a study as DICOM."""

from __future__ import annotations

from pathlib import Path

from ..files.dicom.derived import new_uid
from ..files.dicom.parametric_map import write_parametric_map
from ..files.dicom.segmentation import write_segmentation
from ..perfusion.analysis import Analysis
from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress, Steps
from ..perfusion.tissue import TissueAtRisk, study_tissue_steps
from .tissue_results import default_rule

REGIONS_FILE = "regions.dcm"


def write_dicom_steps(
    study: Analysis, headers: tuple, folder: Path, tissue: TissueAtRisk | None = None, no_tissue: str = ""
) -> Steps[tuple[str, ...]]:
    """Write a file for each map, all in one series, and one for the regions.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    headers : tuple of pydicom.dataset.Dataset
        ``Scan.headers`` of the scan.
    folder : Path
    tissue : TissueAtRisk, optional
        Default: found by the thresholds that were published for the study's estimator.
    no_tissue : str
        Why there is none, where it is not to be looked for.

    Yields
    ------
    Progress

    Returns
    -------
    tuple of str
        Why the brain is the only region, if it is.

    Raises
    ------
    PerfusionError
        If the scan is not DICOM, highdicom is missing, or the folder cannot be written.
    """
    cut_off = f"BOLUS CUT OFF AT THE {study.bolus.cut_off.upper()}" if study.bolus.cut_off else ""
    series = new_uid()
    for number, (name, volume) in enumerate(study.maps.items(), 1):
        yield Progress("writing", 0.4 + 0.2 * (number - 1) / len(study.maps), f"Writing {name} as DICOM")
        write_parametric_map(
            folder / f"{name.replace(' ', '_')}.dcm",
            volume,
            study.grid,
            headers,
            name,
            relative_to=study.settings.relative_to,
            description=cut_off,
            series=series,
            number=number,
        )
    regions, notes = {"brain": study.brain_mask}, ()
    try:
        if no_tissue:
            raise PerfusionError(no_tissue)
        tissue = tissue or (yield from study_tissue_steps(study, default_rule(study.settings.method)))
        regions |= {"hypoperfusion": tissue.hypoperfusion, "core": tissue.core, "penumbra": tissue.penumbra}
    except PerfusionError as error:
        notes = (f"{REGIONS_FILE} holds the brain only. {error}",)
    yield Progress("writing", 0.6, "Writing the regions as DICOM")
    write_segmentation(folder / REGIONS_FILE, regions, study.grid, headers)
    return notes
