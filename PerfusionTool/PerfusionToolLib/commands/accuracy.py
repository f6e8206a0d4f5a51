"""How near the maps of sample heads come to the truth: every case, several seeds, default settings.

Columns: Dice of the brain mask and ml of it outside the skull; of the AIF, the voxels that are at least half artery in
per cent, its correlation with the truth, the frames by which its peak is late and its area over the true one before and
after partial-volume scaling; mean error of the head's position in mm; correlation of the maps with the truth in tissue
away from vessels; mean CBV over its truth; median CBF of core, penumbra and other tissue.
"""

from __future__ import annotations

import argparse

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
    "CBF r",
    "CBV r",
    "Tmax r",
    "MTT r",
    "CBV",
    "core/penumbra/other",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="heads of every case (default: 5)")
    parser.add_argument("--cases", default="", metavar="WORDS", help="only cases whose names hold these words")


def run(options: argparse.Namespace) -> None:
    """Measure, print."""
    from ..perfusion.analysis import analyze
    from ..studies.accuracy import CASES, accuracy, head_of

    cases = [case for case in CASES if options.cases.lower() in case.lower()]
    if not cases:
        options.parser.error(f"no case is called {options.cases!r}; there are {'; '.join(CASES)}")
    rows = []
    for case in cases:
        measured = []
        for seed in range(options.seeds):
            head = head_of(case, seed)
            measured.append(accuracy(analyze(head.series), head))
            rows.append([case, str(seed), *_row(measured[-1])])
            print("  ".join(rows[-1]), flush=True)
        rows.append([case, "mean", *_mean_row(measured)])
    print("\n" + table(COLUMNS, rows))


def _row(found):
    return [
        f"{found.dice:.3f}",
        f"{found.outside_ml:.1f}",
        f"{100 * found.arterial:.0f}",
        f"{found.aif_correlation:.3f}",
        f"{found.aif_peak:+d}",
        f"{found.aif_area:.2f}→{found.aif_scaled_area:.2f}",
        f"{found.motion_mm:.3f}",
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
        *(f"{mean(lambda found, name=name: found.correlation[name]):.3f}" for name in measured[0].correlation),
        f"{mean(lambda found: found.cbv_ratio):.2f}",
        "/".join(f"{mean(lambda found, part=part: found.flow[part]):.1f}" for part in range(3)),
    ]
