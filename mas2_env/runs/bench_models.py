"""How much the driving of episodes adds to a bare client: the same calls, at the same server, by both.

Each measurement is a process of its own, and so is the server, so that none waits for another's interpreter.
`python -m mas2_env.runs.bench_models ours|bare URL EPISODES` is one measurement.
"""

import asyncio
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from mas2_env.backends.openai import OpenAI
from mas2_env.backends.scripted import Scripted
from mas2_env.episode import Episode
from mas2_env.execution.drive import run_sync
from mas2_env.execution.operation import ModelCall
from mas2_env.plugins import make_task
from mas2_env.pool import Pool, load_pool
from mas2_env.runs.bench import CHAIN, DEPLOY_ONCE, Figure, at_most
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.fixed import Fixed

EPISODES: Final = 1000
LATENCY: Final = 0.1
MANY: Final = 10_000
TIMES: Final = 3
ANSWER: Final = "Answer: 4"

_SCENARIO: Final = f'latency = {LATENCY}\n[[reply]]\ntexts = ["{ANSWER}"]\n'
_POOL: Final = """
name = "bench"
reference = "mock"
[provider.mock]
base_url = "{url}"
concurrency = {most}
start = {most}
timeout = 600
[[backbone]]
name = "mock"
description = "A scripted server."
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 100000
"""


def bench_models() -> dict[str, dict[str, Any]]:
    """Compare, and measure the memory of many episodes at once.

    The ratio is of the shortest times of several runs each, taken by turns.

    Returns:
        Figures by name, each with `value`, `unit`, `floor` and `ok`.
    """
    with serve() as url:
        runs: dict[str, list[dict[str, Any]]] = {"bare": [], "ours": []}
        for _ in range(TIMES):
            for who, done in runs.items():
                done.append(measure(who, url, EPISODES))
        many = measure("ours", url, MANY)
    best = {who: min(done, key=lambda run: float(run["wall"])) for who, done in runs.items()}
    ratio = best["ours"]["wall"] / best["bare"]["wall"]
    cpu = {who: run["cpu"] / run["calls"] * 1e6 for who, run in best.items()}
    figures = {
        "models_over_bare_client": at_most(ratio, "×", 1.2),
        "models_cpu_per_call": Figure(cpu["ours"], "µs"),
        "bare_client_cpu_per_call": Figure(cpu["bare"], "µs"),
        "models_memory": Figure(best["ours"]["mb"], f"MB at {EPISODES:,} episodes"),
        "models_memory_many": at_most(many["mb"], f"MB at {MANY:,} episodes", 2000.0),
    }
    return {name: msgspec.structs.asdict(figure) for name, figure in figures.items()}


@contextmanager
def serve() -> Iterator[str]:
    """A mock server in a process of its own; gives its URL."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "scenario.toml").write_text(_SCENARIO, encoding="utf-8")
        command = [sys.executable, "-m", "mas2_env.cli", "serve-mock", "--port", "0", "--scenario"]
        with subprocess.Popen(
            [*command, str(Path(folder) / "scenario.toml")], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            try:
                yield re.split(r"\s+", process.stdout.readline())[1]
            finally:
                process.terminate()


def measure(who: str, url: str, episodes: int) -> dict[str, Any]:
    """One measurement in a process of its own: seconds of `wall` and `cpu`, `calls`, and peak `mb`."""
    command = [sys.executable, "-m", "mas2_env.runs.bench_models", who, url, str(episodes)]
    done = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


def ours(url: str, episodes: int) -> Callable[[], int]:
    """A whole run with its folder and ledger, all episodes at once; gives the number of calls."""
    return partial(_ours, url, episodes)


def _ours(url: str, episodes: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.toml"
        path.write_text(_POOL.format(url=url, most=min(episodes, 1000)), encoding="utf-8")
        result = evaluate(
            {"chain": Fixed(CHAIN, "mock")},
            ["HotpotQA"],
            pool=str(path),
            settings=DEPLOY_ONCE,
            items=episodes,
            backend="openai",
            out=Path(folder) / "run",
            batch=episodes,
        )
        assert result.ledger is not None
        assert result.summary.void == 0
        return result.ledger.replies


def bare(url: str, episodes: int) -> Callable[[], int]:
    """The same calls by the client alone: so many chains at once, each a call after the other."""
    pool = _pool(url)
    chains = [_bodies(pool, index) for index in range(episodes)]
    return lambda: asyncio.run(_bare(url, chains))


async def _bare(url: str, chains: list[list[dict[str, Any]]]) -> int:
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    http = DefaultAioHttpClient(limits=limits, timeout=600)
    async with AsyncOpenAI(api_key="none", base_url=url, http_client=http, timeout=600) as client:

        async def one(bodies: list[dict[str, Any]]) -> int:
            for body in bodies:
                await client.chat.completions.create(**body)
            return len(bodies)

        return sum(await asyncio.gather(*map(one, chains)))


def _pool(url: str) -> Pool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.toml"
        path.write_text(_POOL.format(url=url, most=1000), encoding="utf-8")
        return load_pool(str(path))


def _bodies(pool: Pool, index: int) -> list[dict[str, Any]]:
    """What an episode of the run sends, worked out without a server."""
    backend, bodies = OpenAI(pool), []

    def note(call: ModelCall) -> str:
        bodies.append(backend.body(backend.render(call)))
        return ANSWER

    episode = Episode(_task.item(index), pool, DEPLOY_ONCE)
    policy = Fixed(CHAIN, "mock")
    while episode.stage != "run":
        episode.decide(policy.decide([episode.observe()])[0])
    run_sync(episode, Scripted(note))
    return bodies


_task = make_task("HotpotQA")


def main(who: str, url: str, episodes: str) -> None:
    """Measure, and print JSON."""
    import aiohttp  # noqa: F401  (imports are not what is measured)
    import openai  # noqa: F401

    make = {"ours": ours, "bare": bare}[who]
    work = make(url, int(episodes))
    begun, cpu = time.perf_counter(), time.process_time()
    calls = work()
    figures = {
        "wall": time.perf_counter() - begun,
        "cpu": time.process_time() - cpu,
        "calls": calls,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(msgspec.json.encode(figures).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
