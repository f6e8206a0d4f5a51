"""The sample head in a Slicer scene: computed, corrected, photographed and saved.

Takes the scan and its truth that the command `demo` of the library has left, opens them in the stand-in for Slicer,
presses the panel's buttons, and leaves a scene that 3D Slicer opens, the maps, the report, and pictures of the panel
beside its slice views.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import slicerhost
from slicerhost import needs

MAPS = ("CBF", "CBV", "MTT", "Tmax", "TTP")
COMPARED = ("CBF", "CBV", "MTT")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), metavar="FOLDER", help="default: demo")
    parser.add_argument("--modality", choices=("CT", "MR"), default="CT", help="default: CT")


def run(options: argparse.Namespace) -> int:
    """Make the scene and its pictures, or the scene alone where pictures cannot be drawn."""
    scan, folder = options.output / f"{options.modality}_head.nii.gz", options.output / "scene"
    folder.mkdir(parents=True, exist_ok=True)
    missing = needs.missing(windows=False)
    if missing:
        print(missing, file=sys.stderr)
        return 1
    reason = needs.missing(windows=True)
    print("\nThe same scan in a Slicer scene, in a stand-in for the application …", flush=True)
    if reason:
        print(f"No pictures: {reason}", flush=True)
        logic = _without_windows(scan)
    else:
        logic = _with_windows(scan, folder)
    _save(logic, folder)
    for error in slicerhost.errors:
        print(f"error: {error}", file=sys.stderr)
    print(f"The scene, which 3D Slicer opens   {folder / 'study.mrb'}\nIts maps, and pictures   {folder}")
    return 1 if slicerhost.errors else 0


def _without_windows(scan):
    slicerhost.start_scene()
    from .opening import MODULE

    logic = slicerhost.load_module(str(MODULE)).PerfusionToolLogic()
    logic.process(logic.importScan(scan))
    return logic


def _with_windows(scan, folder):
    from .opening import open_module
    from .pictures import Tour

    opened = open_module()
    started = time.perf_counter()
    node = opened.logic.importScan(scan)
    opened.wait()
    print(f"opened {node.GetName()} in {time.perf_counter() - started:.1f} s", flush=True)
    Tour(opened, folder, _add_truth(scan)).take()
    # The scene is saved in the layout that was there before, which a Slicer without the module knows, too.
    opened.widget.parent.exit()
    return opened.logic


def _add_truth(scan):
    """True maps of tissue as volumes, by map."""
    import slicer
    from PerfusionToolLib.files.images import read_image
    from PerfusionToolLib.perfusion.series import Grid
    from PerfusionToolLib.scene.volumes import put_volume
    from PerfusionToolLib.studies.sample import truth_folder

    tissue, *images = (read_image(truth_folder(scan) / f"{name}.nii.gz") for name in ("tissue", *COMPARED))
    grid = Grid(tissue.voxels.shape[1:], tissue.ijk_to_ras)
    return {
        name: put_volume(None, image.voxels[0] * (tissue.voxels[0] > 0), grid, f"True {name}", slicer.mrmlScene)
        for name, image in zip(COMPARED, images, strict=True)
    }


def _save(logic, folder):
    import slicer

    for name in MAPS:
        file = folder / f"{name}.nrrd"
        # Slicer's libraries would print how they take the place of an earlier one.
        file.unlink(missing_ok=True)
        slicer.util.saveNode(logic.mapVolume(name), str(file))
    slicer.util.saveScene(str(folder / "study.mrb"))
