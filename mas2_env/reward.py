"""R(τ) and the money it is made of.

R(τ) = 1[success] / C_norm(τ), with C_norm(τ) = C(τ) / C_ref(item) floored at 0.1 (MAS², arXiv 2509.24323;
the floor keeps a nearly free lucky answer from outweighing everything else).
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from mas2_env.pool import Pool
from mas2_env.settings import RewardName
from mas2_env.task import Item

COST_FLOOR = 0.1
PROMPT_OVERHEAD = 60
"""Tokens that a plain call adds to the query: instruction and answer format."""

OutcomeKind: TypeAlias = Literal["success", "failure", "void"]


class Outcome(Struct, frozen=True, gc=False):
    """How an episode ended. Costs are in nano-USD.

    Attributes:
        kind: `success`, `failure`, or `void` where infrastructure failed: then there is no reward.
        reason: one line: `answered`, `no answer`, `invalid decisions`, or what infrastructure said.
        reward: R(τ), None when void.
        score: the primary metric in [0, 1].
        metrics: all official metrics of the task.
        answer: the final answer, if any.
        cost: of the execution: the exact sum over its trace.
        meta_cost: of the meta-agents' own tokens.
        reference_cost: C_ref(item).
        cost_ratio: C(τ) / C_ref(item), before the floor.
        prompt_tokens: of the execution.
        completion_tokens: of the execution.
        meta_prompt_tokens: of the meta-agents.
        meta_completion_tokens: of the meta-agents.
        model_calls: performed, failed ones included.
        tool_calls: performed, failed ones included.
        failures: operations that failed.
        triggers: times the trigger fired.
        rectifications: decisions of the Rectifier, empty ones included.
        edits: edits carried out.
        invalid: invalid decisions.
    """

    kind: OutcomeKind
    reason: str
    reward: float | None
    score: float
    metrics: dict[str, float]
    answer: str | None
    cost: int
    meta_cost: int
    reference_cost: int
    cost_ratio: float
    prompt_tokens: int
    completion_tokens: int
    meta_prompt_tokens: int
    meta_completion_tokens: int
    model_calls: int
    tool_calls: int
    failures: int
    triggers: int
    rectifications: int
    edits: int
    invalid: int


def count_tokens(text: str) -> int:
    """Tokens of a text where nobody bills it: one for each four characters, rounded up."""
    return (len(text) + 3) // 4


def reference_cost(item: Item, pool: Pool) -> int:
    """C_ref(item): a plain single call of the pool's reference backbone, in nano-USD; at least 1."""
    prompt_tokens = PROMPT_OVERHEAD + count_tokens(item.query)
    return max(1, pool[pool.reference].cost(prompt_tokens, item.task.reference_tokens))


def reward(name: RewardName, success: bool, score: float, cost: int, reference: int) -> float:
    """The reward of an episode that ended in success or failure.

    Args:
        name: `cost` for R(τ); `success` for 1[success]; `shaped` for score / (1 + C_norm), which also pays
            for partial answers.
        success: whether the answer was accepted.
        score: primary metric in [0, 1].
        cost: C(τ), nano-USD.
        reference: C_ref(item), nano-USD.
    """
    if name == "success":
        return float(success)
    norm = max(cost / reference, COST_FLOOR)
    if name == "shaped":
        return score / (1.0 + norm)
    return 1.0 / norm if success else 0.0
