"""Curves over time, such as an arterial input, as CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.words import counted
from .atomic import write_text
from .paths import checked_path
from .tables import read_table
from .times import time_column


def read_curve(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a curve from a table of two columns.

    Parameters
    ----------
    path : str or Path
        CSV, TSV or text. With titles, the column named time may stand on either side, and its unit is honoured
        (``time_ms``); without, the first column is time in s.

    Returns
    -------
    times : ndarray of shape (t,)
        In s, increasing.
    values : ndarray of shape (t,)

    Raises
    ------
    PerfusionError
        If the file cannot be read, has not two columns, or its times do not increase.
    """
    path = checked_path(path)
    titles, table = read_table(path)
    if table.shape[1] != 2:
        raise PerfusionError(f"{path} has {counted(table.shape[1], 'column')}; a curve has two, time and value.")
    column, seconds = time_column(path, titles, 2) if titles else (0, 1.0)
    times, values = table[:, column] * seconds, table[:, 1 - column]
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(1))[0])
        raise PerfusionError(f"{path} holds values that are not finite, the first in row {row + 1}; correct them.")
    if (np.diff(times) <= 0).any():
        row = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1
        raise PerfusionError(f"{path}: times must increase, but {times[row]:g} s follows {times[row - 1]:g} s.")
    return times, values


def curve_at(frame_times: np.ndarray, times: np.ndarray, values: np.ndarray, origin: str | Path) -> np.ndarray:
    """A curve at the frame times of a scan.

    Parameters
    ----------
    frame_times : ndarray of shape (t,)
        In s, increasing.
    times : ndarray of shape (n,)
        Of the curve, s.
    values : ndarray of shape (n,)
    origin : str or Path
        Where the curve comes from, for the sentence of an error.

    Returns
    -------
    ndarray of shape (t,)
        The values themselves where the times are the same, else a monotone cubic through them.

    Raises
    ------
    PerfusionError
        If the curve does not cover the scan.
    """
    if times[0] > frame_times[0] or times[-1] < frame_times[-1]:
        raise PerfusionError(
            f"The curve {origin} runs from {times[0]:g} to {times[-1]:g} s, the scan from {frame_times[0]:g} to "
            f"{frame_times[-1]:g} s; give a curve that covers the scan."
        )
    if np.array_equal(times, frame_times):
        return values
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(times, values)(frame_times)


def write_curve(path: str | Path, times: np.ndarray, values: np.ndarray) -> None:
    """Write a curve as CSV with the columns time_s and value, exact to the last bit.

    Parameters
    ----------
    path : str or Path
    times : array_like of shape (t,)
        In s.
    values : array_like of shape (t,)

    Raises
    ------
    PerfusionError
        If the lengths differ or the file cannot be written.
    """
    times, values = np.asarray(times, float), np.asarray(values, float)
    if times.shape != values.shape or times.ndim != 1:
        raise PerfusionError(
            f"A curve needs one value per time, not {counted(values.size, 'value')} for {counted(times.size, 'time')}."
        )
    rows = [f"{time!r},{value!r}" for time, value in zip(times.tolist(), values.tolist(), strict=True)]
    write_text(path, "\n".join(["time_s,value", *rows]) + "\n")
