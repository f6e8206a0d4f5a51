"""Which images of a folder are the perfusion scan."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from ...perfusion.errors import PerfusionError
from ...perfusion.series import FEWEST_FRAMES
from ...perfusion.words import counted
from .headers import SliceImage

_LONGEST_LIST = 6


def perfusion_images(path: Path, images: list[SliceImage]) -> tuple[list[SliceImage], list[str]]:
    """The images of the one series that follows a bolus.

    Parameters
    ----------
    path : Path
        For messages.
    images : list of SliceImage
        All that were found.

    Returns
    -------
    images : list of SliceImage
        Of one series, one kind, one matrix and orientation; every image once.
    notes : list of str
        What was chosen and left out.

    Raises
    ------
    PerfusionError
        If no series has several frames, several have equally many, or the images of the series do not fit together.
    """
    unique, notes = _without_duplicates(images)
    chosen, more = _series(path, unique)
    chosen, others = _one_kind(path, chosen)
    _check_alike(path, chosen)
    return chosen, notes + more + others


def frames_of(images: list[SliceImage]) -> int:
    """How often the most frequent place of a slice occurs.

    Parameters
    ----------
    images : list of SliceImage

    Returns
    -------
    int
    """
    return max(Counter(tuple(np.round(image.position, 1)) for image in images).values())


def _without_duplicates(images):
    unique = {(image.instance, image.frame): image for image in images}
    copies = len(images) - len(unique)
    notes = [f"{counted(copies, 'image')} lay in the folder twice; each was read once."] if copies else []
    return list(unique.values()), notes


def _series(path, images):
    by_series = defaultdict(list)
    for image in images:
        by_series[image.series].append(image)
    ranked = sorted(by_series.values(), key=frames_of, reverse=True)
    most = frames_of(ranked[0])
    best = [series for series in ranked if frames_of(series) == most]
    if most == 1:
        return _frames_as_series(path, ranked)
    if len(best) > 1:
        raise PerfusionError(
            f"{path} holds {len(best)} series with {most} frames each ({_listed(best)}); "
            "put the one to analyse into a folder of its own."
        )
    if len(ranked) == 1:
        return best[0], []
    return best[0], [
        f"Of {len(ranked)} series in the folder, {best[0][0].series_name} with {most} frames is read; "
        f"left out: {_listed(ranked[1:])}."
    ]


def _frames_as_series(path, ranked):
    """Some scanners export every frame as a series of its own."""
    alike = defaultdict(list)
    for series in ranked:
        first = series[0]
        alike[first.study, first.modality, first.size, len(series)].append(series)
    most = max(alike.values(), key=len)
    frames = [image for series in most for image in series]
    if len(most) < FEWEST_FRAMES or frames_of(frames) != len(most):
        raise PerfusionError(
            f"{path} holds no series with several frames ({_listed(ranked)}); give the folder of the perfusion scan."
        )
    return frames, [f"{len(most)} series of {counted(len(most[0]), 'slice')} are read as the frames of one scan."]


def _one_kind(path, images):
    ranked = Counter(image.kind for image in images).most_common()
    if len(ranked) == 1:
        return images, []
    usual, most = ranked[0]
    if ranked[1][1] == most:
        found = ", ".join("/".join(kind) for kind, number in ranked if number == most)
        raise PerfusionError(
            f"{path} holds as many images of several types ({found}) in one series; keep those of one."
        )
    chosen = [image for image in images if image.kind == usual]
    others = counted(len(images) - most, "image")
    return chosen, [f"Left out as of another type than {'/'.join(usual)}: {others} of the series."]


def _check_alike(path, images):
    sizes = Counter(image.size for image in images)
    if len(sizes) > 1:
        found = " and ".join(f"{number} of {columns}×{rows}" for (rows, columns), number in sizes.most_common())
        raise PerfusionError(f"{path} holds images of several sizes ({found}); keep those of one size.")
    directions = np.array([image.directions for image in images])
    spacings = np.array([image.spacing for image in images])
    if np.ptp(directions, axis=0).max() > 1e-3 or np.ptp(spacings, axis=0).max() > 1e-3:
        raise PerfusionError(
            f"{path} holds images of several orientations or voxel sizes in one series; keep those of one."
        )
    echoes = sorted({round(image.echo_time, 6) for image in images if image.echo_time is not None})
    if len(echoes) > 1:
        found = ", ".join(f"{echo * 1000:g}" for echo in echoes)
        raise PerfusionError(f"{path} holds images of several echo times ({found} ms); keep those of one.")


def _listed(series):
    texts = [f"{images[0].series_name} of {counted(len(images), 'image')}" for images in series[:_LONGEST_LIST]]
    rest = len(series) - len(texts)
    return ", ".join(texts) + (f" and {rest} more" if rest else "")
