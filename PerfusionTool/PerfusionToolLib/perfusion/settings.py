"""Every parameter of the pipeline: default, range, unit and meaning, in one place.

Command-line options, the module's parameter node and its tool tips are derived from the fields of `Settings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints

from .errors import PerfusionError

SMOOTHINGS = ("gaussian", "guided", "bilateral", "curvature_flow", "median", "none")
METHODS = ("sSVD", "bcSVD", "oSVD", "Tikhonov")
QUADRATURES = ("simpson", "rectangle", "trapezoid", "linear")


def _parameter(default, stage, label, text, *, unit="", minimum=None, maximum=None, choices=None, applies=None):
    return field(
        default=default,
        metadata={
            "stage": stage,
            "label": label,
            "text": text,
            "unit": unit,
            "minimum": minimum,
            "maximum": maximum,
            "choices": choices,
            "applies": applies or {},
        },
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Parameters of one analysis; immutable, checked when made.

    Every field carries metadata: ``stage`` (the first stage that depends on it), ``label`` (its title in forms),
    ``text``, ``unit``, ``minimum``, ``maximum``, ``choices``, and ``applies``: the values of other fields under which
    it has an effect.

    Raises
    ------
    PerfusionError
        If a value is of the wrong type or outside its range.
    """

    # preparation
    frames_to_drop: int | None = _parameter(
        None,
        "preparation",
        "Frames to drop",
        "First frames to leave out, before the signal is steady; empty: detected",
        minimum=0,
    )
    maximum_matrix: int = _parameter(
        256,
        "preparation",
        "Matrix limit",
        "Most rows and columns; larger slices are averaged down",
        unit="voxels",
        minimum=16,
    )
    motion_correction: bool = _parameter(
        True, "motion", "Motion correction", "Register every frame rigidly to the reference frame"
    )
    reference_frame: int | None = _parameter(
        None,
        "motion",
        "Reference frame",
        "Frame that the others are registered to; empty: the first in use",
        minimum=0,
        applies={"motion_correction": (True,)},
    )
    largest_motion: float = _parameter(
        20.0,
        "motion",
        "Largest motion",
        "A frame that seems moved by more than this is flagged as corrupted",
        unit="mm",
        minimum=1,
        maximum=100,
        applies={"motion_correction": (True,)},
    )

    # bolus
    bolus_curve: str = _parameter(
        "mean",
        "bolus",
        "Bolus curve",
        "Curve the arrival is read from: mean of the brain, or sum of the voxels above bolus_threshold (CT)",
        choices=("mean", "threshold"),
    )
    bolus_threshold: float = _parameter(
        150.0,
        "bolus",
        "Bolus threshold",
        "Voxels above this value count as contrast",
        unit="HU",
        minimum=0,
        maximum=3000,
        applies={"bolus_curve": ("threshold",)},
    )
    arrival_threshold: float = _parameter(
        0.05,
        "bolus",
        "Arrival threshold",
        "The bolus has arrived where the curve has risen by this part of its peak",
        minimum=0.001,
        maximum=0.5,
    )
    arrival_frame: int | None = _parameter(
        None, "bolus", "Arrival frame", "Frame in which the bolus arrives; empty: detected", minimum=1
    )
    baseline_start: int | None = _parameter(
        None, "bolus", "Baseline start", "First frame of the baseline; empty: the first steady frame", minimum=0
    )

    # smoothing
    smoothing: str = _parameter(
        "bilateral", "smoothing", "Smoothing", "Smoothing of every frame inside the tissue", choices=SMOOTHINGS
    )
    smoothing_mm: float = _parameter(
        3.0,
        "smoothing",
        "Smoothing width",
        "Standard deviation of the smoothing kernel",
        unit="mm",
        minimum=0.1,
        maximum=20,
        applies={"smoothing": ("gaussian", "guided", "bilateral")},
    )
    smoothing_range: float = _parameter(
        0.1,
        "smoothing",
        "Edge strength kept",
        "Edges of the mean image stronger than this part of the tissue's contrast are kept",
        minimum=0.001,
        maximum=10,
        applies={"smoothing": ("guided", "bilateral")},
    )
    smoothing_size: int = _parameter(
        3,
        "smoothing",
        "Median width",
        "Width of the median, in voxels of the finest axis",
        unit="voxels",
        minimum=3,
        maximum=15,
        applies={"smoothing": ("median",)},
    )
    smoothing_iterations: int = _parameter(
        5,
        "smoothing",
        "Flow steps",
        "Steps of the curvature flow",
        minimum=1,
        maximum=100,
        applies={"smoothing": ("curvature_flow",)},
    )

    # arterial input
    arterial_input_curve: str = _parameter(
        "mean",
        "arterial_input",
        "AIF curve",
        "Use the mean curve of the arterial voxels, or its gamma-variate fit",
        choices=("mean", "gamma_variate"),
    )
    partial_volume: str = _parameter(
        "auto",
        "arterial_input",
        "Partial-volume scaling",
        "Scaling of the AIF for partial volume: off, auto (area of the VOF over area of the AIF), or factor",
        choices=("off", "auto", "factor"),
    )
    partial_volume_factor: float = _parameter(
        1.0,
        "arterial_input",
        "Scaling factor",
        "Factor that multiplies the AIF",
        minimum=0.1,
        maximum=20,
        applies={"partial_volume": ("factor",)},
    )

    # deconvolution
    method: str = _parameter("bcSVD", "deconvolution", "Method", "Estimator of the residue function", choices=METHODS)
    quadrature: str = _parameter(
        "simpson",
        "deconvolution",
        "Quadrature",
        "Rule by which the convolution integral is approximated",
        choices=QUADRATURES,
    )
    ssvd_threshold: float = _parameter(
        0.2,
        "deconvolution",
        "sSVD threshold",
        "Singular values below this part of the largest are dropped",
        minimum=0.001,
        maximum=0.99,
        applies={"method": ("sSVD",)},
    )
    bcsvd_threshold: float = _parameter(
        0.1,
        "deconvolution",
        "bcSVD threshold",
        "Singular values below this part of the largest are dropped",
        minimum=0.001,
        maximum=0.99,
        applies={"method": ("bcSVD",)},
    )
    oscillation_index: float = _parameter(
        0.035,
        "deconvolution",
        "Oscillation index",
        "Largest oscillation of the residue function; the threshold is raised per voxel until it is met",
        minimum=0.001,
        maximum=1,
        applies={"method": ("oSVD",)},
    )
    tikhonov_lambda: float = _parameter(
        0.1,
        "deconvolution",
        "Tikhonov λ",
        "Regularisation as a part of the largest singular value",
        minimum=0.0001,
        maximum=10,
        applies={"method": ("Tikhonov",)},
    )
    cbv_window: float | None = _parameter(
        35.0,
        "deconvolution",
        "CBV window",
        "Areas under tissue curve and AIF end this long after the bolus arrives, where drift would outweigh contrast; "
        "empty: at the end of the scan",
        unit="s",
        minimum=10,
        maximum=600,
    )
    longest_tmax: float = _parameter(
        25.0,
        "deconvolution",
        "Longest Tmax",
        "The peak of the residue function is searched from 0 to here",
        unit="s",
        minimum=1,
        maximum=120,
    )

    # maps
    tissue_density: float = _parameter(
        1.05, "deconvolution", "Tissue density", "Density ρ of brain tissue", unit="g/ml", minimum=0.5, maximum=2
    )
    hematocrit_factor: float = _parameter(
        0.73,
        "deconvolution",
        "Haematocrit factor",
        "k_H = (1 − large-vessel hematocrit) / (1 − small-vessel hematocrit)",
        minimum=0.1,
        maximum=2,
    )
    cbv_from: str = _parameter(
        "area",
        "deconvolution",
        "CBV from",
        "CBV from the areas of tissue curve and AIF, or from the area of the residue function",
        choices=("area", "residue"),
    )
    relative_to: str = _parameter(
        "absolute",
        "maps",
        "Map values",
        "Absolute units, or relative to the whole-brain mean or to the mirrored hemisphere",
        choices=("absolute", "brain_mean", "mirror"),
    )
    map_smoothing_mm: float = _parameter(
        0.0,
        "maps",
        "Map smoothing",
        "Standard deviation of a Gaussian smoothing of the maps",
        unit="mm",
        minimum=0,
        maximum=20,
    )
    hide_vessels: bool = _parameter(False, "maps", "Hide vessels", "Leave large vessels out of the maps")
    hide_csf: bool = _parameter(False, "maps", "Hide CSF", "Leave cerebrospinal fluid out of the maps")

    def __post_init__(self):
        for parameter in fields(self):
            _check(parameter, getattr(self, parameter.name))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Settings from a dictionary such as a settings file holds.

        Parameters
        ----------
        values : dict
            Field name to value; fields left out keep their defaults.

        Returns
        -------
        Settings

        Raises
        ------
        PerfusionError
            If a name is unknown or a value is not valid.
        """
        known = {parameter.name for parameter in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise PerfusionError(f"Unknown setting {unknown[0]!r}; the settings are {', '.join(sorted(known))}.")
        return cls(**values)

    def method_options(self) -> dict[str, float]:
        """Options of the chosen method as `deconvolve` takes them, dict of str to float."""
        names = {
            "sSVD": {"threshold": self.ssvd_threshold},
            "bcSVD": {"threshold": self.bcsvd_threshold},
            "oSVD": {"oscillation_index": self.oscillation_index},
            "Tikhonov": {"regularization": self.tikhonov_lambda},
        }
        return names[self.method]

    def does_not_apply(self, name: str) -> str:
        """Why a field has no effect under the other fields' values.

        Parameters
        ----------
        name : str
            A field's name.

        Returns
        -------
        str
            Such as "Only with smoothing gaussian, guided or bilateral"; empty where it has an effect.
        """
        for other, values in self.__dataclass_fields__[name].metadata["applies"].items():
            reason = self.does_not_apply(other)
            if reason:
                return reason
            if getattr(self, other) not in values:
                label = self.__dataclass_fields__[other].metadata["label"]
                return f"Only with {label[0].lower()}{label[1:]} {_either(values)}"
        return ""


@cache
def value_type(name: str) -> tuple[type, bool]:
    """Type of a setting and whether it may be empty (None).

    Parameters
    ----------
    name : str
        A field of `Settings`.

    Returns
    -------
    kind : type
        ``bool``, ``int``, ``float`` or ``str``.
    optional : bool
    """
    hint = get_type_hints(Settings)[name]
    if isinstance(hint, UnionType):
        return next(kind for kind in get_args(hint) if kind is not type(None)), True
    return hint, False


def _check(parameter, value):
    kind, optional = value_type(parameter.name)
    if value is None and optional:
        return
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise PerfusionError(f"The setting {parameter.name} is {value!r}; it must be {_KINDS[kind]}.")
    limits = parameter.metadata
    if limits["choices"] and value not in limits["choices"]:
        raise PerfusionError(f"The setting {parameter.name} is {value!r}; choose {', '.join(limits['choices'])}.")
    too_small = limits["minimum"] is not None and not value >= limits["minimum"]
    too_large = limits["maximum"] is not None and not value <= limits["maximum"]
    if too_small or too_large:
        raise PerfusionError(f"The setting {parameter.name} is {value:g}; it must be {_range(limits)}.")


def _either(values):
    *others, last = ["on" if value is True else "off" if value is False else str(value) for value in values]
    return f"{', '.join(others)} or {last}" if others else last


_KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a word"}


def _range(limits):
    lowest, highest, unit = limits["minimum"], limits["maximum"], limits["unit"]
    between = f"at least {lowest:g}" if highest is None else f"{lowest:g} to {highest:g}"
    return f"{between} {unit}".rstrip()
