"""Maps of whole sample heads beside their truth, for every case, method and arterial input, the true and the found."""

from __future__ import annotations

import numpy as np

from ...perfusion.deconvolution import METHODS
from ...perfusion.progress import Steps
from .figures import Asked, Column, Figures, Table
from .processes import in_processes
from .sample_maps import MAPS, analysed, deconvolved, head_of, of_rows, tissue_rows, truth_of
from .scores import correlation, rmse

CASES = {
    "full": (
        "CT 2 HU",
        "CT 5 HU",
        "CT 10 HU",
        "CT, motion 3 mm",
        "CT, occlusion",
        "CT, 1 s then 3 s",
        "MR",
        "MR, occlusion",
    ),
    "quick": ("CT 5 HU", "MR"),
    "test": ("CT 2 HU",),
}
VOXELS = {"full": 25_000, "quick": 5_000, "test": 500}
INPUTS = ("true", "found")
CLASSES = ("grey", "white", "core", "penumbra")
LATE, LITTLE = 6.0, 0.3
"""Tmax in s above which tissue counts as hypoperfused, and part of normal CBF below which it counts as core."""

UNITS = {"CBF": "", "CBV": "", "MTT": ", s", "delay": ", s"}
COLUMNS = tuple(
    Column(f"{name} {what}", tolerance, decimals)
    for name in MAPS
    for what, tolerance, decimals in (
        ("r", 0.01, 3),
        ("bias, s" if name == "delay" else "bias, %", 0.1 if name == "delay" else 1.0, 2 if name == "delay" else 0),
        (f"RMSE{UNITS[name]}", 0.2 if name == "CBF" else 0.05, 2),
    )
)
CLASS_COLUMNS = tuple(
    Column(f"{region} {what}", tolerance, decimals)
    for region in CLASSES
    for what, tolerance, decimals in (("CBF, %", 2.0, 0), ("MTT, s", 0.1, 1), ("delay, s", 0.1, 1))
)
COVERAGE_COLUMNS = tuple(Column(f"{name} {many} SD, %", 2.0, 0) for name in MAPS for many in (1, 2))
DICE_COLUMNS = tuple(
    Column(f"{what}, {kind} AIF", 0.02) for what in ("Tmax > 6 s", "CBF < 30 %") for kind in ("true", "found")
)


def run_steps(asked: Asked) -> Steps[Figures]:
    """Estimate the maps of every case by every method.

    Parameters
    ----------
    asked : Asked

    Yields
    ------
    Progress

    Returns
    -------
    Figures
    """
    items = [(case, asked.size, asked.seed) for case in CASES[asked.size]]
    found = yield from in_processes("sample heads", _measured, items, asked.workers)
    cases = dict(zip(CASES[asked.size], found, strict=True))
    tables = [
        Table(
            f"{case}, {kind} AIF",
            f"{case}, {kind} arterial input",
            COLUMNS,
            {method: measured[kind, method]["agreement"] for method in METHODS},
        )
        for case, measured in cases.items()
        for kind in INPUTS
    ]
    tables += [
        Table(
            f"{case}, tissues",
            f"{case}, true arterial input: mean error by tissue",
            CLASS_COLUMNS,
            {method: measured["true", method]["classes"] for method in METHODS},
        )
        for case, measured in cases.items()
        if case in ("CT 5 HU", "MR")
    ]
    return Figures("heads", "Sample heads", _about(asked.size), tables + _tables_over_cases(cases))


def _tables_over_cases(cases):
    """What has one row for a case and a method."""
    coverage, overlap = {}, {}
    for case, measured in cases.items():
        for method in METHODS:
            row = f"{case}: {method}"
            if measured["true", method]["coverage"]:
                coverage[row] = measured["true", method]["coverage"]
            overlap[row] = {
                f"{what}, {kind} AIF": value
                for kind in INPUTS
                for what, value in measured[kind, method]["overlap"].items()
            }
    tables = [Table("lesions", "Lesions: Dice", DICE_COLUMNS, overlap, first="Case and method", about=DICE_ABOUT)]
    if coverage:
        title = "Uncertainties: voxels whose truth lies within so many standard deviations, true arterial input"
        tables.append(Table("uncertainties", title, COVERAGE_COLUMNS, coverage, first="Case and method"))
    return tables


def _measured(item):
    """By arterial input and method: figures of agreement, of classes of tissue, of the uncertainties, of lesions."""
    case, size, seed = item
    head = head_of(case, seed, size)
    study = analysed(head, motion="motion" in case)
    rows = tissue_rows(study, head, VOXELS[size])
    truth = truth_of(head, study, rows)
    regions = {name: of_rows(head.labels[name], study, rows) for name in CLASSES}
    lesion = regions["core"] | regions["penumbra"]
    classes = regions | {name: regions[name] & ~lesion for name in ("grey", "white")}
    inputs = {"true": head.arterial_input[study.frames], "found": study.arterial_input.curve}
    measured = {}
    for kind, arterial_input in inputs.items():
        for method in METHODS:
            maps = deconvolved(study, rows, arterial_input, method)
            measured[kind, method] = {
                "agreement": agreement_figures(maps.values, truth),
                "classes": _class_errors(maps.values, truth, classes),
                "coverage": _coverage(maps, truth),
                "overlap": _overlap(maps.values, regions, lesion),
            }
    return measured


def agreement_figures(found: dict, truth: dict) -> dict[str, float]:
    """Correlation, bias and RMS error of the maps.

    Parameters
    ----------
    found, truth : dict of str to ndarray of shape (n,)
        `sample_maps.MAPS`; voxels without a result are left out.

    Returns
    -------
    dict of str to float
        By name of the column.
    """
    figures = {}
    for name in MAPS:
        finite = np.isfinite(found[name])
        ours, true = found[name][finite], truth[name][finite]
        figures[f"{name} r"] = correlation(ours, true)
        if name == "delay":
            figures["delay bias, s"] = float(np.mean(ours - true))
        else:
            figures[f"{name} bias, %"] = 100 * float(ours.mean() / true.mean() - 1)
        figures[f"{name} RMSE{UNITS[name]}"] = rmse(ours, true)
    return figures


def _class_errors(found, truth, classes):
    figures = {}
    for region, inside in classes.items():
        if not inside.any():
            continue
        errors = {name: np.nanmean((found[name] - truth[name])[inside]) for name in ("CBF", "MTT", "delay")}
        figures[f"{region} CBF, %"] = 100 * float(errors["CBF"] / truth["CBF"][inside].mean())
        figures[f"{region} MTT, s"] = float(errors["MTT"])
        figures[f"{region} delay, s"] = float(errors["delay"])
    return figures


def _coverage(maps, truth):
    figures = {}
    for name, deviation in maps.deviations.items():
        error = np.abs(maps.values[name] - truth[name])
        finite = np.isfinite(error) & np.isfinite(deviation)
        for many in (1, 2):
            figures[f"{name} {many} SD, %"] = 100 * float(np.mean(error[finite] < many * deviation[finite]))
    return figures


def _overlap(found, regions, lesion):
    normal = np.nanmean(found["CBF"][~lesion])
    return {
        "Tmax > 6 s": _dice(found["Tmax"] > LATE, lesion),
        "CBF < 30 %": _dice(found["CBF"] < LITTLE * normal, regions["core"]),
    }


def _dice(one, other):
    both = one.sum() + other.sum()
    return 2 * float((one & other).sum() / both) if both else float("nan")


DICE_ABOUT = (
    "Tissue with Tmax above 6 s beside core and penumbra together, and tissue with less than 30 % of the mean CBF "
    "outside the lesion beside the core. The thresholds are those of block-circulant SVD, whose Tmax holds part of the "
    "MTT; a delay that is free of it stays below 6 s in most of the penumbra."
)


def _about(size):
    return f"""\
Sample heads with noise of 2, 5 or 10 HU (CT) or 2 % (MR), analysed with default settings; then about {VOXELS[size]}
voxels of tissue away from vessels, evenly spread, are deconvolved by every method, with the true arterial input and
with the one that was found. Their residue functions are those of gamma-distributed transit times of shape 2. Given are
the correlation with the truth, the bias of the mean and the RMS error. Methods that do not tell the delay from Tmax are
judged by Tmax."""
