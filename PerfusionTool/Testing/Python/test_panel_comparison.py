"""Step 9 of the window: references chosen, compared, read in the table, and seen side by side."""

from __future__ import annotations

import numpy as np
import panel_window
import pytest
from panel_window import maps_of, settle
from PerfusionToolLib.scene.comparison.views import COMPARISON_VIEWS

make_panel = panel_window.make_panel
FORMER_LAYOUT = 3  # four views
LAYOUTS = {"Perfusion": 70713, "comparison": 70714}
_saved = []


@pytest.fixture
def panel(application, make_panel):
    """The window without a scan."""
    application.layoutManager().setLayout(FORMER_LAYOUT)
    panel = make_panel()
    panel.enter()
    panel.work.parameters.motion_correction = False
    return panel


def compute(panel):
    """Maps of a sample head."""
    panel_window.add_scan()
    settle(panel)
    panel.ui.computeButton.click()
    settle(panel)


def add_references(window):
    """Volumes that are called like maps, in the units of another software."""
    import slicer
    from PerfusionToolLib.scene.volumes import put_volume, volume_array, volume_grid

    noise, made = np.random.default_rng(0), {}
    for volume, name, factor in zip(maps_of(window)[:2], ("CBF", "CBV"), (1.05, 0.01), strict=True):
        array = volume_array(volume)
        values = (factor * array * (1 + 0.05 * noise.standard_normal(array.shape))).astype(np.float32)
        made[name] = put_volume(None, values, volume_grid(volume), f"Vendor {name}", slicer.mrmlScene)
    settle(window)
    return made


@pytest.fixture
def compared(panel, tmp_path_factory):
    """The window after a scene with a comparison was opened: nothing of it is in memory."""
    import slicer

    if not _saved:
        compute(panel)
        add_references(panel)
        step(panel).find_button.click()
        step(panel).compare_button.click()
        settle(panel)
        _saved.append(str(tmp_path_factory.mktemp("comparison") / "study.mrb"))
        assert slicer.util.saveScene(_saved[0])
        slicer.mrmlScene.Clear(False)
    slicer.util.loadScene(_saved[0])
    settle(panel)
    return panel


def step(window):
    return window.panels["comparison"]


def row(window, name="CBF"):
    return step(window).form.rows[name]


def comparison(window):
    return window.work.study.comparison


def cells(window):
    """The table by measure and map."""
    table = step(window).table.widget
    titles = [table.horizontalHeaderItem(column).text() for column in range(table.columnCount)]
    return {
        (table.item(line, 0).text(), titles[column]): table.item(line, column).text()
        for line in range(table.rowCount)
        for column in range(1, table.columnCount)
    }


def layout():
    import slicer

    return slicer.app.layoutManager().layout


def logic(name):
    import slicer

    return slicer.app.applicationLogic().GetSliceLogicByLayoutName(name)


def state(window):
    return window.ui.comparisonState.text


def settle_views(window):
    """Until views that were new are fitted."""
    from slicerhost.mouse import wait

    wait(lambda: not step(window)._settling.isActive())
    settle(window)


def test_without_maps_and_references_every_button_says_what_is_missing(panel):
    settle(panel)
    section = step(panel)
    assert "Choose a 4D scan" in section.find_button.toolTip
    for button in (section.compare_button, section.export_button, section.side_button):
        assert not button.enabled
    assert "Compute the maps first" in section.compare_button.toolTip
    assert not row(panel).unit_combo.enabled
    assert not section.table.widget.visible


def test_references_are_found_by_names_and_compared(panel):
    compute(panel)
    section, references = step(panel), add_references(panel)
    assert "Choose a reference" in section.compare_button.toolTip
    section.find_button.click()
    settle(panel)
    assert row(panel, "CBF").node_combo.currentNode() is references["CBF"]
    assert row(panel, "Tmax").node_combo.currentNode() is None
    section.compare_button.click()
    settle(panel)
    found = cells(panel)
    assert found["Unit of the map", "CBF"] == "ml/100g/min"
    assert float(found["NCC", "CBV"]) == pytest.approx(0.99, abs=0.011)
    limits = [float(text) for text in found["95 % limits", "CBF"].split(" … ")]
    assert limits[0] < float(found["Bias", "CBF"]) < limits[1]
    assert "taken for ml/g" in section.notes_line.text and "Research use only" in section.notes_line.text
    assert state(panel).startswith("✓ Compared")
    for place in range(section.table.widget.rowCount):
        assert len(section.table.widget.item(place, 0).toolTip()) > 10
    section.find_button.click()
    assert "No other volume" in state(panel)


def test_unit_and_background_are_those_of_the_volume(compared):
    from slicerhost.mouse import choose

    before = cells(compared)
    choose(row(compared).unit_combo, "ml/100ml/min")
    settle(compared)
    assert "references have changed" in state(compared)
    assert "out of date" not in step(compared).compare_button.toolTip and not step(compared).export_button.enabled
    step(compared).compare_button.click()
    settle(compared)
    assert float(cells(compared)["Bias", "CBF"]) > float(before["Bias", "CBF"])
    type_background(compared, "low")
    assert "'low' is no number" in state(compared) and row(compared).background_edit.text == ""
    type_background(compared, "-1")
    assert "references have changed" in state(compared) and row(compared).background_edit.text == "-1"


def type_background(window, text):
    row(window).background_edit.text = text
    row(window).background_edit.editingFinished()
    settle(window)


def test_a_reference_that_is_none_is_refused_at_once(compared):
    from slicerhost.mouse import choose

    references = comparison(compared).references
    own = compared.work.parameters.mapCBV
    choose(row(compared).node_combo, own.GetName())
    assert "result of the same scan" in state(compared)
    assert row(compared).node_combo.currentNode() is references["CBF"]
    choose(row(compared).node_combo, "none")
    settle(compared)
    assert set(comparison(compared).references) == {"CBV"}
    assert not row(compared).unit_combo.enabled


def test_a_reference_that_is_removed_is_not_replaced_by_another_volume(compared):
    import slicer

    slicer.mrmlScene.RemoveNode(comparison(compared).references["CBF"])
    settle(compared)
    assert row(compared).node_combo.currentNode() is None
    assert set(comparison(compared).references) == {"CBV"}
    assert "references have changed" in state(compared)


def test_a_map_is_seen_beside_its_reference_and_all_maps_come_back(compared):
    from PerfusionToolLib.scene.views import plot_view
    from slicerhost.mouse import choose

    parameters, section = compared.work.parameters, step(compared)
    compared.work.show_chart("comparison")
    main = logic("PerfusionScan")
    main.SetSliceOffset(main.GetSliceOffset() + 8)
    section.side_button.click()
    settle_views(compared)
    assert layout() == LAYOUTS["comparison"]
    shown = [logic(name).GetSliceCompositeNode().GetForegroundVolumeID() for name in COMPARISON_VIEWS]
    assert shown == [node.GetID() for node in (parameters.mapCBF, parameters.placedCBF, parameters.differenceCBF)]
    backgrounds = {logic(name).GetSliceCompositeNode().GetBackgroundVolumeID() for name in COMPARISON_VIEWS}
    assert backgrounds == {main.GetSliceCompositeNode().GetBackgroundVolumeID()}
    assert {logic(name).GetSliceOffset() for name in COMPARISON_VIEWS} == {main.GetSliceOffset()}
    slices = [logic(name).GetSliceNode() for name in COMPARISON_VIEWS]
    scales = [node.GetFieldOfView()[0] / node.GetDimensions()[0] for node in slices]
    assert scales == pytest.approx([scales[0]] * 3, rel=0.02)
    choose(section.map_combo, "CBV")
    settle_views(compared)
    assert logic("PerfusionOwn").GetSliceCompositeNode().GetForegroundVolumeID() == parameters.mapCBV.GetID()
    assert logic("PerfusionOwn").GetSliceNode().GetLayoutLabel() == "CBV"
    assert "CBV" in parameters.comparisonChart.GetTitle()
    assert section.side_button.text == "Show all maps again"
    section.side_button.click()
    settle(compared)
    assert layout() == LAYOUTS["Perfusion"] and section.side_button.text == "Show side by side"
    assert plot_view().GetPlotChartNode() is parameters.curvesChart


def test_the_views_side_by_side_move_and_zoom_as_one_and_share_the_window(compared):
    import slicer
    from PerfusionToolLib.scene.colours import window_of
    from slicerhost.mouse import scroll_view

    step(compared).side_button.click()
    settle_views(compared)
    before = [logic(name).GetSliceOffset() for name in COMPARISON_VIEWS]
    scroll_view(slicer.app.layoutManager().sliceWidget("PerfusionReference"), 1)
    after = [logic(name).GetSliceOffset() for name in COMPARISON_VIEWS]
    assert np.subtract(after, before) == pytest.approx([8.0] * 3)
    parameters = compared.work.parameters
    parameters.mapCBF.GetDisplayNode().SetWindowLevelMinMax(0, 33)
    assert window_of(parameters.placedCBF) == (0, 33)
    step(compared).side_button.click()
    assert logic("PerfusionScan").GetSliceOffset() == pytest.approx(after[0])


def test_what_is_seen_side_by_side_says_when_it_is_out_of_date(compared):
    from slicerhost.mouse import choose

    def labels():
        return [logic(name).GetSliceNode().GetLayoutLabel() for name in COMPARISON_VIEWS]

    step(compared).side_button.click()
    settle_views(compared)
    assert labels() == ["CBF", "Reference", "Difference"]
    choose(row(compared).unit_combo, "relative")
    settle(compared)
    assert labels() == ["CBF", "Reference (out of date)", "Difference (out of date)"]
    step(compared).compare_button.click()
    settle(compared)
    assert labels() == ["CBF", "Reference (scaled)", "Difference"]
    # Another way to the maps: what stands on them follows with them.
    compared.work.parameters.method = "oSVD"
    settle(compared)
    assert labels()[2] == "Difference (out of date)"
    compared.compute()
    settle(compared)
    assert labels() == ["CBF", "Reference (scaled)", "Difference"]
    assert state(compared).startswith("✓ Compared")


def test_leaving_the_module_brings_back_the_layout_that_was_there_before(compared):
    import slicer

    manager = slicer.app.layoutManager()
    step(compared).side_button.click()
    assert layout() == LAYOUTS["comparison"]
    compared.exit()
    assert layout() == FORMER_LAYOUT
    compared.enter()
    assert layout() == LAYOUTS["Perfusion"]
    # Entered where the scene was saved side by side: that layout is none to come back to.
    compared.exit()
    manager.setLayout(LAYOUTS["comparison"])
    compared.enter()
    compared.exit()
    assert layout() == FORMER_LAYOUT


def test_another_scan_ends_the_view_side_by_side(compared):
    step(compared).side_button.click()
    panel_window.add_scan("MR")
    compared.work.parameters.scan = study_scans()[1]
    settle(compared)
    assert layout() == LAYOUTS["Perfusion"]
    assert row(compared).node_combo.currentNode() is None
    assert not step(compared).table.widget.visible


def study_scans():
    import slicer
    from PerfusionToolLib.scene.nodes import scan_nodes

    return scan_nodes(slicer.mrmlScene)


def test_a_scene_that_closes_side_by_side_leaves_an_empty_panel(compared):
    import slicer

    step(compared).side_button.click()
    slicer.mrmlScene.Clear(False)
    settle(compared)
    assert layout() == LAYOUTS["Perfusion"]
    assert not step(compared).compare_button.enabled
    assert row(compared).node_combo.currentNode() is None


def test_the_comparison_is_exported_as_a_table(compared, tmp_path, monkeypatch):
    section, path = step(compared), tmp_path / "found.csv"
    monkeypatch.setattr(section, "ask_file_to_save", lambda *_arguments: str(path))
    section.export_button.click()
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "map,measure,unit,value,use"
    assert all(line.endswith("research use only") for line in lines[1:]) and len(lines) > 30
