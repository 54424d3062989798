"""Statistics of right and wrong answers, as they were computed on the recordings."""

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

_STEPS: Final = 60

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


def pair_summaries(right: Floats) -> list[dict[str, float]]:
    """Mean correlations over all pairs of models, and over pairs of similar accuracy; nan where none is.

    Models that are always right or always wrong have none.

    Args:
        right: 0 or 1, groups × items × models.

    Returns:
        One dictionary a group.
    """
    items = right.shape[1]
    total = right.sum(1)
    both = np.einsum("gij,gik->gjk", right, right, optimize=True)
    only = total[:, :, None] - both
    neither = items - both - only - only.transpose(0, 2, 1)
    odds = (both + 0.5) * (neither + 0.5) / ((only + 0.5) * (only.transpose(0, 2, 1) + 0.5))
    tetrachorics = np.cos(np.pi / (1.0 + np.sqrt(odds)))
    mean = total / items
    spread = np.sqrt(np.maximum(1e-12, mean * (1.0 - mean)))
    phis = (both / items - mean[:, :, None] * mean[:, None, :]) / (spread[:, :, None] * spread[:, None, :])
    varied = (mean > 0.0) & (mean < 1.0)
    pairs = np.triu(varied[:, :, None] & varied[:, None, :], 1)
    near = pairs & (np.abs(mean[:, :, None] - mean[:, None, :]) < SIMILAR)
    means = {
        "mean_phi": _masked_means(phis, pairs),
        "mean_tetrachoric": _masked_means(tetrachorics, pairs),
        "mean_phi_similar_accuracy": _masked_means(phis, near),
        "mean_tetrachoric_similar_accuracy": _masked_means(tetrachorics, near),
    }
    return [{key: float(values[g]) for key, values in means.items()} for g in range(len(right))]


def _masked_means(values: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    count = mask.sum((1, 2))
    means: Floats = np.where(count > 0, (values * mask).sum((1, 2)) / np.maximum(1, count), np.nan)
    return means


def line_fit(tokens: Floats, seconds: Floats) -> tuple[float, float, float]:
    """The line `fixed + per_token · tokens` under log-normal scatter, and that scatter: maximum likelihood.

    Gauss and Newton on the squared logs of what the line leaves; neither part becomes negative.

    Returns:
        Seconds that are fixed, seconds a token, standard deviation of the logs.
    """
    design = np.stack([np.ones_like(tokens), tokens], axis=1)
    line = np.array(
        [float(np.median(seconds)) / 2.0, float(np.median(seconds / np.maximum(1.0, tokens))) / 2.0]
    )
    for _ in range(_STEPS):
        expected = design @ line
        step = np.linalg.lstsq(design / expected[:, None], np.log(seconds / expected), rcond=None)[0]
        moved = np.maximum(line + step, 1e-9)
        if np.abs(moved - line).max() < 1e-10:
            break
        line = moved
    rest = np.log(seconds / (design @ line))
    return float(line[0]), float(line[1]), float(rest.std())


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
