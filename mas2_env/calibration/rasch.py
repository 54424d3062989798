"""The Rasch model as the figures of section `rasch` were estimated: EM with Laplace's approximation.

A model's ability a is free, an item's difficulty b normal around 0 with standard deviation σ, and

    P(right) = 1 / (1 + exp(b − a)).

Abilities solve their likelihood equations and difficulties maximise their posterior, jointly, given σ; σ² is
the mean over items of b² + 1 / (1/σ² + Σ p (1 − p)). On the nine models and eleven benchmarks of LLMRouter's
recordings this gives the published spreads to three digits and the residual correlations to four.
"""

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mas2_env.calibration.estimators import Floats

Bools: TypeAlias = npt.NDArray[np.bool_]

_EDGE: Final = 0.02
"""Accuracies are taken to be this far from 0 and 1 where the search begins."""

_ITERATIONS: Final = 150
_EAGER: Final = 1.6
"""Over-relaxation of σ², which EM alone approaches slowly."""

_CLOSE: Final = 4e-4


def name_family(model: str) -> str:
    """The leading letters of a model's name, by which the figures tell families apart."""
    found = re.match("[a-z]+", model.lower())
    return found.group() if found else model


def rasch(right: Floats, families: Sequence[str]) -> list[dict[str, float]]:
    """Spreads and residual correlations, one dictionary a group.

    Residuals are right-or-wrong minus its probability; their correlations over items are averaged over pairs
    of models of one family and of different ones. Models that are always right or always wrong are left out.

    Args:
        right: 0 or 1, groups × items × models.
        families: of each model.
    """
    share = right.mean(1)
    kept = (share > 0.0) & (share < 1.0)
    ability, difficulty, sigma = _estimate(right, kept)
    rest = right - _logistic(ability[:, None, :] - difficulty[:, :, None])
    rest -= rest.mean(1, keepdims=True)
    norm = np.sqrt((rest**2).sum(1)) + 1e-12
    alike = np.einsum("gij,gik->gjk", rest, rest, optimize=True) / (norm[:, :, None] * norm[:, None, :])
    names = np.array(families)
    both = np.triu(kept[:, :, None] & kept[:, None, :], 1)
    kin = names[:, None] == names[None, :]
    found = []
    for g in range(len(right)):
        same, other = alike[g][both[g] & kin], alike[g][both[g] & ~kin]
        found.append(
            {
                "difficulty_sd": float(sigma[g]),
                "ability_sd": float(ability[g][kept[g]].std()) if kept[g].any() else np.nan,
                "residual_corr_same_family": float(same.mean()) if len(same) else np.nan,
                "residual_corr_other_family": float(other.mean()) if len(other) else np.nan,
            }
        )
    return found


def accuracies(ability: Sequence[float], sigma: float) -> list[float]:
    """Shares of items solved, from estimated abilities and spread of difficulty.

    The estimated difficulties are taken to be normal; their variance is what the estimator's own equation for
    σ² leaves to them. On LLMRouter's recordings the shares come out within 0.01.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    weights = weights / weights.sum()
    values = np.asarray(ability, dtype=float)
    spread = sigma
    for _ in range(200):
        p = _logistic(values[:, None] - spread * nodes)
        left = (weights / (1.0 / sigma**2 + (p * (1.0 - p)).sum(0))).sum()
        spread = 0.5 * (spread + max(0.01, sigma**2 - left) ** 0.5)
    return [float(x) for x in _logistic(values[:, None] - spread * nodes) @ weights]


def _logistic(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


def _estimate(right: Floats, kept: Bools) -> tuple[Floats, Floats, Floats]:
    """Abilities (groups × models), difficulties (groups × items), σ (groups).

    Items with equally many right answers have the same difficulty, so numbers of right answers are iterated
    over instead of items. A group that has settled is left alone.
    """
    groups, items, models = right.shape
    total = (right * kept[:, None, :]).sum(2).astype(np.int64)
    count = np.zeros((groups, models + 1))
    np.add.at(count, (np.arange(groups)[:, None], total), 1.0)
    hits = right.sum(1) * kept
    share = (right.sum(1) / items).clip(_EDGE, 1.0 - _EDGE)
    a = 1.2 * np.log(share / (1.0 - share)) * kept
    scores = np.arange(models + 1.0)
    b = -np.log((scores + 0.5) / np.maximum(0.5, kept.sum(1)[:, None] - scores + 0.5))
    variance = np.full(groups, 1.5)
    active = np.arange(groups)
    for _ in range(_ITERATIONS):
        state = a[active], b[active], variance[active]
        moved = _step(*state, hits[active], count[active], kept[active])
        a[active], b[active], variance[active] = moved
        far = np.abs(moved[0] - state[0]).max(1) > _CLOSE
        active = active[far | (np.abs(moved[2] - state[2]) > _CLOSE)]
        if not len(active):
            break
    return a, np.take_along_axis(b, total, axis=1), np.sqrt(variance)


def _step(
    a: Floats, b: Floats, variance: Floats, hits: Floats, count: Floats, kept: Bools
) -> tuple[Floats, Floats, Floats]:
    """One step of Newton's for abilities, one for difficulties, and σ²."""
    p = _logistic(a[:, None, :] - b[:, :, None]) * kept[:, None, :]
    slope = np.einsum("gr,grj->gj", count, p * (1.0 - p)) + ~kept
    a = a + ((hits - np.einsum("gr,grj->gj", count, p)) / slope).clip(-1.0, 1.0) * kept
    p = _logistic(a[:, None, :] - b[:, :, None]) * kept[:, None, :]
    precision = (p * (1.0 - p)).sum(2) + 1.0 / variance[:, None]
    scores = np.arange(b.shape[1])
    b = b + ((p.sum(2) - scores - b / variance[:, None]) / precision).clip(-1.0, 1.0)
    wanted = (count * (b * b + 1.0 / precision)).sum(1) / count.sum(1)
    return a, b, np.maximum(0.01, variance + _EAGER * (wanted - variance))
