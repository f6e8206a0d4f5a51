"""The methods by name, and the one way to call them."""

from __future__ import annotations

from importlib import import_module
from inspect import signature

import numpy as np

from ..errors import PerfusionError
from ..progress import Steps, drain
from ..threads import in_threads
from .convolution import time_weights
from .estimate import Estimate, Estimator, Flag, mark
from .problem import Problem, checked_problem, checked_tissue, positive_number

METHODS = {
    "sSVD": "ssvd",
    "bcSVD": "bcsvd",
    "oSVD": "osvd",
    "Tikhonov": "tikhonov",
}
"""Name of a method to its file, whose ``prepare(problem, *, options)`` gives an `Estimator`."""

CHUNK = 4096


def deconvolve(
    tissue,
    arterial_input,
    times,
    method="bcSVD",
    *,
    quadrature="simpson",
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
        Frame times in s, strictly increasing. Irregular ones are resampled by cubic splines, and a note says so.
    method : {"bcSVD", "sSVD", "oSVD", "Tikhonov"}
        Estimator.
    quadrature : {"simpson", "rectangle", "trapezoid", "linear"}
        Rule of the convolution integral; see `convolution`.
    density : float
        Density ρ of tissue in g/ml.
    hematocrit_factor : float
        k_H = (1 − large-vessel haematocrit) / (1 − small-vessel haematocrit).
    longest_tmax : float
        The peak is searched up to this lag in s, and among three lags at least, half a grid interval apart.
    cbv_from : {"area", "residue"}
        CBV from the areas of the curves, by the trapezoid rule over the true times, or from the area of k.
    area_until : float, optional
        Time in s, on the clock of `times`, at which the areas under the curves end; the last frame where left out.
    **options
        Of the method: ``threshold`` (sSVD 0.2, bcSVD 0.1), ``oscillation_index`` (oSVD 0.035), ``regularization``
        (Tikhonov 0.1).

    Returns
    -------
    Estimate

    Raises
    ------
    PerfusionError
        If the curves or times cannot be used, the area under the arterial input until `area_until` is not above 0,
        or the method or an option is unknown.

    Notes
    -----
    The block-circulant methods (bcSVD, oSVD, Tikhonov) also find tissue that fills up to 3 s before the artery: the
    flow is that of the peak, Tmax is 0 and the voxel is flagged.
    """
    return drain(
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


def deconvolve_steps(
    tissue,
    arterial_input,
    times,
    method="bcSVD",
    *,
    quadrature="simpson",
    density=1.05,
    hematocrit_factor=0.73,
    longest_tmax=25.0,
    cbv_from="area",
    area_until=None,
    **options,
) -> Steps[Estimate]:
    """`deconvolve` in short steps, with the same parameters.

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
    scale = _scale(hematocrit_factor, density)
    if cbv_from not in ("area", "residue"):
        raise PerfusionError(f"CBV cannot come from {cbv_from!r}; choose area or residue.")
    estimator = _prepare(method, problem, options)
    area_weights = _area_weights(problem, area_until).astype(tissue.dtype) if cbv_from == "area" else None
    values, flags = yield from _read_steps(estimator, tissue, area_weights, method)
    cbf, cbv, mtt = _clinical_values(values[0], values[1], scale)
    mark(flags, cbv <= 0, Flag.NO_VOLUME)
    return Estimate(cbf, cbv, mtt, values[2], values[3], flags, _notes(problem), estimator, tissue)


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
    """Rows peak, area, Tmax and delay of all voxels, and their flags, chunk by chunk."""
    values = np.empty((4, len(tissue)), tissue.dtype)
    flags = np.empty(len(tissue), np.uint8)

    def read(start):
        chunk = slice(start, start + CHUNK)
        values[:, chunk], flags[chunk] = _read(estimator, tissue[chunk], area_weights)

    text = f"{method}: {{done}} of {{total}} parts"
    yield from in_threads("deconvolution", read, range(0, len(tissue), CHUNK), text)
    return values, flags


def _read(estimator, curves, area_weights):
    curves, has_curve = _usable(curves)
    reading = estimator.estimate(curves)
    area = reading.area if area_weights is None else curves @ area_weights
    delay = np.full(len(curves), np.nan) if reading.delay is None else reading.delay
    has_result = has_curve & (reading.peak > 0)
    values = np.where(has_result, [reading.peak, area, reading.tmax, delay], np.nan)
    flags = np.where(has_result, reading.flags, np.where(has_curve, Flag.NO_PEAK, Flag.NO_CURVE))
    return values, flags


def _clinical_values(peak, area, scale):
    cbf, cbv = peak * (6000 * scale), area * (100 * scale)
    mtt = np.divide(60 * cbv, cbf, out=np.full_like(cbf, np.nan), where=cbv > 0)
    return cbf, cbv, mtt


def _prepare(method: str, problem: Problem, options: dict) -> Estimator:
    if method not in METHODS:
        raise PerfusionError(f"Unknown method {method!r}; choose {', '.join(METHODS)}.")
    prepare = import_module(f"{__package__}.{METHODS[method]}").prepare
    known = list(signature(prepare).parameters)[1:]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise PerfusionError(f"{method} has no option {unknown[0]!r}; its options are {', '.join(known)}.")
    return prepare(problem, **options)


def _usable(curves):
    """Curves with zeros in place of those that are constant or not finite, and which of them are usable."""
    is_finite = np.isfinite(curves).all(axis=1)
    has_curve = is_finite & (curves != curves[:, :1]).any(axis=1)
    if not has_curve.all():
        curves = np.where(has_curve[:, None], curves, 0)
    return curves, has_curve


def _notes(problem):
    sampling = problem.sampling
    if not sampling.is_resampled:
        return ()
    return (
        f"Frame times are irregular: curves were resampled every {sampling.step:.3g} s by cubic splines "
        "for the deconvolution.",
    )
