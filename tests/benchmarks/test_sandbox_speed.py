"""The sandbox, the way in which the official harness of HumanEval runs programs, and bare forks, in turns."""

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from mas2_tasks.humaneval import HumanEval

from mas2_env.tools.isolation import choose
from mas2_env.tools.python import Program, PythonRunner

TURNS = 3
FLOOR = 5.0
"""How many times as many programs a second as the official way, two workers each; see docs/sandbox.md."""
COST_FLOOR = 3.0
"""How many times as much processor time the official way takes, which a busy machine changes less."""


class Speed(NamedTuple):
    """Programs a second, and seconds of processor time for each."""

    rate: float
    cost: float

    def __str__(self) -> str:
        return f"{self.rate:.1f}/s, {self.cost * 1e3:.2f} ms each"


@pytest.fixture(scope="module")
def programs() -> list[Program]:
    """Reference solutions with their tests, of the published items where they are at hand."""
    here = Path(__file__).resolve()
    path = here.parents[2].parent / "shared" / "benchmarks" / "humaneval" / "items.jsonl.gz"
    task = HumanEval("file", str(path)) if path.is_file() else HumanEval()
    return [task.program(item, item.truth.answer) for item in map(task.item, range(task.size or 115))]


def other(script: str, programs: list[Program], *flags: str) -> Speed:
    """Another way, in a process that has imported little, once that has started."""
    texts = [(f"{program.code}\n{program.test}", 60.0) for program in programs]
    done = subprocess.run(
        [sys.executable, *flags, str(Path(__file__).with_name(script))],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["ended"] == ["passed"]
    return Speed(told["rate"], told["cost"])


def ours(runner: PythonRunner, programs: list[Program]) -> Speed:
    """The sandbox, whose helpers have started."""
    before = used(runner)
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        ended = {verdict.status for verdict in pool.map(runner.run, programs)}
    assert ended == {"passed"}
    rate = len(programs) / (time.perf_counter() - start)
    return Speed(rate, (used(runner) - before) / len(programs))


def used(runner: PythonRunner) -> float:
    """Processor time of this process, the helpers and the programs that they have waited for, in seconds."""
    ticks = 0
    for worker in runner._idle:
        worker.settle()
        for helper in worker.helpers():
            ticks += sum(map(ticks_of, family(helper.process.pid)))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A helper and what is between it and this process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def ticks_of(pid: int) -> int:
    """What a process has used, with what it has waited for: fields 14 to 17 of its `stat`, see proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def test_programs_a_second(programs: list[Program]) -> None:
    """In turns, since the machine may be busy with others; where it is, processor time decides."""
    runner = PythonRunner(workers=2, isolation=choose(), remember=0)
    ours(runner, programs)  # starts the helpers
    rates, costs = [], []
    for _ in range(TURNS):
        official = other("official_way.py", programs)
        bare = other("bare_way.py", programs * 2, "-S")
        here = ours(runner, programs * 2)
        rates.append(here.rate / official.rate)
        costs.append(official.cost / here.cost)
        print(
            f"official way {official}; a fork and nothing else {bare}; {runner.isolation} {here}: "
            f"{rates[-1]:.2f}x and {costs[-1]:.2f}x the official way, {here.rate / bare.rate:.0%} of a fork's"
        )
    runner.close()
    assert max(rates) >= FLOOR or statistics.median(costs) >= COST_FLOOR
