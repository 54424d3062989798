"""HumanEval: official verdicts, procedural functions, what simulated agents say."""

import gzip
import json
import statistics
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mas2_tasks.humaneval import HumanEval
from mas2_tasks.humaneval_examples import find_examples
from mas2_tasks.procedural.functions import make
from mas2_tasks.procedural.functions_chain import STEPS

from mas2_env.errors import DataError
from mas2_env.task import Item

FORGED = {"special:eq_always_true"}
"""Kinds of golden rows that the official harness passes though the program forges its result."""


def rows(shared: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(shared / "golden" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def real(shared: Path) -> HumanEval:
    return HumanEval("file", str(shared / "benchmarks" / "humaneval" / "items.jsonl.gz"))


def statuses(task: HumanEval, pairs: Iterable[tuple[Item, str]]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda pair: task.verdict(*pair).status, pairs))


def test_verdicts_are_the_official_ones(shared: Path, real: HumanEval) -> None:
    known = {real.item(index).id for index in range(real.size or 0)}
    told = [
        row
        for row in rows(shared, "humaneval")
        if row["task_id"] in known
        and not (row["slow"] or row.get("timing_dependent") or row.get("python_dependent"))
    ]
    ours = statuses(real, [(real.find(row["task_id"]), row["prediction"]) for row in told])
    assert len(told) > 200
    wrong = Counter(
        row["kind"]
        for row, status in zip(told, ours, strict=True)
        if status != row["official"]["result_class"] and row["kind"] not in FORGED
    )
    assert not wrong
    assert {status for row, status in zip(told, ours, strict=True) if row["kind"] in FORGED} == {"failed"}


def test_all_reference_solutions_pass(real: HumanEval) -> None:
    items = [real.item(index) for index in range(real.size or 0)]
    assert statuses(real, [(item, item.truth.answer) for item in items]) == ["passed"] * 115


def test_real_items_have_wrong_variants_and_pass_through_replies(real: HumanEval) -> None:
    items = [real.item(index) for index in range(real.size or 0)]
    for item in items:
        truth = item.truth
        assert len(set(truth.distractors)) >= 3
        assert truth.answer not in truth.distractors
        found = real.extract(real.reply(item, truth.answer, 77))
        assert found is not None
        assert real.meaning(found) == real.meaning(truth.answer)
    some = items[::12]
    replies = [real.extract(real.reply(item, item.truth.answer, 5)) or "" for item in some]
    assert set(statuses(real, zip(some, replies, strict=True))) == {"passed"}
    wrong = statuses(real, [(item, text) for item in some for text in item.truth.distractors[:3]])
    assert wrong.count("failed") > 0.7 * len(wrong)


def test_procedural_items_are_pure_varied_and_in_official_form() -> None:
    task, again = HumanEval(seed=3), HumanEval(seed=3)
    items = [task.item(index) for index in range(300)]
    for index in (0, 17, 299):
        assert task.record(items[index]) == again.record(again.find(f"humaneval/p3/{index}"))
    assert len({item.truth.answer for item in items}) > 280
    assert task.item(0).query != HumanEval(seed=4).item(0).query
    assert set(task.record(items[0])) == {"task_id", "prompt", "entry_point", "canonical_solution", "test"}
    for item in items:
        compile(item.query + item.truth.answer + item.truth.gold.problem.test, "<item>", "exec")
        assert len(find_examples(item.query, item.truth.gold.problem.entry_point)) >= 1


def test_difficulty_grows_with_the_number_of_steps() -> None:
    made = [make(5, index) for index in range(400)]
    by_depth = [
        statistics.mean(one.difficulty for one in made if len(one.phrases) == depth) for depth in (1, 2, 3, 4)
    ]
    assert by_depth == sorted(by_depth)


def test_every_step_has_bugs_that_apply_and_phrases_that_name_its_parameters() -> None:
    for step in STEPS:
        for bug, (old, _) in enumerate(step.bugs):
            assert old in step.code, (step.name, old)
            assert step.template(bug) != step.code
        for combination in product(*(values[:2] for values in step.params.values())):
            named = dict(zip(step.params, combination, strict=True))
            assert all(phrase.format(**named) for phrase in step.phrases)
        assert len(step.bugs) >= 1
        assert len(step.phrases) >= 2


@given(st.text())
def test_any_prompt_can_be_searched_for_examples(text: str) -> None:
    find_examples(text, "f")


def test_a_probe_tries_the_visible_examples() -> None:
    task = HumanEval(seed=2)
    outputs: Counter[bool | None] = Counter()
    for index in range(12):
        item = task.item(index)
        for answer in (item.truth.answer, item.truth.distractors[-1]):
            use = task.probe(item, answer, 0)
            assert use is not None
            arguments = json.loads(use.arguments)
            assert "METADATA" not in arguments["code"]
            output = task.call(item, use.name, arguments)
            outputs[task.passed(output)] += 1
            assert task.informed(item, ["hello", output]) == float(task.passed(output) is True)
        assert task.passed(task.call(item, "python", {"code": ""})) is None
        assert task.probe(item, item.truth.answer, 1) is None
    assert outputs[True] >= 12
    assert outputs[False] >= 6


def test_answers_that_are_none_or_nonsense_score_nothing() -> None:
    task = HumanEval()
    item = task.item(1)
    for answer in (None, "", "nonsense", "\0", "    return None\n"):
        assert not task.score(item, answer).success
    assert task.score(item, item.truth.answer).metrics == {"passed": 1.0, "timed_out": 0.0}


def test_sources_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a mirror is a folder in the hub's layout"):
        HumanEval("hub", str(tmp_path / "missing"))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"task_id": "HumanEval/0", "prompt": "def f():"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 1"):
        HumanEval("file", str(bad))
