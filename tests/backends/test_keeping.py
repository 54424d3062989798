"""Kept answers under way: one sample that is asked for twice at once is asked for once."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mas2_env.backends.base import Backend
from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.keeping import Keeping
from mas2_env.backends.ledger import Ledger
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.backends.store import Identity, Kept, Memory, Store
from mas2_env.errors import Breakdown
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.pool import Pool
from mas2_env.task import Task

Ask = Callable[..., ModelCall]


class Slow(Backend):
    """Answers with the number of the call, once it is told to."""

    pace = "waits"

    def __init__(self) -> None:
        self.asked = 0
        self.begun, self.go = threading.Event(), threading.Event()

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure | Breakdown]:
        raise AssertionError("asked without an event loop")

    async def acomplete(self, call: ModelCall) -> Reply:
        self.asked += 1
        said = Reply(f"Answer: {self.asked}", 1, 1)
        self.begun.set()
        while not self.go.is_set():
            await asyncio.sleep(0.001)
        return said


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def keeping(slow: Slow, pool: Pool, tmp_path: Path) -> Iterator[Keeping]:
    store = Store(tmp_path / "kept")
    yield Keeping(slow, pool, store, "record")
    store.close()


async def _waiting(keeping: Keeping, call: ModelCall) -> "asyncio.Task[object]":
    """A task that has found the same call under way and waits for it."""
    task = asyncio.create_task(keeping.acomplete(call))
    for _ in range(5):
        await asyncio.sleep(0)
    return task


def test_event_loops_in_several_threads_ask_for_a_sample_once(
    keeping: Keeping, slow: Slow, sums: Task, ask: Ask
) -> None:
    call = ask(sums.item(0))

    async def second() -> object:
        task = await _waiting(keeping, call)
        begin = time.monotonic()
        slow.go.set()
        answer = await asyncio.wait_for(task, timeout=480)
        assert time.monotonic() - begin < 240, "woken by the answer, not by the clock"
        return answer

    with ThreadPoolExecutor() as threads:
        first = threads.submit(lambda: asyncio.run(keeping.acomplete(call)))
        assert slow.begun.wait(240)
        assert asyncio.run(second()) == first.result(240) == Reply("Answer: 1", 1, 1)
    assert slow.asked == 1


def test_an_answer_that_is_kept_while_it_is_looked_up_is_not_asked_for_again(
    slow: Slow, pool: Pool, sums: Task, ask: Ask
) -> None:
    call = ask(sums.item(0))

    class Overtaken(Memory):
        """Nothing is kept yet when the main thread looks, and by the time it has looked something is."""

        def get(self, identity: Identity) -> Kept | None:
            found = super().get(identity)
            if found is None and threading.current_thread() is threading.main_thread():
                slow.go.set()
                first.result(240)
            return found

    keeping = Keeping(slow, pool, Overtaken(), "record")

    async def second() -> object:
        task = await _waiting(keeping, call)
        slow.go.set()
        return await task

    with ThreadPoolExecutor() as threads:
        first = threads.submit(lambda: asyncio.run(keeping.acomplete(call)))
        assert slow.begun.wait(240)
        assert asyncio.run(second()) == first.result(240)
    assert slow.asked == 1


class Asked(ChatBackend):
    """Says how many requests it was given."""

    def chat(self, prompts: Sequence[Prompt]) -> list[Reply | Failure | Breakdown]:
        return [Reply(str(len(prompts)), 10, 5)] * len(prompts)


def test_a_sample_that_is_asked_for_twice_in_a_batch_is_asked_for_once_and_charged_twice(pool: Pool) -> None:
    keeping = Keeping(Asked(pool), pool, Memory(), "read-write")
    keeping.ledger = Ledger()
    prompt = Prompt(pool.names[0], (ChatMessage("user", "Well?"),), 0, Label("sums/0", "judge", "judge"))
    assert keeping.chat([prompt, prompt]) == [Reply("1", 10, 5)] * 2
    totals = keeping.ledger.totals
    assert (totals.calls, totals.kept, totals.billed) == (1, 1, 0), "the first is for the backend to note"
    assert totals.price == pool[pool.names[0]].cost(10, 5)


def test_whoever_waits_asks_itself_if_the_first_one_gives_up(
    keeping: Keeping, slow: Slow, sums: Task, ask: Ask
) -> None:
    async def both() -> object:
        first = asyncio.create_task(keeping.acomplete(ask(sums.item(0))))
        second = await _waiting(keeping, ask(sums.item(0)))
        first.cancel()
        slow.go.set()
        return await second

    assert asyncio.run(both()) == Reply("Answer: 2", 1, 1)
    assert slow.asked == 2


def test_whoever_waits_and_gives_up_leaves_the_first_one_alone(
    keeping: Keeping, slow: Slow, sums: Task, ask: Ask
) -> None:
    async def both() -> object:
        first = asyncio.create_task(keeping.acomplete(ask(sums.item(0))))
        second = await _waiting(keeping, ask(sums.item(0)))
        second.cancel()
        await asyncio.wait([second])
        slow.go.set()
        return await first

    assert asyncio.run(both()) == Reply("Answer: 1", 1, 1)


def test_a_loop_that_ended_in_the_middle_leaves_nothing_for_the_next(
    keeping: Keeping, slow: Slow, sums: Task, ask: Ask
) -> None:
    call = ask(sums.item(0))

    async def ended() -> None:
        await _waiting(keeping, call)  # and is cancelled with its loop

    asyncio.run(ended())
    slow.go.set()
    assert asyncio.run(keeping.acomplete(call)) == Reply("Answer: 2", 1, 1)
