"""Where real models are served: the providers of a pool file, and which of them serves which backbone."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from mas2_env.errors import PoolError

Structured: TypeAlias = Literal["json_schema", "json_object", "none"]

RESERVED: Final = frozenset(
    {"model", "messages", "tools", "tool_choice", "stream", "n", "seed", "response_format", "logprobs"}
)
"""Parameters of a request that are not the pool file's to set: the client does, from what is asked for."""

_SECRET: Final = ("key", "secret", "password", "authorization", "credential")


class Provider(Struct, frozen=True, forbid_unknown_fields=True):
    """A server that speaks the OpenAI protocol. Written in a pool file as `[provider.NAME]`.

    Attributes:
        base_url: of the API, usually ending in `/v1`.
        api_key_env: environment variable that holds the key; empty for a server that needs none.
        body: parameters that every request carries, such as `temperature`.
        concurrency: calls under way at once, at most.
        start: calls under way at once to begin with; it grows as long as all goes well.
        timeout: seconds that one attempt may take.
        retries: further attempts after one that failed.
        backoff: seconds before the first of them; each next one waits twice as long, up to a minute.
        patience: seconds for which a call is tried again when the provider says that there are too many.
        give_up: calls in a row that failed beyond their retries, after which the run is ended.
        structured: what the server takes as `response_format` for a decision of a meta-agent.
        seed: whether requests carry a `seed`, another one for each sample.
        logprobs: whether log-probabilities of the reply's tokens are asked for.
    """

    base_url: str
    api_key_env: str = ""
    body: dict[str, Any] = {}
    concurrency: int = 256
    start: int = 8
    timeout: float = 120.0
    retries: int = 5
    backoff: float = 0.5
    patience: float = 600.0
    give_up: int = 20
    structured: Structured = "none"
    seed: bool = False
    logprobs: bool = False


class Route(Struct, frozen=True):
    """How a backbone is reached: its provider, its name there, and parameters of its own."""

    provider: str
    model: str
    body: dict[str, Any] = {}


def check_provider(name: str, provider: Provider, where: str) -> None:
    """Raise `PoolError` if a provider cannot be used as it is described."""
    place = f"{where}: provider {name!r}"
    parts = urlsplit(provider.base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise PoolError(f"{place}: base_url is {provider.base_url!r}, expected http(s)://HOST[:PORT]/v1")
    if "@" in parts.netloc or parts.query:
        raise PoolError(f"{place}: base_url must hold no key; name an environment variable by api_key_env")
    for field, least in (("concurrency", 1), ("start", 1), ("retries", 0), ("give_up", 1)):
        if getattr(provider, field) < least:
            raise PoolError(f"{place}: {field} is {getattr(provider, field)}, expected at least {least}")
    for field in ("timeout", "backoff", "patience"):
        if not 0 < getattr(provider, field) < float("inf"):
            raise PoolError(f"{place}: {field} is {getattr(provider, field)}, expected seconds above 0")
    check_body(provider.body, place)


def check_body(body: Mapping[str, Any], place: str) -> None:
    """Raise `PoolError` if parameters hold what the client sets itself, or what looks like a key."""
    for key in body:
        if key in RESERVED:
            raise PoolError(f"{place}: body.{key} is set by the client; leave it out")
        if any(word in key.lower() for word in _SECRET):
            raise PoolError(
                f"{place}: body.{key} looks like a key; name an environment variable by api_key_env"
            )
