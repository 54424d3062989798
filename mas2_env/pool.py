"""Pools: named lists of backbones with prices.

A pool is a TOML file. Prices are written as US dollars per million tokens, as providers publish them, and
held as integer nano-USD per token (1 USD per million tokens = 1000 nano-USD per token), so that every cost
is an exact integer sum.
"""

import difflib
import hashlib
import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.abilities import Ability, Figure, check_figures
from mas2_env.engines import Engine, EngineRoute, check_engine, read_sampling
from mas2_env.errors import PoolError
from mas2_env.providers import Provider, Route, check_body, check_provider


class Backbone(Struct, frozen=True):
    """An LLM of the pool.

    Attributes:
        name: its name in assignments.
        description: one line that a meta-agent may read.
        input_price: nano-USD for one prompt token.
        output_price: nano-USD for one completion token.
        context: context window in tokens.
        source: where the price was published.
        date: when it was read there, YYYY-MM-DD.
        cached_price: nano-USD for a prompt token that the provider had in its own cache, where it has such a
            price. What an episode is charged never depends on it: only the bill does.
    """

    name: str
    description: str
    input_price: int
    output_price: int
    context: int
    source: str = ""
    date: str = ""
    cached_price: int | None = None

    def cost(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Price of one call in nano-USD."""
        return prompt_tokens * self.input_price + completion_tokens * self.output_price

    def bill(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> int:
        """What a provider bills for one call in nano-USD; cached tokens are part of the prompt."""
        cached = self.input_price if self.cached_price is None else self.cached_price
        return self.cost(prompt_tokens, completion_tokens) - cached_tokens * (self.input_price - cached)


class Pool(Struct, frozen=True, eq=False):
    """A named list of backbones, in the order of its file.

    Attributes:
        name: the pool's name.
        reference: the backbone whose plain single call defines the reference cost.
        meta: the backbone at whose price the meta-agents' own tokens are charged.
        backbones: by name.
        digest: SHA-256 of the file's content.
        providers: servers of real models, by name; empty in a pool for simulation.
        routes: how each backbone is reached, by its name, where a provider serves it.
        engines: models that run in this process, by name.
        engine_routes: what each backbone runs on, by its name, where an engine runs it.
        abilities: what the simulator takes each backbone to be like, by its name, where its file says so.
        figures: the published figures that an ability follows from, by the backbone's name.
    """

    name: str
    reference: str
    meta: str
    backbones: dict[str, Backbone]
    digest: str
    providers: dict[str, Provider] = {}
    routes: dict[str, Route] = {}
    engines: dict[str, Engine] = {}
    engine_routes: dict[str, EngineRoute] = {}
    abilities: dict[str, Ability] = {}
    figures: dict[str, tuple[Figure, ...]] = {}

    def __getitem__(self, name: str) -> Backbone:
        return self.backbones[name]

    def __contains__(self, name: object) -> bool:
        return name in self.backbones

    def __iter__(self) -> Iterator[str]:
        return iter(self.backbones)

    def __len__(self) -> int:
        return len(self.backbones)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the backbones, in order."""
        return tuple(self.backbones)


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    description: str
    usd_per_million_input: float
    usd_per_million_output: float
    context: int
    source: str = ""
    date: str = ""
    usd_per_million_cached: float | None = None
    provider: str = ""
    model: str = ""
    engine: str = ""
    adapter: str = ""
    body: dict[str, Any] = {}
    ability: Ability | None = None
    figures: tuple[Figure, ...] = ()


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    reference: str
    backbone: list[_Entry]
    meta: str = ""
    provider: dict[str, Provider] = {}
    engine: dict[str, Engine] = {}


def nano_per_token(usd_per_million: float, where: str) -> int:
    """Exact nano-USD per token of a price in USD per million tokens.

    Raises:
        PoolError: if the price is negative, not finite, or finer than one nano-USD per token.
    """
    nano = usd_per_million * 1000
    if not 0 <= nano < math.inf or abs(nano - round(nano)) > 1e-6:
        raise PoolError(
            f"{where}: {usd_per_million} USD per million tokens is not a whole number of nano-USD per token; "
            "give a price of at least 0 with at most three decimals"
        )
    return round(nano)


def parse_pool(text: str, where: str) -> Pool:
    """Read a pool from the text of a TOML file; `where` names it in errors.

    Raises:
        PoolError: with the file, the place and what was expected.
    """
    file = _read(text, where)
    backbones: dict[str, Backbone] = {}
    for entry in file.backbone:
        place = f"{where}: backbone {entry.name!r}"
        if entry.name in backbones:
            raise PoolError(f"{place} is listed twice")
        check_figures(entry.ability, entry.figures, place)
        backbones[entry.name] = _backbone(entry, place)
    if not backbones:
        raise PoolError(f"{where}: no [[backbone]] is listed")
    meta = file.meta or file.reference
    for field, value in (("reference", file.reference), ("meta", meta)):
        if value not in backbones:
            raise PoolError(
                f"{where}: {field} = {value!r} is not one of its backbones{did_you_mean(value, backbones)}"
            )
    return Pool(
        name=file.name,
        reference=file.reference,
        meta=meta,
        backbones=backbones,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        providers=file.provider,
        routes=_routes(file, where),
        engines=file.engine,
        engine_routes=_engine_routes(file, where),
        abilities={e.name: e.ability for e in file.backbone if e.ability is not None},
        figures={e.name: e.figures for e in file.backbone if e.figures},
    )


def _read(text: str, where: str) -> _File:
    """The file's content, its keys and their kinds checked."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PoolError(f"{where}: not a TOML file: {error}") from None
    for i, entry in enumerate(raw.get("backbone", []) if isinstance(raw.get("backbone"), list) else []):
        _check_keys(entry, _Entry, f"{where}: backbone {i + 1}")
        if isinstance(entry, dict):
            _check_keys(entry.get("ability"), Ability, f"{where}: backbone {i + 1}: ability")
        for price in ("usd_per_million_input", "usd_per_million_output"):
            if isinstance(entry, dict) and price not in entry:
                name = entry.get("name", i + 1)
                raise PoolError(f"{where}: backbone {name!r} has no price: {price} is missing")
    _check_keys(raw, _File, where)
    for kind, struct in (("provider", Provider), ("engine", Engine)):
        for name, entry in raw[kind].items() if isinstance(raw.get(kind), dict) else ():
            _check_keys(entry, struct, f"{where}: {kind} {name!r}")
    try:
        return msgspec.convert(raw, _File, strict=True)
    except msgspec.ValidationError as error:
        raise PoolError(f"{where}: {error}") from None


def _backbone(entry: _Entry, place: str) -> Backbone:
    if not entry.name.isprintable() or not entry.name.strip():
        raise PoolError(f"{place}: expected a name of printable characters")
    if entry.context < 1:
        raise PoolError(f"{place}: context is {entry.context}, expected at least 1 token")
    cached = entry.usd_per_million_cached
    return Backbone(
        name=entry.name,
        description=entry.description,
        input_price=nano_per_token(entry.usd_per_million_input, place),
        output_price=nano_per_token(entry.usd_per_million_output, place),
        context=entry.context,
        source=entry.source,
        date=entry.date,
        cached_price=None if cached is None else nano_per_token(cached, place),
    )


def _routes(file: _File, where: str) -> dict[str, Route]:
    """How each backbone is reached; a pool with one provider need not name it at each."""
    providers = file.provider
    for name, provider in providers.items():
        check_provider(name, provider, where)
    only = next(iter(providers)) if len(providers) == 1 else ""
    routes = {}
    for entry in file.backbone:
        place = f"{where}: backbone {entry.name!r}"
        name = entry.provider or only
        check_body(entry.body, place)
        if name in providers:
            routes[entry.name] = Route(name, entry.model or entry.name, entry.body)
        elif name:
            raise PoolError(f"{place}: there is no provider {name!r}{did_you_mean(name, providers)}")
        elif providers and not entry.engine:
            raise PoolError(f"{place}: provider is missing, expected one of {', '.join(providers)}")
    return routes


def _engine_routes(file: _File, where: str) -> dict[str, EngineRoute]:
    """What each backbone runs on; a pool with one engine and no provider need not name it at each."""
    engines = file.engine
    for name, engine in engines.items():
        check_engine(name, engine, where)
    only = next(iter(engines)) if len(engines) == 1 and not file.provider else ""
    routes = {}
    for entry in file.backbone:
        place = f"{where}: backbone {entry.name!r}"
        name = entry.engine or only
        if name in engines:
            body = {**engines[name].body, **entry.body}
            read_sampling(body, place)
            routes[entry.name] = EngineRoute(name, entry.adapter, body)
        elif name:
            raise PoolError(f"{place}: there is no engine {name!r}{did_you_mean(name, engines)}")
        elif entry.adapter:
            raise PoolError(f"{place}: adapter is for a backbone with an engine")
        elif engines and not file.provider:
            raise PoolError(f"{place}: engine is missing, expected one of {', '.join(engines)}")
    return routes


def _check_keys(raw: object, struct: type[Struct], where: str) -> None:
    if not isinstance(raw, Mapping):
        return
    known = struct.__struct_fields__
    for key in raw:
        if key not in known:
            raise PoolError(
                f"{where}: unknown key {key!r}{did_you_mean(key, known) or ';'} keys are {', '.join(known)}"
            )


def did_you_mean(word: str, known: object) -> str:
    """`; did you mean 'x'?` for the nearest of the known words, else the empty string."""
    names = [str(name) for name in known]  # type: ignore[attr-defined]
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def shipped_pools() -> tuple[str, ...]:
    """Names of the pools that the package ships."""
    folder = files("mas2_env") / "data" / "pools"
    return tuple(
        sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))
    )


def load_pool(pool: str = "default") -> Pool:
    """A shipped pool by name, or a pool file by path (anything that ends in `.toml`).

    The file is UTF-8, with or without a byte-order mark.

    Raises:
        PoolError: if there is no such pool or its file is not one.
    """
    if not isinstance(pool, str):
        raise PoolError(f"pool is {pool!r}, expected a shipped pool's name or the path of a .toml file")
    if pool.endswith(".toml"):
        try:
            text = Path(pool).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise PoolError(f"{pool}: cannot be read: {error.strerror}") from None
        except ValueError as error:  # its bytes are not UTF-8, or its name can name no file
            raise PoolError(f"{pool!r}: cannot be read: {error}") from None
        return parse_pool(text, pool)
    return _shipped(pool)


@lru_cache(maxsize=16)
def _shipped(pool: str) -> Pool:
    names = shipped_pools()
    if pool not in names:
        raise PoolError(
            f"no pool is named {pool!r}{did_you_mean(pool, names) or ';'} shipped are {', '.join(names)}; "
            "give the path of a .toml file for your own"
        )
    return parse_pool(
        (files("mas2_env") / "data" / "pools" / f"{pool}.toml").read_text(encoding="utf-8"), f"pool {pool}"
    )
