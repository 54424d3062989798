"""The documents of a closed world, each written when it is asked for."""

from typing import Final

from msgspec import Struct

from mas2_tasks.procedural.browse_wording import FILLER, HEADS, LEADS, LISTED, LISTS, SECOND
from mas2_tasks.procedural.browse_world import Closed, Thing
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.world import KINDS

FILLERS: Final = (2, 4)
"""Sentences without a fact in one document."""


class Told(Struct, frozen=True):
    """A document.

    Attributes:
        docid: its id.
        text: a heading, then sentences.
        steps: for each fact that sentences tell, its sentence with the name of what it is about; `""` is
            the lead.
    """

    docid: str
    text: str
    steps: dict[str, str]


def name_of(value: Thing | str) -> str:
    """A value as an answer names it."""
    return value if isinstance(value, str) else value.name


def shown(thing: Thing) -> str:
    """A thing as texts name it."""
    return f"the {thing.name}" if thing.kind == "river" else thing.name


def a(word: str) -> str:
    """The word with its indefinite article."""
    return f"an {word}" if word[0] in "aeiouAEIO" and not word.startswith("uni") else f"a {word}"


def document(world: Closed, place: int) -> Told:
    """The document at a place: an article, the second one on a person, or a list."""
    if place >= len(world.owners):
        return _list(world, place)
    thing = world.owners[place]
    draw = Draw(*world.key, "text", place)
    second = place != thing.place
    head = draw.pick(HEADS["profile" if second else "article"]).replace("{s}", thing.name)
    lead = draw.pick(SECOND).replace("{s}", thing.name) if second else _lead(draw, thing)
    back = thing.short if thing.kind == "person" else draw.pick(KINDS[thing.kind].back)
    names = [name for name in thing.values if world.tells(thing, name) == place]
    steps = {"": lead} if not second else {}
    sentences = [_filled(draw, world, text) for text in draw.some(FILLER, draw.between(*FILLERS))]
    for name in names:
        value = name_of(thing.values[name])
        template = draw.pick(KINDS[thing.kind].relations[name].tell).replace("{o}", value)
        if template.startswith("{s}"):
            sentence, step = back + template[3:], shown(thing) + template[3:]
        else:
            sentence = step = template.replace("{s}", shown(thing))
        sentences.insert(int(draw.random() * (len(sentences) + 1)), _capital(sentence))
        steps[name] = _capital(step)
    return Told(world.docids[place], f"{head}\n{lead} {' '.join(sentences)}", steps)


def _list(world: Closed, place: int) -> Told:
    listing = world.lists[place - len(world.owners)]
    draw = Draw(*world.key, "text", place)
    head = draw.pick(LISTS[listing.way]).replace("{s}", listing.about.name)
    entries = [
        f"{thing.name} ({thing.word})" if draw.chance(0.5) else thing.name
        for thing in draw.some(listing.members, len(listing.members))
    ]
    note = f"{draw.pick(LISTED)} {_filled(draw, world, draw.pick(FILLER))}"
    return Told(world.docids[place], f"{head}\n{note} {'; '.join(entries)}.", {})


def _lead(draw: Draw, thing: Thing) -> str:
    country, nation = thing.country
    return _capital(
        draw.pick(LEADS[thing.kind]).format(
            s=shown(thing),
            year=thing.year,
            word=thing.word,
            aword=a(thing.word),
            country=country,
            nation=nation,
            anation=a(nation),
        )
    )


def _filled(draw: Draw, world: Closed, text: str) -> str:
    for slot, kind in (("{x}", "person"), ("{y}", "town"), ("{z}", "newspaper")):
        if slot in text:
            text = text.replace(slot, draw.pick(world.things[kind]).name)
    return text


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
