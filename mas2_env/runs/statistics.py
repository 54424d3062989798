"""What a run says about its policies, with confidence intervals.

Method: the percentile bootstrap (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13),
clustered by item: items are drawn with replacement and all episodes of an item, over all seeds and policies,
stay together, because answers to one question are not independent (Miller, Adding Error Bars to Evals, 2024,
arXiv 2411.00640). Policies are compared on the same draws and on the episodes that neither ended void, which
makes the differences paired. A mean over several tasks weighs tasks equally and draws the items of each on
their own.

Where results do not vary, resampling knows no spread, and bounds come from the number of items n instead. A
policy that solved all items or none gets the exact interval of Clopper and Pearson (Biometrika 26, 1934): for
none, [0, 1 - 0.025^(1/n)]. Two policies that solved the same items may still differ: were the share of items
on which they do above 1 - 0.05^(1/n), one would have shown with probability 0.95, so this bounds the
difference on both sides. In a mean of T tasks, n is T times the items of the smallest: for rates p_t of mean
p, prod (1 - p_t)^(n_t) <= (1 - p)^(T min n_t), so that neither bound promises too much.

Void episodes are in no statistic; they are counted.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from mas2_env.runs.record import Record
from mas2_env.runs.summary import CONFIDENCE, RESAMPLES, Difference, Interval, Row, Summary

Array: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"

_BLOCK = 2_000_000
"""Drawn items that are held at once."""

_MEANS = (
    "score",
    "cost_ratio",
    "tokens",
    "meta_tokens",
    "model_calls",
    "tool_calls",
    "failures",
    "triggers",
    "rectifications",
    "edits",
    "invalid",
)


class _Cell:
    """The episodes of one policy on one task.

    `values` maps (item, seed) to success, reward and cost in nano-USD; sums and counts are by item, in the
    order of the task's items.
    """

    def __init__(self, records: Sequence[Record], count_meta: bool) -> None:
        counted = [record for record in records if record.outcome.kind != "void"]
        self.void = len(records) - len(counted)
        self.values: dict[tuple[str, int], tuple[float, float, float]] = {}
        for record in counted:
            outcome = record.outcome
            cost = outcome.cost + (outcome.meta_cost if count_meta else 0)
            self.values[record.item, record.seed] = (
                float(outcome.kind == "success"),
                outcome.reward if outcome.reward is not None else 0.0,
                float(cost),
            )
        self.means = _means(counted)


def _means(records: Sequence[Record]) -> dict[str, float | None]:
    if not records:
        return dict.fromkeys(_MEANS)
    outcomes = [record.outcome for record in records]
    totals = {name: float(sum(getattr(o, name, 0) for o in outcomes)) for name in _MEANS}
    totals["tokens"] = float(sum(o.prompt_tokens + o.completion_tokens for o in outcomes))
    totals["meta_tokens"] = float(sum(o.meta_prompt_tokens + o.meta_completion_tokens for o in outcomes))
    return {name: total / len(outcomes) for name, total in totals.items()}


class _Columns:
    """Sums by item, to be resampled: (items,) each, stacked to (items, columns)."""

    def __init__(self, items: Sequence[str]) -> None:
        self._index = {item: i for i, item in enumerate(items)}
        self._columns: list[Array] = []

    def add(self, values: dict[tuple[str, int], tuple[float, float, float]]) -> slice:
        """Columns for the three metrics and the number of episodes."""
        sums = np.zeros((len(self._index), 4))
        for (item, _), value in values.items():
            sums[self._index[item]] += (*value, 1.0)
        self._columns.append(sums)
        end = 4 * len(self._columns)
        return slice(end - 4, end)

    def matrix(self) -> Array:
        """All columns, (items, columns)."""
        return np.concatenate(self._columns, axis=1)


def resample(sums: Array, resamples: int, rng: np.random.Generator) -> Array:
    """Column sums over items drawn with replacement.

    Args:
        sums: (items, columns).
        resamples: how many draws.
        rng: the source of the draws.

    Returns:
        (resamples, columns).
    """
    items = len(sums)
    block = max(1, min(resamples, _BLOCK // items))
    out = np.empty((resamples, sums.shape[1]))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = rng.integers(0, items, size=(rows, items))
        drawn += np.arange(rows)[:, None] * items
        weights = np.bincount(drawn.ravel(), minlength=rows * items).reshape(rows, items)
        out[start : start + rows] = weights.astype(np.float64) @ sums
    return out


class _Estimate:
    """The sums of one cell, by item (items, 4) and resampled (resamples, 4), as means per episode.

    `sure` is the number of items that bounds without resampling may count on; `level` says that no item's
    first metric differs from zero.
    """

    def __init__(self, sums: Array, draws: Array) -> None:
        whole = sums.sum(axis=0)
        self.items = self.sure = int((sums[:, 3] > 0).sum())
        self.level = not sums[:, 0].any()
        self.episodes = int(whole[3])
        with np.errstate(divide="ignore", invalid="ignore"):
            self.mean = whole[:3] / whole[3]
            self.draws = draws[:, :3] / draws[:, 3:]


def _interval(value: float, draws: Array, items: int) -> Interval:
    if not np.isfinite(value):
        return Interval(None, None, None)
    draws = draws[~np.isnan(draws)]
    if items < 2 or draws.size == 0:
        return Interval(float(value), None, None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, (tail, 1 - tail), method="inverted_cdf")
    # Sums of floats in another order may differ in the last digits; the estimate belongs to its interval.
    low, high = min(low, value), max(high, value)
    return Interval(float(value), float(low), float(high) if np.isfinite(high) else None)


def _success(estimate: _Estimate) -> Interval:
    interval = _interval(estimate.mean[0], estimate.draws[:, 0], estimate.items)
    if interval.value in (0.0, 1.0) and interval.low is not None:
        bound = ((1 - CONFIDENCE) / 2) ** (1 / estimate.sure)
        return Interval(0.0, 0.0, 1 - bound) if interval.value == 0.0 else Interval(1.0, bound, 1.0)
    return interval


def _usd(estimate: _Estimate) -> Interval:
    return _interval(estimate.mean[2] * 1e-9, estimate.draws[:, 2] * 1e-9, estimate.items)


def _cost_per_success(estimate: _Estimate) -> Interval:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = estimate.mean[2] / estimate.mean[0] * 1e-9
        draws = estimate.draws[:, 2] / estimate.draws[:, 0] * 1e-9
    return _interval(float(value), draws, estimate.items)


def _success_difference(estimate: _Estimate) -> Interval:
    interval = _interval(estimate.mean[0], estimate.draws[:, 0], estimate.items)
    if estimate.level and interval.low is not None:
        bound = 1 - (1 - CONFIDENCE) ** (1 / estimate.sure)
        return Interval(0.0, -bound, bound)
    return interval


def _difference(estimate: _Estimate) -> Difference:
    return Difference(
        episodes=estimate.episodes,
        success=_success_difference(estimate),
        reward=_interval(estimate.mean[1], estimate.draws[:, 1], estimate.items),
        cost=_usd(estimate),
    )


class _Part:
    """A cell with its estimates: of itself, and of its difference to the baseline's."""

    def __init__(self, cell: _Cell, own: _Estimate, paired: _Estimate | None) -> None:
        self.void = cell.void
        self.means = cell.means
        self.own = own
        self.paired = paired

    def row(self, task: str | None, policy: str) -> Row:
        return Row(
            task=task,
            policy=policy,
            items=self.own.items,
            episodes=self.own.episodes,
            void=self.void,
            success=_success(self.own),
            reward=_interval(self.own.mean[1], self.own.draws[:, 1], self.own.items),
            cost=_usd(self.own),
            cost_per_success=_cost_per_success(self.own),
            difference=_difference(self.paired) if self.paired is not None else None,
            **self.means,
        )


def _task_parts(
    cells: dict[str, _Cell], baseline: str, resamples: int, seed: Sequence[int]
) -> dict[str, _Part]:
    """The parts of one task by policy."""
    items = sorted({item for cell in cells.values() for item, _ in cell.values})
    columns = _Columns(items)
    own = {policy: columns.add(cell.values) for policy, cell in cells.items()}
    base = cells.get(baseline)
    paired = {
        policy: columns.add(_pairs(cell, base))
        for policy, cell in cells.items()
        if base is not None and policy != baseline
    }
    matrix = columns.matrix()
    if items:
        draws = resample(matrix, resamples, np.random.default_rng(seed))
    else:
        draws = np.zeros((resamples, matrix.shape[1]))

    def estimate(place: slice) -> _Estimate:
        return _Estimate(matrix[:, place], draws[:, place])

    return {
        policy: _Part(cell, estimate(own[policy]), estimate(paired[policy]) if policy in paired else None)
        for policy, cell in cells.items()
    }


def _pairs(cell: _Cell, base: _Cell) -> dict[tuple[str, int], tuple[float, float, float]]:
    return {
        key: (a[0] - b[0], a[1] - b[1], a[2] - b[2])
        for key, a in cell.values.items()
        if (b := base.values.get(key)) is not None
    }


def _pool(parts: Sequence[_Estimate]) -> _Estimate:
    """The mean of tasks, each weighing the same."""
    mean = _Estimate.__new__(_Estimate)
    mean.items = sum(part.items for part in parts)
    mean.sure = len(parts) * min(part.sure for part in parts)
    mean.level = all(part.level for part in parts)
    mean.episodes = sum(part.episodes for part in parts)
    mean.mean = np.mean([part.mean for part in parts], axis=0)
    mean.draws = np.mean([part.draws for part in parts], axis=0)
    return mean


def _pool_parts(parts: Sequence[_Part]) -> _Part:
    pooled = _Part.__new__(_Part)
    pooled.void = sum(part.void for part in parts)
    pooled.means = {}
    for name in _MEANS:
        values = [part.means[name] for part in parts]
        known = [value for value in values if value is not None]
        pooled.means[name] = sum(known) / len(known) if len(known) == len(values) else None
    pooled.own = _pool([part.own for part in parts])
    paired = [part.paired for part in parts if part.paired is not None]
    pooled.paired = _pool(paired) if paired else None
    return pooled


def choose_baseline(policies: Sequence[str]) -> str:
    """`direct` if it is among the policies, else the first."""
    return "direct" if "direct" in policies else policies[0]


def summarise(
    records: Iterable[Record],
    baseline: str | None = None,
    count_meta: bool = True,
    expected: int | None = None,
    policies: Sequence[str] = (),
    tasks: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Summary:
    """Statistics of finished episodes. The same records, in any order, give the same numbers.

    Args:
        records: the episodes.
        baseline: policy to compare with; see `choose_baseline`.
        count_meta: whether the meta-agents' own tokens count as cost.
        expected: episodes of the whole run; as many as there are, by default.
        policies: their order; sorted by name, by default.
        tasks: likewise.
        resamples: bootstrap draws.
        seed: of the draws.
    """
    records = list(records)
    policies = tuple(policies) or tuple(sorted({record.policy for record in records}))
    tasks = tuple(tasks) or tuple(sorted({record.task for record in records}))
    groups: dict[tuple[str, str], list[Record]] = {
        (task, policy): [] for task in tasks for policy in policies
    }
    for record in sorted(records, key=lambda record: record.key):
        groups[record.task, record.policy].append(record)
    reference = baseline or (choose_baseline(policies) if policies else "")
    parts: dict[str, dict[str, _Part]] = {}
    for number, task in enumerate(tasks):
        cells = {policy: _Cell(groups[task, policy], count_meta) for policy in policies}
        parts[task] = _task_parts(cells, reference, resamples, (seed, number))
    rows = [part.row(task, policy) for task in tasks for policy, part in parts[task].items()]
    if len(tasks) > 1:
        for policy in policies:
            rows.append(_pool_parts([parts[task][policy] for task in tasks]).row(None, policy))
    return Summary(
        rows=tuple(rows),
        baseline=reference,
        episodes=len(records),
        void=sum(record.outcome.kind == "void" for record in records),
        expected=expected if expected is not None else len(records),
        resamples=resamples,
    )
