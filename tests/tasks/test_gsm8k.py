import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.procedural.arithmetic import Slip, Step, run, sentences, slips

from mas2_env.errors import DataError
from mas2_env.tools.calculator import calculate

TASK = GSM8K()
RECORD = {
    "question": "Janet's ducks lay 16 eggs per day. She eats three and bakes with four. "
    "She sells the rest for $2 per egg. How much does she make every day?",
    "answer": "She sells 16 - 3 - 4 = <<16-3-4=9>>9 eggs a day.\nShe makes 9 * 2 = $<<9*2=18>>18.\n#### 18",
}


def write(folder: Path, *records: object) -> str:
    path = folder / "test.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return str(path)


def test_a_record_becomes_an_item(tmp_path: Path) -> None:
    task = GSM8K("file", write(tmp_path, RECORD, {**RECORD, "question": "Another?"}))
    item = task.item(0)
    assert (item.id, task.size) == ("gsm8k/test/1", 2)
    assert task.find("gsm8k/test/2").query == "Another?"
    assert item.truth.answer == "18"
    assert item.truth.parts == 2
    assert item.truth.distractors[:2] == ("9", "11")
    assert task.record(item) == RECORD
    use = task.probe(item, "18", 1)
    assert use is not None
    assert json.loads(use.arguments) == {"expression": "9*2"}
    assert task.call(item, "calculator", {"expression": "9*2"}) == "18"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"question": "How many?"}, "line 2: Object missing required field `answer`"),
        ({"question": "How many?", "answer": "It is 18."}, "line 2: `answer` does not end in `#### N`"),
        ({"question": "How many?", "answer": "#### " + "9" * 400}, "line 2: `answer` .* of 400 characters"),
        ({"question": " ", "answer": "#### 18"}, "line 2: `question` is empty"),
        ({"question": ["How many?"], "answer": "#### 18"}, "line 2: Expected `str`, got `array`"),
    ],
)
def test_bad_records_name_their_line(tmp_path: Path, record: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        GSM8K("file", write(tmp_path, RECORD, record))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many?", "#### -500"),
        (f"How many of {'9' * 400}?", f"<<{'9' * 400}*2={'9' * 400}>>\n#### 7"),
        ("How many?", "<<1/0=0>>\n#### 999999999999999"),
    ],
)
def test_every_answer_has_wrong_ones_beside_it(tmp_path: Path, question: str, answer: str) -> None:
    task = GSM8K("file", write(tmp_path, {"question": question, "answer": answer}))
    item = task.item(0)
    assert item.truth.distractors
    for wrong in item.truth.distractors:
        assert task.extract(task.reply(item, wrong, 0)) == wrong
        assert not task.score(item, wrong).success


def test_unknown_ids(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'gsm8k/test/1'"):
        GSM8K("file", write(tmp_path, RECORD)).find("gsm8k/test/2")
    with pytest.raises(DataError, match="ids look like gsm8k/p0/17"):
        TASK.find("gsm8k/p1/17")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So it is 18.\n#### 18", "18"),
        ("#### $1,200", "1200"),
        ("#### **9**", "9"),
        ("####9", "9"),
        ("#### 18 eggs", "18"),
        ("#### 7\n\nQuestion: more?\n#### 8", "7"),
        ("#### \\boxed{2,125}", "2125"),
        ("First \\boxed{3}, then \\boxed{42}.", "42"),
        ("The answer is 350.", "350"),
        ("**Answer:** $60", "60"),
        ("The final answer is **18**", "18"),
        ("-12", "-12"),
        (" 1,450 ", "1450"),
        ("It takes 3 steps and gives 9.", None),
        ("I do not know.", None),
        ("", None),
    ],
)
def test_extraction(text: str, answer: str | None) -> None:
    assert TASK.extract(text) == answer


def test_scores_take_a_number_or_a_whole_response(tmp_path: Path) -> None:
    task = GSM8K("file", write(tmp_path, RECORD))
    item = task.item(0)
    everything = {"openai": 1.0, "strict": 1.0, "flexible": 1.0}
    for answer in ("18", "#### 18", "She makes $18.\n#### 18\n"):
        assert task.score(item, answer).metrics == everything
    assert task.score(item, "18.").metrics == {"openai": 0.0, "strict": 1.0, "flexible": 1.0}
    assert task.score(item, "The answer is 18").metrics == {"openai": 0.0, "strict": 0.0, "flexible": 1.0}
    assert task.score(item, "17").metrics == dict.fromkeys(everything, 0.0)
    assert task.score(item, None).metrics == dict.fromkeys(everything, 0.0)


@pytest.mark.parametrize(
    ("one", "other"), [("1,200", "1200"), ("$18", "18"), ("18.00", "18"), ("5.50", "5.5"), ("7.", "7")]
)
def test_canonical_forms(one: str, other: str) -> None:
    assert TASK.canonical(one) == TASK.canonical(other)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**12))
def test_generated_problems_come_out(index: int) -> None:
    item = TASK.item(index)
    truth = item.truth
    assert 2 <= truth.parts <= 8
    assert int(truth.answer) > 0
    assert len(truth.distractors) >= 3
    marked = re.findall(r"<<([^<>=]+)=(\d+)>>\2", truth.gold.answer)
    assert len(marked) == truth.parts
    assert all(calculate(expression) == result for expression, result in marked)
    assert marked[-1][1] == truth.answer
    assert truth.gold.answer.endswith(f"\n#### {truth.answer}")
    assert item.query.endswith("?")
    assert "{" not in item.query + truth.gold.answer
    for answer in (truth.answer, *truth.distractors):
        text = TASK.reply(item, answer, index % 2**32)
        assert TASK.extract(text) == answer
        assert TASK.score(item, text).success == (answer == truth.answer)


def test_steps_and_stories_vary() -> None:
    items = [TASK.item(index) for index in range(600)]
    assert {item.truth.parts for item in items} >= {2, 3, 4, 5, 6, 7}
    by_parts = {
        parts: [item.truth.difficulty for item in items if item.truth.parts == parts] for parts in (3, 6)
    }
    mean = {parts: sum(values) / len(values) for parts, values in by_parts.items()}
    assert mean[6] > mean[3]
    assert len({" ".join(item.query.split()[1:4]) for item in items}) > 40


STEPS = (
    Step("She sells {e} eggs.", "-", (16, 7), False),
    Step("She makes {e}.", "*", (~0, 2), True),
)


def test_a_slip_is_carried_through() -> None:
    assert run(STEPS) == [9, 18]
    slip = Slip("operator", 0, "+")
    results = run(STEPS, slip)
    assert results == [23, 46]
    assert sentences(STEPS, results, slip) == [
        "She sells 16 + 7 = <<16+7=23>>23 eggs.",
        "She makes 23 * 2 = $<<23*2=46>>46.",
    ]
    assert list(slips(STEPS, 18))[:3] == [9, 11, 46]
    assert run(STEPS, Slip("operator", 1, "/")) is None


def test_the_calculator_shows_that_an_agent_is_informed() -> None:
    item = TASK.item(0)
    assert TASK.informed(item, ["error: division by zero", "I think it is 4."]) == 0.0
    assert TASK.informed(item, ["error: division by zero", "42"]) == 1.0


def test_real_items(shared: Path) -> None:
    path = shared / "benchmarks" / "gsm8k" / "items.jsonl.gz"
    if not path.exists():
        pytest.skip("the real items are not here")
    task = GSM8K("file", str(path))
    assert task.size == 923
    for item in map(task.item, range(0, 923, 5)):
        assert set(task.score(item, item.truth.answer).metrics.values()) == {1.0}
        assert len(item.truth.distractors) >= 3
        for answer in (item.truth.answer, *item.truth.distractors):
            text = task.reply(item, answer, len(item.query))
            assert task.extract(text) == answer
            assert task.score(item, answer).success == (answer == item.truth.answer)
