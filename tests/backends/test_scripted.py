"""Backends that do what they are told."""

import asyncio
from collections.abc import Callable

import pytest

from mas2_env.backends.scripted import Constant, Scripted, Sleeping
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.task import Task

Ask = Callable[..., ModelCall]


def test_a_script_may_be_a_function(sums: Task, ask: Ask) -> None:
    backend = Scripted(lambda call: f"Answer: {call.item.truth.answer}")
    [reply] = backend.complete([ask(sums.item(0))])
    assert isinstance(reply, Reply)
    assert sums.extract(reply.text) == sums.item(0).truth.answer
    assert reply.prompt_tokens > 0
    assert reply.completion_tokens > 0


def test_a_turn_goes_before_its_role_and_a_default_comes_last(sums: Task, ask: Ask) -> None:
    first, later = ask(sums.item(0)), ask(sums.item(0), purpose="debate", round=1)
    backend = Scripted({"solver#0@1": "Answer: 2", "solver": "Answer: 1"})
    assert [r.text for r in backend.complete([first, later]) if isinstance(r, Reply)] == [
        "Answer: 1",
        "Answer: 2",
    ]
    assert Scripted({}, default=Reply("x", 1, 1)).complete([first]) == [Reply("x", 1, 1)]


def test_a_turn_without_a_line_is_named(sums: Task, ask: Ask) -> None:
    with pytest.raises(KeyError, match=r"no line for turn 'solver#0@0'"):
        Scripted({"judge": "Answer: 1"}).complete([ask(sums.item(0))])


def test_a_script_may_fail(sums: Task, ask: Ask) -> None:
    failure = Failure("timeout", "too slow", 10, 0)
    assert Scripted({"solver": failure}).complete([ask(sums.item(0))]) == [failure]


def test_constant_hands_out_one_reply(sums: Task, ask: Ask) -> None:
    first, second = Constant("Answer: 7").complete([ask(sums.item(0)), ask(sums.item(1))])
    assert first is second


def test_sleepers_sleep_together(sums: Task, ask: Ask) -> None:
    awake: list[int] = []

    class Noting(Constant):
        async def acomplete(self, call: ModelCall) -> Reply | Failure:
            awake.append(sum(task.done() for task in tasks))
            return await super().acomplete(call)

    backend = Sleeping(Noting(), 0.05)
    calls = [ask(sums.item(i)) for i in range(20)]
    tasks: list[asyncio.Task[Reply | Failure]] = []

    async def all_at_once() -> None:
        tasks.extend(asyncio.ensure_future(backend.acomplete(call)) for call in calls)
        await asyncio.sleep(0)
        assert not awake  # all of them sleep, none has answered
        await asyncio.gather(*tasks)

    asyncio.run(all_at_once())
    assert len(awake) == 20
    assert list(backend.complete(calls[:1])) == Constant().complete(calls[:1])
