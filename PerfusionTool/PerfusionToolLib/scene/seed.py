"""The point from which the arterial input grows, as a list of points in the scene."""

from __future__ import annotations

import slicer

LABEL = "seed"
# Thin, so that the voxels grown from it are seen around it, and seen on scan and maps alike.
GLYPH = slicer.vtkMRMLMarkupsDisplayNode.CrossDot2D
GLYPH_PERCENT = 2.0
TEXT_PERCENT = 2.5
COLOUR = (1.0, 1.0, 1.0)


def add_seed_list(name: str, scene):
    """Make an empty list of points for a seed.

    Parameters
    ----------
    name : str
    scene : vtkMRMLScene

    Returns
    -------
    vtkMRMLMarkupsFiducialNode
        Its points are labelled as seeds, whoever places them.
    """
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    node.SetControlPointLabelFormat(LABEL)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetGlyphType(GLYPH)
    display.SetGlyphScale(GLYPH_PERCENT)
    display.SetTextScale(TEXT_PERCENT)
    display.SetSelectedColor(*COLOUR)
    display.GetTextProperty().SetShadow(True)
    return node
