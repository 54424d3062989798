"""Word problems told as chains of events, and what surrounds any word problem: places, asides, full names."""

import re

from mas2_tasks.procedural import tale_money, tale_things
from mas2_tasks.procedural.arithmetic import Sketch
from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.names import Coiner
from mas2_tasks.procedural.tale import Tale, attempt, vary

FEWEST, ROOM = 2, 4
"""Steps before the end: at least, and at most where one more event may follow."""
LINKED = 0.45
_LINKS = (
    *(
        "Then ",
        "Later, ",
        "After that, ",
        "The next day, ",
        "On the weekend, ",
        "A little later, ",
        "In the evening, ",
    ),
    *(
        "The following week, ",
        "Next, ",
        "Before long, ",
        "Some days later, ",
        "Soon after, ",
        "In the meantime, ",
    ),
)


def told(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """One amount, of things or of money, through one to four events."""
    kind = tale_money if draw.random() < 0.4 else tale_things
    tale = Tale(draw, sketch, cast, "dollars" if kind is tale_money else draw.pick(tale_things.THINGS))
    attempt(tale, kind.STARTS)
    tale.start = tale.now
    left, wanted = list(kind.EVENTS), draw.pick((1, 1, 2, 2, 2, 3, 3, 4))
    while len(sketch.steps) <= ROOM and (wanted > 0 or len(sketch.steps) < FEWEST):
        said, wanted = len(sketch.said), wanted - 1
        left.remove(attempt(tale, left))
        if draw.random() < LINKED:
            sketch.said[said] = _linked(draw.pick(_LINKS), sketch.said[said], cast)
    attempt(tale, kind.ENDS)


def _linked(link: str, sentence: str, cast: Cast) -> str:
    """The sentence after a link; its first word keeps its capital where it is a name."""
    first = sentence.split(" ", 1)[0].rstrip(",")
    named = first in (cast.hero, *cast.others) or first.startswith("$")
    starts = ("For", "Then", "The", "At", "In", "Sadly", "Later", "Soon", "As")
    if first in starts:
        return sentence
    return link + (sentence if named else sentence[0].lower() + sentence[1:])


_PLACES = (
    "[It is market day in {t}.|The fair in {t} is open this week.|All of this takes place in {t}.]",
    "[This story is from {t}, [a town with {n} streets|{n} miles from the coast].|"
    "In {t}, school has just started.]",
    "[The town of {t} has {n} bakeries.|{t} is a small town with {n} bus stops.]",
    "[Every summer, {t} holds a festival.|It has been raining in {t} for {m} days.|"
    "{t} lies {n} miles north of the capital.]",
    "[People in {t} like to talk about [numbers|business|their neighbors].|"
    "At the library in {t}, someone poses this problem.]",
    "[The {t} Gazette printed this problem.|This happened in {t}, [where the buses run every "
    "{n} minutes|{m} years ago].]",
)
_ASIDES = (
    "[{O} is {n} years old|{O} and {H} have known each other for {m} years|{H} lives at number {n}].",
    "[It is {n} degrees outside|The walk home takes {n} minutes|The bus is {m} minutes late that day].",
    "[{Q} owns {m} [dogs|cats|bicycles]|{Q} has {m} brothers and sisters|"
    "{Q} reads {n} pages in the meantime].",
    "[A poster says that {n} people have signed up for a race|"
    "The radio plays {m} songs in a row|There are {n} chairs in the room].",
    "[{H} drinks {m} glasses of water that day|{H} goes to bed at {m} o'clock|"
    "{H} has been up since {m} o'clock].",
)


def surround(draw: Draw, said: list[str], cast: Cast) -> list[str]:
    """The sentences with a name of its own for the item, and sometimes with asides that do not matter.

    The hero's full name or the place is one that no other item names.
    """
    own, told_of = Coiner(draw, draw.serial), list(said)
    while draw.random() < 0.35:
        place = draw.between(1, len(told_of) - 1) if len(told_of) > 1 else 0
        told_of.insert(place, _aside(draw, cast, draw.pick(_ASIDES)))
    text = "\n".join(told_of)
    named = re.search(rf"\b{cast.hero}\b", text)
    if named and draw.random() < 0.6:
        text = f"{text[: named.end()]} {own.surname()}{text[named.end() :]}"
        return text.split("\n")
    return [_aside(draw, cast, draw.pick(_PLACES), own.town()), *told_of]


def _aside(draw: Draw, cast: Cast, text: str, town: str = "") -> str:
    return vary(draw, text).format(
        H=cast.hero, O=cast.others[2], Q=cast.others[3], t=town, n=draw.between(11, 40), m=draw.between(2, 9)
    )
