"""Asking each model of a pool for one word."""

import json

import pytest

from mas2_env.cli import run
from mas2_env.mock.scenario import Faults, ReplyRule, Scenario
from mas2_env.mock.server import Mock

POOL = """
name = "two"
reference = "small"
[provider.local]
base_url = "{url}"
backoff = 0.001
retries = 1
[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 8000
[[backbone]]
name = "large"
description = "strong"
model = "org/large"
usd_per_million_input = 1
usd_per_million_output = 4
context = 8000
"""
READY = (ReplyRule(match="word ready", texts=("ready",)),)


def check(tmp_path, capsys, scenario, *options):
    with Mock(scenario) as server:
        (tmp_path / "pool.toml").write_text(POOL.format(url=server.url))
        code = run(["pool", "check", str(tmp_path / "pool.toml"), *options])
    return code, *capsys.readouterr()


def test_every_model_answers(tmp_path, capsys):
    code, out, error = check(tmp_path, capsys, Scenario(reply=READY), "--json")
    assert (code, error) == (0, "")
    small, large = json.loads(out)
    assert (small["backbone"], small["model"], small["ok"], small["said"]) == (
        "small",
        "small",
        True,
        "ready",
    )
    assert (large["model"], large["usage"], large["prompt_tokens"]) == ("org/large", "server", 11)
    assert large["price"] == 10 * small["price"] > 0


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (Scenario(reply=READY, models=("small",)), "does not exist"),
        (Scenario(reply=READY, faults=Faults(server_error=1.0)), "injected server_error"),
        (Scenario(reply=READY, faults=Faults(filtered=1.0)), "content filter"),
    ],
)
def test_one_that_does_not_is_shown_with_the_reason(tmp_path, capsys, scenario, said):
    code, out, _ = check(tmp_path, capsys, scenario)
    assert code == 1
    assert said in out


def test_a_server_that_does_not_count(tmp_path, capsys):
    code, out, _ = check(tmp_path, capsys, Scenario(reply=READY, faults=Faults(no_usage=1.0)))
    assert code == 0
    assert out.count("estimated") == 2


def test_the_simulated_pool_is_asked_nothing(capsys):
    assert run(["pool", "check", "default", "--backend", "simulated"]) == 1
    assert "answers roles of a system alone" in capsys.readouterr().err
