"""What decides."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

from mas2_env.observation import Observation
from mas2_env.pool import Pool
from mas2_env.system.model import Decision


class Usage(Struct, frozen=True):
    """Tokens that a meta-agent spent on one decision; `backbone` prices them (None: the pool's `meta`)."""

    prompt_tokens: int
    completion_tokens: int
    backbone: str | None = None


class Metered(Struct, frozen=True):
    """A decision, or the text of one, with the tokens it took."""

    decision: Decision | str
    usage: Usage


Answer: TypeAlias = Decision | str | Metered
"""What a policy may answer: a decision; a text that holds one as JSON; either with its usage."""


@runtime_checkable
class Connected(Protocol):
    """A policy that asks the run's own models for its decisions."""

    def connect(self, backend: object, pool: Pool) -> None:
        """Take the run's backend and pool, before the first decision is asked for.

        Raises:
            PolicyError: if it can do nothing with them.
        """
        ...


@runtime_checkable
class Policy(Protocol):
    """Anything that has `decide`.

    Answers are one for each observation, in order. A policy must not depend on how observations are batched.
    A class that takes a `seed` argument is given the run's.
    """

    def decide(self, observations: Sequence[Observation]) -> Sequence[Answer]:
        """Decide for every observation."""
        ...
