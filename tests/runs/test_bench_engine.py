"""An engine that answers in batches is given all that is ready, and so it is kept full."""

import pytest

from mas2_env.execution.operation import ModelCall
from mas2_env.plugins import make_backend, make_policy
from mas2_env.pool import load_pool
from mas2_env.runs.bench_engine import FakeEngine, Rates, episodes_of, measure, one_by_one
from mas2_env.runs.rollout import rollout


def test_a_batch_is_charged_by_its_widths():
    engine = FakeEngine(make_backend("simulated", load_pool()), Rates(overhead=0.5, step=2, width=10))
    for size in (1, 10, 11):
        engine.charge(size)
    assert engine.seconds == (0.5 + 2) + (0.5 + 2) + (0.5 + 4)
    assert engine.utilisation == 22 * 0.2 / 9.5


class Watching(FakeEngine):
    """Notes, for each batch, whether it held every call of every episode under way."""

    def watch(self, episodes):
        self.begun, self.whole, self.under_way = [], [], []
        for episode in episodes:
            self.begun.append(episode)
            yield episode

    def complete(self, calls):
        self.begun = [episode for episode in self.begun if episode.stage != "done"]
        ready = [o for episode in self.begun for o in episode.ready() if type(o) is ModelCall]
        callers = [e for e in self.begun if any(type(o) is ModelCall for o in e.ready())]
        self.whole.append(sorted(map(id, ready)) == sorted(map(id, calls)) and callers == self.begun)
        self.under_way.append(len(self.begun))
        return super().complete(calls)


@pytest.mark.parametrize("policy", ["self-consistency", "debate", "reflexion", "random"])
def test_a_batch_holds_every_call_that_is_ready_and_every_episode_has_one(policy):
    pool = load_pool()
    engine = Watching(make_backend("simulated", pool), Rates())
    done = list(rollout(make_policy(policy, 0), engine.watch(episodes_of(pool, 120)), engine, batch=32))
    assert len(done) == 120
    assert all(engine.whole)
    full = engine.under_way[: next(i for i, n in enumerate(engine.under_way) if n < 32)]
    assert sum(full) >= 32, "room is filled at once, as long as there are episodes"
    assert len(full) > 2


def test_utilisation():
    rates = Rates(overhead=0.02, step=1.0, width=64)
    single = measure(rates, "debate", 64, 1, "single")
    steps = measure(rates, "debate", 512, 128, "steps")
    full = measure(rates, "debate", 512, 128)
    assert single["utilisation"] < 0.06
    assert steps["utilisation"] < 0.6
    assert full["utilisation"] > 0.8
    assert full["calls"] == steps["calls"]


def test_how_they_are_driven_changes_no_outcome():
    pool = load_pool()
    engine = FakeEngine(make_backend("simulated", pool), Rates())
    policy = make_policy("reflexion", 0)
    single = {e.seed: e.outcome for e in one_by_one(policy, episodes_of(pool, 40), engine)}
    assert {e.seed: e.outcome for e in rollout(policy, episodes_of(pool, 40), engine, 16)} == single
