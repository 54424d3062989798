"""Runs on a server: their ledger, their limit, kept answers, recordings that are replayed."""

import gzip
import json
import sqlite3

import pytest

from mas2_env.backends.ledger import read_ledger, sum_lines
from mas2_env.cli import run
from mas2_env.errors import BudgetError, PoolError, ReplayMiss, RunError
from mas2_env.mock.scenario import DECISIONS, Faults, ReplyRule, Scenario
from mas2_env.mock.server import Mock
from mas2_env.pool import parse_pool
from mas2_env.runs.evaluate import evaluate, resume
from mas2_env.runs.record import Conduct
from mas2_env.runs.result import load_result

POOL = """
name = "served"
reference = "small"
[provider.local]
base_url = "{url}"
backoff = 0.001
{provider}
[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 8000
"""
SCENARIO = Scenario(
    reply=(ReplyRule(texts=("Answer: {draw}", "It is {draw}.\nAnswer: {draw}"), reasoning_tokens=5),)
)


@pytest.fixture
def served(tmp_path):
    """A mock server, and the path of a pool file that names it."""

    def serve(scenario=SCENARIO, provider="seed = true"):
        server = Mock(scenario)

        class Served:
            def __enter__(self):
                server.__enter__()
                self.write()
                return self

            def __exit__(self, *error):
                server.__exit__(*error)

            def write(self):
                self.pool = str(tmp_path / "pool.toml")
                (tmp_path / "pool.toml").write_text(POOL.format(url=server.url, provider=provider))

            @property
            def billed(self):
                lines = [line for line in server.lines if line.billed]
                return sum(line.prompt_tokens for line in lines), sum(
                    line.completion_tokens for line in lines
                )

            @property
            def requests(self):
                return len(server.lines)

        return Served()

    return serve


def do(pool, out, policies=("self-consistency",), items=12, **conduct):
    how = Conduct(**conduct)
    return evaluate(list(policies), ["GSM8K"], pool=pool, backend="openai", items=items, out=out, conduct=how)


def lines_of(folder):
    return sorted((folder / "episodes.jsonl").read_bytes().splitlines())


def test_the_ledger_is_the_servers_log_and_the_episodes_cost(served, tmp_path):
    faults = Faults(server_error=0.1, half=0.05, empty=0.05)
    with served(Scenario(reply=SCENARIO.reply, faults=faults)) as server:
        result = do(server.pool, tmp_path / "run")
        lines = read_ledger(tmp_path / "run" / "ledger.jsonl")
        assert len(lines) == server.requests == result.ledger.calls
        assert (result.ledger.prompt, result.ledger.completion) == server.billed
    assert result.ledger == sum_lines(lines)
    assert result.summary.void == 0
    assert sum(outcome.cost for outcome in result.outcomes) == result.ledger.price == result.ledger.billed
    assert load_result(tmp_path / "run").ledger == result.ledger
    assert {line.query for line in lines} == {record.item for record in result.records}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_stops_when_its_money_is_spent_and_goes_on_with_more(served, tmp_path, workers):
    with served() as server:
        whole = do(server.pool, tmp_path / "whole", items=30)
        price = whole.ledger.price
        options = {"pool": server.pool, "backend": "openai", "items": 30, "batch": 2, "workers": workers}
        limit = Conduct(max_cost=price / 2e9)
        with pytest.raises(BudgetError, match=r"that --max-cost allows: no further call is made"):
            evaluate(["self-consistency"], ["GSM8K"], out=tmp_path / "cut", conduct=limit, **options)
        spent = sum_lines(read_ledger(tmp_path / "cut" / "ledger.jsonl")).billed
        assert price / 2 <= spent < price * 0.75, "what was under way came on top, and nothing else"
        assert 0 < len(lines_of(tmp_path / "cut")) < 30
        with pytest.raises(BudgetError):
            resume(tmp_path / "cut")
        assert sum_lines(read_ledger(tmp_path / "cut" / "ledger.jsonl")).billed == spent
        resumed = resume(tmp_path / "cut", conduct=Conduct(max_cost=1.0))
    assert lines_of(tmp_path / "cut") == lines_of(tmp_path / "whole")
    assert resumed.ledger.billed >= price, "calls of episodes that were not finished are paid twice"


def test_with_a_cache_nothing_is_paid_twice(served, tmp_path):
    cache = str(tmp_path / "cache.sqlite")
    with served() as server:
        first = do(server.pool, tmp_path / "first", cache=cache)
        asked = server.requests
        again = do(server.pool, tmp_path / "again", cache=cache)
        assert server.requests == asked == first.ledger.calls
    assert lines_of(tmp_path / "again") == lines_of(tmp_path / "first")
    assert (again.ledger.billed, again.ledger.kept) == (0, asked)
    assert again.ledger.price == again.ledger.kept_price == first.ledger.price
    assert again.ledger.reasoning == first.ledger.reasoning == 5 * asked


def test_samples_of_one_prompt_are_never_taken_for_each_other(served, tmp_path):
    with served() as server:
        cached = do(server.pool, tmp_path / "a", items=8, cache=str(tmp_path / "cache.sqlite"))
        assert cached.ledger.kept == 0, "copies of a role are told the same, and are asked each by itself"
        assert server.requests == 8 * 5
        more = evaluate(
            ["self-consistency"],
            ["GSM8K"],
            pool=server.pool,
            backend="openai",
            items=8,
            seeds=(1,),
            conduct=Conduct(cache=str(tmp_path / "cache.sqlite")),
        )
        assert more.ledger.kept == 0, "another seed is another sample"


def test_workers_share_what_a_provider_bears_and_a_ledger(served):
    scenario = Scenario(reply=SCENARIO.reply, latency=0.02, concurrency=4)
    with served(scenario, "start = 4\nconcurrency = 4") as server:
        result = evaluate(
            ["direct"], ["GSM8K"], pool=server.pool, backend="openai", items=32, batch=8, workers=2
        )
        assert (result.ledger.calls, result.ledger.failed) == (32, 0)


def test_a_cache_that_is_only_read(served, tmp_path):
    cache = str(tmp_path / "cache.sqlite")
    with served() as server:
        do(server.pool, tmp_path / "a", items=4, cache=cache)
        result = do(server.pool, tmp_path / "b", items=8, cache=cache, cache_mode="read")
        assert result.ledger.kept == 20
        result = do(server.pool, tmp_path / "c", items=8, cache=cache, cache_mode="read")
        assert result.ledger.kept == 20
        result = do(server.pool, tmp_path / "d", items=4, cache=cache, cache_mode="off")
        assert (result.ledger.kept, result.ledger.calls) == (0, 20)


def test_a_recorded_run_is_replayed_bit_for_bit_with_nobody_to_ask(served, tmp_path, monkeypatch):
    recording = str(tmp_path / "recording.sqlite")
    monkeypatch.setenv("SOME_KEY", "sk-123")
    faults = Faults(filtered=0.2, bad_request=0.1)
    scenario = Scenario(reply=SCENARIO.reply, faults=faults)
    policies = ("cot", "self-consistency", "reflexion")
    with served(scenario, 'seed = true\napi_key_env = "SOME_KEY"') as server:
        first = do(server.pool, tmp_path / "first", policies, record=recording)
    assert 0 < first.summary.void < len(first.records)
    assert sum(outcome.failures for outcome in first.outcomes) > 0
    monkeypatch.delenv("SOME_KEY")
    again = do(server.pool, tmp_path / "again", policies, replay=recording)
    assert lines_of(tmp_path / "again") == lines_of(tmp_path / "first")
    assert again.ledger.billed == 0
    for name in ("pool.toml", "first", "again", "recording.sqlite"):
        path = tmp_path / name
        for file in [path] if path.is_file() else path.iterdir():
            assert b"sk-123" not in file.read_bytes()


def test_a_recorded_simulated_run_is_replayed_too(tmp_path):
    options = {"items": 10, "traces": True}
    recording = str(tmp_path / "recording.sqlite")
    recorded = evaluate(
        ["debate"], ["GSM8K"], out=tmp_path / "a", conduct=Conduct(record=recording), **options
    )
    replayed = evaluate(
        ["debate"], ["GSM8K"], out=tmp_path / "b", conduct=Conduct(replay=recording), **options
    )
    plain = evaluate(["debate"], ["GSM8K"], out=tmp_path / "c", **options)
    assert recorded.records == replayed.records == plain.records
    assert lines_of(tmp_path / "a") == lines_of(tmp_path / "b") == lines_of(tmp_path / "c")
    assert (tmp_path / "b" / "traces.jsonl.gz").read_bytes() == (
        tmp_path / "a" / "traces.jsonl.gz"
    ).read_bytes()


def test_a_changed_prompt_is_a_clear_miss(served, tmp_path, monkeypatch):
    recording = str(tmp_path / "recording.sqlite")
    with served() as server:
        do(server.pool, tmp_path / "a", ("cot",), items=3, record=recording)
        monkeypatch.setattr("mas2_env.backends.rendering._user", lambda call: f"Now: {call.item.query}")
        with pytest.raises(ReplayMiss, match="was recorded, but its messages or tools changed since"):
            do(server.pool, tmp_path / "b", ("cot",), items=3, replay=recording)
    monkeypatch.undo()
    hotter, miss = served(provider="seed = true\nbody = { temperature = 0.3 }"), "the model or its parameters"
    with hotter as server, pytest.raises(ReplayMiss, match=f"but {miss} changed since"):
        do(server.pool, tmp_path / "c", ("cot",), items=3, replay=recording)
    with served() as server, pytest.raises(ReplayMiss, match=r"but its role .* changed since"):
        do(server.pool, tmp_path / "d", ("direct",), items=3, replay=recording)
    assert server.requests == 0


def test_a_run_that_was_killed_is_recorded_whole(served, tmp_path):
    recording = str(tmp_path / "recording.sqlite")
    with served() as server:
        with pytest.raises(BudgetError):
            do(server.pool, tmp_path / "a", items=20, record=recording, max_cost=1e-5)
        resume(tmp_path / "a", conduct=Conduct(record=recording))
    do(server.pool, tmp_path / "b", items=20, replay=recording)
    assert lines_of(tmp_path / "a") == lines_of(tmp_path / "b")


def test_a_damaged_recording_is_refused(tmp_path):
    (tmp_path / "text").write_text("no database, but long enough to be taken for one" * 20)
    with pytest.raises(RunError, match="cannot be opened as a file of kept answers"):
        evaluate(["cot"], ["GSM8K"], items=1, conduct=Conduct(replay=str(tmp_path / "text")))
    with pytest.raises(RunError, match="there is no such file"):
        evaluate(["cot"], ["GSM8K"], items=1, conduct=Conduct(replay=str(tmp_path / "none")))
    with pytest.raises(RunError, match=r"there is no folder .*none to keep it in; make it first"):
        evaluate(["cot"], ["GSM8K"], items=1, conduct=Conduct(record=str(tmp_path / "none" / "later")))
    db = sqlite3.connect(tmp_path / "later")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RunError, match="is of format 99, expected 1"):
        evaluate(["cot"], ["GSM8K"], items=1, conduct=Conduct(record=str(tmp_path / "later")))


@pytest.mark.parametrize(
    ("conduct", "said"),
    [
        ({"max_cost": 0.0}, "--max-cost is 0, expected USD above 0"),
        ({"deadline": -1.0}, "--deadline is -1, expected seconds above 0"),
        ({"replay": "x", "record": "y"}, "leave --record out"),
    ],
)
def test_conducts_that_contradict_themselves(conduct, said):
    with pytest.raises(RunError, match=said):
        evaluate(["cot"], ["GSM8K"], items=1, conduct=Conduct(**conduct))


def test_a_key_that_is_missing_is_an_error_before_the_run_starts(served, tmp_path, capsys):
    with served(provider='api_key_env = "NO_SUCH_KEY"') as server:
        arguments = ["eval", "-p", "cot", "-t", "gsm8k", "--items", "2", "--backend", "openai"]
        assert run([*arguments, "--pool", server.pool, "--out", str(tmp_path / "run")]) == 1
    assert (
        "wants its key in the environment variable NO_SUCH_KEY, which is not set" in capsys.readouterr().err
    )
    assert not (tmp_path / "run").exists()


def test_a_model_without_a_price_is_an_error_before_the_run_starts(tmp_path, capsys):
    text = POOL.format(url="http://127.0.0.1:9/v1", provider="").replace("usd_per_million_output = 0.4\n", "")
    (tmp_path / "pool.toml").write_text(text)
    arguments = ["eval", "-p", "cot", "-t", "gsm8k", "--backend", "openai", "--pool"]
    assert run([*arguments, str(tmp_path / "pool.toml"), "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert "backbone 'small' has no price: usd_per_million_output is missing" in error
    assert not (tmp_path / "run").exists()


def test_the_command_says_what_was_billed(served, tmp_path, capsys):
    with served(Scenario(reply=SCENARIO.reply, faults=Faults(server_error=0.2))) as server:
        arguments = ["eval", "-p", "cot", "-t", "gsm8k", "--items", "5", "--backend", "openai"]
        options = ["--pool", server.pool, "--cache", str(tmp_path / "cache"), "--max-cost", "1"]
        assert run([*arguments, *options, "--out", str(tmp_path / "run")]) == 0
        assert "ledger  " in capsys.readouterr().out
        assert run(["eval", "--resume", str(tmp_path / "run"), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["ledger"]["calls"] == server.requests
        assert run([*arguments, *options, "--out", str(tmp_path / "more")]) == 0
        assert "5 answers kept before" in capsys.readouterr().out


def test_a_ledger_of_the_simulated_pool_is_kept_where_it_is_asked_for(tmp_path):
    kept = evaluate(["cot"], ["GSM8K"], items=5, out=tmp_path / "a", conduct=Conduct(ledger=True))
    assert kept.ledger.price == sum(outcome.cost for outcome in kept.outcomes)
    plain = evaluate(["cot"], ["GSM8K"], items=5, out=tmp_path / "b")
    assert plain.ledger is None
    assert plain.records == kept.records
    with pytest.raises(BudgetError):
        evaluate(["cot"], ["GSM8K"], items=50, batch=1, conduct=Conduct(max_cost=1e-5))


def test_void_episodes_that_are_done_again_are_recorded_anew(served, tmp_path):
    recording = str(tmp_path / "recording.sqlite")
    scenario = Scenario(reply=SCENARIO.reply, faults=Faults(bad_request=0.3))
    with served(scenario) as server:
        first = do(server.pool, tmp_path / "a", ("cot",), record=recording)
        assert first.summary.void > 0
        assert resume(tmp_path / "a").summary.void == first.summary.void
        mended = resume(tmp_path / "a", retry_void=True)
        assert mended.summary.void < first.summary.void
    again = do(server.pool, tmp_path / "b", ("cot",), replay=recording)
    assert sorted(map(repr, again.records)) == sorted(map(repr, mended.records))


def test_policies_tasks_and_seeds_share_one_window(served):
    """A run of many small parts keeps the server as busy as one big part does."""

    class Busy(Mock):
        most = 0

        async def _complete(self, request):
            self.most = max(self.most, self._open + 1)
            return await super()._complete(request)

    with Busy(Scenario(reply=SCENARIO.reply, latency=0.03)) as server:
        pool = parse_pool(POOL.format(url=server.url, provider="start = 20\nseed = true"), "pool.toml")
        result = evaluate(
            ["direct"],
            ["GSM8K", "MATH"],
            seeds=range(12),
            items=10,
            pool=pool,
            backend="openai",
            batch=20,
        )
    assert result.summary.episodes == 2 * 2 * 6 * 10
    assert len({record.key for record in result.records}) == 240
    assert server.most > 15, "of parts with ten episodes of one call each, one at a time, it would be ten"


SECRET = "sk-9f8e7d-very-secret"


class Telltale(Mock):
    """Wants the key, and says it in every tenth answer's place, as an error."""

    def _refusal(self, request, body, model):
        given = request.headers.get("Authorization", "")
        if given != f"Bearer {SECRET}":
            return 401, f"the key {given} is wrong"
        return (400, f"no luck with {given}") if self._number % 10 == 0 else None


def written(folder):
    """Everything that was written under a folder, packed files unpacked."""
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            yield path.name, gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.mark.parametrize("policy", ["self-consistency", "llm"])
def test_the_key_is_in_nothing_that_is_written_or_said(tmp_path, policy, monkeypatch, capfd):
    monkeypatch.setenv("SERVED_KEY", SECRET)
    rules = (*DECISIONS, *SCENARIO.reply)
    with Telltale(Scenario(reply=rules)) as server:
        text = POOL.format(url=server.url, provider='api_key_env = "SERVED_KEY"\nseed = true')
        (tmp_path / "pool.toml").write_text(text)
        arguments = ["eval", "-p", policy, "-t", "gsm8k", "--items", "12", "--backend", "openai", "--traces"]
        arguments += ["--pool", str(tmp_path / "pool.toml"), "--out", str(tmp_path / "run"), "--debug"]
        files = ["--record", str(tmp_path / "recording"), "--cache", str(tmp_path / "cache")]
        assert run([*arguments, *files]) == 0
        monkeypatch.setenv("SERVED_KEY", "sk-wrong")
        assert run([*arguments[:-2], str(tmp_path / "other"), "--debug"]) == 1
    out, error = capfd.readouterr()
    assert load_result(tmp_path / "run").summary.void > 0
    found = dict(written(tmp_path))
    assert {"run.json", "episodes.jsonl", "traces.jsonl.gz", "ledger.jsonl", "report.html"} <= set(found)
    assert b"no luck with Bearer [key]" in found["episodes.jsonl"]
    assert "the key Bearer [key] is wrong" in error
    for name, data in found.items():
        assert b"sk-" not in data, name
    assert "sk-" not in out + error


def test_environments_on_real_models(served):
    import gymnasium

    with served() as server:
        env = gymnasium.make("mas2/GSM8K-v0", pool=server.pool, backend="openai")
        env.reset(seed=3)
        roles = '"roles": [{"name": "solver", "copies": 3}, {"name": "v", "kind": "vote"}]'
        channels = '"channels": [{"type": "vote", "sources": ["solver"], "target": "v"}]'
        env.step(f'{{{roles}, {channels}, "output": "v"}}')
        _, _, terminated, _, info = env.step('{"backbones": {"solver": "small"}}')
        assert terminated
        assert info["model_calls"] == server.requests == 3
        assert (info["prompt_tokens"], info["completion_tokens"]) == server.billed
        env.close()


def test_environments_say_at_once_that_a_key_is_missing(served):
    import gymnasium

    with (
        served(provider='api_key_env = "NO_SUCH_KEY"') as server,
        pytest.raises(PoolError, match="NO_SUCH_KEY"),
    ):
        gymnasium.make("mas2/GSM8K-v0", pool=server.pool, backend="openai")
