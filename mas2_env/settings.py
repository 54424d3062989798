"""The options of an episode, as data."""

from math import inf
from typing import Literal, TypeAlias

from msgspec import Struct

from mas2_env.system.model import Limits

RewardName: TypeAlias = Literal["cost", "success", "shaped"]


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about an episode that is not the item, the pool or the seed.

    Attributes:
        budget: θ_C as a multiple of the item's reference cost. The trigger fires when the cost of the
            execution crosses θ_C, and again at 2 θ_C, 3 θ_C and so on.
        rectifier: False for generate-once-and-deploy: no trigger ever leads to a decision.
        max_rectifications: triggers that lead to a decision; later ones pass.
        max_invalid: invalid decisions that are answered with the error; one more ends the episode.
        max_tool_steps: tool calls that one turn may make.
        reward: `cost` is R(τ) = 1[success] / C_norm(τ); `success` and `shaped` are for ablation.
        count_meta: whether the meta-agents' own tokens count in C(τ).
        limits: bounds on the size of systems.

    Raises:
        ValueError: if the budget is negative or not finite, or one of the counts is negative.
    """

    budget: float = 12.0
    rectifier: bool = True
    max_rectifications: int = 3
    max_invalid: int = 2
    max_tool_steps: int = 4
    reward: RewardName = "cost"
    count_meta: bool = True
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 0 <= self.budget < inf:
            raise ValueError(
                f"budget is {self.budget}, expected a finite multiple of the reference cost, at least 0; "
                "to run without a Rectifier, set rectifier=False"
            )
        for name in ("max_rectifications", "max_invalid", "max_tool_steps"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 0")
