"""Before anything is measured: missing values, frames that are not yet steady, and slices finer than needed."""

from __future__ import annotations

import numpy as np

from .errors import PerfusionError
from .progress import Progress, Steps, drain
from .series import Grid

MOST_MISSING = 0.01
MOST_UNSTEADY_FRAMES = 5
# A frame is steady when it differs from the next by less than this part of the head's signal ...
UNSTEADY_CHANGE = 0.01
# ... or by less than so many times the usual change from frame to frame.
UNSTEADY_SCATTER = 5.0
# The approach to the steady state slows down: every change is at most this part of the one before.
UNSTEADY_DECAY = 0.8
_VOXELS_AT_ONCE = 10_000


def fill_missing(signal: np.ndarray, times: np.ndarray | None = None) -> tuple[np.ndarray, int]:
    """Fill values that are not finite from the same voxel's neighbouring frames.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        Signal of any real type; it is not changed.
    times : ndarray of shape (t,), optional
        Frame times in s, by which neighbours are weighted; without them frames count as equally spaced.

    Returns
    -------
    signal : ndarray of shape (t, z, y, x)
        The same array if nothing is missing, else a copy: straight lines between the nearest finite frames, held
        before the first and after the last. A voxel without any finite frame gets the lowest value of the scan.
    count : int
        Number of values that were filled.

    Raises
    ------
    PerfusionError
        If more than 1 % of the values are missing.
    """
    if signal.dtype.kind != "f":
        return signal, 0
    missing = {index: bad for index, frame in enumerate(signal) if (bad := _missing(frame)) is not None}
    if not missing:
        return signal, 0
    count = sum(int(bad.sum()) for bad in missing.values())
    if count > MOST_MISSING * signal.size:
        raise PerfusionError(
            f"{count} values of the scan ({count / signal.size:.1%}) are NaN or infinite; at most "
            f"{MOST_MISSING:.0%} can be filled in, so load or reconstruct the scan again."
        )
    voxels = np.flatnonzero(np.logical_or.reduce(list(missing.values())))
    times = np.arange(len(signal)) if times is None else np.asarray(times, float)
    lowest = min(frame.min(where=np.isfinite(frame), initial=np.inf) for frame in signal)
    filled = signal.copy()
    curves = filled.reshape(len(signal), -1)
    for start in range(0, len(voxels), _VOXELS_AT_ONCE):
        part = voxels[start : start + _VOXELS_AT_ONCE]
        curves[:, part] = _interpolate(curves[:, part], times, lowest)
    return filled, count


def find_empty_frames(signal: np.ndarray) -> np.ndarray:
    """Frames that show nothing new: of one value throughout, or exactly the frame before once more.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)

    Returns
    -------
    ndarray of shape (t,), bool

    Notes
    -----
    Repeats of the first frame count as new where the scan changes later: without noise, all frames before the bolus are
    alike.
    """
    sample = np.stack([frame.ravel()[:: max(1, frame.size // 50_000)] for frame in signal])
    blank = np.ptp(sample, axis=1) == 0
    repeated = (sample[1:] == sample[:-1]).all(axis=1)
    if not repeated.all():
        repeated[: np.argmin(repeated)] = False
    return blank | np.append(False, repeated)


def find_unsteady_frames(signal: np.ndarray) -> int:
    """Count the first frames in which the signal is not yet steady.

    The first frames of an MR series are brighter (rarely darker) than the baseline until the longitudinal
    magnetisation has reached its steady state. This approach has its largest change at its start and slows down from
    frame to frame; a bolus, in contrast, starts slowly, and a drift does not slow down.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        Finite signal with at least 10 frames.

    Returns
    -------
    int
        Number of first frames to leave out, 0 to 5. CT scans normally give 0.
    """
    curve = _head_curve(signal)
    changes = np.abs(np.diff(curve))
    tolerance = max(UNSTEADY_CHANGE, UNSTEADY_SCATTER * float(np.median(changes)))
    if changes[0] <= tolerance:
        return 0
    for frame in range(1, MOST_UNSTEADY_FRAMES + 1):
        if changes[frame] <= tolerance:
            return frame if _is_outside(curve[0], curve[frame:], tolerance) else 0
        if changes[frame] > UNSTEADY_DECAY * changes[frame - 1]:
            return 0
    return 0


def limit_matrix_steps(signal: np.ndarray, grid: Grid, maximum: int) -> Steps[tuple[np.ndarray, Grid]]:
    """Average blocks of voxels in plane until a slice has at most so many rows and columns, step by step.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        Signal of any real type; it is not changed.
    grid : Grid
        Its voxel lattice.
    maximum : int
        Most rows and columns.

    Yields
    ------
    Progress

    Returns
    -------
    signal : ndarray of float32, shape (t, z, y // f, x // f)
        Means of f × f voxels with the smallest f that suffices; the same array if f = 1.
    grid : Grid
        The lattice of the block centres; the same object if f = 1.

    Notes
    -----
    Rows or columns beyond the last whole block are left out, half of them on each side: at most f − 1 of more than
    `maximum`, and no value is invented.
    """
    factors, starts = _blocks(signal.shape[2:], maximum)
    if max(factors) == 1:
        return signal, grid
    shape = tuple(size // factor for size, factor in zip(signal.shape[2:], factors, strict=True))
    reduced = np.empty((*signal.shape[:2], *shape), np.float32)
    for index, frame in enumerate(signal):
        _block_mean(frame, factors, starts, out=reduced[index])
        yield Progress("preparation", (index + 1) / len(signal), "Averaging voxels in plane")
    return reduced, _block_grid(grid, reduced.shape[1:], factors, starts)


def limit_matrix(signal: np.ndarray, grid: Grid, maximum: int) -> tuple[np.ndarray, Grid]:
    """Average blocks of voxels in plane until a slice has at most so many rows and columns.

    Parameters
    ----------
    signal, grid, maximum
        As for `limit_matrix_steps`.

    Returns
    -------
    signal : ndarray of float32, shape (t, z, y // f, x // f)
        Means of f × f voxels; the same array if f = 1.
    grid : Grid
        The lattice of the block centres; the same object if f = 1.
    """
    return drain(limit_matrix_steps(signal, grid, maximum))


def limit_mask(mask: np.ndarray, maximum: int, *, least: float = 0.5) -> np.ndarray:
    """Reduce a mask as `limit_matrix` reduces the scan it lies on.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        Mask on the scan's own grid.
    maximum : int
        Most rows and columns.
    least : float
        Part of a block, 0 to 1, that must lie in the mask. At 0 any voxel is enough, as small vessels need.

    Returns
    -------
    ndarray of bool, shape (z, y // f, x // f)
        Blocks of which at least that part lies in the mask; the same array if f = 1.
    """
    factors, starts = _blocks(mask.shape[1:], maximum)
    if max(factors) == 1:
        return mask
    shape = tuple(size // factor for size, factor in zip(mask.shape[1:], factors, strict=True))
    part = _block_mean(mask, factors, starts, out=np.empty((mask.shape[0], *shape), np.float32))
    return part >= least if least > 0 else part > 0


def expand_mask(mask: np.ndarray, shape: tuple[int, int, int], maximum: int) -> np.ndarray:
    """A mask on the limited matrix as one on the scan's own grid; `limit_mask` gives it back.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        On the matrix that `limit_matrix` makes.
    shape : tuple of int
        Shape (z, y, x) of the scan's grid.
    maximum : int
        Most rows and columns, as given to `limit_matrix`.

    Returns
    -------
    ndarray of bool, of the shape given
    """
    (rows, columns), (first_row, first_column) = _blocks(shape[1:], maximum)
    expanded = np.zeros(shape, bool)
    blocks = mask.repeat(rows, axis=1).repeat(columns, axis=2)
    height, width = blocks.shape[1:]
    expanded[:, first_row : first_row + height, first_column : first_column + width] = blocks
    return expanded


def _missing(frame):
    """Where a frame is not finite; None if it is finite everywhere."""
    with np.errstate(invalid="ignore", over="ignore"):
        # One NaN or infinity makes the sum so; a sum may also overflow, hence the second look.
        if np.isfinite(frame.sum()):
            return None
    bad = ~np.isfinite(frame)
    return bad if bad.any() else None


def _interpolate(curves, times, otherwise):
    """Fill values (t, n) that are not finite along t; curves without any finite value get another value."""
    finite = np.isfinite(curves)
    frames = np.arange(len(times))[:, None]
    last = len(times) - 1
    before = np.maximum.accumulate(np.where(finite, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(finite, frames, last + 1)[::-1], axis=0)[::-1]
    # At the ends the one finite neighbour serves as both.
    left = np.where(before < 0, np.minimum(after, last), before)
    right = np.where(after > last, np.maximum(before, 0), after)
    span = times[right] - times[left]
    part = np.divide(times[:, None] - times[left], span, out=np.zeros(span.shape), where=span > 0)
    low = np.take_along_axis(curves, left, axis=0)
    high = np.take_along_axis(curves, right, axis=0)
    empty = ~finite.any(axis=0)
    low[:, empty] = high[:, empty] = otherwise
    return np.where(finite, curves, (1 - part) * low + part * high)


def _head_curve(signal, most_voxels=20_000):
    """Mean curve of the head above the background, as a part of the head's mean signal."""
    volume = signal[:10].mean(axis=0, dtype=np.float32)
    background, bright = np.percentile(volume, (2, 98))
    # Low between the two, so that dark tissue belongs to the head as well as bright fluid or bone.
    head = np.flatnonzero(volume > background + (bright - background) / 4)
    if head.size == 0:
        return np.zeros(len(signal))
    head = head[:: -(-head.size // most_voxels)]
    curve = np.array([frame.ravel()[head].mean(dtype=float) for frame in signal]) - background
    return curve / curve.mean()


def _is_outside(value, following, tolerance, frames=10):
    """Whether a value stands off from all of the next frames; a scan begun within a bolus returns to its start."""
    following = following[:frames]
    return value > following.max() + tolerance or value < np.median(following[:3]) - tolerance


def _blocks(size, maximum):
    """Block size and first voxel along rows and columns."""
    factor = -(-max(size) // maximum)
    factors = tuple(min(factor, count) for count in size)
    starts = tuple(count % step // 2 for count, step in zip(size, factors, strict=True))
    return factors, starts


def _block_mean(volume, factors, starts, out):
    out[:] = 0
    rows, columns = out.shape[1:]
    for row in range(starts[0], starts[0] + factors[0]):
        for column in range(starts[1], starts[1] + factors[1]):
            out += volume[:, row :: factors[0], column :: factors[1]][:, :rows, :columns]
    out /= factors[0] * factors[1]
    return out


def _block_grid(grid, shape, factors, starts):
    scale = np.array([factors[1], factors[0], 1])
    first = np.array([starts[1] + (factors[1] - 1) / 2, starts[0] + (factors[0] - 1) / 2, 0])
    matrix = np.array(grid.ijk_to_ras, float)
    matrix[:3, 3] += matrix[:3, :3] @ first
    matrix[:3, :3] *= scale
    return Grid(shape, matrix)
