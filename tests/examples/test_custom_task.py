"""A third party's task: what it must offer, and that an entry point alone makes it a full member."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mas2_env.episode import Episode
from mas2_env.errors import DataError
from mas2_env.plugins import make_backend, make_policy
from mas2_env.pool import load_pool
from mas2_env.runs.rollout import rollout

MAS2 = "from mas2_env.cli import main; main()"


@pytest.fixture
def task(root):
    from examples.custom_task import Roman

    return Roman(seed=3)


@pytest.fixture
def installed(root: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs Python where a distribution that registers the task is installed; gives what it prints."""
    info = tmp_path / "roman_task-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: roman-task\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mas2.tasks]\nroman = examples.custom_task:Roman\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(root)))}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_numerals(root):
    from examples.custom_task import roman

    assert [roman(n) for n in (1, 4, 9, 14, 40, 90, 400, 1994, 3999)] == [
        *("I", "IV", "IX", "XIV", "XL", "XC", "CD", "MCMXCIV", "MMMCMXCIX"),
    ]


def test_items_are_the_same_wherever_they_are_made(task):
    again = type(task)(seed=3)
    assert [task.item(i).query for i in range(20)] == [again.item(i).query for i in range(20)]
    assert task.find("roman-3-7").query == task.item(7).query
    with pytest.raises(DataError, match="roman-3-INDEX"):
        task.find("roman-4-7")


def test_reply_extract_and_score_agree(task):
    for i in range(50):
        item = task.item(i)
        assert task.score(item, task.extract(task.reply(item, item.truth.answer, draw=i))).success
        for wrong in item.truth.distractors:
            assert not task.score(item, task.extract(task.reply(item, wrong, draw=i))).success
    assert task.extract("I do not know") is None


def test_tool_says_what_is_wrong_with_its_argument(task):
    item = task.item(0)
    assert task.call(item, "to_number", {"numeral": "XIV"}) == "14"
    assert task.call(item, "to_number", {"numeral": "IIII"}) == "error: 'IIII' is not a Roman numeral"


def test_simulated_agents_use_its_tool(task):
    pool = load_pool()
    episodes = (Episode(task.item(i), pool, seed=i) for i in range(30))
    outcomes = [e.outcome for e in rollout(make_policy("cot"), episodes, make_backend("simulated", pool))]
    assert sum(outcome.tool_calls for outcome in outcomes) > 0
    assert {outcome.kind for outcome in outcomes} == {"success", "failure"}


def test_entry_point_registers_its_environments(installed):
    code = """
import gymnasium
import mas2_env
for name in ("mas2/Roman-v0", "mas2/Roman-Array-v0"):
    env = gymnasium.make(name)
    observation, info = env.reset(seed=0)
    assert info["item"].startswith("roman-0-"), info
    env.close()
print("made")
"""
    assert installed("-c", code).strip() == "made"


def test_command_line_evaluates_it(installed, tmp_path):
    arguments = [
        "--task",
        "roman",
        "--policy",
        "direct",
        "--items",
        "3",
        "--out",
        str(tmp_path / "run"),
        "--json",
    ]
    json.loads(installed("-c", MAS2, "eval", *arguments))
    assert "Roman" in installed("-c", MAS2, "tasks", "list", "--json")
