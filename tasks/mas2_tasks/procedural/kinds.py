"""How the fictional world is described: kinds of entities, and the relations between them, as data.

In every template `{s}` is the subject and `{o}` the value.
"""

from msgspec import Struct


class Relation(Struct, frozen=True):
    """A functional relation from one kind of entity to another entity or to a plain value.

    Attributes:
        to: kind of the value; kinds that are not in `KINDS` (`world.py`) are plain values.
        tell: sentences that state it.
        phrase: noun phrases for the value, given the subject (for the first hop).
        ask: questions for the value, given a noun phrase for the subject (for the second hop).
        role: occupation of the value, where it is a person.
    """

    to: str
    tell: tuple[str, ...]
    phrase: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    role: str = ""


class Kind(Struct, frozen=True):
    """A kind of entity.

    Attributes:
        noun: what to call one in a question, before its title.
        lead: first sentences of its article; `{year}`, `{word}`, `{nation}` and `{o}` are its plain values.
        back: how later sentences refer to it.
        words: the plain word (genre, trade ...) that its lead gives.
        relations: by name.
        suffix: what is added to its title where it clashes with another.
    """

    noun: str
    lead: tuple[str, ...]
    back: tuple[str, ...]
    words: tuple[str, ...]
    relations: dict[str, Relation]
    suffix: str = ""


def relation(to: str, tell: str, phrase: str = "", ask: str = "", role: str = "") -> Relation:
    """A relation from alternatives that `|` parts."""
    told, named, asked = (tuple(text.split("|")) if text else () for text in (tell, phrase, ask))
    return Relation(to, told, named, asked, role)


def place(verb: str) -> Relation:
    """A relation to a town that is worded with a past participle, as in `located in`."""
    return relation(
        "town",
        f"{{s}} is {verb} in {{o}}.|{{s}} has been {verb} in {{o}} since its beginnings.|"
        f"{{o}} is where {{s}} is {verb}.",
        f"the town in which {{s}} is {verb}|the town where {{s}} is {verb}",
        f"In which town is {{s}} {verb}?|Where is {{s}} {verb}?|What town is {{s}} {verb} in?",
    )
