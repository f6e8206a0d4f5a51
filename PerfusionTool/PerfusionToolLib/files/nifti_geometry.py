"""Where voxels lie, as headers of NIfTI-1 and NIfTI-2 state it  <->  a matrix from voxel indices to RAS.

The two ways to state it, qform and sform, are those of nifti1.h, sections "3D image (volume) orientation and location
in space" and "quaternion representation of rotation matrix".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.series import Grid

_SCANNER_COORDINATES = 1
_ROUNDING = 1e-6  # of 1 − b² − c² − d² below zero; beyond that they are not of a unit quaternion
_FLAT = 1e-9


def stated_geometry(path: Path, header: np.void) -> np.ndarray:
    """The sform, else the qform, else what programs agree on where a header states neither.

    Parameters
    ----------
    path : Path
        For the message.
    header : void

    Returns
    -------
    ndarray of shape (4, 4)
        From voxel indices (i, j, k) to RAS, in the header's unit of length.

    Raises
    ------
    PerfusionError
        If the qform is no rotation or states a negative voxel size.
    """
    matrix = np.eye(4)
    matrix[:3] = header["srow"]
    with np.errstate(invalid="ignore"):
        if header["sform_code"] and abs(np.linalg.det(matrix[:3, :3])) > _FLAT:
            return matrix
        return _qform(path, header) if header["qform_code"] else _centred(header)


def state_geometry(header: np.ndarray, grid: Grid) -> None:
    """Write a grid into a header: as sform, and as qform where that can hold it.

    Parameters
    ----------
    header : ndarray of shape ()
        Changed in place.
    grid : Grid
    """
    axes = grid.ijk_to_ras[:3, :3] / grid.spacing[::-1]
    header["pixdim"][:4] = 1, *grid.spacing[::-1]
    header["srow"] = grid.ijk_to_ras[:3]
    header["sform_code"] = _SCANNER_COORDINATES
    # A quaternion turns and mirrors; it cannot lean one axis on another, as a tilted gantry does.
    if np.abs(axes.T @ axes - np.eye(3)).max() >= 1e-5:
        return
    if np.linalg.det(axes) < 0:
        axes[:, 2] *= -1
        header["pixdim"][0] = -1
    left, _, right = np.linalg.svd(axes)
    header["quatern"] = _quaternion(left @ right)[1:]
    header["qoffset"] = grid.ijk_to_ras[:3, 3]
    header["qform_code"] = _SCANNER_COORDINATES


def _qform(path, header):
    steps = header["pixdim"][1:4].copy()
    # Near half a turn the difference from 1 has few digits left.
    b, c, d = header["quatern"].astype(np.longdouble)
    squared = 1 - (b * b + c * c + d * d)
    if not squared > -_ROUNDING or (steps < 0).any():
        raise PerfusionError(
            f"{path} has a damaged geometry (quaternion {header['quatern']}, voxel size {steps}); convert it again."
        )
    is_half_turn = squared < 3 * np.finfo(header["quatern"].dtype).eps
    a = 0 if is_half_turn else np.sqrt(squared)
    cross = np.array([[0, -d, c], [d, 0, -b], [-c, b, 0]])
    rotation = np.eye(3) + 2 / (a * a + b * b + c * c + d * d) * (a * cross + cross @ cross)
    if header["pixdim"][0] < 0:
        steps[2] *= -1
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * steps
    matrix[:3, 3] = header["qoffset"]
    return matrix


def _quaternion(rotation):
    """(a, b, c, d) of a rotation, a not negative."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    # Four times the products of any two of them; the row of the largest loses no digits.
    products = np.array(
        [
            [1 + xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, 1 + xx - yy - zz, xy + yx, xz + zx],
            [xz - zx, xy + yx, 1 - xx + yy - zz, yz + zy],
            [yx - xy, xz + zx, yz + zy, 1 - xx - yy + zz],
        ]
    )
    row = products[np.argmax(np.diag(products))]
    return row / np.linalg.norm(row) * (-1 if row[0] < 0 else 1)


def _centred(header):
    # Without a stated place the volume lies around the origin, its first axis towards the left, as in Analyze files.
    stated = np.arange(3) < header["dim"][0]
    steps = np.where(stated, header["pixdim"][1:4], 1.0) * [-1, 1, 1]
    matrix = np.diag([*steps, 1.0])
    matrix[:3, 3] = -steps * (np.where(stated, header["dim"][1:4], 1) - 1) / 2
    return matrix
