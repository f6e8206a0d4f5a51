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


def test_a_parameter_applies_where_it_has_an_effect():
    assert Settings(smoothing="median").does_not_apply("smoothing_size") == ""
    assert Settings().does_not_apply("reference_frame") == ""
    assert Settings().does_not_apply("method") == ""


@pytest.mark.parametrize(
    ("settings", "name", "reason"),
    [
        (Settings(), "smoothing_size", "Only with smoothing median"),
        (Settings(smoothing="none"), "smoothing_mm", "Only with smoothing gaussian, guided or bilateral"),
        (Settings(motion_correction=False), "reference_frame", "Only with motion correction on"),
        (Settings(), "bolus_threshold", "Only with bolus curve threshold"),
        (Settings(), "partial_volume_factor", "Only with partial-volume scaling factor"),
        (Settings(), "oscillation_index", "Only with method oSVD"),
    ],
)
def test_a_parameter_without_an_effect_says_why(settings, name, reason):
    assert settings.does_not_apply(name) == reason


def test_what_depends_on_a_parameter_without_an_effect_has_none_either(monkeypatch):
    nested = SimpleNamespace(metadata={"label": "Smoothing", "applies": {"motion_correction": (True,)}})
    monkeypatch.setitem(Settings.__dataclass_fields__, "smoothing", nested)
    assert Settings.does_not_apply(MOVING, "smoothing_size") == "Only with smoothing median"
    assert Settings.does_not_apply(LYING, "smoothing_size") == "Only with motion correction on"


def test_labels_are_short_and_tell_parameters_apart():
    labels = [parameter.metadata["label"] for parameter in fields(Settings)]
    assert len(set(labels)) == len(labels)
    assert all(2 < len(label) <= 24 and not label.endswith((":", ".")) for label in labels)
