"""A sample head with known truth.

Writes a simulated 4D scan, and in a folder beside it (OUT_truth) the true maps, tissue labels, AIF and venous output.

  python -m PerfusionToolLib sample ct head.nii.gz --motion 2 --noise 5
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import voxels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("modality", choices=("ct", "mr"), help="CT perfusion or DSC-MRI")
    parser.add_argument("output", type=Path, metavar="OUT", help="4D file to write: .nii.gz, .nii or .seq.nrrd")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another number, another head (default: 0)")
    parser.add_argument("--motion", type=float, default=0.0, metavar="MM", help="motion of the head (default: 0)")
    parser.add_argument(
        "--noise", type=float, metavar="SD", help="CT: in HU (default: 5); MR: part of the signal (default: 0.02)"
    )
    parser.add_argument("--occlusion", action="store_true", help="a clot closes the middle cerebral artery")
    parser.add_argument(
        "--shape", type=voxels, default=(200, 200, 23), metavar="X,Y,Z", help="voxels (default: 200,200,23)"
    )
    parser.add_argument("--frames", type=int, default=45, metavar="N", help="frames in 63 s (default: 45)")


def run(options: argparse.Namespace) -> None:
    """Simulate a head and write it."""
    from ..studies.sample import scanned_head, truth_folder, write_sample

    head = scanned_head(
        options.modality.upper(),
        options.shape,
        options.frames,
        seed=options.seed,
        motion=options.motion,
        noise=options.noise,
        occlusion=options.occlusion,
    )
    write_sample(head, options.output)
    print(f"The scan is {options.output}; the truth is in {truth_folder(options.output)}")
