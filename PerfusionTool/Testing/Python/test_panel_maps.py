"""Step 6 of the window: options of the maps, which are shown, colours, windows, legends, opacity."""

from __future__ import annotations

import numpy as np
import panel_window
import pytest
from panel_window import add_scan, settle

make_panel, panel, window = panel_window.make_panel, panel_window.panel, panel_window.window


def step(window):
    return window.panels["maps"]


def colours(window):
    return step(window).colours


def cbf(window):
    return window.work.parameters.mapCBF


def legend(volume):
    import slicer

    return slicer.modules.colors.logic().GetColorLegendDisplayNode(volume)


def window_of(volume):
    display = volume.GetDisplayNode()
    return display.GetWindowLevelMin(), display.GetWindowLevelMax()


def composite(name):
    import slicer

    return slicer.app.applicationLogic().GetSliceLogicByLayoutName(f"Perfusion{name}").GetSliceCompositeNode()


def choose(combo, text):
    combo.currentIndex = [combo.itemText(place) for place in range(combo.count)].index(text)


def test_every_setting_of_the_maps_has_one_row(panel):
    from dataclasses import fields

    from PerfusionToolLib.perfusion import Settings

    expected = {p.name for p in fields(Settings) if p.metadata["stage"] in ("leakage", "deconvolution", "maps")}
    rows = [*step(panel).options.rows, *step(panel).advanced_options.rows]
    assert sorted(rows) == sorted(expected)


def test_only_the_options_of_the_method_are_enabled(panel):
    rows = step(panel).options.rows
    assert rows["bcsvd_threshold"].widget.enabled
    assert not rows["ssvd_threshold"].widget.enabled
    assert "sSVD" in rows["ssvd_threshold"].widget.toolTip
    choose(rows["method"].field, "sSVD")
    settle(panel)
    assert rows["ssvd_threshold"].widget.enabled
    assert not rows["bcsvd_threshold"].widget.enabled


def test_maps_follow_a_change_of_method(window):
    import slicer

    before = slicer.util.arrayFromVolume(cbf(window)).copy()
    choose(step(window).options.rows["method"].field, "sSVD")
    settle(window)
    assert window.work.study.analysis.settings.method == "sSVD"
    assert not np.array_equal(slicer.util.arrayFromVolume(cbf(window)), before)


def test_before_the_maps_are_there_widgets_say_so(panel):
    settle(panel)
    for widget in (colours(panel).window_range, colours(panel).reset_button, step(panel).legend_check):
        assert not widget.enabled
        assert "Compute the maps first" in widget.toolTip


def label(view):
    import slicer

    logic = slicer.app.applicationLogic().GetSliceLogicByLayoutName(f"Perfusion{view}")
    return logic.GetSliceNode().GetLayoutLabel()


def test_only_maps_that_are_wanted_are_made_and_the_view_shows_the_scan_alone(window):
    choice = step(window).choice
    assert [name for name, check in choice.checks.items() if check.checked] == ["CBF", "CBV", "MTT", "Tmax", "TTP"]
    maps, volume = window.work.study.analysis.maps, cbf(window)
    choice.checks["CBF"].checked = False
    settle(window)
    assert volume.GetScene() is None and cbf(window) is None
    assert composite("CBF").GetForegroundVolumeID() is None
    assert label("CBF") == "Scan" and choice.combos["PerfusionCBF"].currentText == "scan alone"
    assert window.ui.mapsState.text.startswith("✓")
    choice.checks["CBF"].checked = True
    settle(window)
    assert composite("CBF").GetForegroundVolumeID() == cbf(window).GetID()
    assert label("CBF") == "CBF"
    assert window.work.study.analysis.maps is maps


def test_every_view_shows_the_map_that_is_chosen_for_it(window):
    choice = step(window).choice
    assert not choice.checks["TTP from arrival"].checked
    choose(choice.combos["PerfusionTTP"], "TTP from arrival")
    settle(window)
    volume = window.work.parameters.mapTTPFromArrival
    assert composite("TTP").GetForegroundVolumeID() == volume.GetID()
    assert composite("TTP").GetForegroundOpacity() == 1
    assert label("TTP") == "TTP from arrival" and choice.checks["TTP from arrival"].checked
    assert "TTP from arrival" in [colours(window).map_combo.itemText(n) for n in range(colours(window).map_combo.count)]
    window.exit()
    window.enter()
    settle(window)
    assert composite("TTP").GetForegroundVolumeID() == volume.GetID() and label("TTP") == "TTP from arrival"
    choose(choice.combos["PerfusionTTP"], "TTP")
    settle(window)
    assert composite("TTP").GetForegroundVolumeID() == window.work.parameters.mapTTP.GetID()


def test_maps_that_the_method_does_not_give_cannot_be_asked_for(window):
    check = step(window).choice.checks["K2"]
    assert not check.enabled and "Neither method" in check.toolTip
    combo = step(window).choice.combos["PerfusionCBF"]
    assert "K2" not in [combo.itemText(place) for place in range(combo.count)]
    quality = step(window).choice.checks["Quality"]
    assert quality.enabled and "2 doubtful" in quality.toolTip


def test_opacity_stays_after_a_second_run(window):
    step(window).opacity_slider.value = 0.5
    choose(step(window).options.rows["method"].field, "sSVD")
    settle(window)
    assert composite("CBF").GetForegroundOpacity() == pytest.approx(0.5)
    assert step(window).opacity_slider.value == pytest.approx(0.5)


def test_the_plot_shows_the_curves_of_a_scan_computed_from_the_console(panel):
    from PerfusionToolLib.scene import views

    settle(panel)
    assert not views.shows_chart()
    panel.logic.process(add_scan(), motion_correction=False)
    settle(panel)
    import slicer

    plot = slicer.mrmlScene.GetSingletonNode(views.PLOT_VIEW, "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNode() is panel.work.parameters.curvesChart


def test_legends_go_off_and_on_together(window):
    check = step(window).legend_check
    assert check.checked
    check.checked = False
    assert not any(legend(volume).GetVisibility() for volume in panel_window.maps_of(window))
    check.checked = True
    assert all(legend(volume).GetVisibility() for volume in panel_window.maps_of(window))


def test_window_is_shown_with_its_unit_and_changes_the_map(window):
    bar = colours(window).window_range
    assert (bar.minimumValue, bar.maximumValue) == pytest.approx(window_of(cbf(window)))
    assert "ml/100g/min" in bar.suffix
    bar.setValues(5, 45)
    assert window_of(cbf(window)) == pytest.approx((5, 45))


def test_presets_and_reset(window):
    from PerfusionToolLib.scene.colours import WINDOWS

    usual = window_of(cbf(window))
    choose(colours(window).preset_combo, "0–100")
    assert window_of(cbf(window)) == pytest.approx(WINDOWS["CBF"]["0–100"])
    choose(colours(window).colours_combo, "Perfusion grey")
    assert window_of(cbf(window)) == pytest.approx((0, 100))
    colours(window).reset_button.click()
    settle(window)
    assert window_of(cbf(window)) == pytest.approx(usual)
    assert colours(window).colours_combo.currentText == "Perfusion flow"


def test_colours_alone_leave_the_window_automatic(window):
    from PerfusionToolLib.scene.colours import colours_of, has_automatic_window

    choose(colours(window).colours_combo, "Perfusion perceptual")
    assert colours_of(cbf(window)) == "Perfusion perceptual"
    assert has_automatic_window(cbf(window))


def test_another_map_shows_its_own_window_and_unit(window):
    choose(colours(window).map_combo, "MTT")
    bar = colours(window).window_range
    assert bar.suffix == " s"
    assert (bar.minimumValue, bar.maximumValue) == pytest.approx(window_of(window.work.parameters.mapMTT))
    choose(colours(window).colours_combo, "Perfusion grey")
    assert colours(window).volume is window.work.parameters.mapMTT
    from PerfusionToolLib.scene.colours import colours_of

    assert colours_of(window.work.parameters.mapMTT) == "Perfusion grey"
    assert colours_of(cbf(window)) == "Perfusion flow"


def test_a_window_set_with_the_mouse_is_shown_in_the_panel(window):
    cbf(window).GetDisplayNode().SetWindowLevelMinMax(7, 33)
    bar = colours(window).window_range
    assert (bar.minimumValue, bar.maximumValue) == pytest.approx((7, 33))


def test_relative_maps_have_their_own_window_and_no_absolute_presets(window):
    choose(step(window).options.rows["relative_to"].field, "brain mean")
    settle(window)
    assert "part of brain mean" in colours(window).window_range.suffix
    assert window_of(cbf(window)) == pytest.approx((0, 2))
    assert colours(window).preset_combo.count == 1


def test_closing_the_scene_lets_go_of_the_maps(window):
    import slicer

    slicer.mrmlScene.Clear(False)
    settle(window)
    assert not colours(window).window_range.enabled
