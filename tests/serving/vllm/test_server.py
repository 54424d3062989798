"""The backend `openai` against a real vLLM server: usage, structured output, log-probabilities, adapters."""

import json

import pytest
from mas2_agents.llm import LLM

from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.episode import Episode
from mas2_env.execution.operation import Reply
from mas2_env.runs.rollout import rollout

CHOICE = {
    "type": "object",
    "properties": {"answer": {"enum": ["yes", "no"]}, "sure": {"type": "boolean"}},
    "required": ["answer", "sure"],
    "additionalProperties": False,
}


@pytest.fixture(scope="session")
def url(serve, tiny, adapters):
    options = ["--served-model-name", "tiny", "--dtype", "float32", "--max-model-len", "2048"]
    lora = ["--enable-lora", "--max-lora-rank", "8", "--max-loras", "2", "--lora-modules"]
    named = [f"{name}={path}" for name, path in zip(("one", "two"), adapters, strict=True)]
    held = ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
    # In chunks, vLLM for CPUs (0.32) dies of a request with a seed: its generators cannot be wound back.
    whole = ["--enforce-eager", "--no-enable-chunked-prefill"]
    command = ["vllm.entrypoints.openai.api_server", "--model", str(tiny)]
    return serve([*command, *options, *held, *whole, *lora, *named], seconds=280)


@pytest.fixture
def backend(asks, url):
    provider = 'structured = "json_schema"\nseed = true\nlogprobs = true'
    return asks(url, "tiny", "one", "two", provider=provider, most=96)


def prompt(text="What is 2 + 2?", sample=1, backbone="tiny", **changes):
    label = Label("sums/2", "s", "s#0@0/0")
    return Prompt(backbone, (ChatMessage("user", text),), sample, label, **changes)


def test_a_reply_with_its_usage_and_logprobs(backend, tiny):
    from transformers import AutoTokenizer

    (reply,) = backend.chat([prompt()])
    assert isinstance(reply, Reply)
    chat = [{"role": "user", "content": "What is 2 + 2?"}]
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    assert reply.prompt_tokens == len(tokenizer(text)["input_ids"])
    assert len(reply.logprobs) == reply.completion_tokens
    assert all(value <= 0 for value in reply.logprobs)
    assert backend.ledger.totals.estimated == 0


def test_a_seed_gives_its_sample_again(backend):
    prompts = [prompt(sample=sample) for sample in range(6)]
    first, again = ([reply.text for reply in backend.chat(prompts)] for _ in range(2))
    assert first == again
    assert len(set(first)) == 6


def test_a_reply_is_held_to_its_schema(backend):
    replies = backend.chat([prompt(sample=sample, schema=CHOICE) for sample in range(8)])
    given = [json.loads(reply.text) for reply in replies]
    assert all(value["answer"] in ("yes", "no") and type(value["sure"]) is bool for value in given)
    assert len({reply.text for reply in replies}) > 1, "it was free to choose"


def test_a_model_of_random_weights_assigns_backbones(backend, adding, team):
    policy = LLM(seed=3)
    policy.connect(backend, backend.pool)
    episode = Episode(adding.item(2), backend.pool)
    episode.decide(team.template)
    (answer,) = policy.decide([episode.observe()])
    episode.decide(answer)
    assert set(episode.system.assignment.backbones.values()) <= {"tiny", "one", "two"}


def test_adapters_give_other_texts(backend):
    # One after the other: on a CPU, vLLM (0.32) gives a request without an adapter that of its neighbour.
    names = ["tiny", "one", "two"] * 2
    texts = [backend.chat([prompt(backbone=name)])[0].text for name in names]
    assert texts[:3] == texts[3:]
    assert len(set(texts)) == 3
    both = backend.chat([prompt(backbone=name) for name in ("one", "two", "two", "one")])
    assert [reply.text for reply in both] == [texts[1], texts[2], texts[2], texts[1]]


def test_episodes_run_to_their_end(backend, adding, team):
    episodes = [Episode(adding.item(i), backend.pool, seed=i) for i in range(12)]
    done = list(rollout(team, episodes, backend, batch=12))
    assert {episode.outcome.kind for episode in done} <= {"success", "failure"}
    totals = backend.ledger.totals
    assert totals.estimated == totals.unknown == 0
    assert sum(e.outcome.prompt_tokens for e in done) == totals.prompt
    assert sum(e.outcome.completion_tokens for e in done) == totals.completion
    assert sum(e.outcome.cost for e in done) == totals.price
