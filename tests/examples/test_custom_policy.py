"""The policy that the README shows: short, valid on every task, and run by the command line as it stands."""

import json
import subprocess
import sys

import pytest

from mas2_env.episode import Episode
from mas2_env.plugins import make_backend, make_policy, make_task
from mas2_env.pool import load_pool
from mas2_env.runs.rollout import rollout

ROUTE = "examples.custom_policy:CheapVote"


def test_is_under_twenty_lines(root):
    assert len((root / "examples/custom_policy.py").read_text().splitlines()) < 20


@pytest.mark.parametrize("task", ["hotpotqa", "gsm8k", "humaneval"])
def test_never_decides_invalidly(root, task):
    bench, pool = make_task(task), load_pool()
    episodes = (Episode(bench.item(i), pool, seed=i) for i in range(4))
    done = list(rollout(make_policy(ROUTE), episodes, make_backend("simulated", pool)))
    assert [episode.outcome.invalid for episode in done] == [0] * 4
    assert all(episode.outcome.kind in ("success", "failure") for episode in done)


def test_command_line_runs_it(root, tmp_path):
    out = tmp_path / "run"
    command = [
        sys.executable,
        "-c",
        "from mas2_env.cli import main; main()",
        "eval",
        "--policy",
        ROUTE,
        "--task",
        "gsm8k",
    ]
    command += ["--items", "3", "--out", str(out), "--json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert len((out / "episodes.jsonl").read_text().splitlines()) >= 3
