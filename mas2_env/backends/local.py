"""Real models that run in this process: what the backends `transformers` and `vllm` share.

All requests that are ready come at once; each engine of the pool is given all of its own, as tokens, and its
replies are read as a server's are (`mas2_env.backends.response`). Tokens are counted, not estimated.
"""

import hashlib
import time
from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import msgspec
from msgspec import Struct

from mas2_env.backends.base import Pace
from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.lines import line_of
from mas2_env.backends.prompt import Prompt, wire_messages, wire_tools
from mas2_env.backends.rendering import wordings
from mas2_env.backends.response import Unusable, read_response
from mas2_env.backends.speech import Speech, read_speech
from mas2_env.backends.usage import Tokens
from mas2_env.engines import Engine, EngineRoute, Sampling, check_weights, read_sampling
from mas2_env.errors import Breakdown, Mas2Error, PluginError, PoolError, ProviderDown, ProviderError
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import Pool, did_you_mean

_WHOLE: Final = 64 << 20
_ENDS: Final = 1 << 20
_NOTHING: Final = Tokens(0, 0, 0, 0, "none")


class Ask(Struct, frozen=True):
    """What an engine is asked.

    Attributes:
        tokens: of the prompt.
        sampling: how to draw the reply.
        most: completion tokens that the context has room for, `sampling.max_tokens` at most.
        seed: of the draws.
        adapter: folder or name of the LoRA adapter; empty for none.
        schema: JSON schema that the reply is held to, where the engine can.
        logprobs: whether log-probabilities are wanted.
    """

    tokens: list[int]
    sampling: Sampling
    most: int
    seed: int
    adapter: str = ""
    schema: dict[str, Any] | None = None
    logprobs: bool = False


class Said(Struct, frozen=True):
    """What an engine wrote.

    Attributes:
        text: without special tokens.
        tokens: the completion, the token that ends it included.
        cut: whether it ended because there was no more room.
        logprobs: of the tokens, natural logarithms.
        cached: prompt tokens that the engine had in its cache.
    """

    text: str
    tokens: Sequence[int]
    cut: bool
    logprobs: tuple[float, ...] = ()
    cached: int = 0


class Running(Protocol):
    """A loaded model."""

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer, as the library `transformers` has it."""
        ...

    def generate(self, asks: Sequence[Ask]) -> Sequence[Said | Breakdown]:
        """Write a completion for each."""
        ...


class LocalBackend(ChatBackend):
    """Asks models that are loaded here, the engines of a pool, in full batches.

    A model is loaded when it is first asked for. Pickles as its pool: another process loads its own.

    Args:
        pool: with engines.

    Attributes:
        name: as it is registered.
        needs: modules that must be installed.
        extra: that installs them.
        lacks: sampling parameters that the library has not.

    Raises:
        PoolError: if the pool names no engine.
    """

    pace: Pace = "batches"
    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    extra: ClassVar[str]
    lacks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        if not pool.engine_routes:
            raise PoolError(
                f"pool {pool.name!r} names no engine; add [engine.NAME] with path to its file, and "
                "engine = NAME to its backbones"
            )
        self._running: dict[str, Running] = {}
        self._samplings = {name: self._sampling(name, r) for name, r in pool.engine_routes.items()}

    def __reduce__(self) -> tuple[type["LocalBackend"], tuple[Pool]]:
        return (type(self), (self.pool,))

    def _sampling(self, backbone: str, route: EngineRoute) -> Sampling:
        place = f"pool {self.pool.name!r}: backbone {backbone!r}"
        for field in self.lacks:
            if field in route.body:
                raise PoolError(f"{place}: body.{field} is nothing that the backend {self.name!r} knows")
        return read_sampling(route.body, place)

    @abstractmethod
    def load(self, engine: Engine, adapters: tuple[str, ...], context: int) -> Running:
        """Load a model.

        Args:
            engine: as the pool file describes it.
            adapters: that its backbones use.
            context: tokens that the largest of their contexts holds.
        """

    @property
    def digest(self) -> str:
        """SHA-256 over the wordings, the weights and the adapters; the parameters are in the pool's."""
        parts = [f"local/{self.name}/{wordings().version}"]
        for name, engine in sorted(self.pool.engines.items()):
            parts += [fingerprint(engine.path), engine.revision, *map(fingerprint, self._adapters(name))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def prepare(self) -> None:
        """Look whether the library is installed, and weights and adapters are where they should be.

        Raises:
            PluginError: if the extra is missing.
            PoolError: if a folder is.
        """
        for module in self.needs:
            if find_spec(module) is None:
                raise PluginError(
                    f"the backend {self.name!r} needs {module!r}: pip install 'mas2-env[{self.extra}]'"
                )
        for name, engine in self.pool.engines.items():
            place = f"pool {self.pool.name!r}: engine {name!r}"
            check_weights(engine.path, "config.json", place)
            for adapter in self._adapters(name):
                check_weights(adapter, "adapter_config.json", place)

    def _adapters(self, engine: str) -> tuple[str, ...]:
        routes = [route for route in self.pool.engine_routes.values() if route.engine == engine]
        return tuple(dict.fromkeys(route.adapter for route in routes if route.adapter))

    def parameters(self, backbone: str) -> dict[str, Any]:
        """The model, its adapter, what tells their weights apart, and the sampling parameters."""
        route = self._route(backbone)
        engine = self.pool.engines[route.engine]
        weights = [fingerprint(path) for path in (engine.path, route.adapter) if path]
        told = {"model": engine.path, "revision": engine.revision, "adapter": route.adapter}
        return {**told, "weights": weights, "logprobs": engine.logprobs, **route.body}

    def _route(self, backbone: str) -> EngineRoute:
        route = self.pool.engine_routes.get(backbone)
        if route is None:
            near = did_you_mean(backbone, self.pool.engine_routes)
            raise PoolError(f"pool {self.pool.name!r} has no backbone {backbone!r} with an engine{near}")
        return route

    def _engine(self, name: str) -> Running:
        running = self._running.get(name)
        if running is None:
            routes = self.pool.engine_routes.items()
            context = max(self.pool[backbone].context for backbone, r in routes if r.engine == name)
            try:
                running = self.load(self.pool.engines[name], self._adapters(name), context)
            except Mas2Error:
                raise
            except Exception as error:
                path = self.pool.engines[name].path
                told = " ".join(str(error).split())[:500]
                raise ProviderDown(
                    f"engine {name!r}: {path} cannot be loaded: {type(error).__name__}: {told}"
                ) from error
            if not running.tokenizer.chat_template:
                raise ProviderDown(f"engine {name!r}: the tokenizer of {self.pool.engines[name].path} has no "
                                   "chat template; take the tuned form of the model")  # fmt: skip
            self._running[name] = running
        return running

    # Asking.

    def chat(self, prompts: Sequence[Prompt]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every request, in order: each engine is given all of its own at once.

        Raises:
            BudgetError: if the money is spent; looked at before each batch.
            ProviderDown: if a model cannot be loaded, or its engine is dead.
        """
        if self.ledger is not None:
            self.ledger.check()
        answers: dict[int, Reply | Failure | Breakdown] = {}
        places: dict[str, list[int]] = {}
        for place, prompt in enumerate(prompts):
            places.setdefault(self._route(prompt.backbone).engine, []).append(place)
        for name, own in places.items():
            begin = time.monotonic()
            given = self._ask(self._engine(name), [prompts[place] for place in own])
            seconds = time.monotonic() - begin
            for place, (answer, tokens) in zip(own, given, strict=True):
                answers[place] = answer
                self._note(prompts[place], name, answer, tokens, seconds)
        return [answers[place] for place in range(len(prompts))]

    def _ask(
        self, running: Running, prompts: Sequence[Prompt]
    ) -> list[tuple[Reply | Failure | Breakdown, Tokens]]:
        asks = [self._translate(running.tokenizer, prompt) for prompt in prompts]
        fit = [ask for ask in asks if ask.most > 0]
        said = iter(running.generate(fit) if fit else ())
        end = _end_of_thought(running.tokenizer)
        answers = []
        for prompt, ask in zip(prompts, asks, strict=True):
            if ask.most > 0:
                answers.append(_read(prompt, ask, next(said), end))
            else:
                size, context = len(ask.tokens), self.pool[prompt.backbone].context
                message = f"the prompt of {size} tokens leaves no room in the context of {context}"
                answers.append((Failure("overflow", message), _NOTHING))
        return answers

    def _translate(self, tokenizer: Any, prompt: Prompt) -> Ask:
        route = self._route(prompt.backbone)
        engine, sampling = self.pool.engines[route.engine], self._samplings[prompt.backbone]
        text = tokenizer.apply_chat_template(
            [_template_form(message) for message in wire_messages(prompt.messages)],
            tools=wire_tools(prompt.tools) or None,
            add_generation_prompt=True,
            tokenize=False,
            **sampling.chat_template_kwargs,
        )
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        room = self.pool[prompt.backbone].context - len(tokens)
        schema = prompt.schema if engine.structured else None
        most = min(sampling.max_tokens, room)
        return Ask(tokens, sampling, most, prompt.sample, route.adapter, schema, engine.logprobs)

    def _note(
        self,
        prompt: Prompt,
        engine: str,
        answer: Reply | Failure | Breakdown,
        tokens: Tokens,
        seconds: float,
    ) -> None:
        if self.ledger is None:
            return
        ended = "reply" if isinstance(answer, Reply) else "engine"
        ended = answer.kind if isinstance(answer, Failure) else ended
        self.ledger.add(line_of(prompt, self.pool, tokens, ended, seconds=seconds, provider=engine))


def _template_form(message: dict[str, Any]) -> dict[str, Any]:
    """A message as chat templates want it: arguments of calls as what they are, no content as no text."""
    shown = {**message, "content": message["content"] or ""}
    if "tool_calls" in message:
        call = message["tool_calls"][0]
        function = {**call["function"], "arguments": _decoded(call["function"]["arguments"])}
        shown["tool_calls"] = [{**call, "function": function}]
    return shown


def _decoded(arguments: str) -> Any:
    try:
        value = msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments
    return value if isinstance(value, dict) else arguments


def _end_of_thought(tokenizer: Any) -> int | None:
    token = tokenizer.convert_tokens_to_ids("</think>")
    return None if token is None or token == tokenizer.unk_token_id else int(token)


def _read(
    prompt: Prompt, ask: Ask, said: Said | Breakdown, end: int | None
) -> tuple[Reply | Failure | Breakdown, Tokens]:
    """What was written, read as a server's response is, so that engine and server give the same reply."""
    if isinstance(said, Breakdown):
        return said, _NOTHING
    offered = () if prompt.closed else tuple(tool.name for tool in prompt.tools)
    speech = read_speech(said.text, offered)
    tokens = list(said.tokens)
    details = {"reasoning_tokens": tokens.index(end) + 1} if end in tokens else {}
    response = {
        "choices": [
            {
                "finish_reason": "length" if said.cut else "stop",
                "message": _message(speech),
                "logprobs": {"content": [{"logprob": value} for value in said.logprobs]},
            }
        ],
        "usage": {
            "prompt_tokens": len(ask.tokens),
            "completion_tokens": len(tokens),
            "completion_tokens_details": details,
            "prompt_tokens_details": {"cached_tokens": said.cached},
        },
    }
    try:
        # Nothing bounds a prompt that was counted here but its own length.
        return read_response(msgspec.json.encode(response), bytes(len(ask.tokens)), ask.most)
    except Unusable as error:
        return ProviderError(str(error)), _NOTHING


def _message(speech: Speech) -> dict[str, Any]:
    calls = [{"function": {"name": use.name, "arguments": use.arguments}} for use in speech.uses]
    return {"content": speech.text, "tool_calls": calls}


@cache
def fingerprint(path: str) -> str:
    """What tells the content of a folder of weights from another: SHA-256 over names, sizes and bytes.

    Of a file above 64 MiB the first and the last MiB are taken. A name on the hub stands for itself.
    """
    folder = Path(path)
    if not folder.is_dir():
        return path
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(folder).as_posix()}\n{size}\n".encode())
        with file.open("rb") as data:
            if size <= _WHOLE:
                digest.update(data.read())
            else:
                digest.update(data.read(_ENDS))
                data.seek(size - _ENDS)
                digest.update(data.read())
    return digest.hexdigest()
