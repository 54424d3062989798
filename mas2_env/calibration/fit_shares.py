"""Fit of what belongs to settings: shares of variance, from correlations of right-or-wrong answers.

Under the threshold model two answers with accuracies p and q and latent correlation r are both right with
probability Φ₂(Φ⁻¹(p), Φ⁻¹(q); r). The shares are those whose predicted φ lie nearest to the measured ones,
in units of their standard errors.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mas2_env.backends.calibrated import Setting

Floats: TypeAlias = npt.NDArray[np.float64]

_PROBIT: Final = NormalDist().inv_cdf
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


class Pair(Struct):
    """Two answers, of models a and b: accuracies among replies with an answer, shares without, measured φ."""

    a: str
    b: str
    p: float
    q: float
    failing_p: float
    failing_q: float
    kin: bool
    phi: float
    error: float


BEND: Final = 2.5
"""Standard errors beyond which a distance counts linearly (Huber 1964): an outlier is not chased."""


def huber(distance: float) -> float:
    """A squared distance, linear beyond `BEND`."""
    size = abs(distance)
    return size * size if size <= BEND else BEND * (2.0 * size - BEND)


def both_right(p: float, q: float, r: float) -> float:
    """Φ₂(Φ⁻¹(p), Φ⁻¹(q); r), by Plackett's integral over the arc sine of the correlation."""
    h, k = _PROBIT(p), _PROBIT(q)
    end = math.asin(r)
    angle = 0.5 * end * (_NODES + 1.0)
    density = np.exp((h * k * np.sin(angle) - 0.5 * (h * h + k * k)) / np.cos(angle) ** 2)
    return p * q + float((_WEIGHTS * density).sum()) * 0.5 * end / (2.0 * math.pi)


def predicted_phi(pair: Pair, r: float) -> float:
    """φ of a pair whose latent correlation is r."""
    both = both_right(pair.p, pair.q, r) * (1.0 - pair.failing_p) * (1.0 - pair.failing_q)
    p, q = pair.p * (1.0 - pair.failing_p), pair.q * (1.0 - pair.failing_q)
    return (both - p * q) / math.sqrt(p * (1.0 - p) * q * (1.0 - q))


def fit_share(pairs: Sequence[Pair], kin: float = 0.0, low: float = 0.0, high: float = 0.998) -> float:
    """The latent correlation that fits pairs best, by golden section; one family has `kin` more."""

    def misfit(r: float) -> float:
        return sum(
            huber((predicted_phi(pair, min(0.999, r + (kin if pair.kin else 0.0))) - pair.phi) / pair.error)
            for pair in pairs
        )

    grid = [low + (high - low) * i / 40 for i in range(41)]
    at = min(grid, key=misfit)
    step = (high - low) / 40
    left, right = max(low, at - step), min(high, at + step)
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    for _ in range(18):
        a, b = right - ratio * (right - left), left + ratio * (right - left)
        if misfit(a) < misfit(b):
            right = b
        else:
            left = a
    return 0.5 * (left + right)


def fit_focus(pairs: Sequence[Pair], shared: float, spread: float = 0.15) -> dict[str, float]:
    """Each model's share of difficulty, drawn towards `shared` with standard deviation `spread`.

    Two models' latent correlation is the geometric mean of their shares. One model after another is set to
    the best of a grid, given the others, until nothing changes.
    """
    names = sorted({name for pair in pairs for name in (pair.a, pair.b)})
    focus = dict.fromkeys(names, shared)
    grid = [0.02 + 0.02 * i for i in range(48)]
    for _ in range(8):
        before = dict(focus)
        for name in names:
            mine = [pair for pair in pairs if name in (pair.a, pair.b)]

            def badness(share: float, name: str = name, mine: list[Pair] = mine) -> float:
                total = ((share - shared) / spread) ** 2
                for pair in mine:
                    r = math.sqrt(share * focus[pair.b if pair.a == name else pair.a])
                    total += huber((predicted_phi(pair, r) - pair.phi) / pair.error)
                return total

            focus[name] = min(grid, key=badness)
        if focus == before:
            break
    return focus


def fit_rest(
    setting: Setting,
    focus: dict[str, float],
    mean: float,
    failing: Callable[[dict[str, float], str], float],
) -> float:
    """The share of difficulty of the models that are not in `focus`, from the mean φ over all pairs."""
    normal = NormalDist().cdf
    models = [(name, normal(level), failing(setting.lacks, name)) for name, level in setting.level.items()]
    models = [m for m in models if 0.004 < m[1] * (1.0 - m[2]) < 0.996]
    if all(name in focus for name, _, _ in models):
        return sum(focus.values()) / len(focus)

    def average(share: float) -> float:
        found = []
        for i, (a, p, fa) in enumerate(models):
            for b, q, fb in models[i + 1 :: 3]:
                r = math.sqrt(focus.get(a, share) * focus.get(b, share))
                found.append(predicted_phi(Pair(a, b, p, q, fa, fb, False, 0.0, 1.0), r))
        return sum(found) / len(found)

    low, high = 0.02, 0.97
    for _ in range(9):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if average(middle) < mean else (low, middle)
    return 0.5 * (low + high)
