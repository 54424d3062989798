"""Observations, and a backend some of whose calls fail, for tests of policies."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from mas2_env.backends.base import Backend
from mas2_env.episode import Episode
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.observation import Observation
from mas2_env.plugins import make_task
from mas2_env.policy import Policy
from mas2_env.pool import load_pool
from mas2_env.runs.rollout import rollout
from mas2_env.settings import Settings


class Flaky(Backend):
    """Answers with the first word of the query; a fixed share of the calls fails."""

    def __init__(self, share: float) -> None:
        self.share = share

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure]:
        return [self._one(call) for call in calls]

    def _one(self, call: ModelCall) -> Reply | Failure:
        if call.key[0] < self.share * 256:
            return Failure("unavailable", "503: overloaded")
        return Reply(
            f"Answer: {call.key[1] % 4}", prompt_tokens=100 + len(call.messages), completion_tokens=50
        )


class Recorded:
    """A policy that keeps what it is shown."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.seen: list[Observation] = []

    def decide(self, observations: Sequence[Observation]) -> Sequence[object]:
        self.seen += observations
        return self.policy.decide(observations)


@pytest.fixture
def play() -> Callable[..., tuple[list[Episode], list[Observation]]]:
    """Runs a policy on procedural items over a flaky backend: finished episodes, and what the policy saw."""

    def run(
        policy: Policy,
        task: str = "gsm8k",
        items: int = 10,
        failing: float = 0.2,
        settings: Settings | None = None,
        batch: int = 64,
    ) -> tuple[list[Episode], list[Observation]]:
        bench = make_task(task)

        def episodes() -> Iterator[Episode]:
            for i in range(items):
                yield Episode(bench.item(i), load_pool(), settings or Settings(), seed=i)

        recorded = Recorded(policy)
        done = list(rollout(recorded, episodes(), Flaky(failing), batch=batch))
        return sorted(done, key=lambda episode: episode.seed), recorded.seen

    return run
