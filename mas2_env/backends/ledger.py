"""The ledger of a run: every call of a model is one line, and every total is a sum over lines.

A line is written by one `write` on a descriptor opened for appending, so any number of processes may share a
ledger and a kill leaves whole lines. Totals are read from the file, other processes' lines included.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mas2_env.errors import BudgetError, RecordError
from mas2_env.execution.operation import ModelCall

_BLOCK: Final = 1 << 22

UsageSource: TypeAlias = Literal["server", "estimated", "unknown", "none", "kept"]


class Line(Struct, frozen=True, omit_defaults=True):
    """One call: one request to a provider, or one answer that was kept from an earlier one.

    Attributes:
        time: UTC seconds since 1970 when it ended; with `seconds` the only clock in it.
        seconds: how long it took, waiting for its turn left out; of a simulated call, how long it would have.
        query: id of the item; empty where it cannot be known: a policy asked, and not about what it is to
            decide at the moment.
        role: of the system, or the stage of a meta-agent.
        operation: id of the model call.
        attempt: 0, or the number of the retry that a Rectifier ordered.
        retry: 0, or the number of the request among those of this one operation.
        model: name of the backbone in the pool.
        provider: who answered.
        ended: `reply`; a kind of failure; or, of a request that was in vain, what went wrong.
        usage: where the tokens come from: the `server`; `estimated`, where the server's count is missing or
            cannot be; `unknown`, where no answer came, so nothing is charged; `none`, where the provider
            refused, and bills nothing; `kept`, where an answer was taken out of the cache or a recording.
        prompt: tokens, those that the provider had cached included.
        completion: tokens, those of reasoning included.
        reasoning: tokens.
        cached: tokens.
        price: nano-USD at the pool's list price: what the episode is charged.
        billed: nano-USD that are paid: 0 for what was kept, less than the price if cached tokens cost less.
        key: first 8 bytes of the model call's key, as hexadecimal digits: ties the line to a trace.
    """

    time: float
    seconds: float
    query: str
    role: str
    operation: str
    attempt: int
    retry: int
    model: str
    provider: str
    ended: str
    usage: UsageSource
    prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    cached: int = 0
    price: int = 0
    billed: int = 0
    key: str = ""


class Totals(Struct, frozen=True):
    """Sums over the lines of a ledger; money in nano-USD.

    Attributes:
        calls: lines.
        replies: those that ended in a reply.
        failed: requests that were in vain, and failures.
        estimated: those whose tokens were estimated.
        unknown: those of which no usage ever came.
        kept: answers out of the cache or a recording; `kept_price` is their list price.
        prompt: tokens.
        completion: likewise.
        reasoning: likewise.
        cached: likewise.
        price: at list price, all lines.
        billed: what is paid.
    """

    calls: int = 0
    replies: int = 0
    failed: int = 0
    estimated: int = 0
    unknown: int = 0
    kept: int = 0
    kept_price: int = 0
    prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    cached: int = 0
    price: int = 0
    billed: int = 0

    def plus(self, line: Line) -> "Totals":
        """The sums with one more line."""
        kept = line.usage == "kept"
        return Totals(
            self.calls + 1,
            self.replies + (line.ended == "reply"),
            self.failed + (line.ended != "reply"),
            self.estimated + (line.usage == "estimated"),
            self.unknown + (line.usage == "unknown"),
            self.kept + kept,
            self.kept_price + (line.price if kept else 0),
            self.prompt + line.prompt,
            self.completion + line.completion,
            self.reasoning + line.reasoning,
            self.cached + line.cached,
            self.price + line.price,
            self.billed + line.billed,
        )


class Ledger:
    """A ledger that is open for writing; threads may share it.

    Args:
        path: its file; None keeps sums alone.
        max_cost: nano-USD that may be billed, what stands in the file already included; None for any.
    """

    def __init__(self, path: Path | None = None, max_cost: int | None = None) -> None:
        self.path = path
        self.max_cost = max_cost
        self._totals = Totals()
        self._read = 0
        self._file = -1
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[type["Ledger"], tuple[Path | None, int | None]]:
        return (type(self), (self.path, self.max_cost))

    @property
    def totals(self) -> Totals:
        """Sums over all lines so far, those of other processes included."""
        with self._lock:
            self._catch_up()
            return self._totals

    def check(self) -> None:
        """Raise `BudgetError` if all that may be billed has been."""
        if self.max_cost is None:
            return
        billed = self.totals.billed
        if billed >= self.max_cost:
            raise BudgetError(
                f"${usd(billed)} have been billed of the ${usd(self.max_cost)} that --max-cost "
                "allows: no further call is made"
            )

    def add(self, line: Line) -> None:
        """Write a line.

        Raises:
            RecordError: if it cannot be written.
        """
        if self.path is None:
            with self._lock:
                self._totals = self._totals.plus(line)
            return
        data = msgspec.json.encode(line) + b"\n"
        try:
            with self._lock:
                written = os.write(self._open(), data)
            if written != len(data):
                raise OSError(28, os.strerror(28))
        except OSError as error:
            raise RecordError(f"{self.path}: a call cannot be written down: {error.strerror}") from error

    def sync(self) -> None:
        """Have everything on the disk."""
        if self._file >= 0:
            try:
                os.fsync(self._file)
            except OSError as error:
                raise RecordError(f"{self.path}: cannot be synced to the disk: {error.strerror}") from error

    def close(self) -> None:
        """Have everything on the disk and let go of the file if it is open; totals stay, of all processes."""
        if self._file >= 0:
            self._catch_up()
            self.sync()
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> int:
        if self._file < 0:
            assert self.path is not None
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        return self._file

    def _catch_up(self) -> None:
        """Take in what was appended since the last look; a ledger that is not open yet is opened."""
        if self.path is None or (self._file < 0 and self._read):
            return
        while True:
            try:
                file = self._open()
                data = os.pread(file, _BLOCK, self._read)
            except OSError as error:
                raise RecordError(f"{self.path}: cannot be read: {error.strerror}") from error
            whole = data[: data.rfind(b"\n") + 1]
            if not whole:
                return
            self._read += len(whole)
            for line in read_lines(whole, str(self.path)):
                self._totals = self._totals.plus(line)


_decoder = msgspec.json.Decoder(Line)


def read_lines(data: bytes, where: str) -> list[Line]:
    """Lines of a ledger; a half one at its end is left out.

    Raises:
        RecordError: if another one cannot be read.
    """
    whole = data[: data.rfind(b"\n") + 1]
    try:
        return [_decoder.decode(line) for line in whole.splitlines()]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{where}: is damaged: {error}") from None


def read_ledger(path: Path) -> list[Line]:
    """The lines of a ledger file; none if there is no file.

    Raises:
        RecordError: if it cannot be read.
    """
    return list(iterate_ledger(path))


def iterate_ledger(path: Path) -> Iterator[Line]:
    """The lines of a ledger file one by one, as `read_ledger`."""
    try:
        with path.open("rb") as file:
            for data in file:
                yield from read_lines(data, str(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error


def sum_lines(lines: Iterable[Line]) -> Totals:
    """Sums over lines."""
    totals = Totals()
    for line in lines:
        totals = totals.plus(line)
    return totals


def clock(lines: Iterable[Line]) -> Callable[[ModelCall, object], float | None]:
    """How long each model call of a run took, by its key: requests in vain included, pauses between them not.

    Episodes of one item and seed that make the same call share a key: each is said to have taken their mean.
    Of a call that is not among the lines, or whose answer was kept from before, None.
    """
    seconds: dict[str, float] = defaultdict(float)
    calls: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.usage != "kept":
            seconds[line.key] += line.seconds
            calls[line.key] += line.retry == 0
    taken = {key: total / max(1, calls[key]) for key, total in seconds.items()}
    return lambda call, answer: taken.get(call.key[:8].hex())


def usd(nano: int) -> str:
    """Nano-USD as USD: exact, and without an exponent."""
    return f"{Decimal(nano).scaleb(-9).normalize():f}"


def kept_line(line: Line) -> Line:
    """A line for the same answer out of a cache or a recording: at list price, and nothing is billed."""
    return replace(line, usage="kept", billed=0)
