"""What a person waits for in the module, in the stand-in for Slicer: a CT head of 200×200×23 voxels, 45 frames."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from slicerhost import needs

DRAG_SECONDS = 3.0
DRAG_EVERY_SECONDS = 0.02
DRAG_MM = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""


def run(options: argparse.Namespace) -> int:
    """Measure, print."""
    missing = needs.missing(windows=True)
    if missing:
        print(f"The module is not measured: {missing}")
        return 0
    print("\nThe module in the stand-in for Slicer")
    print(f"  its files imported                  {_importing():.2f} s", flush=True)
    from .opening import open_module

    opened = open_module()
    scan = opened.logic.loadSampleData("CT")
    opened.wait()
    for text, value in _measured(opened, scan):
        print(f"  {text:<34}  {value:8}", flush=True)
    return 0


def _importing():
    """Seconds to import the module's files in a fresh process with everything they stand on already imported."""
    script = (
        "import slicerhost, time; slicerhost.start_application(); import slicer, numpy, slicer.util; "
        "from tour.opening import MODULE; started = time.perf_counter(); slicerhost.load_module(str(MODULE)); "
        "import PerfusionToolLib.panels.frame; print(time.perf_counter() - started)"
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(process.stdout.split()[-1])


def _measured(opened, scan):
    import slicer
    from PerfusionToolLib.scene.scans.reading import read_scan_node

    yield "sequence to array", _seconds(lambda: read_scan_node(scan))
    gaps = _watch_steps(opened.panel)
    yield "Compute maps, to the last view", _seconds(lambda: _finish(opened, opened.panel.compute))
    study = opened.panel.work.study
    yield "  of which the analysis alone", f"{sum(study.analysis.seconds.values()):.2f} s"
    yield "  longest step", f"{max(gaps):.2f} s"
    table = opened.panel.panels["arterial_input"].table.widget
    for row in (1, 0):
        gaps.clear()
        yield f"candidate {row + 1}, to the last view", _seconds(lambda row=row: _finish(opened, table.selectRow, row))
        yield "  longest step", f"{max(gaps):.2f} s"
    place = study.analysis.arterial_input.candidates[0].place
    yield "curves a second while dragging", f"{_curves_while_dragging(opened, place):.1f}"
    slicer.app.layoutManager().viewport().visible = False
    yield "  where drawing costs nothing", f"{_curves_while_dragging(opened, place):.1f}"


def _seconds(work):
    started = time.perf_counter()
    work()
    return f"{time.perf_counter() - started:.2f} s"


def _finish(opened, work, *arguments):
    """Do something, until nothing runs and every view is drawn."""
    import slicer
    from slicerhost.mouse import wait

    work(*arguments)
    wait(lambda: opened.panel.runner.running, 5)
    wait(lambda: not opened.panel.runner.running, 300)
    slicer.app.processEvents()


def _watch_steps(panel):
    """A list that takes the length of every step of the work from now on."""
    gaps, start = [], panel.runner.start

    def timed(steps):
        while True:
            started = time.perf_counter()
            try:
                progress = next(steps)
            except StopIteration as end:
                return end.value
            finally:
                gaps.append(time.perf_counter() - started)
            yield progress

    panel.runner.start = lambda steps, *arguments: start(timed(steps), *arguments)
    return gaps


def _curves_while_dragging(opened, place):
    """Updates of the curve a second while the seed is dragged to and fro."""
    from slicerhost.mouse import wait

    _finish(opened, opened.panel.run, opened.panel.work.study.arterial_input_steps("seed", place))
    table, seed = opened.panel.work.parameters.curvesTable, opened.panel.work.parameters.seed
    updates = []
    tag = table.AddObserver("ModifiedEvent", lambda *_arguments: updates.append(1))
    seed.InvokeEvent(seed.PointStartInteractionEvent)
    started, moves, (x, y, z) = time.perf_counter(), 0, place
    while time.perf_counter() < started + DRAG_SECONDS:
        moves += 1
        seed.SetNthControlPointPositionWorld(0, x + DRAG_MM * (moves % 5 - 2) / 2, y, z)
        wait(seconds=DRAG_EVERY_SECONDS)
    seconds = time.perf_counter() - started
    seed.InvokeEvent(seed.PointEndInteractionEvent)
    table.RemoveObserver(tag)
    opened.wait()
    return len(updates) / seconds
