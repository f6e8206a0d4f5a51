"""The pipeline: stages in order, each result remembered; what changes forgets only what follows from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields

import numpy as np

from . import arterial_input as arteries
from .bolus import find_bolus, mean_curve, threshold_curve
from .brain import BrainRegions, find_brain_steps, find_csf, find_vessels
from .concentration import concentration, time_to_peak
from .deconvolution import deconvolve_steps
from .deconvolution.convolution import time_weights
from .errors import PerfusionError
from .maps import perfusion_maps, relative_to_mean, relative_to_mirror, smoothed_maps, without
from .motion import apply_motion_steps, estimate_motion_steps
from .preprocessing import (
    fill_missing,
    find_unsteady_frames,
    limit_mask,
    limit_matrix_steps,
)
from .progress import Progress, Steps, drain
from .series import FEWEST_FRAMES, PerfusionSeries
from .settings import Settings
from .smoothing import smooth_series_steps
from .symmetry import find_symmetry_steps, mirror_maps

STAGES = (
    "preparation",
    "motion",
    "brain",
    "bolus",
    "concentration",
    "vessels",
    "smoothing",
    "arterial_input",
    "deconvolution",
    "maps",
)


class _Result:
    """An attribute that a stage of the analysis fills."""

    def __init__(self, stage: str, text: str):
        self.stage = stage
        self.__doc__ = text

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, study, owner=None):
        if study is None:
            return self
        results = study._results.get(self.stage)
        if results is None:
            raise PerfusionError(
                f"There is no {self.name.replace('_', ' ')} yet: the stage {self.stage!r} has not been done; "
                "run the analysis."
            )
        return results[self.name]


class Analysis:
    """One scan on its way to perfusion maps.

    Make it, then advance `steps` to its end; or let `analyze` do both.

    Parameters
    ----------
    series : PerfusionSeries
    settings : Settings, optional
        Defaults where left out.
    brain_mask : ndarray of bool, shape (z, y, x), optional
        On the grid of the series; found where left out.
    arterial_input : ndarray, optional
        A curve of shape (t,), a mask of shape (z, y, x), or a seed of shape (3,) in RAS mm; found where left out.

    Attributes
    ----------
    stages_done : tuple of str
        Names of the finished stages.
    seconds : dict of str to float
        Time that each finished stage took.
    warnings : tuple of str
        What a person should know of the scan, in the order of the stages.
    """

    times = _Result("motion", "Times in s of the frames in use, ndarray of shape (t,).")
    frames = _Result("motion", "Indices in the series of the frames in use: steady and not corrupted.")
    grid = _Result("preparation", "Grid of all results: the scan's, after the matrix limit.")
    filled_values = _Result("preparation", "Number of values that were not finite and were filled.")
    motion = _Result("motion", "Motion of the prepared frames, or None where it was not corrected.")
    corrected = _Result("motion", "Signal of the frames in use after motion correction, (t, z, y, x).")
    brain_mask = _Result("brain", "The brain, ndarray of bool, shape (z, y, x).")
    intracranial = _Result("brain", "Everything inside the skull, ndarray of bool, shape (z, y, x).")
    bolus = _Result("bolus", "Arrival and baseline, a `Bolus` whose frames count in `frames`.")
    baseline_volume = _Result("concentration", "Mean signal before the bolus, (z, y, x), 0 outside the skull.")
    raw_concentration = _Result("concentration", "Unsmoothed curves of the intracranial voxels, (n, t).")
    vessel_search = _Result("vessels", "Candidates for arteries and veins, a `VesselSearch`.")
    vessels = _Result("vessels", "Large vessels, ndarray of bool, shape (z, y, x).")
    csf = _Result("vessels", "Cerebrospinal fluid inside the brain, ndarray of bool, shape (z, y, x).")
    concentration = _Result("smoothing", "Smoothed concentration of the brain's voxels, (n, t).")
    arterial_input = _Result("arterial_input", "The AIF in use, an `ArterialInput`.")
    venous_output = _Result("arterial_input", "The VOF, a `VenousOutput`, or None where none was found.")
    estimate = _Result("deconvolution", "What the deconvolution gives for the brain's voxels, an `Estimate`.")
    maps = _Result("maps", "Maps by name, each (z, y, x) float32; 0 outside the brain, NaN without a result.")

    def __init__(self, series: PerfusionSeries, settings: Settings | None = None, brain_mask=None, arterial_input=None):
        self.series = series
        self.settings = settings or Settings()
        self.seconds: dict[str, float] = {}
        self._results: dict[str, dict] = {}
        self._warnings: dict[str, tuple[str, ...]] = {}
        self._given_mask = _checked_mask(brain_mask, series.grid.shape)
        self._choice = _choice(arterial_input, series)

    # -- doing the work

    def steps(self) -> Steps[None]:
        """Do the stages that are not done, in short steps.

        Stopping in between is allowed at any time: finished stages stay, and a later call goes on from there.

        Yields
        ------
        Progress
            At least about every 0.2 s.

        Raises
        ------
        PerfusionError
            If the scan cannot be analysed; finished stages stay.
        """
        for stage in STAGES:
            if stage in self._results:
                continue
            started = time.perf_counter()
            yield Progress(stage, 0.0, _TEXTS[stage])
            results, warnings = yield from getattr(self, f"_{stage}_steps")()
            self._results[stage] = results
            self._warnings[stage] = warnings
            self.seconds[stage] = time.perf_counter() - started
        yield Progress("maps", 1.0, "Maps are ready")

    def run(self, progress: Callable[[Progress], None] | None = None) -> Analysis:
        """Do all stages that are not done.

        Parameters
        ----------
        progress : callable, optional
            Called with every `Progress`.

        Returns
        -------
        Analysis
            Itself.
        """
        drain(self.steps(), progress)
        return self

    @property
    def stages_done(self) -> tuple[str, ...]:
        return tuple(stage for stage in STAGES if stage in self._results)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(sentence for stage in STAGES for sentence in self._warnings.get(stage, ()))

    # -- changing one's mind

    def change_settings(self, settings: Settings) -> None:
        """Take other settings; only the stages that depend on a changed one are forgotten.

        Parameters
        ----------
        settings : Settings
        """
        changed = {
            parameter.metadata["stage"]
            for parameter in fields(Settings)
            if getattr(settings, parameter.name) != getattr(self.settings, parameter.name)
        }
        self.settings = settings
        for stage in STAGES:
            if stage in changed:
                self._forget_from(stage)

    def set_brain_mask(self, mask=None) -> None:
        """Take a person's brain mask, or go back to the automatic one; what depends on it is forgotten.

        Parameters
        ----------
        mask : ndarray of bool, shape (z, y, x), optional
            On the grid of the series or of the results.

        Raises
        ------
        PerfusionError
            If the mask is empty or has another shape.
        """
        shapes = [self.series.grid.shape] + [self.grid.shape for _ in ("preparation",) if _ in self._results]
        self._given_mask = _checked_mask(mask, *shapes)
        self._forget_from("brain")

    def set_arterial_input(self, curve=None, *, mask=None, seed_ras=None, candidate=None, run=True) -> None:
        """Take another arterial input; with no argument, the automatic one. Only what depends on it is computed again.

        Parameters
        ----------
        curve : array_like of shape (t,), optional
            Concentration per frame (of the series, or of the frames in use).
        mask : ndarray of bool, shape (z, y, x), optional
            Voxels whose mean curve is taken.
        seed_ras : array_like of shape (3,), optional
            Point in an artery, RAS mm.
        candidate : int, optional
            Rank in ``arterial_input.candidates``, from 0.
        run : bool
            Compute the maps at once; otherwise `steps` does.

        Raises
        ------
        PerfusionError
            If more than one is given, or it cannot serve; the former arterial input and its maps are kept.
        """
        given = {"curve": curve, "mask": mask, "seed": seed_ras, "candidate": candidate}
        given = {kind: value for kind, value in given.items() if value is not None}
        if len(given) > 1:
            raise PerfusionError(f"Give one arterial input, not {' and '.join(given)}.")
        former = self._choice, dict(self._results), dict(self._warnings), dict(self.seconds)
        self._choice = next(iter(given.items()), ("automatic", None))
        self._forget_from("arterial_input")
        try:
            if "smoothing" in self._results:
                results, warnings = drain(self._arterial_input_steps())
                self._results["arterial_input"], self._warnings["arterial_input"] = results, warnings
            if run:
                self.run()
        except PerfusionError:
            self._choice, self._results, self._warnings, self.seconds = former
            raise

    def _forget_from(self, stage):
        for later in STAGES[STAGES.index(stage) :]:
            self._results.pop(later, None)
            self._warnings.pop(later, None)
            self.seconds.pop(later, None)

    # -- the stages: each takes what earlier ones gave, and returns its results and warnings

    def _preparation_steps(self):
        settings = self.settings
        signal, missing = fill_missing(self.series.signal, self.series.times)
        first = find_unsteady_frames(signal) if settings.frames_to_drop is None else settings.frames_to_drop
        if signal.shape[0] - first < FEWEST_FRAMES:
            raise PerfusionError(
                f"Dropping {first} of {signal.shape[0]} frames leaves fewer than {FEWEST_FRAMES}; drop fewer frames."
            )
        signal, grid = yield from limit_matrix_steps(signal[first:], self.series.grid, settings.maximum_matrix)
        warnings = []
        if missing:
            warnings.append(f"{missing} values of the scan were not finite; they were filled from their neighbours.")
        if first and settings.frames_to_drop is None:
            warnings.append(f"The first {first} frames are not steady and were left out.")
        return {"signal": signal, "grid": grid, "first": first, "filled_values": missing}, tuple(warnings)

    def _motion_steps(self):
        prepared = self._results["preparation"]
        signal, grid, first = prepared["signal"], prepared["grid"], prepared["first"]
        frames = np.arange(first, first + len(signal))
        if not self.settings.motion_correction:
            return {"motion": None, "corrected": signal, "frames": frames, "times": self.series.times[frames]}, ()
        reference = self._reference_frame(first, len(signal))
        motion = yield from estimate_motion_steps(
            signal, grid, self.series.modality, reference, self.settings.largest_motion
        )
        usable = np.flatnonzero(~motion.corrupted)
        if usable.size < FEWEST_FRAMES:
            raise PerfusionError(
                f"{motion.corrupted.sum()} of {len(signal)} frames look corrupted, which leaves too few; "
                "raise the largest motion or switch motion correction off."
            )
        corrected = yield from apply_motion_steps(signal, grid, motion)
        warnings = ()
        if motion.corrupted.any():
            numbers = ", ".join(str(frame) for frame in frames[motion.corrupted])
            warnings = (f"Frames {numbers} look corrupted and were left out.",)
            corrected = corrected[usable]
        frames = frames[usable]
        return {
            "motion": motion,
            "corrected": corrected,
            "frames": frames,
            "times": self.series.times[frames],
        }, warnings

    def _reference_frame(self, first, count):
        wanted = self.settings.reference_frame
        if wanted is None:
            return 0
        if not first <= wanted < first + count:
            raise PerfusionError(
                f"The reference frame {wanted} is not among the frames in use; choose {first} to {first + count - 1}."
            )
        return wanted - first

    def _brain_steps(self):
        if self._given_mask is None:
            regions = yield from find_brain_steps(self.corrected, self.grid, self.series.modality)
        else:
            regions = yield from self._given_regions_steps()
        return {"brain_mask": regions.brain, "intracranial": regions.intracranial}, ()

    def _given_regions_steps(self):
        """The person's brain, and around it the space inside the skull as far as it can be found."""
        brain = self._given_mask
        if brain.shape != self.grid.shape:
            brain = limit_mask(brain, self.settings.maximum_matrix)
        _check_place(brain, self.corrected[0], self.series.modality)
        try:
            found = yield from find_brain_steps(self.corrected, self.grid, self.series.modality)
        except PerfusionError:
            return BrainRegions(brain, brain)
        return BrainRegions(brain, found.intracranial | brain)

    def _bolus_steps(self):
        settings = self.settings
        if settings.bolus_curve == "threshold" and self.series.modality == "CT":
            curve = threshold_curve(self.corrected, self.intracranial, settings.bolus_threshold)
        else:
            curve = mean_curve(self.corrected, self.brain_mask)
        yield Progress("bolus", 0.9, _TEXTS["bolus"])
        bolus = find_bolus(
            curve,
            self.series.modality,
            threshold=settings.arrival_threshold,
            arrival=self._in_use(settings.arrival_frame, "arrival"),
            baseline_start=self._in_use(settings.baseline_start, "baseline start"),
        )
        return {"bolus": bolus}, bolus.warnings

    def _in_use(self, frame, name):
        """Index among the frames in use of a frame of the series."""
        if frame is None:
            return None
        found = np.flatnonzero(self.frames == frame)
        if found.size == 0:
            raise PerfusionError(f"The {name} frame {frame} is not among the frames in use; choose another.")
        return int(found[0])

    def _concentration_steps(self):
        rows = yield from _gather_steps(self.corrected, self.intracranial, "concentration")
        contrast = concentration(rows, self.bolus.baseline, self.series.modality, self.series.echo_time)
        baseline = np.zeros(self.grid.shape, np.float32)
        baseline[self.intracranial] = contrast.baseline
        return {"raw_concentration": contrast.curves, "baseline_volume": baseline}, _clip_warning(contrast)

    def _vessels_steps(self):
        curves, inside = self.raw_concentration, self.intracranial
        search = yield from arteries.search_vessels_steps(curves, inside, self.times, self.bolus.arrival, self.grid)
        area = np.zeros(self.grid.shape, np.float32)
        area[inside] = np.nan_to_num(curves @ time_weights(self.times).astype(np.float32))
        vessels = find_vessels(area, inside)
        yield Progress("vessels", 0.9, _TEXTS["vessels"])
        csf = find_csf(self.baseline_volume, self.brain_mask, self.series.modality, self.grid.spacing)
        return {"vessel_search": search, "vessels": vessels, "csf": csf}, ()

    def _smoothing_steps(self):
        settings = self.settings
        tissue = self.brain_mask & ~self.vessels
        smooth = yield from smooth_series_steps(
            self.corrected,
            tissue,
            self.grid.spacing,
            settings.smoothing,
            mm=settings.smoothing_mm,
            range_=settings.smoothing_range,
            size=settings.smoothing_size,
            iterations=settings.smoothing_iterations,
        )
        rows = yield from _gather_steps(smooth, self.brain_mask, "smoothing")
        contrast = concentration(rows, self.bolus.baseline, self.series.modality, self.series.echo_time)
        return {"concentration": contrast.curves}, ()

    def _arterial_input_steps(self):
        settings = self.settings
        chosen = self._chosen_input()
        yield Progress("arterial_input", 0.5, _TEXTS["arterial_input"])
        venous = arteries.venous_output(self.vessel_search, self.grid.shape)
        finished = arteries.finish_input(
            chosen,
            self.times,
            use_fit=settings.arterial_input_curve == "gamma_variate",
            partial_volume=settings.partial_volume,
            factor=settings.partial_volume_factor,
            venous=venous,
        )
        brain_curve = np.nanmean(self.concentration, 0, dtype=float)
        warnings = finished.warnings + arteries.input_warnings(finished, brain_curve, self.times)
        return {"arterial_input": finished, "venous_output": venous}, warnings

    def _chosen_input(self):
        kind, value = self._choice
        shape, curves, inside = self.grid.shape, self.raw_concentration, self.intracranial
        if kind == "automatic":
            return arteries.automatic_input(self.vessel_search, shape)
        if kind == "candidate":
            return arteries.candidate_input(self.vessel_search, value, shape)
        if kind == "curve":
            chosen = arteries.curve_input(self._curve_in_use(value), self.times, np.zeros(shape, bool))
        elif kind == "seed":
            voxels = arteries.grow_from_seed(curves, inside, value, self.times, self.grid)
            chosen = arteries.mask_input(self._curves_of(voxels), voxels, self.times, "seed")
        else:
            voxels = _checked_mask(value, self.series.grid.shape, shape)
            voxels = voxels if voxels.shape == shape else limit_mask(voxels, self.settings.maximum_matrix)
            chosen = arteries.mask_input(self._curves_of(voxels), voxels, self.times)
        return arteries.with_candidates(chosen, self.vessel_search)

    def _curve_in_use(self, curve):
        curve = np.asarray(curve, float)
        return curve[self.frames] if curve.size == self.series.times.size else curve

    def _curves_of(self, voxels):
        rows = np.stack([frame[voxels] for frame in self.corrected], 1)
        return concentration(rows, self.bolus.baseline, self.series.modality, self.series.echo_time).curves

    def _deconvolution_steps(self):
        settings = self.settings
        estimate = yield from deconvolve_steps(
            self.concentration,
            self.arterial_input.curve,
            self.times,
            settings.method,
            quadrature=settings.quadrature,
            density=settings.tissue_density,
            hematocrit_factor=settings.hematocrit_factor,
            longest_tmax=settings.longest_tmax,
            cbv_from=settings.cbv_from,
            **settings.method_options(),
        )
        return {"estimate": estimate}, tuple(estimate.notes)

    def _maps_steps(self):
        settings, brain = self.settings, self.brain_mask
        peak_times = time_to_peak(self.concentration, self.times) + float(self.times[0] - self.series.times[0])
        arrival_time = float(self.times[self.bolus.arrival] - self.series.times[0])
        maps = perfusion_maps(self.estimate, peak_times, arrival_time, brain)
        yield Progress("maps", 0.3, _TEXTS["maps"])
        if settings.map_smoothing_mm > 0:
            maps = smoothed_maps(maps, brain & ~self.vessels, self.grid.spacing, settings.map_smoothing_mm)
        hidden = (self.vessels & settings.hide_vessels) | (self.csf & settings.hide_csf)
        if hidden.any():
            maps = without(maps, hidden, brain)
        if settings.relative_to == "brain_mean":
            maps = relative_to_mean(maps, brain & ~self.vessels)
        if settings.relative_to == "mirror":
            symmetry = yield from find_symmetry_steps(self.baseline_volume, self.grid, self.series.modality)
            maps = relative_to_mirror(maps, mirror_maps(maps, brain, self.grid, symmetry), brain)
        return {"maps": maps}, ()


def analyze(
    series: PerfusionSeries,
    settings: Settings | None = None,
    brain_mask=None,
    arterial_input=None,
    progress: Callable[[Progress], None] | None = None,
) -> Analysis:
    """Analyse a scan: every stage, from the signal to the maps.

    Parameters
    ----------
    series : PerfusionSeries
    settings : Settings, optional
        Defaults where left out.
    brain_mask : ndarray of bool, shape (z, y, x), optional
        On the grid of the series; found where left out.
    arterial_input : ndarray, optional
        A curve of shape (t,), a mask of shape (z, y, x), or a seed of shape (3,) in RAS mm; found where left out.
    progress : callable, optional
        Called with every `Progress`.

    Returns
    -------
    Analysis
        With every stage done.

    Raises
    ------
    PerfusionError
        If the scan cannot be analysed.
    """
    return Analysis(series, settings, brain_mask, arterial_input).run(progress)


_TEXTS = {
    "preparation": "Checking frames and matrix",
    "motion": "Correcting motion",
    "brain": "Finding the brain",
    "bolus": "Finding the bolus",
    "concentration": "Computing contrast concentration",
    "vessels": "Looking for arteries and veins",
    "smoothing": "Smoothing inside the tissue",
    "arterial_input": "Preparing the arterial input",
    "deconvolution": "Deconvolving",
    "maps": "Computing maps",
}


def _gather_steps(signal: np.ndarray, mask: np.ndarray, stage: str) -> Steps[np.ndarray]:
    """Rows (n, t) of a mask's voxels."""
    inside = np.flatnonzero(mask)
    rows = np.empty((inside.size, len(signal)), np.float32)
    for first in range(0, len(signal), 8):
        block = np.stack([frame.ravel()[inside] for frame in signal[first : first + 8]], 1)
        rows[:, first : first + 8] = block
        yield Progress(stage, first / len(signal), _TEXTS[stage])
    return rows


def _choice(arterial_input, series):
    if arterial_input is None:
        return "automatic", None
    given = np.asarray(arterial_input)
    if given.shape == (3,):
        return "seed", given
    if given.ndim == 1:
        return "curve", given
    if given.ndim == 3:
        return "mask", _checked_mask(given, series.grid.shape)
    raise PerfusionError(
        f"The arterial input has the shape {given.shape}; give a curve (t,), a mask (z, y, x) or a seed (3,) in RAS mm."
    )


def _checked_mask(mask, *shapes):
    if mask is None:
        return None
    mask = np.asarray(mask) != 0
    if mask.shape not in shapes:
        raise PerfusionError(f"The mask has the shape {mask.shape}, the scan {shapes[0]}; draw it on this scan.")
    if not mask.any():
        raise PerfusionError("The mask is empty; draw it, or leave it out to have it found.")
    return mask


def _check_place(brain, frame, modality):
    """A brain mask whose typical voxel is air was made for another scan."""
    inside, outside = np.median(frame[brain]), np.percentile(frame, 1)
    span = np.percentile(frame, 99) - outside
    if modality == "CT" and inside - outside < 0.2 * span:
        raise PerfusionError(
            f"The brain mask lies in air (median {inside:g}, darkest part of the scan {outside:g}); "
            "was it made for this scan?"
        )


def _clip_warning(contrast):
    if contrast.clipped == 0:
        return ()
    part = 100 * contrast.clipped / contrast.curves.size
    return (
        f"{contrast.clipped} samples ({part:.2g} %) had no usable MR signal (zero, negative or lost in contrast) "
        "and were set to a hundredth of the baseline.",
    )
