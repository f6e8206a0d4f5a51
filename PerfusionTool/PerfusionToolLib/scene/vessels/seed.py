"""The point from which an arterial input or a venous output grows, as a list of points in the scene."""

from __future__ import annotations

import numpy as np
import slicer

from ...perfusion.errors import PerfusionError

# Thin, so that the voxels grown from it are seen around it, and seen on scan and maps alike.
GLYPH = slicer.vtkMRMLMarkupsDisplayNode.CrossDot2D
GLYPH_PERCENT = 2.0
TEXT_PERCENT = 2.5
COLOUR = (1.0, 1.0, 1.0)


def place_of(value) -> np.ndarray:
    """A place as a program gives it, as numbers; whether there are three is seen where it is used.

    Parameters
    ----------
    value : array_like

    Returns
    -------
    ndarray of float

    Raises
    ------
    PerfusionError
        If it is not made of numbers.
    """
    try:
        return np.array(value, float)
    except (TypeError, ValueError, OverflowError) as error:
        raise PerfusionError(f"The place {value!r} is not made of numbers; give three, RAS mm.") from error


def add_seed_list(name: str, scene, label: str):
    """Make an empty list of points for a seed.

    Parameters
    ----------
    name : str
    scene : vtkMRMLScene
    label : str
        Of its points, whoever places them.

    Returns
    -------
    vtkMRMLMarkupsFiducialNode
    """
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    node.SetControlPointLabelFormat(label)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetGlyphType(GLYPH)
    display.SetGlyphScale(GLYPH_PERCENT)
    display.SetTextScale(TEXT_PERCENT)
    display.SetSelectedColor(*COLOUR)
    display.GetTextProperty().SetShadow(True)
    return node
