"""Engines of a pool file: what each backbone runs on, and what cannot be."""

import pytest

from mas2_env.engines import EngineRoute, Sampling, read_sampling
from mas2_env.errors import PoolError
from mas2_env.pool import parse_pool

TOP = """
name = "local"
reference = "a"
"""
ENGINE = """
[engine.qwen]
path = "Qwen/Qwen3-8B"
body = { temperature = 0.6, top_p = 0.95 }
vllm = { gpu_memory_utilization = 0.8 }
"""
BACKBONE = """
[[backbone]]
name = "{}"
description = "x"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 8000
"""


def test_backbones_share_an_engine_and_differ_in_adapter_and_parameters():
    text = TOP + ENGINE + BACKBONE.format("a") + BACKBONE.format("b")
    pool = parse_pool(text + 'adapter = "adapters/b"\nbody = { temperature = 1 }', "p.toml")
    assert pool.engines["qwen"].vllm == {"gpu_memory_utilization": 0.8}
    assert pool.engine_routes == {
        "a": EngineRoute("qwen", "", {"temperature": 0.6, "top_p": 0.95}),
        "b": EngineRoute("qwen", "adapters/b", {"temperature": 1, "top_p": 0.95}),
    }


def test_one_pool_may_serve_both_over_a_network_and_here():
    provider = '[provider.server]\nbase_url = "http://localhost:8000/v1"\n'
    engine = 'engine = "qwen"\n'
    pool = parse_pool(
        TOP + provider + ENGINE + BACKBONE.format("a") + engine + BACKBONE.format("b"), "p.toml"
    )
    assert list(pool.routes) == ["a", "b"]
    assert list(pool.engine_routes) == ["a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENGINE + BACKBONE.format("a") + 'engine = "qven"', "there is no engine 'qven'; did you mean 'qwen'"),
        (
            ENGINE + ENGINE.replace("qwen", "other") + BACKBONE.format("a"),
            "engine is missing, expected one of",
        ),
        (BACKBONE.format("a") + 'adapter = "x"', "adapter is for a backbone with an engine"),
        (
            '[engine.qwen]\npaht = "x"' + BACKBONE.format("a"),
            "engine 'qwen': unknown key 'paht'; did you mean 'path'",
        ),
        (
            ENGINE + BACKBONE.format("a") + "body = { temprature = 1 }",
            r"body: .*unknown field `temprature`; known are",
        ),
        (
            ENGINE + BACKBONE.format("a") + "body = { top_p = 2 }",
            "body.top_p is 2.0, expected from 1e-09 to 1",
        ),
        (ENGINE + "batch_tokens = 0" + BACKBONE.format("a"), "batch_tokens is 0, expected at least 1"),
    ],
)
def test_what_cannot_be(text, message):
    with pytest.raises(PoolError, match=message):
        parse_pool(TOP + text, "p.toml")


def test_parameters_by_their_other_names():
    assert read_sampling({"max_completion_tokens": 9, "stop": "END"}, "p") == Sampling(9, stop=("END",))
