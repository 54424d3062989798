"""The sandbox against the way in which the official harness of HumanEval runs programs, in one run."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mas2_tasks.humaneval import HumanEval

from mas2_env.tools.isolation import choose
from mas2_env.tools.python import Program, PythonRunner

FLOOR = 4.0
"""How many times as many programs a second as the official way, two workers each; see docs/sandbox.md."""


@pytest.fixture(scope="module")
def programs() -> list[Program]:
    """Reference solutions with their tests, of the published items where they are at hand."""
    here = Path(__file__).resolve()
    path = here.parents[2].parent / "shared" / "benchmarks" / "humaneval" / "items.jsonl.gz"
    task = HumanEval("file", str(path)) if path.is_file() else HumanEval()
    return [task.program(item, item.truth.answer) for item in map(task.item, range(task.size or 115))]


def official(programs: list[Program]) -> float:
    """Programs a second in the official way, in a process that has imported little."""
    texts = [(f"{program.code}\n{program.test}", program.timeout) for program in programs]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("official_way.py"))],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["ended"] == ["passed"]
    return float(told["rate"])


def ours(runner: PythonRunner, programs: list[Program]) -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        ended = {verdict.status for verdict in pool.map(runner.run, programs)}
    assert ended == {"passed"}
    return len(programs) / (time.perf_counter() - start)


def test_programs_a_second(programs: list[Program]) -> None:
    if os.getloadavg()[0] > 2 * (os.cpu_count() or 1):
        pytest.skip("the machine is busy: programs that wait for a processor cannot be timed")
    runner = PythonRunner(workers=2, isolation=choose(), remember=0)
    ours(runner, programs[:8])
    ratios = []
    while len(ratios) < 3 and max(ratios, default=0.0) < FLOOR:
        slow, fast = official(programs[:50]), ours(runner, programs)
        ratios.append(fast / slow)
        print(f"official way {slow:.1f}/s, {runner.isolation} {fast:.1f}/s: {ratios[-1]:.2f}x")
    runner.close()
    assert max(ratios) >= FLOOR
