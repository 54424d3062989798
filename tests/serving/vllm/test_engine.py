"""The backend `vllm`: a real offline engine, many prompts and three adapters in one batch."""

import json
import time

import pytest
from mas2_agents.llm import LLM

from mas2_env.backends.ledger import Ledger
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.backends.transformers import Transformers
from mas2_env.backends.vllm import VLLM
from mas2_env.episode import Episode
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import parse_pool
from mas2_env.runs.rollout import rollout

POOL = """
name = "local"
reference = "base"

[engine.tiny]
path = "{path}"
logprobs = true
structured = true
body = {{ max_tokens = 96, temperature = 0.8 }}
[engine.tiny.vllm]
dtype = "float32"
enforce_eager = true
structured_outputs_config = {{ backend = "xgrammar", disable_any_whitespace = true }}
"""
BACKBONE = """
[[backbone]]
name = "{name}"
description = "random weights"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 2048
{more}
"""


@pytest.fixture(scope="module")
def pool(tiny, adapters):
    named = {
        "base": "",
        "greedy": "body = { temperature = 0, max_tokens = 24 }",
        "one": f'adapter = "{adapters[0]}"',
        "two": f'adapter = "{adapters[1]}"',
    }
    entries = [BACKBONE.format(name=name, more=more) for name, more in named.items()]
    return parse_pool(POOL.format(path=tiny) + "".join(entries), "local.toml")


@pytest.fixture(scope="module")
def backend(pool):
    backend = VLLM(pool)
    backend.prepare()
    return backend


def prompt(text="What is 2 + 2?", sample=1, backbone="base", **changes):
    label = Label("sums/2", "s", "s#0@0/0")
    return Prompt(backbone, (ChatMessage("user", text),), sample, label, **changes)


def said(answers):
    return [(a.text, a.prompt_tokens, a.completion_tokens) if isinstance(a, Reply) else a for a in answers]


def test_a_seed_gives_its_sample_again_whatever_is_beside_it(backend):
    prompts = [prompt(f"{i} + {i}?" * (i % 3 + 1), i) for i in range(24)]
    together = said(backend.chat(prompts))
    assert together == said(backend.chat(prompts[::-1]))[::-1]
    assert together[:4] == [said(backend.chat([one]))[0] for one in prompts[:4]]
    assert len(set(map(str, together))) == 24


def test_greedy_is_what_transformers_writes(backend, pool):
    prompts = [prompt(f"What is {i} + {i}?", backbone="greedy") for i in range(8)]
    here, there = (backend.chat(prompts), Transformers(pool).chat(prompts))
    # At the end of a reply that was cut off, vLLM leaves out the half of a character.
    assert [reply.text.rstrip("\ufffd") for reply in here] == [r.text.rstrip("\ufffd") for r in there]
    assert [reply.completion_tokens for reply in here] == [reply.completion_tokens for reply in there]


def test_adapters_share_the_batch(backend):
    names = ["base", "one", "two"] * 4
    texts = [reply.text for reply in backend.chat([prompt(backbone=name) for name in names])]
    assert texts == texts[:3] * 4
    assert len(set(texts)) == 3


def test_logprobs_and_lengths(backend):
    (reply,) = backend.chat([prompt(backbone="greedy")])
    assert len(reply.logprobs) == reply.completion_tokens
    assert all(value <= 0 for value in reply.logprobs)
    (failure,) = backend.chat([prompt("long " * 3000)])
    assert isinstance(failure, Failure)
    assert failure.kind == "overflow"


def test_a_reply_is_held_to_its_schema(backend):
    schema = {
        "type": "object",
        "properties": {"answer": {"enum": ["yes", "no"]}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    replies = backend.chat([prompt(sample=sample, schema=schema) for sample in range(8)])
    assert {json.loads(reply.text)["answer"] for reply in replies} == {"yes", "no"}


def test_a_model_of_random_weights_assigns_backbones(backend, adding, team, pool):
    policy = LLM(seed=3, backbone={"generate": "one", "implement": "two", "rectify": "base"})
    policy.connect(backend, pool)
    episode = Episode(adding.item(2), pool)
    episode.decide(team.template)
    (answer,) = policy.decide([episode.observe()])
    episode.decide(answer)
    assert set(episode.system.assignment.backbones.values()) <= set(pool.names)


def test_every_batch_holds_all_that_is_ready(backend, adding, team, monkeypatch, record_property):
    sizes = []
    (engine,) = backend._running.values()
    whole = engine.generate

    def counted(asks):
        sizes.append(len(asks))
        return whole(asks)

    monkeypatch.setattr(engine, "generate", counted)
    backend.ledger = Ledger()
    episodes = [Episode(adding.item(i), backend.pool, seed=i) for i in range(64)]
    begin = time.monotonic()
    done = list(rollout(team, episodes, backend, batch=64))
    seconds = time.monotonic() - begin
    totals = backend.ledger.totals
    print(f"\n64 episodes, {totals.calls} calls in {len(sizes)} batches, {seconds:.1f} s, "
          f"{totals.calls / seconds:.0f} calls/s, {totals.completion / seconds:.0f} tokens/s")  # fmt: skip
    assert {episode.outcome.kind for episode in done} <= {"success", "failure"}
    assert sizes[0] == 64 * 3
    assert sum(e.outcome.prompt_tokens for e in done) == totals.prompt
    assert sum(e.outcome.cost for e in done) == totals.price
