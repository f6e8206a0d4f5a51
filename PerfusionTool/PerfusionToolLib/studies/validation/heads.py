"""Maps of whole sample heads beside their truth, for every case, method and arterial input, the true and the found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...perfusion.deconvolution import METHODS
from ...perfusion.deconvolution.bayesian.prior import PRIOR
from ...perfusion.phantom.head import TRANSIT_SHAPE
from ...perfusion.progress import Steps
from .figures import Asked, Column, Figures, Table
from .processes import in_processes
from .sample_maps import MAPS, Maps, analysed, deconvolved, head_of, of_rows, tissue_rows, truth_of
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

BAYESIAN = "Bayesian"
TOLD_CASES = ("CT 2 HU", "CT 5 HU", "MR")
_ABOUT_SHAPE = replace(PRIOR, spread=np.arange(0.6375, 0.9, 0.075), spread_weights=np.full(4, 0.25))
_SHAPE_OF_HEADS = replace(PRIOR, spread=np.array([TRANSIT_SHAPE**-0.5]), spread_weights=np.ones(1))
TOLD = {
    "nothing": {},
    "spread 0.6 to 0.9": {"prior": _ABOUT_SHAPE},
    "spread": {"prior": _SHAPE_OF_HEADS},
    "spread and dispersion": {"prior": _SHAPE_OF_HEADS, "dispersion": 0.0},
}
"""What the Bayesian estimator may be told of the residue functions of the heads, as its options."""

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
    coverage, overlap, told = {}, {}, {}
    for case, measured in cases.items():
        told |= {f"{case}: {what}": figures for what, figures in measured["told"].items()}
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
    title = f"Uncertainties when {BAYESIAN} is told of the residue functions"
    tables.append(Table("told", title, COVERAGE_COLUMNS, told, first="Case and what is told", about=TOLD_ABOUT))
    return tables


def _measured(item):
    """By arterial input and method: figures of agreement, of classes of tissue, of the uncertainties, of lesions.

    Under "told": figures of the uncertainties by what is told.
    """
    case, size, seed = item
    head = head_of(case, seed, size)
    study = analysed(head, motion="motion" in case)
    rows = tissue_rows(study, head, VOXELS[size])
    truth = truth_of(head, study, rows)
    regions = {name: of_rows(head.labels[name], study, rows) for name in CLASSES}
    lesion = regions["core"] | regions["penumbra"]
    classes = regions | {name: regions[name] & ~lesion for name in ("grey", "white")}
    inputs = {"true": head.arterial_input[study.frames], "found": study.arterial_input.curve}
    measured = {"told": {}}
    if case in TOLD_CASES:
        for what, options in TOLD.items():
            maps = deconvolved(study, rows, inputs["true"], BAYESIAN, **options)
            measured["told"][what] = coverage_figures(maps, truth)
    for kind, arterial_input in inputs.items():
        for method in METHODS:
            maps = deconvolved(study, rows, arterial_input, method)
            measured[kind, method] = {
                "agreement": agreement_figures(maps.values, truth),
                "classes": _class_errors(maps.values, truth, classes),
                "coverage": coverage_figures(maps, truth),
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


def coverage_figures(maps: Maps, truth: dict) -> dict[str, float]:
    """How often the truth lies within one and two standard deviations.

    Parameters
    ----------
    maps : Maps
    truth : dict of str to ndarray of shape (n,)
        `sample_maps.MAPS`.

    Returns
    -------
    dict of str to float
        In %, by name of the column of `COVERAGE_COLUMNS`; empty for a method without standard deviations.
    """
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


TOLD_ABOUT = (
    "All voxels of a head have residue functions of one shape (spread of the transit times over their mean: 0.71), in "
    "the middle of what the prior allows, and no dispersion. Not knowing this, the estimator counts both among the "
    "uncertainties of CBF and MTT, rightly where tissue differs. In a head the error that they make is small and the "
    "same everywhere, so that at 5 HU more truths of CBF and MTT lie within one standard deviation than the bounds "
    "above allow. Told the spread, or only that it lies between 0.6 and 0.9, the estimator has about as many there as "
    "should be: this is what is missing, and a single curve of this noise does not hold it. Learning spread and "
    "dispersion from all curves of a scan together was tried: it lowers the errors by a sixth but the standard "
    "deviations by as much, and where the arterial input is not quite right, it learns a wrong shape with great "
    "confidence; so it is not done. In MR there is little noise, and most of the error comes from smoothing: it mixes "
    "grey and white matter, which no curve tells. The part of the standard deviations of CBF and CBV that stands for "
    "it (see the prior) is large enough for CT, but not for MR."
)

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
