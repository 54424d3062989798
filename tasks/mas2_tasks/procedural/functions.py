"""Function synthesis: signature, docstring, reference solution, tests and plausible wrong variants.

A function is a chain of one to four steps (tables in `functions_numbers`, `functions_text` and
`functions_shapes`), each with parameters of its own. What the tests expect is computed by the steps
themselves; a wrong variant is the chain with one mistake in it (a step's known bug, a parameter off by one, a
step left out, two steps swapped) and is kept only if it fails at least one test.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from mas2_tasks.procedural.draw import Draw, noise
from mas2_tasks.procedural.functions_chain import Chain, draw_chain, mistakes, results, write
from mas2_tasks.procedural.functions_inputs import inputs
from mas2_tasks.procedural.functions_prose import (
    ANNOTATIONS,
    THEMES,
    VARIABLES,
    name,
    request,
    said_anew,
    wrap,
)
from mas2_tasks.procedural.functions_step import INDENT

VERSION = "2"
T = TypeVar("T")

STARTS = (
    *(["ints"] * 8),
    *(["text"] * 4),
    *(["words"] * 3),
    *(["nat"] * 3),
    *(["intervals"] * 2),
    *(["matrix"] * 2),
    *("moves", "brackets", "int"),
)
DEPTHS = (1, 1, 2, 2, 2, 3, 3, 3, 4, 4)
FEWEST, MOST = 4, 6
"""Bounds on the number of wrong variants of an item."""
LONGEST = 220
"""Most characters of a value in a test."""
MEAN_DIFFICULTY, SCALE = 2.458, 0.924
"""Mean of the raw difficulty and the factor to a standard deviation of 1.2, measured on 3,000 items."""


class Made(Struct, frozen=True):
    """A synthesised function in the official form of HumanEval, and what surrounds it.

    Attributes:
        prompt: signature and docstring with examples.
        entry_point: the function's name.
        solution: body of the function.
        test: source that defines `check(candidate)`.
        wrong: bodies that fail the test, those that fail least of it first.
        difficulty: in logits, mean 0.
        phrases: what each step does, in words.
    """

    prompt: str
    entry_point: str
    solution: str
    test: str
    wrong: tuple[str, ...]
    difficulty: float
    phrases: tuple[str, ...]


class Cases(Struct, frozen=True):
    """Arguments, their texts and what is expected of them."""

    extras: list[Any]
    calls: list[str]
    columns: list[list[Any]]  # the arguments, then the values after each stage
    expected: list[Any]
    drawn: int  # index from which they are no edge cases


class Sketch(Struct, frozen=True):
    """A chain with its cases, the body that it is written as, and the cases that each wrong body fails."""

    kind: str
    chain: Chain
    cases: Cases
    names: tuple[str, ...]
    body: str
    failing: dict[str, tuple[int, ...]]


def make(seed: int, index: int) -> Made:
    """The function at `index`: the same for the same version, seed and index."""
    return first(_attempt, "functions", VERSION, seed, index)


def first(attempt: Callable[[Draw, float], T | None], *key: object) -> T:
    """What the first attempt that succeeds makes of its draws and of the key's luck, a standard normal."""
    luck = noise(*key)
    for number in range(1000):
        made = attempt(Draw(*key, number), luck)
        if made is not None:
            return made
    raise AssertionError(f"nothing could be made of {key}")


def sketch(draw: Draw, depths: Sequence[int]) -> Sketch | None:
    """A chain that its cases tell from enough wrong variants, if this draw gives one."""
    kind = draw.pick(STARTS)
    chain = draw_chain(draw, kind, draw.pick(depths))
    cases = draw_cases(draw, kind, chain)
    if not telling(cases.expected):
        return None
    names = draw_names(draw, kind, chain)
    body = write(chain, names)
    failing = spoil(draw, chain, names, cases, body)
    return Sketch(kind, chain, cases, names, body, failing) if len(failing) >= FEWEST else None


def _attempt(draw: Draw, luck: float) -> Made | None:
    drawn = sketch(draw, DEPTHS)
    if drawn is None:
        return None
    chain, cases, failing = drawn.chain, drawn.cases, drawn.failing
    phrases = tuple(said_anew(draw, stage.said(draw.pick(stage.step.phrases))) for stage in chain)
    entry, prompt = _prompt(draw, drawn.kind, chain, drawn.names[0], phrases, cases)
    return Made(
        prompt=prompt,
        entry_point=entry,
        solution=drawn.body,
        test=_test(cases),
        wrong=tuple(sorted(failing, key=lambda text: len(failing[text]))),
        difficulty=round(SCALE * (hardness(chain, luck) - MEAN_DIFFICULTY), 3),
        phrases=phrases,
    )


def hardness(chain: Chain, luck: float) -> float:
    """How hard a chain is: the sum over its steps, more for more of them, and luck (standard normal)."""
    raw = sum(stage.step.weight for stage in chain) + 0.45 * len(chain) + 0.9 * luck
    return raw + 0.3 * any(stage.open for stage in chain)


def draw_cases(draw: Draw, kind: str, chain: Chain) -> Cases:
    """Arguments for the chain, edge cases first, and what it makes of them; very long values are left out."""
    numbers = [v for stage in chain for v in stage.values.values() if type(v) is int]
    notable = [v + by for v in numbers for by in (0, 1, -1)]
    edges, drawn = inputs(draw, kind, notable, 7)
    opened = next((stage for stage in chain if stage.open), None)
    options = opened.step.params[opened.open] if opened else (None,)
    extras = [draw.pick(options) for _ in edges + drawn]
    columns = results(chain, edges + drawn, extras)
    kept = [place for place, value in enumerate(columns[-1]) if len(repr(value)) <= LONGEST]
    columns = [[column[place] for place in kept] for column in columns]
    return Cases(
        extras=[extras[place] for place in kept],
        calls=[
            repr(value) + (f", {extras[place]!r}" if opened else "")
            for value, place in zip(columns[0], kept, strict=True)
        ],
        columns=columns,
        expected=columns[-1],
        drawn=sum(1 for place in kept if place < len(edges)),
    )


def telling(expected: list[Any]) -> bool:
    """Whether the results differ enough to test anything."""
    if any(isinstance(value, Exception) for value in expected):
        return False
    if all(isinstance(value, bool) for value in expected):
        return 2 <= expected.count(True) <= len(expected) - 2
    return len({repr(value) for value in expected}) >= 4


def draw_names(draw: Draw, kind: str, chain: Chain) -> tuple[str, ...]:
    """The argument's name, and one for what each stage makes."""
    names = [draw.pick(VARIABLES[kind])]
    again = draw.chance(0.5)
    for stage in chain:
        step = stage.step
        if again and step.takes == step.gives and not step.is_block:
            names.append(names[-1])
        else:
            names.append(
                draw.pick([word for word in VARIABLES[step.gives] if word not in names] or ["found"])
            )
    return tuple(names)


def spoil(
    draw: Draw, chain: Chain, names: tuple[str, ...], cases: Cases, body: str
) -> dict[str, tuple[int, ...]]:
    """Bodies with one mistake each, at most `MOST`, and the places of the cases that show it, never none."""
    found: dict[str, tuple[int, ...]] = {}
    for place, spoilt in draw.some(list(mistakes(chain)), 12):
        text = write(spoilt, names)
        if text == body or text in found:
            continue
        made = results(spoilt[place:], cases.columns[place], cases.extras)[-1]
        pairs = zip(made, cases.expected, strict=True)
        failed = tuple(index for index, (a, b) in enumerate(pairs) if a != b)
        if failed:
            found[text] = failed
        if len(found) == MOST:
            break
    return found


def _prompt(
    draw: Draw, kind: str, chain: Chain, variable: str, phrases: tuple[str, ...], cases: Cases
) -> tuple[str, str]:
    """The function's name, and its signature with the docstring."""
    theme = draw.pick(THEMES)
    entry = name(draw, chain[-1].step.name, theme)
    second = "".join(f", {stage.argument}: int" for stage in chain if stage.open)
    gives = ANNOTATIONS[chain[-1].step.gives]
    lines = [f"def {entry}({variable}: {ANNOTATIONS[kind]}{second}) -> {gives}:"]
    paragraphs = request(draw, kind, variable, phrases, theme)
    text = [line for paragraph in paragraphs for line in wrap(paragraph, 92)]
    lines.append(f'{INDENT}"""{text[0]}')
    lines += [INDENT + line for line in text[1:]]
    lines.append("")
    for place in _shown(draw, cases):
        lines += [f"{INDENT}>>> {entry}({cases.calls[place]})", f"{INDENT}{cases.expected[place]!r}"]
    lines.append(f'{INDENT}"""')
    return entry, "\n".join(lines) + "\n"


def _shown(draw: Draw, cases: Cases) -> list[int]:
    """Two or three cases for the docstring, of different results where possible."""
    order = draw.some(range(cases.drawn, len(cases.calls)), len(cases.calls))
    chosen: list[int] = []
    for place in order:
        if all(cases.expected[place] != cases.expected[other] for other in chosen):
            chosen.append(place)
        if len(chosen) == 2:
            break
    chosen = chosen if len(chosen) == 2 else order[:2]
    return [draw.between(0, cases.drawn - 1), *chosen] if draw.chance(0.4) and cases.drawn else chosen


def _test(cases: Cases) -> str:
    asserts = "".join(
        f"{INDENT}assert candidate({call}) == {expected!r}\n"
        for call, expected in zip(cases.calls, cases.expected, strict=True)
    )
    data = "METADATA = {\n    'author': 'mas2-env',\n    'dataset': 'test'\n}"
    return f"\n\n{data}\n\n\ndef check(candidate):\n{asserts}"
