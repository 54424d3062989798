"""What tasks of programs share: reading replies, normal forms, wrong variants, the tool, pass@k."""

import gzip
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mas2_tasks import code_survivors
from mas2_tasks.code_mutants import mutants, program_mutants
from mas2_tasks.code_task import CodeTask, pass_at_k
from mas2_tasks.code_text import find_code, normal_form
from mas2_tasks.humaneval import HumanEval
from mas2_tasks.mbpp import MBPP


def test_pass_at_k_is_the_official_estimate(shared: Path) -> None:
    with gzip.open(shared / "golden" / "humaneval_passk.jsonl.gz", "rt", encoding="utf-8") as file:
        told = [json.loads(line) for line in file]
    assert told
    for row in told:
        given_ = row["prediction"]
        estimate = pass_at_k(given_["num_samples"], given_["num_correct"], given_["k"])
        assert math.isclose(estimate, row["official"]["pass_at_k"], rel_tol=0, abs_tol=1e-9)


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_pass_at_k_counts_subsets(samples: int, k: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, samples))
    expected = 1 - math.comb(samples - correct, k) / math.comb(samples, k) if k <= samples else 1.0
    assert math.isclose(pass_at_k(samples, correct, k), expected, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\ndef f():\n    return 1\n```", "def f():\n    return 1"),
        ("First\n```python\nold\n```\nthen\n```py\n    return 2\n```\nDone.", "    return 2"),
        ("```\nx = 1\n```", "x = 1"),
        ("```python\nx = 1\n```\nOutput:\n```\n1\n```", "x = 1"),
        ("cut short ```python\nx = 1", "x = 1"),
        ("    return 1\n", "    return 1\n"),
        ("from typing import List\n\ndef f(): ...", "from typing import List\n\ndef f(): ..."),
        ("I cannot do this.", None),
        ("For all values the answer is 3: yes", None),
        ("", None),
        ("```python\n\n```", None),
    ],
)
def test_code_is_found_in_replies(text: str, code: str | None) -> None:
    assert find_code(text) == code


@given(st.text())
def test_any_text_can_be_read_and_put_in_normal_form(text: str) -> None:
    find_code(text)
    normal_form(text)
    normal_form(text, whole=True)


def test_equal_answers_are_equal_in_normal_form() -> None:
    whole = 'from typing import List\n\ndef f(x: int) -> int:\n    """Doc."""\n    return x  # same\n'
    assert normal_form(whole) == normal_form("    return x\n") == normal_form("    return (x)")
    assert normal_form(whole) != normal_form("    return -x")
    assert normal_form(whole, whole=True) == normal_form(whole.replace("  # same", ""), whole=True)
    assert normal_form(whole, whole=True) != normal_form(whole.replace("f(", "g("), whole=True)
    assert normal_form(whole, whole=True) != normal_form("    return x\n", whole=True)


def test_mutants_differ_parse_and_are_the_same_each_time() -> None:
    prompt = 'def f(xs):\n    """Doc."""\n'
    body = "    total = 0\n    for x in xs:\n        if x > 2:\n            total += x\n    return total\n"
    made = mutants(prompt, body, "f")
    assert made == mutants(prompt, body, "f")
    assert len(set(made)) == 6
    assert body not in made
    for text in made:
        compile(prompt + text, "<mutant>", "exec")
    assert len(mutants(prompt, "    syntax error", "f")) >= 3
    assert len(mutants(prompt, "    return xs\n", "f")) >= 3


def test_mutants_of_programs_are_laid_out_like_the_program() -> None:
    code = (
        "import math\r\nLIMIT = 3  # a comment\r\ndef half(n):\r\n\treturn n // 2\r\n"
        "def f(xs):\r\n\t'Doc.'\r\n\treturn [half(x) for x in xs if x > LIMIT]\r\nEND = 1"
    )
    plain, made = program_mutants(code, "f")
    assert (plain, made) == program_mutants(code, "f")
    assert normal_form(plain, whole=True) == normal_form(code, whole=True)
    assert 3 <= len(set(made)) == len(made) <= 6
    for text in (plain, *made):
        assert text.startswith("import math\nLIMIT = 3\n\ndef half(n):\n    return n // 2\n")
        assert text.endswith("END = 1\n")
        assert "Doc" not in text
    assert plain not in made
    for poor in ("def f(xs):\n    return xs\n", "f = sorted\n", "def f(:\n"):
        assert program_mutants(poor, "f")[0] == poor
        assert len(set(program_mutants(poor, "f")[1])) >= 3


@pytest.mark.parametrize("cls", [HumanEval, MBPP])
def test_the_tool_runs_code_and_never_raises(cls: type[CodeTask]) -> None:
    task = cls()
    item = task.item(0)
    assert task.call(item, "python", {"code": "print(6 * 7)"}) == "42"
    assert task.call(item, "python", {"code": "x = 1"}) == "(no output)"
    assert task.call(item, "python", {"code": "1 / 0"}).endswith("ZeroDivisionError: division by zero")
    assert task.call(item, "python", {"code": "print(object())"}) == "<object object at 0x0>"
    assert len(task.call(item, "python", {"code": "print('x' * 10_000)"})) <= 2_000
    for arguments in ({}, {"code": 3}, {"code": None}, {"source": "x"}, {1: 2}):
        assert task.call(item, "python", arguments).startswith("error: ")
    assert task.call(item, "search", {}).startswith("error: there is no tool named 'search'")


def test_mutants_that_pass_are_no_wrong_answers(shared: Path) -> None:
    """Of the wrong answers to published items, none passes the tests (every 57th item is tried)."""
    for name, cls in (("humaneval", HumanEval), ("mbpp", MBPP)):
        task = cls("file", str(shared / "benchmarks" / name / "items.jsonl.gz"))
        for index in range(3, task.size or 0, 57):
            item = task.item(index)
            assert len(item.truth.distractors) >= 3
            assert not any(task.score(item, wrong).success for wrong in item.truth.distractors), item.id


def test_survivors_are_found_by_running_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known: set[str] = set()
    monkeypatch.setattr(code_survivors, "survivors", lambda: known)
    record = {
        "task_id": "HumanEval/0",
        "prompt": 'def f(x: int) -> int:\n    """Nothing below zero."""\n',
        "entry_point": "f",
        "canonical_solution": "    return x if x > 0 else 0\n",
        "test": "def check(candidate):\n    assert candidate(5) == 5\n    assert candidate(-3) == 0\n",
    }
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(record))
    found = code_survivors.find("humaneval", str(path))
    same = "    return x if x >= 0 else 0\n"
    assert code_survivors.mark("f", same) in found == known
    item = HumanEval("file", str(path)).item(0)
    assert same not in item.truth.distractors
    assert not any(item.task.score(item, wrong).success for wrong in item.truth.distractors)
