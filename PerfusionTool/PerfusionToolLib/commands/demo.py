"""From nothing to perfusion maps: a sample head is made, written, analysed and compared with its truth.

The analysis is that of the command `analyze`, from the file on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ..studies.request import Request
from .messages import ProgressBar, print_warnings, table

SIZE, FRAMES = (200, 200, 23), 45


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), metavar="FOLDER", help="default: demo")
    parser.add_argument("--modality", choices=("CT", "MR"), default="CT", help="default: CT")
    parser.add_argument("--motion", type=float, default=2.0, metavar="MM", help="motion of the head (default: 2)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another number, another head (default: 0)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> None:
    """Make a head, analyse it, show how near the maps come to the truth."""
    from ..perfusion.maps import UNITS
    from ..perfusion.progress import drain
    from ..studies.accuracy import accuracy
    from ..studies.sample import REGIONS, compare_with_truth, scanned_head, truth_folder, write_sample
    from ..studies.single import OVERVIEW, analyze_scan_steps

    scan, results = options.output / f"{options.modality}_head.nii.gz", options.output / "results"
    size = "×".join(map(str, SIZE))
    print(f"Making a {options.modality} sample head of {size} voxels and {FRAMES} frames …", flush=True)
    head = scanned_head(options.modality, SIZE, FRAMES, motion=options.motion, seed=options.seed)
    write_sample(head, scan)

    print("Analysing it …", flush=True)
    started = time.perf_counter()
    with ProgressBar(options.quiet) as bar:
        study = drain(analyze_scan_steps(Request(scan=scan, modality=options.modality), results), bar.report)
    whole = time.perf_counter() - started
    print_warnings(study.warnings)

    stages = [[stage.replace("_", " "), f"{seconds:.2f}"] for stage, seconds in study.seconds.items()]
    computing = sum(study.seconds.values())
    stages += [["reading and writing", f"{whole - computing:.2f}"], ["everything", f"{whole:.2f}"]]
    print("\n" + table(["stage", "seconds"], stages))

    comparison = compare_with_truth(study, head)
    values = [
        [f"{name}, {UNITS[name]}", *(f"{found:.1f} / {true:.1f}" for found, true in regions.values())]
        for name, regions in comparison.items()
    ]
    print("\n" + table(["found / true (medians)", *REGIONS], values))

    agreement = ", ".join(f"{name} {value:.2f}" for name, value in accuracy(study, head).correlation.items())
    print(f"\ncorrelation with the truth in tissue: {agreement}")
    print("Deconvolution by SVD lowers high CBF and delays Tmax: that is the method, not an error of the scan.")

    print(f"\nThe picture   {results / OVERVIEW}")
    print(f"Maps, masks, settings.json   {results}")
    print(f"The scan   {scan}\nIts truth   {truth_folder(scan)}")
