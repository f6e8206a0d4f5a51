"""Lattices on which frames are compared: coarser than the scan's, with slices that can be read between."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.interpolate import CubicSpline

from ..series import Grid

# With fewer slices than this, motion through the slices cannot be told from partial volume.
FEWEST_SLICES_FOR_3D = 8
# Millimetres by which frames are smoothed, and voxels by which at least.
SMOOTHING = 3.0
LEAST_SIGMA = 0.8
# Slices coarser than this, in mm, are interpolated more finely before values are read between them.
FINE_SLICE = 1.25


class Lattice:
    """A coarser lattice over a grid, on which frames are compared.

    Parameters
    ----------
    grid : Grid
        The lattice of the frames.
    voxel : float
        Size in mm that blocks of the grid's voxels reach at most; larger voxels stay as they are.

    Attributes
    ----------
    factors : list of int
        Voxels of the grid in a block, along (z, y, x).
    grid : Grid
        The lattice of the block centres.
    moves_through_slices : bool
        Whether there are slices enough to see motion through them.
    sigmas : ndarray of shape (3,)
        Standard deviations of the smoothing along (z, y, x), in voxels of the coarse lattice.
    refinement : int
        Into how many a slice is divided for reading between slices.
    through_slices : ndarray of float32, shape (refinement·(z − 1) + 1, z)
        Smoothing and interpolation through the slices as a matrix.
    """

    def __init__(self, grid: Grid, voxel: float):
        self.factors = [
            max(1, min(int(voxel / size), count)) for size, count in zip(grid.spacing, grid.shape, strict=True)
        ]
        shape = tuple(count // factor for count, factor in zip(grid.shape, self.factors, strict=True))
        to_ras = array_to_ras(grid)
        to_ras[:3, 3] += to_ras[:3, :3] @ ((np.array(self.factors) - 1) / 2)
        to_ras[:3, :3] *= self.factors
        self.grid = Grid(shape, to_ras[:, [2, 1, 0, 3]])
        self.moves_through_slices = grid.shape[0] >= FEWEST_SLICES_FOR_3D
        self.sigmas = np.maximum(SMOOTHING / self.grid.spacing, LEAST_SIGMA)
        if self.moves_through_slices:
            smoothing = ndimage.gaussian_filter1d(np.eye(shape[0]), self.sigmas[0], axis=0, mode="nearest")
            self.refinement = refinement(self.grid)
            self.through_slices = (spline_matrix(shape[0], self.refinement) @ smoothing).astype(np.float32)
        else:
            self.refinement = 1
            self.through_slices = np.eye(shape[0], dtype=np.float32)

    def reduce(self, frame: np.ndarray) -> np.ndarray:
        """A frame of the grid averaged onto this lattice.

        Parameters
        ----------
        frame : ndarray of shape (z, y, x)
            Of any real type, on the grid.

        Returns
        -------
        ndarray of float32, the shape of this lattice
            Block means, 0 where they are not finite.
        """
        frame = np.asarray(frame)
        for axis, (factor, count) in enumerate(zip(self.factors, self.grid.shape, strict=True)):
            frame = np.moveaxis(frame, axis, 0)
            parts = [frame[first : factor * count : factor] for first in range(factor)]
            frame = np.moveaxis(sum(parts[1:], parts[0].astype(np.float32)) / np.float32(factor), 0, axis)
        return np.nan_to_num(frame, copy=False, posinf=0, neginf=0)

    def smooth_and_refine(self, frame: np.ndarray) -> np.ndarray:
        """A reduced frame, smoothed, with finer slices: linear reading of it is accurate.

        Parameters
        ----------
        frame : ndarray of float32, shape (z, y, x)
            As `reduce` gives.

        Returns
        -------
        ndarray of float32, shape (refinement·(z − 1) + 1, y, x)
        """
        smoothed = ndimage.gaussian_filter(frame, (0, *self.sigmas[1:]), mode="nearest")
        return np.tensordot(self.through_slices, smoothed, 1)


def array_to_ras(grid: Grid) -> np.ndarray:
    """From array indices to RAS mm.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    ndarray of shape (4, 4)
        Takes (z, y, x, 1) to (R, A, S, 1).
    """
    return np.array(grid.ijk_to_ras, float)[:, [2, 1, 0, 3]]


def refinement(grid: Grid) -> int:
    """Into how many a slice is divided, so that linear interpolation between the parts follows the spline.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    int
        At least 1; 1 for a single slice.
    """
    return max(1, round(grid.spacing[0] / FINE_SLICE)) if grid.shape[0] > 1 else 1


def spline_matrix(slices: int, factor: int) -> np.ndarray:
    """Cubic spline interpolation between slices, as a matrix.

    Parameters
    ----------
    slices : int
        How many there are, n.
    factor : int
        Into how many each is divided.

    Returns
    -------
    ndarray of float32, shape (factor·(n − 1) + 1, n)
        Takes values at the slices to those of their natural cubic spline at every factor-th part of the way.
    """
    if slices == 1:
        return np.eye(1, dtype=np.float32)
    positions = np.arange((slices - 1) * factor + 1) / factor
    return CubicSpline(np.arange(slices), np.eye(slices), bc_type="natural")(positions).astype(np.float32)
