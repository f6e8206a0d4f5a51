"""Which maps become volumes of the scene, and which view shows which of them."""

from __future__ import annotations

from ..perfusion.maps import UNITS
from .parameters import map_field
from .views import MAP_VIEWS

# What a view is told to show that shows the scan alone.
NONE = ""


def wanted_maps(parameters) -> tuple[str, ...]:
    """The maps that are to be volumes, as far as there are results of them.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    tuple of str
        Keys of `perfusion.maps.UNITS`, in that order.
    """
    names = _split(parameters.wantedMaps)
    return tuple(name for name in UNITS if name in names)


def want_map(parameters, name: str, wanted: bool) -> None:
    """Have a map as a volume, or not.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    name : str
        A key of `perfusion.maps.UNITS`.
    wanted : bool
        A map that is not wanted is shown in no view any more; one that is comes into the first view that shows none.

    Raises
    ------
    PerfusionError
        If there is no such map.
    """
    map_field(name)
    shown = shown_maps(parameters)
    names = {*wanted_maps(parameters), name} - (set() if wanted else {name})
    if not wanted:
        shown = {view: NONE if map_name == name else map_name for view, map_name in shown.items()}
    elif name not in shown.values() and NONE in shown.values():
        shown[next(view for view, map_name in shown.items() if map_name == NONE)] = name
    _write(parameters, names, shown)


def shown_maps(parameters) -> dict[str, str]:
    """The map that each view for maps shows.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode

    Returns
    -------
    dict of str to str
        By the layout name of the view; `NONE` for the scan alone.
    """
    names = [name if name in UNITS else NONE for name in _split(parameters.shownMaps)]
    names += [NONE] * len(MAP_VIEWS)
    return dict(zip(MAP_VIEWS.values(), names, strict=False))


def show_map_in(parameters, view: str, name: str) -> None:
    """Let a view show another map, which is wanted then.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    view : str
        One of `views.MAP_VIEWS`, by its layout name.
    name : str
        A key of `perfusion.maps.UNITS`, or `NONE`.
    """
    names = {*wanted_maps(parameters), name} - {NONE}
    _write(parameters, names, shown_maps(parameters) | {view: name})


def _split(text):
    return [name.strip() for name in text.split(",")]


def _write(parameters, wanted, shown):
    values = {
        "wantedMaps": ", ".join(name for name in UNITS if name in wanted),
        "shownMaps": ", ".join(shown.values()),
    }
    modifying = parameters.StartModify()
    try:
        for field, value in values.items():
            if getattr(parameters, field) != value:
                setattr(parameters, field, value)
    finally:
        parameters.EndModify(modifying)
