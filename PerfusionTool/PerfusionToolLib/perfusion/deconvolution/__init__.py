"""From tissue curves and an arterial input to CBF, CBV, MTT and Tmax: one file an estimator, one signature."""

from .estimate import Estimate, Flag
from .methods import METHODS, blood_volume, deconvolve, deconvolve_steps

__all__ = ["METHODS", "Estimate", "Flag", "blood_volume", "deconvolve", "deconvolve_steps"]
