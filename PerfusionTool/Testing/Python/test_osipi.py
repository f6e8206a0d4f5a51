"""The DSC test curves of OSIPI, within OSIPI's tolerances; made anew by their recipe where the file is absent.

The curves are sums over frames, C_i = Δt·Σ C_a(t_(i−j)) R(t_j), so the quadrature is declared as "rectangle"; they
know neither tissue density nor haematocrit, so both are 1. CBV is the sum of the residue function in the recipe and
so exceeds its label by the rectangle's bias at lag 0, which the tolerance covers.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PerfusionToolLib.perfusion.deconvolution import METHODS, deconvolve

OPTIONS = {"Tikhonov": {"regularization": 0.05}}
"""The curves' noise is 1/200 of their peak; the default, meant for a voxel of a scan, smooths more than that needs."""

REPOSITORY = Path(__file__).resolve().parents[3]
CURVES = REPOSITORY.parent / "shared" / "data" / "osipi" / "dsc_data.csv"
INTERVAL = 1.243


def curves_by_recipe():
    rng = np.random.default_rng(20)
    times = np.arange(161) * INTERVAL
    since = np.clip(times - 20, 0, None)
    artery = since**3 * np.exp(-since / 1.5)
    labels = [(4, cbf) for cbf in range(10, 71, 10)] + [(2, cbf) for cbf in range(5, 36, 5)]
    tissues = []
    for cbv, cbf in labels:
        residue = cbf / 6000 * np.exp(-times * cbf / cbv / 60)
        curve = INTERVAL * np.convolve(artery, residue)[: times.size]
        tissues.append(curve + rng.normal(0, curve.max() / 200, times.size))
    artery = artery + rng.normal(0, artery.max() / 200, times.size)
    return np.array(tissues), np.tile(artery, (len(labels), 1)), np.array(labels, float), INTERVAL


def curves_of_osipi():
    with CURVES.open(newline="") as file:
        rows = list(csv.DictReader(file))
    tissues, arteries = (np.array([row[name].split() for row in rows], float) for name in ("C_tis", "C_aif"))
    labels = np.array([[row["cbv"], row["cbf"]] for row in rows], float)
    return tissues, arteries, labels, float(rows[0]["tr"])


SOURCES = [
    curves_by_recipe,
    pytest.param(
        curves_of_osipi, marks=pytest.mark.skipif(not CURVES.exists(), reason="the OSIPI curves are not here")
    ),
]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("method", METHODS)
def test_flow_and_volume_are_inside_osipis_tolerances(source, method):
    tissues, arteries, labels, interval = source()
    times = np.arange(tissues.shape[1]) * interval
    options = {"quadrature": "rectangle", "density": 1, "hematocrit_factor": 1, **OPTIONS.get(method, {})}
    estimates = [
        deconvolve(tissue[None], artery, times, method, **options)
        for tissue, artery in zip(tissues, arteries, strict=True)
    ]
    cbf = np.concatenate([est.cbf for est in estimates])
    cbv = np.concatenate([est.cbv for est in estimates])
    np.testing.assert_allclose(cbv, labels[:, 0], rtol=0.1, atol=1)
    np.testing.assert_allclose(cbf, labels[:, 1], rtol=0.1, atol=15)
    assert np.corrcoef(cbf, labels[:, 1])[0, 1] > 0.95
