"""What question answering shares: wrong answers from the other items of a file."""

import pytest
from mas2_tasks.answer_pool import AnswerPool, Asked, kind_of
from mas2_tasks.answers import normalise, tidy


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("Yes", "truth"),
        ("14 December 1972", "date"),
        ("June 2017", "date"),
        ("1941", "year"),
        ("in 1941", "year"),
        ("1960s", "year"),
        ("eight", "number"),
        ("fourteen", "number"),
        ("54 Mbit/s", "number"),
        ("Bobby Scott", "name"),
        ("May", "name"),
    ],
)
def test_answers_have_kinds(answer: str, kind: str) -> None:
    assert kind_of(answer) == kind


NAMES = ("Al By", "Cy Dee", "Ed Eff", "Gil Hu")
PEOPLE = [Asked(f"who is number {number}", (name,)) for number, name in enumerate(NAMES)]
OTHERS = [
    Asked("how long is it", ("54 metres", "54")),
    Asked("how high is it", ("1,203.5 feet",)),
    Asked("when did it end", ("1941",)),
]


def test_wrong_answers_are_of_the_same_kind_and_the_same_each_time() -> None:
    pool = AnswerPool([*PEOPLE, *OTHERS], normalise)
    again = AnswerPool([*PEOPLE, *OTHERS], normalise)
    assert set(pool.distractors("x/1", PEOPLE[0])) == {"Cy Dee", "Ed Eff", "Gil Hu"}
    assert pool.distractors("x/1", PEOPLE[0]) == again.distractors("x/1", PEOPLE[0])
    assert pool.distractors("x/5", OTHERS[0]) == ("1,203.5 metres",)
    assert pool.distractors("x/7", OTHERS[2]) == ("1942",)


def test_an_accepted_answer_or_one_in_the_question_is_no_wrong_one() -> None:
    pool = AnswerPool(PEOPLE, normalise)
    asked = Asked("who met cy dee", ("Al By", "Ed Eff"))
    assert pool.distractors("x/1", asked) == ("Gil Hu",)


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        (("yes",), "no"),
        (("No",), "yes"),
        (("12 June 1941",), "13 June 1941"),
        (("5", "6"), "7"),
        (("Larkholm",), "unknown"),
        (("unknown",), "nobody knows"),
    ],
)
def test_a_lone_item_has_a_wrong_answer_too(answers: tuple[str, ...], wrong: str) -> None:
    asked = Asked("what is it", answers)
    assert AnswerPool([asked], normalise).distractors("x/1", asked) == (wrong,)


def test_marks_of_emphasis_are_no_part_of_an_answer() -> None:
    given = ("**a**", "`a`", "** a", "*NSYNC", " a ")
    assert [tidy(text) for text in given] == ["a", "a", "a", "*NSYNC", "a"]
