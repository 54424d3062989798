"""What a mock server does: a TOML file, or options, as data."""

import math
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean

DRAWN: Final = "{draw}"
"""Stands for a seeded digit in the text of a reply."""

_AMOUNTS: Final = (
    "latency",
    "tokens_per_second",
    "concurrency",
    "retry_after",
    "hang_seconds",
    "drip_seconds",
    "die_after",
)


class Faults(Struct, frozen=True, forbid_unknown_fields=True):
    """Share of requests that meet each misbehaviour; a request meets at most one.

    Attributes:
        rate_limit: 429 with `Retry-After`.
        server_error: 500, 502 or 503.
        bad_request: 400.
        drop: the connection is closed without an answer.
        hang: no answer for `hang_seconds`, then the connection is closed.
        half: half of the body, then the connection is closed.
        garbage: status 200 with a body that is no JSON.
        empty: status 200 with a body of JSON that has no choices.
        drip: the whole answer, in pieces over `drip_seconds`.
        no_usage: the answer without its usage.
        wrong_usage: the answer with a usage that cannot be.
        filtered: the answer cut off by a content filter.
    """

    rate_limit: float = 0.0
    server_error: float = 0.0
    bad_request: float = 0.0
    drop: float = 0.0
    hang: float = 0.0
    half: float = 0.0
    garbage: float = 0.0
    empty: float = 0.0
    drip: float = 0.0
    no_usage: float = 0.0
    wrong_usage: float = 0.0
    filtered: float = 0.0


class ReplyRule(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to the requests that it fits; the first rule that fits is used.

    Attributes:
        match: regular expression that is searched in the prompt (all messages, a line apart).
        model: only for this model, if given.
        texts: one of them is answered, by a draw of the prompt; `{draw}` in it stands for a digit.
        tool: this tool is called first, if it is offered.
        arguments: of that call, as JSON text.
        tool_calls: how often it is called before the text is given.
        reasoning_tokens: added to the completion, and named in the usage.
    """

    match: str = ""
    model: str = ""
    texts: tuple[str, ...] = (f"Answer: {DRAWN}",)
    tool: str = ""
    arguments: str = "{}"
    tool_calls: int = 1
    reasoning_tokens: int = 0


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """What a mock server does.

    Attributes:
        seed: of every draw. A draw depends on the request's body and on how often that body was seen, so
            a request that is tried again meets another draw, whatever the order in which requests come.
        latency: seconds before an answer begins.
        jitter: share of the latency that varies: it is drawn from latency x (1 ± jitter).
        tokens_per_second: speed of generation, which adds to the latency; 0 for at once.
        concurrency: requests in progress beyond which others meet 429; 0 for no such limit.
        retry_after: seconds named in `Retry-After`.
        hang_seconds: how long a request hangs.
        drip_seconds: how long a slow answer takes.
        die_after: requests after which every connection is closed without an answer; 0 for never.
        cached: share of the prompt's tokens that the usage says were cached.
        bill_lost: whether answers that are not delivered (drop, hang, half, garbage) are billed.
        models: names that are served; any, if empty.
        key: the bearer token that is asked for; none, if empty.
        faults: shares of misbehaviour.
        reply: rules for answers.
    """

    seed: int = 0
    latency: float = 0.0
    jitter: float = 0.0
    tokens_per_second: float = 0.0
    concurrency: int = 0
    retry_after: float = 1.0
    hang_seconds: float = 60.0
    drip_seconds: float = 2.0
    die_after: int = 0
    cached: float = 0.0
    bill_lost: bool = False
    models: tuple[str, ...] = ()
    key: str = ""
    faults: Faults = Faults()
    reply: tuple[ReplyRule, ...] = ()

    def check(self, where: str = "scenario") -> "Scenario":
        """The scenario, if it can be played; `where` names it in errors.

        Raises:
            DataError: naming the value and what was expected.
        """
        shares = msgspec.structs.asdict(self.faults)
        for name, value in [*shares.items(), ("cached", self.cached), ("jitter", self.jitter)]:
            if not 0.0 <= value <= 1.0:
                raise DataError(f"{where}: {name} is {value}, expected a share from 0 to 1")
        if sum(shares.values()) > 1.0 + 1e-9:
            raise DataError(f"{where}: the faults add up to {sum(shares.values()):g}, expected at most 1")
        for name in _AMOUNTS:
            if not 0 <= getattr(self, name) < math.inf:
                raise DataError(f"{where}: {name} is {getattr(self, name)}, expected a number from 0")
        for rule in self.reply:
            if not rule.texts:
                raise DataError(f"{where}: the rule for {rule.match!r} has no texts, expected at least one")
            try:
                re.compile(rule.match)
            except re.error as error:
                raise DataError(f"{where}: {rule.match!r} is no regular expression: {error}") from None
        return self


def load_scenario(path: Path) -> Scenario:
    """A scenario from its TOML file.

    Raises:
        DataError: if it cannot be read, with what was expected.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a TOML file: {error}") from None
    _check_keys(raw, Scenario, str(path))
    _check_keys(raw.get("faults"), Faults, f"{path}: faults")
    rules = raw.get("reply")
    for number, rule in enumerate(rules if isinstance(rules, list) else (), start=1):
        _check_keys(rule, ReplyRule, f"{path}: reply {number}")
    try:
        return msgspec.convert(raw, Scenario, strict=False).check(str(path))
    except msgspec.ValidationError as error:
        raise DataError(f"{path}: {error}") from None


def _check_keys(raw: object, struct: type[Struct], where: str) -> None:
    known = struct.__struct_fields__
    for key in raw if isinstance(raw, dict) else ():
        if key not in known:
            hint = did_you_mean(key, known) or ";"
            raise DataError(f"{where}: unknown key {key!r}{hint} keys are {', '.join(known)}")


TEMPLATE: Final = '{"roles": [{"name": "solver", "prompt": "Think step by step."}], "output": "solver"}'
DECISIONS: Final = (
    ReplyRule(match=r"Stage 1 of 3, generate", texts=(TEMPLATE,)),
    ReplyRule(match=r"Stage 3 of 3, rectify", texts=('{"edits": []}',)),
)
"""What a meta-agent that asks is answered where the scenario has no rules: the plainest of systems."""
