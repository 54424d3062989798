"""Indexing and searching a corpus, measured: `python -m mas2_env.runs.bench_search DOCUMENTS`.

Documents are 100 words of a vocabulary of 50,000 in Zipf's distribution; queries are eight words of the same,
and five documents are returned. Prints seconds to read and index the file, queries per second over the index
as it is loaded from the cache, and the peak of the resident set in MiB, all of one process on one thread.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy

WORDS: Final = 50_000
LENGTH: Final = 100
TERMS: Final = 8
QUERIES: Final = 1000
_BATCH = 1000


def texts(count: int, length: int, seed: int) -> Iterator[str]:
    """Texts of words in Zipf's distribution."""
    draw = numpy.random.default_rng(seed)
    shares = 1 / numpy.arange(1, WORDS + 1)
    vocabulary = numpy.array([f"w{rank}" for rank in range(WORDS)])
    for begin in range(0, count, _BATCH):
        size = (min(_BATCH, count - begin), length)
        for row in vocabulary[draw.choice(WORDS, size=size, p=shares / shares.sum())]:
            yield " ".join(row)


def _write(path: Path, documents: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts(documents, LENGTH, 0)):
            file.write(json.dumps({"docid": str(number), "text": text}) + "\n")


def _measure(path: Path) -> None:
    from mas2_env.tools.corpus import open_corpus, opened

    begun = time.perf_counter()
    open_corpus(str(path))
    taken = time.perf_counter() - begun
    opened.cache_clear()
    corpus, queries = open_corpus(str(path)), list(texts(QUERIES, TERMS, 1))
    corpus.search(queries[0])
    begun = time.perf_counter()
    for query in queries:
        corpus.search(query)
    rate = QUERIES / (time.perf_counter() - begun)
    print(taken, rate, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Write the documents, then measure in a process that has not made them."""
    given = sys.argv[1]
    if not given.isdecimal():
        _measure(Path(given))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.jsonl"
        _write(path, int(given))
        environment = {**os.environ, "MAS2_CACHE": folder, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "mas2_env.runs.bench_search", str(path)]
        subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
