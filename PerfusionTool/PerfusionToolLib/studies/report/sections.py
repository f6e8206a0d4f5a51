"""The sections of the report, each a generator of pieces of HTML, so that none keeps anybody waiting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from html import escape

import numpy as np

from ... import __version__
from ...files.scan import Scan
from ...perfusion.analysis import Analysis
from ...perfusion.maps import unit_of
from ...perfusion.settings import Settings
from ...perfusion.tissue import TissueAtRisk, component_rows, slice_rows, summary_text, volume_rows
from ...perfusion.words import counted
from ..drawing import ARTERY, BRAIN, NO_RESULT, VEIN, Slices
from . import charts, images
from .page import chart, heading, key, level, lines, notice, paragraph, picture, table
from .verdicts import GOOD, Rule, Verdict, worst

SHOWN_CANDIDATES = 10
SHOWN_COMPONENTS = 40
RADIOLOGICAL = "axial slices from below to above, the patient's right on the left"


@dataclass(frozen=True)
class Material:
    """What the sections are made of.

    Parameters
    ----------
    study : Analysis
        With every stage done.
    slices : Slices
        Of its brain.
    verdicts : tuple of Verdict
    scan : Scan or None
        As it was read.
    tissue : TissueAtRisk or None
    no_tissue : str
        Why there is none.
    """

    study: Analysis
    slices: Slices
    verdicts: tuple[Verdict, ...]
    scan: Scan | None
    tissue: TissueAtRisk | None
    no_tissue: str


def verdict_section(material: Material) -> Iterator[str]:
    """A verdict on every step, with the warnings."""
    study = material.study
    if study.bolus.cut_off:
        yield notice(f"The bolus is cut off at the {study.bolus.cut_off}: the maps are unreliable.")
    overall = worst([verdict.level for verdict in material.verdicts])
    yield f"<p>The steps taken together: {level(overall)}. They judge the measurement, not the patient.</p>"
    rows = [["step", "verdict", "why"]]
    rows += [[verdict.step, level(verdict.level), _reasons(verdict)] for verdict in material.verdicts]
    yield table(rows)
    notes = () if material.scan is None else material.scan.notes
    yield heading("Warnings")
    yield "".join(map(notice, (*notes, *study.warnings))) or paragraph("There are none.")


def scan_section(material: Material) -> Iterator[str]:
    """The scan, and the settings of the analysis."""
    study, scan = material.study, material.scan
    series, grid = study.series, study.grid
    size = "×".join(map(str, series.grid.shape[::-1]))
    used = "×".join(map(str, grid.shape[::-1]))
    spacing = " × ".join(f"{mm:.3g}" for mm in series.grid.spacing[::-1])
    rows = [["scan", ""]]
    if scan is not None:
        rows += [["file", scan.path.name], ["frame times from", scan.time_source]]
        rows += [["echo time from", scan.echo_time_source]] if scan.echo_time_source else []
    rows += [
        ["modality", series.modality],
        ["voxels", size if size == used else f"{size}, analysed as {used}"],
        ["voxel size", f"{spacing} mm"],
        ["frames", f"{series.times.size}, {study.times.size} in use"],
    ]
    rows += [["echo time", f"{1000 * series.echo_time:g} ms"]] if series.echo_time else []
    rows += [["program", f"PerfusionTool {__version__}"], ["computing", f"{sum(study.seconds.values()):.1f} s"]]
    yield table(rows)
    yield heading("Settings")
    yield table(_setting_rows(study.settings))


def time_section(material: Material) -> Iterator[str]:
    """The time axis."""
    yield from _measured(material, "Time axis")
    yield chart(
        charts.time_axis(material.study), "Interval from each frame to the next; which frames are in use and which not."
    )


def motion_section(material: Material) -> Iterator[str]:
    """The motion of the head."""
    yield from _measured(material, "Motion")
    study = material.study
    if study.motion is None:
        yield paragraph("Motion was not corrected.")
        return
    frame = study.first + study.motion.reference
    yield chart(
        charts.motion(study),
        f"Motion of the head against frame {frame}: translation of its centre, rotation, and mean displacement.",
    )


def mask_section(material: Material) -> Iterator[str]:
    """The brain mask."""
    yield from _measured(material, "Brain mask")
    study = material.study
    origin = "found" if study.given_brain_mask is None else "as given"
    ml = study.brain_mask.sum() * study.grid.voxel_volume
    yield paragraph(f"The mask was {origin}; it holds {ml:.0f} ml.")
    yield picture(
        images.mask_contours(study, material.slices),
        f"Outline of the brain mask on the scan before the bolus; {RADIOLOGICAL}.",
    )
    yield key(brain_mask=BRAIN)


def bolus_section(material: Material) -> Iterator[str]:
    """The bolus in the brain."""
    yield from _measured(material, "Bolus")
    study = material.study
    arrival = study.times[study.bolus.arrival]
    yield paragraph(
        f"The bolus arrives in frame {study.frames[study.bolus.arrival]}, at {arrival:.1f} s; the baseline is the mean "
        f"of {counted(study.bolus.baseline.size, 'frame')}."
    )
    yield chart(charts.bolus(study), "Contrast in the brain, with the baseline, the arrival and the peak.")


def frames_section(material: Material) -> Iterator[str]:
    """The scan through time."""
    study, slices = material.study, material.slices
    extreme = "Maximum" if study.series.modality == "CT" else "Minimum"
    yield picture(
        images.projection_strip(study, slices),
        f"{extreme} projection of the middle third of the slices through time, after motion correction.",
    )
    yield picture(
        images.signal_strip(study, slices),
        f"Slices {images.strip_numbers(slices)} (from above) through time, after motion correction.",
    )


def concentration_section(material: Material) -> Iterator[str]:
    """The concentration of contrast through time."""
    yield from _measured(material, "Noise")
    study = material.study
    unit = charts.CURVE_UNITS[study.series.modality]
    yield picture(
        images.concentration_strip(study, material.slices, unit),
        f"Smoothed concentration of contrast in {unit} in slices {images.strip_numbers(material.slices)} (from above) "
        "through time.",
    )


def vessels_section(material: Material) -> Iterator[str]:
    """The arterial input and the venous output."""
    yield from _measured(material, "Arterial input")
    yield from _measured(material, "Partial volume")
    study = material.study
    arterial, venous = study.arterial_input, study.venous_output
    yield paragraph(f"AIF: {arterial.source}, {_place(study, arterial.voxels)}.")
    yield paragraph(f"Scaling for partial volume: factor {arterial.scale_in_words} ({arterial.scale_reason}).")
    yield paragraph(
        "VOF: none was found." if venous is None else f"VOF: {venous.source}, {_place(study, venous.voxels)}."
    )
    png = images.vessel_voxels(study, material.slices)
    if png:
        yield picture(png, f"Where AIF and VOF were measured; {RADIOLOGICAL}.")
        yield key(AIF=ARTERY, VOF=VEIN)
    yield chart(charts.vessels(study), "AIF as measured with its fit, AIF as used with the VOF, and the tissue's mean.")
    yield heading("Candidates")
    yield chart(charts.candidates(study), "Curves of the first candidates; those rejected are dotted.")
    yield from _candidates("Arteries", arterial.candidates)
    yield from _candidates("Veins", () if venous is None else venous.candidates)


def maps_section(material: Material) -> Iterator[str]:
    """Every map."""
    yield from _measured(material, "Maps")
    yield paragraph(f"Estimator: {material.study.settings.method}.")
    yield from _mosaics(material, [name for name in material.study.maps if not _is_uncertainty(name)])
    yield key(no_result=NO_RESULT)


def uncertainty_section(material: Material) -> Iterator[str]:
    """Standard deviations, where the method has them, and the map of quality."""
    names = [name for name in material.study.maps if _is_uncertainty(name)]
    if not any(name.endswith(" SD") for name in names):
        yield paragraph(f"The method {material.study.settings.method} gives no standard deviations.")
    yield from _mosaics(material, names)
    sound, doubtful, none = images.QUALITIES.values()
    yield key(sound=sound, doubtful=doubtful, no_result=none)


def tissue_section(material: Material) -> Iterator[str]:
    """Tissue at risk: picture, volumes, components."""
    tissue = material.tissue
    if tissue is None:
        yield paragraph(material.no_tissue or "Tissue at risk was not looked for.")
        return
    yield lines(summary_text(tissue))
    yield picture(
        images.lesion_mosaic(material.study, material.slices, tissue),
        f"Hypoperfusion and core that the rules keep, on the scan before the bolus; {RADIOLOGICAL}.",
    )
    yield key(hypoperfusion=images.HYPOPERFUSION, core=images.CORE)
    yield heading("Volumes")
    yield table(volume_rows(tissue))
    yield heading("Slices")
    titles, *rows = slice_rows(tissue)
    rows = [row for row in rows if row[1] > 0]
    yield table([titles, *rows]) if rows else paragraph("No slice shows hypoperfusion.")
    yield heading("Components")
    titles, *rows = component_rows(tissue)
    yield table([titles, *rows[:SHOWN_COMPONENTS]]) if rows else paragraph("There are none.")
    if len(rows) > SHOWN_COMPONENTS:
        yield paragraph(f"{len(rows) - SHOWN_COMPONENTS} more are not shown.")


def rules_section(material: Material) -> Iterator[str]:
    """The rules behind the verdicts, with what was measured."""
    yield paragraph(
        "A step is as bad as the worst of its findings; it is to be checked where it gave a warning or nothing could "
        "be measured. A value at a limit is not beyond it."
    )
    rows = [["step", "measure", "found", "unit", "check", "poor", "verdict", "why"]]
    for verdict in material.verdicts:
        for finding in verdict.findings:
            rule = finding.rule
            shown = "–" if np.isnan(finding.value) else level(finding.level)
            limits = [_limit(rule, rule.check), _limit(rule, rule.poor)]
            rows.append([rule.step, rule.what, finding.value, rule.unit, *limits, shown, rule.why])
    yield table(rows)


SECTIONS = {
    "verdicts": ("Verdicts", verdict_section),
    "scan": ("Scan and settings", scan_section),
    "time": ("Time axis", time_section),
    "motion": ("Motion", motion_section),
    "mask": ("Brain mask", mask_section),
    "bolus": ("Bolus", bolus_section),
    "frames": ("Scan through time", frames_section),
    "concentration": ("Concentration", concentration_section),
    "vessels": ("AIF and VOF", vessels_section),
    "maps": ("Maps", maps_section),
    "uncertainty": ("Uncertainty", uncertainty_section),
    "tissue": ("Tissue at risk", tissue_section),
    "rules": ("Rules of the verdicts", rules_section),
}


def _measured(material, step):
    """The verdict on a step and the numbers behind it."""
    verdict = next(verdict for verdict in material.verdicts if verdict.step == step)
    numbers = "; ".join(dict.fromkeys(_in_words(found) for found in verdict.findings if not np.isnan(found.value)))
    yield f'<p class="measured">{step}: {level(verdict.level)} <span class="faint">{escape(numbers)}</span></p>'
    yield "".join(map(notice, verdict.warnings))


def _reasons(verdict):
    found = [_in_words(finding) for finding in verdict.findings if finding.level != GOOD]
    if not found and all(np.isnan(finding.value) for finding in verdict.findings):
        found = ["nothing could be measured"]
    return "; ".join([*found, *verdict.warnings]) or "within all limits"


def _in_words(finding):
    return f"{finding.rule.what} {finding.value:.3g} {finding.rule.unit}".rstrip()


def _limit(rule: Rule, limit):
    sign = ">" if rule.worse == "above" else "<"
    return "–" if np.isnan(limit) else f"{sign} {limit:g}"


def _setting_rows(settings):
    rows = [["stage", "setting", "value", "unit", "default"]]
    for parameter in fields(Settings):
        if settings.unmet(parameter.name):
            continue
        value = getattr(settings, parameter.name)
        facts = parameter.metadata
        default = "" if value == parameter.default else _value(parameter.default, facts)
        rows.append([facts["stage"].replace("_", " "), facts["label"], _value(value, facts), facts["unit"], default])
    return rows


def _value(value, facts):
    if isinstance(value, bool):
        return "on" if value else "off"
    return facts["empty"] if value is None else f"{value}"


def _place(study, voxels):
    if not voxels.any():
        return "a curve without a place"
    where = study.grid.to_ras(np.argwhere(voxels).mean(axis=0))
    middle = ", ".join(f"{mm:.0f}" for mm in where)
    return f"{counted(int(voxels.sum()), 'voxel')} around R, A, S = ({middle}) mm"


def _candidates(title, found):
    if not found:
        yield paragraph(f"{title}: there are no candidates.")
        return
    rows = [["rank", "R", "A", "S", "voxels", "peak", "time to peak, s", "score", "why"]]
    for rank, group in enumerate(found[:SHOWN_CANDIDATES], 1):
        place = [round(float(mm)) for mm in group.place]
        numbers = [float(group.peak), float(group.time_to_peak), float(group.score)]
        rows.append([rank, *place, len(group.voxels), *numbers, group.reason])
    yield heading(title)
    yield table(rows)
    if len(found) > SHOWN_CANDIDATES:
        yield paragraph(f"{len(found) - SHOWN_CANDIDATES} more, of lower score or rejected, are not shown.")


def _is_uncertainty(name):
    return name == "Quality" or name.endswith(" SD")


def _mosaics(material, names):
    study = material.study
    for name in names:
        unit = unit_of(name, study.settings.relative_to)
        title = f"{name}, {unit}" if unit else name
        yield heading(title)
        yield picture(images.map_mosaic(study, material.slices, name, unit), f"{title}; {RADIOLOGICAL}.")
