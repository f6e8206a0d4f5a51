"""The stages of an analysis: each takes what earlier ones gave, and returns its results and what to tell a person.

Every function is a generator of `Progress` that returns ``(results, warnings)``: a dict of named results, and a tuple
of sentences.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from . import arterial_input as arteries
from .bolus import find_bolus, mean_curve, threshold_curve
from .brain import BrainRegions, find_brain_steps, find_csf, find_vessels, vessel_rims
from .concentration import concentration, time_to_peak
from .curves import gather_curves_steps
from .deconvolution import blood_volume, deconvolve_steps
from .deconvolution.convolution import time_weights
from .errors import PerfusionError
from .hounsfield import stored_offset
from .leakage import correct_leakage_steps
from .maps import (
    MIRRORED,
    perfusion_maps,
    relative_to_mean,
    relative_to_mirror,
    scatter,
    smoothed_maps_steps,
    without,
)
from .motion import apply_motion_steps, estimate_motion_steps, remove_aliasing_steps
from .preprocessing import fill_missing, find_empty_frames, find_unsteady_frames, limit_mask, limit_matrix_steps
from .progress import Progress, part_of_stage
from .series import FEWEST_FRAMES
from .smoothing import fill_from_neighbours_steps, smooth_series_steps
from .symmetry import mirror_maps_steps
from .words import counted

TEXTS = {
    "preparation": "Checking frames and matrix",
    "motion": "Correcting motion",
    "brain": "Finding the brain",
    "bolus": "Finding the bolus",
    "concentration": "Computing contrast concentration",
    "vessels": "Looking for arteries and veins",
    "smoothing": "Smoothing inside the tissue",
    "leakage": "Correcting leakage",
    "arterial_input": "Preparing the arterial input",
    "deconvolution": "Deconvolving",
    "maps": "Computing maps",
}

# Of a scan of 200×200×23 voxels and 45 frames, for the progress of the whole.
_SECONDS = {
    "preparation": 0.1,
    "motion": 3.3,
    "brain": 0.5,
    "bolus": 0.1,
    "concentration": 0.4,
    "vessels": 0.9,
    "smoothing": 2.6,
    "arterial_input": 0.05,
    "deconvolution": 0.1,
    "maps": 0.1,
}
_SECONDS_AT_REST = {"motion": 0.01, "smoothing": 1.1}
_SECONDS_OF_LEAKAGE = {"off": 0.01, "BSW": 0.5, "bidirectional": 2.0}

# HU about brain tissue: denser is bone, lighter is air or fat, and neither may mix into tissue when a frame is moved.
TISSUE_WINDOW = (-65.0, 35.0)
BONE_NEAR = 70.0
NOTABLE_MOTION = 0.3
LARGEST_FOREIGN_PART = 0.2
# So few samples without signal, in noise, change no map that a person looks at.
NEGLIGIBLE_PART = 1e-4
FILL_MM = 3.0
FILL_RANGE = 0.15


def typical_seconds(stage, settings):
    """About how long a stage takes in s, by which the progress of the whole is weighted."""
    if stage == "leakage":
        return _SECONDS_OF_LEAKAGE[settings.leakage_correction]
    return _SECONDS[stage] if settings.motion_correction else {**_SECONDS, **_SECONDS_AT_REST}[stage]


def preparation_steps(series, settings):
    """Values that are not finite filled, unsteady frames dropped, matrix limited; frames without a picture found."""
    signal, filled = fill_missing(series.signal, series.times)
    yield Progress("preparation", 0.2, TEXTS["preparation"])
    empty = find_empty_frames(signal)
    if empty.size - empty.sum() < FEWEST_FRAMES:
        raise PerfusionError(
            f"Too many frames are blank or repeat the one before ({empty.sum()} of {empty.size}); load the scan again."
        )
    first = find_unsteady_frames(signal) if settings.frames_to_drop is None else settings.frames_to_drop
    if len(signal) - first < FEWEST_FRAMES:
        raise PerfusionError(
            f"Dropping {first} of {len(signal)} frames leaves fewer than {FEWEST_FRAMES}; drop fewer frames."
        )
    limit = limit_matrix_steps(signal[first:], series.grid, settings.maximum_matrix)
    signal, grid = yield from part_of_stage(limit, 0.2, 1.0)
    warnings = []
    if filled:
        warnings.append(f"{counted(filled, 'value')} of the scan, not finite, had to be filled from neighbours.")
    if first and settings.frames_to_drop is None:
        unsteady = "frame is" if first == 1 else f"{first} frames are"
        warnings.append(f"The first {unsteady} not steady and left out.")
    return {
        "prepared": signal,
        "empty": empty[first:],
        "grid": grid,
        "first": first,
        "filled_values": filled,
    }, tuple(warnings)


def motion_steps(prepared, empty, grid, first, known, series, settings):
    """Rigid motion found (or known from before) and undone, corrupted frames left out."""
    frames = np.arange(first, first + len(prepared))
    motion, corrected, left_out = None, prepared, empty
    if settings.motion_correction:
        motion = known
        if motion is None:
            work = _motion_found_steps(prepared, empty, grid, frames, series, settings)
            motion = yield from part_of_stage(work, 0.0, 0.45)
        corrected = yield from part_of_stage(apply_motion_steps(prepared, grid, motion), 0.45, 1.0)
        left_out = empty | motion.corrupted
        motion = replace(motion, corrupted=left_out)
    warnings = ()
    if left_out.any():
        warnings = (_left_out_in_words(frames[left_out]),)
        corrected, frames = corrected[~left_out], frames[~left_out]
    if len(frames) < FEWEST_FRAMES:
        raise PerfusionError(f"Only {counted(len(frames), 'frame')} can be used; at least {FEWEST_FRAMES} are needed.")
    return {"motion": motion, "corrected": corrected, "frames": frames, "times": series.times[frames]}, warnings


def _left_out_in_words(frames):
    if len(frames) == 1:
        return f"Frame {frames[0]} looks corrupted and was left out."
    return f"Frames {', '.join(map(str, frames))} look corrupted and were left out."


def _motion_found_steps(prepared, empty, grid, frames, series, settings):
    reference = _reference_frame(settings.reference_frame, frames[0], empty)
    estimate = (prepared, grid, series.modality)
    motion = yield from estimate_motion_steps(*estimate, reference, settings.largest_motion)
    if settings.reference_frame is None and motion.corrupted.sum() > len(prepared) / 2:
        # The first frame itself may be the bad one.
        motion = yield from estimate_motion_steps(*estimate, None, settings.largest_motion)
    if np.count_nonzero(~motion.corrupted) < FEWEST_FRAMES:
        raise PerfusionError(
            f"Too many frames ({motion.corrupted.sum()} of {len(prepared)}) do not look like frame "
            f"{frames[motion.reference]}: is this a perfusion scan of a head? If so, choose another reference frame or "
            "switch motion correction off."
        )
    return motion


def _reference_frame(wanted, first, empty):
    if wanted is None:
        return int(np.argmin(empty))
    if not first <= wanted < first + empty.size or empty[wanted - first]:
        raise PerfusionError(
            f"The reference frame {wanted} is not among the frames in use, or blank; "
            f"choose {first} to {first + empty.size - 1}."
        )
    return wanted - first


def brain_steps(corrected, grid, modality, given_mask, settings):
    """The brain, found or as given, and the space inside the skull."""
    if given_mask is None:
        regions = yield from find_brain_steps(corrected, grid, modality)
        return {"brain_mask": regions.brain, "intracranial": regions.intracranial}, ()
    brain = limit_mask(given_mask, settings.maximum_matrix)
    _check_place(brain, corrected[0], modality)
    try:
        regions = yield from find_brain_steps(corrected, grid, modality)
    except PerfusionError:
        regions = BrainRegions(brain, brain)
    return {"brain_mask": brain, "intracranial": regions.intracranial | brain}, ()


def _check_place(brain, frame, modality):
    """A brain mask with much air or bone in it was made for another scan, or moved."""
    values = np.asarray(frame[brain], np.float32)
    typical = np.median(values)
    if modality == "CT":
        darkest, brightest = np.percentile(frame, (1, 99))
        foreign = 1.0 if typical - darkest < 0.2 * (brightest - darkest) else np.mean(np.abs(values - typical) > 120)
    else:
        foreign = np.mean(values < 0.25 * typical)
    if foreign > LARGEST_FOREIGN_PART:
        raise PerfusionError(
            f"{100 * foreign:.0f} % of the brain mask lie in air or bone (median value {typical:g}); "
            "was it made for this scan?"
        )


def bolus_steps(corrected, brain, intracranial, frames, modality, settings):
    """Arrival of the bolus and the frames before it."""
    if settings.bolus_curve == "threshold" and modality == "CT":
        offset = stored_offset(corrected[0][brain])
        curve = threshold_curve(corrected, intracranial, settings.bolus_threshold, offset)
    else:
        curve = mean_curve(corrected, brain)
    yield Progress("bolus", 0.9, TEXTS["bolus"])
    bolus = find_bolus(
        curve,
        modality,
        threshold=settings.arrival_threshold,
        arrival=_in_use(settings.arrival_frame, frames, "arrival"),
        baseline_start=_in_use(settings.baseline_start, frames, "baseline start"),
    )
    return {"bolus": bolus}, bolus.warnings


def _in_use(frame, frames, name):
    """Index among the frames in use of a frame of the series."""
    if frame is None:
        return None
    found = np.flatnonzero(frames == frame)
    if found.size == 0:
        raise PerfusionError(f"The {name} frame {frame} is not among the frames in use; choose another.")
    return int(found[0])


def concentration_steps(corrected, motion, brain, intracranial, bolus, series):
    """Unsmoothed concentration of the intracranial voxels, and where it cannot be trusted."""
    rows = yield from gather_curves_steps(corrected, intracranial, "concentration", TEXTS["concentration"])
    contrast = concentration(rows, bolus.baseline, series.modality, series.echo_time)
    yield Progress("concentration", 1.0, TEXTS["concentration"])
    baseline = sum(np.asarray(corrected[frame], np.float32) for frame in bolus.baseline) / np.float32(
        bolus.baseline.size
    )
    shaken = np.zeros(brain.shape, bool)
    if series.modality == "CT" and motion is not None and motion.displacement.max() > NOTABLE_MOTION:
        shaken = intracranial & _near_bone(baseline, np.median(baseline[brain]))
    return {
        "raw_concentration": contrast.curves,
        "baseline_volume": baseline,
        "shaken": shaken,
    }, _clip_warning(contrast)


def _near_bone(baseline, level):
    """Voxels that touch bone: in a moving head their values change with every frame, whatever the correction."""
    return ndimage.maximum_filter(baseline, 3) > level + BONE_NEAR


def _clip_warning(contrast):
    part = contrast.clipped / contrast.curves.size
    if part <= NEGLIGIBLE_PART:
        return ()
    return (
        f"{contrast.clipped} samples ({100 * part:.2g} %) had no usable MR signal (zero, negative or lost in contrast) "
        "and were set to a hundredth of the baseline.",
    )


def vessels_steps(raw_concentration, intracranial, shaken, brain, baseline_volume, times, bolus, grid, modality):
    """Candidates for arteries and veins; masks of large vessels and of CSF."""
    steady = intracranial & ~shaken
    curves = raw_concentration[steady[intracranial]] if shaken.any() else raw_concentration
    search = yield from part_of_stage(
        arteries.search_vessels_steps(curves, steady, times, bolus.arrival, grid), 0.0, 0.6
    )
    yield Progress("vessels", 0.6, TEXTS["vessels"])
    area = np.zeros(grid.shape, np.float32)
    area[intracranial] = np.nan_to_num(raw_concentration @ time_weights(times).astype(np.float32))
    yield Progress("vessels", 0.7, TEXTS["vessels"])
    vessels = find_vessels(area, intracranial)
    yield Progress("vessels", 0.85, TEXTS["vessels"])
    rims = vessel_rims(area, vessels, intracranial)
    yield Progress("vessels", 0.9, TEXTS["vessels"])
    csf = find_csf(baseline_volume, brain, modality, grid.spacing)
    return {"vessel_search": search, "vessels": vessels, "vessel_rims": rims, "csf": csf}, ()


def smoothing_steps(
    prepared, corrected, motion, shaken, brain, vessels, rims, baseline_volume, times, bolus, grid, series, settings
):
    """Smoothed concentration of the brain's voxels, and when it is highest."""
    tissue = brain & ~vessels
    if not tissue.any():
        raise PerfusionError("Nothing but vessels is left inside the brain mask; check the mask.")
    filled = (rims | shaken & ~vessels) & brain
    signal = corrected
    if motion is not None and motion.displacement.any():
        rest = _tissue_at_rest_steps(
            prepared, corrected, motion, brain, vessels & ~rims, baseline_volume, times, bolus, grid, series
        )
        signal = yield from part_of_stage(rest, 0.0, 0.55)
    smooth = signal
    if settings.smoothing != "none":
        own = signal is not corrected
        work = _smoothed_steps(signal, tissue & ~filled, filled, baseline_volume, grid, settings, own)
        smooth = yield from part_of_stage(work, 0.55 * own, 0.9)
    gather = gather_curves_steps(smooth, brain, "smoothing", TEXTS["smoothing"])
    rows = yield from part_of_stage(gather, 0.9, 1.0)
    contrast = concentration(rows, bolus.baseline, series.modality, series.echo_time)
    yield Progress("smoothing", 1.0, TEXTS["smoothing"])
    brain_curve = np.nanmean(contrast.curves, 0, dtype=float)
    yield Progress("smoothing", 1.0, TEXTS["smoothing"])
    peak_times = time_to_peak(contrast.curves, times)
    yield Progress("smoothing", 1.0, TEXTS["smoothing"])
    return {"concentration": contrast.curves, "brain_curve": brain_curve, "time_to_peak": peak_times}, ()


def _smoothed_steps(signal, sources, filled, baseline_volume, grid, settings, in_place):
    """The scan smoothed in its tissue, and what is no trustworthy tissue filled from it."""
    smoothing = smooth_series_steps(
        signal,
        sources,
        grid.spacing,
        settings.smoothing,
        mm=settings.smoothing_mm,
        range_=settings.smoothing_range,
        size=settings.smoothing_size,
        iterations=settings.smoothing_iterations,
        in_place=in_place,
    )
    smooth = yield from part_of_stage(smoothing, 0.0, 0.8)
    filling = fill_from_neighbours_steps(smooth, filled, sources, baseline_volume, grid.spacing, FILL_MM, FILL_RANGE)
    yield from part_of_stage(filling, 0.8, 1.0)
    return smooth


def _tissue_at_rest_steps(prepared, corrected, motion, brain, vessels, baseline_volume, times, bolus, grid, series):
    """The moving scan resampled once more for the tissue alone: without bone and air, and without aliasing."""
    level = float(np.median(baseline_volume[brain]))
    window = (level + TISSUE_WINDOW[0], level + TISSUE_WINDOW[1]) if series.modality == "CT" else None
    apply = apply_motion_steps(prepared, grid, motion, window=window, region=brain, between_slices="linear")
    frames = yield from part_of_stage(apply, 0.0, 0.8)
    if motion.corrupted.any():
        frames, motion = frames[~motion.corrupted], motion.without_corrupted()
    contrast = window[1] - window[0] if window else level
    voxels = brain & ~vessels
    removing = remove_aliasing_steps(frames, voxels, grid, motion, times, bolus.baseline, contrast)
    yield from part_of_stage(removing, 0.8, 1.0)
    frames[:, vessels] = corrected[:, vessels]
    return frames


def leakage_steps(concentration, times, brain, vessels, csf, modality, settings):
    """The curves to deconvolve: without what has leaked, where that is asked for."""
    model = settings.leakage_correction
    if model == "off":
        return {"tissue_curves": concentration, "leakage": None}, ()
    if modality == "CT":
        warning = (
            "Leakage was not corrected: its models are those of MR, where leaked contrast changes T1 and T2*; "
            "this scan is CT."
        )
        return {"tissue_curves": concentration, "leakage": None}, (warning,)
    leakage = yield from correct_leakage_steps(concentration, times, ~vessels[brain], csf[brain], model)
    return {"tissue_curves": leakage.curves, "leakage": leakage}, leakage.warnings


def arterial_input_steps(chosen, venous, brain_curve, times, bolus, settings):
    """The AIF in use, scaled for partial volume, and the VOF."""
    yield Progress("arterial_input", 0.5, TEXTS["arterial_input"])
    finished = arteries.finish_input(
        chosen,
        times,
        use_fit=settings.arterial_input_curve == "gamma_variate",
        partial_volume=settings.partial_volume,
        factor=settings.partial_volume_factor,
        venous=venous,
        baseline=bolus.baseline,
    )
    warnings = finished.warnings + arteries.input_warnings(finished, brain_curve, times)
    if venous is not None:
        warnings += arteries.output_warnings(venous, finished.measured, times)
    if settings.arterial_input_curve == "gamma_variate":
        warnings += (
            "The gamma-variate fit leaves recirculation out of the AIF, but the tissue's curves contain it: CBV and "
            "MTT come out too high.",
        )
    return {"arterial_input": replace(finished, warnings=warnings), "venous_output": venous}, warnings


def deconvolution_steps(tissue_curves, arterial_input, times, bolus, settings):
    """What the estimator gives for the brain's voxels."""
    last = None if settings.cbv_window is None else float(times[bolus.arrival]) + settings.cbv_window
    estimate = yield from deconvolve_steps(
        tissue_curves,
        arterial_input.curve,
        times,
        settings.method,
        quadrature=settings.quadrature,
        density=settings.tissue_density,
        hematocrit_factor=settings.hematocrit_factor,
        longest_tmax=settings.longest_tmax,
        cbv_from=settings.cbv_from,
        area_until=last,
        **settings.method_options(),
    )
    return {"estimate": estimate}, tuple(estimate.notes)


def leakage_maps(leakage, concentration, arterial_input, times, bolus, brain, settings):
    """Maps of the leakage, and of CBV as it is without its correction, by the areas under the curves."""
    last = None if settings.cbv_window is None else float(times[bolus.arrival]) + settings.cbv_window
    volume = blood_volume(
        concentration,
        arterial_input.curve,
        times,
        density=settings.tissue_density,
        hematocrit_factor=settings.hematocrit_factor,
        area_until=last,
    )
    values = {"CBV uncorrected": volume, "K1": leakage.k1, "K2": leakage.k2, "Leakage fit": leakage.fit}
    return {name: scatter(column, brain) for name, column in values.items()}


def maps_steps(estimate, further_maps, peak_times, times, bolus, brain, vessels, csf, symmetry, grid, series, settings):
    """Maps in clinical units, smoothed, hidden and made relative as asked."""
    start = float(times[0] - series.times[0])
    maps = perfusion_maps(estimate, peak_times + start, float(times[bolus.arrival] - series.times[0]), brain)
    maps |= further_maps
    yield Progress("maps", 0.3, TEXTS["maps"])
    if settings.map_smoothing_mm > 0:
        work = smoothed_maps_steps(maps, brain & ~vessels, grid.spacing, settings.map_smoothing_mm)
        maps = yield from part_of_stage(work, 0.3, 0.5)
    hidden = (vessels & settings.hide_vessels) | (csf & settings.hide_csf)
    if hidden.any():
        maps = without(maps, hidden, brain)
    if settings.relative_to == "brain_mean":
        maps = relative_to_mean(maps, brain & ~vessels, brain)
    if settings.relative_to == "mirror":
        sides = {name: volume for name, volume in maps.items() if name in MIRRORED}
        mirrored = yield from part_of_stage(mirror_maps_steps(sides, brain, grid, symmetry), 0.5, 1.0)
        maps = relative_to_mirror(maps, mirrored, brain)
    return {"maps": maps}, ()
