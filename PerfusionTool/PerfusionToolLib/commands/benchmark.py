"""Seconds and peak memory of every stage, on a sample head, from the scan's file to the written maps.

Every measurement runs in a process of its own. The cost of fewer frames and of fewer voxels follows, then how much
faster two processes do a dataset than one, each with one thread.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ..perfusion.errors import PerfusionError
from .messages import table
from .options import voxels

LIBRARY = Path(__file__).parents[2]
DATASET_SHAPE, DATASET_FRAMES = (128, 128, 16), 40
PARTS = ("scan", "dataset")
OUTSIDE_OF_COMPUTING = ("reading", "writing", "overview", "new arterial input")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument(
        "--shape", type=voxels, default=(200, 200, 23), metavar="X,Y,Z", help="voxels (default: 200,200,23)"
    )
    parser.add_argument("--frames", type=int, default=45, metavar="N", help="frames in 63 s (default: 45)")
    parser.add_argument("--modality", choices=("CT", "MR"), default="CT", help="default: CT")
    parser.add_argument(
        "--motion", action=argparse.BooleanOptionalAction, default=True, help="with motion correction (default: on)"
    )
    parser.add_argument(
        "--growth", action=argparse.BooleanOptionalAction, default=True, help="also with fewer voxels and frames"
    )
    parser.add_argument("--only", choices=PARTS, help="one scan, or a dataset of 20 small ones (default: both)")
    parser.add_argument("--heads", type=int, default=20, metavar="N", help="scans of the dataset (default: 20)")


def run(options: argparse.Namespace) -> None:
    """Measure, print."""
    if options.only != "dataset":
        _print_scan(options)
    if options.only != "scan":
        _print_dataset(options.heads)


def _print_scan(options):
    x, y, z = options.shape
    print(f"{options.modality}, {x}×{y}×{z} voxels, {options.frames} frames", flush=True)
    rows = _measured(options, options.shape, options.frames)
    print(table(["stage", "seconds", "peak memory so far, MB"], [_shown(row) for row in rows]))
    print(f"\nmaps from arrays in memory: {_computing(rows):.2f} s")
    if not options.growth:
        return
    half = (round(x * 0.5**0.5), round(y * 0.5**0.5), z)
    quarter = (x // 2, y // 2, z)
    growth = [_growth_row(options.shape, options.frames, rows)]
    for shape, frames in (
        (half, options.frames),
        (quarter, options.frames),
        (options.shape, round(options.frames * 0.75)),
        (options.shape, options.frames // 2),
    ):
        growth.append(_growth_row(shape, frames, _measured(options, shape, frames)))
    print("\n" + table(["voxels", "frames", "seconds from arrays to maps", "peak memory, MB"], growth))


def _print_dataset(heads):
    x, y, z = DATASET_SHAPE
    print(f"\n{heads} CT scans of {x}×{y}×{z} voxels, {DATASET_FRAMES} frames, without reports", flush=True)
    size = ",".join(map(str, DATASET_SHAPE))
    seconds = json.loads(_run("PerfusionToolLib.studies.dataset.throughput", str(heads), size, str(DATASET_FRAMES)))
    rows = [[workers, f"{value:.1f}", f"{seconds['1'] / value:.2f}"] for workers, value in seconds.items()]
    print(table(["processes of one thread", "seconds", "times as fast"], rows))


def _measured(options, shape, frames):
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "head.nii.gz"
        size = ",".join(map(str, shape))
        motion = "2" if options.motion else "0"
        sample = ["PerfusionToolLib", "sample", options.modality.lower(), str(scan), "--shape", size]
        _run(*sample, "--frames", str(frames), "--motion", motion)
        correction = "with" if options.motion else "without"
        return json.loads(_run("PerfusionToolLib.studies.measurement", str(scan), options.modality, correction))


def _run(module, *arguments):
    # This process stays small: on Linux a child's peak memory starts at that of its parent.
    process = subprocess.run([sys.executable, "-m", module, *arguments], cwd=LIBRARY, capture_output=True, text=True)
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines() or [f"it ended with the exit code {process.returncode}"]
        raise PerfusionError(f"The measurement failed: {lines[-1]}")
    return process.stdout


def _computing(rows):
    return sum(seconds for stage, seconds, _ in rows if stage not in OUTSIDE_OF_COMPUTING)


def _shown(row):
    stage, seconds, peak = row
    return [stage.replace("_", " "), f"{seconds:.2f}", _megabytes(peak)]


def _growth_row(shape, frames, rows):
    return ["×".join(map(str, shape)), str(frames), f"{_computing(rows):.2f}", _megabytes(rows[-1][2])]


def _megabytes(peak):
    return "–" if peak is None else f"{peak / 1e6:.0f}"
