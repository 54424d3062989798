"""Word problems told as chains of events: solvable from their text alone, and many in form."""

import re
from fractions import Fraction

import pytest
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.procedural import tale_money, tale_things
from mas2_tasks.procedural.arithmetic import Sketch
from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.stories_told import told
from mas2_tasks.procedural.tale import SHARES, TIMES, Part, Tale, attempt, vary

TASK = GSM8K(seed=11)
WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def numbers(text: str) -> set[int]:
    """What numbers a text gives: in digits, as words, and as parts and multiples."""
    low = text.lower()
    given = {int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?<!,)", text)}
    given |= {value for value, word in enumerate(WORDS) if re.search(rf"\b{word}\b", low)}
    for table in (SHARES, TIMES):
        given |= {value for value, word in table.items() if word in low}
    if "doubles" in low or "dollar for dollar" in low or "twice" in low or "half" in low:
        given.add(2)
    if re.search(r"(?:and|with) (?:\w+) (?:others|friends|relatives)", low):
        given |= {value + 1 for value in given}
    return given


def test_derivations_use_what_the_text_gives() -> None:
    for index in range(1500):
        draw, sketch = Draw("told", index), Sketch()
        told(draw, sketch, Cast(draw))
        given = numbers(" ".join(sketch.said))
        used = {operand for step in sketch.steps for operand in step.operands if operand >= 0}
        assert used <= given, (sketch.said, used - given)


def test_derivations_are_right_by_exact_arithmetic() -> None:
    """Each marked calculation, worked out anew, gives what it says, and the last one the answer."""
    for item in map(TASK.item, range(1000)):
        marked = re.findall(r"<<([^=<>]+)=([^<>]+)>>", item.truth.gold.answer)
        assert len(marked) == item.truth.parts
        for expression, value in marked:
            exact = re.sub(r"\d+", lambda found: f"Fraction({found[0]})", expression)
            assert eval(exact, {"Fraction": Fraction}) == int(value)
        assert marked[-1][1] == item.truth.answer


def test_texts_are_whole_sentences() -> None:
    for item in map(TASK.item, range(1500)):
        text = item.query
        assert text.endswith("?")
        assert not re.search(
            r"[\[\]{}|]|\s{2}|\.\.|,\.|\$\$| [.,?]|\b1 (?:others|friends|more hours)", text
        ), text
        assert all(part[0].isupper() or part[0] in "$0123456789" for part in re.split(r"(?<=[.?]) ", text)), (
            text
        )


@pytest.mark.parametrize("parts", [tale_things, tale_money], ids=["things", "money"])
def test_every_event_and_every_end_is_told(parts: object) -> None:
    for group in (parts.EVENTS, parts.ENDS):  # type: ignore[attr-defined]
        seen: set[Part] = set()
        for index in range(300):
            draw = Draw("parts", index)
            tale = Tale(draw, Sketch(), Cast(draw), "dollars" if parts is tale_money else "beads")
            attempt(tale, parts.STARTS)  # type: ignore[attr-defined]
            tale.start = 1
            seen.add(attempt(tale, group))
        assert seen == set(group)


def test_chains_are_many() -> None:
    chains = {
        tuple((step.operator, tuple(min(operand, 0) for operand in step.operands)) for step in gold.steps)
        for gold in (TASK.item(index).truth.gold for index in range(1000))
    }
    assert len(chains) > 400


def test_choices_may_hold_choices() -> None:
    found = {vary(Draw(index), "[a[b|c]|d] e") for index in range(100)}
    assert found == {"ab e", "ac e", "d e"}
