"""The statistics of a run, as data: what `--json` prints and tables and reports show."""

from msgspec import Struct

CONFIDENCE = 0.95
RESAMPLES = 10_000


class Interval(Struct, frozen=True):
    """An estimate and its 95 % confidence interval.

    `value` is None where nothing was measured. `low` and `high` are None where there are fewer than two
    items, and `high` also where no bound exists (a cost per success, with no success in some resamples).
    """

    value: float | None
    low: float | None
    high: float | None

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class Difference(Struct, frozen=True):
    """A policy minus the baseline, on the episodes that both finished. Cost in USD per episode."""

    episodes: int
    success: Interval
    reward: Interval
    cost: Interval


class Row(Struct, frozen=True):
    """One policy on one task, or on all tasks alike (`task` is None).

    Attributes:
        task: name of the task; None for the mean over tasks.
        policy: name of the policy.
        items: items with at least one episode that counts.
        episodes: episodes that count.
        void: episodes that do not, because infrastructure failed.
        success: share of episodes that succeeded.
        score: mean primary metric.
        reward: mean R(τ).
        cost: USD per episode.
        cost_per_success: USD spent for each success.
        cost_ratio: mean C(τ) / C_ref(item).
        tokens: of the execution, per episode.
        meta_tokens: of the meta-agents, per episode.
        model_calls: per episode.
        tool_calls: per episode.
        failures: operations that failed, per episode.
        triggers: times the trigger fired, per episode.
        rectifications: decisions of the Rectifier, per episode.
        edits: carried out, per episode.
        invalid: invalid decisions, per episode.
        difference: to the baseline; None for the baseline itself.
    """

    task: str | None
    policy: str
    items: int
    episodes: int
    void: int
    success: Interval
    score: float | None
    reward: Interval
    cost: Interval
    cost_per_success: Interval
    cost_ratio: float | None
    tokens: float | None
    meta_tokens: float | None
    model_calls: float | None
    tool_calls: float | None
    failures: float | None
    triggers: float | None
    rectifications: float | None
    edits: float | None
    invalid: float | None
    difference: Difference | None


class Summary(Struct, frozen=True):
    """The statistics of a run.

    Attributes:
        rows: by task and policy in the order of the run; the means over tasks, if there are several, last.
        baseline: the policy that the others are compared with.
        episodes: finished ones, void ones included.
        void: void ones.
        expected: how many the run consists of.
        confidence: level of the intervals.
        resamples: draws of the bootstrap.
    """

    rows: tuple[Row, ...]
    baseline: str
    episodes: int
    void: int
    expected: int
    confidence: float = CONFIDENCE
    resamples: int = RESAMPLES
