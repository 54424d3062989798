"""Fit by simulated moments: parameters are moved until simulated figures lie nearest to measured ones.

The protocols are those of `check`, with fewer items and the same draws at each step, so that the misfit is a
function of the parameters alone. A pattern search walks along one parameter after another, doubles its stride
after a success and halves it after a failure.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from mas2_env.backends.calibrated import Calibration
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.fit_shares import huber
from mas2_env.calibration.protocols import protocol_of
from mas2_env.calibration.world import Missing, World

_ITEMS: Final = 4_000
_UNSAID: Final = 9.0
"""Misfit of a figure that the parameters leave without a value."""


def misfit(
    figures: Sequence[Figure],
    calibration: Calibration,
    items: int = _ITEMS,
    loss: Callable[[float], float] = huber,
) -> float:
    """Sum over figures of a loss of the distance in standard errors: its square, linear where it is large."""
    world = World(calibration, items)
    known: dict[int, dict[str, float]] = {}
    total = 0.0
    for figure in figures:
        key = id(figure.entry)
        if key not in known:
            protocol = protocol_of(figure.section, figure.entry)
            try:
                known[key] = protocol(world, figure.entry) if protocol else {}
            except Missing:
                known[key] = {}
        value = known[key].get(figure.key, math.nan)
        if math.isnan(value):
            total += _UNSAID
        else:
            total += loss((value - figure.measured) / standard_error(figure))
    return total


def standard_error(figure: Figure) -> float:
    """From the interval's width, and no less than half a point."""
    if figure.low is None or figure.high is None:
        return figure.tolerance
    return max(0.005, (figure.high - figure.low) / 3.92)


def search(
    badness: Callable[[list[float]], float],
    start: Sequence[float],
    strides: Sequence[float],
    bounds: Sequence[tuple[float, float]],
    sweeps: int = 6,
) -> list[float]:
    """The point with the least badness that a pattern search finds."""
    point, stride = list(start), list(strides)
    best = badness(point)
    for _ in range(sweeps):
        for axis in range(len(point)):
            low, high = bounds[axis]
            for sign in (1.0, -1.0):
                trial = list(point)
                trial[axis] = min(high, max(low, point[axis] + sign * stride[axis]))
                value = badness(trial) if trial[axis] != point[axis] else math.inf
                if value < best:
                    best, point = value, trial
                    stride[axis] *= 1.6 * sign
                    break
            else:
                stride[axis] *= 0.5
    return point
