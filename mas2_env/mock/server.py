"""The mock server itself, on aiohttp."""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.mock.answers import Answer, answer, chat_response, draws, fault_of, text_response
from mas2_env.mock.scenario import Scenario

_STATUS: Final = {"rate_limit": 429, "bad_request": 400}
_SERVER_ERRORS: Final = (500, 502, 503)
_LOST: Final = frozenset({"drop", "hang", "half", "garbage", "gone"})
_encode = msgspec.json.Encoder().encode


class Line(Struct, frozen=True):
    """A request as the server's log has it: one JSON line each.

    Attributes:
        number: from 1, in the order in which requests came.
        path: that was asked.
        model: likewise.
        status: of the response; 0 where there was none.
        fault: the misbehaviour, if any; `gone` where the client had left before its answer was ready.
        billed: whether the tokens below are charged to the client; they are 0 if not.
        prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens: billed. Reasoning is part of the
            completion, and what was cached is part of the prompt.
    """

    number: int
    path: str
    model: str
    status: int
    fault: str = ""
    billed: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0


class Mock:
    """A server that plays a scenario.

    Args:
        scenario: what it does.
        log: file to which one line for each request is appended; None keeps the lines in `lines` alone.
        host: to listen on.
        port: to listen on; 0 for any that is free.
        keep: whether `lines` are kept.

    Attributes:
        lines: what was logged so far.

    Example:
        >>> from mas2_env.mock.scenario import Scenario
        >>> from mas2_env.mock.server import Mock
        >>> with Mock(Scenario(latency=0.01)) as server:
        ...     print(server.url.startswith("http://127.0.0.1:"))
        True
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        log: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: bool = True,
    ) -> None:
        self.scenario = (scenario or Scenario()).check()
        self.lines: list[Line] = []
        self.host, self.port = host, port
        self._log = log
        self._keep = keep
        self._file = -1
        self._seen: Counter[bytes] = Counter()
        self._number = 0
        self._open = 0
        self._runner: web.AppRunner | None = None
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        """The base URL that a client is given."""
        return f"http://{self.host}:{self.port}/v1"

    # Starting and stopping.

    async def start(self) -> None:
        """Listen, in the running event loop.

        Raises:
            DataError: if the port or the log cannot be had.
        """
        self._open_log()
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self.host, self.port, backlog=4096).start()
        except OSError as error:
            await self.close()
            raise DataError(f"cannot serve on {self.host}:{self.port}: {error.strerror or error}") from None
        self.port = self._runner.addresses[0][1]

    def _open_log(self) -> None:
        if self._log is not None:
            try:
                self._file = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            except OSError as error:
                raise DataError(f"{self._log}: the log cannot be written: {error.strerror}") from None

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await asyncio.sleep(0)  # a connection accepted just now is not yet the runner's to close
            await self._runner.cleanup()
            self._runner = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "Mock":
        ready = threading.Event()
        failed: list[BaseException] = []

        async def serve() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            self._stop = lambda: loop.call_soon_threadsafe(stop.set)
            try:
                await self.start()
            except DataError as error:
                failed.append(error)
                return
            finally:
                ready.set()
            await stop.wait()
            await self.close()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        ready.wait()
        if failed:
            self._thread.join()
            raise failed[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        assert self._thread is not None
        self._thread.join()

    # Requests.

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        names = self.scenario.models or ("mock",)
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "mas2"} for name in names]
        return web.json_response({"object": "list", "data": data})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self._number += 1
        number = self._number
        try:
            body = msgspec.json.decode(raw, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return self._refuse(number, request.path, "", 400, f"the body is no JSON object: {error}")
        model = str(body.get("model", ""))
        refused = self._refusal(request, body, model)
        if refused is not None:
            return self._refuse(number, request.path, model, *refused)
        body_id = blake2b(raw, digest_size=12).digest()
        self._seen[body_id] += 1
        seen = draws(self.scenario.seed, body_id.hex(), self._seen[body_id])
        self._open += 1
        try:
            return await self._play(request, body, number, next(seen), next(seen))
        finally:
            self._open -= 1

    def _refusal(self, request: web.Request, body: dict[str, Any], model: str) -> tuple[int, str] | None:
        scenario = self.scenario
        if scenario.key and request.headers.get("Authorization") != f"Bearer {scenario.key}":
            return 401, "the API key is wrong"
        if scenario.models and model not in scenario.models:
            return 404, f"the model {model!r} does not exist"
        if body.get("stream"):
            return 400, "streaming is not offered"
        if scenario.concurrency and self._open >= scenario.concurrency:
            return 429, "too many requests at once"
        return None

    async def _play(
        self, request: web.Request, body: dict[str, Any], number: int, draw: float, pace: float
    ) -> web.StreamResponse:
        scenario = self.scenario
        fault = fault_of(scenario.faults, draw)
        if scenario.die_after and number > scenario.die_after:
            fault = "drop"
        model = str(body.get("model", ""))
        if fault in ("rate_limit", "bad_request", "server_error"):
            await asyncio.sleep(scenario.latency / 2)
            status = _STATUS.get(fault) or _SERVER_ERRORS[int(pace * len(_SERVER_ERRORS))]
            return self._refuse(number, request.path, model, status, f"injected {fault}", fault)
        given = answer(scenario, body)
        seconds = scenario.latency * (1 + scenario.jitter * (2 * pace - 1))
        if scenario.tokens_per_second:
            seconds += given.completion_tokens / scenario.tokens_per_second
        await asyncio.sleep(scenario.hang_seconds if fault == "hang" else seconds)
        if not fault and (request.transport is None or request.transport.is_closing()):
            fault = "gone"
        billed = given if fault not in _LOST or scenario.bill_lost else None
        self._note(number, request.path, model, 200, fault, billed)
        if fault in ("drop", "hang", "gone"):
            return _cut(request, web.Response())
        make = chat_response if request.path.endswith("/chat/completions") else text_response
        data = _encode(make(given, body, number, fault))
        if fault == "garbage":
            data = b"<html>" + data[: len(data) // 2]
        if fault in ("half", "drip"):
            return await self._in_pieces(request, data, fault)
        return web.Response(body=data, content_type="application/json")

    async def _in_pieces(self, request: web.Request, data: bytes, fault: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(data)
        pieces = [data[i : i + len(data) // 16 + 1] for i in range(0, len(data), len(data) // 16 + 1)]
        try:
            await response.prepare(request)
            if fault == "half":
                await response.write(data[: len(data) // 2])
                return _cut(request, response)
            for piece in pieces:
                await response.write(piece)
                await asyncio.sleep(self.scenario.drip_seconds / len(pieces))
            await response.write_eof()
        except ConnectionResetError:  # the client did not wait
            pass
        return response

    def _refuse(
        self, number: int, path: str, model: str, status: int, message: str, fault: str = ""
    ) -> web.Response:
        self._note(number, path, model, status, fault, None)
        headers = {"Retry-After": f"{self.scenario.retry_after:g}"} if status == 429 else {}
        body = {"error": {"message": message, "type": "mock", "code": fault or None}}
        return web.json_response(body, status=status, headers=headers)

    def _note(
        self, number: int, path: str, model: str, status: int, fault: str, billed: Answer | None
    ) -> None:
        tokens = () if billed is None else (
            billed.prompt_tokens, billed.completion_tokens, billed.reasoning_tokens, billed.cached_tokens
        )  # fmt: skip
        status = 0 if fault in ("drop", "hang", "gone") else status
        line = Line(number, path, model, status, fault, billed is not None, *tokens)
        if self._keep:
            self.lines.append(line)
        if self._file >= 0:
            os.write(self._file, _encode(line) + b"\n")


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Close the connection as a server does that dies."""
    if request.transport is not None:
        request.transport.abort()
    return response
