"""Programs in many wordings, all of which do the same."""

from random import Random

import pytest
from mas2_tasks.code_text import normal_form
from mas2_tasks.code_wording import known, plain, reworded, wordings
from mas2_tasks.humaneval import HumanEval
from mas2_tasks.mbpp import MBPP

from mas2_env.task import Task

SHORTEN = """def shorten(words, most):
    kept = [word[:most] for word in words]
    total = 0
    for word in kept:
        total += len(word)
    return kept if total else []"""


def test_variables_and_results_get_names_of_their_own() -> None:
    text = reworded(SHORTEN, 1 + 2 * 16 + 1 * 128)
    assert "def shorten(words, most):" in text
    assert text != SHORTEN
    assert text.rstrip().split("\n")[-1] == "    return res"
    assert plain(text) == plain(SHORTEN)


def test_what_others_see_keeps_its_name() -> None:
    for draw in range(0, 2**20, 9973):
        words = set(reworded(SHORTEN, draw).replace("(", " ").replace(")", " ").replace(",", " ").split())
        assert {"shorten", "words"} <= words


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    global y\n    y = x\n    return y + 1",
        "def f(x):\n    y = x\n    return eval('y') + 1",
        "class A:\n    y = 1\ndef f(x):\n    return A.y + 1",
        "def f(x):\n    \ufb01t = x + 1\n    return \ufb01t * 2",
        "this is no program (",
        "",
    ],
)
def test_where_names_may_matter_nothing_changes(code: str) -> None:
    assert reworded(code, 12345) == code


def test_names_that_mean_something_else_are_kept() -> None:
    """`sum` is set and is a function of Python; f-strings do not say where names stand in them."""
    code = "def f(xs):\n    sum = 0\n    note = 1\n    a = f'{note}'\n    return [sum, note, a]"
    for draw in range(0, 2**25, 99991):
        text = reworded(code, draw)
        assert "sum = 0" in text
        assert "note = 1" in text
        compile(text, "text", "exec")


def test_a_body_and_its_function_mean_the_same() -> None:
    body = "    words = [w for w in words if w]\n    return words[0]"
    whole = f"from typing import List\ndef first(words: List[str]) -> str:\n    'The first.'\n{body}"
    assert plain(body) == plain(whole) == plain(reworded(whole, 777))


@pytest.mark.parametrize("task", [HumanEval(seed=5), MBPP(seed=5)], ids=["humaneval", "mbpp"])
def test_wordings_of_real_answers(task: HumanEval | MBPP) -> None:
    """Forms that are put together equal those that are read, and different answers stay different."""
    draw = Random(3)
    for index in range(40):
        item = task.item(index)
        answers = (item.truth.answer, *item.truth.distractors)
        assert task.meaning(item.truth.answer) not in map(task.meaning, item.truth.distractors)
        for answer in answers:
            text = task.extract(task.reply(item, answer, draw.getrandbits(32)))
            assert text is not None
            found = known(text, task.whole)
            if found is not None:
                assert found.form == normal_form(text, task.whole)
                assert found.made.plain == plain(text, task.whole)
            assert task.meaning(text) == task.meaning(answer)


@pytest.mark.parametrize("task", [HumanEval(seed=6), MBPP(seed=6)], ids=["humaneval", "mbpp"])
def test_a_wording_passes_and_fails_as_its_program_does(task: HumanEval | MBPP) -> None:
    draw = Random(4)
    for index in range(12):
        item = task.item(index)
        for answer in (item.truth.answer, item.truth.distractors[0]):
            text = task.extract(task.reply(item, answer, draw.getrandbits(32))) or ""
            wordings.cache_clear()
            from mas2_tasks import code_wording

            code_wording._known.clear()  # the text itself is to be run
            assert task.score(item, text).success == (answer == item.truth.answer)


@pytest.mark.parametrize("task", [HumanEval(seed=7), MBPP(seed=7)], ids=["humaneval", "mbpp"])
def test_votes_can_hardly_count_codes(task: Task) -> None:
    """Of pairs of right codes to one problem of HumanEval, 1 % have the same syntax tree (DyLAN, GPT-3.5)."""
    draw = Random(5)
    pairs = equal = 0
    for index in range(60):
        item = task.item(index)
        texts = [task.extract(task.reply(item, item.truth.answer, draw.getrandbits(32))) for _ in range(6)]
        forms = [task.canonical(text) for text in texts if text is not None]
        pairs += 15
        equal += sum(forms[i] == forms[j] for i in range(6) for j in range(i))
    assert equal < 0.015 * pairs
