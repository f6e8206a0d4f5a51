"""Smoothing of every frame inside the tissue; vessels, skull and air have no part in the averages."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, sparse
from scipy.special import ive

from .curves import gather_curves_steps
from .errors import PerfusionError
from .progress import Progress, Steps, drain, part_of_stage
from .settings import SMOOTHINGS
from .threads import in_threads

# Neighbours farther than this many standard deviations have no part in the bilateral average.
BILATERAL_REACH = 2.5
MOST_BILATERAL_NEIGHBOURS = 5000
CURVATURE_TIME_STEP = 0.05
# Values gathered at once by the filters that look at every neighbour of a voxel.
_CHUNK = 500_000
PREPARING = "Preparing the smoothing"


def smooth_series_steps(
    signal: np.ndarray,
    tissue: np.ndarray,
    spacing: np.ndarray,
    method: str = "gaussian",
    *,
    mm: float = 2.5,
    range_: float = 0.05,
    size: int = 3,
    iterations: int = 5,
    in_place: bool = False,
) -> Steps[np.ndarray]:
    """Smooth every frame of a scan inside the tissue, step by step.

    Only tissue voxels enter an average, and every average is divided by the sum of its weights (normalised
    convolution), so that neither vessels nor skull bleed in and the edge of the tissue is not pulled towards zero.
    Every filter but the median is linear in time or driven by the temporal mean, so that all frames of a voxel are
    treated alike.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        Finite signal of any real type; not changed unless `in_place`.
    tissue : ndarray of bool, shape (z, y, x)
        Voxels to smooth: the brain without its large vessels.
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).
    method : {"gaussian", "guided", "bilateral", "curvature_flow", "median", "none"}
        The filter; see Notes.
    mm : float
        Standard deviation of the kernel in mm ("gaussian", "guided", "bilateral").
    range_ : float
        Edges of the temporal mean stronger than this part of the tissue's contrast (2nd to 98th percentile) are kept
        ("guided", "bilateral").
    size : int
        Width of the median in voxels of the finest axis; on a coarser axis the odd number of voxels nearest to the
        same width in mm ("median").
    iterations : int
        Steps of the flow ("curvature_flow").
    in_place : bool
        Change `signal` itself, a float32 array, instead of a copy.

    Yields
    ------
    Progress

    Returns
    -------
    ndarray of float32, shape (t, z, y, x)
        The smoothed scan; outside the tissue it equals `signal`. With "none", `signal` itself.

    Raises
    ------
    PerfusionError
        If the method is unknown, the tissue empty or of another shape, or the bilateral kernel too wide.

    Notes
    -----
    "gaussian" is a separable Gaussian [1]_ with Lindeberg's discrete kernel, whose variance is mm² however coarse the
    axis [2]_. "guided" is the guided filter [3]_ with the temporal mean as guide and Gaussian windows of mm/√2, so that
    a flat region is smoothed by mm. "bilateral" takes its range weights from the temporal mean, once for all frames,
    in the manner of TIPS [4]_. "curvature_flow" moves the level sets of a frame by their curvature.

    References
    ----------
    .. [1] Knutsson H, Westin CF. Normalized and differential convolution. CVPR 1993. doi:10.1109/CVPR.1993.341081
    .. [2] Lindeberg T. Scale-space for discrete signals. IEEE TPAMI 1990;12:234. doi:10.1109/34.49051
    .. [3] He K, Sun J, Tang X. Guided image filtering. IEEE TPAMI 2013;35:1397. doi:10.1109/TPAMI.2012.213
    .. [4] Mendrik AM et al. TIPS bilateral noise reduction in 4D CT perfusion scans produces high-quality cerebral
       blood flow maps. Phys Med Biol 2011;56:3857. doi:10.1088/0031-9155/56/13/008
    """
    if method not in SMOOTHINGS:
        raise PerfusionError(f"Unknown smoothing {method!r}; choose {', '.join(SMOOTHINGS)}.")
    if method == "none":
        return signal
    tissue = np.asarray(tissue, bool)
    if tissue.shape != signal.shape[1:]:
        raise PerfusionError(
            f"The tissue mask has the shape {tissue.shape}, the scan {signal.shape[1:]}; give one on the scan's grid."
        )
    if not tissue.any():
        raise PerfusionError("The tissue mask is empty, so nothing can be smoothed; check the brain mask.")

    yield Progress("smoothing", 0.0, PREPARING)
    spacing = np.asarray(spacing, float)
    smoothed = signal if in_place else np.empty(signal.shape, np.float32)
    for frame in range(0 if in_place else len(signal)):
        smoothed[frame] = signal[frame]
        yield Progress("smoothing", 0.05 * frame / len(signal), PREPARING)
    box = _bounding_box(tissue)
    inside, frames = tissue[box], smoothed[(slice(None), *box)]
    if method == "gaussian":
        work, jobs = _gaussian(frames, inside, spacing, mm)
    elif method == "guided":
        work, jobs = _guided(frames, inside, spacing, mm, range_)
    elif method == "bilateral":
        work, jobs = yield from _bilateral_steps(frames, inside, spacing, mm, range_)
    elif method == "median":
        work, jobs = yield from _median_steps(frames, inside, spacing, size)
    else:
        work, jobs = _curvature_flow(frames, inside, spacing, iterations)
    yield from in_threads("smoothing", work, jobs, "Smoothing", 0.1, 1.0)
    return smoothed


def smooth_series(signal: np.ndarray, tissue: np.ndarray, spacing: np.ndarray, *args, **options) -> np.ndarray:
    """Smooth every frame of a scan inside the tissue.

    Parameters
    ----------
    signal, tissue, spacing, *args, **options
        As for `smooth_series_steps`.

    Returns
    -------
    ndarray of float32, shape (t, z, y, x)
        The smoothed scan; outside the tissue it equals `signal`.

    Raises
    ------
    PerfusionError
        As `smooth_series_steps`.
    """
    return drain(smooth_series_steps(signal, tissue, spacing, *args, **options))


def fill_from_neighbours_steps(
    frames: np.ndarray,
    targets: np.ndarray,
    sources: np.ndarray,
    guide: np.ndarray,
    spacing: np.ndarray,
    mm: float,
    range_: float,
) -> Steps[None]:
    """Replace the curves of some voxels by the average of others that are near and look alike, in place, step by step.

    Parameters
    ----------
    frames : ndarray of float32, shape (t, z, y, x)
        Changed where `targets` holds; a target without a source within reach keeps its curve.
    targets, sources : ndarray of bool, shape (z, y, x)
        Voxels to replace, and voxels to average.
    guide : ndarray of shape (z, y, x)
        What a voxel looks like, such as the mean before the bolus.
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).
    mm : float
        Standard deviation of the Gaussian weights of distance in mm.
    range_ : float
        Standard deviation of the Gaussian weights of likeness, as a part of the sources' contrast (2nd to 98th
        percentile). A voxel that looks like none of its neighbours is given the nearest likeness.

    Yields
    ------
    Progress
    """
    sources = sources & ~targets
    if not targets.any() or not sources.any():
        return
    either = targets | sources
    spacing = np.asarray(spacing, float)
    offsets = _ellipsoid(spacing, BILATERAL_REACH * mm)
    nearness = np.exp(-(((offsets * spacing / mm) ** 2).sum(axis=1)) / 2).astype(np.float32)
    gathering = gather_curves_steps(frames, either, "smoothing", "Filling from neighbours")
    curves = yield from part_of_stage(gathering, 0.0, 0.3)
    is_source = sources[either]
    low, high = np.percentile(guide[sources], (2, 98))
    look = guide[either] / np.float32(range_ * (high - low) or 1)
    filled_rows = np.flatnonzero(targets[either])
    neighbours_of = _neighbours(either, offsets)
    voxels = np.nonzero(either)

    def fill_rows(part):
        rows = filled_rows[part]
        neighbours = neighbours_of(rows)
        usable = (neighbours >= 0) & is_source[neighbours]
        near = usable.any(axis=1)
        rows, neighbours, usable = rows[near], neighbours[near], usable[near]
        unlike = np.where(usable, (look[neighbours] - look[rows, None]) ** 2, np.float32(np.inf))
        unlike -= unlike.min(axis=1, keepdims=True)
        weights = nearness * np.exp(-unlike / 2)
        weights /= weights.sum(axis=1, keepdims=True)
        _put_curves(frames, voxels, rows, _weighted(curves, neighbours, weights))

    yield from in_threads("smoothing", fill_rows, _row_slices(len(filled_rows), len(offsets)), "Filling", 0.3, 1.0)


def _weighted(curves, neighbours, weights):
    """Weighted sums of the curves of neighbours (n, k); -1 stands for none and has the weight 0."""
    ends = np.arange(len(neighbours) + 1, dtype=np.int32) * neighbours.shape[1]
    matrix = sparse.csr_array(
        (weights.ravel(), np.maximum(neighbours, 0).ravel(), ends), shape=(len(neighbours), len(curves))
    )
    return matrix @ curves


def smooth_volume(volume: np.ndarray, mask: np.ndarray, spacing: np.ndarray, mm: float) -> np.ndarray:
    """Smooth one volume, such as a map, by a Gaussian inside a mask.

    Parameters
    ----------
    volume : ndarray of shape (z, y, x)
        Values; NaN where there is none. It is not changed.
    mask : ndarray of bool, shape (z, y, x)
        Voxels to smooth and to average over.
    spacing : array_like of shape (3,)
        Voxel size in mm along (z, y, x).
    mm : float
        Standard deviation of the kernel in mm; 0 for none.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        Smoothed where the mask holds and the volume is finite, else as it was: NaN stays NaN and enters no average.
    """
    smoothed = np.array(volume, np.float32)
    valid = np.asarray(mask, bool) & np.isfinite(smoothed)
    if mm == 0 or not valid.any():
        return smoothed
    box = _bounding_box(valid)
    inside, part = valid[box], smoothed[box]
    np.copyto(part, _masked_gaussian(inside, spacing, mm)(part), where=inside)
    return smoothed


def _bounding_box(mask):
    return ndimage.find_objects(mask.astype(np.int8))[0]


def _masked_gaussian(mask, spacing, mm):
    """The function that averages a volume over the mask with Gaussian weights; 0 where no mask is near."""
    kernels = [_gaussian_kernel((mm / step) ** 2) for step in spacing]
    weight = _convolve(mask.astype(np.float32), kernels)
    scale = np.divide(1, weight, out=np.zeros_like(weight), where=weight > 0)

    def average(values):
        return _convolve(np.where(mask, values, np.float32(0)), kernels) * scale

    return average


def _gaussian_kernel(variance):
    # The discrete Gaussian e^-t I_n(t): a sampled one of half a voxel loses a seventh of its variance.
    radius = int(np.ceil(4 * np.sqrt(variance))) + 1
    return ive(np.abs(np.arange(-radius, radius + 1)), variance)


def _convolve(values, kernels):
    for axis, kernel in enumerate(kernels):
        if values.shape[axis] > 1:
            values = ndimage.correlate1d(values, kernel, axis, mode="constant")
    return values


def _gaussian(frames, inside, spacing, mm):
    average = _masked_gaussian(inside, spacing, mm)

    def smooth_frame(frame):
        np.copyto(frame, average(frame), where=inside)

    return smooth_frame, frames


def _guided(frames, inside, spacing, mm, range_):
    # A frame is averaged twice, as itself and as the coefficients of the local lines, hence √2.
    average = _masked_gaussian(inside, spacing, mm / np.sqrt(2))
    guide, contrast = _guide(frames, inside)
    mean = average(guide)
    variance = np.maximum(average(guide**2) - mean**2, 0)
    weight = 1 / (variance + (range_ * contrast) ** 2)

    def smooth_frame(frame):
        frame_mean = average(frame)
        slope = (average(guide * frame) - mean * frame_mean) * weight
        offset = frame_mean - slope * mean
        np.copyto(frame, average(slope) * guide + average(offset), where=inside)

    return smooth_frame, frames


def _guide(frames, inside):
    """Temporal mean, centred (squares of an offset would cost float32 its precision), and the tissue's contrast."""
    guide = frames.mean(axis=0)
    low, middle, high = np.percentile(guide[inside], (2, 50, 98)).astype(np.float32)
    # In flat tissue there is no edge, and any contrast does.
    return np.where(inside, guide - middle, np.float32(0)), (high - low) or np.float32(1)


def _bilateral_steps(frames, inside, spacing, mm, range_):
    offsets = _ellipsoid(spacing, BILATERAL_REACH * mm)
    if len(offsets) > MOST_BILATERAL_NEIGHBOURS:
        widest = mm * (MOST_BILATERAL_NEIGHBOURS / len(offsets)) ** (1 / 3)
        raise PerfusionError(
            f"Bilateral smoothing by {mm:g} mm would average {len(offsets)} voxels for each one; "
            f"choose at most {widest:.1f} mm, or Gaussian smoothing."
        )
    nearness = np.exp(-(((offsets * spacing / mm) ** 2).sum(axis=1)) / 2).astype(np.float32)
    guide, contrast = _guide(frames, inside)
    guide = guide[inside] / (range_ * contrast)
    curves = yield from part_of_stage(gather_curves_steps(frames, inside, "smoothing", PREPARING), 0.05, 0.1)
    neighbours_of = _neighbours(inside, offsets)
    voxels = np.nonzero(inside)

    def smooth_rows(rows):
        neighbours = neighbours_of(rows)
        weights = guide[neighbours]
        weights -= guide[rows, None]
        np.square(weights, out=weights)
        weights *= np.float32(-0.5)
        np.exp(weights, out=weights)
        weights *= nearness
        weights[neighbours < 0] = 0
        weights /= weights.sum(axis=1, keepdims=True)
        _put_curves(frames, voxels, rows, _weighted(curves, neighbours, weights))

    return smooth_rows, _row_slices(len(curves), len(offsets))


def _median_steps(frames, inside, spacing, size):
    finest = np.min(spacing)
    radii = [round((size * finest / step - 1) / 2) for step in spacing]
    offsets = np.argwhere(np.ones([2 * radius + 1 for radius in radii])) - radii
    curves = yield from part_of_stage(gather_curves_steps(frames, inside, "smoothing", PREPARING), 0.05, 0.1)
    # Two more rows stand for neighbours outside the tissue: taken in pairs, they leave the median where it is.
    ends = np.full((2, len(frames)), np.inf, np.float32)
    ends[1] *= -1
    table = np.concatenate([curves, ends])
    neighbours_of = _neighbours(inside, offsets)
    voxels = np.nonzero(inside)
    middle = len(offsets) // 2

    def smooth_rows(rows):
        neighbours = neighbours_of(rows)
        outside = neighbours < 0
        number = np.cumsum(outside, axis=1)
        neighbours = np.where(outside, len(curves) + number % 2, neighbours)
        # Without a partner, the last one is replaced by the voxel itself.
        single = outside & (number == number[:, -1:]) & (number % 2 == 1)
        neighbours[single] = np.arange(rows.start, rows.stop)[single.any(axis=1)]
        values = table[neighbours]
        values.partition(middle, axis=1)
        _put_curves(frames, voxels, rows, values[:, middle])

    return smooth_rows, _row_slices(len(curves), len(offsets) * len(frames))


def _ellipsoid(spacing, reach):
    """Offsets (n, 3) in voxels whose distance is at most the reach in mm."""
    radii = np.floor(reach / spacing + 1e-6).astype(int)
    offsets = np.argwhere(np.ones(2 * radii + 1)) - radii
    return offsets[((offsets * spacing) ** 2).sum(axis=1) <= reach**2 * (1 + 1e-6)]


def _put_curves(frames, voxels, rows, curves):
    frames[(slice(None), *(axis[rows] for axis in voxels))] = curves.T


def _row_slices(rows, values_per_row):
    step = max(1, _CHUNK // values_per_row)
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def _neighbours(inside, offsets):
    """The function that gives, for a slice of the tissue's voxels, the rows (n, k) of their neighbours, -1 outside."""
    margin = np.abs(offsets).max(axis=0)
    padded = np.pad(inside, [(width, width) for width in margin])
    places = np.flatnonzero(padded)
    row_at = np.full(padded.size, -1, np.int32)
    row_at[places] = np.arange(len(places), dtype=np.int32)
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
    steps = offsets @ strides
    return lambda rows: row_at[places[rows, None] + steps]


def _curvature_flow(frames, inside, spacing, iterations):
    import SimpleITK as sitk  # noqa: N813

    average = _masked_gaussian(inside, spacing, float(np.min(spacing)))
    time_step = CURVATURE_TIME_STEP * float(np.min(spacing)) ** 2

    def smooth_frame(frame):
        # The mean of the near tissue stands outside it, so that there is no edge for the flow to act on.
        level = frame[inside].mean()
        image = sitk.GetImageFromArray(np.where(inside, frame, level + average(frame - level)))
        image.SetSpacing(spacing[::-1].tolist())
        flowed = sitk.CurvatureFlow(image, timeStep=time_step, numberOfIterations=iterations)
        np.copyto(frame, sitk.GetArrayViewFromImage(flowed), where=inside)

    return smooth_frame, frames
