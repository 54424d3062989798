"""The backend `openai` against `transformers serve`: real HTTP, a real model, usage as it counts it."""

import json
import time
import urllib.request
from collections import Counter

import pytest
from typer.testing import CliRunner

from mas2_env.backends.ledger import read_ledger
from mas2_env.backends.prompt import ChatMessage, Label, Prompt, wire_messages
from mas2_env.cli import app
from mas2_env.episode import Episode
from mas2_env.execution.operation import Failure, Reply
from mas2_env.runs.fixed import Fixed
from mas2_env.runs.rollout import rollout
from mas2_env.system.model import Debate, Role, Template, Vote
from mas2_env.task import ToolSpec

TEAM = Template(
    (Role("a", copies=2), Role("b", "critique"), Role("v", "vote")),
    (Debate(("a", "b")), Vote(("a",), "v")),
    "v",
)


@pytest.fixture(scope="session")
def url(serve, tiny):
    return serve(["transformers.cli.transformers", "serve", str(tiny)])


@pytest.fixture
def backend(asks, url, tiny):
    return asks(url, str(tiny))


def prompt(text="What is 2 + 2?", sample=1, **changes):
    return Prompt("tiny", (ChatMessage("user", text),), sample, Label("sums/2", "s", "s#0@0/0"), **changes)


def tokens(tiny, prompt, tools=None):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny)
    text = tokenizer.apply_chat_template(
        wire_messages(prompt.messages), tools=tools, add_generation_prompt=True, tokenize=False
    )
    return len(tokenizer(text)["input_ids"])


def test_a_reply_with_usage_as_the_server_counts_it(backend, tiny):
    asked = prompt()
    (reply,) = backend.chat([asked])
    assert isinstance(reply, Reply)
    assert reply.prompt_tokens == tokens(tiny, asked)
    assert 1 <= reply.completion_tokens <= 24
    totals = backend.ledger.totals
    assert (totals.estimated, totals.prompt, totals.completion) == (
        0,
        reply.prompt_tokens,
        reply.completion_tokens,
    )
    assert totals.price == 100 * totals.prompt + 400 * totals.completion


def test_tools_reach_the_chat_template(backend):
    spec = ToolSpec("add", "Adds two integers.", {"properties": {"a": {"type": "integer"}}})
    plain, armed = backend.chat([prompt(), prompt(tools=(spec,))])
    assert armed.prompt_tokens > plain.prompt_tokens + 50


def test_episodes_run_to_their_end(backend, adding):
    episodes = [Episode(adding.item(i), backend.pool, seed=i) for i in range(6)]
    done = list(rollout(Fixed(TEAM, "tiny"), episodes, backend, batch=6))
    assert {episode.outcome.kind for episode in done} <= {"success", "failure"}
    assert all(episode.outcome.model_calls >= 6 for episode in done)
    totals = backend.ledger.totals
    assert totals.estimated == totals.unknown == 0
    assert sum(e.outcome.prompt_tokens for e in done) == totals.prompt
    assert sum(e.outcome.completion_tokens for e in done) == totals.completion
    assert sum(e.outcome.cost for e in done) == totals.price


def test_many_at_once(backend):
    answers = backend.chat([prompt(f"Question {i}?", i) for i in range(40)])
    assert [answer for answer in answers if not isinstance(answer, Reply | Failure)] == []
    assert backend.ledger.totals.calls == 40


def test_a_run_from_the_command_line_stands_in_the_servers_log(url, tiny, serve, tmp_path):
    def posts():
        return serve.logs[url].read_text().count('"POST /v1/chat/completions HTTP/1.1" 200')

    before = posts()
    pool = tmp_path / "served.toml"
    pool.write_text(
        f"""
name = "served"
reference = "tiny"
provider.local = {{ base_url = "{url}/v1", body = {{ max_tokens = 16 }} }}
[[backbone]]
name = "tiny"
description = "random weights"
model = "{tiny}"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 2048
"""
    )
    out = tmp_path / "run"
    options = ["--policy", "llm,cot", "--tasks", "gsm8k", "--items", "4", "--backend", "openai", "--json"]
    done = CliRunner().invoke(app, ["eval", *options, "--pool", str(pool), "--out", str(out)])
    assert done.exit_code == 0, done.output
    episodes = [json.loads(line) for line in (out / "episodes.jsonl").read_text().splitlines()]
    assert len(episodes) == 8
    ledger = read_ledger(out / "ledger.jsonl")
    deadline = time.monotonic() + 240
    while posts() - before < len(ledger) and time.monotonic() < deadline:
        time.sleep(0.05)  # the server writes its line once it has answered
    assert posts() - before == len(ledger) >= 8
    assert {line.usage for line in ledger} == {"server"}
    spent, cost = Counter(), Counter()
    for line in ledger:
        spent[line.query] += line.price
    for episode in episodes:
        cost[episode["item"]] += episode["outcome"]["cost"] + episode["outcome"]["meta_cost"]
    assert spent == cost


def test_the_server_lists_its_model(url):
    with urllib.request.urlopen(f"{url}/v1/models", timeout=240) as response:
        assert "data" in json.load(response)
