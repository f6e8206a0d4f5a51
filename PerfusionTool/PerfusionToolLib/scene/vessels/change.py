"""Another AIF or VOF: its curve and voxels at once, the maps after it, and the former one where it cannot serve."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps
from ..computation import Computation
from .choice import choice_in_use, chosen_nodes, remove_new_nodes, take_choice
from .source import VEIN, VESSELS, Vessel, asked_source


def ask_steps(computation: Computation, vessel: Vessel, kind: str, value, dragging: bool) -> Steps[None]:
    """Use another arterial input or venous output, as a person asks for it.

    Parameters
    ----------
    computation : Computation
    vessel : Vessel
    kind, value, dragging
        As `SceneStudy.arterial_input_steps` takes them.

    Yields
    ------
    Progress
    """

    def choose():
        source = asked_source(vessel, kind, value, computation.analysis)
        return choice_in_use(computation.analysis, computation.parameters).with_source(vessel, source)

    def note(chosen):
        present = computation.history.present
        seed_in_use = present is not None and present.source(vessel).kind == "seed"
        computation.history.add(chosen, in_place=dragging and seed_in_use)

    # Which groups of voxels are veins depends on the arterial input.
    until = "arterial_input" if vessel is VEIN and kind == "candidate" else "smoothing"
    yield from change_steps(computation, choose, note, (vessel,), until, dragging)


def change_steps(
    computation: Computation,
    choose: Callable,
    note: Callable,
    vessels=VESSELS,
    until: str = "smoothing",
    dragging: bool = False,
) -> Steps[None]:
    """Use another choice of arterial input and venous output.

    Parameters
    ----------
    computation : Computation
    choose : callable
        ``choose()`` gives the `Choice`, once the vessels are known.
    note : callable
        ``note(choice)`` keeps the history when it is in use.
    vessels : tuple of Vessel
        Those that are chosen anew.
    until : str
        The stage that ``choose()`` needs.
    dragging : bool
        More of the kind is coming: what draws slowly may wait until these steps are gone on with.

    Yields
    ------
    Progress

    Raises
    ------
    PerfusionError
        If it cannot serve: the former arterial input and its maps stay, or come back.
    """
    with computation.at_work() as work:
        yield from work(_before_steps(computation, vessels, until))
        former = computation.history.copy(), chosen_nodes(computation.parameters)
        choice = choose()
        try:
            _use(computation, choice, note, dragging)
        except PerfusionError:
            if choice.artery.kind == "automatic":
                yield from work(computation.publish_candidates_steps(), noted=False)
            raise
        yield from work(_after_steps(computation, former, dragging), noted=False)
        yield from work(computation.publish_steps(), noted=False)


def _before_steps(computation, vessels, until):
    _take_up(computation, vessels)
    yield from computation.advance_steps(until)
    if computation.history.present is None and computation.results.record:
        # The results in the scene are of another session: their arterial input is the one to come back to.
        with suppress(PerfusionError):
            yield from computation.advance_steps("arterial_input")
            computation.history.add(choice_in_use(computation.analysis, computation.parameters))


def _take_up(computation, vessels):
    """What the choices in use were taken from may be gone; others can be chosen, one after the other."""
    for without in ((), vessels):
        with suppress(PerfusionError):
            computation.take_up(without=without)
            return
    computation.take_up(without=VESSELS)


def _use(computation, choice, note=None, dragging=False):
    take_choice(computation.analysis, choice)
    if note is not None:
        note(choice)
    # The first results of a scan come whole, or not at all.
    if computation.results.record:
        computation.publish(hurried=dragging)


def _after_steps(computation, former, dragging):
    """The maps of the new arterial input; where there can be none, the former one and its maps again."""
    yield Progress("arterial_input", 1.0, _("The arterial input has changed"))
    if dragging:
        yield from computation.publish_steps()
    try:
        yield from computation.advance_steps()
    except PerfusionError:
        history, nodes = former
        if history.present is not None:
            computation.history = history
            _use(computation, history.present)
            remove_new_nodes(computation.parameters, nodes)
            yield from computation.advance_steps()
            yield from computation.publish_steps()
        raise


def save_curve(analysis, path) -> None:
    """Save the arterial input as a curve at all frame times; see `SceneStudy.save_arterial_input`.

    Parameters
    ----------
    analysis : Analysis
        With the arterial input done.
    path : str or Path
    """
    import numpy as np

    from ...files import write_curve

    arterial, times = analysis.arterial_input, analysis.series.times
    # A given curve is scaled by a factor that was set, but not by the one found from the VOF.
    scale = 1.0 if analysis.settings.partial_volume == "factor" else arterial.scale
    # Frames that are not in use lie before the bolus or between others.
    write_curve(path, times, np.interp(times, analysis.times, scale * arterial.measured))
