"""Running untrusted Python: verdicts, limits, forgeries, cleaning up."""

import contextlib
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pytest

from mas2_env.errors import SandboxError
from mas2_env.tools import sandbox
from mas2_env.tools.isolation import Isolation, ProcessIsolation, choose
from mas2_env.tools.python import Program, PythonRunner, shared_runner
from mas2_env.tools.sandbox import Worker
from mas2_env.tools.verdicts import Verdict

TEST = "assert f(3) == 4\nassert abs(f(5) - 6) < 1e-6\n"
RIGHT = "def f(x):\n    return x + 1\n"


@pytest.fixture(scope="module")
def runner() -> Iterator[PythonRunner]:
    runner = PythonRunner(workers=2)
    yield runner
    runner.close()


def tried(runner: PythonRunner, code: str) -> Verdict:
    return runner.run(Program(code, test=TEST, entry="f", timeout=60.0))


def stopped(runner: PythonRunner, wanted: Callable[[Verdict, float], bool], code: str, **more: Any) -> None:
    """Under one of these limits it ends as wanted: the first that does not find it on its way there.

    A quiet machine gets there within the first, one that is busy or stands still for a while within another.
    """
    verdicts = []
    for limit in (0.2, 2.0, 20.0):
        verdicts.append(runner.run(Program(code, timeout=limit, **more)))
        if wanted(verdicts[-1], limit):
            return
    pytest.fail(f"it never ended as wanted: {verdicts}")


def test_a_right_program_passes_and_a_wrong_one_fails(runner: PythonRunner) -> None:
    assert tried(runner, RIGHT).status == "passed"
    assert tried(runner, RIGHT.replace("+", "-")).status == "failed"


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("def f(x) return 1", "failed", "expected ':'"),
        ("import sys\nsys.exit(0)", "failed", "0"),
        ("exit(0)", "failed", "'NoneType' object is not callable"),
        ("import os\nos.system('true')", "failed", "'NoneType' object is not callable"),
        ("import os\nos._exit(0)", "timed out", "ended without a result"),
        ("import ctypes\nctypes.string_at(0)", "timed out", "ended without a result"),
        (
            "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
            "timed out",
            "ended without",
        ),
        ("input()", "failed", ""),
        ("raise KeyboardInterrupt", "failed", ""),
        ("x = '\udc80'", "failed", "surrogates not allowed"),
        ("x = 1\0", "failed", "null bytes"),
        ("x = [0] * 10**9", "failed", ""),
        ("open('big', 'wb').write(bytes(100 << 20))", "failed", "File too large"),
        ("def g(n):\n    return g(n)\ng(1)", "failed", "recursion"),
        ("x = 1 # " + "x" * 1_000_001, "failed", "longer than 1000000 characters"),
    ],
)
def test_how_programs_end(runner: PythonRunner, code: str, status: str, message: str) -> None:
    verdict = tried(runner, code)
    assert verdict.status == status
    assert message in verdict.message


@pytest.mark.parametrize(
    "code",
    [
        RIGHT + "print('x' * 1_000_000)\n",
        RIGHT + "if __name__ == '__main__':\n    raise ValueError\n",
        RIGHT + "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n",
        RIGHT + "open('file', 'w').write('1')\nassert open('file').read() == '1'\n",
        RIGHT + "import asyncio\nasync def g(): return 1\nassert asyncio.run(g()) == 1\n",
        "def f(x):\n    from fractions import Fraction\n    return Fraction(x + 1)\n",
        "len = abs = None\n" + RIGHT,
    ],
)
def test_what_a_program_may_do(runner: PythonRunner, code: str) -> None:
    assert tried(runner, code).status == "passed"


@pytest.mark.parametrize(
    "code",
    [
        "print('passed')\ndef f(x): return 0",
        "abs = lambda v: 0\ndef f(x): return 4",
        "import builtins\nbuiltins.abs = lambda v: 0\ndef f(x): return 4",
        "class Y(int):\n    __eq__ = lambda a, b: True\n    __sub__ = lambda a, b: 0\ndef f(x): return Y()",
        "class Y(int):\n    __module__, __qualname__ = 'collections', 'Counter'\n"
        "    __eq__ = lambda a, b: True\n"
        "    __sub__ = lambda a, b: 0\ndef f(x): return Y()",
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, bytes(64))\n    except OSError: pass\n"
        + RIGHT,
        "import os, struct\nos._exit = lambda code: None\nos.write = lambda fd, data: len(data)\n"
        "struct.pack = None\ndef f(x): return 0",
        "import sys\nsys._getframe(1).f_globals['STATUS'] = ('passed',) * 4\ndef f(x): return 0",
        "import sys, os\ndef spy(frame, event, arg):\n    if 'secret' in frame.f_code.co_freevars:\n"
        "        os.write(4, frame.f_locals['secret'] + bytes(9))\nsys.setprofile(spy)\ndef f(x): return 0",
        "def check(candidate): pass\ndef f(x): return 0",
        "class AssertionError(BaseException): pass\ndef f(x): return 0",
        "import posix, signal\nposix.kill(posix.getppid(), signal.SIGKILL)\n" + RIGHT,
    ],
)
def test_forgeries_do_not_pass(runner: PythonRunner, code: str) -> None:
    assert tried(runner, code).status != "passed"
    assert tried(runner, RIGHT).status == "passed"


def test_the_secret_of_a_verdict_is_not_to_be_found(runner: PythonRunner) -> None:
    search = (
        "import gc, sys\nframe = sys._getframe()\nwhile frame:\n"
        "    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:\n"
        "        assert not (isinstance(value, bytes) and len(value) == 16)\n    frame = frame.f_back\n"
        "for thing in gc.get_objects():\n    assert getattr(thing, '__name__', '') != 'report'\n"
    )
    assert tried(runner, RIGHT + search).status == "passed"


def test_a_program_sees_neither_environment_nor_project(
    runner: PythonRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_KEY", "1")
    fresh = PythonRunner(workers=1)
    look = "import os, posix\nassert set(os.environ) == {'OMP_NUM_THREADS'}\nassert os.listdir() == []\n"
    look += "try: assert b'A_SECRET_KEY' not in open('/proc/self/environ', 'rb').read()\n"
    look += "except PermissionError: pass\n"
    look += f"assert not posix.getcwd().startswith({os.getcwd()!r})\n"
    assert tried(fresh, RIGHT + look) == Verdict("passed")
    assert tried(fresh, RIGHT + "import mas2_tasks\n").message == "No module named 'mas2_tasks'"
    fresh.close()


SWALLOWING = "import time\ntry: time.sleep(99)\nexcept BaseException: pass\n"


def said_late(verdict: Verdict, limit: float) -> bool:
    return (verdict.status, verdict.message) == ("timed out", f"no result within {limit:g} s")


def killed_late(verdict: Verdict, limit: float) -> bool:
    return (verdict.status, verdict.message) == ("timed out", f"killed after {limit + 1:g} s")


def test_time_limits(runner: PythonRunner) -> None:
    stopped(runner, said_late, "while True: pass")
    stopped(runner, killed_late, SWALLOWING + "time.sleep(99)\n")
    # As in the official harness: it swallowed the limit and then came to its end.
    stopped(runner, lambda verdict, _: verdict.status == "passed", SWALLOWING + RIGHT, test=TEST, entry="f")


def test_time_in_which_the_machine_stands_still_is_not_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes stop here for longer than the program may take, and nobody kills it for that."""
    monkeypatch.setattr(sandbox, "GRACE", 0.5)
    runner = PythonRunner(workers=1, isolation=choose("process"), remember=0)
    assert runner.run(Program("x = 1")).status == "passed"
    runner._idle[0].settle()
    zygote = runner._idle[0].helpers()[1].process.pid
    children = Path(f"/proc/{zygote}/task/{zygote}/children")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner.run, Program("import time\ntime.sleep(0.8)", timeout=1.5))
        while not running.done() and not (found := children.read_text().split()):
            time.sleep(0.001)
        processes = [zygote, *map(int, found)]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            time.sleep(2.5 * (number == signal.SIGSTOP))
        assert running.result() == Verdict("passed")
    runner.close()


def test_a_program_is_not_killed_for_a_judge_that_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time while the machine ran others than the judge is not its own: it is run again."""
    runner = PythonRunner(workers=1, remember=0)
    assert tried(runner, RIGHT).status == "passed"
    judge = runner._idle[0].helpers()[0]
    receive, waits = judge.receive, iter([9.0, 9.0, 0.0])
    monkeypatch.setattr(judge, "receive", lambda limit: [*receive(limit)[:3], next(waits)])

    def killed_thrice(verdict: Verdict, limit: float) -> bool:
        nonlocal waits
        left, waits = list(waits), iter([9.0, 9.0, 0.0])
        return killed_late(verdict, limit) and not left

    stopped(runner, killed_thrice, SWALLOWING + "time.sleep(99)\n", test=TEST, entry="f")
    runner.close()


def test_output_and_traceback_of_a_captured_run(runner: PythonRunner) -> None:
    shown = runner.run(Program("print(sorted({'b', 'a'}))\nprint(__name__)", capture=True))
    assert shown == Verdict("passed", "", "['a', 'b']\n__main__\n")
    failed = runner.run(Program("def g(n):\n    return 1 / n\n\ng(0)", capture=True))
    assert failed.message.splitlines() == [
        "Traceback (most recent call last):",
        "  line 4, in <module>: g(0)",
        "  line 2, in g: return 1 / n",
        "ZeroDivisionError: division by zero",
    ]
    endless = "print('so far')\nwhile True: pass"
    stopped(runner, lambda v, limit: said_late(v, limit) and v.output == "so far\n", endless, capture=True)


def test_sets_print_alike_in_every_helper() -> None:
    program = Program(
        "print({'pear', 'fig', 'plum', 'kiwi'})\nimport random\nprint(random.random())", capture=True
    )
    outputs = set()
    for _ in range(3):
        runner = PythonRunner(workers=1)
        outputs.add(runner.run(program).output)
        runner.close()
    assert len(outputs) == 1


def test_verdicts_are_remembered_within_bounds() -> None:
    runner = PythonRunner(workers=1, remember=2)
    programs = [Program(f"import os\nprint(os.urandom(8), {i})", capture=True) for i in range(3)]
    first = [runner.run(program) for program in programs]
    assert runner.run(programs[2]) is first[2]
    assert runner.run(programs[0]) != first[0]
    runner.close()


def test_threads_share_a_runner(runner: PythonRunner) -> None:
    codes = [f"def f(x):\n    return x + {i % 2}\n# {i}" for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda code: tried(runner, code).status, codes))
    assert verdicts == ["failed", "passed"] * 20


def test_a_program_may_hold_numbers_and_strings_of_numpy(runner: PythonRunner) -> None:
    timeout, memory = numpy.float64(60.0), numpy.int64(1 << 30)
    program = Program(numpy.str_(RIGHT), TEST, numpy.str_("f"), timeout=timeout, memory=memory)  # type: ignore[arg-type]
    assert runner.run(program).status == "passed"


def test_a_program_that_breaks_what_tells_of_it_has_told_nothing(runner: PythonRunner) -> None:
    for broken in ("sys.stdout.parts = [1]", "sys.stdout.text = lambda: 1 / 0"):
        program = Program(f"import sys\n{broken}\n{RIGHT}", TEST, "f")
        assert runner.run(program) == Verdict("timed out", "the process ended without a result")


def test_a_lost_helper_is_replaced() -> None:
    runner = PythonRunner(workers=1)
    assert tried(runner, RIGHT).status == "passed"
    os.kill(runner._idle[0].helpers()[1].process.pid, signal.SIGKILL)
    assert tried(runner, RIGHT + "# again").status == "passed"
    runner.close()


def test_helpers_that_end_unseen_are_not_held_against_the_next_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of all workers here, as after programs that have left what cannot be cleaned away."""
    runner = PythonRunner(workers=2, isolation=choose("process"), remember=0)
    together = threading.Barrier(2, timeout=240)
    perform = Worker.perform
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "perform", lambda *given: (together.wait(), perform(*given))[1])
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda i: tried(runner, f"{RIGHT}# {i}"), range(2)))
    for worker in runner._idle:
        worker.settle()
        os.kill(worker.helpers()[1].process.pid, signal.SIGKILL)
        assert worker.helpers()[1].socket.recv(1) == b""
    monkeypatch.setattr(Worker, "alive", True)
    assert len(runner._idle) == 2
    assert tried(runner, RIGHT).status == "passed"
    runner.close()


def test_who_leaves_what_cannot_be_cleaned_away_has_its_verdict(runner: PythonRunner) -> None:
    litter = RIGHT + "for i in range(1200):\n    open(str(i), 'w').close()\n"
    for i in range(3):
        assert tried(runner, f"{litter}# {i}").status == "passed"


def test_a_forked_child_starts_its_own_helper(runner: PythonRunner) -> None:
    assert tried(runner, RIGHT).status == "passed"
    ear, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(mouth, tried(runner, RIGHT + "# in the child").status.encode())
            runner.close()
        finally:
            os._exit(0)
    os.close(mouth)
    assert os.read(ear, 20) == b"passed"
    os.close(ear)
    os.waitpid(pid, 0)
    assert tried(runner, RIGHT + "# in the parent").status == "passed"


class Broken(ProcessIsolation):
    def command(self, arguments: list[str]) -> list[str]:
        return ["/nowhere/at/all", *arguments]


class Silent(ProcessIsolation):
    def command(self, arguments: list[str]) -> list[str]:
        return ["true"]


@pytest.mark.parametrize("isolation", [Broken(), Silent()])
def test_a_runner_that_cannot_work_says_so(isolation: Isolation) -> None:
    runner = PythonRunner(workers=1, isolation=isolation)
    with pytest.raises(SandboxError, match="start"):
        tried(runner, RIGHT)


def test_one_runner_is_shared_and_names_its_isolation() -> None:
    made = []
    threads = [threading.Thread(target=lambda: made.append(shared_runner())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(runner) for runner in made}) == 1
    assert shared_runner().isolation == choose().name


def test_programs_pickle() -> None:
    program = Program("x = 1")
    assert pickle.loads(pickle.dumps(program)) == program
