"""Forms of settings: made from `Settings`, bound to the parameter node both ways."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace

import pytest
from PerfusionToolLib.perfusion.settings import Settings


@pytest.fixture
def work(application):
    import slicer
    from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    followed = []
    return SimpleNamespace(
        parameters=PerfusionToolParameterNode(node), follow=lambda: followed.append(1), followed=followed
    )


def form_of(work, *names):
    from PerfusionToolLib.panels.parameter_form import ParameterForm

    form = ParameterForm(names, work)
    form.refresh()
    return form


def test_every_setting_has_a_row_that_shows_its_default(work):
    from PerfusionToolLib.panels.setting_texts import choice

    form = form_of(work, *(parameter.name for parameter in fields(Settings)))
    for parameter in fields(Settings):
        row = form.rows[parameter.name]
        assert parameter.metadata["label"] in row.label.text
        if isinstance(parameter.default, bool):
            assert row.field.checked == parameter.default
        elif isinstance(parameter.default, str):
            assert row.field.currentText == choice(parameter.default)
        elif parameter.default is None:
            assert row.automatic.checked
        else:
            assert row.field.value == parameter.default


def test_a_persons_values_reach_the_parameter_node(work):
    form = form_of(work, "smoothing_mm", "maximum_matrix", "motion_correction", "method", "arrival_frame")
    form.rows["smoothing_mm"].field.value = 4.5
    form.rows["maximum_matrix"].field.value = 128
    form.rows["motion_correction"].field.click()
    form.rows["method"].field.currentText = "oSVD"
    form.rows["method"].field.currentIndex = 2
    form.rows["arrival_frame"].automatic.click()
    form.rows["arrival_frame"].field.value = 9
    parameters = work.parameters
    assert parameters.smoothing_mm == 4.5
    assert parameters.maximum_matrix == 128
    assert parameters.motion_correction is False
    assert parameters.method == "oSVD"
    assert parameters.arrival_frame == 9


def test_automatic_empties_a_setting(work):
    work.parameters.arrival_frame = 7
    form = form_of(work, "arrival_frame")
    assert not form.rows["arrival_frame"].automatic.checked
    form.rows["arrival_frame"].automatic.click()
    assert work.parameters.arrival_frame is None


def test_values_of_the_parameter_node_are_shown_and_left_alone(work):
    form = form_of(work, "smoothing_mm", "cbv_window")
    work.parameters.smoothing_mm = 1.23456
    work.parameters.cbv_window = None
    form.refresh()
    assert form.rows["smoothing_mm"].field.value == pytest.approx(1.2, abs=0.1)
    assert form.rows["cbv_window"].automatic.text == "at the end of the scan"
    assert work.parameters.smoothing_mm == 1.23456
    assert not work.followed


def test_settings_without_effect_are_disabled_with_the_reason(work):
    form = form_of(work, "smoothing", "smoothing_mm", "smoothing_iterations")
    rows = form.rows
    assert rows["smoothing_mm"].widget.enabled and not rows["smoothing_iterations"].widget.enabled
    assert rows["smoothing_iterations"].widget.toolTip.startswith("Only with smoothing curvature flow\n")
    work.parameters.smoothing = "none"
    form.refresh()
    assert not rows["smoothing_mm"].widget.enabled


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        ({"smoothing": "none"}, "smoothing_mm", "Only with smoothing gaussian, guided or bilateral"),
        ({"motion_correction": False}, "reference_frame", "Only with motion correction on"),
        ({}, "bolus_threshold", "Only with bolus curve threshold"),
        ({}, "partial_volume_factor", "Only with partial-volume scaling factor"),
        ({}, "oscillation_index", "Only with method oSVD"),
        ({}, "method", ""),
    ],
)
def test_the_reason_names_the_other_setting(application, values, name, reason):
    from PerfusionToolLib.panels.setting_texts import reason_against

    assert reason_against(Settings(**values), name) == reason


def test_tool_tips_tell_meaning_range_unit_and_default(work):
    tip = form_of(work, "smoothing_mm").rows["smoothing_mm"].widget.toolTip
    assert tip == "Standard deviation of the smoothing kernel.\n0.1 to 20 mm, default 3 mm"
    tip = form_of(work, "arrival_frame").rows["arrival_frame"].widget.toolTip
    assert tip == "Frame in which the bolus arrives.\n1 or more, default detected"


def test_only_what_is_quick_is_followed_at_once(work):
    form = form_of(work, "smoothing_mm", "relative_to", "bcsvd_threshold")
    form.rows["smoothing_mm"].field.value = 5
    assert not work.followed
    form.rows["relative_to"].field.currentIndex = 1
    form.rows["bcsvd_threshold"].field.value = 0.2
    assert len(work.followed) == 2


def test_a_spin_box_waits_until_the_number_is_typed(work):
    form = form_of(work, "maximum_matrix")
    assert form.rows["maximum_matrix"].field.keyboardTracking is False
