"""How full an engine is kept that answers in batches: `python -m mas2_env.runs.bench_engine`.

The engine is none: it takes the answers of the simulated pool, and charges a batch of n calls
a + b * ceil(n / width) seconds, as a GPU does that is as fast for one sequence as for `width` of them. No
time passes; the charges are summed. Utilisation is the share of them in which the engine did what it can at
most, n * b / width of each charge, so 1 is a full engine without overhead.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from mas2_env.backends.base import Backend, Pace
from mas2_env.episode import Episode
from mas2_env.errors import Breakdown
from mas2_env.execution.drive import run_sync
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.observation import Observation
from mas2_env.plugins import make_backend, make_policy, make_task, take_item
from mas2_env.policy import Answer, Policy
from mas2_env.pool import Pool, load_pool
from mas2_env.runs.asking import ask, carry_out
from mas2_env.runs.rollout import rollout

TASKS: Final = ("gsm8k", "hotpotqa", "humaneval", "math")
POLICIES: Final = ("cot", "self-consistency", "debate", "reflexion")
BATCHES: Final = (64, 256, 1024)


class Rates(Struct, frozen=True):
    """What a batch costs.

    Attributes:
        overhead: seconds of every batch, a.
        step: seconds of every `width` sequences that are begun, b.
        width: sequences that the engine works on at once.
    """

    overhead: float = 0.02
    step: float = 1.0
    width: int = 64


class FakeEngine(Backend):
    """An engine that charges by the batch.

    Args:
        inner: gives the answers.
        rates: what a batch costs.
        pace: how it wants to be driven.

    Attributes:
        sizes: of the batches so far, in calls.
        seconds: charged so far.
    """

    def __init__(self, inner: Backend, rates: Rates, pace: Pace = "batches") -> None:
        self.inner = inner
        self.rates = rates
        self.pace = pace
        self.sizes: list[int] = []
        self.seconds = 0.0

    def charge(self, size: int) -> None:
        """Charge for a batch."""
        self.sizes.append(size)
        self.seconds += self.rates.overhead + self.rates.step * -(-size // self.rates.width)

    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every call, in order."""
        self.charge(len(calls))
        return self.inner.complete(calls)

    @property
    def utilisation(self) -> float:
        """Share of the charged time in which the engine did what it can at most."""
        return sum(self.sizes) * self.rates.step / self.rates.width / self.seconds


class OnEngine:
    """A policy whose decisions come from the same engine, one sequence each, as those of policy `llm`."""

    def __init__(self, policy: Policy, engine: FakeEngine) -> None:
        self.policy = policy
        self.engine = engine

    def decide(self, observations: Sequence[Observation]) -> Sequence[Answer]:
        """Decide for every observation."""
        self.engine.charge(len(observations))
        return self.policy.decide(observations)


def episodes_of(pool: Pool, count: int, tasks: Sequence[str] = TASKS) -> Iterator[Episode]:
    """Episodes on the items of some tasks in turn."""
    made = [make_task(name) for name in tasks]
    for number in range(count):
        yield Episode(take_item(made[number % len(made)], number // len(made)), pool, seed=number)


def one_by_one(policy: Policy, episodes: Iterable[Episode], backend: Backend) -> Iterator[Episode]:
    """Drive each episode to its end before the next is begun."""
    for episode in episodes:
        while episode.stage != "done":
            if episode.stage == "run":
                run_sync(episode, backend)
            else:
                carry_out(episode, ask(policy, [episode])[0])
        yield episode


def measure(rates: Rates, policy: str, count: int, batch: int, way: str = "full") -> dict[str, Any]:
    """Drive episodes of a policy, and say how full the engine was.

    Args:
        rates: of the engine.
        policy: registered name.
        count: episodes.
        batch: episodes under way at once.
        way: `full`, as a backend of the pace `batches` is driven; `steps`, a step of each episode at a time;
            `single`, one episode after the other; `meta`, as `full` with decisions from the same engine.
    """
    pool = load_pool()
    engine = FakeEngine(make_backend("simulated", pool), rates, "instant" if way == "steps" else "batches")
    decides = make_policy(policy, 0)
    if way == "meta":
        decides = OnEngine(decides, engine)
    source = episodes_of(pool, count)
    drive = (
        one_by_one(decides, source, engine) if way == "single" else rollout(decides, source, engine, batch)
    )
    done = sum(1 for _ in drive)
    return {
        "policy": policy,
        "way": way,
        "batch": 1 if way == "single" else batch,
        "episodes": done,
        "calls": sum(engine.sizes),
        "batches": len(engine.sizes),
        "utilisation": round(engine.utilisation, 4),
    }


def main() -> None:
    """Print one line of JSON for each way of driving."""
    parser = argparse.ArgumentParser(prog="python -m mas2_env.runs.bench_engine")
    parser.add_argument("--episodes", type=int, default=2048)
    parser.add_argument("--width", type=int, default=64, help="sequences that the engine works on at once")
    parser.add_argument("--overhead", type=float, default=0.02, help="seconds of every batch")
    parser.add_argument("--step", type=float, default=1.0, help="seconds of every WIDTH sequences")
    given = parser.parse_args()
    rates = Rates(given.overhead, given.step, given.width)
    for policy in POLICIES:
        print(json.dumps(measure(rates, policy, min(256, given.episodes), 1, "single")), flush=True)
        for batch in BATCHES:
            for way in ("steps", "full", "meta"):
                print(json.dumps(measure(rates, policy, given.episodes, batch, way)), flush=True)


if __name__ == "__main__":
    main()
