"""Step 8 of the window: thresholds, rules, volumes, components, files."""

from __future__ import annotations

import csv
from dataclasses import asdict

import numpy as np
import panel_window
import pytest
from panel_window import settle

pytest.importorskip("slicer")
pytest.importorskip("PySide6")

import slicerhost
from PerfusionToolLib.perfusion.tissue import PRESETS, default_rule

# Published for the default method: those that are taken by themselves, and others.
USUAL, *_, OTHER = (name for name, criteria in PRESETS.items() if "bcSVD" in criteria.methods)

PLACES = {"both": 1, "left": 2, "right": 3}
NUMBER, KIND, ML, KEPT, WHY = 0, 1, 3, 4, 5


@pytest.fixture(scope="module")
def opened():
    """The window, and a computed scan in it, for all tests here; `window` puts it back to where it was."""
    with panel_window.shared_panel() as panel:
        yield panel


@pytest.fixture
def window(opened):
    """The window with finished maps; tissue at risk was never looked for."""
    from PerfusionToolLib.perfusion import Settings
    from PerfusionToolLib.perfusion.tissue import Rules
    from PerfusionToolLib.scene.parameters import set_settings
    from PerfusionToolLib.scene.tissue.choice import say_wanted

    settle(opened)
    set_settings(opened.work.parameters, Settings(motion_correction=False))
    say_wanted(opened.work.parameters, "", asdict(Rules()))
    if opened.work.parameters.scan is None:
        panel_window.add_scan()
        settle(opened)
    for name in ("tissueSegmentation", "tissueVolumes", "tissueComponents", "tissueSummary"):
        if (node := getattr(opened.work.parameters, name)) is not None:
            node.GetScene().RemoveNode(node)
    opened.work.study.tissue.close()
    opened.work.compute()
    settle(opened)
    slicerhost.errors.clear()
    yield opened
    settle(opened)
    assert slicerhost.errors == []


@pytest.fixture
def found(window):
    """Tissue at risk with a core, by own thresholds, found with a click."""
    choose(step(window).criteria.criteria_combo, "own thresholds")
    step(window).criteria.thresholds["core"].bound_box.value = 60
    step(window).find_button.click()
    settle(window)
    return window


def step(window):
    return window.panels["tissue"]


def choose(combo, text):
    combo.currentIndex = next(place for place in range(combo.count) if combo.itemText(place).startswith(text))


def volume(window, row=0, side="both"):
    text = step(window).volumes.widget.item(row, PLACES[side]).text()
    return float(text) if text != "–" else np.nan


def rows(window):
    """The texts of the table of components."""
    table = step(window).components.widget
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def choose_row(window, **wanted):
    """Choose the first row of the table of components that is as wanted; returns its texts."""
    places = {"kind": KIND, "kept": KEPT}
    for number, texts in enumerate(rows(window)):
        if all(texts[places[what]] == value for what, value in wanted.items()):
            step(window).components.widget.selectRow(number)
            settle(window)
            return texts
    raise AssertionError(f"no row with {wanted}")


def press(window, name):
    button = getattr(step(window), name)
    assert button.enabled, button.toolTip
    button.click()
    settle(window)


def offset(view):
    import slicer

    return slicer.app.applicationLogic().GetSliceLogicByLayoutName(f"Perfusion{view}").GetSliceOffset()


# -- finding


def test_without_a_scan_widgets_say_what_to_do_first(window):
    import slicer

    slicer.mrmlScene.RemoveNode(window.work.parameters.scan)
    settle(window)
    for name in ("find_button", "export_button", "component_button"):
        assert not getattr(step(window), name).enabled
    assert "Compute the maps first" in step(window).find_button.toolTip
    assert window.ui.tissueState.text == "○ Compute the maps first."


def test_one_click_finds_measures_and_lists(window):
    assert "Not looked for yet" in window.ui.tissueState.text
    assert not step(window).volumes.widget.visible and "Research use only" in step(window).use_line.text
    press(window, "find_button")
    lesion = window.work.study.tissue.lesion
    assert volume(window) == pytest.approx(lesion.volumes.hypoperfusion, abs=0.05)
    assert volume(window, side="left") == pytest.approx(lesion.side_volumes["left"].hypoperfusion, abs=0.05)
    assert volume(window, 4) == pytest.approx(lesion.volumes.intensity_ratio, abs=0.005)
    assert volume(window, 5) == pytest.approx(lesion.volumes.cbv_index, abs=0.005)
    assert len(rows(window)) == len(lesion.components)
    sizes = [float(texts[ML]) for texts in rows(window)]
    assert sizes == sorted(sizes, reverse=True)
    assert step(window).summary_line.text == window.work.study.tissue.summary
    assert f"{lesion.volumes.hypoperfusion:.1f} ml" in window.ui.tissueState.text


# -- thresholds and rules


def test_thresholds_are_listed_with_their_methods_and_told_with_their_sources(window):
    combo = step(window).criteria.criteria_combo
    texts = [combo.itemText(place) for place in range(combo.count)]
    assert texts[1 : 1 + len(PRESETS)] == [f"{name} ({', '.join(preset.methods)})" for name, preset in PRESETS.items()]
    assert USUAL in combo.toolTip and PRESETS[USUAL].source in combo.toolTip
    choose(combo, OTHER)
    settle(window)
    assert PRESETS[OTHER].source in combo.toolTip and PRESETS[USUAL].source not in combo.toolTip
    assert step(window).criteria.thresholds["core"].bound_box.value == pytest.approx(100 * PRESETS[OTHER].core.bound)


def test_thresholds_of_another_method_are_refused_with_the_reason(window):
    choose(step(window).criteria.criteria_combo, default_rule("dSVD"))
    settle(window)
    assert not step(window).find_button.enabled
    assert "published for dSVD, but the maps come from bcSVD" in step(window).find_button.toolTip
    assert "published for dSVD" in window.ui.tissueState.text


def test_own_thresholds_start_from_those_shown_and_can_be_changed(window):
    row = step(window).criteria.thresholds["hypoperfusion"]
    assert not row.bound_box.enabled and "Choose own thresholds" in row.bound_box.toolTip
    choose(step(window).criteria.criteria_combo, OTHER)
    choose(step(window).criteria.criteria_combo, "own thresholds")
    settle(window)
    assert row.bound_box.enabled and row.bound_box.value == 6 and row.bound_box.suffix == " s"
    assert window.work.parameters.coreBound == PRESETS[OTHER].core.bound
    assert not row.normal_check.enabled and "CBF, CBV and MTT" in row.normal_check.toolTip
    choose(row.map_combo, "MTT")
    settle(window)
    assert (row.bound_box.value, row.bound_box.suffix) == (145, " %") and row.normal_check.checked
    row.normal_check.checked = False
    settle(window)
    assert row.bound_box.suffix == " s"
    row.bound_box.value = 9.5
    choose(row.side_combo, "<")
    settle(window)
    parameters = window.work.parameters
    shown = parameters.hypoperfusionMap, parameters.hypoperfusionSide, parameters.hypoperfusionBound
    assert shown == ("MTT", "below", 9.5) and not parameters.hypoperfusionOfNormal


def test_own_thresholds_start_from_those_published_for_the_method(window):
    window.work.parameters.method = "sSVD"
    choose(step(window).criteria.criteria_combo, "own thresholds")
    settle(window)
    assert window.work.parameters.hypoperfusionMap == "MTT"
    assert window.work.parameters.normalTissue == PRESETS[default_rule("sSVD")].normal
    assert step(window).criteria.thresholds["core"].bound_box.suffix == " ml/100g"


def test_what_was_found_follows_thresholds_and_rules_at_once(found):
    whole, core = volume(found), volume(found, 1)
    step(found).criteria.thresholds["core"].bound_box.value = 50
    settle(found)
    assert 0 <= volume(found, 1) < core and volume(found) == whole
    step(found).criteria.smallest_box.value = 0
    step(found).criteria.opposite_box.value = 0
    settle(found)
    assert volume(found) > whole
    choose(step(found).criteria.normal_combo, "the median")
    settle(found)
    assert found.work.study.tissue.lesion.rules.normal == "tissue"
    assert found.work.study.tissue.lesion.rules.opposite_part == 0


def test_before_a_search_other_thresholds_start_none(window):
    choose(step(window).criteria.criteria_combo, "own thresholds")
    step(window).criteria.smallest_box.value = 2
    settle(window)
    assert window.work.parameters.tissueSummary is None


def test_maps_of_other_options_are_searched_at_once(found):
    before = volume(found)
    choose(found.panels["maps"].options.rows["method"].field, "oSVD")
    settle(found)
    assert found.work.study.analysis.settings.method == "oSVD"
    assert volume(found) != before
    choose(found.panels["maps"].options.rows["relative_to"].field, "brain mean")
    settle(found)
    assert found.ui.tissueState.text.startswith("!") and "relative" in found.ui.tissueState.text
    assert rows(found) == [] and not step(found).export_button.enabled and not step(found).summary_line.visible


# -- components


def test_a_chosen_component_comes_into_the_views(found):
    texts = choose_row(found, kind="core")
    place = found.work.study.tissue.lesion.components[int(texts[NUMBER]) - 1].place
    thickness = found.work.study.analysis.grid.spacing[0]
    for view in ("Scan", "CBF", "Tmax"):
        assert abs(offset(view) - place[2]) <= thickness / 2 + 0.01


def test_the_button_removes_and_restores_and_the_totals_follow(found):
    core = volume(found, 1)
    texts = choose_row(found, kind="core", kept="yes")
    assert step(found).component_button.text == "Remove component"
    press(found, "component_button")
    assert volume(found, 1) == pytest.approx(core - float(texts[ML]), abs=0.11)
    chosen = rows(found)[step(found).components.widget.currentRow()]
    assert (chosen[NUMBER], chosen[KEPT], chosen[WHY]) == (texts[NUMBER], "no", "removed by hand")
    assert step(found).component_button.text == "Restore component"
    press(found, "component_button")
    assert volume(found, 1) == core and "kept by hand" in step(found).summary_line.text
    press(found, "rules_button")
    assert "by hand" not in step(found).summary_line.text and not step(found).rules_button.enabled
    for _ in range(3):
        press(found, "undo_button")
    assert volume(found, 1) == core and not step(found).undo_button.enabled
    press(found, "redo_button")
    assert volume(found, 1) < core


def test_without_a_chosen_component_the_button_says_so(found):
    assert not step(found).component_button.enabled
    assert "Choose a component" in step(found).component_button.toolTip


# -- the views, files, and what goes wrong


def test_outlines_go_off_and_on_and_follow_the_scene(found):
    segmentation, check = found.work.parameters.tissueSegmentation, step(found).outlines_check
    assert check.checked and check.enabled
    check.checked = False
    assert not segmentation.GetDisplayVisibility()
    check.checked = True
    assert segmentation.GetDisplayVisibility()


def test_export_writes_four_tables_with_the_chosen_region(found, tmp_path):
    from slicerhost import dialogs

    step(found).region.node_combo.setCurrentNode(found.work.parameters.segmentation)
    step(found).region.segment_combo.currentIndex = 1
    name = step(found).region.name
    dialogs.answers.append(str(tmp_path / "lesion.csv"))
    press(found, "export_button")
    assert len(list(tmp_path.iterdir())) == 4
    sides = list(csv.DictReader((tmp_path / "lesion_sides.csv").read_text("utf-8").splitlines()))
    assert name in {row["region"] for row in sides}
    step(found).region.node_combo.setCurrentNode(None)


def test_a_file_that_cannot_be_written_is_said(found, tmp_path):
    from slicerhost import dialogs

    (tmp_path / "file").write_text("no folder", "utf-8")
    dialogs.answers.append(str(tmp_path / "file" / "lesion.csv"))
    press(found, "export_button")
    assert found.ui.tissueState.text.startswith("!") and "lesion" in found.ui.tissueState.text


def test_a_closed_scene_empties_the_tables(found):
    import slicer

    slicer.mrmlScene.Clear(False)
    settle(found)
    assert rows(found) == [] and step(found).volumes.widget.rowCount == 0
    assert step(found).summary_line.text == "" and not step(found).component_button.enabled
    assert not step(found).outlines_check.enabled
