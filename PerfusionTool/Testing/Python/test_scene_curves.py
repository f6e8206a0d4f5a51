"""Curves as tables and charts, and the table of candidates."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from vtk.util.numpy_support import vtk_to_numpy

TIMES = np.cumsum(np.random.default_rng(3).uniform(1.0, 3.0, 20)) - 1.0
AIF = 300 * np.exp(-(((TIMES - 15) / 4) ** 2))
MEASURED = 0.8 * AIF
VOF = 500 * np.exp(-(((TIMES - 24) / 6) ** 2))
BRAIN = 20 * np.exp(-(((TIMES - 20) / 8) ** 2))


@pytest.fixture
def put(scene):
    from PerfusionToolLib.scene.curves import put_chart

    def put(curves, table=None, chart=None, name="Head AIF", y_title="Concentration [HU]"):
        return put_chart(table, chart, curves, name, y_title, scene)

    return put


def arterial(**curves):
    from PerfusionToolLib.scene.curves import arterial_curves

    return arterial_curves(TIMES, AIF, **curves)


def drawn(chart):
    """What the series of a chart draw: x and y by name."""
    from PerfusionToolLib.scene.curves import chart_series

    shown = {}
    for series in chart_series(chart):
        table = series.GetTableNode().GetTable()
        columns = (table.GetColumnByName(name) for name in (series.GetXColumnName(), series.GetYColumnName()))
        shown[series.GetName()] = tuple(vtk_to_numpy(column) for column in columns)
    return shown


def test_curves_are_drawn_over_true_times_in_seconds(scene, put):
    import slicer
    from PerfusionToolLib.scene.curves import chart_series

    _table, chart = put(arterial(measured=MEASURED, venous=VOF, brain=BRAIN))
    shown = drawn(chart)
    assert list(shown) == ["AIF", "AIF as measured", "VOF", "Brain mean"]
    for values, expected in zip(shown.values(), (AIF, MEASURED, VOF, BRAIN), strict=True):
        assert np.array_equal(values[0], TIMES)
        assert np.array_equal(values[1], expected)
    # Only this type of plot takes irregular times as they are.
    assert {series.GetPlotType() for series in chart_series(chart)} == {slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter}
    assert (chart.GetXAxisTitle(), chart.GetYAxisTitle()) == ("Time [s]", "Concentration [HU]")


def test_a_second_run_updates_table_series_and_chart(scene, put):
    table, chart = put(arterial(measured=MEASURED, venous=VOF))
    nodes = scene.GetNumberOfNodes()
    again = put([curve._replace(y=curve.y * 2) for curve in arterial(measured=MEASURED, venous=VOF)], table, chart)
    assert again == (table, chart)
    assert scene.GetNumberOfNodes() == nodes
    assert np.array_equal(drawn(chart)["VOF"][1], VOF * 2)


def test_an_update_with_the_same_curves_changes_the_chart_once(scene, put):
    table, chart = put(arterial(measured=MEASURED, venous=VOF))
    events = []
    tags = [node.AddObserver("ModifiedEvent", lambda node, _event: events.append(node)) for node in (table, chart)]
    put(arterial(measured=0.5 * MEASURED, venous=VOF), table, chart)
    for node, tag in zip((table, chart), tags, strict=True):
        node.RemoveObserver(tag)
    assert sorted(node.GetClassName() for node in events) == ["vtkMRMLPlotChartNode", "vtkMRMLTableNode"]
    np.testing.assert_allclose(drawn(chart)["AIF as measured"][1], 0.5 * MEASURED)


def test_a_curve_that_is_no_more_leaves_nothing_behind(scene, put):
    table, chart = put(arterial())
    nodes = scene.GetNumberOfNodes()
    put(arterial(venous=VOF, brain=BRAIN), table, chart)
    assert scene.GetNumberOfNodes() == nodes + 2
    put(arterial(), table, chart)
    assert scene.GetNumberOfNodes() == nodes
    assert list(drawn(chart)) == ["AIF"]


def test_a_chart_can_be_removed_whole(scene, put):
    from PerfusionToolLib.scene.curves import remove_chart

    nodes = scene.GetNumberOfNodes()
    remove_chart(*put(arterial(venous=VOF)), scene)
    remove_chart(None, None, scene)
    assert scene.GetNumberOfNodes() == nodes


def test_what_a_person_changed_in_a_chart_survives(scene, put):
    from PerfusionToolLib.scene.curves import chart_series

    table, chart = put(arterial())
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0, 50)
    chart_series(chart)[0].SetColor(0, 0, 0)
    put(arterial(), table, chart)
    assert chart.GetYAxisRange() == (0, 50) and not chart.GetYAxisRangeAuto()
    assert chart_series(chart)[0].GetColor() == (0, 0, 0)


def test_the_bolus_chart_shows_arrival_and_baseline(scene, put):
    from PerfusionToolLib.scene.curves import bolus_curves

    _table, chart = put(bolus_curves(TIMES, BRAIN, 6, np.arange(1, 5)))
    shown = drawn(chart)
    assert set(shown["Arrival"][0]) == {TIMES[6]}
    assert shown["Arrival"][1].max() == BRAIN.max()
    assert sorted(set(shown["Baseline"][0])) == list(TIMES[1:5])


def test_the_motion_chart_marks_frames_that_are_not_used(scene, put):
    from PerfusionToolLib.scene.curves import motion_curves

    parameters = np.random.default_rng(0).normal(size=(20, 6))
    flagged = np.isin(np.arange(20), (3, 11))
    table, chart = put(motion_curves(TIMES, parameters, flagged))
    shown = drawn(chart)
    assert np.array_equal(shown["Turn about S [°]"][1], parameters[:, 5])
    assert sorted(set(shown["Frame not used"][0])) == list(TIMES[flagged])
    put(motion_curves(TIMES, parameters, flagged & False), table, chart)
    assert "Frame not used" not in drawn(chart)


def test_a_head_that_does_not_move_gets_an_axis_without_rounding_errors(scene, put):
    from PerfusionToolLib.scene.curves import motion_curves

    still, moving = np.zeros((20, 6)), np.ones((20, 6)) * np.arange(20)[:, None]
    table, chart = put(motion_curves(TIMES, still, np.zeros(20, bool)))
    assert not chart.GetYAxisRangeAuto() and chart.GetYAxisRange() == (-1, 1)
    put(motion_curves(TIMES, moving, np.zeros(20, bool)), table, chart)
    assert chart.GetYAxisRangeAuto()


def test_the_residue_is_scaled_to_the_tissue_curve(scene, put):
    from PerfusionToolLib.scene.curves import probe_curves, residue_curve

    residue_times = np.arange(0, 30, 0.5)
    residue = 0.01 * np.exp(-residue_times / 5)
    curves = [*probe_curves(TIMES, BRAIN, BRAIN * 0.9), residue_curve(residue_times, residue, BRAIN.max())]
    _table, chart = put(curves)
    shown = drawn(chart)
    assert list(shown) == ["Tissue", "Fitted", "Residue (scaled)"]
    assert np.array_equal(shown["Residue (scaled)"][0], residue_times)
    assert shown["Residue (scaled)"][1].max() == pytest.approx(BRAIN.max())
    assert np.array_equal(shown["Tissue"][0][: len(TIMES)], TIMES)
    assert (np.diff(shown["Tissue"][0]) >= 0).all()
    assert residue_curve(residue_times, residue * 0, 5).y.max() == 0


def test_a_saved_scene_keeps_the_charts(scene, put, tmp_path):
    import slicer

    put(arterial(measured=MEASURED, venous=VOF))
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    table, chart = slicer.util.getNode("Head AIF"), slicer.util.getNode("Head AIF chart")
    shown = drawn(chart)
    assert list(shown) == ["AIF", "AIF as measured", "VOF"]
    assert np.allclose(shown["VOF"], (TIMES, VOF), rtol=1e-5, atol=1e-4)
    nodes = scene.GetNumberOfNodes()
    put(arterial(measured=MEASURED, venous=VOF), table, chart)
    assert scene.GetNumberOfNodes() == nodes


def candidates():
    return [
        SimpleNamespace(
            place=np.array([10.5, -20.25, 3.0]) + rank,
            peak=300.0 - rank,
            arrival=12.5,
            time_to_peak=17.0,
            voxels=np.zeros((7 + rank, 3), int),
            score=2.0 - rank,
            accepted=rank == 0,
            reason=f"reason {rank}",
        )
        for rank in range(3)
    ]


def test_candidates_come_back_from_their_table(scene):
    from PerfusionToolLib.scene.vessels.candidates import COLUMNS, put_candidates, read_candidates

    table = put_candidates(None, candidates(), "Head candidates", scene)
    titles = [table.GetTable().GetColumnName(column) for column in range(table.GetTable().GetNumberOfColumns())]
    assert titles == list(COLUMNS)
    rows = read_candidates(table)
    assert [row["rank"] for row in rows] == [0, 1, 2]
    assert np.array_equal(rows[1]["place"], [11.5, -19.25, 4.0])
    assert [row["accepted"] for row in rows] == [True, False, False]
    assert rows[2]["voxels"] == 9 and rows[2]["score"] == 0.0 and rows[2]["why"] == "reason 2"
    assert put_candidates(table, candidates()[:1], "", scene) is table
    assert len(read_candidates(table)) == 1


def test_a_search_without_candidates_gives_an_empty_table(scene):
    from PerfusionToolLib.scene.vessels.candidates import put_candidates, read_candidates

    assert read_candidates(put_candidates(None, [], "Head candidates", scene)) == []


def test_a_saved_scene_keeps_the_candidates(scene, tmp_path):
    import slicer
    from PerfusionToolLib.scene.vessels.candidates import put_candidates, read_candidates

    before = read_candidates(put_candidates(None, candidates(), "Head candidates", scene))
    assert slicer.util.saveScene(str(tmp_path / "study.mrb"))
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "study.mrb"))
    after = read_candidates(slicer.util.getNode("Head candidates"))
    for old, new in zip(before, after, strict=True):
        assert np.allclose(old.pop("place"), new.pop("place"))
        assert old == new


def test_the_legend_of_many_curves_has_room_beside_them(scene):
    from PerfusionToolLib.scene.curves import MANY_CURVES, motion_curves, put_chart

    times, still = 1.5 * np.arange(20), np.zeros(20, bool)
    shown = motion_curves(times, np.random.default_rng(0).normal(0, 1, (20, 6)), still)
    assert len(shown) >= MANY_CURVES
    table, chart = put_chart(None, None, shown, "motion", "Shift [mm]", scene)
    first, last = chart.GetXAxisRange()
    assert not chart.GetXAxisRangeAuto() and first == times[0] and last > 1.2 * times[-1]
    chart.SetXAxisRange(5, 10)
    put_chart(table, chart, shown, "motion", "Shift [mm]", scene)
    assert chart.GetXAxisRange() == (5, 10)
    assert put_chart(None, None, shown[:3], "few", "Shift [mm]", scene)[1].GetXAxisRangeAuto()
