"""Rows of numbers and words as table nodes, marked for research use only."""

from __future__ import annotations

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk


def put_marked_table(table, rows: list[list], name: str, scene):
    """Put rows into a table of the scene, each marked for what it must not be used for.

    Parameters
    ----------
    table : vtkMRMLTableNode or None
        Updated in place; made where None.
    rows : list of list
        Titles, then the rows.
    name : str
        For a new node.
    scene : vtkMRMLScene

    Returns
    -------
    vtkMRMLTableNode
    """
    from ..perfusion.tissue import marked_rows

    if table is None:
        table = scene.AddNewNodeByClass("vtkMRMLTableNode", scene.GenerateUniqueName(name))
    titles, *others = marked_rows(rows)
    content = vtk.vtkTable()
    for place, title in enumerate(titles):
        content.AddColumn(_column(title, [row[place] for row in others]))
    table.SetAndObserveTable(content)
    return table


def _column(title, values):
    if values and all(isinstance(value, (int, float, np.number)) for value in values):
        whole = all(isinstance(value, (int, np.integer)) for value in values)
        column = numpy_to_vtk(np.array(values, np.int32 if whole else float), deep=True)
    else:
        column = vtk.vtkStringArray()
        for value in values:
            column.InsertNextValue(value)
    column.SetName(title)
    return column
