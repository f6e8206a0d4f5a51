"""The volumes that the maps of a scan are compared with: which, in what unit, and as arrays."""

from __future__ import annotations

import re

import slicer

from ...perfusion.errors import PerfusionError
from ..ownership import FIELD
from ..parameters import COMPARED, RESULTS, map_field
from ..volumes import volume_array, volume_grid

# On the scan, so that another one has others, and the same volume may serve several scans.
_ROLE = "PerfusionTool.Reference"
# On the volume, which is in the same unit whatever it is compared with.
_UNIT = "PerfusionTool.ReferenceUnit"
_BACKGROUND = "PerfusionTool.ReferenceBackground"
_WORDS = re.compile(r"[a-z]+|\d+")
# Words in the names of volumes that are made from a map and are none.
_NO_MAP = {"mask", "label", "segmentation", "lesion", "difference", "sd", "std", "rgb", "colour", "color"}


def references_of(scan) -> dict[str, object]:
    """The volumes that were chosen for a scan, by map.

    Parameters
    ----------
    scan : vtkMRMLNode or None

    Returns
    -------
    dict of str to vtkMRMLScalarVolumeNode
    """
    chosen = {} if scan is None else {name: scan.GetNodeReference(_ROLE + name) for name in COMPARED}
    return {name: node for name, node in chosen.items() if node is not None}


def refer_to_references(scan, references: dict[str, object]) -> None:
    """Let a scan have these references, and no others.

    Parameters
    ----------
    scan : vtkMRMLNode
    references : dict of str to vtkMRMLScalarVolumeNode
    """
    for name in COMPARED:
        node = references.get(name)
        if scan.GetNodeReference(_ROLE + name) is not node:
            scan.SetNodeReferenceID(_ROLE + name, None if node is None else node.GetID())


def can_be_chosen(node, scene) -> bool:
    """Whether a scan can refer to a node as a reference, whatever is wrong with its voxels."""
    return _is_volume(node) and node.GetScene() is scene


def check_map(name: str) -> None:
    """Raise a `PerfusionError` where a map is none of those that are compared."""
    if name not in COMPARED:
        raise PerfusionError(f"There is no map {name!r} to compare; choose {', '.join(COMPARED)}.")


def possible_units(name: str) -> tuple[str, ...]:
    """The units in which the reference of a map may be.

    Parameters
    ----------
    name : str
        One of `COMPARED`.

    Returns
    -------
    tuple of str
        The last one, "relative", is for maps without a scale.
    """
    from ...perfusion.maps import UNITS
    from ...perfusion.similarity.units import RELATIVE, factors_to

    return (*factors_to(UNITS[name]), RELATIVE)


def given_unit(node) -> str:
    """The unit that a person gave a reference; "" where nobody did."""
    return node.GetAttribute(_UNIT) or ""


def give_unit(node, unit: str) -> None:
    """Say in which unit a reference is; "" for as found."""
    node.SetAttribute(_UNIT, unit or None)


def given_background(node) -> str:
    """The background value that a person gave a reference, as text; "" where nobody did."""
    return node.GetAttribute(_BACKGROUND) or ""


def give_background(node, background: str) -> None:
    """Say which value of a reference means that there is no result; "" for as found.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
    background : str

    Raises
    ------
    PerfusionError
        If it is no number.
    """
    _number(background)
    node.SetAttribute(_BACKGROUND, background.strip() or None)


def said_of(node, unit=None, background=None) -> tuple[str, str]:
    """Unit and background of a reference as they are given, or else as they were.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
    unit : str, optional
    background : str or float, optional

    Returns
    -------
    unit, background : str
    """
    known = _is_volume(node)
    unit = (given_unit(node) if known else "") if unit is None else unit
    background = (given_background(node) if known else "") if background is None else str(background)
    _number(background)
    return unit, background


def found_unit(name: str, node) -> str | None:
    """The unit that a volume tells of itself.

    Parameters
    ----------
    name : str
        One of `COMPARED`.
    node : vtkMRMLScalarVolumeNode

    Returns
    -------
    str or None
        None where it tells none, or one that the map cannot have.
    """
    from ...perfusion.similarity import unit_in
    from ...perfusion.similarity.units import RELATIVE

    told = node.GetVoxelValueUnits()
    code = told.GetCodeValue() or "" if told is not None else ""
    if code == "{ratio}" or (not code and _is_called_relative(name, node.GetName())):
        return RELATIVE
    return unit_in(name, re.sub(r"[().]", "", code))


def read_reference(name: str, node, unit: str, background: str):
    """A reference as the comparison takes it.

    Parameters
    ----------
    name : str
        One of `COMPARED`.
    node : vtkMRMLScalarVolumeNode
    unit, background : str
        "" for as found.

    Returns
    -------
    ReferenceMap
        Where the volume lies in the world, with a linear transform that it is under.

    Raises
    ------
    PerfusionError
        If it is no volume of single values, holds none, or is bent.
    """
    from ...perfusion.similarity import ReferenceMap

    check_volume(name, node)
    unit = unit or found_unit(name, node)
    return ReferenceMap(volume_array(node), volume_grid(node).ijk_to_ras, unit, _number(background))


def check_volume(name: str, node) -> None:
    """Raise a `PerfusionError` where a node cannot be the reference of a map.

    Parameters
    ----------
    name : str
        One of `COMPARED`.
    node : vtkMRMLNode
    """
    if not _is_volume(node):
        found = f"{node.GetName()}, a {node.GetNodeTagName()}" if isinstance(node, slicer.vtkMRMLNode) else repr(node)
        raise PerfusionError(f"The reference {name} must be a scalar volume, not {found}; choose a map.")
    if node.GetScene() is None:
        raise PerfusionError(f"The reference {name} was removed from the scene; choose another.")
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None:
        raise PerfusionError(f"The reference {name} ({node.GetName()}) holds no voxels; load it again.")
    transform = node.GetParentTransformNode()
    if transform is not None and not transform.IsTransformToWorldLinear():
        raise PerfusionError(
            f"The transform {transform.GetName()} bends the reference {name} ({node.GetName()}); harden it, so that "
            "its voxels are resampled."
        )


def check_is_other(name: str, node, parameters) -> None:
    """Raise a `PerfusionError` where a reference is a result of the very scan that it is compared with."""
    if any(getattr(parameters, field) is node for field in RESULTS):
        own = "the own map itself" if getattr(parameters, map_field(name)) is node else "a result of the same scan"
        raise PerfusionError(f"The reference {name} ({node.GetName()}) is {own}; choose a map of another software.")


def guess_references(scene) -> dict[str, object]:
    """Volumes of other software that are called like maps.

    Parameters
    ----------
    scene : vtkMRMLScene

    Returns
    -------
    dict of str to vtkMRMLScalarVolumeNode
        By map; a map that several volumes are called like, or none, is left out.
    """
    found: dict[str, list] = {}
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", scene):
        name = _map_in(node.GetName() or "")
        if name and _is_volume(node) and node.GetAttribute(FIELD) is None:
            found.setdefault(name, []).append(node)
    return {name: found[name][0] for name in COMPARED if len(found.get(name, ())) == 1}


def _map_in(text):
    """The map that a name tells of; None where it tells of none or of several."""
    words = _words(text)
    told = {name for name in COMPARED if words & {name.casefold(), f"r{name.casefold()}"}}
    return told.pop() if len(told) == 1 and not words & _NO_MAP else None


def _is_called_relative(name, text):
    return f"r{name.casefold()}" in _words(text or "")


def _words(text):
    # "rCBFMap_1" has the words "rcbf", "map" and "1".
    apart = re.sub(r"(?<=[a-zA-Z])(?=(map|image|volume)s?\b)", " ", re.sub(r"_", " ", text), flags=re.IGNORECASE)
    return set(_WORDS.findall(apart.casefold()))


def _is_volume(node):
    return isinstance(node, slicer.vtkMRMLNode) and node.GetClassName() == "vtkMRMLScalarVolumeNode"


def _number(text):
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError as error:
        raise PerfusionError(f"The background value {text!r} is no number; give one such as 0 or -1.") from error
