"""Leakage of contrast agent out of the vessels in DSC-MRI: found, and taken out of the tissue's curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import lfilter

from .errors import PerfusionError
from .progress import Progress, Steps, drain
from .settings import LEAKAGE_CORRECTIONS
from .threads import in_threads
from .words import counted

LAST_FRAMES = 10
FEWEST_REFERENCE_VOXELS = 30
# What makes the reference curve that of other tissue: it arrives sooner or later, and is spread by its transit, s.
SHIFTS = np.arange(-2, 10.25, 0.5)
SPREADS = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0)
# Rates at which contrast returns to the blood, 1/s; 0 is the model without return.
WASHOUTS = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)
# A model with one parameter more has to earn it: Akaike's information criterion.
AKAIKE = 2.0
# Normal noise is above its standard deviation so often.
CHANCE = 0.32
_FINE_STEP = 0.1
_CHUNK = 4096
_TEXT = "Correcting leakage"


@dataclass(frozen=True, eq=False)
class Leakage:
    """Leakage of n voxels, and their curves without it. NaN where none was looked for.

    Parameters
    ----------
    curves : ndarray of shape (n, t), float32
        ΔR2* in 1/s without the part of the leakage, where `is_corrected`; else as measured.
    k1 : ndarray of shape (n,)
        Size of the voxel's own curve beside the reference curve.
    k2 : ndarray of shape (n,)
        Rate of leakage in 1/s, in parts of the reference curve: positive where the shorter T1 of leaked contrast
        outweighs (the curve falls below the baseline), negative where its T2* does.
    k2_sd : ndarray of shape (n,)
        Standard deviation of K2 in 1/s.
    washout : ndarray of shape (n,)
        Rate in 1/s at which contrast returns to the blood; 0 where no return is seen, or looked for.
    fit : ndarray of shape (n,)
        R² of the model.
    is_corrected : ndarray of shape (n,), bool
        Where K2 is above its standard deviation, the washout being what it is: elsewhere K2 is not to be trusted.
    reference : ndarray of shape (n,), bool
        Voxels that make the reference curve.
    reference_curve : ndarray of shape (t,)
        Their mean ΔR2* in 1/s.
    """

    curves: np.ndarray
    k1: np.ndarray
    k2: np.ndarray
    k2_sd: np.ndarray
    washout: np.ndarray
    fit: np.ndarray
    is_corrected: np.ndarray
    reference: np.ndarray
    reference_curve: np.ndarray

    @property
    def corrected_part(self) -> float:
        """Part of the voxels with a K2 in which it is above its standard deviation, 0 to 1."""
        return float(self.is_corrected.sum() / np.isfinite(self.k2).sum())

    @property
    def sentence(self) -> str:
        """What was done, in words."""
        return (
            f"Leakage was corrected in {100 * self.corrected_part:.0f} % of the tissue, where K2 is above its standard "
            f"deviation; the reference is the mean of {counted(int(self.reference.sum()), 'voxel')} that do not "
            "enhance in the last frames."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know: that K2 is not to be trusted."""
        if self.corrected_part > CHANCE:
            return ()
        return (
            f"K2 is above its standard deviation in only {100 * self.corrected_part:.0f} % of the tissue, no more than "
            "noise alone gives: do not take it for leakage.",
        )


def correct_leakage_steps(
    curves: np.ndarray, times: np.ndarray, tissue: np.ndarray, csf: np.ndarray, model: str = "BSW"
) -> Steps[Leakage]:
    """Find how much contrast agent leaks, and take its part out of the curves, step by step.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        ΔR2* in 1/s.
    times : ndarray of shape (t,)
        Frame times in s, regular or not.
    tissue : ndarray of shape (n,), bool
        Voxels that may leak: not the large vessels.
    csf : ndarray of shape (n,), bool
        Voxels that have no part in the reference curve.
    model : {"BSW", "bidirectional"}
        Boxerman, Schmainda and Weisskoff [1]_: contrast stays where it has leaked to. Bidirectional (Leu) [2]_: some of
        it returns to the blood.

    Yields
    ------
    Progress

    Returns
    -------
    Leakage

    Raises
    ------
    PerfusionError
        If the model is unknown, or too few voxels can make the reference curve.

    Notes
    -----
    With the reference curve R of tissue that does not leak,

        ΔR2*(t) = K1·R(t) − K2·∫₀ᵗ R(u)·exp(−k·(t − u)) du,

    k = 0 for BSW. K1 and K2 follow by linear least squares for each k of a grid. In curves that do not come late this
    finds CBV as near to the truth as the linear form of three columns in [2]_ does, and k is never negative.

    The models take all tissue to fill at the same time and pace. Where it fills late, as in ischaemia, they see the
    late curve as leakage by T2*: BSW then takes half of the CBV away, the bidirectional model all of it. Hence R is
    moved in time, as in [3]_, and spread by an exponential, for every voxel as fits it best. Shift, spread and k are
    each taken only where Akaike's criterion says that the curve needs them.

    The reference is the mean of the tissue voxels whose last ten frames are, as a part of their peak, within one
    standard deviation (from the median absolute deviation) of the median over the tissue: a leak of either kind shows
    there, recirculation is the same for all, and most of a brain does not leak.

    The standard deviation of K2 counts that K1, shift, spread and k are not known either.

    References
    ----------
    .. [1] Boxerman JL, Schmainda KM, Weisskoff RM. Relative cerebral blood volume maps corrected for contrast agent
       extravasation significantly correlate with glioma tumor grade, whereas uncorrected maps do not. AJNR 2006;27:859.
    .. [2] Leu K et al. Improved leakage correction for single-echo dynamic susceptibility contrast perfusion MRI
       estimates of relative cerebral blood volume in high-grade gliomas by accounting for bidirectional contrast agent
       exchange. AJNR 2016;37:1440. doi:10.3174/ajnr.A4759
    .. [3] Leigh R et al. Arrival time correction for dynamic susceptibility contrast MR permeability imaging in stroke
       patients. PLoS ONE 2012;7:e52656. doi:10.1371/journal.pone.0052656
    """
    if model not in LEAKAGE_CORRECTIONS[1:]:
        raise PerfusionError(f"Unknown leakage correction {model!r}; choose {' or '.join(LEAKAGE_CORRECTIONS[1:])}.")
    times = np.asarray(times, float)
    curves = np.asarray(curves, np.float32)
    usable = np.asarray(tissue, bool) & np.isfinite(curves).all(axis=1)
    yield Progress("leakage", 0.0, _TEXT)
    reference = find_reference(curves, usable & ~np.asarray(csf, bool))
    reference_curve = curves[reference].mean(axis=0, dtype=float)
    yield Progress("leakage", 0.05, _TEXT)
    washouts = WASHOUTS if model == "bidirectional" else WASHOUTS[:1]
    families = []
    for number, washout in enumerate(washouts):
        families += [_family(reference_curve, times, washout, shifts, spreads) for shifts, spreads in _MOVED]
        yield Progress("leakage", 0.05 + 0.15 * (number + 1) / len(washouts), _TEXT)

    corrected = curves.copy()
    values = np.full((len(_VALUES), len(curves)), np.nan, np.float32)
    is_corrected = np.zeros(len(curves), bool)
    rows = np.flatnonzero(usable)

    def fit(start):
        part = rows[start : start + _CHUNK]
        values[:, part], leaked, trusted = _fit(curves[part], families)
        is_corrected[part] = trusted
        corrected[part[trusted]] -= leaked[trusted]

    yield from in_threads("leakage", fit, range(0, rows.size, _CHUNK), _TEXT, 0.2, 1.0)
    return Leakage(
        curves=corrected,
        **dict(zip(_VALUES, values, strict=True)),
        is_corrected=is_corrected,
        reference=reference,
        reference_curve=reference_curve,
    )


def correct_leakage(
    curves: np.ndarray, times: np.ndarray, tissue: np.ndarray, csf: np.ndarray, model: str = "BSW"
) -> Leakage:
    """Find how much contrast agent leaks, and take its part out of the curves.

    Parameters
    ----------
    curves, times, tissue, csf, model
        As for `correct_leakage_steps`.

    Returns
    -------
    Leakage

    Raises
    ------
    PerfusionError
        As `correct_leakage_steps`.
    """
    return drain(correct_leakage_steps(curves, times, tissue, csf, model))


def find_reference(curves: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Voxels that do not enhance in the last frames more or less than the tissue at large.

    Parameters
    ----------
    curves : ndarray of shape (n, t)
        ΔR2*.
    usable : ndarray of shape (n,), bool
        Voxels to choose from.

    Returns
    -------
    ndarray of shape (n,), bool

    Raises
    ------
    PerfusionError
        If fewer than 30 can be used.
    """
    last = min(LAST_FRAMES, curves.shape[1] // 4)
    peak = curves.max(axis=1)
    usable = usable & (peak > 0) & (np.argmax(curves, axis=1) < curves.shape[1] - last)
    late = np.divide(curves[:, -last:].mean(axis=1), peak, out=np.zeros_like(peak), where=usable)
    reference = usable.copy()
    if usable.any():
        distance = np.abs(late - np.median(late[usable]))
        reference &= distance <= 1.4826 * np.median(distance[usable])
    if reference.sum() < FEWEST_REFERENCE_VOXELS:
        raise PerfusionError(
            f"Only {reference.sum()} voxels can make the reference curve of the leakage correction; "
            "switch leakage correction off."
        )
    return reference


_VALUES = ("k1", "k2", "k2_sd", "washout", "fit")


# Not moved at all, moved in time, spread, and both: what is not needed is no parameter.
_MOVED = [
    (shifts, spreads) for spreads in (SPREADS[:1], SPREADS[1:]) for shifts in (SHIFTS[SHIFTS == 0], SHIFTS[SHIFTS != 0])
]


class _Family(NamedTuple):
    """Models of one washout, for m shifts and spreads.

    Each has two curves, that of the blood and that of the leak, as the orthonormal ``basis`` (2, m, t) and the
    triangular factor (``blood``, ``shared``, ``leak_norm``), each (m,). ``alone`` (m,) is the length of what of the
    leak's curve a change of shift or spread cannot imitate, ``alone_of_all`` of washout neither; ``parameters`` is the
    number of what is fitted.
    """

    washout: float
    basis: np.ndarray
    leaks: np.ndarray
    blood: np.ndarray
    shared: np.ndarray
    leak_norm: np.ndarray
    alone: np.ndarray
    alone_of_all: np.ndarray
    parameters: int


def _family(reference, times, washout, shifts, spreads):
    clock = np.arange(times[0], times[-1] + 2 * _FINE_STEP, _FINE_STEP)
    fine = CubicSpline(times, reference, extrapolate=False)(clock)
    fine[np.isnan(fine)] = reference[-1]

    def at_frames(curve, shift=0.0):
        return np.interp(times - shift, clock, curve, left=0.0)

    models, alone = [], []
    for spread in spreads:
        blood, wider = _spread(fine, spread), _spread(fine, spread + 0.5)
        leak = -_accumulated(blood, washout)
        faster = -_accumulated(blood, washout + 0.005)
        for shift in shifts:
            imitating = [at_frames(blood, shift), at_frames(blood, shift + 0.25), at_frames(wider, shift)]
            in_frames = at_frames(leak, shift)
            models.append(_orthogonal(imitating[0], in_frames))
            further = [at_frames(faster, shift)] if washout else []
            alone.append((_length_of_rest(in_frames, imitating), _length_of_rest(in_frames, imitating + further)))
    basis, leaks, blood, shared, leak_norm = (np.array(part) for part in zip(*models, strict=True))
    parameters = 2 + bool(washout) + (len(shifts) > 1) + bool(spreads[0])
    basis = np.ascontiguousarray(np.swapaxes(basis, 0, 1), np.float32)
    return _Family(washout, basis, leaks.astype(np.float32), blood, shared, leak_norm, *np.array(alone).T, parameters)


def _accumulated(curve, washout):
    """What has leaked from a curve on the fine clock and has not returned."""
    kept = np.exp(-washout * _FINE_STEP)
    return lfilter([_FINE_STEP / 2, _FINE_STEP / 2 * kept], [1, -kept], curve)


def _spread(curve, seconds):
    return _accumulated(curve, 1 / seconds) / seconds if seconds else curve


def _length_of_rest(curve, others):
    """Length of what is left of a curve when others explain as much of it as they can."""
    others = np.stack(others, axis=1)
    return np.linalg.norm(curve - others @ np.linalg.lstsq(others, curve, rcond=None)[0])


def _orthogonal(blood, leak):
    """The curves of one model, made orthonormal."""
    blood_norm = np.linalg.norm(blood)
    first = blood / blood_norm
    shared = first @ leak
    rest = leak - shared * first
    leak_norm = np.linalg.norm(rest)
    return (first, rest / leak_norm), leak, blood_norm, shared, leak_norm


def _fit(curves, families):
    """`_VALUES` (5, n) of the model that suits each curve best; what has leaked, (n, t); whether to trust it, (n,)."""
    frames = curves.shape[1]
    total = np.einsum("ij,ij->i", curves, curves)
    residual = np.full(len(curves), np.inf, np.float32)
    score = np.full(len(curves), np.inf)
    values = np.empty((len(_VALUES), len(curves)), np.float32)
    leaked, trusted = np.empty_like(curves), np.empty(len(curves), bool)
    for family in families:
        along = curves @ family.basis[0].T, curves @ family.basis[1].T
        explained = along[0] ** 2 + along[1] ** 2
        best = explained.argmax(axis=1)
        rows = np.arange(len(curves))
        left = np.maximum(total - explained[rows, best], np.finfo(np.float32).tiny)
        akaike = frames * np.log(left) + AKAIKE * family.parameters
        better = akaike < score
        score[better], residual[better] = akaike[better], left[better]
        rows, best = rows[better], best[better]
        k2 = along[1][rows, best] / family.leak_norm[best]
        k1 = (along[0][rows, best] - family.shared[best] * k2) / family.blood[best]
        noise = np.sqrt(left[better] / max(frames - family.parameters, 1))
        values[:3, better] = k1, k2, noise / family.alone_of_all[best]
        values[3, better] = family.washout
        leaked[better] = k2[:, None] * family.leaks[best]
        trusted[better] = np.abs(k2) * family.alone[best] > noise
    values[-1] = 1 - residual / np.maximum(total, np.finfo(np.float32).tiny)
    return values, leaked, trusted
