"""Parameters of the simulated backend: data/simulator.toml as checked structs, and what backbones are."""

import math
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta, Struct

from mas2_env.abilities import Ability, Accuracy, Latency, Share
from mas2_env.backends.calibrated import BY_PRICE, Model, read_own
from mas2_env.errors import PoolError
from mas2_env.execution.operation import Purpose
from mas2_env.pool import Backbone, load_pool, shipped_pools
from mas2_env.system.model import RoleKind

Family: TypeAlias = Literal["math", "code", "recall", "reading"]
Positive: TypeAlias = Annotated[float, Meta(gt=0.0)]
Spread: TypeAlias = Annotated[float, Meta(ge=0.0, le=20.0)]
Tokens: TypeAlias = Annotated[int, Meta(ge=0)]

_STANDARD: Final = NormalDist()


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file; its keys are explained there."""


class Troubles(_Table, frozen=True):
    """Share of calls that fail for the provider's reasons; after `deadline` seconds a call has timed out."""

    unavailable: Share
    timeout: Share
    deadline: Positive = 120.0


class Prompts(_Table, frozen=True):
    """What instructions do, and what they cost."""

    careful_gain: float
    careful_factor: Positive
    brief_factor: Positive
    overhead: Tokens
    per_tool: Tokens
    per_message: Tokens


class Inputs(_Table, frozen=True):
    """How agents use what others send them."""

    plan_gain: float
    review_gain: float
    evidence_power: Positive
    dilution: Annotated[float, Meta(ge=0.0)]
    undiluted: Annotated[int, Meta(ge=1)]
    count_power: float
    discernment: float
    trust: dict[str, Share]


class Revising(_Table, frozen=True):
    """What an author does with a review."""

    change_wrong: Share
    change_right: Share
    unasked: Share


class Reviewing(_Table, frozen=True):
    """How reviewers judge."""

    ability: float
    approve_unanswered: Share
    approve_passed: Share
    approve_failed: Share


class Tooling(_Table, frozen=True):
    """How agents use tools."""

    give_up: Share
    gain: float
    certain: Share
    malformed: Share


class Ranking(_Table, frozen=True):
    """How well answers are ranked."""

    ability: float


class Routing(_Table, frozen=True):
    """How sensibly targets are chosen."""

    sensible: Share


class Lengths(_Table, frozen=True):
    """Factors on the number of completion tokens."""

    wrong: Positive
    step: Positive
    kind: dict[str, Positive]
    purpose: dict[str, Positive]


class TaskTable(_Table, frozen=True):
    """What one benchmark is like for all models."""

    family: Family
    closed: Family | Accuracy
    like: str
    known: Share
    difficulty_sd: Annotated[float, Meta(gt=0.0, le=20.0)]
    tokens: Annotated[int, Meta(ge=1)]
    sigma: Spread
    malformed: Annotated[float, Meta(ge=0.0)]
    offset: float = 0.0


class Fallback(_Table, frozen=True):
    """The rule for models without a table: accuracies by price."""

    price: Annotated[list[Positive], Meta(min_length=2)]
    math: list[Accuracy]
    code: list[Accuracy]
    recall: list[Accuracy]
    reading: list[Accuracy]
    verbosity: float
    malformed: Share

    def price_of(self, backbone: Backbone) -> float:
        """Three parts input and one part output, nano-USD per token, kept within the ends."""
        price = (3 * backbone.input_price + backbone.output_price) / 4
        return min(max(price, self.price[0]), self.price[-1])

    def table(self, backbone: Backbone) -> Ability:
        """Accuracies interpolated in log price and logit accuracy; constant beyond the ends."""
        price = self.price_of(backbone)
        at = min(bisect_right(self.price, price), len(self.price) - 1)
        low, high = math.log(self.price[at - 1]), math.log(self.price[at])
        share = min(1.0, (math.log(price) - low) / (high - low))

        def between(points: list[float]) -> float:
            return sigmoid(logit(points[at - 1]) * (1 - share) + logit(points[at]) * share)

        return Ability(
            math=between(self.math),
            code=between(self.code),
            recall=between(self.recall),
            reading=between(self.reading),
            verbosity=self.verbosity,
            malformed=self.malformed,
        )


class Parameters(_Table, frozen=True):
    """The whole file, and what the shipped pools say of backbones.

    Attributes:
        backbone: what they are like, by name, as a file of one's own says and else as a shipped pool does.
        written: of which of them a file of one's own says it.
    """

    troubles: Troubles
    prompts: Prompts
    inputs: Inputs
    revise: Revising
    review: Reviewing
    tools: Tooling
    rank: Ranking
    route: Routing
    tokens: Lengths
    task: dict[str, TaskTable]
    fallback: Fallback
    backbone: dict[str, Ability] = {}
    written: tuple[str, ...] = ()

    def task_table(self, name: str) -> TaskTable:
        """The table of a task (by name, in lower case), else the default one."""
        return self.task.get(name.lower()) or self.task["default"]

    def backbone_table(
        self, backbone: Backbone, recorded: Model | None = None, own: Ability | None = None
    ) -> Ability:
        """What a backbone is like.

        A table in a file of parameters of one's own goes first; then what the pool's file says (`own`), the
        shipped table, and the recorded model of the backbone's name; otherwise its price decides.
        """
        said = self._said(backbone, own)
        if said is None and recorded is not None:
            return msgspec.convert(msgspec.to_builtins(recorded), Ability)
        return said or self.fallback.table(backbone)

    def latency(
        self, backbone: Backbone, timed: Mapping[str, Latency], own: Ability | None = None
    ) -> Latency:
        """How long calls of a backbone take: as its table says, else as timed, else by its price."""
        said = self._said(backbone, own)
        if said is not None and said.latency is not None:
            return said.latency
        return timed.get(backbone.name) or timed[BY_PRICE].at(self.fallback.price_of(backbone))

    def _said(self, backbone: Backbone, own: Ability | None) -> Ability | None:
        """A backbone's table here, unless that is a shipped one and the pool has its own."""
        if own is not None and backbone.name not in self.written:
            return own
        return self.backbone.get(backbone.name)


def logit(p: float) -> float:
    """The log odds of a probability."""
    return math.log(p / (1.0 - p))


def sigmoid(z: float) -> float:
    """The probability of log odds."""
    return 1.0 / (1.0 + math.exp(-z))


def level(accuracy: float, offset: float = 0.0) -> float:
    """The level at which a share `accuracy` of standings is positive, lowered by `offset` logits."""
    return _STANDARD.inv_cdf(sigmoid(logit(accuracy) - offset))


def load_parameters(path: str | Path | None = None) -> Parameters:
    """The shipped parameters; with the path of a TOML file, its tables replace or add to the shipped ones.

    A file of one's own may hold as little as one `[backbone.NAME]` table.

    Raises:
        PoolError: with the file, the place and what was expected.
    """
    return _parameters("", "simulator.toml") if path is None else _parameters(read_own(path), str(path))


@lru_cache(maxsize=16)
def _parameters(own: str, where: str) -> Parameters:
    raw = tomllib.loads((files("mas2_env") / "data" / "simulator.toml").read_text(encoding="utf-8"))
    raw["backbone"] = _shipped_abilities()
    try:
        given = tomllib.loads(own)
    except tomllib.TOMLDecodeError as error:
        raise PoolError(f"{where}: not a TOML file: {error}") from None
    if "written" in given:  # which is said here, and by no file
        raise PoolError(f"{where}: there is nothing named 'written' in a file of parameters")
    found = parse_parameters(_merged(raw, given), where)
    return msgspec.structs.replace(found, written=tuple(given.get("backbone", ())))


def _shipped_abilities() -> dict[str, Any]:
    """What the shipped pools say of backbones, which also holds where another pool lists them by name."""
    pools = [load_pool(name) for name in shipped_pools()]
    return {name: msgspec.to_builtins(a) for pool in pools for name, a in pool.abilities.items()}


def parse_parameters(raw: dict[str, Any], where: str) -> Parameters:
    """Check a file's content; `where` names it in errors.

    Raises:
        PoolError: with the place and what was expected.
    """
    try:
        parameters = msgspec.convert(raw, Parameters)
    except msgspec.ValidationError as error:
        raise PoolError(f"{where}: {error}") from None
    if "default" not in parameters.task:
        raise PoolError(f"{where}: there is no [task.default], which unknown tasks need")
    _check_names(parameters.tokens.kind, get_args(RoleKind), f"{where}: $.tokens.kind")
    _check_names(parameters.tokens.purpose, get_args(Purpose), f"{where}: $.tokens.purpose")
    fallback = parameters.fallback
    if sorted(set(fallback.price)) != fallback.price:
        raise PoolError(f"{where}: $.fallback.price is {fallback.price}, expected increasing prices")
    for name in ("math", "code", "recall", "reading"):
        points = getattr(fallback, name)
        if len(points) != len(fallback.price):
            raise PoolError(
                f"{where}: $.fallback.{name} has {len(points)} values, expected one for each of "
                f"{len(fallback.price)} prices"
            )
    return parameters


def _check_names(table: dict[str, float], names: tuple[str, ...], where: str) -> None:
    if set(table) != set(names):
        wrong = sorted(set(table) ^ set(names))
        raise PoolError(
            f"{where}: {', '.join(wrong)} missing or unknown; expected exactly {', '.join(names)}"
        )


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
