"""How near the maps of sample heads come to the truth: every case, several seeds, default settings.

Columns: Dice of the brain mask and ml of it outside the skull; of the AIF, the voxels that are at least half artery in
per cent, its correlation with the truth, the frames by which its peak is late and its area over the true one before and
after partial-volume scaling; error of the head's position in mm, mean and in the worst frame; correlation of the maps
with the truth in tissue away from vessels; mean CBV over its truth; median CBF of core, penumbra and other tissue; with
--true, how much better CBF and Tmax correlate if AIF and brain mask are the true ones.

With --lesions, the volumes of lesions in CT heads instead: by how many per cent hypoperfusion and core, found by
published thresholds (and by others for the true maps and the Bayesian ones), differ from the true ones, mean and range
over the heads; those of the core also in voxels of pure tissue, and where normal is the median of tissue with Tmax
below 4 s, and where it is the mirror side, whichever was published.

Ends with one line for every bound that is missed, and then with exit code 1.
"""

from __future__ import annotations

import argparse

from ..perfusion.errors import PerfusionError
from ..perfusion.words import counted
from .messages import table

COLUMNS = [
    "case",
    "seed",
    "Dice",
    "outside",
    "artery",
    "AIF r",
    "peak",
    "area",
    "motion",
    "worst",
    "CBF r",
    "CBV r",
    "Tmax r",
    "MTT r",
    "CBV",
    "core/penumbra/other",
]
LESION_COLUMNS = [
    "case",
    "maps",
    "hypoperfusion",
    "core",
    "hypoperfusion, %",
    "core, %",
    "in tissue",
    "by tissue",
    "by mirror",
]
TRUE_COLUMNS = {"CBF": "CBF r by truth", "Tmax": "Tmax r by truth"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="heads of every case (default: 5)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="N", help="the first head (default: 0)")
    parser.add_argument("--cases", default="", metavar="WORDS", help="only cases whose names hold these words")
    parser.add_argument("--true", action="store_true", help="compare with maps by the true AIF and brain mask too")
    parser.add_argument("--lesions", action="store_true", help="volumes of lesions in place of maps")


def run(options: argparse.Namespace) -> None:
    """Measure, print, compare with the bounds."""
    missed = _lesions(options) if options.lesions else _maps(options)
    for bound in missed:
        print(f"missed: {bound.case}, {_of(bound.seed)}, {bound.figure}, {bound.value:.3f}, {bound.bound}")
    if missed:
        raise PerfusionError(f"{counted(len(missed), 'bound')} missed.")


def _maps(options):
    """Print the accuracy of the maps of every case asked for; the bounds that are missed."""
    from ..studies.accuracy import AT_REST, CASES, lost_by_automation, lost_by_motion, missed_bounds

    asked = _asked(CASES, options)
    needed = {AT_REST[case] for case in asked if case in AT_REST}
    measured, rows, missed = {}, [], []
    for case in [case for case in CASES if case in asked or case in needed]:
        measured[case], gains = _measured(case, options, rows)
        missed += missed_bounds(case, measured[case])
        if options.true:
            missed += lost_by_automation(case, gains)
    for case in asked:
        if case in AT_REST:
            missed += lost_by_motion(case, measured[case], measured[AT_REST[case]])
    print("\n" + table(COLUMNS + list(TRUE_COLUMNS.values()) * options.true, rows))
    return missed


def _lesions(options):
    """Print the errors of the volumes of lesions of every case asked for; the bounds that are missed."""
    from ..studies.lesion_accuracy import CASES, lesion_errors, lesion_head, missed_volumes

    rows, missed = [], []
    for case in _asked(CASES, options):
        heads = []
        for seed in _seeds(options):
            heads.append(lesion_errors(lesion_head(case, seed), case))
            print(f"{case}, seed {seed}: measured", flush=True)
        rows += [[case, *_lesion_row(reading, [head[reading] for head in heads])] for reading in heads[0]]
        missed += missed_volumes(case, heads)
    print("\n" + table(LESION_COLUMNS, rows))
    return missed


def _lesion_row(reading, errors):
    return [
        reading.method,
        str(reading.criteria.hypoperfusion),
        str(reading.criteria.core),
        _mean_and_range([found.hypoperfusion for found in errors]),
        _mean_and_range([found.core for found in errors]),
        _mean_and_range([found.core_in_tissue for found in errors]),
        *(_mean_and_range([found.core_by[normal] for found in errors]) for normal in ("tissue", "mirror")),
    ]


def _mean_and_range(values):
    return f"{sum(values) / len(values):+.0f} ({min(values):+.0f} to {max(values):+.0f})"


def _asked(cases, options):
    asked = [case for case in cases if options.cases.lower() in case.lower()]
    if not asked:
        options.parser.error(f"no case is called {options.cases!r}; there are {'; '.join(cases)}")
    return asked


def _seeds(options):
    return range(options.first_seed, options.first_seed + options.seeds)


def _measured(case, options, rows):
    """Accuracy of every head of a case, and what the truth would gain; the rows are added."""
    from ..perfusion.analysis import analyze
    from ..studies.accuracy import accuracy, gained_by_truth, head_of

    measured, gains = [], []
    for seed in _seeds(options):
        head = head_of(case, seed)
        study = analyze(head.series)
        measured.append(accuracy(study, head))
        if options.true:
            gains.append(gained_by_truth(study, head))
        rows.append([case, str(seed), *_row(measured[-1]), *_gain_cells(gains[-1:])])
        print("  ".join(rows[-1]), flush=True)
    rows.append([case, "mean", *_mean_row(measured), *_gain_cells(gains)])
    return measured, gains


def _gain_cells(gains):
    return [f"{sum(gain[name] for gain in gains) / len(gains):+.3f}" for name in TRUE_COLUMNS] if gains else []


def _of(seed):
    return "mean" if seed is None else f"seed {seed}"


def _row(found):
    return [
        f"{found.dice:.3f}",
        f"{found.outside_ml:.1f}",
        f"{100 * found.arterial:.0f}",
        f"{found.aif_correlation:.3f}",
        f"{found.aif_peak:+d}",
        f"{found.aif_area:.2f}→{found.aif_scaled_area:.2f}",
        f"{found.motion_mm:.3f}",
        f"{found.worst_mm:.3f}",
        *(f"{value:.3f}" for value in found.correlation.values()),
        f"{found.cbv_ratio:.2f}",
        "/".join(f"{value:.1f}" for value in found.flow),
    ]


def _mean_row(measured):
    def mean(value):
        return sum(value(found) for found in measured) / len(measured)

    return [
        f"{mean(lambda found: found.dice):.3f}",
        f"{mean(lambda found: found.outside_ml):.1f}",
        f"{100 * mean(lambda found: found.arterial):.0f}",
        f"{mean(lambda found: found.aif_correlation):.3f}",
        f"{mean(lambda found: abs(found.aif_peak)):.1f}",
        f"{mean(lambda found: found.aif_area):.2f}→{mean(lambda found: found.aif_scaled_area):.2f}",
        f"{mean(lambda found: found.motion_mm):.3f}",
        f"{max(found.worst_mm for found in measured):.3f}",
        *(f"{mean(lambda found, name=name: found.correlation[name]):.3f}" for name in measured[0].correlation),
        f"{mean(lambda found: found.cbv_ratio):.2f}",
        "/".join(f"{mean(lambda found, part=part: found.flow[part]):.1f}" for part in range(3)),
    ]
