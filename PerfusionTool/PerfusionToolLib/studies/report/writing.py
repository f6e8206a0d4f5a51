"""The report written to its file."""

from __future__ import annotations

from pathlib import Path

from ...files.atomic import write_text
from ...files.scan import Scan
from ...perfusion.analysis import Analysis
from ...perfusion.progress import Progress, Steps
from ...perfusion.tissue import TissueAtRisk
from ..drawing import Slices
from .page import Section, page
from .sections import SECTIONS, Material
from .verdicts import verdicts

STAGE = "report"


def write_report_steps(
    study: Analysis,
    path: Path,
    title: str,
    tissue: TissueAtRisk | None = None,
    *,
    no_tissue: str = "",
    scan: Scan | None = None,
) -> Steps[None]:
    """Write the report of a study, step by step: whole or not at all.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    path : Path
        HTML file to write; an older one is replaced at the end.
    title : str
    tissue : TissueAtRisk, optional
    no_tissue : str
        Why there is none.
    scan : Scan, optional
        As it was read, for the names of its sources and its notes.

    Yields
    ------
    Progress

    Raises
    ------
    PerfusionError
        If the file cannot be written.
    """
    yield Progress(STAGE, 0.0, "Judging every step")
    slices = Slices(study.grid, study.brain_mask)
    material = Material(study, slices, verdicts(study), scan, tissue, no_tissue)
    sections = []
    for number, (name, (heading, make)) in enumerate(SECTIONS.items()):
        pieces = []
        for piece in make(material):
            pieces.append(piece)
            yield Progress(STAGE, number / len(SECTIONS), f"Drawing the report: {heading}")
        sections.append(Section(name, heading, tuple(pieces)))
    write_text(path, page(title, sections))
    yield Progress(STAGE, 1.0, "The report is written")
