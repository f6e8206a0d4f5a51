"""Bland and Altman's plot of a map and its reference: some of the voxels, the bias and its limits."""

from __future__ import annotations

import numpy as np
from slicer.i18n import tr as _

from .. import curves

# More could not be told apart, and would make the plot slow.
MOST_POINTS = 3000
# One voxel of a vessel far out would squeeze all others into a corner: this part is left out at either end, in %.
EXTREME = 0.5
POINTS = (0.30, 0.55, 0.80)


def chart_curves(difference: np.ndarray, placed: np.ndarray) -> tuple[list[curves.Curve], str]:
    """The voxels of a map as points, and lines through all voxels' mean difference and its limits.

    Parameters
    ----------
    difference : ndarray of shape (z, y, x)
        Own − reference; NaN where one has no value.
    placed : ndarray of shape (z, y, x)
        The reference on the same grid.

    Returns
    -------
    shown : list of Curve
    sentence : str
        How many of how many voxels are shown.
    """
    from ...perfusion.similarity import bland_altman

    compared = np.isfinite(difference)
    apart = difference[compared]
    middle = placed[compared] + apart / 2
    usual = np.flatnonzero(_is_usual(middle) & _is_usual(apart))
    chosen = usual[_some(usual.size)]
    chosen = chosen[np.argsort(middle[chosen], kind="stable")]
    bias, lower, upper = bland_altman(apart, np.zeros_like(apart))
    ends = middle[chosen][[0, -1]]
    shown = [
        curves.Curve(_("Voxels"), middle[chosen], apart[chosen], POINTS, "dots"),
        curves.Curve(_("Bias"), ends, np.full(2, bias), curves.ARTERY, "thick"),
        curves.Curve(_("Upper limit"), ends, np.full(2, upper), curves.FAINT, "dashes"),
        curves.Curve(_("Lower limit"), ends, np.full(2, lower), curves.FAINT, "dashes"),
    ]
    return shown, _("{shown} of {all} voxels, without extremes").format(shown=chosen.size, all=apart.size)


def put_comparison_chart(table, chart, name: str, unit: str, difference: np.ndarray, placed: np.ndarray, scan, scene):
    """Put Bland and Altman's plot of a map into the scene.

    Parameters
    ----------
    table : vtkMRMLTableNode or None
    chart : vtkMRMLPlotChartNode or None
        Both are updated in place; made where None.
    name : str
        Of the map.
    unit : str
        Of both arrays.
    difference, placed : ndarray of shape (z, y, x)
        As for `chart_curves`.
    scan : vtkMRMLNode
        New nodes are called after it.
    scene : vtkMRMLScene

    Returns
    -------
    table : vtkMRMLTableNode
    chart : vtkMRMLPlotChartNode
    """
    shown, voxels = chart_curves(difference, placed)
    named = f"{name} [{unit}]" if unit else name
    level = _("Mean of own and reference {map}").format(map=named)
    upright = _("Own − reference {map}").format(map=named)
    title = f"{scan.GetName()} comparison plot"
    table, chart = curves.put_chart(table, chart, shown, title, upright, scene, level)
    chart.SetTitle(_("{map}: {voxels}. Research use only.").format(map=name, voxels=voxels))
    chart.SetTitleVisibility(True)
    return table, chart


def _is_usual(values):
    low, high = np.percentile(values, (EXTREME, 100 - EXTREME))
    return (values >= low) & (values <= high)


def _some(count):
    """Places of voxels that are shown, the same ones each time."""
    if count <= MOST_POINTS:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, MOST_POINTS, replace=False))
