"""Series of volumes that scroll in time: sequence nodes with a browser."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import slicer

from ..perfusion.progress import Progress, Steps, drain
from ..perfusion.projection import middle_third, project_middle_third
from ..perfusion.series import Grid
from .volumes import fill_volume


def put_series_steps(
    node, frames: Iterable[np.ndarray], times: np.ndarray, grid: Grid, name: str, scene
) -> Steps[object]:
    """Put a series into the scene, step by step; the scene changes in the last step only.

    Parameters
    ----------
    node : vtkMRMLSequenceNode or None
        Updated in place; made, with a browser, where None.
    frames : iterable of ndarray of shape (z, y, x)
        One per time; each is copied when its turn comes.
    times : ndarray of shape (t,)
        s; they become the index values.
    grid : Grid
    name : str
        For new nodes.
    scene : vtkMRMLScene

    Yields
    ------
    Progress

    Returns
    -------
    vtkMRMLSequenceNode
    """
    volumes = []
    for time, frame in zip(times, frames, strict=True):
        yield Progress("series", len(volumes) / len(times), f"Making frame {len(volumes) + 1} of {len(times)}")
        volume = slicer.vtkMRMLScalarVolumeNode()
        volume.SetName(f"{name} {float(time):g} s")
        fill_volume(volume, frame, grid)
        volumes.append(volume)
    return _publish(node, volumes, times, name, scene)


def put_series(node, frames: Iterable[np.ndarray], times: np.ndarray, grid: Grid, name: str, scene):
    """Put a series into the scene at once; see `put_series_steps`."""
    return drain(put_series_steps(node, frames, times, grid, name, scene))


def browser_of(node):
    """The browser that scrolls a sequence, or None.

    Parameters
    ----------
    node : vtkMRMLSequenceNode

    Returns
    -------
    vtkMRMLSequenceBrowserNode or None
    """
    return slicer.modules.sequences.logic().GetFirstBrowserNodeForSequenceNode(node)


def series_proxy(node):
    """The volume that shows the frame of a sequence that is scrolled to.

    Parameters
    ----------
    node : vtkMRMLSequenceNode

    Returns
    -------
    vtkMRMLScalarVolumeNode or None
    """
    browser = browser_of(node)
    return None if browser is None else browser.GetProxyNode(node)


def _publish(node, volumes, times, name, scene):
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLSequenceNode", scene.GenerateUniqueName(name))
    unfinished = node.StartModify()
    node.SetIndexName("time")
    node.SetIndexUnit("s")
    node.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
    node.RemoveAllDataNodes()
    for time, volume in zip(times, volumes, strict=True):
        node.SetDataNodeAtValue(slicer.vtkMRMLScalarVolumeNode(), repr(float(time)))
        node.UpdateDataNodeAtValue(volume, repr(float(time)), True)
    node.EndModify(unfinished)
    _show_in_browser(node, scene)
    return node


def _show_in_browser(node, scene):
    browser = browser_of(node)
    if browser is None:
        browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{node.GetName()} browser")
        browser.SetAndObserveMasterSequenceNodeID(node.GetID())
    browser.SetSelectedItemNumber(min(browser.GetSelectedItemNumber(), node.GetNumberOfDataNodes() - 1))
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(node)
    if proxy.GetDisplayNode() is None:
        proxy.CreateDefaultDisplayNodes()


def projection(frames: np.ndarray, grid: Grid, brightens: bool) -> tuple[np.ndarray, Grid]:
    """Each frame's projection through the middle third of the slices, where the large arteries lie.

    Parameters
    ----------
    frames : ndarray of shape (t, z, y, x)
    grid : Grid
    brightens : bool
        Whether contrast raises the values (CT, concentrations): the maximum is taken; otherwise the minimum (MR).

    Returns
    -------
    projected : ndarray of shape (t, 1, y, x)
    grid : Grid
        One slice as thick as those that were projected.
    """
    slab = middle_third(frames.shape[1])
    projected = project_middle_third(frames, brightens)[:, None]
    ijk_to_ras = grid.ijk_to_ras.copy()
    ijk_to_ras[:3, 3] += ijk_to_ras[:3, 2] * (slab.start + slab.stop - 1) / 2
    ijk_to_ras[:3, 2] *= slab.stop - slab.start
    return projected, Grid((1, *grid.shape[1:]), ijk_to_ras)
