"""Statistics of right and wrong answers, as they were computed on the recordings."""

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

SIMILAR: Final = 0.1
"""Models whose accuracies differ by less are of similar accuracy."""


def pooled_phi(right: Floats) -> float:
    """φ of two answers of one agent: intraclass correlation over all pairs of columns; 0 if undefined."""
    count = right.shape[1]
    total = right.sum(1)
    mean = right.mean()
    both = (total * (total - 1.0)).mean() / (count * (count - 1.0))
    return float((both - mean * mean) / (mean * (1.0 - mean))) if 0.0 < mean < 1.0 else 0.0


def both_wrong(right: Floats) -> float:
    """Share of pairs of columns that are wrong together."""
    count = right.shape[1]
    wrong = count - right.sum(1)
    return float((wrong * (wrong - 1.0)).mean() / (count * (count - 1.0)))


def same_wrong(answers: npt.NDArray[np.int64]) -> float:
    """Among pairs of wrong answers, the share that are the same; no answer equals nothing."""
    wrong = answers != 0
    count = answers.shape[1]
    together = same = 0.0
    for i in range(count):
        for j in range(i + 1, count):
            both = wrong[:, i] & wrong[:, j]
            together += both.sum()
            same += (both & (answers[:, i] == answers[:, j]) & (answers[:, i] > 0)).sum()
    return same / together if together else 0.0


def phi(a: Floats, b: Floats) -> float:
    """Correlation of two right-or-wrong columns; nan where one is constant."""
    mean_a, mean_b = a.mean(), b.mean()
    spread = mean_a * (1.0 - mean_a) * mean_b * (1.0 - mean_b)
    return float(((a * b).mean() - mean_a * mean_b) / math.sqrt(spread)) if spread > 0.0 else math.nan


def tetrachoric(a: Floats, b: Floats) -> float:
    """Pearson's approximation cos(π / (1 + √OR)), with half a case added to each cell."""
    both = (a * b).sum()
    only_a, only_b = a.sum() - both, b.sum() - both
    neither = len(a) - both - only_a - only_b
    odds = (both + 0.5) * (neither + 0.5) / ((only_a + 0.5) * (only_b + 0.5))
    return math.cos(math.pi / (1.0 + math.sqrt(odds)))


def pair_summary(right: Floats) -> dict[str, float]:
    """Mean correlations over all pairs of columns, and over those of similar accuracy."""
    means = right.mean(0)
    columns = [j for j in range(right.shape[1]) if 0.0 < means[j] < 1.0]
    found: dict[str, list[float]] = {name: [] for name in ("phi", "tet", "phi~", "tet~")}
    for at, i in enumerate(columns):
        for j in columns[at + 1 :]:
            values = phi(right[:, i], right[:, j]), tetrachoric(right[:, i], right[:, j])
            near = abs(means[i] - means[j]) < SIMILAR
            for name, value in zip(("phi", "tet"), values, strict=True):
                found[name].append(value)
                if near:
                    found[name + "~"].append(value)
    mean = {name: sum(values) / len(values) if values else math.nan for name, values in found.items()}
    return {
        "mean_phi": mean["phi"],
        "mean_tetrachoric": mean["tet"],
        "mean_phi_similar_accuracy": mean["phi~"],
        "mean_tetrachoric_similar_accuracy": mean["tet~"],
    }


Cases: TypeAlias = list[tuple[int, int, float]]


def beta_fit(hits: npt.NDArray[np.int64], tries: int | npt.NDArray[np.int64]) -> dict[str, float]:
    """Maximum-likelihood Beta(α, β) of the success probability over items, of `hits` among `tries` each."""
    counts = np.broadcast_to(np.asarray(tries), hits.shape)
    kinds, times = np.unique(np.stack([hits, counts]), axis=1, return_counts=True)
    cases = [(int(k), int(n), float(t)) for k, n, t in zip(kinds[0], kinds[1], times, strict=True) if n]
    mean = min(1.0 - 1e-6, max(1e-6, float(hits.sum() / counts.sum())))
    point = np.array([math.log(mean / (1.0 - mean)), 0.0])
    steps = np.array([0.5, 0.5])
    best = _beta_likelihood(point, cases)
    while steps.max() > 1e-4:
        for axis in (0, 1):
            for sign in (1.0, -1.0):
                trial = point.copy()
                trial[axis] += sign * steps[axis]
                value = _beta_likelihood(trial, cases)
                if value > best:
                    best, point = value, trial
                    steps[axis] *= 1.5
                    break
            else:
                steps[axis] *= 0.5
    total = math.exp(point[1])
    share = 1.0 / (1.0 + math.exp(-point[0]))
    return {"alpha": total * share, "beta": total * (1.0 - share), "icc": 1.0 / (1.0 + total)}


def _beta_likelihood(point: Floats, cases: Cases) -> float:
    total = math.exp(min(12.0, max(-12.0, point[1])))
    alpha = total / (1.0 + math.exp(-point[0]))
    beta = total - alpha
    if min(alpha, beta) < 1e-9:
        return -math.inf
    gamma = math.lgamma
    base = gamma(total) - gamma(alpha) - gamma(beta)
    return sum(t * (base - gamma(total + n) + gamma(alpha + k) + gamma(beta + n - k)) for k, n, t in cases)


def rasch(right: Floats, kin: list[str]) -> dict[str, float]:
    """Rasch model by marginal maximum likelihood, difficulty normal on a grid of ±4.

    Residual correlations are those of right-or-wrong minus its fitted probability at the item's expected
    difficulty, averaged over pairs of columns of one family (`kin`) and of different ones.
    """
    items = len(right)
    grid = np.linspace(-4.0, 4.0, 41)
    means = right.mean(0).clip(0.5 / items, 1.0 - 0.5 / items)
    ability = np.log(means / (1.0 - means))
    spread = 1.5
    posterior = np.empty((items, len(grid)))
    for _ in range(60):
        prior = -0.5 * (grid / spread) ** 2
        chance = 1.0 / (1.0 + np.exp(grid[:, None] - ability[None, :]))
        score = right @ np.log(chance).T + (1.0 - right) @ np.log1p(-chance).T + prior
        score -= score.max(1, keepdims=True)
        posterior = np.exp(score)
        posterior /= posterior.sum(1, keepdims=True)
        weight = posterior.sum(0)[:, None]
        slope = (weight * chance * (1.0 - chance)).sum(0)
        ability = (ability + (right.sum(0) - (weight * chance).sum(0)) / slope).clip(-9.0, 9.0)
        spread = float(np.sqrt((posterior.sum(0) * grid**2).sum() / items))
    expected = posterior @ grid
    rest = right - 1.0 / (1.0 + np.exp(expected[:, None] - ability[None, :]))
    same: list[float] = []
    other: list[float] = []
    for i in range(right.shape[1]):
        for j in range(i + 1, right.shape[1]):
            value = float(np.corrcoef(rest[:, i], rest[:, j])[0, 1])
            (same if kin[i] == kin[j] else other).append(value)
    return {
        "difficulty_sd": float(expected.std()),
        "ability_sd": float(ability.std()),
        "residual_corr_same_family": float(np.mean(same)) if same else math.nan,
        "residual_corr_other_family": float(np.mean(other)) if other else math.nan,
    }
