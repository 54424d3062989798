"""Speed, as ratios measured in one run. Absolute figures: `mas2 bench`."""

import subprocess
import sys
from time import process_time

import msgspec
import pytest

from mas2_env.backends.scripted import Constant
from mas2_env.execution.drive import run_sync
from mas2_env.execution.operation import Reply
from mas2_env.plugins import make_backend, make_task
from mas2_env.pool import load_pool
from mas2_env.runs import bench
from mas2_env.runs.fixed import Fixed
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
    slow = bench.seconds(lambda: [plain.best(search.words(query), 5) for query in queries[:4]], 2) / 4
    fast = bench.seconds(lambda: [corpus.search(query) for query in queries]) / 20
    assert fast * 20 < slow


def _work():
    return sum(number * number for number in range(20_000))


@pytest.mark.parametrize("name", ["hotpotqa", "nq", "bamboogle", "gsm8k", "math", "humaneval", "mbpp"])
def test_making_an_item_costs_less_than_two_milliseconds_of_work(name):
    """10,000 items in under 20 s, where 20,000 squares are summed in a millisecond."""
    task = make_task(name, seed=99)
    task.item(0)
    begun = process_time()
    for _ in range(200):
        _work()
    unit = (process_time() - begun) / 200
    begun = process_time()
    for index in range(400):
        task.item(index)
    assert (process_time() - begun) / 400 < 2 * unit
