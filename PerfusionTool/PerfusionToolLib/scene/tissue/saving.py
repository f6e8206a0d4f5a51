"""Tissue at risk as CSV files: volumes, components, slices, and every map on both sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...perfusion.progress import Steps


def save_steps(path, analysis, lesion, regions: dict[str, np.ndarray]) -> Steps[list[Path]]:
    """Write the tables of tissue at risk, each row marked as for research only; see `SceneStudy.save_tissue_steps`.

    Parameters
    ----------
    path : str or Path
        Of the volumes; the others go to files whose names end in ``_components``, ``_slices`` and ``_sides``.
    analysis : Analysis
        In whose maps the lesion was found.
    lesion : TissueAtRisk
    regions : dict of str to ndarray of bool, shape (z, y, x)
        Compared between the sides besides the brain and the parts of the lesion.

    Yields
    ------
    Progress

    Returns
    -------
    list of Path

    Raises
    ------
    PerfusionError
        If the folder cannot be written to.
    """
    from ...files.atomic import write_text
    from ...perfusion.maps import UNITS
    from ...perfusion.readings import csv_text
    from ...perfusion.tissue import component_rows, left_right_rows_steps, marked_rows, slice_rows, volume_rows

    plane = yield from analysis.symmetry_steps()
    own = {"brain": analysis.brain_mask, **_parts(lesion)}
    compared = own | {f"{name} (chosen)" if name in own else name: mask for name, mask in regions.items()}
    sides = yield from left_right_rows_steps(analysis.maps, UNITS, compared, analysis.brain_mask, analysis.grid, plane)
    volumes = Path(path)
    tables = {
        volumes: volume_rows(lesion),
        _beside(volumes, "components"): component_rows(lesion),
        _beside(volumes, "slices"): slice_rows(lesion),
        _beside(volumes, "sides"): sides,
    }
    for file, rows in tables.items():
        write_text(file, csv_text(marked_rows(rows)))
    return list(tables)


def _parts(lesion):
    """Those parts of a lesion that are there; the sides of nothing cannot be compared."""
    parts = {name: getattr(lesion, name) for name in ("hypoperfusion", "core", "penumbra")}
    return {name: mask for name, mask in parts.items() if mask.any()}


def _beside(path, what):
    return path.with_name(f"{path.stem}_{what}{path.suffix}")
