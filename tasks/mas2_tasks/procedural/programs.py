"""Small programs asked for in a sentence and three asserts, as MBPP asks for them.

The functions are chains of steps as in `functions`. Of the cases that a chain is tried on, the three become
asserts that between them show the most of its wrong variants; variants that none of them shows are dropped.
"""

from msgspec import Struct

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.functions import FEWEST, Cases, first, hardness, sketch
from mas2_tasks.procedural.functions_chain import Chain
from mas2_tasks.procedural.functions_prose import GIVENS, THEMES, name, said_anew

VERSION = "2"

DEPTHS = (1, 1, 2, 2, 2, 3, 3)
ASSERTS = 3
LONGEST = 110
"""Most characters of a call and its result in an assert, where there is a choice."""
MEAN_DIFFICULTY, SCALE = 2.063, 1.045
"""Mean of the raw difficulty and the factor to a standard deviation of 1.2, measured on 3,000 items."""

REQUESTS = (
    "Given {given}, write a function to {steps}.",
    "Given {given}, write a python function to {steps}.",
    "For {given}, write a function to {steps}.",
    "For {given}, write a python function to {steps}.",
    "Write a function that, given {given}, will {steps} and return the result.",
    "Write a python function that takes {given} in order to {steps}.",
    "Write a function which gets {given}, and has to {steps}.",
    "Take {given}. Write a python function to {steps}.",
    "Write a function to {steps}. The input is {given}.",
    "Write a python function to {steps}, starting from {given}.",
    "I need a function that takes {given}; it should {steps}.",
    "How would you {steps}, given {given}? Write a function.",
    "Implement a function to {steps}. It is called with {given}.",
)
LINKS = (
    ("", ", then ", ", and then "),
    ("first ", ", then ", ", and finally "),
    ("", "; after that ", "; after that "),
    ("", ", next ", ", and lastly "),
    ("", ", and with the outcome ", ", and from that "),
    ("", ", thereafter ", ", and in the end "),
)


class Asked(Struct, frozen=True):
    """A program in the form of MBPP, and what surrounds it.

    Attributes:
        text: what the function is to do, in a sentence.
        entry_point: its name.
        code: the program.
        tests: three asserts.
        wrong: programs that fail an assert, those that fail fewest first.
        difficulty: in logits, mean 0.
        phrases: what each step does, in words.
    """

    text: str
    entry_point: str
    code: str
    tests: tuple[str, ...]
    wrong: tuple[str, ...]
    difficulty: float
    phrases: tuple[str, ...]


def ask(seed: int, index: int) -> Asked:
    """The program at `index`: the same for the same version, seed and index."""
    return first(_attempt, "programs", VERSION, seed, index)


def _attempt(draw: Draw, luck: float) -> Asked | None:
    drawn = sketch(draw, DEPTHS)
    if drawn is None:
        return None
    chain, cases, failing = drawn.chain, drawn.cases, drawn.failing
    chosen = _choose(draw, cases, failing)
    shown = {text: len(chosen & set(places)) for text, places in failing.items() if chosen & set(places)}
    if len(shown) < FEWEST or len({repr(cases.expected[place]) for place in chosen}) < 2:
        return None
    phrases = tuple(said_anew(draw, stage.said(draw.pick(stage.step.phrases))) for stage in chain)
    entry = name(draw, chain[-1].step.name, draw.pick(THEMES))
    head = (
        f"def {entry}({', '.join([drawn.names[0], *(stage.argument for stage in chain if stage.open)])}):\n"
    )
    return Asked(
        text=_text(draw, drawn.kind, chain, phrases),
        entry_point=entry,
        code=head + drawn.body,
        tests=tuple(
            f"assert {entry}({cases.calls[place]}) == {cases.expected[place]!r}" for place in sorted(chosen)
        ),
        wrong=tuple(head + text for text in sorted(shown, key=lambda text: shown[text])),
        difficulty=round(SCALE * (hardness(chain, luck) - MEAN_DIFFICULTY), 3),
        phrases=phrases,
    )


def _choose(draw: Draw, cases: Cases, failing: dict[str, tuple[int, ...]]) -> set[int]:
    """Places of the cases that become asserts: each shows as many of the variants left as any could."""
    drawn = draw.some(range(len(cases.calls)), len(cases.calls))
    order = list({cases.calls[place]: place for place in drawn}.values())
    short = [place for place in order if len(cases.calls[place]) + len(repr(cases.expected[place])) < LONGEST]
    order = short if len(short) >= ASSERTS else order
    chosen: set[int] = set()
    while len(chosen) < ASSERTS:
        left = [places for places in failing.values() if not chosen & set(places)] or list(failing.values())
        rest = [place for place in order if place not in chosen]
        chosen.add(max(rest, key=lambda place: sum(place in places for places in left)))
    return chosen


def _text(draw: Draw, kind: str, chain: Chain, phrases: tuple[str, ...]) -> str:
    given = draw.pick(GIVENS[kind])
    given += "".join(f" and an integer `{stage.argument}`" for stage in chain if stage.open)
    begin, middle, last = draw.pick(LINKS)
    steps = phrases[0] if len(phrases) == 1 else begin + middle.join(phrases[:-1]) + last + phrases[-1]
    return draw.pick(REQUESTS).format(given=given, steps=steps)
