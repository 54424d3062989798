"""Runs whose answers a model judges: its calls are kept, counted, recorded and replayed as all others."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mas2_tasks.browsecomp import BrowseCompPlus

from mas2_env.backends.ledger import Line, read_ledger
from mas2_env.cli import run as mas2
from mas2_env.errors import BudgetError, PoolError, ReplayMiss, RunError
from mas2_env.mock.scenario import Faults, ReplyRule, Scenario
from mas2_env.mock.server import Mock
from mas2_env.pool import load_pool
from mas2_env.runs.evaluate import evaluate, resume
from mas2_env.runs.record import Conduct
from mas2_env.runs.result import load_result

POOL = """
name = "served"
reference = "small"
[provider.local]
base_url = "{url}"
api_key_env = "SERVED_KEY"
backoff = 0.001
seed = true
[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 32000
[[backbone]]
name = "wise"
description = "Judges."
usd_per_million_input = 1
usd_per_million_output = 4
context = 32000
"""
VERDICT = "extracted_final_answer: x\nreasoning: of course\ncorrect: {yes}\nconfidence: 7{{draw}}"
ANSWER = "Explanation: who knows.\nExact Answer: {draw}\nConfidence: 6{draw}%"
REPLIES = (
    ReplyRule(match="Right answer:", texts=(VERDICT.format(yes="yes"), VERDICT.format(yes="no"))),
    ReplyRule(texts=(ANSWER,)),
)


class Served:
    """A mock server that answers and judges, and a pool file that names it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = str(folder / "pool.toml")

    def at(self, server: Mock) -> None:
        Path(self.pool).write_text(POOL.format(url=server.url))

    def options(self, judge: str = "wise", items: int = 12) -> list[str]:
        task = f"browsecomp-plus[judge={judge}@openai,judge_pool={self.pool}]"
        asked = ["-p", "self-consistency,direct", "-t", task, "--items", str(items), "--batch", "4"]
        return [*asked, "--backend", "openai", "--pool", self.pool]

    def eval(self, out: str, *more: str, judge: str = "wise") -> int:
        return mas2(["eval", *self.options(judge), "--out", str(self.folder / out), *more])

    def results(self, out: str) -> list[bytes]:
        return sorted((self.folder / out / "episodes.jsonl").read_bytes().splitlines())

    def ledger(self, out: str) -> list[Line]:
        return read_ledger(self.folder / out / "ledger.jsonl")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv("SERVED_KEY", "sk-123")
    return Served(tmp_path)


def calls(lines: list[Line]) -> Counter[tuple[Any, ...]]:
    """What was asked and what it costs, without who was first and when."""
    names = (
        "query",
        "role",
        "operation",
        "attempt",
        "model",
        "ended",
        "prompt",
        "completion",
        "price",
        "key",
    )
    return Counter(tuple(getattr(line, name) for name in names) for line in lines)


def judged(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.role == "judge"]


@pytest.mark.parametrize(("workers", "later"), [("1", "2"), ("2", "1")])
def test_a_recorded_run_is_replayed_with_its_judge_and_with_nobody_to_ask(
    served: Served, workers: str, later: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = str(served.folder / "recording.sqlite")
    with Mock(Scenario(reply=REPLIES)) as server:
        served.at(server)
        assert served.eval("first", "--record", recording, "--workers", workers) == 0
        asked = len(server.lines)
    monkeypatch.delenv("SERVED_KEY")
    assert served.eval("again", "--replay", recording, "--workers", later) == 0
    assert served.results("first") == served.results("again")
    first, again = served.ledger("first"), served.ledger("again")
    assert len([line for line in first if line.usage == "server"]) == asked
    assert calls(first) == calls(again)
    assert {(line.usage, line.billed) for line in again} == {("kept", 0)}
    assert {line.model for line in judged(first)} == {"wise"}
    assert len(judged(first)) == 24, "each answer is judged once"
    outcomes = load_result(served.folder / "again").outcomes
    assert sum(line.price for line in judged(again)) == sum(o.metrics["judge_cost"] for o in outcomes)
    assert {outcome.kind for outcome in outcomes} == {"success", "failure"}


def test_episodes_that_are_judged_alike_at_once_ask_once(served: Served) -> None:
    """Two seeds answer alike at the same time: the second verdict is the first, at list price."""
    one = (REPLIES[0], ReplyRule(texts=("Exact Answer: nobody",)))
    with Mock(Scenario(reply=one, latency=0.01)) as server:
        served.at(server)
        assert served.eval("run", "--seeds", "2", "--batch", "64") == 0
        lines = judged(served.ledger("run"))
        asked = [line for line in server.lines if line.model == "wise"]
    assert len(lines) == 2 * 2 * 12
    assert len([line for line in lines if line.usage == "server"]) == len(asked) == 24
    assert all(line.price > 0 and (line.billed > 0) == (line.usage == "server") for line in lines)


def test_a_changed_judge_is_a_clear_miss(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = str(served.folder / "recording.sqlite")
    with Mock(Scenario(reply=REPLIES)) as server:
        served.at(server)
        assert served.eval("first", "--record", recording) == 0
    capsys.readouterr()
    assert served.eval("other", "--replay", recording, judge="small") == 1
    said = capsys.readouterr().err
    assert "recording.sqlite holds no answer of small for judge/0 of browsecomp-plus/p0/" in said
    assert "was recorded, but the model or its parameters changed since" in said
    monkeypatch.setattr("mas2_tasks.browsecomp_judge.PROMPT", "Right? {question} {response} {answer}")
    assert served.eval("reworded", "--replay", recording) == 1
    said = capsys.readouterr().err
    assert "holds no answer of wise for judge/0 of browsecomp-plus/p0/" in said
    assert "was recorded, but its messages or tools changed since" in said


def test_a_cache_holds_verdicts_and_charges_them(served: Served) -> None:
    cache = ("--cache", str(served.folder / "cache.sqlite"))
    with Mock(Scenario(reply=REPLIES)) as server:
        served.at(server)
        assert served.eval("first", *cache) == 0
        asked = len(server.lines)
        assert served.eval("again", *cache, "--workers", "2") == 0
        assert served.eval("third", *cache, "--cache-mode", "read") == 0
        assert len(server.lines) == asked
        assert served.eval("other", *cache, judge="small") == 0
        assert {line.model for line in server.lines[asked:]} == {"small"}
        assert len(server.lines) - asked == len(judged(served.ledger("other"))), "verdicts alone are new"
    assert served.results("first") == served.results("again") == served.results("third")
    again = served.ledger("again")
    assert calls(served.ledger("first")) == calls(again) == calls(served.ledger("third"))
    assert {(line.usage, line.billed) for line in again} == {("kept", 0)}


def test_a_run_that_is_killed_is_recorded_whole(served: Served) -> None:
    class Holding(Mock):
        """Answers all but the last 12 of the run's 122 requests, which it holds until it is told.

        So at least 12 of the 24 episodes come to their end, whatever the order, and not all of them.
        """

        most: float = 110

        async def _complete(self, request: Any) -> Any:
            while self._number >= self.most:
                await asyncio.sleep(0.005)
            return await super()._complete(request)

    recording = ("--record", str(served.folder / "recording.sqlite"))
    faults = Faults(server_error=0.1, filtered=0.1)
    with Holding(Scenario(reply=REPLIES, latency=0.03, faults=faults)) as server:
        served.at(server)
        killed = _start(served, *served.options(), *recording, "--workers", "2", "--out", "cut")
        _wait_for_lines(served.folder / "cut" / "episodes.jsonl", 5, killed)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        assert 5 <= len(served.results("cut")) < 24
        server.most = float("inf")
        mended = _start(served, "--resume", "cut")
        told = mended.communicate(timeout=600)
        assert mended.returncode == 0, told
    assert served.eval("again", "--replay", recording[1]) == 0
    assert len(served.results("cut")) == 24
    assert served.results("cut") == served.results("again")
    assert set(calls(served.ledger("again"))) <= set(calls(served.ledger("cut")))


def test_episodes_whose_judge_broke_down_are_judged_anew(served: Served) -> None:
    class Moody(Mock):
        def _refusal(self, request: Any, body: dict[str, Any], model: str) -> tuple[int, str] | None:
            return (400, "not now") if model == "wise" and self._number % 4 == 0 else None

    recording = str(served.folder / "recording.sqlite")
    with Moody(Scenario(reply=REPLIES)) as server:
        served.at(server)
        assert served.eval("run", "--record", recording) == 0
        void = load_result(served.folder / "run").summary.void
        assert void > 0
        assert served.eval("again", "--replay", recording) == 0
        assert served.results("run") == served.results("again"), "breakdowns are replayed too"
        assert mas2(["eval", "--resume", str(served.folder / "run"), "--retry-void"]) == 0
    assert load_result(served.folder / "run").summary.void < void
    assert served.eval("mended", "--replay", recording) == 0
    mended = load_result(served.folder / "mended").records
    assert sorted(map(repr, mended)) == sorted(map(repr, load_result(served.folder / "run").records))


def _start(served: Served, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "mas2_env.cli", "eval", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, cwd=served.folder, start_new_session=True
    )


def _wait_for_lines(path: Path, number: int, process: "subprocess.Popen[str]") -> None:
    while not path.exists() or len(path.read_bytes().splitlines()) < number:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def test_the_money_that_a_judge_takes_is_under_the_limit_and_the_run_goes_on(served: Served) -> None:
    task = BrowseCompPlus(judge="wise@openai", judge_pool=served.pool)
    how: dict[str, Any] = {"pool": served.pool, "backend": "openai", "items": 12, "batch": 2}
    with Mock(Scenario(reply=REPLIES)) as server:
        served.at(server)
        whole = evaluate(["direct"], [task], out=served.folder / "whole", **how)
        systems = sum(line.price for line in served.ledger("whole") if line.role != "judge")
        assert whole.ledger is not None
        assert systems < whole.ledger.price / 2
        limit = Conduct(max_cost=systems / 1e9)
        with pytest.raises(BudgetError, match="no further call is made"):
            evaluate(["direct"], [task], out=served.folder / "cut", conduct=limit, **how)
        assert len(served.results("cut")) < 12
        resume(served.folder / "cut", conduct=Conduct(max_cost=1.0))
    assert served.results("cut") == served.results("whole")


def test_a_run_is_not_resumed_with_another_judge(served: Served) -> None:
    """What its pool says of the judge shapes the verdicts: here, its temperature."""
    task = BrowseCompPlus(judge="wise@openai", judge_pool=served.pool)
    with Mock(Scenario(reply=REPLIES)) as server:
        served.at(server)
        evaluate(["direct"], [task], items=2, out=served.folder / "run")
        resume(served.folder / "run")
        with Path(served.pool).open("a") as pool:
            pool.write("body = { temperature = 0.7 }\n")
        with pytest.raises(RunError, match="cannot be resumed: the data's digest of BrowseComp-Plus"):
            resume(served.folder / "run")


def test_a_judge_of_simulated_systems_is_in_a_ledger_since_it_is_paid(served: Served) -> None:
    task = BrowseCompPlus(judge="wise@openai", judge_pool=served.pool)
    recording = str(served.folder / "recording")
    with Mock(Scenario(reply=REPLIES)) as server:
        served.at(server)
        result = evaluate(
            ["cot"], [task], items=6, out=served.folder / "a", conduct=Conduct(record=recording)
        )
        assert result.ledger is not None
        assert result.ledger.calls == len(server.lines) == len(served.ledger("a")) > 0
    evaluate(["cot"], [task], items=6, out=served.folder / "b", conduct=Conduct(replay=recording))
    assert served.results("a") == served.results("b")
    assert calls(served.ledger("a")) == calls(served.ledger("b"))


def test_a_simulated_judge_is_recorded_whatever_the_ledger(tmp_path: Path) -> None:
    """`--ledger` and `--max-cost` change nothing of what a recording holds."""
    pool, recording = load_pool(), str(tmp_path / "recording")
    how: dict[str, Any] = {"policies": ["direct"], "tasks": [BrowseCompPlus(judge="gpt-4.1-mini@simulated")]}
    assert "gpt-4.1-mini" in pool
    first = evaluate(**how, items=6, out=tmp_path / "a", conduct=Conduct(record=recording, ledger=True))
    again = evaluate(**how, items=6, out=tmp_path / "b", conduct=Conduct(replay=recording))
    assert first.records == again.records
    assert first.ledger is not None
    assert again.ledger is None
    ledgered = Conduct(replay=recording, max_cost=1.0)
    third = evaluate(**how, items=6, out=tmp_path / "c", conduct=ledgered)
    assert third.records == first.records
    assert calls(read_ledger(tmp_path / "c" / "ledger.jsonl")) == calls(
        read_ledger(tmp_path / "a" / "ledger.jsonl")
    )
    task = BrowseCompPlus(judge="gpt-4.1-nano@simulated")
    with pytest.raises(ReplayMiss, match=r"holds no answer of gpt-4\.1-nano for judge/0"):
        evaluate(["direct"], [task], items=6, conduct=Conduct(replay=recording))


def test_systems_and_judges_at_one_provider_share_its_limit(served: Served) -> None:
    """What a provider bears at once it bears in all, whoever asks."""
    with Mock(Scenario(reply=REPLIES, latency=0.02, concurrency=3)) as server:
        Path(served.pool).write_text(
            POOL.format(url=server.url).replace("seed = true", "seed = true\nstart = 3\nconcurrency = 3")
        )
        assert served.eval("run") == 0
        assert not any(line.status == 429 for line in server.lines)


def test_an_episode_whose_judge_takes_too_long_is_void(served: Served) -> None:
    episodes = served.folder / "run" / "episodes.jsonl"

    class SlowJudge(Mock):
        """Judges once both episodes have ended without it."""

        async def _play(self, request: Any, body: dict[str, Any], *rest: Any) -> Any:
            while body["model"] == "wise" and len(episodes.read_bytes().splitlines()) < 2:
                await asyncio.sleep(0.01)
            return await super()._play(request, body, *rest)

    task = BrowseCompPlus(judge="wise@openai", judge_pool=served.pool)
    with SlowJudge(Scenario(reply=REPLIES)) as server:
        served.at(server)
        late = Conduct(deadline=0.4)
        how: dict[str, Any] = {"pool": served.pool, "backend": "openai", "items": 2}
        result = evaluate(["direct"], [task], conduct=late, out=served.folder / "run", **how)
    assert [outcome.kind for outcome in result.outcomes] == ["void", "void"]
    assert "not done within its 0.4 s" in result.outcomes[0].reason


def test_a_judge_without_its_key_is_an_error_before_it_is_asked(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(served.pool).write_text(POOL.format(url="http://127.0.0.1:9/v1"))
    monkeypatch.delenv("SERVED_KEY")
    task = BrowseCompPlus(judge="wise@openai", judge_pool=served.pool)
    with pytest.raises(PoolError, match="SERVED_KEY, which is not set"):
        evaluate(["direct"], [task], items=1, out=served.folder / "run")
    assert not (served.folder / "run").exists()
    rows = served.folder / "predictions.jsonl"
    rows.write_text(json.dumps({"id": task.item(0).id, "prediction": "Exact Answer: nobody"}) + "\n")
    spec = f"browsecomp-plus[judge=wise@openai,judge_pool={served.pool}]"
    assert mas2(["tasks", "score", spec, str(rows)]) == 1
    assert "SERVED_KEY, which is not set" in capsys.readouterr().err, "before it asks for any verdict"


def test_predictions_are_judged_without_a_run(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither before a run nor after one is anything of a run's about."""
    task = f"browsecomp-plus[judge=wise@openai,judge_pool={served.pool}]"
    rows = served.folder / "predictions.jsonl"
    item = BrowseCompPlus().item(0)
    rows.write_text(json.dumps({"id": item.id, "prediction": "Exact Answer: nobody"}) + "\n")
    score: Callable[[], int] = lambda: mas2(["tasks", "score", task, str(rows), "--json"])  # noqa: E731
    with Mock(Scenario(reply=REPLIES)) as server:
        served.at(server)
        assert score() == 0
        assert served.eval("run") == 0
        before = len(served.ledger("run"))
        asked = len(server.lines)
        judge = BrowseCompPlus(judge="wise@openai", judge_pool=served.pool)
        evaluate(["direct"], [judge], items=1, out=served.folder / "one", pool=served.pool, backend="openai")
        judge.score(item, "somebody else")
        assert len(server.lines) == asked + 3
    assert len(served.ledger("run")) == before
    assert len(served.ledger("one")) == 2, "the run was over"
