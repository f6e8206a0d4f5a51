"""The candidates for arteries as a table of the scene."""

from __future__ import annotations

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk

# Titles of the columns, and the keys under which `read_candidates` gives them.
COLUMNS = {
    "Rank": "rank",
    "Source": "source",
    "R [mm]": "r",
    "A [mm]": "a",
    "S [mm]": "s",
    "Peak": "peak",
    "Arrival [s]": "arrival",
    "Time to peak [s]": "time_to_peak",
    "Voxels": "voxels",
    "Score": "score",
    "Accepted": "accepted",
    "Why": "why",
}
_WHOLE_NUMBERS = ("rank", "voxels", "accepted")


def put_candidates(table, candidates, name: str, scene, source: str = "automatic"):
    """Put the candidates of a vessel search into a table.

    Parameters
    ----------
    table : vtkMRMLTableNode or None
        Updated in place; made where None.
    candidates : sequence of VesselCandidate
        The best first.
    name : str
        For a new table.
    scene : vtkMRMLScene
    source : str
        Where the candidates come from.

    Returns
    -------
    vtkMRMLTableNode
    """
    if table is None:
        table = scene.AddNewNodeByClass("vtkMRMLTableNode", scene.GenerateUniqueName(name))
    rows = [_row(rank, vessel, source) for rank, vessel in enumerate(candidates)]
    content = vtk.vtkTable()
    for title, key in COLUMNS.items():
        content.AddColumn(_column(title, [row[key] for row in rows], key))
    table.SetAndObserveTable(content)
    return table


def read_candidates(table) -> list[dict]:
    """The rows of a table of candidates.

    Parameters
    ----------
    table : vtkMRMLTableNode

    Returns
    -------
    list of dict
        Keys as in `COLUMNS`; "rank" counts from 0 and "place" is an ndarray of shape (3,) in RAS mm.
    """
    content = table.GetTable()
    rows = []
    for number in range(content.GetNumberOfRows()):
        row = {key: _plain(content.GetValueByName(number, title)) for title, key in COLUMNS.items()}
        row["accepted"] = bool(row["accepted"])
        row["place"] = np.array([row.pop("r"), row.pop("a"), row.pop("s")])
        rows.append(row)
    return rows


def _row(rank, vessel, source):
    r, a, s = (float(value) for value in vessel.place)
    return {
        "rank": rank,
        "source": source,
        "r": r,
        "a": a,
        "s": s,
        "peak": float(vessel.peak),
        "arrival": float(vessel.arrival),
        "time_to_peak": float(vessel.time_to_peak),
        "voxels": len(vessel.voxels),
        "score": float(vessel.score),
        "accepted": int(vessel.accepted),
        "why": vessel.reason,
    }


def _column(title, values, key):
    if key in ("source", "why"):
        column = vtk.vtkStringArray()
        for value in values:
            column.InsertNextValue(value)
    else:
        kind = np.int32 if key in _WHOLE_NUMBERS else float
        column = numpy_to_vtk(np.array(values, kind), deep=True)
    column.SetName(title)
    return column


def _plain(value):
    """The value of a vtkVariant."""
    return value.ToString() if value.IsString() else value.ToInt() if value.IsInt() else value.ToDouble()
