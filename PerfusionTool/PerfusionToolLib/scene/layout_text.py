"""Layouts in the XML of Slicer's layout manager."""

from __future__ import annotations


def describe_layout(layout, number: int, description: str) -> None:
    """Make a layout known under a number, or known better.

    Parameters
    ----------
    layout : vtkMRMLLayoutNode
    number : int
    description : str
    """
    if layout.IsLayoutDescription(number):
        layout.SetLayoutDescription(number, description)
    else:
        layout.AddLayoutDescription(number, description)


def slice_view(name: str, label: str, colour: str, group: int) -> str:
    """A slice view as a part of a layout's description.

    Parameters
    ----------
    name, label, colour : str
    group : int
        Views of the same group are scrolled and zoomed alike.

    Returns
    -------
    str
    """
    properties = {"orientation": "Axial", "viewlabel": label, "viewcolor": colour, "viewgroup": group}
    return (
        f'<view class="vtkMRMLSliceNode" singletontag="{name}">'
        + "".join(f'<property name="{key}" action="default">{value}</property>' for key, value in properties.items())
        + "</view>"
    )


def rows_above_plot(rows: list[list[str]], plot: str, label: str) -> str:
    """The description of a layout with rows of views above a plot.

    Parameters
    ----------
    rows : list of list of str
        Views, each as `slice_view` gives it.
    plot, label : str
        Name and label of the plot view.

    Returns
    -------
    str
    """
    above = "".join(_item(_box("horizontal", "".join(map(_item, row))), 400) for row in rows)
    below = (
        f'<view class="vtkMRMLPlotViewNode" singletontag="{plot}">'
        f'<property name="viewlabel" action="default">{label}</property></view>'
    )
    return _box("vertical", above + _item(below, 300), split=True)


def _box(kind, items, split=False):
    return f'<layout type="{kind}"{" split=" + chr(34) + "true" + chr(34) if split else ""}>{items}</layout>'


def _item(content, size=1):
    return f'<item splitSize="{size}">{content}</item>'
