"""No process and no file is left: after programs, threads and callers, however they end."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mas2_env.tools import sandbox
from mas2_env.tools.isolation import choose
from mas2_env.tools.python import Program, PythonRunner
from mas2_env.tools.verdicts import Verdict

TEST = "assert f(3) == 4\n"
RIGHT = "def f(x):\n    return x + 1\n"


def tried(runner: PythonRunner, code: str, timeout: float = 60.0) -> Verdict:
    return runner.run(Program(code, test=TEST, entry="f", timeout=timeout))


def test_nothing_is_left_behind() -> None:
    runner = PythonRunner(workers=1, remember=0)
    daemon = (
        "import posix, time\nopen('file', 'w').write('1')\nif posix.fork() == 0:\n    posix.setsid()\n"
        "    if posix.fork() == 0:\n        time.sleep(300)\n    posix._exit(0)\n"
    )
    for i in range(30):
        tried(runner, f"{daemon if i % 10 == 0 else ''}# {i}\n" + RIGHT)
    (worker,) = runner._idle
    worker.settle()
    helpers = [helper.process.pid for helper in worker.helpers()]
    fresh = PythonRunner(workers=1, remember=0)
    tried(fresh, RIGHT)
    fresh._idle[0].settle()
    new = [helper.process.pid for helper in fresh._idle[0].helpers()]
    assert [len(family(pid)) for pid in helpers] == [len(family(pid)) for pid in new]
    members = [member for pid in helpers for member in family(pid)]
    assert tried(runner, RIGHT + "import os\nassert os.listdir() == []\n").status == "passed"
    fresh.close()
    runner.close()
    assert worker.folder == "/tmp" or not Path(worker.folder).exists()
    wait_until(lambda: not any(runs(member) for member in members))


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(member for child in children for member in family(int(child)))]


def test_a_helper_outlives_the_thread_that_started_it() -> None:
    runner = PythonRunner(workers=1)
    for i in range(3):
        thread = threading.Thread(target=tried, args=(runner, RIGHT + f"# {i}"))
        thread.start()
        thread.join()
        helpers = {helper.process.pid for helper in runner._idle[0].helpers()}
        if i == 0:
            first = helpers
        time.sleep(0.05)
        assert helpers == first
        assert all(runs(pid) for pid in helpers)
    runner.close()


MANY = int(os.environ.get("MAS2_PROGRAMS", "400"))
"""How many programs are run; 10,000 take about a minute for each isolation."""
KINDS = (
    (RIGHT, "passed"),
    (RIGHT.replace("+", "-"), "failed"),
    (RIGHT + "open('file', 'w').write('1')\n", "passed"),
    (
        RIGHT + "import os\nos.makedirs('a/b/c')\nopen('a/b/file', 'w').close()\nos.symlink('/', 'a/l')\n",
        "passed",
    ),
    (RIGHT + "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n", "passed"),
    ("import os\nos._exit(0)", "timed out"),
    ("import posix\nposix.setsid()\nwhile True:\n    posix.fork()\n", "failed"),
    (
        "import tempfile\ntempfile.mkstemp()\n" + RIGHT,
        "failed",
    ),  # leaves the file with which it tries the folder
)
SWALLOWED = "import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass\n"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["bwrap", "process"])
def test_many_programs_leave_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen from all of the machine: every process of the helpers has the mark in its command line."""
    mark = f"# many {os.getpid()} {name}"
    monkeypatch.setattr(sandbox, "FLAGS", (*sandbox.FLAGS[:-1], sandbox.START + mark))
    monkeypatch.setattr(sandbox, "GRACE", 0.2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    runner = PythonRunner(workers=2, isolation=choose(name), remember=0)

    def one(i: int) -> None:
        code, status = KINDS[i % len(KINDS)] if i % 200 < 199 else (SWALLOWED, "timed out")
        verdict = tried(runner, f"{code}\n# {i}", 0.1 if code is SWALLOWED else 60.0)
        assert verdict.status == status, (code, verdict)

    most = 0
    start = time.monotonic()
    for begin in range(0, MANY, 200):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(begin, min(begin + 200, MANY))))
        for worker in runner._idle:
            worker.settle()
        most = max(most, len(marked(mark)))
    print(f"{name}: {MANY} programs, {MANY / (time.monotonic() - start):.0f} a second, {most} processes")
    assert most <= (8 if name == "bwrap" else 4)
    folders = {worker.folder for worker in runner._idle}
    assert {str(path) for path in tmp_path.iterdir()} == (folders if name == "process" else set())
    assert tried(runner, RIGHT + "import os\nassert os.listdir() == []\n").status == "passed"
    runner.close()
    wait_until(lambda: not marked(mark))
    assert list(tmp_path.iterdir()) == []


CALLER = """
import os, sys, threading, time
from mas2_env.tools import sandbox
from mas2_env.tools.isolation import choose
from mas2_env.tools.python import Program, PythonRunner
sandbox.FLAGS = (*sandbox.FLAGS[:-1], sandbox.START + "# " + sys.argv[1])  # to know its helpers by
runner = PythonRunner(workers=2, isolation=choose(sys.argv[2]), remember=0)
begun = threading.Event()
def work(code):
    while True:
        runner.run(Program(code, test="assert f(3) == 4", entry="f", timeout=1.0))
        begun.set()
for code in ("def f(x): return x + 1", "def f(x):\\n  while True: pass"):
    threading.Thread(target=work, args=(code,), daemon=True).start()
if float(sys.argv[3]) >= 0.4:
    begun.wait()
time.sleep(float(sys.argv[3]))
child = os.fork()  # a child that goes on, with copies of whatever its parent had open
if child:
    print(child, *([runner._idle[0].folder] if runner._idle else []), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("isolation", ["bwrap", "process"])
@pytest.mark.parametrize("moment", [0.0, 0.03, 0.1, 0.2, 0.4, 1.0])
def test_helpers_end_with_a_killed_caller(isolation: str, moment: float) -> None:
    """Whatever they are doing, from their start on, and though a child of the caller lives on."""
    mark = f"caller {os.getpid()} {isolation} {moment}"
    words = [sys.executable, "-c", CALLER, mark, isolation, str(moment)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        child, *folders = caller.stdout.readline().split()
        begun = marked(f"# {mark}")
        caller.kill()
        caller.wait()
        try:
            wait_until(lambda: not marked(f"# {mark}"))
            assert runs(int(child))
        finally:
            os.kill(int(child), signal.SIGKILL)
    assert begun or moment < 0.4
    assert not any(Path(folder).exists() for folder in folders if isolation == "process")


def marked(mark: str) -> list[int]:
    """All processes of this machine with these words in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
