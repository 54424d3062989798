"""Episodes that wait for a server, and episodes that share an engine that answers in batches."""

import asyncio
import threading
import time

import pytest

from mas2_env import Assignment, Episode, Rectification, Role, Send, Settings, Template, Vote
from mas2_env.backends.base import Backend
from mas2_env.errors import Breakdown, BudgetError, PolicyError, ProviderDown
from mas2_env.execution.operation import Reply
from mas2_env.pool import parse_pool
from mas2_env.runs import fixed
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.rollout import rollout
from mas2_env.task import ToolSpec, ToolUse

TOY = parse_pool(
    """
    name = "toy"
    reference = "small"
    [[backbone]]
    name = "small"
    description = "cheap"
    usd_per_million_input = 0.1
    usd_per_million_output = 0.4
    context = 8000
    """,
    "toy.toml",
)


class Fixed:
    """A team of a plan, two solvers and a vote; odd items have a shorter one."""

    def __init__(self):
        self.batches, self.threads = [], set()

    def decide(self, observations):
        self.batches.append(len(observations))
        self.threads.add(threading.get_ident())
        return [self.answer(observation) for observation in observations]

    def answer(self, observation):
        short = int(observation.query.split()[2]) % 2
        if observation.stage == "generate":
            if short:
                return Template((Role("s"),), output="s")
            roles = (Role("p", "plan"), Role("s", copies=2), Role("v", "vote"))
            return Template(roles, (Send("p", "s"), Vote(("s",), "v")), "v")
        if observation.stage == "implement":
            return Assignment({"s": "small"} if short else {"p": "small", "s": "small"})
        return Rectification()


class Waiting(Backend):
    """Answers after a while, not before so many calls wait `together`, and counts those that do."""

    pace = "waits"

    def __init__(self, seconds=0.005, script=lambda call: f"Answer: {call.item.truth.answer}", together=0):
        self.seconds, self.script, self.together = seconds, script, together
        self.busy = self.most = self.calls = 0
        self.closed = False

    def complete(self, calls):
        return [Reply(self.script(call), 10, 5) for call in calls]

    async def acomplete(self, call):
        self.calls += 1
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(self.seconds)
            while self.most < self.together:
                await asyncio.sleep(self.seconds)
            return Reply(self.script(call), 10, 5)
        finally:
            self.busy -= 1

    async def aclose(self):
        self.closed = True


def episodes(sums, pool, n):
    return (Episode(sums.item(i), pool, Settings(), i) for i in range(n))


def by_item(done):
    return {episode.item.id: list(episode.trace_lines()) for episode in done}


def test_results_do_not_depend_on_how_episodes_are_driven(sums, pool, scripted):
    backend = Waiting()
    waited = by_item(rollout(Fixed(), episodes(sums, pool, 30), backend, batch=8))
    instant = scripted(lambda call: Reply(f"Answer: {call.item.truth.answer}", 10, 5))
    assert waited == by_item(rollout(Fixed(), episodes(sums, pool, 30), instant, batch=8))
    assert len(waited) == 30
    assert backend.closed


def test_calls_wait_together_and_no_more_than_the_batch_of_episodes(sums, pool):
    taken = []

    class Pondering(Fixed):
        """Takes its time over the first decision: until all that there is room for have begun."""

        def decide(self, observations):
            while len(taken) < 51:  # one is taken to wait for room
                time.sleep(0.001)
            return super().decide(observations)

    def begun():
        for episode in episodes(sums, pool, 100):
            taken.append(episode)
            yield episode

    backend, policy = Waiting(together=50), Pondering()
    assert len(list(rollout(policy, begun(), backend, batch=50))) == 100
    assert 50 <= backend.most <= 100
    assert len(policy.threads) == 1
    assert sum(policy.batches[:2]) == 50, "what waits together is asked together"


def test_an_episode_that_ends_makes_room_at_once(sums, pool):
    done = []

    class Uneven(Waiting):
        async def acomplete(self, call):
            while call.item.id == "sums/0" and len(done) < 19:
                await asyncio.sleep(0.001)
            return Reply("Answer: 0", 1, 1)

    for episode in rollout(Fixed(), episodes(sums, pool, 20), Uneven(), batch=2):
        done.append(episode.item.id)
    assert done[-1] == "sums/0", "nineteen went by while it waited"


class Deciding(Fixed):
    """Waits for its decisions itself."""

    def __init__(self, together=0):
        super().__init__()
        self.together, self.busy, self.most = together, 0, 0

    async def adecide(self, observation):
        self.busy += 1
        self.most = max(self.most, self.busy)
        await asyncio.sleep(0.005)
        while self.most < self.together:
            await asyncio.sleep(0.005)
        self.busy -= 1
        return self.answer(observation)


def test_a_policy_that_waits_is_asked_for_each_episode_by_itself(sums, pool):
    policy = Deciding(together=10)
    done = by_item(rollout(policy, episodes(sums, pool, 20), Waiting(), batch=10))
    assert done == by_item(rollout(Fixed(), episodes(sums, pool, 20), Waiting(), batch=10))
    assert policy.most == 10
    assert policy.batches == []


def test_what_a_policy_asks_may_break_down_too(sums, pool):
    class Half(Deciding):
        async def adecide(self, observation):
            if "3 + 3" in observation.query and observation.stage == "implement":
                raise Breakdown("the meta-agents' server is down")
            return await super().adecide(observation)

    done = {e.item.id: e for e in rollout(Half(), episodes(sums, pool, 6), Waiting(), batch=6)}
    assert done["sums/3"].outcome.kind == "void"
    assert done["sums/3"].outcome.reason == "the meta-agents' server is down"
    assert all(done[f"sums/{i}"].outcome.kind == "success" for i in (0, 1, 2, 4, 5))


@pytest.mark.parametrize("policy", [Fixed, Deciding])
def test_a_policy_that_raises_is_named(sums, pool, policy):
    class Broken(policy):
        def answer(self, observation):
            if "7 + 7" in observation.query:
                raise KeyError("temperature")
            return super().answer(observation)

    with pytest.raises(PolicyError, match=r"policy Broken raised KeyError at stage 'generate', item sums/"):
        list(rollout(Broken(), episodes(sums, pool, 20), Waiting(), batch=4))


def test_an_episode_beyond_its_deadline_is_void(sums, pool):
    class Stuck(Waiting):
        async def acomplete(self, call):
            await asyncio.sleep(3600 if call.item.id == "sums/1" else 0)
            return Reply("Answer: 0", 1, 1)

    for deadline in (0.5, 5.0, 50.0):  # a busy machine may need more than the first for the others
        steps = rollout(Fixed(), episodes(sums, pool, 4), Stuck(), 4, deadline=deadline)
        done = {episode.item.id: episode.outcome for episode in steps}
        assert done["sums/1"].kind == "void"
        assert done["sums/1"].reason == f"the episode was not done within its {deadline:g} s"
        if all(done[f"sums/{i}"].kind != "void" for i in (0, 2, 3)):
            break
    assert [done[f"sums/{i}"].kind for i in (0, 2, 3)] == ["success", "failure", "failure"]


def test_when_the_money_is_spent_calls_under_way_are_awaited(sums, pool):
    class Purse(Waiting):
        answered = 0

        async def acomplete(self, call):
            if self.calls >= 30:
                raise BudgetError("spent")
            answer = await super().acomplete(call)
            self.answered += 1
            return answer

    backend, done = Purse(), []
    with pytest.raises(BudgetError, match="spent"):
        done.extend(rollout(Fixed(), episodes(sums, pool, 100), backend, batch=10))
    for episode in rollout(Fixed(), episodes(sums, pool, 100), Waiting(), batch=10):
        done.append(episode)
        break
    assert backend.answered == backend.calls == 30, "nothing that was sent is thrown away"


def test_a_provider_that_is_down_stops_the_others_at_once(sums, pool):
    class Down(Waiting):
        async def acomplete(self, call):
            if call.item.id == "sums/3":
                while len(waiting) < 9:
                    await asyncio.sleep(0.001)
                raise ProviderDown("no such model")
            waiting.add(call.item.id)
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                stopped.add(call.item.id)
                raise

    waiting, stopped = set(), set()
    with pytest.raises(ProviderDown, match="no such model"):
        list(rollout(Fixed(), episodes(sums, pool, 10), Down(), batch=10))
    assert stopped == waiting == {f"sums/{i}" for i in range(10) if i != 3}


def test_a_caller_that_stops_early_leaves_nothing_behind(sums, pool):
    backend = Waiting()
    for number, _ in enumerate(rollout(Fixed(), episodes(sums, pool, 1000), backend, batch=10)):
        if number == 5:
            break
    assert backend.calls < 100


class Engine(Backend):
    """A fake engine in the shape of a GPU: a batch takes 10 units of time, and 0.1 for each call in it."""

    pace = "batches"

    def __init__(self):
        self.time = 0.0
        self.batches = []

    def complete(self, calls):
        self.time += 10 + 0.1 * len(calls)
        self.batches.append(len(calls))
        return [Reply(f"Answer: {call.item.truth.answer}", 10, 5) for call in calls]


def test_an_engine_gets_all_that_is_ready_at_every_step(sums, pool):
    engine, calls = Engine(), 400 * 3 // 2 + 400 // 2
    done = list(rollout(Fixed(), episodes(sums, pool, 400), engine, batch=100))
    assert len(done) == 400
    assert sum(engine.batches) == calls
    ideal = calls / 133 * (10 + 0.1 * 133)
    assert engine.time < 1.5 * ideal
    one_by_one = calls * 10.1
    assert engine.time < one_by_one / 20
    assert min(engine.batches[:-4]) >= 50, "episodes that end are replaced before the next batch"


def test_an_engine_is_given_the_calls_of_all_parts_of_a_run_together(sums):
    engine = Engine()
    result = evaluate(
        {"a": Fixed(), "b": Fixed()}, [sums], seeds=range(8), items=6, backend=engine, pool=TOY, batch=48
    )
    assert result.summary.episodes == 2 * 8 * 6
    assert len({record.key for record in result.records}) == 96
    assert max(engine.batches) > 48, "a part has six episodes, and twelve calls at once at most"


def test_in_an_event_loop_that_runs_already(sums, pool):
    async def notebook():
        return by_item(rollout(Fixed(), episodes(sums, pool, 4), Waiting(), batch=4))

    assert asyncio.run(notebook()) == by_item(rollout(Fixed(), episodes(sums, pool, 4), Waiting(), batch=4))


def test_as_many_scorings_wait_together_as_episodes(sums, pool):
    """A judge is a model elsewhere: a scoring that waits for it keeps no other from being asked."""
    together = threading.Barrier(40, timeout=600)

    class Judged(type(sums)):
        blocking = True

        def score(self, item, answer):
            together.wait()
            return super().score(item, answer)

    done = list(rollout(Fixed(), episodes(Judged(), pool, 40), Waiting(), batch=40))
    assert [episode.outcome.kind for episode in done] == ["success"] * 40


def test_tools_of_one_episode_wait_together_too(sums, pool):
    """Three copies of a role ask for a tool at once, in the only episode that is under way."""
    together = threading.Barrier(3, timeout=600)

    class Tooled(type(sums)):
        blocking = True
        tools = (ToolSpec("look", "Looks.", {"type": "object"}),)

        def call(self, item, tool, arguments):
            together.wait()
            return "seen"

    class Asking(Waiting):
        async def acomplete(self, call):
            if call.turn.role == "ada" and not call.history:
                return Reply("", 1, 1, (ToolUse("look", "{}"),))
            return await super().acomplete(call)

    template = Template((Role("ada", copies=3, tools=("look",)), Role("bob")), (Send("ada", "bob"),), "bob")
    policy = fixed.Fixed(template, pool.names[0])
    (done,) = rollout(policy, episodes(Tooled(), pool, 1), Asking(), batch=1)
    assert (done.outcome.kind, done.outcome.tool_calls) == ("success", 3)


@pytest.mark.parametrize("turns", range(12))
def test_connections_are_closed_wherever_a_stop_comes(sums, pool, turns):
    """A signal's handler raises in whatever runs just then, be it while an episode is handed over."""

    class Stopped(Fixed):
        async def adecide(self, observation):
            if observation.query == sums.item(3).query:
                for _ in range(turns):
                    await asyncio.sleep(0)
                raise KeyboardInterrupt
            return self.answer(observation)

    backend = Waiting(0)
    with pytest.raises(KeyboardInterrupt):
        list(rollout(Stopped(), episodes(sums, pool, 10), backend, batch=4))
    assert backend.closed
