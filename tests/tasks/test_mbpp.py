"""MBPP: official verdicts, references, procedural programs, what simulated agents say."""

import gzip
import json
import statistics
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mas2_tasks.mbpp import MBPP, entry_point, examination
from mas2_tasks.procedural.programs import ask
from msgspec.structs import replace

from mas2_env.errors import DataError
from mas2_env.task import Item
from mas2_env.tools.python import Program, shared_runner

FORGED = {"special:eq_always_true"}
"""Kinds of golden rows that code_eval passes though the program forges its result."""
FIELDS = ["text", "code", "task_id", "test_setup_code", "test_list", "challenge_test_list"]


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "golden" / "mbpp.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def real(shared: Path) -> MBPP:
    return MBPP("file", str(shared / "benchmarks" / "mbpp" / "items.jsonl.gz"))


def run(programs: Iterable[Program]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda program: shared_runner().run(program).status, programs))


def statuses(task: MBPP, pairs: Iterable[tuple[Item, str]]) -> list[str]:
    return run([task.program(*pair) for pair in pairs])


def test_verdicts_are_the_official_ones(rows: list[dict[str, Any]]) -> None:
    """All rows, those of three seconds too; code_eval does not run setup code."""
    ours = run([examination(row["prediction"], row["gold"]["test_list"]) for row in rows])
    assert len(rows) == 249
    for row, status in zip(rows, ours, strict=True):
        official = row["official"]
        assert official["passed"] == (official["result_class"] == "passed")
        assert status == ("failed" if row["kind"] in FORGED else official["result_class"]), row["kind"]


def test_setup_code_is_run_where_there_is_some(rows: list[dict[str, Any]]) -> None:
    told = [row for row in rows if row["gold"]["test_setup_code"]]
    ours = run(
        [
            examination(row["prediction"], row["gold"]["test_list"], row["gold"]["test_setup_code"])
            for row in told
        ]
    )
    assert [status == "passed" for status in ours] == [
        row["official"]["passed_with_setup_code"] for row in told
    ]


def test_all_reference_solutions_pass(real: MBPP) -> None:
    """As published, with CRLF and comments; and some as they are laid out for simulated agents.

    One takes a second, which is three on a slow machine: they have longer here.
    """
    items = [real.item(index) for index in range(682)]
    assert real.size == 682
    programs = [real.program(item, item.truth.gold.code) for item in items]
    programs += [real.program(item, item.truth.answer) for item in items[::7]]
    assert set(run([replace(program, timeout=60.0) for program in programs])) == {"passed"}


def test_one_reference_needs_its_setup_code(real: MBPP) -> None:
    needy = [item for item in map(real.item, range(682)) if item.truth.gold.test_setup_code]
    assert [item.id for item in needy] == ["367"]
    (item,) = needy
    assert run([examination(item.truth.answer, item.truth.gold.test_list)]) == ["failed"]


def test_the_query_is_text_and_asserts(real: MBPP) -> None:
    assert real.find("3").query == (
        "Write a python function to identify non-prime numbers. Your code should pass these tests:\n\n"
        "assert is_not_prime(2) == False\nassert is_not_prime(10) == True\nassert is_not_prime(35) == True"
    )
    for index in range(0, 682, 31):
        item = real.item(index)
        assert all(test.strip() in item.query for test in item.truth.gold.test_list)
        assert list(real.record(item)) == FIELDS


def test_real_items_have_wrong_variants_and_pass_through_replies(real: MBPP) -> None:
    items = [real.item(index) for index in range(0, 682, 4)]
    for item in items:
        truth = item.truth
        assert len(set(truth.distractors)) == len(truth.distractors) >= 3
        assert truth.answer not in truth.distractors
        assert real.canonical(truth.answer) not in {real.canonical(wrong) for wrong in truth.distractors}
        found = real.extract(real.reply(item, truth.gold.code, 77))
        assert found is not None
        assert real.meaning(found) == real.meaning(truth.answer)
    some = items[::4]
    wrong = statuses(real, [(item, text) for item in some for text in item.truth.distractors[:3]])
    assert wrong.count("failed") > 0.7 * len(wrong)


def test_procedural_items_are_varied_and_in_official_form() -> None:
    task = MBPP(seed=3)
    items = [task.item(index) for index in range(300)]
    assert len({item.truth.answer for item in items}) > 290
    assert list(task.record(items[0])) == FIELDS
    for item in items:
        problem = item.truth.gold
        assert len(problem.test_list) == len(set(problem.test_list)) == 3
        assert entry_point(problem.test_list) in problem.code
        assert not {"{", "}"} & set(problem.text)


def test_the_written_file_gives_the_same_items(tmp_path: Path) -> None:
    task = MBPP(seed=5)
    path = tmp_path / "mbpp.jsonl"
    path.write_text("".join(json.dumps(task.record(task.item(i))) + "\n" for i in range(20)), "utf-8")
    copy = MBPP("file", str(path))
    for index in range(20):
        assert copy.item(index).query == task.item(index).query
        assert copy.record(copy.find(str(index))) == task.record(task.item(index))


def test_difficulty_grows_with_the_number_of_steps() -> None:
    made = [ask(5, index) for index in range(400)]
    by_depth = [
        statistics.mean(one.difficulty for one in made if len(one.phrases) == depth) for depth in (1, 2, 3)
    ]
    assert by_depth == sorted(by_depth)


@pytest.mark.parametrize(
    ("tests", "entry"),
    [
        (("assert f(1) == 2", "assert f(g(1)) == 2"), "f"),
        (("assert f([Pair(1, 2), Pair(3, 4)], 2) == 2",), "f"),
        (("assert int(f(5, 3)) == 35",), "f"),
        (("assert sum(10, 15) == 6",), "sum"),
        (("import math\nassert math.isclose(f(1), 0.1)",), "f"),
    ],
)
def test_the_function_is_known_from_the_asserts(tests: tuple[str, ...], entry: str) -> None:
    assert entry_point(tests) == entry


def test_programs_may_bear_any_names() -> None:
    """`check`, that of a builtin function, and asserts of several lines."""
    recursive = "def {0}(n):\n    return n < 1 or {0}(n - 1)\n"
    programs = [
        examination(recursive.format(name), (f"assert {name}(9) == True",)) for name in ("check", "sum", "_f")
    ]
    lines = 'assert f("""\n""") == "\\n"\nassert f(1) == 1'
    programs.append(examination("def f(x):\n    return x", (lines,)))
    assert run(programs) == ["passed"] * 4


def test_a_probe_tries_the_asserts() -> None:
    task = MBPP(seed=2)
    outputs: Counter[bool | None] = Counter()
    for index in range(8):
        item = task.item(index)
        for answer in (item.truth.answer, item.truth.distractors[0]):
            use = task.probe(item, answer, 0)
            assert use is not None
            output = task.call(item, use.name, json.loads(use.arguments))
            outputs[task.passed(output)] += 1
            assert task.informed(item, ["hello", output]) == float(task.passed(output) is True)
            assert task.passed(output) or "should give" in output
        assert task.probe(item, item.truth.answer, 1) is None
    assert outputs == {True: 8, False: 8}


def test_names_tell_answers_apart() -> None:
    task = MBPP()
    assert task.canonical("def f(x):\n    return x  # same") == task.canonical("def f(x): return (x)")
    assert task.canonical("def f(x):\n    return x") != task.canonical("def g(x):\n    return x")


def test_answers_that_are_none_or_nonsense_score_nothing() -> None:
    task = MBPP()
    item = task.item(1)
    for answer in (None, "", "nonsense", "\0", "    return None\n"):
        assert not task.score(item, answer).success
    assert task.score(item, item.truth.answer).metrics == {"passed": 1.0, "timed_out": 0.0}


def test_sources_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a mirror is a folder in the hub's layout"):
        MBPP("hub", str(tmp_path / "missing"))
    record = {
        "text": "Write f.",
        "code": "",
        "task_id": 1,
        "test_setup_code": "",
        "test_list": ["assert f(1)"],
        "challenge_test_list": [],
    }
    for changes, message in (
        ({}, "line 2: id '1' is already that of line 1"),
        ({"task_id": "two"}, "line 2: Expected `int`, got `str`"),
        ({"task_id": 2, "test_list": []}, "line 2: no test calls a function"),
        ({"task_id": 2, "test_list": ["assert f(1"]}, r"line 2: the test 'assert f\(1' is no Python"),
    ):
        bad = tmp_path / f"{len(message)}.jsonl"
        bad.write_text(json.dumps(record) + "\n" + json.dumps({**record, **changes}) + "\n", "utf-8")
        with pytest.raises(DataError, match=message):
            MBPP("file", str(bad))
