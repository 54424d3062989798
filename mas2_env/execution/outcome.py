"""What an episode comes to: its outcome, out of what the system and what the meta-agents did."""

from msgspec import Struct

from mas2_env.execution.tally import Tally
from mas2_env.policy import Usage
from mas2_env.pool import Pool
from mas2_env.reward import Outcome, OutcomeKind, reward
from mas2_env.settings import Settings
from mas2_env.task import Score


class MetaTally(Struct, gc=False):
    """What the meta-agents of an episode have done so far.

    Attributes:
        prompt_tokens: of their own, as metered.
        completion_tokens: likewise.
        cost: of these tokens, in nano-USD.
        rectifications: decisions of the Rectifier, empty ones included.
        edits: edits carried out.
        invalid: invalid decisions.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: int = 0
    rectifications: int = 0
    edits: int = 0
    invalid: int = 0

    def meter(self, usage: Usage | None, pool: Pool) -> int:
        """Take the tokens of a decision into the sums. Returns their cost in nano-USD."""
        if usage is None:
            return 0
        name = usage.backbone if usage.backbone in pool.backbones else pool.meta
        cost = pool[name].cost(usage.prompt_tokens, usage.completion_tokens)
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.cost += cost
        return cost


def outcome_of(
    kind: OutcomeKind,
    reason: str,
    score: Score | None,
    answer: str | None,
    tally: Tally,
    meta: MetaTally,
    reference_cost: int,
    settings: Settings,
) -> Outcome:
    """The outcome of an episode.

    Args:
        kind: how it ended.
        reason: why, in any number of lines.
        score: the verdict, None when void.
        answer: that was scored.
        tally: what the system did and cost.
        meta: what the meta-agents did and cost.
        reference_cost: C_ref(item), nano-USD.
        settings: say what is rewarded, and whether the meta-agents' tokens count.
    """
    counted = tally.cost + meta.cost if settings.count_meta else tally.cost
    value = score.value if score is not None else 0.0
    return Outcome(
        kind=kind,
        reason=" ".join(reason.split()),
        reward=None
        if kind == "void"
        else reward(settings.reward, kind == "success", value, counted, reference_cost),
        score=value,
        metrics=score.metrics if score is not None else {},
        answer=answer,
        cost=tally.cost,
        meta_cost=meta.cost,
        reference_cost=reference_cost,
        cost_ratio=counted / reference_cost,
        prompt_tokens=tally.prompt_tokens,
        completion_tokens=tally.completion_tokens,
        meta_prompt_tokens=meta.prompt_tokens,
        meta_completion_tokens=meta.completion_tokens,
        model_calls=tally.model_calls,
        tool_calls=tally.tool_calls,
        failures=tally.failures,
        triggers=tally.triggers,
        rectifications=meta.rectifications,
        edits=meta.edits,
        invalid=meta.invalid,
    )
