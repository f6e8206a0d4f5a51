"""The pipeline: stages in order, each result remembered; what changes forgets only what follows from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial

import numpy as np

from . import arterial_input as arteries
from . import given, stages
from .concentration import concentration
from .errors import PerfusionError
from .preprocessing import expand_mask, limit_mask
from .progress import Progress, Steps, drain, part_of_stage, retold
from .remembered import recalled_motion, remembered_motion
from .series import PerfusionSeries
from .settings import Settings
from .symmetry import SymmetryPlane, find_symmetry_steps

STAGES = tuple(stages.TEXTS)
SAME_PLACE_MM = 3.0
ARTERIAL, VENOUS = "arterial input", "venous output"


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
    arterial_input : ndarray or tuple, optional
        A curve of shape (t,), a mask of shape (z, y, x), or a seed of shape (3,) in RAS mm; or what another study's
        `arterial_input_choice` gives. Found where left out.
    venous_output : ndarray or tuple, optional
        Likewise.
    remembered : dict, optional
        What another study of the same scan found at some cost, from its `remembered`; used where it fits the scan and
        the settings, passed over where it does not.

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
    prepared = _Result("preparation", "Signal of the steady frames on the results' grid, (t, z, y, x).")
    empty = _Result("preparation", "Frames among the prepared that are blank or repeat the one before, (t,) bool.")
    first = _Result("preparation", "The first frame of the series that is in use.")
    grid = _Result("preparation", "Grid of all results: the scan's, after the matrix limit.")
    filled_values = _Result("preparation", "Number of values that were not finite and were filled.")
    motion = _Result("motion", "Motion of the prepared frames, or None where it was not corrected.")
    corrected = _Result("motion", "Signal of the frames in use after motion correction, (t, z, y, x).")
    brain_mask = _Result("brain", "The brain, ndarray of bool, shape (z, y, x).")
    intracranial = _Result("brain", "Everything inside the skull, ndarray of bool, shape (z, y, x).")
    bolus = _Result("bolus", "Arrival and baseline, a `Bolus` whose frames count in `frames`.")
    baseline_volume = _Result("concentration", "Mean signal before the bolus, (z, y, x).")
    shaken = _Result("concentration", "Voxels at bone in a moving head, whose own curves are not used, (z, y, x) bool.")
    raw_concentration = _Result("concentration", "Unsmoothed curves of the intracranial voxels, (n, t).")
    vessel_search = _Result("vessels", "Candidates for arteries and veins, a `VesselSearch`.")
    vessels = _Result("vessels", "Large vessels, ndarray of bool, shape (z, y, x).")
    vessel_rims = _Result("vessels", "Those vessel voxels that are mostly tissue, ndarray of bool, shape (z, y, x).")
    csf = _Result("vessels", "Cerebrospinal fluid inside the brain, ndarray of bool, shape (z, y, x).")
    concentration = _Result("smoothing", "Smoothed concentration of the brain's voxels, (n, t).")
    brain_curve = _Result("smoothing", "Mean of the smoothed concentration over the brain, (t,).")
    time_to_peak = _Result("smoothing", "When it is highest in each voxel, s from the first frame in use, (n,).")
    tissue_curves = _Result(
        "leakage", "Concentration that is deconvolved: without leakage where that is corrected, (n, t)."
    )
    leakage = _Result("leakage", "Leakage of the brain's voxels, a `Leakage`, or None where it was not corrected.")
    arterial_input = _Result("arterial_input", "The AIF in use, an `ArterialInput`.")
    venous_output = _Result("arterial_input", "The VOF, a `VenousOutput`, or None where none was found.")
    estimate = _Result("deconvolution", "What the deconvolution gives for the brain's voxels, an `Estimate`.")
    maps = _Result("maps", "Maps by name, each (z, y, x) float32; 0 outside the brain, NaN without a result.")

    def __init__(
        self,
        series: PerfusionSeries,
        settings: Settings | None = None,
        brain_mask=None,
        arterial_input=None,
        venous_output=None,
        remembered: dict | None = None,
    ):
        self.series = series
        self.settings = settings or Settings()
        self.seconds: dict[str, float] = {}
        self._results: dict[str, dict] = {}
        self._warnings: dict[str, tuple[str, ...]] = {}
        self._given_mask = given.checked_mask(brain_mask, series.grid.shape)
        self._choices = {
            name: given.vessel(value, series.grid.shape, name)
            for name, value in ((ARTERIAL, arterial_input), (VENOUS, venous_output))
        }
        self._remembered = remembered or {}

    # -- doing the work

    def steps(self) -> Steps[None]:
        """Do the stages that are not done, in short steps.

        Stopping in between is allowed at any time: finished stages stay, and a later call goes on from there.

        Yields
        ------
        Progress
            At least about every 0.2 s; `overall` runs once from 0 to 1 over the stages that were not done.

        Raises
        ------
        PerfusionError
            If the scan cannot be analysed; finished stages stay.
        """
        waiting = [stage for stage in STAGES if stage not in self._results]
        whole = _Whole({stage: stages.typical_seconds(stage, self.settings) for stage in waiting})
        for stage in waiting:
            if stage not in self._results:
                yield from retold(self._stage_steps(stage), whole.tell)
        yield Progress("maps", 1.0, "Maps are ready", 1.0)

    def _stage_steps(self, stage):
        started = time.perf_counter()
        yield Progress(stage, 0.0, stages.TEXTS[stage])
        results, warnings = yield from retold(getattr(self, f"_{stage}_steps")(), partial(replace, stage=stage))
        self._results[stage] = results
        self._warnings[stage] = warnings
        self.seconds[stage] = time.perf_counter() - started

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

    def warnings_of(self, stage: str) -> tuple[str, ...]:
        """Those of the warnings that one stage gave.

        Parameters
        ----------
        stage : str

        Returns
        -------
        tuple of str
        """
        return self._warnings.get(stage, ())

    @property
    def arterial_input_choice(self) -> tuple[str, object]:
        """How the AIF is chosen: "automatic" and None, or "curve", "mask" (on the series' grid), "seed" or "candidate"
        (place) and its value, the last two in RAS mm."""
        return self._choices[ARTERIAL]

    @property
    def venous_output_choice(self) -> tuple[str, object]:
        """How the VOF is chosen, as `arterial_input_choice`."""
        return self._choices[VENOUS]

    @property
    def given_brain_mask(self) -> np.ndarray | None:
        """The brain mask that a person gave, on the series' grid, or None."""
        return self._given_mask

    @property
    def remembered(self) -> dict:
        """What was found at some cost and need not be found again: motion. Made of what JSON holds."""
        if "motion" not in self._results or self.motion is None:
            return self._remembered
        found = self._results["motion"]
        if "remembered" not in found:
            found["remembered"] = remembered_motion(self.motion, self.series, self.settings)
        return found["remembered"]

    def symmetry_steps(self) -> Steps[SymmetryPlane]:
        """Find the plane between the hemispheres, once for as long as the scan's baseline stays.

        Yields
        ------
        Progress

        Returns
        -------
        SymmetryPlane
        """
        baseline, found = self.baseline_volume, self._results["concentration"]
        if "symmetry" not in found:
            found["symmetry"] = yield from find_symmetry_steps(baseline, self.grid, self.series.modality)
        return found["symmetry"]

    def raw_curves(self, voxels: np.ndarray) -> np.ndarray:
        """Unsmoothed concentration of any voxels.

        Parameters
        ----------
        voxels : ndarray of bool, shape (z, y, x)
            k voxels on the results' grid.

        Returns
        -------
        ndarray of shape (k, t), float32
            NaN where a voxel has no signal before the bolus.
        """
        signal, series = self.corrected[:, voxels].T, self.series
        return concentration(signal, self.bolus.baseline, series.modality, series.echo_time).curves

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
        self._given_mask = self._on_scan(mask)
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
        self._choose({ARTERIAL: self._checked_choice(ARTERIAL, curve, mask, seed_ras, candidate)}, run)

    def set_venous_output(self, curve=None, *, mask=None, seed_ras=None, candidate=None, run=True) -> None:
        """Take another venous output; with no argument, the automatic one. Only what depends on it is computed again.

        Parameters
        ----------
        curve, mask, seed_ras
            As `set_arterial_input` takes them.
        candidate : int, optional
            Rank in ``venous_output.candidates``, from 0; where no vein was found, in
            ``vessel_search.veins(arterial_input.measured)``.
        run : bool
            Compute the maps at once; otherwise `steps` does.

        Raises
        ------
        PerfusionError
            If more than one is given, or it cannot serve; the former venous output and its maps are kept.
        """
        self._choose({VENOUS: self._checked_choice(VENOUS, curve, mask, seed_ras, candidate)}, run)

    def take_choices(self, arterial_input, venous_output, run: bool = True) -> None:
        """Take an arterial input together with a venous output.

        Parameters
        ----------
        arterial_input, venous_output : tuple
            As `arterial_input_choice` and `venous_output_choice` give them.
        run : bool
            Compute the maps at once; otherwise `steps` does.

        Raises
        ------
        PerfusionError
            If one of them cannot serve; the former ones and their maps are kept.
        """
        choices = {ARTERIAL: arterial_input, VENOUS: venous_output}
        shape = self.series.grid.shape
        self._choose({name: given.vessel(choice, shape, name) for name, choice in choices.items()}, run)

    def _choose(self, choices, run):
        former = self._choices, dict(self._results), dict(self._warnings), dict(self.seconds)
        self._choices = self._choices | choices
        self._forget_from("arterial_input")
        try:
            if "smoothing" in self._results:
                drain(self._stage_steps("arterial_input"))
            if run:
                self.run()
        except Exception:
            self._choices, self._results, self._warnings, self.seconds = former
            raise

    def _checked_choice(self, name, curve, mask, seed_ras, candidate):
        wanted = {"curve": curve, "mask": mask, "seed": seed_ras, "candidate": candidate}
        wanted = {kind: value for kind, value in wanted.items() if value is not None}
        if len(wanted) > 1:
            raise PerfusionError(f"Give one {name}, not {' and '.join(wanted)}.")
        kind, value = next(iter(wanted.items()), ("automatic", None))
        if kind == "mask":
            return kind, self._on_scan(value)
        if kind == "curve":
            return kind, given.checked_curve(value, name)
        if kind == "candidate":
            candidates = self._candidates(name)
            if not isinstance(value, (int, np.integer)) or not 0 <= value < len(candidates):
                raise PerfusionError(f"There is no candidate {value!r}; choose 0 to {len(candidates) - 1}.")
            return kind, candidates[value].place
        return kind, value

    def _candidates(self, name):
        search = self.vessel_search
        return search.arteries if name == ARTERIAL else search.veins(self.arterial_input.measured)

    def _on_scan(self, mask):
        """A mask on the grid of the series or of the results, as one on the grid of the series."""
        if mask is None:
            return None
        shapes = [self.series.grid.shape]
        if "preparation" in self._results:
            shapes.append(self.grid.shape)
        mask = given.checked_mask(mask, *shapes)
        if mask.shape == self.series.grid.shape:
            return mask
        return expand_mask(mask, self.series.grid.shape, self.settings.maximum_matrix)

    def _forget_from(self, stage):
        for later in STAGES[STAGES.index(stage) :]:
            self._results.pop(later, None)
            self._warnings.pop(later, None)
            self.seconds.pop(later, None)

    # -- wiring: what each stage takes

    def _preparation_steps(self):
        return stages.preparation_steps(self.series, self.settings)

    def _motion_steps(self):
        known = recalled_motion(self._remembered, self.series, self.settings)
        return stages.motion_steps(self.prepared, self.empty, self.grid, self.first, known, self.series, self.settings)

    def _brain_steps(self):
        return stages.brain_steps(self.corrected, self.grid, self.series.modality, self._given_mask, self.settings)

    def _bolus_steps(self):
        return stages.bolus_steps(
            self.corrected, self.brain_mask, self.intracranial, self.frames, self.series.modality, self.settings
        )

    def _concentration_steps(self):
        return stages.concentration_steps(
            self.corrected, self.motion, self.brain_mask, self.intracranial, self.bolus, self.series
        )

    def _vessels_steps(self):
        return stages.vessels_steps(
            self.raw_concentration,
            self.intracranial,
            self.shaken,
            self.brain_mask,
            self.baseline_volume,
            self.times,
            self.bolus,
            self.grid,
            self.series.modality,
        )

    def _smoothing_steps(self):
        return stages.smoothing_steps(
            self.prepared,
            self.corrected,
            self.motion,
            self.shaken,
            self.brain_mask,
            self.vessels,
            self.vessel_rims,
            self.baseline_volume,
            self.times,
            self.bolus,
            self.grid,
            self.series,
            self.settings,
        )

    def _leakage_steps(self):
        return stages.leakage_steps(
            self.concentration,
            self.times,
            self.brain_mask,
            self.vessels,
            self.csf,
            self.series.modality,
            self.settings,
        )

    def _arterial_input_steps(self):
        chosen = self._chosen_input()
        venous = self._chosen_output(self.vessel_search.veins(chosen.measured))
        return stages.arterial_input_steps(chosen, venous, self.brain_curve, self.times, self.bolus, self.settings)

    def _deconvolution_steps(self):
        return stages.deconvolution_steps(
            self.tissue_curves, self.arterial_input, self.times, self.bolus, self.settings
        )

    def _maps_steps(self):
        symmetry = None
        if self.settings.relative_to == "mirror":
            symmetry = yield from part_of_stage(self.symmetry_steps(), 0.0, 0.5)
        further_maps = {}
        if self.leakage is not None:
            further_maps = stages.leakage_maps(
                self.leakage,
                self.concentration,
                self.arterial_input,
                self.times,
                self.bolus,
                self.brain_mask,
                self.settings,
            )
        work = stages.maps_steps(
            self.estimate,
            further_maps,
            self.time_to_peak,
            self.times,
            self.bolus,
            self.brain_mask,
            self.vessels,
            self.csf,
            symmetry,
            self.grid,
            self.series,
            self.settings,
        )
        return (yield from part_of_stage(work, 0.5 if symmetry else 0.0, 1.0))

    def _chosen_input(self):
        kind, value = self.arterial_input_choice
        shape = self.grid.shape
        if kind == "automatic":
            return arteries.automatic_input(self.vessel_search, shape)
        if kind == "candidate":
            rank = _rank_of(value, self.vessel_search.arteries, "artery")
            return arteries.candidate_input(self.vessel_search, rank, shape)
        if kind == "curve":
            chosen = arteries.curve_input(self._in_use(value), self.times, np.zeros(shape, bool))
        else:
            voxels = self._chosen_voxels(ARTERIAL)
            chosen = arteries.mask_input(self.raw_curves(voxels), voxels, self.times, kind)
        return arteries.with_candidates(chosen, self.vessel_search)

    def _chosen_output(self, veins):
        kind, value = self.venous_output_choice
        shape = self.grid.shape
        if kind == "automatic":
            found = arteries.venous_output(veins, shape)
            return found and replace(found, curves=self.raw_curves(found.voxels))
        if kind == "curve":
            return arteries.curve_output(self._in_use(value), self.times, np.zeros(shape, bool), veins)
        if kind == "candidate":
            voxels = veins[_rank_of(value, veins, "vein")].mask(shape)
        else:
            voxels = self._chosen_voxels(VENOUS)
        return arteries.mask_output(self.raw_curves(voxels), voxels, self.times, veins, kind)

    def _in_use(self, curve):
        """A given curve at the frames in use."""
        return curve[self.frames] if curve.size == self.series.times.size else curve

    def _chosen_voxels(self, name):
        """The mask that a person drew, or what grows from a seed."""
        kind, value = self._choices[name]
        if kind == "seed":
            return arteries.grow_from_seed(self.raw_concentration, self.intracranial, value, self.times, self.grid)
        voxels = limit_mask(value, self.settings.maximum_matrix, least=0)
        given.check_inside(voxels, self.intracranial, name)
        return voxels


def analyze(
    series: PerfusionSeries,
    settings: Settings | None = None,
    brain_mask=None,
    arterial_input=None,
    venous_output=None,
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
    venous_output : ndarray, optional
        Likewise.
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
    return Analysis(series, settings, brain_mask, arterial_input, venous_output).run(progress)


def _rank_of(place, candidates, vessel):
    """The candidate that lies where the chosen one lay, also after another search."""
    apart = [np.linalg.norm(candidate.place - place) for candidate in candidates] or [np.inf]
    if min(apart) > SAME_PLACE_MM:
        where = ", ".join(f"{value:.0f}" for value in place)
        raise PerfusionError(
            f"The chosen {vessel} at ({where}) mm is not among the candidates any more; choose another."
        )
    return int(np.argmin(apart))


class _Whole:
    """The whole of some stages: tells progress with its place in it, which never goes back."""

    def __init__(self, seconds: dict[str, float]):
        ends = np.cumsum(list(seconds.values()))
        self._ends = dict(zip(seconds, ends / ends[-1:], strict=True))
        self._starts = dict(zip(seconds, [0.0, *self._ends.values()], strict=False))
        self._furthest = 0.0

    def tell(self, progress: Progress) -> Progress:
        start, end = self._starts[progress.stage], self._ends[progress.stage]
        self._furthest = max(self._furthest, float(start + (end - start) * progress.fraction))
        return replace(progress, overall=self._furthest)
