"""The simulated backend as its users see it: determinism, accuracy, money, speed."""

import hashlib
import pickle
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mas2_env.backends.simulated import Simulated
from mas2_env.errors import DataError, PoolError
from mas2_env.execution.operation import Failure, ModelCall, Reply, ToolStep
from mas2_env.pool import Pool, parse_pool
from mas2_env.task import Item, Task, Truth

Ask = Callable[..., ModelCall]


def answers(task: Task, results: Sequence[Reply | Failure]) -> list[str | None]:
    return [task.extract(r.text) if isinstance(r, Reply) else None for r in results]


def rights(task: Task, items: Sequence[Item], results: Sequence[Reply | Failure]) -> list[bool]:
    return [a == item.truth.answer for item, a in zip(items, answers(task, results), strict=True)]


def mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def phi(a: Sequence[bool], b: Sequence[bool]) -> float:
    both = mean([x and y for x, y in zip(a, b, strict=True)])
    p, q = mean(a), mean(b)
    return float((both - p * q) / (p * (1 - p) * q * (1 - q)) ** 0.5)


def debate(ask: Ask, task: Task, index: int) -> list[ModelCall]:
    """The ten calls of a debate of five, in one round."""
    item = task.item(index)
    texts = [
        "The terms are so and so. " * 20 + "Answer: " + a
        for a in (item.truth.answer, *item.truth.distractors)
    ]
    first = [ask(item, seed=i) for i in range(5)]
    heard: list[Any] = [("own", texts[0]), *(("peer", text) for text in texts[1:5])]
    return first + [ask(item, seed=i, purpose="debate", round=1, messages=heard) for i in range(5)]


def test_the_same_calls_get_the_same_replies_in_any_order_batch_and_instance(
    pool: Pool, sums: Task, ask: Ask
) -> None:
    calls = [call for i in range(40) for call in debate(ask, sums, i)]
    whole = dict(zip([c.key for c in calls], Simulated(pool).complete(calls), strict=True))
    shuffled = random.Random(1).sample(calls, len(calls))
    backend = Simulated(pool)
    for at in range(0, len(shuffled), 7):
        part = shuffled[at : at + 7]
        assert [whole[c.key] for c in part] == backend.complete(part)


PROGRAM = """
import hashlib, importlib.util, sys
spec = importlib.util.spec_from_file_location("toys", sys.argv[1])
toys = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toys)
from mas2_env.backends.simulated import Simulated
from mas2_env.pool import load_pool
pool = load_pool()
task = toys.Facts()
calls = [toys.build(task.item(i), name, tools=("search",)) for i in range(30) for name in pool]
print(hashlib.sha256(repr(Simulated(pool).complete(calls)).encode()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_gets_the_same_replies(hash_seed: str, pool: Pool, facts: Task, ask: Ask) -> None:
    calls = [ask(facts.item(i), name, tools=("search",)) for i in range(30) for name in pool]
    here = hashlib.sha256(repr(Simulated(pool).complete(calls)).encode()).hexdigest()
    toys = str(Path(__file__).parent / "conftest.py")
    there = subprocess.run(
        [sys.executable, "-c", PROGRAM, toys],
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


def test_a_pickled_backend_says_the_same(backend: Simulated, sums: Task, ask: Ask) -> None:
    calls = debate(ask, sums, 3)
    assert pickle.loads(pickle.dumps(backend)).complete(calls) == backend.complete(calls)


def test_a_retry_draws_anew(backend: Simulated, sums: Task, ask: Ask) -> None:
    item = sums.item(0)
    assert len({backend.complete([ask(item, seed=attempt)])[0] for attempt in range(20)}) > 10


def test_cheap_models_are_weaker_than_strong_ones(backend: Simulated, sums: Task, ask: Ask) -> None:
    items = [sums.item(i) for i in range(1500)]
    by_model = {
        name: mean(rights(sums, items, backend.complete([ask(item, name) for item in items])))
        for name in ("llama-3.1-8b", "gpt-4o-mini", "gpt-4.1")
    }
    assert 0.77 < by_model["llama-3.1-8b"] < 0.88
    assert 0.88 < by_model["gpt-4o-mini"] < 0.96
    assert 0.93 < by_model["gpt-4.1"] < 0.98
    assert by_model["llama-3.1-8b"] < by_model["gpt-4o-mini"] < by_model["gpt-4.1"]


def test_one_model_agrees_with_itself_more_than_with_others(backend: Simulated, code: Task, ask: Ask) -> None:
    items = [code.item(i) for i in range(2000)]

    def draw(name: str, seed: int) -> list[bool]:
        return rights(code, items, backend.complete([ask(item, name, seed) for item in items]))

    llama, again, qwen = draw("llama-3.1-8b", 0), draw("llama-3.1-8b", 1), draw("qwen3-8b", 0)
    within, between = phi(llama, again), phi(llama, qwen)
    assert 0.4 < within < 0.7
    assert 0.25 < between < within - 0.05


def test_votes_gain_and_saturate(backend: Simulated, code: Task, ask: Ask) -> None:
    items = [code.item(i) for i in range(800)]
    right: Counter[int] = Counter()
    some = 0
    for item in items:
        drawn = answers(code, backend.complete([ask(item, "llama-3.1-8b", seed) for seed in range(15)]))
        some += item.truth.answer in drawn[:5]
        for k in (1, 5, 15):
            right[k] += Counter(drawn[:k]).most_common(1)[0][0] == item.truth.answer
    assert right[5] > right[1] + 0.02 * len(items)
    assert right[15] - right[5] < (right[5] - right[1])
    assert some > right[5]


def test_searching_raises_accuracy_where_facts_are_needed(backend: Simulated, facts: Task, ask: Ask) -> None:
    items = [facts.item(i) for i in range(600)]
    closed = mean(rights(facts, items, backend.complete([ask(item) for item in items])))
    searched = []
    for item in items:
        history: tuple[ToolStep, ...] = ()
        while True:
            [result] = backend.complete([ask(item, tools=("search",), history=history)])
            if isinstance(result, Failure) or not result.tool_uses:
                break
            use = result.tool_uses[0]
            history += (ToolStep(use, item.documents[len(history)].text),)
        searched += rights(facts, [item], [result])
    assert 0.2 < closed < 0.35
    assert 0.5 < mean(searched) < 0.75


def test_money_is_whole_and_positive(backend: Simulated, pool: Pool, facts: Task, ask: Ask) -> None:
    for name in pool:
        for i in range(20):
            [result] = backend.complete([ask(facts.item(i), name)])
            if isinstance(result, Failure) and result.kind == "unavailable":
                continue
            assert type(result.prompt_tokens) is int
            assert type(result.completion_tokens) is int
            assert pool[name].cost(result.prompt_tokens, result.completion_tokens) > 0


def test_prompts_are_counted_with_everything_in_them(backend: Simulated, sums: Task, ask: Ask) -> None:
    item = sums.item(1)

    def tokens(**given: Any) -> int:
        return next(
            r.prompt_tokens
            for r in backend.complete([ask(item, seed=s, **given) for s in range(9)])
            if isinstance(r, Reply)
        )

    plain = tokens()
    assert tokens(prompt="x" * 400) == plain + 100
    assert tokens(messages=[("input", "x" * 400)]) > plain + 100
    assert tokens(tools=("python",)) > plain


def test_a_prompt_that_exceeds_the_context_overflows(backend: Simulated, sums: Task, ask: Ask) -> None:
    [result] = backend.complete([ask(sums.item(0), "qwen3-8b", messages=[("input", "x" * 200_000)])])
    assert isinstance(result, Failure)
    assert result.kind == "overflow"
    assert result.prompt_tokens == result.completion_tokens == 0


def test_providers_fail_now_and_then(backend: Simulated, sums: Task, ask: Ask) -> None:
    results = backend.complete([ask(sums.item(i), "llama-3.1-8b") for i in range(6000)])
    kinds = Counter(r.kind for r in results if isinstance(r, Failure))
    assert set(kinds) == {"unavailable", "timeout", "malformed"}
    assert 0.008 < kinds["malformed"] / len(results) < 0.025
    billed = [r for r in results if isinstance(r, Failure) and r.kind == "malformed"]
    assert all(r.prompt_tokens > 0 and r.completion_tokens > 0 for r in billed)


def test_replies_are_malformed_less_often_where_tools_may_be_called(
    backend: Simulated, code: Task, ask: Ask
) -> None:
    def malformed(**given: Any) -> int:
        results = backend.complete([ask(code.item(i), "llama-3.1-8b", **given) for i in range(3000)])
        return sum(isinstance(r, Failure) and r.kind == "malformed" for r in results)

    assert 0 < malformed(tools=("python",)) < 0.7 * malformed()


def test_a_backbone_of_ones_own_pool_is_as_strong_as_its_price(sums: Task, ask: Ask) -> None:
    own = parse_pool(
        'name = "own"\nreference = "small"\n'
        + "".join(
            f'[[backbone]]\nname = "{name}"\ndescription = ""\nusd_per_million_input = {price}\n'
            f"usd_per_million_output = {price}\ncontext = 32000\n"
            for name, price in (("free", 0.0), ("small", 0.05), ("large", 5.0))
        ),
        "own.toml",
    )
    backend = Simulated(own)
    items = [sums.item(i) for i in range(1500)]
    free, small, large = (
        mean(rights(sums, items, backend.complete([ask(item, name) for item in items]))) for name in own
    )
    assert 0.75 < free < small + 0.02
    assert small < large < 0.99


def test_a_file_of_ones_own_gives_a_backbone_its_abilities(
    pool: Pool, sums: Task, ask: Ask, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[backbone."gpt-4.1"]\nmath = 0.2\ncode = 0.2\nrecall = 0.2\nreading = 0.2\n')
    items = [sums.item(i) for i in range(500)]
    results = Simulated(pool, str(path)).complete([ask(item, "gpt-4.1") for item in items])
    assert mean(rights(sums, items, results)) < 0.3


def test_a_backbone_that_is_not_in_the_pool_is_named(backend: Simulated, sums: Task, ask: Ask) -> None:
    with pytest.raises(PoolError, match=r"no backbone 'gpt-4\.1-mni'.*did you mean 'gpt-4\.1-mini'"):
        backend.complete([ask(sums.item(0), "gpt-4.1-mni")])


def test_an_item_without_wrong_answers_is_named(backend: Simulated, sums: Task, ask: Ask) -> None:
    item = Item(sums, "bare", "What?", Truth("1", ()))
    with pytest.raises(DataError, match=r"item 'bare' of gsm8k has no distractors"):
        backend.complete([ask(item)])


def test_tables_stay_bounded(pool: Pool, sums: Task, ask: Ask) -> None:
    backend = Simulated(pool)
    for i in range(0, 2000, 100):
        backend.complete([ask(sums.item(j), prompt=f"{j}") for j in range(i, i + 100)])
    assert len(backend._scenes) <= 512
    assert len(backend._styles) <= 4096


def test_speed_of_a_debate(benchmark: Any, pool: Pool, sums: Task, ask: Ask) -> None:
    """A hundred debates of ten calls, each at a fresh item."""
    debates = [debate(ask, sums, i) for i in range(100)]
    backend = Simulated(pool)

    def run() -> None:
        backend._scenes.clear()
        for calls in debates:
            backend.complete(calls)

    benchmark(run)


def test_a_call_costs_no_more_than_some_hashes(pool: Pool, sums: Task, ask: Ask) -> None:
    """The yardstick is taken in turns with the work, so that slow and busy machines do not matter.

    Of each debate the shortest times count, in this thread's time on a processor.
    """
    backend = Simulated(pool)

    def hash_all(calls: list[ModelCall]) -> None:
        for call in calls:
            hashlib.blake2b(call.key, digest_size=32, person=b"yardstick").digest()

    def seconds(work: Callable[[list[ModelCall]], object], calls: list[ModelCall]) -> float:
        start = time.thread_time()
        work(calls)
        return time.thread_time() - start

    taken = yardstick = 0.0
    for i in range(50):
        calls = debate(ask, sums, i)
        backend.complete(calls)
        times = [(seconds(hash_all, calls), seconds(backend.complete, calls)) for _ in range(25)]
        yardstick += min(time for time, _ in times)
        taken += min(time for _, time in times)
    assert taken < 30 * yardstick, f"{taken / yardstick:.1f} times as long"
