"""Colours of maps: colour nodes, windows, legends, what is transparent, quantity and unit."""

from __future__ import annotations

import numpy as np
import slicer

from ..files.dicom.codes import is_relative, quantity_code, unit_code
from ..perfusion.errors import PerfusionError

# Red, green and blue from low to high, evenly spaced. Flow is read as black for none and red for much, times as blue
# for early and red for late; "Perceptual" rises evenly in lightness and is safe for colour-blind readers; quality has
# one colour for each of its three values.
COLOURS = {
    "Perfusion flow": ("#000000", "#1020c0", "#00a040", "#ffe000", "#e00000"),
    "Perfusion time": ("#1020c0", "#00a0e0", "#30c050", "#ffe000", "#e00000"),
    "Perfusion difference": ("#2060e0", "#a0c0f0", "#f4f4f4", "#f0b090", "#d02010"),
    "Perfusion perceptual": ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"),
    "Perfusion grey": ("#000000", "#ffffff"),
    "Perfusion quality": ("#30a050", "#ffe000", "#e00000"),
}
BANDED = ("Perfusion quality",)
# Presets, the usual one first; without presets, the 2nd and 98th percentile decide.
WINDOWS = {
    "CBF": {"0–60": (0, 60), "0–100": (0, 100), "0–160": (0, 160)},
    "CBV": {"0–6": (0, 6), "0–4": (0, 4), "0–10": (0, 10)},
    "MTT": {"0–12": (0, 12), "0–8": (0, 8), "0–20": (0, 20)},
    "Tmax": {"0–12": (0, 12), "0–6": (0, 6), "0–20": (0, 20)},
    "Delay": {"0–12": (0, 12), "0–6": (0, 6), "0–20": (0, 20)},
    "CBV uncorrected": {"0–6": (0, 6), "0–4": (0, 4), "0–10": (0, 10)},
    "Quality": {"1–3": (1, 3)},
}
# Times that are large everywhere: their windows begin above 0.
FROM_START = ("TTP", "TTP from arrival")
SMALLEST_WINDOW = 1e-6
LEGEND_LABELS = 5
QUALITY_LABELS = 3
ENOUGH_VOXELS = 100_000
# Background of maps whose values lie on both sides of 0, so that 0 itself stays visible.
OUTSIDE = -1000.0
# Written for a result of exactly 0, which would vanish with the background.
ALMOST_ZERO = 1e-6

_KEY = "PerfusionTool.Colours"
_WINDOW = "PerfusionTool.Window"
_SHADES = 256


def colour_node(name: str, scene):
    """A colour node of ours, found in the scene or made.

    Parameters
    ----------
    name : str
        A key of `COLOURS`.
    scene : vtkMRMLScene

    Returns
    -------
    vtkMRMLColorTableNode

    Raises
    ------
    PerfusionError
        If there are no such colours.
    """
    if name not in COLOURS:
        raise PerfusionError(f"There are no colours called {name!r}; choose {', '.join(COLOURS)}.")
    for node in slicer.util.getNodesByClass("vtkMRMLColorTableNode", scene):
        if node.GetAttribute(_KEY) == name:
            return node
    node = slicer.vtkMRMLColorTableNode()
    node.SetName(name)
    node.SetTypeToUser()
    node.SetNumberOfColors(_SHADES)
    for shade, (red, green, blue) in enumerate(_shades(name)):
        node.SetColor(shade, f"{shade}", red, green, blue, 1.0)
    node.GetLookupTable().SetTableRange(0, _SHADES - 1)
    node.SetAttribute("Category", "Perfusion")
    node.SetAttribute(_KEY, name)
    # A scene is read in its order, and the legend of a display whose colours come later logs an error.
    return scene.InsertBeforeNode(scene.GetFirstNodeByClass("vtkMRMLScalarVolumeDisplayNode"), node)


def _shades(name):
    stops = COLOURS[name]
    colours = np.array([[int(stop[place : place + 2], 16) for place in (1, 3, 5)] for stop in stops]) / 255
    if name in BANDED:
        return colours[np.arange(_SHADES) * len(stops) // _SHADES].tolist()
    places = np.linspace(0, len(stops) - 1, _SHADES)
    return np.stack([np.interp(places, np.arange(len(stops)), channel) for channel in colours.T], 1).tolist()


def is_signed(name: str, relative_to: str = "absolute") -> bool:
    """Whether a map's values lie on both sides of 0 evenly: times after a reference, and leakage that changes T2*.

    Parameters
    ----------
    name : str
        A key of `perfusion.maps.UNITS`.
    relative_to : {"absolute", "brain_mean", "mirror"}

    Returns
    -------
    bool
    """
    from ..perfusion.maps import DELAYS

    return name == "K2" or (relative_to != "absolute" and name in DELAYS)


def may_be_negative(name: str, relative_to: str = "absolute") -> bool:
    """Whether a map may have values below 0; arguments as `is_signed`."""
    return name in ("Delay", "K1") or is_signed(name, relative_to)


def default_colours(name: str, relative_to: str = "absolute") -> str:
    """The colours that readers expect of a map, a key of `COLOURS`."""
    if is_signed(name, relative_to):
        return "Perfusion difference"
    return next((colours for colours, names in _USUAL_COLOURS.items() if name in names), "Perfusion perceptual")


_USUAL_COLOURS = {
    "Perfusion flow": ("CBF", "CBV", "CBV uncorrected"),
    "Perfusion time": ("MTT", "Tmax", "TTP", "TTP from arrival", "Delay"),
    "Perfusion quality": ("Quality",),
}


def default_window(name: str, values: np.ndarray, relative_to: str = "absolute") -> tuple[float, float]:
    """The window that readers expect of a map.

    Parameters
    ----------
    name : str
        A key of `perfusion.maps.UNITS`.
    values : ndarray
        Of the map; 0 and not finite values do not count.
    relative_to : {"absolute", "brain_mean", "mirror"}

    Returns
    -------
    tuple of float
        Low and high. For maps without a usual window, and where most values lie beyond it (as in MR without a
        calibrated arterial input), by the percentiles 2 and 98 of the values.
    """
    values = values[np.isfinite(values) & (values != 0)]
    low, high = (float(value) for value in np.percentile(values, (2, 98))) if values.size else (0.0, 1.0)
    if is_signed(name, relative_to):
        most = rounded_up(max(abs(low), abs(high), 1.0 if is_relative(name, relative_to) else 0.0))
        return -most, most
    if name not in WINDOWS:
        return _whole_steps(max(low, 0.0), high) if name in FROM_START else (0.0, rounded_up(high))
    if is_relative(name, relative_to):
        return 0.0, 2.0
    usual = next(iter(WINDOWS[name].values()))
    return usual if high < 2 * usual[1] else (0.0, rounded_up(high))


def _whole_steps(low, high):
    low = float(np.floor(low))
    step = float(np.ceil((high - low) / (LEGEND_LABELS - 1)))
    return low, low + max(step, 1.0) * (LEGEND_LABELS - 1)


def rounded_up(value):
    """A number above 0 that a legend can show in few digits, not below a value."""
    value = max(value, SMALLEST_WINDOW)
    step = 10.0 ** np.floor(np.log10(value)) / 2
    return float(np.ceil(value / step) * step)


def show_map_colours(volume, name: str, window=None, colours: str | None = None, relative_to: str = "absolute") -> None:
    """Give a map its colours, window, transparent background, legend, quantity and unit.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
    name : str
        A key of `perfusion.maps.UNITS`.
    window : tuple of float, optional
        Low and high; the default window where left out.
    colours : str, optional
        A key of `COLOURS`; the usual ones where left out.
    relative_to : {"absolute", "brain_mean", "mirror"}
    """
    if volume.GetDisplayNode() is None:
        _add_display(volume)
    display = volume.GetDisplayNode()
    unfinished = display.StartModify()
    scene = volume.GetScene()
    display.SetAndObserveColorNodeID(colour_node(colours or default_colours(name, relative_to), scene).GetID())
    # Between voxels of the map and background there is nothing to interpolate.
    display.SetInterpolate(False)
    _set_threshold(display, may_be_negative(name, relative_to))
    low, high = window or _automatic_window(volume, name, relative_to)
    _set_window(display, low, high)
    display.SetAttribute(_WINDOW, "" if window else _text(low, high))
    display.EndModify(unfinished)
    _set_quantity(volume, name, relative_to)
    _set_legend(volume, name, relative_to)


def _add_display(volume):
    display = volume.GetScene().AddNewNodeByClass("vtkMRMLScalarVolumeDisplayNode")
    # Else it would look through all voxels for a window that is not wanted.
    display.SetAutoWindowLevel(False)
    volume.SetAndObserveDisplayNodeID(display.GetID())


def restore_background(volume) -> None:
    """Make the background of a map transparent again that was read from a file.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode

    Notes
    -----
    A volume display that is read from a scene file says that its threshold applies but does not apply it
    (vtkMRMLScalarVolumeDisplayNode::ReadXMLAttributes sets the flag alone) until the flag is set anew.
    """
    display = volume.GetDisplayNode()
    if display is not None and display.GetApplyThreshold():
        display.SetApplyThreshold(False)
        display.SetApplyThreshold(True)


def refresh_window(volume, name: str, relative_to: str = "absolute") -> None:
    """Fit the window to new values, unless a person has set it.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
    name : str
        A key of `perfusion.maps.UNITS`.
    relative_to : {"absolute", "brain_mean", "mirror"}
    """
    display = volume.GetDisplayNode()
    if has_automatic_window(volume):
        low, high = _automatic_window(volume, name, relative_to)
        _set_window(display, low, high)
        display.SetAttribute(_WINDOW, _text(low, high))


def has_automatic_window(volume) -> bool:
    """Whether the window of a map is still the one that was chosen by itself."""
    display = volume.GetDisplayNode()
    return display.GetAttribute(_WINDOW) == _text(*window_of(volume))


def window_of(volume) -> tuple[float, float]:
    """Low and high end of the window of a volume."""
    display = volume.GetDisplayNode()
    return display.GetWindowLevelMin(), display.GetWindowLevelMax()


def colours_of(volume) -> str:
    """The colours of a map: a key of `COLOURS`, or the name of another colour node."""
    node = volume.GetDisplayNode().GetColorNode()
    return node.GetAttribute(_KEY) or node.GetName()


def _automatic_window(volume, name, relative_to):
    values = slicer.util.arrayFromVolume(volume).ravel()
    # A part of the voxels tells the percentiles as well, and maps follow while a seed is dragged.
    values = values[:: max(1, values.size // ENOUGH_VOXELS)]
    return default_window(name, values[values > OUTSIDE], relative_to)


def _set_window(display, low, high):
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(low, high)


def _set_threshold(display, negative):
    display.SetAutoThreshold(False)
    display.SetThreshold(OUTSIDE / 2 if negative else ALMOST_ZERO / 2, np.finfo(np.float32).max)
    display.SetApplyThreshold(True)


def _text(low, high):
    return f"{low:g} {high:g}"


def _set_quantity(volume, name, relative_to):
    volume.SetVoxelValueQuantity(_coded(*quantity_code(name, relative_to)))
    volume.SetVoxelValueUnits(_coded(*unit_code(name, relative_to)))


def _coded(value, scheme, meaning):
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(value, scheme, meaning)
    return entry


def _set_legend(volume, name, relative_to):
    logic = slicer.modules.colors.logic()
    if logic.GetColorLegendDisplayNode(volume) is not None:
        _title(logic.GetColorLegendDisplayNode(volume), name, relative_to)
        return
    legend = logic.AddDefaultColorLegendDisplayNode(volume)
    _title(legend, name, relative_to)
    legend.SetNumberOfLabels(QUALITY_LABELS if name == "Quality" else LEGEND_LABELS)
    # Slicer makes title and labels as large as fits the widest label: a fixed width keeps all legends alike.
    legend.SetLabelFormat("%-5.3g")
    legend.SetSize(0.16, 0.5)
    legend.SetPosition(0.98, 0.5)
    for text in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        text.SetBackgroundColor(0.0, 0.0, 0.0)
        text.SetBackgroundOpacity(0.65)


def _title(legend, name, relative_to):
    from ..perfusion.maps import unit_of

    unit = unit_of(name, relative_to)
    legend.SetTitleText(f"{name} [{unit}]" if unit else name)
