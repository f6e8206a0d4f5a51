"""The brain mask that a person chose, as it stands in the scene."""

from __future__ import annotations

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.series import Grid
from .segments import segment_mask


def say_brain_mask(parameters, source: str, node=None, segment: str = "") -> None:
    """Write into the parameter node where the brain mask comes from, as one change.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    source : {"automatic", "segment"}
    node : vtkMRMLSegmentationNode or vtkMRMLLabelMapVolumeNode, optional
    segment : str
    """
    modifying = parameters.StartModify()
    try:
        parameters.maskSource = source
        parameters.maskNode = node
        parameters.maskSegment = segment
    finally:
        parameters.EndModify(modifying)


def kept_brain_mask(parameters, drawn, grid: Grid) -> np.ndarray | None:
    """The brain mask that stands in the parameter node.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    drawn : collection of str
        Segments of the results that hold what a person drew.
    grid : Grid
        Of the scan.

    Returns
    -------
    ndarray of bool, shape (z, y, x), or None
        None for the automatic one.

    Raises
    ------
    PerfusionError
        If it is no longer in the scene.
    """
    if parameters.maskSource == "automatic":
        return None
    if "brain" in drawn and parameters.segmentation is not None:
        return segment_mask(parameters.segmentation, "brain", grid)
    if parameters.maskNode is None:
        raise PerfusionError("The brain mask was removed from the scene; choose another, or the automatic one.")
    return segment_mask(parameters.maskNode, parameters.maskSegment, grid)
