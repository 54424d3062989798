"""The backend for real models, against a server that misbehaves on order."""

import asyncio
import gc
import pickle
import time

import msgspec
import pytest

from mas2_env.backends.ledger import Ledger, read_ledger
from mas2_env.backends.openai import OpenAI
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.episode import Episode
from mas2_env.errors import Breakdown, PoolError, ProviderDown, ProviderError
from mas2_env.execution.drive import run_async, run_sync
from mas2_env.execution.operation import Failure, Reply
from mas2_env.mock.scenario import Faults, ReplyRule, Scenario
from mas2_env.mock.server import Mock
from mas2_env.pool import parse_pool
from mas2_env.system.model import Assignment, Role, Template, Vote
from mas2_env.task import ToolSpec

POOL = """
name = "served"
reference = "small"

[provider.local]
base_url = "{url}"
backoff = 0.001
timeout = 240
{provider}

[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 8000
{backbone}
"""


def backend_of(server, provider="", backbone="", **files):
    made = OpenAI(parse_pool(POOL.format(url=server.url, provider=provider, backbone=backbone), "pool.toml"))
    made.ledger = Ledger(**files)
    return made


def prompt(text="What is 2 + 2?", sample=1, **changes):
    messages = (ChatMessage("user", text),)
    return Prompt("small", messages, sample, Label("sums/2", "solver", "solver#0@0/0"), **changes)


def billed(server):
    lines = [line for line in server.lines if line.billed]
    return tuple(
        sum(getattr(line, f"{name}_tokens") for line in lines)
        for name in ("prompt", "completion", "reasoning", "cached")
    )


def charged(backend):
    totals = backend.ledger.totals
    return (totals.prompt, totals.completion, totals.reasoning, totals.cached)


def test_a_reply_with_its_usage_in_the_ledger():
    scenario = Scenario(cached=0.5, reply=(ReplyRule(texts=("Answer: 4",), reasoning_tokens=7),))
    with Mock(scenario) as server:
        backend = backend_of(server, backbone="usd_per_million_cached = 0.05")
        (reply,) = backend.chat([prompt()])
    assert reply == Reply("Answer: 4", 8, 10, reasoning_tokens=7)
    totals = backend.ledger.totals
    assert charged(backend) == billed(server) == (8, 10, 7, 4)
    assert totals.price == 8 * 100 + 10 * 400, "an episode is charged the list price"
    assert totals.billed == 4 * 100 + 4 * 50 + 10 * 400, "and cached tokens are billed at theirs"


def test_what_is_sent(tmp_path):
    bodies = []

    class Watched(Mock):
        async def _complete(self, request):
            bodies.append(msgspec.json.decode(await request.read()))
            return await super()._complete(request)

    spec = ToolSpec("add", "Adds.", {"properties": {"a": {"type": "integer"}}})
    with Watched() as server:
        backend = backend_of(
            server,
            'structured = "json_schema"\nseed = true\nlogprobs = true\n'
            "body = { temperature = 0.5, max_tokens = 90 }",
            'model = "org/Model-8B"\nbody = { temperature = 0.7 }',
        )
        (reply,) = backend.chat([prompt(sample=5, tools=(spec,), schema={"type": "object"})])
    assert reply.logprobs
    function = {"name": "add", "description": "Adds.", "parameters": {"type": "object", **spec.parameters}}
    schema = {"name": "decision", "schema": {"type": "object"}}
    assert bodies == [
        {
            "model": "org/Model-8B",
            "temperature": 0.7,
            "max_tokens": 90,
            "logprobs": True,
            "messages": [{"role": "user", "content": "What is 2 + 2?"}],
            "tools": [{"type": "function", "function": function}],
            "response_format": {"type": "json_schema", "json_schema": schema},
            "seed": 5,
        }
    ]


TEAM = Template(
    (Role("a", tools=("add",), copies=2), Role("b"), Role("v", "vote")), (Vote(("a", "b"), "v"),), "v"
)


@pytest.mark.parametrize("drive", [run_sync, lambda e, b: asyncio.run(_driven(e, b))])
def test_an_episode_with_tools(adding, drive):
    rules = (
        ReplyRule(
            match="use the tools|Use the tools",
            tool="add",
            arguments='{"a": 2, "b": 2}',
            texts=("Answer: 4",),
        ),
        ReplyRule(texts=("Answer: 5",)),
    )
    with Mock(Scenario(reply=rules)) as server:
        backend = backend_of(server)
        episode = Episode(adding.item(2), backend.pool)
        episode.decide(TEAM)
        episode.decide(Assignment({"a": "small", "b": "small"}))
        drive(episode, backend)
    assert (episode.outcome.kind, episode.outcome.answer) == ("success", "4")
    assert episode.outcome.model_calls == 5
    assert episode.outcome.cost == backend.ledger.totals.price
    assert (episode.outcome.prompt_tokens, episode.outcome.completion_tokens) == billed(server)[:2]


async def _driven(episode, backend):
    await run_async(episode, backend)
    await backend.aclose()


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "drop", "half", "garbage", "empty", "drip"])
def test_misbehaviour_that_is_got_over(fault):
    scenario = Scenario(faults=Faults(**{fault: 0.5}), retry_after=0.01, drip_seconds=0.02)
    with Mock(scenario) as server:
        backend = backend_of(server, "retries = 20")
        replies = backend.chat([prompt(f"question {i}", i) for i in range(30)])
    assert all(isinstance(reply, Reply) for reply in replies)
    assert len(server.lines) == backend.ledger.totals.calls > (30 if fault != "drip" else 29)
    assert charged(backend) == billed(server)
    assert sum(r.prompt_tokens for r in replies) == billed(server)[0], "retries are charged to the episode"


def test_the_tokens_of_each_attempt_are_charged():
    with Mock(Scenario(faults=Faults(empty=0.6))) as server:
        backend = backend_of(server, "retries = 50")
        (reply,) = backend.chat([prompt("a question")])
    attempts = len(server.lines)
    assert attempts > 1
    one = server.lines[0]
    assert (reply.prompt_tokens, reply.completion_tokens) == (
        attempts * one.prompt_tokens,
        attempts * one.completion_tokens,
    )


@pytest.mark.parametrize("fault", ["no_usage", "wrong_usage"])
def test_usage_that_is_missing_or_cannot_be_is_estimated(fault):
    with Mock(Scenario(faults=Faults(**{fault: 1.0}), reply=(ReplyRule(texts=("Answer: 4",)),))) as server:
        backend = backend_of(server)
        (reply,) = backend.chat([prompt()])
    assert backend.ledger.totals.estimated == 1
    assert (reply.text, reply.completion_tokens) == ("Answer: 4", 3)
    assert 15 < reply.prompt_tokens < 30


def test_a_call_beyond_its_deadline():
    with Mock(Scenario(faults=Faults(hang=1.0), hang_seconds=3600)) as server:
        backend = backend_of(server, "retries = 1").pool
        backend = OpenAI(msgspec.structs.replace(backend, providers={
            "local": msgspec.structs.replace(backend.providers["local"], timeout=0.1)
        }))  # fmt: skip
        backend.ledger = Ledger()
        begin = time.monotonic()
        (answer,) = backend.chat([prompt()])
        assert time.monotonic() - begin >= 0.2
        assert isinstance(answer, ProviderError)
        assert str(answer) == "provider 'local': no answer within 0.1 s (request 2 for this call)"
        assert backend.ledger.totals.unknown == 2


def test_beyond_its_retries_an_episode_is_void(adding):
    with Mock(Scenario(faults=Faults(server_error=1.0))) as server:
        backend = backend_of(server, "retries = 2")
        episode = Episode(adding.item(2), backend.pool)
        episode.decide(Template((Role("s"),), output="s"))
        episode.decide(Assignment({"s": "small"}))
        run_sync(episode, backend)
    assert episode.outcome.kind == "void"
    assert episode.outcome.reason.startswith("provider 'local': status 50")
    assert episode.outcome.reason.endswith("injected server_error (request 3 for this call)")
    assert len(server.lines) == 3


def test_a_provider_that_is_down_ends_the_run():
    with Mock(Scenario(die_after=1)) as server:
        backend = backend_of(server, "retries = 0\ngive_up = 3")
        assert isinstance(backend.chat([prompt()])[0], Reply)
        assert isinstance(backend.chat([prompt()])[0], Breakdown)
        assert isinstance(backend.chat([prompt()])[0], Breakdown)
        with pytest.raises(ProviderDown, match="that was call 3 in a row that failed beyond its retries"):
            backend.chat([prompt()])


def test_nobody_listens():
    with Mock() as server:
        backend = backend_of(server, "retries = 1")
    (answer,) = backend.chat([prompt()])
    assert isinstance(answer, ProviderError)
    assert "connection failed" in str(answer)


def test_requests_that_the_server_refuses_for_good(monkeypatch):
    overflow = Failure("overflow", "status 413: too long")
    with (
        Mock(Scenario(models=("other",))) as server,
        pytest.raises(ProviderDown, match="'small' does not exist"),
    ):
        backend_of(server).chat([prompt()])
    with Mock() as server:
        text = POOL.format(url=server.url.replace("/v1", "/v2"), provider="", backbone="")
        with pytest.raises(
            ProviderDown, match=r"for at http://.*/v2/chat/completions \(base_url usually ends in /v1"
        ):
            OpenAI(parse_pool(text, "pool.toml")).chat([prompt()])
    with Mock(Scenario(faults=Faults(bad_request=1.0))) as server:
        (answer,) = backend_of(server).chat([prompt()])
        assert str(answer) == "provider 'local': status 400: injected bad_request (request 1 for this call)"
        assert len(server.lines) == 1, "what is wrong with a request stays wrong"
    assert overflow.kind == "overflow"


def test_the_limit_adapts_to_a_server_that_bears_little():
    with Mock(Scenario(latency=0.01, concurrency=6, retry_after=0.01)) as server:
        backend = backend_of(server, "start = 2\nconcurrency = 64")
        replies = backend.chat([prompt(f"q{i}", i) for i in range(120)])
    assert all(isinstance(reply, Reply) for reply in replies)
    refused = sum(line.status == 429 for line in server.lines)
    assert refused < 60
    assert backend.ledger.totals.replies == 120
    assert charged(backend) == billed(server)


def test_processes_share_what_a_provider_bears():
    with Mock(Scenario(latency=0.005)) as server:
        backend = backend_of(server, "start = 8\nconcurrency = 13")
        for processes, calls in ((1, 13), (6, 2), (20, 1)):
            backend.share(processes)
            backend.chat([prompt(f"q{i}", i) for i in range(40)])
            assert backend.peaks == {"local": calls}


SECRET = "sk-very-secret-123"


@pytest.fixture
def keyed(monkeypatch):
    monkeypatch.setenv("SERVED_KEY", SECRET)
    return 'api_key_env = "SERVED_KEY"'


def test_keys_come_from_the_environment(keyed, monkeypatch):
    with Mock(Scenario(key=SECRET)) as server:
        backend = backend_of(server, keyed)
        backend.prepare()
        assert isinstance(backend.chat([prompt()])[0], Reply)
        monkeypatch.delenv("SERVED_KEY")
        with pytest.raises(PoolError, match="environment variable SERVED_KEY, which is not set"):
            backend.prepare()


def test_no_key_is_ever_written_down(keyed, tmp_path):
    class Telltale(Mock):
        """Says the key in its error, as some servers do."""

        def _refusal(self, request, body, model):
            return 400, f"bad request with {request.headers['Authorization']}"

    with Telltale() as server:
        backend = backend_of(server, keyed, path=tmp_path / "ledger.jsonl")
        (answer,) = backend.chat([prompt()])
    assert "bad request with Bearer [key]" in str(answer)
    assert SECRET not in f"{answer!r}{backend!r}{vars(backend)}{backend.pool!r}"
    assert SECRET.encode() not in pickle.dumps(backend)
    assert len(read_ledger(tmp_path / "ledger.jsonl")) == 1
    assert SECRET not in (tmp_path / "ledger.jsonl").read_text()
    backend.ledger.close()


@pytest.mark.parametrize("where", ["content", "refusal", "error"])
def test_a_key_that_a_server_repeats_in_a_response_is_taken_out(keyed, monkeypatch, where):
    def repeat(given, body, number, fault):
        if where == "error":
            return {"error": {"message": f"bad {SECRET}"}}
        message = {"role": "assistant", "content": "", where: f"the key is {SECRET}"}
        return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {}}

    monkeypatch.setattr("mas2_env.mock.server.chat_response", repeat)
    with Mock() as server:
        (answer,) = backend_of(server, f"{keyed}\nretries = 0").chat([prompt()])
    assert "[key]" in repr(answer)
    assert SECRET not in repr(answer)


@pytest.mark.parametrize("key", ["sk-one\nsk-two", "sk-schlüssel"])
def test_a_key_that_cannot_be_sent_is_not_shown(monkeypatch, key):
    monkeypatch.setenv("SERVED_KEY", key)
    with Mock() as server:
        backend = backend_of(server, 'api_key_env = "SERVED_KEY"')
        with pytest.raises(PoolError, match="holds characters that cannot be sent") as caught:
            backend.prepare()
        (answer,) = backend.chat([prompt()])
    assert isinstance(answer, ProviderError)
    assert "sk-" not in f"{caught.value}{answer}"


@pytest.mark.parametrize(
    ("provider", "backbone", "said"),
    [
        ("concurrency = 0", "", "concurrency is 0, expected at least 1"),
        ("timeuot = 3", "", "unknown key 'timeuot'; did you mean 'timeout'?"),
        ("body = { messages = 1 }", "", "body.messages is set by the client"),
        ("body = { api_key = 'x' }", "", "looks like a key; name an environment variable"),
        ("", "provider = 'lokal'", "there is no provider 'lokal'; did you mean 'local'?"),
        ("backoff = 0", "", "backoff is 0.0, expected seconds above 0"),
    ],
)
def test_providers_that_cannot_be_used(provider, backbone, said):
    text = POOL.format(url="http://127.0.0.1:9/v1", provider=provider, backbone=backbone)
    text = text.replace("backoff = 0.001\n", "").replace("timeout = 240\n", "")
    with pytest.raises(PoolError, match=r"pool\.toml: (provider 'local'|backbone 'small'): ") as caught:
        parse_pool(text, "pool.toml")
    assert said in str(caught.value)


def test_a_key_given_as_the_name_of_its_variable_is_not_shown():
    text = POOL.format(url="http://127.0.0.1:9/v1", provider=f"api_key_env = '{SECRET}'", backbone="")
    with pytest.raises(PoolError, match="api_key_env is no name of an environment variable") as caught:
        parse_pool(text, "pool.toml")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://x/v1", "http://user:pass@host/v1", "http://h/v1?key=1"]
)
def test_addresses_that_cannot_be_used(url):
    with pytest.raises(PoolError, match="base_url"):
        parse_pool(POOL.format(url=url, provider="", backbone=""), "pool.toml")


def test_an_address_out_of_the_environment(monkeypatch):
    with Mock() as server:
        monkeypatch.setenv("SERVED_AT", server.url)
        text = POOL.format(url="$SERVED_AT", provider="", backbone="")
        backend = OpenAI(parse_pool(text, "pool.toml"))
        backend.prepare()
        assert isinstance(backend.chat([prompt()])[0], Reply)
    monkeypatch.delenv("SERVED_AT")
    with pytest.raises(PoolError, match="wants its address in the environment variable SERVED_AT"):
        backend.prepare()
    monkeypatch.setenv("SERVED_AT", "http://user:pass@host/v1")
    with pytest.raises(PoolError, match="must hold no key"):
        backend.prepare()


def test_a_pool_without_providers(pool):
    with pytest.raises(PoolError, match=r"pool 'default' names no provider; add \[provider.NAME\]"):
        OpenAI(pool)


def test_more_connections_than_the_system_has_room_for(monkeypatch):
    monkeypatch.setattr("mas2_env.backends.openai.make_room", lambda wanted: 100)
    with Mock() as server, pytest.raises(PoolError, match="adds up to 256, and this system has room for 100"):
        backend_of(server).prepare()


def test_connections_are_closed_with_the_backend():
    with Mock() as server:
        backend = backend_of(server)
        backend.chat([prompt()])
        del backend
        gc.collect()  # an open connection would be a ResourceWarning here, which is an error
