"""In which words diagnostic items are told: `diagnostic.toml`, checked and read once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct, convert

from mas2_tasks.procedural.diagnostic import Rule

MONTHS: Final = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


class Domain(Struct, frozen=True):
    """A kind of records.

    Attributes:
        amount: what the running amount is called.
        keeper: who keeps the records.
        parts: what a part may be called, in the singular and in the plural.
        units: what is counted, in the plural.
        stem: how names of files begin.
        opening, plus, minus, times, share: texts of entries, by what they do to the amount.
        asides: entries that change nothing.
    """

    amount: str
    keeper: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    units: tuple[str, ...]
    stem: tuple[str, ...]
    opening: tuple[str, ...]
    plus: tuple[str, ...]
    minus: tuple[str, ...]
    times: tuple[str, ...]
    share: tuple[str, ...]
    asides: tuple[str, ...]


class Wording(Struct, frozen=True, forbid_unknown_fields=True):
    """All texts.

    Attributes:
        introductions, attached: how a query begins with records in it, or in files.
        scattered: that all files are needed.
        rules: how entries are to be read.
        notes: that some do not matter.
        checks: how a property of the answer is stated.
        questions: by how the parts are combined.
        domains: kinds of records.
    """

    introductions: tuple[str, ...]
    attached: tuple[str, ...]
    scattered: tuple[str, ...]
    rules: tuple[str, ...]
    notes: tuple[str, ...]
    checks: tuple[str, ...]
    questions: dict[Rule, tuple[str, ...]]
    domains: tuple[Domain, ...]


@cache
def wording() -> Wording:
    """The texts."""
    path = files("mas2_tasks") / "procedural" / "diagnostic.toml"
    return convert(tomllib.loads(path.read_text(encoding="utf-8")), Wording)
