"""Tables of a whole dataset: what became of every scan, all measures, comparisons, and their summary."""

from __future__ import annotations

from pathlib import Path

from ...files.atomic import write_text
from ...perfusion.readings import csv_text
from ...perfusion.tissue import marked_rows
from ..comparison import summary_of, write_summary
from .index import write_index
from .job import record_of_subject
from .measures import measures_of
from .naming import derivative_name
from .subject import WITH_RESULTS, Outcome

OUTCOMES, MEASURES = "outcomes.csv", "measures.csv"
COMPARISON, SUMMARY = "comparison.csv", "comparison_summary.csv"
INDEX = "index.html"
_WHOSE = ["subject", "session", "scan"]


def write_outcomes(outcomes: list[Outcome], source: Path, output: Path) -> None:
    """Write ``outcomes.csv``, ``measures.csv``, comparisons where there are any, and ``index.html``.

    Parameters
    ----------
    outcomes : list of Outcome
    source : Path
        The dataset that was analysed.
    output : Path

    Raises
    ------
    PerfusionError
        If they cannot be written.
    """
    there = {outcome.subject.label: record_of_subject(outcome.subject, output) for outcome in outcomes}
    done = {outcome.subject.label for outcome in outcomes if outcome.status in WITH_RESULTS}
    records = {label: record for label, record in there.items() if record and label in done}
    measured = {label: measures_of(record) for label, record in records.items()}
    compared = {label: _rows(record) for label, record in records.items() if record["dataset"]["comparison"]}
    reports = {label: report for label, record in records.items() if (report := _report(outcomes, label, record))}
    write_text(output / OUTCOMES, csv_text(marked_rows(_outcome_rows(outcomes, there))))
    write_text(output / MEASURES, csv_text(marked_rows(_measure_rows(outcomes, measured))))
    _write_comparisons(outcomes, compared, output)
    files = [OUTCOMES, MEASURES, *([COMPARISON, SUMMARY] if compared else [])]
    summary = summary_of(compared) if compared else []
    write_index(output / INDEX, source, outcomes, measured, reports, summary, files)


def _outcome_rows(outcomes, there):
    rows = [[*_WHOSE, "file", "status", "reason", "seconds", "beside the scan", "results"]]
    for outcome in outcomes:
        subject = outcome.subject
        # What failed now may have been done before, in another way.
        earlier = "" if outcome.status in WITH_RESULTS else " (of an earlier run)"
        results = f"{subject.folder.as_posix()}{earlier}" if there[subject.label] else ""
        notes = "; ".join(subject.notes)
        told = [outcome.status, outcome.reason, round(outcome.seconds, 1), notes, results]
        rows.append([*_whose(subject), str(subject.request.scan), *told])
    return rows


def _whose(subject):
    return [subject.subject, subject.session, subject.label]


def _measure_rows(outcomes, measured):
    titles = list(dict.fromkeys(title for measures in measured.values() for title in measures))
    rows = [[*_WHOSE, *titles]]
    for outcome in outcomes:
        measures = measured.get(outcome.subject.label)
        if measures is not None:
            rows.append(
                [
                    *_whose(outcome.subject),
                    *("" if measures.get(title) is None else measures[title] for title in titles),
                ]
            )
    return rows


def _rows(record):
    """Of a comparison; JSON has no NaN."""
    titles, *others = record["dataset"]["comparison"]
    return [titles, *([*row[:-1], float("nan") if row[-1] is None else row[-1]] for row in others)]


def _write_comparisons(outcomes, compared, output):
    if not compared:
        # Those of an earlier run, with references that are gone.
        for name in (COMPARISON, SUMMARY):
            (output / name).unlink(missing_ok=True)
        return
    titles = next(iter(compared.values()))[0]
    rows = [[*_WHOSE, *titles]]
    for outcome in outcomes:
        table = compared.get(outcome.subject.label, [titles])
        rows += [[*_whose(outcome.subject), *row] for row in table[1:]]
    write_text(output / COMPARISON, csv_text(marked_rows(rows)))
    write_summary(output / SUMMARY, compared)


def _report(outcomes, label, record):
    name = derivative_name(label, "report.html")
    folder = next(outcome.subject.folder for outcome in outcomes if outcome.subject.label == label)
    return (folder / name).as_posix() if name in record["files"] else None
