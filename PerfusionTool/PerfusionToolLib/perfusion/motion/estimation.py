"""The motion of every frame, estimated coarsely, finely, and against the median of the registered frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from ..errors import PerfusionError
from ..progress import Steps, drain
from ..series import Grid
from ..threads import in_threads
from .lattice import Lattice
from .passage import head_drop, ride_out_passage
from .rigid import moved_points
from .template import LEAST_INSIDE, Template, correlation

# Millimetres. Registration sees voxels of up to about these sizes.
WORKING_VOXEL = 2.5
COARSE_VOXEL = 9.0
POINTS = 20000
COARSE_POINTS = 4000
COARSE_ITERATIONS = 15
FINE_ITERATIONS = 10

# A frame that seems moved by less than this stays as it is: so little cannot be told from noise (CT) or from the
# passing contrast (MR), and resampling would blur more than the motion does.
STILL = {"CT": 0.02, "MR": 0.1}
# A corrupted frame agrees with the template less than this, or much less than the frames before and after it do.
LEAST_CORRELATION = 0.7
LIKELY_MISMATCH = {"CT": 0.05, "MR": 0.15}
# Every so many voxels of the head its displacement is measured.
HEAD_STRIDE = 29

# Hounsfield units about the brain's.
HOUNSFIELD_WINDOW = (-1100.0, 1500.0)
HEAD_BELOW_TISSUE = 500.0
# Part of the brain's MR signal.
HEAD_PART_OF_TISSUE = 0.4


@dataclass(frozen=True, eq=False)
class Motion:
    """Rigid motion of the head through a scan.

    Parameters
    ----------
    transforms : ndarray of shape (t, 4, 4)
        In RAS mm: where a point of the head that is at x in the reference frame is in frame t. The identity for
        frames that did not move (less than 0.02 mm in CT, 0.1 mm in MR) and for corrupted ones.
    displacement : ndarray of shape (t,)
        Mean displacement of the head in mm.
    corrupted : ndarray of shape (t,), bool
        Frames that do not show the reference's head, or show it moved further than allowed.
    reference : int
        The reference frame.
    centre : ndarray of shape (3,)
        Centre of the head in the reference frame, RAS mm.
    """

    transforms: np.ndarray
    displacement: np.ndarray
    corrupted: np.ndarray
    reference: int
    centre: np.ndarray

    @property
    def parameters(self) -> np.ndarray:
        """Translations of the head's centre along R, A, S in mm, then rotations about them in degrees; (t, 6)."""
        rotations = Rotation.from_matrix(self.transforms[:, :3, :3]).as_rotvec(degrees=True)
        centres = self.transforms[:, :3, :3] @ self.centre + self.transforms[:, :3, 3]
        return np.hstack([centres - self.centre, rotations])

    def without_corrupted(self) -> Motion:
        """The motion of the frames that are not corrupted; the reference counts among them."""
        usable = ~self.corrupted
        reference = int(usable[: self.reference].sum())
        return Motion(
            self.transforms[usable], self.displacement[usable], self.corrupted[usable], reference, self.centre
        )


def estimate_motion_steps(
    signal: np.ndarray,
    grid: Grid,
    modality: str,
    reference: int | None = None,
    largest_motion: float = 20.0,
) -> Steps[Motion]:
    """Estimate the rigid motion of every frame against a reference frame, step by step.

    Parameters
    ----------
    signal : ndarray of shape (t, z, y, x)
        The scan, of any real type. CT in HU with or without an offset; MR in any scale.
    grid : Grid
        Lattice of the frames; oblique, left-handed and anisotropic ones are fine.
    modality : {"CT", "MR"}
        What the signal is.
    reference : int, optional
        Frame the others are registered to. By default, of the first third of the frames the one most like the whole
        scan, which puts it before the bolus.
    largest_motion : float
        A frame whose head seems moved by more than this, in mm, is flagged as corrupted.

    Yields
    ------
    Progress

    Returns
    -------
    Motion

    Raises
    ------
    PerfusionError
        If the reference is not a frame of the scan, or shows nothing.

    Notes
    -----
    Inverse-compositional Gauss–Newton [1]_ with Cauchy weights, in RAS mm about the head's centre. Slices are
    interpolated by a cubic spline after slight smoothing through the slices, which takes out most of what thick slices
    alias. Scans of fewer than 8 slices are moved only within their slices.

    References
    ----------
    .. [1] Baker S, Matthews I. Lucas-Kanade 20 years on: a unifying framework. International Journal of Computer
       Vision 56:221–255, 2004. doi:10.1023/B:VISI.0000011205.11775.fd
    """
    frames = len(signal)
    if reference is not None and not 0 <= reference < frames:
        raise PerfusionError(f"The reference frame is {reference}; the scan has frames 0 to {frames - 1}.")

    lattice = Lattice(grid, WORKING_VOXEL)
    coarse_lattice = Lattice(lattice.grid, COARSE_VOXEL)
    fine = yield from in_threads("motion", lattice.reduce, signal, "Preparing frame {done}/{total}", 0.0, 0.25)
    if reference is None:
        reference = _most_typical(np.stack([coarse_lattice.reduce(frame) for frame in fine]))
    level = np.median(_central_half(fine[reference]))
    if modality == "CT":
        fine = [np.clip(frame - level, *HOUNSFIELD_WINDOW) for frame in fine]
        head = _head(fine[reference] > -HEAD_BELOW_TISSUE)
    else:
        head = _head(fine[reference] > HEAD_PART_OF_TISSUE * level)
    spread = fine[reference].std()
    if not spread > 0:
        raise PerfusionError(f"Reference frame {reference} is blank; choose another.")
    fine = [frame / spread for frame in fine]
    tissue = (0 if modality == "CT" else level) / spread

    coarse = [coarse_lattice.reduce(frame) for frame in fine]
    coarse_head = coarse_lattice.reduce(head) > 0
    template = Template(coarse_lattice, coarse[reference], coarse_head, tissue, COARSE_POINTS)
    fits = yield from _register_all(template, coarse, [np.eye(4)] * frames, COARSE_ITERATIONS, 0.25, 0.4)
    template = Template(lattice, fine[reference], head, tissue, POINTS)
    fits = yield from _register_all(template, fine, [fit.transform for fit in fits], FINE_ITERATIONS, 0.4, 0.7)
    template.learn([fit.values for fit in fits if fit.correlation >= LEAST_CORRELATION])
    fits = yield from _register_all(template, fine, [fit.transform for fit in fits], FINE_ITERATIONS, 0.7, 1.0)
    drop = np.zeros(frames)
    if modality == "MR":
        drop = head_drop(np.array([frame[head].mean() for frame in fine]), reference)
    points = lattice.grid.to_ras(np.argwhere(head)[::HEAD_STRIDE])
    return _motion(fits, reference, drop, points, largest_motion, modality)


def estimate_motion(signal, grid, modality, reference=None, largest_motion=20.0) -> Motion:
    """Estimate the rigid motion of every frame against a reference frame: `estimate_motion_steps` run to its end."""
    return drain(estimate_motion_steps(signal, grid, modality, reference, largest_motion))


def _register_all(template, frames, starts, iterations, first, last):
    """Register every frame to a template, in threads, step by step."""
    return (
        yield from in_threads(
            "motion",
            lambda task: template.register(*task, iterations),
            list(zip(frames, starts, strict=True)),
            "Registering frame {done}/{total}",
            first,
            last,
        )
    )


def _motion(fits, reference, drop, head, largest_motion, modality):
    """The motion relative to the reference frame, of fits to a template that may lie elsewhere."""
    transforms = np.stack([fit.transform for fit in fits])
    transforms = ride_out_passage(transforms @ np.linalg.inv(transforms[reference]), drop, head)
    displacement = np.linalg.norm(moved_points(transforms, head) - head, axis=2).mean(1)
    mismatch = 1 - np.array([fit.correlation for fit in fits])
    sudden = above_neighbours(mismatch) > LIKELY_MISMATCH[modality] + 4 * np.quantile(mismatch, 0.25)
    unlike = (mismatch > 1 - LEAST_CORRELATION) | sudden
    outside = np.array([fit.inside for fit in fits]) < LEAST_INSIDE
    corrupted = unlike | outside | (displacement > largest_motion)
    corrupted[reference] = False
    in_place = corrupted | (displacement < STILL[modality])
    in_place[reference] = True
    transforms[in_place] = np.eye(4)
    displacement[in_place] = 0
    return Motion(transforms, displacement, corrupted, reference, head.mean(0))


def above_neighbours(mismatch: np.ndarray) -> np.ndarray:
    """By how much each frame's mismatch exceeds that of the better of two frames before, and of two frames after it.

    A bolus changes the picture over many frames, and each frame of it is like its neighbours; a corrupted frame, or a
    pair of them, is not.

    Parameters
    ----------
    mismatch : ndarray of shape (t,)
        1 − correlation of each frame with the template.

    Returns
    -------
    ndarray of shape (t,)
        Above the worse of the two sides; the first and the last frame have only one.
    """
    padded = np.pad(mismatch, 2, constant_values=np.inf)
    before = np.minimum(padded[:-4], padded[1:-3])
    after = np.minimum(padded[3:-1], padded[4:])
    neighbours = np.where(
        np.isfinite(before) & np.isfinite(after), np.maximum(before, after), np.minimum(before, after)
    )
    return mismatch - neighbours


def _most_typical(frames):
    """Index, in the first third, of the frame most like the median of all frames (t, z, y, x)."""
    rows = frames.reshape(len(frames), -1)
    median = np.median(rows, axis=0)
    return int(np.argmax([correlation(row, median) for row in rows[: max(1, len(rows) // 3)]]))


def _central_half(frame):
    _, rows, columns = frame.shape
    return frame[:, rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]


def _head(foreground):
    """The head with a rim of air: the largest piece of the foreground (z, y, x), bool."""
    in_plane = ndimage.generate_binary_structure(3, 1)
    in_plane[[0, 2]] = False
    opened = ndimage.binary_opening(foreground, in_plane, iterations=2)
    pieces, count = ndimage.label(opened)
    if count == 0:
        return np.ones(foreground.shape, bool)
    largest = 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    return ndimage.binary_dilation(pieces == largest, in_plane, iterations=3)
