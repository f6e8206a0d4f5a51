"""Mean CBF of normal and of ischaemic tissue by every method, beside sSVD, over several heads."""

from __future__ import annotations

import numpy as np

from ...perfusion.deconvolution import METHODS
from ...perfusion.phantom import sample_head
from ...perfusion.progress import Steps
from .figures import Asked, Column, Figures, Table
from .processes import in_processes
from .sample_maps import SMALL, TINY, analysed, deconvolved

HEADS = {"full": {"CT": 12, "MR": 12}, "quick": {"CT": 6}, "test": {"CT": 2}}
REGIONS = ("normal", "ischaemic")
REFERENCE = "sSVD"
PAPER = "Zeng et al. 2025, ISLES 2018"
PUBLISHED = {
    f"sSVD, {PAPER}": {"normal CBF": 35.16, "ischaemic CBF": 14.81},
    f"cSVD, {PAPER}": {"normal CBF": 33.84, "ischaemic CBF": 15.97},
    f"oSVD, {PAPER}": {"normal CBF": 34.75, "ischaemic CBF": 14.51},
    f"Transformer, {PAPER}": {"normal CBF": 48.99, "ischaemic CBF": 23.36},
}
COLUMNS = tuple(
    column
    for region in REGIONS
    for column in (
        Column(f"{region} CBF", 0.5),
        Column(f"{region} SD", 0.3),
        Column(f"{region} to {REFERENCE}", 0.02),
        Column(f"{region} p", 0.05, 4),
    )
)


def run_steps(asked: Asked) -> Steps[Figures]:
    """Compare the methods in several heads of either modality.

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
    heads = HEADS[asked.size]
    items = [(modality, asked.seed + number, asked.size) for modality in heads for number in range(heads[modality])]
    found = yield from in_processes("regions", _means, items, asked.workers)
    tables = []
    for modality in heads:
        means = [of_head for (of, *_), of_head in zip(items, found, strict=True) if of == modality]
        title = f"{modality}: mean CBF in ml/100 g/min, beside that of {REFERENCE}"
        tables.append(Table(modality, title, COLUMNS, _rows(means), published=PUBLISHED))
    return Figures("regions", "Normal and ischaemic tissue", _about(max(heads.values())), tables)


def _rows(means):
    """Rows of methods and of the truth, from one dict of (method, region) to mean CBF a head."""
    rows = {}
    for method in ("truth", *METHODS):
        rows[method] = {}
        for region in REGIONS:
            own = np.array([head[method, region] for head in means])
            reference = np.array([head[REFERENCE, region] for head in means])
            rows[method] |= {
                f"{region} CBF": float(own.mean()),
                f"{region} SD": float(own.std(ddof=1)),
                f"{region} to {REFERENCE}": float(np.mean(own / reference)),
            }
            if method != REFERENCE:
                rows[method][f"{region} p"] = _probability(own, reference)
    return rows


def _probability(own, reference):
    """p of the paired Wilcoxon test."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(own, reference).pvalue)


def _means(item):
    """Mean CBF by method and region of one head, and the true one."""
    modality, seed, size = item
    head = sample_head(modality, seed=seed, **(TINY if size == "test" else SMALL))
    study = analysed(head)
    brain = study.brain_mask
    lesion = head.labels["core"] | head.labels["penumbra"]
    tissue = brain & ~study.vessels & ~study.csf & (head.labels["grey"] | head.labels["white"])
    inside = {"normal": (tissue & ~lesion)[brain], "ischaemic": (tissue & lesion)[brain]}
    rows = np.flatnonzero(tissue[brain])[:: 2 if size == "full" else 8]
    means = {
        ("truth", region): float(head.truth["CBF"][brain][rows][where[rows]].mean()) for region, where in inside.items()
    }
    for method in METHODS:
        cbf = deconvolved(study, rows, study.arterial_input.curve, method).values["CBF"]
        means |= {(method, region): float(np.nanmean(cbf[where[rows]])) for region, where in inside.items()}
    return means


def _about(heads):
    return f"""\
{heads} sample heads of either modality, analysed with default settings and the arterial input that was found: mean CBF
of grey and white matter without the large vessels and the CSF that were found, outside the lesion and inside it, and
its standard deviation over the heads; the mean of its ratio to that of {REFERENCE} in the same head; and p of the
paired Wilcoxon test against {REFERENCE}. The published figures are of patients, so only their order can be compared."""
