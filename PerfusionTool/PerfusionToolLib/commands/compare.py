"""Own maps beside reference maps of other software, or of another analysis.

Writes comparison.csv and comparison.png into the folder of results: correlations, concordance, bias and limits of
agreement, errors, SSIM inside the brain and in the way of published comparisons (whole slices, background included),
and the overlap of lesions. References may lie on any grid, in any usual unit. Research use only.
Maps are found in a folder by their names (cbf, cbv, mtt, tmax, ttp), lesion masks too (core, hypoperfusion).

  python -m PerfusionToolLib compare results --reference sub-01/ses-01/perfusion-maps
  python -m PerfusionToolLib compare results --reference CBF=other_cbf.nii.gz TTP=ttp.nrrd --unit CBF=ml/100ml/min
  python -m PerfusionToolLib compare out/sub-01 out/sub-02 --reference rapid --summary summary.csv

Of several RESULTS, each is compared with the reference folder of its name, or that lies in the reference folder.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

from ..perfusion.errors import PerfusionError
from ..perfusion.words import counted
from .messages import ProgressBar, print_warnings, table

MEASURES = ("Pearson", "Spearman", "concordance", "bias", "MAE", "RMSE", "SSIM", "SSIM whole slices")
OF_LESIONS = ("Dice", "own volume", "reference volume")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.usage = "%(prog)s RESULTS [RESULTS …] --reference FOLDER|MAP=FILE … [options]"
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULTS", help="folder that analyze wrote")
    parser.add_argument(
        "--reference",
        nargs="+",
        required=True,
        metavar="FOLDER|MAP=FILE",
        help="folder of reference maps, or files, each with its map's name",
    )
    parser.add_argument(
        "--unit",
        nargs="+",
        default=[],
        metavar="MAP=UNIT",
        help="of reference maps: ml/100g/min, ml/100ml/min, s, ms, relative … (default: the file's, or guessed)",
    )
    parser.add_argument("--without-vessels", action="store_true", help="leave the large vessels out (default: off)")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="write mean, median and SD over RESULTS as CSV")
    parser.add_argument("--json", action="store_true", help="print all measures as JSON, and nothing else")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> None:
    """Compare every folder of results, say what was measured, and sum it up."""
    named, folders = _references(options)
    units = _pairs(options, options.unit, "--unit")

    from ..perfusion.progress import drain
    from ..studies.comparison import compare_folder_steps, summary_of, write_summary
    from ..studies.comparison.own import read_record

    tables, entries, failed = {}, {}, []
    for results in options.results:
        try:
            chosen = named or _folder_for(results, folders, len(options.results))
            with ProgressBar(options.quiet) as bar:
                tables[str(results)] = drain(
                    compare_folder_steps(results, chosen, units, options.without_vessels), bar.report
                )
        except PerfusionError as error:
            if len(options.results) == 1:
                raise
            failed.append(results)
            print(f"{results}: {error}", file=sys.stderr)
            continue
        entry = read_record(results)["comparison"]
        entries[str(results)] = entry
        print_warnings([*entry["notes"], *entry["refused"].values()])
        if not options.json:
            print(_as_text(tables[str(results)], results), flush=True)
    if options.summary and tables:
        write_summary(options.summary, tables)
    if options.json:
        print(_as_json(tables, entries, summary_of(tables)))
    if failed:
        raise PerfusionError(f"{counted(len(failed), 'comparison')} of {len(options.results)} failed.")


def _references(options):
    """Files by their maps' names, or folders."""
    words = [word for word in options.reference if "=" in word and not Path(word).exists()]
    if not words:
        return {}, [Path(word) for word in options.reference]
    if len(words) < len(options.reference):
        options.parser.error("give folders or MAP=FILE after --reference, not both")
    if len(options.results) > 1:
        options.parser.error("MAP=FILE goes with one RESULTS; give folders for several")
    return {name: Path(file) for name, file in _pairs(options, words, "--reference").items()}, []


def _pairs(options, words, flag):
    from ..studies.comparison import known_name

    pairs = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not (sign and value):
            options.parser.error(f"{flag} takes MAP=…, such as CBF=…, not {word!r}")
        try:
            known = known_name(name)
        except PerfusionError as error:
            options.parser.error(str(error))
        if known in pairs:
            options.parser.error(f"{flag} names {known} twice")
        pairs[known] = value
    return pairs


def _folder_for(results, folders, count):
    name = results.resolve().name
    same = [folder for folder in folders if folder.resolve().name == name and folder.resolve() != results.resolve()]
    same = same or [folder / name for folder in folders if (folder / name).is_dir()]
    if len(same) == 1:
        return same[0]
    if not same and count == len(folders) == 1:
        return folders[0]
    found = " and ".join(map(str, same)) or "none"
    raise PerfusionError(
        f"Each of several RESULTS needs one reference folder of its name; for {name!r} there is {found}."
    )


def _as_text(rows, results):
    found = {}
    for name, measure, _, value in rows[1:]:
        found.setdefault(name, {})[measure] = value
    maps = [[name, *_cells(values, MEASURES)] for name, values in found.items() if "Pearson" in values]
    lesions = [[name, *_cells(values, OF_LESIONS)] for name, values in found.items() if "Dice" in values]
    parts = [table(["map", *MEASURES], maps)] if maps else []
    parts += [table(["lesion", "Dice", "own ml", "reference ml"], lesions)] if lesions else []
    return "\n\n".join([*parts, f"The comparison is in {results}; research use only."])


def _cells(values, names):
    return [f"{values[name]:.3f}" if math.isfinite(values[name]) else "–" for name in names]


def _as_json(tables, entries, summary):
    comparisons = [
        {"output": str(Path(results).resolve()), **entries[results], "measures": _as_objects(rows)}
        for results, rows in tables.items()
    ]
    return json.dumps({"comparisons": comparisons, "summary": _as_objects(summary)}, indent=2)


def _as_objects(rows):
    return [dict(zip(rows[0], map(_finite, row), strict=True)) for row in rows[1:]]


def _finite(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value
