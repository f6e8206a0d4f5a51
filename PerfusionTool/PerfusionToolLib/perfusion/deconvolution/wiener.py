"""Wiener: the Fourier filter with the least mean square error for residue functions as frequent as the curves say."""

from __future__ import annotations

import numpy as np

from .modes import circular_modes
from .problem import Problem, positive_number
from .residue import LinearEstimator

TRANSIT_TIMES = np.geomspace(1.0, 30.0, 18)
NOISE_TO_SIGNAL = np.geomspace(1e-4, 1e2, 25)
"""Mean transit times in s, and noise over signal at the strongest frequency, between which the spectrum is fitted."""

WITHOUT_EXAMPLES = 0.01
"""η as a part of the largest |Â|² where there is no curve to learn it from."""


def prepare(problem: Problem, *, noise: float | None = None) -> LinearEstimator:
    """Wiener filter on the zero-padded circle: insensitive to delay, of either sign.

    k̂ = Â*·Ĉ / (|Â|² + η), where Â and Ĉ are the Fourier transforms of arterial input and tissue curve.

    Parameters
    ----------
    problem : Problem
        Arterial input, times and examples of the curves.
    noise : float, optional
        η at every frequency, as a part of the largest |Â|²; learned from the curves where left out.

    Returns
    -------
    LinearEstimator

    Notes
    -----
    η is the power of the noise over that of k. k is taken for an exponential of mean transit time M, the power of which
    is V²/(1 + ω²M²), and the noise for white, so that the power of the curves at a frequency is
    |Â|²·V²/(1 + ω²M²) + N. M, V and N are those for which the powers found are most likely (Whittle's likelihood). The
    powers of the curves are pooled by the mean of their logarithms, so that large vessels do not decide.

    References
    ----------
    Gobbel GT, Fike JR, Phys Med Biol 1994;39:1833-1854. doi:10.1088/0031-9155/39/11/004
    """
    modes = circular_modes(problem)
    gains = modes.singular_values
    if noise is not None:
        positive_number(noise, "noise of Wiener")
        ratio = noise * gains[0] ** 2
    elif problem.examples is None or len(problem.examples) == 0:
        ratio = WITHOUT_EXAMPLES * gains[0] ** 2
    else:
        ratio = _likeliest_ratio(modes, problem.examples)
    return LinearEstimator(modes, gains / (gains**2 + ratio))


def _likeliest_ratio(modes, examples):
    """Power of the noise over that of k, at the frequencies of the modes."""
    gains = modes.singular_values
    powers = np.exp(np.mean(np.log((examples @ modes.read.T) ** 2 + np.finfo(float).tiny), axis=0))
    roll_off = 1 + (modes.frequencies * TRANSIT_TIMES[:, None]) ** 2
    ratios = gains[0] ** 2 * NOISE_TO_SIGNAL[:, None, None] * roll_off
    spectra = gains**2 / ratios + 1
    noise = np.mean(powers / spectra, axis=-1)
    unlikeliness = np.log(noise) + np.mean(np.log(spectra), axis=-1)
    return ratios[np.unravel_index(unlikeliness.argmin(), unlikeliness.shape)]
