"""What can be said of a thing without naming it, with the set of all things of which it is true."""

from typing import Final

from msgspec import Struct

from mas2_tasks.procedural.browse_text import a, name_of
from mas2_tasks.procedural.browse_wording import BACK, FEWER, MORE, NOUNS, PHRASES, WHENS
from mas2_tasks.procedural.browse_world import Closed, Thing, is_number, number_of
from mas2_tasks.procedural.draw import Draw

DEPTH: Final = 3
TWO_FACTS: Final = 0.12
SORTED: Final = 0.25
ANCHORED: Final = 0.7
FURTHER: Final = 0.6
AGAIN: Final = 2
LATEST: Final = 2020
SHORTENED: Final = 0.6
"""Of descriptions: with two facts, with the sort in front of the noun, by way of what has a name to search
for, and then rather by a longer way. So many facts that lead to other things are told in two ways."""
_FAR = 10**9
_WINDOWS: Final = {"town": 160, "river": 80, "university": 40, "company": 40, "person": 22}
_WINDOW = 20
_NAMED = ("prize", "region", "source", "mouth")
_LED = ("person", "town", "river")
"""Kinds whose articles tell the country."""

_WITHOUT_IS = (
    "born built coached commanded crossed designed directed edited fronted founded formed given governed "
    "headquartered launched led located opened owned printed produced published recorded released run scored "
    "set written"
)
_PARTICIPLES = frozenset(_WITHOUT_IS.split())
"""With which `that is` and `that was` may be left out."""

Fact = tuple[Thing, str]


class Claim(Struct, frozen=True):
    """Something true of a thing.

    Attributes:
        text: as a verb phrase (of a description: as a noun phrase).
        mask: all things of its kind that it is true of.
        facts: what has to be known to see that, (thing, fact).
        back: whether it goes back from another thing, whose document names this one.
        anchored: whether a name stands in it that a search can start from.
        probes: searches that lead from that name to the thing, the first one first.
    """

    text: str
    mask: int
    facts: tuple[Fact, ...]
    anchored: bool = False
    back: bool = False
    probes: tuple[str, ...] = ()


class Claims:
    """Makes claims about the things of a world, from one stream of draws."""

    def __init__(self, world: Closed, draw: Draw) -> None:
        self.world = world
        self.draw = draw

    def about(self, thing: Thing) -> list[Claim]:
        """Claims on all facts of a thing, ways back included, in random order."""
        made = [self._plain(thing, "year"), self._sort(thing)]
        if thing.kind in _LED:
            made.append(self._plain(thing, "country"))
        made += [self._claim(thing, fact, DEPTH) for fact in thing.values if fact in PHRASES[thing.kind]]
        leading = [fact for fact, value in thing.values.items() if isinstance(value, Thing)]
        made += [self._claim(thing, fact, DEPTH) for fact in self.draw.some(leading, AGAIN)]
        made += [self._back(thing, fact, other) for fact, other in self._backs(thing)]
        return self.draw.some(made, len(made))

    def _backs(self, thing: Thing) -> list[tuple[str, Thing]]:
        """At most one way back of each kind."""
        found = self.world.backs.get(thing, [])
        told = BACK.get(thing.kind, {})
        return list({f: (f, o) for f, o in self.draw.some(found, len(found)) if f[1:] in told}.values())

    def _sort(self, thing: Thing) -> Claim:
        word = thing.word
        if thing.kind == "person":
            text = self.draw.pick(("worked as {o}", "is known as {o}", "earned a living as {o}"))
            text = text.replace("{o}", a(word))
        else:
            text = f"is {a(word)} {NOUNS[thing.kind]}"
        return Claim(text, self.world.fitting(thing.kind, "word", word), ((thing, ""),))

    def _claim(self, thing: Thing, fact: str, depth: int) -> Claim:
        value = thing.values[fact]
        if isinstance(value, str):
            return self._plain(thing, fact)
        inner = self.describe(value, depth - 1)
        text = self.draw.pick(PHRASES[thing.kind][fact]).replace("{o}", inner.text)
        mask = self.world.led_from(thing.kind, fact, value.kind, inner.mask)
        probes = (*inner.probes, f"{self._noun(thing)} {value.name}") if inner.anchored else ()
        return Claim(text, mask, (*inner.facts, (thing, fact)), inner.anchored, probes=probes)

    def _back(self, thing: Thing, fact: str, other: Thing) -> Claim:
        inner = self.describe(other, DEPTH - 1, fact.rpartition(".")[2])
        text = self.draw.pick(BACK[thing.kind][fact[1:]]).replace("{o}", inner.text)
        mask = self.world.led_from(thing.kind, fact, other.kind, inner.mask)
        told = (other, fact.rpartition(".")[2])
        return Claim(text, mask, (*inner.facts, told), inner.anchored, True, inner.probes)

    def _plain(self, thing: Thing, fact: str) -> Claim:
        kind, draw = thing.kind, self.draw
        anchored = False
        if fact == "country":
            shown, mask = thing.country[0], self.world.fitting(kind, fact, thing.country[0])
        elif is_number(kind, fact):
            shown, mask = self._year(thing) if fact == "year" else self._number(thing, fact)
        else:
            value = name_of(thing.values[fact])
            shown, mask, anchored = value, self.world.fitting(kind, fact, value), fact != "colours"
        text = draw.pick(PHRASES[kind][fact]).replace("{o}", shown)
        told = "" if fact in ("year", "country") else fact
        probes = (f"{self._noun(thing)} {shown}",) if anchored else ()
        return Claim(text, mask, ((thing, told),), anchored, probes=probes)

    def _noun(self, thing: Thing) -> str:
        return thing.word if thing.kind == "person" else NOUNS[thing.kind]

    def _year(self, thing: Thing) -> tuple[str, int]:
        width = _WINDOWS.get(thing.kind, _WINDOW)
        low = thing.year - self.draw.between(1, width)
        high = min(max(low + width // 2, thing.year + self.draw.between(1, width)), LATEST)
        text = self.draw.pick(WHENS).format(a=low, b=high)
        return text, self.world.within(thing.kind, "year", low, high)

    def _number(self, thing: Thing, fact: str) -> tuple[str, int]:
        """A bound on a number, which no thing of the kind meets exactly."""
        value, draw = number_of(thing.values[fact]), self.draw
        more = draw.chance(0.5)
        share = 0.35 + 0.5 * draw.random()
        bound = int(value * share if more else value / share)
        unit = 10 ** max(0, len(str(bound)) - 2)
        bound = bound // unit * unit + (0 if more else unit)
        while self.world.within(thing.kind, fact, bound, bound):
            bound += -1 if more else 1
        text = draw.pick(MORE if more else FEWER).replace("{n}", f"{bound:,}")
        low, high = (bound, _FAR) if more else (0, bound)
        return text, self.world.within(thing.kind, fact, low, high)

    # Descriptions.

    def describe(self, thing: Thing, depth: int, but: str = "") -> Claim:
        """A thing as a noun phrase with a fact or two, the relation `but` not among them."""
        draw = self.draw
        parts = [self._about(thing, fact, depth) for fact in self._facts(thing, depth, but)]
        sort = self._sort(thing) if draw.chance(SORTED) or thing.kind == "person" else None
        noun = NOUNS[thing.kind]
        if sort is not None:
            noun = thing.word if thing.kind == "person" else f"{thing.word} {noun}"
        pronoun = "who" if thing.kind == "person" else draw.pick(("that", "which"))
        told = [part.text for part in parts]
        verb, _, rest = told[0].partition(" ")
        if verb in ("is", "was") and rest.partition(" ")[0] in _PARTICIPLES and draw.chance(SHORTENED):
            text = f"{a(noun)} {f' and {pronoun} '.join([rest, *told[1:]])}"
        else:
            text = f"{a(noun)} {pronoun} {f' and {pronoun} '.join(told)}"
        whole = [*parts, sort] if sort is not None else parts
        mask, facts = whole[0].mask, whole[0].facts
        for part in whole[1:]:
            mask &= part.mask
            facts += part.facts
        anchored = [part for part in parts if part.anchored]
        probes = min([part.probes for part in anchored], key=len) if anchored else ()
        return Claim(text, mask, facts, bool(anchored), probes=probes)

    def _facts(self, thing: Thing, depth: int, but: str) -> list[str]:
        free = [
            fact
            for fact in PHRASES[thing.kind]
            if fact != but
            and (fact != "country" or thing.kind in _LED)
            and (depth > 0 or not isinstance(thing.values.get(fact), Thing))
        ]
        draw = self.draw
        chosen = draw.some(free, 2 if draw.chance(TWO_FACTS) else 1)
        if draw.chance(ANCHORED):
            leading = [fact for fact in free if self._leads(thing.values.get(fact), fact, depth)]
            further = [fact for fact in leading if fact not in _NAMED]
            leading = further if further and draw.chance(FURTHER) else leading
            chosen = [*draw.some(leading, 1), *chosen][: len(chosen)]
        return list(dict.fromkeys(chosen))

    def _leads(self, value: Thing | str | None, fact: str, depth: int) -> bool:
        """Whether a name to search for may come of the fact."""
        if isinstance(value, Thing):
            return value.kind in ("person", "river") or (value.kind == "town" and depth > 0)
        return value is not None and fact in _NAMED

    def _about(self, thing: Thing, fact: str, depth: int) -> Claim:
        if fact in thing.values:
            return self._claim(thing, fact, depth)
        return self._plain(thing, fact)
