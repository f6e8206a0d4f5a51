"""Settings: every parameter explained, checked, and tied to its stage."""

import json
from dataclasses import asdict, fields

import pytest
from PerfusionToolLib.perfusion import PerfusionError, Settings
from PerfusionToolLib.perfusion.analysis import STAGES
from PerfusionToolLib.perfusion.settings import value_type


@pytest.mark.parametrize("parameter", fields(Settings), ids=lambda parameter: parameter.name)
def test_every_parameter_is_explained_and_belongs_to_a_stage(parameter):
    assert len(parameter.metadata["text"]) > 10
    assert parameter.metadata["stage"] in STAGES
    for other, values in parameter.metadata["applies"].items():
        kind, _ = value_type(other)
        assert all(isinstance(value, kind) for value in values)


def test_settings_survive_json():
    settings = Settings(method="oSVD", frames_to_drop=2, smoothing="none")
    assert Settings.from_dict(json.loads(json.dumps(asdict(settings)))) == settings


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"method": "SVD"}, "method is 'SVD'; choose sSVD"),
        ({"smoothing_mm": -1.0}, "smoothing_mm is -1; it must be 0.1 to 20 mm"),
        ({"smoothing_mm": float("nan")}, "smoothing_mm is nan"),
        ({"maximum_matrix": 2.5}, "must be a whole number"),
        ({"motion_correction": 1}, "must be True or False"),
        ({"tissue_density": True}, "must be a number"),
        ({"frames_to_drop": -1}, "at least 0"),
        ({"colour": "red"}, "Unknown setting 'colour'"),
    ],
)
def test_a_wrong_value_is_refused(values, sentence):
    with pytest.raises(PerfusionError, match=sentence):
        Settings.from_dict(values)


def test_a_parameter_applies_only_where_it_has_an_effect():
    assert Settings(smoothing="median").does_apply("smoothing_size")
    assert not Settings().does_apply("smoothing_size")
    assert not Settings(motion_correction=False).does_apply("reference_frame")
