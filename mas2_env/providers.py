"""Where real models are served: the providers of a pool file, and which of them serves which backbone."""

import os
import re
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

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE: Final = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_SECRET: Final = ("key", "secret", "password", "authorization", "credential")


class Provider(Struct, frozen=True, forbid_unknown_fields=True):
    """A server that speaks the OpenAI protocol. Written in a pool file as `[provider.NAME]`.

    Attributes:
        base_url: of the API, usually ending in `/v1`; or `$NAME`, an environment variable that holds it, so
            that a run can go on at another address.
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
    if not _VARIABLE.fullmatch(provider.base_url):
        _check_address(provider.base_url, place)
    if provider.api_key_env and not _NAME.fullmatch(provider.api_key_env):
        raise PoolError(  # without what was given, which may be the key
            f"{place}: api_key_env is no name of an environment variable (letters, digits and _); put the "
            "key into a variable and its name here"
        )
    _check_numbers(provider, place)
    check_body(provider.body, place)


def address(name: str, provider: Provider) -> str:
    """The base URL of a provider, out of the environment if it lies there.

    Raises:
        PoolError: if it does not, or is none.
    """
    if not _VARIABLE.fullmatch(provider.base_url):
        return provider.base_url
    found = os.environ.get(provider.base_url[1:], "").strip()
    if not found:
        raise PoolError(
            f"provider {name!r} wants its address in the environment variable {provider.base_url[1:]}, "
            "which is not set"
        )
    _check_address(found, f"provider {name!r}: {provider.base_url[1:]}")
    return found


def _check_address(url: str, place: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise PoolError(f"{place}: base_url is {url!r}, expected http(s)://HOST[:PORT]/v1")
    if "@" in parts.netloc or parts.query:
        raise PoolError(f"{place}: base_url must hold no key; name an environment variable by api_key_env")


def _check_numbers(provider: Provider, place: str) -> None:
    for field, least in (("concurrency", 1), ("start", 1), ("retries", 0), ("give_up", 1)):
        if getattr(provider, field) < least:
            raise PoolError(f"{place}: {field} is {getattr(provider, field)}, expected at least {least}")
    for field in ("timeout", "backoff", "patience"):
        if not 0 < getattr(provider, field) < float("inf"):
            raise PoolError(f"{place}: {field} is {getattr(provider, field)}, expected seconds above 0")


def check_body(body: Mapping[str, Any], place: str) -> None:
    """Raise `PoolError` if parameters hold what the client sets itself, or what looks like a key."""
    for key in body:
        if key in RESERVED:
            raise PoolError(f"{place}: body.{key} is set by the client; leave it out")
        if any(word in key.lower() for word in _SECRET):
            raise PoolError(
                f"{place}: body.{key} looks like a key; name an environment variable by api_key_env"
            )
