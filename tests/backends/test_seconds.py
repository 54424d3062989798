"""How long simulated calls would have taken."""

import math
from pathlib import Path

import pytest
from msgspec.structs import replace

from mas2_env.abilities import Latency
from mas2_env.backends.calibrated import BY_PRICE, load_calibration
from mas2_env.backends.keeping import Metered
from mas2_env.backends.ledger import Ledger, clock, read_ledger
from mas2_env.backends.simulated import Simulated
from mas2_env.episode import Episode
from mas2_env.errors import PoolError
from mas2_env.execution.drive import run_sync
from mas2_env.execution.latency import latency
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import parse_pool
from mas2_env.system.model import Assignment, Role, Send, Template

POOL = """
name = "three"
reference = "mine"
[[backbone]]
name = "mine"
description = "timed by its owner"
usd_per_million_input = 1
usd_per_million_output = 1
context = 8000
[[backbone]]
name = "gpt-4"
description = "timed in a recording"
usd_per_million_input = 30
usd_per_million_output = 60
context = 8000
[[backbone]]
name = "other"
description = "timed by nobody"
usd_per_million_input = 1
usd_per_million_output = 1
context = 8000
"""
MINE = """
[backbone.mine]
math = 0.8
code = 0.7
recall = 0.2
reading = 0.5
latency = { fixed = 0.5, per_token = 0.01 }
"""


@pytest.fixture
def three(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return Simulated(parse_pool(POOL, "three.toml"), parameters=str(path))


def test_ones_own_latency_goes_before_a_recorded_one_and_that_before_the_price(three, sums, ask):
    timed = load_calibration().latency
    reply = Reply("Answer: 1", 100, 200)

    def median(name):
        taken = sorted(three.seconds_of(ask(sums.item(i), name), reply) for i in range(2001))
        return taken[1000]

    assert median("mine") == 2.5
    assert median("gpt-4") == pytest.approx(timed["gpt-4"].fixed + 200 * timed["gpt-4"].per_token, rel=0.02)
    usual = timed[BY_PRICE]
    assert median("other") == pytest.approx(usual.fixed + 200 * usual.per_token, rel=0.03)


def test_seconds_are_a_function_of_key_and_tokens(backend, pool, sums, ask):
    call, other = ask(sums.item(0)), ask(sums.item(0), seed=1)
    short, long = Reply("Answer: 1", 100, 50), Reply("Answer: 2", 900, 500)
    assert backend.seconds_of(call, short) == Simulated(pool).seconds_of(call, short)
    assert backend.seconds_of(call, short) < backend.seconds_of(call, long)
    assert backend.seconds_of(call, short) != backend.seconds_of(other, short)


def test_a_timeout_takes_the_deadline_and_a_refusal_no_tokens(backend, sums, ask):
    call = ask(sums.item(0))
    assert backend.seconds_of(call, Failure("timeout", "late", 100, 50)) == 120.0
    assert backend.seconds_of(call, Reply("Answer: 1", 100, 50_000)) == 120.0, "it came in time"
    refused = backend.seconds_of(call, Failure("unavailable", "no"))
    assert 0.0 < refused < backend.seconds_of(call, Reply("Answer: 1", 100, 50))


def test_dearer_models_write_more_slowly(backend, sums, ask):
    usual = load_calibration().latency[BY_PRICE]
    assert 0.0 < usual.power < 1.0
    assert usual.at(2000.0).per_token == pytest.approx(usual.per_token * 2.0**usual.power)
    assert usual.at(1000.0) == Latency(usual.fixed, usual.per_token, usual.spread)


def test_a_ledger_of_simulated_calls_has_their_seconds(backend, pool, sums, ask, tmp_path):
    metered = Metered(backend, pool)
    metered.ledger = Ledger(tmp_path / "ledger.jsonl")
    calls = [ask(sums.item(i)) for i in range(20)]
    answers = metered.complete(calls)
    expected = [backend.seconds_of(call, answer) for call, answer in zip(calls, answers, strict=True)]
    assert [line.seconds for line in read_ledger(metered.ledger.path)] == [round(s, 4) for s in expected]
    assert metered.seconds_of(calls[0], answers[0]) == expected[0]
    assert all(map(math.isfinite, expected))


def test_an_unknown_backbone_is_named(backend, sums, ask):
    with pytest.raises(PoolError, match="no backbone 'gpt-9'"):
        backend.seconds_of(ask(sums.item(0), "gpt-9"), Reply("", 1, 1))


def test_a_latency_that_cannot_be_is_refused_with_its_place(tmp_path):
    path = Path(tmp_path / "mine.toml")
    path.write_text(MINE.replace("0.5, per", "-1, per"))
    with pytest.raises(PoolError, match=r"mine.toml: .*backbone.*latency.*fixed"):
        Simulated(parse_pool(POOL, "three.toml"), parameters=str(path))


def test_a_ledger_gives_an_episode_the_same_latency_as_its_backend(backend, pool, sums, tmp_path):
    metered = Metered(backend, pool)
    metered.ledger = Ledger(tmp_path / "ledger.jsonl")
    episode = Episode(sums.item(0), pool)
    roles = (Role("ada", copies=3), Role("bob"))
    episode.decide(Template(roles, (Send("ada", "bob"),), "bob"))
    episode.decide(Assignment({"ada": "gpt-4o-mini", "bob": "gpt-4.1"}))
    run_sync(episode, metered)
    by_ledger = latency(episode.trace, clock(read_ledger(metered.ledger.path)))
    by_backend = latency(episode.trace, backend.seconds_of)
    assert by_ledger.path == pytest.approx(by_backend.path, abs=1e-3)
    assert by_ledger.work == pytest.approx(by_backend.work, abs=1e-3)


def test_episodes_that_make_the_same_call_are_not_added_up(backend, pool, sums, ask, tmp_path):
    """Two policies that build one system ask with the same keys; one asks in vain at first."""
    call, answer = ask(sums.item(0)), Reply("Answer: 1", 100, 50)
    metered = Metered(backend, pool)
    metered.ledger = Ledger(tmp_path / "ledger.jsonl")
    metered.complete([call])
    (line,) = read_ledger(metered.ledger.path)
    vain, second = replace(line, seconds=1.0, ended="status 500"), replace(line, seconds=2.0, retry=1)
    kept = replace(line, seconds=0.0, usage="kept")
    assert clock([vain, second])(call, answer) == 3.0
    assert clock([vain, second, replace(line, seconds=5.0)])(call, answer) == 4.0
    assert clock([replace(line, seconds=5.0), kept])(call, answer) == 5.0
    assert clock([kept])(call, answer) is None, "how long it took stands in another ledger"
    assert clock([line])(ask(sums.item(1)), answer) is None
