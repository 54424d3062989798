"""Speed, as ratios measured in one run. Absolute figures: `mas2 bench`."""

import subprocess
import sys

import msgspec
import pytest

from mas2_env.backends.scripted import Constant
from mas2_env.execution.drive import run_sync
from mas2_env.execution.operation import Reply
from mas2_env.plugins import make_backend, make_task
from mas2_env.pool import load_pool
from mas2_env.runs import bench
from mas2_env.runs.rollout import rollout


@pytest.fixture(scope="module")
def figures():
    """In a process of its own: the heap of a test session slows the garbage collector down."""
    command = [sys.executable, "-m", "mas2_env.cli", "bench", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return msgspec.json.decode(done.stdout)["figures"]


@pytest.mark.parametrize(
    "name", ["qa_episodes_per_second", "langgraph_node_over_call", "concurrent_over_longest_chain"]
)
def test_ratio(figures, name):
    figure = figures[name]
    assert figure["ok"], f"{figure['value']:.2f} {figure['unit']} against {figure['floor']:.2f}"


def test_chain_of_three(benchmark):
    item, pool = make_task("HotpotQA").item(0), load_pool()
    backend = Constant(Reply("Answer: yes", 100, 10))
    benchmark(lambda: run_sync(bench.episode_of(item, pool, bench.CHAIN), backend))


def test_five_role_debate(benchmark):
    task, pool = make_task("HotpotQA"), load_pool()
    backend = make_backend("simulated", pool)
    policy = bench.Fixed(bench.FIVE_ROLE_DEBATE, pool.reference)
    items = [task.item(i) for i in range(64)]

    def episodes():
        return [bench.Episode(item, pool, bench.DEPLOY_ONCE, 0) for item in items]

    benchmark(lambda: list(rollout(policy, episodes(), backend)))


def test_memory_does_not_grow_with_episodes():
    pool = load_pool()
    assert bench._memory(pool, 4000).ok
