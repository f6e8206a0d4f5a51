"""Series that are made only when asked for: corrected frames, concentration, and their projection."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..perfusion.maps import scatter
from ..perfusion.progress import Steps
from .computation import Computation
from .series_nodes import projection, put_series_steps


class Request(NamedTuple):
    """One kind of series.

    Parameters
    ----------
    field : str
        Of the parameter node.
    title : str
        In the name of its node.
    stage : str
        Of the analysis, which must be done.
    frames : callable
        ``frames(analysis)`` gives the frames (z, y, x), in order, and their grid.
    """

    field: str
    title: str
    stage: str
    frames: Callable


def _corrected(analysis):
    return analysis.corrected, analysis.grid


def _concentration(analysis):
    return (scatter(values, analysis.brain_mask) for values in analysis.concentration.T), analysis.grid


def _projection(analysis):
    return projection(analysis.corrected, analysis.grid, analysis.series.modality == "CT")


CORRECTED = Request("correctedSeries", "motion corrected", "motion", _corrected)
CONCENTRATION = Request("concentrationSeries", "concentration", "smoothing", _concentration)
PROJECTION = Request("projection", "projection", "motion", _projection)


def put_requested_steps(computation: Computation, request: Request, parameters) -> Steps[None]:
    """Put a series into the scene as a sequence.

    Parameters
    ----------
    computation : Computation
    request : Request
    parameters : PerfusionToolParameterNode

    Yields
    ------
    Progress
    """
    with computation.at_work() as work:
        yield from work(computation.up_to_date_steps(request.stage))
        frames, grid = request.frames(computation.analysis)
        former, name = getattr(parameters, request.field), f"{computation.scan.name} {request.title}"
        scene, times = parameters.parameterNode.GetScene(), computation.analysis.times
        node = yield from work(put_series_steps(former, frames, times, grid, name, scene), noted=False)
        setattr(parameters, request.field, node)
        yield from work(computation.publish_steps(), noted=False)
