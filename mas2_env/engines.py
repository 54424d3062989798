"""Models that run in this process: the engines of a pool file, and which of them each backbone runs on."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.errors import PoolError

_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


class Engine(Struct, frozen=True, forbid_unknown_fields=True):
    """A model that is loaded here. Written in a pool file as `[engine.NAME]`.

    Attributes:
        path: folder of its weights, or its name on the Hugging Face hub.
        revision: of a model on the hub; empty for the newest.
        body: sampling parameters of all its backbones, such as `temperature`.
        logprobs: whether log-probabilities of replies are kept.
        structured: whether a meta-agent's decision is held to its JSON schema, where the engine can.
        batch_tokens: tokens, padding and replies to come included, that the backend `transformers` works on
            at once.
        transformers: further arguments of `AutoModelForCausalLM.from_pretrained`.
        vllm: further arguments of `vllm.LLM`.
    """

    path: str
    revision: str = ""
    body: dict[str, Any] = {}
    logprobs: bool = False
    structured: bool = False
    batch_tokens: int = 16_384
    transformers: dict[str, Any] = {}
    vllm: dict[str, Any] = {}


class EngineRoute(Struct, frozen=True):
    """What a backbone runs on: its engine, its LoRA adapter (empty for none), and its sampling parameters."""

    engine: str
    adapter: str
    body: dict[str, Any] = {}


class Sampling(Struct, frozen=True, forbid_unknown_fields=True):
    """How replies are drawn; None leaves it to the model's own generation config.

    Attributes:
        max_tokens: completion tokens of a reply, at most.
        temperature: 0 takes the likeliest token.
        top_p: probability mass that is drawn from.
        top_k: tokens that are drawn from; 0 for all.
        min_p: probability, relative to the likeliest token's, below which none is drawn.
        repetition_penalty: 1 for none.
        presence_penalty: backend `vllm` alone.
        frequency_penalty: likewise.
        stop: texts at which a reply ends.
        chat_template_kwargs: arguments of the chat template, such as `enable_thinking`.
    """

    max_tokens: int = 2048
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()
    chat_template_kwargs: dict[str, Any] = {}


_BOUNDS: Final = {
    "max_tokens": (1, float("inf")),
    "temperature": (0, 100),
    "top_p": (1e-9, 1),
    "top_k": (0, float("inf")),
    "min_p": (0, 1),
    "repetition_penalty": (1e-9, 100),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}


def read_sampling(body: Mapping[str, Any], place: str) -> Sampling:
    """Sampling parameters as a pool file names them.

    Raises:
        PoolError: if there is one that no engine knows, or a value that cannot be.
    """
    given = dict(body)
    if "max_completion_tokens" in given:
        given.setdefault("max_tokens", given.pop("max_completion_tokens"))
    if isinstance(given.get("stop"), str):
        given["stop"] = [given["stop"]]
    try:
        sampling = msgspec.convert(given, Sampling)
    except msgspec.ValidationError as error:
        raise PoolError(
            f"{place}: body: {error}; known are {', '.join(Sampling.__struct_fields__)}"
        ) from None
    for field, (least, most) in _BOUNDS.items():
        value = getattr(sampling, field)
        if value is not None and not least <= value <= most:
            raise PoolError(f"{place}: body.{field} is {value}, expected from {least:g} to {most:g}")
    return sampling


def check_engine(name: str, engine: Engine, where: str) -> None:
    """Raise `PoolError` if an engine cannot be used as it is described."""
    place = f"{where}: engine {name!r}"
    if engine.batch_tokens < 1:
        raise PoolError(f"{place}: batch_tokens is {engine.batch_tokens}, expected at least 1")
    read_sampling(engine.body, place)


def check_weights(path: str, file: str, place: str) -> None:
    """Look whether a folder holds a file; a name on the hub is taken at its word.

    Raises:
        PoolError: if it does not, or there is neither.
    """
    folder = Path(path)
    if folder.is_dir():
        if not (folder / file).is_file():
            raise PoolError(f"{place}: the folder {path} holds no {file}")
    elif not _HUB_NAME.fullmatch(path):
        raise PoolError(f"{place}: {path!r} is neither a folder nor a name on the hub, such as 'org/model'")
