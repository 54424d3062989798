"""How a synthesised function is named and asked for."""

import re
from collections.abc import Sequence

from mas2_tasks.procedural.draw import Draw

ANNOTATIONS = {
    "ints": "list[int]",
    "int": "int",
    "nat": "int",
    "bool": "bool",
    "text": "str",
    "words": "list[str]",
    "counts": "dict[str, int]",
    "intervals": "list[tuple[int, int]]",
    "matrix": "list[list[int]]",
    "moves": "str",
    "brackets": "str",
}

VARIABLES = {
    "ints": ("values", "numbers", "data", "series", "items"),
    "int": ("number", "amount", "outcome", "figure"),
    "nat": ("number", "amount", "figure"),
    "bool": ("verdict", "answer", "holds"),
    "text": ("text", "message", "line", "label"),
    "words": ("words", "tokens", "names", "entries"),
    "counts": ("counts", "tally", "totals"),
    "intervals": ("intervals", "ranges", "slots", "periods"),
    "matrix": ("matrix", "grid", "table", "board"),
    "moves": ("moves", "path", "commands", "track"),
    "brackets": ("expression", "formula", "source"),
}

GIVENS = {
    "ints": (
        "a list of integers",
        "a list of whole numbers",
        "integers in a list",
        "some integers, as a list",
        "a sequence of integers",
    ),
    "int": ("an integer", "a whole number, possibly negative", "an integer of either sign"),
    "nat": ("a positive integer", "a whole number of at least 1", "an integer above zero"),
    "text": ("a string", "a piece of text", "some text", "a line of text"),
    "words": ("a list of words", "a list of strings", "some words, as a list", "strings in a list"),
    "intervals": (
        "a list of intervals (start, end) with start < end",
        "pairs of integers, each a start and a later end",
    ),
    "matrix": (
        "a matrix as a list of rows of one length",
        "a rectangular grid of integers, given row by row",
    ),
    "moves": ("a string of the letters U, D, L and R", "commands, one letter each out of U, D, L and R"),
    "brackets": ("a string with round brackets", "text in which ( and ) occur"),
}

THEMES = (
    *(
        "scores",
        "readings",
        "orders",
        "tickets",
        "samples",
        "prices",
        "routes",
        "signals",
        "visits",
        "shifts",
    ),
    *("stocks", "parcels", "sensors", "lessons", "votes", "rooms", "seats", "trains", "plants", "books"),
    *("tracks", "badges"),
)

VERBS = (
    *("compute", "get", "find", "derive", "make", "build", "extract", "evaluate", "process", "digest"),
    *("prepare", "work_out"),
)

INTROS = (
    "The {theme} of a small firm are kept in this form.",
    "This is one part of a program that keeps track of {theme}.",
    "Every evening a script goes through the {theme} of the day.",
    "A colleague needs this for a report about {theme}.",
    "The argument comes from a file of {theme} and has been checked.",
    "Speed is of no concern here: there are never more than a few {theme}.",
    "Earlier versions of this function mixed up {theme}; follow the description to the letter.",
    "In the office, {theme} are written down by hand and typed in at night.",
    "We used to do this for our {theme} in a spreadsheet.",
    "Part of an exercise about {theme}, given in the second week of a course.",
    "The customer wants to see {theme} at a glance.",
    "Nobody knows who wrote the first version of this for our {theme}.",
    "This helper belongs to a module on {theme} and is called very often.",
    "For the yearly review of {theme}, this has to be exact.",
    "There is a ticket about {theme} that asks for this function.",
)

CLOSINGS = (
    "The result is what the function returns.",
    "Return this.",
    "That is the result.",
    "Return the result.",
    "Return what you get.",
    "The outcome is returned.",
    "Give back the result.",
)


_SYNONYMS = tuple(
    (re.compile(rf"\b{old}\b"), tuple(new.split("|")))
    for old, new in {
        "keep only": "keep only|retain only|leave only|hold on to only",
        "drop every": "drop every|discard every|leave out every|get rid of every",
        "take the": "take the|determine the|get the",
        "find the": "find the|determine the|look for the|establish the",
        "compute the": "compute the|calculate the|work out the",
        "count the": "count the|count up the|find the number of the",
        "add up": "add up|sum up|total",
        "put the": "put the|bring the|arrange the",
        "sort the": "sort the|order the|arrange the",
        "list the": "list the|collect the|gather the",
        "build a": "build a|make a|set up a|create a",
        "join the": "join the|put together the|glue together the",
        "tell whether": "tell whether|say whether|decide whether|determine whether",
        "check that": "check that|test that|verify that",
        "strictly greater than": "strictly greater than|larger than|above",
        "the numbers": "the numbers|the integers|the entries|the values",
        "each number": "each number|every number|each of the numbers|each value",
        "in ascending order": "in ascending order|in increasing order|from small to large",
        "in descending order": "in descending order|in decreasing order|from large to small",
    }.items()
)
"""Words of the phrases of steps, and what may stand for them."""


def said_anew(draw: Draw, phrase: str) -> str:
    """The phrase of a step in other words that mean the same."""
    for old, options in _SYNONYMS:
        if old.search(phrase):
            phrase = old.sub(draw.pick(options), phrase, count=1)
    return phrase


def name(draw: Draw, last: str, theme: str) -> str:
    """A function's name, from what it does last."""
    parts = [draw.pick(VERBS), last]
    if draw.chance(0.5):
        parts.insert(1, theme)
    return "_".join(parts)


def request(draw: Draw, kind: str, variable: str, phrases: Sequence[str], theme: str) -> list[str]:
    """The docstring's text as paragraphs, without examples."""
    given = f"{draw.pick(GIVENS[kind])}, `{variable}`"
    closing = draw.pick(CLOSINGS)
    paragraphs = [draw.pick(INTROS).format(theme=theme)] if draw.chance(0.45) else []
    if len(phrases) == 1:
        frame = draw.pick(_SINGLE)
        text = frame.format(given=given, step=phrases[0], Step=_upper(phrases[0]))
        return [*paragraphs, f"{text} {closing}"]
    style = draw.between(0, 4)
    if style == 1:
        head = draw.pick(_NUMBERED).format(given=given, count=len(phrases))
        steps_list = [f"{number}. {_upper(phrase)}." for number, phrase in enumerate(phrases, start=1)]
        return [*paragraphs, head, *steps_list, closing]
    if style == 4:
        sentences = [f"{_upper(phrase)}." for phrase in phrases]
        told = " ".join(draw.pick(_NEXT) + _lower(sentence) for sentence in sentences[1:])
        return [*paragraphs, f"The input is {given}. {sentences[0]} {told} {closing}"]
    if style == 0:
        links = ["first ", *["then "] * (len(phrases) - 2), draw.pick(("finally ", "lastly ", "in the end "))]
        steps = "; ".join(link + phrase for link, phrase in zip(links, phrases, strict=True))
        return [*paragraphs, f"Given {given}: {steps}. {closing}"]
    steps = draw.pick((", and after that ", ", then ", "; next, ", ", and with the outcome ")).join(phrases)
    return [*paragraphs, draw.pick(_WHOLE).format(given=given, steps=steps) + f" {closing}"]


_SINGLE = (
    "Given {given}, {step}.",
    "Take {given}, and {step}.",
    "{Step}. The argument is {given}.",
    "For {given}: {step}.",
    "{Step}, where the input is {given}.",
    "Called with {given}, the function has to {step}.",
)
_NUMBERED = (
    "The function gets {given}, and works in {count} steps, each on what the one before left:",
    "There are {count} steps, of which the first starts from {given}:",
    "Starting from {given}, do the following in order:",
    "Input: {given}. Go through these {count} steps one after the other:",
)
_NEXT = ("Then ", "After that, ", "With this, ", "Next, ", "Now ")
_WHOLE = (
    "Take {given}. You are to {steps}.",
    "Start from {given}, and {steps}.",
    "With {given} as input, {steps}.",
    "The function receives {given}; it should {steps}.",
)


def _lower(phrase: str) -> str:
    return phrase[0].lower() + phrase[1:]


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters, broken at single spaces outside of quotes."""
    lines, line = [], ""
    for word in _units(text):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _units(text: str) -> list[str]:
    """Words, but quoted separators such as `', '` stay whole."""
    units: list[str] = []
    for word in text.split(" "):
        if units and units[-1].count("'") % 2:
            units[-1] += " " + word
        else:
            units.append(word)
    return units


def _upper(phrase: str) -> str:
    return phrase[0].upper() + phrase[1:]
