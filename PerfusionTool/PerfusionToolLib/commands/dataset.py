"""Perfusion maps of all scans of a dataset, in parallel processes or on a cluster.

DATASET is a folder or a table:
- sub-*/ses-*/…_ctp.nii.gz or …_mrp.nii.gz, with or without sessions; instead of such a file, a folder of DICOM. Where
  no folder is called sub-*, every folder is a subject.
- a CSV file with the columns subject and scan, and any of session, modality, times, brain_mask, arterial_input,
  venous_output, reference, echo_time, frame_interval, tissue_rule and the settings (smoothing_mm …); its paths are
  relative to it.

What lies beside a scan is used, and said: brain_mask.nii.gz, arterial_input or aif (.csv or .nii.gz), venous_output or
vof, perfusion.json (the columns of a table, as an object) and the folder perfusion-maps (maps of other software to
compare with). Names may begin with the scan's: sub-01_ses-01_ctp_aif.csv; they must where several scans lie together.
A table says more than perfusion.json, and that more than the options given here.

Writes a folder of results a scan (sub-01/ses-01/perf/sub-01_ses-01_mod-ctp_cbf.nii.gz …), outcomes.csv, measures.csv,
comparison.csv, comparison_summary.csv and index.html. Results are whole or not there, also if this program is killed;
run again, it does what is missing, and what has other inputs, settings or another version. Research use only.

  python -m PerfusionToolLib dataset data -o results --frame-interval 1.5 --workers 4 --memory 8
  python -m PerfusionToolLib dataset scans.csv -o results --method oSVD
  python -m PerfusionToolLib dataset data -o results --scheduler tcp://10.0.0.1:8786
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from ..perfusion.errors import PerfusionError
from ..perfusion.words import counted
from ..studies.request import Request
from .messages import ProgressBar
from .options import add_results, add_scan_facts, add_settings, chosen_settings, earlier_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.usage = "%(prog)s DATASET -o FOLDER [options]"
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder of subjects, or CSV table of scans")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="folder for all results")
    parser.add_argument("--workers", type=_count, metavar="N", help="processes at a time (default: one a core)")
    parser.add_argument(
        "--memory",
        type=_gigabytes,
        metavar="GB",
        help="what scans at work may take together, by their headers (default: 80 %% of the machine's)",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="Dask scheduler, whose workers do the work, such as tcp://10.0.0.1:8786"
    )
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings.json of an earlier analysis, for all scans"
    )
    add_scan_facts(parser)
    add_results(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> None:
    """Analyse a dataset and say what became of every scan."""
    settings = chosen_settings(options, earlier_settings(options.settings))
    if options.scheduler is not None and options.workers is not None:
        options.parser.error("--workers is for this machine; with --scheduler, the cluster says how many there are")

    from ..perfusion.progress import drain
    from ..studies.dataset import analyse_dataset_steps, subjects_in
    from ..studies.dataset.subject import WITH_RESULTS

    defaults = Request(
        scan=options.dataset,
        modality=options.modality,
        times=options.times,
        frame_interval=options.frame_interval,
        echo_time=options.echo_time,
        settings=settings,
        save=options.save,
        dicom=options.dicom,
        tissue_rule=options.tissue_rule,
        report=options.report,
    )
    subjects = subjects_in(options.dataset, defaults, options.output)
    work = analyse_dataset_steps(
        subjects,
        options.dataset,
        options.output,
        workers=options.workers,
        memory=options.memory,
        scheduler=options.scheduler,
    )
    with ProgressBar(options.quiet) as bar:
        outcomes = drain(work, bar.report)
    print(_as_json(outcomes, options.output) if options.json else _as_text(outcomes, options.output))
    without = [outcome for outcome in outcomes if outcome.status not in WITH_RESULTS]
    if without:
        raise PerfusionError(f"{counted(len(without), 'scan')} of {len(outcomes)} came to nothing; run again for them.")


def _count(word):
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is no number of processes; give 1 or more")
    return int(word)


def _gigabytes(word):
    try:
        size = float(word)
    except ValueError:
        size = 0.0
    if not size > 0:
        raise argparse.ArgumentTypeError(f"{word!r} is no amount of memory; give gigabytes, such as 8")
    return size * 1e9


def _as_json(outcomes, folder):
    scans = [
        {
            "subject": outcome.subject.subject,
            "session": outcome.subject.session,
            "scan": outcome.subject.label,
            "file": str(outcome.subject.request.scan),
            "status": outcome.status,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 1),
            "beside": outcome.subject.notes,
            "results": str((folder / outcome.subject.folder).resolve()),
        }
        for outcome in outcomes
    ]
    counts = Counter(outcome.status for outcome in outcomes)
    return json.dumps({"output": str(folder.resolve()), "counts": counts, "scans": scans}, indent=2)


def _as_text(outcomes, folder):
    width = max(len(outcome.subject.label) for outcome in outcomes)
    lines = []
    for outcome in outcomes:
        known = [outcome.reason, *outcome.subject.notes]
        said = "; ".join(text for text in known if text)
        lines.append(
            f"{outcome.subject.label:<{width}}  {outcome.status:<12}  {outcome.seconds:6.1f} s  {said}".rstrip()
        )
    counts = Counter(outcome.status for outcome in outcomes)
    summary = ", ".join(f"{number} {status}" for status, number in counts.items())
    return "\n".join([*lines, "", f"{summary}; begin with {folder / 'index.html'} (research use only)"])
