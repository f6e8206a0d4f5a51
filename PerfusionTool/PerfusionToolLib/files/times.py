"""Frame times: from an interval or a file, in seconds, and whether they can be true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from ..perfusion.errors import PerfusionError
from ..perfusion.series import LONGEST_INTERVAL, SHORTEST_INTERVAL
from .sidecar import frame_times_in
from .tables import read_table, read_text

_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "msec": 1e-3,
    "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "usec": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "microsecond": 1e-6,
    "microseconds": 1e-6,
}


def read_times(path: str | Path) -> np.ndarray:
    """Frame times from a CSV, JSON or text file.

    Parameters
    ----------
    path : str or Path
        Text: one time per line, or all on one line; or a table with a column named ``time``. JSON: a list, or an
        object with ``times`` (and ``unit``) or the fields of a sidecar such as ``FrameTimesStart``.
        A unit in the column's name (``time_ms``, ``time (ms)``) or in ``unit`` is honoured; otherwise seconds.

    Returns
    -------
    ndarray of shape (t,)
        In s.

    Raises
    ------
    PerfusionError
        If the file cannot be read or holds no times.
    """
    path = Path(path)
    return _read_json_times(path) if path.suffix.lower() == ".json" else _read_table_times(path)


def evenly_spaced(interval: float, frames: int, start: float = 0.0) -> np.ndarray:
    """Times of equally spaced frames.

    Parameters
    ----------
    interval : float
        In s.
    frames : int
    start : float
        Time of the first frame in s.

    Returns
    -------
    ndarray of shape (frames,)
    """
    return start + interval * np.arange(frames)


def seconds_per(unit: str | None) -> float | None:
    """Length of a unit of time in s, or None if it is none.

    Parameters
    ----------
    unit : str, optional
        Such as ``"s"``, ``"ms"``, ``"µs"`` or a longer name of these.

    Returns
    -------
    float or None
    """
    return _SECONDS.get((unit or "").strip().lower())


def seconds_of_interval(interval: float, unit: str | None) -> float | None:
    """The interval between frames that a header states, or None if it states none.

    Parameters
    ----------
    interval : float
        As stored.
    unit : str, optional
        Its unit; unknown or empty: seconds are assumed.

    Returns
    -------
    float or None
        In s. None for zero, NaN and a negative value, and for 1 without a unit, which writers leave there by default.
    """
    if not np.isfinite(interval) or interval <= 0:
        return None
    if unit:
        factor = seconds_per(unit)
        return None if factor is None else interval * factor
    return None if interval == 1 else float(interval)


def is_count(times: np.ndarray) -> bool:
    """Whether times only number the frames from 0 or 1.

    Parameters
    ----------
    times : ndarray of shape (t,)

    Returns
    -------
    bool
    """
    return len(times) > 0 and times[0] in (0, 1) and np.array_equal(times - times[0], np.arange(len(times)))


def typical_interval(times: np.ndarray) -> float:
    """Median interval between frames.

    Parameters
    ----------
    times : array_like of shape (t,)
        In s.

    Returns
    -------
    float
        In s; 0 for fewer than two frames.
    """
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def check_interval(times: np.ndarray, source: str) -> None:
    """Refuse times that no perfusion scan can have, most often milliseconds taken as seconds.

    Parameters
    ----------
    times : array_like of shape (t,)
        In s. Anything else that is wrong with them is left to `PerfusionSeries`.
    source : str
        Where they come from, for the message.

    Raises
    ------
    PerfusionError
        If the median interval is outside 0.05 to 60 s.
    """
    if np.asarray(times).dtype.kind not in "iuf":
        return
    interval = typical_interval(times)
    if 0 < interval < SHORTEST_INTERVAL or interval > LONGEST_INTERVAL:
        raise PerfusionError(
            f"The frames would be {interval:g} s apart ({source}), which is outside {SHORTEST_INTERVAL:g} to "
            f"{LONGEST_INTERVAL:g} s; give the interval or the times in seconds, or name their unit."
        )


def time_column(path: Path, titles: list[str] | None, columns: int) -> tuple[int, float]:
    """Which column of a table holds times, and their unit.

    Parameters
    ----------
    path : Path
        For the message.
    titles : list of str, optional
    columns : int

    Returns
    -------
    column : int
    seconds : float
        Length of the unit in s.

    Raises
    ------
    PerfusionError
        If there are several columns and none is named time.
    """
    named = [column for column, title in enumerate(titles or []) if re.match(r"(t|.*time.*)\b|t_", title.lower())]
    if not named and columns > 1:
        raise PerfusionError(f"{path} has {columns} columns and none is named time; name the column of times.")
    column = named[0] if named else 0
    words = re.split(r"[^a-zµμ]+", titles[column].lower()) if titles else []
    return column, next((_SECONDS[word] for word in words if word in _SECONDS), 1.0)


def _read_table_times(path):
    titles, table = read_table(path)
    if titles is None and len(table) == 1:
        return table[0]
    column, seconds = time_column(path, titles, table.shape[1])
    return table[:, column] * seconds


def _read_json_times(path):
    try:
        content = json.loads(read_text(path))
        if isinstance(content, list):
            return np.array(content, float)
        if "times" in content:
            seconds = seconds_per(content.get("unit", "s"))
            if seconds is None:
                raise PerfusionError(f"{path} has times in {content['unit']!r}; give s, ms or µs.")
            return np.array(content["times"], float) * seconds
    except PerfusionError:
        raise
    except (ValueError, TypeError) as error:
        raise PerfusionError(f"{path} holds no list of times ({error}); give a list of seconds.") from error
    found = frame_times_in(content)
    if found is None:
        raise PerfusionError(f"{path} holds no list of times; give a list of seconds, or an object with 'times'.")
    return found[0]
