"""What a simulated backbone can do, and the published figures that say so."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from mas2_env.errors import PoolError

Accuracy: TypeAlias = Annotated[float, Meta(gt=0.0, lt=1.0)]
Share: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]

FAMILIES: Final = ("math", "code", "recall", "reading")
"""Kinds of tasks of which a backbone has one accuracy each."""

_DATE: Final = re.compile(r"20\d\d-\d\d-\d\d")


class Latency(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long a call takes: (fixed + per_token · completion tokens) · e^(spread · normal) seconds.

    Attributes:
        fixed: seconds, whatever the length of the reply.
        per_token: seconds for each completion token; where `power` is not 0, of a backbone at 1 USD per
            million tokens.
        spread: standard deviation of the log of what the line leaves.
        power: the power of the price that `per_token` follows, for backbones that nobody timed.
        apart: how far apart backbones of one price lie: standard deviation of the log of `per_token`.
    """

    fixed: Annotated[float, Meta(ge=0.0)]
    per_token: Annotated[float, Meta(ge=0.0)]
    spread: Annotated[float, Meta(ge=0.0, le=5.0)] = 0.0
    power: float = 0.0
    apart: Annotated[float, Meta(ge=0.0)] = 0.0

    def at(self, price: float) -> "Latency":
        """That of a backbone at a price, in nano-USD per token."""
        return Latency(self.fixed, self.per_token * (price / 1000.0) ** self.power, self.spread)


class Ability(Struct, frozen=True, forbid_unknown_fields=True):
    """What one model is like: accuracies by family, and in `tasks` those of a benchmark itself.

    Attributes:
        math: accuracy on GSM8K.
        code: pass@1 on HumanEval.
        recall, reading: exact match on HotpotQA without and with all of the paragraphs.
        verbosity: log ratio of a reply's length to that of gpt-4o-mini.
        malformed: share of replies without an answer.
        tasks: accuracies by a benchmark's name in lower case; they go before those of its family.
        latency: how long its calls take; without it, as long as its price lets expect.
    """

    math: Accuracy
    code: Accuracy
    recall: Accuracy
    reading: Accuracy
    verbosity: float = 0.0
    malformed: Share = 0.005
    tasks: dict[str, Accuracy] = {}
    latency: Latency | None = None


class Figure(Struct, frozen=True, forbid_unknown_fields=True):
    """A published figure that accuracies follow from.

    Attributes:
        of: the benchmark that it was measured on.
        value: the accuracy there.
        url: where it was published.
        date: when it was measured or published, or else read, YYYY-MM-DD.
        gives: the accuracies that are this figure or follow from it, each `math`, `code`, `recall`, `reading`
            or `tasks.NAME`.
        model: the model that was measured, where it is not the backbone itself but stands for it.
        itself: whether the figure is the accuracy; otherwise that was interpolated from the figure.
    """

    of: str
    value: Accuracy
    url: str
    date: str
    gives: list[str]
    model: str = ""
    itself: bool = False


def accuracies(ability: Ability) -> tuple[str, ...]:
    """The names of all accuracies, as `Figure.gives` has them."""
    return (*FAMILIES, *(f"tasks.{name}" for name in ability.tasks))


def unsourced(ability: Ability, figures: Iterable[Figure]) -> tuple[str, ...]:
    """The accuracies that no figure gives."""
    given = {name for figure in figures for name in figure.gives}
    return tuple(name for name in accuracies(ability) if name not in given)


def check_figures(ability: Ability | None, figures: Sequence[Figure], place: str) -> None:
    """Raise `PoolError` if figures give what there is not, or are not dated."""
    if figures and ability is None:
        raise PoolError(f"{place}: there are figures but no ability that they give")
    for figure in figures:
        known = accuracies(ability) if ability is not None else ()
        for name in figure.gives:
            if name not in known:
                raise PoolError(
                    f"{place}: figure {figure.of!r} gives {name!r}, expected some of {', '.join(known)}"
                )
        if not _DATE.fullmatch(figure.date):
            raise PoolError(f"{place}: figure {figure.of!r}: date is {figure.date!r}, expected YYYY-MM-DD")
