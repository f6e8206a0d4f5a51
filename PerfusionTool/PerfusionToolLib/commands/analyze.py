"""Perfusion maps of a 4D CT perfusion or DSC-MRI scan.

Writes CBF, CBV, MTT, Tmax and TTP maps, the masks, tissue at risk, settings.json (everything needed to do it again),
overview.png and report.html. Research use only.
Every parameter of the pipeline is an option; all of them have defaults.

  python -m PerfusionToolLib analyze scan.nii.gz --modality CT --frame-interval 1.5 -o results
  python -m PerfusionToolLib analyze dsc.nii.gz --modality MR --echo-time 0.03 --method oSVD -o results
  python -m PerfusionToolLib analyze dicom_folder --dicom -o results
  python -m PerfusionToolLib analyze scan.nii.gz --settings results/settings.json -o again
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from ..perfusion.words import counted
from ..studies.request import AUTOMATIC, Request
from .messages import ProgressBar, print_warnings
from .options import add_results, add_scan_facts, add_settings, chosen_settings, earlier_settings

IN_SUMMARY = ("brain_volume_ml", "bolus", "arterial_input", "venous_output", "maps", "tissue", "warnings", "seconds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.usage = "%(prog)s SCAN --modality CT|MR -o FOLDER [options]"
    parser.add_argument("scan", type=Path, metavar="SCAN", help="4D .nii, .nii.gz, .nrrd or .seq.nrrd, or DICOM folder")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="folder for the results")
    add_scan_facts(parser)
    parser.add_argument(
        "--brain-mask", type=_brain_mask, metavar="FILE|auto", help="mask on the scan's grid (default: auto, found)"
    )
    parser.add_argument(
        "--arterial-input",
        type=_vessel,
        metavar="FILE|I,J,K|auto",
        help="mask on the scan's grid, CSV of a curve (time, value) or voxel in an artery (default: auto, found)",
    )
    parser.add_argument(
        "--venous-output",
        type=_vessel,
        metavar="FILE|I,J,K|auto",
        help="the same in a large vein, whose area the arterial input is scaled to (default: auto, found)",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="settings.json of an earlier analysis; for the same scan also its times, mask and vessels",
    )
    add_results(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> None:
    """Analyse a scan and say what was found."""
    settings = chosen_settings(options, earlier_settings(options.settings))
    if options.modality is None and options.settings is None and not options.scan.is_dir():
        options.parser.error("give --modality CT or --modality MR")

    from ..files import read_json
    from ..perfusion.progress import drain
    from ..studies.single import RECORD, analyze_scan_steps

    request = Request(
        scan=options.scan,
        modality=options.modality,
        times=options.times,
        frame_interval=options.frame_interval,
        echo_time=options.echo_time,
        brain_mask=options.brain_mask,
        arterial_input=options.arterial_input,
        venous_output=options.venous_output,
        settings=settings,
        save=options.save,
        dicom=options.dicom,
        tissue_rule=options.tissue_rule,
        report=options.report,
        record=options.settings,
    )
    with ProgressBar(options.quiet) as bar:
        study = drain(analyze_scan_steps(request, options.output), bar.report)
    record = read_json(options.output / RECORD)
    print_warnings([*record["scan"]["notes"], *study.warnings])
    print(_as_json(record, options.output) if options.json else _as_text(record["results"], options.output))


def _brain_mask(word):
    return word if word == AUTOMATIC else Path(word)


def _vessel(word):
    if word == AUTOMATIC:
        return word
    if re.fullmatch(r"-?\d+,-?\d+,-?\d+", word):
        return tuple(int(index) for index in word.split(","))
    if re.fullmatch(r"[-\d.,\s]*,[-\d.,\s]*|\d+", word):
        raise argparse.ArgumentTypeError(f"{word!r} is no voxel; give i,j,k")
    return Path(word)


def _as_json(record, folder):
    summary = {"output": str(folder.resolve()), "files": record["files"]}
    return json.dumps(summary | {name: record["results"][name] for name in IN_SUMMARY}, indent=2)


def _as_text(results, folder):
    arterial_input = results["arterial_input"]
    rows = [
        f"Brain            {results['brain_volume_ml']:.0f} ml",
        f"Bolus arrival    {results['bolus']['arrival_time']:.1f} s",
        f"Arterial input   {arterial_input['source']}, {counted(len(arterial_input['voxels']), 'voxel')}, "
        f"peak {max(arterial_input['curve']):.4g} {arterial_input['unit']}",
        f"Partial volume   factor {_with_sd(arterial_input['scale'], arterial_input['scale_sd'])}",
        "",
        f"{'Map':<17}{'median':>9}{'5 %':>9}{'95 %':>9}  unit",
    ]
    for name, values in results["maps"].items():
        low, median, high = (_number(values[key]) for key in ("percentile_5", "median", "percentile_95"))
        rows.append(f"{name:<17}{median}{low}{high}  {values['unit']}")
    rows += ["", _tissue_as_text(results["tissue"])]
    rows += ["", f"{sum(results['seconds'].values()):.1f} s of computing; the results are in {folder}"]
    return "\n".join(rows)


def _tissue_as_text(tissue):
    if "note" in tissue:
        return tissue["note"]
    amounts = ", ".join(f"{name} {tissue[f'{name}_ml']:.1f} ml" for name in ("hypoperfusion", "core", "penumbra"))
    return f"Tissue at risk   {amounts} ({tissue['criteria']}; {tissue['use']})"


def _with_sd(value, sd):
    return f"{value:.2f}" if sd is None else f"{value:.2f} ± {sd:.2f}"


def _number(value):
    return f"{'–':>9}" if value is None else f"{value:9.2f}"
