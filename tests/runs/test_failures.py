"""Nights that go wrong: failing and dying servers, kills, full disks. Nothing is lost, and nothing is twice.

`MAS2_KILLS` is how often a run is killed (3 unless it says otherwise), `MAS2_EPISODES` how long the one is
that meets a failing server.
"""

import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from mas2_env.backends.ledger import read_ledger, sum_lines
from mas2_env.mock.scenario import Faults, ReplyRule, Scenario
from mas2_env.mock.server import Mock
from mas2_env.runs.result import load_result

KILLS = int(os.environ.get("MAS2_KILLS", "3"))
EPISODES = int(os.environ.get("MAS2_EPISODES", "2000"))

POOL = """
name = "served"
reference = "small"
[provider.local]
base_url = "{url}"
backoff = 0.01
retries = 8
timeout = {timeout}
start = 64
seed = true
{provider}
[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 8000
"""
REPLIES = (
    ReplyRule(texts=("#### {draw}", "Let me see.\n#### {draw}", "I think\n#### {draw}"), reasoning_tokens=9),
)
UNBILLED = Faults(rate_limit=0.05, server_error=0.06, drop=0.05, half=0.04)


class Holding(Mock):
    """Answers so many requests, and holds what comes after them until it is told how many more."""

    most = None

    async def _complete(self, request):
        while self.most is not None and self._number >= self.most:
            await asyncio.sleep(0.005)
        return await super()._complete(request)

    def hold_after(self, requests):
        self.most = self._number + requests


def write_pool(folder, server, provider="", timeout=120):
    (folder / "pool.toml").write_text(POOL.format(url=server.url, provider=provider, timeout=timeout))


def start(folder, *arguments, limit=None):
    """`mas2 eval` in a process of its own; `limit` is the largest file that it may write."""
    return subprocess.Popen(
        [sys.executable, "-m", "mas2_env.cli", "eval", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
        preexec_fn=None
        if limit is None
        else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def finish(process):
    out, error = process.communicate(timeout=900)
    return process.returncode, out, error


def evaluation(items, policy="direct", batch=256):
    return (
        *("--policy", policy, "--tasks", "gsm8k", "--items", str(items)),
        *("--backend", "openai", "--pool", "pool.toml", "--batch", str(batch)),
    )


def lines(folder):
    path = folder / "episodes.jsonl"
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def keys(data):
    return [tuple(json.loads(line)[name] for name in ("policy", "task", "item", "seed")) for line in data]


def sums(records):
    return tuple(
        sum(getattr(record, name) for record in records)
        for name in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
    )


def test_a_fifth_of_all_requests_fails_and_the_ledger_is_the_servers_log(tmp_path):
    faults = Faults(
        rate_limit=0.03, server_error=0.05, drop=0.03, half=0.03, garbage=0.02, empty=0.037, hang=0.003
    )
    scenario = Scenario(reply=REPLIES, faults=faults, cached=0.25, retry_after=0.05, hang_seconds=0.5)
    with Mock(scenario) as server:
        write_pool(tmp_path, server)
        code, out, error = finish(start(tmp_path, *evaluation(EPISODES, batch=64), "--out", "run", "--json"))
        assert (code, error) == (0, "")
        ledger = read_ledger(tmp_path / "run" / "ledger.jsonl")
        deadline = time.monotonic() + 240
        while len(server.lines) < len(ledger) and time.monotonic() < deadline:
            time.sleep(0.05)  # a request that hangs is logged once the server lets go of it
        log = list(server.lines)
    said = json.loads(out)
    assert (said["summary"]["episodes"], said["summary"]["void"]) == (EPISODES, 0)
    done = keys(lines(tmp_path / "run"))
    assert len(set(done)) == len(done) == EPISODES, "none is lost and none is there twice"

    totals = sum_lines(ledger)
    assert len(ledger) == len(log) > EPISODES * 1.2
    assert (totals.prompt, totals.completion, totals.reasoning, totals.cached) == sums(log)
    failed = sum(line.fault != "" for line in log)
    assert 0.17 < failed / len(log) < 0.23
    assert totals.price == sum(record.outcome.cost for record in load_result(tmp_path / "run").records)


def test_requests_that_hang_are_given_up_and_sent_again(tmp_path):
    with Mock(Scenario(reply=REPLIES, faults=Faults(hang=0.1), hang_seconds=3600)) as server:
        write_pool(tmp_path, server, timeout=2)
        assert finish(start(tmp_path, *evaluation(40), "--out", "run"))[0] == 0
        log = list(server.lines)
    assert len(set(keys(lines(tmp_path / "run")))) == len(lines(tmp_path / "run")) == 40
    ledger = read_ledger(tmp_path / "run" / "ledger.jsonl")
    ended = Counter(line.ended for line in ledger)
    assert ended.keys() == {"reply", "timeout"}
    assert ended["reply"] == 40
    assert {line.usage for line in ledger if line.ended == "timeout"} == {"unknown"}
    totals, (prompt, completion, _, _) = sum_lines(ledger), sums(log)
    assert 0 < totals.prompt <= prompt, "the log has more where a busy machine gave up others as well"
    assert 0 < totals.completion <= completion


def test_killed_at_random_moments_and_resumed(tmp_path):
    items, rng, kills = 24 * (KILLS + 1), random.Random(11), 0
    with Mock(Scenario(reply=REPLIES)) as server:
        write_pool(tmp_path, server)
        assert finish(start(tmp_path, *evaluation(items, "self-consistency"), "--out", "whole"))[0] == 0
    with Holding(Scenario(reply=REPLIES, faults=UNBILLED, latency=0.06, retry_after=0.02)) as server:
        write_pool(tmp_path, server)
        arguments = evaluation(items, "self-consistency", batch=6)
        for attempt in range(KILLS):
            before = len(lines(tmp_path / "cut"))
            server.hold_after(100)
            process = start(tmp_path, *(("--resume", "cut") if attempt else (*arguments, "--out", "cut")))
            while process.poll() is None and len(lines(tmp_path / "cut")) == before:
                time.sleep(0.002)
            time.sleep(rng.random() * 0.2)
            kills += process.poll() is None
            process.kill()
            finish(process)
        assert kills == KILLS, "the run must be under way whenever it is killed"
        assert len(lines(tmp_path / "cut")) < items
        server.most = None
        code, _, error = finish(start(tmp_path, "--resume", "cut", "--batch", "64"))
        assert (code, error) == (0, "")
    cut = lines(tmp_path / "cut")
    assert len(set(keys(cut))) == len(cut) == items
    assert sorted(cut) == sorted(lines(tmp_path / "whole"))
    spent, whole = (sum_lines(read_ledger(tmp_path / name / "ledger.jsonl")) for name in ("cut", "whole"))
    assert spent.price >= whole.price, "what was under way at a kill was paid twice, and is in the ledger"


def test_a_server_that_dies_ends_the_run_and_it_goes_on_once_the_server_is_back(tmp_path):
    arguments = evaluation(200, batch=16)
    with Mock(Scenario(reply=REPLIES)) as server:
        write_pool(tmp_path, server)
        assert finish(start(tmp_path, *arguments, "--out", "whole"))[0] == 0
    with Mock(Scenario(reply=REPLIES, latency=0.01, die_after=100)) as server:
        write_pool(tmp_path, server, "give_up = 3")
        code, out, error = finish(start(tmp_path, *arguments, "--out", "run"))
        assert (code, out) == (1, "")
        assert "provider 'local': connection failed" in error
        assert "in a row that failed beyond its retries" in error
        assert "go on with mas2 eval --resume run" in error
        assert "Traceback" not in error
        kept = [line for line in lines(tmp_path / "run") if json.loads(line)["outcome"]["kind"] != "void"]
        assert len(kept) > 50
        server.scenario = Scenario(reply=REPLIES)
        assert finish(start(tmp_path, "--resume", "run", "--retry-void"))[0] == 0
    records = load_result(tmp_path / "run").records
    assert sorted(map(repr, records)) == sorted(map(repr, load_result(tmp_path / "whole").records))


def test_a_full_disk_ends_the_run_and_it_goes_on_once_there_is_room(tmp_path):
    arguments = evaluation(120, batch=8)
    with Mock(Scenario(reply=REPLIES)) as server:
        write_pool(tmp_path, server)
        assert finish(start(tmp_path, *arguments, "--out", "whole"))[0] == 0
        code, out, error = finish(start(tmp_path, *arguments, "--out", "run", limit=20_000))
        assert (code, out) == (1, "")
        assert "cannot be written" in error
        assert "File too large" in error
        assert "go on with mas2 eval --resume run" in error
        assert 0 < len(lines(tmp_path / "run")) < 120
        code, _, error = finish(start(tmp_path, "--resume", "run"))
        assert (code, error) == (0, "")
    assert sorted(lines(tmp_path / "run")) == sorted(lines(tmp_path / "whole"))
    ledger = read_ledger(tmp_path / "run" / "ledger.jsonl")
    assert len(ledger) >= 120


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_asked_to_stop_ends_cleanly_and_goes_on(tmp_path, number, code):
    arguments = evaluation(60, batch=4)
    with Holding(Scenario(reply=REPLIES, latency=0.1)) as server:
        server.hold_after(20)
        write_pool(tmp_path, server)
        process = start(tmp_path, *arguments, "--out", "run")
        while len(lines(tmp_path / "run")) < 5:
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        process.send_signal(number)
        said = "mas2: error: interrupted; finished episodes are kept: go on with mas2 eval --resume run\n"
        assert finish(process) == (code, "", said)
        server.most = None
        assert finish(start(tmp_path, "--resume", "run"))[0] == 0
    assert len(set(keys(lines(tmp_path / "run")))) == len(lines(tmp_path / "run")) == 60
