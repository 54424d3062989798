import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_tasks.math import MATH
from mas2_tasks.math_file import calculations
from mas2_tasks.math_text import find_answer, normal_form
from mas2_tasks.procedural import competition, latex
from mas2_tasks.procedural.draw import Draw

from mas2_env.errors import DataError
from mas2_env.tools.calculator import calculate

TASK = MATH()
RECORD = {
    "problem": "What is the sum of the roots of $2x^2 - 3x + 1 = 0$?",
    "solution": "The roots are $1$ and $\\frac{1}{2}$. "
    "Their sum is $1 + 1/2 = \\boxed{\\frac{3}{2}}.$\n\nDone.",
    "answer": "\\frac{3}{2}",
    "subject": "Algebra",
    "level": 2,
    "unique_id": "test/algebra/7.json",
}
FAMILIES = [
    (subject, family, level)
    for subject, families in competition.SUBJECTS.items()
    for family, low, high in families
    for level in range(low, high + 1)
]


def write(folder: Path, *records: object) -> str:
    path = folder / "test.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return str(path)


def test_a_record_becomes_an_item(tmp_path: Path) -> None:
    other = {**RECORD, "unique_id": "test/algebra/8.json", "problem": "Another?"}
    task = MATH("file", write(tmp_path, RECORD, other))
    item = task.item(0)
    assert (item.id, task.size) == ("test/algebra/7.json", 2)
    assert task.find("test/algebra/8.json").query == "Another?"
    assert task.record(item) == RECORD
    assert item.truth.steps == (
        "The roots are $1$ and $\\frac{1}{2}$.",
        "Their sum is $1 + 1/2 = \\frac{3}{2}.$",
    )
    assert item.truth.distractors[:3] == ("\\frac{2}{3}", "-\\frac{1}{2}", "-\\frac{3}{2}")
    use = task.probe(item, "", 0)
    assert use is not None
    assert json.loads(use.arguments) == {"expression": "1 + 1/2"}
    assert task.call(item, "calculator", {"expression": "1 + 1/2"}) == "1.5"
    assert task.informed(item, ["error: division by zero"]) == 0.0
    assert task.informed(item, ["1.5"]) == 1.0


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"problem": "?"}, "line 2: Object missing required field `solution`"),
        ({**RECORD, "unique_id": "b", "answer": " "}, "line 2: `answer` is empty"),
        ({**RECORD, "unique_id": "b", "level": 6}, "line 2: `level` must be from 1 to 5, got 6"),
        ({**RECORD, "unique_id": "b", "level": "5"}, "line 2: Expected `int`, got `str`"),
        (RECORD, "line 2: id 'test/algebra/7.json' is already that of line 1"),
    ],
)
def test_bad_records_name_their_line(tmp_path: Path, record: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MATH("file", write(tmp_path, RECORD, record))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So it is $\\boxed{\\frac{1}{2}}$.", "\\frac{1}{2}"),
        ("First $\\boxed{3}$, then $\\boxed{ 42 }$.", "42"),
        ("$\\boxed{\\boxed{7}}$", "7"),
        (
            "Nested: \\boxed{\\left\\{ 1, \\frac{2}{3} \\right\\}} at last",
            "\\left\\{ 1, \\frac{2}{3} \\right\\}",
        ),
        ("\\boxed{1\\}} and \\boxed{unclosed", "1\\}"),
        ("\\boxed{5} but \\boxed{}", "5"),
        ("\\boxed 5 or \\fbox{6}", "6"),
        ("\\boxed 12.5, I think", "12.5"),
        ("The answer is $x^2 + 1$.", "x^2 + 1"),
        ("The final answer is: \\(3\\pi\\)", "3\\pi"),
        ("**Answer:** 350", "350"),
        ("We get $5$ and then $\\sqrt{3}$ meters.", "\\sqrt{3}"),
        ("-12", "-12"),
        ("(3, \\frac{\\pi}{2})", "(3, \\frac{\\pi}{2})"),
        ("I do not know.", None),
        ("\\boxed{", None),
        ("", None),
    ],
)
def test_extraction(text: str, answer: str | None) -> None:
    assert find_answer(text) == answer


def test_extraction_takes_time_in_proportion() -> None:
    assert find_answer("\\boxed{" * 20_000) is None
    assert find_answer("answer is $" * 5_000) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\\frac12", "\\dfrac{1}{2}"),
        ("1/2", "\\frac{1}{2}"),
        ("x = 5", "5"),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\frac{\\pi}{2})"),
        ("90^\\circ", "90"),
        ("5.0", "5"),
        (".50", "0.5"),
        ("x^{2}", "x^2"),
        ("10{,}000", "10000"),
        ("\\text{Evelyn}", "Evelyn"),
        ("28\\%", "28"),
        ("$7$", "7."),
    ],
)
def test_canonical_forms(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


def test_arithmetic_is_found_in_derivations() -> None:
    text = "Now $3 \\cdot 4 + 5 = 17$, $2^3 + 1$, $x_1 - 2$, $\\frac{6}{2} - 1$, and 12/4."
    assert calculations(text) == ("3 * 4 + 5", "12/4")
    assert calculations("$5 - 2 / 0$") == ()


@pytest.mark.parametrize(
    ("subject", "family", "level"), FAMILIES, ids=lambda part: getattr(part, "__name__", str(part))
)
def test_every_family_comes_out_at_every_level(subject: str, family: competition.Family, level: int) -> None:
    texts = set()
    for index in range(60):
        made = family(Draw("family", subject, family.__name__, level, index), level)
        texts.add(made.text)
        assert made.answer in made.steps[-1] or "=" in made.steps[-1]
        assert len(made.steps) >= 1 if level < 3 else len(made.steps) >= 2
        assert len(made.wrong) >= 2
        forms = {normal_form(wrong) for wrong in made.wrong}
        assert normal_form(made.answer) not in forms
        for text in (made.text, made.answer, *made.steps, *made.wrong):
            assert text.count("{") == text.count("}")
            assert text.count("$") % 2 == 0
            assert "Fraction" not in text
            assert "None" not in text
    assert len(texts) > 45


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**12))
def test_generated_problems_are_whole(index: int) -> None:
    item = TASK.item(index)
    record = TASK.record(item)
    assert record["subject"] in competition.SUBJECTS
    assert 1 <= record["level"] <= 5
    assert find_answer(record["solution"]) == record["answer"]
    assert MATH(seed=0).item(index).query == item.query
    assert not any(calculate(one).startswith("error") for one in item.truth.gold.calculations)


def test_subjects_levels_and_wordings_vary() -> None:
    items = [TASK.item(index) for index in range(1000)]
    assert {item.truth.gold.subject for item in items} == set(competition.SUBJECTS)
    by_level = {
        level: [item.truth.difficulty for item in items if item.truth.gold.level == level]
        for level in range(1, 6)
    }
    means = [sum(values) / len(values) for values in by_level.values()]
    assert means == sorted(means)
    assert len({item.query for item in items}) == 1000
    skeletons = {"".join("#" if mark.isdigit() else mark for mark in item.query) for item in items}
    assert len(skeletons) > 600


def test_latex() -> None:
    assert latex.polynomial((1, 0, -2, 1)) == "x^3 - 2x + 1"
    assert latex.polynomial((0, 0)) == "0"
    assert latex.root(72) == "6\\sqrt{2}"
    assert latex.root(3, latex.Fraction(5, 2)) == "\\frac{5\\sqrt{3}}{2}"
    assert latex.root_of(latex.Fraction(9, 4)) == "\\frac{3}{2}"
    assert latex.surd(2, -1, 3) == "2 - \\sqrt{3}"
    assert latex.gaussian(0, -1) == "-i"
    assert latex.interval(None, 3, high_in=True) == "(-\\infty,3]"
    assert latex.in_base(443, 5) == "3233"
    assert latex.lcm(4, 6, 10) == 60


def test_items_of_a_version_never_change() -> None:
    """A change of a generator needs a new `version`, and then a new digest here."""
    assert MATH.version == "2"
    task = MATH(seed=7)
    found = hashlib.sha256()
    for index in range(200):
        item = task.item(index)
        truth = item.truth
        found.update(repr((task.record(item), truth.distractors, round(truth.difficulty, 9))).encode())
    assert found.hexdigest()[:16] == "6a3bc68a828c54ed"


def test_without_its_grader_the_task_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mas2_tasks.math.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pip install 'mas2-env\[tasks\]', or leave MATH out"):
        MATH()
