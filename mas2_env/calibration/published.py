"""Accuracies of a model of which little was published, by lines through models of which much was.

A benchmark on which a model was measured tells how it does on others: `data/published.toml` holds models with
several published accuracies, and says which one follows from which. The line of least squares in logits
through the models that have both figures gives the accuracy that was not published. The pool `current` was
made so; a test derives it again.
"""

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

from mas2_env.abilities import Accuracy
from mas2_env.backends.parameters import logit, sigmoid
from mas2_env.errors import DataError

KEYS: Final = {
    "MATH level 5": "math_level_5",
    "OTIS mock AIME": "mock_aime",
    "AIME 2026": "mock_aime",
    "SimpleQA": "simpleqa",
    "SimpleQA Verified": "simpleqa",
    "HumanEval": "humaneval",
}
"""What the file calls the benchmarks of published figures (`mas2_env.abilities.Figure.of`)."""


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """By which other accuracy one follows, and whether it stays near the highest that was measured."""

    by: str
    bounded: bool = False


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """The file: rules in the order in which they are applied, and models with what was published of them."""

    line: dict[str, Rule]
    model: dict[str, dict[str, Accuracy]]


class Line(Struct, frozen=True):
    """A line in logits.

    Attributes:
        start, rise: the logit that follows from x is start + rise · x.
        spread: root of the mean square by which the models' logits lie off it.
        models: how many there are.
        highest: what follows is at most this: half the errors of the best model, or 1 if nothing bounds it.
    """

    start: float
    rise: float
    spread: float
    models: int
    highest: float

    def __call__(self, accuracy: float) -> float:
        """The accuracy that follows."""
        return min(sigmoid(self.start + self.rise * logit(accuracy)), self.highest)


@cache
def load_published() -> Published:
    """The shipped file."""
    text = (files("mas2_env") / "data" / "published.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Published)


@cache
def lines() -> Mapping[str, Line]:
    """The line to each benchmark that the file has a rule for."""
    published = load_published()
    found = {}
    for wanted, rule in published.line.items():
        rows = [row for row in published.model.values() if wanted in row and rule.by in row]
        x = [logit(row[rule.by]) for row in rows]
        y = [logit(row[wanted]) for row in rows]
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        rise = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
        rise /= sum((a - mean_x) ** 2 for a in x)
        start = mean_y - rise * mean_x
        spread = math.sqrt(sum((b - start - rise * a) ** 2 for a, b in zip(x, y, strict=True)) / len(x))
        highest = (1.0 + max(row[wanted] for row in rows)) / 2 if rule.bounded else 1.0
        found[wanted] = Line(start, rise, spread, len(rows), highest)
    return found


def derive(known: Mapping[str, float]) -> dict[str, float]:
    """What is known of a model, and all that follows from it.

    Args:
        known: accuracies by benchmark, as the file names them.

    Raises:
        DataError: if one of them is none of the file's benchmarks.
    """
    published = load_published()
    names = set(published.line) | {rule.by for rule in published.line.values()}
    wrong = sorted(set(known) - names)
    if wrong:
        raise DataError(f"{wrong[0]!r} is not one of the benchmarks {', '.join(sorted(names))}")
    whole = dict(known)
    for wanted, rule in published.line.items():
        if wanted not in whole and rule.by in whole:
            whole[wanted] = lines()[wanted](whole[rule.by])
    return whole
