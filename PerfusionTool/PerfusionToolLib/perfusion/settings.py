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
LEAKAGE_CORRECTIONS = ("off", "BSW", "bidirectional")
SUM_METHODS = ("sSVD", "bcSVD", "oSVD", "dSVD", "Tikhonov", "Wiener")
MODEL_METHODS = ("boxNLR", "Bayesian")
METHODS = SUM_METHODS + MODEL_METHODS
QUADRATURES = ("auto", "simpson", "rectangle", "trapezoid", "linear")


def _(text):
    """Mark a text for translation; forms translate it where they show it."""
    return text


def _parameter(
    default, stage, label, text, *, empty="", unit="", minimum=None, maximum=None, choices=None, applies=None
):
    return field(
        default=default,
        metadata={
            "stage": stage,
            "label": label,
            "text": text,
            "empty": empty,
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
    ``text``, ``empty`` (what happens where it is empty), ``unit``, ``minimum``, ``maximum``, ``choices``, and
    ``applies``: the values of other fields under which it has an effect.

    Raises
    ------
    PerfusionError
        If a value is of the wrong type or outside its range.
    """

    # preparation
    frames_to_drop: int | None = _parameter(
        None,
        "preparation",
        _("Frames to drop"),
        _("First frames to leave out, before the signal is steady"),
        empty=_("detected"),
        minimum=0,
    )
    maximum_matrix: int = _parameter(
        256,
        "preparation",
        _("Matrix limit"),
        _("Most rows and columns; larger slices are averaged down"),
        unit=_("voxels"),
        minimum=16,
    )
    motion_correction: bool = _parameter(
        True, "motion", _("Motion correction"), _("Register every frame rigidly to the reference frame")
    )
    reference_frame: int | None = _parameter(
        None,
        "motion",
        _("Reference frame"),
        _("Frame that the others are registered to"),
        empty=_("the first in use"),
        minimum=0,
        applies={"motion_correction": (True,)},
    )
    largest_motion: float = _parameter(
        20.0,
        "motion",
        _("Largest motion"),
        _("A frame that seems moved by more than this is flagged as corrupted"),
        unit="mm",
        minimum=1,
        maximum=100,
        applies={"motion_correction": (True,)},
    )

    # bolus
    bolus_curve: str = _parameter(
        "mean",
        "bolus",
        _("Bolus curve"),
        _("Curve the arrival is read from: mean of the brain, or sum of the voxels above bolus_threshold (CT)"),
        choices=("mean", "threshold"),
    )
    bolus_threshold: float = _parameter(
        150.0,
        "bolus",
        _("Bolus threshold"),
        _("Voxels above this value count as contrast"),
        unit="HU",
        minimum=0,
        maximum=3000,
        applies={"bolus_curve": ("threshold",)},
    )
    arrival_threshold: float = _parameter(
        0.05,
        "bolus",
        _("Arrival threshold"),
        _("The bolus has arrived where the curve has risen by this part of its peak"),
        minimum=0.001,
        maximum=0.5,
    )
    arrival_frame: int | None = _parameter(
        None, "bolus", _("Arrival frame"), _("Frame in which the bolus arrives"), empty=_("detected"), minimum=1
    )
    baseline_start: int | None = _parameter(
        None,
        "bolus",
        _("Baseline start"),
        _("First frame of the baseline"),
        empty=_("the first steady frame"),
        minimum=0,
    )

    # smoothing
    smoothing: str = _parameter(
        "bilateral", "smoothing", _("Smoothing"), _("Smoothing of every frame inside the tissue"), choices=SMOOTHINGS
    )
    smoothing_mm: float = _parameter(
        3.0,
        "smoothing",
        _("Smoothing width"),
        _("Standard deviation of the smoothing kernel"),
        unit="mm",
        minimum=0.1,
        maximum=20,
        applies={"smoothing": ("gaussian", "guided", "bilateral")},
    )
    smoothing_range: float = _parameter(
        0.1,
        "smoothing",
        _("Edge strength kept"),
        _("Edges of the mean image stronger than this part of the tissue's contrast are kept"),
        minimum=0.001,
        maximum=10,
        applies={"smoothing": ("guided", "bilateral")},
    )
    smoothing_size: int = _parameter(
        3,
        "smoothing",
        _("Median width"),
        _("Width of the median, in voxels of the finest axis"),
        unit=_("voxels"),
        minimum=3,
        maximum=15,
        applies={"smoothing": ("median",)},
    )
    smoothing_iterations: int = _parameter(
        5,
        "smoothing",
        _("Flow steps"),
        _("Steps of the curvature flow"),
        minimum=1,
        maximum=100,
        applies={"smoothing": ("curvature_flow",)},
    )

    # leakage
    leakage_correction: str = _parameter(
        "off",
        "leakage",
        _("Leakage correction"),
        _(
            "Take contrast that has left the vessels out of the curves, MR only: BSW (Boxerman, Schmainda, Weisskoff) "
            "or bidirectional (some returns to the blood)"
        ),
        choices=LEAKAGE_CORRECTIONS,
    )

    # arterial input
    arterial_input_curve: str = _parameter(
        "mean",
        "arterial_input",
        _("AIF curve"),
        _("Use the mean curve of the arterial voxels, or its gamma-variate fit"),
        choices=("mean", "gamma_variate"),
    )
    partial_volume: str = _parameter(
        "auto",
        "arterial_input",
        _("Partial-volume scaling"),
        _("Scaling of the AIF for partial volume: off, auto (area of the VOF over area of the AIF), or factor"),
        choices=("off", "auto", "factor"),
    )
    partial_volume_factor: float = _parameter(
        1.0,
        "arterial_input",
        _("Scaling factor"),
        _("Factor that multiplies the AIF"),
        minimum=0.1,
        maximum=20,
        applies={"partial_volume": ("factor",)},
    )

    # deconvolution
    method: str = _parameter(
        "bcSVD", "deconvolution", _("Method"), _("Estimator of the residue function"), choices=METHODS
    )
    quadrature: str = _parameter(
        "auto",
        "deconvolution",
        _("Quadrature"),
        _("Rule by which the convolution integral is approximated; auto: the one that suits the method"),
        choices=QUADRATURES,
    )
    ssvd_threshold: float = _parameter(
        0.2,
        "deconvolution",
        _("sSVD threshold"),
        _("Singular values below this part of the largest are dropped"),
        minimum=0.001,
        maximum=0.99,
        applies={"method": ("sSVD",)},
    )
    bcsvd_threshold: float = _parameter(
        0.1,
        "deconvolution",
        _("bcSVD threshold"),
        _("Singular values below this part of the largest are dropped"),
        minimum=0.001,
        maximum=0.99,
        applies={"method": ("bcSVD",)},
    )
    oscillation_index: float = _parameter(
        0.035,
        "deconvolution",
        _("Oscillation index"),
        _("Largest oscillation of the residue function; the threshold is raised per voxel until it is met"),
        minimum=0.001,
        maximum=1,
        applies={"method": ("oSVD",)},
    )
    dsvd_threshold: float = _parameter(
        0.15,
        "deconvolution",
        _("dSVD threshold"),
        _("Singular values below this part of the largest are dropped"),
        minimum=0.001,
        maximum=0.99,
        applies={"method": ("dSVD",)},
    )
    tikhonov_rule: str = _parameter(
        "l_curve",
        "deconvolution",
        _("Tikhonov λ from"),
        _("λ given (fixed), or chosen for all voxels together by generalised cross-validation or the L-curve's corner"),
        choices=("fixed", "gcv", "l_curve"),
        applies={"method": ("Tikhonov",)},
    )
    tikhonov_lambda: float = _parameter(
        0.1,
        "deconvolution",
        _("Tikhonov λ"),
        _("Regularisation as a part of the largest singular value"),
        minimum=0.0001,
        maximum=10,
        applies={"method": ("Tikhonov",), "tikhonov_rule": ("fixed",)},
    )
    wiener_noise: float | None = _parameter(
        None,
        "deconvolution",
        _("Wiener noise"),
        _("Power of the noise over that of the residue function, as a part of the AIF's largest power"),
        empty=_("learned"),
        minimum=0.000001,
        maximum=100,
        applies={"method": ("Wiener",)},
    )
    bayesian_dispersion: float = _parameter(
        1.5,
        "deconvolution",
        _("Bayesian dispersion"),
        _("Mean dispersion of the bolus between AIF and tissue, where there is any, before a curve is seen; 0: none"),
        unit="s",
        minimum=0,
        maximum=10,
        applies={"method": ("Bayesian",)},
    )
    cbv_window: float | None = _parameter(
        35.0,
        "deconvolution",
        _("CBV window"),
        _(
            "Areas under tissue curve and AIF end this long after the bolus arrives, where drift would "
            "outweigh contrast"
        ),
        empty=_("at the end of the scan"),
        unit="s",
        minimum=10,
        maximum=600,
        applies={"method": SUM_METHODS, "cbv_from": ("area",)},
    )
    longest_tmax: float = _parameter(
        25.0,
        "deconvolution",
        _("Longest Tmax"),
        _("The peak of the residue function is searched from 0 to here"),
        unit="s",
        minimum=1,
        maximum=120,
    )

    # maps
    tissue_density: float = _parameter(
        1.05, "deconvolution", _("Tissue density"), _("Density ρ of brain tissue"), unit="g/ml", minimum=0.5, maximum=2
    )
    hematocrit_factor: float = _parameter(
        0.73,
        "deconvolution",
        _("Haematocrit factor"),
        _("k_H = (1 − large-vessel hematocrit) / (1 − small-vessel hematocrit)"),
        minimum=0.1,
        maximum=2,
    )
    cbv_from: str = _parameter(
        "area",
        "deconvolution",
        _("CBV from"),
        _("CBV from the areas of tissue curve and AIF, or from the area of the residue function"),
        choices=("area", "residue"),
        applies={"method": SUM_METHODS},
    )
    relative_to: str = _parameter(
        "absolute",
        "maps",
        _("Map values"),
        _("Absolute units, or relative to the whole-brain mean or to the mirrored hemisphere"),
        choices=("absolute", "brain_mean", "mirror"),
    )
    map_smoothing_mm: float = _parameter(
        0.0,
        "maps",
        _("Map smoothing"),
        _("Standard deviation of a Gaussian smoothing of the maps"),
        unit="mm",
        minimum=0,
        maximum=20,
    )
    hide_vessels: bool = _parameter(False, "maps", _("Hide vessels"), _("Leave large vessels out of the maps"))
    hide_csf: bool = _parameter(False, "maps", _("Hide CSF"), _("Leave cerebrospinal fluid out of the maps"))

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

    def method_options(self) -> dict[str, float | str | None]:
        """Options of the chosen method as `deconvolve` takes them, dict of str to value."""
        names = {
            "sSVD": {"threshold": self.ssvd_threshold},
            "bcSVD": {"threshold": self.bcsvd_threshold},
            "oSVD": {"oscillation_index": self.oscillation_index},
            "dSVD": {"threshold": self.dsvd_threshold},
            "Tikhonov": {
                "regularization": self.tikhonov_lambda if self.tikhonov_rule == "fixed" else self.tikhonov_rule
            },
            "Wiener": {"noise": self.wiener_noise},
            "Bayesian": {"dispersion": self.bayesian_dispersion},
        }
        return names.get(self.method, {})

    def unmet(self, name: str) -> tuple[str, tuple] | None:
        """The condition under which a field would have an effect, where it has none under the other fields' values.

        Parameters
        ----------
        name : str
            A field's name.

        Returns
        -------
        other : str
            Name of another field.
        values : tuple
            What it would have to be.
        None instead of both where the field has an effect.
        """
        for other, values in self.__dataclass_fields__[name].metadata["applies"].items():
            found = self.unmet(other)
            if found is not None:
                return found
            if getattr(self, other) not in values:
                return other, values
        return None


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
        raise PerfusionError(f"The setting {parameter.name} is {value}; it must be {_range(limits)}.")


_KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a word"}


def _range(limits):
    lowest, highest, unit = limits["minimum"], limits["maximum"], limits["unit"]
    between = f"at least {lowest:g}" if highest is None else f"{lowest:g} to {highest:g}"
    return f"{between} {unit}".rstrip()
