"""How the steps of a study stand, in one sentence each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from slicer.i18n import tr as _

from .wording import frames_in_words, voxels_in_words

STEPS = ("scan", "preparation", "brain_mask", "bolus", "arterial_input", "maps", "probe")
# The last stage of the analysis that belongs to a step, and the step that a stage belongs to.
LAST_STAGE = {
    "preparation": "motion",
    "brain_mask": "brain",
    "bolus": "bolus",
    "arterial_input": "arterial_input",
    "maps": "maps",
    "probe": "maps",
}
STEP_OF = {
    "preparation": "preparation",
    "motion": "preparation",
    "brain": "brain_mask",
    "bolus": "bolus",
    "concentration": "bolus",
    "vessels": "arterial_input",
    "smoothing": "preparation",
    "leakage": "maps",
    "arterial_input": "arterial_input",
    "deconvolution": "maps",
    "maps": "maps",
}
STAGES = tuple(STEP_OF)


@dataclass(frozen=True)
class State:
    """How a step stands.

    Parameters
    ----------
    kind : {"waiting", "running", "done", "attention"}
    sentence : str
        For a person to read.
    """

    kind: str
    sentence: str


def finished_states(analysis) -> dict[str, State]:
    """The states of the steps that an analysis has done, by step.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    dict of str to State
        "attention" where there are warnings, which then are the sentence.
    """
    sentences = {
        step: _SENTENCES[step](analysis) for step, stage in LAST_STAGE.items() if stage in analysis.stages_done
    }
    warnings = _warnings_by_step(analysis)
    return {
        step: State("attention", " ".join(warnings[step])) if warnings.get(step) else State("done", sentence)
        for step, sentence in sentences.items()
    }


def _warnings_by_step(analysis):
    """Every warning under the step where a person can do something about it."""
    done = analysis.stages_done
    by_step = {
        "bolus": analysis.bolus.warnings if "bolus" in done else (),
        "arterial_input": analysis.arterial_input.warnings if "arterial_input" in done else (),
        "maps": analysis.warnings_of("leakage") + analysis.warnings_of("deconvolution"),
    }
    told = {sentence for sentences in by_step.values() for sentence in sentences}
    by_step["preparation"] = tuple(sentence for sentence in analysis.warnings if sentence not in told)
    return by_step


def _preparation(analysis):
    if analysis.motion is None:
        return _("Motion was not corrected.")
    return _("Motion of up to {largest:.1f} mm was corrected.").format(largest=analysis.motion.displacement.max())


def _brain_mask(analysis):
    volume = analysis.brain_mask.sum() * analysis.grid.voxel_volume
    if analysis.given_brain_mask is not None:
        return _("{volume:.0f} ml, from a segment.").format(volume=volume)
    return _("{volume:.0f} ml, found automatically.").format(volume=volume)


def _bolus(analysis):
    bolus = analysis.bolus
    time = analysis.times[bolus.arrival] - analysis.series.times[0]
    return _("Arrives after {time:.1f} s, in frame {frame}; {frames} of baseline.").format(
        time=time, frame=analysis.frames[bolus.arrival], frames=frames_in_words(bolus.baseline.size)
    )


def _arterial_input(analysis):
    arterial = analysis.arterial_input
    source, found = _SOURCES[arterial.source], _slice_of(analysis)
    if found is not None:
        source = _("{source} in slice {slice}").format(source=source, slice=found)
    return _("{source}: {voxels}, peak {peak:.3g} {unit}, scaled by {scale}.").format(
        source=source,
        voxels=voxels_in_words(arterial.voxels.sum()),
        peak=arterial.curve.max(),
        unit="HU" if analysis.series.modality == "CT" else "1/s",
        scale=arterial.scale_in_words,
    )


def _slice_of(analysis):
    """Slice of the arterial input, numbered as in the table of candidates; None for a given curve."""
    kind, value = analysis.arterial_input_choice
    if kind == "curve":
        return None
    if kind == "mask":
        return int(np.bincount(analysis.arterial_input.voxels.nonzero()[0]).argmax())
    place = analysis.arterial_input.candidates[0].place if kind == "automatic" else value
    return round(float(analysis.grid.to_indices(place)[0]))


def _maps(analysis):
    sentence = _("{method}, {relative}.").format(
        method=analysis.settings.method, relative=_RELATIVE[analysis.settings.relative_to]
    )
    return sentence if analysis.leakage is None else f"{sentence} {analysis.leakage.sentence}"


def _probe(analysis):
    return _("Hold Shift over a view to see curves and values.")


_SENTENCES = {
    "preparation": _preparation,
    "brain_mask": _brain_mask,
    "bolus": _bolus,
    "arterial_input": _arterial_input,
    "maps": _maps,
    "probe": _probe,
}
_SOURCES = {
    "automatic": _("Found automatically"),
    "candidate": _("A candidate"),
    "seed": _("Grown from a seed"),
    "mask": _("Drawn"),
    "curve": _("A given curve"),
}
_RELATIVE = {
    "absolute": _("absolute units"),
    "brain_mean": _("relative to the mean of the brain"),
    "mirror": _("relative to the other side"),
}
