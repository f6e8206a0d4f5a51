"""Measures over a list of subjects."""

from __future__ import annotations

import numpy as np

from .measures import LIMIT_SPREADS


def summary_rows(tables: list[list[list]]) -> list[list]:
    """Mean, median and standard deviation of every measure over subjects.

    Parameters
    ----------
    tables : list of list of list
        One table a subject, as `comparison_rows` and `overlap_rows` give them: titles, then map, measure, unit, value.

    Returns
    -------
    list of list
        Titles, then one row for each map and measure: map, measure, unit, subjects with a value, mean, median, SD (of a
        sample; NaN with one subject), and mean − and + 1.96 SD: for differences, Bland and Altman's limits.
    """
    found: dict[tuple, list[float]] = {}
    for table in tables:
        for name, measure, unit, value in table[1:]:
            found.setdefault((name, measure, unit), []).append(value)
    rows = [["map", "measure", "unit", "subjects", "mean", "median", "SD", "lower limit", "upper limit"]]
    return rows + [[*key, *_statistics(np.array(values, float))] for key, values in found.items()]


def _statistics(values):
    values = values[np.isfinite(values)]
    if not values.size:
        return [0, *[float("nan")] * 5]
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if values.size > 1 else float("nan")
    limits = mean - LIMIT_SPREADS * spread, mean + LIMIT_SPREADS * spread
    return [values.size, mean, float(np.median(values)), spread, *limits]
