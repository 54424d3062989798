"""Tales: word problems as chains of events that change one amount, in words drawn anew each time."""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from mas2_tasks.procedural.arithmetic import Operand, Operator, Ref, Sketch
from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
SPELT = 0.3
"""Share of the small numbers that are written as words."""
SHARES = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth", 8: "an eighth", 10: "a tenth"}
TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}


def vary(draw: Draw, text: str) -> str:
    """The text with each `[one|other]` settled."""
    while "[" in text:
        text = _CHOICE.sub(lambda found: draw.pick(found[1].split("|")), text)
    return text


def worth(operand: Operand) -> int:
    """The number that an operand is."""
    return operand if isinstance(operand, int) else operand.value


class Tale:
    """A story in the making, told of one amount.

    Attributes:
        draw, sketch, cast: where choices come from, what is said and done, and who is in it.
        now: the amount at this point.
        start: the amount that the events begin with.
        thing: what is counted, in the plural; `dollars` in tales of money.
    """

    __slots__ = ("cast", "draw", "money", "now", "sketch", "start", "thing")

    def __init__(self, draw: Draw, sketch: Sketch, cast: Cast, thing: str) -> None:
        self.draw = draw
        self.sketch = sketch
        self.cast = cast
        self.thing = thing
        self.money = thing == "dollars"
        self.now: Operand = 0
        self.start: Operand = 0

    @property
    def amount(self) -> int:
        """The amount at this point as a number."""
        return worth(self.now)

    def say(self, text: str, **values: object) -> None:
        """A sentence; `{H}` is the hero, `{P}`, `{p}`, `{his}`, `{him}` pronouns, `{O}`, `{Q}` others."""
        cast = self.cast
        filled = vary(self.draw, text).format(
            H=cast.hero,
            P=cast.pro,
            p=cast.pro.lower(),
            his=cast.his,
            him="him" if cast.pro == "He" else "her",
            O=cast.others[0],
            Q=cast.others[1],
            things=self.thing,
            **{name: self.number(value) for name, value in values.items()},
        )
        self.sketch.say(filled[0].upper() + filled[1:])

    def number(self, value: object) -> object:
        """A number as digits with commas, or if small perhaps as a word; other values as they are."""
        if not isinstance(value, int):
            return value
        if value < len(_WORDS) and self.draw.random() < SPELT:
            return _WORDS[value]
        return f"{value:,}"

    def step(self, text: str, operator: Operator, *operands: Operand, money: bool | None = None) -> Ref:
        """A step of the solution, in dollars where the tale is of money and nothing else is said."""
        plain = text.format(
            H=self.cast.hero, p=self.cast.pro.lower(), P=self.cast.pro, things=self.thing, e="{e}"
        )
        return self.sketch.do(plain, operator, *operands, money=self.money if money is None else money)

    def divisor(self, among: Sequence[int]) -> int | None:
        """One of the numbers that divide the amount and leave more than one."""
        fits = [number for number in among if self.amount % number == 0 and self.amount > number]
        return self.draw.pick(fits) if fits else None


Part: TypeAlias = Callable[[Tale], bool]
"""Tells a part of a tale; False, with nothing said or done, where the amount does not allow it."""


def attempt(tale: Tale, parts: Sequence[Part]) -> Part:
    """One of the parts that the amount allows; the last one must always be possible."""
    for part in tale.draw.some(parts, len(parts)):
        if part(tale):
            return part
    raise ValueError(f"no part fits {tale.amount} {tale.thing}")
