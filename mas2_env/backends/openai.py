"""Real models behind any server that speaks the OpenAI protocol.

The pool file says where each backbone is served (`mas2_env.providers`). Requests go through the `openai`
client with its aiohttp transport; how many at once, when again, and what they cost is decided here. Needs the
extra `models`.
"""

import asyncio
import hashlib
import time
import weakref
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mas2_env.backends.base import Pace
from mas2_env.backends.chat import ChatBackend, Portal
from mas2_env.backends.lines import line_of
from mas2_env.backends.prompt import Prompt, wire_messages, wire_tools
from mas2_env.backends.rendering import wordings
from mas2_env.backends.response import Unusable, read_response
from mas2_env.backends.seat import Seat
from mas2_env.backends.trouble import Trouble, trouble_of_status
from mas2_env.backends.usage import Tokens
from mas2_env.descriptors import make_room
from mas2_env.errors import Breakdown, Halt, PluginError, PoolError, ProviderDown, ProviderError
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import Pool
from mas2_env.providers import Route, address

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    _Clients = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, AsyncOpenAI]]

_LONGEST_PAUSE: Final = 60.0
_NOTHING: Final = Tokens(0, 0, 0, 0, "none")
_UNKNOWN: Final = Tokens(0, 0, 0, 0, "unknown")
_encode = msgspec.json.Encoder().encode


class OpenAI(ChatBackend):
    """Asks the servers that a pool names.

    Args:
        pool: with providers.

    Attributes:
        digest: of the wordings that roles are told; the servers and their parameters are in the pool's.

    Raises:
        PoolError: if the pool names no provider.
    """

    pace: Pace = "waits"

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        if not pool.providers:
            raise PoolError(
                f"pool {pool.name!r} names no provider; add [provider.NAME] with base_url to its file "
                "(and api_key_env, if the server wants a key)"
            )
        self.digest = hashlib.sha256(f"chat/{wordings().version}".encode()).hexdigest()
        self._seats = {name: Seat(name, provider) for name, provider in pool.providers.items()}
        self._clients: _Clients = weakref.WeakKeyDictionary()
        self._portal = Portal(partial(_close, self._clients))

    def __reduce__(self) -> tuple[type["OpenAI"], tuple[Pool], dict[str, Any]]:
        return (type(self), (self.pool,), {"ledger": self.ledger})

    def prepare(self) -> None:
        """Look whether the client is installed and every key is in the environment.

        Raises:
            PluginError: if the extra is missing.
            PoolError: if a key is, or the system has no room for so many connections.
        """
        try:
            import aiohttp  # noqa: F401
            import openai  # noqa: F401
        except ModuleNotFoundError as error:
            raise PluginError(
                f"the backend 'openai' needs {error.name!r}: pip install 'mas2-env[models]'"
            ) from None
        used = dict.fromkeys(route.provider for route in self.pool.routes.values())
        wanted = sum(self._seats[name].provider.concurrency for name in used)
        room = make_room(wanted)
        if room < wanted:
            raise PoolError(
                f"the providers' concurrency adds up to {wanted}, and this system has room for {room} "
                "connections of one process: lower it, or raise the limit of open files (ulimit -n)"
            )
        for name in used:
            seat = self._seats[name]
            address(name, seat.provider)
            if seat.provider.api_key_env and not seat.key:
                raise PoolError(
                    f"provider {name!r} wants its key in the environment variable "
                    f"{seat.provider.api_key_env}, which is not set"
                )
            if not (seat.key.isascii() and seat.key.isprintable()):
                raise PoolError(
                    f"provider {name!r}: the key in {seat.provider.api_key_env} holds characters that cannot "
                    "be sent in a header"
                )

    def share(self, processes: int) -> None:
        """Take a process's share of each provider's bound on calls under way, one call at least."""
        for seat in self._seats.values():
            seat.share(processes)

    @property
    def peaks(self) -> dict[str, int]:
        """Most calls under way at once so far, by provider."""
        return {name: seat.limiter.peak for name, seat in self._seats.items()}

    # Requests.

    def parameters(self, backbone: str) -> dict[str, Any]:
        """The model's name on its server and the parameters that requests carry."""
        route, seat = self._reach(backbone)
        asked = {"logprobs": True} if seat.provider.logprobs else {}
        return {"model": route.model, **seat.provider.body, **route.body, **asked}

    def _reach(self, backbone: str) -> tuple[Route, Seat]:
        route = self.pool.routes.get(backbone)
        if route is None:
            raise PoolError(f"pool {self.pool.name!r} has no backbone {backbone!r}")
        return route, self._seats[route.provider]

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """What is sent for a request."""
        provider = self._reach(prompt.backbone)[1].provider
        body = {**self.parameters(prompt.backbone), "messages": wire_messages(prompt.messages)}
        if prompt.tools:
            body["tools"] = wire_tools(prompt.tools)
            if prompt.closed:
                body["tool_choice"] = "none"
        if prompt.schema is not None and provider.structured == "json_schema":
            schema = {"name": "decision", "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif prompt.schema is not None and provider.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        if provider.seed:
            body["seed"] = prompt.sample & 0x7FFFFFFF
        return body

    def chat(self, prompts: Sequence[Prompt]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every request, in order, for callers without an event loop."""
        return self._portal.run(self._all(prompts))

    async def _all(self, prompts: Sequence[Prompt]) -> list[Reply | Failure | Breakdown]:
        return await asyncio.gather(*(self._caught(prompt) for prompt in prompts))

    async def _caught(self, prompt: Prompt) -> Reply | Failure | Breakdown:
        try:
            return await self.achat(prompt)
        except Breakdown as breakdown:
            return breakdown

    async def achat(self, prompt: Prompt) -> Reply | Failure:
        """Answer a request, trying again within bounds.

        The tokens of the answer are those of all attempts together: whoever asks pays for each.

        Raises:
            ProviderError: if all attempts were in vain.
            ProviderDown: if the provider refuses the key or the model, or call after call was in vain.
            BudgetError: if the money is spent.
        """
        _, seat = self._reach(prompt.backbone)
        body = self.body(prompt)
        data = _encode(body)
        most = body.get("max_completion_tokens") or body.get("max_tokens")
        most = most if type(most) is int else self.pool[prompt.backbone].context
        return await _Call(self, seat, prompt, data, most).perform()

    def client(self, name: str) -> "AsyncOpenAI":
        """The client of a provider in the running event loop."""
        clients = self._clients.setdefault(asyncio.get_running_loop(), {})
        client = clients.get(name)
        if client is None:
            client = clients[name] = self._make(self._seats[name])
        return client

    def _make(self, seat: Seat) -> "AsyncOpenAI":
        import httpx2
        from openai import AsyncOpenAI, DefaultAioHttpClient

        provider = seat.provider
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=15.0)
        return AsyncOpenAI(
            api_key=seat.key or "none",
            base_url=address(seat.name, provider),
            max_retries=0,
            timeout=provider.timeout,
            organization="",
            project="",
            http_client=DefaultAioHttpClient(limits=limits, timeout=provider.timeout),
        )

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await _close(self._clients)


async def _close(clients: "_Clients") -> None:
    for client in clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()


class _Call:
    """One request with its attempts."""

    def __init__(self, backend: OpenAI, seat: Seat, prompt: Prompt, data: bytes, most: int) -> None:
        self.backend = backend
        self.seat = seat
        self.prompt = prompt
        self.data = data
        self.most = most
        self.requests = 0
        self.spent = [0, 0, 0]
        self.draw: Random | None = None

    async def perform(self) -> Reply | Failure:
        """See `OpenAI.achat`."""
        provider, failed, begin = self.seat.provider, 0, time.monotonic()
        while True:
            try:
                answer = await self.attempt()
            except Trouble as trouble:
                pause = self.pause(failed, trouble.after)
                if trouble.remedy == "fail":
                    return Failure(trouble.kind, str(trouble), *self.spent)
                if trouble.remedy == "halt":
                    raise ProviderDown(
                        f"provider {self.seat.name!r}: {trouble}{self.asked(trouble)}"
                    ) from None
                if trouble.remedy == "wait":
                    if time.monotonic() + pause - begin > provider.patience:
                        raise self.lost(f"{trouble}, for {provider.patience:g} s") from None
                else:
                    failed += 1
                    if trouble.remedy == "give up" or failed > provider.retries:
                        raise self.lost(f"{trouble} (request {self.requests} for this call)") from None
                await asyncio.sleep(pause)
            else:
                self.seat.lost = 0
                prompt, completion, reasoning = self.spent
                return msgspec.structs.replace(
                    answer, prompt_tokens=prompt, completion_tokens=completion, reasoning_tokens=reasoning
                )

    def lost(self, message: str) -> ProviderError | ProviderDown:
        """What to raise for a call that is given up."""
        self.seat.lost += 1
        text = f"provider {self.seat.name!r}: {message}"
        if self.seat.lost < self.seat.provider.give_up:
            return ProviderError(text)
        return ProviderDown(f"{text}; that was call {self.seat.lost} in a row that failed beyond its retries")

    def asked(self, trouble: Trouble) -> str:
        """What was asked and where, if that is what can be wrong."""
        if trouble.ended != "status 404":
            return ""
        model = self.backend.parameters(self.prompt.backbone)["model"]
        url = address(self.seat.name, self.seat.provider).rstrip("/")
        hint = "" if url.endswith("/v1") else " (base_url usually ends in /v1)"
        return f"; the model {model!r} was asked for at {url}/chat/completions{hint}"

    def pause(self, failed: int, after: float | None) -> float:
        """Seconds before the next attempt: exponential with full jitter of the upper half, seeded."""
        if self.draw is None:
            self.draw = Random(self.prompt.sample)
        wait: float = min(self.seat.provider.backoff * 2**failed, _LONGEST_PAUSE)
        wait *= 0.5 + 0.5 * self.draw.random()
        return wait if after is None else after + wait * 0.5

    async def attempt(self) -> Reply | Failure:
        """One request to the server, and its line in the ledger."""
        limiter = self.seat.limiter
        since = await self.admitted()
        begin = time.monotonic()
        ended, tokens = "cancelled", _UNKNOWN
        try:
            try:
                answer, tokens = read_response(await self.post(), self.data, self.most)
            except Unusable as error:
                raise Trouble(str(error), "retry", "unusable", tokens=error.tokens) from None
            limiter.succeeded()
            ended = answer.kind if isinstance(answer, Failure) else "reply"
            return answer
        except Trouble as trouble:
            ended = trouble.ended
            tokens = trouble.tokens or (_NOTHING if trouble.answered else _UNKNOWN)
            if trouble.remedy == "wait":
                limiter.refused(since, trouble.after or 0.0)
            raise
        finally:
            limiter.release()
            self.spent[0] += tokens.prompt
            self.spent[1] += tokens.completion
            self.spent[2] += tokens.reasoning
            self.requests += 1
            if self.backend.ledger is not None:
                self.backend.ledger.add(
                    line_of(
                        self.prompt,
                        self.backend.pool,
                        tokens,
                        ended,
                        seconds=time.monotonic() - begin,
                        provider=self.seat.name,
                        retry=self.requests - 1,
                    )
                )

    async def admitted(self) -> float:
        """Wait for a turn at the provider; returns when it came. Nothing is sent once the money is spent."""
        since = await self.seat.limiter.acquire()
        try:
            if self.backend.ledger is not None:
                self.backend.ledger.check()
        except Halt:
            self.seat.limiter.release()
            raise
        return since

    async def post(self) -> bytes:
        """The body of the response to one request."""
        import httpx2
        from openai import APIConnectionError, APIStatusError

        client, provider, scrub = self.backend.client(self.seat.name), self.seat.provider, self.seat.scrub
        try:
            async with asyncio.timeout(provider.timeout):
                response = await client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    content=self.data,
                    options={"headers": {"Content-Type": "application/json"}},
                )
                return self.seat.scrub_bytes(await response.aread())
        except APIStatusError as error:
            text = scrub(error.response.text)
            raise trouble_of_status(
                error.status_code, error.response.headers, error.body, _said(error.body, text, scrub)
            ) from None
        except (TimeoutError, httpx2.TimeoutException):
            raise Trouble(f"no answer within {provider.timeout:g} s", "retry", "timeout") from None
        except (APIConnectionError, httpx2.HTTPError, OSError) as error:
            cause = error.__cause__ or error
            said = scrub(str(cause) or type(cause).__name__)
            raise Trouble(f"connection failed: {said}", "retry", "connection") from None
        except Exception as error:  # whatever else a client raises, perhaps with the key in it
            said = scrub(f"{type(error).__name__}: {error}")
            raise Trouble(f"the request cannot be sent: {said}", "give up", "unsent", answered=True) from None


def _said(body: object, text: str, scrub: Any) -> str:
    """The server's own words: the message of its error if it sent one, else the text of the response."""
    error = body.get("error", body) if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return scrub(message) if isinstance(message, str) and message else text
