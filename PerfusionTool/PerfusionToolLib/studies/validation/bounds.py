"""What must be reached: bounds of figures, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...perfusion.settings import SUM_METHODS
from .figures import Figures


@dataclass(frozen=True)
class Bound:
    """The range that a figure must lie in.

    Parameters
    ----------
    benchmark, table, row, column : str
        Which figure.
    low, high : float
    """

    benchmark: str
    table: str
    row: str
    column: str
    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        return f"{self.benchmark}, {self.table}, {self.row}, {self.column}"

    @property
    def range(self) -> str:
        """The range in words."""
        if math.isinf(self.low):
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if math.isinf(self.high) else f"{self.low:g} to {self.high:g}"


BOUNDS = (
    Bound("six_sets", "compressed", "Bayesian", "CBF RMSE", high=3.3),
    Bound("six_sets", "compressed", "Bayesian", "delay RMSE, s", high=0.5),
    Bound("six_sets", "as written", "Bayesian", "CBF RMSE", high=4.0),
    Bound("six_sets", "as written", "Bayesian", "delay RMSE, s", high=0.65),
    *(
        bound
        for variant in ("compressed", "as written")
        for bound in (
            Bound("six_sets", variant, "Bayesian", "CBF RMSE / oSVD", high=0.47),
            Bound("six_sets", variant, "Bayesian", "delay RMSE / oSVD", high=0.16),
            Bound("six_sets", f"{variant}, local AIF", "Bayesian", "r", low=0.97),
        )
    ),
    Bound("kudo", "pixels", "Bayesian", "CBF r", low=0.97),
    Bound("kudo", "pixels", "Bayesian", "MTT ICC", low=0.96),
    Bound("kudo", "pixels", "Bayesian", "CBF by delay, %/s", low=-1, high=1),
    # A box is no model of these exponential curves, so boxNLR is not among them.
    *(
        Bound("osipi_curves", "by recipe", method, f"{value} error / tolerance", high=1)
        for method in (*SUM_METHODS, "Bayesian")
        for value in ("CBF", "CBV")
    ),
    Bound("osipi_curves", "by recipe", "Bayesian", "CBF RMSE", high=3),
    Bound("heads", "CT 5 HU, true AIF", "Bayesian", "CBF r", low=0.89),
    Bound("heads", "CT 5 HU, true AIF", "Bayesian", "CBF bias, %", low=-12, high=12),
    Bound("heads", "CT 5 HU, true AIF", "Bayesian", "CBV r", low=0.86),
    Bound("heads", "CT 5 HU, true AIF", "Bayesian", "MTT r", low=0.70),
    Bound("heads", "CT 5 HU, true AIF", "Bayesian", "delay r", low=0.87),
    Bound("heads", "CT 5 HU, true AIF", "Bayesian", "delay RMSE, s", high=0.9),
    *(
        Bound("heads", "uncertainties", "CT 5 HU: Bayesian", f"{value} 1 SD, %", low=60, high=78)
        for value in ("CBF", "CBV", "MTT", "delay")
    ),
)


def judged(found: list[Figures]) -> list[tuple[Bound, float | None]]:
    """The bounds of some benchmarks, each with the figure it is about.

    Parameters
    ----------
    found : list of Figures
        Of the benchmarks that were run; bounds of others are left out.

    Returns
    -------
    list of (Bound, float or None)
        None: there is no such figure.
    """
    values = {
        (figures.name, table.name, row, column.name): value
        for figures in found
        for table in figures.tables
        for row, column, value, _ in table.cells()
    }
    benchmarks = {figures.name for figures in found}
    return [
        (bound, values.get((bound.benchmark, bound.table, bound.row, bound.column)))
        for bound in BOUNDS
        if bound.benchmark in benchmarks
    ]


def is_missed(bound: Bound, value: float | None) -> bool:
    """Whether a figure is absent or outside its bound."""
    return value is None or not bound.low <= value <= bound.high
