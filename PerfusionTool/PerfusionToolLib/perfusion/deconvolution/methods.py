"""The methods by name, and the one way to call them."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from inspect import signature

import numpy as np

from ..errors import PerfusionError
from ..input_doubts import curve_doubts
from ..noise import curve_noise
from ..progress import Steps, drain
from ..settings import MODEL_METHODS
from ..threads import in_threads
from .convolution import time_weights
from .estimate import FLAG_TYPE, Estimate, Estimator, Flag, mark
from .problem import Problem, checked_problem, checked_tissue, positive_number

METHODS = {
    "sSVD": "ssvd",
    "bcSVD": "bcsvd",
    "oSVD": "osvd",
    "dSVD": "dsvd",
    "Tikhonov": "tikhonov",
    "Wiener": "wiener",
    "boxNLR": "boxnlr",
    "Bayesian": "bayesian",
}
"""Name of a method to its file, whose ``prepare(problem, *, options)`` gives an `Estimator`."""

SMALLEST_BOLUS = 5.0
"""The arterial input is compared with the tissue's mean curve where this rises by so many times its noise."""

CHUNK = 4096
MOST_EXAMPLES = 2048

# Rows of what is read from the voxels, and in which unit `Estimate` gives them.
_VALUES = ("peak", "area", "tmax", "delay", "mtt")
_NAMES = {"peak": "cbf", "area": "cbv", "tmax": "tmax", "delay": "delay", "mtt": "mtt"}


def deconvolve(
    tissue,
    arterial_input,
    times,
    method="bcSVD",
    *,
    quadrature="auto",
    density=1.05,
    hematocrit_factor=0.73,
    longest_tmax=25.0,
    cbv_from="area",
    area_until=None,
    **options,
) -> Estimate:
    """Haemodynamic values from tissue curves and an arterial input.

    C(t) = ∫ C_a(t − τ) k(τ) dτ with k = (ρ/k_H)·CBF·R is solved for k, with its sign.
    CBF = 6000·(k_H/ρ)·max k, CBV = 100·(k_H/ρ)·∫C/∫C_a, MTT = 60·CBV/CBF, Tmax is the lag of the maximum.

    Parameters
    ----------
    tissue : array_like of shape (n, t)
        Concentration curves of voxels. Kept by reference for `Estimate.residue`; not changed.
    arterial_input : array_like of shape (t,)
        Concentration in the artery, same unit.
    times : array_like of shape (t,)
        Frame times in s, strictly increasing. For irregular ones the methods that need regular times resample by cubic
        splines, and a note says so.
    method : {"bcSVD", "sSVD", "oSVD", "dSVD", "Tikhonov", "Wiener", "boxNLR", "Bayesian"}
        Estimator; dSVD, boxNLR and Bayesian also give the delay, the last two standard deviations.
    quadrature : {"auto", "simpson", "rectangle", "trapezoid", "linear"}
        Rule of the convolution integral; see `convolution`. "auto" is simpson for the SVD methods; methods with a
        model of the residue function integrate it over a cubic spline through the arterial input.
    density : float
        Density ρ of tissue in g/ml.
    hematocrit_factor : float
        k_H = (1 − large-vessel haematocrit) / (1 − small-vessel haematocrit).
    longest_tmax : float
        The peak is searched up to this lag in s, and among three lags at least, half a grid interval apart; the delay
        too, where a method has one.
    cbv_from : {"area", "residue"}
        CBV from the areas of the curves, by the trapezoid rule over the true times, or from the area of k. Methods
        with a model of the residue function have a CBV and an MTT of their own.
    area_until : float, optional
        Time in s, on the clock of `times`, at which the areas under the curves end; the last frame where left out.
    **options
        Of the method: ``threshold`` (sSVD 0.2, bcSVD 0.1, dSVD 0.15), ``oscillation_index`` (oSVD 0.035),
        ``regularization`` (Tikhonov "l_curve"; or "gcv" or a number), ``noise`` (Wiener: learned; or a number),
        ``dispersion`` and ``prior`` (Bayesian; see `bayesian.prepare`).

    Returns
    -------
    Estimate
        Its notes also say what is questionable about the arterial input.

    Raises
    ------
    PerfusionError
        If the curves or times cannot be used, the area under the arterial input until `area_until` is not above 0,
        or the method or an option is unknown.

    Notes
    -----
    The block-circulant methods (bcSVD, oSVD, Tikhonov, Wiener) and those that fit a delay also find tissue that fills
    up to 3 s before the artery: the flow is that of the peak, Tmax is 0 and the voxel is flagged.

    What Tikhonov and Wiener learn, they learn from about 2000 of the curves, spread evenly over all.
    """
    estimate = drain(
        deconvolve_steps(
            tissue,
            arterial_input,
            times,
            method,
            quadrature=quadrature,
            density=density,
            hematocrit_factor=hematocrit_factor,
            longest_tmax=longest_tmax,
            cbv_from=cbv_from,
            area_until=area_until,
            **options,
        )
    )
    arterial_input, times = np.asarray(arterial_input, float), np.asarray(times, float)
    doubts = curve_doubts(arterial_input, _mean_bolus(estimate.tissue), times)
    return replace(estimate, notes=estimate.notes + doubts)


def deconvolve_steps(
    tissue,
    arterial_input,
    times,
    method="bcSVD",
    *,
    quadrature="auto",
    density=1.05,
    hematocrit_factor=0.73,
    longest_tmax=25.0,
    cbv_from="area",
    area_until=None,
    **options,
) -> Steps[Estimate]:
    """`deconvolve` in short steps, with the same parameters; the arterial input is not judged.

    Yields
    ------
    Progress
        After every chunk of voxels.

    Returns
    -------
    Estimate
    """
    problem = checked_problem(arterial_input, times, quadrature, longest_tmax)
    tissue = checked_tissue(tissue, problem.times.size)
    problem = replace(problem, examples=_examples(tissue))
    scale = _scale(hematocrit_factor, density)
    if cbv_from not in ("area", "residue"):
        raise PerfusionError(f"CBV cannot come from {cbv_from!r}; choose area or residue.")
    preparing = in_threads(
        "deconvolution", lambda method: _prepare(method, problem, options), [method], f"Preparing {method}", 0.0, 0.1
    )
    (estimator,) = yield from preparing
    has_areas = cbv_from == "area" and method not in MODEL_METHODS
    area_weights = _area_weights(problem, area_until).astype(tissue.dtype) if has_areas else None
    values, flags = yield from _read_steps(estimator, tissue, area_weights, method)
    found = dict(zip(_VALUES, values[: len(_VALUES)], strict=True))
    deviations = dict(zip(_VALUES, values[len(_VALUES) :], strict=True))
    cbf, cbv, mtt = _clinical_values(found, scale)
    mark(flags, cbv <= 0, Flag.NO_VOLUME)
    return Estimate(
        cbf,
        cbv,
        mtt,
        found["tmax"],
        found["delay"],
        flags,
        _notes(problem, method),
        estimator,
        tissue,
        sd={_NAMES[name]: _unit(name, scale) * sd for name, sd in deviations.items() if np.isfinite(sd).any()},
    )


def blood_volume(tissue, arterial_input, times, *, density=1.05, hematocrit_factor=0.73, area_until=None) -> np.ndarray:
    """Cerebral blood volume from the areas under the curves, without deconvolution.

    Parameters
    ----------
    tissue, arterial_input, times, density, hematocrit_factor, area_until
        As for `deconvolve`.

    Returns
    -------
    ndarray of shape (n,)
        In ml/100 g; NaN where a curve is not finite.

    Raises
    ------
    PerfusionError
        As `deconvolve`.
    """
    problem = checked_problem(arterial_input, times, "auto", longest_tmax=1.0)
    tissue = checked_tissue(tissue, problem.times.size)
    weights = _area_weights(problem, area_until).astype(tissue.dtype)
    return 100 * _scale(hematocrit_factor, density) * (tissue @ weights)


def _examples(tissue):
    """Some usable curves, spread evenly over all."""
    curves = tissue[:: max(1, len(tissue) // MOST_EXAMPLES)]
    return curves[_usable(curves)[1]]


def _scale(hematocrit_factor, density):
    positive_number(density, "tissue density")
    positive_number(hematocrit_factor, "haematocrit factor")
    return hematocrit_factor / density


def _area_weights(problem, area_until):
    """Weights of the frames that give the area under a curve over that under the arterial input."""
    times = problem.times
    counted = np.full(times.size, True) if area_until is None else times <= area_until
    if counted.sum() < 2:
        raise PerfusionError(f"The areas cannot end at {area_until:g} s; choose a time after {times[1]:g} s.")
    weights = np.zeros(times.size)
    weights[counted] = time_weights(times[counted])
    area = weights @ problem.arterial_input
    if area <= 0:
        raise PerfusionError(
            f"The area under the arterial input until {area_until:g} s is {area:.3g}; it must be above 0: "
            "let the areas end after the bolus has arrived."
        )
    return weights / area


def _read_steps(estimator, tissue, area_weights, method):
    """Rows of `_VALUES` of all voxels and their standard deviations, and the voxels' flags, chunk by chunk."""
    values = np.empty((2 * len(_VALUES), len(tissue)), tissue.dtype)
    flags = np.empty(len(tissue), FLAG_TYPE)

    def read(start):
        chunk = slice(start, start + CHUNK)
        values[:, chunk], flags[chunk] = _read(estimator, tissue[chunk], area_weights)

    text = f"{method}: {{done}} of {{total}} parts"
    yield from in_threads("deconvolution", read, range(0, len(tissue), CHUNK), text, 0.1, 1.0)
    return values, flags


def _read(estimator, curves, area_weights):
    curves, has_curve = _usable(curves)
    reading = estimator.estimate(curves)
    found = {name: getattr(reading, name) for name in _VALUES}
    if area_weights is not None:
        found["area"] = curves @ area_weights
    has_result = has_curve & (reading.peak > 0)
    values = np.full((2 * len(_VALUES), len(curves)), np.nan, curves.dtype)
    for row, column in enumerate([*found.values(), *(reading.sd.get(name) for name in _VALUES)]):
        if column is not None:
            values[row] = np.where(has_result, column, np.nan)
    flags = np.where(has_result, reading.flags, np.where(has_curve, Flag.NO_PEAK, Flag.NO_CURVE))
    return values, flags


def _unit(name, scale):
    return {"peak": 6000 * scale, "area": 100 * scale}.get(name, 1)


def _clinical_values(found, scale):
    cbf, cbv = (found[name] * _unit(name, scale) for name in ("peak", "area"))
    mtt = found["mtt"]
    np.divide(60 * cbv, cbf, out=mtt, where=(cbv > 0) & np.isnan(mtt))
    return cbf, cbv, mtt


def _prepare(method: str, problem: Problem, options: dict) -> Estimator:
    if method not in METHODS:
        raise PerfusionError(f"Unknown method {method!r}; choose {', '.join(METHODS)}.")
    prepare = import_module(f"{__package__}.{METHODS[method]}").prepare
    known = list(signature(prepare).parameters)[1:]
    unknown = sorted(set(options) - set(known))
    if unknown:
        options = f"its options are {', '.join(known)}" if known else "it has none"
        raise PerfusionError(f"{method} has no option {unknown[0]!r}; {options}.")
    return prepare(problem, **options)


def _usable(curves):
    """Curves with zeros in place of those that are constant or not finite, and which of them are usable."""
    is_finite = np.isfinite(curves).all(axis=1)
    has_curve = is_finite & (curves != curves[:, :1]).any(axis=1)
    if not has_curve.all():
        curves = np.where(has_curve[:, None], curves, 0)
    return curves, has_curve


def _notes(problem, method):
    sampling = problem.sampling
    takes_any_times = method in MODEL_METHODS and problem.quadrature == "auto"
    if takes_any_times or not sampling.is_resampled:
        return ()
    return (
        f"Frame times are irregular: curves were resampled every {sampling.step:.3g} s by cubic splines "
        "for the deconvolution.",
    )


def _mean_bolus(tissue):
    """Mean of the usable curves; None where they show no bolus."""
    curves, has_curve = _usable(tissue)
    if not has_curve.any():
        return None
    mean = curves.sum(axis=0, dtype=float) / has_curve.sum()
    return mean if mean.max() > SMALLEST_BOLUS * curve_noise(mean) else None
