"""Speed figures, measured in one process on one core, each against its bound.

Where a figure depends on the machine, its bound is measured in the same run: a step of CartPole-v1, a node of
LangGraph. The two are measured in turn and by processor time, so that a machine that is busy slows both.
"""

import asyncio
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any, TypedDict

from msgspec import Struct

from mas2_env.backends.scripted import Constant, Sleeping
from mas2_env.episode import Episode
from mas2_env.execution.drive import Completer, run_async, run_sync
from mas2_env.execution.operation import Reply
from mas2_env.plugins import make_backend, make_task
from mas2_env.pool import Pool, load_pool
from mas2_env.runs.fixed import Fixed
from mas2_env.runs.rollout import rollout
from mas2_env.settings import Settings
from mas2_env.system.model import Debate, Role, Send, Template, Vote
from mas2_env.task import Item

DEPLOY_ONCE = Settings(rectifier=False)
CHAIN = Template(
    (Role("plan"), Role("solve"), Role("check")), (Send("plan", "solve"), Send("solve", "check")), "check"
)
LONG = tuple(f"s{i}" for i in range(8))
LONG_CHAIN = Template(tuple(map(Role, LONG)), tuple(map(Send, LONG, LONG[1:])), LONG[-1])
DEBATERS = tuple(f"debater{i}" for i in range(5))
FIVE_ROLE_DEBATE = Template(
    (*map(Role, DEBATERS), Role("vote", "vote")), (Debate(DEBATERS, 1), Vote(DEBATERS, "vote")), "vote"
)


class Figure(Struct, frozen=True):
    """One measured figure.

    Attributes:
        value: None where it was not measured.
        unit: of value and bound.
        floor: the bound that it must keep; None where it has none.
        ok: whether it does; None where it was not measured.
    """

    value: float | None
    unit: str
    floor: float | None = None
    ok: bool | None = True


def at_least(value: float, unit: str, floor: float) -> Figure:
    """A figure that must not fall below its bound."""
    return Figure(value, unit, floor, value >= floor)


def at_most(value: float, unit: str, ceiling: float) -> Figure:
    """A figure that must not exceed its bound."""
    return Figure(value, unit, ceiling, value <= ceiling)


class Note(TypedDict):
    """What LangGraph's nodes hand on."""

    text: str


def bench(memory_episodes: int = 0, search_documents: int = 0) -> dict[str, Any]:
    """Measure every figure.

    Args:
        memory_episodes: also run so many episodes in this process and report how its memory grew over the
            second half of them; 0 leaves that out.
        search_documents: also index and search so many documents, in a process of its own; 0 leaves that out.

    Returns:
        `{"figures": {name: {"value", "unit", "floor", "ok"}}, "machine": {...}}`.
    """
    pool = load_pool()
    item = make_task("HotpotQA").item(0)
    with one_core():
        figures = {
            "qa_episodes_per_second": _qa_episodes(pool),
            "executor_overhead": _overhead(pool, item),
            "fork_at_rectify": _fork(pool, item),
            "import": _import_time(),
            "concurrent_over_longest_chain": _concurrent(pool, item),
            "langgraph_node_over_call": _langgraph(pool, item),
        }
        if memory_episodes:
            figures["memory_growth"] = _memory(pool, memory_episodes)
        if search_documents:
            figures |= _search(search_documents)
    machine = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
    }
    return {
        "figures": {
            name: {"value": f.value, "unit": f.unit, "floor": f.floor, "ok": f.ok}
            for name, f in figures.items()
        },
        "machine": machine,
    }


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core, where the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs: the one that other processes disturbed least."""
    best = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of processor time that work takes, all threads of this process together."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def in_turn(*measures: Callable[[], float], times: int = 9) -> list[float]:
    """The least that each measure gives, when all are taken in turn."""
    return [
        min(given) for given in zip(*[[measure() for measure in measures] for _ in range(times)], strict=True)
    ]


def episode_of(item: Item, pool: Pool, template: Template, settings: Settings = DEPLOY_ONCE) -> Episode:
    """An episode that has just begun to run a template on the pool's reference backbone."""
    policy = Fixed(template, pool.reference)
    episode = Episode(item, pool, settings)
    episode.decide(policy.template)
    episode.decide(policy.assignment)
    return episode


def _qa_episodes(pool: Pool) -> Figure:
    import gymnasium

    task = make_task("HotpotQA")
    backend = make_backend("simulated", pool)
    items = [task.item(i) for i in range(400)]
    policy = Fixed(FIVE_ROLE_DEBATE, pool.reference)

    def episodes() -> None:
        for _ in rollout(policy, (Episode(item, pool, DEPLOY_ONCE, 0) for item in items), backend):
            pass

    cartpole = gymnasium.make("CartPole-v1")
    cartpole.action_space.seed(0)
    steps = 20_000
    actions = [cartpole.action_space.sample() for _ in range(steps)]

    def balance() -> None:
        cartpole.reset(seed=0)
        for action in actions:
            _, _, terminated, truncated, _ = cartpole.step(action)
            if terminated or truncated:
                cartpole.reset()

    ours, theirs = in_turn(partial(processor_time, episodes), partial(processor_time, balance))
    return at_least(len(items) / ours, "1/s", steps / theirs / 40)


def _per_call(pool: Pool, item: Item) -> float:
    """Seconds from the first operation to the outcome, by call of a chain; decisions are made beforehand."""
    backend = Constant(Reply("The reasons are given. Answer: yes", 100, 10))
    begun = [episode_of(item, pool, CHAIN) for _ in range(200)]

    def run() -> None:
        for episode in begun:
            run_sync(episode, backend)

    return processor_time(run) / len(begun) / len(CHAIN.roles)


def _overhead(pool: Pool, item: Item) -> Figure:
    (ours,) = in_turn(partial(_per_call, pool, item))
    return at_most(ours * 1e6, "µs per call", 35.0)


def _langgraph(pool: Pool, item: Item) -> Figure:
    if find_spec("langgraph") is None:
        return Figure(None, "×", 15.0, None)
    from langgraph.graph import END, START, StateGraph

    def node(state: Note) -> Note:
        return {"text": "The reasons are given. Answer: yes"}

    graph = StateGraph(Note)
    for name in ("plan", "solve", "check"):
        graph.add_node(name, node)
    for edge in ((START, "plan"), ("plan", "solve"), ("solve", "check"), ("check", END)):
        graph.add_edge(*edge)
    chain = graph.compile()

    def run() -> None:
        for _ in range(50):
            chain.invoke({"text": "question"})

    run()
    ours, theirs = in_turn(partial(_per_call, pool, item), partial(processor_time, run))
    return at_least(theirs / 50 / 3 / ours, "×", 15.0)


def _fork(pool: Pool, item: Item) -> Figure:
    episode = episode_of(item, pool, FIVE_ROLE_DEBATE, Settings(budget=0.1))
    run_sync(episode, Constant(Reply("Answer: yes", 100, 10)))
    if episode.stage != "rectify":
        raise AssertionError(f"the budget was not passed: the stage is {episode.stage}")

    def forks() -> None:
        for _ in range(2000):
            episode.fork()

    return at_most(seconds(forks) / 2000 * 1e6, "µs", 30.0)


def _import_time() -> Figure:
    program = "import time; t = time.perf_counter(); import mas2_env; print(time.perf_counter() - t)"

    def once() -> float:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return float(done.stdout)

    return at_most(min(once() for _ in range(5)), "s", 0.35)


def _concurrent(pool: Pool, item: Item, episodes: int = 1000, delay: float = 0.1) -> Figure:
    """A thousand episodes, each a chain of eight calls of 100 ms, on one event loop."""
    backend: Completer = Sleeping(Constant(Reply("Answer: yes", 100, 10)), delay)
    taken = float("inf")
    for _ in range(3):
        begun = [episode_of(item, pool, LONG_CHAIN) for _ in range(episodes)]

        async def all_of_them(episodes: Sequence[Episode] = begun) -> None:
            await asyncio.gather(*(run_async(episode, backend) for episode in episodes))

        taken = min(taken, seconds(partial(asyncio.run, all_of_them()), 1))
    return at_most(taken / (delay * len(LONG)), "×", 1.2)


def _memory(pool: Pool, episodes: int) -> Figure:
    """Growth of the resident set over the second half of many episodes, all of different items."""
    task = make_task("HotpotQA")
    backend = make_backend("simulated", pool)
    policy = Fixed(FIVE_ROLE_DEBATE, pool.reference)
    sizes: list[int] = []
    stream = (Episode(task.item(i), pool, DEPLOY_ONCE, 0) for i in range(episodes))
    for i, _ in enumerate(rollout(policy, stream, backend)):
        if i in (episodes // 2, episodes - 1):
            sizes.append(resident())
    return at_most((sizes[-1] - sizes[0]) / 2**20, "MiB", 8.0)


def _search(documents: int) -> dict[str, Figure]:
    command = [sys.executable, "-m", "mas2_env.runs.bench_search", str(documents)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, rate, mebibytes = map(float, done.stdout.split())
    return {
        "search_index": at_most(seconds, "s", 60.0),
        "search_queries_per_second": at_least(rate, "1/s", 400.0),
        "search_memory": at_most(mebibytes, "MiB", 2048.0),
    }


def resident() -> int:
    """Resident set of this process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
