"""Fit of what belongs to models: levels, lengths and lacks, drawn towards what is to be expected.

A figure of few items says little by itself. Each estimate is therefore a weighted mean of the measured value
and of the sum of a setting's and a model's effect, with weights of the inverse variances: the measured one's
from its interval, the sum's from how well such sums do over all figures.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats: TypeAlias = npt.NDArray[np.float64]

PROBIT: Final = NormalDist().inv_cdf
NORMAL: Final = NormalDist()


class Cell(Struct):
    """One measurement: of a model (or other column) in a setting (or other row), with its standard error."""

    row: str
    column: str
    value: float
    error: float


def drawn_together(cells: Sequence[Cell], spread: float, rounds: int = 60) -> list[float]:
    """Each cell's estimate; `spread` is the standard deviation of what row and column do not explain."""
    if not cells:
        return []
    value = np.array([cell.value for cell in cells])
    weight = 1.0 / (np.array([cell.error for cell in cells]) ** 2 + spread**2)
    rows, row_of = _coded([cell.row for cell in cells])
    columns, column_of = _coded([cell.column for cell in cells])
    row_effect, column_effect = np.zeros(rows), np.zeros(columns)
    for _ in range(rounds):
        row_effect = _means(value - column_effect[column_of], weight, row_of, rows, 0.0)
        column_effect = _means(value - row_effect[row_of], weight, column_of, columns, 1.0)
    expected = row_effect[row_of] + column_effect[column_of]
    trust = spread**2 / (spread**2 + np.array([cell.error for cell in cells]) ** 2)
    return [float(x) for x in trust * value + (1.0 - trust) * expected]


def _coded(names: Sequence[str]) -> tuple[int, npt.NDArray[np.int64]]:
    order = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return len(order), np.array([order[name] for name in names])


def _means(value: Floats, weight: Floats, of: npt.NDArray[np.int64], count: int, prior: float) -> Floats:
    """Weighted means by group, drawn towards 0 by `prior` units of weight."""
    total = np.bincount(of, weight, count) + prior
    means: Floats = np.bincount(of, weight * value, count) / total
    return means


def probit_cell(row: str, column: str, hits: float, count: float) -> Cell:
    """A proportion as a probit; half a case is added to hits and misses."""
    share = (hits + 0.5) / (count + 1.0)
    level = PROBIT(share)
    return Cell(row, column, level, (share * (1.0 - share) / (count + 1.0)) ** 0.5 / NORMAL.pdf(level))
