"""The accuracy–cost plot of a report: where everything goes. The template only draws it.

All lengths are in SVG user units, y pointing down.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from mas2_env.runs.summary import Row

CHARACTER = 7.0
"""Width of a character of a label, at most, at its font size of 12."""
LINE = 14.0
MARKER = 6.0
_MARGIN = (56.0, 16.0, 16.0, 46.0)  # left, right, top, bottom


class Tick(Struct, frozen=True):
    """A grid line and its label."""

    at: float
    label: str


class Point(Struct, frozen=True):
    """A policy: its marker, error bars, label and title."""

    policy: str
    place: int
    x: float
    y: float
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    label_x: float
    label_y: float
    anchor: str
    leader: bool
    frontier: bool
    title: str


class Plot(Struct, frozen=True):
    """A plot of `width` by `height`; the frame runs from (left, top) to (right, bottom)."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    frontier: str


class _Box(Struct, frozen=True):
    x0: float
    y0: float
    x1: float
    y1: float

    def overlap(self, other: "_Box") -> float:
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return width * height if width > 0 and height > 0 else 0.0


class _Axes(Struct, frozen=True):
    """The plot's frame, and what of cost (log10 of USD) and success rate it spans."""

    frame: _Box
    costs: tuple[float, float]
    rates: tuple[float, float]

    def x(self, cost: float) -> float:
        low, high = self.costs
        share = (math.log10(max(cost, 10**low)) - low) / (high - low)
        return self.frame.x0 + share * (self.frame.x1 - self.frame.x0)

    def y(self, rate: float) -> float:
        low, high = self.rates
        return self.frame.y1 - (rate - low) / (high - low) * (self.frame.y1 - self.frame.y0)


def pareto_plot(rows: Sequence[Row], places: dict[str, int], width: float, height: float) -> Plot | None:
    """Success over cost, cost on a logarithmic axis, with 95 % intervals and the Pareto frontier.

    Args:
        rows: one for each policy, of one task.
        places: number of a policy's colour and marker.
        width: of the plot.
        height: of the plot.

    Returns:
        The plot; None where no policy has both a success rate and a cost above zero.
    """
    shown = [row for row in rows if row.success.value is not None and (row.cost.value or 0.0) > 0.0]
    if not shown:
        return None
    frame = _Box(_MARGIN[0], _MARGIN[2], width - _MARGIN[1], height - _MARGIN[3])
    axes = _Axes(
        frame,
        _log_range([v for row in shown for v in _bounds(row, "cost") if v > 0]),
        _rate_range([v for row in shown for v in _bounds(row, "success")]),
    )
    best = frontier(shown)
    points = _points(shown, places, axes, best)
    costs, rates = _log_ticks(*axes.costs, (frame.x1 - frame.x0) / 60), _rate_ticks(*axes.rates)
    return Plot(
        width,
        height,
        frame.x0,
        frame.x1,
        frame.y0,
        frame.y1,
        tuple(Tick(axes.x(v), f"${v * 1000:.3g}") for v in costs),
        tuple(Tick(axes.y(v), f"{v:.0%}") for v in rates),
        tuple(points),
        _stairs([point for name in best for point in points if point.policy == name], frame.x1),
    )


def _points(rows: Sequence[Row], places: dict[str, int], axes: _Axes, best: Sequence[str]) -> list[Point]:
    """A point for each row, with its label where it does not hide others."""
    marks = []
    for row in rows:
        low, value, high = _bounds(row, "success")
        marks.append((axes.x(row.cost.value or 0.0), axes.y(value), axes.y(low), axes.y(high)))
    labels = _place_labels([row.policy for row in rows], marks, axes.frame)
    points = []
    for row, (x, y, y_low, y_high), label in zip(rows, marks, labels, strict=True):
        cost_low, _, cost_high = _bounds(row, "cost")
        points.append(
            Point(
                row.policy,
                places[row.policy],
                x,
                y,
                axes.x(cost_low),
                axes.x(cost_high),
                y_low,
                y_high,
                *label,
                frontier=row.policy in best,
                title=_title(row),
            )
        )
    return points


def frontier(rows: Sequence[Row]) -> list[str]:
    """Policies that no other beats in both success and cost, cheapest first."""
    best, highest = [], -1.0
    for row in sorted(rows, key=lambda row: (row.cost.value or 0.0, -(row.success.value or 0.0))):
        if (row.success.value or 0.0) > highest:
            best.append(row.policy)
            highest = row.success.value or 0.0
    return best


def _bounds(row: Row, field: str) -> tuple[float, float, float]:
    interval = row.cost if field == "cost" else row.success
    value = interval.value or 0.0
    low = interval.low if interval.low is not None else value
    high = interval.high if interval.high is not None else value
    return low, value, high


def _title(row: Row) -> str:
    low, value, high = _bounds(row, "success")
    cost_low, cost, cost_high = (1000 * v for v in _bounds(row, "cost"))
    return (
        f"{row.policy}: {value:.1%} success (95 % CI {low:.1%} to {high:.1%}), "
        f"${cost:.3g} per 1,000 episodes ({cost_low:.3g} to {cost_high:.3g})"
    )


def _log_range(values: Sequence[float]) -> tuple[float, float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    pad = max(0.08 * (high - low), 0.12)
    return low - pad, high + pad


def _rate_range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = max(0.08 * (high - low), (0.1 - (high - low)) / 2, 0.02)
    return max(-0.03, low - pad), min(1.03, high + pad)


def _log_ticks(low: float, high: float, most: float) -> list[float]:
    """Round values between the powers of ten, as many as fit."""
    for steps in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [
            step * 10.0**power
            for power in range(math.floor(low), math.ceil(high) + 1)
            for step in steps
            if low <= math.log10(step) + power <= high
        ]
        if len(ticks) <= most:
            break
    return ticks if len(ticks) > 1 else [10 ** (low + share * (high - low)) for share in (0.15, 0.5, 0.85)]


def _rate_ticks(low: float, high: float) -> list[float]:
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / s <= 6), 0.25)
    first = math.ceil(max(low, 0.0) / step - 1e-9)
    return [step * n for n in range(first, math.floor(min(high, 1.0) / step + 1e-9) + 1)]


def _stairs(points: Sequence[Point], right: float) -> str:
    """An SVG path: what is reached at each cost, by the policies of the frontier."""
    if not points:
        return ""
    path = f"M{points[0].x:.1f} {points[0].y:.1f}"
    for point in points[1:]:
        path += f"H{point.x:.1f}V{point.y:.1f}"
    return path + f"H{right:.1f}"


def _place_labels(
    names: Sequence[str], marks: Sequence[tuple[float, float, float, float]], frame: _Box
) -> list[tuple[float, float, str, bool]]:
    """A place for each label, clear of other labels, markers and error bars where there is such a place."""
    taken = [_Box(x - MARKER, y - MARKER, x + MARKER, y + MARKER) for x, y, _, _ in marks]
    bars = [_Box(x - 2, high, x + 2, low) for x, _, low, high in marks]
    placed: list[tuple[float, float, str, bool]] = []
    for name, (x, y, _, _) in zip(names, marks, strict=True):
        width = CHARACTER * len(name)
        best: tuple[float, _Box, tuple[float, float, str, bool]] | None = None
        for penalty, label in _candidates(x, y):
            box = _label_box(label, width)
            outside = (box.x1 - box.x0) * LINE - box.overlap(frame)
            cost = penalty + 20 * sum(box.overlap(other) for other in taken) + 50 * outside
            cost += 2 * sum(box.overlap(other) for other in bars)
            if best is None or cost < best[0]:
                best = (cost, box, label)
        assert best is not None
        taken.append(best[1])
        placed.append(best[2])
    return placed


def _candidates(x: float, y: float) -> list[tuple[float, tuple[float, float, str, bool]]]:
    """Places around a marker with a price for each, nearest first; those far away get a leader line."""
    found: list[tuple[float, tuple[float, float, str, bool]]] = []
    for ring in range(8):
        out = 10.0 + 14.0 * ring
        for turn, (dx, dy) in enumerate(
            ((1, 0), (-1, 0), (1, -1), (1, 1), (-1, -1), (-1, 1), (0, -1), (0, 1))
        ):
            anchor = "start" if dx > 0 else "end" if dx < 0 else "middle"
            far = 0.75 if dx and dy else 1.0
            place = (x + dx * out * far, y + dy * out * far + 4.0 + (4.0 * dy if not dx else 0.0))
            found.append((40.0 * ring + 3.0 * turn, (*place, anchor, ring > 0)))
    return found


def _label_box(label: tuple[float, float, str, bool], width: float) -> _Box:
    x, y, anchor, _ = label
    start = {"start": x, "end": x - width, "middle": x - width / 2}[anchor]
    return _Box(start, y - LINE + 3, start + width, y + 3)
