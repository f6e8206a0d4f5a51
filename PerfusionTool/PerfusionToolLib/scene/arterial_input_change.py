"""Another arterial input: its curve and voxels at once, the maps after it, and the former one where it cannot serve."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress, Steps
from .arterial_input_choice import choice_in_use, chosen_nodes, remove_new_nodes, take_choice
from .computation import Computation


def change_steps(computation: Computation, choose: Callable, note: Callable) -> Steps[None]:
    """Use another arterial input.

    Parameters
    ----------
    computation : Computation
    choose : callable
        ``choose()`` gives the `Choice`, once the vessels are known.
    note : callable
        ``note(choice)`` keeps the history when it is in use.

    Yields
    ------
    Progress

    Raises
    ------
    PerfusionError
        If it cannot serve: the former arterial input and its maps stay, or come back.
    """
    with computation.at_work() as work:
        yield from work(_before_steps(computation))
        former = computation.history.copy(), chosen_nodes(computation.parameters)
        _use(computation, choose(), note)
        yield from work(_after_steps(computation, former), noted=False)
        computation.publish()


def _before_steps(computation):
    try:
        computation.take_up()
    except PerfusionError:
        # What the arterial input in use was taken from may be gone; another one can be chosen.
        computation.take_up(without=("arterial_input",))
    yield from computation.advance_steps("smoothing")
    if computation.history.present is None and computation.results.record:
        # The results in the scene are of another session: their arterial input is the one to come back to.
        with suppress(PerfusionError):
            yield from computation.advance_steps("arterial_input")
            computation.history.add(choice_in_use(computation.analysis, computation.parameters))


def _use(computation, choice, note=None):
    take_choice(computation.analysis, choice)
    if note is not None:
        note(choice)
    computation.publish()


def _after_steps(computation, former):
    """The maps of the new arterial input; where there can be none, the former one and its maps again."""
    yield Progress("arterial_input", 1.0, _("The arterial input has changed"))
    try:
        yield from computation.advance_steps()
    except PerfusionError:
        history, nodes = former
        if history.present is not None:
            computation.history = history
            _use(computation, history.present)
            remove_new_nodes(computation.parameters, nodes)
            yield from computation.advance_steps()
            computation.publish()
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

    from ..files import write_curve

    arterial, times = analysis.arterial_input, analysis.series.times
    # A given curve is scaled by a factor that was set, but not by the one found from the VOF.
    scale = 1.0 if analysis.settings.partial_volume == "factor" else arterial.scale
    # Frames that are not in use lie before the bolus or between others.
    write_curve(path, times, np.interp(times, analysis.times, scale * arterial.measured))
