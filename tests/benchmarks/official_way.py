"""Runs programs as the official harness of HumanEval does, to be timed beside the sandbox.

For each program a manager process to report to, a process of its own, the harness's guards, a limit by an
alarm and swallowed output; two threads see to it. Reads `[[program, seconds], ...]` as JSON, prints programs
a second, the processor time of each in seconds and how they ended.
"""

import builtins
import contextlib
import io
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy  # noqa: F401 - the harness loads it, and each of its processes is a copy of what is loaded

NONE = (
    (os, "kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename renames"),
    (os, "truncate replace unlink fchmod fchown chmod chown chroot lchflags lchmod lchown getcwd chdir"),
    (shutil, "rmtree move chown"),
    (subprocess, "Popen"),
    (builtins, "exit quit help"),
)


def run(program):
    """One program, and how it ended."""
    text, seconds = program
    with multiprocessing.Manager() as manager:
        report = manager.list()
        process = multiprocessing.Process(target=confined, args=(text, seconds, report))
        process.start()
        process.join(seconds + 1)
        if process.is_alive():
            process.kill()
        return report[0] if report else "timed out"


def confined(text, seconds, report):
    """Run it in a folder and under the guards of its own."""
    remove, leave, go, here, unlink = shutil.rmtree, os.rmdir, os.chdir, os.getcwd(), os.unlink
    with tempfile.TemporaryDirectory() as folder:
        go(folder)
        for module, names in NONE:
            vars(module).update(dict.fromkeys(names.split()))
        sys.modules.update(dict.fromkeys(("ipdb", "joblib", "resource", "psutil", "tkinter")))
        stream = io.StringIO()
        signal.signal(signal.SIGALRM, ring)
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                exec(text, {})
            report.append("passed")
        except TimeoutError:
            report.append("timed out")
        except BaseException as error:
            report.append(f"failed: {error}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        go(here)
        shutil.rmtree, os.rmdir, os.chdir, os.unlink = remove, leave, go, unlink


def ring(number, frame):
    """The limit."""
    raise TimeoutError


def main():
    """Time two threads on what comes by standard input."""
    programs = json.load(sys.stdin)
    start, before = time.perf_counter(), used()
    with ThreadPoolExecutor(2) as pool:
        ended = sorted(set(pool.map(run, programs)))
    rate, cost = len(programs) / (time.perf_counter() - start), (used() - before) / len(programs)
    json.dump({"rate": rate, "cost": cost, "ended": ended}, sys.stdout)


def used():
    """Processor time of this process and all that it has waited for."""
    all_of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in all_of)


if __name__ == "__main__":
    main()
