"""Settings: every parameter explained, checked, and tied to its stage."""

import json
from dataclasses import asdict, fields
from types import SimpleNamespace

import pytest
from PerfusionToolLib.perfusion import PerfusionError, Settings
from PerfusionToolLib.perfusion.analysis import STAGES
from PerfusionToolLib.perfusion.settings import value_type

MOVING, LYING = Settings(), Settings(motion_correction=False)


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
        ({"smoothing_mm": -1.0}, "smoothing_mm is -1.0; it must be 0.1 to 20 mm"),
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


def test_a_parameter_applies_where_it_has_an_effect():
    assert Settings(smoothing="median").unmet("smoothing_size") is None
    assert Settings().unmet("reference_frame") is None
    assert Settings().unmet("method") is None


@pytest.mark.parametrize(
    ("settings", "name", "condition"),
    [
        (Settings(), "smoothing_size", ("smoothing", ("median",))),
        (Settings(smoothing="none"), "smoothing_mm", ("smoothing", ("gaussian", "guided", "bilateral"))),
        (Settings(motion_correction=False), "reference_frame", ("motion_correction", (True,))),
        (Settings(), "oscillation_index", ("method", ("oSVD",))),
    ],
)
def test_a_parameter_without_an_effect_has_a_condition_that_is_not_met(settings, name, condition):
    assert settings.unmet(name) == condition


def test_what_depends_on_a_parameter_without_an_effect_has_none_either(monkeypatch):
    nested = SimpleNamespace(metadata={"applies": {"motion_correction": (True,)}})
    monkeypatch.setitem(Settings.__dataclass_fields__, "smoothing", nested)
    assert MOVING.unmet("smoothing_size") == ("smoothing", ("median",))
    assert LYING.unmet("smoothing_size") == ("motion_correction", (True,))


def test_only_what_may_be_empty_says_what_happens_then():
    for parameter in fields(Settings):
        assert bool(parameter.metadata["empty"]) == value_type(parameter.name)[1], parameter.name


def test_labels_are_short_and_tell_parameters_apart():
    labels = [parameter.metadata["label"] for parameter in fields(Settings)]
    assert len(set(labels)) == len(labels)
    assert all(2 < len(label) <= 24 and not label.endswith((":", ".")) for label in labels)
