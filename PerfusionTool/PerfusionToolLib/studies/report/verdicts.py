"""The rules by which each step of a study is called good, to be checked, or poor.

A rule is one number that is measured in the study and two limits. They are the ones of this file and of nothing else:
what the literature asks of a scan, and what the program itself warns of. They judge whether a step can be trusted, not
the patient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...perfusion.analysis import Analysis
from ...perfusion.arterial_input.judgement import LARGEST_FIT_ERROR
from ...perfusion.bolus import LARGEST_REST
from ...perfusion.curves import half_rise_time
from ...perfusion.input_doubts import LARGEST_REST as LARGEST_ARTERIAL_REST
from ...perfusion.input_doubts import SMALLEST_PEAK_RATIO
from ...perfusion.maps import DOUBTFUL, NO_RESULT
from ...perfusion.noise import curve_noise, voxel_noise

GOOD, CHECK, POOR = "good", "check", "poor"
LEVELS = (GOOD, CHECK, POOR)
NAN = float("nan")
# Smaller than any noise that a scan has, so that a simulated one without noise gives a number.
LEAST_NOISE = 1e-12
# s after the arrival within which the bolus passes, where frames must be close.
PASSAGE = 20.0


@dataclass(frozen=True)
class Rule:
    """One number of a study and the limits beyond which it speaks against a step.

    Parameters
    ----------
    step : str
    what : str
        What is measured.
    unit : str
    worse : {"above", "below"}
        On which side of the limits values are worse; a value at a limit is not beyond it.
    check, poor : float
        NaN where there is no such level.
    why : str
    measure : callable
        From a study to the number; NaN where there is none.
    """

    step: str
    what: str
    unit: str
    worse: str
    check: float
    poor: float
    why: str
    measure: Callable[[Analysis], float]

    def level(self, value: float) -> str:
        """What a value means: "good", "check" or "poor"; of NaN, "good".

        Parameters
        ----------
        value : float

        Returns
        -------
        str
        """
        sign = 1 if self.worse == "above" else -1
        if sign * value > sign * self.poor:
            return POOR
        return CHECK if sign * value > sign * self.check else GOOD


@dataclass(frozen=True)
class Finding:
    """What a rule found in a study.

    Parameters
    ----------
    rule : Rule
    value : float
        NaN where nothing could be measured.
    level : {"good", "check", "poor"}
    """

    rule: Rule
    value: float
    level: str


@dataclass(frozen=True)
class Verdict:
    """How far one step of a study can be trusted.

    Parameters
    ----------
    step : str
    level : {"good", "check", "poor"}
        The worst of its findings; at least "check" where the step gave a warning or nothing could be measured.
    findings : tuple of Finding
    warnings : tuple of str
        Sentences that the step gave.
    """

    step: str
    level: str
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]


def verdicts(study: Analysis) -> tuple[Verdict, ...]:
    """Judge every step of a study by the rules.

    Parameters
    ----------
    study : Analysis
        With every stage done.

    Returns
    -------
    tuple of Verdict
        In the order of the steps.
    """
    return tuple(
        judged(step, [(rule, rule.measure(study)) for rule in RULES if rule.step == step], _warnings(study, stages))
        for step, stages in STEPS.items()
    )


def judged(step: str, measured: list[tuple[Rule, float]], warnings: tuple[str, ...]) -> Verdict:
    """The verdict on a step.

    Parameters
    ----------
    step : str
    measured : list of (Rule, float)
    warnings : tuple of str

    Returns
    -------
    Verdict
    """
    findings = tuple(Finding(rule, value, rule.level(value)) for rule, value in measured)
    known = [finding for finding in findings if not np.isnan(finding.value)]
    levels = [finding.level for finding in known] + [CHECK] * (bool(warnings) or not known)
    return Verdict(step, max(levels, key=LEVELS.index), findings, warnings)


def worst(levels: list[str]) -> str:
    """The worst of some levels.

    Parameters
    ----------
    levels : list of str

    Returns
    -------
    str
    """
    return max(levels, key=LEVELS.index)


def _warnings(study, stages):
    return tuple(sentence for stage in stages for sentence in study.warnings_of(stage))


def _longest_interval(study):
    start = study.times[study.bolus.arrival]
    passing = study.times[(study.times >= start) & (study.times <= start + PASSAGE)]
    return float(np.diff(passing).max()) if passing.size > 1 else NAN


def _duration(study):
    times = study.series.times
    return float(times[-1] - times[0] + np.median(np.diff(times)))


def _displacement(study):
    return NAN if study.motion is None else float(study.motion.displacement[~study.motion.corrupted].max())


def _left_out(study):
    return NAN if study.motion is None else float(100 * study.motion.corrupted.mean())


def _largest_slice(study):
    """cm² of the slice that shows most of the brain."""
    axis = int(np.argmax(np.abs(study.grid.ijk_to_ras[2, 2::-1])))
    areas = study.brain_mask.sum(axis=tuple(other for other in range(3) if other != axis))
    return float(areas.max() * 1000 * study.grid.voxel_volume / study.grid.spacing[axis] / 100)


def _in_one_piece(study):
    labels, _ = ndimage.label(study.brain_mask, np.ones((3, 3, 3)))
    return float(100 * np.bincount(labels[study.brain_mask]).max() / study.brain_mask.sum())


def _frames_before(study):
    return float(study.bolus.baseline.size)


def _rest(study):
    curve = study.bolus.curve
    return float(100 * curve[-3:].mean() / curve.max())


def _contrast_to_noise(study):
    return float(study.brain_curve.max() / max(voxel_noise(study.concentration), LEAST_NOISE))


def _arterial_signal_to_noise(study):
    curve = study.arterial_input.measured
    return float(curve.max() / max(curve_noise(curve), LEAST_NOISE))


def _arterial_height(study):
    return float(study.arterial_input.measured.max() / study.brain_curve.max())


def _arterial_lateness(study):
    late = half_rise_time(study.arterial_input.measured, study.times) - half_rise_time(study.brain_curve, study.times)
    return float(late / np.median(np.diff(study.times)))


def _arterial_fit_error(study):
    return float(100 * study.arterial_input.fit.error)


def _arterial_rest(study):
    curve = study.arterial_input.measured
    return float(100 * curve[-3:].mean() / curve.max())


def _veins(study):
    """A person who scales by hand or gives a curve asks for no vein."""
    if study.settings.partial_volume != "auto" or study.arterial_input.source == "curve":
        return NAN
    return float(study.venous_output is not None)


def _scale(study):
    return float(study.arterial_input.scale)


def _scale_sd(study):
    return float(100 * study.arterial_input.scale_sd / study.arterial_input.scale)


def _doubtful(study):
    return _part_of_brain(study, DOUBTFUL)


def _without_result(study):
    return _part_of_brain(study, NO_RESULT)


def _part_of_brain(study, quality):
    return float(100 * (study.maps["Quality"][study.brain_mask] == quality).mean())


# Steps and the stages whose warnings belong to them.
STEPS = {
    "Time axis": ("preparation",),
    "Motion": ("motion",),
    "Brain mask": ("brain",),
    "Bolus": ("bolus",),
    "Noise": ("concentration",),
    "Arterial input": ("vessels", "arterial_input"),
    "Partial volume": (),
    "Maps": ("smoothing", "leakage", "deconvolution", "maps"),
}

RULES = (
    Rule(
        "Time axis",
        "longest interval while the bolus passes",
        "s",
        "above",
        3.0,
        4.0,
        "wider intervals miss the peak of the AIF, so that CBF comes out too high",
        _longest_interval,
    ),
    Rule(
        "Time axis",
        "length of the scan",
        "s",
        "below",
        60.0,
        40.0,
        "shorter scans end before late tissue has washed out",
        _duration,
    ),
    Rule(
        "Motion",
        "largest displacement of a frame in use",
        "mm",
        "above",
        2.0,
        6.0,
        "motion that is undone still blurs, and moves tissue to other slices",
        _displacement,
    ),
    Rule(
        "Motion",
        "frames left out",
        "%",
        "above",
        0.0,
        10.0,
        "what is missing may be the peak of the bolus",
        _left_out,
    ),
    Rule(
        "Brain mask",
        "largest slice",
        "cm²",
        "below",
        90.0,
        50.0,
        "a mask of an adult's brain that is smaller has lost tissue, unless only the vertex was scanned",
        _largest_slice,
    ),
    Rule(
        "Brain mask",
        "largest slice",
        "cm²",
        "above",
        240.0,
        300.0,
        "a larger mask has taken in skull or scalp",
        _largest_slice,
    ),
    Rule(
        "Brain mask",
        "part of the mask in one piece",
        "%",
        "below",
        98.0,
        90.0,
        "loose pieces are seldom brain",
        _in_one_piece,
    ),
    Rule(
        "Bolus",
        "frames of the baseline",
        "",
        "below",
        3.0,
        2.0,
        "every curve is measured from the mean of these frames",
        _frames_before,
    ),
    Rule(
        "Bolus",
        "contrast left at the end, part of the peak",
        "%",
        "above",
        25.0,
        100 * LARGEST_REST,
        "a bolus cut off makes CBV and MTT too low",
        _rest,
    ),
    Rule(
        "Noise",
        "peak of the mean curve over the noise of a voxel",
        "",
        "below",
        4.0,
        2.0,
        "in sample heads, half of the voxels are doubtful where noise is half of the peak",
        _contrast_to_noise,
    ),
    Rule(
        "Arterial input",
        "peak over that of the tissue's mean",
        "",
        "below",
        SMALLEST_PEAK_RATIO,
        SMALLEST_PEAK_RATIO - 1,
        "a flat AIF is tissue, or a vessel smaller than a voxel",
        _arterial_height,
    ),
    Rule(
        "Arterial input",
        "rise after the tissue's mean, in intervals",
        "",
        "above",
        0.5,
        2.0,
        "a late AIF is a vein, or beyond an occlusion",
        _arterial_lateness,
    ),
    Rule(
        "Arterial input",
        "misfit of a gamma variate, part of the peak",
        "%",
        "above",
        8.0,
        100 * LARGEST_FIT_ERROR,
        "the first pass of a bolus is a gamma variate",
        _arterial_fit_error,
    ),
    Rule(
        "Arterial input",
        "contrast left at the end, part of the peak",
        "%",
        "above",
        40.0,
        100 * LARGEST_ARTERIAL_REST,
        "the AIF is truncated, or no artery",
        _arterial_rest,
    ),
    Rule(
        "Arterial input",
        "peak over its noise",
        "",
        "below",
        20.0,
        8.0,
        "noise of the AIF is an error common to all voxels",
        _arterial_signal_to_noise,
    ),
    Rule(
        "Partial volume",
        "veins to scale by",
        "",
        "below",
        1.0,
        NAN,
        "without a vein, CBF and CBV are as much too high as the AIF is too low",
        _veins,
    ),
    Rule(
        "Partial volume",
        "factor of the AIF",
        "",
        "above",
        2.5,
        5.0,
        "the less of a voxel an artery fills, the less its curve is one of blood",
        _scale,
    ),
    Rule(
        "Partial volume",
        "standard deviation of the factor",
        "%",
        "above",
        20.0,
        40.0,
        "CBF and CBV of the whole brain share it",
        _scale_sd,
    ),
    Rule("Maps", "doubtful voxels", "%", "above", 10.0, 40.0, "see the map of quality", _doubtful),
    Rule("Maps", "voxels without a result", "%", "above", 2.0, 10.0, "see the map of quality", _without_result),
)
