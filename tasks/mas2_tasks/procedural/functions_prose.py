"""How a synthesised function is named and asked for."""

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
    "ints": ("a list of integers", "a list of whole numbers", "integers in a list"),
    "int": ("an integer", "a whole number, possibly negative"),
    "nat": ("a positive integer", "a whole number of at least 1"),
    "text": ("a string", "a piece of text"),
    "words": ("a list of words", "a list of strings"),
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
)

CLOSINGS = ("Return the result.", "Return what you get.", "The outcome is returned.", "Give back the result.")


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
    style = draw.between(0, 2)
    if len(phrases) == 1:
        text = (
            f"Given {given}, {phrases[0]}. {closing}",
            f"Take {given}, and {phrases[0]}. {closing}",
            f"{_upper(phrases[0])}. The argument is {given}. {closing}",
        )[style]
        return [*paragraphs, text]
    if style == 0:
        links = ["first ", *["then "] * (len(phrases) - 2), "finally "]
        steps = "; ".join(link + phrase for link, phrase in zip(links, phrases, strict=True))
        return [*paragraphs, f"Given {given}: {steps}. {closing}"]
    if style == 1:
        head = (
            f"The function gets {given}, and works in {len(phrases)} steps, each on what the one before left:"
        )
        steps_list = [f"{number}. {_upper(phrase)}." for number, phrase in enumerate(phrases, start=1)]
        return [*paragraphs, head, *steps_list, closing]
    steps = ", and after that ".join(phrases)
    return [*paragraphs, f"Take {given}. You are to {steps}. {closing}"]


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
