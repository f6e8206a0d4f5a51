"""Anatomy of the sample heads: which tissue lies at a point.

Points are millimetres in the head's own frame: x to the right, y to the front, z up, the origin in the midline at the
height of the basal ganglia. Shapes are signed distances (negative inside), blurred over the footprint of a sample.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

TISSUES = ("air", "muscle", "fat", "bone", "csf", "grey", "white")
LAYERS = (*TISSUES, "brain", "intracranial", "flow", "volume", "delay", "core", "penumbra")

CORTEX_MM = 3.5
SULCUS_DEPTH_MM = 18.0
SKIN_MM = 2.0

# CBF in ml/100g/min, CBV in ml/100g: normal, penumbra, core
GREY_FLOW, WHITE_FLOW = (60.0, 17.5, 9.5), (25.0, 15.5, 8.0)
GREY_VOLUME, WHITE_VOLUME = (4.0, 3.2, 1.6), (2.0, 2.8, 1.4)
DELAY_S, WHITE_DELAY_S, PENUMBRA_DELAY_S, CORE_DELAY_S = 0.9, 0.4, 4.4, 5.5

_FIELD_STEP = 3.0
_FIELD_START = np.array([-96.0, -108.0, -90.0])
_FIELD_SHAPE = (65, 73, 60)
_FIELD_WIDTHS = {
    "warp_x": 22.0,
    "warp_y": 22.0,
    "warp_z": 22.0,
    "thickness": 12.0,
    "cells": 2.5,
    "sulci": 5.0,
    "flow": 4.5,
    "volume": 4.5,
    "delay": 12.0,
    "lesion": 9.0,
}


class HeadAnatomy:
    """A head that differs a little from seed to seed.

    Parameters
    ----------
    random : numpy.random.Generator
        Source of all variation.
    lesion_side : {-1, 1}
        -1: left, 1: right.
    lesion : bool
        Whether there is an infarct core with a penumbra.
    """

    def __init__(self, random: np.random.Generator, lesion_side: int, lesion: bool = True):
        self.lesion_side = lesion_side
        self.lesion = lesion
        self.size = random.uniform(0.95, 1.03)
        self.turn = Rotation.from_euler("xyz", random.uniform(-1, 1, 3) * (6, 4, 4), degrees=True).as_matrix()
        self.shift = random.uniform(-1, 1, 3) * (2.5, 1.5, 4.0)
        self.breadth = random.uniform(0.97, 1.03)
        self.ventricles = random.uniform(0.8, 1.25)
        self.csf_mm = random.uniform(1.6, 2.6)
        self.skull_mm = random.uniform(5.5, 7.0)
        self.scalp_mm = random.uniform(5.0, 7.0)
        self.lesion_radii = random.uniform(0.88, 1.12, 3)
        self.fields = _random_fields(random)

    def to_head(self, ras: np.ndarray) -> np.ndarray:
        """Head-frame mm (…, 3) of RAS mm (…, 3) about the head's origin."""
        return (ras - self.shift) @ self.turn / self.size

    def to_ras(self, head: np.ndarray) -> np.ndarray:
        """RAS mm (…, 3) about the head's origin of head-frame mm (…, 3)."""
        return head @ self.turn.T * self.size + self.shift

    def layers(self, points: np.ndarray, footprint: float) -> np.ndarray:
        """What lies at points of the head.

        Parameters
        ----------
        points : ndarray of shape (n, 3)
            mm in the head's frame.
        footprint : float
            Width in mm over which boundaries are blurred (the size of a sample).

        Returns
        -------
        ndarray of shape (len(LAYERS), n), float32
            Fractions of the `TISSUES`, of brain and of intracranial space; CBF in ml/100g/min and CBV in ml/100g of
            the whole sample; delay in s, core and penumbra, each times the fraction of grey and white matter.
        """
        result = np.zeros((len(LAYERS), len(points)), np.float32)
        result[0] = 1
        near = np.flatnonzero(_ellipsoid(points.T, (0, 3, -20), (92, 104, 100)) < 0)
        place = _Place(points[near].T.astype(np.float32), self)
        skin = self._skin(place)
        kept = np.flatnonzero(skin < footprint)
        place = place.take(kept)
        fractions = np.zeros((len(TISSUES), kept.size), np.float32)
        fractions[0] = 1
        self._paint_outside(fractions, place, skin[kept], footprint)
        intracranial = _inside(place.inner_table, footprint)
        pia = self._pia(place)
        brain = np.minimum(_inside(pia, footprint), intracranial)
        _paint(fractions, "csf", intracranial)
        inside = np.flatnonzero(brain > 0)
        core, penumbra = np.zeros((2, kept.size), np.float32)
        self._paint_brain(fractions, place.take(inside), -pia[inside], brain[inside], inside, footprint)
        if self.lesion:
            core[inside], penumbra[inside] = self._lesion(place.take(inside))
        perfusion = self._perfusion(fractions[5], fractions[6], place, core, penumbra)
        result[:, near[kept]] = np.vstack([fractions, brain[None], intracranial[None], *[p[None] for p in perfusion]])
        return result

    def _skin(self, place):
        self._set_inner_table(place)
        cranium = place.cranium - self.skull_mm - self.scalp_mm - 0.8 * place.field("thickness")
        face = _ellipsoid(place.p, (0, 24, -72), (62, 72, 58))
        neck = _ellipsoid(place.p, (0, -30, -80), (56, 52, 60))
        x, y, z = place.p
        temple = _ellipsoid(np.stack([np.abs(x), y, z]), (58, 36, -24), (17, 30, 30))
        return _union(_joined((cranium, face, neck), 12), temple, 14)

    def _lobes(self, place):
        x, y, z = place.p
        side = np.stack([np.abs(x), y, z])
        height = np.where(z > -8, 67.0, 24.0).astype(np.float32)
        cerebrum = _ellipsoid(place.p, (0, -4, -8), (66 * self.breadth, 80, height))
        temporal = _ellipsoid(side, (40 * self.breadth, 8, -26), (22, 36, 18))
        cerebellum = _ellipsoid(place.p, (0, -46, -36), (50, 32, 22))
        return side, (cerebrum, temporal, cerebellum)

    def _set_inner_table(self, place):
        x, _, z = place.p
        side, lobes = self._lobes(place)
        canal = _capsule(place.p, (0, -17, -15), (0, -20, -95), 17, 16)
        groove = 3.0 * np.exp(-((x / 5) ** 2)) * _inside(-z - 5, 10)
        dura = self.csf_mm + 0.4 * place.field("thickness")
        # Bone bridges the clefts between the lobes more widely than the dura does.
        place.cranium = _union(_joined(lobes, 26), canal, 10) - dura
        hull = _union(_joined(lobes, 14), canal, 10) - dura - groove
        petrous = _ellipsoid(side, (40, -24, -38), (24, 8, 9), turn=30)
        sella = _ellipsoid(place.p, (0, 17, -42), (15, 11, 11))
        place.petrous = petrous
        place.inner_table = np.maximum(hull, -np.minimum(petrous, sella))

    def _pia(self, place):
        side, lobes = self._lobes(place)
        stem = _capsule(place.p, (0, -19, -12), (0, -24, -95), 12, 11)
        pia = np.maximum(_union(_joined(lobes, 4), stem, 3), 1.5 - place.petrous)
        cistern = _ellipsoid(side, (0, 10, -24), (17, 10, 7)) + 1.5 * place.field("lesion")
        prepontine = _capsule(place.p, (0, -4, -24), (0, -6, -95), 3.5, 3.5)
        place.stem = stem
        return np.maximum(pia, -np.minimum(cistern, prepontine))

    def _paint_outside(self, fractions, place, skin, footprint):
        x, y, z = place.p
        side = np.stack([np.abs(x), y, z])
        cells = place.field("cells")
        brow = _ellipsoid(side, (9, 86, -20), (14, 18, 11))
        thickness = self.skull_mm + 0.8 * place.field("thickness") - 3 * _inside(z + 22, 20)
        thickness = np.maximum(thickness, 2.5) + 4 * _inside(brow, 10)

        def paint(tissue, distance, amount=1.0):
            _paint(fractions, tissue, amount * _inside(distance, footprint))

        paint("muscle", skin)
        paint("fat", skin + SKIN_MM)
        temporalis = _ellipsoid(side, (62, 30, -24), (12, 28, 28))
        deep = np.maximum(skin + SKIN_MM + 4, np.maximum(z + 12, -0.6 - cells))
        paint("muscle", np.minimum(np.maximum(temporalis, skin + SKIN_MM + 2), deep))

        orbit = _ellipsoid(side, (31, 58, -40), (18, 25, 16))
        sinuses = np.minimum(
            _ellipsoid(side, (9, 52, -40), (8, 22, 12)),
            np.minimum(_ellipsoid(side, (26, 56, -72), (15, 16, 16)), _ellipsoid(side, (6, 62, -66), (6, 26, 18))),
        )
        paint("bone", np.maximum(np.minimum(orbit, sinuses) - 2.5, 3 + SKIN_MM + skin))
        paint("air", np.maximum(sinuses, 4 + SKIN_MM + skin))
        paint("fat", orbit)
        nerve = _capsule(side, (31, 58, -40), (12, 26, -34), 2.2, 2.2)
        rectus = np.minimum(
            _capsule(side, (44, 66, -40), (16, 34, -37), 2, 2), _capsule(side, (19, 66, -40), (14, 34, -37), 2, 2)
        )
        paint("muscle", np.minimum(nerve, rectus))
        paint("csf", _ellipsoid(side, (31, 70, -40), (12, 12, 12)))

        paint("bone", place.cranium - thickness)
        paint(
            "fat", np.abs(place.cranium - thickness / 2) - thickness / 5, amount=np.clip(0.35 + 0.1 * cells, 0.15, 0.6)
        )
        paint("bone", np.minimum(place.petrous, _ellipsoid(side, (54, -34, -46), (11, 13, 16))))
        mastoid = np.maximum(_ellipsoid(side, (54, -34, -46), (9, 11, 14)), 0.3 - cells)
        frontal = np.maximum(np.abs(place.cranium - thickness / 2) - thickness / 4, brow + 4)
        sphenoid = _ellipsoid(side, (7, 18, -43), (6.5, 9, 8))
        paint("air", np.minimum(np.minimum(mastoid, frontal), sphenoid))

    def _paint_brain(self, fractions, place, depth, brain, rows, footprint):
        x, y, z = place.p
        side = np.stack([np.abs(x), y, z])
        sulci = place.field("sulci")
        deeper = np.maximum(depth - SULCUS_DEPTH_MM, 0)
        sulcus = np.hypot(sulci, deeper) - np.clip(1.3 - depth / 16, 0.4, 1.3)
        roof = -1 - 0.33 * side[0] + 0.15 * (y + 35)
        tentorium = np.maximum(np.abs(z - roof) - 0.9, y + 31 + 0.1 * side[0])
        callosum = _ellipsoid(np.stack([0 * x, y, z]), (0, -4, 6), (1, 42, 20))
        above = -12 - z - 2 * np.maximum(y - 15, 0)
        above = np.where(y < -28, roof - z, above)
        fissure = np.maximum(np.maximum(side[0] - 1.1, -callosum), above)
        rising = np.stack([side[0], y, z - 0.4 * y])
        sylvian = np.minimum(
            np.minimum(_ellipsoid(rising, (54, 2, -6), (14, 27, 2.0)), _ellipsoid(side, (41, 2, 0), (2.2, 24, 15))),
            _ellipsoid(side, (29, 10, -18), (15, 6, 3.5)),
        )
        to_csf = np.minimum(np.minimum(np.minimum(depth, sulcus), np.minimum(fissure, tentorium)), sylvian)

        def paint(tissue, distance):
            _paint(fractions, tissue, brain * _inside(distance, footprint), rows)

        paint("white", np.full_like(x, -99))
        paint("grey", to_csf - CORTEX_MM)
        paint("csf", to_csf)
        # Brain stem and deep white matter have no cortex of their own.
        paint("white", np.maximum(place.stem + 2, z + 8))
        putamen = _ellipsoid(side, (26, 4, 2), (5.5, 16, 11), turn=-14)
        caudate = _ellipsoid(side, (14.5, 20, 9), (5, 10, 8))
        thalamus = _ellipsoid(side, (10.5, -15, 4), (8, 13, 9))
        paint("grey", np.minimum(np.minimum(putamen, caudate), thalamus))
        paint("csf", self._ventricles(place.p, side))

    def _ventricles(self, p, side):
        size = self.ventricles
        body = ((7, 31, 5, 3.5), (10, 12, 14, 5.0), (13, -12, 17, 5.0), (20, -32, 11, 7.0), (25, -50, 5, 3.0))
        horn = ((20, -32, 11, 5.0), (31, -28, -8, 3.5), (32, -8, -18, 2.0))
        distance = np.minimum(_ellipsoid(p, (0, -6, -2), (2.3, 13, 9)), _ellipsoid(p, (0, -40, -36), (6, 5, 8)))
        for path in (body, horn):
            for (*start, first), (*end, last) in pairwise(path):
                distance = np.minimum(distance, _capsule(side, start, end, first * size, last * size))
        return distance

    def _lesion(self, place):
        centre = (self.lesion_side * 46, -6, 10)
        ragged = 3.5 * place.field("lesion")
        whole = _ellipsoid(place.p, centre, np.array([27, 40, 30]) * self.lesion_radii) + ragged
        core = _ellipsoid(place.p, (self.lesion_side * 40, -2, 7), np.array([15, 21, 16]) * self.lesion_radii) + ragged
        core = _inside(core, 4)
        return core, np.maximum(_inside(whole, 4) - core, 0)

    def _perfusion(self, grey, white, place, core, penumbra):
        parts = np.stack([1 - core - penumbra, penumbra, core])
        flow = grey * (GREY_FLOW @ parts) + white * (WHITE_FLOW @ parts)
        volume = grey * (GREY_VOLUME @ parts) + white * (WHITE_VOLUME @ parts)
        flow = flow * np.exp(0.12 * place.field("flow"))
        volume = volume * np.exp(0.06 * place.field("flow") + 0.1 * place.field("volume"))
        tissue = grey + white
        delay = np.maximum(DELAY_S + 0.35 * place.field("delay"), 0.1) * tissue + WHITE_DELAY_S * white
        delay = delay + tissue * (core * CORE_DELAY_S + penumbra * PENUMBRA_DELAY_S)
        return flow, volume, delay, tissue * core, tissue * penumbra

    def leaky(self, points: np.ndarray) -> np.ndarray:
        """How far points lie inside the region whose vessels may leak: opposite the lesion.

        Parameters
        ----------
        points : ndarray of shape (n, 3)
            mm in the head's frame.

        Returns
        -------
        ndarray of shape (n,)
            1 inside, 0 outside.
        """
        return _inside(_ellipsoid(points.T.astype(np.float32), (-self.lesion_side * 38, -6, 14), (20, 27, 22)), 4)

    def on_dura(self, directions: np.ndarray, depth: float) -> np.ndarray:
        """Points a little inside the inner table of the skull, seen from the head's origin.

        Parameters
        ----------
        directions : ndarray of shape (n, 3)
            In the head's frame.
        depth : float
            mm inwards of the bone.

        Returns
        -------
        ndarray of shape (n, 3)
            mm in the head's frame.
        """
        directions = directions / np.linalg.norm(directions, axis=1)[:, None]
        reach = np.arange(40, 95, 0.25)
        points = (directions[:, None] * reach[:, None]).reshape(-1, 3)
        place = _Place(points.T.astype(np.float32), self)
        self._set_inner_table(place)
        outside = place.inner_table.reshape(len(directions), -1) > -depth
        return directions * reach[np.argmax(outside, axis=1)][:, None]


class _Place:
    """Points with the random fields there; x, y, z are bent a little so that left and right differ."""

    def __init__(self, points, anatomy):
        self.values = _interpolate(anatomy.fields, points)
        bend = self.values[:, :3].T * np.array([[1.6], [1.6], [1.6]], np.float32)
        self.p = points + bend
        self.cranium = self.inner_table = self.petrous = self.stem = None

    def field(self, name):
        return self.values[:, list(_FIELD_WIDTHS).index(name)]

    def take(self, rows):
        part = object.__new__(_Place)
        part.values, part.p = self.values[rows], self.p[:, rows]
        for name in ("cranium", "inner_table", "petrous", "stem"):
            whole = getattr(self, name)
            setattr(part, name, None if whole is None else whole[rows])
        return part


def _random_fields(random):
    """Smooth random fields of unit variance on a coarse lattice, (x, y, z, field)."""
    fields = np.empty((*_FIELD_SHAPE, len(_FIELD_WIDTHS)), np.float32)
    for number, (name, width) in enumerate(_FIELD_WIDTHS.items()):
        sigma = width / _FIELD_STEP
        field = gaussian_filter(random.standard_normal(_FIELD_SHAPE, np.float32), sigma, truncate=3)
        if name == "sulci":
            field -= gaussian_filter(field, 1.5 * sigma, truncate=3)
            # A field divided by its slope is about the distance to where it vanishes: to the nearest sulcus.
            slope = np.sqrt(sum(g**2 for g in np.gradient(field, _FIELD_STEP)))
            field = np.clip(field / np.maximum(slope, 0.2 * slope.mean()), -15, 15)
        else:
            field /= field.std()
        fields[..., number] = field
    return fields


def _interpolate(fields, points):
    place = np.clip((points.T - _FIELD_START) / _FIELD_STEP, 0, np.array(_FIELD_SHAPE) - 1.001).astype(np.float32)
    corner = place.astype(np.intp)
    x, y, z = (place - corner).T[..., None]
    flat = fields.reshape(-1, fields.shape[-1])
    strides = np.array([_FIELD_SHAPE[1] * _FIELD_SHAPE[2], _FIELD_SHAPE[2], 1])
    first = corner @ strides

    def along_z(start):
        low = flat[start]
        return low + z * (flat[start + 1] - low)

    def along_y(start):
        low = along_z(start)
        return low + y * (along_z(start + strides[1]) - low)

    low = along_y(first)
    return low + x * (along_y(first + strides[0]) - low)


def _inside(distance, width):
    return np.clip(0.5 - distance / width, 0, 1)


def _paint(fractions, tissue, amount, rows=None):
    touched = np.flatnonzero(amount > 0)
    amount = amount[touched]
    places = touched if rows is None else rows[touched]
    fractions[:, places] *= 1 - amount
    fractions[TISSUES.index(tissue), places] += amount


def _union(first, second, blend):
    weight = np.clip(0.5 + 0.5 * (second - first) / blend, 0, 1)
    return second + weight * (first - second) - blend * weight * (1 - weight)


def _joined(distances, blend):
    first, *others = distances
    for other in others:
        first = _union(first, other, blend)
    return first


def _ellipsoid(p, centre, radii, turn=0.0):
    x, y, z = (axis - c for axis, c in zip(p, centre, strict=True))
    if turn:
        cosine, sine = np.float32(np.cos(np.radians(turn))), np.float32(np.sin(np.radians(turn)))
        x, y = cosine * x + sine * y, cosine * y - sine * x
    x, y, z = (axis / radius for axis, radius in zip((x, y, z), radii, strict=True))
    norm = np.sqrt(x * x + y * y + z * z)
    slope = np.sqrt((x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2)
    return norm * (norm - 1) / np.maximum(slope, np.float32(1e-6))


def _capsule(p, start, end, first, last):
    start, end = np.array(start, np.float32), np.array(end, np.float32)
    axis = end - start
    away = p - start[:, None]
    along = np.clip((axis @ away) / (axis @ axis), 0, 1)
    offset = away - axis[:, None] * along
    return np.sqrt((offset * offset).sum(axis=0)) - (first + (last - first) * along)
