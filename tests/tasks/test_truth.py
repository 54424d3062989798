"""The ground truth of procedural items: whole, in range, and right by the tasks' own scorers."""

import statistics
from importlib.metadata import entry_points

import pytest

from mas2_env.task import Item, Task

FAMILIES = ("bamboogle", "gsm8k", "hotpotqa", "humaneval", "math", "mbpp", "nq")
QUESTIONS = ("bamboogle", "hotpotqa", "nq")
PROGRAMS = ("humaneval", "mbpp")
SAMPLE = 600


def make(name: str) -> Task:
    points = {point.name: point for point in entry_points(group="mas2.tasks")}
    made: Task = points[name].load()(seed=21)
    return made


@pytest.fixture(scope="module", params=FAMILIES)
def items(request: pytest.FixtureRequest) -> list[Item]:
    task = make(request.param)
    return [task.item(index) for index in range(SAMPLE)]


def test_every_item_has_all_parts_in_range(items: list[Item]) -> None:
    for item in items:
        truth = item.truth
        assert 1 <= truth.parts <= 12 or item.task.name == "MATH"
        assert -6 < truth.difficulty < 6
        assert 3 <= len(truth.distractors) <= 7 or item.task.name == "MATH"
        assert len(truth.distractors) >= 2
        assert truth.steps
        assert all(step.strip() for step in truth.steps)
        forms = [item.task.canonical(wrong) for wrong in truth.distractors]
        assert item.task.canonical(truth.answer) not in forms
        assert len(set(truth.distractors)) == len(truth.distractors)


def test_difficulty_spreads_and_follows_what_there_is_to_do(items: list[Item]) -> None:
    drawn = [item.truth.difficulty for item in items]
    assert 0.7 < statistics.pstdev(drawn) < 2.0
    assert abs(statistics.mean(drawn)) < 0.5
    assert len({round(value, 2) for value in drawn}) > 100
    parts = [getattr(item.truth.gold, "level", item.truth.parts) for item in items]
    if items[0].task.name != "HotpotQA" and len(set(parts)) > 2:
        assert statistics.correlation(parts, drawn) > 0.15


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in PROGRAMS])
def test_the_answer_is_scored_right_and_no_distractor_is(name: str) -> None:
    task = make(name)
    for item in map(task.item, range(12 if name == "math" else 300)):
        assert task.score(item, item.truth.answer).value == 1.0
        for wrong in item.truth.distractors:
            assert not task.score(item, wrong).success, (item.query, item.truth.answer, wrong)


def outcome(source: str) -> bool:
    """Whether a generated program comes through, run here: its source is our own and ends by itself."""
    try:
        exec(source, {})
    except Exception:
        return False
    return True


@pytest.mark.parametrize("name", PROGRAMS)
def test_references_pass_their_tests_and_every_variant_fails_them(name: str) -> None:
    task = make(name)
    for item in map(task.item, range(300)):
        gold = item.truth.gold
        if name == "humaneval":
            head, tail = gold.problem.prompt, f"\n{gold.problem.test}\ncheck({gold.problem.entry_point})\n"
        else:
            head, tail = "", "\n" + "\n".join(gold.test_list)
        assert outcome(head + item.truth.answer + tail), item.id
        assert not any(outcome(head + wrong + tail) for wrong in item.truth.distractors), item.id


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_evidence_holds_the_answer(name: str) -> None:
    task = make(name)
    for item in map(task.item, range(300)):
        texts = {document.title: document.text for document in item.documents}
        evidence = " ".join(f"{title} {texts[title]}" for title in item.truth.evidence)
        accepted = getattr(item.truth.gold, "answers", (item.truth.answer,))
        assert item.truth.answer in ("yes", "no") or any(answer in evidence for answer in accepted)
        assert all(" ".join(step.split()[-2:]) in evidence for step in item.truth.steps)
