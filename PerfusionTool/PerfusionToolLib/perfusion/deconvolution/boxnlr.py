"""boxNLR: a box as residue function, with a delay, fitted to every curve by non-linear least squares."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from .arterial_integral import ArterialIntegral, unit_rows
from .estimate import FLAG_TYPE, Flag, Reading, mark
from .goodness import is_poor_fit
from .modes import EARLIEST_PEAK
from .problem import Problem

SHORTEST_MTT, LONGEST_MTT = 2.0, 30.0
"""Mean transit times in s between which is searched; no tissue is as quick as the shortest. Of what is quicker than a
frame interval only CBV = CBF·MTT is known, and noise would make any CBF of it."""

DELAY_STEP, MTT_RATIO = 0.5, 1.2
"""The start is the best of a grid with this spacing of the delays in s and this ratio of mean transit times."""

MOST_STEPS = 30
SMALLEST_STEP = 1e-3
"""A voxel is finished when its delay and mean transit time change by less than this part of the frame interval."""

FINER = 4
"""The shifted integrals are tabulated at this many shifts per frame interval, with their slopes."""

SMALLEST_PART = 1e-9
"""Added to the unit diagonals of matrices before they are inverted."""

UNKNOWNS = 3


def prepare(problem: Problem) -> BoxFit:
    """Plug flow, C(t) = CBF·[I(t − δ) − I(t − δ − MTT)] with I the area under the arterial input so far.

    Parameters
    ----------
    problem : Problem
        Arterial input and times.

    Returns
    -------
    BoxFit

    Notes
    -----
    MTT and delay are those of the box that comes nearest. Where transit times differ from one another, as behind an
    exponential residue function, the box starts earlier and is longer and lower than that: its CBF is less than the
    maximum of k.

    References
    ----------
    Bennink E et al., J Med Imaging 2016;3:026003. doi:10.1117/1.JMI.3.2.026003
    """
    return BoxFit(problem)


class BoxFit:
    """The least-squares fit of a delayed box, for many voxels at once.

    The flow follows from delay and mean transit time by a division (variable projection), so that Levenberg's and
    Marquardt's steps have two unknowns. They start from the best point of a coarse grid over the whole range, which
    keeps them out of local minima; a voxel leaves the batch when its steps have become small.

    Parameters
    ----------
    problem : Problem
        Arterial input, times and quadrature.
    """

    def __init__(self, problem: Problem):
        self.lags = problem.sampling.lags
        self._times = problem.times
        self._arterial = ArterialIntegral(problem)
        self._lowest = np.array([EARLIEST_PEAK, SHORTEST_MTT])
        self._highest = np.array([problem.longest_tmax, LONGEST_MTT])
        interval = np.diff(problem.times).min()
        self._smallest_step = SMALLEST_STEP * interval
        self._spacing = interval / FINER
        count = int(np.ceil((problem.longest_tmax + LONGEST_MTT - EARLIEST_PEAK) / self._spacing)) + 1
        shifted = self._times - (EARLIEST_PEAK + self._spacing * np.arange(count)[:, None])
        integrals, slopes = self._arterial.integral(shifted), -self._spacing * self._arterial.slope(shifted)
        self._table = np.stack([integrals, slopes], axis=1).reshape(2 * count, -1)
        self._starts = _start_grid(self._lowest, self._highest)
        self._unit_boxes = unit_rows(self._weights(*self._starts)[0] @ self._table)

    def estimate(self, curves: np.ndarray) -> Reading:
        """Flow, delay and mean transit time of curves (n, t) with their standard deviations."""
        fit = self._fit(curves)
        flow, delay, mtt = fit["flow"], fit["delay"], fit["mtt"]
        tmax = delay + mtt / 2
        flags = np.zeros(len(curves), FLAG_TYPE)
        margin = self._smallest_step
        values = np.stack([delay, mtt], axis=1)
        mark(flags, (values <= self._lowest + margin).any(axis=1), Flag.AT_EDGE)
        mark(flags, (values >= self._highest - margin).any(axis=1), Flag.AT_EDGE)
        mark(flags, tmax < 0, Flag.EARLY_PEAK)
        mark(flags, is_poor_fit(fit["error"], curves, UNKNOWNS), Flag.POOR_FIT)
        return Reading(
            peak=flow,
            tmax=tmax.clip(0),
            area=flow * mtt,
            flags=flags,
            delay=delay,
            mtt=mtt,
            sd=_deviations(fit, self._times.size - UNKNOWNS, self._highest - self._lowest),
        )

    def residue(self, curves: np.ndarray) -> np.ndarray:
        """The boxes in 1/s at `lags`, (n, g), of curves (n, t), averaged over the interval around each lag."""
        fit = self._fit(curves)
        step = self.lags[1]
        start = (self.lags - fit["delay"][:, None]) / step + 0.5
        length = fit["mtt"][:, None] / step
        return fit["flow"][:, None] * (start.clip(0, 1) - (start - length).clip(0, 1))

    def fitted(self, curves: np.ndarray) -> np.ndarray:
        """What the boxes make of the arterial input at the frame times, (n, t)."""
        fit = self._fit(curves)
        shifted = self._times - fit["delay"][:, None]
        box = self._arterial.integral(shifted) - self._arterial.integral(shifted - fit["mtt"][:, None])
        return fit["flow"][:, None] * box

    def local_input(self, curves: np.ndarray) -> np.ndarray:
        """The arterial input, delayed as it arrives in the tissue of curves (n, t), at the frame times, (n, t)."""
        return self._arterial.input(self._times - self._fit(curves)["delay"][:, None])

    def _fit(self, curves):
        """What `_moments` says where the squares of every curve are least."""
        table = self._table.astype(curves.dtype)
        start = (curves @ self._unit_boxes.T.astype(curves.dtype)).argmax(axis=1)
        delay, mtt = (axis[start].astype(curves.dtype) for axis in self._starts)
        fit = _moments(curves, table, delay, mtt, self._weights(delay, mtt))
        damping = np.full(len(curves), 1e-3, curves.dtype)
        active = np.arange(len(curves))
        for _ in range(MOST_STEPS):
            if active.size == 0:
                break
            now = {name: column[active] for name, column in fit.items()}
            (delay, mtt), expected = self._stepped(now, damping[active])
            tried = _moments(curves[active], table, delay, mtt, self._weights(delay, mtt))
            gain = now["error"] - tried["error"]
            is_better = gain > 0
            better = active[is_better]
            for name, column in fit.items():
                column[better] = tried[name][is_better]
            damping[active] *= np.select([gain > 0.75 * expected, gain > 0.25 * expected], [0.2, 1], 5)
            moved = np.maximum(np.abs(delay - now["delay"]), np.abs(mtt - now["mtt"]))
            active = active[moved > self._smallest_step]
        return fit

    def _stepped(self, now, damping):
        """Delays and mean transit times after one damped step, inside their ranges, and the gain expected of it."""
        values = np.stack([now["delay"], now["mtt"]])
        pull = now["flow"] * np.stack([now["residual_delay"], now["residual_mtt"]])
        curvature, mixed = _curvature(now)
        damped = curvature * (1 + damping)
        lowest, highest = ((bound[:, None] - values).astype(values.dtype) for bound in (self._lowest, self._highest))
        step = _solved(damped, mixed, pull).clip(lowest, highest)
        # What a bound takes from one step changes what is best for the other.
        for one, other in ((0, 1), (1, 0)):
            step[one] = _part(pull[one] - mixed * step[other], damped[one]).clip(lowest[one], highest[one])
        gain = 2 * (step * pull).sum(axis=0) - (curvature * step**2).sum(axis=0) - 2 * mixed * step[0] * step[1]
        return values + step, gain

    def _weights(self, delay, mtt):
        """Sparse matrices that read boxes and their slopes in delay and mean transit time from the table."""
        start, start_slope = self._hermite(delay)
        end, end_slope = self._hermite(delay + mtt)
        return start - end, start_slope - end_slope, -end_slope

    def _hermite(self, shift):
        """Weights of the table's rows for the integral at some shifts, and for its slope there."""
        place = (shift - EARLIEST_PEAK) / self._spacing
        row = np.floor(place).astype(np.int32).clip(0, len(self._table) // 2 - 2)
        part = place - row
        rest = 1 - part
        value = [rest**2 * (1 + 2 * part), part * rest**2, part**2 * (1 + 2 * rest), -rest * part**2]
        slope = [-6 * part * rest, rest * (1 - 3 * part), 6 * part * rest, part * (3 * part - 2)]
        columns = (2 * row[:, None] + np.arange(4, dtype=np.int32)).ravel()
        ends = np.arange(0, 4 * shift.size + 1, 4, dtype=np.int32)
        shape = (shift.size, len(self._table))
        return (
            csr_array((np.stack(value, axis=1).ravel(), columns, ends), shape),
            csr_array((np.stack(slope, axis=1).ravel() / self._spacing, columns, ends), shape),
        )


def _start_grid(lowest, highest):
    """Delays and mean transit times of a grid over their ranges, (2, points)."""
    steps = (highest[0] - lowest[0]) / DELAY_STEP, np.log(highest[1] / lowest[1]) / np.log(MTT_RATIO)
    delays, mtts = (int(np.ceil(step)) + 1 for step in steps)
    grid = np.meshgrid(np.linspace(lowest[0], highest[0], delays), np.geomspace(lowest[1], highest[1], mtts))
    return np.reshape(grid, (2, -1))


def _moments(curves, table, delay, mtt, weights):
    """What least squares need to know about boxes of given delay and mean transit time, one column a name.

    ``flow`` is the best for them, ``error`` the sum of squares that it leaves; ``box``, ``delay`` and ``mtt`` in the
    names of products stand for the box and its slopes.
    """
    box, by_delay, by_mtt = (matrix @ table for matrix in weights)
    square = _dot(box, box)
    flow = _part(_dot(box, curves), square).clip(0)
    residual = curves - flow[:, None] * box
    return {
        "delay": delay,
        "mtt": mtt,
        "flow": flow,
        "error": _dot(residual, residual),
        "residual_delay": _dot(residual, by_delay),
        "residual_mtt": _dot(residual, by_mtt),
        "box_box": square,
        "box_delay": _dot(box, by_delay),
        "box_mtt": _dot(box, by_mtt),
        "delay_delay": _dot(by_delay, by_delay),
        "delay_mtt": _dot(by_delay, by_mtt),
        "mtt_mtt": _dot(by_mtt, by_mtt),
    }


def _curvature(fit):
    """Gauss and Newton's matrix of delay and mean transit time, the flow eliminated: diagonal (2, n) and mixed (n,)."""
    slopes = np.stack([fit["box_delay"], fit["box_mtt"]])
    parts = _part(slopes, fit["box_box"])
    diagonal = np.stack([fit["delay_delay"], fit["mtt_mtt"]]) - parts * slopes
    mixed = fit["delay_mtt"] - parts[0] * slopes[1]
    return fit["flow"] ** 2 * diagonal.clip(0), fit["flow"] ** 2 * mixed


def _solved(diagonal, mixed, right):
    """Solutions (2, n) of symmetric systems of two unknowns; 0 where there is none."""
    return _part(diagonal[::-1] * right - mixed * right[::-1], diagonal[0] * diagonal[1] - mixed**2)


def _part(values, whole):
    """Quotient where the divisor is above 0, else 0."""
    return np.divide(values, whole, out=np.zeros_like(values), where=whole > 0)


def _deviations(fit, freedom, widths):
    """Standard deviations of a `Reading`, from the curvature of the squares and the variance of the residuals.

    Delay and mean transit time count as known beforehand as well as a uniform distribution over the range that is
    searched, so that nothing is infinite where a curve says little about them.
    """
    fit = {name: column.astype(float) for name, column in fit.items()}
    flow, zero, one = fit["flow"], np.zeros(fit["flow"].size), np.ones(fit["flow"].size)
    variance = fit["error"] / freedom
    known = variance[:, None] * 12 / widths**2
    box_delay, box_mtt, delay_mtt = flow * fit["box_delay"], flow * fit["box_mtt"], flow**2 * fit["delay_mtt"]
    curvature = np.array(
        [
            [fit["box_box"], box_delay, box_mtt],
            [box_delay, flow**2 * fit["delay_delay"] + known[:, 0], delay_mtt],
            [box_mtt, delay_mtt, flow**2 * fit["mtt_mtt"] + known[:, 1]],
        ]
    )
    covariance = variance[:, None, None] * _inverse(curvature.transpose(2, 0, 1))
    slopes = {
        "peak": (one, zero, zero),
        "area": (fit["mtt"], zero, flow),
        "mtt": (zero, zero, one),
        "tmax": (zero, one, one / 2),
        "delay": (zero, one, zero),
    }
    return {name: np.sqrt(np.einsum("in,nij,jn->n", slope, covariance, slope)) for name, slope in slopes.items()}


def _inverse(matrices):
    """Inverses of symmetric positive matrices (n, 3, 3), by way of unit diagonals so that units do not matter."""
    diagonal = np.diagonal(matrices, axis1=1, axis2=2)
    scale = np.sqrt(_part(np.ones(diagonal.shape), diagonal))
    scale = scale[:, :, None] * scale[:, None, :]
    return scale * np.linalg.inv(scale * matrices + SMALLEST_PART * np.eye(3))


def _dot(left, right):
    return np.einsum("nt,nt->n", left, right)
