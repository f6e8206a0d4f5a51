"""Step 7 of the window: the voxel under the mouse, regions, their mirror images, CSV files."""

from __future__ import annotations

import csv
import time

import numpy as np
import panel_window
from panel_window import settle

make_panel, panel, window = panel_window.make_panel, panel_window.panel, panel_window.window
COLUMNS = {"map": 0, "unit": 1, "mean": 2, "other": 6, "ratio": 9}


def step(window):
    return window.panels["probe"]


def wait(window, seconds=0.15):
    import slicer

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.005)
    settle(window)


def crosshair():
    import slicer

    return slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")


def brain_voxel(window):
    """Index and place of a voxel in the middle of the brain."""
    analysis = window.work.study.analysis
    inside = np.argwhere(analysis.brain_mask & (analysis.maps["CBF"] > 0))
    index = tuple(inside[len(inside) // 2])
    return index, analysis.grid.to_ras(index)


def add_region(window, side):
    """A segmentation of a box in one half of the brain, on the study's grid."""
    import slicer
    from PerfusionToolLib.scene.segments import put_segment

    analysis = window.work.study.analysis
    places = analysis.grid.to_ras(np.moveaxis(np.indices(analysis.grid.shape), 0, -1))
    mask = analysis.brain_mask & (side * places[..., 0] > 15)
    return put_segment(None, "vessels", mask, analysis.grid, "drawn", slicer.mrmlScene), mask


def measure(window, node):
    step(window).region.node_combo.setCurrentNode(node)
    step(window).measure_button.click()
    settle(window)


def cell(window, row, title):
    return step(window).table.widget.item(row, COLUMNS[title]).text()


def test_shift_over_a_view_shows_the_values_of_that_voxel(window):
    index, ras = brain_voxel(window)
    crosshair().SetCrosshairRAS(*ras)
    wait(window)
    line = step(window).voxel_line.text
    for name, volume in window.work.study.analysis.maps.items():
        assert f"{name} {volume[index]:.3g}" in line
    assert "ml/100g/min" in line


def test_shift_over_a_view_shows_curve_fit_and_residue(window):
    import slicer

    index, ras = brain_voxel(window)
    crosshair().SetCrosshairRAS(*ras)
    wait(window)
    analysis, table = window.work.study.analysis, window.work.parameters.probeTable
    row = int(
        analysis.brain_mask[: index[0]].sum() + analysis.brain_mask[index[0]].ravel()[: index[1] * 64 + index[2]].sum()
    )
    tissue = slicer.util.arrayFromTableColumn(table, "Tissue")[: analysis.times.size]
    fitted = slicer.util.arrayFromTableColumn(table, "Fitted")[: analysis.times.size]
    np.testing.assert_allclose(tissue, analysis.concentration[row], rtol=1e-5)
    np.testing.assert_allclose(fitted, analysis.estimate.fitted(row)[0], rtol=1e-4, atol=1e-4)
    names = [series.GetName() for series in _series(window.work.parameters.probeChart)]
    assert any("Residue" in name for name in names)


def _series(chart):
    return [chart.GetNthPlotSeriesNode(place) for place in range(chart.GetNumberOfPlotSeriesNodes())]


def test_a_movement_without_shift_shows_nothing(window):
    crosshair().SetCursorPositionRAS(brain_voxel(window)[1])
    crosshair().SetCrosshairMode(crosshair().ShowBasic)
    wait(window)
    assert step(window).voxel_line.text == ""


def test_many_movements_are_answered_by_few_readings_and_the_last(window, monkeypatch):
    study, start = window.work.study, brain_voxel(window)[1]
    read, real = [], study.voxel_reading
    monkeypatch.setattr(study, "voxel_reading", lambda ras: read.append(ras) or real(ras))
    for part in range(100):
        crosshair().SetCrosshairRAS(*np.add(start, [0, 0.1 * part, 0]))
    wait(window)
    assert 1 <= len(read) <= 3
    np.testing.assert_allclose(read[-1], np.add(start, [0, 9.9, 0]))


def test_a_place_outside_the_scan_is_told(window):
    crosshair().SetCrosshairRAS(500, 500, 500)
    wait(window)
    assert "outside the scan" in step(window).voxel_line.text


def test_before_the_maps_are_there_nothing_is_read_and_widgets_say_why(panel):
    settle(panel)
    crosshair().SetCrosshairRAS(1, 2, 3)
    wait(panel)
    assert step(panel).voxel_line.text == ""
    assert not step(panel).measure_button.enabled
    assert "Compute the maps first" in step(panel).measure_button.toolTip
    assert "Measure a region first" in step(panel).export_button.toolTip


def test_a_region_is_measured_with_its_mirror_image(window):
    from PerfusionToolLib.perfusion import mirrored, region_reading

    node, mask = add_region(window, side=1)
    measure(window, node)
    analysis = window.work.study.analysis
    here, there = region_reading(analysis, mask), region_reading(analysis, mirrored(analysis, mask))
    assert step(window).table.widget.rowCount == len(analysis.maps)
    for row, (name, found) in enumerate(here.values.items()):
        assert cell(window, row, "map") == name
        assert cell(window, row, "unit") == found.unit
        assert cell(window, row, "mean") == f"{found.mean:.3g}"
        assert cell(window, row, "other") == f"{there.values[name].mean:.3g}"
        assert cell(window, row, "ratio") == f"{found.mean / there.values[name].mean:.3g}"


def test_curves_of_region_and_mirror_image_are_charted(window):
    node, _mask = add_region(window, side=-1)
    measure(window, node)
    names = [series.GetName() for series in _series(window.work.parameters.probeChart)]
    assert len(names) == 2
    assert "other side" in names[1]


def test_export_writes_statistics_and_curves(window, tmp_path):
    from slicerhost import dialogs

    node, _mask = add_region(window, side=1)
    measure(window, node)
    dialogs.answers.append(str(tmp_path / "regions.csv"))
    step(window).export_button.click()
    analysis = window.work.study.analysis
    rows = list(csv.DictReader((tmp_path / "regions.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 2 * len(analysis.maps)
    assert f"{float(rows[0]['mean']):.3g}" == cell(window, 0, "mean")
    curves = list(csv.reader((tmp_path / "regions_curves.csv").read_text(encoding="utf-8").splitlines()))
    assert len(curves) == 1 + analysis.times.size
    assert len(curves[0]) == 3


def test_a_region_without_voxels_says_so(window):
    node, mask = add_region(window, side=1)
    from PerfusionToolLib.scene.segments import put_segment

    put_segment(node, "vessels", mask & False, window.work.study.analysis.grid, "drawn", node.GetScene())
    measure(window, node)
    assert window.ui.probeState.text.startswith("!")
    assert "no voxels" in window.ui.probeState.text
    assert step(window).table.widget.rowCount == 0


def test_other_maps_are_read_again_in_the_same_region(window):
    node, _mask = add_region(window, side=1)
    measure(window, node)
    before = cell(window, 0, "mean")
    window.work.parameters.method = "sSVD"
    window.work.compute()
    wait(window)
    assert step(window).table.widget.rowCount > 0
    assert cell(window, 0, "mean") != before


def test_a_region_is_measured_again_though_the_panel_was_looked_at_on_the_way(window):
    node, _mask = add_region(window, side=1)
    measure(window, node)
    rows = []

    def look():
        window.refresh()
        rows.append(step(window).table.widget.rowCount)

    window.work.study.observers.append(look)
    window.work.parameters.method = "sSVD"
    window.work.compute()
    wait(window)
    window.work.study.observers.remove(look)
    assert 0 in rows
    assert step(window).table.widget.rowCount > 0


def test_a_region_is_measured_again_though_its_measuring_was_interrupted(window):
    node, _mask = add_region(window, side=1)
    measure(window, node)
    step(window).measure_button.click()
    window.work.parameters.method = "sSVD"
    window.work.compute()
    wait(window)
    assert step(window).table.widget.rowCount > 0


def test_closing_the_scene_forgets_the_region(window):
    import slicer

    node, _mask = add_region(window, side=1)
    measure(window, node)
    slicer.mrmlScene.Clear(False)
    settle(window)
    assert step(window).table.widget.rowCount == 0
    assert not step(window).export_button.enabled
