"""What a program says of itself, where it is compiled, and what machines lack: none makes a difference."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mas2_env.errors import SandboxError
from mas2_env.tools import sandbox
from mas2_env.tools.helper import HelperLost
from mas2_env.tools.inside.zygote import CHANNEL
from mas2_env.tools.isolation import choose
from mas2_env.tools.python import Program, PythonRunner
from mas2_env.tools.verdicts import Verdict

TEST = "assert f(3) == 4\n"
RIGHT = "def f(x):\n    return x + 1\n"


@pytest.fixture(scope="module")
def runner() -> Iterator[PythonRunner]:
    runner = PythonRunner(workers=1, remember=0)
    yield runner
    runner.close()


def tried(runner: PythonRunner, code: str) -> Verdict:
    return runner.run(Program(code, test=TEST, entry="f", timeout=60.0))


def told(status: str, output: str) -> str:
    """A program that says of itself how it ended."""
    return (
        f"import json, os\ntext = json.dumps([{status!r}, '', {output}, -1]).encode()\n"
        f"text = len(text).to_bytes(4, 'big') + text\n"
        f"while text: text = text[os.write({CHANNEL}, text):]\nos._exit(0)"
    )


def test_a_program_cannot_say_that_programs_cannot_be_run(runner: PythonRunner) -> None:
    """Else one of a million would end the evaluation of all."""
    for capture in (False, True):
        code = told("unconfined", "''")
        verdict = runner.run(Program(code, "" if capture else TEST, "f", timeout=60.0, capture=capture))
        assert verdict.status == "timed out", verdict
    verdict = runner.run(Program(told("broken", "''"), TEST, "f", timeout=60.0))
    assert (verdict.status, verdict.message[:17]) == ("failed", "the program wrote")


def test_output_is_cut_whoever_says_it(runner: PythonRunner) -> None:
    long = "'x' * 900_000"
    captured = runner.run(Program(told("failed", long), capture=True, timeout=60.0))
    assert (captured.status, len(captured.output)) == ("failed", 20_000)
    judged = runner.run(Program(told("failed", long), TEST, "f", timeout=60.0))
    assert (judged.status, judged.output) == ("failed", "")


NESTED = "def f(x):\n    for _ in range(200): x = [x]\n    return x\n"
WITH_FINALLY = "def f(x):\n    try:\n        x += 1\n    finally:\n        return x\n"


@pytest.mark.parametrize(
    ("code", "test", "status"),
    [
        ("for first in {8, 0}: break\ndef f(x): return first\n", "assert f(3) == 8", "passed"),
        ("def f(x): return [y for y in {16, 8, 0}]\n", "assert f(3) == [16, 8, 0]", "passed"),
        (f"deep = {'lambda: ' * 1500}0\n{RIGHT}", TEST, "passed"),
        (WITH_FINALLY, TEST, "passed"),
        (RIGHT + "#" * 30_000, TEST, "passed"),
        (NESTED, "f(f(3))", "failed"),
    ],
    ids=["set", "comprehension", "lambdas", "finally", "long", "nested"],
)
def test_where_a_program_is_compiled_and_what_crosses_make_no_difference(
    runner: PythonRunner, code: str, test: str, status: str
) -> None:
    """The judge compiles most of them: marshal would sort constant sets, and nests 2,000 levels deep."""
    verdict = runner.run(Program(code, test, "f", timeout=60.0))
    assert verdict.status == status, verdict
    assert verdict.message != "the program ended the process that ran it"


def change_helpers(there: str, instead: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start helpers with other text in their source."""
    shutil.copytree(Path(sandbox.__file__).parent, tmp_path, dirs_exist_ok=True)
    changed = [path for path in (tmp_path / "inside").glob("*.py") if there in path.read_text()]
    for path in changed:
        path.write_text(path.read_text().replace(there, instead))
    assert changed
    monkeypatch.setattr(sandbox, "_modules", sandbox._modules.__wrapped__)
    monkeypatch.setattr(sandbox, "files", lambda _: tmp_path)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ('/schedstat"', '/no-schedstat"'),
        ('"_Fork"', '"_NoFork"'),
        ("return os.uname().machine in _MACHINES and", "return False and"),
    ],
    ids=["delays", "fork", "seccomp"],
)
@pytest.mark.parametrize("name", ["bwrap", "process"])
def test_what_a_kernel_or_a_c_library_lacks_is_done_without(
    name: str, there: str, instead: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change_helpers(there, instead, monkeypatch, tmp_path)
    monkeypatch.setattr(sandbox, "GRACE", 0.2)
    runner = PythonRunner(workers=1, isolation=choose(name), remember=0)
    assert tried(runner, RIGHT).status == "passed"
    unheard = "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0)\ntime.sleep(600)\n"
    verdict = runner.run(Program(unheard, TEST, "f", timeout=0.2))
    assert (verdict.status, verdict.message) == ("timed out", "killed after 0.4 s")
    assert tried(runner, RIGHT).status == "passed"
    runner.close()


@pytest.mark.parametrize("name", ["bwrap", "process"])
def test_a_judge_that_is_stuck_in_c_ends(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No exception rises there, and a namespace's first process ignores signals that it does not handle."""
    change_helpers("SPARE = 2\n", "SPARE = 0\n", monkeypatch, tmp_path)
    monkeypatch.setattr(sandbox, "GRACE", 0.2)
    monkeypatch.setattr(sandbox, "SLACK", 100.0)
    runner = PythonRunner(workers=1, isolation=choose(name), remember=0)
    assert tried(runner, RIGHT).status == "passed"
    (worker,) = runner._idle
    with pytest.raises(HelperLost) as lost:
        worker.perform(
            {
                **{"code": "def f(x): return range(10**18)\n", "test": "assert max(f(3)) == 4", "entry": "f"},
                **{"given": "", "timeout": 0.2, "memory": 1 << 30, "capture": False},
            }
        )
    assert not lost.value.late
    runner.close()


def test_numbers_that_take_for_ever_to_build_stay_with_the_program(runner: PythonRunner) -> None:
    code = "from decimal import Decimal\ndef f(x): return Decimal(x)\n"
    for number in ("1e999999999", "-1e-999999999"):
        verdict = runner.run(Program(code, f"int(f({number!r}))", "f", timeout=60.0))
        assert (verdict.status, "Remote" in verdict.message) == ("failed", True), verdict
    assert runner.run(Program(code, "assert int(f('1e99')) == 10**99", "f", timeout=60.0)).status == "passed"


def test_helpers_that_always_end_before_a_program_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a search without end for one that does not."""

    def lost(worker: sandbox.Worker, job: object) -> tuple[str, str, str]:
        raise sandbox.Stale("it has ended")

    monkeypatch.setattr(sandbox.Worker, "perform", lost)
    runner = PythonRunner(workers=1, isolation=choose("process"), remember=0)
    with pytest.raises(SandboxError, match="ends again and again"):
        tried(runner, RIGHT)
    runner.close()
