"""The DSC test curves of OSIPI, within OSIPI's tolerances; made anew by their recipe where the file is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PerfusionToolLib.perfusion.deconvolution import METHODS
from PerfusionToolLib.perfusion.errors import PerfusionError
from PerfusionToolLib.studies.validation.osipi_curves import (
    CBF_TOLERANCE,
    CBV_TOLERANCE,
    PART_OF_VALUE,
    curves_by_recipe,
    curves_of_file,
    estimate_curves,
)

REPOSITORY = Path(__file__).resolve().parents[3]
CURVES = REPOSITORY.parent / "shared" / "data" / "osipi" / "dsc_data.csv"
HAS_FILE = pytest.mark.skipif(not CURVES.exists(), reason="the OSIPI curves are not here")
SOURCES = {"recipe": curves_by_recipe, "file": lambda: curves_of_file(CURVES)}

# A box is no model of these exponential curves.
ABLE = [method for method in METHODS if method != "boxNLR"]


@pytest.mark.parametrize("source", ["recipe", pytest.param("file", marks=HAS_FILE)])
@pytest.mark.parametrize("method", ABLE)
def test_flow_and_volume_are_inside_osipis_tolerances(source, method):
    curves = SOURCES[source]()
    cbf, cbv = estimate_curves(curves, method)
    np.testing.assert_allclose(cbv, curves.cbv, rtol=PART_OF_VALUE, atol=CBV_TOLERANCE)
    np.testing.assert_allclose(cbf, curves.cbf, rtol=PART_OF_VALUE, atol=CBF_TOLERANCE)
    assert np.corrcoef(cbf, curves.cbf)[0, 1] > 0.95


@HAS_FILE
@pytest.mark.parametrize("name", ["tissues", "arterial_inputs"])
def test_the_recipe_makes_osipis_curves_but_for_the_noise(name):
    made, given = curves_by_recipe(), curves_of_file(CURVES)
    np.testing.assert_array_equal(made.cbf, given.cbf)
    np.testing.assert_array_equal(made.cbv, given.cbv)
    np.testing.assert_allclose(made.times, given.times)
    mine, theirs = getattr(made, name), getattr(given, name)
    noises = [curves[:, :15].std(ddof=1) for curves in (mine, theirs)]
    np.testing.assert_allclose(*noises, rtol=0.25)
    assert np.std(mine - theirs) < 1.2 * np.hypot(*noises)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "dsc_data.csv"
    path.write_text("label,value\na,1\n")
    with pytest.raises(PerfusionError, match="is not OSIPI's file of DSC test curves"):
        curves_of_file(path)
