"""Runs programs by a fork each and nothing else: no isolation, no limit, no judge, so any could forge.

What remains is the program and what the kernel does for its process: no way that gives each program a process
of its own can be faster. Reads and prints what `official_way.py` does.
"""

import ctypes
import gc
import json
import os
import resource
import sys
import time

# What the sandbox has loaded before it forks.
PRELOADED = (
    *("bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "io"),
    *("itertools", "math", "operator", "re", "statistics", "string", "typing"),
)
WORKERS = 2
fork = ctypes.PyDLL(None).fork


def run(text):
    """One program in a child; whether it passed."""
    pid = fork()
    if pid == 0:
        try:
            exec(text, {})
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def main():
    """Time two processes, each on a processor of its own, on what comes by standard input."""
    programs = [text for text, _ in json.load(sys.stdin)]
    for name in PRELOADED:
        __import__(name)
    processors = sorted(os.sched_getaffinity(0))
    gc.collect()
    gc.freeze()
    start, before = time.perf_counter(), used()
    workers = []
    for number in range(WORKERS):
        pid = os.fork()
        if pid == 0:
            os.sched_setaffinity(0, {processors[number % len(processors)]})
            os._exit(sum(map(run, programs[number::WORKERS])) != len(programs[number::WORKERS]))
        workers.append(pid)
    passed = sum(os.waitpid(pid, 0)[1] for pid in workers) == 0
    rate, cost = len(programs) / (time.perf_counter() - start), (used() - before) / len(programs)
    json.dump({"rate": rate, "cost": cost, "ended": ["passed"] if passed else ["failed"]}, sys.stdout)


def used():
    """Processor time of this process and all that it has waited for."""
    all_of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in all_of)


if __name__ == "__main__":
    main()
