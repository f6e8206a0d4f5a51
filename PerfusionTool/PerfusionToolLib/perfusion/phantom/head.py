"""Sample heads with known truth, CT and MR, for demonstration and tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.signal import fftconvolve
from scipy.spatial.transform import Rotation
from scipy.special import gammainc

from ..errors import PerfusionError
from ..series import PerfusionSeries
from .anatomy import DELAY_S, GREY_FLOW, GREY_VOLUME, HeadAnatomy
from .sampling import WORKERS, Lattice, contents_of_head
from .vessels import KINDS, large_vessels

TISSUE_DENSITY = 1.05
HEMATOCRIT_FACTOR = 0.73

# Unenhanced values of TISSUES and of blood: Hounsfield units; MR signal relative to grey matter.
CT_VALUES = {"air": -1000, "muscle": 50, "fat": -80, "bone": 1100, "csf": 5, "grey": 37, "white": 29, "blood": 45}
MR_VALUES = {"air": 0, "muscle": 0.3, "fat": 0.25, "bone": 0.03, "csf": 1.6, "grey": 1, "white": 0.85, "blood": 0.9}
MR_SCALE = 1000.0
CT_RANGE = (-1024, 3071)

TRANSIT_SHAPE = 2.0
MR_PEAK_EXPONENT = 4.5
MR_BOLUS_LENGTH = 1.3
FINE_STEP = 0.05
MOTION_RADIUS = 86.0


@dataclass(frozen=True, eq=False)
class SampleHead:
    """A simulated scan and everything that is true of it.

    Attributes
    ----------
    series : PerfusionSeries
        The scan: signal float32, or int16.
    truth : dict of ndarray of shape (z, y, x), float32
        "CBF" ml/100g/min, "CBV" ml/100g, "MTT" s, "Tmax" s, "TTP" s, "delay" s, with leakage "K2" 1/s; 0 outside
        the brain and where there is no tissue. Blood in the large vessels is not counted.
    labels : dict of ndarray of shape (z, y, x), bool
        "brain", "intracranial", "skull", "grey", "white", "csf", "core", "penumbra", "artery", "vein", "occluded"
        (artery beyond the clot): at least half of the voxel. "tissue": at least nine tenths grey and white matter and
        less than 1 % vessel.
    artery_fraction, vein_fraction : ndarray of shape (z, y, x), float32
        Part of the voxel that is artery (beyond a clot too) or vein.
    arterial_input, venous_output : ndarray of shape (t,)
        True concentration in pure artery and vein at the frame times; CT: HU, MR: ΔR2* in 1/s.
    motion : ndarray of shape (t, 4, 4)
        RAS mm: maps a point of the head in the reference frame to where it is in frame t.
    """

    series: PerfusionSeries
    truth: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    artery_fraction: np.ndarray
    vein_fraction: np.ndarray
    arterial_input: np.ndarray
    venous_output: np.ndarray
    motion: np.ndarray


def sample_head(
    modality: str = "CT",
    *,
    shape: tuple[int, int, int] = (23, 200, 200),
    spacing: tuple[float, float, float] = (5.0, 1.0, 1.0),
    times: np.ndarray | None = None,
    noise: float | None = None,
    vessel_width: float = 1.0,
    bolus_arrival: float = 12.0,
    motion: float = 0.0,
    occlusion: bool = False,
    lesion: bool = True,
    leakage: float = 0.0,
    bolus: bool = True,
    echo_time: float = 0.03,
    integer: bool = False,
    ijk_to_ras: np.ndarray | None = None,
    seed: int = 0,
) -> SampleHead:
    """Simulate a perfusion scan of a head.

    Parameters
    ----------
    modality : {"CT", "MR"}
        Hounsfield units, or a T2*-weighted series.
    shape : tuple of int
        (slices, rows, columns).
    spacing : tuple of float
        Voxel size in mm along (z, y, x); not used when `ijk_to_ras` is given.
    times : array_like of shape (t,), optional
        Frame times in s, regular or not; default 45 frames every 1.41 s.
    noise : float, optional
        CT: standard deviation in HU, default 5. MR: standard deviation of the complex noise as a part of the baseline
        signal of grey matter, default 0.02.
    vessel_width : float
        Factor on the diameter of every vessel.
    bolus_arrival : float
        Time from the first frame to the arrival in the arteries, s.
    motion : float
        Bound in mm of the displacement of every point of the brain; 0: the head lies still. 3 mm means at most 2°.
    occlusion : bool
        A clot closes the middle cerebral artery on the side of the lesion; beyond it blood comes late and dispersed.
    lesion : bool
        Infarct core and penumbra in one middle cerebral territory: left with an even seed, right with an odd one.
    leakage : float
        MR: K2 in 1/s of a region opposite the lesion whose vessels leak: −K2·∫C is added to its curves, with C the
        curve of normal grey matter. Positive: T1 is what leaked contrast changes most; negative: T2*.
    bolus : bool
        False: no contrast agent.
    echo_time : float
        MR: s.
    integer : bool
        Round the signal to int16, as scanners store it.
    ijk_to_ras : array_like of shape (4, 4), optional
        Geometry of the scan. The head stands upright in RAS in the middle of the grid, so an oblique grid shows it
        obliquely; a grid of less than 76 mm from bottom to top covers the lower part of the brain, where the large
        arteries are. Default: axial slices, columns to the left, rows to the back.
    seed : int
        Different seeds are different heads; the same seed gives the same scan.

    Returns
    -------
    SampleHead

    Raises
    ------
    PerfusionError
        If a value cannot be simulated.

    Notes
    -----
    Tissue follows C(t) = (ρ/k_H)·CBF/6000·(C_a(t − delay) ⊗ R)(t), ρ = 1.05 g/ml, k_H = 0.73, computed in steps of
    0.05 s and read at the frame times. R is the residue of gamma-distributed transit times of shape 2 and mean
    MTT = 60·CBV/CBF. It falls from the start, so the delayed residue is highest at its arrival: Tmax equals the delay.
    TTP is the time from the first frame to the peak of the continuous tissue curve, at most the length of the scan.
    Voxels of mixed tissue have the mean CBF and CBV of their parts and one residue. Veins carry the arterial curve
    after the brain's transit, with the same total area. MR: S = S0·exp(−TE·ΔR2*), ΔR2* linear in the fractions of a
    voxel; a smooth coil profile (±15 %) stands still when the head moves; noise is Rician. The MR arterial peak is a
    TE·ΔR2* of 4.5: a pure artery falls to 1 % of its signal, below the default noise, and grey matter by about a
    fifth. Tissue and artery share one relaxivity, so a deeper fall in tissue would leave no artery to measure.
    """
    _check_geometry(shape, spacing)
    _check_numbers(noise=noise, vessel_width=vessel_width, motion=motion, seed=seed)
    _check_leakage(leakage, modality)
    times = np.arange(45) * 1.41 if times is None else np.asarray(times, float)
    ijk_to_ras = _axial(shape, spacing) if ijk_to_ras is None else np.asarray(ijk_to_ras, float)
    signal = np.empty((times.size, *shape), np.float32)
    series = PerfusionSeries(signal, times, ijk_to_ras, modality, echo_time)
    grid, times = series.grid, series.times
    origin, from_zyx = _origin(grid), ijk_to_ras[:, [2, 1, 0, 3]]
    # One source of chance for each, so that the same seed is the same head in every kind of scan.
    for_anatomy, for_vessels, for_bolus, for_motion, for_noise = np.random.default_rng(seed).spawn(5)

    anatomy = HeadAnatomy(for_anatomy, lesion_side=1 if seed % 2 else -1, lesion=lesion)
    vessels = large_vessels(anatomy, for_vessels, vessel_width, occlusion)
    contrast = _Contrast(for_bolus, times, bolus_arrival, modality, echo_time)
    poses = _poses(times, motion, origin, for_motion)
    lattice = Lattice(grid, origin, motion)
    voxels, points = contents_of_head(lattice, anatomy, vessels, CT_VALUES if modality == "CT" else MR_VALUES)

    contents = voxels if points is None else points
    mtt_rows = contrast.rows(contents.mtt)
    leaks = _leaks(leakage, contents, anatomy, from_zyx if points is None else lattice.to_ras, origin)

    def take(frame):
        image = contents.layers["static"]
        if bolus and contrast.since_arrival[frame] > 0:
            concentration = _concentration(contents, contrast, mtt_rows, leaks, frame)
            image = _enhanced(image, concentration, modality, echo_time)
        signal[frame] = image if points is None else lattice.moved(image, poses[frame])

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(take, range(times.size)))
    _add_noise(signal, modality, noise, grid, for_noise)
    if integer:
        signal = np.clip(np.rint(signal), *(CT_RANGE if modality == "CT" else (0, 32767))).astype(np.int16)
        series = PerfusionSeries(signal, times, ijk_to_ras, modality, echo_time)

    return SampleHead(
        series=series,
        truth=_truth(voxels, contrast, _leaks(leakage, voxels, anatomy, from_zyx, origin)),
        labels=_labels(voxels.layers),
        artery_fraction=voxels.layers["artery"] + voxels.layers["occluded"],
        vein_fraction=voxels.layers["vein"],
        arterial_input=contrast.curves["artery"] * bolus,
        venous_output=contrast.curves["vein"] * bolus,
        motion=poses,
    )


def _check_geometry(shape, spacing):
    if not _are_three(shape, Integral):
        raise PerfusionError(f"A head needs a shape of three positive numbers (slices, rows, columns), not {shape!r}.")
    if not _are_three(spacing, Real):
        raise PerfusionError(f"A head needs a spacing of three positive numbers in mm (z, y, x), not {spacing!r}.")


def _are_three(values, kind):
    values = np.asarray(values, dtype=object)
    return values.shape == (3,) and all(isinstance(value, kind) and 0 < value < np.inf for value in values)


def _check_leakage(leakage, modality):
    if not isinstance(leakage, Real) or not np.isfinite(leakage):
        raise PerfusionError(f"The leakage of the head is {leakage!r}; give a number, K2 in 1/s.")
    if leakage and modality != "MR":
        raise PerfusionError(f"The leakage of the head is {leakage:g}; vessels leak in MR heads only, so give 0.")


def _check_numbers(**numbers):
    for name, value in numbers.items():
        if value is None and name == "noise":
            continue
        if not isinstance(value, Integral if name == "seed" else Real) or not 0 <= value < np.inf:
            raise PerfusionError(f"The {name.replace('_', ' ')} of the head is {value!r}; give a number of 0 or more.")
    if numbers["vessel_width"] == 0:
        raise PerfusionError("The vessel width factor is 0; it must be above 0.")


def _axial(shape, spacing):
    """Columns to the left, rows to the back, slices upwards, RAS 0 in the middle."""
    step = np.array([-spacing[2], -spacing[1], spacing[0]])
    matrix = np.diag([*step, 1.0])
    matrix[:3, 3] = -step * (np.array(shape[::-1]) - 1) / 2
    return matrix


def _middle(grid):
    return grid.to_ras((np.array(grid.shape) - 1) / 2)


def _origin(grid):
    """RAS mm of the head's origin: a scan of few slices lies lower in the head, to hold the arterial circle."""
    coverage = np.abs(grid.ijk_to_ras[2, :3]) @ grid.shape[::-1]
    return _middle(grid) + np.array([0, 0, np.clip(38 - coverage / 2, 0, 14)])


def _leaks(leakage, contents, anatomy, from_zyx, origin):
    """K2 of the voxels or lattice points that hold tissue (n,); None where no vessel leaks."""
    if not leakage:
        return None
    shape = contents.layers["static"].shape
    places = np.stack(np.unravel_index(contents.tissue, shape), axis=1)
    points = anatomy.to_head(places @ from_zyx[:3, :3].T + from_zyx[:3, 3] - origin)
    return np.float32(leakage) * contents.at("tissue", contents.tissue) * anatomy.leaky(points)


class _Contrast:
    """The bolus: concentration in artery, in vein and in tissue of any mean transit time.

    Curves are known on a fine clock that starts with the arrival.
    """

    def __init__(self, random, times, arrival, modality, echo_time):
        self.arrival, self.duration = arrival, times[-1] - times[0]
        self.since_arrival = times - times[0] - arrival
        clock = np.arange(0, max(self.since_arrival[-1], 1) + FINE_STEP, FINE_STEP)
        shape, scale = random.uniform(2.7, 3.3), random.uniform(1.35, 1.65)
        height, clot_delay = random.uniform(250, 300), random.uniform(4, 5)
        if modality == "MR":
            scale *= MR_BOLUS_LENGTH
            height *= MR_PEAK_EXPONENT / echo_time / 275

        first_pass = (clock / (shape * scale)) ** shape * np.exp(shape - clock / scale)
        recirculation = 0.22 * _transit(clock, 14.0, 8.0) + 0.002 * (1 - np.exp(-clock / 15))
        artery = first_pass + _convolved(first_pass, recirculation)
        artery *= height / artery.max()
        curves = {
            "artery": artery,
            "occluded": _convolved(artery, _transit(clock - clot_delay, 3.0, 1.0)),
            "vein": _convolved(artery, _transit(clock - 1.0, 4.8, TRANSIT_SHAPE)),
        }
        self.curves = {kind: np.interp(self.since_arrival, clock, curve, left=0) for kind, curve in curves.items()}

        self.mean_transits = np.geomspace(0.5, 60, 160)
        residues = 1 - gammainc(TRANSIT_SHAPE, TRANSIT_SHAPE * clock / self.mean_transits[:, None])
        # Trapezoidal rule: the residue jumps from 0 to 1 at its start.
        residues[:, 0] /= 2
        per_flow = TISSUE_DENSITY / HEMATOCRIT_FACTOR / 6000
        self.table = (per_flow * _convolved(artery[None], residues)).astype(np.float32)
        grey = 1 - gammainc(TRANSIT_SHAPE, TRANSIT_SHAPE * clock * GREY_FLOW[0] / (60 * GREY_VOLUME[0]))
        grey = per_flow * GREY_FLOW[0] * _convolved(artery, grey)
        self.leaked = np.interp(self.since_arrival - DELAY_S, clock, np.cumsum(grey) * FINE_STEP, left=0)

    def now(self, kind, frame):
        """Concentration in a vessel."""
        return np.float32(self.curves[kind][frame])

    def tissue(self, frame, mtt_rows, delay):
        """Concentration (n,) per unit of CBF."""
        columns = (self.since_arrival[frame] - delay) / FINE_STEP
        return map_coordinates(self.table, [mtt_rows, columns], order=1, mode="nearest")

    def peak_time(self, mtt_rows, delay):
        """Time from the first frame to the peak of the tissue curve (n,)."""
        after_delay = FINE_STEP * np.argmax(self.table, axis=1)
        own = np.interp(mtt_rows, np.arange(after_delay.size), after_delay)
        return np.clip(self.arrival + delay + own, 0, self.duration)

    def rows(self, mtt):
        """Fractional rows of the table for mean transit times (n,)."""
        first, last = np.log(self.mean_transits[[0, -1]])
        return (np.log(mtt) - first) * ((self.mean_transits.size - 1) / (last - first))


def _transit(clock, mean, shape):
    """Density of gamma-distributed transit times, area 1 where the clock is long enough."""
    late = np.maximum(clock, 0)
    cumulative = gammainc(shape, shape * late / mean)
    return np.gradient(cumulative, FINE_STEP)


def _convolved(curve, kernel):
    return fftconvolve(curve, kernel, axes=-1)[..., : curve.shape[-1]] * FINE_STEP


def _concentration(contents, contrast, mtt_rows, leaks, frame):
    """Concentration of one frame in the reference position."""
    concentration = np.zeros(contents.layers["static"].shape, np.float32)
    flat = concentration.ravel()
    flat[contents.tissue] = contents.flow * contrast.tissue(frame, mtt_rows, contents.delay)
    if leaks is not None:
        flat[contents.tissue] -= leaks * np.float32(contrast.leaked[frame])
    for kind in KINDS:
        flat[contents.blood] += contents.at(kind, contents.blood) * contrast.now(kind, frame)
    return concentration


def _enhanced(static, concentration, modality, echo_time):
    """Signal with contrast agent, without noise."""
    if modality == "CT":
        return static + concentration
    signal = static.copy()
    changed = np.flatnonzero(concentration)
    signal.ravel()[changed] *= np.exp(np.float32(-echo_time) * concentration.ravel()[changed])
    return signal


def _add_noise(signal, modality, noise, grid, random):
    """Coil profile (MR) and noise; `signal` is changed."""
    if modality == "CT":
        noise = 5.0 if noise is None else noise
        for image in signal:
            image += np.float32(noise) * random.standard_normal(image.shape, np.float32)
        return
    sigma = np.float32(MR_SCALE * (0.02 if noise is None else noise))
    profile = _coil_profile(grid, random)
    for image in signal:
        image *= np.float32(MR_SCALE) * profile
        image += sigma * random.standard_normal(image.shape, np.float32)
        np.hypot(image, sigma * random.standard_normal(image.shape, np.float32), out=image)


def _coil_profile(grid, random):
    indices = np.moveaxis(np.indices(grid.shape, np.float32), 0, -1)
    place = (grid.to_ras(indices) - _middle(grid)) / 90
    slope = random.uniform(-1, 1, 3)
    profile = place @ slope + 0.6 * (place**2).sum(axis=-1) - 0.4
    return (1 + 0.15 * np.tanh(profile)).astype(np.float32)


def _poses(times, motion, origin, random):
    """Rigid motion about the head's origin: a slow drift and a few jerks; none in the first frame."""
    poses = np.tile(np.eye(4), (times.size, 1, 1))
    if not motion:
        return poses
    phase = np.linspace(0, 1, times.size)
    waves = np.stack([np.sin(np.pi * k * phase) / k for k in (0.5, 1, 2, 3, 5)])
    path = random.standard_normal((6, 5)) @ waves
    for start in random.integers(times.size // 8, times.size, 3):
        length = random.integers(2, times.size)
        path[:, start : start + length] += 0.6 * random.standard_normal((6, 1))
    path[:, 0] = 0
    path[3:] *= 0.7
    # Displacement of the worst point of a sphere that holds the brain.
    worst = np.linalg.norm(path[:3], axis=0) + np.linalg.norm(path[3:], axis=0)
    path *= motion / worst.max()
    turns = Rotation.from_rotvec(path[3:].T / MOTION_RADIUS).as_matrix()
    poses[:, :3, :3] = turns
    poses[:, :3, 3] = path[:3].T + origin - turns @ origin
    return poses


def _truth(voxels, contrast, leaks):
    brain = voxels.layers["brain"] >= 0.5

    def scattered(values):
        volume = np.zeros(brain.shape, np.float32)
        volume.flat[voxels.tissue] = values
        return volume * brain

    return {
        "CBF": scattered(voxels.flow),
        "CBV": scattered(voxels.flow * voxels.mtt / 60),
        "MTT": scattered(voxels.mtt),
        "Tmax": scattered(voxels.delay),
        "TTP": scattered(contrast.peak_time(contrast.rows(voxels.mtt), voxels.delay)),
        "delay": scattered(voxels.delay),
    } | ({} if leaks is None else {"K2": scattered(leaks)})


def _labels(layers):
    artery = layers["artery"] + layers["occluded"]
    half = ("grey", "white", "csf", "vein", "intracranial", "core", "penumbra", "occluded")
    labels = {name: layers[name] >= 0.5 for name in half}
    labels["csf"] &= labels["intracranial"]
    labels["artery"] = artery >= 0.5
    labels["skull"] = layers["bone"] >= 0.5
    labels["brain"] = (layers["brain"] >= 0.5) & ~labels["vein"]
    labels["tissue"] = labels["brain"] & (layers["tissue"] >= 0.9) & (artery + layers["vein"] < 0.01)
    return labels
