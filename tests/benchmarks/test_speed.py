"""Speed, as ratios measured in one run. Absolute figures: `mas2 bench`."""

import asyncio
import selectors
import subprocess
import sys
from functools import partial
from time import process_time

import msgspec
import pytest

from mas2_env.backends.scripted import Constant, Sleeping
from mas2_env.execution.drive import run_async, run_sync
from mas2_env.execution.operation import Reply
from mas2_env.plugins import make_backend, make_task
from mas2_env.pool import load_pool
from mas2_env.runs import bench
from mas2_env.runs.fixed import Fixed
from mas2_env.runs.rollout import rollout


@pytest.fixture(scope="module")
def figures():
    """Measures all, again as often as it is asked; what was measured is kept in a list.

    In a process of its own: the heap of a test session slows the garbage collector down.
    """
    kept = []

    def measure(time):
        if time == len(kept):
            command = [sys.executable, "-m", "mas2_env.cli", "bench", "--json"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            kept.append(msgspec.json.decode(done.stdout)["figures"])
        return kept[time]

    return measure


@pytest.mark.parametrize("name", ["qa_episodes_per_second", "langgraph_node_over_call"])
def test_ratio(figures, name):
    """In one of five measurements: other processes only ever make it worse."""
    for time in range(5):
        figure = figures(time)[name]
        if figure["ok"]:
            break
    assert figure["ok"], f"{figure['value']:.2f} {figure['unit']} against {figure['floor']:.2f}"


class Leaping(asyncio.SelectorEventLoop):
    """An event loop that never sleeps: where nothing is ready, its clock leaps to what comes next."""

    class Selector(selectors.DefaultSelector):
        now = 0.0

        def select(self, timeout=None):
            self.now += timeout or 0.0
            return super().select(0)

    def __init__(self):
        self.selector = self.Selector()
        super().__init__(self.selector)

    def time(self):
        return self.selector.now


def test_a_thousand_episodes_at_once_take_little_longer_than_their_longest_chain_of_calls():
    """Chains of eight calls of 100 ms; beside those, driving costs less than a fifth of them.

    Calls are timed by a clock that nothing else moves; the rest by the processor time of parts of it, where
    20,000 squares are summed in half a millisecond.
    """
    item, pool = make_task("HotpotQA").item(0), load_pool()
    backend = Sleeping(Constant(Reply("Answer: yes", 100, 10)), 0.1)

    async def all_at_once(episodes):
        await asyncio.gather(*(run_async(episode, backend) for episode in episodes))

    def drive(episodes):
        begun = [bench.episode_of(item, pool, bench.LONG_CHAIN) for _ in range(episodes)]
        with asyncio.Runner(loop_factory=Leaping) as runner:
            before = process_time()
            runner.run(all_at_once(begun))
            return process_time() - before, runner.get_loop().time()

    longest = 0.1 * len(bench.LONG)
    assert drive(1000)[1] == pytest.approx(longest)
    hundred, unit = bench.in_turn(lambda: drive(100)[0], partial(bench.processor_time, _work), times=30)
    assert 10 * hundred / unit * 0.5e-3 < 0.2 * longest, f"{hundred / 800 / unit:.4f} sums a call"


def test_chain_of_three(benchmark):
    item, pool = make_task("HotpotQA").item(0), load_pool()
    backend = Constant(Reply("Answer: yes", 100, 10))
    benchmark(lambda: run_sync(bench.episode_of(item, pool, bench.CHAIN), backend))


def test_five_role_debate(benchmark):
    task, pool = make_task("HotpotQA"), load_pool()
    backend = make_backend("simulated", pool)
    policy = Fixed(bench.FIVE_ROLE_DEBATE, pool.reference)
    items = [task.item(i) for i in range(64)]

    def episodes():
        return [bench.Episode(item, pool, bench.DEPLOY_ONCE, 0) for item in items]

    benchmark(lambda: list(rollout(policy, episodes(), backend)))


def test_memory_does_not_grow_with_episodes():
    pool = load_pool()
    assert bench._memory(pool, 4000).ok


def test_an_index_is_faster_than_counting_words():
    """Over 3,000 documents: BM25 from an index against the same scores counted out of the texts."""
    pytest.importorskip("bm25s")
    from mas2_env.runs.bench_search import texts
    from mas2_env.tools import search
    from mas2_env.tools.corpus import Corpus, corpus_of
    from mas2_env.tools.corpus_files import Page

    pages = [Page(str(i), text) for i, text in enumerate(texts(3000, 100, 0))]
    corpus: Corpus = corpus_of(pages)
    plain = search._Plain([search.split(page.text) for page in pages])
    queries = list(texts(20, 8, 1))
    for query in queries:
        assert [hit.docid for hit in corpus.search(query)] == [
            pages[place].docid for place in plain.best(search.words(query), 5)
        ]
    slow, fast = bench.in_turn(
        partial(bench.processor_time, lambda: [plain.best(search.words(query), 5) for query in queries[:4]]),
        partial(bench.processor_time, lambda: [corpus.search(query) for query in queries]),
        times=5,
    )
    assert fast < slow / 4, f"{slow / 4 / (fast / 20):.0f} times as fast"


def _work():
    return sum(number * number for number in range(20_000))


@pytest.mark.parametrize("name", ["hotpotqa", "nq", "bamboogle", "gsm8k", "math", "humaneval", "mbpp"])
def test_making_an_item_costs_less_than_two_milliseconds_of_work(name):
    """10,000 items in under 20 s, where 20,000 squares are summed in a millisecond."""
    task = make_task(name, seed=99)
    task.item(0)
    indices = iter(range(10**6))
    unit, some = bench.in_turn(
        partial(bench.processor_time, lambda: [_work() for _ in range(10)]),
        partial(bench.processor_time, lambda: [task.item(next(indices)) for _ in range(100)]),
        times=5,
    )
    assert some / 100 < 2 * unit / 10, f"{some / 10 / unit:.2f} ms of work"
