"""The answers of diagnostic items, found again from their texts alone.

The solver below knows the wordings and nothing of the item's data: it reads the lines of the records, finds
out what each does, and does it. So it shows as well that no entry can be taken for one of another kind.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from mas2_tasks.diagnostic import Diagnostic
from mas2_tasks.procedural.diagnostic_wording import MONTHS, Domain, wording

from mas2_env.task import Item

KINDS = ("opening", "plus", "minus", "times", "share", "asides")
VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"depth": 1, "breadth": 1},
    {"depth": 1, "breadth": 8},
    {"depth": 12, "breadth": 1, "tool": 1},
    {"depth": 4, "breadth": 3, "tool": 0, "verification": 0.9},
    {"context": 3, "breadth": 4},
    {"context": 17, "verification": 0.5},
    {"depth": 2, "breadth": 3, "context": 40, "tool": 0.25},
)

_LINE = re.compile(r"(?:[-*] )?(?P<date>[^:(]+?)(?: \((?P<part>[^)]+)\))?: (?P<text>.+)")
_DATES = (
    re.compile(r"(?P<day>\d+) (?P<month>[A-Z]\w+)(?: \d{4})?"),
    re.compile(r"(?P<month>[A-Z]\w+) (?P<day>\d+)"),
    re.compile(r"\d{4}-(?P<number>\d\d)-(?P<day>\d\d)"),
)


def pattern(text: str, units: str = "") -> str:
    """What a wording may have become, as a regular expression; `units` is one for what is counted."""
    parts = re.split(r"(\[[^\]]*\]|\{\w+\})", text)
    made = ""
    for part in parts:
        if part.startswith("["):
            made += "(?:" + "|".join(pattern(choice, units) for choice in part[1:-1].split("|")) + ")"
        elif part == "{n}":
            made += r"(\d[\d,]*)"
        elif part == "{u}":
            made += units
        else:
            made += "[\\w' ]+?" if part.startswith("{") else re.escape(part)
    return made


@cache
def readers(domain: Domain) -> tuple[tuple[str, re.Pattern[str]], ...]:
    units = f"(?:{'|'.join(domain.units)})"
    return tuple(
        (kind, re.compile(pattern(text, units), re.IGNORECASE))
        for kind in KINDS
        for text in getattr(domain, kind)
    )


def day_of(date: str) -> int:
    for known in _DATES:
        found = known.fullmatch(date)
        if found:
            named = found.groupdict()
            if "number" in named:
                month = int(named["number"])
            else:
                month = 1 + [name[:3] for name in MONTHS].index(named["month"][:3])
            return 31 * month + int(named["day"])
    raise AssertionError(f"no date: {date}")


def lines(item: Item) -> Iterator[tuple[str, str, str]]:
    """Part, date and text of each entry."""
    for document in item.documents:
        for line in document.text.split("\n")[1:]:
            found = _LINE.fullmatch(line)
            assert found is not None, line
            assert found["part"], line
            yield found["part"], found["date"], found["text"]
    for section in [] if item.documents else item.query.split("\n\n"):
        heading, *rest = section.split("\n")
        for line in rest:
            found = _LINE.fullmatch(line)
            assert found is not None, line
            yield heading, found["date"], found["text"]


def what_it_says(domain: Domain, text: str) -> tuple[str, int] | None:
    """Kind of an entry and its number; None where it is none of the domain's."""
    found = {kind: match for kind, reader in readers(domain) if (match := reader.fullmatch(text))}
    assert len(found) <= 1, f"{text} may be {' or '.join(found)}"
    for kind, match in found.items():
        (number,) = {group for group in match.groups() if group}
        return kind, int(number.replace(",", ""))
    return None


def the_domain(texts: list[str]) -> Domain:
    fits = [domain for domain in wording().domains if all(what_it_says(domain, text) for text in texts)]
    assert fits, texts
    return fits[0]


def the_rule(query: str) -> str:
    asked = {
        rule
        for rule, texts in wording().questions.items()
        for text in texts
        if re.search(pattern(text), query)
    }
    assert len(asked) == 1, (asked, query)
    return asked.pop()


def solved(item: Item) -> int:
    """The answer, from the query and the files."""
    entries = list(lines(item))
    domain = the_domain([text for _, _, text in entries])
    amounts: dict[str, Fraction] = {}
    for part, _, text in sorted(entries, key=lambda entry: day_of(entry[1])):
        kind, number = what_it_says(domain, text) or ("", 0)
        amount = amounts.get(part, Fraction(0))
        if kind in ("opening", "plus"):
            amount += number
        elif kind == "minus":
            amount -= number
        elif kind == "times":
            amount *= number
        elif kind == "share":
            amount = Fraction(int(amount / number))
        amounts[part] = amount
    ends = sorted(amounts.values())
    rule = the_rule(item.query)
    if rule == "spread":
        return int(ends[-1] - ends[0])
    assert rule != "last" or len(ends) == 1
    return int(sum(ends[1:] if rule == "rest" else ends))


@pytest.mark.parametrize("dials", VARIANTS, ids=str)
def test_the_texts_lead_to_the_answer(dials: dict[str, Any]) -> None:
    task = Diagnostic(seed=3, **dials)
    for index in range(60):
        item = task.item(index)
        assert str(solved(item)) == item.truth.answer, item.id


def test_openings_come_first_and_steps_of_a_part_have_dates_of_their_own() -> None:
    """Or the order of the entries would not be told."""
    for index in range(40):
        item = Diagnostic(context=12, depth=5).item(index)
        entries = list(lines(item))
        domain = the_domain([text for _, _, text in entries])
        for part in {part for part, _, _ in entries}:
            own = [(day_of(date), what_it_says(domain, text)) for name, date, text in entries if name == part]
            opened = {day for day, said in own if said and said[0] == "opening"}
            acted = [day for day, said in own if said and said[0] not in ("opening", "asides")]
            assert len(opened) == 1
            assert len(set(acted)) == len(acted) == 5
            assert min(acted) > max(opened)
