"""The large vessels of the sample heads: their courses and the space they fill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from .anatomy import HeadAnatomy

KINDS = ("artery", "occluded", "vein")


@dataclass(frozen=True)
class Vessel:
    """One vessel: a tube along a smooth line.

    Parameters
    ----------
    kind : {"artery", "occluded", "vein"}
        Which curve its blood follows; "occluded" is an artery beyond a clot.
    line : ndarray of shape (n, 3)
        Points the centre line passes through, mm in the head's frame.
    diameters : ndarray of shape (n,)
        Diameter at each point in mm.
    """

    kind: str
    line: np.ndarray
    diameters: np.ndarray

    def fill(self, step: float) -> tuple[np.ndarray, np.ndarray]:
        """Points that fill the tube evenly, and the volume each stands for.

        Parameters
        ----------
        step : float
            Distance between points in mm.

        Returns
        -------
        points : ndarray of shape (n, 3)
        volumes : ndarray of shape (n,)
            mm³.
        """
        knots = np.r_[0, np.cumsum(np.linalg.norm(np.diff(self.line, axis=0), axis=1))]
        along = np.arange(step / 2, knots[-1], step)
        course = PchipInterpolator(knots, self.line)
        centres, tangents = course(along), course(along, 1)
        speed = np.linalg.norm(tangents, axis=1)
        tangents /= speed[:, None]
        radii = np.interp(along, knots, self.diameters) / 2
        aside = np.eye(3)[np.argmin(np.abs(tangents), axis=1)]
        first = np.cross(tangents, aside)
        first /= np.linalg.norm(first, axis=1)[:, None]
        second = np.cross(tangents, first)

        in_disc = max(6, int(np.ceil(np.pi * radii.max() ** 2 / step**2)))
        spiral = np.arange(in_disc)
        distance = np.sqrt((spiral + 0.5) / in_disc)
        # The golden angle spreads points evenly within a disc; turning disc against disc spreads them along the tube.
        angle = 2.399963 * spiral + 1.7 * np.arange(along.size)[:, None]
        across = np.cos(angle)[..., None] * first[:, None] + np.sin(angle)[..., None] * second[:, None]
        points = centres[:, None] + across * (radii[:, None] * distance)[..., None]
        volumes = np.pi * radii**2 * step * speed / in_disc
        return points.reshape(-1, 3), np.repeat(volumes, in_disc)


def large_vessels(anatomy: HeadAnatomy, random: np.random.Generator, width: float, occlusion: bool) -> list[Vessel]:
    """The large arteries and veins of a head.

    Parameters
    ----------
    anatomy : HeadAnatomy
        The head they run in.
    random : numpy.random.Generator
        Source of the variation of their courses.
    width : float
        Factor on every diameter.
    occlusion : bool
        Whether a clot closes the middle cerebral artery on the side of the lesion.

    Returns
    -------
    list of Vessel
    """
    lines = []
    for side in (-1, 1):
        lines += _arteries(side, occlusion and side == anatomy.lesion_side)
    lines.append(("artery", ((1, -7, -95), (1, -5, -62), (0, -3.5, -45), (0, -4, -27)), (3.8, 3.4)))
    lines += _veins(anatomy)
    vessels = []
    for kind, line, (first, last) in lines:
        line = np.array(line, float)
        # Ends stay where they join other vessels.
        line[1:-1] += random.uniform(-1.2, 1.2, (len(line) - 2, 3))
        vessels.append(Vessel(kind, line, width * np.linspace(first, last, len(line))))
    return vessels


def _arteries(side, occluded):
    beyond = "occluded" if occluded else "artery"
    middle = ((13, 12, -20), (20, 13, -19)), ((20 + 6 * occluded, 13, -19), (33, 10, -17), (40, 7, -14))
    lines = [
        ("artery", ((24, 2, -95), (22, 0, -58), (15, 10, -44), (11, 21, -36), (12, 17, -27), middle[0][0]), (5, 4.2)),
        ("artery", middle[0], (3.2, 3.1)),
        (beyond, middle[1], (3.1, 2.8)),
        (beyond, (middle[1][-1], (41, 1, -4), (42, -9, 8), (50, -20, 18), (60, -26, 24)), (2.5, 1.5)),
        (beyond, (middle[1][-1], (40, 15, 1), (42, 20, 12), (53, 25, 20)), (2.3, 1.4)),
        (beyond, (middle[1][-1], (43, -8, -10), (54, -22, -9), (62, -38, 0)), (2.3, 1.4)),
        ("artery", (middle[0][0], (8, 19, -19), (2, 25, -16)), (2.4, 2.4)),
        (
            "artery",
            ((2, 25, -16), (1.8, 40, -4), (1.8, 42, 10), (1.6, 30, 26), (1.6, 5, 31), (1.5, -22, 30)),
            (2.6, 1.6),
        ),
        ("artery", ((0, -4, -27), (10, -8, -25), (18, -25, -19), (17, -48, -12), (12, -66, -2)), (2.5, 1.5)),
    ]
    return [(kind, np.array(line, float) * (side, 1, 1), widths) for kind, line, widths in lines]


def _veins(anatomy):
    around = np.radians(np.linspace(25, 183, 14))
    sagittal = anatomy.on_dura(np.stack([0 * around, np.cos(around), np.sin(around)], axis=1), 0.5)
    confluence = sagittal[-1]
    lines = [
        ("vein", sagittal, (4.5, 8.0)),
        ("vein", ((0, -24, 6), (0, -32, 5), (0, -40, 1)), (4.5, 5.0)),
        ("vein", ((0, -40, 1), (0, -60, -4), confluence), (4.5, 5.0)),
    ]
    for side in (-1, 1):
        turn = np.radians(np.linspace(0, 52, 5))[1:]
        directions = np.stack([side * np.sin(turn), -np.cos(turn), -0.2 - 0 * turn], axis=1)
        transverse = anatomy.on_dura(directions, 3.0)
        sigmoid = ((side * 46, -42, -40), (side * 36, -36, -54), (side * 30, -20, -95))
        lines.append(("vein", np.vstack([confluence, transverse, sigmoid]), (7.5, 6.0) if side > 0 else (6.0, 5.0)))
        lines.append(("vein", ((side * 4, 14, 10), (side * 2, -10, 10), (0, -24, 6)), (2.0, 2.4)))
        for front in (0.55, -0.25):
            tilt = np.radians(np.linspace(8, 55, 5))
            directions = np.stack([side * np.sin(tilt), front + 0 * tilt, np.cos(tilt)], axis=1)
            lines.append(("vein", anatomy.on_dura(directions, 2.0), (2.8, 1.8)))
    return lines
