"""A folder of results beside reference maps: read, compared, and written into it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ... import files
from ...perfusion.errors import PerfusionError
from ...perfusion.maps import DELAYS
from ...perfusion.progress import Progress, Steps, part_of_stage
from ...perfusion.similarity import Comparison, compare_maps_steps
from ...perfusion.similarity.units import RELATIVE
from ...perfusion.tissue import NOTICE
from ..output_folder import RECORD, all_or_none
from .figure import draw_comparison
from .lesions import overlaps_by_threshold, overlaps_of_masks
from .naming import LESIONS, MAPS, known_name
from .own import STAGE, label_of, read_own_steps, read_record, subject_of
from .references import References, find_references, read_lesion, read_reference
from .results import PICTURE, TABLE, rows_of, write_rows


def compare_folder_steps(
    results: Path,
    references: Path | dict[str, Path],
    units: dict[str, str] | None = None,
    without_vessels: bool = False,
) -> Steps[list[list]]:
    """Compare the maps in a folder of results with reference maps, step by step.

    Parameters
    ----------
    results : Path
        Folder that `analyze` wrote. Gets ``comparison.csv`` and ``comparison.png``, which its record then names, with
        the references, what a person should know of them, and why some could not be compared: all of it, or nothing.
    references : Path or dict of str to Path
        Folder with reference maps and lesion masks, found by their names, or files by the names of maps and lesions.
    units : dict of str to str, optional
        Units of reference maps, such as {"CBF": "ml/100ml/min"}; default: what the files say, or a guess that is said.
    without_vessels : bool
        Leave the large vessels out of the comparison of maps.

    Yields
    ------
    Progress

    Returns
    -------
    list of list
        Titles, then map, measure, unit, value.

    Raises
    ------
    PerfusionError
        If there are no results or no references, nothing can be compared, or the folder cannot be written.
    """
    results, units = Path(results), {known_name(name): unit for name, unit in (units or {}).items()}
    record = read_record(results)
    if isinstance(references, dict):
        found = References({known_name(name): Path(path) for name, path in references.items()})
    else:
        found = find_references(references, subject_of(record, results))
    names = [name for name in MAPS if name in found.files]
    own = yield from part_of_stage(read_own_steps(results, record, names), 0.0, 0.15)
    given, masks, refused = yield from part_of_stage(_read_steps(own, found, names, units), 0.15, 0.3)
    brain = own.brain & ~own.vessels if without_vessels else own.brain
    comparison = yield from part_of_stage(_compare_steps(own, given, brain, refused), 0.3, 0.75)
    yield Progress(STAGE, 0.75, "Comparing the lesions")
    overlaps, notes = _compare_lesions(own, masks, comparison)
    _check_any(comparison, overlaps, notes)
    entry = {
        "use": NOTICE,
        "without_vessels": without_vessels,
        "references": {name: _source(found.files[name], given.get(name)) for name in (*comparison.maps, *masks)},
        "notes": [*(note for each in comparison.maps.values() for note in each.notes), *notes],
        "refused": comparison.refused,
    }
    work = _write_steps(results, own, comparison, overlaps, entry)
    return (yield from part_of_stage(work, 0.8, 1.0))


def _read_steps(own, found, names, units):
    """Maps and lesion masks that can be read, and for the others why not."""
    relative = own.record["settings"]["relative_to"] != "absolute"
    given, masks, refused = {}, {}, dict(found.refused)
    for number, (name, path) in enumerate(found.files.items()):
        yield Progress(STAGE, number / len(found.files), f"Reading the reference {name}")
        try:
            if name in LESIONS:
                masks[name] = read_lesion(name, path, own.grid)
            elif relative and name in DELAYS:
                refused[name] = f"The own {name} is relative and has no zero; analyse with absolute values to compare."
            else:
                reference = read_reference(name, path, units.get(name))
                given[name] = replace(reference, unit=RELATIVE) if relative else reference
        except PerfusionError as error:
            refused[name] = str(error)
    return {name: given[name] for name in names if name in given}, masks, refused


def _compare_steps(own, given, brain, refused):
    if not given:
        return Comparison({}, refused)
    density = own.record["settings"]["tissue_density"]
    comparison = yield from compare_maps_steps(own.maps, given, brain, own.grid, density)
    return Comparison(comparison.maps, refused | comparison.refused)


def _compare_lesions(own, masks, comparison):
    by_mask, notes = overlaps_of_masks(own, masks)
    by_threshold, further = overlaps_by_threshold(own, comparison)
    return by_mask | by_threshold, notes + further


def _check_any(comparison, overlaps, notes):
    if not comparison.maps and not overlaps:
        sentences = dict.fromkeys([*comparison.refused.values(), *notes])
        raise PerfusionError(" ".join(sentences) or "There is nothing to compare with; name at least one map.")


def _source(path, reference):
    unit = {} if reference is None else {"unit": reference.unit}
    return {**files.input_record(path), "path": path.resolve()} | unit


def _write_steps(results, own, comparison, overlaps, entry):
    label = label_of(own.record, results)
    rows = rows_of(comparison, overlaps, own.record["settings"]["relative_to"])
    with all_or_none(results) as unfinished:
        yield Progress(STAGE, 0.0, "Drawing the comparison")
        draw_comparison(own, comparison, overlaps, unfinished / PICTURE, label, entry)
        write_rows(unfinished / TABLE, label, rows)
        named = sorted({*own.record["files"], TABLE, PICTURE})
        files.write_json(unfinished / RECORD, own.record | {"comparison": entry, "files": named})
    yield Progress(STAGE, 1.0, "The comparison is written")
    return rows
