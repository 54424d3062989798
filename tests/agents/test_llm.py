"""A language model that decides: what it is asked, what is made of its replies, and what it costs."""

from collections import Counter

import msgspec
import pytest
from jsonschema import Draft202012Validator
from mas2_agents.llm import LLM, decision_schema

from mas2_env import Episode, Settings
from mas2_env.backends.ledger import read_ledger
from mas2_env.cli import run
from mas2_env.errors import PolicyError
from mas2_env.mock.answers import prompt_of
from mas2_env.mock.scenario import Faults, ReplyRule, Scenario
from mas2_env.mock.server import Mock
from mas2_env.plugins import make_backend, make_task
from mas2_env.pool import load_pool
from mas2_env.prompts import render_observation
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.record import Conduct

POOL = """
name = "served"
reference = "small"
meta = "large"
[provider.local]
base_url = "{url}"
backoff = 0.001
{provider}
[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 32000
[[backbone]]
name = "large"
description = "strong"
usd_per_million_input = 1
usd_per_million_output = 4
context = 32000
"""
TEAM = """Let me think. A team of two will do:
```json
{"roles": [{"name": "solver", "copies": 2,}, {"name": "v", "kind": "vote"}],
 "channels": [{"type": "vote", "sources": ["solver"], "target": "v"}], "output": "v"}
```"""
RULES = (
    ReplyRule(match="Stage 1 of 3, generate", texts=(TEAM,)),
    ReplyRule(match="Stage 3 of 3, rectify", texts=('{"edits": []}',)),
    ReplyRule(texts=("#### {draw}",)),
)


@pytest.fixture
def pool_file(tmp_path):
    def write(server, provider=""):
        path = tmp_path / "pool.toml"
        path.write_text(POOL.format(url=server.url, provider=provider))
        return str(path)

    return write


class Watched(Mock):
    """Keeps what it was sent."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.bodies = []

    async def _complete(self, request):
        self.bodies.append(msgspec.json.decode(await request.read()))
        return await super()._complete(request)


def test_it_builds_runs_and_pays(pool_file, tmp_path):
    with Mock(Scenario(reply=RULES)) as server:
        result = evaluate(
            [LLM], ["GSM8K"], items=6, pool=pool_file(server), backend="openai", out=tmp_path / "run"
        )
    assert result.summary.void == 0
    for record in result.records:
        assert record.system is not None
        assert [role.name for role in record.system.template.roles] == ["solver", "v"]
        assert record.outcome.invalid == 0
        assert record.outcome.meta_cost > 0
    lines = read_ledger(tmp_path / "run" / "ledger.jsonl")
    assert {line.role for line in lines} == {"generate", "implement", "solver"}
    assert {line.model for line in lines if line.role != "solver"} == {"large"}
    spent = Counter()
    for line in lines:
        spent[line.query] += line.price
    assert spent == {r.item: r.outcome.cost + r.outcome.meta_cost for r in result.records}
    assert result.ledger.prompt == sum(line.prompt_tokens for line in server.lines)


class InBatches:
    """The same, asked for many episodes at once, and in another order than they come in."""

    def __init__(self):
        self.inner = LLM()
        self.connect = self.inner.connect

    def decide(self, observations):
        return self.inner.decide(observations[::-1])[::-1]


def test_the_ledger_knows_whose_decisions_were_asked_for_together(pool_file, tmp_path):
    with Mock(Scenario(reply=RULES, latency=0.05)) as server:
        pool = pool_file(server)
        result = evaluate(
            [InBatches()], ["GSM8K"], items=6, pool=pool, backend="openai", out=tmp_path / "run"
        )
    lines = read_ledger(tmp_path / "run" / "ledger.jsonl")
    for record in result.records:
        prices = [line.price for line in lines if line.query == record.item and line.role != "solver"]
        assert len(prices) == 2
        assert sum(prices) == record.outcome.meta_cost


def test_it_is_asked_with_the_rendered_observation_and_the_schema(pool_file):
    with Watched(Scenario(reply=RULES)) as server:
        pool = pool_file(server, 'structured = "json_schema"')
        evaluate([LLM], ["GSM8K"], items=1, pool=pool, backend="openai")
    item = make_task("GSM8K").item(0)
    episode = Episode(item, load_pool(pool), Settings())
    asked = next(body for body in server.bodies if "Stage 1" in prompt_of(body))
    assert asked["messages"] == [{"role": "user", "content": render_observation(episode.observe())}]
    schema = asked["response_format"]["json_schema"]["schema"]
    assert schema == msgspec.json.decode(msgspec.json.encode(decision_schema(episode.observe())))
    validator = Draft202012Validator(schema)
    validator.validate({"roles": [{"name": "a"}], "output": "a"})
    assert not validator.is_valid({"backbones": {}})
    answering = [body for body in server.bodies if "Stage" not in prompt_of(body)]
    assert all("response_format" not in body for body in answering)


def test_what_is_wrong_with_a_decision_comes_back(pool_file):
    rules = (
        ReplyRule(match="solver2", texts=(TEAM,)),
        ReplyRule(match="Stage 1", texts=('{"roles": [{"name": "solver"}], "output": "solver2"}',)),
        *RULES[1:],
    )
    with Watched(Scenario(reply=rules)) as server:
        result = evaluate([LLM], ["GSM8K"], items=3, pool=pool_file(server), backend="openai")
    assert [outcome.invalid for outcome in result.outcomes] == [1, 1, 1]
    assert all(record.system is not None for record in result.records)


def test_a_model_that_never_decides_fails(pool_file):
    with Mock(Scenario(reply=(ReplyRule(texts=("I would rather not.",)),))) as server:
        result = evaluate([LLM], ["GSM8K"], items=3, pool=pool_file(server), backend="openai")
    assert {(outcome.kind, outcome.reason) for outcome in result.outcomes} == {
        ("failure", "invalid decisions")
    }


def test_a_server_that_fails_at_a_decision_voids_that_episode(pool_file):
    with Mock(Scenario(reply=RULES, faults=Faults(bad_request=0.15))) as server:
        result = evaluate([LLM], ["GSM8K"], items=20, pool=pool_file(server), backend="openai")
    kinds = [outcome.kind for outcome in result.outcomes]
    assert 0 < kinds.count("void") < 20
    assert any(record.system is None for record in result.records), "some at the very first decision"


def test_runs_are_replayed_with_their_decisions(pool_file, tmp_path):
    with Mock(Scenario(reply=RULES, faults=Faults(filtered=0.1))) as server:
        common = {"items": 8, "pool": pool_file(server), "backend": "openai", "seeds": (0, 1)}
        first = evaluate([LLM], ["GSM8K"], conduct=Conduct(record=str(tmp_path / "r")), **common)
    again = evaluate([LLM], ["GSM8K"], conduct=Conduct(replay=str(tmp_path / "r")), **common)
    assert sorted(map(repr, again.records)) == sorted(map(repr, first.records))


def test_samples_follow_the_seed_and_the_stage(pool_file):
    with Mock() as server:
        pool = load_pool(pool_file(server))
    episode = Episode(make_task("GSM8K").item(0), pool, Settings())
    policies = [LLM(seed) for seed in (0, 1)]
    for policy in policies:
        policy.connect(make_backend("openai", pool), pool)
    one, two = (policy.prompt(episode.observe()).sample for policy in policies)
    assert one != two
    episode.reject(["$: nothing"])
    assert policies[0].prompt(episode.observe()).sample != one


def test_the_simulated_pool_cannot_decide(tmp_path, capsys):
    arguments = ["eval", "-p", "llm", "-t", "gsm8k", "--items", "1", "--out", str(tmp_path / "run")]
    assert run(arguments) == 1
    assert "the backend Simulated answers roles of a system alone" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(PolicyError, match="not connected"):
        LLM().prompt(None)


def test_a_backbone_that_is_not_in_the_pool(pool_file):
    with Mock() as server:
        pool = load_pool(pool_file(server))
    with pytest.raises(PolicyError, match="backbone 'lage' is not in the pool; did you mean 'large'"):
        LLM(backbone="lage").connect(make_backend("openai", pool), pool)


def test_each_meta_agent_may_have_a_model_of_its_own(pool_file, tmp_path):
    def of_two():
        return LLM(backbone={"generate": "large", "implement": "small", "rectify": "large"})

    with Mock(Scenario(reply=RULES)) as server:
        pool = pool_file(server)
        result = evaluate([of_two], ["GSM8K"], items=2, pool=pool, backend="openai", out=tmp_path / "run")
    lines = read_ledger(tmp_path / "run" / "ledger.jsonl")
    assert {(line.role, line.model) for line in lines if line.role != "solver"} == {
        ("generate", "large"),
        ("implement", "small"),
    }
    assert sum(r.outcome.cost + r.outcome.meta_cost for r in result.records) == result.ledger.price
    with pytest.raises(PolicyError, match="expected one for"):
        LLM(backbone={"generate": "large"})
