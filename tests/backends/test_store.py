"""Kept answers: what they are kept under, and many processes at one file."""

import multiprocessing
import os
import pickle
import signal
import time

import msgspec
import pytest

from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.backends.store import Kept, Memory, Store, identify
from mas2_env.errors import Halt, RecordError
from mas2_env.execution.operation import Failure, Reply
from mas2_env.task import ToolSpec

PROMPT = Prompt(
    "small", (ChatMessage("user", "What is 2 + 2?"),), 1, Label("sums/2", "s", "s#0@0/0"), key=b"k" * 32
)
PARAMETERS = {"model": "org/small", "temperature": 0.5}


def key(prompt=PROMPT, parameters=PARAMETERS, **changes):
    return identify(msgspec.structs.replace(prompt, **changes), parameters).key


def test_all_that_shapes_an_answer_is_part_of_its_key():
    tool = ToolSpec("add", "Adds.", {"type": "object"})
    others = [
        key(backbone="large"),
        key(messages=(ChatMessage("user", "What is 2 + 3?"),)),
        key(messages=(ChatMessage("system", "What is 2 + 2?"),)),
        key(sample=2),
        key(tools=(tool,)),
        key(tools=(tool,), closed=True),
        key(schema={"type": "object"}),
        key(parameters={**PARAMETERS, "temperature": 0.6}),
        key(parameters={"model": "org/large", "temperature": 0.5}),
    ]
    assert len({key(), *others}) == len(others) + 1


def test_what_an_answer_is_for_is_no_part_of_its_key():
    assert key(label=Label("sums/9", "other", "other#0@0/0"), key=b"x" * 32) == key()
    assert key(parameters=dict(reversed(PARAMETERS.items()))) == key(), "nor is the order of parameters"


@pytest.mark.parametrize(
    "kept",
    [
        Kept(reply=Reply("Answer: 4", 9, 3, (), "length", (-0.25,))),
        Kept(failure=Failure("refused", "no", 9, 1)),
    ],
)
def test_an_answer_comes_back_as_it_was(tmp_path, kept):
    store, identity = Store(tmp_path / "s"), identify(PROMPT, PARAMETERS)
    assert store.get(identity) is None
    store.put(identity, PROMPT, kept)
    other = pickle.loads(pickle.dumps(store))
    assert other.get(identity) == kept
    assert len(other) == 1
    store.close()
    other.close()


def test_the_first_answer_stays(tmp_path):
    store, identity = Store(tmp_path / "s"), identify(PROMPT, PARAMETERS)
    first = Kept(reply=Reply("one", 1, 1))
    assert store.put(identity, PROMPT, first) == first
    assert store.put(identity, PROMPT, Kept(reply=Reply("two", 1, 1))) == first
    store.close()


def _write(path, worker, number):
    store = Store(path)
    for i in range(number):
        prompt = msgspec.structs.replace(PROMPT, sample=i)
        store.put(identify(prompt, PARAMETERS), prompt, Kept(reply=Reply(f"{worker}", i, 1)))


def test_many_processes_at_one_file(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(tmp_path / "s", w, 200)) for w in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    store = Store(tmp_path / "s", read_only=True)
    assert len(store) == 200
    for i in range(200):
        kept = store.get(identify(msgspec.structs.replace(PROMPT, sample=i), PARAMETERS))
        assert kept.reply.prompt_tokens == i
    store.close()


def test_a_kill_leaves_whole_answers(tmp_path):
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=_write, args=(tmp_path / "s", 0, 1_000_000))
    worker.start()
    store = Store(tmp_path / "s")
    while len(store) < 50:
        assert worker.is_alive()
        time.sleep(0.005)
    store.close()
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    store = Store(tmp_path / "s")
    assert len(store) >= 50
    for i in range(len(store)):
        assert store.get(identify(msgspec.structs.replace(PROMPT, sample=i), PARAMETERS)) is not None
    store.close()


def test_a_full_disk_ends_the_run(tmp_path):
    store = Store(tmp_path / "s")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")

    def fill():
        for i in range(10_000):
            prompt = msgspec.structs.replace(PROMPT, sample=i)
            store.put(identify(prompt, PARAMETERS), prompt, Kept(reply=Reply("x" * 500, 1, 1)))

    with pytest.raises(RecordError, match="database or disk is full") as caught:
        fill()
    assert isinstance(caught.value, Halt)
    store.close()


def test_what_has_changed_is_told_by_the_answer_that_is_nearest(tmp_path):
    """One operation may have been asked of several models: a judgement, say."""
    store, hotter = Store(tmp_path / "s"), {**PARAMETERS, "temperature": 0.9}
    asked_alike = msgspec.structs.replace(PROMPT, backbone="large")
    for prompt, parameters in ((asked_alike, hotter), (PROMPT, PARAMETERS)):
        store.put(identify(prompt, parameters), prompt, Kept(reply=Reply("4", 1, 1)))
    reworded = msgspec.structs.replace(PROMPT, messages=(ChatMessage("user", "2 + 2?"),))
    assert store.explain(identify(reworded, PARAMETERS), reworded.label).endswith(
        "its messages or tools changed since"
    )
    assert store.explain(identify(PROMPT, hotter), PROMPT.label).endswith(
        "the model or its parameters changed since"
    )

    asked_by_another_role = msgspec.structs.replace(PROMPT, key=b"another")
    assert "but its role (prompt, tools, backbone)" in store.explain(
        identify(asked_by_another_role, hotter), PROMPT.label
    )
    unknown = msgspec.structs.replace(PROMPT.label, operation="nobody#0@0/0")
    assert store.explain(identify(asked_by_another_role, hotter), unknown) == "no such operation was recorded"


def test_a_memory_keeps_the_first_answer_until_there_are_too_many():
    memory, first, second = Memory(most=2), Kept(reply=Reply("4", 1, 1)), Kept(reply=Reply("5", 1, 1))
    samples = [msgspec.structs.replace(PROMPT, sample=number) for number in range(3)]
    one, two, three = [identify(sample, PARAMETERS) for sample in samples]
    assert memory.put(one, samples[0], first) == memory.put(one, samples[0], second) == first
    memory.put(two, samples[1], second)
    assert (memory.get(one), memory.get(two), memory.get(three)) == (first, second, None)
    memory.put(three, samples[2], second)
    assert (memory.get(one), memory.get(two), memory.get(three)) == (None, None, second)
