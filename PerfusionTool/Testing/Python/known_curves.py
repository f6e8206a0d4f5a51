"""Arteries and tissue whose residue functions are known exactly."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.signal import fftconvolve
from scipy.special import gammaincc

FINE = 0.01
SCALE = 1.05 / 0.73 / 6000
TIMES = np.arange(45) * 1.41
IRREGULAR = np.concatenate([np.arange(0, 33, 1.0), np.arange(33, 47, 2.0), np.arange(47, 71, 3.0)])
RESIDUES = {
    "exponential": lambda t, mtt: np.exp(-t / mtt),
    "box": lambda t, mtt: (t < mtt).astype(float),
    "gamma": lambda t, mtt: gammaincc(4, 4 * t / mtt),
    "dispersed": lambda t, mtt: (2 * t / mtt) ** 3 * np.exp(3 - 6 * t / mtt),
}


def artery(times, start=8.0, width=1.5):
    since = np.clip(times - start, 0, None)
    return (since / (3 * width)) ** 3 * np.exp(3 - since / width) * 100


@cache
def fine_tissue(kind, mtt, width):
    t = np.arange(0, 130, FINE)
    return fftconvolve(artery(t, width=width), RESIDUES[kind](t, mtt))[: t.size] * FINE


def tissue(times, cbf, mtt, delay=0.0, kind="exponential", width=1.5):
    curve = fine_tissue(kind, mtt, width)
    return cbf * SCALE * np.interp(times - delay, np.arange(curve.size) * FINE, curve, left=0)


def noisy_mix(count=60, noise=0.5, seed=3):
    rng = np.random.default_rng(seed)
    cases = [(60, 4, 1.2), (25, 4.8, 0.4), (10, 8.4, 6.3), (20, 8, 3.1)]
    curves = np.array([tissue(TIMES, *cases[i % len(cases)]) for i in range(count)])
    return curves + rng.normal(0, noise, curves.shape)
