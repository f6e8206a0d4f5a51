"""The template that frames are registered to: points of the head, by robust Gauss–Newton."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from .lattice import Lattice, array_to_ras

# Part of the points that is chosen for its gradient through the slices.
THROUGH_PLANE_SHARE = 0.4
# Part of the head's points that must lie inside the frame.
LEAST_INSIDE = 0.5
# Residuals beyond about this many standard deviations count little.
OUTLIER = 1.5
# Millimetres: a step shorter than this is the last.
CONVERGED = 0.003
# In units of the reference frame's standard deviation; keeps noiseless data from dividing by zero.
SMALLEST_NOISE = 1e-6


@dataclass(frozen=True, eq=False)
class Fit:
    """How a frame lies to the template, and how well it agrees with it.

    Parameters
    ----------
    transform : ndarray of shape (4, 4)
        RAS mm, from the template to the frame.
    values : ndarray of shape (n,)
        The frame at the template's points; outside the frame, the template.
    correlation : float
        Of the values with those expected.
    inside : float
        Part of the points that lie inside the frame, 0 to 1.
    """

    transform: np.ndarray
    values: np.ndarray
    correlation: float
    inside: float


class Template:
    """Points of the reference head with the values expected there and how motion and contrast change them.

    Parameters
    ----------
    lattice : Lattice
        On which the frames are compared.
    frame : ndarray of float32, shape (z, y, x)
        The reference frame on that lattice, in units of its standard deviation.
    head : ndarray of bool, shape (z, y, x)
        Where points may lie.
    level : float
        The signal of brain tissue, in the unit of the frame.
    points : int
        About how many points are chosen at most.
    """

    def __init__(self, lattice: Lattice, frame: np.ndarray, head: np.ndarray, level: float, points: int):
        self.lattice = lattice
        image = lattice.smooth_and_refine(frame)[:: lattice.refinement]
        to_ras = array_to_ras(lattice.grid)[:3, :3]
        along_axes = np.stack(
            [np.gradient(image, axis=axis) if n > 1 else 0 * image for axis, n in enumerate(image.shape)]
        )
        chosen = _strongest(along_axes / lattice.grid.spacing[:, None, None, None], head, lattice, points)
        self.target = image[chosen]
        self.trust = np.ones_like(self.target)
        positions = lattice.grid.to_ras(np.argwhere(chosen))
        self.centre = positions.mean(0)
        self.points = positions - self.centre
        self.radius = np.sqrt((self.points**2).sum(1).mean())
        gradient = along_axes[:, chosen].T @ np.linalg.inv(to_ras)
        rigid = np.hstack([gradient, np.cross(self.points, gradient) / self.radius])
        self.directions = _free_directions(lattice)
        self.design = np.hstack([rigid @ self.directions, self._contrast(level)]).astype(np.float32)

    def _contrast(self, level):
        # Contrast changes tissue smoothly over the head and leaves CSF: a voxel darker than tissue is partly air, a
        # brighter one partly CSF, so that values change in proportion on either side of the tissue's level.
        unit = self.target.std()
        tissue, brighter = np.minimum(self.target, level) / unit, np.maximum(self.target - level, 0) / unit
        place = self.points / self.points.std()
        return np.column_stack([np.ones_like(tissue), tissue, brighter, place * tissue[:, None]])

    def learn(self, values: list[np.ndarray]) -> None:
        """Take the median of registered frames as target, and trust points less where contrast passes.

        Parameters
        ----------
        values : list of ndarray of shape (n,)
            The values of each frame's `Fit`.
        """
        self.target = np.median(values, axis=0)
        change = np.std(values, axis=0)
        self.trust = (1 / (1 + (change / np.median(change + SMALLEST_NOISE)) ** 2)).astype(np.float32)

    def register(self, frame: np.ndarray, start: np.ndarray, iterations: int) -> Fit:
        """The rigid transform that takes the template's points to where they are in a frame.

        Parameters
        ----------
        frame : ndarray of float32, shape (z, y, x)
            On the template's lattice, in units of the reference frame's standard deviation.
        start : ndarray of shape (4, 4)
            Transform to begin with, RAS mm.
        iterations : int
            Most Gauss–Newton steps.

        Returns
        -------
        Fit
        """
        image = self.lattice.smooth_and_refine(frame)
        free = self.directions.shape[1]
        to_centre, from_centre = _translation(-self.centre), _translation(self.centre)
        transform = to_centre @ start @ from_centre
        contrast = np.zeros(self.design.shape[1] - free, np.float32)
        for _ in range(iterations):
            values, inside = self._read(image, from_centre @ transform)
            if inside.mean() < LEAST_INSIDE:
                break
            difference = values - self.target
            residual = difference - self.design[:, free:] @ contrast
            noise = 1.4826 * np.median(np.abs(residual[inside])) + SMALLEST_NOISE
            weights = self.trust * inside / (1 + (residual / (OUTLIER * noise)) ** 2)
            weighted = self.design * weights[:, None].astype(np.float32)
            normal = weighted.T @ self.design
            normal += np.diag(1e-5 * np.diag(normal) + 1e-12)
            solution = np.linalg.solve(normal, weighted.T @ difference)
            contrast = solution[free:]
            step = self.directions @ solution[:free]
            transform = transform @ _rigid(-step[:3], -step[3:] / self.radius)
            if np.linalg.norm(step) < CONVERGED:
                break
        values, inside = self._read(image, from_centre @ transform)
        expected = self.target + self.design[:, free:] @ contrast
        return Fit(
            from_centre @ transform @ to_centre,
            np.where(inside, values, self.target),
            correlation(values[inside], expected[inside]),
            inside.mean(),
        )

    def _read(self, image, transform):
        """Values of a refined image at the transformed points, and which of these lie inside it."""
        indices = self.lattice.grid.to_indices(self.points @ transform[:3, :3].T + transform[:3, 3])
        last = np.array(self.lattice.grid.shape) - 1
        margin = np.array([0.5 if self.lattice.moves_through_slices else -0.5, 0, 0])
        inside = ((indices >= margin) & (indices <= last - margin)).all(1)
        indices[:, 0] *= self.lattice.refinement
        return ndimage.map_coordinates(image, indices.T, order=1, mode="nearest"), inside


def _strongest(gradient, head, lattice, points):
    """The head's voxels of strongest gradient (3, z, y, x), within and through the slices."""
    allowed = head.copy()
    allowed[:, [0, 1, -2, -1]] = False
    allowed[:, :, [0, 1, -2, -1]] = False
    share = THROUGH_PLANE_SHARE if lattice.moves_through_slices else 0.0
    if lattice.moves_through_slices:
        allowed[[0, -1]] = False
    if not allowed.any():
        allowed[:] = True
    chosen = np.zeros(head.shape, bool)
    for strength, part in ((np.hypot(*gradient[1:]), 1 - share), (np.abs(gradient[0]), share)):
        count = min(int(points * part), int(allowed.sum()))
        if count > 0:
            strength = np.where(allowed, strength, -1)
            chosen |= strength >= np.partition(strength, -count, axis=None)[-count]
    return chosen & allowed


def _free_directions(lattice):
    """The rigid motions that can be seen (6, n): all, or those within the slices of a scan with few slices."""
    if lattice.moves_through_slices:
        return np.eye(6)
    columns, rows = (lattice.grid.ijk_to_ras[:3, :2] / lattice.grid.spacing[:0:-1]).T
    normal = np.cross(columns, rows)
    directions = np.zeros((6, 3))
    directions[:3, 0], directions[:3, 1] = columns, rows
    directions[3:, 2] = normal / np.linalg.norm(normal)
    return directions


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of two vectors.

    Parameters
    ----------
    first, second : ndarray of shape (n,)

    Returns
    -------
    float
        0 where one of them is constant.
    """
    first, second = first - first.mean(), second - second.mean()
    norm = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / norm) if norm > SMALLEST_NOISE * len(first) else 0.0


def _rigid(translation, rotation):
    transform = np.eye(4)
    transform[:3, :3] = Rotation.from_rotvec(rotation).as_matrix()
    transform[:3, 3] = translation
    return transform


def _translation(vector):
    return _rigid(vector, np.zeros(3))
