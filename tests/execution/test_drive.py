"""One episode, three drivers, one trace."""

import asyncio
import random

import pytest

from mas2_env import (
    Assignment,
    Critique,
    Debate,
    Episode,
    Rectification,
    Role,
    Send,
    Settings,
    Template,
    Vote,
)
from mas2_env.errors import Breakdown
from mas2_env.execution.drive import perform, run_async, run_batch, run_sync
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.system.model import Retry
from mas2_env.task import Score, ToolUse

TEAM = Template(
    (
        Role("plan", "plan"),
        Role("a", copies=2, tools=("add",)),
        Role("b"),
        Role("critic", "critique"),
        Role("v", "vote"),
    ),
    (Send("plan", "a"), Debate(("a", "b"), 2, quorum=0.9), Critique("b", "critic", 2), Vote(("a", "b"), "v")),
    "v",
)


def script(call):
    """Any behaviour that depends on nothing but the call."""
    draw = call.key[0]
    if call.turn.tools and not call.history and draw < 128:
        return Reply("", 50, 5, (ToolUse("add", '{"a": 1, "b": 1}'), ToolUse("add", '{"a": 2, "b": 1}')))
    if draw > 230:
        return Failure("timeout", "slow", 10, 0)
    if call.turn.purpose == "review":
        return "APPROVE" if draw % 2 else "REVISE: no"
    return f"Answer: {draw % 3}"


def drive_and_mend(episode, step):
    step(episode)
    while episode.stage == "rectify":
        episode.decide(Rectification(tuple(Retry(f.turn) for f in episode.observe().execution.failures)))
        step(episode)
    return list(episode.trace_lines())


def fresh(sums, pool, seed):
    episode = Episode(sums.item(2), pool, Settings(budget=30.0), seed)
    episode.decide(TEAM)
    episode.decide(Assignment({"plan": "small", "a": "small", "b": "large", "critic": "small"}))
    return episode


@pytest.mark.parametrize("seed", range(20))
def test_every_driver_gives_the_same_trace(sums, pool, scripted, seed):
    backend = scripted(script)
    sync = drive_and_mend(fresh(sums, pool, seed), lambda e: run_sync(e, backend))
    eventually = drive_and_mend(fresh(sums, pool, seed), lambda e: asyncio.run(run_async(e, backend)))
    others = [fresh(sums, pool, 100 + i) for i in range(3)]
    batched = drive_and_mend(fresh(sums, pool, seed), lambda e: run_batch([*others, e], backend))
    assert sync == eventually == batched


async def _many(episodes, backend):
    await asyncio.gather(*(run_async(episode, backend) for episode in episodes))


def test_concurrent_episodes_wait_together(sums, pool, scripted):
    class Slow(scripted):
        waiting = most = 0

        async def acomplete(self, call):
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            await asyncio.sleep(0.01)
            self.waiting -= 1
            return await super().acomplete(call)

    backend = Slow(lambda call: "Answer: 4")
    episodes = []
    for i in range(50):
        episode = Episode(sums.item(i), pool, Settings(), i)
        episode.decide(Template((Role("s"),), output="s"))
        episode.decide(Assignment({"s": "small"}))
        episodes.append(episode)
    asyncio.run(_many(episodes, backend))
    assert backend.most == 50
    assert all(episode.outcome is not None for episode in episodes)


def test_results_in_any_order(sums, pool, scripted):
    backend = scripted(script)

    def shuffled(order):
        def step(episode):
            while episode.stage == "run":
                ready = list(episode.ready())
                order.shuffle(ready)
                for operation in ready:
                    if isinstance(operation, ModelCall):
                        episode.deliver(operation, backend.complete((operation,))[0])
                    else:
                        episode.deliver(operation, perform(operation))

        return step

    for seed in range(10):
        expected = drive_and_mend(fresh(sums, pool, seed), lambda e: run_sync(e, backend))
        assert drive_and_mend(fresh(sums, pool, seed), shuffled(random.Random(seed))) == expected


class Buggy:
    """Answers well, but for one item."""

    def __init__(self, answer):
        self.answer = answer

    def complete(self, calls):
        answers = [self.wrong() if call.item.id == "sums/1" else Reply("Answer: 4", 9, 9) for call in calls]
        return [answer for answer in answers if answer != "left out"]

    def wrong(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def acomplete(self, call):
        return self.complete((call,))[0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (KeyError("choices"), "backend Buggy raised KeyError: 'choices'"),
        (None, "it answered with a NoneType, expected Reply or Failure"),
        (Reply("", -1, 0), "expected a whole number of at least 0"),
        (Reply("", None, 0), "backend Buggy raised ValueError"),
        (Reply(None, 1, 1), "it answered with None, expected a text"),
        ("left out", "it answered 1 of 2 calls"),
    ],
)
def test_a_bug_in_a_backend_voids_the_episode_that_asked_and_no_other(sums, pool, answer, said):
    def begun():
        episodes = [Episode(sums.item(i), pool, Settings(), i) for i in range(4)]
        for episode in episodes:
            episode.decide(Template((Role("a"), Role("b"), Role("v", "vote")), (Vote(("a", "b"), "v"),), "v"))
            episode.decide(Assignment({"a": "small", "b": "small"}))
        return episodes

    together, alone = begun(), begun()
    if answer == "left out":  # one of two
        backend = Buggy(answer)
        backend.wrong = iter(["left out", Reply("Answer: 4", 9, 9)] * 9).__next__
    else:
        backend = Buggy(answer)
    run_batch(together, backend)
    assert [episode.outcome.kind for episode in together] == ["failure", "void", "success", "failure"]
    assert said in together[1].outcome.reason
    if answer == "left out":
        return
    for episode in alone[:2]:
        run_sync(episode, backend)
    for episode in alone[2:]:
        asyncio.run(run_async(episode, backend))
    waiting = begun()[1]
    asyncio.run(run_async(waiting, backend))
    assert [e.outcome for e in alone] == [e.outcome for e in together]
    assert waiting.outcome == alone[1].outcome


def test_the_first_breakdown_in_the_order_of_the_step_is_the_reason_under_every_driver(sums, pool, scripted):
    def script(call):
        if call.turn.role == "a" and not call.history:
            return Reply("", 1, 1, (ToolUse("add", "{}"),))
        return Breakdown("provider is down") if call.turn.round else "Answer: 4"

    template = Template(
        (Role("b"), Role("a", tools=("add",)), Role("c"), Role("v", "vote")),
        (Debate(("b", "c"), 1), Vote(("b", "a", "c"), "v")),
        "v",
    )

    def ended(step):
        episode = Episode(sums.item(2), pool)
        episode.decide(template)
        episode.decide(Assignment({"a": "small", "b": "small", "c": "small"}))
        step(episode)
        return list(episode.trace_lines())

    backend = scripted(script)
    expected = ended(lambda e: run_sync(e, backend))
    assert b"Sums.call raised KeyError" in expected[-1]
    assert ended(lambda e: run_batch([e], backend)) == expected
    assert ended(lambda e: asyncio.run(run_async(e, backend))) == expected


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("score", None, "Sums.score raised TypeError on item sums/2: it gave a NoneType, expected a Score"),
        ("call", 4, "Sums.call raised TypeError on item sums/2: it gave a int, expected a text"),
        ("extract", 4, "Sums.extract raised TypeError: it gave a int, expected a text or None"),
    ],
)
def test_a_task_that_gives_something_else_voids_the_episode(sums, pool, scripted, method, given, said):
    def script(call):
        return "Answer: 4" if call.history else Reply("", 1, 1, (ToolUse("add", '{"a": 1, "b": 1}'),))

    task = type("Odd", (type(sums),), {method: lambda *_: given})()
    episode = Episode(task.item(2), pool)
    episode.decide(Template((Role("s", tools=("add",)),), output="s"))
    episode.decide(Assignment({"s": "small"}))
    run_sync(episode, scripted(script))
    assert (episode.outcome.kind, episode.outcome.reason) == ("void", said)


USE = ToolUse("add", '{"a": 1, "b": 1}')


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply("Answer: 4", 1.5, 1), "counted 1.5 and 1 tokens, expected a whole number"),
        (Reply("Answer: 4", 1, -1), "counted 1 and -1 tokens"),
        (Reply("", 1, 1, [USE]), "expected a tuple of ToolUse"),
        (Reply("", 1, 1, (ToolUse("add", {}),)), "expected its name and JSON text"),
    ],
)
def test_a_reply_that_cannot_be_taken_is_the_backends_fault(begin, scripted, reply, said):
    episode = begin(Template((Role("s", tools=("add",)),), output="s"))
    run_sync(episode, scripted(lambda call: reply))
    assert episode.outcome.kind == "void"
    assert said in episode.outcome.reason


@pytest.mark.parametrize(
    "score", [Score("yes", 1.0), Score(True, float("nan")), Score(True, 1.0, {"em": "x"})]
)
def test_a_score_that_is_none_is_the_tasks_fault(begin, scripted, sums, monkeypatch, score):
    episode = begin(Template((Role("s"),), output="s"))
    monkeypatch.setattr(type(sums), "score", lambda self, item, answer: score)
    run_sync(episode, scripted(lambda call: "Answer: 4"))
    assert episode.outcome.kind == "void"
    assert "Sums.score raised" in episode.outcome.reason


def test_a_backend_that_exits_voids_the_episode_and_not_the_process(begin, scripted):
    def script(call):
        raise SystemExit("no more\nmoney")

    episode = begin(Template((Role("s"),), output="s"))
    run_sync(episode, scripted(script))
    assert episode.outcome.reason == "backend Scripted raised SystemExit: no more money"
