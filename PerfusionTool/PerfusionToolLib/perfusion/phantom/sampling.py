"""From the anatomy at points to what the voxels of a sample head hold, at rest and moved."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.ndimage import affine_transform, convolve1d

from ..series import Grid
from .anatomy import LAYERS, TISSUES, HeadAnatomy
from .vessels import KINDS, Vessel

# Each worker holds a few images of the whole lattice.
WORKERS = min(4, os.cpu_count() or 1)
LEAST_FLOW = 0.05
COMPOSED = ("flow", "volume", "delay", "tissue", "static")


class Lattice:
    """Points inside the voxels at which the anatomy is known.

    A voxel is the mean of a few samples along each axis. A moving head needs values between the samples: there the
    lattice is finer than they are, so that interpolating blurs less than a voxel does, and wider than the scan.

    Parameters
    ----------
    grid : Grid
        The voxels.
    origin : ndarray of shape (3,)
        RAS mm of the head's origin.
    motion : float
        Largest displacement of the head in mm.
    """

    def __init__(self, grid: Grid, origin: np.ndarray, motion: float):
        self.grid = grid
        self.origin = origin
        self.moving = motion > 0
        spacing = grid.spacing
        # Slices thicker than the pixels are coarse already: fewer samples do.
        apart = np.where(spacing > 1.5 * spacing.min(), 2.5, 2.0)
        self.parts = np.clip(np.rint(spacing / apart), 1, 4).astype(int)
        self.finer = np.where((self.parts == 1) & self.moving, 2, 1)
        self.step = spacing / self.parts / self.finer
        self.margin = np.ceil(motion / self.step).astype(int) + 1 if self.moving else np.zeros(3, int)
        self.samples = np.array(grid.shape) * self.parts
        self.shape = tuple((self.samples - 1) * self.finer + 1 + 2 * self.margin)
        self.footprint = float((spacing / self.parts).min())
        to_voxels = np.diag([*(1 / self.finer / self.parts), 1.0])
        to_voxels[:3, 3] = (0.5 - self.margin / self.finer) / self.parts - 0.5
        from_zyx = np.eye(4)[[2, 1, 0, 3]]
        self.to_ras = grid.ijk_to_ras @ from_zyx @ to_voxels

    @property
    def sampled(self) -> tuple[slice, slice, slice]:
        """Where in the lattice the samples of the voxels lie."""
        last = self.margin + (self.samples - 1) * self.finer
        return tuple(slice(a, b + 1, step) for a, b, step in zip(self.margin, last, self.finer, strict=True))

    def plane(self, z: int) -> np.ndarray:
        """Points (n, 3) of one plane, RAS mm about the head's origin."""
        _, rows, columns = self.shape
        indices = np.stack([np.full(rows * columns, z), *np.divmod(np.arange(rows * columns), columns)])
        return (self.to_ras[:3, :3] @ indices).T + (self.to_ras[:3, 3] - self.origin)

    def averaged(self, samples: np.ndarray) -> np.ndarray:
        """Voxels (…, z, y, x) from their samples."""
        (slices, rows, columns), (a, b, c) = self.grid.shape, self.parts
        split = samples.reshape(*samples.shape[:-3], slices, a, rows, b, columns, c)
        return split.mean(axis=(-5, -3, -1), dtype=np.float32)

    def moved(self, image: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """Voxels of a lattice image of a head that has moved by a pose (4, 4) in RAS mm."""
        back = np.linalg.inv(self.to_ras) @ np.linalg.inv(pose) @ self.to_ras
        start = back[:3, :3] @ self.margin + back[:3, 3]
        shape = tuple(self.samples)
        samples = affine_transform(image, back[:3, :3] * self.finer, start, shape, order=1, mode="nearest")
        return self.averaged(samples)

    def filled(self, points: np.ndarray, volumes: np.ndarray) -> np.ndarray:
        """Part of the space about each lattice point that is filled.

        Parameters
        ----------
        points : ndarray of shape (n, 3)
            RAS mm about the head's origin.
        volumes : ndarray of shape (n,)
            mm³ that each stands for.

        Returns
        -------
        ndarray of the lattice's shape, float32
        """
        inverse = np.linalg.inv(self.to_ras)
        indices = inverse[:3, :3] @ (points + self.origin).T + inverse[:3, 3:]
        indices = np.rint(indices).astype(np.intp)
        within = np.all((indices >= 0) & (indices < np.array(self.shape)[:, None]), axis=0)
        places = np.ravel_multi_index(tuple(indices[:, within]), self.shape)
        space = abs(np.linalg.det(self.to_ras[:3, :3]))
        filled = np.bincount(places, volumes[within] / space, minlength=np.prod(self.shape)).reshape(self.shape)
        for axis in np.flatnonzero(self.finer == 2):
            filled = convolve1d(filled, [0.25, 0.5, 0.25], axis=axis, mode="constant")
        return np.minimum(filled, 1).astype(np.float32)


class Contents:
    """What every voxel, or every lattice point, holds.

    Attributes
    ----------
    layers : dict of ndarray of shape (z, y, x), float32
        `LAYERS`, `KINDS` of vessel, "tissue" (grey and white matter) and "static" (signal without contrast agent);
        of a lattice, `COMPOSED` and `KINDS` only.
    tissue, blood : ndarray of int
        Flat indices where tissue has flow, and where vessels run.
    flow, mtt, delay : ndarray
        At `tissue`: CBF in ml/100g/min, mean transit time and delay in s.
    """

    def __init__(self, layers: dict[str, np.ndarray]):
        self.layers = layers
        self.tissue = np.flatnonzero(layers["flow"] > LEAST_FLOW)
        self.flow, volume, delay, amount = (layers[name].ravel()[self.tissue] for name in COMPOSED[:4])
        self.mtt = 60 * volume / self.flow
        self.delay = delay / amount
        self.blood = np.flatnonzero(sum(layers[kind] for kind in KINDS))

    def at(self, name: str, places: np.ndarray) -> np.ndarray:
        """A layer at flat indices."""
        return self.layers[name].ravel()[places]


def contents_of_head(
    lattice: Lattice, anatomy: HeadAnatomy, vessels: list[Vessel], values: dict[str, float]
) -> tuple[Contents, Contents | None]:
    """What the voxels of a scan hold, and the lattice points of a moving head.

    Parameters
    ----------
    lattice : Lattice
        Where to look.
    anatomy : HeadAnatomy
        Tissues.
    vessels : list of Vessel
        They displace the tissues.
    values : dict
        Signal without contrast agent of each of the `TISSUES` and of "blood".

    Returns
    -------
    voxels : Contents
    points : Contents or None
        None when the head lies still.
    """
    names = (*LAYERS, "tissue", "static")
    displaced = [number for number, name in enumerate(names) if name not in ("brain", "intracranial")]
    unenhanced = np.array([values[name] for name in TISSUES], np.float32)
    fractions = _vessel_fractions(lattice, anatomy, vessels)
    blood = sum(fractions.values())
    fine = {name: np.empty(lattice.shape, np.float32) for name in COMPOSED} if lattice.moving else {}
    samples = np.empty((len(names), *lattice.samples), np.float32)
    planes, *within = lattice.sampled
    planes = range(lattice.shape[0])[planes]

    def look(z):
        layers = anatomy.layers(anatomy.to_head(lattice.plane(z)), lattice.footprint)
        tissue = layers[TISSUES.index("grey")] + layers[TISSUES.index("white")]
        layers = np.vstack([layers, tissue, unenhanced @ layers[: len(TISSUES)]])
        layers = layers.reshape(len(names), *lattice.shape[1:])
        layers[displaced] *= 1 - blood[z]
        layers[names.index("static")] += np.float32(values["blood"]) * blood[z]
        for name, volume in fine.items():
            volume[z] = layers[names.index(name)]
        if z in planes:
            samples[:, planes.index(z)] = layers[:, within[0], within[1]]

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(look, range(lattice.shape[0])))
    voxels = dict(zip(names, lattice.averaged(samples), strict=True))
    voxels |= {kind: lattice.averaged(fraction[lattice.sampled]) for kind, fraction in fractions.items()}
    return Contents(voxels), Contents(fine | fractions) if lattice.moving else None


def _vessel_fractions(lattice, anatomy, vessels):
    """Part about every lattice point that is artery, artery beyond a clot and vein; together at most 1."""
    step = np.clip(lattice.step.min() / 2.5, 0.3, 0.6)
    free = np.ones(lattice.shape, np.float32)
    fractions = {}
    for kind in KINDS:
        tubes = [vessel.fill(step) for vessel in vessels if vessel.kind == kind]
        fractions[kind] = np.zeros(lattice.shape, np.float32)
        if tubes:
            points, volumes = (np.concatenate(part) for part in zip(*tubes, strict=True))
            filled = lattice.filled(anatomy.to_ras(points), volumes * anatomy.size**3)
            fractions[kind] = np.minimum(filled, free)
            free -= fractions[kind]
    return fractions
